//! Files of the command line: which there are, which belong together, and the patterns that name them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::files::matcher;

/// What names of event files end in, before that of a compression.
const ENDINGS: [&str; 10] = ["parquet", "pq", "csv", "tsv", "ndjson", "jsonl", "json", "arrow", "feather", "ipc"];
const COMPRESSED: [&str; 2] = ["gz", "zst"];
/// Folders below a folder that is named are followed this deep.
const MAX_DEPTH: usize = 32;
/// More files than this are named by mistake.
const MAX_FILES: usize = 200_000;

/// Files with the same columns, as their names have it.
pub struct Group {
    /// Of the files, without numbers and dates.
    pub name: String,
    /// Relative to the root.
    pub patterns: Vec<String>,
    /// Relative to the root, `/` between parts.
    pub files: Vec<String>,
}

pub struct Inputs {
    /// Without links; all files lie below it.
    pub root: PathBuf,
    pub groups: Vec<Group>,
}

/// Finds the files that files, folders and patterns name. `data`: a folder to which names are relative if all lie below it.
///
/// # Errors
/// A line for the user.
pub fn find(named: &[PathBuf], data: Option<&Path>) -> Result<Inputs, String> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in named {
        let before = files.len();
        if path.is_dir() {
            below(path, 0, &mut |file| files.extend(is_data(file).then(|| file.to_path_buf())))?;
        } else if path.exists() {
            files.push(path.clone());
        } else {
            matching(path, &mut files)?;
        }
        if files.len() == before {
            return Err(format!("`{}` names no file", path.display()));
        }
        if files.len() > MAX_FILES {
            return Err(format!("`{}` names more than {MAX_FILES} files", path.display()));
        }
    }
    let real = |path: &PathBuf| path.canonicalize().map_err(|e| format!("`{}` cannot be read: {e}", path.display()));
    let mut files = files.iter().map(real).collect::<Result<Vec<_>, _>>()?;
    files.sort();
    files.dedup();
    let data = data.and_then(|data| data.canonicalize().ok()).filter(|data| files.iter().all(|f| f.starts_with(data)));
    let root = data.unwrap_or_else(|| common(&files));
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &files {
        let relative = relative(&root, file)?;
        groups.entry(shape(&relative)).or_default().push(relative);
    }
    let groups = groups.into_values().map(|files| group(&root, files)).collect::<Result<Vec<_>, _>>()?;
    Ok(Inputs { root, groups })
}

fn is_data(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    !name.starts_with('.')
        && ENDINGS.iter().any(|ending| stem_of(&name).1.trim_start_matches('.').split('.').next() == Some(*ending))
}

/// A name in two: `events-01` and `.csv.gz`.
fn stem_of(name: &str) -> (&str, &str) {
    let lower = name.to_ascii_lowercase();
    let inner = COMPRESSED.iter().find_map(|end| lower.strip_suffix(&format!(".{end}"))).unwrap_or(&lower);
    let at = inner.rfind('.').filter(|at| *at > 0).unwrap_or(name.len());
    name.split_at_checked(at).unwrap_or((name, ""))
}

fn below(folder: &Path, depth: usize, visit: &mut dyn FnMut(&Path)) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("folders below `{}` are nested more than {MAX_DEPTH} deep", folder.display()));
    }
    let failed = |e: std::io::Error| format!("the folder `{}` cannot be read: {e}", folder.display());
    let mut entries = fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // Links to folders are not followed: they may lead back here.
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            below(&entry.path(), depth + 1, visit)?;
        } else if entry.path().is_file() {
            visit(&entry.path());
        }
    }
    Ok(())
}

/// Files that a pattern matches: the shell has left it alone.
fn matching(pattern: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let Some(text) = pattern.to_str().filter(|text| text.contains(['*', '?', '[', '{'])) else { return Ok(()) };
    let parts: Vec<Component> = pattern.components().collect();
    let plain = parts.iter().take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']));
    let folder: PathBuf = plain.collect();
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    let wanted = text.strip_prefix("./").unwrap_or(text);
    let matcher = matcher(wanted).map_err(|e| format!("`{text}` is no pattern: {}", e.kind()))?;
    if folder.is_dir() {
        below(&folder, 0, &mut |file| {
            let plain = file.strip_prefix(".").unwrap_or(file);
            files.extend(matcher.is_match(plain).then(|| file.to_path_buf()));
        })?;
    }
    Ok(())
}

/// The deepest folder that holds them all.
fn common(files: &[PathBuf]) -> PathBuf {
    let mut folder = files.first().and_then(|file| file.parent()).unwrap_or(Path::new("/")).to_path_buf();
    while !files.iter().all(|file| file.starts_with(&folder)) && folder.pop() {}
    folder
}

fn relative(root: &Path, file: &Path) -> Result<String, String> {
    let inner = file.strip_prefix(root).unwrap_or(file);
    let parts: Option<Vec<&str>> = inner.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/")).ok_or_else(|| format!("`{}` has a name that is not UTF-8", file.display()))
}

/// A path without what tells files of one table apart: numbers, dates, identifiers.
fn shape(relative: &str) -> String {
    let mut out = String::new();
    for token in relative.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = token.trim_end_matches(|c: char| !c.is_alphanumeric());
        let hex = word.len() >= 4
            && word.chars().all(|c| c.is_ascii_hexdigit())
            && word.contains(|c: char| c.is_ascii_digit());
        let kept: String = if hex { String::new() } else { word.chars().filter(|c| !c.is_ascii_digit()).collect() };
        out += &kept;
        out += token.get(word.len()..).unwrap_or("");
    }
    // `2024-01.csv` and `2024-1-2.csv` are of one kind as well.
    let folded = out.replace(['-', '_', ' '], "-");
    folded.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn group(root: &Path, files: Vec<String>) -> Result<Group, String> {
    let name = name(root, &files);
    let patterns = patterns(root, &files)?;
    Ok(Group { name, patterns, files })
}

/// What the files are called, without numbers; else what their folder is called.
fn name(root: &Path, files: &[String]) -> String {
    let first = files.first().map_or("", String::as_str);
    let (folder, file) = first.rsplit_once('/').unwrap_or(("", first));
    let (stem, _) = stem_of(file);
    let plain = |text: &str| text.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
    let of_file = if files.len() == 1 { stem.to_owned() } else { plain(&shape(stem)) };
    if of_file.chars().any(char::is_alphabetic) && of_file.chars().count() > 1 {
        return of_file;
    }
    let outer = folder.split('/').find(|part| !part.is_empty() && !part.contains('='));
    let root = root.file_name().map(|name| name.to_string_lossy().into_owned());
    outer.map(str::to_owned).or(root).unwrap_or_else(|| "events".to_owned())
}

/// The shortest patterns that match these files and, as the folders are now, no others.
fn patterns(root: &Path, files: &[String]) -> Result<Vec<String>, String> {
    let [first, rest @ ..] = files else { return Ok(Vec::new()) };
    if rest.is_empty() {
        return Ok(vec![escaped(first)]);
    }
    let folder_of = |file: &str| file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let ending = stem_of(first).1.to_owned();
    let folder = folder_of(first);
    let mut tries = Vec::new();
    if files.iter().all(|file| folder_of(file) == folder) {
        let prefix: String = first
            .chars()
            .enumerate()
            .take_while(|(i, c)| rest.iter().all(|file| file.chars().nth(*i) == Some(*c)))
            .map(|(_, c)| c)
            .collect();
        let prefix = prefix.trim_end_matches(|c: char| c.is_ascii_digit());
        tries.push(format!("{}*{}", escaped(&folder), escaped(&ending)));
        tries.push(format!("{}*{}", escaped(prefix), escaped(&ending)));
    } else {
        let mut shared = folder.as_str();
        while !files.iter().all(|file| file.starts_with(shared)) {
            shared = shared.trim_end_matches('/').rfind('/').and_then(|at| shared.get(..=at)).unwrap_or("");
        }
        tries.push(format!("{}**/*{}", escaped(shared), escaped(&ending)));
    }
    let mut there = Vec::new();
    below(root, 0, &mut |file| there.extend(relative(root, file)))?;
    for pattern in tries {
        let Ok(matcher) = matcher(&pattern) else { continue };
        let matched: Vec<&String> = there.iter().filter(|file| matcher.is_match(file)).collect();
        if matched.len() == files.len() && files.iter().all(|file| matcher.is_match(file)) {
            return Ok(vec![pattern]);
        }
    }
    Ok(files.iter().map(|file| escaped(file)).collect())
}

/// A path as a pattern that matches it, in what patterns of definitions may hold.
fn escaped(path: &str) -> String {
    let mut out = String::new();
    for (i, c) in path.chars().enumerate() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' => out.extend(['[', c, ']']),
            // Definitions name no environment, no drive, no home folder: any one character stands for it.
            '$' | '%' | '\\' | ':' => out.push('?'),
            '~' if i == 0 => out.push('?'),
            c if c.is_control() => out.push('?'),
            c => out.push(c),
        }
    }
    out
}
