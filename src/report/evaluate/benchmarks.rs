//! What others reach, and what was reached before, beside what is.

use crate::ir::{self, Approximation, BenchmarkValue, Program};
use crate::report::evaluate::measure::measured;
use crate::report::evaluate::values::{Answers, Shown, between};
use crate::report::format;
use crate::report::plan::BenchmarkPlan;
use crate::report::{Benchmark, NumberFormat};

pub(super) fn benchmark(
    program: &Program,
    answers: Answers,
    plan: &BenchmarkPlan,
    benchmark: &ir::Benchmark,
) -> Benchmark {
    let metric = plan.metric.and_then(|id| program.metrics.get(id.0 as usize));
    let display = metric.map_or(&benchmark.unit, |m| &m.display);
    let shown = Shown::new(&benchmark.ask, display);
    let higher = metric.is_none_or(|m| m.better != Some(ir::Better::Lower));
    let computed = plan.computed.as_ref().map(|m| measured(answers, &shown, m, higher));
    let own = between(&benchmark.unit, &benchmark.ask.unit).to_f64();
    let stated = |value: &crate::decimal::Decimal| Some(shown.convert(value.to_f64() * own));
    let values = match &benchmark.value {
        BenchmarkValue::Quantiles(all) => all.iter().map(|(name, value)| (name.clone(), stated(value))).collect(),
        BenchmarkValue::Literal(value) => vec![(String::new(), stated(value))],
        BenchmarkValue::Computed(_) => vec![(String::new(), computed.as_ref().and_then(|m| m.value))],
    };
    let today = program.settings.calendar.date_of(answers.plan.as_of);
    let age = |date: jiff::civil::Date| date.duration_until(today).as_hours() / 24;
    let actual = plan.actual.as_ref().map(|m| measured(answers, &shown, m, higher));
    Benchmark {
        name: benchmark.name.clone(),
        title: benchmark.title.clone(),
        metric: benchmark.metric.clone(),
        kind: benchmark.kind.clone(),
        approximation: Approximation::of(&benchmark.ask),
        values,
        window: computed.map(|m| m.window),
        source: benchmark.source.clone(),
        as_of: benchmark.as_of,
        expires: benchmark.expires,
        age_days: benchmark.as_of.map(age),
        stale: benchmark.expires.is_some_and(|expires| expires < today),
        actual: actual.and_then(|m| m.value),
        format: shown.format,
    }
}

/// A benchmark's value under the name of a quantile (whatever the name where it has one value), as an objective's values are
/// shown.
pub(super) fn level(
    program: &Program,
    answers: Answers,
    id: ir::BenchmarkId,
    quantile: &str,
    of: (&ir::Objective, &Shown),
) -> Option<f64> {
    let (objective, shown) = of;
    let index = id.0 as usize;
    let benchmark = program.benchmarks.get(index)?;
    let (value, unit) = match &benchmark.value {
        BenchmarkValue::Quantiles(all) => (all.iter().find(|(name, _)| name == quantile)?.1.to_f64(), &benchmark.unit),
        BenchmarkValue::Literal(value) => (value.to_f64(), &benchmark.unit),
        BenchmarkValue::Computed(_) => {
            let plan = answers.plan.benchmarks.iter().find(|p| p.benchmark == index)?;
            let as_asked = Shown::new(&benchmark.ask, &benchmark.ask.unit);
            (measured(answers, &as_asked, plan.computed.as_ref()?, true).value?, &benchmark.ask.unit)
        }
    };
    // The units are of one dimension: from the objective's own it is shown as its values are.
    Some(shown.convert(value * between(unit, &objective.expr.unit).to_f64()))
}

/// How a value stands to a benchmark: `between p25 and p50`, `3.1 % above`.
pub(super) fn compared(value: Option<f64>, benchmark: &Benchmark) -> String {
    let known: Vec<(&str, f64)> = benchmark.values.iter().filter_map(|(n, v)| Some((n.as_str(), (*v)?))).collect();
    let (Some(value), Some(first), Some(last)) = (value, known.first(), known.last()) else {
        return "no data to compare".to_owned();
    };
    if known.len() == 1 {
        return beside(value, first.1, &benchmark.format);
    }
    if value < first.1 {
        return format!("below {} ({})", first.0, format::number(first.1, &benchmark.format));
    }
    if value >= last.1 {
        return format!("at or above {} ({})", last.0, format::number(last.1, &benchmark.format));
    }
    let above = known.windows(2).find(|w| w[0].1 <= value && value < w[1].1);
    above.map_or_else(String::new, |w| format!("between {} and {}", w[0].0, w[1].0))
}

/// Shares differ in points, everything else in per cent of the benchmark.
fn beside(value: f64, benchmark: f64, of: &NumberFormat) -> String {
    if value == benchmark {
        return format!("equal to {}", format::number(benchmark, of));
    }
    let word = if value > benchmark { "above" } else { "below" };
    let text = format::number(benchmark, of);
    if of.percent || benchmark == 0.0 {
        return format!("{} {word} {text}", format::difference((value - benchmark).abs(), of).trim_start_matches('+'));
    }
    let share = ((value - benchmark) / benchmark).abs();
    format!("{} {word} {text}", format::change(share).trim_start_matches('+'))
}
