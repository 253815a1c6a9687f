//! What a suite's node carries: the plan, and what turns raw batches into rows.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::print::Printer;
use kepi_lang::ir::{Aggregate, Measure, Program, RowExpr};

use crate::derive::Gathered;
use crate::execute::run::{Runs, wrong};
use crate::execute::state::SuiteState;
use crate::memory::Budget;
use crate::operators::ids::Interner;
use crate::plan::Plan;
use crate::plan::suite::SuiteSpec;
use crate::progress::Progress;
use crate::rows::RowError;
use crate::sources::Cleaner;

/// Everything about one source's suite but the plan below it.
pub(crate) struct Work {
    pub program: Arc<Program>,
    pub plan: Arc<Plan>,
    pub spec: Arc<SuiteSpec>,
    /// `None` where the rows are made of others, and clean.
    pub cleaner: Option<Cleaner>,
    /// What is collected of the rows for sets that are made of them.
    pub gathered: Arc<Gathered>,
    /// For each measure, what it is part of: the names of the asks.
    pub names: Arc<Vec<String>>,
    /// Numbers of actors and other values that sets and keys are made of.
    pub interner: Arc<Interner>,
    pub progress: Arc<Progress>,
    /// Each file has a state of its own, so that it can be kept.
    pub per_file: bool,
    /// What a thread may hold; `None`: as much as it takes.
    pub budget: Option<Budget>,
    /// What did not fit into memory.
    pub runs: Arc<Runs>,
    /// What the nodes hand on.
    pub handed: Arc<Handed>,
}

/// The states of a scan's partitions, which need not be bytes while all are in one process; where each file has one of its own,
/// to be kept, they are batches instead.
#[derive(Default)]
pub(crate) struct Handed(Mutex<BTreeMap<usize, SuiteState>>);

impl Handed {
    pub(crate) fn put(&self, partition: usize, state: SuiteState) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, state);
    }

    /// All of them as one, merged in order of their partitions; `None`: none was handed on.
    pub(crate) fn joined(&self, spec: &SuiteSpec) -> Result<Option<SuiteState>, Diagnostic> {
        let states = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut joined: Option<SuiteState> = None;
        for state in states.into_values() {
            match &mut joined {
                None => joined = Some(state),
                Some(joined) => joined.absorb(spec, state).ok_or_else(wrong)?,
            }
        }
        Ok(joined)
    }
}

impl Work {
    /// The same question's work, of rows that are not said yet.
    pub(crate) fn again(&self) -> Self {
        Self {
            program: Arc::clone(&self.program),
            plan: Arc::clone(&self.plan),
            spec: Arc::clone(&self.spec),
            cleaner: None,
            gathered: Arc::clone(&self.gathered),
            names: Arc::clone(&self.names),
            interner: Arc::clone(&self.interner),
            progress: Arc::clone(&self.progress),
            per_file: false,
            budget: self.budget.clone(),
            runs: Arc::default(),
            handed: Arc::default(),
        }
    }

    pub(crate) fn expr(&self, at: usize) -> Result<&RowExpr, RowError> {
        self.spec.exprs.get(at).ok_or_else(|| RowError::Internal("an expression that is not in the suite".to_owned()))
    }

    /// The source of the rows, or the set whose rows they are.
    pub(crate) fn source(&self) -> String {
        if let Some(planned) = self.spec.derived.and_then(|at| self.plan.derived.get(at)) {
            return Printer::new(&self.program.sources, &self.program.lookups).derived(&planned.derived);
        }
        self.program.sources.get(self.spec.source.0 as usize).map_or_else(|| "?".to_owned(), |s| s.name.clone())
    }

    /// The sets that are made of the rows.
    pub(crate) fn made(&self) -> String {
        let made = self.spec.harvests.iter().filter_map(|h| self.plan.derived.get(h.derived));
        let printer = Printer::new(&self.program.sources, &self.program.lookups);
        made.map(|planned| printer.derived(&planned.derived)).collect::<Vec<_>>().join(", ")
    }

    /// Whether copies of a key are to be told apart before anything is counted.
    pub(crate) fn has_key(&self) -> bool {
        self.cleaner.as_ref().is_some_and(Cleaner::has_key)
    }

    /// A measure that falls into a space.
    pub(crate) fn measure_in(&self, space: usize) -> Option<usize> {
        self.spec.taken.iter().find(|t| t.space == space).map(|t| t.measure)
    }

    /// The finding for a row expression that has no value.
    pub(crate) fn overflow(&self, error: &RowError, measure: Option<usize>) -> Diagnostic {
        let source = self.source();
        match error {
            RowError::Overflow(_) => {
                let of = measure.and_then(|m| self.names.get(m)).map(|m| format!("of `{m}` ")).unwrap_or_default();
                let message = format!("an expression {of}over source `{source}`: {error}");
                Diagnostic::without_place(Code::NumberTooLarge, message)
                    .help("declare a column of it as `type: number`, so that it is computed in floating point")
            }
            RowError::TooMany(most) => {
                let of = measure.and_then(|m| self.names.get(m)).map(|m| format!(" for `{m}`")).unwrap_or_default();
                let message = format!("source `{source}` has more than {most} distinct actors and keys{of}");
                Diagnostic::without_place(Code::TooManyActors, message)
                    .help("narrow the rows with `where:`, or count parts of them one by one")
            }
            RowError::OutOfScale(..) => {
                let of = measure.and_then(|m| self.names.get(m)).map(|m| format!(" of `{m}`")).unwrap_or_default();
                let message = format!("an answer{of}: {error}");
                Diagnostic::without_place(Code::ScoreRange, message)
                    .help("leave other surveys out (`where kind = \"nps\"`), or mend the file: a score is never moved into its scale")
            }
            RowError::NotOfType(..) => Diagnostic::without_place(
                Code::ValueNotOfType,
                format!("an expression over source `{source}`: {error}"),
            ),
            RowError::Internal(what) => Diagnostic::without_place(Code::Internal, format!("source `{source}`: {what}")),
        }
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "source={}", self.source())?;
        let measures = self.spec.taken.iter().filter_map(|t| {
            let name = self.names.get(t.measure)?;
            let planned = self.plan.measures.get(t.measure)?;
            Some(format!("{}({name})", word(&planned.measure)))
        });
        write!(f, ", measures=[{}]", measures.collect::<Vec<_>>().join(", "))?;
        let spaces = self.spec.spaces.iter().map(|s| {
            let atoms = self.plan.timelines.get(s.timeline).map_or(0, crate::plan::timeline::Timeline::atoms);
            format!("{} atoms x {} keys", if s.clock.is_some() { atoms } else { 1 }, s.groups.len())
        });
        write!(f, ", spaces=[{}]", spaces.collect::<Vec<_>>().join(", "))?;
        let made = self.made();
        if made.is_empty() { Ok(()) } else { write!(f, ", rows of [{made}]") }
    }
}

/// What a measure does, in a word.
pub(crate) fn word(measure: &Measure) -> &'static str {
    match measure.aggregate {
        Aggregate::Count => "count",
        Aggregate::Unique => "unique",
        Aggregate::ApproximateUnique => "approximate unique",
        Aggregate::Sum => "sum",
        Aggregate::Mean => "mean",
        Aggregate::Min => "min",
        Aggregate::Max => "max",
        Aggregate::Percentile { .. } => "percentile",
        Aggregate::ApproximatePercentile { .. } => "approximate percentile",
        Aggregate::Stddev => "stddev",
        Aggregate::First => "first",
        Aggregate::Last => "last",
        Aggregate::Share => "share",
        Aggregate::Trail => "trail",
    }
}

/// Two suites are the same when they are the same object.
impl PartialEq for Work {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Work {}

impl Hash for Work {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.source.hash(state);
    }
}
