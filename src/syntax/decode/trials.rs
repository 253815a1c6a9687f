//! `tests`: rows given, values expected.

use crate::source::Spanned;
use crate::syntax::ast::Name;
use crate::syntax::decode::Decoder;
use crate::syntax::decode::fields::{Fields, Kind};
use crate::syntax::document::Text;
use crate::syntax::located::Located;
use crate::syntax::trial::{Asked, Cell, ExpectedDef, GivenDef, TestDef};
use crate::syntax::yaml::{Kind as NodeKind, Node};

pub(super) fn test(d: &mut Decoder, name: Name, node: Node) -> Option<TestDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("test", &name))?;
    let definition = TestDef {
        name,
        span,
        title: f.optional(d, "title", Decoder::text),
        given: f.optional(d, "given", |d, n| named(d, n, given)).unwrap_or_default(),
        as_of: f.optional(d, "as_of", Decoder::text),
        expect: f.optional(d, "expect", |d, n| asked(d, n, expected)).unwrap_or_default(),
        holds: f.optional(d, "holds", |d, n| asked(d, n, Decoder::text)).unwrap_or_default(),
        tolerance: f.optional(d, "tolerance", Decoder::text),
        findings: f.optional(d, "findings", Decoder::texts).unwrap_or_default(),
    };
    f.finish(d);
    Some(definition)
}

type Read<'a, T> = fn(&mut Decoder, Node<'a>) -> Option<T>;

fn named<'a, T>(d: &mut Decoder, node: Node<'a>, read: Read<'a, T>) -> Option<Vec<(Name, T)>> {
    let map = d.map(node, "a map from names")?;
    let entries = map.entries.into_iter();
    Some(entries.filter_map(|e| read(d, e.value).map(|value| (e.key.map(|k| k.into_owned()), value))).collect())
}

fn asked<'a, T>(d: &mut Decoder, node: Node<'a>, read: Read<'a, T>) -> Option<Vec<(Asked, T)>> {
    let file = d.file;
    let key = |name: Name| Asked {
        span: name.span,
        text: Located::plain(name.value, file, usize::try_from(name.span.start).unwrap_or(0)),
    };
    Some(named(d, node, read)?.into_iter().map(|(name, value)| (key(name), value)).collect())
}

fn given(d: &mut Decoder, node: Node) -> Option<GivenDef> {
    match node.kind {
        NodeKind::List(items) => Some(GivenDef::Rows(items.into_iter().filter_map(|item| row(d, item)).collect())),
        NodeKind::Scalar(_) => d.text(node).map(GivenDef::File),
        _ => {
            d.wrong_shape(&node, "a list of rows (`[{ts: 2026-01-01, user_id: 1}]`), or the path of a file");
            None
        }
    }
}

fn row(d: &mut Decoder, node: Node) -> Option<Vec<(Name, Cell)>> {
    let map = d.map(node, "a row (`{ts: 2026-01-01, user_id: 1}`)")?;
    let cells = map.entries.into_iter().filter_map(|e| {
        let cell = match e.value.kind {
            NodeKind::Scalar(ref scalar) => {
                let (text, quoted) = (scalar.text().to_owned(), !scalar.is_plain());
                Cell { text: Spanned::new(text, e.value.span), quoted }
            }
            NodeKind::Empty => Cell { text: Spanned::new("null".to_owned(), e.value.span), quoted: false },
            _ => {
                d.wrong_shape(&e.value, "a value");
                return None;
            }
        };
        Some((e.key.map(|k| k.into_owned()), cell))
    });
    Some(cells.collect())
}

fn expected(d: &mut Decoder, node: Node) -> Option<ExpectedDef> {
    match node.kind {
        NodeKind::Map(_) => named(d, node, expected).map(ExpectedDef::By),
        NodeKind::List(items) => {
            let rows = items.into_iter().filter_map(|item| {
                let span = item.span;
                named(d, item, value).map(|cells| Spanned::new(cells, span))
            });
            Some(ExpectedDef::Rows(rows.collect()))
        }
        _ => value(d, node).map(ExpectedDef::Value),
    }
}

/// A value, or that there is none.
fn value(d: &mut Decoder, node: Node) -> Option<Text> {
    match node.kind {
        NodeKind::Empty => Some(Spanned::new("null".to_owned(), node.span)),
        _ => d.text(node),
    }
}
