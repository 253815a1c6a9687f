//! Rows of one branch, collected by one partition: actors by number, times, and what is kept of each row.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, ArrayRef, UInt32Array};
use datafusion::arrow::compute::take;

use crate::operators::View;
use crate::rows::{FastState, RowError};

/// Distinct values, numbered as they come.
#[derive(Default)]
pub(crate) struct Dictionary {
    pub ids: HashMap<Box<[u8]>, u32, FastState>,
}

impl Dictionary {
    /// The number of a value, and whether it is new.
    pub(crate) fn id(&mut self, bytes: &[u8]) -> (u32, bool) {
        if let Some(id) = self.ids.get(bytes) {
            return (*id, false);
        }
        let id = self.ids.len() as u32;
        self.ids.insert(bytes.into(), id);
        (id, true)
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
    pub actors: Dictionary,
    /// The actors in the order of their numbers, in pieces.
    pub known: Vec<ArrayRef>,
    pub actor: Vec<u32>,
    pub time: Vec<i64>,
    /// Instants, or numbers of what is equal; [`NOTHING`] where it is null. Empty where nothing is collected besides.
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
        let rows = self.actor.capacity() * 4 + (self.time.capacity() + self.also.capacity()) * 8;
        rows + self.columns * VALUE + (self.actors.ids.len() + self.others.ids.len()) * KNOWN
    }

    /// Adds the given rows of a batch; each has an actor and a time.
    pub(crate) fn add(
        &mut self,
        rows: &[u32],
        clock: &[i64],
        actor: &ArrayRef,
        also: Option<&ArrayRef>,
        values: &[ArrayRef],
        key: &[ArrayRef],
    ) -> Result<(), RowError> {
        let view = View::new(actor)?;
        let (mut bytes, mut last, mut new) = (Vec::new(), (Vec::new(), u32::MAX), Vec::new());
        for row in rows {
            bytes.clear();
            view.encode(*row as usize, &mut bytes);
            if last.1 == u32::MAX || last.0 != bytes {
                let (id, is_new) = self.actors.id(&bytes);
                if is_new {
                    new.push(*row);
                }
                last.0.clone_from(&bytes);
                last.1 = id;
            }
            self.actor.push(last.1);
        }
        self.time.extend(rows.iter().filter_map(|row| clock.get(*row as usize)));
        if !new.is_empty() {
            self.known.push(take(actor, &UInt32Array::from(new), None)?);
        }
        if let Some(also) = also {
            let view = View::new(also)?;
            for row in rows {
                let row = *row as usize;
                self.also.push(match &view {
                    _ if view.is_null(row) => NOTHING,
                    View::Instant(times) => times.value(row),
                    _ => {
                        bytes.clear();
                        view.encode(row, &mut bytes);
                        i64::from(self.others.id(&bytes).0)
                    }
                });
            }
        }
        let taken = UInt32Array::from(rows.to_vec());
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
