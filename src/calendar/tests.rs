//! Tests of the calendar: tables worked by hand, properties, and an independent computation.

mod literals;
mod properties;
mod windows;

use jiff::civil::{DateTime, Weekday, date};

use super::*;

pub(super) fn calendar(zone: &str) -> Calendar {
    Calendar::new(Calendar::zone_named(zone).unwrap(), Weekday::Monday, (1, 1)).unwrap()
}

pub(super) fn fiscal(month: i8, day: i8) -> Calendar {
    Calendar { fiscal_year_start: (month, day), ..calendar("UTC") }
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn between(start: &str, end: &str) -> Interval {
    Interval { start: at(start), end: at(end) }
}

/// From midnight to midnight in UTC.
pub(super) fn days(start: &str, end: &str) -> Interval {
    between(&format!("{start}T00:00Z"), &format!("{end}T00:00Z"))
}

/// Zone, instant, grain, label, start, end: from the zones' published rules.
#[test]
fn periods_of_instants() {
    let cases = "
        UTC                 2026-03-01T00:00Z    day     2026-03-01  2026-03-01T00:00Z 2026-03-02T00:00Z
        UTC                 2026-02-28T23:59Z    day     2026-02-28  2026-02-28T00:00Z 2026-03-01T00:00Z
        UTC                 2026-09-27T12:00Z    week    2026-W39    2026-09-21T00:00Z 2026-09-28T00:00Z
        UTC                 2021-01-03T12:00Z    week    2020-W53    2020-12-28T00:00Z 2021-01-04T00:00Z
        UTC                 2024-12-30T00:00Z    week    2025-W01    2024-12-30T00:00Z 2025-01-06T00:00Z
        UTC                 2024-02-29T12:00Z    month   2024-02     2024-02-01T00:00Z 2024-03-01T00:00Z
        UTC                 2026-08-15T12:00Z    quarter 2026-Q3     2026-07-01T00:00Z 2026-10-01T00:00Z
        UTC                 2026-12-31T23:59Z    year    2026        2026-01-01T00:00Z 2027-01-01T00:00Z
        UTC                 1969-12-31T23:59:59.999999999Z day 1969-12-31 1969-12-31T00:00Z 1970-01-01T00:00Z
        Europe/Berlin       2026-03-28T23:00Z    day     2026-03-29  2026-03-28T23:00Z 2026-03-29T22:00Z
        Europe/Berlin       2026-10-25T12:00Z    day     2026-10-25  2026-10-24T22:00Z 2026-10-25T23:00Z
        Europe/Berlin       2026-10-25T00:30Z    hour    2026-10-25T02:00+02:00  2026-10-25T00:00Z 2026-10-25T01:00Z
        Europe/Berlin       2026-10-25T01:30Z    hour    2026-10-25T02:00+01:00  2026-10-25T01:00Z 2026-10-25T02:00Z
        Europe/Berlin       2026-03-29T00:59Z    hour    2026-03-29T01:00+01:00  2026-03-29T00:00Z 2026-03-29T01:00Z
        Europe/Berlin       2026-03-29T01:00Z    hour    2026-03-29T03:00+02:00  2026-03-29T01:00Z 2026-03-29T02:00Z
        Europe/Berlin       2026-03-01T09:30:30Z minute  2026-03-01T10:30+01:00  2026-03-01T09:30Z 2026-03-01T09:31Z
        America/Sao_Paulo   2018-11-04T12:00Z    day     2018-11-04  2018-11-04T03:00Z 2018-11-05T02:00Z
        America/Sao_Paulo   2018-02-18T01:30Z    day     2018-02-17  2018-02-17T02:00Z 2018-02-18T03:00Z
        America/Sao_Paulo   2018-02-18T02:30Z    day     2018-02-17  2018-02-17T02:00Z 2018-02-18T03:00Z
        America/Sao_Paulo   2018-11-04T03:30Z    hour    2018-11-04T01:00-02:00  2018-11-04T03:00Z 2018-11-04T04:00Z
        America/Sao_Paulo   2018-11-30T12:00Z    month   2018-11     2018-11-01T03:00Z 2018-12-01T02:00Z
        America/Havana      2013-11-03T05:30Z    day     2013-11-03  2013-11-03T04:00Z 2013-11-04T05:00Z
        America/St_Johns    2010-11-07T02:30:30Z day     2010-11-07  2010-11-07T02:30Z 2010-11-08T03:30Z
        America/St_Johns    2010-11-07T02:45Z    day     2010-11-07  2010-11-07T02:30Z 2010-11-08T03:30Z
        America/St_Johns    2010-11-07T02:30:30Z hour    2010-11-07T00:00-02:30  2010-11-07T02:30Z 2010-11-07T02:31Z
        America/St_Johns    2010-11-07T02:45Z    hour    2010-11-06T23:01-03:30  2010-11-07T02:31Z 2010-11-07T03:30Z
        Asia/Kathmandu      2026-03-01T00:00Z    hour    2026-03-01T05:00+05:45  2026-02-28T23:15Z 2026-03-01T00:15Z
        Asia/Kathmandu      2026-03-01T00:00Z    day     2026-03-01  2026-02-28T18:15Z 2026-03-01T18:15Z
        Australia/Lord_Howe 2026-04-04T14:45Z    hour    2026-04-05T01:00+11:00  2026-04-04T14:00Z 2026-04-04T15:00Z
        Australia/Lord_Howe 2026-04-04T15:15Z    hour    2026-04-05T01:30+10:30  2026-04-04T15:00Z 2026-04-04T15:30Z
        Australia/Lord_Howe 2026-10-03T15:45Z    hour    2026-10-04T02:30+11:00  2026-10-03T15:30Z 2026-10-03T16:00Z
        Pacific/Apia        2011-12-30T09:59Z    day     2011-12-29  2011-12-29T10:00Z 2011-12-30T10:00Z
        Pacific/Apia        2011-12-30T10:00Z    day     2011-12-31  2011-12-30T10:00Z 2011-12-31T10:00Z
        Pacific/Apia        2011-12-31T12:00Z    week    2011-W52    2011-12-26T10:00Z 2012-01-01T10:00Z";
    for line in cases.lines().skip(1) {
        let [zone, t, grain, label, start, end] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let (calendar, grain, t) = (calendar(zone), Grain::parse(grain).unwrap(), at(t));
        let period = calendar.period_at(t, grain);
        assert_eq!((period.label.as_str(), period.interval), (label, between(start, end)), "{line}");
        assert_eq!(calendar.floor(t, grain), at(start), "{line}");
        assert_eq!(calendar.next(t, grain), at(end), "{line}");
    }
}

#[test]
fn weeks_that_begin_elsewhere() {
    let calendar = Calendar { week_start: Weekday::Sunday, ..calendar("UTC") };
    let period = calendar.period_at(at("2026-03-04T12:00Z"), Grain::Week);
    assert_eq!(period.label, "week of 2026-03-01");
    assert_eq!(period.interval, days("2026-03-01", "2026-03-08"));
    let saturday = Calendar { week_start: Weekday::Saturday, ..calendar };
    assert_eq!(saturday.period_at(at("2026-03-06T12:00Z"), Grain::Week).label, "week of 2026-02-28");
}

/// Fiscal year start, day, grain, label, first day, day after.
#[test]
fn fiscal_periods() {
    let cases = [
        ((2, 1), "2026-01-31", Grain::Year, "FY2026", "2025-02-01", "2026-02-01"),
        ((2, 1), "2026-02-01", Grain::Year, "FY2027", "2026-02-01", "2027-02-01"),
        ((2, 1), "2026-01-31", Grain::Quarter, "FY2026-Q4", "2025-11-01", "2026-02-01"),
        ((2, 1), "2026-05-01", Grain::Quarter, "FY2027-Q2", "2026-05-01", "2026-08-01"),
        ((4, 6), "2026-04-05", Grain::Year, "FY2026", "2025-04-06", "2026-04-06"),
        ((4, 6), "2026-07-05", Grain::Quarter, "FY2027-Q1", "2026-04-06", "2026-07-06"),
        ((7, 1), "2026-07-01", Grain::Quarter, "FY2027-Q1", "2026-07-01", "2026-10-01"),
        ((11, 30), "2027-02-28", Grain::Quarter, "FY2027-Q2", "2027-02-28", "2027-05-30"),
        ((11, 30), "2028-02-28", Grain::Quarter, "FY2028-Q1", "2027-11-30", "2028-02-29"),
        ((1, 2), "2026-01-01", Grain::Year, "FY2026", "2025-01-02", "2026-01-02"),
        ((1, 1), "2026-11-11", Grain::Quarter, "2026-Q4", "2026-10-01", "2027-01-01"),
    ];
    for ((month, day), on, grain, label, first, after) in cases {
        let calendar = fiscal(month, day);
        let period = calendar.period_of(on.parse().unwrap(), grain);
        assert_eq!((period.label.as_str(), period.interval), (label, days(first, after)), "{month}-{day} {on}");
    }
    assert!(Calendar::new(TimeZone::UTC, Weekday::Monday, (2, 28)).is_ok());
    let refused = Calendar::new(TimeZone::UTC, Weekday::Monday, (2, 29)).unwrap_err();
    assert_eq!(refused.message, "the fiscal year cannot begin on 02-29: not every year has that day");
    assert!(Calendar::new(TimeZone::UTC, Weekday::Monday, (13, 1)).is_err());
    assert!(Calendar::new(TimeZone::UTC, Weekday::Monday, (0, -1)).is_err());
}

/// See `tests/day_starts.py`.
#[test]
fn days_begin_where_a_walk_through_time_says() {
    for line in include_str!("tests/day_starts.csv").lines().skip(1) {
        let mut parts = line.split(',');
        let calendar = calendar(parts.next().unwrap());
        let day: Date = parts.next().unwrap().parse().unwrap();
        let start: i64 = parts.next().unwrap().parse().unwrap();
        assert_eq!(calendar.date_start(day).as_second(), start, "{line}");
    }
}

#[test]
fn lists_of_periods() {
    let calendar = calendar("Europe/Berlin");
    let range = between("2026-03-28T12:00Z", "2026-03-30T12:00Z");
    let labels = |grain| calendar.periods(range, grain).unwrap().into_iter().map(|p| p.label).collect::<Vec<_>>();
    assert_eq!(labels(Grain::Day), ["2026-03-28", "2026-03-29", "2026-03-30"]);
    assert_eq!(labels(Grain::Week), ["2026-W13", "2026-W14"]);
    assert_eq!(labels(Grain::Hour).len(), 48);
    let apia = self::calendar("Pacific/Apia");
    let days = apia.periods(between("2011-12-29T12:00Z", "2012-01-01T12:00Z"), Grain::Day).unwrap();
    let days: Vec<_> = days.into_iter().map(|p| p.label).collect();
    assert_eq!(days, ["2011-12-29", "2011-12-31", "2012-01-01", "2012-01-02"]);
    let nothing = Interval { start: range.end, end: range.end };
    assert_eq!(calendar.periods(nothing, Grain::Day), Ok(Vec::new()));
    let error = calendar.periods(Interval::ALL, Grain::Hour).unwrap_err();
    assert_eq!(error.message, "grain `hour` makes more than 1,000,000 periods");
    assert_eq!(calendar.periods(Interval::ALL, Grain::Day).unwrap_err().code, Code::TooManyPeriods);
    assert_eq!(calendar.periods(Interval::ALL, Grain::Year).unwrap().len(), 19_999);
}

#[test]
fn steps() {
    let apia = calendar("Pacific/Apia");
    let day = |text: &str| apia.period_of(text.parse().unwrap(), Grain::Day);
    assert_eq!(apia.step(&day("2011-12-29"), 1).label, "2011-12-31");
    assert_eq!(apia.step(&day("2011-12-28"), 2).label, "2011-12-31");
    assert_eq!(apia.step(&day("2012-01-01"), -3).label, "2011-12-28");
    assert_eq!(apia.step(&day("2011-12-31"), -1).label, "2011-12-29");
    assert_eq!(apia.step(&day("2012-01-01"), 0).label, "2012-01-01");
    let berlin = calendar("Europe/Berlin");
    let hour = berlin.period_at(at("2026-10-25T00:30Z"), Grain::Hour);
    assert_eq!(berlin.step(&hour, 1).label, "2026-10-25T02:00+01:00");
    assert_eq!(berlin.step(&berlin.step(&hour, 1), -1), hour);
    let quarter = fiscal(2, 1).period_of(date(2026, 1, 1), Grain::Quarter);
    assert_eq!(fiscal(2, 1).step(&quarter, 1).label, "FY2027-Q1");
    let total = Calendar::total(days("2026-01-01", "2026-04-01"));
    assert_eq!(calendar("UTC").step(&total, 1).interval, days("2026-04-01", "2026-07-01"));
    assert_eq!(calendar("UTC").step(&Calendar::total(Interval::ALL), 5).interval, Interval::ALL);
}

#[test]
fn the_ends_of_time() {
    for zone in ["UTC", "Pacific/Apia", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Kiritimati"] {
        let calendar = Calendar { fiscal_year_start: (11, 30), ..calendar(zone) };
        let ends = ["0001-01-01T00:00Z", "9999-12-30T00:00Z", "-009999-01-02T12:00Z", "9999-12-30T21:59Z"];
        for t in ends.map(at).into_iter().chain([Timestamp::MIN, Timestamp::MAX]) {
            for grain in Grain::ALL {
                let period = calendar.period_at(t, grain);
                assert!(period.interval.start <= t && t <= period.interval.end, "{zone} {t} {grain} {period:?}");
                for n in [1, -1, 1000, -1000, i64::MAX, i64::MIN] {
                    // A million hours are walked; enough of that elsewhere.
                    if grain >= Grain::Day || n.abs_diff(0) <= 1000 {
                        calendar.step(&period, n);
                    }
                }
                for unit in [SpanUnit::Second, SpanUnit::Day, SpanUnit::Month, SpanUnit::Year, SpanUnit::Period] {
                    let length = Length { count: u32::MAX, unit };
                    if grain >= Grain::Day {
                        calendar.shift_back(period.interval, length, Some(grain));
                    }
                    calendar.shift_back(period.interval, length, None);
                    calendar.window(Window::Trailing(length), period.interval);
                }
            }
        }
    }
}

#[test]
fn local_times() {
    use LocalPolicy::{Earlier, Later, Reject};
    let berlin = calendar("Europe/Berlin");
    // 02:30 does not exist on the first day and exists twice on the second.
    let gap: DateTime = "2026-03-29T02:30".parse().unwrap();
    let twice: DateTime = "2026-10-25T02:30".parse().unwrap();
    let plain: DateTime = "2026-06-01T02:30".parse().unwrap();
    let cases = [
        (gap, Earlier, Some("2026-03-29T00:30Z"), true),
        (gap, Later, Some("2026-03-29T01:30Z"), true),
        (gap, Reject, None, false),
        (twice, Earlier, Some("2026-10-25T00:30Z"), true),
        (twice, Later, Some("2026-10-25T01:30Z"), true),
        (twice, Reject, None, false),
        (plain, Reject, Some("2026-06-01T00:30Z"), false),
    ];
    for (local, policy, expected, moved) in cases {
        let expected = Resolved { timestamp: expected.map(at), moved };
        assert_eq!(berlin.resolve_local(local, policy, policy), expected, "{local} {policy:?}");
    }
    let beyond = calendar("America/New_York").resolve_local(DateTime::MAX, Later, Later);
    assert_eq!(beyond, Resolved { timestamp: None, moved: false });
}

#[test]
fn zones() {
    assert_eq!(Calendar::zone_named("Europe/Berlin").unwrap().iana_name(), Some("Europe/Berlin"));
    assert!(Calendar::zone_named("UTC").is_some());
    assert!(Calendar::zone_named("Etc/Unknown").is_none());
    assert!(Calendar::zone_named("").is_none());
    let error = Calendar::zone("Europe/Berln").unwrap_err();
    assert_eq!(error.message, "unknown time zone `Europe/Berln`");
    assert_eq!(error.help.as_deref(), Some("did you mean `Europe/Berlin`?"));
    let error = Calendar::zone("xx").unwrap_err();
    assert_eq!(error.help.as_deref(), Some("write an IANA name, such as `Europe/Berlin` or `UTC`"));
}

#[test]
fn texts() {
    assert_eq!(Length { count: 28, unit: SpanUnit::Day }.to_string(), "28 days");
    assert_eq!(Length { count: 1, unit: SpanUnit::Month }.to_string(), "1 month");
    assert_eq!(Length { count: 3, unit: SpanUnit::Period }.to_string(), "3 periods");
    for grain in Grain::ALL {
        assert_eq!(Grain::parse(&grain.to_string()), Some(grain));
        assert_eq!(grain.unit().grain(), Some(grain));
    }
    assert_eq!(Grain::parse("days"), None);
    assert_eq!(SpanUnit::Period.grain(), None);
}

#[test]
fn intervals() {
    let (a, b) = (days("2026-01-01", "2026-01-10"), days("2026-01-05", "2026-01-20"));
    assert_eq!(a.intersect(&b), days("2026-01-05", "2026-01-10"));
    assert!(a.intersect(&days("2026-02-01", "2026-02-02")).is_empty());
    assert!(a.contains(a.start) && !a.contains(a.end) && !a.is_empty());
    assert_eq!(a.last_instant(), at("2026-01-09T23:59:59.999999999Z"));
    assert_eq!(Interval { start: Timestamp::MIN, end: Timestamp::MIN }.last_instant(), Timestamp::MIN);
    assert_eq!(calendar("UTC").days(&a), Some((date(2026, 1, 1), date(2026, 1, 9))));
    assert_eq!(calendar("UTC").days(&Interval::ALL), None);
}
