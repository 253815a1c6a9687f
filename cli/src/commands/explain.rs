//! `kepi explain`: a diagnostic code's page, or what a definition means.

mod library;

use std::collections::BTreeSet;

use kepi_lang::diag::Code;
use kepi_lang::diag::suggest::did_you_mean;
use kepi_lang::ir::hash::Hasher;
use kepi_lang::ir::print::{Printer, additivity};
use kepi_lang::ir::{Approximation, Branch, Column, Link, Metric, Origin, Program, RowExpr, Source};
use kepi_lang::results::Ledger;

use crate::args::{Common, ExplainArgs, QueryArgs};
use crate::commands::{Stop, query};
use crate::exit::Exit;
use crate::output;
use crate::session::Session;

pub fn run(common: &Common, args: &ExplainArgs) -> Result<Exit, Stop> {
    if args.plan {
        output::print(&plan(common, args.name.as_deref())?);
        return Ok(Exit::Fine);
    }
    let name = args.name.as_deref().unwrap_or_default();
    if let Some(code) = Code::parse(name) {
        output::print(&page(code));
        return Ok(Exit::Fine);
    }
    if name == kepi_lang::library::NAME {
        output::print(&library::all(common)?);
        return Ok(Exit::Fine);
    }
    let mut session = Session::open(common)?;
    let program = std::sync::Arc::clone(&session.program);
    let text = if let Some(metric) = program.metrics.iter().find(|m| m.name == name) {
        self::metric(&mut session, metric, &program)?
    } else if let Some(source) = program.sources.iter().find(|s| s.name == name) {
        self::source(source, &program)
    } else if let Some(named) = session.named.iter().find(|n| n.name == name) {
        let facts = named.facts.iter().map(|(label, fact)| format!("  {label:<12}{fact}\n"));
        format!(
            "{}: {} {}\n{}",
            named.name,
            if named.kind.starts_with(['e', 'o']) { "an" } else { "a" },
            named.kind,
            facts.collect::<String>()
        )
    } else if let Some(text) = session.checked.scope.library().find(name).and_then(library::absent) {
        text
    } else {
        let metrics = program.metrics.iter().map(|m| m.name.as_str());
        let sources = program.sources.iter().map(|s| s.name.as_str());
        let hint = did_you_mean(name, metrics.chain(sources).chain(session.named.iter().map(|n| n.name.as_str())));
        return Err(Stop::Usage(format!("nothing is named `{name}`, and it is no diagnostic code{hint}")));
    };
    output::print(&text);
    Ok(Exit::Fine)
}

/// What is read for a metric, or for all, each by its own grain and breakdown.
fn plan(common: &Common, name: Option<&str>) -> Result<String, Stop> {
    if let Some(code) = name.and_then(Code::parse) {
        return Err(Stop::Usage(format!("{code} is a diagnostic code: a plan is one of a metric, or of all")));
    }
    let mut session = Session::open(common)?;
    let question = QueryArgs { own_by: true, ..QueryArgs::of(session.metrics(name)) };
    let asks = query::asks(&mut session, &question)?.into_iter().map(|w| w.ask).collect();
    session.words(asks)
}

/// A code's page, without what it says to the test that runs its examples.
fn page(code: Code) -> String {
    let lines = code.page().lines().filter(|l| !l.starts_with("<!-- "));
    let lines = lines.map(|l| l.strip_prefix("```").map_or(l, |info| &l[..3 + info.find(' ').unwrap_or(info.len())]));
    lines.fold(String::new(), |mut text, line| {
        if !(line.is_empty() && text.ends_with("\n\n")) {
            text += line;
            text.push('\n');
        }
        text
    })
}

fn metric(session: &mut Session, metric: &Metric, program: &Program) -> Result<String, Stop> {
    let mut out = format!("{}: {}\n", metric.name, metric.title);
    if let Some(description) = &metric.description {
        out += &format!("  {description}\n");
    }
    let unit = metric.display.to_string();
    let mut line = |label: &str, text: &str| out += &format!("  {label:<12}{text}\n");
    line("formula", &metric.formula);
    line("computed", &Printer::new(&program.sources, &program.lookups).metric(&metric.expr));
    line("unit", if unit.is_empty() { "none" } else { &unit });
    line("additivity", additivity(metric.expr.additivity));
    for sketch in Approximation::of(&metric.expr).sketches() {
        line("approximate", sketch.words());
    }
    line("grain", &metric.grain.to_string());
    if let Some(owner) = &metric.owner {
        line("owner", owner);
    }
    if metric.library {
        line("library", kepi_lang::library::NAME);
    }
    if let Some(source) = &metric.source {
        line("source", source);
    }
    if let Some(model) = &metric.model {
        line("model", &format!("{}: no observation", model.replace('_', " ")));
    }
    line("hash", &Hasher::new(program).metric(metric));
    if !metric.mentions.is_empty() {
        line("mentions", &metric.mentions.join(", "));
    }
    for column in lineage(metric, program) {
        line("reads", &column);
    }
    let total = QueryArgs { grain: Some("total".to_owned()), ..QueryArgs::of(vec![metric.name.clone()]) };
    let asks = query::asks(session, &total)?.into_iter().map(|w| w.ask).collect();
    let (question, results) = session.answer(asks)?;
    for what in session.dataset.unkept(&question).unwrap_or_default() {
        out += &format!("  not kept    {what}\n");
    }
    let read = metric.expr.sources();
    for ledger in results.ledgers.iter().filter(|l| read.contains(&l.source)) {
        out += &rows(ledger);
    }
    Ok(out)
}

/// `retail.quantity`, `countries.region through market`: every column that takes part, back to the files' own names.
pub(super) fn lineage(metric: &Metric, program: &Program) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    metric.expr.measures(&mut |measure| {
        measure.branches.iter().for_each(|branch| of_branch(branch, &[], program, &mut found));
    });
    found
}

/// `also`: what is read of its rows besides.
fn of_branch(branch: &Branch, also: &[&RowExpr], program: &Program, found: &mut BTreeSet<String>) {
    if let Some(derived) = &branch.derived {
        for (at, origin) in derived.of.iter().enumerate() {
            let mut held: Vec<&RowExpr> = derived.also.get(at).into_iter().collect();
            branch.exprs().chain(also.iter().copied()).for_each(|e| e.made(&mut |_, of| held.extend(of.get(at))));
            of_branch(origin, &held, program, found);
        }
    }
    let Some(source) = program.sources.get(branch.source.0 as usize) else { return };
    let exprs = branch.filter.iter().chain(&branch.value).chain(&branch.keys).chain(also.iter().copied());
    exprs.for_each(|e| columns(e, source, program, found));
    if let Some(time) = branch.time {
        found.extend(column(source, time, program));
    }
    source.scope.iter().for_each(|e| columns(e, source, program, found));
}

fn columns(expr: &RowExpr, source: &Source, program: &Program, found: &mut BTreeSet<String>) {
    expr.columns(&mut |link, id| match link {
        None => found.extend(column(source, id, program)),
        Some(way) => {
            let steps = way.steps(&source.links, &program.lookups);
            let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return };
            let lookup = &program.lookups[last.lookup.0 as usize];
            let name = way.name(&source.links, &program.lookups);
            found.insert(format!("{}.{} through {name}", lookup.name, lookup.columns[id.0 as usize].name));
            first.columns.iter().for_each(|id| found.extend(column(source, *id, program)));
        }
    });
}

/// A computed column stands for the columns it is made of.
fn column(source: &Source, id: kepi_lang::ir::ColumnId, program: &Program) -> BTreeSet<String> {
    let column = &source.columns[id.0 as usize];
    match &column.origin {
        Origin::File(raw) => BTreeSet::from([format!("{}.{raw}", source.name)]),
        Origin::Computed(expr) => {
            let mut found = BTreeSet::new();
            columns(expr, source, program, &mut found);
            found
        }
    }
}

fn rows(ledger: &Ledger) -> String {
    let noun = if ledger.files == 1 { "file" } else { "files" };
    let mut out = format!("  rows of {}: {} read in {} {noun}\n", ledger.name, ledger.read, ledger.files);
    let lines = [
        (ledger.unparsable, "could not be parsed"),
        (ledger.no_time, "have no time"),
        (ledger.out_of_scope, "are out of scope (`where:`)"),
        (ledger.duplicates, "are copies (`key:`)"),
        (ledger.outside, "lie outside the range"),
        (ledger.used, "are used"),
        (ledger.unclaimed, "of these are claimed by no measure"),
        (ledger.no_actor, "of these have no actor"),
        (ledger.unknown, "of these met a condition that was neither true nor false"),
        (ledger.null_values, "null values were left out"),
    ];
    for (n, text) in lines.iter().filter(|(n, text)| *n > 0 || *text == "are used") {
        out += &format!("    {n:>12} {text}\n");
    }
    for r in &ledger.rejected {
        out += &format!("      not parsed: line {} of {} {}\n", r.line, r.file, r.why);
    }
    out
}

/// A table's links.
fn links(links: &[Link], columns: &[Column], program: &Program) -> String {
    let mut out = String::new();
    for link in links {
        let names: Vec<_> = link.columns.iter().map(|id| columns[id.0 as usize].name.as_str()).collect();
        let by = if names.len() == 1 { names.concat() } else { format!("({})", names.join(", ")) };
        out += &format!("  link        {}: {by} -> {}\n", link.name, program.lookups[link.lookup.0 as usize].name);
    }
    out
}

fn source(source: &Source, program: &Program) -> String {
    let files: Vec<_> = source.files.iter().map(|(f, _)| f.as_str()).collect();
    let mut out = format!("{}: a source\n  files       {}\n", source.name, files.join(", "));
    if let Some(time) = source.time {
        out += &format!("  time        {}\n", source.columns[time.0 as usize].name);
    }
    if let (Some(actor), Some(entity)) = (source.actor, &source.entity) {
        out += &format!("  actor       {} ({entity})\n", source.columns[actor.0 as usize].name);
    }
    out += &links(&source.links, &source.columns, program);
    for column in source.columns.iter().filter(|c| c.together().is_none()) {
        let unit = column.unit.to_string();
        let ty = format!("{:?}", column.ty).to_lowercase();
        out += &format!(
            "  column      {}: {ty}{}\n",
            column.name,
            if unit.is_empty() { unit } else { format!(", {unit}") }
        );
    }
    out
}
