//! What is said about a table whose files cannot be used.

use std::collections::BTreeSet;
use std::fmt;

use datafusion::error::DataFusionError;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{Branch, LookupId, Program, Reach, RowExpr, SourceId};
use kepi_lang::source::Span;

/// Whose files they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Source,
    Lookup,
}

/// A table of the definitions, as findings name it.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub role: Role,
    pub name: String,
    pub span: Span,
    /// Metrics that need the table, where they are known.
    pub metrics: Vec<String>,
}

impl Owner {
    /// ``source `sales` ``.
    pub fn called(&self) -> String {
        let role = match self.role {
            Role::Source => "source",
            Role::Lookup => "lookup",
        };
        format!("{role} `{}`", self.name)
    }

    /// A finding that keeps the table from being read.
    pub fn stopped(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, span, message).label(self.stops())
    }

    fn stops(&self) -> String {
        const SHOWN: usize = 5;
        if self.metrics.is_empty() {
            return format!("stops every metric of {}", self.called());
        }
        let names: Vec<String> = self.metrics.iter().take(SHOWN).map(|m| format!("`{m}`")).collect();
        let more = self.metrics.len().saturating_sub(SHOWN);
        let noun = if self.metrics.len() == 1 { "metric" } else { "metrics" };
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("stops the {noun} {}{tail}", names.join(", "))
    }
}

/// Names of the metrics that read a source.
pub(crate) fn metrics_of_source(program: &Program, source: SourceId) -> Vec<String> {
    metrics(program, &|branch| branch.reads(source))
}

/// Names of the metrics that read a lookup through any source's link.
pub(crate) fn metrics_of_lookup(program: &Program, lookup: LookupId) -> Vec<String> {
    metrics(program, &|branch| {
        let mut found = BTreeSet::new();
        reached(program, branch, &mut found);
        // What a lookup's own columns rest on is needed wherever the lookup is.
        let mut more: Vec<LookupId> = found.iter().copied().collect();
        while let Some(def) = more.pop().and_then(|id| program.lookups.get(id.0 as usize)) {
            more.extend(def.reach().lookups(&program.lookups).into_iter().filter(|id| found.insert(*id)));
        }
        found.contains(&lookup)
    })
}

/// The lookups that a branch's expressions reach, and those of what its rows are made of.
fn reached(program: &Program, branch: &Branch, found: &mut BTreeSet<LookupId>) {
    let over = |branch: &Branch, exprs: &[&RowExpr]| {
        let Some(source) = program.sources.get(branch.source.0 as usize) else { return BTreeSet::new() };
        let mut reach = Reach::of(&source.columns, &source.links);
        exprs.iter().copied().chain(&source.scope).for_each(|expr| reach.expr(expr));
        reach.lookups(&program.lookups)
    };
    found.extend(over(branch, &branch.exprs().collect::<Vec<_>>()));
    let origins = branch.derived.iter().flat_map(|d| &d.of).enumerate();
    for (at, origin) in origins {
        reached(program, origin, found);
        let mut held = Vec::new();
        branch.exprs().for_each(|expr| expr.made(&mut |_, of| held.extend(of.get(at))));
        found.extend(over(origin, &held));
    }
}

fn metrics(program: &Program, wanted: &dyn Fn(&Branch) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    for metric in &program.metrics {
        let mut found = false;
        metric.expr.measures(&mut |measure| found |= measure.branches.iter().any(wanted));
        if found {
            names.push(metric.name.clone());
        }
    }
    names
}

/// Names in backticks, the first few of them.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let all: Vec<&str> = names.into_iter().collect();
    let mut text = all.iter().take(SHOWN).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN {
        text.push_str(&format!(" and {} more", all.len() - SHOWN));
    }
    text
}

/// A value as it stands in a message: short, on one line, in backticks.
pub(crate) fn quoted(value: &str) -> String {
    const SHOWN: usize = 40;
    let flat: String = value.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let dots = if value.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("`{flat}{dots}`")
}

/// A finding on its way through DataFusion.
#[derive(Debug)]
pub(crate) struct Finding(pub Diagnostic);

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Finding {}

/// A finding as an error of DataFusion.
pub(crate) fn failed(finding: Diagnostic) -> DataFusionError {
    DataFusionError::External(Box::new(Finding(finding)))
}

/// The finding that an error carries.
pub(crate) fn finding_in(error: &DataFusionError) -> Option<Diagnostic> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(finding) = error.downcast_ref::<Finding>() {
            return Some(finding.0.clone());
        }
        if let Some(DataFusionError::External(inner)) = error.downcast_ref::<DataFusionError>()
            && let Some(finding) = inner.downcast_ref::<Finding>()
        {
            return Some(finding.0.clone());
        }
        next = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Context(_, inner)) => Some(inner.as_ref()),
            _ => error.source(),
        };
    }
    None
}
