//! `kepi fmt`: what it does to every case, to what ships and to the documentation.

use std::fs;
use std::path::{Path, PathBuf};

use kepi_lang::ir::hash::Hasher;
use kepi_lang::source::SourceMap;
use kepi_lang::{check, resolve, syntax};

use crate::golden::case;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text in the one style; `None` where it cannot be read.
fn formatted(text: &str) -> Option<String> {
    let mut map = SourceMap::new();
    let file = map.add("t.yaml", text);
    match syntax::format(&map, file) {
        Ok(formatted) => Some(formatted),
        Err(found) => {
            assert!(found.iter().all(|f| f.code.as_str() != "K0901"), "{found:?}\n{text}");
            None
        }
    }
}

/// The hash of what the files mean; `None` where they have errors.
fn hash(files: &[(String, String)]) -> Option<String> {
    let mut map = SourceMap::new();
    let given = files.iter().find(|(name, _)| name == "kepi.yaml");
    let manifest = map.add("kepi.yaml", given.map_or("kepi: 1\nname: t\ntime_zone: UTC\n", |(_, text)| text));
    let (manifest, _) = syntax::parse_manifest(&map, manifest);
    let others: Vec<_> = files.iter().filter(|(name, _)| name != "kepi.yaml").collect();
    let documents = others
        .into_iter()
        .map(|(name, text)| {
            let file = map.add(name, text);
            syntax::parse_document(&map, file).0
        })
        .collect();
    let (project, _) = resolve::resolve(manifest?, documents);
    check::check(project, None).program.map(|program| Hasher::new(&program).definitions())
}

fn same_meaning(place: &str, files: &[(String, String)]) {
    let mut after = Vec::new();
    for (name, text) in files {
        let new = formatted(text).unwrap_or_else(|| text.clone());
        if let Some(again) = formatted(&new) {
            assert_eq!(again, new, "{place}: {name}: the second time");
        }
        after.push((name.clone(), new));
    }
    assert_eq!(hash(files), hash(&after), "{place}");
}

/// A second time changes nothing, and the hash of the program stays.
pub fn cases() {
    for folder in ["tests/cases", "cli/tests/cases"] {
        for path in case::all(folder) {
            let sections = case::sections(&fs::read_to_string(&path).unwrap());
            let files: Vec<_> =
                sections.into_iter().filter(|(name, _)| name.ends_with(".yaml") || name.ends_with(".yml")).collect();
            same_meaning(&path.display().to_string(), &files);
        }
    }
}

pub fn below(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Examples, templates and the blocks of the documentation are written in the one style. `KEPI_BLESS=1` writes them so.
pub fn shipped() {
    let bless = std::env::var_os("KEPI_BLESS").is_some();
    let mut failures = Vec::new();
    for folder in ["examples", "cli/templates", "cli/tests/docs", "metrics"] {
        for path in below(folder, "yaml") {
            let text = fs::read_to_string(&path).unwrap();
            // The name of a template's project is filled in later.
            let new = formatted(&text.replace("{{name}}", "a_name")).map(|new| new.replace("a_name", "{{name}}"));
            if new.as_ref() != Some(&text) {
                match new.filter(|_| bless) {
                    Some(new) => fs::write(&path, new).unwrap(),
                    None => failures.push(path.display().to_string()),
                }
            }
        }
    }
    let mut pages = below("docs", "md");
    pages.push(root().join("README.md"));
    for path in pages {
        let text = fs::read_to_string(&path).unwrap();
        let new = page(&text);
        if new != text {
            if bless { fs::write(&path, new).unwrap() } else { failures.push(path.display().to_string()) }
        }
    }
    assert!(failures.is_empty(), "not in the style of `kepi fmt` (KEPI_BLESS=1 writes them so): {failures:#?}");
}

/// A page with its whole definitions formatted; those that are meant to be wrong stay as they are.
fn page(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("```yaml").filter(|at| *at == 0 || rest[..*at].ends_with('\n')) {
        let line = start + rest[start..].find('\n').unwrap() + 1;
        let end = line + rest[line..].find("```").unwrap();
        let info = &rest[start..line];
        out += &rest[..line];
        let block = &rest[line..end];
        let new = match info.split_once(" in=").map(|(_, place)| place.split_whitespace().next().unwrap_or_default()) {
            Some(place) => within(place, block),
            // One file is written loosely to show what becomes of it.
            None if info.contains("/loose.yaml") => None,
            None => formatted(block),
        };
        out += &new.unwrap_or_else(|| block.to_owned());
        out += "```";
        rest = &rest[end + 3..];
    }
    out + rest
}

/// What stands at a place (`objectives.longer_visits`) of a file, formatted as there, with the indentation that it has.
fn within(place: &str, block: &str) -> Option<String> {
    let lines = || block.lines().filter(|line| !line.trim().is_empty());
    let indent = lines().map(|line| line.len() - line.trim_start().len()).min()?;
    let keys: Vec<&str> = place.split('.').collect();
    let head: String = keys.iter().enumerate().map(|(depth, key)| format!("{}{key}:\n", "  ".repeat(depth))).collect();
    let depth = 2 * keys.len();
    let moved = |text: &str, from: usize, to: usize| {
        let line = |line: &str| {
            format!("{}{}\n", " ".repeat(if line.is_empty() { 0 } else { to }), line.get(from..).unwrap_or_default())
        };
        text.lines().map(line).collect::<String>()
    };
    let file = formatted(&(head.clone() + &moved(block, indent, depth)))?;
    Some(moved(file.strip_prefix(&head)?, depth, indent))
}
