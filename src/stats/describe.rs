//! Means, deviations, percentiles.

/// Σx / n.
pub fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation, √(Σ(x − x̄)² / (n − 1)), in two passes.
pub fn stddev(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values)?;
    Some((values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt())
}

pub fn median(values: &[f64]) -> Option<f64> {
    percentile(values, 50.0)
}

/// Continuous percentile, `p` in 0 ..= 100: linear between the two nearest ranks of p / 100 · (n − 1) (Hyndman and Fan's
/// type 7, SQL's `percentile_cont`).
pub fn percentile(values: &[f64], p: f64) -> Option<f64> {
    percentile_of_sorted(&sorted(values), p)
}

/// [`percentile`] of values in ascending order.
pub fn percentile_of_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    if !(0.0..=100.0).contains(&p) {
        return None;
    }
    let rank = p * last as f64 / 100.0;
    let (below, part) = (rank.floor(), rank.fract());
    let low = *sorted.get(below as usize)?;
    let high = *sorted.get((below as usize + 1).min(last))?;
    Some(if part == 0.0 { low } else { low + (high - low) * part })
}

/// Discrete percentile, `p` in 0 ..= 100: the smallest value whose cumulative share is at least p / 100 (SQL's
/// `percentile_disc`).
pub fn percentile_discrete(values: &[f64], p: f64) -> Option<f64> {
    if !(0.0..=100.0).contains(&p) {
        return None;
    }
    let sorted = sorted(values);
    let rank = (p * sorted.len() as f64 / 100.0).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// The percentile that a value has in a sample, 0 ..= 100: the share of smaller values and half of the equal ones.
pub fn percentile_rank(sample: &[f64], value: f64) -> Option<f64> {
    if sample.is_empty() {
        return None;
    }
    let smaller = sample.iter().filter(|x| **x < value).count();
    let equal = sample.iter().filter(|x| **x == value).count();
    Some((smaller as f64 + equal as f64 / 2.0) * 100.0 / sample.len() as f64)
}

/// y₂ − y₁, y₃ − y₂, …
pub fn differences(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::assert_close;

    #[test]
    fn of_nothing_and_of_one() {
        assert_eq!(mean(&[]), None);
        assert_eq!(stddev(&[1.0]), None);
        assert_eq!(median(&[]), None);
        assert_eq!(percentile_discrete(&[], 50.0), None);
        assert_eq!(percentile(&[7.0], 99.0), Some(7.0));
        assert_eq!(percentile(&[7.0], 101.0), None);
        assert_eq!(percentile_rank(&[], 1.0), None);
        assert!(differences(&[1.0]).is_empty());
    }

    /// `numpy.percentile` with `linear` and `inverted_cdf`.
    #[test]
    fn percentiles() {
        let x = [15.0, 20.0, 35.0, 40.0, 50.0];
        for (p, continuous, discrete) in [
            (0.0, 15.0, 15.0),
            (5.0, 16.0, 15.0),
            (30.0, 23.0, 20.0),
            (40.0, 29.0, 20.0),
            (50.0, 35.0, 35.0),
            (95.0, 48.0, 50.0),
            (100.0, 50.0, 50.0),
        ] {
            assert_close(percentile(&x, p).unwrap(), continuous, 1e-12);
            assert_eq!(percentile_discrete(&x, p), Some(discrete), "{p}");
        }
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile_discrete(&hundred, 7.0), Some(7.0));
        assert_eq!(percentile_discrete(&hundred, 29.0), Some(29.0));
    }

    #[test]
    fn ranks() {
        let x = [1.0, 2.0, 2.0, 4.0];
        assert_eq!(percentile_rank(&x, 2.0), Some(50.0));
        assert_eq!(percentile_rank(&x, 0.0), Some(0.0));
        assert_eq!(percentile_rank(&x, 5.0), Some(100.0));
    }

    /// Survey scores as the reference gives them: CSAT 5 to 1, CES 7 to 1, the gap between wanted and had.
    #[test]
    fn survey_means() {
        let counted = |pairs: &[(f64, usize)]| -> Vec<f64> { pairs.iter().flat_map(|(v, n)| vec![*v; *n]).collect() };
        let csat = counted(&[(5.0, 40), (4.0, 30), (3.0, 15), (2.0, 10), (1.0, 5)]);
        assert_close(mean(&csat).unwrap(), 3.9, 1e-12);
        let ces = counted(&[(7.0, 20), (6.0, 25), (5.0, 20), (4.0, 15), (3.0, 10), (2.0, 5), (1.0, 5)]);
        assert_close(mean(&ces).unwrap(), 4.95, 1e-12);
        let gap = [9.0 - 6.0, 8.0 - 8.0, 10.0 - 7.0, 7.0 - 7.0];
        assert_close(mean(&gap).unwrap(), 1.5, 1e-12);
        assert_close(stddev(&gap).unwrap(), 1.73205, 5e-6);
    }
}
