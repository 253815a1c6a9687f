//! A straight line through the past, and how surely it leads to the target.

use crate::stats::distribution::t_cdf;

/// What is wanted of the line: a weighted sum of its values at some positions, plus what is known already.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) known: f64,
    /// Position (0 is the first value of the past) and weight.
    pub(super) terms: &'a [(f64, f64)],
}

/// The probability that the wanted value satisfies a condition that holds from one bound to another, by the t distribution
/// of the prediction. `None` below four values.
pub(super) fn probability(values: &[f64], wanted: &Wanted, (low, high): (f64, f64)) -> Option<f64> {
    let n = values.len() as f64;
    if values.len() < 4 {
        return None;
    }
    let middle = (n - 1.0) / 2.0;
    let spread: f64 = (0..values.len()).map(|x| (x as f64 - middle).powi(2)).sum();
    let mean = values.iter().sum::<f64>() / n;
    let slope = values.iter().enumerate().map(|(x, y)| (x as f64 - middle) * (y - mean)).sum::<f64>() / spread;
    let line = |x: f64| mean + slope * (x - middle);
    let squares: f64 = values.iter().enumerate().map(|(x, y)| (y - line(x as f64)).powi(2)).sum();
    let variance = squares / (n - 2.0);

    let expected = wanted.known + wanted.terms.iter().map(|(x, w)| w * line(*x)).sum::<f64>();
    let weights: f64 = wanted.terms.iter().map(|(_, w)| w).sum();
    let distance: f64 = wanted.terms.iter().map(|(x, w)| w * (x - middle)).sum();
    let scatter: f64 = wanted.terms.iter().map(|(_, w)| w * w).sum();
    let error = (variance * (scatter + weights * weights / n + distance * distance / spread)).sqrt();
    if error <= f64::EPSILON * expected.abs().max(1.0) {
        return Some(if low <= expected && expected <= high { 1.0 } else { 0.0 });
    }
    let below = |bound: f64| match bound {
        f64::INFINITY => Some(1.0),
        f64::NEG_INFINITY => Some(0.0),
        bound => t_cdf((bound - expected) / error, n - 2.0),
    };
    Some((below(high)? - below(low)?).clamp(0.0, 1.0))
}
