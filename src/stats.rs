//! Statistics: pure functions on slices, each with its formula and where it comes from. No clock, no global state; whatever
//! draws random numbers is given a seed and gives the same numbers on every machine.
//!
//! Slices hold no NaN: callers leave out what has no value. `None` means that there are too few values for the question.

pub mod bootstrap;
pub mod describe;
pub mod distribution;
pub mod interval;
pub mod pacing;
pub mod process;
pub mod random;
pub mod season;
pub mod trend;

/// The two ends of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub low: f64,
    pub high: f64,
}

impl Bounds {
    /// Half of its width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// Which way a target is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// By a value at or above it.
    Up,
    /// By a value at or below it.
    Down,
}

impl Direction {
    pub fn reached(self, value: f64, target: f64) -> bool {
        match self {
            Self::Up => value >= target,
            Self::Down => value <= target,
        }
    }
}

#[cfg(test)]
pub(crate) fn assert_close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected} ± {tolerance}");
}
