//! Finding and reading definition files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// The nearest folder upwards that holds `kepi.yaml`.
pub fn nearest_project(from: &Path) -> Option<PathBuf> {
    from.ancestors().find(|folder| folder.join("kepi.yaml").is_file()).map(Path::to_path_buf)
}

/// A `*` does not match `/`, `**` does.
pub fn matcher(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(pattern).literal_separator(true).build()?.compile_matcher())
}

/// Files below `root` that match, as paths relative to it with `/`, sorted. Hidden folders, `target` and links that lead out
/// of the project are passed over.
pub fn find(root: &Path, matchers: &[GlobMatcher]) -> io::Result<Vec<String>> {
    let real_root = root.canonicalize()?;
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().map(str::to_string) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let relative = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(relative);
            } else if matchers.iter().any(|m| m.is_match(&relative)) && stays_inside(&entry.path(), &real_root) {
                found.push(relative);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn stays_inside(path: &Path, real_root: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real.starts_with(real_root) && real.is_file())
}

/// The text of a definition file. UTF-8 only; more than 4 MiB is no definition file.
pub fn read(path: &Path) -> Result<String, String> {
    fits(fs::metadata(path).map_err(|e| e.to_string())?.len())?;
    text(fs::read(path).map_err(|e| e.to_string())?)
}

/// Whether so many bytes can be a definition file.
pub fn fits(bytes: u64) -> Result<(), String> {
    const LIMIT: u64 = 4 << 20;
    if bytes > LIMIT {
        return Err(format!("{bytes} bytes are too many for a definition file (at most {LIMIT})"));
    }
    Ok(())
}

/// The bytes of a definition file as text.
pub fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|e| format!("not UTF-8: byte {} is no character", e.utf8_error().valid_up_to()))
}
