//! The rows of a trail from everywhere: each actor's in order of time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kepi_lang::ir::JourneyKind;
use kepi_lang::value::Value;

use crate::collect::table::{Leaves, ROOT};
use crate::operators::trail::NOTHING;
use crate::operators::{Reader, decode_value};
use crate::plan::micros;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step {
    /// Microseconds.
    pub time: i64,
    /// The sets that it belongs to.
    pub tags: u32,
    /// Rank of the breakdown's value, and of what is kept: the order of rows that are alike is always the same.
    rank: u32,
    pub kept: u32,
    /// The breakdown's value.
    pub by: u32,
}

pub(crate) struct Trail {
    /// Where each actor's rows begin; and the end of the last.
    starts: Vec<usize>,
    steps: Vec<Step>,
    /// What is kept, by number.
    values: Vec<Value>,
    times: Option<(i64, i64)>,
}

impl Trail {
    /// `breakdowns`: by number, as bytes. `None`: the states are not a trail's.
    pub(super) fn new(leaves: &mut Leaves, breakdowns: &[Box<[u8]>]) -> Option<Self> {
        let order: BTreeMap<&[u8], u32> = {
            let used: BTreeSet<u32> = leaves.outers.iter().map(|(_, by)| *by).collect();
            let names: Option<BTreeSet<&[u8]>> =
                used.iter().map(|by| breakdowns.get(*by as usize).map(|b| &**b)).collect();
            names?.into_iter().zip(0..).collect()
        };
        let mut cells = Vec::new();
        for (outer, cell) in leaves.of.iter().zip(&leaves.cells) {
            let (_, by) = *leaves.outers.get(*outer as usize)?;
            let rank = *order.get(&**breakdowns.get(by as usize)?)?;
            cells.push((leaves.accumulator.trail(*cell as usize)?, (by, rank)));
        }
        let actors: BTreeSet<u128> = cells.iter().flat_map(|(c, _)| c.actors.iter().copied()).collect();
        let actors: HashMap<u128, usize, crate::rows::FastState> = actors.into_iter().zip(0..).collect();
        let kept: BTreeSet<&[u8]> = cells.iter().flat_map(|(c, _)| c.kept.iter().map(|k| &**k)).collect();
        let kept: BTreeMap<&[u8], u32> = kept.into_iter().zip(0..).collect();
        let mut values = Vec::with_capacity(kept.len());
        for bytes in kept.keys() {
            values.push(decode_value(&mut Reader::new(bytes))?);
        }
        let mut starts = vec![0usize; actors.len() + 1];
        let mut owners = Vec::new();
        for (cell, _) in &cells {
            let own: Option<Vec<usize>> = cell.actors.iter().map(|a| actors.get(a).copied()).collect();
            let own = own?;
            for row in &cell.rows {
                *starts.get_mut(*own.get(row.actor as usize)? + 1)? += 1;
            }
            owners.push(own);
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let mut free = starts.clone();
        let blank = Step { time: 0, tags: 0, rank: 0, kept: NOTHING, by: ROOT };
        let mut steps = vec![blank; total];
        for ((cell, (by, rank)), own) in cells.iter().zip(&owners) {
            let known: Option<Vec<u32>> = cell.kept.iter().map(|k| kept.get(&**k).copied()).collect();
            let known = known?;
            for row in &cell.rows {
                let place = free.get_mut(*own.get(row.actor as usize)?)?;
                let kept = if row.kept == NOTHING { NOTHING } else { *known.get(row.kept as usize)? };
                *steps.get_mut(*place)? = Step { time: row.time, tags: row.tags, rank: *rank, kept, by: *by };
                *place += 1;
            }
        }
        drop(kept);
        for bounds in starts.windows(2) {
            if let [from, to] = bounds
                && let Some(own) = steps.get_mut(*from..*to)
            {
                own.sort_unstable();
            }
        }
        let times = steps.iter().map(|s| s.time).min().zip(steps.iter().map(|s| s.time).max());
        Some(Self { starts, steps, values, times })
    }

    /// Each actor's rows, in order of time.
    pub(super) fn actors(&self) -> impl Iterator<Item = &[Step]> {
        self.starts.windows(2).filter_map(|bounds| match bounds {
            [from, to] => self.steps.get(*from..*to),
            _ => None,
        })
    }

    /// The first and the last time.
    pub(super) fn times(&self) -> Option<(i64, i64)> {
        self.times
    }

    pub(super) fn value(&self, kept: u32) -> &Value {
        self.values.get(kept as usize).unwrap_or(&Value::Null)
    }

    /// When a row that lasts ends, in microseconds; the end of time for one that does not.
    pub(super) fn until(&self, step: &Step) -> i64 {
        match self.value(step.kept) {
            Value::Instant(until) => micros(*until),
            _ => i64::MAX,
        }
    }

    /// The breakdown's values of those who enter in a span.
    pub(super) fn groups_in(&self, entries: u32, (from, to): (i64, i64)) -> BTreeSet<u32> {
        let inside = self.steps.iter().filter(|s| {
            let last = if s.tags & JourneyKind::SPAN != 0 { self.until(s) } else { s.time };
            s.tags & entries != 0 && last >= from && s.time < to
        });
        inside.map(|s| s.by).collect()
    }
}
