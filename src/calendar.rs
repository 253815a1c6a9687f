//! Civil time: zones, grains, periods, fiscal years. Every boundary of a bucket is computed here.
//!
//! A civil day begins at the first instant at which a clock on the wall shows its date (or a later one): at 00:00, or where
//! a clock change skips midnight, at the change. Where a clock change repeats midnight, it begins at the first of the two.
//! So days, and the weeks, months, quarters and years made of them, tile time whatever the zone does. A day that a zone
//! never had (Samoa, 30 December 2011) is an empty interval and no period.
//!
//! Hours and minutes are those of the wall clock under one offset: a clock change ends one and begins the next, and an hour
//! that is shown twice is two hours.
//!
//! Instants are bounded: beyond `Timestamp::MIN` and `Timestamp::MAX` (years -9999 to 9999) everything is clamped to them.

mod civil;
mod literal;
mod local;
#[cfg(test)]
mod tests;
mod text;
mod window;

pub use local::{LocalPolicy, Resolved, resolve_local};

use std::sync::OnceLock;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use crate::diag::{Code, Diagnostic};
use crate::source::Span;

/// The length of a civil period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grain {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The unit of a length of time as it is written. `Period` is a period of the grain at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanUnit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Period,
}

/// A length of time: `30m`, `28 days`, `1 year`. Days and longer are civil, shorter ones are elapsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Length {
    pub count: u32,
    pub unit: SpanUnit,
}

/// A half-open range of instants `[start, end)`. `Timestamp::MIN` and `Timestamp::MAX` stand for "no bound".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// An interval with a name: `2026-W39`, `2026-09`, `FY2026-Q1`, `total`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    pub label: String,
    /// `None`: the range as one period.
    pub grain: Option<Grain>,
    pub interval: Interval,
}

/// A period as it is written in a definition. Not validated: month 13 parses and the calendar refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodLiteral {
    /// `2026` (only where a period is expected).
    Year(u16),
    /// `2026-Q3`: refused where the fiscal year does not begin in January.
    Quarter(u16, u8),
    /// `2026-03`.
    Month(u16, u8),
    /// `2026-W10`, ISO week date.
    Week(u16, u8),
    /// `2026-03-01`.
    Day(u16, u8, u8),
    /// `FY2026`: named after the year it ends in.
    FiscalYear(u16),
    /// `FY2026-Q1`.
    FiscalQuarter(u16, u8),
}

/// A window that ends where the period at hand ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// `over 28 days`.
    Trailing(Length),
    /// `over month to date`: from the start of the grain that holds the period's last instant.
    ToDate(Grain),
    /// `over all time`.
    AllTime,
}

/// The project's calendar.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub zone: TimeZone,
    pub week_start: Weekday,
    /// Month and day; `(1, 1)` where the fiscal year is the calendar year.
    pub fiscal_year_start: (i8, i8),
}

/// What the calendar refuses. Whoever knows the place makes a finding of it with [`CalendarError::at`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarError {
    pub code: Code,
    pub message: String,
    pub help: Option<String>,
}

impl CalendarError {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None }
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    pub fn at(self, span: Span) -> Diagnostic {
        Diagnostic { help: self.help, ..Diagnostic::new(self.code, span, self.message) }
    }

    /// For what was written on the command line.
    pub fn without_place(self) -> Diagnostic {
        Diagnostic { help: self.help, ..Diagnostic::without_place(self.code, self.message) }
    }
}

/// The most periods that one list may hold.
pub const MAX_PERIODS: usize = 1_000_000;

/// The smallest step of time.
const TICK: SignedDuration = SignedDuration::from_nanos(1);

impl Interval {
    /// Without bounds.
    pub const ALL: Self = Self { start: Timestamp::MIN, end: Timestamp::MAX };

    pub fn contains(&self, t: Timestamp) -> bool {
        self.start <= t && t < self.end
    }

    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// What both have; empty (at the later start) where they have nothing in common.
    pub fn intersect(&self, other: &Self) -> Self {
        let start = self.start.max(other.start);
        Self { start, end: self.end.min(other.end).max(start) }
    }

    /// The instant before the end, at the clock's resolution.
    pub fn last_instant(&self) -> Timestamp {
        self.end.checked_sub(TICK).unwrap_or(Timestamp::MIN)
    }
}

impl Calendar {
    /// Refuses a fiscal year that does not begin on a day of every year.
    pub fn new(zone: TimeZone, week_start: Weekday, fiscal_year_start: (i8, i8)) -> Result<Self, CalendarError> {
        let (month, day) = fiscal_year_start;
        // 2025 has no leap day.
        if Date::new(2025, month, day).is_err() {
            return Err(CalendarError::new(
                Code::NotInCalendar,
                format!("the fiscal year cannot begin on {month:02}-{day:02}: not every year has that day"),
            )
            .help("write month and day, such as `04-01`"));
        }
        Ok(Self { zone, week_start, fiscal_year_start })
    }

    /// The zone with this IANA name, from the database that is compiled in: the same on every machine.
    pub fn zone_named(name: &str) -> Option<TimeZone> {
        database().get(name).ok().filter(|zone| !zone.is_unknown())
    }

    /// Like [`Calendar::zone_named`], with the finding for a name that is none.
    pub fn zone(name: &str) -> Result<TimeZone, CalendarError> {
        Self::zone_named(name).ok_or_else(|| {
            let error = CalendarError::new(Code::UnknownTimeZone, format!("unknown time zone `{name}`"));
            let near = database()
                .available()
                .map(|known| (strsim::jaro_winkler(&known.as_str().to_lowercase(), &name.to_lowercase()), known))
                .filter(|(score, _)| *score > 0.85)
                .max_by(|(a, _), (b, _)| a.total_cmp(b));
            match near {
                Some((_, known)) => error.help(format!("did you mean `{known}`?")),
                None => error.help("write an IANA name, such as `Europe/Berlin` or `UTC`"),
            }
        })
    }

    /// What a clock on the wall shows.
    pub fn local(&self, t: Timestamp) -> DateTime {
        self.zone.to_datetime(t)
    }

    /// The start of the period that holds `t`.
    pub fn floor(&self, t: Timestamp, grain: Grain) -> Timestamp {
        match grain {
            Grain::Minute | Grain::Hour => self.floor_clock(t, grain),
            _ => self.boundary(grain, self.index(grain, self.date_of(t))),
        }
    }

    /// The end of the period that holds `t`, which is the start of the next one.
    pub fn next(&self, t: Timestamp, grain: Grain) -> Timestamp {
        match grain {
            Grain::Minute | Grain::Hour => self.next_clock(t, grain),
            // An empty period has the same bounds as the start of the one after it.
            _ => {
                let mut index = self.index(grain, self.date_of(t));
                loop {
                    index += 1;
                    let end = self.boundary(grain, index);
                    if end > t || end == Timestamp::MAX {
                        return end;
                    }
                }
            }
        }
    }

    /// The period that holds `t`.
    pub fn period_at(&self, t: Timestamp, grain: Grain) -> Period {
        match grain {
            Grain::Minute | Grain::Hour => self.clock_period(self.floor_clock(t, grain), grain),
            _ => self.civil_period(grain, self.index(grain, self.date_of(t))),
        }
    }

    /// The period of a day or longer that a date belongs to.
    pub fn period_of(&self, date: Date, grain: Grain) -> Period {
        match grain {
            Grain::Minute | Grain::Hour => self.period_at(self.date_start(date), grain),
            _ => self.civil_period(grain, self.index(grain, date)),
        }
    }

    /// The range as one period.
    pub fn total(interval: Interval) -> Period {
        Period { label: "total".to_owned(), grain: None, interval }
    }

    /// Every period that has an instant in common with the interval, whole, in order. Refuses more than [`MAX_PERIODS`].
    pub fn periods(&self, interval: Interval, grain: Grain) -> Result<Vec<Period>, CalendarError> {
        if interval.is_empty() {
            return Ok(Vec::new());
        }
        let too_many = || {
            CalendarError::new(Code::TooManyPeriods, format!("grain `{grain}` makes more than 1,000,000 periods"))
                .help("take a longer grain or a shorter range")
        };
        let mut out = Vec::new();
        match grain {
            Grain::Minute | Grain::Hour => {
                let width = if grain == Grain::Hour { 3600 } else { 60 };
                let count = interval.end.duration_since(interval.start).as_secs() / width;
                if usize::try_from(count).map_or(true, |n| n > MAX_PERIODS) {
                    return Err(too_many());
                }
                let mut start = self.floor_clock(interval.start, grain);
                while start < interval.end {
                    let period = self.clock_period(start, grain);
                    let end = period.interval.end;
                    out.push(period);
                    if end <= start {
                        break;
                    }
                    start = end;
                }
            }
            _ => {
                let first = self.index(grain, self.date_of(interval.start));
                let last = self.index(grain, self.date_of(interval.last_instant()));
                if usize::try_from(last - first).map_or(true, |n| n >= MAX_PERIODS) {
                    return Err(too_many());
                }
                let mut start = self.boundary(grain, first);
                for index in first..=last {
                    let end = self.boundary(grain, index + 1);
                    if start < end {
                        let (label, interval) = (self.civil_label(grain, index), Interval { start, end });
                        out.push(Period { label, grain: Some(grain), interval });
                    }
                    start = end;
                }
            }
        }
        Ok(out)
    }

    /// The period `n` further on (back, when negative), not counting days that the zone never had. A range as one period
    /// moves by its own length. Stops at the first and last period that the calendar has.
    pub fn step(&self, period: &Period, n: i64) -> Period {
        match period.grain {
            None => self.step_range(period, n),
            Some(grain @ (Grain::Minute | Grain::Hour)) => {
                let mut start = period.interval.start;
                for _ in 0..n.unsigned_abs().min(MAX_PERIODS as u64) {
                    let moved =
                        if n > 0 { self.next_clock(start, grain) } else { self.floor_clock(previous(start), grain) };
                    if moved == start {
                        break;
                    }
                    start = moved;
                }
                self.clock_period(start, grain)
            }
            Some(grain) => {
                let index = self.index(grain, self.date_of(period.interval.start));
                let target = self.clamp_index(grain, index.saturating_add(n));
                let target = if grain == Grain::Day { self.skip_missing_days(index, target) } else { target };
                self.civil_period(grain, target)
            }
        }
    }

    /// The first and the last civil day of an interval; `None` when it is empty or has no bound.
    pub fn days(&self, interval: &Interval) -> Option<(Date, Date)> {
        if interval.is_empty() || interval.start == Timestamp::MIN || interval.end == Timestamp::MAX {
            return None;
        }
        Some((self.date_of(interval.start), self.date_of(interval.last_instant())))
    }
}

/// One tick earlier.
fn previous(t: Timestamp) -> Timestamp {
    t.checked_sub(TICK).unwrap_or(Timestamp::MIN)
}

fn database() -> &'static TimeZoneDatabase {
    static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
    DATABASE.get_or_init(TimeZoneDatabase::bundled)
}
