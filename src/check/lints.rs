//! Lints over all definitions at once, and what each definition allows of them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::calendar::{Grain, Length, SpanUnit, Window};
use crate::check::models;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Metric, ScalarType};
use crate::resolve::{Named, Project, lints, mentions, parts};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Name};
use crate::syntax::document::{AllowDef, MetricDef, SectionDef};

/// Days of a week.
const WEEK: u32 = 7;

/// What is to be said of metrics, events, goals and benchmarks. `whole`: there is no error, so that what an allowance allows is known.
pub(super) fn check(project: &Project, metrics: &[Metric], whole: bool) -> Vec<Diagnostic> {
    let mut lints = Lints { project, found: Vec::new(), used: BTreeSet::new() };
    lints.unused(metrics);
    lints.partial_weeks();
    lints.models();
    lints.same_meaning(metrics);
    lints.ownerless();
    lints.allowances(whole);
    let levels = project.lint_levels();
    lints.found.into_iter().filter_map(|finding| levels.apply(finding)).collect()
}

/// Whether a definition allows a lint.
pub(super) fn allows(allow: &[AllowDef], code: Code) -> bool {
    allow.iter().any(|a| lints::known(&a.lint) == Ok(code))
}

/// An allowance that allows nothing.
pub(super) fn needless(allow: &AllowDef, of: &str) -> Diagnostic {
    let message = format!("nothing is found that `{}` of {of} would allow", allow.lint.value);
    Diagnostic::new(Code::UnusedAllow, allow.lint.span, message).help("take it out")
}

struct Lints<'a> {
    project: &'a Project,
    found: Vec<Diagnostic>,
    /// Allowances that were needed.
    used: BTreeSet<Span>,
}

impl<'a> Lints<'a> {
    /// Reports a finding about a definition, unless that allows it.
    fn say(&mut self, allow: &[AllowDef], finding: Diagnostic) {
        match allow.iter().find(|a| lints::known(&a.lint) == Ok(finding.code)) {
            Some(allow) => {
                self.used.insert(allow.lint.span);
            }
            None => self.found.push(finding),
        }
    }

    /// The metrics that the project itself defines.
    fn own(&self, at: usize) -> Option<&'a MetricDef> {
        self.project.metrics.get(at).filter(|def| !self.project.library.files.contains(&def.span.file))
    }

    /// Metrics that no objective, benchmark or report leads to.
    fn unused(&mut self, metrics: &[Metric]) {
        let project = self.project;
        let shown = project.reports.iter().flat_map(|report| &report.sections);
        let everything = |s: &SectionDef| matches!(s, SectionDef::All(what) if what.value == "metrics");
        // Without a report of its own a project's report shows everything.
        if project.reports.is_empty() || shown.clone().any(everything) {
            return;
        }
        let index = |name: &str| match project.names.get(name) {
            Some(Named::Metric(at)) => Some(at),
            _ => None,
        };
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut next: Vec<usize> = Vec::new();
        let named = |expr: &Expr, next: &mut Vec<usize>| mentions(expr, &mut |name, _| next.extend(index(name)));
        for objective in &project.objectives {
            objective.metric.iter().for_each(|expr| named(expr, &mut next));
            next.extend(objective.guardrails.iter().filter_map(|g| index(&g.metric.value)));
        }
        project.benchmarks.iter().for_each(|benchmark| named(&benchmark.metric, &mut next));
        for section in shown {
            match section {
                SectionDef::Metric(name) => next.extend(index(&name.value)),
                SectionDef::Stage(stage) => {
                    let of_stage = |m: &Metric| m.stage.as_ref() == Some(&stage.value);
                    next.extend(metrics.iter().enumerate().filter(|(_, m)| of_stage(m)).map(|(at, _)| at));
                }
                SectionDef::All(_) | SectionDef::Objective(_) => {}
            }
        }
        while let Some(at) = next.pop() {
            if used.insert(at)
                && let Some(def) = project.metrics.get(at)
            {
                named(&def.expr, &mut next);
            }
        }
        for at in (0..project.metrics.len()).filter(|at| !used.contains(at)) {
            let Some(def) = self.own(at) else { continue };
            let name = &def.name.value;
            let message = format!("no objective and no report uses the metric `{name}`");
            let help = format!("show it in a report (`sections: [{{metric: {name}}}]`), or take it out");
            self.say(&def.allow, Diagnostic::new(Code::UnusedMetric, def.name.span, message).help(help));
        }
    }

    /// A window with a part of a week in it has now more, now fewer weekends than the one before.
    fn partial_weeks(&mut self) {
        for def in (0..self.project.metrics.len()).filter_map(|at| self.own(at)).collect::<Vec<_>>() {
            // At the ends of weeks such windows hold the same days of the week each time.
            if def.grain.as_ref().is_some_and(|grain| grain.value == Grain::Week.as_str()) {
                continue;
            }
            let mut windows = Vec::new();
            parts(&def.expr, &mut |part| {
                if let ExprKind::Over { window, .. } = &part.kind
                    && let Window::Trailing(Length { count, unit: SpanUnit::Day }) = window.value
                    && count > WEEK
                    && count % WEEK != 0
                {
                    windows.push((window.span, count));
                }
            });
            for (span, count) in windows {
                let (weeks, days) = (count / WEEK, count % WEEK);
                let message = format!(
                    "{count} days are {weeks} week{} and {days} day{}: the days of the week in them change from day to day",
                    if weeks == 1 { "" } else { "s" },
                    if days == 1 { "" } else { "s" }
                );
                let near = (count + WEEK / 2) / WEEK * WEEK;
                let finding = Diagnostic::new(Code::PartialWeeks, span, message);
                self.say(&def.allow, finding.help(format!("take whole weeks, `over {near} days`")));
            }
        }
    }

    /// A lifetime value that nobody has seen, and that looks as if somebody had.
    fn models(&mut self) {
        let project = self.project;
        for at in 0..project.metrics.len() {
            let Some(def) = self.own(at).filter(|def| def.model.is_none()) else { continue };
            let Some(span) = models::constant_hazard(project, &def.expr) else { continue };
            let message = format!(
                "`{}` is a model: it takes the churn of one period for that of all, and for ever",
                def.name.value
            );
            let finding = Diagnostic::new(Code::UnlabelledModel, span, message).label("divided by a rate of churn");
            let help =
                "say so with `model: constant_hazard`, or measure what is there: `mean(sum(…) per signup within 1y)`";
            self.say(&def.allow, finding.help(help));
        }
    }

    /// Two names for one number.
    fn same_meaning(&mut self, metrics: &[Metric]) {
        let mut seen: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, metric) in metrics.iter().enumerate() {
            let Some(def) = self.own(at).filter(|_| metric.expr.ty != ScalarType::Error) else { continue };
            let mut hasher = FxHasher::default();
            metric.expr.hash(&mut hasher);
            let alike = seen.entry(hasher.finish()).or_default();
            let same = |other: &&usize| {
                metrics.get(**other).is_some_and(|o| o.expr == metric.expr && o.display.same(&metric.display))
            };
            let first = alike.iter().find(same).and_then(|first| self.project.metrics.get(*first));
            if let Some(first) = first {
                let message = format!("`{}` is the same measure as `{}`", def.name.value, first.name.value);
                let finding = Diagnostic::new(Code::SameMeaning, def.name.span, message);
                let finding = finding.also(first.name.span, "the first").help("keep one of the two");
                self.say(&def.allow, finding);
            } else {
                alike.push(at);
            }
        }
    }

    /// Definitions that could have an owner.
    fn ownerless(&mut self) {
        let project = self.project;
        let metrics = (0..project.metrics.len()).filter_map(|at| self.own(at));
        let mut all: Vec<(&str, &Name, bool, &[AllowDef])> = Vec::new();
        all.extend(project.events.iter().map(|d| ("event", &d.name, d.owner.is_none(), &d.allow[..])));
        all.extend(project.spans.iter().map(|d| ("span", &d.name, d.owner.is_none(), &d.allow[..])));
        all.extend(metrics.map(|d| ("metric", &d.name, d.owner.is_none(), &d.allow[..])));
        all.extend(project.goals.iter().map(|d| ("goal", &d.name, d.owner.is_none(), &d.allow[..])));
        for (kind, name, _, allow) in all.into_iter().filter(|(_, _, ownerless, _)| *ownerless) {
            let message = format!("nobody owns the {kind} `{}`", name.value);
            let finding = Diagnostic::new(Code::Ownerless, name.span, message);
            self.say(allow, finding.help("write `owner:` with a person or a team"));
        }
    }

    /// Lints that do not exist, and allowances that nothing was found for.
    fn allowances(&mut self, whole: bool) {
        let project = self.project;
        // Whether a benchmark expires soon, a run against the data says.
        let dated = |code: Code, expires: bool| code == Code::ExpiresSoon && expires;
        let mut all: Vec<(String, &AllowDef, bool)> = Vec::new();
        for def in &project.events {
            all.extend(def.allow.iter().map(|a| (format!("the event `{}`", def.name.value), a, false)));
        }
        for def in &project.spans {
            all.extend(def.allow.iter().map(|a| (format!("the span `{}`", def.name.value), a, false)));
        }
        for def in &project.metrics {
            let unowned = def.owner.is_none();
            let elsewhere = |a: &AllowDef| lints::known(&a.lint) == Ok(Code::Unowned) && unowned;
            all.extend(def.allow.iter().map(|a| (format!("the metric `{}`", def.name.value), a, elsewhere(a))));
        }
        for def in &project.goals {
            all.extend(def.allow.iter().map(|a| (format!("the goal `{}`", def.name.value), a, false)));
        }
        for def in &project.benchmarks {
            let unsourced = def.source.is_none() || def.as_of.is_none();
            let elsewhere = |a: &AllowDef| match lints::known(&a.lint) {
                Ok(Code::UnsourcedBenchmark) => unsourced,
                Ok(code) => dated(code, def.expires.is_some()),
                Err(_) => false,
            };
            all.extend(def.allow.iter().map(|a| (format!("the benchmark `{}`", def.name.value), a, elsewhere(a))));
        }
        for (of, allow, elsewhere) in all {
            match lints::known(&allow.lint) {
                Err(finding) => self.found.push(finding),
                Ok(_) if elsewhere || !whole || self.used.contains(&allow.lint.span) => {}
                Ok(_) => self.found.push(needless(allow, &of)),
            }
        }
    }
}
