//! Dates, instants and periods as they are written.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, ISOWeekDate, Weekday};
use jiff::tz::AmbiguousOffset;

use crate::calendar::{Calendar, CalendarError, Grain, Period, PeriodLiteral};
use crate::diag::Code;

impl Calendar {
    /// The period that a literal names.
    pub fn literal(&self, literal: &PeriodLiteral) -> Result<Period, CalendarError> {
        let civil = |grain, date| Ok(self.civil_period(grain, self.index(grain, date)));
        match *literal {
            PeriodLiteral::Day(year, month, day) => civil(Grain::Day, date(year, month, day)?),
            PeriodLiteral::Month(year, month) => civil(Grain::Month, date(year, month, 1)?),
            PeriodLiteral::Week(year, week) => {
                let monday = iso_monday(year, week)?;
                if self.week_start == Weekday::Monday {
                    return civil(Grain::Week, monday);
                }
                let first = self.first_day(Grain::Week, self.index(Grain::Week, monday));
                let own = first.map_or_else(String::new, |day| format!("; the project's own week begins on {day}"));
                Err(error(format!(
                    "{year:04}-W{week:02} is an ISO week, which begins on Monday {monday}, but weeks begin on {}{own}",
                    weekday_name(self.week_start)
                ))
                .help("set `week_start: monday`, or write a month, quarter or date"))
            }
            PeriodLiteral::Year(year) => {
                valid_year(year)?;
                let first = date(year, 1, 1)?;
                if self.plain_years() {
                    return civil(Grain::Year, first);
                }
                Err(self.two_readings(&format!("{year:04}"), first, 12, self.fiscal_year(year, None)?))
            }
            PeriodLiteral::Quarter(year, quarter) => {
                valid_quarter(&format!("{year:04}-Q{quarter}"), quarter)?;
                let first = date(year, (quarter - 1) * 3 + 1, 1)?;
                if self.plain_years() {
                    return civil(Grain::Quarter, first);
                }
                Err(self.two_readings(
                    &format!("{year:04}-Q{quarter}"),
                    first,
                    3,
                    self.fiscal_year(year, Some(quarter))?,
                ))
            }
            PeriodLiteral::FiscalYear(year) => self.fiscal_year(year, None),
            PeriodLiteral::FiscalQuarter(year, quarter) => {
                valid_quarter(&format!("FY{year:04}-Q{quarter}"), quarter)?;
                self.fiscal_year(year, Some(quarter))
            }
        }
    }

    /// A fiscal year, or a quarter of it.
    fn fiscal_year(&self, year: u16, quarter: Option<u8>) -> Result<Period, CalendarError> {
        valid_year(year)?;
        // It is named after the year in which it ends.
        let index = i64::from(year) - i64::from(!self.plain_years());
        Ok(match quarter {
            None => self.civil_period(Grain::Year, index),
            Some(quarter) => self.civil_period(Grain::Quarter, index * 4 + i64::from(quarter) - 1),
        })
    }

    fn two_readings(&self, text: &str, first: Date, months: i64, fiscal: Period) -> CalendarError {
        let calendar_end = super::civil::add_months(first, months).and_then(|end| end.yesterday().ok());
        let calendar = calendar_end.map_or_else(String::new, |last| format!("{first} to {last}"));
        let own = self.days(&fiscal.interval).map_or_else(String::new, |(from, to)| format!("{from} to {to}"));
        let (month, day) = self.fiscal_year_start;
        CalendarError::new(
            Code::TwoReadings,
            format!(
                "`{text}` can be {calendar} (calendar) or {own} ({}), as the fiscal year begins on {month:02}-{day:02}",
                fiscal.label
            ),
        )
        .help(format!("write `{}` for the fiscal reading; a calendar month or a date has one reading", fiscal.label))
    }

    /// An instant with an offset (`2026-03-01T10:00:00Z`), a local time of the project's zone (`2026-03-01 10:00`), or a
    /// date, which stands for its first instant. A local time that a clock change skips or repeats is refused.
    pub fn parse_instant(&self, text: &str) -> Result<Timestamp, CalendarError> {
        let help = "write a date, a local time or an instant: `2026-03-01`, `2026-03-01 10:00`, `2026-03-01T10:00:00Z`";
        let bad = || error(format!("`{text}` is no date or time")).help(help);
        if looks_like_date(text) {
            return Ok(self.date_start(parse_date(text)?));
        }
        if !text.get(..10).is_some_and(looks_like_date) {
            return Err(bad());
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(instant);
        }
        let local: DateTime = text.parse().map_err(|_| bad())?;
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let problem = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => return ambiguous.unambiguous().map_err(|_| bad()),
            AmbiguousOffset::Gap { .. } => "does not exist",
            AmbiguousOffset::Fold { .. } => "exists twice",
        };
        let example = ambiguous.later().map_or_else(|_| text.to_owned(), |t| self.clock_label(t));
        let zone = self.zone.iana_name().unwrap_or("the project's zone");
        Err(error(format!("`{text}` {problem} in {zone}, where the clock is changed"))
            .help(format!("write the offset, such as `{example}`")))
    }

    /// `2026-03-01`.
    pub fn parse_date(&self, text: &str) -> Result<Date, CalendarError> {
        parse_date(text)
    }
}

fn error(message: impl Into<String>) -> CalendarError {
    CalendarError::new(Code::NotInCalendar, message)
}

/// Ten bytes: digits and two hyphens where a date has them.
fn looks_like_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() })
}

fn parse_date(text: &str) -> Result<Date, CalendarError> {
    let bad = || error(format!("`{text}` is no date")).help("write year, month and day: `2026-03-01`");
    if !looks_like_date(text) {
        return Err(bad());
    }
    let mut parts = text.splitn(3, '-');
    let mut part = || parts.next().and_then(|part| part.parse::<u16>().ok()).ok_or_else(bad);
    let (year, month, day) = (part()?, part()?, part()?);
    date(year, u8::try_from(month).map_err(|_| bad())?, u8::try_from(day).map_err(|_| bad())?)
}

fn valid_year(year: u16) -> Result<i16, CalendarError> {
    i16::try_from(year)
        .ok()
        .filter(|year| (1..=9999).contains(year))
        .ok_or_else(|| error(format!("there is no year {year:04}")).help("years go from 0001 to 9999"))
}

fn valid_quarter(text: &str, quarter: u8) -> Result<(), CalendarError> {
    if (1..=4).contains(&quarter) {
        return Ok(());
    }
    Err(error(format!("there is no quarter {quarter} in `{text}`")).help("a year has the quarters Q1 to Q4"))
}

fn date(year: u16, month: u8, day: u8) -> Result<Date, CalendarError> {
    let y = valid_year(year)?;
    let m = i8::try_from(month).unwrap_or(0);
    let Ok(first) = Date::new(y, m, 1) else {
        return Err(error(format!("there is no month {month} in {year:04}")).help("months go from 01 to 12"));
    };
    Date::new(y, m, i8::try_from(day).unwrap_or(0)).map_err(|_| {
        let last = first.days_in_month();
        error(format!("there is no {year:04}-{month:02}-{day:02}"))
            .help(format!("{year:04}-{month:02} has {last} days"))
    })
}

/// The first day of an ISO week.
fn iso_monday(year: u16, week: u8) -> Result<Date, CalendarError> {
    let y = valid_year(year)?;
    let weeks = ISOWeekDate::new(y, 1, Weekday::Monday).map_or(52, |first| first.weeks_in_year());
    i8::try_from(week).ok().and_then(|week| ISOWeekDate::new(y, week, Weekday::Monday).ok()).map_or_else(
        || {
            Err(error(format!("there is no week {week} in {year:04}"))
                .help(format!("ISO weeks of {year:04} go from W01 to W{weeks}")))
        },
        |monday| Ok(monday.date()),
    )
}

fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
