//! States of files that were read before, kept in a folder: a run reads only what it has not seen.
//!
//! An entry is a file named after what it depends on, written beside and renamed, with a checksum; it is never changed. So two
//! runs can share a folder without a lock, and one that is killed leaves nothing worse than a file that nobody asks for.

mod actors;
mod entry;
mod kept;
pub(crate) mod key;
mod opening;
mod parts;
mod stamps;
mod values;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use kepi_lang::diag::{Code, Diagnostic};

pub(crate) use actors::Actors;
pub(crate) use entry::{Key, Kind, Making};
pub(crate) use kept::{Keeping, Measured, Run, Unkept};
pub(crate) use opening::Times;
use stamps::Stamps;
pub(crate) use values::Values;

/// What is written stays below it unless another limit is given: 2 GiB.
pub const LIMIT: u64 = 2 << 30;

/// A temporary file that is older was left by a run that is no more.
const DEAD: Duration = Duration::from_secs(600);
/// An entry that is used is marked as such not more often.
const MARKED: Duration = Duration::from_secs(3600);

const TEMPORARY: &str = "tmp";
/// Tells backups and git that the folder is not theirs.
const SIGNS: [(&str, &str); 2] = [
    ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# Made by kepi; `kepi cache clear` empties it.\n"),
    (".gitignore", "*\n"),
];

/// What a folder of entries holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub entries: u64,
    pub bytes: u64,
}

/// A folder of entries. Nothing in it is trusted further than its checksum.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
    /// Something could not be written: no more is tried.
    failed: AtomicBool,
    written: AtomicBool,
    numbers: AtomicU64,
    notes: Mutex<Vec<Diagnostic>>,
    stamps: OnceLock<Stamps>,
}

struct Listed {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl Cache {
    /// The folder need not be there, and is not touched before there is something to read or to keep. `limit`: in bytes.
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self {
            folder,
            limit,
            failed: AtomicBool::new(false),
            written: AtomicBool::new(false),
            numbers: AtomicU64::new(0),
            notes: Mutex::default(),
            stamps: OnceLock::new(),
        }
    }

    fn stamps(&self) -> &Stamps {
        self.stamps.get_or_init(|| Stamps::open(self))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was odd since this was asked last: entries that were damaged, a folder that cannot be written.
    pub fn notes(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The content of an entry. A damaged one is removed, and said.
    pub(crate) fn get(&self, kind: Kind, key: &Key) -> Option<Vec<u8>> {
        let path = self.path(key);
        let bytes = fs::read(&path).ok()?;
        let Some(content) = entry::content(kind, key, bytes) else {
            self.damaged(key);
            return None;
        };
        let old = |time: SystemTime| time.elapsed().is_ok_and(|age| age > MARKED);
        if fs::metadata(&path).and_then(|meta| meta.modified()).is_ok_and(old) {
            self.used(key);
        }
        Some(content)
    }

    /// Whether there is an entry, damaged or not.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.path(key).is_file()
    }

    /// Marks an entry as used now.
    pub(crate) fn used(&self, key: &Key) {
        let file = fs::File::options().write(true).open(self.path(key));
        // Where it cannot be marked it only seems to be older.
        _ = file.and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// An entry that does not hold what it should is removed, and said.
    pub(crate) fn damaged(&self, key: &Key) {
        let path = self.path(key);
        _ = fs::remove_file(&path);
        let message = format!("what was kept in `{}` is damaged, and is made again", path.display());
        self.note(Diagnostic::without_place(Code::DamagedEntry, message));
    }

    pub(crate) fn put(&self, kind: Kind, key: &Key, content: &[&[u8]]) {
        self.write(&self.path(key), &entry::bytes(kind, key, content));
    }

    /// Writes a file beside its place and renames it. Where that fails nothing more is written, and why is said.
    fn write(&self, path: &Path, bytes: &[u8]) {
        if self.failed.load(Ordering::Relaxed) {
            return;
        }
        self.written.store(true, Ordering::Relaxed);
        if let Err(error) = self.try_write(path, bytes)
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            let message = format!("nothing can be kept in `{}`: {error}", self.folder.display());
            let finding = Diagnostic::without_place(Code::NothingKept, message);
            self.note(finding.help("name another folder with `--cache-dir`, or keep nothing: `--no-cache`"));
        }
    }

    fn try_write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.folder.join(TEMPORARY);
        if !temporary.is_dir() {
            fs::create_dir_all(&temporary)?;
            for (name, text) in SIGNS {
                fs::write(self.folder.join(name), text)?;
            }
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let moment = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let beside = temporary.join(format!("{}-{moment:x}-{number}", std::process::id()));
        let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            _ = fs::remove_file(&beside);
        }
        written
    }

    fn note(&self, finding: Diagnostic) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    fn path(&self, key: &Key) -> PathBuf {
        let name = key.name();
        let (folder, file) = name.split_at(2);
        self.folder.join(folder).join(file)
    }

    /// Removes what dead runs have left, and what was not used for longest where there is more than the limit allows.
    pub(crate) fn tidy(&self) {
        if !self.written.swap(false, Ordering::Relaxed) {
            return;
        }
        for (path, meta) in files(&self.folder.join(TEMPORARY)) {
            let age = meta.modified().ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > DEAD) {
                _ = fs::remove_file(path);
            }
        }
        let mut entries = self.entries();
        let mut bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
        if bytes <= self.limit {
            return;
        }
        entries.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.path.cmp(&b.path)));
        // A little below it, so that not every run has to look for some.
        let enough = self.limit - self.limit / 10;
        for entry in entries {
            if bytes <= enough {
                return;
            }
            if fs::remove_file(&entry.path).is_ok() {
                bytes = bytes.saturating_sub(entry.bytes);
            }
        }
    }

    /// The folders of entries.
    fn folders(&self) -> Vec<PathBuf> {
        let folders = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut folders: Vec<PathBuf> = folders.filter(|path| named(path, 2)).collect();
        folders.sort();
        folders
    }

    /// All files of ours but temporary ones.
    fn entries(&self) -> Vec<Listed> {
        let folders = self.folders();
        let found = folders.iter().flat_map(|folder| files(folder)).filter(|(path, _)| named(path, Key::NAME - 2));
        found
            .map(|(path, meta)| Listed {
                path,
                bytes: meta.len(),
                used: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            })
            .collect()
    }

    pub fn usage(&self) -> Usage {
        let entries = self.entries();
        Usage { entries: entries.len() as u64, bytes: entries.iter().map(|entry| entry.bytes).sum() }
    }

    /// Removes every file of ours, and the folder where nothing else is in it.
    ///
    /// # Errors
    /// Where a file cannot be removed.
    pub fn clear(&self) -> io::Result<Usage> {
        let usage = self.usage();
        for entry in self.entries() {
            gone(fs::remove_file(&entry.path))?;
        }
        let temporary = self.folder.join(TEMPORARY);
        for (path, _) in files(&temporary) {
            gone(fs::remove_file(path))?;
        }
        for name in SIGNS.map(|(name, _)| name).into_iter().chain([stamps::NAME]) {
            gone(fs::remove_file(self.folder.join(name)))?;
        }
        for folder in self.folders().into_iter().chain([temporary, self.folder.clone()]) {
            // Something else is in it, or it is gone already.
            _ = fs::remove_dir(folder);
        }
        Ok(usage)
    }

    /// Reads every entry: how many there are, and a finding for each that is damaged, which is removed.
    pub fn verify(&self) -> (Usage, Vec<Diagnostic>) {
        let usage = self.usage();
        let mut findings = Vec::new();
        for listed in self.entries() {
            let whole = fs::read(&listed.path).is_ok_and(|bytes| entry::is_whole(&listed.path, &bytes));
            if !whole && listed.path.exists() {
                let name = listed.path.strip_prefix(&self.folder).unwrap_or(&listed.path).display().to_string();
                let message = match fs::remove_file(&listed.path) {
                    Ok(()) => format!("`{name}` is damaged, and has been removed"),
                    Err(error) => format!("`{name}` is damaged, and cannot be removed: {error}"),
                };
                findings.push(Diagnostic::without_place(Code::DamagedEntry, message));
            }
        }
        (usage, findings)
    }
}

/// Whether a file or folder has a name of ours: so many hexadecimal digits.
fn named(path: &Path, length: usize) -> bool {
    let hex = |name: &str| name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.len() == length && hex(name))
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// The files of a folder, in order of their names.
fn files(folder: &Path) -> Vec<(PathBuf, fs::Metadata)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        entries.filter_map(|e| Some((e.path(), e.metadata().ok().filter(fs::Metadata::is_file)?))).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}
