//! One project out of many files: every name once.

use std::collections::HashMap;

use crate::diag::{Code, Diagnostic};
use crate::functions;
use crate::ir::Settings;
use crate::resolve::{Library, Named, Project, Tables};
use crate::source::Span;
use crate::syntax::ast::Name;
use crate::syntax::document::{Document, Manifest};

/// Words of the grammar and of the options that a name would be taken for.
const RESERVED: [&str; 47] = [
    "where",
    "per",
    "over",
    "within",
    "or",
    "and",
    "not",
    "in",
    "between",
    "like",
    "is",
    "null",
    "if",
    "then",
    "else",
    "true",
    "false",
    "to",
    "of",
    "by",
    "from",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "actor",
    "all",
    "time",
    "gap",
    "after",
    "max",
    "at",
    "top",
    "excluding",
    "same",
    "id",
    "ordered",
    "strict",
    "rolling",
    "recurring",
    "approximate",
    "discrete",
    "period",
    "percent",
];

/// Whether expressions could not use this as a name.
pub fn is_reserved(name: &str) -> bool {
    functions::find(name).is_some() || RESERVED.contains(&name)
}

/// What each name of a project is.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<String, Named>);

impl Names {
    pub fn get(&self, name: &str) -> Option<Named> {
        self.0.get(name).copied()
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn insert(&mut self, name: String, named: Named) {
        self.0.insert(name, named);
    }

    pub fn extend(&mut self, names: impl Iterator<Item = (String, Named)>) {
        self.0.extend(names);
    }

    pub fn retain(&mut self, kept: impl Fn(Named) -> bool) {
        self.0.retain(|_, named| kept(*named));
    }

    /// Those that are wanted, by name.
    pub fn sorted(&self, wanted: impl Fn(Named) -> bool) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.0.iter().filter(|(_, named)| wanted(**named)).map(|(n, _)| n.as_str()).collect();
        names.sort_unstable();
        names
    }
}

pub fn merge(
    settings: Settings,
    manifest: Manifest,
    documents: Vec<Document>,
    findings: &mut Vec<Diagnostic>,
) -> Project {
    let mut project = Project {
        settings,
        tables: Tables::default(),
        manifest,
        sources: Vec::new(),
        events: Vec::new(),
        spans: Vec::new(),
        lookups: Vec::new(),
        segments: Vec::new(),
        metrics: Vec::new(),
        benchmarks: Vec::new(),
        goals: Vec::new(),
        objectives: Vec::new(),
        releases: Vec::new(),
        reports: Vec::new(),
        names: Names::default(),
        library: Library::default(),
        broken: documents.iter().flat_map(|d| d.broken.iter().map(|n| n.value.clone())).collect(),
    };
    let mut one = Namespace::new("a source, an event, a set of spans, a segment or a metric");
    // Goals and objectives share one: `supports` may name either.
    let mut aims = Namespace::new("a goal or an objective");
    let mut lookups = Namespace::new("a lookup");
    let mut benchmarks = Namespace::new("a benchmark");
    let mut releases = Namespace::new("a release");
    let mut reports = Namespace::new("a report");
    for document in documents {
        let f = &mut *findings;
        keep(&mut project.sources, document.sources, |d| one.expression(&d.name, f));
        keep(&mut project.events, document.events, |d| one.expression(&d.name, f));
        keep(&mut project.spans, document.spans, |d| one.expression(&d.name, f));
        keep(&mut project.segments, document.segments, |d| one.expression(&d.name, f));
        keep(&mut project.metrics, document.metrics, |d| one.expression(&d.name, f));
        keep(&mut project.lookups, document.lookups, |d| lookups.expression(&d.name, f));
        keep(&mut project.benchmarks, document.benchmarks, |d| benchmarks.take(&d.name, f));
        keep(&mut project.goals, document.goals, |d| aims.take(&d.name, f));
        keep(&mut project.objectives, document.objectives, |d| aims.take(&d.name, f));
        keep(&mut project.releases, document.releases, |d| releases.take(&d.name, f));
        keep(&mut project.reports, document.reports, |d| reports.take(&d.name, f));
    }
    of_sources(&mut project);
    let names = &mut project.names;
    names.extend(project.sources.iter().enumerate().map(|(i, d)| (d.name.value.clone(), Named::Source(i))));
    names.extend(project.events.iter().enumerate().map(|(i, d)| (d.name.value.clone(), Named::Event(i))));
    names.extend(project.spans.iter().enumerate().map(|(i, d)| (d.name.value.clone(), Named::Spans(i))));
    names.extend(project.segments.iter().enumerate().map(|(i, d)| (d.name.value.clone(), Named::Segment(i))));
    names.extend(project.metrics.iter().enumerate().map(|(i, d)| (d.name.value.clone(), Named::Metric(i))));
    project
}

/// Lookups made of a source: its files, read as it reads them.
fn of_sources(project: &mut Project) {
    for lookup in &mut project.lookups {
        let Some(name) = &lookup.source else { continue };
        let Some(source) = project.sources.iter().find(|s| s.name.value == name.value) else { continue };
        lookup.files.clone_from(&source.files);
        lookup.format.clone_from(&source.format);
        lookup.text.clone_from(&source.text);
        lookup.scope.clone_from(&source.scope);
        lookup.links.extend(source.links.iter().cloned());
        lookup.columns.extend(source.columns.iter().cloned());
    }
}

fn keep<T>(into: &mut Vec<T>, from: Vec<T>, mut take: impl FnMut(&T) -> bool) {
    into.extend(from.into_iter().filter(|d| take(d)));
}

/// Names of which each is one thing, with where it was first defined.
struct Namespace {
    what: &'static str,
    taken: HashMap<String, Span>,
}

impl Namespace {
    fn new(what: &'static str) -> Self {
        Self { what, taken: HashMap::default() }
    }

    fn take(&mut self, name: &Name, findings: &mut Vec<Diagnostic>) -> bool {
        if let Some(first) = self.taken.get(&name.value) {
            findings.push(
                Diagnostic::new(Code::DuplicateName, name.span, format!("`{}` is already {}", name.value, self.what))
                    .also(*first, "first defined here")
                    .help("a name is one thing: rename one of the two"),
            );
            return false;
        }
        self.taken.insert(name.value.clone(), name.span);
        true
    }

    /// As `take`, for names that expressions use.
    fn expression(&mut self, name: &Name, findings: &mut Vec<Diagnostic>) -> bool {
        let built_in = functions::find(&name.value).is_some();
        if built_in || RESERVED.contains(&name.value.as_str()) {
            let what = if built_in { "a built-in function" } else { "a word of the language" };
            findings.push(
                Diagnostic::new(Code::ReservedName, name.span, format!("`{}` is {what}, and no name", name.value))
                    .help(format!("rename it, such as `{}_`", name.value)),
            );
        }
        self.take(name, findings)
    }
}
