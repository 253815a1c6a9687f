//! Content hashes of files that were read before, by what the file system says of them: a shortcut on one machine alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::cache::Cache;
use crate::cache::entry::{self, Key, Kind, Making};
use crate::operators::Reader;

pub(super) const NAME: &str = "stamps";

/// A file that was written to within this time of being read may be written to again without its times telling.
const SETTLED: Duration = Duration::from_secs(2);
/// More files than that are not remembered.
const MOST: usize = 200_000;

/// What tells a file from what was there before: device, inode, size, and the times of content and inode.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp([u64; 7]);

impl Stamp {
    /// `None` where the file is not there, or was written to just now.
    fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        let modified = meta.modified().ok()?;
        let since = |time: SystemTime| SystemTime::now().duration_since(time).is_ok_and(|age| age > SETTLED);
        if !since(modified) {
            return None;
        }
        let time = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let changed = SystemTime::UNIX_EPOCH
                + Duration::new(meta.ctime().try_into().ok()?, meta.ctime_nsec().try_into().ok()?);
            let inner = [meta.ctime().cast_unsigned(), meta.ctime_nsec().cast_unsigned()];
            since(changed).then(|| {
                let nanos = u64::from(time.subsec_nanos());
                Self([meta.dev(), meta.ino(), meta.len(), time.as_secs(), nanos, inner[0], inner[1]])
            })
        }
        #[cfg(not(unix))]
        Some(Self([0, 0, meta.len(), time.as_secs(), u64::from(time.subsec_nanos()), 0, 0]))
    }
}

/// By path.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    known: BTreeMap<String, (Stamp, [u8; 32])>,
    /// Files that were stamped before they were read.
    new: Mutex<BTreeMap<String, Stamp>>,
}

impl Stamps {
    pub fn open(cache: &Cache) -> Self {
        let key = key();
        let bytes = fs::read(cache.folder().join(NAME)).ok();
        let content = bytes.and_then(|bytes| entry::content(Kind::Stamps, &key, bytes));
        let known = content.and_then(|content| read(&content)).unwrap_or_default();
        Self { known, new: Mutex::default() }
    }

    /// The hash of a file's content, if the file is the one that was read.
    pub fn content(&self, path: &Path) -> Option<[u8; 32]> {
        let name = path.to_str()?;
        let stamp = Stamp::of(path)?;
        if let Some((_, content)) = self.known.get(name).filter(|(known, _)| *known == stamp) {
            return Some(*content);
        }
        self.new.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), stamp);
        None
    }

    /// Remembers files that have been read since, and are as they were before. `content`: by path.
    pub fn keep(&self, cache: &Cache, content: &BTreeMap<String, [u8; 32]>) {
        let new = std::mem::take(&mut *self.new.lock().unwrap_or_else(PoisonError::into_inner));
        let same = |name: &String, stamp: &Stamp| Stamp::of(Path::new(name)).as_ref() == Some(stamp);
        let new: BTreeMap<_, _> = new.into_iter().filter(|(name, stamp)| same(name, stamp)).collect();
        let found = new.into_iter().filter_map(|(name, stamp)| Some((content.get(&name).copied()?, name, stamp)));
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            return;
        }
        // What other runs have written meanwhile stays.
        let mut all = Self::open(cache).known;
        all.extend(found.into_iter().map(|(content, name, stamp)| (name, (stamp, content))));
        if all.len() > MOST {
            all.retain(|name, _| content.contains_key(name));
        }
        let key = key();
        cache.write(&cache.folder().join(NAME), &entry::bytes(Kind::Stamps, &key, &[&written(&all)]));
    }
}

fn key() -> Key {
    Making::new(NAME).key()
}

fn written(all: &BTreeMap<String, (Stamp, [u8; 32])>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, (stamp, content)) in all {
        out.extend((name.len() as u64).to_le_bytes());
        out.extend(name.as_bytes());
        stamp.0.iter().for_each(|n| out.extend(n.to_le_bytes()));
        out.extend(content);
    }
    out
}

fn read(bytes: &[u8]) -> Option<BTreeMap<String, (Stamp, [u8; 32])>> {
    let mut reader = Reader::new(bytes);
    let mut all = BTreeMap::new();
    while !reader.is_empty() {
        let n = reader.count(1)?;
        let name = std::str::from_utf8(reader.take(n)?).ok()?.to_owned();
        let mut stamp = [0; 7];
        for n in &mut stamp {
            *n = reader.u64()?;
        }
        all.insert(name, (Stamp(stamp), reader.take(32)?.try_into().ok()?));
    }
    Some(all)
}
