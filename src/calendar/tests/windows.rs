use jiff::civil::Weekday;

use super::{at, between, calendar, days, fiscal};
use crate::calendar::{Calendar, Grain, Interval, Length, SpanUnit, Window};

fn length(text: &str) -> Length {
    let (count, unit) = text.split_once(' ').unwrap();
    let unit = match unit.trim_end_matches('s') {
        "second" => SpanUnit::Second,
        "minute" => SpanUnit::Minute,
        "hour" => SpanUnit::Hour,
        "day" => SpanUnit::Day,
        "week" => SpanUnit::Week,
        "month" => SpanUnit::Month,
        "quarter" => SpanUnit::Quarter,
        "year" => SpanUnit::Year,
        "period" => SpanUnit::Period,
        other => panic!("{other}"),
    };
    Length { count: count.parse().unwrap(), unit }
}

/// Period (first day, day after), window, the window's first day.
#[test]
fn trailing_windows_of_days() {
    let calendar = calendar("UTC");
    let cases = [
        ("2026-03-01", "2026-03-02", "1 day", "2026-03-01"),
        ("2026-03-01", "2026-03-02", "28 days", "2026-02-02"),
        ("2026-03-01", "2026-04-01", "7 days", "2026-03-25"),
        ("2026-03-01", "2026-03-02", "4 weeks", "2026-02-02"),
        ("2026-03-30", "2026-03-31", "1 month", "2026-03-01"),
        ("2026-03-31", "2026-04-01", "1 month", "2026-03-01"),
        ("2026-03-15", "2026-03-16", "1 month", "2026-02-16"),
        ("2026-02-28", "2026-03-01", "2 months", "2025-12-29"),
        ("2026-04-30", "2026-05-01", "2 months", "2026-03-01"),
        ("2026-09-01", "2026-10-01", "1 quarter", "2026-07-01"),
        ("2024-02-29", "2024-03-01", "1 year", "2023-03-01"),
        ("2026-12-31", "2027-01-01", "1 year", "2026-01-01"),
        ("2026-03-01", "2026-04-01", "1 period", "2026-03-01"),
        ("2026-03-01", "2026-04-01", "3 periods", "2026-01-01"),
        ("2026-03-02", "2026-03-09", "2 periods", "2026-02-23"),
    ];
    for (start, end, window, expected) in cases {
        let got = calendar.window(Window::Trailing(length(window)), days(start, end));
        assert_eq!(got, days(expected, end), "{window} to {end}");
    }
}

/// End, length, first day; in a plain year and in one that begins in February.
#[test]
fn stretches_that_end_somewhere() {
    let (plain, fiscal) = (calendar("UTC"), fiscal(2, 1));
    let cases = [
        (&plain, "2011-07-01", "1 quarter", "2011-04-01"),
        (&plain, "2011-04-01", "2 quarters", "2010-10-01"),
        (&plain, "2011-06-01", "1 quarter", "2011-03-01"),
        (&plain, "2026-03-01", "1 month", "2026-02-01"),
        (&plain, "2026-03-01", "12 months", "2025-03-01"),
        (&plain, "2026-03-15", "1 month", "2026-02-15"),
        (&plain, "2026-03-31", "1 month", "2026-03-01"),
        (&plain, "2026-09-28", "2 weeks", "2026-09-14"),
        (&plain, "2026-09-30", "2 weeks", "2026-09-16"),
        (&plain, "2026-01-01", "1 year", "2025-01-01"),
        (&plain, "2026-03-01", "28 days", "2026-02-01"),
        (&fiscal, "2026-05-01", "1 quarter", "2026-02-01"),
        (&fiscal, "2026-07-01", "1 quarter", "2026-04-01"),
        (&fiscal, "2026-02-01", "1 year", "2025-02-01"),
    ];
    for (calendar, end, of, start) in cases {
        let end = days(end, end).end;
        assert_eq!(calendar.before(end, length(of)).start, days(start, start).start, "{of} before {end}");
    }
    let unbounded = plain.before(jiff::Timestamp::MAX, length("1 year"));
    assert_eq!(unbounded, Interval::ALL);
}

#[test]
fn other_windows() {
    let berlin = calendar("Europe/Berlin");
    let day = between("2026-03-28T23:00Z", "2026-03-29T22:00Z");
    let trailing = |text| Window::Trailing(length(text));
    assert_eq!(berlin.window(trailing("24 hours"), day).start, at("2026-03-28T22:00Z"), "elapsed");
    assert_eq!(berlin.window(trailing("1 day"), day).start, day.start, "civil");
    let hour = between("2026-03-30T08:00Z", "2026-03-30T09:00Z");
    assert_eq!(berlin.window(trailing("2 days"), hour).start, at("2026-03-28T10:00Z"), "the same time of day");
    assert_eq!(berlin.window(Window::ToDate(Grain::Month), day).start, at("2026-02-28T23:00Z"));
    assert_eq!(berlin.window(Window::ToDate(Grain::Week), day).start, at("2026-03-22T23:00Z"));
    let month = between("2026-02-28T23:00Z", "2026-03-31T22:00Z");
    assert_eq!(berlin.window(Window::ToDate(Grain::Day), month).start, at("2026-03-30T22:00Z"));
    assert_eq!(berlin.window(Window::AllTime, day).start, jiff::Timestamp::MIN);
    assert_eq!(berlin.window(trailing("28 days"), Interval::ALL), Interval::ALL);
    let quarter = fiscal(2, 1).window(Window::ToDate(Grain::Quarter), days("2026-03-10", "2026-03-11"));
    assert_eq!(quarter, days("2026-02-01", "2026-03-11"));
    // Midnight of 4 November 2018 does not exist.
    let sao_paulo = calendar("America/Sao_Paulo");
    let window = sao_paulo.window(trailing("3 days"), between("2018-11-06T02:00Z", "2018-11-07T02:00Z"));
    assert_eq!(window.start, at("2018-11-04T03:00Z"));
}

/// Grain, interval, length, expected interval.
#[test]
fn earlier_intervals_of_days() {
    let calendar = calendar("UTC");
    let (day, week, month, quarter, year) =
        (Some(Grain::Day), Some(Grain::Week), Some(Grain::Month), Some(Grain::Quarter), Some(Grain::Year));
    let cases = [
        (day, ("2024-02-29", "2024-03-01"), "1 year", ("2023-02-28", "2023-03-01")),
        (day, ("2024-02-28", "2024-02-29"), "1 year", ("2023-02-28", "2023-03-01")),
        (day, ("2024-03-01", "2024-03-02"), "1 year", ("2023-03-01", "2023-03-02")),
        (day, ("2026-03-30", "2026-03-31"), "1 month", ("2026-02-28", "2026-03-01")),
        (day, ("2026-03-31", "2026-04-01"), "1 month", ("2026-02-28", "2026-03-01")),
        (day, ("2026-03-15", "2026-03-16"), "7 days", ("2026-03-08", "2026-03-09")),
        (day, ("2026-03-15", "2026-03-16"), "1 period", ("2026-03-14", "2026-03-15")),
        (week, ("2026-09-21", "2026-09-28"), "1 year", ("2025-09-22", "2025-09-29")),
        (week, ("2026-09-21", "2026-09-28"), "1 period", ("2026-09-14", "2026-09-21")),
        (week, ("2026-09-21", "2026-09-28"), "2 weeks", ("2026-09-07", "2026-09-14")),
        (week, ("2026-09-21", "2026-09-28"), "1 month", ("2026-08-21", "2026-08-28")),
        (month, ("2026-03-01", "2026-04-01"), "1 month", ("2026-02-01", "2026-03-01")),
        (month, ("2026-02-01", "2026-03-01"), "1 month", ("2026-01-01", "2026-02-01")),
        (month, ("2026-03-01", "2026-04-01"), "1 year", ("2025-03-01", "2025-04-01")),
        (month, ("2026-03-01", "2026-04-01"), "1 quarter", ("2025-12-01", "2026-01-01")),
        (month, ("2026-03-01", "2026-04-01"), "5 days", ("2026-02-24", "2026-03-27")),
        (quarter, ("2026-07-01", "2026-10-01"), "1 year", ("2025-07-01", "2025-10-01")),
        (quarter, ("2026-07-01", "2026-10-01"), "2 periods", ("2026-01-01", "2026-04-01")),
        (year, ("2024-01-01", "2025-01-01"), "1 period", ("2023-01-01", "2024-01-01")),
        // Windows within a grain.
        (day, ("2026-02-02", "2026-03-02"), "1 period", ("2026-02-01", "2026-03-01")),
        (month, ("2026-03-04", "2026-04-01"), "1 month", ("2026-02-04", "2026-03-01")),
        (week, ("2026-09-01", "2026-09-28"), "1 year", ("2025-09-02", "2025-09-29")),
        // Ranges as one period.
        (None, ("2026-01-01", "2026-03-01"), "1 period", ("2025-11-01", "2026-01-01")),
        (None, ("2026-01-10", "2026-01-20"), "2 periods", ("2025-12-21", "2025-12-31")),
        (None, ("2026-01-01", "2026-02-01"), "1 year", ("2025-01-01", "2025-02-01")),
        // Nothing to move.
        (month, ("2026-03-01", "2026-04-01"), "0 months", ("2026-03-01", "2026-04-01")),
    ];
    for (grain, (start, end), by, (earlier, until)) in cases {
        let got = calendar.shift_back(days(start, end), length(by), grain);
        assert_eq!(got, days(earlier, until), "{grain:?} {start} to {end}, {by}");
    }
}

#[test]
fn earlier_intervals_elsewhere() {
    let berlin = calendar("Europe/Berlin");
    let after_change = between("2026-03-29T22:00Z", "2026-03-30T22:00Z");
    let short_day = between("2026-03-28T23:00Z", "2026-03-29T22:00Z");
    assert_eq!(berlin.shift_back(after_change, length("1 day"), Some(Grain::Day)), short_day);
    let hour = between("2026-03-30T08:00Z", "2026-03-30T09:00Z");
    let earlier = berlin.shift_back(hour, length("1 day"), Some(Grain::Hour));
    assert_eq!(earlier, between("2026-03-29T08:00Z", "2026-03-29T09:00Z"));
    let earlier = berlin.shift_back(hour, length("2 days"), Some(Grain::Hour));
    assert_eq!(earlier, between("2026-03-28T09:00Z", "2026-03-28T10:00Z"), "the same time of day");
    assert_eq!(
        berlin.shift_back(hour, length("1 period"), Some(Grain::Hour)),
        between("2026-03-30T07:00Z", "2026-03-30T08:00Z")
    );
    assert_eq!(berlin.shift_back(hour, length("90 minutes"), None), between("2026-03-30T06:30Z", "2026-03-30T07:30Z"));
    let last_hour = between("2026-03-30T21:00Z", "2026-03-30T22:00Z");
    let earlier = berlin.shift_back(last_hour, length("1 month"), Some(Grain::Hour));
    assert_eq!(earlier, between("2026-02-28T22:00Z", "2026-02-28T23:00Z"), "no day vanishes");
    let to_date = Interval { start: jiff::Timestamp::MIN, end: at("2026-03-31T22:00Z") };
    let earlier = berlin.shift_back(to_date, length("1 month"), Some(Grain::Month));
    assert_eq!(earlier, Interval { start: jiff::Timestamp::MIN, end: at("2026-02-28T23:00Z") });
    let nov_30 = fiscal(11, 30);
    let earlier = nov_30.shift_back(days("2027-02-28", "2027-05-30"), length("1 quarter"), Some(Grain::Quarter));
    assert_eq!(earlier, days("2026-11-30", "2027-02-28"));
    let sunday = Calendar { week_start: Weekday::Sunday, ..calendar("UTC") };
    let earlier = sunday.shift_back(days("2026-03-01", "2026-03-08"), length("1 year"), Some(Grain::Week));
    assert_eq!(earlier, days("2025-03-02", "2025-03-09"));
}
