//! The table of built-in functions: what `check` looks up, what `explain` and the reference print.

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::calendar::Grain;
use crate::ir::{Aggregate, Lifecycle, MetricFunction, RowFunction};

pub use table::ALL;

/// What a function is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Of an event set, its rows, or a distribution or series.
    Aggregate(AggregateName),
    /// Of a row alone.
    Row(RowFunction),
    /// Of a row or of metrics, alike.
    Scalar(RowFunction, MetricFunction),
    /// Of metrics.
    Form(Form),
    /// What actors do one after the other.
    Journey(JourneyForm),
    /// An event set.
    Set(SetName),
    /// What people answered.
    Survey(SurveyForm),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateName {
    Count,
    Unique,
    Sum,
    Mean,
    Min,
    Max,
    Median,
    Percentile,
    Stddev,
    First,
    Last,
    Share,
}

impl AggregateName {
    /// Of rows; `None` for a percentile, whose rank is an argument.
    pub fn of_rows(self) -> Option<Aggregate> {
        Some(match self {
            Self::Count => Aggregate::Count,
            Self::Unique => Aggregate::Unique,
            Self::Sum => Aggregate::Sum,
            Self::Mean => Aggregate::Mean,
            Self::Min => Aggregate::Min,
            Self::Max => Aggregate::Max,
            Self::Stddev => Aggregate::Stddev,
            Self::First => Aggregate::First,
            Self::Last => Aggregate::Last,
            Self::Share => Aggregate::Share,
            Self::Median | Self::Percentile => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Ago,
    Change,
    Total,
    Correlation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JourneyForm {
    Conversion,
    Retention,
    Lifecycle(Lifecycle),
    Churn,
}

/// Event sets that are made of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetName {
    Sessions,
    /// Spans that are open at the end of the period that is asked for.
    Open,
    /// Spans at their start.
    Started,
    /// Spans at their end.
    Ended,
}

/// Scores that are told by how good they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SurveyForm {
    Nps,
    Csat,
}

/// The heading it stands under in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Aggregates,
    Forms,
    Rows,
    Journeys,
}

/// A built-in function.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    /// `sum(E.x | D)`.
    pub signature: &'static str,
    pub group: Group,
    pub role: Role,
    /// The fewest and the most arguments, options not counted.
    pub arguments: (usize, usize),
    /// Words of the options it takes.
    pub options: &'static [&'static str],
    pub result: &'static str,
    pub doc: &'static str,
    /// Expressions over the events `play` and `purchase` of the tests' project; each of them type-checks.
    pub examples: &'static [&'static str],
}

/// The function with this name.
pub fn find(name: &str) -> Option<&'static Function> {
    static BY_NAME: LazyLock<HashMap<&str, &Function>> = LazyLock::new(|| ALL.iter().map(|f| (f.name, f)).collect());
    BY_NAME.get(name).copied()
}

/// `day`, `week`, …: the start of the period, as a function of rows.
pub(crate) const fn start_of(grain: Grain) -> Role {
    Role::Row(RowFunction::PeriodStart(grain))
}

#[cfg(test)]
mod tests {
    use super::{ALL, find};

    #[test]
    fn names_are_unique_and_signatures_begin_with_them() {
        for (i, f) in ALL.iter().enumerate() {
            assert!(ALL.iter().skip(i + 1).all(|g| g.name != f.name), "{} is there twice", f.name);
            assert!(f.signature.starts_with(&format!("{}(", f.name)), "{}", f.signature);
            assert!(f.arguments.0 <= f.arguments.1);
            assert!(!f.examples.is_empty(), "{}: an example", f.name);
        }
        assert!(find("count").is_some());
        assert!(find("cuont").is_none());
    }
}
