//! Collected rows in order: actor by actor, each in order of time; ties by the source's key, then by the values.

use std::cmp::Ordering;
use std::sync::OnceLock;

use datafusion::arrow::array::{Array, ArrayRef, BinaryArray, UInt32Array, new_empty_array};
use datafusion::arrow::compute::{cast, concat, take};
use datafusion::arrow::datatypes::DataType;
use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, Grain};

use crate::derive::collect::{Chunk, Collector, Dictionary, NOTHING};
use crate::operators::shards::{ByActor, Row, SHARDS};
use crate::parallel::parallel;
use crate::plan::micros;
use crate::rows::RowError;
use crate::sources::sortable;

/// A row of an actor.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Item {
    pub time: i64,
    /// Its place among all rows.
    pub row: u32,
}

/// All rows of a derived set's branches.
pub(crate) struct Rows {
    /// Actors by the shard that they are in.
    pub shards: Vec<ByActor<Item>>,
    known: ArrayRef,
    /// The place among the known of each actor, by number: ascending.
    places: Vec<(u32, u32)>,
    also: Vec<i64>,
    /// Branch and batch of the rows, with the place of the first of them; ascending.
    chunks: Vec<(u32, usize, Chunk)>,
    /// Of each chunk's rows, what orders those of one time.
    ties: OnceLock<Result<Vec<Option<BinaryArray>>, RowError>>,
}

/// Fewer rows are not put in order in pieces.
const FEW: usize = 1 << 15;

/// The rows of one collector, and the place of its first.
type Part = (Vec<Vec<Row>>, u32);

impl Rows {
    pub(crate) fn new(collected: Vec<(usize, Collector)>, threads: usize) -> Result<Self, RowError> {
        let rows: usize = collected.iter().map(|(_, c)| c.rows.len()).sum();
        if u32::try_from(rows).is_err() {
            return Err(RowError::Overflow(format!("the number of rows that others are made of, {rows},")));
        }
        let mut others = Dictionary::default();
        let (mut known, mut places) = (Vec::new(), Vec::new());
        let (mut also, mut chunks) = (Vec::new(), Vec::new());
        let mut parts: Vec<Vec<Part>> = (0..if rows < FEW { 1 } else { SHARDS }).map(|_| Vec::new()).collect();
        let mut first = 0;
        for (branch, collector) in collected {
            let before = places.len() as u32;
            places.extend(collector.numbers.into_iter().zip(before..));
            known.extend(collector.known);
            if collector.others.ids.is_empty() {
                also.extend(collector.also);
            } else {
                let ids = renumbered(&collector.others, &mut others);
                let id =
                    |n: &i64| if *n == NOTHING { NOTHING } else { ids.get(*n as usize).copied().map_or(0, i64::from) };
                also.extend(collector.also.iter().map(id));
            }
            let mut next = first;
            for chunk in collector.chunks {
                let rows = chunk.rows;
                chunks.push((next, branch, chunk));
                next += rows as u32;
            }
            let length = collector.rows.len() as u32;
            let mut pieces = collector.rows.into_shards();
            if parts.len() == 1 {
                pieces = vec![pieces.into_iter().flatten().collect()];
            }
            parts.iter_mut().zip(pieces).for_each(|(part, pieces)| part.push((pieces, first)));
            first += length;
        }
        places.sort_unstable();
        places.dedup_by_key(|(number, _)| *number);
        let known = together(&known)?;
        let mut made = Self { shards: Vec::new(), known, places, also, chunks, ties: OnceLock::new() };
        let jobs: Vec<(usize, Vec<Part>)> = parts.into_iter().enumerate().collect();
        let few = jobs.len() == 1;
        made.shards = parallel(jobs, threads, |(shard, parts)| {
            let (rows, firsts): (Vec<_>, Vec<u32>) = parts.into_iter().unzip();
            let item = |part: usize, row: &Row| {
                let first = firsts.get(part).copied().unwrap_or(0);
                Item { time: row.time, row: first + row.code }
            };
            let mut rows = if few { ByActor::of_all(&rows, item) } else { ByActor::new(shard, &rows, item) };
            // The rows of an actor come in order of time more often than not.
            rows.sort(|a, b| a.time < b.time, |a, b| a.time.cmp(&b.time).then_with(|| made.tie(a.row, b.row)));
            rows
        });
        match made.ties.get() {
            Some(Err(e)) => Err(e.clone()),
            _ => Ok(made),
        }
    }

    /// What was collected of a row besides.
    pub(crate) fn also(&self, row: &Item) -> i64 {
        self.also.get(row.row as usize).copied().unwrap_or(NOTHING)
    }

    /// The given actors.
    pub(crate) fn actors(&self, numbers: &[u32]) -> Result<ArrayRef, RowError> {
        let mut last = 0;
        let place = |number: &u32| {
            // The rows of an actor are made one after the other.
            if self.places.get(last).is_none_or(|(known, _)| known != number) {
                last = self.places.partition_point(|(known, _)| known < number);
            }
            self.places.get(last).filter(|(known, _)| known == number).map(|(_, place)| *place)
        };
        Ok(take(&self.known, &numbers.iter().map(place).collect::<UInt32Array>(), None)?)
    }

    /// Of two rows of one time.
    fn tie(&self, a: u32, b: u32) -> Ordering {
        let known = self.ties.get_or_init(|| self.chunks.iter().map(|(.., c)| tie_bytes(c)).collect());
        // What went wrong is said when all rows are in order.
        let Ok(known) = known else { return Ordering::Equal };
        let of = |row: u32| {
            let (chunk, offset) = self.place(row);
            let bytes = known.get(chunk).and_then(Option::as_ref).map(|bytes| bytes.value(offset));
            (self.chunks.get(chunk).map(|c| c.1), bytes)
        };
        of(a).cmp(&of(b))
    }

    /// The chunk of a row, and its place there.
    fn place(&self, row: u32) -> (usize, usize) {
        let chunk = self.chunks.partition_point(|(first, ..)| *first <= row).saturating_sub(1);
        (chunk, self.chunks.get(chunk).map_or(0, |(first, ..)| (row - first) as usize))
    }

    /// What is kept of the given rows under a number.
    pub(crate) fn values(&self, number: usize, rows: &[u32]) -> Result<ArrayRef, RowError> {
        let arrays: Vec<ArrayRef> = self.chunks.iter().filter_map(|(.., c)| c.values.get(number).cloned()).collect();
        let arrays = alike(&arrays)?;
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        let places: Vec<(usize, usize)> = rows.iter().map(|row| self.place(*row)).collect();
        Ok(datafusion::arrow::compute::interleave(&arrays, &places)?)
    }
}

fn tie_bytes(chunk: &Chunk) -> Result<Option<BinaryArray>, RowError> {
    let arrays: Vec<ArrayRef> = chunk.key.iter().chain(&chunk.values).cloned().collect();
    if arrays.is_empty() { Ok(None) } else { Ok(Some(sortable(&arrays)?)) }
}

/// The numbers that the values of one dictionary have in another.
fn renumbered(from: &Dictionary, into: &mut Dictionary) -> Vec<u32> {
    let mut values: Vec<(&u32, &[u8])> = from.ids.iter().map(|(bytes, id)| (id, bytes.as_ref())).collect();
    values.sort_unstable();
    values.into_iter().map(|(_, bytes)| into.id(bytes)).collect()
}

pub(super) fn together(pieces: &[ArrayRef]) -> Result<ArrayRef, RowError> {
    if pieces.is_empty() {
        return Ok(new_empty_array(&DataType::Utf8View));
    }
    let pieces = alike(pieces)?;
    Ok(concat(&pieces.iter().map(AsRef::as_ref).collect::<Vec<_>>())?)
}

/// Arrays of one type: decimals of the finest scale among them.
fn alike(arrays: &[ArrayRef]) -> Result<Vec<ArrayRef>, RowError> {
    let mut ty: Option<&DataType> = None;
    for array in arrays {
        let finer = match (ty, array.data_type()) {
            (Some(DataType::Decimal128(_, a)), DataType::Decimal128(_, b)) => b > a,
            (known, _) => known.is_none(),
        };
        if finer {
            ty = Some(array.data_type());
        }
    }
    let Some(ty) = ty else { return Ok(Vec::new()) };
    let each = |array: &ArrayRef| if array.data_type() == ty { Ok(array.clone()) } else { cast(array, ty) };
    Ok(arrays.iter().map(each).collect::<Result<_, _>>()?)
}

/// The ends of civil periods, the last of them remembered.
pub(crate) struct Periods<'a> {
    calendar: &'a Calendar,
    grain: Grain,
    last: (i64, i64),
}

impl<'a> Periods<'a> {
    pub(crate) fn new(calendar: &'a Calendar, grain: Grain) -> Self {
        Self { calendar, grain, last: (0, 0) }
    }

    /// The end of the period that holds an instant, in microseconds.
    pub(crate) fn end(&mut self, time: i64) -> i64 {
        if !(self.last.0 <= time && time < self.last.1) {
            let at = Timestamp::from_microsecond(time).unwrap_or(Timestamp::MAX);
            let start = micros(self.calendar.floor(at, self.grain));
            self.last = (start, micros(self.calendar.next(at, self.grain)));
        }
        self.last.1
    }
}
