use jiff::civil::{Weekday, date};

use super::{at, calendar, days, fiscal};
use crate::calendar::{Calendar, PeriodLiteral};
use crate::diag::Code;

#[test]
fn literals_of_the_plain_year() {
    let calendar = calendar("UTC");
    let cases = [
        (PeriodLiteral::Year(2026), "2026", "2026-01-01", "2027-01-01"),
        (PeriodLiteral::FiscalYear(2026), "2026", "2026-01-01", "2027-01-01"),
        (PeriodLiteral::Quarter(2026, 3), "2026-Q3", "2026-07-01", "2026-10-01"),
        (PeriodLiteral::FiscalQuarter(2026, 4), "2026-Q4", "2026-10-01", "2027-01-01"),
        (PeriodLiteral::Month(2026, 12), "2026-12", "2026-12-01", "2027-01-01"),
        (PeriodLiteral::Week(2026, 1), "2026-W01", "2025-12-29", "2026-01-05"),
        (PeriodLiteral::Week(2020, 53), "2020-W53", "2020-12-28", "2021-01-04"),
        (PeriodLiteral::Day(2024, 2, 29), "2024-02-29", "2024-02-29", "2024-03-01"),
        (PeriodLiteral::Year(1), "0001", "0001-01-01", "0002-01-01"),
    ];
    for (literal, label, start, end) in cases {
        let period = calendar.literal(&literal).unwrap();
        assert_eq!((period.label.as_str(), period.interval), (label, days(start, end)));
    }
    assert!(calendar.literal(&PeriodLiteral::Year(9999)).is_ok());
}

#[test]
fn fiscal_literals() {
    let calendar = fiscal(2, 1);
    let period = calendar.literal(&PeriodLiteral::FiscalYear(2026)).unwrap();
    assert_eq!((period.label.as_str(), period.interval), ("FY2026", days("2025-02-01", "2026-02-01")));
    let period = calendar.literal(&PeriodLiteral::FiscalQuarter(2026, 1)).unwrap();
    assert_eq!((period.label.as_str(), period.interval), ("FY2026-Q1", days("2025-02-01", "2025-05-01")));
    assert_eq!(calendar.literal(&PeriodLiteral::Month(2026, 2)).unwrap().label, "2026-02");
}

/// What is refused, with the message and the cure.
#[test]
fn refused_literals() {
    let sunday = Calendar { week_start: Weekday::Sunday, ..calendar("UTC") };
    let (plain, fiscal) = (calendar("UTC"), fiscal(2, 1));
    let cases = [
        (&plain, PeriodLiteral::Month(2026, 13), "there is no month 13 in 2026", "months go from 01 to 12"),
        (&plain, PeriodLiteral::Month(2026, 0), "there is no month 0 in 2026", "months go from 01 to 12"),
        (&plain, PeriodLiteral::Month(2026, 255), "there is no month 255 in 2026", "months go from 01 to 12"),
        (&plain, PeriodLiteral::Day(2026, 2, 30), "there is no 2026-02-30", "2026-02 has 28 days"),
        (&plain, PeriodLiteral::Day(2026, 4, 255), "there is no 2026-04-255", "2026-04 has 30 days"),
        (&plain, PeriodLiteral::Week(2026, 54), "there is no week 54 in 2026", "ISO weeks of 2026 go from W01 to W53"),
        (&plain, PeriodLiteral::Week(2025, 53), "there is no week 53 in 2025", "ISO weeks of 2025 go from W01 to W52"),
        (&plain, PeriodLiteral::Week(2025, 0), "there is no week 0 in 2025", "ISO weeks of 2025 go from W01 to W52"),
        (
            &plain,
            PeriodLiteral::Quarter(2026, 5),
            "there is no quarter 5 in `2026-Q5`",
            "a year has the quarters Q1 to Q4",
        ),
        (
            &fiscal,
            PeriodLiteral::FiscalQuarter(2026, 0),
            "there is no quarter 0 in `FY2026-Q0`",
            "a year has the quarters Q1 to Q4",
        ),
        (&plain, PeriodLiteral::Year(0), "there is no year 0000", "years go from 0001 to 9999"),
        (&plain, PeriodLiteral::FiscalYear(10_000), "there is no year 10000", "years go from 0001 to 9999"),
        (
            &sunday,
            PeriodLiteral::Week(2026, 10),
            "2026-W10 is an ISO week, which begins on Monday 2026-03-02, but weeks begin on Sunday; the project's own week begins on 2026-03-01",
            "set `week_start: monday`, or write a month, quarter or date",
        ),
        (
            &fiscal,
            PeriodLiteral::Quarter(2026, 3),
            "`2026-Q3` can be 2026-07-01 to 2026-09-30 (calendar) or 2025-08-01 to 2025-10-31 (FY2026-Q3), as the fiscal year begins on 02-01",
            "write `FY2026-Q3` for the fiscal reading; a calendar month or a date has one reading",
        ),
        (
            &fiscal,
            PeriodLiteral::Year(2026),
            "`2026` can be 2026-01-01 to 2026-12-31 (calendar) or 2025-02-01 to 2026-01-31 (FY2026), as the fiscal year begins on 02-01",
            "write `FY2026` for the fiscal reading; a calendar month or a date has one reading",
        ),
    ];
    for (calendar, literal, message, help) in cases {
        let error = calendar.literal(&literal).unwrap_err();
        assert_eq!((error.message.as_str(), error.help.as_deref()), (message, Some(help)));
        let two = message.contains("can be");
        assert_eq!(error.code, if two { Code::TwoReadings } else { Code::NotInCalendar });
    }
}

#[test]
fn instants_as_text() {
    let calendar = calendar("Europe/Berlin");
    let cases = [
        ("2026-03-01", "2026-02-28T23:00Z"),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00Z"),
        ("2026-03-01T10:00+05:30", "2026-03-01T04:30Z"),
        ("2026-03-01 10:00", "2026-03-01T09:00Z"),
        ("2026-03-01T10:00:30.5", "2026-03-01T09:00:30.5Z"),
    ];
    for (text, expected) in cases {
        assert_eq!(calendar.parse_instant(text), Ok(at(expected)), "{text}");
    }
    for text in
        ["", "yesterday", "2026", "2026-3-1", "20260301", "2026-03-01T", "2026-03-01T25:00", "10:00", "2026-03-0é"]
    {
        assert!(calendar.parse_instant(text).is_err(), "{text}");
    }
    let skipped = calendar.parse_instant("2026-03-29 02:30").unwrap_err();
    assert_eq!(skipped.message, "`2026-03-29 02:30` does not exist in Europe/Berlin, where the clock is changed");
    assert_eq!(skipped.help.as_deref(), Some("write the offset, such as `2026-03-29T03:30+02:00`"));
    let twice = calendar.parse_instant("2026-10-25 02:30").unwrap_err();
    assert_eq!(twice.message, "`2026-10-25 02:30` exists twice in Europe/Berlin, where the clock is changed");
    assert_eq!(twice.help.as_deref(), Some("write the offset, such as `2026-10-25T02:30+01:00`"));
}

#[test]
fn dates_as_text() {
    let calendar = calendar("UTC");
    assert_eq!(calendar.parse_date("2024-02-29"), Ok(date(2024, 2, 29)));
    assert_eq!(calendar.parse_date("2026-02-29").unwrap_err().message, "there is no 2026-02-29");
    for text in ["", "2026-2-1", "2026-02-01 ", "+026-02-01", "2026-02-+1", "2026-02-01T00:00"] {
        assert_eq!(calendar.parse_date(text).unwrap_err().message, format!("`{text}` is no date"));
    }
}
