//! Civil time: zones, grains, periods, fiscal years. Every boundary of a bucket is computed here.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

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
