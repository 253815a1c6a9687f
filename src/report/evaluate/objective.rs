//! One objective: from answers to its card.

use jiff::Timestamp;

use crate::calendar::{Interval, Length, SpanUnit, Window};
use crate::diag::Diagnostic;
use crate::ir::{self, Additivity, Approximation, Objective as Definition, Program};
use crate::report::evaluate::benchmarks;
use crate::report::evaluate::forecast::{Known, forecast};
use crate::report::evaluate::guardrails::guardrail;
use crate::report::evaluate::measure::{self, measured};
use crate::report::evaluate::pace;
use crate::report::evaluate::standing::{Held, reached_at, trailing};
use crate::report::evaluate::status::{Facts, verdict};
use crate::report::evaluate::target::{self, Aim};
use crate::report::evaluate::values::{Answers, Shown};
use crate::report::format;
use crate::report::plan::{Measurement, Measuring, ObjectivePlan};
use crate::report::smart::{self, Evidence};
use crate::report::{Action, Benchmark, Compared, Measured, Objective, Point};
use crate::value::Value;

pub(super) fn objective(
    program: &Program,
    answers: Answers,
    plan: &ObjectivePlan,
    benchmarks: &[Benchmark],
) -> Option<(Objective, Vec<Diagnostic>)> {
    let definition = program.objectives.get(plan.objective)?;
    let shown = Shown::new(&definition.expr, &definition.display);
    let baseline = baseline(answers, &shown, plan, definition).map(|b| since_when(program, plan, b));
    let base = baseline.as_ref().and_then(|b| b.value);
    let level = |id, quantile: &str| benchmarks::level(program, answers, id, quantile, (definition, &shown));
    let aim = target::aim(definition, &shown, base, &level);
    let up = match &aim {
        Some(Aim::Level { up, .. }) => *up,
        _ => target::higher_is_better(definition),
    };
    let actual = match &plan.actual {
        Some(measurement) => since_when(program, plan, measured(answers, &shown, measurement, up)),
        None => nothing_measured(),
    };
    let series = answers.points(&plan.series, &shown);
    let trailing = trailing(answers, &shown, plan, &series, up);
    let held = aim.as_ref().filter(|a| matches!(a, Aim::Band(_))).map(|aim| Held::new(plan, &series, aim));
    let at = if plan.reach.timeless { Some(answers.plan.as_of) } else { actual.end };
    let elapsed = plan.start.zip(plan.due_end).zip(at).and_then(|((start, due), at)| pace::elapsed(start, due, at));
    let left = plan.left;
    let pace = aim.as_ref().map(|aim| pace::pace(aim, actual.value, elapsed, left)).unwrap_or_default();
    let to_date = to_date(answers, &shown, plan, definition, aim.as_ref());
    let known = Known {
        plan,
        grain: definition.grain,
        additive: definition.expr.additivity == Additivity::Additive && matches!(plan.measuring, Measuring::Pooled(_)),
        series: &series,
        trailing: &trailing,
        to_date: to_date.as_ref().and_then(|m| m.value).unwrap_or(0.0),
        domain: shown.domain,
        share: definition.expr.proportion,
        unbroken: held.as_ref().is_none_or(|h| h.broken.is_none()),
    };
    let forecast = aim.as_ref().map(|aim| forecast(&known, aim)).unwrap_or_default();
    let reached = match (&held, &aim, actual.value) {
        (Some(held), ..) if held.periods > 0 => held.broken.is_none(),
        (_, Some(aim), Some(value)) => aim.reached(value),
        _ => false,
    };
    let nothing = nothing(program, answers, plan, definition, aim.as_ref(), baseline.as_ref(), &actual);
    // A window may be over and still wait, for sessions that go on.
    let complete = |m: &Measurement| answers.values(&m.handle).iter().all(|got| got.complete);
    let settled = plan.reach.timeless || plan.actual.as_ref().is_none_or(complete);
    let held_share = held.as_ref().map(|h| h.share().unwrap_or(if reached { 1.0 } else { 0.0 }));
    let facts = Facts {
        objective: definition,
        as_of: answers.plan.as_of,
        start: plan.start,
        due_end: plan.due_end,
        final_value: plan.final_value && settled,
        nothing: nothing.clone(),
        reached,
        reached_once: aim.as_ref().and_then(|aim| reached_at(plan, &trailing, aim)),
        held: held_share,
        broken: held.as_ref().and_then(|h| h.broken.clone()),
        forecast: &forecast,
        pace: &pace,
        noun: format!("{}s", definition.grain),
    };
    let verdict = verdict(&facts);
    let values: Vec<f64> = trailing.iter().filter(|p| p.complete).filter_map(|p| p.value).collect();
    let required_percentile = pace.required.and_then(|required| pace::percentile_of(required, &values, up));
    let pairs = definition.guardrails.iter().zip(&plan.guardrails);
    let guardrails: Vec<_> = pairs.map(|(g, plan)| guardrail(program, answers, g, plan)).collect();
    let evidence = Evidence {
        program,
        definition,
        plan,
        format: &shown.format,
        domain: shown.domain,
        baseline: baseline.as_ref(),
        aim: aim.as_ref(),
        series: &series,
        stale: stale(program, answers.plan.as_of, plan, definition),
        forecast: &forecast,
        required: pace.required,
        required_percentile,
        guardrails: &guardrails,
        status: verdict.status,
    };
    let (letters, findings) = smart::letters(&evidence);
    let releases = releases(program, &series, plan.due_end);
    let compare = compare(definition, &actual, benchmarks);
    let score = held_share
        // Plus nothing: no change towards a lower target is 0, not -0.
        .or(pace.progress.map(|p| p.clamp(0.0, 1.0) + 0.0))
        .or_else(|| shares_reached(plan, &trailing, aim.as_ref()));
    let broken: Vec<&str> = guardrails.iter().filter(|g| g.holds == Some(false)).map(|g| g.text.as_str()).collect();
    let status_reason = match broken.as_slice() {
        [] => verdict.reason,
        broken => format!("{}; guardrail broken: {}", verdict.reason, broken.join(", ")),
    };
    let view = Objective {
        name: definition.name.clone(),
        title: definition.title.clone(),
        formula: definition.formula.clone(),
        metric: definition.metric.and_then(|id| program.metrics.get(id.0 as usize)).map(|m| m.name.clone()),
        approximation: Approximation::of(&definition.expr),
        owner: definition.owner.clone(),
        supports: definition.supports.as_ref().map(|name| title_of(program, name)),
        because: definition.because.clone(),
        population: definition.population.clone().unwrap_or_else(|| "all".to_owned()),
        higher_is_better: up,
        status: verdict.status,
        status_reason,
        thresholds: verdict.thresholds,
        score: score.filter(|_| nothing.is_none()),
        progress: pace.progress,
        baseline,
        target: target::view(definition, aim.as_ref()),
        actual,
        start: plan.start,
        due: plan.due_end,
        due_label: plan.due_label.clone(),
        elapsed: pace.elapsed,
        expected: pace.expected,
        pace: pace.pace,
        on_this_pace: pace.on_this_pace,
        required_rate: pace.required,
        observed_rate: pace.observed,
        required_percentile,
        periods_left: u32::try_from(left).ok().filter(|_| !plan.reach.timeless && !plan.final_value),
        projection: forecast.projection,
        to_date,
        probabilities: forecast.probabilities,
        guardrails,
        compare,
        actions: actions(program, definition, answers.plan.as_of),
        smart: letters,
        series,
        trailing,
        releases,
        changes: definition.changes.iter().map(change).collect(),
        format: shown.format,
    };
    Some((view, findings))
}

fn nothing_measured() -> Measured {
    Measured {
        value: None,
        exact: Value::Null,
        window: String::new(),
        start: None,
        end: None,
        n: None,
        interval: None,
        note: Some("no complete period".to_owned()),
    }
}

fn baseline(answers: Answers, shown: &Shown, plan: &ObjectivePlan, definition: &Definition) -> Option<Measured> {
    let higher = target::higher_is_better(definition);
    if let Some(baseline) = &plan.baseline {
        return Some(measure::baseline(answers, shown, baseline, definition, higher));
    }
    let value = target::stated_baseline(definition, shown)?;
    let note = Some("stated in the target, not measured".to_owned());
    Some(Measured { value: Some(value), exact: Value::float(value), note, ..nothing_measured() })
}

/// A window that begins before the data do is measured on a part of it; one that ends before them has no value.
fn since_when(program: &Program, plan: &ObjectivePlan, measured: Measured) -> Measured {
    let calendar = &program.settings.calendar;
    let day = |t: Timestamp| calendar.date_of(t);
    let late = plan.reach.first.zip(measured.start).filter(|(first, start)| day(*first) > day(*start));
    let Some((first, _)) = late.filter(|_| measured.value.is_some()) else { return measured };
    if measured.end.is_some_and(|end| end <= first) {
        // A sum over no rows at all is no measured nought.
        let note = Some(format!("the data begin on {}", format::date(day(first))));
        return Measured { value: None, exact: Value::Null, n: None, interval: None, note, ..measured };
    }
    let since = format!("the data begin on {}, inside the window", format::date(day(first)));
    let note = measured.note.map_or(since.clone(), |note| format!("{note}; {since}"));
    Measured { note: Some(note), ..measured }
}

/// The due window so far, and what the rest of it must bring.
fn to_date(
    answers: Answers,
    shown: &Shown,
    plan: &ObjectivePlan,
    definition: &Definition,
    aim: Option<&Aim>,
) -> Option<Measured> {
    let handle = plan.to_date.as_ref()?;
    let period = handle.periods.first()?;
    let got = answers.single(handle);
    let value = shown.number(&got.value);
    let left = plan.left;
    let need = match aim {
        Some(Aim::Level { target, up: true, .. }) => value.map(|v| (target - v).max(0.0) / left.max(1) as f64),
        _ => None,
    };
    let noun = if left == 1 { definition.grain.to_string() } else { format!("{}s", definition.grain) };
    let note = need.filter(|_| left > 0).map(|need| {
        format!("{} a {} are needed in the {left} {noun} left", format::number(need, &shown.format), definition.grain)
    });
    Some(Measured {
        value,
        exact: shown.exact(&got.value),
        window: period.label.clone(),
        start: Some(period.interval.start),
        end: Some(period.interval.end),
        n: None,
        interval: None,
        note,
    })
}

/// Why there is nothing that a status could be told from.
fn nothing(
    program: &Program,
    answers: Answers,
    plan: &ObjectivePlan,
    definition: &Definition,
    aim: Option<&Aim>,
    baseline: Option<&Measured>,
    actual: &Measured,
) -> Option<String> {
    if !plan.reach.timeless && plan.reach.last.is_none() {
        return Some("no rows".to_owned());
    }
    if let Some(stale) = stale(program, answers.plan.as_of, plan, definition).filter(|_| !plan.final_value) {
        return Some(stale);
    }
    if aim.is_none() {
        return Some(match baseline {
            Some(b) if b.value.is_none() => {
                format!("the baseline {} has no value: {}", b.window, b.note.as_deref().unwrap_or("no data"))
            }
            None if plan.reach.timeless => "the data have no clock, so that there is no baseline".to_owned(),
            _ => "the target has no value: its benchmark has none".to_owned(),
        });
    }
    if actual.value.is_none() {
        let window = if actual.window.is_empty() { String::new() } else { format!(" in {}", actual.window) };
        return Some(format!("no value{window}"));
    }
    None
}

/// The latest row is older than what is looked at each time: the check-in, at least a period of the grain and a week.
fn stale(program: &Program, as_of: Timestamp, plan: &ObjectivePlan, definition: &Definition) -> Option<String> {
    let last = plan.reach.last?;
    let calendar = &program.settings.calendar;
    let since = |length: Length| calendar.window(Window::Trailing(length), Interval { start: as_of, end: as_of }).start;
    let week = Length { count: 1, unit: SpanUnit::Week };
    let period = Length { count: 1, unit: definition.grain.unit() };
    let cadence = [Some(week), Some(period), definition.check_in].into_iter().flatten();
    let oldest = cadence.filter(|l| l.unit != SpanUnit::Period).map(since).min()?;
    let day = |t: Timestamp| format::date(calendar.date_of(t));
    (last < oldest).then(|| format!("the latest row is of {}; none since {}", day(last), day(oldest)))
}

/// Without a way from baseline to target the score is the share of the points since the start that reach the target.
fn shares_reached(plan: &ObjectivePlan, trailing: &[Point], aim: Option<&Aim>) -> Option<f64> {
    let aim = aim?;
    let start = plan.start?;
    let points = trailing.iter().filter(|p| p.complete && p.end > start);
    let values: Vec<f64> = points.filter_map(|p| p.value).collect();
    let reached = values.iter().filter(|v| aim.reached(**v)).count();
    (!values.is_empty()).then(|| reached as f64 / values.len() as f64)
}

/// A scope, or an additive metric's window, makes an objective's value another thing than the benchmark's: then the
/// benchmark's own metric, measured as the benchmark is, stands beside it.
fn compare(definition: &Definition, actual: &Measured, all: &[Benchmark]) -> Vec<Compared> {
    let depends_on_window = matches!(definition.expr.additivity, Additivity::Additive | Additivity::Distinct);
    let compared = |id: &ir::BenchmarkId| {
        let index = id.0 as usize;
        let benchmark = all.get(index)?;
        let value = if depends_on_window { benchmark.actual } else { actual.value };
        Some(Compared { benchmark: index, text: benchmarks::compared(value, benchmark) })
    };
    definition.compare.iter().filter_map(compared).collect()
}

fn title_of(program: &Program, name: &str) -> String {
    let goal = program.goals.iter().find(|g| g.name == name).map(|g| g.title.clone());
    let objective = || program.objectives.iter().find(|o| o.name == name).map(|o| o.title.clone());
    goal.or_else(objective).unwrap_or_else(|| name.to_owned())
}

/// The releases that fall into the chart.
fn releases(program: &Program, series: &[Point], due: Option<Timestamp>) -> Vec<usize> {
    let Some(first) = series.first().map(|p| p.start) else { return Vec::new() };
    let end = due.max(series.last().map(|p| p.end)).unwrap_or(Timestamp::MAX);
    let inside = |(index, release): (usize, &ir::Release)| (first <= release.at && release.at < end).then_some(index);
    program.releases.iter().enumerate().filter_map(inside).collect()
}

fn actions(program: &Program, definition: &Definition, as_of: Timestamp) -> Vec<Action> {
    let today = program.settings.calendar.date_of(as_of);
    let closed = |status: &str| ["done", "dropped", "cancelled", "canceled"].contains(&status.to_lowercase().as_str());
    let action = |action: &ir::Action| Action {
        what: action.what.clone(),
        owner: action.owner.clone(),
        due: action.due,
        expect: action.expect.clone(),
        status: action.status.clone(),
        overdue: action.due.is_some_and(|due| due < today) && !action.status.as_deref().is_some_and(closed),
    };
    definition.actions.iter().map(action).collect()
}

fn change(entry: &ir::Logged) -> String {
    let on = entry.on.map(|d| format!("{}: ", format::date(d))).unwrap_or_default();
    let was = entry.was.as_ref().map(|was| format!(", was {was}")).unwrap_or_default();
    let reason = entry.reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
    format!("{on}{}{was}{reason}", entry.what)
}
