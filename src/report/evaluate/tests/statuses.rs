//! Each status, and the bounds between them.

use jiff::civil::date;

use crate::calendar::{Grain, PeriodLiteral};
use crate::ir::{Amount, Baseline, Change, Due, Objective, Target};
use crate::report::Status;
use crate::report::evaluate::tests::house::{House, at, close, dec, mean, objective, period};

fn to(text: &str) -> Target {
    let from = Baseline::Literal(dec("10"));
    Target::Change { increase: true, change: Change::To(Amount::Literal(dec(text))), from }
}

/// From 10 on 1 January to 20 on 20 January, a value a day.
fn to_20() -> Objective {
    let mut goal = objective(mean(), Grain::Day, to("20"), Due::Date(date(2026, 1, 20)));
    goal.start = Some(at("2026-01-01"));
    goal
}

fn status(house: House, goal: Objective) -> (Status, String) {
    let card = house.with(goal).card();
    (card.status, card.status_reason)
}

#[test]
fn before_and_after() {
    let days = |values: &[f64]| House::daily(date(2026, 1, 1), values);
    let not_yet = days(&[10.0; 3]).now("2025-12-31");
    assert_eq!(status(not_yet, to_20()).0, Status::NoData, "no row counts before the first");
    let early = House::daily(date(2025, 12, 20), &[10.0; 5]).now("2025-12-25");
    assert_eq!(status(early, to_20()).0, Status::NotStarted);

    let mut reached = vec![15.0; 19];
    reached.push(20.0);
    assert_eq!(status(days(&reached).now("2026-01-21"), to_20()).0, Status::Achieved, "exactly the target");
    reached[19] = 19.9;
    assert_eq!(status(days(&reached).now("2026-01-21"), to_20()).0, Status::Missed);
    // Once over, old data do not matter any more.
    reached[19] = 20.0;
    assert_eq!(status(days(&reached).now("2026-06-01"), to_20()).0, Status::Achieved);
}

#[test]
fn pending_until_the_data_are_complete() {
    // "Now" is the latest event of another source; the latest row of this one is of noon on the due date.
    let mut values = vec![20.0; 20];
    let house = |values: &[f64]| House { other: Some(at("2026-01-22")), ..House::daily(date(2026, 1, 1), values) };
    assert_eq!(status(house(&values), to_20()).0, Status::Pending);
    // The day is over when a later row is seen.
    values.push(20.0);
    assert_eq!(status(house(&values), to_20()).0, Status::Achieved);
}

#[test]
fn nothing_to_judge() {
    let stale = House::daily(date(2026, 1, 1), &[10.0; 3]).now("2026-01-12");
    assert_eq!(
        status(stale.clone(), to_20()),
        (Status::NoData, "the latest row is of 3 Jan 2026; none since 5 Jan 2026".into())
    );
    assert!(stale.with(to_20()).codes().contains(&"K0554"));
    // Seven days after the latest row is not too old, eight are.
    let mut quarter = to_20();
    quarter.grain = Grain::Week;
    quarter.due = Due::Date(date(2026, 3, 31));
    let weeks = House::daily(date(2025, 12, 1), &[10.0; 42]);
    assert_ne!(status(weeks.clone().now("2026-01-18"), quarter.clone()).0, Status::NoData);
    let (status, reason) = status(weeks.now("2026-01-19T13:00:00Z"), quarter);
    assert_eq!((status, reason.as_str()), (Status::NoData, "the latest row is of 11 Jan 2026; none since 12 Jan 2026"));
}

#[test]
fn once_reached_counts_only_where_it_is_said() {
    let mut values = vec![12.0; 19];
    values[5] = 21.0;
    values.push(12.0);
    let house = House::daily(date(2026, 1, 1), &values).now("2026-01-21");
    assert_eq!(status(house.clone(), to_20()).0, Status::Missed);
    let latched = Objective { latch: true, ..to_20() };
    assert_eq!(status(house, latched), (Status::Achieved, "reached in 2026-01-06; once reached counts".into()));
}

#[test]
fn by_pace_at_the_bounds() {
    // Half of the time gone, so half of the way is a pace of 1.
    let cases = [
        (15.0, Status::OnTrack),
        (14.5, Status::OnTrack),
        (14.49, Status::AtRisk),
        (13.75, Status::AtRisk),
        (13.74, Status::OffTrack),
        (9.0, Status::OffTrack),
    ];
    for (value, expected) in cases {
        let house = House::daily(date(2026, 1, 9), &[11.0, value]).now("2026-01-11");
        assert_eq!(status(house.clone(), to_20()).0, expected, "{value}");
        let strict = Objective { thresholds: Some((dec("1"), dec("0.5"))), ..to_20() };
        let expected = if value >= 15.0 {
            Status::OnTrack
        } else if value >= 12.5 {
            Status::AtRisk
        } else {
            Status::OffTrack
        };
        assert_eq!(status(house, strict).0, expected, "{value} with thresholds of its own");
    }
}

#[test]
fn thresholds_are_printed() {
    let house = House::daily(date(2026, 1, 9), &[11.0, 15.0]).now("2026-01-11");
    let card = house.clone().with(to_20()).card();
    assert_eq!(card.thresholds, "pace ≥ 90 % on track, ≥ 75 % at risk, else off track");
    let own = Objective { thresholds: Some((dec("0.8"), dec("0.4"))), ..to_20() };
    assert_eq!(house.with(own).card().thresholds, "pace ≥ 80 % on track, ≥ 40 % at risk, else off track");
}

fn kept(target: Target) -> Objective {
    objective(mean(), Grain::Day, target, Due::Period(period(PeriodLiteral::Month(2026, 1))))
}

fn at_least(text: &str, strict: bool) -> Target {
    Target::AtLeast { bound: Amount::Literal(dec(text)), strict }
}

#[test]
fn a_band_is_kept_in_every_period() {
    let mut values = vec![5.0; 31];
    let house = |values: &[f64], as_of: &str| House::daily(date(2026, 1, 1), values).now(as_of);
    assert_eq!(status(house(&values, "2026-02-01"), kept(at_least("5", false))).0, Status::Achieved);
    assert_eq!(status(house(&values, "2026-02-01"), kept(at_least("5", true))).0, Status::Missed, "5 is not above 5");
    // Twenty days in: it has always held, and everything drawn from those days holds.
    let card = house(&values[..20], "2026-01-21").with(kept(at_least("5", false))).card();
    assert_eq!((card.status, card.score), (Status::OnTrack, Some(1.0)));
    close(card.probabilities.first().map(|p| p.value), 1.0);
    assert!(card.baseline.is_none() && card.expected.is_none() && card.pace.is_none());

    values[9] = 4.0;
    let broken = house(&values[..20], "2026-01-21").with(kept(at_least("5", false))).card();
    assert_eq!(broken.status, Status::OffTrack);
    assert_eq!(broken.status_reason, "outside the band in 2026-01-10 already");
    close(broken.score, 19.0 / 20.0);
    close(broken.probabilities.first().map(|p| p.value), 0.0);
    let over = status(house(&values, "2026-02-01"), kept(at_least("5", false)));
    assert_eq!(over, (Status::Missed, "outside the band in 2026-01-10".into()));
    let between = Target::Between(Amount::Literal(dec("4")), Amount::Literal(dec("5")));
    assert_eq!(status(house(&values, "2026-02-01"), kept(between)).0, Status::Achieved);
    let below = Target::AtMost { bound: Amount::Literal(dec("5")), strict: true };
    assert_eq!(status(house(&values, "2026-02-01"), kept(below)).0, Status::Missed);
}

#[test]
fn no_way_to_go() {
    // Baseline and target are the same: no progress can be told, the score is the share of days that reach it.
    let mut goal = to_20();
    goal.target = to("10");
    let card = House::daily(date(2026, 1, 1), &[10.0, 9.0, 10.0, 10.0]).now("2026-01-05").with(goal).card();
    assert_eq!((card.progress, card.pace), (None, None));
    close(card.score, 0.75);
    assert_eq!(card.status, Status::OnTrack);
}

#[test]
fn data_without_a_clock_have_one_value() {
    let mut goal = to_20();
    goal.due = Due::Date(date(2026, 1, 20));
    let mut house = House::daily(date(2026, 1, 1), &[18.0, 22.0]).now("2026-01-10");
    house.program.sources[0].time = None;
    let card = house.clone().with(goal.clone()).card();
    close(card.actual.value, 20.0);
    assert_eq!((card.status, card.series.len(), card.trailing.len()), (Status::OnTrack, 0, 0));
    house.request.as_of = Some(at("2026-01-21"));
    assert_eq!(status(house.clone(), goal.clone()).0, Status::Achieved);
    let from = Baseline::Period(period(PeriodLiteral::Month(2025, 12)));
    goal.target = Target::Change { increase: true, change: Change::ByShare(dec("0.1")), from };
    let reason = status(house, goal);
    assert_eq!(reason, (Status::NoData, "the data have no clock, so that there is no baseline".into()));
}

#[test]
fn every_day_of_a_long_band_is_judged() {
    let mut days = vec![5.0; 365];
    days[3] = 4.0;
    let mut year = kept(at_least("5", false));
    year.due = Due::Period(period(PeriodLiteral::Year(2025)));
    let house = House::daily(date(2025, 1, 1), &days);
    assert_eq!(status(house.now("2026-01-01"), year).1, "outside the band in 2025-01-04");
}

#[test]
fn too_far_away_to_draw() {
    // Nearly three years of days are left: no probability, but a pace.
    let mut far = to_20();
    far.due = Due::Date(date(2028, 12, 31));
    let card = House::daily(date(2026, 1, 1), &[11.0; 20]).now("2026-01-21").with(far).card();
    assert!(card.probabilities.is_empty());
    assert_eq!(card.periods_left, Some(1076));
    assert_eq!(card.status, Status::OnTrack);
    assert!(card.status_reason.starts_with("no probability; pace "), "{}", card.status_reason);
    assert!(card.thresholds.starts_with("pace"));
}
