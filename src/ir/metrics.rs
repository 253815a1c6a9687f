//! Measures, and expressions over them.

use crate::calendar::Grain;
use crate::calendar::Length;
use crate::calendar::Window;
use crate::decimal::Decimal;
use crate::ir::{Arithmetic, ColumnId, Comparison, Derived, Journey, Part, RowExpr, ScalarType, SourceId};
use crate::unit::Unit;
use crate::value::Value;
use std::sync::Arc;

/// One aggregate over the rows of an event set. Two equal measures are computed once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measure {
    pub aggregate: Aggregate,
    /// The event set: at most one branch a source or derived set (a trail may have several); a row of a source that satisfies its
    /// filter belongs to the set.
    pub branches: Vec<Branch>,
    pub ty: ScalarType,
    pub unit: Unit,
    /// On a snapshot: empty is null, even for sums and counts... of states; and it never adds up over time.
    pub stock: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Branch {
    pub source: SourceId,
    /// Its rows are made of others; `source` is then [`SourceId::DERIVED`].
    pub derived: Option<Arc<Derived>>,
    /// The clock: `None` only on a source without time.
    pub time: Option<ColumnId>,
    /// The rows of the set: true, not null.
    pub filter: Option<RowExpr>,
    /// What is aggregated; `None` for `Count`. For `Unique` the actor or the column; rows where it is null are left out.
    pub value: Option<RowExpr>,
    /// The breakdown: empty inside `total(…)`, else one expression for each dimension of the ask. Null is a value.
    pub by: Vec<RowExpr>,
    /// Keys of the distributions around the measure, outermost first. Rows with a null key are left out.
    pub keys: Vec<RowExpr>,
    /// Of a trail: who, then what else is known of a row. Rows without an actor are left out.
    pub kept: Vec<RowExpr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aggregate {
    /// Rows.
    Count,
    /// Distinct values that are not null, exact.
    Unique,
    /// Distinct values that are not null, by [`Sketch::Distinct`](crate::ir::Sketch::Distinct).
    ApproximateUnique,
    /// Integer and decimal sums are exact and checked, float sums exact until the last rounding.
    Sum,
    Mean,
    Min,
    Max,
    /// `percentile` in 0 ..= 100; continuous: linear between the two nearest ranks; discrete: the smallest value whose
    /// cumulative share is at least the percentile. The median is `Percentile { 50, discrete: false }`.
    Percentile {
        percentile: Decimal,
        discrete: bool,
    },
    /// Continuous, by [`Sketch::Quantile`](crate::ir::Sketch::Quantile).
    ApproximatePercentile {
        percentile: Decimal,
    },
    /// Sample standard deviation (n − 1); null for n < 2.
    Stddev,
    /// By the branch's clock, ties by the source's key, then by value (`First` takes the smallest of them, `Last` the largest).
    First,
    Last,
    /// Share of the rows with a known answer for which the (boolean) value is true.
    Share,
    /// The rows themselves, by actor in order of time; the value says by bits which sets a row belongs to. Stands in journeys.
    Trail,
}

/// An expression over measures, evaluated for an interval, a breakdown value, and the keys of enclosing distributions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricExpr {
    pub kind: MetricKind,
    pub ty: ScalarType,
    pub unit: Unit,
    pub additivity: Additivity,
    /// Its values lie in 0 ..= 1 by construction (a share); shown as a percentage.
    pub proportion: bool,
}

/// What adding its values over time, or over the parts of a breakdown, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Additivity {
    /// Adds up over time and over parts.
    Additive,
    /// Adds up over parts, not over time.
    Stock,
    /// Members are counted once: recomputed, never added.
    Distinct,
    /// Numerators and denominators add up, quotients do not.
    Ratio,
    /// Medians, extremes, percentiles, first, last.
    OrderStatistic,
    /// Literals and what is made of incompatible parts.
    None,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MetricKind {
    Literal(Value),
    Measure(Arc<Measure>),
    Negate(Box<MetricExpr>),
    Not(Box<MetricExpr>),
    /// As for rows; null spreads, x / 0 is null.
    Arithmetic {
        op: Arithmetic,
        left: Box<MetricExpr>,
        right: Box<MetricExpr>,
    },
    Convert {
        of: Box<MetricExpr>,
        num: u64,
        den: u64,
    },
    Compare {
        op: Comparison,
        left: Box<MetricExpr>,
        right: Box<MetricExpr>,
    },
    And(Box<MetricExpr>, Box<MetricExpr>),
    Or(Box<MetricExpr>, Box<MetricExpr>),
    IsNull(Box<MetricExpr>),
    In {
        of: Box<MetricExpr>,
        list: Vec<MetricExpr>,
    },
    If {
        condition: Box<MetricExpr>,
        then: Box<MetricExpr>,
        otherwise: Box<MetricExpr>,
    },
    Call {
        function: MetricFunction,
        args: Vec<MetricExpr>,
    },
    /// The inner expression on a window that ends with the period.
    Over {
        of: Box<MetricExpr>,
        window: Window,
    },
    /// The inner expression on the period moved back; null when the moved period begins before the history of a source
    /// that it reads.
    Ago {
        of: Box<MetricExpr>,
        shift: Length,
    },
    /// `now / then − 1`; null when `then` is null or zero.
    Change {
        of: Box<MetricExpr>,
        shift: Length,
    },
    /// The inner expression without the breakdown (its measures have no `by`).
    Total(Box<MetricExpr>),
    /// What actors do one after the other.
    Journey {
        of: Arc<Journey>,
        part: Part,
    },
    /// Of the member at hand, in a collection of times or entries: the time, or the measure with this number.
    Here {
        slot: u32,
    },
    Summary {
        statistic: Statistic,
        of: Box<Collection>,
    },
    /// Pearson's r of two series over the sub-periods in which both have a value; null below three of them.
    Correlation {
        left: Box<Collection>,
        right: Box<Collection>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MetricFunction {
    Coalesce,
    Abs,
    Round,
    Floor,
    Ceil,
    Least,
    Greatest,
    Log,
    Sqrt,
}

/// What a summary is taken of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// One value for each member: for every key that any measure of `of` has rows for in the interval at hand, or in an earlier one
    /// that it looks back at (or, with a `base`, for every key that the base has rows for). Inside, every measure has one more entry in `keys`.
    Distribution { of: MetricExpr, base: Option<Arc<Measure>> },
    /// One value for each period of the grain that begins in the interval, in order of time. On an unbounded interval: from
    /// the first row of the sources read.
    Series { of: MetricExpr, grain: Grain },
    /// One value for each actor that gets there: the seconds from step 1 to the last, or to `step` (from 1) from the one
    /// before it.
    Times { of: MetricExpr, journey: Arc<Journey>, step: Option<u32> },
    /// One value for each entry in the interval (set 0 of the trail): over the same actor's rows within a time after it, up
    /// to the next entry. `measures` are the sets from 1 on; `Here` names them.
    Entries { of: MetricExpr, trail: Arc<Measure>, measures: Vec<Arc<Measure>>, within: Window },
    /// The collection of a window that ends with the period.
    Over { of: Box<Collection>, window: Window },
}

/// Nulls are skipped by every statistic (and counted by none).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// Members with a value; for boolean members those that are true.
    Count,
    Sum,
    Mean,
    Min,
    Max,
    Percentile {
        percentile: Decimal,
        discrete: bool,
    },
    Stddev,
    /// In order of time; of series only.
    First,
    Last,
    /// True members / members that are true or false.
    Share,
}
