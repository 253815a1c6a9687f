//! Civil arithmetic: the periods of a day and longer are numbered, so that stepping is adding.

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

use crate::calendar::{Calendar, Grain, Interval, Period};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970-01-01.
pub(super) fn day_number(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24
}

/// The date with this number; `None` outside the years -9999 to 9999.
pub(super) fn date_from(day_number: i64) -> Option<Date> {
    if day_number.unsigned_abs() > 10_000_000 {
        return None;
    }
    EPOCH.checked_add(SignedDuration::from_hours(day_number * 24)).ok()
}

/// The same day of another month, or the last day of it where it has no such day.
pub(super) fn add_months(date: Date, months: i64) -> Option<Date> {
    day_of_month(month_number(date).checked_add(months)?, date.day())
}

/// Months since the start of year 0.
fn month_number(date: Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// A day of the month with this number, or the last one it has.
fn day_of_month(number: i64, day: i8) -> Option<Date> {
    let (year, month) = (i16::try_from(number.div_euclid(12)).ok()?, number.rem_euclid(12) as i8 + 1);
    let first = Date::new(year, month, 1).ok()?;
    Date::new(year, month, day.min(first.days_in_month())).ok()
}

impl Calendar {
    /// Whether quarters and years are those of the Gregorian calendar.
    pub(super) fn plain_years(&self) -> bool {
        self.fiscal_year_start == (1, 1)
    }

    /// Days from the epoch to the first day that begins a week.
    fn week_offset(&self) -> i64 {
        // 1970-01-01 was a Thursday.
        i64::from(self.week_start.since(Weekday::Thursday))
    }

    /// The first day of the fiscal year that begins in a year, moved by a number of months.
    fn fiscal_day(&self, year: i64, months: i64) -> Option<Date> {
        let (month, day) = self.fiscal_year_start;
        day_of_month(year.checked_mul(12)?.checked_add(i64::from(month) - 1 + months)?, day)
    }

    /// The number of the period that a date belongs to. Minutes and hours have none of their own: they get their day's.
    pub(super) fn index(&self, grain: Grain, date: Date) -> i64 {
        let year = || {
            let (month, day) = self.fiscal_year_start;
            i64::from(date.year()) - i64::from((date.month(), date.day()) < (month, day))
        };
        match grain {
            Grain::Minute | Grain::Hour | Grain::Day => day_number(date),
            Grain::Week => (day_number(date) - self.week_offset()).div_euclid(7),
            Grain::Month => month_number(date),
            Grain::Year => year(),
            Grain::Quarter => {
                let year = year();
                let passed = |k: &i64| {
                    // None: before the first year, or after the last one.
                    self.fiscal_day(year, k * 3).map_or(date.year() < 0, |start| start <= date)
                };
                year * 4 + (1..4).rev().find(passed).unwrap_or(0)
            }
        }
    }

    /// 1 to 4, of the fiscal year.
    pub fn quarter_of_year(&self, date: Date) -> i64 {
        self.index(Grain::Quarter, date).rem_euclid(4) + 1
    }

    /// The first day of a period; `None` outside the calendar's years.
    pub(super) fn first_day(&self, grain: Grain, index: i64) -> Option<Date> {
        match grain {
            Grain::Minute | Grain::Hour | Grain::Day => date_from(index),
            Grain::Week => date_from(index.checked_mul(7)?.checked_add(self.week_offset())?),
            Grain::Month => day_of_month(index, 1),
            Grain::Quarter => self.fiscal_day(index.div_euclid(4), index.rem_euclid(4) * 3),
            Grain::Year => self.fiscal_day(index, 0),
        }
    }

    /// The first instant of a period, clamped.
    pub(super) fn boundary(&self, grain: Grain, index: i64) -> Timestamp {
        match self.first_day(grain, index) {
            Some(date) => self.date_start(date),
            None if index < self.index(grain, EPOCH) => Timestamp::MIN,
            None => Timestamp::MAX,
        }
    }

    /// The nearest number that has days in the calendar's years.
    pub(super) fn clamp_index(&self, grain: Grain, index: i64) -> i64 {
        index.clamp(self.index(grain, Date::MIN), self.index(grain, Date::MAX))
    }

    pub(super) fn civil_period(&self, grain: Grain, index: i64) -> Period {
        let interval = Interval { start: self.boundary(grain, index), end: self.boundary(grain, index + 1) };
        Period { label: self.civil_label(grain, index), grain: Some(grain), interval }
    }
}
