//! Collected rows in order: actor by actor, each in order of time; ties by the source's key, then by the values.

use std::cell::OnceCell;
use std::cmp::Ordering;

use datafusion::arrow::array::{Array, ArrayRef, BinaryArray, UInt32Array, new_empty_array};
use datafusion::arrow::compute::{cast, concat, take};
use datafusion::arrow::datatypes::DataType;
use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, Grain};

use crate::derive::collect::{Chunk, Collector, Dictionary, NOTHING};
use crate::plan::micros;
use crate::rows::RowError;
use crate::sources::sortable;

/// All rows of a derived set's branches.
pub(crate) struct Ordered {
    /// By number of actor.
    pub actors: ArrayRef,
    /// Where each actor's rows begin in `order`; one more at the end.
    starts: Vec<u32>,
    order: Vec<u32>,
    time: Vec<i64>,
    also: Vec<i64>,
    /// Branch and batch of the rows, with the number of the first of them; ascending.
    chunks: Vec<(u32, usize, Chunk)>,
}

impl Ordered {
    pub(crate) fn new(collected: Vec<(usize, Collector)>) -> Result<Self, RowError> {
        let rows: usize = collected.iter().map(|(_, c)| c.time.len()).sum();
        if u32::try_from(rows).is_err() {
            return Err(RowError::Overflow(format!("the number of rows that others are made of, {rows},")));
        }
        let (mut actors, mut others) = (Dictionary::default(), Dictionary::default());
        let mut known: Vec<ArrayRef> = Vec::new();
        let (mut actor, mut time, mut also) = (Vec::with_capacity(rows), Vec::with_capacity(rows), Vec::new());
        let mut chunks = Vec::new();
        for (branch, collector) in collected {
            let mut new = Vec::new();
            let ids = renumbered(&collector.actors, &mut actors, &mut new);
            let types = collector.known.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>();
            if !new.is_empty() {
                known.push(take(&concat(&types)?, &UInt32Array::from(new), None)?);
            }
            actor.extend(collector.actor.iter().map(|id| ids.get(*id as usize).copied().unwrap_or(0)));
            if collector.others.ids.is_empty() {
                also.extend(collector.also);
            } else {
                let ids = renumbered(&collector.others, &mut others, &mut Vec::new());
                let id =
                    |n: &i64| if *n == NOTHING { NOTHING } else { ids.get(*n as usize).copied().map_or(0, i64::from) };
                also.extend(collector.also.iter().map(id));
            }
            let mut first = time.len();
            for chunk in collector.chunks {
                let rows = chunk.rows;
                chunks.push((first as u32, branch, chunk));
                first += rows;
            }
            time.extend(collector.time);
        }
        let actors = together(&known)?;
        let (starts, order) = by_actor(&actor, actors.len());
        let mut ordered = Self { actors, starts, order, time, also, chunks };
        ordered.sort()?;
        Ok(ordered)
    }

    /// Actors with their rows, in order of time.
    pub(crate) fn actors(&self) -> impl Iterator<Item = (u32, &[u32])> {
        (0u32..).zip(self.starts.windows(2)).map(|(actor, bounds)| {
            let [from, to] = bounds else { return (actor, &[][..]) };
            (actor, self.order.get(*from as usize..*to as usize).unwrap_or_default())
        })
    }

    pub(crate) fn time(&self, row: u32) -> i64 {
        self.time.get(row as usize).copied().unwrap_or(i64::MIN)
    }

    /// What was collected of a row besides.
    pub(crate) fn also(&self, row: u32) -> i64 {
        self.also.get(row as usize).copied().unwrap_or(NOTHING)
    }

    fn sort(&mut self) -> Result<(), RowError> {
        let mut order = std::mem::take(&mut self.order);
        let ties: OnceCell<Result<Vec<Option<BinaryArray>>, RowError>> = OnceCell::new();
        let mut failed = None;
        for bounds in self.starts.windows(2) {
            let [from, to] = bounds else { continue };
            let Some(rows) = order.get_mut(*from as usize..*to as usize) else { continue };
            let times = |row: &u32| self.time(*row);
            // The rows of an actor come in order of time more often than not.
            if rows.is_sorted_by(|a, b| times(a) < times(b)) {
                continue;
            }
            rows.sort_unstable_by(|a, b| {
                times(a).cmp(&times(b)).then_with(|| {
                    let known = ties.get_or_init(|| self.chunks.iter().map(|(.., c)| tie_bytes(c)).collect());
                    match known {
                        Ok(known) => self.tie(known, *a, *b),
                        Err(e) => {
                            failed = Some(RowError::clone(e));
                            Ordering::Equal
                        }
                    }
                })
            });
        }
        self.order = order;
        failed.map_or(Ok(()), Err)
    }

    /// Of two rows of one time.
    fn tie(&self, known: &[Option<BinaryArray>], a: u32, b: u32) -> Ordering {
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

/// The numbers that the values of one dictionary have in another; `new`: those that it did not have.
fn renumbered(from: &Dictionary, into: &mut Dictionary, new: &mut Vec<u32>) -> Vec<u32> {
    let mut values: Vec<(&u32, &[u8])> = from.ids.iter().map(|(bytes, id)| (id, bytes.as_ref())).collect();
    values.sort_unstable();
    let mut ids = Vec::with_capacity(values.len());
    for (id, bytes) in values {
        let (there, is_new) = into.id(bytes);
        if is_new {
            new.push(*id);
        }
        ids.push(there);
    }
    ids
}

/// Rows by actor: where each actor's begin, and the rows in the order in which they came.
fn by_actor(actor: &[u32], actors: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; actors + 1];
    for id in actor {
        if let Some(count) = starts.get_mut(*id as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut next = starts.clone();
    let mut order = vec![0u32; actor.len()];
    for (row, id) in (0u32..).zip(actor) {
        let Some(at) = next.get_mut(*id as usize) else { continue };
        if let Some(slot) = order.get_mut(*at as usize) {
            *slot = row;
        }
        *at += 1;
    }
    (starts, order)
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
