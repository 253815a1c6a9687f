//! The measure of an objective: one window length for baseline, actual value and target.

use jiff::Timestamp;

use crate::calendar::{Calendar, Grain, Interval, Length, Period};
use crate::ir::{BaselineStatistic, MetricExpr};
use crate::report::format;
use crate::report::plan::asks::{Asks, Handle};
use crate::report::plan::frame::{Frame, grain_of};

/// How a value is measured, wherever its window ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measuring {
    /// One value for a window of this length.
    Pooled(Length),
    /// A statistic of `length.count` values, each for one `length.unit`.
    Each { length: Length, statistic: BaselineStatistic },
    /// One value for all time: the data have no clock.
    Unbounded,
}

/// One value that has been asked for.
#[derive(Clone, Debug)]
pub struct Measurement {
    pub label: String,
    pub interval: Interval,
    pub handle: Handle,
    /// Of the handle's values; `None`: there is one.
    pub statistic: Option<BaselineStatistic>,
}

impl Measuring {
    /// `last 8 weeks`, with the grain's own period in place of `period`.
    pub(super) fn of_length(length: Length, statistic: Option<BaselineStatistic>, grain: Grain) -> Self {
        let unit = grain_of(length.unit, grain).map_or(length.unit, Grain::unit);
        let length = Length { count: length.count.max(1), unit };
        match statistic {
            Some(statistic) => Self::Each { length, statistic },
            None => Self::Pooled(length),
        }
    }

    /// Whether its windows are single periods of the grain.
    pub(super) fn is_one(self, grain: Grain) -> bool {
        matches!(self, Self::Pooled(length) if length.count == 1 && grain_of(length.unit, grain) == Some(grain))
    }

    /// The window that ends at an instant.
    pub(super) fn window(self, frame: &Frame, end: Timestamp) -> Option<Interval> {
        match self {
            Self::Pooled(length) | Self::Each { length, .. } => {
                Some(frame.window(end, length)).filter(|i| i.start > Timestamp::MIN && !i.is_empty())
            }
            Self::Unbounded => Some(Interval::ALL),
        }
    }

    /// Asks for the value of the window that ends at an instant.
    pub(super) fn measure(
        self,
        frame: &Frame,
        asks: &mut Asks,
        subject: (&str, &MetricExpr),
        end: Timestamp,
    ) -> Option<Measurement> {
        let (name, expr) = subject;
        let interval = self.window(frame, end)?;
        let (periods, statistic, label) = match self {
            Self::Unbounded => (vec![Calendar::total(Interval::ALL)], None, "all rows".to_owned()),
            Self::Pooled(length) => {
                let period = period(frame, interval, length);
                let label = period.label.clone();
                (vec![period], None, label)
            }
            Self::Each { length, statistic } => {
                let unit = Length { count: 1, ..length };
                let mut parts = Vec::new();
                let mut end = end;
                // A window of more parts than this is refused by no rule, but is no baseline either.
                for _ in 0..length.count.min(1000) {
                    let interval = frame.window(end, unit);
                    parts.push(period(frame, interval, unit));
                    end = interval.start;
                }
                parts.reverse();
                let label = format!("{} of {}", statistic_word(statistic), period(frame, interval, length).label);
                (parts, Some(statistic), label)
            }
        };
        Some(Measurement { label, interval, handle: asks.want(name, expr, periods), statistic })
    }
}

/// The period of the calendar that the window is, named as such (`2011-Q1`), else `28 days to 30 Nov 2011`.
fn period(frame: &Frame, interval: Interval, length: Length) -> Period {
    let civil = length.unit.grain().filter(|_| length.count == 1);
    let period = civil.map(|g| frame.calendar.period_at(interval.start, g)).filter(|p| p.interval == interval);
    period.unwrap_or_else(|| {
        let label = format!("{length} to {}", last_day(frame.calendar, interval.end));
        Period { label, grain: None, interval }
    })
}

/// The last day of a window that ends at an instant.
pub(super) fn last_day(calendar: &Calendar, end: Timestamp) -> String {
    let last = Interval { start: Timestamp::MIN, end }.last_instant();
    format::date(calendar.date_of(last))
}

pub(super) fn statistic_word(statistic: BaselineStatistic) -> &'static str {
    match statistic {
        BaselineStatistic::Mean => "mean",
        BaselineStatistic::Median => "median",
        BaselineStatistic::Best => "best",
        BaselineStatistic::Worst => "worst",
    }
}
