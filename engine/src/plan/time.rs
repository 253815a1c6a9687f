//! How an expression moves the interval that it is asked for. The plan and the evaluation go through these same doors.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, CalendarError, Grain, Interval, Length, Period, Window};
use kepi_lang::ir::{JourneyKind, Lifecycle, SourceId};
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

    /// The period before; of a range without a grain the stretch of its own length.
    pub(crate) fn before(&self, span: Span) -> Span {
        let period = Period { label: String::new(), grain: span.grain, interval: span.interval };
        Span { interval: self.calendar.step(&period, -1).interval, ..span }
    }

    /// Who counts for a churn at the end of a span, and since when they have to be gone: two windows, one after the other.
    pub(crate) fn churn(&self, span: Span, after: Length) -> (Interval, Interval) {
        let end = span.interval.end.min(self.as_of);
        let since = self.calendar.window(Window::Trailing(after), Interval { start: end, end });
        let double = Length { count: after.count.saturating_mul(2), ..after };
        let both = self.calendar.window(Window::Trailing(double), Interval { start: end, end });
        (Interval { start: both.start, end: since.start }, since)
    }

    /// The rows that a journey looks at, and the span in which its members enter.
    pub(crate) fn journey(&self, kind: &JourneyKind, span: Span) -> (Interval, Interval) {
        let own = span.interval;
        match kind {
            JourneyKind::Conversion(c) => (Interval { end: self.until(own.end, c.within), ..own }, own),
            JourneyKind::Retention(r) => {
                let start = match r.recurring {
                    true if own.start != Timestamp::MIN => self.calendar.floor(own.start, r.grain),
                    _ => Timestamp::MIN,
                };
                let length = Length { count: r.last().saturating_add(2), unit: r.grain.unit() };
                let end = if r.on_or_after { Timestamp::MAX } else { self.until(own.end, Window::Trailing(length)) };
                (Interval { start, end }, own)
            }
            JourneyKind::Lifecycle(state) => {
                let base = if *state == Lifecycle::Dormant { self.before(span).interval } else { own };
                (Interval { start: Timestamp::MIN, ..own }, base)
            }
            JourneyKind::SpanChurn { after } => {
                let start = after.map_or(own.start, |grace| {
                    let instant = Interval { start: own.start, end: own.start };
                    self.calendar.window(Window::Trailing(grace), instant).start
                });
                (Interval { start: Timestamp::MIN, ..own }, Interval { start, end: own.start })
            }
            JourneyKind::Churn { after } => {
                let (base, since) = self.churn(span, *after);
                (Interval { start: base.start, end: since.end }, base)
            }
        }
    }

    /// The end of the window of what enters before an instant.
    pub(crate) fn until(&self, end: Timestamp, within: Window) -> Timestamp {
        match within {
            // What comes at the very end of the window counts.
            Window::Trailing(length) => self.calendar.after(end, length),
            _ => Timestamp::MAX,
        }
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
