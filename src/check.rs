//! Stage: check. Names become ids, every expression gets a type, a unit and an additivity; what would give a wrong number is
//! refused, with the form that is right.

mod additivity;
mod algebra;
mod ask;
mod classify;
mod days;
mod definitions;
mod derived;
mod findings;
mod library;
mod lints;
mod metrics;
mod models;
pub(crate) mod objectives;
mod rows;
mod scope;
mod segments;
mod sets;
mod spans;
mod tables;

use std::cell::{OnceCell, RefCell};

use crate::check::findings::Reported;
use crate::check::objectives::Goals;
use crate::check::rows::{Place, Rows};
use crate::check::scope::Checker;
use crate::diag::Diagnostic;
use crate::grown::Grown;
use crate::ir::{Lookup, Metric, Program, Source};
use crate::resolve::{Library, Project};
use crate::results::Schemas;

pub use ask::{AskSpec, Typed};
pub use metrics::needs_days;
pub use scope::Scope;

/// What a check gives.
#[derive(Debug)]
pub struct Checked {
    /// `None` when there is any error.
    pub program: Option<Program>,
    pub diagnostics: Vec<Diagnostic>,
    /// The names of the project, for expressions that come later.
    pub scope: Scope,
}

/// Checks a project: without `schemas` whatever is not declared of a column is unknown, and agrees with everything.
pub fn check(project: Project, schemas: Option<&Schemas>) -> Checked {
    let (mut scope, mut diagnostics) = scope(project, schemas);
    if let Some(unfit) = library::unfit(&scope) {
        let mut project = scope.project;
        Library::remove(&mut project, &unfit);
        (scope, diagnostics) = self::scope(project, schemas);
    }
    let checker = Checker::new(&scope);
    checker.tables();
    for at in 0..scope.events.len() {
        let _ = checker.event(at);
    }
    for at in 0..scope.spans.len() {
        let _ = checker.spans(at);
    }
    checker.segments();
    let metrics: Vec<Metric> = checker.metrics();
    diagnostics.extend(checker.found.take());
    let (goals, found) = objectives::check_goals(&scope, &scope.project, &metrics);
    diagnostics.extend(found);
    let whole = !diagnostics.iter().any(Diagnostic::is_error);
    diagnostics.extend(lints::check(&scope.project, &metrics, whole));
    library::quieten(&mut diagnostics, &scope.project.library);
    let broken = diagnostics.iter().any(Diagnostic::is_error);
    let program = (!broken).then(|| program(&scope, metrics, goals));
    Checked { program, diagnostics, scope }
}

fn scope(project: Project, schemas: Option<&Schemas>) -> (Scope, Vec<Diagnostic>) {
    let tables::Built { sources, lookups, units, found } = tables::build(&project, schemas);
    let scope = Scope {
        spans: project.spans.iter().map(|_| OnceCell::new()).collect(),
        events: project.events.iter().map(|_| OnceCell::new()).collect(),
        metrics: project.metrics.iter().map(|_| OnceCell::new()).collect(),
        broken_segments: RefCell::new(vec![false; project.segments.len()]),
        project,
        sources,
        lookups,
        units,
        made: Grown::default(),
    };
    (scope, found)
}

fn program(scope: &Scope, metrics: Vec<Metric>, goals: Goals) -> Program {
    let (sources, lookups) = (scope.sources(), scope.lookups());
    Program {
        settings: scope.project.settings.clone(),
        sources,
        lookups,
        metrics,
        benchmarks: goals.benchmarks,
        goals: goals.goals,
        objectives: goals.objectives,
        releases: goals.releases,
        reports: goals.reports,
    }
}

impl Checker<'_> {
    /// Computed columns and the sources' own conditions.
    fn tables(&self) {
        let scope = self.scope;
        let computed = |place| {
            let Some(columns) = self.columns(place) else { return };
            let waiting: Vec<u32> = columns.pending.borrow().keys().copied().collect();
            for id in waiting {
                if let Some(column) = columns.get(crate::ir::ColumnId(id)) {
                    let _ = self.column(place, crate::ir::ColumnId(id), column.span);
                }
            }
        };
        let lookups = (0u32..).take(scope.lookups.len()).map(|at| Place::Lookup(crate::ir::LookupId(at)));
        // Before what is computed goes over links, and once more for links of what is computed.
        scope.sources.iter().map(|s| Place::Source(s.id)).chain(lookups).for_each(|place| self.days_of_links(place));
        for ((table, def), at) in scope.lookups.iter().zip(&scope.project.lookups).zip(0u32..) {
            let place = Place::Lookup(crate::ir::LookupId(at));
            computed(place);
            self.days_of_links(place);
            if let Some(condition) = &def.scope
                && let Ok(typed) = Rows::of_table(self, place).condition(condition)
            {
                let _ = table.scope.set(typed);
            }
        }
        for (table, def) in scope.sources.iter().zip(&scope.project.sources) {
            let place = Place::Source(table.id);
            computed(place);
            self.days_of_links(place);
            if let Some(condition) = &def.scope
                && let Ok(typed) = Rows::of_table(self, place).condition(condition)
            {
                let _ = table.scope.set(typed);
            }
        }
    }
}

impl Scope {
    /// The sources as an engine opens them.
    fn sources(&self) -> Vec<Source> {
        let tables = &self.project.tables.sources;
        let all = self.project.sources.iter().zip(&self.sources).zip(tables);
        all.map(|((def, table), files)| Source {
            name: def.name.value.clone(),
            span: def.span,
            files: files.files.clone(),
            format: files.format,
            text: files.text,
            time: table.time,
            actor: table.actor,
            entity: table.entity.clone(),
            key: table.key.clone(),
            scope: table.scope.get().cloned(),
            snapshot: table.snapshot,
            complete_until: table.complete_until,
            delivered_daily: def.delivered.is_some(),
            links: table.links.all(),
            columns: table.columns.list.borrow().clone(),
        })
        .collect()
    }

    fn lookups(&self) -> Vec<Lookup> {
        let tables = &self.project.tables.lookups;
        let all = self.project.lookups.iter().zip(&self.lookups).zip(tables);
        all.map(|((def, table), files)| Lookup {
            name: def.name.value.clone(),
            span: def.span,
            files: files.files.clone(),
            format: files.format,
            text: files.text,
            key: table.key.clone(),
            valid: table.valid,
            latest: table.latest,
            clocks: table.clocks.clone(),
            scope: table.scope.get().cloned(),
            links: table.links.all(),
            columns: table.columns.list.borrow().clone(),
        })
        .collect()
    }
}

/// The result without the sign that something was reported.
fn quiet<T>(result: Result<T, Reported>) -> Option<T> {
    result.ok()
}

#[cfg(test)]
mod tests;
