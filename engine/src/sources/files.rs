//! Which files a table is made of: globs below the data folders and prefixes, and nothing else.
//!
//! Definitions may come from somebody who is not trusted, so a path never leaves the data folders: not by `..`, not by an
//! absolute path, not by a link. An address lies below a prefix that the manifest names, or nothing is asked of its server.

mod remote;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use globset::{GlobBuilder, GlobMatcher};
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::resolve::address::Address;
use kepi_lang::source::Span;

use crate::cache::Cache;
use crate::progress::Progress;
use crate::sources::finding::Owner;
use crate::sources::open::{self, Place, Stamp};
use crate::sources::stores::Shelf;

/// Folders below a data folder are followed this deep.
const MAX_DEPTH: usize = 32;
/// More entries than this below a data folder are a mistake.
const MAX_ENTRIES: usize = 200_000;

/// A file that a glob matches.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Relative to the project, `/` between its parts, or an address; what messages and fingerprints know the file as.
    pub relative: String,
    pub place: Place,
    pub bytes: u64,
    pub modified: Option<SystemTime>,
    pub version: u64,
    /// The glob that matched it first.
    pub span: Span,
}

impl Found {
    /// What tells it from a file that is written in its place.
    pub fn stamp(&self) -> Stamp {
        Stamp { bytes: self.bytes, modified: self.modified, version: self.version }
    }
}

/// The folders that sources may read.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    /// Told of every file that is looked into.
    pub progress: Arc<Progress>,
    /// Where it is kept what they are.
    pub cache: Option<Arc<Cache>>,
    folders: Vec<Folder>,
    shelves: Vec<Shelf>,
}

#[derive(Debug)]
struct Folder {
    /// As the manifest names it, without `.` parts and the trailing `/`.
    name: String,
    /// Without links, below the project's folder.
    path: PathBuf,
}

impl Folders {
    /// The data folders of a project; one that is missing or lies outside the project is a finding.
    pub fn open(root: &Path, data: &[String]) -> (Self, Vec<Diagnostic>) {
        let (mut folders, mut shelves) = (Vec::new(), Vec::new());
        let mut findings = Vec::new();
        let root = match fs::canonicalize(root) {
            Ok(root) => root,
            Err(error) => {
                let message = format!("the project's folder `{}` cannot be read: {}", root.display(), io_text(&error));
                return (
                    Self { folders, shelves, progress: Arc::default(), cache: None },
                    vec![Diagnostic::without_place(Code::DataFolder, message)],
                );
            }
        };
        for name in data {
            if let Some(address) = Address::parse(name, false) {
                match address {
                    Ok(address) => shelves.push(Shelf::new(address)),
                    Err(why) => {
                        let message = format!("the data folder `{name}` is an address that cannot be read: {why}");
                        findings.push(Diagnostic::without_place(Code::OutsideData, message));
                    }
                }
                continue;
            }
            match Self::folder(&root, name) {
                Ok(folder) => folders.push(folder),
                Err(finding) => findings.push(finding),
            }
        }
        (Self { folders, shelves, progress: Arc::default(), cache: None }, findings)
    }

    fn folder(root: &Path, name: &str) -> Result<Folder, Diagnostic> {
        let plain = relative_parts(name).map_err(|why| {
            Diagnostic::without_place(Code::OutsideData, format!("the data folder `{name}` {}", why.of("the project")))
                .help("name a folder below kepi.yaml")
        })?;
        let shown = plain.join("/");
        match fs::canonicalize(plain.iter().fold(root.to_path_buf(), |path, part| path.join(part))) {
            Ok(path) if !path.starts_with(root) => {
                let message = format!("the data folder `{name}` is a link that leads out of the project");
                Err(Diagnostic::without_place(Code::OutsideData, message))
            }
            Ok(path) if !path.is_dir() => {
                Err(Diagnostic::without_place(Code::DataFolder, format!("`{name}`, the data folder, is a file")))
            }
            Ok(path) => Ok(Folder { name: shown, path }),
            Err(error) => {
                let message = format!("the data folder `{name}` cannot be read: {}", io_text(&error));
                Err(Diagnostic::without_place(Code::DataFolder, message)
                    .help("create it, or name the folder that holds the event files with `data:` in kepi.yaml"))
            }
        }
    }

    /// Every file that the globs match, in order of its relative path, each once.
    pub fn find(&self, owner: &Owner, globs: &[(String, Span)]) -> Result<Vec<Found>, Vec<Diagnostic>> {
        let mut files: BTreeMap<String, Found> = BTreeMap::new();
        let mut findings = Vec::new();
        for (glob, span) in globs {
            if let Err(finding) = self.find_one(owner, glob, *span, &mut files) {
                findings.push(finding);
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        // A link beside the file it leads to is the same file.
        let mut seen = BTreeSet::new();
        Ok(files.into_values().filter(|file| seen.insert(file.place.clone())).collect())
    }

    fn find_one(
        &self,
        owner: &Owner,
        glob: &str,
        span: Span,
        files: &mut BTreeMap<String, Found>,
    ) -> Result<(), Diagnostic> {
        let (parts, shelf) = match self.addressed(owner, glob, span)? {
            Some((parts, shelf)) => (parts, Some(shelf)),
            None => {
                let parts = relative_parts(glob).map_err(|why| {
                    let message = format!("`{glob}` {}", why.of("the data folder"));
                    owner.stopped(Code::OutsideData, span, message).help(BELOW_DATA)
                })?;
                (parts, None)
            }
        };
        let pattern = parts.join("/");
        let matcher = GlobBuilder::new(&pattern)
            .literal_separator(true)
            .build()
            .map_err(|error| {
                owner
                    .stopped(Code::BadGlob, span, format!("`{glob}` is not a file pattern: {}", error.kind()))
                    .help("close every `[` and `{`; a bracket that is part of a name is written `[[]`")
            })?
            .compile_matcher();
        let literal: Vec<&str> =
            parts.iter().map(String::as_str).take_while(|part| !part.contains(['*', '?', '[', '{', '\\'])).collect();
        let whole = literal.len() == parts.len();
        let before = files.len();
        let mut matched = false;
        let folders = if shelf.is_some() { &[] } else { self.folders.as_slice() };
        let shelves = self.shelves(shelf, whole);
        for shelf in &shelves {
            let objects = shelf.find(&matcher, &literal, whole).map_err(|fault| remote::finding(owner, span, fault))?;
            matched |= !objects.is_empty();
            for object in objects {
                let found = Found::remote(object, span);
                files.entry(found.relative.clone()).or_insert(found);
            }
        }
        for folder in folders {
            let mut walk = Walk {
                owner,
                span,
                glob,
                matcher: &matcher,
                folder,
                files: &mut *files,
                around: Vec::new(),
                entries: 0,
                matched: false,
            };
            walk.start(&literal, whole)?;
            matched |= walk.matched;
        }
        if files.len() == before && !matched {
            let addresses: Vec<String> = shelves.iter().map(|shelf| shelf.address.to_string()).collect();
            let places = folders.iter().map(|f| f.name.as_str()).chain(addresses.iter().map(String::as_str));
            let message = format!("no file matches `{glob}` below {}", crate::sources::finding::listed(places));
            let finding = owner.stopped(Code::NoFiles, span, message);
            let beside = remote::hold(&shelves).map_err(|fault| remote::finding(owner, span, fault))?;
            return Err(match folders.iter().find_map(Folder::holds).or(beside) {
                Some(help) => finding.help(help),
                None => finding,
            });
        }
        Ok(())
    }
}

impl Folder {
    /// The first names in the folder, for whoever has mistyped one.
    fn holds(&self) -> Option<String> {
        let mut names: Vec<String> = fs::read_dir(&self.path)
            .ok()?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().to_str()?.to_owned();
                let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                (!name.starts_with('.')).then(|| if folder { format!("{name}/") } else { name })
            })
            .collect();
        names.sort();
        holds(&self.name, names)
    }
}

fn holds(place: &str, mut names: Vec<String>) -> Option<String> {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    let listed = crate::sources::finding::listed(names.iter().map(String::as_str));
    (!names.is_empty()).then(|| format!("`{place}` holds {listed}{tail}"))
}

const BELOW_DATA: &str = "files are named relative to the data folder of kepi.yaml, and lie below it";

struct Walk<'a> {
    owner: &'a Owner,
    span: Span,
    glob: &'a str,
    matcher: &'a GlobMatcher,
    folder: &'a Folder,
    files: &'a mut BTreeMap<String, Found>,
    /// The folders that are being looked through, without links, the outermost first.
    around: Vec<PathBuf>,
    entries: usize,
    matched: bool,
}

impl Walk<'_> {
    /// Goes to where the pattern's wildcards begin, one part at a time, so that a link on the way is seen.
    fn start(&mut self, literal: &[&str], whole: bool) -> Result<(), Diagnostic> {
        let mut path = self.folder.path.clone();
        let mut inner = String::new();
        for (i, part) in literal.iter().enumerate() {
            path.push(part);
            inner = join(&inner, part);
            let Ok(real) = fs::canonicalize(&path) else { return Ok(()) };
            self.inside(&real, &inner)?;
            path = real;
            if whole && i + 1 == literal.len() {
                return self.file(&path, &inner);
            }
        }
        if path.is_dir() { self.folder(&path, &inner, 0) } else { Ok(()) }
    }

    fn inside(&self, real: &Path, inner: &str) -> Result<(), Diagnostic> {
        if real.starts_with(&self.folder.path) {
            return Ok(());
        }
        let message = format!("`{}` is a link that leads out of the data folder", join(&self.folder.name, inner));
        Err(self.owner.stopped(Code::OutsideData, self.span, message).help("copy the files into the data folder"))
    }

    fn folder(&mut self, path: &Path, inner: &str, depth: usize) -> Result<(), Diagnostic> {
        if depth > MAX_DEPTH {
            let message = format!("folders below `{}` are nested more than {MAX_DEPTH} deep", self.folder.name);
            return Err(self.owner.stopped(Code::Unreadable, self.span, message));
        }
        let unreadable = |error: &std::io::Error| {
            let message = format!("the folder `{}` cannot be read: {}", join(&self.folder.name, inner), io_text(error));
            self.owner.stopped(Code::Unreadable, self.span, message)
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(|e| unreadable(&e))? {
            let entry = entry.map_err(|e| unreadable(&e))?;
            names.push((entry.file_name(), entry.file_type().map_err(|e| unreadable(&e))?));
        }
        self.entries += names.len();
        if self.entries > MAX_ENTRIES {
            let message = format!("more than {MAX_ENTRIES} files lie below `{}`", self.folder.name);
            let help = "begin the pattern with the folder that holds the files";
            return Err(self.owner.stopped(Code::Unreadable, self.span, message).help(help));
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        self.around.push(path.to_path_buf());
        for (name, kind) in names {
            // Names that are not UTF-8 cannot be written in a pattern; hidden files are never data unless named.
            let Some(name) = name.to_str() else { continue };
            if name.starts_with('.') {
                continue;
            }
            let inner = join(inner, name);
            let mut child = path.join(name);
            let mut kind = kind;
            if kind.is_symlink() {
                let Ok(real) = fs::canonicalize(&child) else { continue };
                let Ok(meta) = fs::metadata(&real) else { continue };
                if !(self.matcher.is_match(&inner) || meta.is_dir()) {
                    continue;
                }
                self.inside(&real, &inner)?;
                child = real;
                kind = meta.file_type();
                // A link to a folder that holds it would never end, nor would two that lead into each other's.
                if kind.is_dir() && (path.starts_with(&child) || self.around.contains(&child)) {
                    continue;
                }
            }
            if kind.is_dir() {
                self.folder(&child, &inner, depth + 1)?;
            } else if self.matcher.is_match(&inner) {
                self.file(&child, &inner)?;
            }
        }
        self.around.pop();
        Ok(())
    }

    fn file(&mut self, path: &Path, inner: &str) -> Result<(), Diagnostic> {
        let relative = join(&self.folder.name, inner);
        let meta = fs::metadata(path).map_err(|error| {
            let message = format!("`{relative}` cannot be read: {}", io_text(&error));
            self.owner.stopped(Code::Unreadable, self.span, message)
        })?;
        if !meta.is_file() {
            let what = if meta.is_dir() { "a folder" } else { "not a file" };
            let mut finding = self.owner.stopped(Code::Unreadable, self.span, format!("`{relative}` is {what}"));
            if meta.is_dir() {
                finding = finding.help(format!("write `{}/**/*.parquet` or `{}/*.csv`", self.glob, self.glob));
            }
            return Err(finding);
        }
        self.matched = true;
        let found = Found {
            relative: relative.clone(),
            place: Place::Local(path.to_path_buf()),
            bytes: meta.len(),
            modified: meta.modified().ok(),
            version: open::number(&meta),
            span: self.span,
        };
        self.files.entry(relative).or_insert(found);
        Ok(())
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Why a path does not stay where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    Absolute,
    Parent,
}

impl Outside {
    fn of(self, place: &str) -> String {
        match self {
            Self::Absolute => "is an absolute path".to_owned(),
            Self::Parent => format!("leads out of {place} (`..`)"),
        }
    }
}

/// The parts of a relative path that stays where it begins.
fn relative_parts(text: &str) -> Result<Vec<String>, Outside> {
    let drive = text.as_bytes().get(1) == Some(&b':') && text.starts_with(|c: char| c.is_ascii_alphabetic());
    if text.starts_with(['/', '\\']) || drive || Path::new(text).is_absolute() {
        return Err(Outside::Absolute);
    }
    let mut parts = Vec::new();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(Outside::Parent),
        }
    }
    // Alternatives could hide a `..` from the look at each part.
    if text.split(['/', '\\', '{', '}', ',']).any(|part| part == "..") {
        return Err(Outside::Parent);
    }
    Ok(parts)
}

/// An operating system's error without its number.
pub(crate) fn io_text(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
