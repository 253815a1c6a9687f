//! Windows of baselines, and the intervals behind them.

use jiff::civil::date;

use crate::calendar::{Grain, PeriodLiteral};
use crate::ir::{Amount, Baseline, BaselineStatistic, Change, Due, Objective, Target};
use crate::report::evaluate::tests::house::{
    House, at, close, close_by, dec, mean, objective, period, share, sum, weeks,
};

fn by(share: &str, from: Baseline) -> Target {
    Target::Change { increase: true, change: Change::ByShare(dec(share)), from }
}

fn january(expr: crate::ir::MetricExpr, grain: Grain) -> Objective {
    let from = Baseline::Period(period(PeriodLiteral::Month(2026, 1)));
    objective(expr, grain, by("0.1", from), Due::Period(period(PeriodLiteral::Month(2026, 3))))
}

#[test]
fn a_share_has_wilsons_interval() {
    // 8 of 10 rows are at least 1.
    let rows = [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0];
    let house = House::daily(date(2026, 1, 1), &rows).now("2026-02-02").with(january(share(), Grain::Month));
    let baseline = house.card().baseline.unwrap();
    close(baseline.value, 0.8);
    assert_eq!(baseline.n, Some(10));
    let interval = baseline.interval.unwrap();
    assert_eq!(interval.method, "Wilson");
    close_by(Some(interval.low), 0.49016, 5e-6);
    close_by(Some(interval.high), 0.94332, 5e-6);
    assert!(house.codes().contains(&"K0553"), "10 are fewer than 30");
}

#[test]
fn a_mean_has_students_interval() {
    // 3, 0, 3, 0: mean 1.5, s 1.73205; t(3) = 3.182446.
    let house = House::daily(date(2026, 1, 1), &[3.0, 0.0, 3.0, 0.0]);
    let baseline = house.now("2026-02-02").with(january(mean(), Grain::Month)).card().baseline.unwrap();
    close(baseline.value, 1.5);
    assert_eq!(baseline.n, Some(4));
    let interval = baseline.interval.unwrap();
    assert_eq!(interval.method, "t");
    close_by(Some(interval.low), -1.256077, 1e-5);
    close_by(Some(interval.high), 4.256077, 1e-5);
}

#[test]
fn a_sum_rests_on_its_periods() {
    // 31 days of 1 and 3: sum 61, s of the days 1.016001; 31 · t(30) · s / √31 = 2.042272 · 1.016001 · √31.
    let days: Vec<f64> = (0..31).map(|i| if i % 2 == 0 { 1.0 } else { 3.0 }).collect();
    let house = House::daily(date(2026, 1, 1), &days);
    let baseline = house.now("2026-02-02").with(january(sum(), Grain::Day)).card().baseline.unwrap();
    close(baseline.value, 61.0);
    let interval = baseline.interval.unwrap();
    assert_eq!(interval.method, "t over 31 days");
    let s = (31.0 / 30.0 * (1.0 - 1.0 / 961.0_f64)).sqrt();
    close_by(Some(interval.high), 61.0 + 2.0422724563 * s * 31.0_f64.sqrt(), 1e-6);
}

#[test]
fn fewer_than_three_periods_have_none_and_it_is_said() {
    let house = House::daily(date(2026, 1, 1), &[1.0; 40]);
    let baseline = house.now("2026-02-10").with(january(sum(), Grain::Month)).card().baseline.unwrap();
    assert!(baseline.interval.is_none());
    assert_eq!(
        baseline.note.as_deref(),
        Some("no interval: the baseline has fewer than three periods of the metric's grain")
    );
}

#[test]
fn last_weeks_pooled_or_one_by_one() {
    // 1 a day in the first four weeks of 2026 that begin on a Monday (5 January), 2 a day in the next four.
    let days: Vec<f64> = (0..56).map(|i| if i < 28 { 1.0 } else { 2.0 }).collect();
    let house = House::daily(date(2026, 1, 5), &days).now("2026-03-04");
    let target = |statistic| by("0.5", Baseline::Last { length: weeks(8), statistic });
    let goal = |statistic| {
        let mut goal =
            objective(sum(), Grain::Week, target(statistic), Due::Period(period(PeriodLiteral::Quarter(2026, 2))));
        goal.created = Some(date(2026, 3, 4));
        goal
    };
    let pooled = house.clone().with(goal(None)).card();
    let baseline = pooled.baseline.as_ref().unwrap();
    close(baseline.value, 84.0);
    assert_eq!((baseline.start, baseline.end), (Some(at("2026-01-05")), Some(at("2026-03-02"))));
    assert_eq!(baseline.window, "8 weeks to 1 Mar 2026");
    assert_eq!(baseline.interval.as_ref().map(|r| r.method.as_str()), Some("t over 8 weeks"));
    close(pooled.target.value, 126.0);
    // The target is measured on the eight weeks before the due date.
    assert_eq!(pooled.due, Some(at("2026-07-01")));

    let cases = [
        (BaselineStatistic::Mean, 10.5),
        (BaselineStatistic::Median, 10.5),
        (BaselineStatistic::Best, 14.0),
        (BaselineStatistic::Worst, 7.0),
    ];
    for (statistic, expected) in cases {
        let card = house.clone().with(goal(Some(statistic))).card();
        close(card.baseline.as_ref().and_then(|b| b.value), expected);
        // Baseline and actual value are one measure: here they are the same weeks.
        close(card.actual.value, expected);
    }
}

#[test]
fn without_a_date_the_baseline_moves_and_says_so() {
    let house = House::daily(date(2026, 1, 5), &[1.0; 56]).now("2026-03-04");
    let target = by("0.5", Baseline::Last { length: weeks(2), statistic: None });
    let card = house.with(objective(sum(), Grain::Week, target, Due::Date(date(2026, 6, 30)))).card();
    let baseline = card.baseline.unwrap();
    assert_eq!(baseline.end, Some(at("2026-03-02")));
    assert!(baseline.note.unwrap().contains("it moves with the date of the report"));
}

#[test]
fn a_window_that_is_not_over_is_no_baseline() {
    let house = House::daily(date(2026, 1, 1), &[1.0; 20]).now("2026-01-21").with(january(sum(), Grain::Day));
    let card = house.card();
    assert_eq!(card.baseline.as_ref().unwrap().value, None);
    assert_eq!(card.status_reason, "the baseline 2026-01 has no value: the window is not complete");
    assert!(house.codes().contains(&"K0552"));
}

#[test]
fn a_target_to_reach_begins_where_the_objective_began() {
    let house = House::daily(date(2026, 1, 1), &[4.0; 60]).now("2026-02-20");
    let mut reach = objective(
        mean(),
        Grain::Day,
        Target::Reach { to: Amount::Literal(dec("6")), from: None },
        Due::Date(date(2026, 3, 31)),
    );
    reach.start = Some(at("2026-02-01"));
    let card = house.with(reach).card();
    let baseline = card.baseline.unwrap();
    close(baseline.value, 4.0);
    assert_eq!(baseline.window, "2026-01-31");
    assert!(baseline.note.unwrap().contains("names no baseline"));
}

#[test]
fn data_that_begin_inside_the_window_are_said() {
    let house = House::daily(date(2026, 1, 10), &[1.0; 30]).now("2026-02-10").with(january(sum(), Grain::Day));
    let note = house.card().baseline.unwrap().note.unwrap();
    assert_eq!(note, "the data begin on 10 Jan 2026, inside the window");
}
