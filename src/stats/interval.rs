//! Confidence intervals of a proportion and of a mean.

use crate::stats::Bounds;
use crate::stats::describe::{mean, stddev};
use crate::stats::distribution::{normal_two_sided, t_two_sided};

/// Wilson's score interval for `successes` out of `n` (Wilson 1927):
/// (p̂ + z²/2n ± z·√(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n). Stays in 0 ..= 1 and works for 0 and n successes.
pub fn wilson(successes: f64, n: f64, level: f64) -> Option<Bounds> {
    if !(n > 0.0 && (0.0..=n).contains(&successes)) {
        return None;
    }
    let z = normal_two_sided(level)?;
    let (p, zz) = (successes / n, z * z);
    let middle = p + zz / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + zz / (4.0 * n * n)).sqrt();
    let scale = 1.0 + zz / n;
    // At the ends the formula gives 0 and 1 up to rounding.
    let low = if successes == 0.0 { 0.0 } else { ((middle - half) / scale).max(0.0) };
    let high = if successes == n { 1.0 } else { ((middle + half) / scale).min(1.0) };
    Some(Bounds { low, high })
}

/// Newcombe's interval of the difference of two independent proportions, the first less the second, from Wilson's intervals of
/// each (Newcombe 1998, method 10).
pub fn newcombe((yes1, n1): (f64, f64), (yes2, n2): (f64, f64), level: f64) -> Option<Bounds> {
    let (first, second) = (wilson(yes1, n1, level)?, wilson(yes2, n2, level)?);
    let (p1, p2) = (yes1 / n1, yes2 / n2);
    let low = (p1 - first.low).hypot(second.high - p2);
    let high = (first.high - p1).hypot(p2 - second.low);
    Some(Bounds { low: p1 - p2 - low, high: p1 - p2 + high })
}

/// Student's interval of a mean: x̄ ± t(n − 1)·s/√n; `None` below two values.
pub fn t_interval(values: &[f64], level: f64) -> Option<Bounds> {
    t_interval_of(mean(values)?, stddev(values)?, values.len() as f64, level)
}

/// Student's interval from mean, sample standard deviation and number of values.
pub fn t_interval_of(mean: f64, stddev: f64, n: f64, level: f64) -> Option<Bounds> {
    if n < 2.0 {
        return None;
    }
    let half = t_two_sided(level, n - 1.0)? * stddev / n.sqrt();
    Some(Bounds { low: mean - half, high: mean + half })
}

/// The interval of a net promoter score, from the mean and the sample standard deviation of answers that are -100, 0 or 100 points:
/// x̄ ± z·√(σ²/n), σ² the variance of one answer. Where all answers are alike that has no width: three answers more are thought of, a
/// quarter of them promoters, a quarter detractors (Rocks, "Interval estimation for the net promoter score", 2016).
pub fn score(mean: f64, stddev: f64, n: f64, level: f64) -> Option<Bounds> {
    if n.is_nan() || n < 1.0 {
        return None;
    }
    let z = normal_two_sided(level)?;
    let variance = stddev * stddev * (n - 1.0) / n;
    let (middle, half) = if variance > 0.0 {
        (mean, z * (variance / n).sqrt())
    } else {
        // Of answers that are all of one kind.
        let (count, d) = (n + 3.0, mean / 100.0);
        let (promoters, detractors) = ((n * d.max(0.0) + 0.75) / count, (n * (-d).max(0.0) + 0.75) / count);
        let difference = promoters - detractors;
        let variance = promoters + detractors - difference * difference;
        (100.0 * difference, 100.0 * z * (variance / count).sqrt())
    };
    Some(Bounds { low: (middle - half).max(-100.0), high: (middle + half).min(100.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::assert_close;

    #[test]
    fn wilson_reference() {
        for (x, n, low, high) in [
            (8.0, 10.0, 0.49016, 0.94332),
            (0.0, 20.0, 0.0, 0.16113),
            (20.0, 20.0, 0.83887, 1.0),
            (62.0, 1471.0, 0.03302, 0.05366),
            (400.0, 500.0, 0.76271, 0.83271),
            (72.0, 254.0, 0.23159, 0.34179),
        ] {
            let bounds = wilson(x, n, 0.95).unwrap();
            assert_close(bounds.low, low, 5e-6);
            assert_close(bounds.high, high, 5e-6);
        }
        assert_eq!(wilson(0.0, 0.0, 0.95), None);
        assert_eq!(wilson(3.0, 2.0, 0.95), None);
    }

    /// Newcombe 1998, table II, method 10: his eight contrasts.
    #[test]
    fn newcombe_reference() {
        for (first, second, low, high) in [
            ((56.0, 70.0), (48.0, 80.0), 0.0524, 0.3339),
            ((9.0, 10.0), (3.0, 10.0), 0.1705, 0.8090),
            ((6.0, 7.0), (2.0, 7.0), 0.0582, 0.8062),
            ((5.0, 56.0), (0.0, 29.0), -0.0381, 0.1926),
            ((0.0, 10.0), (0.0, 20.0), -0.1611, 0.2775),
            ((0.0, 10.0), (0.0, 10.0), -0.2775, 0.2775),
            ((10.0, 10.0), (0.0, 20.0), 0.6791, 1.0),
            ((10.0, 10.0), (0.0, 10.0), 0.6075, 1.0),
        ] {
            let bounds = newcombe(first, second, 0.95).unwrap();
            assert_close(bounds.low, low, 6e-5);
            assert_close(bounds.high, high, 6e-5);
        }
        assert_eq!(newcombe((0.0, 0.0), (1.0, 2.0), 0.95), None);
    }

    /// 50, 30 and 20 promoters, passives and detractors; 200, 100 and 100; ten promoters, of whom the interval is
    /// (10.75/13 - 0.75/13) ± 1.95996·√((11.5/13 - (10/13)²)/13).
    #[test]
    fn score_reference() {
        let of = |promoters: usize, passives: usize, detractors: usize| {
            let mut values = vec![100.0; promoters];
            values.extend(vec![0.0; passives]);
            values.extend(vec![-100.0; detractors]);
            let bounds =
                score(mean(&values).unwrap(), stddev(&values).unwrap_or(0.0), values.len() as f64, 0.95).unwrap();
            (mean(&values).unwrap(), bounds)
        };
        for ((promoters, passives, detractors), score, low, high) in [
            ((50, 30, 20), 30.0, 14.692, 45.308),
            ((200, 100, 100), 25.0, 16.874, 33.126),
            ((10, 0, 0), 100.0, 47.5036, 100.0),
        ] {
            let (mean, bounds) = of(promoters, passives, detractors);
            assert_close(mean, score, 1e-9);
            assert_close(bounds.low, low, 5e-4);
            assert_close(bounds.high, high, 5e-4);
        }
        let (_, one) = of(1, 0, 0);
        assert!(one.low < 0.0 && one.high <= 100.0, "one answer says little");
    }

    /// scipy: `t.interval(.95, 3, loc=1.5, scale=sem)` of 3, 0, 3, 0.
    #[test]
    fn t_of_a_mean() {
        let bounds = t_interval(&[3.0, 0.0, 3.0, 0.0], 0.95).unwrap();
        assert_close(bounds.low, -1.256077, 1e-5);
        assert_close(bounds.high, 4.256077, 1e-5);
        assert_close(bounds.half_width(), 2.756077, 1e-5);
        assert_eq!(t_interval(&[3.0], 0.95), None);
        let constant = t_interval(&[2.0, 2.0], 0.95).unwrap();
        assert_eq!((constant.low, constant.high), (2.0, 2.0));
    }
}
