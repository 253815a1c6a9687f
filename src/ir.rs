//! The typed program. Once a [`Program`] exists, nothing in it can be wrong: every name is an id, every expression has a
//! type and a unit, every measure knows the rows it counts.
//!
//! Two kinds of expression, because they are evaluated at two levels: a [`RowExpr`] for each row of one source, a
//! [`MetricExpr`] for each period (and breakdown value, and member of a distribution).

mod aims;
mod derived;
pub mod hash;
mod journeys;
mod links;
mod metrics;
pub mod print;
mod rows;
mod sketches;
mod tables;
mod walk;

use crate::calendar::Interval;
use crate::calendar::Period;
use jiff::Timestamp;

pub use crate::calendar::LocalPolicy;
pub use aims::{
    Action, Amount, Baseline, BaselineStatistic, Benchmark, BenchmarkValue, Better, Change, Due, Goal, Guardrail,
    GuardrailBound, Logged, Metric, Objective, Release, ReportSpec, Section, Target,
};
pub use derived::{Derived, Edge, Rule, Sessions};
pub use journeys::{
    Bucket, Cells, Conversion, Entry, Exclusion, Journey, JourneyKind, Lifecycle, Order, Part, Retention,
};
pub use links::Reach;
pub use metrics::{
    Additivity, Aggregate, Branch, Collection, Measure, MetricExpr, MetricFunction, MetricKind, Statistic,
};
pub use rows::{Arithmetic, Comparison, RowExpr, RowFunction, RowKind, Way};
pub use sketches::{Approximation, Sketch};
pub use tables::{
    BadRows, Column, Format, Item, Link, Lookup, Numbers, Origin, Quote, ScalarType, Settings, Source, TextOptions,
    TimeFormat, TimeReading,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

impl SourceId {
    /// Stands where rows are made of others: they are of no source.
    pub const DERIVED: Self = Self(u32::MAX);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupId(pub u32);
/// A column of one [`Source`] or [`Lookup`]: an index into its `columns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BenchmarkId(pub u32);

/// Definitions that have passed every check that could be made.
#[derive(Clone, Debug)]
pub struct Program {
    pub settings: Settings,
    pub sources: Vec<Source>,
    pub lookups: Vec<Lookup>,
    pub metrics: Vec<Metric>,
    pub benchmarks: Vec<Benchmark>,
    pub goals: Vec<Goal>,
    pub objectives: Vec<Objective>,
    pub releases: Vec<Release>,
    pub reports: Vec<ReportSpec>,
}

/// One expression asked for a list of periods.
#[derive(Clone, Debug)]
pub struct Ask {
    /// For messages and for reading the answer back.
    pub name: String,
    pub expr: MetricExpr,
    /// Names of the dimensions; every measure outside `total(…)` has as many `by` expressions.
    pub by: Vec<String>,
    /// In order of time. On sources without time the only period is the unbounded one.
    pub periods: Vec<Period>,
}

/// What the asks are answered on: rows at or after `as_of` do not count.
#[derive(Clone, Debug)]
pub struct Question {
    pub asks: Vec<Ask>,
    pub as_of: Timestamp,
    /// `--as-of` was given: every source is complete up to it.
    pub as_of_given: bool,
    /// `query --from --to`: rows outside are outside the range; unbounded otherwise.
    pub range: Option<Interval>,
}
