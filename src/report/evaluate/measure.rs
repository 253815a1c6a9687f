//! Values with their windows: what was measured, and the interval of a baseline.

use crate::ir::{Additivity, BaselineStatistic, Objective};
use crate::report::evaluate::values::{Answers, Got, Shown};
use crate::report::plan::{BaselinePlan, Behind, Measurement};
use crate::report::{Measured, Range};
use crate::stats::Bounds;
use crate::stats::describe::{mean, median, stddev};
use crate::stats::distribution::t_two_sided;
use crate::stats::interval::{score, wilson};
use crate::value::Value;

/// The level of a baseline's interval.
pub(super) const LEVEL: f64 = 0.95;

/// The value of a measurement. `higher` says which of several values is the best.
pub(super) fn measured(answers: Answers, shown: &Shown, measurement: &Measurement, higher: bool) -> Measured {
    let got = answers.values(&measurement.handle);
    let incomplete = got.iter().any(|g| !g.complete);
    let (value, exact) = match (measurement.statistic, got.as_slice()) {
        (None, [Got { value, .. }, ..]) => (shown.number(value), shown.exact(value)),
        (None, []) => (None, Value::Null),
        (Some(statistic), all) => {
            let numbers: Vec<f64> = all.iter().filter_map(|g| shown.number(&g.value)).collect();
            let value = of_several(statistic, &numbers, higher);
            (value, value.map_or(Value::Null, Value::float))
        }
    };
    let note = match (value, incomplete) {
        (None, _) => Some("no data in the window"),
        (Some(_), true) => Some("the window is not complete"),
        (Some(_), false) => None,
    };
    let bounded = measurement.interval.start > jiff::Timestamp::MIN;
    Measured {
        value,
        exact,
        window: measurement.label.clone(),
        start: bounded.then_some(measurement.interval.start),
        end: bounded.then_some(measurement.interval.end),
        n: None,
        interval: None,
        note: note.map(str::to_owned),
    }
}

fn of_several(statistic: BaselineStatistic, values: &[f64], higher: bool) -> Option<f64> {
    let extreme = |most: bool| values.iter().copied().reduce(if most { f64::max } else { f64::min });
    match statistic {
        BaselineStatistic::Mean => mean(values),
        BaselineStatistic::Median => median(values),
        BaselineStatistic::Best => extreme(higher),
        BaselineStatistic::Worst => extreme(!higher),
    }
}

/// The baseline's value with what it rests on.
pub(super) fn baseline(
    answers: Answers,
    shown: &Shown,
    plan: &BaselinePlan,
    objective: &Objective,
    higher: bool,
) -> Measured {
    let mut measured = measured(answers, shown, &plan.measurement, higher);
    if answers.values(&plan.measurement.handle).iter().any(|got| !got.complete) {
        measured.value = None;
        measured.exact = Value::Null;
    }
    let Some(value) = measured.value else { return measured };
    let (n, interval, note) = match &plan.behind {
        Behind::Proportion { successes, failures } => {
            let count = |h| answers.single(h).value.as_f64();
            match count(successes).zip(count(failures)) {
                Some((yes, no)) if yes + no > 0.0 => (Some(yes + no), proportion(yes, yes + no), None),
                _ => (None, None, Some("no interval: nothing was counted")),
            }
        }
        Behind::Mean { stddev, count } => {
            let n = answers.single(count).value.as_f64();
            let s = shown.number(&answers.single(stddev).value);
            match n.zip(s).filter(|(n, _)| *n >= 2.0) {
                Some((n, s)) => (Some(n), t_range(value, s / n.sqrt(), n, "t".to_owned()), None),
                None => (n, None, Some("no interval: fewer than two values")),
            }
        }
        Behind::Score { stddev, count } => {
            let n = answers.single(count).value.as_f64();
            let s = shown.number(&answers.single(stddev).value).unwrap_or(0.0);
            match n.and_then(|n| score(value, s, n, LEVEL)) {
                Some(Bounds { low, high }) => {
                    let method = "normal, of promoters less detractors".to_owned();
                    (n, Some(Range { low, high, level: LEVEL, method }), None)
                }
                None => (n, None, Some("no interval: there is no answer")),
            }
        }
        Behind::SubPeriods { handle, noun } => {
            let got = answers.values(handle);
            let parts: Vec<f64> = got.iter().filter(|g| g.complete).filter_map(|g| shown.number(&g.value)).collect();
            over_parts(value, &parts, noun, plan.measurement.statistic.is_none(), objective.expr.additivity)
        }
        Behind::Nothing(why) => (None, None, Some(*why)),
    };
    measured.n = n.map(|n| n as u64);
    measured.interval = interval.map(|r| clamp(r, shown.domain));
    let moving =
        "it moves with the date of the report: nothing says when the objective was set (`start:` or `created:`)";
    let implied = "the target names no baseline: this is the value at the start";
    let notes = [measured.note.take(), note.map(str::to_owned)].into_iter().flatten();
    let notes = notes.chain(plan.moving.then(|| moving.to_owned())).chain(plan.implied.then(|| implied.to_owned()));
    let notes: Vec<String> = notes.collect();
    measured.note = (!notes.is_empty()).then(|| notes.join("; "));
    measured
}

type Rests = (Option<f64>, Option<Range>, Option<&'static str>);

/// The spread of the periods inside the window says how well the window's value is known. A window's sum is the number of
/// its periods times their mean, and so is the error of it.
fn over_parts(value: f64, parts: &[f64], noun: &str, pooled: bool, additivity: Additivity) -> Rests {
    let n = parts.len() as f64;
    if parts.len() < 3 {
        return (Some(n), None, Some("no interval: fewer than three complete periods in the baseline"));
    }
    let times = if pooled && additivity == Additivity::Additive { n } else { 1.0 };
    let range = stddev(parts).and_then(|s| t_range(value, times * s / n.sqrt(), n, format!("t over {n} {noun}")));
    (Some(n), range, None)
}

pub(super) fn proportion(successes: f64, n: f64) -> Option<Range> {
    let bounds = wilson(successes, n, LEVEL)?;
    Some(Range { low: bounds.low, high: bounds.high, level: LEVEL, method: "Wilson".to_owned() })
}

/// `value ± t · error`, with one degree of freedom less than values.
fn t_range(value: f64, error: f64, n: f64, method: String) -> Option<Range> {
    let half = t_two_sided(LEVEL, n - 1.0)? * error;
    Some(Range { low: value - half, high: value + half, level: LEVEL, method })
}

fn clamp(range: Range, (least, most): (f64, f64)) -> Range {
    Range { low: range.low.max(least), high: range.high.min(most), ..range }
}
