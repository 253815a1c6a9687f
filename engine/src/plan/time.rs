//! How an expression moves the interval that it is asked for. The plan and the evaluation go through these same doors.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, CalendarError, Grain, Interval, Length, Period, Window};
use kepi_lang::ir::SourceId;
use kepi_lang::results::Extent;

/// An interval, and the grain of the period that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub interval: Interval,
    pub grain: Option<Grain>,
}

pub(crate) struct Times<'a> {
    pub calendar: &'a Calendar,
    /// By source.
    pub extents: &'a [Extent],
    pub as_of: Timestamp,
}

impl Times<'_> {
    pub(crate) fn window(&self, window: Window, span: Span) -> Span {
        Span { interval: self.calendar.window(window, span.interval), ..span }
    }

    pub(crate) fn ago(&self, shift: Length, span: Span) -> Span {
        Span { interval: self.calendar.shift_back(span.interval, shift, span.grain), ..span }
    }

    /// Whether an interval begins before the history of one of the sources. A source's history begins with the day (or the
    /// hour or minute, of such periods) of its first row; a source without rows has none, one without time always.
    pub(crate) fn before_history(
        &self,
        span: Span,
        sources: &BTreeSet<SourceId>,
        timed: impl Fn(SourceId) -> bool,
    ) -> bool {
        if span.interval.start == Timestamp::MIN {
            return false;
        }
        let grain = span.grain.map_or(Grain::Day, |g| g.min(Grain::Day));
        sources.iter().filter(|s| timed(**s)).any(|s| {
            let first = self.extents.get(s.0 as usize).and_then(|e| e.first);
            first.is_none_or(|first| span.interval.start < self.calendar.floor(first, grain))
        })
    }

    /// The sub-periods of a series: those that begin in the interval, and before `as_of`. Without a bound: from the one that
    /// holds the first row of the sources.
    pub(crate) fn series(
        &self,
        span: Span,
        grain: Grain,
        sources: &BTreeSet<SourceId>,
    ) -> Result<Vec<Period>, CalendarError> {
        let end = span.interval.end.min(self.as_of);
        let start = if span.interval.start == Timestamp::MIN {
            let first = sources.iter().filter_map(|s| self.extents.get(s.0 as usize)?.first).min();
            let Some(first) = first else { return Ok(Vec::new()) };
            self.calendar.floor(first, grain)
        } else {
            span.interval.start
        };
        if end <= start {
            return Ok(Vec::new());
        }
        let mut periods = self.calendar.periods(Interval { start, end }, grain)?;
        periods.retain(|p| p.interval.start >= start);
        Ok(periods)
    }
}
