//! What is asked for one objective.

use jiff::Timestamp;

use crate::calendar::{Grain, Interval, Period};
use crate::ir::{Additivity, Baseline, Due, MetricExpr, Objective, Target};
use crate::report::format;
use crate::report::plan::asks::{Asks, Handle};
use crate::report::plan::companions::{Companions, companions};
use crate::report::plan::frame::{Frame, Reach, grain_of, one};
use crate::report::plan::window::{Measurement, Measuring, last_day};

/// The most points a series of an objective has, and the most trailing windows that are asked for one by one.
const MOST_POINTS: usize = 2400;
const MOST_TRAILING: usize = 40;
/// The most periods between now and a due date that are simulated.
const MOST_REMAINING: usize = 750;

#[derive(Clone, Debug)]
pub struct ObjectivePlan {
    /// Index of the program's objective.
    pub objective: usize,
    pub reach: Reach,
    pub measuring: Measuring,
    /// End of the last complete period of the grain.
    pub frontier: Option<Timestamp>,
    /// Where pacing begins.
    pub start: Option<Timestamp>,
    /// The window that the target is measured on; for a kept band the window whose periods are judged.
    pub due: Option<Interval>,
    pub due_end: Option<Timestamp>,
    pub due_label: String,
    pub baseline: Option<BaselinePlan>,
    pub actual: Option<Measurement>,
    /// `actual` is the due window itself.
    pub final_value: bool,
    /// Complete periods of the grain, then at most one that is not.
    pub series: Handle,
    pub trailing: Trailing,
    /// The due window as far as complete periods reach; of additive metrics.
    pub to_date: Option<Handle>,
    /// How many periods of the grain lie between the frontier and the due date.
    pub left: usize,
    /// These periods; none where they are too many to be simulated.
    pub remaining: Vec<Period>,
    /// The window that ends with each of `remaining`; the due window for the last.
    pub remaining_windows: Vec<Interval>,
    /// By index of the objective's guardrail.
    pub guardrails: Vec<GuardrailPlan>,
}

#[derive(Clone, Debug)]
pub struct BaselinePlan {
    pub measurement: Measurement,
    /// Nothing says when the objective began: the window moves with `as_of`.
    pub moving: bool,
    /// The target names no baseline: the measure as it was at the start.
    pub implied: bool,
    pub behind: Behind,
}

/// What is asked for the interval of a baseline.
#[derive(Clone, Debug)]
pub enum Behind {
    Proportion { successes: Handle, failures: Handle },
    Mean { stddev: Handle, count: Handle },
    Score { stddev: Handle, count: Handle },
    SubPeriods { handle: Handle, noun: String },
    Nothing(&'static str),
}

/// The measure at the end of each period of the series.
#[derive(Clone, Debug)]
pub enum Trailing {
    /// The window is one period: the series itself.
    Series,
    /// Of an additive metric: for each complete period of the series the window whose periods are added up.
    Sums(Vec<Interval>),
    Asked(Vec<Measurement>),
}

#[derive(Clone, Debug)]
pub struct GuardrailPlan {
    pub label: String,
    pub now: Option<Handle>,
    pub before: Option<Handle>,
}

pub(super) fn objective(frame: &Frame, asks: &mut Asks, index: usize, objective: &Objective) -> ObjectivePlan {
    let reach = frame.reach(&objective.expr);
    let subject = (objective.name.as_str(), &objective.expr);
    let grain = objective.grain;
    let measuring = if reach.timeless { Measuring::Unbounded } else { measuring(objective) };
    let due_end = match &objective.due {
        Due::Period(period) => Some(period.interval.end),
        Due::Date(date) => date.tomorrow().ok().map(|d| frame.day_start(d)),
    };
    let frontier = reach.complete.map(|c| frame.floor(grain, c));
    let baseline = baseline(frame, asks, objective, &reach, measuring);
    let start = start(frame, objective, baseline.as_ref());
    let maintain = matches!(objective.target, Target::AtLeast { .. } | Target::AtMost { .. } | Target::Between(..));
    let due = due_end.and_then(|end| match &objective.due {
        Due::Period(period) if maintain => Some(period.interval),
        Due::Date(_) if maintain => start.filter(|s| *s < end).map(|start| Interval { start, end }),
        _ => None,
    });
    let due = due.or_else(|| measuring.window(frame, due_end?));
    let final_value = reach.timeless || reach.complete.zip(due_end).is_some_and(|(c, end)| c >= end);
    let actual_end = if final_value { due_end } else { frontier };
    let actual = actual_end.and_then(|end| measuring.measure(frame, asks, subject, end));

    // Every period of a band to keep is judged.
    let judged = due.map(|due| due.start).filter(|_| maintain);
    let periods = match reach.timeless {
        true => Vec::new(),
        false => series(frame, objective, &reach, frontier, due_end, &baseline, judged),
    };
    let trailing =
        trailing(frame, asks, objective, measuring, (&reach, frontier.filter(|_| !reach.timeless)), &periods);
    let remaining = frontier.zip(due_end).filter(|_| !reach.timeless);
    let remaining = remaining.map(|(start, end)| frame.periods_over(grain, Interval { start, end }, usize::MAX));
    let mut remaining = remaining.unwrap_or_default();
    let left = remaining.len();
    if left > MOST_REMAINING {
        remaining.clear();
    }
    let window_of = |p: &Period| measuring.window(frame, due_end.map_or(p.interval.end, |end| p.interval.end.min(end)));
    let remaining_windows = remaining.iter().filter_map(window_of).collect();
    let to_date = due.zip(frontier).filter(|(due, frontier)| {
        objective.expr.additivity == Additivity::Additive
            && matches!(measuring, Measuring::Pooled(_))
            && !maintain
            && due.start < *frontier
            && *frontier < due.end
    });
    let to_date = to_date.map(|(due, end)| {
        let interval = Interval { start: due.start, end };
        let label = format!("to {}", last_day(frame.calendar, end));
        asks.want(subject.0, subject.1, vec![Period { label, grain: None, interval }])
    });
    let guardrails = guardrails(asks, objective, actual.as_ref(), baseline.as_ref());
    ObjectivePlan {
        objective: index,
        reach,
        measuring,
        frontier,
        start,
        due_label: due_label(objective),
        due,
        due_end,
        baseline,
        actual,
        final_value,
        series: asks.want(subject.0, subject.1, periods),
        trailing,
        to_date,
        left,
        remaining,
        remaining_windows,
        guardrails,
    }
}

fn due_label(objective: &Objective) -> String {
    match &objective.due {
        Due::Period(period) => period.label.clone(),
        Due::Date(date) => format::date(*date),
    }
}

/// One measure for baseline, actual value and target: the baseline says its length, else the due period, else the grain.
fn measuring(objective: &Objective) -> Measuring {
    let own = || Measuring::Pooled(one(objective.grain));
    let of_due = || match &objective.due {
        Due::Period(period) => period.grain.map_or_else(own, |g| Measuring::Pooled(one(g))),
        Due::Date(_) => own(),
    };
    let from = match &objective.target {
        Target::AtLeast { .. } | Target::AtMost { .. } | Target::Between(..) => return own(),
        Target::Reach { from, .. } => from.as_ref(),
        Target::Change { from, .. } => Some(from),
    };
    match from {
        Some(Baseline::Period(period)) => period.grain.map_or_else(of_due, |g| Measuring::Pooled(one(g))),
        Some(Baseline::Last { length, statistic }) => Measuring::of_length(*length, *statistic, objective.grain),
        Some(Baseline::Literal(_)) | None => of_due(),
    }
}

/// The instant the objective was set at, as far as anything says so.
fn set_at(frame: &Frame, objective: &Objective) -> Option<Timestamp> {
    let created = || objective.created.map(|d| frame.day_start(d));
    let due_start = || match &objective.due {
        Due::Period(period) => Some(period.interval.start),
        Due::Date(_) => None,
    };
    objective.start.or_else(created).or_else(due_start)
}

fn start(frame: &Frame, objective: &Objective, baseline: Option<&BaselinePlan>) -> Option<Timestamp> {
    objective.start.or_else(|| baseline.map(|b| b.measurement.interval.end)).or_else(|| set_at(frame, objective))
}

fn baseline(
    frame: &Frame,
    asks: &mut Asks,
    objective: &Objective,
    reach: &Reach,
    measuring: Measuring,
) -> Option<BaselinePlan> {
    if reach.timeless {
        return None;
    }
    let from = match &objective.target {
        Target::Reach { from, .. } => from.as_ref(),
        Target::Change { from, .. } => Some(from),
        Target::AtLeast { .. } | Target::AtMost { .. } | Target::Between(..) => return None,
    };
    let set = set_at(frame, objective);
    let unit_grain = match measuring {
        Measuring::Pooled(length) | Measuring::Each { length, .. } => grain_of(length.unit, objective.grain),
        Measuring::Unbounded => None,
    };
    let end = match from {
        Some(Baseline::Literal(_)) => return None,
        Some(Baseline::Period(period)) => period.interval.end,
        Some(Baseline::Last { .. }) => {
            let anchor = set.unwrap_or(frame.as_of).min(reach.complete.unwrap_or(frame.as_of));
            unit_grain.map_or(anchor, |g| frame.floor(g, anchor))
        }
        None => frame.floor(objective.grain, set?),
    };
    let subject = (objective.name.as_str(), &objective.expr);
    let measurement = measuring.measure(frame, asks, subject, end)?;
    let behind = behind(frame, asks, objective, &measurement);
    let moving = set.is_none() && matches!(from, Some(Baseline::Last { .. }));
    Some(BaselinePlan { measurement, moving, implied: from.is_none(), behind })
}

fn behind(frame: &Frame, asks: &mut Asks, objective: &Objective, measurement: &Measurement) -> Behind {
    let name = objective.name.as_str();
    let interval = measurement.interval;
    if measurement.statistic.is_some() {
        return Behind::SubPeriods { handle: measurement.handle.clone(), noun: "values".to_owned() };
    }
    let periods = || measurement.handle.periods.clone();
    match companions(&objective.expr) {
        Some(Companions::Proportion { successes, failures, .. }) => Behind::Proportion {
            successes: asks.want(name, &successes, periods()),
            failures: asks.want(name, &failures, periods()),
        },
        Some(Companions::Score { stddev, count }) => {
            Behind::Score { stddev: asks.want(name, &stddev, periods()), count: asks.want(name, &count, periods()) }
        }
        Some(Companions::Mean { stddev, count }) => {
            Behind::Mean { stddev: asks.want(name, &stddev, periods()), count: asks.want(name, &count, periods()) }
        }
        None => {
            let inside = |p: &Period| p.interval.start >= interval.start && p.interval.end <= interval.end;
            let mut parts = frame.periods_over(objective.grain, interval, MOST_POINTS);
            parts.retain(inside);
            if parts.len() < 3 {
                return Behind::Nothing("no interval: the baseline has fewer than three periods of the metric's grain");
            }
            let noun = format!("{}s", objective.grain);
            Behind::SubPeriods { handle: asks.want(name, &objective.expr, parts), noun }
        }
    }
}

/// How many complete periods of a grain a series goes back, at least.
fn usual_points(grain: Grain) -> usize {
    match grain {
        Grain::Minute => 240,
        Grain::Hour => 336,
        Grain::Day => 120,
        Grain::Week => 78,
        Grain::Month => 36,
        Grain::Quarter => 20,
        Grain::Year => 20,
    }
}

/// The complete periods of the grain that the data hold, as far back as the chart and the simulation use them, and the one
/// that is under way.
fn series(
    frame: &Frame,
    objective: &Objective,
    reach: &Reach,
    frontier: Option<Timestamp>,
    due_end: Option<Timestamp>,
    baseline: &Option<BaselinePlan>,
    judged: Option<Timestamp>,
) -> Vec<Period> {
    let (Some(frontier), Some(first)) = (frontier, reach.first) else { return Vec::new() };
    let grain = objective.grain;
    // What comes after the due date is no concern of the objective.
    let end = due_end.map_or(frontier, |due| frame.floor(grain, due).min(frontier));
    let begin = history_start(frame, grain, first);
    let mut periods = frame.periods_until(grain, end, begin, MOST_POINTS);
    let needed = [baseline.as_ref().map(|b| b.measurement.interval.start), judged].into_iter().flatten().min();
    let enough = periods.len().saturating_sub(usual_points(grain));
    let enough = needed.map_or(enough, |from| enough.min(periods.partition_point(|p| p.interval.start < from)));
    periods.drain(..enough);
    let under_way = frame.calendar.period_at(frontier, grain);
    if end == frontier && frontier < frame.as_of && due_end.is_none_or(|due| frontier < due) {
        periods.push(under_way);
    }
    periods
}

/// The start of the first period that the data cover: a week or more counts only if the data begin on its first day.
pub(super) fn history_start(frame: &Frame, grain: Grain, first: Timestamp) -> Timestamp {
    let period = frame.calendar.period_at(first, grain).interval;
    let short = matches!(grain, Grain::Minute | Grain::Hour | Grain::Day);
    if short || frame.floor(Grain::Day, first) == period.start { period.start } else { period.end }
}

fn trailing(
    frame: &Frame,
    asks: &mut Asks,
    objective: &Objective,
    measuring: Measuring,
    reach: (&Reach, Option<Timestamp>),
    periods: &[Period],
) -> Trailing {
    let (reach, frontier) = reach;
    let grain = objective.grain;
    if frontier.is_none() || measuring.is_one(grain) {
        return Trailing::Series;
    }
    let first = periods.first().map(|p| p.interval.start);
    if let (Measuring::Pooled(_), Additivity::Additive) = (measuring, objective.expr.additivity)
        && let Some(windows) = whole_windows(frame, measuring, grain, periods)
        && windows.last().zip(first).is_some_and(|(window, first)| window.start >= first)
    {
        return Trailing::Sums(windows);
    }
    let begin = reach.first.map(|first| history_start(frame, grain, first));
    let complete = periods.iter().filter(|p| frontier.is_some_and(|f| p.interval.end <= f));
    let ends: Vec<Timestamp> = complete.map(|p| p.interval.end).collect();
    let covered = |end: &&Timestamp| {
        measuring.window(frame, **end).zip(begin).is_some_and(|(window, begin)| window.start >= begin)
    };
    let ends: Vec<Timestamp> = ends.iter().filter(covered).copied().collect();
    let latest = ends.get(ends.len().saturating_sub(MOST_TRAILING)..).unwrap_or_default();
    let subject = (objective.name.as_str(), &objective.expr);
    Trailing::Asked(latest.iter().filter_map(|end| measuring.measure(frame, asks, subject, *end)).collect())
}

/// The window that ends with each period, if all of them begin and end with periods of the grain: months in a quarter, days
/// in a week, but not weeks in a month.
fn whole_windows(frame: &Frame, measuring: Measuring, grain: Grain, periods: &[Period]) -> Option<Vec<Interval>> {
    let window = |period: &Period| {
        let window = measuring.window(frame, period.interval.end)?;
        (frame.floor(grain, window.start) == window.start).then_some(window)
    };
    periods.iter().map(window).collect()
}

fn guardrails(
    asks: &mut Asks,
    objective: &Objective,
    actual: Option<&Measurement>,
    baseline: Option<&BaselinePlan>,
) -> Vec<GuardrailPlan> {
    let whole = |m: &Measurement| match (m.statistic, m.handle.periods.first()) {
        (None, Some(period)) => period.clone(),
        _ => Period { label: m.label.clone(), grain: None, interval: m.interval },
    };
    let mut ask =
        |name: &str, expr: &MetricExpr, m: Option<&Measurement>| m.map(|m| asks.want(name, expr, vec![whole(m)]));
    let plan = |g: &crate::ir::Guardrail| GuardrailPlan {
        label: actual.map(|m| m.label.clone()).unwrap_or_default(),
        now: ask(&objective.name, &g.expr, actual),
        before: ask(&objective.name, &g.expr, baseline.map(|b| &b.measurement)),
    };
    objective.guardrails.iter().map(plan).collect()
}
