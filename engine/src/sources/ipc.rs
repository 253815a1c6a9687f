//! Arrow IPC files: the file format (Feather version 2) and the stream format.
//!
//! Everything is measured against the file before memory is taken for it, and the reading crate's panics are caught.

use std::io::{BufReader, Read, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::reader::{FileReader, StreamReader};
use datafusion::arrow::ipc::{root_as_footer, root_as_message};

use crate::sources::nested::{Leaf, leaves};
use crate::sources::open::{self, Place, Seekable};
use crate::sources::stores::fault_in;
use crate::sources::trouble::Trouble;

const MAGIC: &[u8] = b"ARROW1";

/// What is known of a file before it is read.
#[derive(Clone, Debug)]
pub(crate) struct Ipc {
    pub rows: u64,
    pub leaves: Vec<Leaf>,
    stream: bool,
}

/// Reads some fields of a file's schema, batch by batch.
pub(crate) struct Reader {
    inner: Inner,
    left: u64,
}

enum Inner {
    File(FileReader<BufReader<Box<dyn Seekable>>>),
    Stream(StreamReader<BufReader<Box<dyn Seekable>>>),
}

fn open(place: &Place) -> Result<(Box<dyn Seekable>, u64), Trouble> {
    open::seekable(place).map_err(|e| Trouble::io(&e, false))
}

pub(crate) fn look(place: &Place) -> Result<Ipc, Trouble> {
    let (mut file, bytes) = open(place)?;
    let mut head = Vec::new();
    (&mut file).take(MAGIC.len() as u64).read_to_end(&mut head).map_err(|e| Trouble::io(&e, false))?;
    if head.starts_with(b"FEA1") {
        return Err(Trouble::Corrupt("is a Feather file of version 1: write it in version 2".to_owned()));
    }
    let stream = head != MAGIC;
    let rows = if stream { messages(&mut *file, bytes)? } else { blocks(&mut *file, bytes)? };
    let reader = Reader::open(place, &Ipc { rows, leaves: Vec::new(), stream }, None)?;
    let schema = match &reader.inner {
        Inner::File(reader) => reader.schema(),
        Inner::Stream(reader) => reader.schema(),
    };
    Ok(Ipc { rows, leaves: leaves(schema.fields()), stream })
}

/// The rows of a file by its footer, whose parts all lie within the file.
fn blocks(file: &mut dyn Seekable, bytes: u64) -> Result<u64, Trouble> {
    let tail = MAGIC.len() as u64 + 4;
    let at = bytes.checked_sub(tail).ok_or_else(cut)?;
    let tail = part(file, at, tail, bytes)?;
    let (length, magic) = tail.split_at_checked(4).ok_or_else(cut)?;
    if magic != MAGIC {
        return Err(cut());
    }
    let length = u64::from(le(length));
    let footer = part(file, at.checked_sub(length).ok_or_else(cut)?, length, bytes)?;
    let footer = root_as_footer(&footer).map_err(|e| corrupt(&e.to_string()))?;
    let mut rows = 0u64;
    for block in footer.recordBatches().into_iter().flatten().chain(footer.dictionaries().into_iter().flatten()) {
        let offset = u64::try_from(block.offset()).map_err(|_| cut())?;
        let meta = u64::try_from(block.metaDataLength()).map_err(|_| cut())?;
        let body = u64::try_from(block.bodyLength()).map_err(|_| cut())?;
        let end = offset.checked_add(meta).and_then(|n| n.checked_add(body));
        if end.is_none_or(|end| end > bytes) {
            return Err(cut());
        }
        rows = rows.saturating_add(message(&part(file, offset, meta, bytes)?)?.rows);
    }
    Ok(rows)
}

/// The rows of a stream by its messages, each of which lies within the file.
fn messages(file: &mut dyn Seekable, bytes: u64) -> Result<u64, Trouble> {
    let mut at = 0u64;
    let mut rows = 0u64;
    while at < bytes {
        let mut length = le(&part(file, at, 4, bytes)?);
        at += 4;
        if length == u32::MAX {
            length = le(&part(file, at, 4, bytes)?);
            at += 4;
        }
        if length == 0 {
            break;
        }
        let meta = part(file, at, u64::from(length), bytes)?;
        let read = message(&meta)?;
        let end = at.checked_add(u64::from(length)).and_then(|n| n.checked_add(read.body));
        at = end.filter(|end| *end <= bytes).ok_or_else(cut)?;
        rows = rows.saturating_add(read.rows);
    }
    Ok(rows)
}

struct Message {
    rows: u64,
    body: u64,
}

/// What a message says of itself; dictionaries have no rows.
fn message(meta: &[u8]) -> Result<Message, Trouble> {
    // In a file's block its length stands before it, with or without a mark before that.
    let inner = match meta {
        [0xFF, 0xFF, 0xFF, 0xFF, _, _, _, _, rest @ ..] => rest,
        _ => meta,
    };
    let message = root_as_message(inner).map_err(|e| corrupt(&e.to_string()))?;
    let rows = message.header_as_record_batch().map_or(0, |batch| batch.length());
    let rows = u64::try_from(rows).map_err(|_| corrupt("a batch with an impossible number of rows"))?;
    let body = u64::try_from(message.bodyLength()).map_err(|_| cut())?;
    Ok(Message { rows, body })
}

fn part(file: &mut dyn Seekable, at: u64, length: u64, bytes: u64) -> Result<Vec<u8>, Trouble> {
    if at.checked_add(length).is_none_or(|end| end > bytes) {
        return Err(cut());
    }
    let mut out = Vec::new();
    file.seek(SeekFrom::Start(at)).map_err(|e| Trouble::io(&e, false))?;
    let read = file.take(length).read_to_end(&mut out).map_err(|e| Trouble::io(&e, false))?;
    if read as u64 == length { Ok(out) } else { Err(cut()) }
}

fn le(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).rev().fold(0, |n, byte| n << 8 | u32::from(*byte))
}

impl Reader {
    /// `roots`: fields of the schema, ascending; `None`: all of them.
    pub fn open(place: &Place, file: &Ipc, roots: Option<Vec<usize>>) -> Result<Self, Trouble> {
        let input = BufReader::new(open(place)?.0);
        let inner = guarded(|| {
            Ok(if file.stream {
                Inner::Stream(StreamReader::try_new(input, roots)?)
            } else {
                Inner::File(FileReader::try_new(input, roots)?)
            })
        })?;
        Ok(Self { inner, left: file.rows })
    }

    pub fn next(&mut self) -> Result<Option<RecordBatch>, Trouble> {
        let next = guarded(|| match &mut self.inner {
            Inner::File(reader) => reader.next().transpose(),
            Inner::Stream(reader) => reader.next().transpose(),
        })?;
        let rows = next.as_ref().map_or(0, |batch| batch.num_rows() as u64);
        match self.left.checked_sub(rows) {
            Some(left) if next.is_some() || left == 0 => self.left = left,
            _ => return Err(Trouble::Changed),
        }
        Ok(next)
    }
}

fn cut() -> Trouble {
    Trouble::Corrupt("is not a sound Arrow file: it is cut short".to_owned())
}

fn corrupt(error: &str) -> Trouble {
    let text = error.lines().next().unwrap_or_default();
    Trouble::Corrupt(format!("is not a sound Arrow file: {}", text.chars().take(160).collect::<String>()))
}

fn guarded<T>(run: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, Trouble> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            Err(fault_in(&error).map_or_else(|| corrupt(&error.to_string()), |f| Trouble::Store(f.clone())))
        }
        Err(_) => Err(corrupt("reading it failed")),
    }
}
