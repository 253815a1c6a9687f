//! How grains, lengths and periods are written.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Weekday;

use crate::calendar::{Calendar, Grain, Length, SpanUnit};

impl Grain {
    pub const ALL: [Self; 7] =
        [Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// In the singular: `week`.
    pub fn as_str(self) -> &'static str {
        self.unit().as_str()
    }

    /// The grain with this name, in the singular.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grain| grain.as_str() == text)
    }

    /// The unit of a length of one such period.
    pub fn unit(self) -> SpanUnit {
        match self {
            Self::Minute => SpanUnit::Minute,
            Self::Hour => SpanUnit::Hour,
            Self::Day => SpanUnit::Day,
            Self::Week => SpanUnit::Week,
            Self::Month => SpanUnit::Month,
            Self::Quarter => SpanUnit::Quarter,
            Self::Year => SpanUnit::Year,
        }
    }
}

impl fmt::Display for Grain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl SpanUnit {
    /// In the singular.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Millisecond => "millisecond",
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Period => "period",
        }
    }

    /// The grain of this length.
    pub fn grain(self) -> Option<Grain> {
        Grain::ALL.into_iter().find(|grain| grain.unit() == self)
    }
}

impl Length {
    /// Months in a length of months, quarters or years.
    pub fn months(self) -> Option<i64> {
        let count = i64::from(self.count);
        match self.unit {
            SpanUnit::Month => Some(count),
            SpanUnit::Quarter => Some(count * 3),
            SpanUnit::Year => Some(count * 12),
            _ => None,
        }
    }

    /// Days in a length of days or weeks.
    pub fn days(self) -> Option<i64> {
        let count = i64::from(self.count);
        match self.unit {
            SpanUnit::Day => Some(count),
            SpanUnit::Week => Some(count * 7),
            _ => None,
        }
    }

    /// Milliseconds that pass, a day being 24 hours. `None` for months and longer, or where they do not fit.
    pub fn elapsed(self) -> Option<i64> {
        const DAY: i64 = 86_400_000;
        self.milliseconds().or_else(|| self.days()?.checked_mul(DAY))
    }

    /// Elapsed milliseconds in a length shorter than a civil day.
    pub fn milliseconds(self) -> Option<i64> {
        let count = i64::from(self.count);
        match self.unit {
            SpanUnit::Millisecond => Some(count),
            SpanUnit::Second => Some(count * 1000),
            SpanUnit::Minute => Some(count * 60_000),
            SpanUnit::Hour => Some(count * 3_600_000),
            _ => None,
        }
    }
}

impl fmt::Display for Length {
    /// `28 days`, `1 month`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.count, self.unit.as_str(), if self.count == 1 { "" } else { "s" })
    }
}

impl Calendar {
    /// The name of a period of a day or longer.
    pub(super) fn civil_label(&self, grain: Grain, index: i64) -> String {
        let first = || self.first_day(grain, index);
        let date = || first().map_or_else(|| "before the calendar".to_owned(), |date| date.to_string());
        match grain {
            Grain::Minute | Grain::Hour | Grain::Day => date(),
            Grain::Week if self.week_start == Weekday::Monday => first().map_or_else(date, |day| {
                let iso = day.iso_week_date();
                format!("{}-W{:02}", year_text(i64::from(iso.year())), iso.week())
            }),
            Grain::Week => format!("week of {}", date()),
            Grain::Month => format!("{}-{:02}", year_text(index.div_euclid(12)), index.rem_euclid(12) + 1),
            Grain::Quarter => format!("{}-Q{}", self.year_label(index.div_euclid(4)), index.rem_euclid(4) + 1),
            Grain::Year => self.year_label(index),
        }
    }

    fn year_label(&self, index: i64) -> String {
        if self.plain_years() { year_text(index) } else { format!("FY{}", year_text(index + 1)) }
    }

    /// `2026-03-01T10:00+01:00`.
    pub(super) fn clock_label(&self, t: Timestamp) -> String {
        let local = self.zone.to_datetime(t);
        let (date, time) = (local.date(), local.time());
        let clock = match time.second() {
            0 => format!("{:02}:{:02}", time.hour(), time.minute()),
            second => format!("{:02}:{:02}:{second:02}", time.hour(), time.minute()),
        };
        let offset = self.zone.to_offset(t).seconds();
        let (sign, size) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
        let seconds = if size % 60 == 0 { String::new() } else { format!(":{:02}", size % 60) };
        format!("{date}T{clock}{sign}{:02}:{:02}{seconds}", size / 3600, size / 60 % 60)
    }
}

/// At least four digits.
fn year_text(year: i64) -> String {
    if year < 0 { format!("-{:04}", year.unsigned_abs()) } else { format!("{year:04}") }
}
