//! `sources` and `lookups`: where rows come from.

use crate::diag::{Code, Diagnostic};
use crate::syntax::ast::Name;
use crate::syntax::decode::Decoder;
use crate::syntax::decode::fields::{Fields, Kind};
use crate::syntax::document::{ColumnDef, LinkDef, LookupDef, SourceDef, Text, TextDef, TimeDef, ValidDef};
use crate::syntax::expr;
use crate::syntax::print;
use crate::syntax::yaml::{Kind as NodeKind, Node, shown};

pub(super) fn source(d: &mut Decoder, name: Name, node: Node) -> Option<SourceDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("source", &name))?;
    let files = f.required(d, "files", "files: FILE", Decoder::texts);
    let format = f.optional(d, "format", Decoder::text);
    let time = f.required(d, "time", "time: COLUMN`, or for a table without time `time: none", time);
    let definition = SourceDef {
        name,
        span,
        files: files.unwrap_or_default(),
        format,
        time,
        time_format: f.optional(d, "time_format", Decoder::text),
        time_zone: f.optional(d, "time_zone", Decoder::text),
        on_gap: f.optional(d, "on_gap", Decoder::text),
        on_overlap: f.optional(d, "on_overlap", Decoder::text),
        actor: f.optional(d, "actor", actor).unwrap_or_default(),
        key: f.optional(d, "key", Decoder::texts).unwrap_or_default(),
        scope: f.optional(d, "where", Decoder::expr),
        snapshot: f.optional(d, "snapshot", Decoder::boolean),
        text: text_options(d, &mut f),
        complete_until: f.optional(d, "complete_until", Decoder::text),
        delivered: f.optional(d, "delivered", Decoder::text),
        links: f.optional(d, "links", links).unwrap_or_default(),
        columns: f.optional(d, "columns", columns).unwrap_or_default(),
    };
    f.finish(d);
    Some(definition)
}

pub(super) fn lookup(d: &mut Decoder, name: Name, node: Node) -> Option<LookupDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("lookup", &name))?;
    let source = f.optional(d, "source", Decoder::text);
    let files = match source {
        Some(_) => f.optional(d, "files", Decoder::texts).or(Some(Vec::new())),
        None => f.required(d, "files", "files: FILE", Decoder::texts),
    };
    let format = f.optional(d, "format", Decoder::text);
    // What is there and cannot be read is no second mistake.
    let newest = f.optional(d, "latest", |d, node| Some(latest(d, node)));
    let broken = matches!(newest, Some(None));
    let (key, latest) = match newest {
        Some(None) => (None, None),
        Some(Some((key, time))) => (f.optional(d, "key", Decoder::texts).is_none().then_some(key), Some(time)),
        None => (f.required(d, "key", "key: COLUMN", Decoder::texts).filter(|key| !key.is_empty()), None),
    };
    let actor = f.optional(d, "actor", Decoder::boolean);
    let links = f.optional(d, "links", links).unwrap_or_default();
    let columns = f.optional(d, "columns", columns).unwrap_or_default();
    let text = text_options(d, &mut f);
    let valid = f.optional(d, "valid", valid);
    f.finish(d);
    if !broken {
        let rows = (source.is_some(), files.as_ref().is_some_and(|f| !f.is_empty()));
        two_ways(d, &name, rows, (latest.is_some(), key.is_some(), valid.is_some()));
    }
    let (files, key) = (files?, key?);
    Some(LookupDef { name, span, files, format, text, source, key, latest, scope: None, actor, valid, links, columns })
}

/// What says twice, or not at all, which rows a lookup has.
fn two_ways(d: &mut Decoder, name: &Name, (source, files): (bool, bool), (latest, key, valid): (bool, bool, bool)) {
    let (message, help) = if source && files {
        ("has both `files` and `source`", "its rows are those of the files, or of the source: take one out")
    } else if source && !latest {
        ("has the rows of a source, which has many for a key", "say which of them stands: `latest: KEY by TIME`")
    } else if latest && !key {
        ("has both `key` and `latest`", "the key is what stands before `by`: take `key` out")
    } else if latest && valid {
        ("has both `latest` and `valid`", "its newest row holds at all times, or each row at its own: take one out")
    } else {
        return;
    };
    d.report(Code::TwoWays, name.span, format!("the lookup `{}` {message}", shown(&name.value)), help);
}

/// `listing_id by ts`, `(tenant, listing_id) by ts`.
fn latest(d: &mut Decoder, node: Node) -> Option<(Vec<Text>, Text)> {
    let text = d.located(node, "`KEY by TIME`")?;
    let part = |from: usize, to: usize| {
        let written = text.text.get(from..to)?;
        let name = written.trim();
        let start = from + (written.len() - written.trim_start().len());
        (!name.is_empty()).then(|| Text::new(name.to_owned(), text.span(start..start + name.len())))
    };
    let parsed = || {
        let at = text.text.rfind(" by ")?;
        let time = part(at + " by ".len(), text.text.len())?;
        let columns = text.text.get(..at)?;
        let (from, to) = match (columns.trim_start().starts_with('('), columns.trim_end().ends_with(')')) {
            (true, true) => (columns.find('(')? + 1, columns.rfind(')')?),
            _ => return Some((vec![part(0, at)?], time)),
        };
        let mut key = Vec::new();
        let mut start = from;
        for column in columns.get(from..to)?.split(',') {
            key.push(part(start, start + column.len())?);
            start += column.len() + 1;
        }
        Some((key, time))
    };
    let found = parsed();
    if found.is_none() {
        let help = "write `latest: listing_id by ts`: the key, and the time that tells its newest row";
        d.report(Code::WrongValue, text.whole(), format!("`{}` is no `KEY by TIME`", shown(&text.text)), help);
    }
    found
}

/// `[from_date, to_date]`.
fn valid(d: &mut Decoder, node: Node) -> Option<ValidDef> {
    let span = node.span;
    match <[Text; 2]>::try_from(d.texts(node)?) {
        Ok([from, to]) if from.value == to.value => {
            let message = format!("`valid` names `{}` twice: no row would hold at any time", shown(&to.value));
            let help = "write `valid: [FROM, TO]`: when a row begins to hold, and when it ends";
            d.report(Code::WrongValue, to.span, message, help);
            None
        }
        Ok([from, to]) => Some(ValidDef { from, to }),
        Err(found) => {
            let message = format!("`valid` is two columns, found {}", found.len());
            d.report(
                Code::WrongShape,
                span,
                message,
                "write `valid: [FROM, TO]`: when a row begins to hold, and when it ends",
            );
            None
        }
    }
}

/// A column, or several that together are one actor.
pub(super) fn actor(d: &mut Decoder, node: Node) -> Option<Vec<Text>> {
    let span = node.span;
    let columns = d.texts(node)?;
    let help = "write `actor: user_id`, or where ids are a tenant's own `actor: [tenant, user_id]`";
    let twice = columns.iter().enumerate().find(|(at, c)| columns.iter().take(*at).any(|o| o.value == c.value));
    match twice {
        Some((_, column)) => {
            let message = format!("the actor names the column `{}` twice", shown(&column.value));
            d.report(Code::WrongValue, column.span, message, help);
            None
        }
        None if columns.is_empty() => {
            d.report(Code::WrongShape, span, "the actor is a list of no columns", help);
            None
        }
        None => Some(columns),
    }
}

fn text_options(d: &mut Decoder, f: &mut Fields<'_>) -> TextDef {
    TextDef {
        separator: f.optional(d, "separator", Decoder::text),
        quote: f.optional(d, "quote", Decoder::text),
        decimal: f.optional(d, "decimal", Decoder::text),
        thousands: f.optional(d, "thousands", Decoder::text),
        max_bad_rows: f.optional(d, "max_bad_rows", Decoder::text),
    }
}

fn time(d: &mut Decoder, node: Node) -> Option<TimeDef> {
    let plain = matches!(&node.kind, NodeKind::Scalar(s) if s.is_plain());
    let text = d.text(node)?;
    Some(if plain && text.value == "none" { TimeDef::None(text.span) } else { TimeDef::Column(text) })
}

/// `{listing: listing_id -> listings}`.
fn links(d: &mut Decoder, node: Node) -> Option<Vec<LinkDef>> {
    let map = d.map(node, "a map of links (`{listing: listing_id -> listings}`)")?;
    Some(
        map.entries
            .into_iter()
            .filter_map(|e| {
                let name = e.key.map(|k| k.into_owned());
                d.check_name(&name);
                let (columns, lookup) = d.parsed(e.value, "`COLUMN -> LOOKUP`", expr::link, |(columns, lookup)| {
                    print::link(columns, lookup)
                })?;
                Some(LinkDef { name, columns, lookup })
            })
            .collect(),
    )
}

fn columns(d: &mut Decoder, node: Node) -> Option<Vec<ColumnDef>> {
    if matches!(node.kind, NodeKind::List(_)) {
        let help = "write `columns:` and under it, indented, `NAME: TYPE` or `NAME: {from: …, unit: …}`";
        d.report(Code::WrongShape, node.span, "columns are a map from names to types; found a list", help);
        return None;
    }
    let map = d.map(node, "a map of columns")?;
    Some(map.entries.into_iter().filter_map(|e| column(d, e.key.map(|k| k.into_owned()), e.value)).collect())
}

/// `country: text`, or a map.
fn column(d: &mut Decoder, name: Name, node: Node) -> Option<ColumnDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("column", &name).main("type"))?;
    let definition = ColumnDef {
        name,
        span,
        ty: f.optional(d, "type", Decoder::text),
        from: f.optional(d, "from", Decoder::text),
        unit: f.optional(d, "unit", Decoder::text),
        expr: f.optional(d, "expr", Decoder::expr),
        time_format: f.optional(d, "time_format", Decoder::text),
        time_zone: f.optional(d, "time_zone", Decoder::text),
    };
    f.finish(d);
    both(d, &definition);
    Some(definition)
}

/// A column is read from the file or computed.
fn both(d: &mut Decoder, column: &ColumnDef) {
    let (Some(from), Some(expr)) = (&column.from, &column.expr) else { return };
    let message =
        format!("the column `{}` has both `from` and `expr`; it is either read or computed", shown(&column.name.value));
    let finding = Diagnostic::new(Code::WrongValue, expr.span, message).also(from.span, "read from here");
    d.diagnostics.push(finding.help("take one of the two out"));
}
