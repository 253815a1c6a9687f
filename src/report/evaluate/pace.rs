//! How far the way to the target has been gone, and how far it should have been.

use jiff::Timestamp;

use crate::report::evaluate::target::Aim;
use crate::stats::describe::{differences, percentile_rank};
use crate::stats::pacing::{Pacing, required_rate};

/// The way from baseline to target, at the end of the window of the actual value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pace {
    pub(super) elapsed: Option<f64>,
    pub(super) expected: Option<f64>,
    pub(super) progress: Option<f64>,
    pub(super) pace: Option<f64>,
    pub(super) on_this_pace: Option<f64>,
    /// Change a period.
    pub(super) required: Option<f64>,
    pub(super) observed: Option<f64>,
}

/// The share of the way from start to due date that lies before an instant.
pub(super) fn elapsed(start: Timestamp, due: Timestamp, at: Timestamp) -> Option<f64> {
    let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
    (start < due).then(|| (seconds(start, at) / seconds(start, due)).clamp(0.0, 1.0))
}

/// Everything about the way; `left` is the number of periods until the due date.
pub(super) fn pace(aim: &Aim, actual: Option<f64>, elapsed: Option<f64>, left: usize) -> Pace {
    let Aim::Level { base, target, .. } = *aim else { return Pace { elapsed, ..Pace::default() } };
    let left = left as f64;
    let required = actual.and_then(|actual| required_rate(actual, target, left));
    let Some((base, actual)) = base.zip(actual) else { return Pace { elapsed, required, ..Pace::default() } };
    // Without a start there is progress, but no line that it could be held against.
    let pacing = Pacing::new(base, target, actual, elapsed.unwrap_or(0.0));
    // Periods gone are to periods left as the time gone is to the time left.
    let gone = elapsed.filter(|e| *e > 0.0 && *e < 1.0).map(|e| left * e / (1.0 - e));
    Pace {
        elapsed,
        expected: elapsed.map(|_| pacing.expected),
        progress: pacing.progress,
        pace: pacing.pace,
        on_this_pace: pacing.projected,
        required,
        observed: gone.and_then(|gone| required_rate(base, actual, gone)),
    }
}

/// The percentile of a required change a period among the past changes in the same direction; `None` below three changes.
pub(super) fn percentile_of(required: f64, values: &[f64], up: bool) -> Option<f64> {
    let sign = if up { 1.0 } else { -1.0 };
    let changes: Vec<f64> = differences(values).iter().map(|c| sign * c).collect();
    percentile_rank(&changes, sign * required).filter(|_| changes.len() >= 3)
}
