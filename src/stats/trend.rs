//! Trend: least squares, Theil–Sen, Mann–Kendall; correlation; the random walk with drift.

use crate::stats::describe::{differences, mean, median, sorted, stddev};
use crate::stats::distribution::{normal_sf, normal_two_sided, t_sf, t_two_sided};
use crate::stats::{Bounds, Direction};

/// A least-squares line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub slope: f64,
    pub intercept: f64,
    /// √(Σ residual² / (n − 2)).
    pub residual_sd: f64,
    pub n: usize,
    mean_x: f64,
    /// Σ(x − x̄)².
    sxx: f64,
}

/// A value to be expected at one point, with the standard error of a single new observation there and its degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    pub value: f64,
    pub se: f64,
    pub df: f64,
}

impl Forecast {
    /// value ± t·se: where a single new observation lies with probability `level`.
    pub fn interval(&self, level: f64) -> Option<Bounds> {
        let half = t_two_sided(level, self.df)? * self.se;
        Some(Bounds { low: self.value - half, high: self.value + half })
    }

    /// The probability that a new observation reaches the target: 1 − F_t((target − value) / se).
    pub fn probability(&self, target: f64, direction: Direction) -> Option<f64> {
        if self.se == 0.0 {
            return Some(if direction.reached(self.value, target) { 1.0 } else { 0.0 });
        }
        let t = (target - self.value) / self.se;
        match direction {
            Direction::Up => t_sf(t, self.df),
            Direction::Down => t_sf(-t, self.df),
        }
    }
}

/// Ordinary least squares of `ys` over `xs`; `None` below three points or when all `xs` are equal.
pub fn ols(xs: &[f64], ys: &[f64]) -> Option<Line> {
    let n = xs.len();
    if n < 3 || n != ys.len() {
        return None;
    }
    let (mean_x, mean_y) = (mean(xs)?, mean(ys)?);
    let sxx: f64 = xs.iter().map(|x| (x - mean_x).powi(2)).sum();
    if sxx == 0.0 {
        return None;
    }
    let sxy: f64 = xs.iter().zip(ys).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = sxy / sxx;
    let intercept = mean_y - slope * mean_x;
    let rss: f64 = xs.iter().zip(ys).map(|(x, y)| (y - intercept - slope * x).powi(2)).sum();
    Some(Line { slope, intercept, residual_sd: (rss / (n - 2) as f64).sqrt(), n, mean_x, sxx })
}

/// [`ols`] over 0, 1, 2, …
pub fn ols_over_time(ys: &[f64]) -> Option<Line> {
    let xs: Vec<f64> = (0..ys.len()).map(|i| i as f64).collect();
    ols(&xs, ys)
}

impl Line {
    pub fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }

    /// A single new observation at `x`: se = s·√(1 + 1/n + (x − x̄)²/Sxx), n − 2 degrees of freedom.
    pub fn forecast(&self, x: f64) -> Forecast {
        let n = self.n as f64;
        let se = self.residual_sd * (1.0 + 1.0 / n + (x - self.mean_x).powi(2) / self.sxx).sqrt();
        Forecast { value: self.at(x), se, df: n - 2.0 }
    }

    /// Two-sided p-value of the slope against 0; `None` when the points lie on the line.
    pub fn slope_p(&self) -> Option<f64> {
        let se = self.residual_sd / self.sxx.sqrt();
        if se == 0.0 {
            return None;
        }
        Some(2.0 * t_sf((self.slope / se).abs(), self.n as f64 - 2.0)?)
    }
}

/// Theil–Sen's line over 0, 1, 2, …: the median of the slopes of all pairs, through the medians (Sen 1968).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TheilSen {
    pub slope: f64,
    pub intercept: f64,
}

pub fn theil_sen(ys: &[f64]) -> Option<TheilSen> {
    let slope = median(&pair_slopes(ys))?;
    let middle = (ys.len() - 1) as f64 / 2.0;
    Some(TheilSen { slope, intercept: median(ys)? - slope * middle })
}

/// Sen's interval of the slope, from the variance of Mann–Kendall's S.
pub fn theil_sen_interval(ys: &[f64], level: f64) -> Option<Bounds> {
    let slopes = sorted(&pair_slopes(ys));
    let width = normal_two_sided(level)? * mann_kendall(ys)?.variance.sqrt();
    let n = slopes.len() as f64;
    let upper = (((n + width) / 2.0).round_ties_even() as usize).min(slopes.len() - 1);
    let lower = (((n - width) / 2.0).round_ties_even() - 1.0).max(0.0) as usize;
    Some(Bounds { low: *slopes.get(lower)?, high: *slopes.get(upper)? })
}

fn pair_slopes(ys: &[f64]) -> Vec<f64> {
    let pair = |(i, a): (usize, f64)| ys.iter().enumerate().skip(i + 1).map(move |(j, b)| (b - a) / (j - i) as f64);
    ys.iter().copied().enumerate().flat_map(pair).collect()
}

/// Mann–Kendall's test for a monotone trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannKendall {
    /// Σ sign(yⱼ − yᵢ), i < j.
    pub s: f64,
    /// (n(n − 1)(2n + 5) − Σ t(t − 1)(2t + 5)) / 18 over the groups of t equal values.
    pub variance: f64,
    /// (S − sign S) / √variance.
    pub z: f64,
    /// Two-sided.
    pub p: f64,
}

/// `None` below three values or when all are equal. Autocorrelation makes p too small.
pub fn mann_kendall(ys: &[f64]) -> Option<MannKendall> {
    if ys.len() < 3 {
        return None;
    }
    let sign = |x: f64| {
        if x > 0.0 {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            0.0
        }
    };
    let s: f64 = ys.iter().enumerate().map(|(i, a)| ys.iter().skip(i + 1).map(|b| sign(b - a)).sum::<f64>()).sum();
    let term = |n: usize| (n * (n - 1) * (2 * n + 5)) as f64;
    let tied: f64 = sorted(ys).chunk_by(|a, b| a == b).map(|group| term(group.len())).sum();
    let variance = (term(ys.len()) - tied) / 18.0;
    if variance <= 0.0 {
        return None;
    }
    let z = (s - sign(s)) / variance.sqrt();
    Some(MannKendall { s, variance, z, p: (2.0 * normal_sf(z.abs())).min(1.0) })
}

/// Pearson's r; `None` below three pairs or when one side does not vary.
pub fn correlation(xs: &[f64], ys: &[f64]) -> Option<f64> {
    if xs.len() < 3 || xs.len() != ys.len() {
        return None;
    }
    let (mean_x, mean_y) = (mean(xs)?, mean(ys)?);
    let sum = |f: &dyn Fn(f64, f64) -> f64| xs.iter().zip(ys).map(|(x, y)| f(x - mean_x, y - mean_y)).sum::<f64>();
    let scale = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    (scale > 0.0).then(|| (sum(&|x, y| x * y) / scale).clamp(-1.0, 1.0))
}

/// A random walk with drift, `horizon` steps after the last value: y_n + h·d̄ with standard error s_d·√(h + h²/(n − 1)) and
/// n − 2 degrees of freedom, n the number of values. `None` below three values.
pub fn drift(history: &[f64], horizon: f64) -> Option<Forecast> {
    let steps = differences(history);
    let (step, sd) = (mean(&steps)?, stddev(&steps)?);
    let count = steps.len() as f64;
    let se = sd * (horizon + horizon * horizon / count).sqrt();
    Some(Forecast { value: history.last()? + horizon * step, se, df: count - 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::assert_close;
    use crate::stats::describe::percentile_rank;
    use crate::stats::distribution::normal_sf;

    const Y: [f64; 10] = [100.0, 104.0, 103.0, 110.0, 112.0, 118.0, 117.0, 123.0, 128.0, 131.0];

    /// scipy 1.17 and statsmodels 0.15.
    #[test]
    fn reference_line() {
        let line = ols_over_time(&Y).unwrap();
        assert_close(line.slope, 3.478788, 5e-7);
        assert_close(line.intercept, 98.945455, 5e-7);
        assert_close(line.slope_p().unwrap(), 1.1442e-7, 5e-12);
        let forecast = line.forecast(13.0);
        assert_close(forecast.value, 144.1697, 5e-5);
        assert_close(forecast.se, 2.53342, 5e-6);
        let bounds = forecast.interval(0.95).unwrap();
        assert_close(bounds.low, 138.3276, 5e-5);
        assert_close(bounds.high, 150.0118, 5e-5);
        assert_close(forecast.probability(145.0, Direction::Up).unwrap(), 0.375760, 5e-7);
        assert_close(forecast.probability(145.0, Direction::Down).unwrap(), 1.0 - 0.375760, 5e-7);
    }

    #[test]
    fn reference_robust_trend() {
        let line = theil_sen(&Y).unwrap();
        assert_close(line.slope, 3.5, 1e-12);
        assert_close(line.intercept, 98.75, 1e-12);
        let bounds = theil_sen_interval(&Y, 0.95).unwrap();
        assert_close(bounds.low, 3.0, 1e-12);
        assert_close(bounds.high, 4.0, 1e-12);
        let test = mann_kendall(&Y).unwrap();
        assert_eq!((test.s, test.variance), (41.0, 125.0));
        assert_close(test.z, 3.577709, 5e-7);
        assert_close(test.p, 0.000346619, 5e-10);
    }

    /// Mean step 3.444444, its deviation 2.962731; without and with the drift's own uncertainty.
    #[test]
    fn reference_drift() {
        let steps = differences(&Y);
        assert_close(mean(&steps).unwrap(), 3.444444, 5e-7);
        assert_close(stddev(&steps).unwrap(), 2.962731, 5e-7);
        let forecast = drift(&Y, 4.0).unwrap();
        assert_close(forecast.value, 144.7778, 5e-5);
        assert_eq!(forecast.df, 8.0);
        let z = |se: f64| normal_sf((145.0 - forecast.value) / se);
        assert_close(z(2.962731 * 2.0), 0.485042, 5e-7);
        assert_close(z(forecast.se), 0.487553, 5e-7);
        assert_close(forecast.probability(145.0, Direction::Up).unwrap(), 0.48794, 5e-6);
    }

    /// r = (145 − 131) / 4 = 3.5 among the nine steps 4 −1 7 2 6 −1 6 5 3: four are smaller, none is equal.
    #[test]
    fn required_rate_among_steps() {
        assert_close(percentile_rank(&differences(&Y), 3.5).unwrap(), 400.0 / 9.0, 1e-9);
    }

    #[test]
    fn flat_and_short() {
        assert_eq!(ols_over_time(&[1.0, 2.0]), None);
        assert_eq!(ols(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(mann_kendall(&[5.0, 5.0, 5.0]), None);
        assert_eq!(theil_sen(&[1.0]), None);
        assert_eq!(theil_sen_interval(&[], 0.95), None);
        assert_eq!(drift(&[1.0, 2.0], 1.0), None);
        let straight = ols_over_time(&[1.0, 2.0, 3.0]).unwrap();
        assert_eq!(straight.slope_p(), None);
        assert_eq!(straight.forecast(5.0).probability(6.0, Direction::Up), Some(1.0));
        assert_eq!(straight.forecast(5.0).probability(6.5, Direction::Up), Some(0.0));
    }

    #[test]
    fn correlations() {
        assert_close(correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]).unwrap(), 1.0, 1e-12);
        // numpy.corrcoef
        assert_close(correlation(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 5.0]).unwrap(), 0.8315218406, 1e-9);
        assert_eq!(correlation(&[1.0, 1.0, 1.0], &[2.0, 4.0, 6.0]), None);
        assert_eq!(correlation(&[1.0, 2.0], &[2.0, 4.0]), None);
    }
}
