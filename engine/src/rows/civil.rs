//! Civil parts of instants in the project's zone.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array};
use datafusion::arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use kepi_lang::calendar::{Calendar, Grain};
use kepi_lang::ir::RowFunction;

use crate::rows::RowError;
use crate::rows::operand::{Operand, days, wrong};

const DAY: i64 = 86_400_000_000;

/// A calendar with its zone's clock changes read ahead. Cheap to make, shared by all batches of a scan.
#[derive(Debug)]
pub struct Civil {
    calendar: Calendar,
    clock: Mutex<Clock>,
}

/// The clock changes of the instants in `covered`, ascending.
#[derive(Clone, Debug, Default)]
struct Clock {
    covered: Option<(i64, i64)>,
    changes: Arc<Vec<Change>>,
}

/// In microseconds.
#[derive(Clone, Copy, Debug)]
struct Change {
    /// From this instant on,
    from: i64,
    /// local time is UTC plus this,
    offset: i64,
    /// and no earlier day than the one that this local time is the start of: a day that has begun stays, even where the clock
    /// goes back over midnight.
    day: i64,
}

impl Civil {
    pub fn new(calendar: Calendar) -> Self {
        Self { calendar, clock: Mutex::default() }
    }

    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The clock changes that matter to instants from `first` to `last`.
    fn changes(&self, first: i64, last: i64) -> Arc<Vec<Change>> {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((from, to)) = clock.covered
            && from <= first
            && last <= to
        {
            return clock.changes.clone();
        }
        let (from, to) = clock.covered.map_or((first, last), |(from, to)| (from.min(first), to.max(last)));
        clock.covered = Some((from, to));
        clock.changes = Arc::new(changes_between(&self.calendar.zone, from, to));
        clock.changes.clone()
    }

    /// The first day of the period that holds a day.
    fn period_start(&self, grain: Grain, date: Date) -> Option<Date> {
        match grain {
            Grain::Minute | Grain::Hour | Grain::Day => Some(date),
            _ => self.calendar.days(&self.calendar.period_of(date, grain).interval).map(|(first, _)| first),
        }
    }

    /// The first instant of a day, given as days since 1970; `None` far outside the calendar.
    pub(crate) fn start_of_day(&self, day: i32) -> Option<i64> {
        let date = date_of(day)?;
        Some(self.calendar.date_start(date).as_microsecond())
    }
}

fn changes_between(zone: &TimeZone, first: i64, last: i64) -> Vec<Change> {
    let instant = |micros: i64, beyond| Timestamp::from_microsecond(micros).unwrap_or(beyond);
    // A change may move instants that lie a little after it.
    let start = instant(first.saturating_sub(DAY), Timestamp::MIN);
    let mut offset = i64::from(zone.to_offset(start).seconds()) * 1_000_000;
    let mut changes = vec![Change { from: i64::MIN, offset, day: i64::MIN }];
    for change in zone.following(start) {
        if change.timestamp() > instant(last, Timestamp::MAX) {
            break;
        }
        let from = change.timestamp().as_microsecond();
        let day = (from + offset - 1).div_euclid(DAY) * DAY;
        offset = i64::from(change.offset().seconds()) * 1_000_000;
        changes.push(Change { from, offset, day });
    }
    changes
}

/// The date that is so many days after 1970-01-01.
pub(crate) fn date_of(day: i32) -> Option<Date> {
    jiff::civil::date(1970, 1, 1).checked_add(day.days()).ok()
}

/// The part of each instant or date.
pub(crate) fn part(function: RowFunction, of: &Operand, civil: &Civil) -> Result<Operand, RowError> {
    let array = of.array();
    if let Some(dates) = array.as_primitive_opt::<Date32Type>() {
        let local: Int64Array = dates.unary(|d| i64::from(d) * DAY);
        return Ok(of.same_shape(local_part(function, &local, civil)));
    }
    let Some(instants) = array.as_primitive_opt::<TimestampMicrosecondType>() else {
        return Err(wrong("instants", array));
    };
    let valid = || (0..instants.len()).filter(|i| instants.is_valid(*i)).map(|i| instants.value(i));
    let (first, last) = (valid().min().unwrap_or(0), valid().max().unwrap_or(0));
    let changes = civil.changes(first, last);
    let whole_days = matches!(function, RowFunction::PeriodStart(_));
    let mut at = 0usize;
    let local: Int64Array = instants
        .iter()
        .map(|v| {
            v.map(|v| {
                let inside = |at: usize| {
                    changes.get(at).is_some_and(|c| c.from <= v) && changes.get(at + 1).is_none_or(|c| v < c.from)
                };
                if !inside(at) {
                    at = changes.partition_point(|c| c.from <= v).saturating_sub(1);
                }
                let Some(change) = changes.get(at) else { return v };
                let local = v.saturating_add(change.offset);
                if whole_days { local.max(change.day) } else { local }
            })
        })
        .collect();
    Ok(of.same_shape(local_part(function, &local, civil)))
}

/// Of local time in microseconds since 1970-01-01T00:00.
fn local_part(function: RowFunction, local: &Int64Array, civil: &Civil) -> ArrayRef {
    if function == RowFunction::HourOfDay {
        return Arc::new(
            local.unary::<_, datafusion::arrow::datatypes::Int64Type>(|v| v.rem_euclid(DAY) / 3_600_000_000),
        );
    }
    // Neighbouring rows are of one day more often than not.
    let mut memo: Option<(i64, Option<i64>)> = None;
    let mut of_day = |day: i64| match memo {
        Some((known, value)) if known == day => value,
        _ => {
            let date = i32::try_from(day).ok().and_then(date_of);
            let value = date.and_then(|date| match function {
                RowFunction::PeriodStart(grain) => civil.period_start(grain, date).map(|d| i64::from(days(d))),
                RowFunction::Weekday => Some(i64::from(date.weekday().to_monday_one_offset())),
                RowFunction::DayOfMonth => Some(i64::from(date.day())),
                RowFunction::QuarterOfYear => Some(civil.calendar.quarter_of_year(date)),
                RowFunction::DayOfYear => Some(i64::from(date.day_of_year())),
                _ => Some(i64::from(date.month())),
            });
            memo = Some((day, value));
            value
        }
    };
    let values = local.iter().map(|v| v.and_then(|v| of_day(v.div_euclid(DAY))));
    if matches!(function, RowFunction::PeriodStart(_)) {
        return Arc::new(values.map(|v| v.and_then(|v| i32::try_from(v).ok())).collect::<Date32Array>());
    }
    Arc::new(values.collect::<Int64Array>())
}
