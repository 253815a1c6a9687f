//! The normal and Student's t distribution.

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};

/// Φ(z).
pub fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// 1 − Φ(z), exact far out.
pub fn normal_sf(z: f64) -> f64 {
    Normal::standard().sf(z)
}

/// Φ⁻¹(p), 0 < p < 1.
pub fn normal_quantile(p: f64) -> Option<f64> {
    (p > 0.0 && p < 1.0).then(|| Normal::standard().inverse_cdf(p))
}

/// z such that a standard normal value lies within ±z with probability `level`: 1.959964 for 0.95.
pub fn normal_two_sided(level: f64) -> Option<f64> {
    normal_quantile(0.5 + level / 2.0)
}

/// P(T ≤ t) with `df` > 0 degrees of freedom.
pub fn t_cdf(t: f64, df: f64) -> Option<f64> {
    Some(StudentsT::new(0.0, 1.0, df).ok()?.cdf(t))
}

/// P(T > t), exact far out.
pub fn t_sf(t: f64, df: f64) -> Option<f64> {
    Some(StudentsT::new(0.0, 1.0, df).ok()?.sf(t))
}

/// t such that a value lies within ±t with probability `level`: 2.306004 for 0.95 and 8 degrees of freedom.
pub fn t_two_sided(level: f64, df: f64) -> Option<f64> {
    if !(level > 0.0 && level < 1.0) {
        return None;
    }
    let t = StudentsT::new(0.0, 1.0, df).ok()?;
    if df > 1000.0 {
        // Fisher's expansion around the normal quantile: the general inverse loses digits here, this does not.
        let z = normal_two_sided(level)?;
        let term = |coefficients: [f64; 4]| coefficients.iter().fold(0.0, |sum, c| sum * z * z + c) * z;
        let first = term([0.0, 0.0, 1.0, 1.0]) / 4.0;
        let second = term([0.0, 5.0, 16.0, 3.0]) / 96.0;
        let third = term([3.0, 19.0, 17.0, -15.0]) / 384.0;
        return Some(z + first / df + second / (df * df) + third / (df * df * df));
    }
    // Newton's method from the general inverse.
    let tail = 0.5 - level / 2.0;
    let mut x = t.inverse_cdf(1.0 - tail);
    for _ in 0..3 {
        let next = x + (t.sf(x) - tail) / t.pdf(x);
        if !next.is_finite() {
            break;
        }
        x = next;
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::assert_close;

    /// Two-sided 95 % and 80 % points of printed tables.
    #[test]
    fn t_table() {
        for (df, at_95, at_80) in [
            (1.0, 12.706205, 3.077684),
            (2.0, 4.302653, 1.885618),
            (5.0, 2.570582, 1.475884),
            (8.0, 2.306004, 1.396815),
            (30.0, 2.042272, 1.310415),
            (120.0, 1.979930, 1.288646),
            (999.0, 1.962341, 1.282400),
            (1001.0, 1.962336, 1.282398),
            (1e6, 1.959966, 1.281552),
        ] {
            assert_close(t_two_sided(0.95, df).unwrap(), at_95, 2e-6);
            assert_close(t_two_sided(0.80, df).unwrap(), at_80, 2e-6);
            assert_close(t_cdf(at_95, df).unwrap(), 0.975, 1e-7);
            assert_close(t_sf(at_95, df).unwrap(), 0.025, 1e-7);
        }
    }

    #[test]
    fn normal_table() {
        assert_close(normal_two_sided(0.95).unwrap(), 1.959963985, 1e-8);
        assert_close(normal_quantile(0.9).unwrap(), 1.281551566, 1e-8);
        assert_close(normal_cdf(1.0), 0.8413447461, 1e-9);
        assert_close(normal_sf(9.0) / 1.1285884e-19, 1.0, 1e-6);
    }

    #[test]
    fn outside() {
        assert_eq!(normal_quantile(0.0), None);
        assert_eq!(t_two_sided(1.0, 5.0), None);
        assert_eq!(t_two_sided(0.95, 0.0), None);
        assert_eq!(t_cdf(1.0, f64::NAN), None);
    }
}
