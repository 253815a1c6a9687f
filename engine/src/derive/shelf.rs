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

use crate::derive::collect::{Chunk, Collector, Dictionary};
use crate::derive::internal;
use crate::derive::order::together;
use crate::execute::wrong;
use crate::operators::Reader;
use crate::operators::shards::{Row, SHARDS, shard_of};
use crate::rows::RowError;
use crate::spill::{Piece, Spill};

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

/// The actors and the rows of a collector, column by column; of the rows what is kept.
struct Columns {
    numbers: Vec<u32>,
    actors: ArrayRef,
    also: Vec<i64>,
    kept: Vec<ArrayRef>,
}

impl Collector {
    /// Puts everything into a temporary file.
    pub(crate) fn shelve(mut self, spill: &Arc<Spill>) -> Result<Shelved, Diagnostic> {
        let failed = |e: RowError| internal(&e);
        let (values, also) = (self.chunks.first().map_or(0, |chunk| chunk.values.len()), !self.also.is_empty());
        let others = written(&self.others);
        let rows = std::mem::take(&mut self.rows).into_shards();
        let columns = self.columns().map_err(failed)?;
        let mut known: Vec<Vec<u32>> = vec![Vec::new(); SHARDS];
        for (place, number) in (0u32..).zip(&columns.numbers) {
            known.get_mut(shard_of(*number)).into_iter().for_each(|known| known.push(place));
        }
        let mut shards = Vec::with_capacity(SHARDS);
        for (pieces, known) in rows.into_iter().zip(known) {
            if pieces.is_empty() {
                shards.push(Piece::default());
                continue;
            }
            let bytes = columns.shard(&pieces, known).map_err(failed)?;
            shards.push(put(spill, &bytes)?);
        }
        let others = put(spill, &others)?;
        Ok(Shelved { spill: Arc::clone(spill), shards, others, values, also })
    }

    fn columns(self) -> Result<Columns, RowError> {
        let width = self.chunks.first().map_or(0, |chunk| chunk.values.len() + chunk.key.len());
        let mut kept = Vec::new();
        for at in 0..width {
            let pieces = self.chunks.iter().filter_map(|chunk| chunk.values.iter().chain(&chunk.key).nth(at).cloned());
            kept.push(together(&pieces.collect::<Vec<_>>())?);
        }
        Ok(Columns { numbers: self.numbers, actors: together(&self.known)?, also: self.also, kept })
    }
}

impl Columns {
    /// Some rows as bytes: their actors, by number, then the rows. `known`: the places of the actors.
    fn shard(&self, rows: &[Vec<Row>], known: Vec<u32>) -> Result<Vec<u8>, RowError> {
        let numbers = known.iter().filter_map(|place| self.numbers.get(*place as usize).copied());
        let numbers: ArrayRef = Arc::new(UInt32Array::from(numbers.collect::<Vec<_>>()));
        let actors = compact(&take(&self.actors, &UInt32Array::from(known), None)?);
        let each = || rows.iter().flatten();
        let taken = UInt32Array::from(each().map(|row| row.code).collect::<Vec<_>>());
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(each().map(|row| row.actor).collect::<Vec<_>>())),
            Arc::new(Int64Array::from(each().map(|row| row.time).collect::<Vec<_>>())),
        ];
        if !self.also.is_empty() {
            let also = each().filter_map(|row| self.also.get(row.code as usize).copied());
            columns.push(Arc::new(Int64Array::from(also.collect::<Vec<_>>())));
        }
        for column in &self.kept {
            columns.push(compact(&take(column, &taken, None)?));
        }
        let first = stream(vec![numbers, actors])?;
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
        let (known, columns) = (batch(first)?, batch(rest)?);
        let [numbers, actors] = known.columns() else { return Err(wrong()) };
        let whole = |column: &ArrayRef| -> Result<Vec<u32>, Diagnostic> {
            Ok(column.as_primitive_opt::<UInt32Type>().ok_or_else(wrong)?.values().to_vec())
        };
        let mut columns = columns.columns().iter().cloned();
        let mut collector = Collector::default();
        let owners = whole(&columns.next().ok_or_else(wrong)?)?;
        let mut micros = || -> Result<Vec<i64>, Diagnostic> {
            let column = columns.next().ok_or_else(wrong)?;
            Ok(column.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?.values().to_vec())
        };
        let times = micros()?;
        if self.also {
            collector.also = micros()?;
        }
        let rows = times.len();
        collector.push(owners.into_iter().zip(times));
        // The actors are those that were known then, in their order.
        collector.numbers = whole(numbers)?;
        collector.known.push(Arc::clone(actors));
        let values: Vec<ArrayRef> = columns.by_ref().take(self.values).collect();
        collector.chunks.push(Chunk { rows, values, key: columns.collect() });
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
