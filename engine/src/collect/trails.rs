//! The rows of a trail from everywhere: each actor's in order of time.

use std::collections::{BTreeMap, BTreeSet};

use kepi_lang::ir::JourneyKind;
use kepi_lang::value::Value;

use crate::collect::table::Leaves;
use crate::operators::shards::{ByActor, Row, SHARDS};
use crate::operators::trail::NOTHING;
use crate::operators::{Reader, decode_value};
use crate::parallel::parallel;
use crate::plan::micros;

/// In the order of these fields: rows that are alike are always in the same order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step {
    /// Microseconds.
    pub time: i64,
    /// The sets that it belongs to.
    pub tags: u32,
    /// What else is known of it, by number, in order of the breakdown's value and of what is kept.
    more: u32,
}

/// The rest of a row.
#[derive(Clone, Copy, Debug)]
struct More {
    /// The breakdown's value.
    by: u32,
    /// What is kept, by number, or `NOTHING`.
    kept: u32,
}

/// The rank of the breakdown's value, what is kept, and the value by number.
type Rest = (u32, u32, u32);

/// Some actors with all of their rows.
pub(super) struct Shard(ByActor<Step>);

impl Shard {
    /// Each actor's rows, in order of time; there are some.
    pub(super) fn actors(&self) -> impl Iterator<Item = &[Step]> {
        self.0.each().map(|(_, rows)| rows)
    }
}

pub(crate) struct Trail {
    shards: Vec<Shard>,
    more: Vec<More>,
    /// What is kept, by number.
    values: Vec<Value>,
    times: Option<(i64, i64)>,
    threads: usize,
}

impl Trail {
    /// `breakdowns`: by number, as bytes. `None`: the states are not a trail's.
    pub(super) fn new(mut leaves: Leaves, breakdowns: &[Box<[u8]>], threads: usize) -> Option<Self> {
        let mut cells = Vec::new();
        for (outer, cell) in leaves.of.iter().zip(&leaves.cells) {
            let (_, by) = *leaves.outers.get(*outer as usize)?;
            cells.push((by, leaves.accumulator.trail(*cell as usize)?));
        }
        let mut names = Vec::new();
        for (by, _) in &cells {
            names.push((&**breakdowns.get(*by as usize)?, *by));
        }
        names.sort_unstable();
        names.dedup();
        let rank: BTreeMap<u32, u32> = names.into_iter().map(|(_, by)| by).zip(0..).collect();
        let mut kept: Vec<&[u8]> = cells.iter().flat_map(|(_, c)| c.kept.iter().map(|k| &**k)).collect();
        kept.sort_unstable();
        kept.dedup();
        let values = kept.iter().map(|bytes| decode_value(&mut Reader::new(bytes))).collect::<Option<Vec<_>>>()?;
        // Of each cell's codes: the tags, and the rest.
        let mut known: Vec<Vec<(u32, Rest)>> = Vec::new();
        for (by, cell) in &cells {
            let own = cell.kept.iter().map(|k| kept.binary_search(&&**k).ok().map(|at| at as u32));
            let own = own.collect::<Option<Vec<u32>>>()?;
            let rank = *rank.get(by)?;
            let codes = cell.codes.iter().map(|(tags, kept)| {
                let kept = if *kept == NOTHING { NOTHING } else { *own.get(*kept as usize)? };
                Some((*tags, (rank, kept, *by)))
            });
            known.push(codes.collect::<Option<Vec<_>>>()?);
        }
        let mut all: Vec<Rest> = known.iter().flatten().map(|(_, more)| *more).collect();
        all.sort_unstable();
        all.dedup();
        let number = |more: &Rest| all.binary_search(more).ok().map(|at| at as u32);
        let codes = known.iter().map(|own| own.iter().map(|(tags, more)| Some((*tags, number(more)?))).collect());
        let codes = codes.collect::<Option<Vec<Vec<(u32, u32)>>>>()?;
        let mut shards: Vec<Vec<Vec<Vec<Row>>>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for (_, cell) in cells {
            for (shard, pieces) in shards.iter_mut().zip(cell.rows.into_shards()) {
                shard.push(pieces);
            }
        }
        let shards = parallel(shards.into_iter().enumerate().collect(), threads, |(number, parts)| {
            let mut rows = ByActor::new(number, &parts, |part, row| {
                let code = codes.get(part).and_then(|codes| codes.get(row.code as usize));
                let (tags, more) = code.copied().unwrap_or_default();
                Step { time: row.time, tags, more }
            });
            drop(parts);
            rows.sort(|a, b| a <= b, Step::cmp);
            Shard(rows)
        });
        let more = all.into_iter().map(|(_, kept, by)| More { by, kept }).collect();
        let mut trail = Self { shards, more, values, times: None, threads };
        let ends = |shard: &Shard| {
            let ends = shard.actors().filter_map(|rows| Some((rows.first()?.time, rows.last()?.time)));
            ends.reduce(|(a, b), (from, to)| (a.min(from), b.max(to)))
        };
        let times = trail.each(ends).into_iter().flatten();
        trail.times = times.reduce(|(a, b), (from, to)| (a.min(from), b.max(to)));
        Some(trail)
    }

    /// Something of each shard, on all threads; in the order of the shards, which says nothing about the actors.
    pub(super) fn each<R: Send>(&self, of: impl Fn(&Shard) -> R + Sync) -> Vec<R> {
        parallel(self.shards.iter().collect(), self.threads, of)
    }

    /// The first and the last time.
    pub(super) fn times(&self) -> Option<(i64, i64)> {
        self.times
    }

    /// The breakdown's value of a row.
    pub(super) fn by(&self, step: &Step) -> u32 {
        self.more.get(step.more as usize).map_or(0, |more| more.by)
    }

    /// What is kept of a row, by number, or `NOTHING`.
    pub(super) fn kept(&self, step: &Step) -> u32 {
        self.more.get(step.more as usize).map_or(NOTHING, |more| more.kept)
    }

    /// What is kept of a row.
    pub(super) fn value(&self, step: &Step) -> &Value {
        self.values.get(self.kept(step) as usize).unwrap_or(&Value::Null)
    }

    /// When a row that lasts ends, in microseconds; the end of time for one that does not.
    pub(super) fn until(&self, step: &Step) -> i64 {
        match self.value(step) {
            Value::Instant(until) => micros(*until),
            _ => i64::MAX,
        }
    }

    /// The breakdown's values of those who enter, for each of some spans.
    pub(super) fn groups_in(&self, entries: u32, spans: &[(i64, i64)]) -> Vec<BTreeSet<u32>> {
        let all = self.each(|shard| {
            let mut found = vec![BTreeSet::new(); spans.len()];
            for step in shard.0.rows.iter().filter(|step| step.tags & entries != 0) {
                let last = if step.tags & JourneyKind::SPAN != 0 { self.until(step) } else { step.time };
                let inside = |(_, (from, to)): &(_, &(i64, i64))| last >= *from && step.time < *to;
                for (found, _) in found.iter_mut().zip(spans).filter(inside) {
                    found.insert(self.by(step));
                }
            }
            found
        });
        let mut found = vec![BTreeSet::new(); spans.len()];
        for shard in all {
            found.iter_mut().zip(shard).for_each(|(found, more)| found.extend(more));
        }
        found
    }
}
