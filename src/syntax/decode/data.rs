//! `sources` and `lookups`: where rows come from.

use crate::diag::{Code, Diagnostic};
use crate::syntax::ast::Name;
use crate::syntax::decode::Decoder;
use crate::syntax::decode::fields::{Fields, Kind};
use crate::syntax::document::{ColumnDef, LinkDef, LookupDef, SourceDef, Text, TextDef, TimeDef, ValidDef};
use crate::syntax::expr;
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
        actor: f.optional(d, "actor", Decoder::text),
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
    let files = f.required(d, "files", "files: FILE", Decoder::texts);
    let format = f.optional(d, "format", Decoder::text);
    let key = f.required(d, "key", "key: COLUMN", Decoder::texts).filter(|key| !key.is_empty());
    let actor = f.optional(d, "actor", Decoder::boolean);
    let links = f.optional(d, "links", links).unwrap_or_default();
    let columns = f.optional(d, "columns", columns).unwrap_or_default();
    let text = text_options(d, &mut f);
    let valid = f.optional(d, "valid", valid);
    f.finish(d);
    Some(LookupDef { name, span, files: files?, format, text, key: key?, actor, valid, links, columns })
}

/// `[from_date, to_date]`.
fn valid(d: &mut Decoder, node: Node) -> Option<ValidDef> {
    let span = node.span;
    match <[Text; 2]>::try_from(d.texts(node)?) {
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

fn text_options(d: &mut Decoder, f: &mut Fields<'_>) -> TextDef {
    TextDef {
        separator: f.optional(d, "separator", Decoder::text),
        quote: f.optional(d, "quote", Decoder::text),
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
                let (columns, lookup) = d.parsed(e.value, "`COLUMN -> LOOKUP`", expr::link)?;
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
