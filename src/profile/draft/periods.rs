//! Periods for an aim, out of when things happened: no clock is asked.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::calendar::{Calendar, Grain, Period};
use crate::profile::Times;

/// How a table's time is cut.
#[derive(Clone, Debug)]
pub struct Periods {
    /// Of metrics.
    pub grain: Grain,
    /// The last complete period that a baseline can be, and the one that is due; `None` where the time is too short.
    pub aim: Option<(Period, Period)>,
    /// The due period of a level that is to be kept, where there is no baseline.
    pub next: Option<Period>,
    /// Complete periods of the grain, about.
    pub complete: u64,
    /// Rows of a mean day with rows.
    pub daily: u64,
}

impl Periods {
    /// `None` outside of what the calendar can say.
    pub fn of(times: &Times) -> Option<Self> {
        let calendar = Calendar::new(TimeZone::UTC, Weekday::Monday, (1, 1)).ok()?;
        let (wide, grain) = match times.span_days {
            270.. => (Grain::Quarter, Grain::Month),
            70..270 => (Grain::Month, Grain::Week),
            18..70 => (Grain::Week, Grain::Day),
            _ => (Grain::Day, Grain::Day),
        };
        let days = match grain {
            Grain::Month => 30,
            Grain::Week => 7,
            _ => 1,
        };
        let rows: u64 = times.counts.iter().sum();
        let month = due(&calendar, times.last, Grain::Month);
        Some(Self {
            grain,
            aim: if wide == Grain::Day { None } else { aim(&calendar, times, wide) },
            next: month,
            complete: times.span_days / days,
            daily: rows / times.days.max(1),
        })
    }
}

fn aim(calendar: &Calendar, times: &Times, wide: Grain) -> Option<(Period, Period)> {
    let due = due(calendar, times.last, wide)?;
    let mut baseline = calendar.step(&due, -1);
    // A period is over once something has happened after it.
    if baseline.interval.end > times.last {
        baseline = calendar.step(&baseline, -1);
    }
    (baseline.interval.start >= calendar.floor(times.first, Grain::Day)).then_some((baseline, due))
}

/// The period that the time falls into, or the one after where little of it is left.
fn due(calendar: &Calendar, last: Timestamp, grain: Grain) -> Option<Period> {
    let period = calendar.period_at(last, grain);
    let (start, end) = (period.interval.start.as_second(), period.interval.end.as_second());
    let left = (end - last.as_second()) * 4;
    let due = if left < end - start { calendar.step(&period, 1) } else { period };
    (due.interval.end < Timestamp::MAX).then_some(due)
}
