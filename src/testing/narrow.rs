//! The part of a project that a test needs, over the test's own rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value as Json};

use crate::diag::{Code, Diagnostic};
use crate::resolve::{Project, mentions};
use crate::source::Spanned;
use crate::syntax::ast::{Expr, Name};
use crate::syntax::document::{Document, Manifest, TextDef};
use crate::syntax::expr::expression;
use crate::syntax::print;
use crate::syntax::trial::{Asked, Cell, GivenDef, TestDef};

/// A table of a narrowed project, and what it is called there.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    /// Without an ending: `t0`.
    pub stem: String,
}

/// The definitions that the expectations of a test lead to, over files of its own: what every table of them is called. Everything stays
/// where a name is none of the project's own.
///
/// # Errors
/// Where rows are given for a table that is none.
pub fn narrowed(
    manifest: &Manifest,
    documents: &[Document],
    test: &TestDef,
) -> Result<(Manifest, Vec<Document>, Vec<Table>), Vec<Diagnostic>> {
    let exprs = expressions(documents);
    let wanted = reached(&exprs, test);
    // What is compiled in names definitions that cannot be seen from here.
    let all = !manifest.uses.is_empty();
    let own = |name: &Name| all || wanted.contains(&name.value);
    let mut narrow = Vec::with_capacity(documents.len());
    for document in documents {
        let mut of = Document::empty(document.file);
        of.sources = document.sources.iter().filter(|d| own(&d.name)).cloned().collect();
        of.events = document.events.iter().filter(|d| own(&d.name)).cloned().collect();
        of.spans = document.spans.iter().filter(|d| own(&d.name)).cloned().collect();
        of.segments = document.segments.iter().filter(|d| own(&d.name)).cloned().collect();
        of.metrics = document.metrics.iter().filter(|d| own(&d.name)).cloned().collect();
        of.lookups.clone_from(&document.lookups);
        narrow.push(of);
    }
    let mut documents = narrow;
    let mut tables = Vec::new();
    for document in &mut documents {
        let sources = document.sources.iter_mut().map(|d| (&d.name, &mut d.files, &mut d.format, &mut d.text));
        let lookups = document.lookups.iter_mut().filter(|d| d.source.is_none());
        let lookups = lookups.map(|d| (&d.name, &mut d.files, &mut d.format, &mut d.text));
        for (name, files, format, text) in sources.chain(lookups) {
            let stem = format!("t{}", tables.len());
            *files = vec![Spanned::new(format!("{stem}.*"), name.span)];
            (*format, *text) = (None, TextDef::default());
            tables.push(Table { name: name.value.clone(), stem });
        }
    }
    let unknown = test.given.iter().filter(|(name, _)| !tables.iter().any(|t| t.name == name.value));
    let found: Vec<Diagnostic> = unknown.map(|(name, _)| no_table(name)).collect();
    if !found.is_empty() {
        return Err(found);
    }
    let mut manifest = manifest.clone();
    manifest.data = Vec::new();
    manifest.as_of.clone_from(&test.as_of);
    Ok((manifest, documents, tables))
}

/// The expressions of each name.
fn expressions(documents: &[Document]) -> BTreeMap<&str, Vec<&Expr>> {
    let mut exprs: BTreeMap<&str, Vec<&Expr>> = BTreeMap::new();
    for document in documents {
        let events = document.events.iter().map(|d| (d.name.value.as_str(), &d.expr));
        let spans = document.spans.iter().map(|d| (d.name.value.as_str(), &d.source));
        let segments = document.segments.iter().map(|d| (d.name.value.as_str(), &d.expr));
        let metrics = document.metrics.iter().map(|d| (d.name.value.as_str(), &d.expr));
        for (name, expr) in events.chain(spans).chain(segments).chain(metrics) {
            exprs.entry(name).or_default().push(expr);
        }
        for source in &document.sources {
            let computed = source.columns.iter().filter_map(|c| c.expr.as_ref()).chain(&source.scope);
            exprs.entry(&source.name.value).or_default().extend(computed);
        }
    }
    exprs
}

/// The names of the definitions that a test's expectations lead to.
pub fn mentioned(documents: &[Document], test: &TestDef) -> BTreeSet<String> {
    reached(&expressions(documents), test)
}

fn reached(exprs: &BTreeMap<&str, Vec<&Expr>>, test: &TestDef) -> BTreeSet<String> {
    let asked = test.expect.iter().map(|(a, _)| a).chain(test.holds.iter().map(|(a, _)| a));
    let mut wanted: BTreeSet<String> = asked.flat_map(names).collect();
    wanted.extend(test.given.iter().map(|(name, _)| name.value.clone()));
    let mut open: Vec<String> = wanted.iter().cloned().collect();
    while let Some(name) = open.pop() {
        for expr in exprs.get(name.as_str()).into_iter().flatten() {
            mentions(expr, &mut |mentioned, _| {
                if wanted.insert(mentioned.to_owned()) {
                    open.push(mentioned.to_owned());
                }
            });
        }
    }
    wanted
}

fn no_table(name: &Name) -> Diagnostic {
    let message = format!("rows are given for `{}`, which is no source and no lookup with files", name.value);
    Diagnostic::new(Code::BadTest, name.span, message).help("give rows to a source or a lookup of the project")
}

/// The names that the head of an expectation mentions.
fn names(asked: &Asked) -> Vec<String> {
    let text = &asked.text.text;
    let (metric, by) = text.rsplit_once(" by ").unwrap_or((text, ""));
    let mut found = Vec::new();
    for part in std::iter::once(metric).chain(by.split(',')) {
        let located = crate::syntax::located::Located::plain(part.trim(), asked.span.file, 0);
        if let Ok(expr) = expression(&located) {
            mentions(&expr, &mut |name, _| found.push(name.to_owned()));
        }
    }
    found
}

/// Files of the tables without a file of their own: names and contents. A value that a row does not have is null; a table
/// without rows has a header alone, of every column that anything could mean.
pub fn tables(project: &Project, tables: &[Table], test: &TestDef) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for table in tables {
        let of_project = project.tables.sources.iter().chain(&project.tables.lookups).find(|t| t.name == table.name);
        let declared: Vec<&str> =
            of_project.map(|t| t.declared.iter().map(|c| c.raw.as_str()).collect()).unwrap_or_default();
        match test.given.iter().find(|(name, _)| name.value == table.name).map(|(_, given)| given) {
            Some(GivenDef::File(_)) => {}
            Some(GivenDef::Rows(given)) if !given.is_empty() => {
                files.push((format!("{}.ndjson", table.stem), rows(given, &declared)));
            }
            _ => {
                let lookup = project.lookups.iter().any(|l| l.name.value == table.name);
                files.push((format!("{}.csv", table.stem), header(project, &declared, lookup)));
            }
        }
    }
    files
}

/// Rows as lines of JSON.
fn rows(rows: &[Vec<(Name, Cell)>], declared: &[&str]) -> String {
    let mut names: Vec<&str> = declared.to_vec();
    names.extend(rows.iter().flatten().map(|(name, _)| name.value.as_str()));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let mut out = String::new();
    for row in rows {
        let cell = |name: &&str| {
            let cell = row.iter().find(|(n, _)| n.value == **name).map(|(_, cell)| cell);
            ((*name).to_owned(), cell.map_or(Json::Null, value))
        };
        let _ = writeln!(out, "{}", Json::Object(names.iter().map(cell).collect::<Map<_, _>>()));
    }
    out
}

fn value(cell: &Cell) -> Json {
    let text = cell.text.value.as_str();
    match text {
        _ if cell.quoted => text.into(),
        "null" | "~" => Json::Null,
        "true" => true.into(),
        "false" => false.into(),
        _ => {
            // As JSON writes numbers; `007` and `1_000` are texts.
            let number = serde_json::from_str::<serde_json::Number>(text);
            number.map_or_else(|_| text.into(), Json::Number)
        }
    }
}

/// Names of columns, declared or mentioned anywhere; of a lookup those after what is no definition's name (`user.plan`).
fn header(project: &Project, declared: &[&str], lookup: bool) -> String {
    let mut names: BTreeSet<String> = declared.iter().map(|d| (*d).to_owned()).collect();
    let sets = project.events.iter().map(|d| &d.expr).chain(project.spans.iter().map(|d| &d.source));
    let exprs = sets.chain(project.metrics.iter().map(|d| &d.expr));
    for expr in exprs.chain(project.segments.iter().map(|d| &d.expr)) {
        let text = print::expr(expr);
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        let column = |word: &&str| {
            word.starts_with(|c: char| c.is_alphabetic() || c == '_') && !crate::resolve::is_reserved(word)
        };
        if lookup {
            let words: Vec<&str> = words.collect();
            let pairs = words.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
            let reached = pairs.filter(|(head, field)| {
                !project.names.contains(head) && column(field) && text.contains(&format!("{head}.{field}"))
            });
            names.extend(reached.map(|(_, field)| field.to_owned()));
        } else {
            names.extend(words.filter(column).filter(|w| !project.names.contains(w)).map(str::to_owned));
        }
    }
    // What a lookup describes is no column of the events.
    for column in project.lookups.iter().flat_map(|l| &l.columns) {
        if !declared.contains(&column.name.value.as_str()) {
            names.remove(&column.name.value);
        }
    }
    let quoted: Vec<String> = names.iter().map(|n| format!("\"{}\"", n.replace('"', "\"\""))).collect();
    format!("{}\n", quoted.join(","))
}
