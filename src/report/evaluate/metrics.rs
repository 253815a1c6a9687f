//! The metrics that a report shows: the latest complete periods, and what changed.

use crate::ir::hash::Hasher;
use crate::ir::{self, Approximation, Better, Program};
use crate::report::evaluate::figures;
use crate::report::evaluate::values::{Answers, Shown};
use crate::report::plan::companions::LEVEL;
use crate::report::plan::{MetricPlan, Rests};
use crate::report::{Breakdown, BreakdownRow, Known, Metric, Range};
use crate::results::AnswerRow;
use crate::value::Value;

/// The most rows of a breakdown that are shown.
const MOST_ROWS: usize = 10;

pub(super) fn metric(program: &Program, hasher: &Hasher<'_>, answers: Answers, plan: &MetricPlan) -> Option<Metric> {
    let metric = program.metrics.get(plan.metric.0 as usize)?;
    let shown = Shown::new(&metric.expr, &metric.display);
    let series = answers.points(&plan.series, &shown);
    // A period may be over and still wait, for sessions that go on or returns that may come.
    let at = series.iter().rposition(|p| p.complete);
    let latest = at.and_then(|at| series.get(at)).cloned();
    let value = latest.as_ref().and_then(|p| p.value);
    let before = at.and_then(|at| series.get(at.checked_sub(1)?)).filter(|p| p.complete).and_then(|p| p.value);
    // What is asked beside the series is asked of its last period.
    let is_last = at.is_none_or(|at| at + 1 == series.len());
    let year_ago = plan.year_ago.as_ref().filter(|_| is_last).and_then(|h| shown.number(&answers.single(h).value));
    let breakdowns = plan.breakdowns.iter().filter(|_| is_last).filter_map(|b| {
        let (period, rows) = answers.rows(&b.handle).last()?;
        let mut found = breakdown(&b.dimension, &period.label, rows, &shown);
        if let Some(rests) = &b.rests {
            found
                .rows
                .iter_mut()
                .for_each(|row| row.known = known(answers, rests, &shown, Some(&row.value), row.number));
        }
        Some(found)
    });
    let rests = plan.rests.as_ref().filter(|_| is_last);
    Some(Metric {
        name: metric.name.clone(),
        title: metric.title.clone(),
        description: metric.description.clone(),
        model: metric.model.clone(),
        stage: metric.stage.clone(),
        owner: metric.owner.clone(),
        formula: metric.formula.clone(),
        approximation: Approximation::of(&metric.expr),
        better: better(metric),
        grain: metric.grain.to_string(),
        hash: hasher.metric(metric),
        change_previous: change(value, before),
        change_year: change(value, year_ago),
        breakdowns: breakdowns.collect(),
        cell: metric.expr.cells().and_then(|c| Some(format!("{} {}", c.grain, c.buckets.last()?))),
        figure: plan.figure.as_ref().and_then(|figure| figures::figure(answers, figure)),
        known: rests.and_then(|rests| known(answers, rests, &shown, None, value)),
        series,
        latest,
        format: shown.format,
    })
}

/// How well a value is known, as a whole or for one value of the breakdown.
fn known(answers: Answers, rests: &Rests, shown: &Shown, by: Option<&Value>, value: Option<f64>) -> Option<Known> {
    // What is shown as a share or in another unit is so from here on.
    let one = shown.convert(1.0);
    let number = |handle| {
        let (_, rows) = answers.rows(handle).last()?;
        let row = rows.iter().find(|row| by.is_none_or(|by| row.by.first() == Some(by)))?;
        row.value.as_f64()
    };
    let (bounds, n) = rests.on.interval(value? / one, rests.handles.each_ref().map(number))?;
    let (low, high) = (shown.convert(bounds.low), shown.convert(bounds.high));
    let interval = Range { low, high, level: LEVEL, method: rests.on.method().to_owned() };
    Some(Known { interval, n: n as u64, noun: rests.on.noun() })
}

fn better(metric: &ir::Metric) -> Option<bool> {
    match metric.better? {
        Better::Higher => Some(true),
        Better::Lower => Some(false),
        Better::Neither => None,
    }
}

/// Relative to what was; nothing where that was nothing.
fn change(now: Option<f64>, then: Option<f64>) -> Option<f64> {
    now.zip(then.filter(|t| *t != 0.0)).map(|(now, then)| (now - then) / then.abs())
}

/// The largest first; equal ones, and those without a value, in the order of their names.
fn breakdown(dimension: &str, period: &str, rows: &[AnswerRow], shown: &Shown) -> Breakdown {
    // A table of cohorts has a row for each offset as well; it goes by its last one.
    let offset = rows.last().and_then(|r| r.by.get(1));
    let row = |row: &AnswerRow| BreakdownRow {
        value: row.by.first().cloned().unwrap_or(Value::Null),
        number: shown.number(&row.value),
        known: None,
    };
    let mut rows: Vec<BreakdownRow> = rows.iter().filter(|r| r.by.get(1) == offset).map(row).collect();
    let rank = |row: &BreakdownRow| row.number.unwrap_or(f64::NEG_INFINITY);
    rows.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then_with(|| a.value.cmp(&b.value)));
    let more = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    Breakdown { dimension: dimension.to_owned(), period: period.to_owned(), rows, more }
}
