//! Signal or noise: XmR limits, EWMA, CUSUM, and where a level changed.

use crate::stats::describe::{mean, median};
use crate::stats::trend::ols_over_time;

/// Natural process limits of an XmR chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    pub center: f64,
    pub lower: f64,
    pub upper: f64,
    /// Upper limit of the moving range.
    pub range: f64,
}

impl Limits {
    pub fn contains(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// Positions of the values outside.
    pub fn signals(&self, values: &[f64]) -> Vec<usize> {
        values.iter().enumerate().filter(|(_, value)| !self.contains(**value)).map(|(i, _)| i).collect()
    }
}

fn moving_ranges(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect()
}

/// XmR limits: mean ± 2.66 · mean moving range, range limit 3.268 · it (Wheeler; 2.66 = 3 / 1.128). Give the values of a
/// baseline alone (the first six or more), so that a spike cannot widen its own limits.
pub fn xmr(baseline: &[f64]) -> Option<Limits> {
    limits(mean(baseline)?, mean(&moving_ranges(baseline))?, 2.66, 3.268)
}

/// The robust form: median ± 3.145 · median moving range, range limit 3.865 · it.
pub fn xmr_median(baseline: &[f64]) -> Option<Limits> {
    limits(median(baseline)?, median(&moving_ranges(baseline))?, 3.145, 3.865)
}

fn limits(center: f64, range: f64, width: f64, range_width: f64) -> Option<Limits> {
    Some(Limits { center, lower: center - width * range, upper: center + width * range, range: range_width * range })
}

/// A point of an exponentially weighted moving average chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ewma {
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
    pub signal: bool,
}

/// EWMA zₜ = λxₜ + (1 − λ)zₜ₋₁ from z₀ = m with limits m ± L·s·√(λ/(2 − λ) · (1 − (1 − λ)²ᵗ)) (Roberts 1959; λ 0.2 and L 3
/// by default). `m` and `s` are a frozen baseline's mean and standard deviation.
pub fn ewma(values: &[f64], m: f64, s: f64, lambda: f64, width: f64) -> Vec<Ewma> {
    let mut z = m;
    let mut left = 1.0;
    let point = |x: &f64| {
        z = lambda * x + (1.0 - lambda) * z;
        left *= (1.0 - lambda) * (1.0 - lambda);
        let half = width * s * (lambda / (2.0 - lambda) * (1.0 - left)).sqrt();
        let (lower, upper) = (m - half, m + half);
        Ewma { value: z, lower, upper, signal: z < lower || z > upper }
    };
    values.iter().map(point).collect()
}

/// A point of a two-sided CUSUM chart, in standard deviations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cusum {
    pub high: f64,
    pub low: f64,
    pub signal: bool,
}

/// CUSUM C⁺ₜ = max(0, C⁺ₜ₋₁ + (xₜ − m)/s − k) and its mirror; a signal above `h` (Page 1954; k 0.5 and h 5 by default).
pub fn cusum(values: &[f64], m: f64, s: f64, k: f64, h: f64) -> Vec<Cusum> {
    let (mut high, mut low) = (0.0f64, 0.0f64);
    let point = |x: &f64| {
        let z = (x - m) / s;
        high = (high + z - k).max(0.0);
        low = (low - z - k).max(0.0);
        Cusum { high, low, signal: high > h || low > h }
    };
    values.iter().map(point).collect()
}

/// The fewest values on either side of a change of level.
pub const MIN_SEGMENT: usize = 4;

/// The position of the first value after a lasting change of level, when there is one: the data before it say nothing about
/// what comes.
///
/// The split with the least squared error around two means is taken as a change when it removes more than the penalty
/// 3·ln n·σ² (one change point of PELT with l2 cost; σ from the mean moving range / 1.128, without the step across the
/// split), explains the values better than a straight line, and the values after it lie beyond the XmR limits' distance
/// from the level before, so that a trend or a wave is not called a step. The latest such change counts.
pub fn level_change(values: &[f64]) -> Option<usize> {
    let mut from = 0;
    while let Some(split) = values.get(from..).and_then(one_change) {
        from += split;
    }
    (from > 0).then_some(from)
}

fn squared_error(values: &[f64]) -> f64 {
    mean(values).map_or(0.0, |m| values.iter().map(|x| (x - m).powi(2)).sum())
}

fn one_change(values: &[f64]) -> Option<usize> {
    let n = values.len();
    let last = n.checked_sub(MIN_SEGMENT)?;
    let error = |split: &usize| squared_error(&values[..*split]) + squared_error(&values[*split..]);
    let split = (MIN_SEGMENT..=last).min_by(|a, b| error(a).total_cmp(&error(b)))?;
    let (before, after) = values.split_at(split);
    let ranges: Vec<f64> = [before, after].iter().flat_map(|part| moving_ranges(part)).collect();
    let sigma = mean(&ranges)? / 1.128;
    let left = error(&split);
    let penalty = 3.0 * (n as f64).ln() * sigma * sigma;
    if squared_error(values) - left <= penalty || squared_error(values) == 0.0 {
        return None;
    }
    let line = ols_over_time(values)?;
    let around_line: f64 = values.iter().enumerate().map(|(i, y)| (y - line.at(i as f64)).powi(2)).sum();
    let step = (mean(after)? - mean(before)?).abs();
    (left < around_line && step > 2.66 * 1.128 * sigma).then_some(split)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::assert_close;
    use crate::stats::describe::stddev;

    const X: [f64; 12] = [40.0, 45.0, 38.0, 52.0, 47.0, 43.0, 49.0, 51.0, 44.0, 46.0, 70.0, 48.0];

    #[test]
    fn reference_limits() {
        let classic = xmr(&X).unwrap();
        assert_close(classic.center, 47.75, 1e-12);
        assert_close(classic.lower, 24.0518, 5e-5);
        assert_close(classic.upper, 71.4482, 5e-5);
        assert_close(classic.range, 29.1149, 5e-5);
        assert!(classic.signals(&X).is_empty(), "the spike widens its own limits");

        let robust = xmr_median(&X).unwrap();
        assert_close(robust.center, 46.5, 1e-12);
        assert_close(robust.lower, 27.63, 5e-5);
        assert_close(robust.upper, 65.37, 5e-5);
        assert_close(robust.range, 23.19, 5e-5);
        assert_eq!(robust.signals(&X), [10]);

        let frozen = xmr(&X[..6]).unwrap();
        assert_close(frozen.center, 44.1667, 5e-5);
        assert_close(frozen.lower, 25.5467, 5e-5);
        assert_close(frozen.upper, 62.7867, 5e-5);
        assert_eq!(frozen.signals(&X), [10]);
        assert_eq!(xmr(&X[..1]), None);
    }

    #[test]
    fn reference_charts() {
        let (m, s) = (mean(&X[..6]).unwrap(), stddev(&X[..6]).unwrap());
        assert_close(m, 44.16667, 5e-6);
        assert_close(s, 5.036533, 5e-7);
        let chart = ewma(&X, m, s, 0.2, 3.0);
        assert_close(chart[0].value, 43.3333, 5e-5);
        assert_close(chart[0].lower, 41.1447, 5e-5);
        assert_close(chart[0].upper, 47.1886, 5e-5);
        let last = chart.last().unwrap();
        assert_close(last.value, 50.2621, 5e-5);
        assert_close(last.upper, 49.1913, 5e-5);
        assert!(last.signal);
        let chart = cusum(&X, m, s, 0.5, 5.0);
        assert_close(chart[9].high, 1.0335, 5e-5);
        assert_close(chart[10].high, 5.6627, 5e-5);
        assert!(chart[10].signal && !chart[9].signal);
    }

    #[test]
    fn level_changes() {
        let step = [10.0, 11.0, 9.0, 10.0, 12.0, 10.0, 11.0, 20.0, 21.0, 19.0, 22.0, 20.0, 21.0, 19.0];
        assert_eq!(level_change(&step), Some(7), "PELT's break");
        assert_eq!(level_change(&X), None, "one spike");
        let trend = [100.0, 104.0, 103.0, 110.0, 112.0, 118.0, 117.0, 123.0, 128.0, 131.0];
        assert_eq!(level_change(&trend), None);
        let straight: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(level_change(&straight), None);
        assert_eq!(level_change(&[5.0; 12]), None);
        assert_eq!(level_change(&[]), None);
        let noiseless = [5.0, 5.0, 5.0, 5.0, 9.0, 9.0, 9.0, 9.0];
        assert_eq!(level_change(&noiseless), Some(4));
        let twice: Vec<f64> = step.iter().copied().chain([40.0, 41.0, 39.0, 40.0, 41.0, 39.0]).collect();
        assert_eq!(level_change(&twice), Some(14), "the latest counts");
    }
}
