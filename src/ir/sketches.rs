//! What is measured by a sketch: how far its numbers may be off.

use std::collections::BTreeSet;

use crate::ir::{Aggregate, MetricExpr};

/// A summary that does not grow with its rows, for when exact is too dear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sketch {
    /// HyperLogLog: distinct values.
    Distinct,
    /// Counts by size of the value, as DDSketch: percentiles.
    Quantile,
}

impl Sketch {
    /// Up to so many distinct values, or values, the number is exact.
    pub const fn exact_to(self) -> usize {
        match self {
            Self::Distinct => 2048,
            Self::Quantile => 1024,
        }
    }

    /// Relative to the number, 0 ..= 1: the standard error of distinct counts, the bound of percentiles.
    pub const fn error(self) -> f64 {
        match self {
            Self::Distinct => 0.0082,
            Self::Quantile => 0.0078,
        }
    }

    /// `standard error` or `bound`.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Distinct => "standard error",
            Self::Quantile => "bound",
        }
    }

    /// The function that is approximate.
    pub const fn function(self) -> &'static str {
        match self {
            Self::Distinct => "unique",
            Self::Quantile => "percentile",
        }
    }

    /// In a sentence's place.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Distinct => "distinct counts beyond 2048 with a standard error of 0.82 %",
            Self::Quantile => "percentiles of more than 1024 values within 0.78 %",
        }
    }
}

impl Aggregate {
    /// How it is measured, where that is not exact.
    pub fn sketch(&self) -> Option<Sketch> {
        match self {
            Self::ApproximateUnique => Some(Sketch::Distinct),
            Self::ApproximatePercentile { .. } => Some(Sketch::Quantile),
            _ => None,
        }
    }

    /// Distinct values are counted.
    pub fn is_distinct(&self) -> bool {
        matches!(self, Self::Unique | Self::ApproximateUnique)
    }
}

/// How a number is approximate: by the sketches that it rests on. Empty: it is exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approximation(BTreeSet<Sketch>);

impl Approximation {
    pub fn of(expr: &MetricExpr) -> Self {
        let mut found = BTreeSet::new();
        expr.measures(&mut |measure| found.extend(measure.aggregate.sketch()));
        Self(found)
    }

    pub fn sketches(&self) -> impl Iterator<Item = Sketch> + '_ {
        self.0.iter().copied()
    }

    pub fn is_exact(&self) -> bool {
        self.0.is_empty()
    }

    /// `approximate: distinct counts …; percentiles …`; `None`: it is exact.
    pub fn words(&self) -> Option<String> {
        let words: Vec<&str> = self.sketches().map(Sketch::words).collect();
        (!self.is_exact()).then(|| format!("approximate: {}", words.join("; ")))
    }
}
