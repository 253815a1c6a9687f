//! The one place where a data file is opened for reading, packed or not.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

/// What tells whether a file is still the one that was looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    pub bytes: u64,
    pub modified: Option<SystemTime>,
}

impl Stamp {
    pub fn of(path: &Path) -> io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        Ok(Self { bytes: meta.len(), modified: meta.modified().ok() })
    }
}

/// The file's bytes as they are, from an offset on.
pub(crate) fn raw(path: &Path, offset: u64) -> io::Result<Box<dyn Read + Send>> {
    let mut file = File::open(path)?;
    if offset > 0 {
        file.seek(SeekFrom::Start(offset))?;
    }
    Ok(Box::new(file))
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

/// The hash of all that is read through it.
#[derive(Clone, Default)]
pub(crate) struct Hash(Arc<Mutex<Sha256>>);

impl Hash {
    pub fn of(&self, inner: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        Box::new(Hashing { inner, hash: self.clone() })
    }

    pub fn finish(&self) -> [u8; 32] {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize().into()
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
        self.hash.0.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
        Ok(read)
    }
}

/// The hash of a file's content.
pub(crate) fn content(path: &Path) -> io::Result<[u8; 32]> {
    let mut input = raw(path, 0)?;
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
