//! Metrics, benchmarks, objectives and reports as they were defined.

use crate::calendar::Grain;
use crate::calendar::Length;
use crate::calendar::Period;
use crate::decimal::Decimal;
use crate::ir::{BenchmarkId, Comparison, MetricExpr, MetricId};
use crate::source::Span;
use crate::unit::Unit;
use jiff::Timestamp;
use jiff::civil::Date;

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
    /// Who defined it.
    pub source: Option<String>,
    /// What it assumes, where it, or a metric that it is made of, is a model and no observation.
    pub model: Option<String>,
    /// It is of the standard library.
    pub library: bool,
    /// The expression as `print` shows it.
    pub formula: String,
    /// Names of the metrics, events and segments that the formula mentions, directly.
    pub mentions: Vec<String>,
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
    /// That it expires soon is allowed.
    pub may_expire: bool,
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
    pub changes: Vec<Logged>,
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

/// An entry of an objective's log of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub on: Option<Date>,
    /// `target`, `due`, or a sentence.
    pub what: String,
    /// What stood there before.
    pub was: Option<String>,
    pub reason: Option<String>,
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
