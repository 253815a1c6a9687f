//! The one place where a data file is opened for reading, packed or not.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::sources::stores::Object;

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Without links.
    Local(PathBuf),
    Remote(Object),
}

impl Place {
    /// The file's own name; empty where it is not UTF-8.
    pub fn name(&self) -> &str {
        match self {
            Self::Local(path) => path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
            Self::Remote(object) => object.address().rsplit('/').next().unwrap_or_default(),
        }
    }
}

/// What tells whether a file is still the one that was looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    pub bytes: u64,
    pub modified: Option<SystemTime>,
    /// Of an object's entity tag; of a file what the file system knows it as.
    pub version: u64,
}

impl Stamp {
    /// An object's is the one that it was listed with: every answer about it is held against that.
    pub fn of(place: &Place) -> io::Result<Self> {
        match place {
            Place::Local(path) => {
                let meta = std::fs::metadata(path)?;
                Ok(Self { bytes: meta.len(), modified: meta.modified().ok(), version: number(&meta) })
            }
            Place::Remote(object) => Ok(object.stamp()),
        }
    }
}

/// A file that is put in another's place has another number.
pub(crate) fn number(meta: &std::fs::Metadata) -> u64 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::ino(meta);
    #[cfg(not(unix))]
    {
        _ = meta;
        0
    }
}

/// The file's bytes as they are, from an offset on.
pub(crate) fn raw(place: &Place, offset: u64) -> io::Result<Box<dyn Read + Send>> {
    let path = match place {
        Place::Local(path) => path,
        Place::Remote(object) => return Ok(object.read(offset)),
    };
    let mut file = File::open(path)?;
    if offset > 0 {
        file.seek(SeekFrom::Start(offset))?;
    }
    Ok(Box::new(file))
}

/// Bytes that are read from anywhere among them.
pub(crate) trait Seekable: Read + Seek + Send {}

impl<T: Read + Seek + Send> Seekable for T {}

/// The file's bytes as they are, to be read from anywhere, and how many there are.
pub(crate) fn seekable(place: &Place) -> io::Result<(Box<dyn Seekable>, u64)> {
    Ok(match place {
        Place::Local(path) => {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            (Box::new(file), bytes)
        }
        Place::Remote(object) => (object.ranged(), object.stamp().bytes),
    })
}

/// A text file's bytes, unpacked.
pub(crate) struct Unpacked {
    pub text: Box<dyn Read + Send>,
    /// It is packed: there is no reading from the middle.
    pub packed: bool,
}

/// Unpacks gzip and zstd, told by their first bytes: no text begins with them.
pub(crate) fn unpacked(mut raw: Box<dyn Read + Send>) -> io::Result<Unpacked> {
    let mut head = Vec::new();
    raw.by_ref().take(4).read_to_end(&mut head)?;
    let gzip = head.starts_with(&[0x1F, 0x8B]);
    let zstd = head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]);
    let whole = Cursor::new(head).chain(raw);
    let text: Box<dyn Read + Send> = match (gzip, zstd) {
        (true, _) => Box::new(MultiGzDecoder::new(whole)),
        (_, true) => Box::new(zstd::stream::read::Decoder::new(whole)?),
        _ => Box::new(whole),
    };
    Ok(Unpacked { text, packed: gzip || zstd })
}

/// The hash of all that is read through it, and how many bytes that was.
#[derive(Clone, Default)]
pub(crate) struct Hash(Arc<Mutex<(Sha256, u64)>>);

impl Hash {
    pub fn of(&self, inner: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        Box::new(Hashing { inner, hash: self.clone() })
    }

    pub fn finish(&self) -> ([u8; 32], u64) {
        let (hash, bytes) = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (hash.finalize().into(), bytes)
    }
}

struct Hashing {
    inner: Box<dyn Read + Send>,
    hash: Hash,
}

impl Read for Hashing {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(room)?;
        let bytes = room.get(..read).unwrap_or_default();
        let mut known = self.hash.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.0.update(bytes);
        known.1 += read as u64;
        Ok(read)
    }
}

/// The hash of a file's content; of an object what the store tells it by, so that it need not be fetched as a whole.
pub(crate) fn content(place: &Place) -> io::Result<[u8; 32]> {
    if let Place::Remote(object) = place {
        return Ok(object.identity());
    }
    let mut input = raw(place, 0)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(read) => hash.update(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
