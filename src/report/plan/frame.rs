//! What is known before anything is asked: now, and how far the data of an expression reaches.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::{Calendar, Grain, Interval, Length, Period, SpanUnit, Window};
use crate::ir::{MetricExpr, Program, SourceId};
use crate::results::Extent;

pub(super) struct Frame<'a> {
    pub(super) program: &'a Program,
    pub(super) calendar: &'a Calendar,
    pub(super) extents: &'a [Extent],
    pub(super) as_of: Timestamp,
    /// A person said what "now" is: every source counts as complete up to it.
    pub(super) given: bool,
}

/// The reach of the data that an expression reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The expression reads no source with a clock: it has one value, for all time.
    pub timeless: bool,
    pub first: Option<Timestamp>,
    /// The latest row that counts, over all sources read.
    pub last: Option<Timestamp>,
    /// Up to here every source read is complete, and long enough after it for what is measured there to be known.
    pub complete: Option<Timestamp>,
}

impl Frame<'_> {
    pub(super) fn reach(&self, expr: &MetricExpr) -> Reach {
        let sources = self.timed(expr);
        let extents = |pick: fn(&Extent) -> Option<Timestamp>| {
            let of = |id: &SourceId| self.extents.get(id.0 as usize).and_then(pick);
            sources.iter().filter_map(of).collect::<Vec<_>>()
        };
        Reach {
            timeless: sources.is_empty(),
            first: extents(|e| e.first).into_iter().min().filter(|t| *t < self.as_of),
            last: extents(|e| e.last).into_iter().max().map(|t| t.min(self.as_of)),
            complete: self.complete(&sources).map(|t| self.known(expr, t)),
        }
    }

    /// Up to where every source with a clock that the expression reads is complete.
    pub(super) fn complete_to(&self, expr: &MetricExpr) -> Option<Timestamp> {
        self.complete(&self.timed(expr))
    }

    /// The sources with a clock that an expression reads.
    fn timed(&self, expr: &MetricExpr) -> BTreeSet<SourceId> {
        let timed = |id: &SourceId| self.program.sources.get(id.0 as usize).is_some_and(|s| s.time.is_some());
        expr.sources().into_iter().filter(timed).collect()
    }

    /// What ends before this instant can be told, by data that are complete up to another: a journey takes its time.
    fn known(&self, expr: &MetricExpr, complete: Timestamp) -> Timestamp {
        let before = |length| {
            let end = Interval { start: complete, end: complete };
            self.calendar.window(Window::Trailing(length), end).start
        };
        expr.latencies().into_iter().map(before).min().unwrap_or(complete)
    }

    fn complete(&self, sources: &BTreeSet<SourceId>) -> Option<Timestamp> {
        if self.given {
            return Some(self.as_of);
        }
        let of = |id: &SourceId| {
            let last = self.extents.get(id.0 as usize).and_then(|e| e.last);
            self.program.sources.get(id.0 as usize)?.complete_to(last, self.calendar)
        };
        let reached = sources.iter().map(of).collect::<Option<Vec<_>>>()?;
        reached.into_iter().min().map(|t| t.min(self.as_of))
    }

    /// The first instant of a civil day.
    pub(super) fn day_start(&self, date: Date) -> Timestamp {
        self.calendar.date_start(date)
    }

    /// The latest boundary of the grain at or before an instant.
    pub(super) fn floor(&self, grain: Grain, at: Timestamp) -> Timestamp {
        self.calendar.floor(at, grain)
    }

    /// Up to `count` periods that end at or before `end`, oldest first, none of which begins before `not_before`.
    pub(super) fn periods_until(
        &self,
        grain: Grain,
        end: Timestamp,
        not_before: Timestamp,
        count: usize,
    ) -> Vec<Period> {
        let mut found = Vec::new();
        let mut period = self.calendar.period_at(end, grain);
        while found.len() < count {
            let earlier = self.calendar.step(&period, -1);
            // At the edge of the calendar a step leads nowhere.
            if earlier.interval.end > period.interval.start || earlier.interval.start < not_before {
                break;
            }
            found.push(earlier.clone());
            period = earlier;
        }
        found.reverse();
        found
    }

    /// The periods of the grain that overlap an interval, the first `most` of them.
    pub(super) fn periods_over(&self, grain: Grain, interval: Interval, most: usize) -> Vec<Period> {
        let mut found = self.calendar.periods(interval, grain).unwrap_or_default();
        found.truncate(most);
        found
    }

    /// The window of a civil length that ends at an instant.
    pub(super) fn window(&self, end: Timestamp, length: Length) -> Interval {
        self.calendar.before(end, length)
    }
}

/// The grain of a length's unit; `None` below a minute.
pub(super) fn grain_of(unit: SpanUnit, own: Grain) -> Option<Grain> {
    if unit == SpanUnit::Period { Some(own) } else { unit.grain() }
}

/// One period of a grain.
pub(super) fn one(grain: Grain) -> Length {
    Length { count: 1, unit: grain.unit() }
}
