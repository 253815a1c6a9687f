//! Every kind of target, as numbers in the unit shown.

use jiff::civil::date;

use crate::calendar::{Grain, PeriodLiteral};
use crate::ir::{
    Aggregate, Amount, Baseline, Benchmark, BenchmarkId, BenchmarkValue, Better, Change, Comparison, Due, Guardrail,
    GuardrailBound, MetricId, Target,
};
use crate::report::evaluate::tests::house::{
    House, close, dec, mean, measure, metric, objective, period, share, span, sum,
};
use crate::unit::{Scale, Unit};

fn february() -> Baseline {
    Baseline::Period(period(PeriodLiteral::Month(2026, 2)))
}

fn march() -> Due {
    Due::Period(period(PeriodLiteral::Month(2026, 3)))
}

/// 28 rows of 60 in February, then 10 of 90.
fn house() -> House {
    let mut days = vec![60.0; 28];
    days.extend([90.0; 10]);
    House::daily(date(2026, 2, 1), &days).now("2026-03-11")
}

#[test]
fn kinds() {
    let literal = |text: &str| Amount::Literal(dec(text));
    let change = |increase, change| Target::Change { increase, change, from: february() };
    let cases = [
        (change(true, Change::ByShare(dec("0.2"))), Some(72.0), None, true),
        (change(false, Change::ByShare(dec("0.2"))), Some(48.0), None, false),
        (change(true, Change::By(dec("5"))), Some(65.0), None, true),
        (change(false, Change::By(dec("5"))), Some(55.0), None, false),
        (change(true, Change::To(literal("80"))), Some(80.0), None, true),
        (Target::Reach { to: literal("50"), from: Some(february()) }, Some(50.0), None, false),
        (Target::Reach { to: literal("70"), from: Some(february()) }, Some(70.0), None, true),
        (Target::AtLeast { bound: literal("50"), strict: false }, Some(50.0), None, true),
        (Target::AtMost { bound: literal("50"), strict: true }, None, Some(50.0), false),
        (Target::Between(literal("50"), literal("95")), Some(50.0), Some(95.0), true),
    ];
    for (target, value, upper, up) in cases {
        let card = house().with(objective(mean(), Grain::Month, target.clone(), march())).card();
        assert_eq!((card.target.value, card.target.upper), (value, upper), "{target:?}");
        assert_eq!(card.higher_is_better, up, "{target:?}");
    }
}

#[test]
fn everything_is_in_the_unit_shown() {
    // Seconds in the data, minutes in the report.
    let minutes = Unit { scale: Scale { num: 60, den: 1 }, ..Unit::seconds() }.spelt("minutes");
    let target = Target::Change { increase: true, change: Change::By(dec("30")), from: february() };
    let mut goal = objective(measure(Aggregate::Mean, Unit::seconds()), Grain::Month, target, march());
    goal.display = minutes;
    let card = house().with(goal).card();
    close(card.baseline.as_ref().and_then(|b| b.value), 1.0);
    close(card.target.value, 1.5);
    assert_eq!(card.format.unit, "minutes");
    assert!(!card.format.percent);
}

fn benchmark(value: BenchmarkValue) -> Benchmark {
    Benchmark {
        name: "industry".into(),
        span: span(),
        title: "Industry".into(),
        metric: "m".into(),
        ask: mean(),
        unit: Unit::none(),
        kind: None,
        value,
        source: None,
        as_of: Some(date(2026, 1, 1)),
        expires: Some(date(2026, 3, 10)),
        may_expire: true,
    }
}

#[test]
fn a_benchmarks_quantile_is_a_target_and_stands_beside() {
    let quantiles = vec![("p25".into(), dec("40")), ("p50".into(), dec("70")), ("p75".into(), dec("100"))];
    let amount = Amount::Benchmark { benchmark: BenchmarkId(0), quantile: "p50".into() };
    let mut goal = objective(mean(), Grain::Month, Target::Reach { to: amount, from: Some(february()) }, march());
    goal.compare = vec![BenchmarkId(0)];
    let mut house = house().with(goal);
    house.program.benchmarks.push(benchmark(BenchmarkValue::Quantiles(quantiles)));
    let report = house.report();
    let card = &report.objectives[0];
    close(card.target.value, 70.0);
    assert_eq!(card.compare[0].text, "between p25 and p50");
    let shown = &report.benchmarks[0];
    assert_eq!((shown.age_days, shown.stale), (Some(69), true));
    assert!(house.codes().contains(&"K0560"), "it expired the day before");
    house.program.benchmarks[0].expires = Some(date(2026, 3, 11));
    assert!(!house.codes().contains(&"K0560"), "its last day is today");
}

#[test]
fn a_computed_benchmark() {
    let mut house = house();
    house.program.metrics.push(metric("m", mean(), Grain::Month));
    house.program.benchmarks.push(benchmark(BenchmarkValue::Computed(february())));
    let report = house.report();
    close(report.benchmarks[0].values[0].1, 60.0);
    assert_eq!(report.benchmarks[0].window.as_deref(), Some("2026-02"));
    close(report.benchmarks[0].actual, 60.0);
}

#[test]
fn the_wrong_side_of_the_baseline_and_beyond_what_there_can_be() {
    let to = |increase, text: &str| Target::Change {
        increase,
        change: Change::To(Amount::Literal(dec(text))),
        from: february(),
    };
    let codes = |target| house().with(objective(mean(), Grain::Month, target, march())).codes();
    assert!(codes(to(true, "50")).contains(&"K0562"));
    assert!(codes(to(true, "60")).contains(&"K0562"), "nothing would change");
    assert!(!codes(to(true, "60.1")).contains(&"K0562"));
    assert!(codes(to(false, "70")).contains(&"K0562"));

    let mut days = [1.0, 0.0, 1.0, 1.0].repeat(7);
    days.extend([1.0; 10]);
    let house = House::daily(date(2026, 2, 1), &days).now("2026-03-11");
    let by = |share: &str| Target::Change { increase: true, change: Change::ByShare(dec(share)), from: february() };
    let codes = |target| house.clone().with(objective(share(), Grain::Month, target, march())).codes();
    assert!(codes(by("0.4")).contains(&"K0563"), "75 % and 40 % more are 105 %");
    assert!(!codes(by("0.3")).contains(&"K0563"));
}

#[test]
fn guardrails() {
    // The mean goes from 60 to 90.
    let no_worse = |share: &str| GuardrailBound::NoWorseThanShare(dec(share));
    let at_most = |text: &str| GuardrailBound::Compare { op: Comparison::LessOrEqual, amount: dec(text) };
    let cases = [
        (Better::Lower, at_most("90"), Some(90.0), Some(true)),
        (Better::Lower, at_most("89"), Some(89.0), Some(false)),
        (Better::Lower, no_worse("0.5"), Some(90.0), Some(true)),
        (Better::Lower, no_worse("0.4"), Some(84.0), Some(false)),
        (Better::Higher, no_worse("0"), Some(60.0), Some(true)),
        (Better::Lower, GuardrailBound::NoWorseThan(dec("29")), Some(89.0), Some(false)),
        (Better::Neither, GuardrailBound::NoWorseThan(dec("29")), Some(89.0), Some(false)),
        (Better::Neither, GuardrailBound::NoWorseThan(dec("30")), Some(90.0), Some(true)),
    ];
    for (better, bound, at, holds) in cases {
        let mut rows = vec![60.0; 28];
        rows.extend([90.0; 31]);
        let mut house = House::daily(date(2026, 2, 1), &rows).now("2026-04-01");
        let target = Target::Change { increase: true, change: Change::ByShare(dec("0.1")), from: february() };
        let mut goal = objective(sum(), Grain::Month, target, march());
        let text = "m guarded".to_owned();
        let guard = Guardrail {
            span: span(),
            text,
            metric: MetricId(0),
            expr: mean(),
            display: Unit::none(),
            bound: bound.clone(),
        };
        goal.guardrails.push(guard);
        let mut watched = metric("m", mean(), Grain::Month);
        watched.better = Some(better);
        house.program.metrics.push(watched);
        let house = house.with(goal);
        let card = house.card();
        let guard = &card.guardrails[0];
        assert_eq!((guard.value, guard.bound, guard.holds), (Some(90.0), at, holds), "{better:?} {bound:?}");
        assert_eq!(card.status_reason.contains("guardrail broken: m guarded"), holds == Some(false));
        assert_eq!(house.codes().contains(&"K0561"), holds == Some(false));
    }
}

#[test]
fn a_computed_benchmark_is_a_target_too() {
    let amount = Amount::Benchmark { benchmark: BenchmarkId(0), quantile: "value".into() };
    let from = Some(Baseline::Literal(dec("50")));
    let mut house = house().with(objective(mean(), Grain::Month, Target::Reach { to: amount, from }, march()));
    house.program.metrics.push(metric("m", mean(), Grain::Month));
    house.program.benchmarks.push(benchmark(BenchmarkValue::Computed(february())));
    close(house.card().target.value, 60.0);
    let before = Baseline::Period(period(PeriodLiteral::Month(2020, 2)));
    house.program.benchmarks[0].value = BenchmarkValue::Computed(before);
    assert_eq!(house.card().target.value, None);
    assert!(house.codes().contains(&"K0564"));
}
