//! One object of a store: its bytes from an offset on, and pieces of it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Buf, Bytes};
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::file::metadata::ParquetMetaData;
use futures::StreamExt;
use futures::executor::block_on;
use kepi_lang::diag::Code;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use xxhash_rust::xxh3::xxh3_64;

use crate::sources::open::{Seekable, Stamp};
use crate::sources::stores::Fault;
use crate::sources::stores::pieces::Pieces;
use crate::sources::stores::ranged::Ranged;
use crate::sources::stores::store::{explained, spawn};

/// Chunks that are fetched ahead of whoever reads them.
const AHEAD: usize = 8;

/// An object as it was listed; what is read later must be the same.
#[derive(Clone)]
pub(crate) struct Object(Arc<Listed>);

struct Listed {
    store: Arc<dyn ObjectStore>,
    address: String,
    path: Path,
    bytes: u64,
    tag: Option<String>,
    modified: Option<SystemTime>,
}

impl Object {
    pub(super) fn new(store: Arc<dyn ObjectStore>, address: String, meta: ObjectMeta) -> Self {
        let (tag, modified) = (tag(&meta), modified(&meta));
        Self(Arc::new(Listed { store, address, path: meta.location, bytes: meta.size, tag, modified }))
    }

    pub fn address(&self) -> &str {
        &self.0.address
    }

    pub fn stamp(&self) -> Stamp {
        let version = self.0.tag.as_ref().map_or(0, |tag| xxh3_64(tag.as_bytes()));
        Stamp { bytes: self.0.bytes, modified: self.0.modified, version }
    }

    /// SHA-256 of the entity tag, or of the time of the last change where there is none: the content itself would have to be
    /// fetched.
    pub fn identity(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        match (&self.0.tag, self.0.modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok())) {
            (Some(tag), _) => hash.update(tag.as_bytes()),
            (None, Some(since)) => hash.update(since.as_nanos().to_le_bytes()),
            (None, None) => {}
        }
        hash.finalize().into()
    }

    /// The bytes from an offset on, while they come in.
    pub fn read(&self, offset: u64) -> Box<dyn Read + Send> {
        let (send, receive) = mpsc::channel(AHEAD);
        let object = self.clone();
        let started = spawn(async move {
            if let Err(fault) = object.send(offset, &send).await {
                // Nobody is left to be told.
                drop(send.send(Err(fault)).await);
            }
        });
        let unable = started.err();
        Box::new(Incoming { receive, chunk: Bytes::new(), unable })
    }

    async fn send(&self, offset: u64, to: &mpsc::Sender<Result<Bytes, Fault>>) -> Result<(), Fault> {
        if offset >= self.0.bytes {
            return Ok(());
        }
        let range = (offset > 0).then_some(GetRange::Offset(offset));
        let mut stream = self.get(range).await?.into_stream();
        let mut at = offset;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| self.fault(&error))?;
            at += chunk.len() as u64;
            if to.send(Ok(chunk)).await.is_err() {
                return Ok(());
            }
        }
        if at == self.0.bytes { Ok(()) } else { Err(self.short(at)) }
    }

    /// One piece.
    pub(super) async fn piece(&self, range: Range<u64>) -> Result<Bytes, Fault> {
        let wanted = range.end.saturating_sub(range.start);
        let bytes = self.get(Some(GetRange::Bounded(range.clone()))).await?.bytes().await;
        let bytes = bytes.map_err(|error| self.fault(&error))?;
        if bytes.len() as u64 == wanted { Ok(bytes) } else { Err(self.short(range.start + bytes.len() as u64)) }
    }

    pub fn pieces(&self, meta: Option<Arc<ParquetMetaData>>) -> Box<dyn AsyncFileReader> {
        Box::new(Pieces::new(self.clone(), meta))
    }

    /// To be read from anywhere in it.
    pub fn ranged(&self) -> Box<dyn Seekable> {
        Box::new(Ranged::new(self.clone()))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.0.bytes
    }

    async fn get(&self, range: Option<GetRange>) -> Result<GetResult, Fault> {
        let options = GetOptions { range, ..GetOptions::default() };
        let got = self.0.store.get_opts(&self.0.path, options).await.map_err(|error| self.fault(&error))?;
        let same = match (&self.0.tag, tag(&got.meta)) {
            (Some(known), Some(now)) => *known == now,
            _ => self.0.modified == modified(&got.meta),
        };
        if same && got.meta.size == self.0.bytes { Ok(got) } else { Err(Fault::changed(self.address())) }
    }

    fn fault(&self, error: &object_store::Error) -> Fault {
        let text = error.to_string();
        // A part behind the end, by our crate or by the server's own word: it has become shorter.
        if text.contains("but object was only") || text.contains("status code: 416") {
            return Fault::changed(self.address());
        }
        explained(error, self.address(), "cannot be read")
    }

    fn short(&self, at: u64) -> Fault {
        let text = format!("is cut short: {at} of {} bytes came", self.0.bytes);
        Fault::new(Code::StoreFailed, self.address(), text)
    }
}

/// Without what stores differ in between a list and a single answer.
fn tag(meta: &ObjectMeta) -> Option<String> {
    let tag = meta.e_tag.as_deref()?;
    Some(tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned())
}

/// Stores without that time say 1970.
fn modified(meta: &ObjectMeta) -> Option<SystemTime> {
    let seconds = u64::try_from(meta.last_modified.timestamp()).ok().filter(|seconds| *seconds > 0)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Object").field(&self.0.address).finish()
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.0.address == other.0.address
    }
}

impl Eq for Object {}

impl PartialOrd for Object {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Object {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.address.cmp(&other.0.address)
    }
}

impl Hash for Object {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.address.hash(state);
    }
}

/// What comes in, as something to be read from.
struct Incoming {
    receive: mpsc::Receiver<Result<Bytes, Fault>>,
    chunk: Bytes,
    unable: Option<Fault>,
}

impl Read for Incoming {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let Some(fault) = self.unable.take() {
            return Err(io::Error::other(fault));
        }
        while self.chunk.is_empty() {
            match block_on(self.receive.recv()) {
                Some(Ok(chunk)) => self.chunk = chunk,
                Some(Err(fault)) => return Err(io::Error::other(fault)),
                None => return Ok(0),
            }
        }
        let taken = self.chunk.len().min(room.len());
        if let Some(room) = room.get_mut(..taken) {
            self.chunk.copy_to_slice(room);
        }
        Ok(taken)
    }
}
