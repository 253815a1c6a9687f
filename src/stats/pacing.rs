//! Is it on its way? The straight line from a baseline to a target.

/// Where a value stands between baseline and target after a share of the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pacing {
    /// baseline + (target − baseline) · elapsed.
    pub expected: f64,
    /// (actual − baseline) / (target − baseline), unclamped; the sign of a target below its baseline cancels. `None` when
    /// they are equal.
    pub progress: Option<f64>,
    /// progress / elapsed; `None` before any time has passed.
    pub pace: Option<f64>,
    /// baseline + (actual − baseline) / elapsed.
    pub projected: Option<f64>,
}

impl Pacing {
    /// `elapsed` is the share of the time between start and due, 0 ..= 1.
    pub fn new(baseline: f64, target: f64, actual: f64, elapsed: f64) -> Self {
        let way = target - baseline;
        let elapsed = elapsed.clamp(0.0, 1.0);
        let progress = (way != 0.0).then(|| (actual - baseline) / way);
        let started = elapsed > 0.0;
        Self {
            expected: baseline + way * elapsed,
            progress,
            pace: progress.filter(|_| started).map(|progress| progress / elapsed),
            projected: started.then(|| baseline + (actual - baseline) / elapsed),
        }
    }

    /// Progress as a score, 0 ..= 1.
    pub fn score(&self) -> Option<f64> {
        self.progress.map(|progress| progress.clamp(0.0, 1.0))
    }
}

/// The change a step that is needed to get from `actual` to `target` in `left` steps; `None` when none is left.
pub fn required_rate(actual: f64, target: f64, left: f64) -> Option<f64> {
    (left > 0.0).then(|| (target - actual) / left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::assert_close;

    #[test]
    fn reference() {
        let pacing = Pacing::new(100.0, 150.0, 131.0, 9.0 / 20.0);
        assert_close(pacing.expected, 122.5, 1e-12);
        assert_close(pacing.progress.unwrap(), 0.62, 1e-12);
        assert_close(pacing.pace.unwrap(), 1.37778, 5e-6);
        assert_close(pacing.projected.unwrap(), 168.89, 5e-3);
        assert_close(required_rate(131.0, 150.0, 11.0).unwrap(), 1.72727, 5e-6);
        assert_close(required_rate(100.0, 131.0, 9.0).unwrap(), 3.44444, 5e-6);
    }

    /// Objectives of other tools' handbooks: NPS 32 → 45 at 42, churn 8 → 5 at 6.
    #[test]
    fn scores() {
        assert_close(Pacing::new(32.0, 45.0, 42.0, 1.0).score().unwrap(), 10.0 / 13.0, 1e-12);
        assert_close(Pacing::new(8.0, 5.0, 6.0, 1.0).score().unwrap(), 2.0 / 3.0, 1e-12);
        assert_eq!(Pacing::new(8.0, 5.0, 9.0, 1.0).score(), Some(0.0));
        assert_eq!(Pacing::new(8.0, 5.0, 2.0, 1.0).score(), Some(1.0));
    }

    #[test]
    fn at_the_edges() {
        let none = Pacing::new(10.0, 10.0, 12.0, 0.0);
        assert_eq!((none.progress, none.pace, none.projected, none.expected), (None, None, None, 10.0));
        assert_eq!(required_rate(1.0, 2.0, 0.0), None);
    }
}
