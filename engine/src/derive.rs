//! Rows that are made of other rows: collected while their source is scanned, put in order actor by actor, made, and measured
//! like the rows of any source. Nothing here depends on how the source's rows were split.

mod collect;
mod order;
mod rows;
mod sessions;
mod shelf;

use std::sync::{Arc, Mutex, PoisonError};

use kepi_lang::calendar::Calendar;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{Edge, Rule};

use crate::operators::shards::{ByActor, SHARDS};
use crate::parallel::parallel;
use crate::plan::Plan;
use crate::plan::derived::PlannedDerived;
use crate::plan::suite::SuiteSpec;
use crate::plan::timeline::Timeline;
use crate::rows::RowError;
use crate::sources::Clean;
use order::{Item, Rows};
use rows::Made;
use shelf::Shelved;

pub(crate) use collect::Collector;

/// What partitions have collected for the derived sets.
#[derive(Default)]
pub(crate) struct Gathered {
    /// By derived set and branch.
    kept: Mutex<Vec<(usize, usize, Collector)>>,
    shelved: Mutex<Vec<(usize, usize, Shelved)>>,
}

impl Gathered {
    /// Keeps what one partition has collected for a branch of a derived set.
    pub(crate) fn keep(&self, derived: usize, branch: usize, collector: Collector) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push((derived, branch, collector));
    }

    /// The same, of what was put into a temporary file.
    pub(crate) fn shelve(&self, derived: usize, branch: usize, shelved: Shelved) {
        self.shelved.lock().unwrap_or_else(PoisonError::into_inner).push((derived, branch, shelved));
    }
}

/// Takes what is of one derived set, by branch.
fn take<T>(from: &Mutex<Vec<(usize, usize, T)>>, derived: usize) -> Vec<(usize, T)> {
    let mut from = from.lock().unwrap_or_else(PoisonError::into_inner);
    let all = std::mem::take(&mut *from);
    let (mine, others) = all.into_iter().partition(|(number, ..)| *number == derived);
    *from = others;
    mine.into_iter().map(|(_, branch, of)| (branch, of)).collect()
}

/// A derived set, and the rows that it is made of.
pub(crate) struct Source<'a> {
    planned: &'a PlannedDerived,
    rows: Collected,
    calendar: &'a Calendar,
    /// Rows before this instant are all there; microseconds.
    known_to: i64,
    threads: usize,
}

enum Collected {
    Memory(Rows),
    /// By branch.
    Files(Vec<(usize, Shelved)>),
}

impl<'a> Source<'a> {
    /// Takes what was collected for the set with this number.
    pub(crate) fn new(
        plan: &'a Plan,
        number: usize,
        gathered: &Gathered,
        calendar: &'a Calendar,
        known_to: i64,
        threads: usize,
    ) -> Result<Option<Self>, Diagnostic> {
        let Some(planned) = plan.derived.get(number) else { return Ok(None) };
        let (kept, mut shelved) = (take(&gathered.kept, number), take(&gathered.shelved, number));
        let spill = shelved.first().map(|(_, shelved)| Arc::clone(&shelved.spill));
        let rows = match spill {
            None => Collected::Memory(Rows::new(kept, threads).map_err(|e| internal(&e))?),
            Some(spill) => {
                for (branch, collector) in kept {
                    shelved.push((branch, collector.shelve(&spill)?));
                }
                Collected::Files(shelved)
            }
        };
        Ok(Some(Self { planned, rows, calendar, known_to, threads }))
    }

    /// The rows, for the measures of one suite: on several threads, of which each begins with something of its own. Which of them
    /// visits what does not depend on which is faster. What has become of it; and of sessions that may go on, the starts.
    pub(crate) fn each<S: Send>(
        &self,
        plan: &Plan,
        spec: &SuiteSpec,
        begin: impl Fn() -> S + Sync,
        visit: impl Fn(&mut S, Clean) -> Result<(), Diagnostic> + Sync,
    ) -> Result<(Vec<S>, Vec<i64>), Diagnostic> {
        let shards = match &self.rows {
            Collected::Memory(rows) => rows.shards.len(),
            Collected::Files(_) => SHARDS,
        };
        // What lies in files is in memory a shard at a time.
        let threads = match &self.rows {
            Collected::Memory(_) => self.threads.min(shards),
            Collected::Files(_) => 1,
        };
        let one = |thread: usize| {
            let (mut state, mut open) = (begin(), Vec::new());
            for shard in (thread..shards).step_by(threads) {
                open.extend(self.shard(plan, spec, shard, &mut |clean| visit(&mut state, clean))?);
            }
            Ok((state, open))
        };
        let (mut states, mut open) = (Vec::new(), Vec::new());
        for made in parallel((0..threads).collect(), threads, one) {
            let (state, more) = made?;
            states.push(state);
            open.extend(more);
        }
        open.sort_unstable();
        Ok((states, open))
    }

    fn shard(
        &self,
        plan: &Plan,
        spec: &SuiteSpec,
        shard: usize,
        visit: &mut dyn FnMut(Clean) -> Result<(), Diagnostic>,
    ) -> Result<Vec<i64>, Diagnostic> {
        let (planned, calendar, known_to) = (self.planned, self.calendar, self.known_to);
        let each = |rows: &Rows, shard: &ByActor<Item>, visit: &mut dyn FnMut(Clean) -> Result<(), Diagnostic>| {
            Making { planned, rows, shard, calendar, known_to }.each(plan, spec, visit)
        };
        match &self.rows {
            Collected::Memory(rows) => {
                rows.shards.get(shard).map_or_else(|| Ok(Vec::new()), |shard| each(rows, shard, visit))
            }
            Collected::Files(shelved) => {
                let mut collected = Vec::new();
                for (branch, shelved) in shelved {
                    collected.extend(shelved.shard(shard)?.map(|collector| (*branch, collector)));
                }
                let rows = Rows::new(collected, self.threads).map_err(|e| internal(&e))?;
                let mut open = Vec::new();
                for shard in &rows.shards {
                    open.extend(each(&rows, shard, visit)?);
                }
                Ok(open)
            }
        }
    }
}

/// Actors with all of their rows, in order.
struct Making<'a> {
    planned: &'a PlannedDerived,
    rows: &'a Rows,
    shard: &'a ByActor<Item>,
    calendar: &'a Calendar,
    /// Rows before this instant are all there; microseconds.
    known_to: i64,
}

impl Making<'_> {
    fn each(
        &self,
        plan: &Plan,
        spec: &SuiteSpec,
        visit: &mut dyn FnMut(Clean) -> Result<(), Diagnostic>,
    ) -> Result<Vec<i64>, Diagnostic> {
        let mut made = Made::default();
        match &self.planned.derived.rule {
            Rule::First => self.first(&mut made),
            Rule::FirstOf(grain) => self.first_of(*grain, &mut made),
            Rule::Asked(edge) => {
                let timeline = spec.spaces.first().and_then(|s| plan.timelines.get(s.timeline));
                self.asked(*edge, timeline, &mut made);
            }
            Rule::Sessions(rule) => self.sessions(rule, &mut made),
            Rule::Open => {
                let timeline = spec.spaces.first().and_then(|s| plan.timelines.get(s.timeline));
                self.open(timeline, visit)?;
                return Ok(Vec::new());
            }
        }
        self.measured(&made, visit)?;
        Ok(made.open)
    }

    fn measured(&self, made: &Made, visit: &mut dyn FnMut(Clean) -> Result<(), Diagnostic>) -> Result<(), Diagnostic> {
        made.batches(self.rows, &self.planned.made, self.calendar, visit).map_err(|e| match e {
            rows::Failed::Row(e) => internal(&e),
            rows::Failed::Finding(finding) => finding,
        })
    }

    /// The rows that are open at the end of each span of a timeline: begun before it, and not ended before it. A row may be there
    /// in every span, so that they are measured as they come.
    fn open(
        &self,
        timeline: Option<&Timeline>,
        visit: &mut dyn FnMut(Clean) -> Result<(), Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let mut made = Made::of_spans();
        for (span, (_, end)) in (0u32..).zip(timeline.map(|t| t.each.as_slice()).unwrap_or_default()) {
            for (actor, own) in self.shard.each() {
                let begun = own.partition_point(|row| row.time < *end);
                for row in own.get(..begun).unwrap_or_default() {
                    if self.rows.also(row) >= *end {
                        made.one(actor, row);
                        made.spans.iter_mut().for_each(|spans| spans.push(span));
                    }
                }
            }
            if made.len() >= rows::BATCH {
                self.measured(&made, visit)?;
                made = Made::of_spans();
            }
        }
        self.measured(&made, visit)
    }

    fn first(&self, out: &mut Made) {
        for (actor, rows) in self.shard.each() {
            rows.first().into_iter().for_each(|row| out.one(actor, row));
        }
    }

    fn first_of(&self, grain: kepi_lang::calendar::Grain, out: &mut Made) {
        let mut periods = order::Periods::new(self.calendar, grain);
        for (actor, rows) in self.shard.each() {
            let mut until = i64::MIN;
            for row in rows {
                if row.time >= until {
                    out.one(actor, row);
                    until = periods.end(row.time);
                }
            }
        }
    }

    /// The first or last row of each actor in each span of a timeline.
    fn asked(&self, edge: Edge, timeline: Option<&Timeline>, out: &mut Made) {
        let spans = timeline.map(|t| t.each.as_slice()).unwrap_or_default();
        out.spans = Some(Vec::new());
        for (actor, rows) in self.shard.each() {
            for (span, (from, to)) in (0u32..).zip(spans) {
                let low = rows.partition_point(|row| row.time < *from);
                let high = rows.partition_point(|row| row.time < *to);
                let row = match edge {
                    Edge::First => rows.get(low..high).and_then(<[Item]>::first),
                    Edge::Last => rows.get(low..high).and_then(<[Item]>::last),
                };
                if let Some(row) = row {
                    out.one(actor, row);
                    out.spans.iter_mut().for_each(|spans| spans.push(span));
                }
            }
        }
    }
}

fn internal(error: &RowError) -> Diagnostic {
    Diagnostic::without_place(Code::Internal, format!("rows that are made of others: {error}"))
}
