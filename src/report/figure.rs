//! What is drawn of a journey: a funnel and its bottleneck, a table of cohorts. Plain numbers, as `evaluate` leaves them.

use crate::calendar::Grain;
use crate::ir::Bucket;
use crate::report::Range;
use crate::value::Value;

#[derive(Clone, Debug)]
pub enum JourneyFigure {
    Funnel(Funnel),
    Cohorts(Cohorts),
}

/// The entries of one period, the latest that is known whole.
#[derive(Clone, Debug)]
pub struct Funnel {
    pub period: String,
    /// `actors`, or `entries` where each counts on its own.
    pub counts: &'static str,
    pub steps: Vec<FunnelStep>,
    /// Median time from the first step to the last, in seconds, of those who get there.
    pub median_seconds: Option<f64>,
    pub bottleneck: Option<Bottleneck>,
}

#[derive(Clone, Debug)]
pub struct FunnelStep {
    /// The event set as it is written.
    pub label: String,
    pub users: u64,
    /// Of those who enter.
    pub of_first: Option<f64>,
    /// Of those who reach the step before, with Wilson's interval; null at the first step.
    pub of_previous: Option<f64>,
    pub interval: Option<Range>,
    /// Those of the step before who do not get here.
    pub lost: u64,
    /// From the step before.
    pub median_seconds: Option<f64>,
}

/// The step that loses most, and who is lost there more than others.
#[derive(Clone, Debug)]
pub struct Bottleneck {
    /// From 1.
    pub step: usize,
    pub lost: u64,
    /// Of those who reach the step before.
    pub share: f64,
    pub segment: Option<Segment>,
    /// Segments that were compared with the rest, over all dimensions.
    pub compared: usize,
}

/// The segment whose loss exceeds that of all others by more than noise would.
#[derive(Clone, Debug)]
pub struct Segment {
    pub dimension: String,
    pub value: Value,
    /// The share it loses, and the share that the others lose.
    pub share: f64,
    pub others: f64,
    /// Of the difference of the two; its level allows for the number of segments that were compared.
    pub difference: Range,
}

#[derive(Clone, Debug)]
pub struct Cohorts {
    /// Of the offsets.
    pub grain: Grain,
    pub offsets: Vec<Bucket>,
    /// Oldest first.
    pub cohorts: Vec<Cohort>,
    /// By offset, over the cohorts of which it is known: sums, not a mean of shares.
    pub pooled: Vec<Pooled>,
}

#[derive(Clone, Debug)]
pub struct Cohort {
    pub label: String,
    pub size: Option<u64>,
    /// By offset.
    pub cells: Vec<CohortCell>,
}

#[derive(Clone, Debug)]
pub struct CohortCell {
    pub returned: Option<u64>,
    /// Null where it is not known yet, or nobody is in the cohort.
    pub value: Option<f64>,
    /// Its time has passed.
    pub complete: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Pooled {
    pub value: Option<f64>,
    pub interval: Option<Range>,
    /// Members of those cohorts.
    pub of: u64,
    pub cohorts: usize,
}
