//! The SMART-goal report: what is asked of the engine for it, what follows from the answers, how it is written.
//!
//! The model below is the contract between `evaluate` and the renderers: numbers are in the unit that is shown, labels are
//! final, nothing is left to compute in a renderer but layout.

pub mod chart;
pub mod evaluate;
pub mod figure;
pub mod format;
pub mod plan;
pub mod render;
mod smart;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::diag::Diagnostic;
use crate::ir::Approximation;
use crate::report::figure::JourneyFigure;
use crate::results::{Ledger, LookupUse};
use crate::value::Value;

#[derive(Clone, Debug)]
pub struct Report {
    pub project: String,
    pub title: String,
    pub as_of: Timestamp,
    /// `as_of` as a civil date and time of the project's zone.
    pub as_of_label: String,
    pub time_zone: String,
    pub sections: Vec<Section>,
    pub objectives: Vec<Objective>,
    pub metrics: Vec<Metric>,
    pub benchmarks: Vec<Benchmark>,
    pub releases: Vec<Release>,
    pub ledgers: Vec<Ledger>,
    pub lookups: Vec<LookupUse>,
    /// Findings with data: SMART warnings, stale benchmarks.
    pub findings: Vec<Diagnostic>,
    pub provenance: Provenance,
}

/// What the report shows, in order; indexes into the report's own lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Section {
    Objectives(Vec<usize>),
    /// A heading (`Revenue`) and metrics.
    Metrics {
        title: String,
        metrics: Vec<usize>,
    },
    Benchmarks(Vec<usize>),
}

#[derive(Clone, Debug)]
pub struct Provenance {
    pub definition_hash: String,
    pub data_fingerprint: String,
    pub kepi_version: String,
    /// Only with `--stamp`.
    pub commit: Option<String>,
    pub run_at: Option<String>,
}

/// How numbers of one unit are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberFormat {
    /// Shown as a percentage: values are shares.
    pub percent: bool,
    /// ISO 4217 code, or the unit's spelling after the number (`minutes`, `customers`); empty: none.
    pub unit: String,
    pub currency: bool,
    /// The most digits after the point.
    pub decimals: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    NoData,
    NotStarted,
    OnTrack,
    AtRisk,
    OffTrack,
    Achieved,
    Missed,
    Pending,
}

impl Status {
    /// In the order of the verdict: what is good first, what cannot be said last.
    pub const ALL: [Self; 8] = [
        Self::Achieved,
        Self::OnTrack,
        Self::AtRisk,
        Self::OffTrack,
        Self::Missed,
        Self::Pending,
        Self::NotStarted,
        Self::NoData,
    ];

    /// As JSON and `--fail-on` spell it: `on_track`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::NotStarted => "not_started",
            Self::OnTrack => "on_track",
            Self::AtRisk => "at_risk",
            Self::OffTrack => "off_track",
            Self::Achieved => "achieved",
            Self::Missed => "missed",
            Self::Pending => "pending",
        }
    }

    /// As a person reads it: `on track`.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoData => "no data",
            Self::NotStarted => "not started",
            Self::OnTrack => "on track",
            Self::AtRisk => "at risk",
            Self::OffTrack => "off track",
            Self::Achieved => "achieved",
            Self::Missed => "missed",
            Self::Pending => "pending",
        }
    }

    /// The status with this spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// A point of a line: a period of the metric's grain.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub label: String,
    pub start: Timestamp,
    pub end: Timestamp,
    pub value: Option<f64>,
    pub complete: bool,
}

/// An interval at the level it states.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
    /// 0.95, 0.8.
    pub level: f64,
    /// `Wilson`, `t`, `t over 8 sub-periods`, `block bootstrap, 10,000 paths, seed 1`.
    pub method: String,
}

#[derive(Clone, Debug)]
pub struct Measured {
    pub value: Option<f64>,
    /// The exact value as written (a decimal stays a decimal).
    pub exact: Value,
    /// `2011-Q1`, `28 days to 30 Nov 2011`.
    pub window: String,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    /// Members or rows behind a proportion or mean; periods otherwise.
    pub n: Option<u64>,
    pub interval: Option<Range>,
    /// Why there is no interval or no value.
    pub note: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Objective {
    pub name: String,
    pub title: String,
    pub formula: String,
    pub metric: Option<String>,
    pub approximation: Approximation,
    pub owner: Option<String>,
    pub supports: Option<String>,
    pub because: Option<String>,
    pub population: String,
    pub format: NumberFormat,
    pub higher_is_better: bool,
    pub status: Status,
    /// Why: `P(reaching it) 62 %`, `reached at the due date`, `only 4 complete periods of history`.
    pub status_reason: String,
    /// The rule behind the status in words, thresholds included: `P(reaching it) ≥ 70 % on track, ≥ 30 % at risk`.
    pub thresholds: String,
    /// Clamped to 0 ..= 1; for a kept band the share of periods inside it.
    pub score: Option<f64>,
    /// Unclamped.
    pub progress: Option<f64>,
    pub baseline: Option<Measured>,
    pub target: TargetView,
    pub actual: Measured,
    pub start: Option<Timestamp>,
    pub due: Option<Timestamp>,
    /// `2011-Q3`, `30 Sep 2011`.
    pub due_label: String,
    /// Share of the time between start and due that has passed, 0 ..= 1.
    pub elapsed: Option<f64>,
    /// Where the value should be now on a straight line from baseline to target.
    pub expected: Option<f64>,
    /// progress / elapsed.
    pub pace: Option<f64>,
    /// What the change so far leads to if it goes on in a straight line: baseline + (actual − baseline) / elapsed.
    pub on_this_pace: Option<f64>,
    /// Change a period of the grain that is still needed, and what has been seen.
    pub required_rate: Option<f64>,
    pub observed_rate: Option<f64>,
    /// Percentile of the required rate among the past changes, 0 ..= 100.
    pub required_percentile: Option<f64>,
    pub periods_left: Option<u32>,
    pub projection: Option<Projection>,
    /// For an additive metric before its due date: the period to date and the projected remainder.
    pub to_date: Option<Measured>,
    pub probabilities: Vec<Probability>,
    pub guardrails: Vec<GuardrailView>,
    pub compare: Vec<Compared>,
    pub actions: Vec<Action>,
    pub smart: Vec<Letter>,
    /// The metric within the objective's scope, by its grain.
    pub series: Vec<Point>,
    /// The measure itself, on trailing windows of the baseline's length, one for each point of `series` (for the chart).
    pub trailing: Vec<Point>,
    pub releases: Vec<usize>,
    pub changes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TargetView {
    /// `increase by 20% from 2026-Q3`.
    pub text: String,
    /// The target as it was at first, where the objective's log tells of another one.
    pub original: Option<String>,
    /// The number to reach, in the unit shown; the lower bound of a band.
    pub value: Option<f64>,
    /// The upper bound of a band (`keep between`), or the only bound of `keep at most`.
    pub upper: Option<f64>,
    pub maintain: bool,
}

#[derive(Clone, Debug)]
pub struct Projection {
    pub value: f64,
    pub interval: Range,
    /// The simulated path's median and 80 % bounds at each remaining period, for the cone.
    pub path: Vec<ProjectionPoint>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionPoint {
    pub at: Timestamp,
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Clone, Debug)]
pub struct Probability {
    /// `block bootstrap`, `linear regression`.
    pub method: String,
    pub value: f64,
    pub n: u64,
}

#[derive(Clone, Debug)]
pub struct GuardrailView {
    pub text: String,
    pub metric: String,
    pub approximation: Approximation,
    pub format: NumberFormat,
    pub value: Option<f64>,
    pub bound: Option<f64>,
    /// `None`: no data.
    pub holds: Option<bool>,
    pub window: String,
}

#[derive(Clone, Debug)]
pub struct Compared {
    pub benchmark: usize,
    /// How the actual value stands to it: `between p25 and p50`, `above by 3.1 %`.
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Action {
    pub what: String,
    pub owner: Option<String>,
    pub due: Option<Date>,
    pub expect: Option<String>,
    pub status: Option<String>,
    pub overdue: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LetterStatus {
    Holds,
    Weak,
    Fails,
    Unknown,
}

impl LetterStatus {
    /// As JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Weak => "weak",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
        }
    }
}

/// One of S M A R T, and what it rests on.
#[derive(Clone, Debug)]
pub struct Letter {
    /// `S`.
    pub letter: char,
    /// `Specific`.
    pub name: &'static str,
    pub status: LetterStatus,
    pub checks: Vec<Check>,
}

#[derive(Clone, Debug)]
pub struct Check {
    /// `S1` … `T3`.
    pub id: &'static str,
    /// The diagnostic code it has when it fails.
    pub code: crate::diag::Code,
    pub status: LetterStatus,
    /// The evidence: `owner sales`, `|target − baseline| 4.1 points > half-width 1.2 points`.
    pub evidence: String,
}

#[derive(Clone, Debug)]
pub struct Metric {
    pub name: String,
    pub title: String,
    pub description: Option<String>,
    /// What it assumes, where it is a model and no observation.
    pub model: Option<String>,
    pub stage: Option<String>,
    pub owner: Option<String>,
    pub formula: String,
    pub approximation: Approximation,
    pub format: NumberFormat,
    pub better: Option<bool>,
    pub grain: String,
    pub hash: String,
    /// The latest complete periods of the grain, oldest first.
    pub series: Vec<Point>,
    /// Of `series`: the latest complete period.
    pub latest: Option<Point>,
    /// Of what people answered: how well the latest value is known.
    pub known: Option<Known>,
    /// Relative to the period before, and to the same period a year before; `None` where either has no value.
    pub change_previous: Option<f64>,
    pub change_year: Option<f64>,
    pub breakdowns: Vec<Breakdown>,
    /// Of a table of cohorts: the last offset, which `latest` and `series` are of.
    pub cell: Option<String>,
    pub figure: Option<JourneyFigure>,
}

/// The latest complete period by one dimension, largest first.
#[derive(Clone, Debug)]
pub struct Breakdown {
    pub dimension: String,
    pub period: String,
    pub rows: Vec<BreakdownRow>,
    /// Values that are not shown.
    pub more: usize,
}

#[derive(Clone, Debug)]
pub struct BreakdownRow {
    pub value: Value,
    pub number: Option<f64>,
    pub known: Option<Known>,
}

/// The interval of a value, and the answers that it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub interval: Range,
    pub n: u64,
    /// What there are so many of: an answer, an actor.
    pub noun: &'static str,
}

#[derive(Clone, Debug)]
pub struct Benchmark {
    pub name: String,
    pub title: String,
    pub metric: String,
    pub kind: Option<String>,
    /// Of the metric's own values.
    pub approximation: Approximation,
    pub format: NumberFormat,
    /// `("p50", 5.4)`; one entry without a label for a single value.
    pub values: Vec<(String, Option<f64>)>,
    /// `2011-Q1`, `last 8 weeks` for a computed one.
    pub window: Option<String>,
    pub source: Option<String>,
    pub as_of: Option<Date>,
    pub expires: Option<Date>,
    /// Whole days between its `as_of` and the report's.
    pub age_days: Option<i64>,
    pub stale: bool,
    /// The metric's latest complete value beside it.
    pub actual: Option<f64>,
}

#[derive(Clone, Debug)]
pub struct Release {
    pub name: String,
    pub title: String,
    pub at: Timestamp,
    pub label: String,
}
