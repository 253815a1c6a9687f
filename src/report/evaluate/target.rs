//! What is to be reached, as numbers in the unit shown.

use crate::ir::{Amount, Baseline, BenchmarkId, Better, Change, Logged, Objective, Target};
use crate::report::TargetView;
use crate::report::evaluate::values::Shown;

/// A target as numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) enum Aim {
    /// A value to reach at the due date.
    Level { base: Option<f64>, target: f64, up: bool },
    /// A band to stay in.
    Band(Band),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct Band {
    pub(in crate::report) low: Option<Bound>,
    pub(in crate::report) high: Option<Bound>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct Bound {
    pub(in crate::report) at: f64,
    /// The bound itself is outside.
    pub(in crate::report) strict: bool,
}

impl Band {
    pub(in crate::report) fn holds(&self, value: f64) -> bool {
        let low = self.low.is_none_or(|b| if b.strict { value > b.at } else { value >= b.at });
        let high = self.high.is_none_or(|b| if b.strict { value < b.at } else { value <= b.at });
        low && high
    }
}

impl Aim {
    /// Whether a value is what was aimed at.
    pub(in crate::report) fn reached(&self, value: f64) -> bool {
        match self {
            Self::Level { target, up: true, .. } => value >= *target,
            Self::Level { target, up: false, .. } => value <= *target,
            Self::Band(band) => band.holds(value),
        }
    }

    /// [`Aim::reached`] for a value that was added up: sums of binary fractions miss a round number by a hair.
    pub(in crate::report) fn reached_by_sum(&self, value: f64) -> bool {
        let hair = |target: f64| target.abs() * 1e-9;
        match self {
            Self::Level { target, up: true, .. } => value >= target - hair(*target),
            Self::Level { target, up: false, .. } => value <= target + hair(*target),
            Self::Band(band) => band.holds(value),
        }
    }
}

/// Whether higher values are better, before any value is known.
pub(in crate::report) fn higher_is_better(objective: &Objective) -> bool {
    let by_metric = objective.better != Some(Better::Lower);
    match &objective.target {
        Target::Change { increase, .. } => *increase,
        Target::AtLeast { .. } => true,
        Target::AtMost { .. } => false,
        Target::Reach { .. } | Target::Between(..) => by_metric,
    }
}

/// The baseline that the target states as a number.
pub(in crate::report) fn stated_baseline(objective: &Objective, shown: &Shown) -> Option<f64> {
    let from = match &objective.target {
        Target::Reach { from, .. } => from.as_ref()?,
        Target::Change { from, .. } => from,
        Target::AtLeast { .. } | Target::AtMost { .. } | Target::Between(..) => return None,
    };
    match from {
        Baseline::Literal(value) => Some(shown.decimal(*value)),
        Baseline::Period(_) | Baseline::Last { .. } => None,
    }
}

/// The aim, once the baseline's value is known; `None` where the target needs a baseline that has no value, or a benchmark
/// that has none. `level` gives a benchmark's value under the name of a quantile, in the objective's unit as it is shown.
pub(in crate::report) fn aim(
    objective: &Objective,
    shown: &Shown,
    base: Option<f64>,
    level: &dyn Fn(BenchmarkId, &str) -> Option<f64>,
) -> Option<Aim> {
    let amount = |a: &Amount| match a {
        Amount::Literal(value) => Some(shown.decimal(*value)),
        Amount::Benchmark { benchmark, quantile } => level(*benchmark, quantile),
    };
    let bound = |a: &Amount, strict: bool| Some(Bound { at: amount(a)?, strict });
    match &objective.target {
        Target::Reach { to, .. } => {
            let target = amount(to)?;
            let up = base.filter(|b| *b != target).map_or(higher_is_better(objective), |b| target > b);
            Some(Aim::Level { base, target, up })
        }
        Target::Change { increase, change, .. } => {
            let sign = if *increase { 1.0 } else { -1.0 };
            let target = match change {
                Change::To(to) => amount(to)?,
                Change::By(by) => base? + sign * shown.decimal(*by),
                Change::ByShare(share) => {
                    let base = base?;
                    base + sign * share.to_f64() * base.abs()
                }
            };
            Some(Aim::Level { base, target, up: *increase })
        }
        Target::AtLeast { bound: at, strict } => Some(Aim::Band(Band { low: Some(bound(at, *strict)?), high: None })),
        Target::AtMost { bound: at, strict } => Some(Aim::Band(Band { low: None, high: Some(bound(at, *strict)?) })),
        Target::Between(low, high) => {
            Some(Aim::Band(Band { low: Some(bound(low, false)?), high: Some(bound(high, false)?) }))
        }
    }
}

pub(in crate::report) fn view(objective: &Objective, aim: Option<&Aim>) -> TargetView {
    let (value, upper, maintain) = match aim {
        Some(Aim::Level { target, .. }) => (Some(*target), None, false),
        Some(Aim::Band(band)) => (band.low.map(|b| b.at), band.high.map(|b| b.at), true),
        None => (
            None,
            None,
            matches!(objective.target, Target::AtLeast { .. } | Target::AtMost { .. } | Target::Between(..)),
        ),
    };
    let text = objective.target_text.clone();
    TargetView { original: original(objective).filter(|first| *first != text), text, value, upper, maintain }
}

/// The target as it was before the first change that the log knows of.
fn original(objective: &Objective) -> Option<String> {
    let of_target = |entry: &&Logged| entry.what.to_lowercase().contains("target") && entry.was.is_some();
    // Without a day an entry stands where it is written; the first of equal ones stays.
    let first = objective.changes.iter().filter(of_target).min_by_key(|entry| entry.on)?;
    first.was.clone()
}
