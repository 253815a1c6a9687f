//! The typed program. Once a [`Program`] exists, nothing in it can be wrong: every name is an id, every expression has a
//! type and a unit, every measure knows the rows it counts.
//!
//! Two kinds of expression, because they are evaluated at two levels: a [`RowExpr`] for each row of one source, a
//! [`MetricExpr`] for each period (and breakdown value, and member of a distribution).

pub mod print;
mod walk;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

pub use crate::calendar::LocalPolicy;
use crate::calendar::{Calendar, Grain, Interval, Length, Period, Window};
use crate::decimal::Decimal;
use crate::source::Span;
use crate::unit::Unit;
use crate::value::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupId(pub u32);
/// A column of one [`Source`] or [`Lookup`]: an index into its `columns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BenchmarkId(pub u32);

// ---------------------------------------------------------------- tables

/// The data side of a program: what an engine needs to open the files. Made before expressions are checked, so that
/// `check` can be given the files' schemas.
#[derive(Clone, Debug)]
pub struct Settings {
    pub name: String,
    pub calendar: Calendar,
    /// ISO 4217; what `unit: money` means.
    pub currency: Option<String>,
    pub as_of: Option<Timestamp>,
    /// Folders, relative to the project, that sources may read; at least one.
    pub data: Vec<String>,
}

/// The type of a row's value, apart from its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScalarType {
    Bool,
    Int,
    Decimal,
    Float,
    Text,
    Date,
    Instant,
    /// Always null (`null`, or a column that holds nothing): agrees with every type.
    Null,
    /// A column that is not declared, in a check without data: agrees with every type. Never in a program that runs.
    Unknown,
    /// What follows from a mistake that has been reported: agrees with every type, reports nothing more.
    Error,
}

impl ScalarType {
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Decimal | Self::Float)
    }

    /// Whether nothing can be said against it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Null | Self::Unknown | Self::Error)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    Parquet,
    Csv,
}

/// How text, numbers or naive timestamps of a file become instants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeFormat {
    /// The file's own type, or ISO 8601 text.
    Auto,
    EpochSeconds,
    EpochMilliseconds,
    EpochMicroseconds,
    /// strptime directives (`%d/%m/%Y %H:%M`).
    Pattern(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeReading {
    pub format: TimeFormat,
    /// IANA name of the zone that naive times are in.
    pub zone: String,
    pub on_gap: LocalPolicy,
    pub on_overlap: LocalPolicy,
}

#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub span: Span,
    /// Globs relative to the data folders, with the place each is written at.
    pub files: Vec<(String, Span)>,
    /// `None`: read off each file's name.
    pub format: Option<Format>,
    /// The default clock; `None` for `time: none`.
    pub time: Option<ColumnId>,
    pub actor: Option<ColumnId>,
    /// What the actor column counts, in the singular: `user_id` → `user`, `CustomerID` → `customer`.
    pub entity: Option<String>,
    /// Empty: nothing is collapsed.
    pub key: Vec<ColumnId>,
    /// `where:`; rows for which it is not true are out of scope.
    pub scope: Option<RowExpr>,
    pub snapshot: bool,
    pub complete_until: Option<Timestamp>,
    pub links: Vec<Link>,
    /// Declared columns first, in order of declaration, then the columns of the files that are not declared, by name.
    pub columns: Vec<Column>,
}

/// Many rows of a source to one row of a lookup.
#[derive(Clone, Debug)]
pub struct Link {
    /// The prefix in expressions: `listing` in `booking.listing.country`; the entity for the actor's lookup.
    pub name: String,
    pub span: Span,
    pub column: ColumnId,
    pub lookup: LookupId,
}

#[derive(Clone, Debug)]
pub struct Lookup {
    pub name: String,
    pub span: Span,
    pub files: Vec<(String, Span)>,
    pub format: Option<Format>,
    pub key: ColumnId,
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub span: Span,
    pub origin: Origin,
    pub ty: ScalarType,
    /// Of a number; `None`: none.
    pub unit: Unit,
    /// The type was declared: the file's values are converted, and what does not convert is an error.
    pub declared: bool,
    /// How to read it when `ty` is `Instant`.
    pub time: Option<TimeReading>,
}

#[derive(Clone, Debug)]
pub enum Origin {
    /// The column of the file with this raw name.
    File(String),
    /// Computed from file columns of the same row (never from another computed column that depends on it).
    Computed(RowExpr),
}

// ---------------------------------------------------------------- rows

/// An expression over one row of one source, typed. Null in, null out, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowExpr {
    pub kind: RowKind,
    pub ty: ScalarType,
    pub unit: Unit,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    Column(ColumnId),
    /// A column of the lookup behind the source's link number `link`; null where no row has the key.
    Linked {
        link: u32,
        column: ColumnId,
    },
    Literal(Value),
    Negate(Box<RowExpr>),
    /// Integer and decimal arithmetic is exact and checked; one float makes it float; `/` is float, and null when the
    /// divisor is zero.
    Arithmetic {
        op: Arithmetic,
        left: Box<RowExpr>,
        right: Box<RowExpr>,
    },
    /// `value × num / den`: makes two scales of one unit equal. Exact on integers and decimals where it can be.
    Convert {
        of: Box<RowExpr>,
        num: u64,
        den: u64,
    },
    Compare {
        op: Comparison,
        left: Box<RowExpr>,
        right: Box<RowExpr>,
    },
    /// SQL's three values.
    And(Box<RowExpr>, Box<RowExpr>),
    Or(Box<RowExpr>, Box<RowExpr>),
    Not(Box<RowExpr>),
    /// Null when nothing is equal and something is null.
    In {
        of: Box<RowExpr>,
        list: Vec<RowExpr>,
    },
    /// SQL LIKE: `%` any text, `_` one character, `\` takes the next character as it is; case-sensitive.
    Like {
        of: Box<RowExpr>,
        pattern: String,
    },
    /// Never null.
    IsNull(Box<RowExpr>),
    /// A condition that is not true takes `otherwise`.
    If {
        condition: Box<RowExpr>,
        then: Box<RowExpr>,
        otherwise: Box<RowExpr>,
    },
    Call {
        function: RowFunction,
        args: Vec<RowExpr>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Functions of a row. Civil parts of an instant are in the project's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowFunction {
    /// First argument that is not null.
    Coalesce,
    Abs,
    /// Half away from zero; optional number of decimal places (a literal, 0 to 15).
    Round,
    Floor,
    Ceil,
    /// Of two or more, nulls ignored; null when all are.
    Least,
    Greatest,
    /// Natural logarithm; null at or below zero. Float.
    Log,
    /// Null below zero. Float.
    Sqrt,
    Lower,
    Upper,
    Trim,
    /// Characters. Int.
    Length,
    /// `starts_with(text, prefix)`, likewise the next two. Bool.
    StartsWith,
    EndsWith,
    Contains,
    /// The start of the civil period that holds an instant, as a date: `day(ts)`, `week(ts)`, `month(ts)`, `quarter(ts)`, `year(ts)`.
    PeriodStart(Grain),
    /// 0 to 23. Int.
    HourOfDay,
    /// Monday = 1. Int.
    Weekday,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12.
    MonthOfYear,
}

// ---------------------------------------------------------------- measures

/// One aggregate over the rows of an event set. Two equal measures are computed once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measure {
    pub aggregate: Aggregate,
    /// The event set: at most one branch a source; a row of a source that satisfies its filter belongs to the set.
    pub branches: Vec<Branch>,
    pub ty: ScalarType,
    pub unit: Unit,
    /// On a snapshot: empty is null, even for sums and counts... of states; and it never adds up over time.
    pub stock: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Branch {
    pub source: SourceId,
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aggregate {
    /// Rows.
    Count,
    /// Distinct values that are not null, exact.
    Unique,
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
    /// Sample standard deviation (n − 1); null for n < 2.
    Stddev,
    /// By the branch's clock, ties by the source's key, then by value (`First` takes the smallest of them, `Last` the largest).
    First,
    Last,
    /// Share of the rows with a known answer for which the (boolean) value is true.
    Share,
}

// ---------------------------------------------------------------- metrics

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
    /// One value for each member: for every key that any measure of `of` has rows for in the interval at hand (or, with a
    /// `base`, for every key that the base has rows for). Inside, every measure has one more entry in `keys`.
    Distribution { of: MetricExpr, base: Option<Arc<Measure>> },
    /// One value for each period of the grain that begins in the interval, in order of time. On an unbounded interval: from
    /// the first row of the sources read.
    Series { of: MetricExpr, grain: Grain },
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

// ---------------------------------------------------------------- the program

#[derive(Clone, Debug)]
pub struct Metric {
    pub name: String,
    pub span: Span,
    pub title: String,
    pub expr: MetricExpr,
    /// The unit to show, of the same dimension as `expr.unit`; values are converted on the way out.
    pub display: Unit,
    pub better: Option<Better>,
    pub stage: Option<String>,
    pub value_area: Option<String>,
    pub kind: Option<String>,
    /// The dimensions that reports break it down by, as written.
    pub by: Vec<String>,
    pub grain: Grain,
    pub owner: Option<String>,
    pub description: Option<String>,
    /// The expression as `print` shows it.
    pub formula: String,
    /// Names of the metrics, events and segments that the formula mentions, directly.
    pub mentions: Vec<String>,
    /// First 128 bits of the SHA-256, in hex, of what the metric means: formula, settings, event sets, sources it reads.
    pub hash: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Better {
    Higher,
    Lower,
    Neither,
}

#[derive(Clone, Debug)]
pub struct Benchmark {
    pub name: String,
    pub span: Span,
    pub title: String,
    /// Index of a metric where the benchmark names one; its expression otherwise is in `ask`.
    pub metric: String,
    pub ask: MetricExpr,
    /// Of the values, and of what the benchmark computes.
    pub unit: Unit,
    pub kind: Option<String>,
    pub value: BenchmarkValue,
    pub source: Option<String>,
    pub as_of: Option<Date>,
    pub expires: Option<Date>,
}

#[derive(Clone, Debug)]
pub enum BenchmarkValue {
    Computed(Baseline),
    /// `("p50", value)` in order of quantile, values in the benchmark's `unit`.
    Quantiles(Vec<(String, Decimal)>),
    Literal(Decimal),
}

#[derive(Clone, Debug)]
pub struct Goal {
    pub name: String,
    pub title: String,
    pub description: Option<String>,
    pub parent: Option<String>,
    pub owner: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Release {
    pub name: String,
    pub title: String,
    pub at: Timestamp,
}

/// An objective whose static SMART checks have passed, or were reported.
#[derive(Clone, Debug)]
pub struct Objective {
    pub name: String,
    pub span: Span,
    pub title: String,
    /// The metric's expression within the objective's scope.
    pub expr: MetricExpr,
    /// The metric that `expr` is made of, when it is one metric (with or without a scope).
    pub metric: Option<MetricId>,
    /// As `print` shows it.
    pub formula: String,
    pub display: Unit,
    pub grain: Grain,
    pub better: Option<Better>,
    pub target: Target,
    /// As `print` shows it.
    pub target_text: String,
    /// Where pacing begins; `None`: the end of the baseline, or the start of the due period.
    pub start: Option<Timestamp>,
    pub due: Due,
    pub created: Option<Date>,
    pub owner: Option<String>,
    pub population: Option<String>,
    /// A goal or another objective.
    pub supports: Option<String>,
    pub because: Option<String>,
    pub compare: Vec<BenchmarkId>,
    pub guardrails: Vec<Guardrail>,
    pub check_in: Option<Length>,
    pub actions: Vec<Action>,
    pub aspirational: bool,
    pub latch: bool,
    /// Shares: probability (or pace) at and above which it is on track, and at risk.
    pub thresholds: Option<(Decimal, Decimal)>,
    /// Findings that are allowed, each with its reason.
    pub allow: Vec<(String, String)>,
    pub changes: Vec<(Option<Date>, String, Option<String>)>,
    pub value_area: Option<String>,
}

/// Amounts are in `Objective::expr`'s unit unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Higher or lower than the baseline, told by the baseline's value.
    Reach {
        to: Amount,
        from: Option<Baseline>,
    },
    Change {
        increase: bool,
        change: Change,
        from: Baseline,
    },
    /// Held in every complete period of the grain in the due period.
    AtLeast {
        bound: Amount,
        strict: bool,
    },
    AtMost {
        bound: Amount,
        strict: bool,
    },
    Between(Amount, Amount),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    To(Amount),
    /// Added to (taken from) the baseline.
    By(Decimal),
    /// A share of the baseline: 0.2 for 20 %.
    ByShare(Decimal),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    Literal(Decimal),
    Benchmark { benchmark: BenchmarkId, quantile: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Baseline {
    Period(Period),
    /// The complete periods before `as_of` (of an objective: before its start, or its creation): pooled into one, or a statistic of each.
    Last {
        length: Length,
        statistic: Option<BaselineStatistic>,
    },
    Literal(Decimal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaselineStatistic {
    Mean,
    Median,
    Best,
    Worst,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    Period(Period),
    /// The target is measured on the window of the baseline's length that ends with this day.
    Date(Date),
}

#[derive(Clone, Debug)]
pub struct Guardrail {
    pub span: Span,
    /// As `print` shows it.
    pub text: String,
    pub metric: MetricId,
    pub expr: MetricExpr,
    pub display: Unit,
    pub bound: GuardrailBound,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardrailBound {
    Compare {
        op: Comparison,
        amount: Decimal,
    },
    /// Compared with the objective's baseline window, in the direction of the guardrail metric's `better`.
    NoWorseThanShare(Decimal),
    NoWorseThan(Decimal),
}

#[derive(Clone, Debug)]
pub struct Action {
    pub what: String,
    pub owner: Option<String>,
    pub due: Option<Date>,
    pub release: Option<String>,
    pub expect: Option<String>,
    pub status: Option<String>,
}

#[derive(Clone, Debug)]
pub struct ReportSpec {
    pub name: String,
    pub title: String,
    pub sections: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section {
    Objectives,
    Metrics,
    Benchmarks,
    Stage(String),
    Metric(MetricId),
    Objective(usize),
}

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
    /// SHA-256, in hex, of everything that gives the definitions their meaning.
    pub hash: String,
}

// ---------------------------------------------------------------- questions to an engine

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
