//! The points of an objective's lines, and what follows from them for a kept band.

use crate::report::Point;
use crate::report::evaluate::measure::measured;
use crate::report::evaluate::target::Aim;
use crate::report::evaluate::values::{Answers, Shown};
use crate::report::plan::{ObjectivePlan, Trailing};

/// The measure at the end of each point of the series.
pub(super) fn trailing(
    answers: Answers,
    shown: &Shown,
    plan: &ObjectivePlan,
    series: &[Point],
    higher: bool,
) -> Vec<Point> {
    let at = |index: usize, point: &Point| match &plan.trailing {
        Trailing::Series => point.value,
        Trailing::Sums(windows) => windows.get(index).and_then(|window| {
            let covered = series.first().is_some_and(|first| first.start <= window.start);
            let inside = series.iter().filter(|p| p.start >= window.start && p.end <= window.end);
            covered.then(|| inside.map(|p| p.value).sum::<Option<f64>>()).flatten()
        }),
        Trailing::Asked(all) => {
            let asked = all.iter().find(|m| m.interval.end == point.end);
            asked.and_then(|m| measured(answers, shown, m, higher).value)
        }
    };
    let whole = |(index, point): (usize, &Point)| Point { value: at(index, point), ..point.clone() };
    series.iter().enumerate().map(whole).collect()
}

/// How a kept band was kept so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Held {
    /// Of the complete periods of the due window: how many, and how many of them inside.
    pub(super) periods: usize,
    pub(super) inside: usize,
    /// The first that was outside.
    pub(super) broken: Option<String>,
}

impl Held {
    pub(super) fn new(plan: &ObjectivePlan, series: &[Point], aim: &Aim) -> Self {
        let mut held = Self::default();
        let Some(due) = plan.due else { return held };
        let periods = series.iter().filter(|p| p.complete && p.start >= due.start && p.end <= due.end);
        for (point, value) in periods.filter_map(|p| Some((p, p.value?))) {
            held.periods += 1;
            if aim.reached(value) {
                held.inside += 1;
            } else if held.broken.is_none() {
                held.broken = Some(point.label.clone());
            }
        }
        held
    }

    /// The share of the periods that were inside.
    pub(super) fn share(&self) -> Option<f64> {
        (self.periods > 0).then(|| self.inside as f64 / self.periods as f64)
    }
}

/// The first complete point after the start at which the target was reached.
pub(super) fn reached_at(plan: &ObjectivePlan, trailing: &[Point], aim: &Aim) -> Option<String> {
    let after_start = |p: &&Point| plan.start.is_none_or(|start| p.end > start);
    let in_time = |p: &&Point| plan.due_end.is_none_or(|due| p.end <= due);
    let mut points = trailing.iter().filter(|p| p.complete).filter(after_start).filter(in_time);
    points.find(|p| p.value.is_some_and(|v| aim.reached(v))).map(|p| p.label.clone())
}
