//! `semantics.md` §5.4: base 100, target 150, actual 131 after 9 of 20 steps.

use jiff::civil::date;

use crate::calendar::Grain;
use crate::ir::{Amount, Baseline, Change, Due, Objective, Target};
use crate::report::Status;
use crate::report::evaluate::tests::house::{House, at, close, close_by, dec, mean, objective};

/// From 100 on 1 January to `to` within 20 days, one value a day.
fn climb(to: &str) -> Objective {
    let target = Target::Change {
        increase: true,
        change: Change::To(Amount::Literal(dec(to))),
        from: Baseline::Literal(dec("100")),
    };
    let mut climb = objective(mean(), Grain::Day, target, Due::Date(date(2026, 1, 20)));
    climb.start = Some(at("2026-01-01"));
    climb
}

#[test]
fn reference_with_little_history() {
    // Rows on the 5th to the 9th only: five complete days.
    let house = House::daily(date(2026, 1, 5), &[110.0, 112.0, 118.0, 123.0, 131.0]);
    let card = house.now("2026-01-10").with(climb("150")).card();
    close(card.baseline.as_ref().and_then(|b| b.value), 100.0);
    close(card.actual.value, 131.0);
    close(card.elapsed, 9.0 / 20.0);
    close(card.expected, 122.5);
    close(card.progress, 0.62);
    close(card.score, 0.62);
    close_by(card.pace, 1.37778, 5e-6);
    close_by(card.required_rate, 1.72727, 5e-6);
    close_by(card.observed_rate, 3.44444, 5e-6);
    close_by(card.on_this_pace, 168.89, 5e-3);
    assert_eq!(card.periods_left, Some(11));
    assert_eq!(card.status, Status::OnTrack);
    assert_eq!(card.status_reason, "only 5 complete days of history; pace 138 % of what is needed");
    assert!(card.probabilities.is_empty() && card.projection.is_none());
}

#[test]
fn going_down_uses_the_same_formula() {
    // 8 → 5 at 6 half way: progress 2/3, pace 4/3.
    let mut down = climb("150");
    down.target = Target::Change {
        increase: false,
        change: Change::To(Amount::Literal(dec("5"))),
        from: Baseline::Literal(dec("8")),
    };
    let house = House::daily(date(2026, 1, 8), &[7.0, 7.0, 6.0]);
    let card = house.now("2026-01-11").with(down).card();
    close(card.elapsed, 0.5);
    close(card.progress, 2.0 / 3.0);
    close(card.pace, 4.0 / 3.0);
    close(card.expected, 6.5);
    close(card.required_rate, -0.1);
    assert!(!card.higher_is_better);
}

/// y of §3.2, four steps before the due date, target 145: 0.5394 by the bootstrap (exact enumeration), 0.375760 by least squares.
#[test]
fn reference_probabilities() {
    let y = [100.0, 104.0, 103.0, 110.0, 112.0, 118.0, 117.0, 123.0, 128.0, 131.0];
    let mut to_145 = climb("145");
    to_145.due = Due::Date(date(2026, 1, 14));
    let card = House::daily(date(2026, 1, 1), &y).now("2026-01-11").with(to_145).card();
    let [bootstrap, regression] = card.probabilities.as_slice() else { panic!("{:?}", card.probabilities) };
    assert_eq!((bootstrap.method.as_str(), bootstrap.n), ("block bootstrap", 10));
    assert_eq!((regression.method.as_str(), regression.n), ("linear regression", 10));
    close_by(Some(bootstrap.value), 3539.0 / 6561.0, 0.015);
    close_by(Some(regression.value), 0.375760, 5e-7);
    assert_eq!(card.status, Status::AtRisk);
    assert_eq!(card.thresholds, "probability ≥ 70 % on track, ≥ 30 % at risk, else off track");
    // r = 3.5: four of the nine steps are smaller.
    close(card.required_rate, 3.5);
    close(card.required_percentile, 400.0 / 9.0);
    let projection = card.projection.unwrap();
    assert_eq!(projection.path.len(), 4);
    assert_eq!(projection.interval.method, "block bootstrap, 10,000 paths, seed 1");
    assert!(projection.interval.low < 145.0 && projection.interval.high > 145.0);
    assert_eq!(projection.path[3].at, at("2026-01-15"));
}
