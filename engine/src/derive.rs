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

use crate::plan::Plan;
use crate::plan::derived::PlannedDerived;
use crate::plan::suite::SuiteSpec;
use crate::plan::timeline::Timeline;
use crate::rows::RowError;
use crate::sources::Clean;
use order::Ordered;
use rows::Rows;
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
}

enum Collected {
    Memory(Ordered),
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
    ) -> Result<Option<Self>, Diagnostic> {
        let Some(planned) = plan.derived.get(number) else { return Ok(None) };
        let (kept, mut shelved) = (take(&gathered.kept, number), take(&gathered.shelved, number));
        let spill = shelved.first().map(|(_, shelved)| Arc::clone(&shelved.spill));
        let rows = match spill {
            None => Collected::Memory(Ordered::new(kept).map_err(|e| internal(&e))?),
            Some(spill) => {
                for (branch, collector) in kept {
                    shelved.push((branch, collector.shelve(&spill)?));
                }
                Collected::Files(shelved)
            }
        };
        Ok(Some(Self { planned, rows, calendar, known_to }))
    }

    /// The rows, for the measures of one suite. Of sessions that may go on, the starts.
    pub(crate) fn each(
        &self,
        plan: &Plan,
        spec: &SuiteSpec,
        visit: &mut dyn FnMut(Clean) -> Result<(), Diagnostic>,
    ) -> Result<Vec<i64>, Diagnostic> {
        let (planned, calendar, known_to) = (self.planned, self.calendar, self.known_to);
        let shelved = match &self.rows {
            Collected::Memory(ordered) => {
                return Making { planned, ordered, calendar, known_to }.each(plan, spec, visit);
            }
            Collected::Files(shelved) => shelved,
        };
        let mut open = Vec::new();
        for shard in 0..shelf::SHARDS {
            let mut collected = Vec::new();
            for (branch, shelved) in shelved {
                collected.extend(shelved.shard(shard)?.map(|collector| (*branch, collector)));
            }
            if !collected.is_empty() {
                let ordered = Ordered::new(collected).map_err(|e| internal(&e))?;
                open.extend(Making { planned, ordered: &ordered, calendar, known_to }.each(plan, spec, visit)?);
            }
        }
        open.sort_unstable();
        Ok(open)
    }
}

/// Actors with all of their rows, in order.
struct Making<'a> {
    planned: &'a PlannedDerived,
    ordered: &'a Ordered,
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
        let mut rows = Rows::default();
        match &self.planned.derived.rule {
            Rule::First => self.first(&mut rows),
            Rule::FirstOf(grain) => self.first_of(*grain, &mut rows),
            Rule::Asked(edge) => {
                let timeline = spec.spaces.first().and_then(|s| plan.timelines.get(s.timeline));
                self.asked(*edge, timeline, &mut rows);
            }
            Rule::Sessions(rule) => self.sessions(rule, &mut rows),
            Rule::Open => {
                let timeline = spec.spaces.first().and_then(|s| plan.timelines.get(s.timeline));
                self.open(timeline, visit)?;
                return Ok(Vec::new());
            }
        }
        self.measured(&rows, visit)?;
        rows.open.sort_unstable();
        Ok(rows.open)
    }

    fn measured(&self, rows: &Rows, visit: &mut dyn FnMut(Clean) -> Result<(), Diagnostic>) -> Result<(), Diagnostic> {
        rows.batches(self.ordered, &self.planned.made, self.calendar, visit).map_err(|e| match e {
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
        let mut rows = Rows::of_spans();
        for (span, (_, end)) in (0u32..).zip(timeline.map(|t| t.each.as_slice()).unwrap_or_default()) {
            for (actor, own) in self.ordered.actors() {
                let begun = own.partition_point(|row| self.ordered.time(*row) < *end);
                for row in own.get(..begun).unwrap_or_default() {
                    if self.ordered.also(*row) >= *end {
                        rows.one(actor, *row, self.ordered.time(*row));
                        rows.spans.iter_mut().for_each(|spans| spans.push(span));
                    }
                }
            }
            if rows.len() >= rows::BATCH {
                self.measured(&rows, visit)?;
                rows = Rows::of_spans();
            }
        }
        self.measured(&rows, visit)
    }

    fn first(&self, out: &mut Rows) {
        for (actor, rows) in self.ordered.actors() {
            if let Some(row) = rows.first() {
                out.one(actor, *row, self.ordered.time(*row));
            }
        }
    }

    fn first_of(&self, grain: kepi_lang::calendar::Grain, out: &mut Rows) {
        let mut periods = order::Periods::new(self.calendar, grain);
        for (actor, rows) in self.ordered.actors() {
            let mut until = i64::MIN;
            for row in rows {
                let time = self.ordered.time(*row);
                if time >= until {
                    out.one(actor, *row, time);
                    until = periods.end(time);
                }
            }
        }
    }

    /// The first or last row of each actor in each span of a timeline.
    fn asked(&self, edge: Edge, timeline: Option<&Timeline>, out: &mut Rows) {
        let spans = timeline.map(|t| t.each.as_slice()).unwrap_or_default();
        out.spans = Some(Vec::new());
        for (actor, rows) in self.ordered.actors() {
            for (span, (from, to)) in (0u32..).zip(spans) {
                let low = rows.partition_point(|row| self.ordered.time(*row) < *from);
                let high = rows.partition_point(|row| self.ordered.time(*row) < *to);
                let row = match edge {
                    Edge::First => rows.get(low..high).and_then(<[u32]>::first),
                    Edge::Last => rows.get(low..high).and_then(<[u32]>::last),
                };
                if let Some(row) = row {
                    out.one(actor, *row, self.ordered.time(*row));
                    out.spans.iter_mut().for_each(|spans| spans.push(span));
                }
            }
        }
    }
}

fn internal(error: &RowError) -> Diagnostic {
    Diagnostic::without_place(Code::Internal, format!("rows that are made of others: {error}"))
}
