//! Rows of one branch, collected by one partition: by actor in shards, their times, and what is kept of each row.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, ArrayRef, UInt32Array};
use datafusion::arrow::compute::take;

use crate::operators::View;
use crate::operators::shards::{Row, Shards};
use crate::rows::{FastState, RowError};

/// Distinct values, numbered as they come.
#[derive(Default)]
pub(crate) struct Dictionary {
    pub ids: HashMap<Box<[u8]>, u32, FastState>,
}

impl Dictionary {
    /// The number of a value.
    pub(crate) fn id(&mut self, bytes: &[u8]) -> u32 {
        if let Some(id) = self.ids.get(bytes) {
            return *id;
        }
        let id = self.ids.len() as u32;
        self.ids.insert(bytes.into(), id);
        id
    }
}

/// Numbers that were seen: bits, a page of them at a time.
#[derive(Default)]
struct Seen {
    pages: Vec<Vec<u64>>,
}

impl Seen {
    /// Whether a number is new.
    fn add(&mut self, number: u32) -> bool {
        const WORDS: usize = 1024;
        let (page, bit) = (number as usize / (WORDS * 64), number as usize % (WORDS * 64));
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, Vec::new);
        }
        let Some(words) = self.pages.get_mut(page) else { return false };
        if words.is_empty() {
            words.resize(WORDS, 0);
        }
        let Some(word) = words.get_mut(bit / 64) else { return false };
        let is_new = *word & 1 << (bit % 64) == 0;
        *word |= 1 << (bit % 64);
        is_new
    }
}

/// What is kept of the rows of one batch.
pub(crate) struct Chunk {
    pub rows: usize,
    pub values: Vec<ArrayRef>,
    /// The source's key, for rows of one time.
    pub key: Vec<ArrayRef>,
}

/// Stands for "none" among what is collected besides.
pub(crate) const NOTHING: i64 = i64::MAX;

#[derive(Default)]
pub(crate) struct Collector {
    /// The code of a row is its place among all of them.
    pub rows: Shards,
    seen: Seen,
    /// The numbers of the actors, each once, and the actors themselves, in pieces.
    pub numbers: Vec<u32>,
    pub known: Vec<ArrayRef>,
    /// Instants, or numbers of what is equal; [`NOTHING`] where it is null; by place. Empty where nothing is collected besides.
    pub also: Vec<i64>,
    pub others: Dictionary,
    pub chunks: Vec<Chunk>,
    /// Columns of all rows that are kept.
    columns: usize,
}

impl Collector {
    /// Bytes of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        const VALUE: usize = 24;
        const KNOWN: usize = 80;
        let rows = self.rows.bytes() + self.also.capacity() * 8;
        rows + self.columns * VALUE + self.numbers.len() * (VALUE + 4) + self.others.ids.len() * KNOWN
    }

    /// Adds rows of actors that are known by their numbers; those that were not yet, as places among these rows.
    pub(crate) fn push(&mut self, rows: impl Iterator<Item = (u32, i64)>) -> Vec<u32> {
        let mut new = Vec::new();
        for (place, (actor, time)) in (0u32..).zip(rows) {
            if self.seen.add(actor) {
                new.push(place);
                self.numbers.push(actor);
            }
            self.rows.push(Row { time, actor, code: self.rows.len() as u32 });
        }
        new
    }

    /// Adds the given rows of a batch; each has an actor and a time.
    pub(crate) fn add(
        &mut self,
        rows: &[u32],
        clock: &[i64],
        (actor, ids): (&ArrayRef, &[u32]),
        also: Option<&ArrayRef>,
        values: &[ArrayRef],
        key: &[ArrayRef],
    ) -> Result<(), RowError> {
        let each = rows.iter().filter_map(|row| Some((*ids.get(*row as usize)?, *clock.get(*row as usize)?)));
        let new = self.push(each);
        if !new.is_empty() {
            let new = new.into_iter().filter_map(|place| rows.get(place as usize).copied());
            self.known.push(take(actor, &UInt32Array::from(new.collect::<Vec<_>>()), None)?);
        }
        if let Some(also) = also {
            let mut bytes = Vec::new();
            let view = View::new(also)?;
            for row in rows {
                let row = *row as usize;
                self.also.push(match &view {
                    _ if view.is_null(row) => NOTHING,
                    View::Instant(times) => times.value(row),
                    _ => {
                        bytes.clear();
                        view.encode(row, &mut bytes);
                        i64::from(self.others.id(&bytes))
                    }
                });
            }
        }
        let taken = UInt32Array::from(if values.is_empty() { Vec::new() } else { rows.to_vec() });
        let all = rows.len() == actor.len();
        let keep = |array: &ArrayRef| if all { Ok(array.clone()) } else { take(array, &taken, None) };
        self.columns += rows.len() * (values.len() + key.len());
        self.chunks.push(Chunk {
            rows: rows.len(),
            values: values.iter().map(keep).collect::<Result<_, _>>()?,
            key: key.iter().map(keep).collect::<Result<_, _>>()?,
        });
        Ok(())
    }
}
