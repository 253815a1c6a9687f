//! What is aimed at: benchmarks, goals, objectives, releases, reports. Every SMART check that needs no data is made here.
//!
//! The letters follow `semantics.md` §5.2: S1 to S3, M1, M2, R1, R2, T1 to T3. Errors stand; warnings and hints are lints,
//! which an objective may allow with a reason and a project may silence or raise.

mod aim;
mod amount;
mod baseline;
mod benchmark;
mod dates;
mod guardrail;
mod horizon;
mod objective;
mod relevance;
mod report;

use crate::calendar::Calendar;
use crate::check::definitions::title;
use crate::check::{AskSpec, Scope, Typed};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Benchmark, Goal, Metric, MetricExpr, Objective, Release, ReportSpec};
use crate::resolve::Project;
use crate::source::Span;
use crate::syntax::ast::Expr;
use crate::syntax::document::Text;
use crate::unit::{Names, Unit};

/// The part of a program that says what is aimed at.
#[derive(Debug, Default)]
pub(crate) struct Goals {
    /// By index of the project's benchmark, as long as there is no error.
    pub(crate) benchmarks: Vec<Benchmark>,
    pub(crate) goals: Vec<Goal>,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) releases: Vec<Release>,
    pub(crate) reports: Vec<ReportSpec>,
}

/// Checks what a project aims at.
pub(crate) fn check_goals(scope: &Scope, project: &Project, metrics: &[Metric]) -> (Goals, Vec<Diagnostic>) {
    let levels = crate::resolve::lints::levels(&project.manifest, &mut Vec::new());
    let ask = |expr: &Expr, condition: Option<&Expr>| scope.ask(&AskSpec { expr, by: &[], condition });
    let mut checker = Checker {
        ask: &ask,
        project,
        metrics,
        names: &scope.units,
        calendar: &project.settings.calendar,
        benchmarks: Vec::new(),
        found: Vec::new(),
    };
    let goals = checker.all();
    let findings = checker.found.into_iter().filter_map(|finding| levels.apply(finding)).collect();
    (goals, findings)
}

type Ask<'a> = dyn Fn(&Expr, Option<&Expr>) -> Result<Typed, Vec<Diagnostic>> + 'a;

/// What the checks look things up in, and what they have found. A function that gives `None` has reported why, unless what
/// it was to read is merely absent.
struct Checker<'a> {
    ask: &'a Ask<'a>,
    project: &'a Project,
    metrics: &'a [Metric],
    names: &'a Names,
    calendar: &'a Calendar,
    /// By index of the project's benchmark; `None` for one that was refused.
    benchmarks: Vec<Option<Benchmark>>,
    found: Vec<Diagnostic>,
}

/// What an amount is an amount of.
#[derive(Clone, Copy)]
struct Subject<'a> {
    expr: &'a MetricExpr,
    display: &'a Unit,
}

impl Checker<'_> {
    fn all(&mut self) -> Goals {
        let project = self.project;
        for def in &project.benchmarks {
            let benchmark = self.benchmark(def);
            self.benchmarks.push(benchmark);
        }
        let objectives = project.objectives.iter().filter_map(|def| self.objective(def)).collect();
        let releases = project.releases.iter().filter_map(|def| self.release(def)).collect();
        let reports = project.reports.iter().map(|def| self.report(def)).collect();
        let goal = |def: &crate::syntax::document::GoalDef| Goal {
            name: def.name.value.clone(),
            title: title(def.title.as_ref(), &def.name.value),
            description: text(def.description.as_ref()),
            parent: text(def.parent.as_ref()),
            owner: text(def.owner.as_ref()),
        };
        Goals {
            benchmarks: self.benchmarks.drain(..).flatten().collect(),
            goals: project.goals.iter().map(goal).collect(),
            objectives,
            releases,
            reports,
        }
    }

    fn push(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    fn report_at(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::new(code, span, message).help(help));
    }

    /// Types a metric expression that is measured over whole periods.
    fn typed(&mut self, expr: &Expr, condition: Option<&Expr>) -> Option<Typed> {
        let typed = (self.ask)(expr, condition).map_err(|findings| self.found.extend(findings)).ok()?;
        if crate::check::needs_days(&typed.expr) {
            let message = format!("`{}` is a stock of an instant, here it is measured over a period", typed.formula);
            let help = "let the metric say which day's it is: `last(… per day)`, `mean(… per day)`";
            self.report_at(Code::StockOverTime, expr.span, message, help);
            return None;
        }
        Some(typed)
    }
}

fn text(text: Option<&Text>) -> Option<String> {
    text.map(|t| t.value.clone())
}

#[cfg(test)]
mod tests;
