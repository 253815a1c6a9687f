//! What is asked to draw a journey: the steps of a funnel in the latest period, the cells of a table of cohorts.

use std::sync::Arc;

use crate::calendar::{Grain, Period, Window};
use crate::check::Scope;
use crate::decimal::Decimal;
use crate::ir::{
    Additivity, Bucket, Collection, Conversion, Entry, Journey, JourneyKind, Metric, MetricExpr, MetricId, MetricKind,
    Part, Program, Retention, ScalarType, Statistic,
};
use crate::report::plan::asks::{Asks, Handle};
use crate::report::plan::frame::Frame;
use crate::report::plan::metrics::breakdown;
use crate::report::plan::objectives::history_start;
use crate::syntax::ast::{Arg, Expr, ExprKind};
use crate::syntax::print;
use crate::unit::Unit;

/// Rows of a table of cohorts.
const COHORTS: usize = 12;

#[derive(Clone, Debug)]
pub enum FigurePlan {
    Funnel(FunnelPlan),
    Cohorts(CohortsPlan),
}

#[derive(Clone, Debug)]
pub struct FunnelPlan {
    pub labels: Vec<String>,
    /// Whether an actor counts once: shares of independent actors have intervals.
    pub once: bool,
    /// By step.
    pub users: Vec<Handle>,
    /// From the second step on, medians of the time since the step before.
    pub gaps: Vec<Handle>,
    pub whole: Handle,
    /// By dimension, by step.
    pub by: Vec<(String, Vec<Handle>)>,
}

#[derive(Clone, Debug)]
pub struct CohortsPlan {
    pub grain: Grain,
    pub offsets: Vec<Bucket>,
    pub sizes: Handle,
    /// Members that came back, and of how many, by offset.
    pub returned: Handle,
    pub of: Handle,
}

/// A journey, what is asked of it, and the window around it.
fn journey(expr: &MetricExpr) -> Option<(&Arc<Journey>, Part, Option<Window>)> {
    match &expr.kind {
        MetricKind::Journey { of, part } => Some((of, *part, None)),
        MetricKind::Over { of, window } => match &of.kind {
            MetricKind::Journey { of, part } => Some((of, *part, Some(*window))),
            _ => None,
        },
        _ => None,
    }
}

/// The metrics among those shown that draw a funnel: each funnel once, with its rate if that is shown.
pub(super) fn drawn(program: &Program, shown: &[MetricId]) -> Vec<bool> {
    let of = |id: &MetricId| program.metrics.get(id.0 as usize).and_then(|m| journey(&m.expr));
    let asked: Vec<_> = shown.iter().map(of).collect();
    let same =
        |a: &(&Arc<Journey>, Part, Option<Window>), b: &(&Arc<Journey>, Part, Option<Window>)| a.0 == b.0 && a.2 == b.2;
    let first = |at: usize| {
        let own = asked.get(at).and_then(Option::as_ref)?;
        let alike =
            || asked.iter().enumerate().filter_map(|(i, a)| Some((i, a.as_ref()?))).filter(|(_, a)| same(a, own));
        let rate = alike().find(|(_, a)| a.1 == Part::Rate);
        rate.or_else(|| alike().next()).map(|(i, _)| i)
    };
    (0..shown.len()).map(|at| first(at) == Some(at)).collect()
}

pub(super) fn figure(
    frame: &Frame,
    scope: &Scope,
    asks: &mut Asks,
    metric: &Metric,
    latest: Option<&Period>,
) -> Option<FigurePlan> {
    let (of, _, window) = journey(&metric.expr)?;
    match &of.kind {
        JourneyKind::Conversion(conversion) => {
            funnel(scope, asks, metric, of, conversion, window, latest?).map(FigurePlan::Funnel)
        }
        JourneyKind::Retention(table @ Retention { table: true, .. }) if window.is_none() => {
            cohorts(frame, asks, metric, of, table).map(FigurePlan::Cohorts)
        }
        _ => None,
    }
}

fn number(kind: MetricKind, ty: ScalarType, unit: Unit) -> MetricExpr {
    MetricExpr { kind, ty, unit, additivity: Additivity::None, proportion: false }
}

fn part(of: &Arc<Journey>, part: Part, window: Option<Window>) -> MetricExpr {
    let kind = MetricKind::Journey { of: Arc::clone(of), part };
    around(number(kind, ScalarType::Int, Unit::none()), window)
}

fn around(expr: MetricExpr, window: Option<Window>) -> MetricExpr {
    match window {
        None => expr,
        Some(window) => {
            let (ty, unit) = (expr.ty, expr.unit.clone());
            number(MetricKind::Over { of: Box::new(expr), window }, ty, unit)
        }
    }
}

/// The median time to a step from the one before; without a step, from the first to the last.
fn median(of: &Arc<Journey>, step: Option<u32>, window: Option<Window>) -> MetricExpr {
    let here = number(MetricKind::Here { slot: 0 }, ScalarType::Float, Unit::seconds());
    let times = Collection::Times { of: here, journey: Arc::clone(of), step };
    let statistic = Statistic::Percentile { percentile: Decimal::new(50, 0), discrete: false };
    let kind = MetricKind::Summary { statistic, of: Box::new(times) };
    around(number(kind, ScalarType::Float, Unit::seconds()), window)
}

fn funnel(
    scope: &Scope,
    asks: &mut Asks,
    metric: &Metric,
    of: &Arc<Journey>,
    conversion: &Conversion,
    window: Option<Window>,
    latest: &Period,
) -> Option<FunnelPlan> {
    let steps = conversion.steps;
    let mut by = Vec::new();
    for dimension in &metric.by {
        // A dimension that does not fit has been found wrong with the metric's own breakdown.
        let (expr, names) = breakdown(scope, metric, dimension).ok()?;
        let (parted, ..) = journey(&expr)?;
        let users = (1..=steps)
            .map(|k| asks.want_by(&metric.name, &part(parted, Part::Users(k), window), &names, vec![latest.clone()]));
        by.push((dimension.clone(), users.collect()));
    }
    let mut one = |expr: &MetricExpr| asks.want(&metric.name, expr, vec![latest.clone()]);
    Some(FunnelPlan {
        labels: labels(scope, metric, steps),
        once: conversion.entry != Entry::Each,
        users: (1..=steps).map(|k| one(&part(of, Part::Users(k), window))).collect(),
        gaps: (2..=steps).map(|k| one(&median(of, Some(k), window))).collect(),
        whole: one(&median(of, None, window)),
        by,
    })
}

fn cohorts(
    frame: &Frame,
    asks: &mut Asks,
    metric: &Metric,
    of: &Arc<Journey>,
    retention: &Retention,
) -> Option<CohortsPlan> {
    let reach = frame.reach(&metric.expr);
    let first = reach.first?;
    let begin = history_start(frame, metric.grain, first);
    // Cohorts of which not everything is known yet are shown as far as it is.
    let periods = frame.periods_until(metric.grain, frame.complete_to(&metric.expr)?, begin, COHORTS);
    if periods.is_empty() || reach.timeless {
        return None;
    }
    let start = vec![Bucket { from: 0, to: 0 }];
    let entered = Retention { buckets: start, table: false, rolling: false, mature_only: false, ..retention.clone() };
    let entered = Arc::new(Journey { trail: Arc::clone(&of.trail), kind: JourneyKind::Retention(entered) });
    let mut want = |expr: &MetricExpr| asks.want(&metric.name, expr, periods.clone());
    Some(CohortsPlan {
        grain: retention.grain,
        offsets: retention.buckets.clone(),
        sizes: want(&part(&entered, Part::Denominator, None)),
        returned: want(&part(of, Part::Numerator, None)),
        of: want(&part(of, Part::Denominator, None)),
    })
}

/// The steps as they are written, wherever the metric has its funnel from.
fn labels(scope: &Scope, metric: &Metric, steps: u32) -> Vec<String> {
    let project = &scope.project;
    let def = |name: &str| project.metrics.iter().find(|m| m.name.value == name).map(|m| &m.expr);
    let mut at = def(&metric.name);
    // A definition that names itself has been found wrong.
    for _ in 0..=project.metrics.len() {
        let Some(expr) = at else { break };
        match &expr.kind {
            ExprKind::Name(name) => at = def(name),
            ExprKind::Member { of, .. } | ExprKind::Where { of, .. } | ExprKind::Over { of, .. } => at = Some(&**of),
            _ => {
                if let Some(found) = chain(expr).filter(|found| found.len() == steps as usize) {
                    return found;
                }
                break;
            }
        }
    }
    (1..=steps).map(|k| format!("step {k}")).collect()
}

fn chain(expr: &Expr) -> Option<Vec<String>> {
    let ExprKind::Call { args, .. } = &expr.kind else { return None };
    let steps = args.iter().find_map(|arg| if let Arg::Chain(steps) = arg { Some(steps) } else { None })?;
    Some(steps.iter().filter(|s| !s.excluded).map(|s| print::expr(&s.expr)).collect())
}
