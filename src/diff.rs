//! What a change of definitions does: which of them mean something else, what rests on these, by how much numbers move, and
//! whether an objective's goalposts were moved after its start.
//!
//! Two checked programs are compared, never their texts: a reordered file, a comment or another spelling is no change.

mod aims;
mod define;
mod judge;
mod meaning;
mod numbers;
pub mod render;
mod tables;

pub use judge::{Run, goalposts, judged, without_targets};
pub use meaning::meaning;
pub use numbers::{Answered, Run as NumbersRun, Tolerance, asks, numbers};

use jiff::Timestamp;

use crate::check::Scope;
use crate::ir::Program;
use crate::report::{NumberFormat, Status};
use crate::source::Span;
use crate::value::Value;

/// One of the two sides.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    pub program: &'a Program,
    pub scope: &'a Scope,
}

/// What is defined, in the order in which definitions rest on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The manifest: calendar, currency, "now".
    Settings,
    Lookup,
    Source,
    Event,
    Spans,
    Segment,
    Metric,
    Benchmark,
    Goal,
    Objective,
    Release,
    Report,
}

impl Kind {
    /// `metric`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Lookup => "lookup",
            Self::Source => "source",
            Self::Event => "event",
            Self::Spans => "spans",
            Self::Segment => "segment",
            Self::Metric => "metric",
            Self::Benchmark => "benchmark",
            Self::Goal => "goal",
            Self::Objective => "objective",
            Self::Release => "release",
            Self::Report => "report",
        }
    }
}

/// A definition by kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub kind: Kind,
    pub name: String,
}

impl Key {
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

/// How much a change asks of those who use a definition; the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Titles, descriptions, owners: every number stays.
    Prose,
    /// Numbers may move; unit, grain, additivity and scope stay.
    Compatible,
    /// Another unit, grain, additivity or scope, or no definition any more: old and new numbers are not of one series.
    Breaking,
}

impl Class {
    /// `breaking`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prose => "prose",
            Self::Compatible => "compatible",
            Self::Breaking => "breaking",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    Changed,
    Added,
    Removed,
    /// The same meaning under another name.
    Renamed,
}

impl How {
    /// `changed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
        }
    }
}

/// A definition that is not what it was.
#[derive(Clone, Debug)]
pub struct Change {
    pub key: Key,
    /// The name at the base; of a renamed definition another one.
    pub was: Option<String>,
    pub how: How,
    pub class: Class,
    /// What of it; empty for what was added or removed.
    pub parts: Vec<Part>,
    /// Ways from a definition that was changed itself to this one, which rests on it: both ends included, a way a definition.
    /// Empty: it was changed itself.
    pub because: Vec<Vec<Key>>,
    /// Where it stands at the head; `None` of what was removed.
    pub span: Option<Span>,
}

/// A part of a definition that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `unit`, `grain`, `scope`, `formula`.
    pub label: &'static str,
    pub class: Class,
    /// As a person reads it; empty where the part has no text of its own.
    pub old: String,
    pub new: String,
}

/// What makes a number or a status another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The source files.
    Data,
    /// Time zone, first day of the week, fiscal year.
    Calendar,
    Definition,
    Target,
}

impl Cause {
    /// `source files`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "source files",
            Self::Calendar => "calendar",
            Self::Definition => "definition",
            Self::Target => "target",
        }
    }
}

/// What a metric's numbers were, and are.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// At the head; of a removed metric at the base.
    pub metric: String,
    pub title: String,
    pub grain: String,
    pub format: NumberFormat,
    /// Old values are in another unit, that cannot be converted.
    pub other_unit: Option<NumberFormat>,
    /// Values that differ by more than is tolerated, the largest movers first.
    pub values: Vec<Moved>,
    /// How many stayed.
    pub same: usize,
    /// Of the metric without a breakdown, in order of time: old and new.
    pub series: Vec<(String, Option<f64>, Option<f64>)>,
}

/// A value that is not what it was. Values are in the unit shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    pub period: String,
    pub start: Timestamp,
    pub by: Vec<(String, Value)>,
    /// `None`: the base has no such period or part.
    pub old: Option<Value>,
    /// `None`: the head has none.
    pub new: Option<Value>,
    /// new - old; `None` where either is no number, or in another unit.
    pub difference: Option<f64>,
    /// Of the old value.
    pub relative: Option<f64>,
    /// What each cause adds, in the order in which they were applied.
    pub causes: Vec<(Cause, Option<f64>)>,
    /// Both are of periods whose data are complete.
    pub complete: bool,
}

/// Where an objective stands on one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub status: Status,
    pub reason: String,
    /// In the unit shown.
    pub value: Option<f64>,
    /// As a person reads it.
    pub shown: String,
    /// As it is written.
    pub target: String,
}

/// An objective on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub name: String,
    pub title: String,
    /// `None`: it was added.
    pub old: Option<Standing>,
    /// `None`: it was removed.
    pub new: Option<Standing>,
    /// Its status is another one; the causes that changed it on the way.
    pub flipped: bool,
    pub causes: Vec<Cause>,
}

/// An objective that was changed after its start.
#[derive(Clone, Debug)]
pub struct Goalpost {
    pub objective: String,
    pub title: String,
    /// Of its definition: `target`, `due`; and `status` when that became another one by what was changed.
    pub parts: Vec<Part>,
    /// `on track only by the new definition: was 43 %, is 71 %`.
    pub says: Vec<String>,
    /// What the objective's log says of it; `None`: nothing.
    pub reason: Option<String>,
    /// It is not there any more.
    pub removed: bool,
    pub span: Option<Span>,
}

impl Goalpost {
    /// It takes a reason, and there is none.
    pub fn unexplained(&self) -> bool {
        self.reason.is_none() && !self.removed
    }
}

/// All of it, for the renderers.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    pub project: String,
    /// What is compared, as a person reads it: `main (1f2e3d4c5b6a)`, `the working tree`.
    pub base: String,
    pub head: String,
    /// Of the numbers; `None` where there are none.
    pub as_of: Option<Timestamp>,
    pub changes: Vec<Change>,
    pub numbers: Vec<Numbers>,
    pub objectives: Vec<Judged>,
    pub goalposts: Vec<Goalpost>,
    /// Data files that differ between the sides.
    pub data: Vec<String>,
    /// The base does not compile: nothing can be compared.
    pub alone: bool,
    /// What else is to be known: why there are no numbers.
    pub notes: Vec<String>,
}

impl Diff {
    /// The numbers of a metric.
    pub fn numbers_of(&self, change: &Change) -> Option<&Numbers> {
        self.numbers.iter().find(|n| change.key.kind == Kind::Metric && n.metric == change.key.name)
    }

    /// Numbers of metrics that mean what they meant: their files are others.
    pub fn moved_by_data(&self) -> impl Iterator<Item = &Numbers> {
        let changed = |n: &Numbers| {
            self.changes.iter().any(|c| c.key.kind == Kind::Metric && c.key.name == n.metric && c.class != Class::Prose)
        };
        self.numbers.iter().filter(move |n| !changed(n) && !n.values.is_empty())
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.moved_by_data().next().is_none() && !self.objectives.iter().any(|o| o.flipped)
    }
}
