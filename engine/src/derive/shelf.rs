//! Collected rows that do not fit into memory: in temporary files, actor by actor in shards, of which each is put in order alone.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{Field, Int64Type, Schema, UInt32Type};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use kepi_lang::diag::Diagnostic;
use xxhash_rust::xxh3::xxh3_64;

use crate::derive::collect::{Chunk, Collector, Dictionary};
use crate::derive::internal;
use crate::derive::order::together;
use crate::execute::wrong;
use crate::operators::{Reader, View};
use crate::rows::RowError;
use crate::spill::{Piece, Spill};

/// How many parts an actor can be in. One of them is in memory at a time.
pub(crate) const SHARDS: usize = 64;

/// What one partition has collected of some rows, in a temporary file.
#[derive(Debug)]
pub(crate) struct Shelved {
    pub spill: Arc<Spill>,
    /// By shard; empty where it has no rows.
    shards: Vec<Piece>,
    others: Piece,
    /// How many values of a row are kept; the rest are its key.
    values: usize,
    also: bool,
}

/// The rows of a collector, column by column.
struct Columns {
    actors: ArrayRef,
    rows: Vec<ArrayRef>,
}

impl Collector {
    /// Puts everything into a temporary file.
    pub(crate) fn shelve(self, spill: &Arc<Spill>) -> Result<Shelved, Diagnostic> {
        let failed = |e: RowError| internal(&e);
        let (values, also) = (self.chunks.first().map_or(0, |chunk| chunk.values.len()), !self.also.is_empty());
        let mut shard_of = vec![0u8; self.actors.ids.len()];
        #[expect(clippy::iter_over_hash_type, reason = "each has its own place")]
        for (bytes, id) in &self.actors.ids {
            if let Some(shard) = shard_of.get_mut(*id as usize) {
                *shard = (xxh3_64(bytes) % SHARDS as u64) as u8;
            }
        }
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); SHARDS];
        for (row, id) in (0u32..).zip(&self.actor) {
            let shard = shard_of.get(*id as usize).and_then(|shard| rows.get_mut(usize::from(*shard)));
            shard.into_iter().for_each(|rows| rows.push(row));
        }
        let actor = self.actor.clone();
        let others = written(&self.others);
        let columns = self.columns().map_err(failed)?;
        let mut local = vec![u32::MAX; shard_of.len()];
        let mut shards = Vec::with_capacity(SHARDS);
        for rows in rows {
            if rows.is_empty() {
                shards.push(Piece::default());
                continue;
            }
            let bytes = columns.shard(&rows, &actor, &mut local).map_err(failed)?;
            shards.push(put(spill, &bytes)?);
        }
        let others = put(spill, &others)?;
        Ok(Shelved { spill: Arc::clone(spill), shards, others, values, also })
    }

    fn columns(self) -> Result<Columns, RowError> {
        let actors = together(&self.known)?;
        let width = self.chunks.first().map_or(0, |chunk| chunk.values.len() + chunk.key.len());
        let mut rows: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(self.time))];
        if !self.also.is_empty() {
            rows.push(Arc::new(Int64Array::from(self.also)));
        }
        for at in 0..width {
            let pieces = self.chunks.iter().filter_map(|chunk| chunk.values.iter().chain(&chunk.key).nth(at).cloned());
            rows.push(together(&pieces.collect::<Vec<_>>())?);
        }
        Ok(Columns { actors, rows })
    }
}

impl Columns {
    /// Some rows as bytes: their actors, then the rows with the actors' numbers among these.
    fn shard(&self, rows: &[u32], actor: &[u32], local: &mut [u32]) -> Result<Vec<u8>, RowError> {
        let (mut actors, mut numbers) = (Vec::new(), Vec::with_capacity(rows.len()));
        for row in rows {
            let id = actor.get(*row as usize).copied().unwrap_or(0);
            let Some(number) = local.get_mut(id as usize) else { continue };
            if *number == u32::MAX {
                *number = actors.len() as u32;
                actors.push(id);
            }
            numbers.push(*number);
        }
        let actors = compact(&take(&self.actors, &UInt32Array::from(actors), None)?);
        let taken = UInt32Array::from(rows.to_vec());
        let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(numbers))];
        for column in &self.rows {
            columns.push(compact(&take(column, &taken, None)?));
        }
        let first = stream(vec![actors])?;
        let mut bytes = (first.len() as u64).to_le_bytes().to_vec();
        bytes.extend(first);
        bytes.extend(stream(columns)?);
        Ok(bytes)
    }
}

/// Without the texts that other rows had.
fn compact(array: &ArrayRef) -> ArrayRef {
    match (array.as_string_view_opt(), array.as_binary_view_opt()) {
        (Some(texts), _) => Arc::new(texts.gc()),
        (_, Some(bytes)) => Arc::new(bytes.gc()),
        _ => Arc::clone(array),
    }
}

fn stream(columns: Vec<ArrayRef>) -> Result<Vec<u8>, RowError> {
    let field = |column: &ArrayRef| Field::new("", column.data_type().clone(), true);
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    writer.write(&RecordBatch::try_new(schema, columns)?)?;
    Ok(writer.into_inner()?)
}

fn put(spill: &Spill, bytes: &[u8]) -> Result<Piece, Diagnostic> {
    spill.append(|out| {
        let from = out.at();
        out.put(bytes)?;
        Ok(out.since(from))
    })
}

/// The values of a dictionary, in order of their numbers.
fn written(dictionary: &Dictionary) -> Vec<u8> {
    let mut all: Vec<(u32, &[u8])> = dictionary.ids.iter().map(|(bytes, id)| (*id, bytes.as_ref())).collect();
    all.sort_unstable();
    let mut out = Vec::new();
    for (_, bytes) in all {
        out.extend((bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    }
    out
}

impl Shelved {
    /// The rows of a shard; `None`: there are none.
    pub(crate) fn shard(&self, number: usize) -> Result<Option<Collector>, Diagnostic> {
        let Some(piece) = self.shards.get(number).filter(|piece| piece.len > 0) else { return Ok(None) };
        let bytes = self.spill.read(*piece)?;
        let mut reader = Reader::new(&bytes);
        let first = reader.u64().and_then(|n| reader.take(usize::try_from(n).ok()?)).ok_or_else(wrong)?;
        let rest = bytes.get(8 + first.len()..).ok_or_else(wrong)?;
        let (actors, columns) = (batch(first)?, batch(rest)?);
        let actors = actors.columns().first().cloned().ok_or_else(wrong)?;
        let mut columns = columns.columns().iter().cloned();
        let mut collector = Collector::default();
        let numbers = columns.next().ok_or_else(wrong)?;
        collector.actor = numbers.as_primitive_opt::<UInt32Type>().ok_or_else(wrong)?.values().to_vec();
        let mut micros = || -> Result<Vec<i64>, Diagnostic> {
            let column = columns.next().ok_or_else(wrong)?;
            Ok(column.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?.values().to_vec())
        };
        collector.time = micros()?;
        if self.also {
            collector.also = micros()?;
        }
        let values: Vec<ArrayRef> = columns.by_ref().take(self.values).collect();
        collector.chunks.push(Chunk { rows: collector.time.len(), values, key: columns.collect() });
        let view = View::new(&actors).map_err(|e| internal(&e))?;
        let mut encoded = Vec::new();
        for row in 0..actors.len() {
            encoded.clear();
            view.encode(row, &mut encoded);
            collector.actors.id(&encoded);
        }
        collector.known.push(actors);
        collector.others = self.others()?;
        Ok(Some(collector))
    }

    fn others(&self) -> Result<Dictionary, Diagnostic> {
        let bytes = self.spill.read(self.others)?;
        let mut reader = Reader::new(&bytes);
        let mut ids = HashMap::default();
        while !reader.is_empty() {
            let value = reader.count(1).and_then(|n| reader.take(n)).ok_or_else(wrong)?;
            let id = ids.len() as u32;
            ids.insert(value.into(), id);
        }
        Ok(Dictionary { ids })
    }
}

fn batch(bytes: &[u8]) -> Result<RecordBatch, Diagnostic> {
    let mut reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(|_| wrong())?;
    reader.next().and_then(Result::ok).ok_or_else(wrong)
}
