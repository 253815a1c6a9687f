use jiff::Timestamp;
use jiff::civil::Weekday;
use proptest::prelude::{Just, Strategy, any, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};

use crate::calendar::{Calendar, Grain, Interval, Length, SpanUnit, Window};

const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Havana",
    "America/Caracas",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
];

fn calendars() -> impl Strategy<Value = Calendar> {
    let weekday = (0i8..7).prop_map(|day| Weekday::from_monday_zero_offset(day).unwrap());
    let fiscal = (1i8..=12, 1i8..=31).prop_filter("a day of every year", |(month, day)| {
        Calendar::new(jiff::tz::TimeZone::UTC, Weekday::Monday, (*month, *day)).is_ok()
    });
    let fiscal = proptest::prop_oneof![Just((1, 1)), fiscal];
    (select(ZONES.as_slice()), weekday, fiscal)
        .prop_map(|(zone, week, fiscal)| Calendar::new(Calendar::zone_named(zone).unwrap(), week, fiscal).unwrap())
}

/// 1900 to 2100.
fn instants() -> impl Strategy<Value = Timestamp> {
    (-2_208_988_800i64..4_102_444_800, 0i32..1_000_000_000).prop_map(|(s, ns)| Timestamp::new(s, ns).unwrap())
}

fn grains() -> impl Strategy<Value = Grain> {
    select(Grain::ALL.as_slice())
}

fn width(grain: Grain) -> i64 {
    match grain {
        Grain::Minute => 60,
        Grain::Hour => 3600,
        Grain::Day => 86_400,
        Grain::Week => 7 * 86_400,
        Grain::Month => 31 * 86_400,
        Grain::Quarter => 92 * 86_400,
        Grain::Year => 366 * 86_400,
    }
}

proptest! {
    /// Periods follow each other without gap or overlap, cover the range, and have names of their own.
    #[test]
    fn periods_tile(calendar in calendars(), start in instants(), grain in grains(), count in 1i64..40) {
        let end = start.checked_add(jiff::SignedDuration::from_secs(count * width(grain))).unwrap();
        let periods = calendar.periods(Interval { start, end }, grain).unwrap();
        let (first, last) = (periods.first().unwrap(), periods.last().unwrap());
        prop_assert!(first.interval.contains(start));
        prop_assert!(last.interval.start < end && end <= last.interval.end);
        for pair in periods.windows(2) {
            prop_assert_eq!(pair[0].interval.end, pair[1].interval.start);
            prop_assert!(pair[0].label != pair[1].label);
        }
        for period in &periods {
            prop_assert!(!period.interval.is_empty());
            prop_assert_eq!(&calendar.period_at(period.interval.start, grain), period);
            prop_assert_eq!(&calendar.period_at(period.interval.last_instant(), grain), period);
        }
    }

    #[test]
    fn floor_is_idempotent_and_next_follows(calendar in calendars(), t in instants(), grain in grains()) {
        let start = calendar.floor(t, grain);
        prop_assert!(start <= t);
        prop_assert_eq!(calendar.floor(start, grain), start);
        let end = calendar.next(t, grain);
        prop_assert!(end > t);
        prop_assert_eq!(calendar.next(start, grain), end);
        prop_assert_eq!(calendar.floor(end, grain), end);
    }

    #[test]
    fn steps_lead_back(calendar in calendars(), t in instants(), grain in grains(), n in -400i64..400) {
        let period = calendar.period_at(t, grain);
        let there = calendar.step(&period, n);
        prop_assert!(!there.interval.is_empty());
        prop_assert_eq!(calendar.step(&there, -n), period);
    }

    /// Stepping is walking from period to period.
    #[test]
    fn a_step_is_the_next(calendar in calendars(), t in instants(), grain in grains()) {
        let period = calendar.period_at(t, grain);
        prop_assert_eq!(calendar.step(&period, 1), calendar.period_at(period.interval.end, grain));
    }

    /// Longer periods consist of whole days.
    #[test]
    fn boundaries_are_starts_of_days(calendar in calendars(), t in instants(), grain in grains()) {
        if grain >= Grain::Day {
            let start = calendar.floor(t, grain);
            prop_assert_eq!(calendar.date_start(calendar.date_of(start)), start);
        }
    }

    /// A window of whole periods is those periods.
    #[test]
    fn windows_of_whole_periods(calendar in calendars(), t in instants(), grain in grains(), n in 1u32..30) {
        if matches!(grain, Grain::Day | Grain::Week) {
            let last = calendar.period_at(t, grain);
            let length = Length { count: n, unit: grain.unit() };
            let window = calendar.window(Window::Trailing(length), last.interval);
            // Samoa's week of six days still ends a window of days that counts seven.
            if calendar.zone.iana_name() != Some("Pacific/Apia") {
                let first = calendar.step(&last, 1 - i64::from(n));
                prop_assert_eq!(window.start, first.interval.start);
            }
            prop_assert_eq!(window.end, last.interval.end);
        }
    }

    /// What lies earlier keeps its order and is never empty.
    #[test]
    fn shifts_keep_order(
        calendar in calendars(),
        t in instants(),
        grain in grains(),
        count in 1u32..30,
        unit in select(&[SpanUnit::Minute, SpanUnit::Hour, SpanUnit::Day, SpanUnit::Week, SpanUnit::Month, SpanUnit::Year, SpanUnit::Period][..]),
        with_grain in any::<bool>(),
    ) {
        let interval = calendar.period_at(t, grain).interval;
        let length = Length { count, unit };
        let earlier = calendar.shift_back(interval, length, with_grain.then_some(grain));
        prop_assert!(earlier.start <= earlier.end);
        prop_assert!(earlier.end <= interval.start.max(interval.end));
        if grain >= Grain::Day && calendar.zone.iana_name() != Some("Pacific/Apia") {
            prop_assert!(!earlier.is_empty());
        }
    }
}
