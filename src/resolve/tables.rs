//! Which files and columns the sources and lookups need, and that none of them lies outside of the project.

use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Format, ScalarType};
use crate::resolve::address::Address;
use crate::resolve::graph::mentions;
use crate::resolve::text::options;
use crate::resolve::{DeclaredColumn, Project, Table, Tables};
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::document::{ColumnDef, LookupDef, SourceDef, SpansDef, Text, TimeDef};

/// Formats by name; those that are not read yet have none.
const FORMATS: [(&str, Option<Format>); 11] = [
    ("parquet", Some(Format::Parquet)),
    ("csv", Some(Format::Csv)),
    ("ndjson", Some(Format::Ndjson)),
    ("arrow", Some(Format::Arrow)),
    ("mixpanel", None),
    ("ga4", None),
    ("amplitude", None),
    ("segment", None),
    ("posthog", None),
    ("snowplow", None),
    ("matomo", None),
];

/// Types a column may be declared with; `number` leaves the kind of number to the files, `list` what its elements are.
const TYPES: [(&str, Option<ScalarType>); 9] = [
    ("text", Some(ScalarType::Text)),
    ("number", None),
    ("integer", Some(ScalarType::Int)),
    ("decimal", Some(ScalarType::Decimal)),
    ("bool", Some(ScalarType::Bool)),
    ("instant", Some(ScalarType::Instant)),
    ("date", Some(ScalarType::Date)),
    ("duration", None),
    ("list", None),
];

pub fn tables(project: &Project, findings: &mut Vec<Diagnostic>) -> Tables {
    Tables {
        sources: project.sources.iter().map(|def| source(def, &project.spans, findings)).collect(),
        lookups: project.lookups.iter().map(|def| lookup(def, findings)).collect(),
    }
}

fn source(def: &SourceDef, spans: &[SpansDef], findings: &mut Vec<Diagnostic>) -> Table {
    let mut columns = Columns::new(&def.columns, findings);
    if let Some(TimeDef::Column(text)) = &def.time {
        columns.wants(text);
    }
    def.actor.iter().chain(&def.key).for_each(|text| columns.wants(text));
    def.links.iter().flat_map(|link| &link.columns).for_each(|text| columns.wants(text));
    let own = spans.iter().filter(|s| root(&s.source) == Some(&def.name.value));
    own.flat_map(|s| [&s.from, &s.until].into_iter().chain(&s.actor)).for_each(|text| columns.wants(text));
    let declared = columns.found;
    Table {
        name: def.name.value.clone(),
        span: def.name.span,
        files: files(&def.files, findings),
        format: format(def.format.as_ref(), findings),
        text: options(&def.text, findings),
        declared,
        first_read: first_read(def),
    }
}

fn first_read(def: &SourceDef) -> Vec<String> {
    let mut names: Vec<&str> = def.key.iter().map(|text| text.value.as_str()).collect();
    if let Some(TimeDef::Column(text)) = &def.time {
        names.push(&text.value);
    }
    if let Some(scope) = &def.scope {
        mentions(scope, &mut |name, _| names.push(name));
    }
    let links = def.links.iter().filter(|link| names.contains(&link.name.value.as_str()));
    let linked: Vec<&str> = links.flat_map(|link| &link.columns).map(|text| text.value.as_str()).collect();
    names.extend(linked);
    let raw = |name: &str| match def.columns.iter().find(|column| column.name.value == name) {
        Some(column) => column.from.as_ref().map_or(name, |from| &from.value).to_owned(),
        None => name.to_owned(),
    };
    let mut names: Vec<String> = names.into_iter().map(raw).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The name that an event set begins with.
fn root(mut set: &Expr) -> Option<&String> {
    loop {
        match &set.kind {
            ExprKind::Name(name) => return Some(name),
            ExprKind::Where { of, .. } => set = of,
            _ => return None,
        }
    }
}

fn lookup(def: &LookupDef, findings: &mut Vec<Diagnostic>) -> Table {
    let mut columns = Columns::new(&def.columns, findings);
    def.key.iter().for_each(|text| columns.wants(text));
    def.valid.iter().flat_map(|valid| [&valid.from, &valid.to]).for_each(|text| columns.wants(text));
    def.latest.iter().for_each(|text| columns.wants(text));
    def.links.iter().flat_map(|link| &link.columns).for_each(|text| columns.wants(text));
    let declared = columns.found;
    Table {
        name: def.name.value.clone(),
        span: def.name.span,
        files: files(&def.files, findings),
        format: format(def.format.as_ref(), findings),
        text: options(&def.text, findings),
        declared,
        first_read: Vec::new(),
    }
}

struct Columns<'a> {
    defs: &'a [ColumnDef],
    found: Vec<DeclaredColumn>,
}

impl<'a> Columns<'a> {
    fn new(defs: &'a [ColumnDef], findings: &mut Vec<Diagnostic>) -> Self {
        let mut found: Vec<DeclaredColumn> = Vec::new();
        for def in defs {
            let ty = def.ty.as_ref().and_then(|text| scalar(text, findings));
            if def.expr.is_some() {
                continue;
            }
            let any_number = def.ty.as_ref().is_some_and(|text| matches!(text.value.as_str(), "number" | "duration"));
            let raw = def.from.as_ref().unwrap_or(&def.name);
            match found.iter_mut().find(|c| c.raw == raw.value) {
                Some(column) => {
                    column.ty = column.ty.or(ty);
                    column.any_number |= any_number;
                }
                None => found.push(DeclaredColumn { raw: raw.value.clone(), span: raw.span, ty, any_number }),
            }
        }
        Self { defs, found }
    }

    /// A column named by `time`, `actor`, `key` or a link: a raw name, unless a declared column has it.
    fn wants(&mut self, text: &Text) {
        let declared = self.defs.iter().any(|d| d.name.value == text.value);
        if !declared && !self.found.iter().any(|c| c.raw == text.value) {
            self.found.push(DeclaredColumn { raw: text.value.clone(), span: text.span, ty: None, any_number: false });
        }
    }
}

fn scalar(text: &Text, findings: &mut Vec<Diagnostic>) -> Option<ScalarType> {
    if let Some((_, ty)) = TYPES.iter().find(|(name, _)| *name == text.value) {
        return *ty;
    }
    let names = TYPES.map(|(name, _)| name);
    findings.push(
        Diagnostic::new(
            Code::UnknownType,
            text.span,
            format!("`{}` is no type of a column{}", text.value, did_you_mean(&text.value, names)),
        )
        .help(format!("the types are {}", names.join(", "))),
    );
    None
}

fn format(text: Option<&Text>, findings: &mut Vec<Diagnostic>) -> Option<Format> {
    let text = text?;
    match FORMATS.iter().find(|(name, _)| *name == text.value) {
        Some((_, Some(format))) => Some(*format),
        Some((name, None)) => {
            findings.push(
                Diagnostic::new(
                    Code::NotYet,
                    text.span,
                    format!("files of the format `{name}` are not read in this version"),
                )
                .help("write them as Parquet, Arrow, CSV or NDJSON"),
            );
            None
        }
        None => {
            let names = FORMATS.map(|(name, _)| name);
            findings.push(
                Diagnostic::new(
                    Code::UnknownFormat,
                    text.span,
                    format!("`{}` is no file format{}", text.value, did_you_mean(&text.value, names)),
                )
                .help("write `parquet`, `csv`, `ndjson` or `arrow`, or leave it out: it is read off the file's name"),
            );
            None
        }
    }
}

fn files(files: &[Text], findings: &mut Vec<Diagnostic>) -> Vec<(String, crate::source::Span)> {
    files.iter().filter(|t| placed(t, "files", true, findings)).map(|t| (t.value.clone(), t.span)).collect()
}

/// Whether it is a path that stays below the project, or the address of an object store or server.
pub fn placed(text: &Text, what: &str, pattern: bool, findings: &mut Vec<Diagnostic>) -> bool {
    match Address::parse(&text.value, pattern) {
        None => confined(text, what, findings),
        Some(Ok(_)) => true,
        Some(Err(problem)) => {
            let message = format!("{what} at an address that cannot be read: {problem}");
            let help = "write a place such as `s3://bucket/events`; `files` may have wildcards below it";
            findings.push(Diagnostic::new(Code::OutsideOfProject, text.span, message).help(help));
            false
        }
    }
}

/// Whether a path or glob stays where definitions may look. They can come from anybody's pull request, so they name nothing
/// absolute, nothing above, no other machine and nothing of the environment.
pub fn confined(text: &Text, what: &str, findings: &mut Vec<Diagnostic>) -> bool {
    let path = text.value.as_str();
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let problem = if path.contains("://") {
        "an address".to_string()
    } else if path.starts_with('/') || path.starts_with('\\') || drive {
        "an absolute path".to_string()
    } else if path.starts_with('~') {
        "a home folder".to_string()
    } else if path.split(['/', '\\']).any(|part| part == "..") {
        "`..` leads out of the folder".to_string()
    } else if path.contains('$') || path.contains('%') {
        "names of the environment are not filled in".to_string()
    } else if path.contains('\\') || path.contains('\0') {
        "folders are separated by `/`".to_string()
    } else if path.trim().is_empty() {
        "an empty path".to_string()
    } else {
        return true;
    };
    findings.push(
        Diagnostic::new(Code::OutsideOfProject, text.span, format!("{what} must lie below the project: {problem}"))
            .help("write a path relative to the data folder (or to kepi.yaml, for `data` and `definitions`), such as `events/**/*.parquet`"),
    );
    false
}
