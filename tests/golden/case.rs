//! Reading case files.

use std::fs;
use std::path::{Path, PathBuf};

/// `(file name, content)` in the order of the text.
pub type Sections = Vec<(String, String)>;

/// Every `.case` file below a folder of the package, sorted.
pub fn all(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "case") {
            found.push(path);
        }
    }
}

/// Splits at lines that start with `--- `; text before the first is a remark.
pub fn sections(text: &str) -> Sections {
    let mut out: Sections = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("--- ") {
            out.push((name.trim().to_string(), String::new()));
        } else if let Some((_, content)) = out.last_mut() {
            content.push_str(line);
        }
    }
    out
}

/// The case's text with another `expect` section.
pub fn with_expectation(text: &str, expectation: &str) -> String {
    let head = match text.rfind("\n--- expect") {
        Some(at) => &text[..=at],
        None => text,
    };
    format!("{head}--- expect\n{expectation}")
}
