//! Stage: resolve. The documents of a project become one: settings read, names unique, references found, no cycle.
//!
//! What expressions refer to is the checker's business; here only the names they mention are looked at, for cycles.

pub mod address;
mod graph;
mod library;
pub(crate) mod lints;
mod names;
mod references;
mod settings;
mod tables;
mod text;

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::ir;
use crate::source::Span;
use crate::syntax::document::{
    BenchmarkDef, Document, EventDef, GoalDef, LookupDef, Manifest, MetricDef, ObjectiveDef, ReleaseDef, ReportDef,
    SegmentDef, SourceDef, SpansDef,
};

pub use graph::{mentions, parts};
pub use library::{Entry, Library, State};
pub use names::{Names, is_reserved};

/// A project's definitions, all files merged in the order of files and of their text. Of two with one name the first stays.
#[derive(Clone, Debug)]
pub struct Project {
    pub settings: ir::Settings,
    pub tables: Tables,
    pub manifest: Manifest,
    pub sources: Vec<SourceDef>,
    pub events: Vec<EventDef>,
    pub spans: Vec<SpansDef>,
    pub lookups: Vec<LookupDef>,
    pub segments: Vec<SegmentDef>,
    pub metrics: Vec<MetricDef>,
    pub benchmarks: Vec<BenchmarkDef>,
    pub goals: Vec<GoalDef>,
    pub objectives: Vec<ObjectiveDef>,
    pub releases: Vec<ReleaseDef>,
    pub reports: Vec<ReportDef>,
    /// The one namespace of expressions.
    pub names: Names,
    /// Names whose definitions have findings already: a use of one is no second mistake.
    pub broken: BTreeSet<String>,
    pub library: Library,
}

/// What a name is, and its index in the project's list of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    Source(usize),
    Event(usize),
    Spans(usize),
    Segment(usize),
    Metric(usize),
}

/// What an engine must open, in the order of [`Project::sources`] and [`Project::lookups`].
#[derive(Clone, Debug, Default)]
pub struct Tables {
    pub sources: Vec<Table>,
    pub lookups: Vec<Table>,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub span: Span,
    /// Globs below the data folders, with their places.
    pub files: Vec<(String, Span)>,
    pub format: Option<ir::Format>,
    pub text: ir::TextOptions,
    /// The file columns that definitions name, each once: declared ones, clock, actor, key.
    pub declared: Vec<DeclaredColumn>,
    /// The file columns, or objects of them, that the clock and `where:` of a source are made of, as far as that is known before
    /// names are: what has to be read before anything can be asked.
    pub first_read: Vec<String>,
}

/// A column that the files must have.
#[derive(Clone, Debug)]
pub struct DeclaredColumn {
    /// The name in the file.
    pub raw: String,
    pub span: Span,
    /// The declared type: `number` is any of the three kinds of number and is left to the files (`None`).
    pub ty: Option<ir::ScalarType>,
    /// Declared as `number`.
    pub any_number: bool,
}

/// Merges and resolves; returns what could be made of the definitions beside every finding.
pub fn resolve(manifest: Manifest, documents: Vec<Document>) -> (Project, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    let settings = settings::settings(&manifest, &mut findings);
    lints::levels(&manifest, &mut findings);
    library::known(&manifest, &mut findings);
    let (of_library, documents) = documents.into_iter().partition(|d| d.library);
    let mut project = names::merge(settings, manifest, documents, &mut findings);
    library::join(&mut project, of_library);
    project.tables = tables::tables(&project, &mut findings);
    references::check(&project, &mut findings);
    graph::cycles(&mut project, &mut findings);
    (project, findings)
}

#[cfg(test)]
mod tests;
