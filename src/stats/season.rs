//! Does a series repeat itself?

use crate::calendar::Grain;
use crate::stats::describe::mean;
use crate::stats::trend::ols_over_time;

/// How many periods of a grain make a season: 24 hours, 7 days, 52 weeks, 12 months, 4 quarters.
pub fn season_length(grain: Grain) -> Option<usize> {
    match grain {
        Grain::Hour => Some(24),
        Grain::Day => Some(7),
        Grain::Week => Some(52),
        Grain::Month => Some(12),
        Grain::Quarter => Some(4),
        Grain::Minute | Grain::Year => None,
    }
}

/// Autocorrelation at a lag: Σ(yₜ − ȳ)(yₜ₊ₖ − ȳ) / Σ(yₜ − ȳ)².
pub fn autocorrelation(values: &[f64], lag: usize) -> Option<f64> {
    if lag >= values.len() {
        return None;
    }
    let mean = mean(values)?;
    let scale: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    let products: f64 = values.iter().zip(values.iter().skip(lag)).map(|(a, b)| (a - mean) * (b - mean)).sum();
    (scale > 0.0).then(|| products / scale)
}

/// Whether values repeat after `season` of them: two seasons at least, and around a straight line the autocorrelation at
/// that lag is above 1.645·√((1 + 2·Σ r²) / n), r the shorter lags' (the test that the M4 competition used, 90 %).
pub fn is_seasonal(values: &[f64], season: usize) -> bool {
    let n = values.len();
    if season < 2 || n < season.saturating_mul(2) {
        return false;
    }
    let Some(line) = ols_over_time(values) else { return false };
    let around: Vec<f64> = values.iter().enumerate().map(|(i, y)| y - line.at(i as f64)).collect();
    let shorter: f64 = (1..season).filter_map(|lag| autocorrelation(&around, lag)).map(|r| r * r).sum();
    let limit = 1.645 * ((1.0 + 2.0 * shorter) / n as f64).sqrt();
    autocorrelation(&around, season).is_some_and(|r| r > limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::assert_close;
    use crate::stats::random::Random;

    #[test]
    fn lags() {
        // statsmodels acf of 1 2 3 4 5: 1, .4, -.1, -.4, -.4
        let x = [1.0, 2.0, 3.0, 4.0, 5.0];
        for (lag, expected) in [(0, 1.0), (1, 0.4), (2, -0.1), (3, -0.4), (4, -0.4)] {
            assert_close(autocorrelation(&x, lag).unwrap(), expected, 1e-12);
        }
        assert_eq!(autocorrelation(&x, 5), None);
        assert_eq!(autocorrelation(&[3.0, 3.0], 1), None);
    }

    #[test]
    fn weeks_are_seen_and_noise_is_not() {
        let week = [10.0, 12.0, 11.0, 12.0, 14.0, 25.0, 22.0];
        let mut random = Random::new(3);
        let days: Vec<f64> = (0..56).map(|i| week[i % 7] + 0.1 * i as f64 + random.unit()).collect();
        assert!(is_seasonal(&days, 7));
        assert!(!is_seasonal(&days[..13], 7), "two seasons are needed");
        let found = (0..200).filter(|_| is_seasonal(&(0..56).map(|_| random.unit()).collect::<Vec<_>>(), 7)).count();
        assert!(found < 24, "5 % expected of noise, found {found} of 200");
        assert!(!is_seasonal(&[1.0; 20], 7));
    }
}
