//! Data files of the two sides: which differ, and where each side's are.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::Program;
use tempfile::TempDir;

use crate::git::{Blob, How, Repository, Revision};

/// Objects of git are taken out so many bytes at a time.
const AT_ONCE: u64 = 64 << 20;
/// What Git LFS keeps in the place of a file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Where a side's data are.
pub enum Place {
    /// In the project's folder.
    Here,
    There(PathBuf),
    /// Written for this run.
    Written(TempDir),
}

impl Place {
    pub fn folder<'a>(&'a self, here: &'a Path) -> &'a Path {
        match self {
            Self::Here => here,
            Self::There(folder) => folder,
            Self::Written(folder) => folder.path(),
        }
    }

    pub fn is_here(&self) -> bool {
        matches!(self, Self::Here)
    }
}

/// The data folders that are part of a project's folder, without `./` and `/` at the end.
pub fn local(folders: &[String]) -> Vec<String> {
    let inside = folders.iter().filter(|f| !f.contains("://"));
    inside.map(|f| f.trim_start_matches("./").trim_end_matches('/').to_owned()).collect()
}

fn is_in(path: &str, folders: &[String]) -> bool {
    let below = |folder: &String| {
        folder.is_empty()
            || folder == "."
            || path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
    };
    folders.iter().any(below)
}

/// The data files that differ between revisions; nothing where the base has none.
///
/// # Errors
/// What git says.
pub fn touched(
    repository: &Repository,
    base: &Revision,
    head: Option<&Revision>,
    folders: &[String],
    notes: &mut Vec<String>,
) -> Result<Vec<String>, Diagnostic> {
    let kept: Vec<Blob> = repository.files(base)?.into_iter().filter(|f| is_data(&f.path, folders)).collect();
    let Some(smallest) = kept.iter().min_by_key(|f| f.bytes) else { return Ok(Vec::new()) };
    let touched = repository.touched(base, head)?.into_iter().filter(|t| is_data(&t.path, folders));
    let sign = |how: How| match how {
        How::Added => "+",
        How::Changed => "~",
        How::Removed => "-",
    };
    let touched: Vec<String> = touched.map(|t| format!("{} {}", sign(t.how), t.path)).collect();
    if !touched.is_empty() {
        let first = repository.contents(std::slice::from_ref(smallest))?;
        if first.iter().any(|content| content.starts_with(POINTER)) {
            notes.push("the data files are kept by Git LFS: what they do to the numbers is not told apart".to_owned());
            return Ok(Vec::new());
        }
    }
    Ok(touched)
}

/// Whether a source or a lookup reads a file of the project's folder.
pub fn is_read(path: &str, program: &Program) -> bool {
    let sources = program.sources.iter().map(|s| &s.files);
    let mut patterns = sources.chain(program.lookups.iter().map(|l| &l.files)).flatten();
    let folders = local(&program.settings.data);
    let inner: Vec<&str> = folders
        .iter()
        .filter_map(|f| if f == "." { Some(path) } else { path.strip_prefix(f.as_str())?.strip_prefix('/') })
        .collect();
    patterns.any(|(pattern, _)| {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        crate::files::matcher(pattern).is_ok_and(|m| inner.iter().any(|path| m.is_match(path)))
    })
}

/// Definitions may lie where data are searched for.
fn is_data(path: &str, folders: &[String]) -> bool {
    let definition = path.ends_with(".yaml") || path.ends_with(".yml");
    is_in(path, folders) && !definition && !path.split('/').any(|name| name.starts_with('.'))
}

/// The data folders of a revision, written to a folder that goes with the run.
///
/// # Errors
/// What git says, or the file system.
pub fn written(repository: &Repository, revision: &Revision, folders: &[String]) -> Result<Place, Diagnostic> {
    let unable = |e: io::Error| {
        Diagnostic::without_place(Code::GitFailed, format!("the data of {} cannot be written: {e}", revision.shown()))
            .help("make room in the folder for temporary files, or compare with `--no-data`")
    };
    let folder = tempfile::Builder::new().prefix("kepi-diff-").tempdir().map_err(unable)?;
    for data in folders {
        fs::create_dir_all(folder.path().join(data)).map_err(unable)?;
    }
    let kept: Vec<Blob> = repository.files(revision)?.into_iter().filter(|f| is_data(&f.path, folders)).collect();
    let mut rest = kept.as_slice();
    while !rest.is_empty() {
        let mut bytes = 0;
        let count = rest
            .iter()
            .take_while(|f| {
                bytes += f.bytes;
                bytes <= AT_ONCE
            })
            .count()
            .max(1);
        let (now, later) = rest.split_at(count.min(rest.len()));
        for (file, content) in now.iter().zip(repository.contents(now)?) {
            let path = folder.path().join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(unable)?;
            }
            fs::write(&path, content).map_err(unable)?;
        }
        rest = later;
    }
    Ok(Place::Written(folder))
}

/// The data files that differ between two projects' folders; nothing where the base has none.
///
/// # Errors
/// What the file system says.
pub fn differing(base: &Path, head: &Path, folders: &[String]) -> io::Result<Vec<String>> {
    let (before, after) = (listed(base, folders)?, listed(head, folders)?);
    let mut differing = Vec::new();
    if before.is_empty() {
        return Ok(differing);
    }
    for (path, bytes) in &before {
        match after.get(path) {
            None => differing.push(format!("- {path}")),
            Some(other) if bytes != other || !same(&base.join(path), &head.join(path))? => {
                differing.push(format!("~ {path}"));
            }
            Some(_) => {}
        }
    }
    differing.extend(after.keys().filter(|path| !before.contains_key(*path)).map(|path| format!("+ {path}")));
    differing.sort_by(|a, b| a.get(2..).cmp(&b.get(2..)));
    Ok(differing)
}

/// Data files and their sizes, by path.
fn listed(root: &Path, folders: &[String]) -> io::Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    let mut open: Vec<String> = folders.iter().filter(|f| root.join(f).is_dir()).cloned().collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if is_data(&path, folders) && entry.path().is_file() {
                found.insert(path, fs::metadata(entry.path())?.len());
            }
        }
    }
    Ok(found)
}

/// Whether two files of one size hold the same bytes.
fn same(one: &Path, other: &Path) -> io::Result<bool> {
    let mut readers = (io::BufReader::new(fs::File::open(one)?), io::BufReader::new(fs::File::open(other)?));
    let (mut a, mut b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = readers.0.read(&mut a)?;
        if read == 0 {
            return Ok(true);
        }
        let (Some(left), Some(right)) = (a.get(..read), b.get_mut(..read)) else { return Ok(false) };
        if readers.1.read_exact(right).is_err() || left != &*right {
            return Ok(false);
        }
    }
}
