//! References outside of expressions: links, goals, benchmarks, releases, report sections.

use std::collections::BTreeSet;

use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::resolve::{Named, Project};
use crate::syntax::ast::Name;
use crate::syntax::document::SectionDef;

pub fn check(project: &Project, findings: &mut Vec<Diagnostic>) {
    let lookups = set(project.lookups.iter().map(|d| &d.name));
    let goals = set(project.goals.iter().map(|d| &d.name));
    let objectives = set(project.objectives.iter().map(|d| &d.name));
    let benchmarks = set(project.benchmarks.iter().map(|d| &d.name));
    let releases = set(project.releases.iter().map(|d| &d.name));
    let metrics: BTreeSet<&str> = project.names.sorted(|named| matches!(named, Named::Metric(_))).into_iter().collect();
    let aims: BTreeSet<&str> = goals.union(&objectives).copied().collect();
    let mut find = |name: &Name, known: &BTreeSet<&str>, what: &str| {
        if let Some(finding) = project.library.absent(&name.value, name.span).filter(|_| what == "metric") {
            findings.push(finding);
        } else if !known.contains(name.value.as_str()) && !project.broken.contains(&name.value) {
            let hint = did_you_mean(&name.value, known.iter().copied());
            findings.push(
                Diagnostic::new(
                    Code::UnknownReference,
                    name.span,
                    format!("no {what} is named `{}`{hint}", name.value),
                )
                .help(list(known, what)),
            );
        }
    };
    let sources = set(project.sources.iter().map(|d| &d.name));
    project.lookups.iter().filter_map(|l| l.source.as_ref()).for_each(|name| find(name, &sources, "source"));
    let links = project.sources.iter().flat_map(|s| &s.links).chain(project.lookups.iter().flat_map(|l| &l.links));
    links.for_each(|link| find(&link.lookup, &lookups, "lookup"));
    for goal in &project.goals {
        goal.parent.iter().for_each(|parent| find(parent, &goals, "goal"));
    }
    for objective in &project.objectives {
        objective.supports.iter().for_each(|name| find(name, &aims, "goal or objective"));
        objective.compare.iter().for_each(|name| find(name, &benchmarks, "benchmark"));
        let named = objective.actions.iter().filter_map(|a| a.release.as_ref());
        named.for_each(|name| find(name, &releases, "release"));
    }
    for section in project.reports.iter().flat_map(|r| &r.sections) {
        match section {
            SectionDef::Metric(name) => find(name, &metrics, "metric"),
            SectionDef::Objective(name) => find(name, &objectives, "objective"),
            SectionDef::All(_) | SectionDef::Stage(_) => {}
        }
    }
}

fn set<'a>(names: impl Iterator<Item = &'a Name>) -> BTreeSet<&'a str> {
    names.map(|n| n.value.as_str()).collect()
}

fn list(known: &BTreeSet<&str>, what: &str) -> String {
    const MOST: usize = 8;
    if known.is_empty() {
        return format!("define a {what} first");
    }
    let shown: Vec<&str> = known.iter().copied().take(MOST).collect();
    let more = if known.len() > MOST { ", …" } else { "" };
    format!("defined are {}{more}", shown.join(", "))
}
