//! Parquet files: footers, and reading one file at a time.
//!
//! The reading crate may panic on a file that was made to hurt it, so everything here runs behind a catch.

use std::error::Error;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use datafusion::parquet::file::statistics::Statistics;

use futures::executor::{block_on, block_on_stream};

use crate::sources::nested::{Leaf, leaves};
use crate::sources::open::Place;
use crate::sources::stores::fault_in;
use crate::sources::trouble::Trouble;

/// Rows of one batch of a direct read.
const BATCH: usize = 8192;

/// What the end of a file says about it.
#[derive(Clone, Debug)]
pub(crate) struct Footer {
    pub meta: ArrowReaderMetadata,
    pub rows: u64,
    pub leaves: Vec<Leaf>,
}

impl Footer {
    /// A column (by its place among the leaves) has a value in every row, by the footer.
    pub fn is_never_null(&self, column: usize) -> bool {
        let Some(leaf) = self.leaves.get(column) else { return false };
        let known = |group: &RowGroupMetaData| {
            let statistics = chunk(group, leaf).and_then(ColumnChunkMetaData::statistics);
            statistics.is_some_and(|s| s.null_count_opt() == Some(0))
        };
        !leaf.nullable || self.groups().row_groups().iter().all(known)
    }

    /// The least and the greatest value of a column of whole numbers in each row group that has rows, exact; `None` where one
    /// of them does not say.
    pub fn bounds(&self, column: usize) -> Option<Vec<(i64, i64)>> {
        let leaf = self.leaves.get(column).filter(|leaf| leaf.path.is_empty())?;
        let bounds = |group: &RowGroupMetaData| match chunk(group, leaf)?.statistics()? {
            Statistics::Int64(known) if known.min_is_exact() && known.max_is_exact() => {
                Some((*known.min_opt()?, *known.max_opt()?)).filter(|(least, most)| least <= most)
            }
            _ => None,
        };
        self.groups().row_groups().iter().filter(|group| group.num_rows() > 0).map(bounds).collect()
    }

    pub fn groups(&self) -> &ParquetMetaData {
        self.meta.metadata()
    }
}

/// The part of a row group that holds a column.
pub(crate) fn chunk<'a>(group: &'a RowGroupMetaData, leaf: &Leaf) -> Option<&'a ColumnChunkMetaData> {
    group.columns().iter().find(|chunk| chunk.column_path().parts() == leaf.names)
}

/// Reads and examines the footer.
pub(crate) fn footer(place: &Place) -> Result<Footer, Trouble> {
    guarded(|| {
        let options = ArrowReaderOptions::new();
        let (meta, bytes) = match place {
            Place::Local(path) => {
                let file = File::open(path).map_err(|e| Trouble::io(&e, false))?;
                let bytes = file.metadata().map_err(|e| Trouble::io(&e, false))?.len();
                (ArrowReaderMetadata::load(&file, options), bytes)
            }
            Place::Remote(object) => {
                let mut pieces = object.pieces(None);
                (block_on(ArrowReaderMetadata::load_async(&mut pieces, options)), object.stamp().bytes)
            }
        };
        let meta = meta.map_err(|e| unsound(&e))?;
        let rows = examine(meta.metadata(), bytes)?;
        let leaves = leaves(meta.schema().fields());
        Ok(Footer { meta, rows, leaves })
    })
}

/// The number of rows; an error when the footer contradicts itself or the file's size.
fn examine(meta: &ParquetMetaData, bytes: u64) -> Result<u64, Trouble> {
    let refuse = |what: &str| Err(Trouble::Corrupt(format!("is not a sound Parquet file: {what}")));
    let mut rows: i64 = 0;
    for group in meta.row_groups() {
        let Some(sum) = rows.checked_add(group.num_rows()).filter(|_| group.num_rows() >= 0) else {
            return refuse("a row group with an impossible number of rows");
        };
        rows = sum;
        for column in group.columns() {
            let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
            let end = start.checked_add(column.compressed_size());
            let inside = start >= 0
                && column.compressed_size() >= 0
                && column.uncompressed_size() >= 0
                && end.and_then(|end| u64::try_from(end).ok()).is_some_and(|end| end <= bytes);
            if !inside {
                return refuse(&format!("the column `{}` lies outside the file", column.column_path().string()));
            }
        }
    }
    if rows != meta.file_metadata().num_rows() {
        return refuse(&format!("it says {} rows, its row groups have {rows}", meta.file_metadata().num_rows()));
    }
    u64::try_from(rows).or_else(|_| refuse("an impossible number of rows"))
}

/// Reads columns (indexes of the file's own schema) batch by batch, in the file's order of rows. `visit` says whether to go on.
pub(crate) fn read(
    place: &Place,
    footer: &Footer,
    columns: &[usize],
    visit: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<(), Trouble> {
    // Columns come back in the file's order.
    let mut sorted = columns.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut batches = guarded(|| batches(place, footer, &sorted))?;
    let mut rows: u64 = 0;
    loop {
        let next = guarded(|| batches.next().transpose())?;
        let Some(batch) = next else { break };
        rows += batch.num_rows() as u64;
        if !visit(batch) {
            return Ok(());
        }
    }
    if rows == footer.rows {
        return Ok(());
    }
    Err(Trouble::Corrupt(format!("is cut short: {rows} of {} rows could be read", footer.rows)))
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, Trouble>>>;

fn batches(place: &Place, footer: &Footer, columns: &[usize]) -> Result<Batches, Trouble> {
    let meta = footer.meta.clone();
    let mask = ProjectionMask::roots(meta.parquet_schema(), columns.iter().copied());
    match place {
        Place::Local(path) => {
            let file = File::open(path).map_err(|e| Trouble::io(&e, false))?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, meta);
            let reader = builder.with_projection(mask).with_batch_size(BATCH).build().map_err(|e| unsound(&e))?;
            Ok(Box::new(reader.map(|batch| batch.map_err(|e| unsound(&e)))))
        }
        Place::Remote(object) => {
            let pieces = object.pieces(Some(Arc::clone(meta.metadata())));
            let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(pieces, meta);
            let stream = builder.with_projection(mask).with_batch_size(BATCH).build().map_err(|e| unsound(&e))?;
            Ok(Box::new(block_on_stream(stream).map(|batch| batch.map_err(|e| unsound(&e)))))
        }
    }
}

/// What a reading crate says about a file; what its store says goes before.
fn unsound(error: &(dyn Error + 'static)) -> Trouble {
    fault_in(error).map_or_else(|| corrupt(&error.to_string()), |fault| Trouble::Store(fault.clone()))
}

fn corrupt(error: &str) -> Trouble {
    // The crate's messages begin with its own kinds of errors and may run over several lines.
    let mut text = error.lines().next().unwrap_or_default();
    for kind in ["Parquet argument error: ", "Parquet error: ", "Parquet: ", "External: ", "EOF: ", "Arrow: "] {
        text = text.strip_prefix(kind).unwrap_or(text);
    }
    // One of them shows its own blanks.
    let text = if text.contains("{levels") { "its levels and its values do not agree" } else { text };
    Trouble::Corrupt(format!("is not a sound Parquet file: {}", text.chars().take(160).collect::<String>()))
}

/// Keeps the reading crates' panics off the terminal: each becomes a finding about its file. Other panics are shown as ever.
pub(crate) fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let reader = |part: &str| {
                [
                    "parquet-",
                    "arrow-ipc-",
                    "arrow-buffer-",
                    "arrow-data-",
                    "flatbuffers-",
                    "snap-",
                    "lz4_flex-",
                    "brotli",
                ]
                .iter()
                .any(|c| part.starts_with(c))
            };
            if !panic.location().is_some_and(|place| place.file().split(['/', '\\']).any(reader)) {
                shown(panic);
            }
        }));
    });
}

/// A panic of the reading crate is an error of the file.
fn guarded<T>(run: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Trouble::Corrupt("is not a sound Parquet file: reading it failed".to_owned())))
}
