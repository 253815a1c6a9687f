//! Futures drawn from the past: block bootstrap with a fixed seed.
//!
//! What is drawn depends on the metric's additivity. An additive metric adds up over its periods, so that the values of
//! past periods are drawn for the remaining ones and the due window is the sum of what has been and what was drawn. Every
//! other metric is a level: past changes of the measure are drawn and added to where it stands. A kept band is judged period by
//! period: values of past periods are drawn and each must lie in it.

use crate::stats::Bounds;
use crate::stats::bootstrap::{Draw, Simulation};

/// What a future is made of.
#[derive(Clone, Debug)]
pub(super) enum Process<'a> {
    /// Values of periods, drawn and summed over windows.
    Sums { known: &'a [f64], windows: &'a [Stretch], due: DueSum },
    /// Changes of a level, drawn and added up; of a share on the scale of its odds.
    Walk { known: &'a [f64], share: bool },
    /// Values of periods, drawn one by one.
    Levels { known: &'a [f64] },
}

/// A window in positions of the line of periods: known ones from 0, then the remaining ones. A fraction is a part of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) from: f64,
    pub(super) to: f64,
}

/// The due window: what is known of it, and where on the line the rest lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DueSum {
    pub(super) known: f64,
    pub(super) rest: Stretch,
}

/// For each remaining period the measure at its end, in all futures; in the order in which the futures were drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Futures {
    pub(super) steps: Vec<Vec<f64>>,
}

impl Futures {
    /// The measure at the due date.
    pub(super) fn last(&self) -> &[f64] {
        self.steps.last().map_or(&[], Vec::as_slice)
    }

    /// The share of the futures in which the last value is a hit.
    pub(super) fn share(&self, hit: impl Fn(f64) -> bool) -> Option<f64> {
        let all = self.last();
        (!all.is_empty()).then(|| all.iter().filter(|v| hit(**v)).count() as f64 / all.len() as f64)
    }

    /// The share of the futures in which every value is a hit.
    pub(super) fn share_of_all(&self, hit: impl Fn(f64) -> bool) -> Option<f64> {
        let paths = self.last().len();
        let always = |path: &usize| self.steps.iter().all(|step| step.get(*path).is_some_and(|v| hit(*v)));
        (paths > 0).then(|| (0..paths).filter(always).count() as f64 / paths as f64)
    }
}

/// Draws the futures of `steps` periods; values stay within what is possible. `None` with too little to draw from.
pub(super) fn simulate(
    process: &Process,
    steps: usize,
    season: Option<usize>,
    (low, high): (f64, f64),
) -> Option<Futures> {
    let (known, draw) = match process {
        Process::Sums { known, .. } | Process::Levels { known } => (*known, Draw::Levels),
        Process::Walk { known, share: true } => (*known, Draw::LogitChanges),
        Process::Walk { known, share: false } => (*known, Draw::Changes),
    };
    let simulation = Simulation { season, domain: Bounds { low, high }, ..Simulation::new(draw, steps) };
    let paths = simulation.run(known)?;
    let mut futures = Futures { steps: vec![Vec::with_capacity(simulation.paths); steps] };
    let mut sums = Vec::new();
    for path in paths.iter() {
        match process {
            Process::Levels { .. } | Process::Walk { .. } => {
                futures.steps.iter_mut().zip(path).for_each(|(step, value)| step.push(*value));
            }
            Process::Sums { known, windows, due } => {
                cumulate(known, path, &mut sums);
                futures.steps.iter_mut().zip(*windows).for_each(|(step, window)| step.push(sum(&sums, *window)));
                // The due window itself: what is known of it was asked for, and is not put together from periods.
                if let Some(last) = futures.steps.last_mut() {
                    last.pop();
                    last.push(due.known + sum(&sums, due.rest));
                }
            }
        }
    }
    Some(futures)
}

/// Sums of everything before each position.
fn cumulate(known: &[f64], drawn: &[f64], sums: &mut Vec<f64>) {
    sums.clear();
    sums.push(0.0);
    let mut total = 0.0;
    for value in known.iter().chain(drawn) {
        total += value;
        sums.push(total);
    }
}

/// The sum over a stretch: parts of a period count as that part of its value.
fn sum(sums: &[f64], stretch: Stretch) -> f64 {
    at(sums, stretch.to) - at(sums, stretch.from)
}

fn at(sums: &[f64], position: f64) -> f64 {
    let position = position.clamp(0.0, sums.len().saturating_sub(1) as f64);
    let whole = position.floor();
    let below = sums.get(whole as usize).copied().unwrap_or(0.0);
    let above = sums.get(whole as usize + 1).copied().unwrap_or(below);
    below + (above - below) * (position - whole)
}
