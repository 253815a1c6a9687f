//! Scales and ticks.

/// A linear map from values to coordinates.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
    pub from: f64,
    pub to: f64,
}

impl Scale {
    pub fn at(&self, value: f64) -> f64 {
        let span = self.high - self.low;
        if span == 0.0 || !span.is_finite() {
            return (self.from + self.to) / 2.0;
        }
        self.from + (value - self.low) / span * (self.to - self.from)
    }
}

/// Round steps (1, 2, 2.5, 5 times a power of ten) that cover the values: `(low, high, ticks)` with about `wanted` ticks.
/// Ticks are multiples of the step, so that zero, where it is inside, is one of them.
pub fn ticks(low: f64, high: f64, wanted: usize) -> (f64, f64, Vec<f64>) {
    let (low, high) = match (low.is_finite() && high.is_finite(), low < high) {
        (false, _) => (0.0, 1.0),
        (true, true) => (low, high),
        // One value: room on both sides of it.
        (true, false) if low == 0.0 => (0.0, 1.0),
        (true, false) => (low - low.abs() * 0.1, low + low.abs() * 0.1),
    };
    let rough = (high - low) / wanted.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].iter().map(|m| m * power).find(|s| *s >= rough * 0.999).unwrap_or(rough);
    if !(step.is_normal() && (low / step).abs() < 1e9) {
        return (low, high, vec![low, high]);
    }
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    let ticks: Vec<f64> = (first..=last).map(|i| i as f64 * step).collect();
    (first as f64 * step, last as f64 * step, ticks)
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn ticks_are_round_and_cover() {
        assert_eq!(ticks(0.0, 9.0, 4).2, [0.0, 2.5, 5.0, 7.5, 10.0]);
        assert_eq!(ticks(0.36, 0.42, 3).2, [0.36, 0.38, 0.4, 0.42].map(|x: f64| (x / 0.02).round() * 0.02));
        assert_eq!(ticks(5.0, 5.0, 2).2.len(), 3);
        for (low, high) in
            [(f64::NAN, 1.0), (f64::MIN, f64::MAX), (1e300, 1e300), (1.0, 1.0 + f64::EPSILON), (-3.0, 8.0)]
        {
            let (l, h, t) = ticks(low, high, 4);
            assert!(t.len() < 20, "{low} {high} {t:?}");
            assert!(low.is_nan() || (l <= low && h >= high), "{low} {high}: {l} {h}");
        }
    }
}
