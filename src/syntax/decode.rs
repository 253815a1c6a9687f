//! From the YAML tree to definitions, by hand: each key of each kind of definition is read by name, and what is left over is unknown.
//!
//! A helper that returns `None` has said why, unless the key is merely absent.

mod aims;
mod allow;
mod data;
mod fields;
mod manifest;
mod measures;
mod reports;
mod trials;

use crate::diag::{Code, Diagnostic};
use crate::source::{FileId, Span, Spanned};
use crate::syntax::ast::{Expr, Name};
use crate::syntax::decode::fields::{Fields, Kind as What};
use crate::syntax::document::{Document, Text};
use crate::syntax::expr;
use crate::syntax::located::Located;
use crate::syntax::print;
use crate::syntax::yaml::{Kind, Map, Node, Scalar, shown};

pub(crate) use crate::syntax::decode::manifest::manifest;

/// The findings of one file, and how values become texts, names, expressions.
pub(crate) struct Decoder {
    pub(crate) file: FileId,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Each value that is an expression and how `print` writes it; kept only for those who ask.
    pub(crate) printed: Option<Vec<(Span, String)>>,
}

/// How much of a definition with a finding in it is still of use.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// What could be read: the rest of it stands on its own.
    WhatCouldBeRead,
    /// All of it: later stages would take what is missing for a second mistake.
    All,
}

pub(crate) fn document(d: &mut Decoder, root: Option<Node>) -> Document {
    let mut out = Document::empty(d.file);
    let Some(root) = root else { return out };
    let Some(mut f) = Fields::of_node(d, root, What::definition_file()) else { return out };
    let mut broken = Vec::new();
    section(d, &mut f, "sources", Needs::All, &mut broken, &mut out.sources, data::source);
    section(d, &mut f, "events", Needs::WhatCouldBeRead, &mut broken, &mut out.events, measures::event);
    section(d, &mut f, "spans", Needs::All, &mut broken, &mut out.spans, measures::spans);
    section(d, &mut f, "lookups", Needs::All, &mut broken, &mut out.lookups, data::lookup);
    section(d, &mut f, "segments", Needs::WhatCouldBeRead, &mut broken, &mut out.segments, measures::segment);
    section(d, &mut f, "metrics", Needs::WhatCouldBeRead, &mut broken, &mut out.metrics, measures::metric);
    section(d, &mut f, "benchmarks", Needs::All, &mut broken, &mut out.benchmarks, aims::benchmark);
    section(d, &mut f, "goals", Needs::WhatCouldBeRead, &mut broken, &mut out.goals, aims::goal);
    section(d, &mut f, "objectives", Needs::All, &mut broken, &mut out.objectives, aims::objective);
    section(d, &mut f, "releases", Needs::WhatCouldBeRead, &mut broken, &mut out.releases, reports::release);
    section(d, &mut f, "reports", Needs::WhatCouldBeRead, &mut broken, &mut out.reports, reports::report);
    section(d, &mut f, "tests", Needs::All, &mut broken, &mut out.tests, trials::test);
    broken.extend(f.later_section(d, "experiments").into_iter().flat_map(names_in));
    // What stands in a section with a mistyped name is meant to be there.
    broken.extend(f.finish(d).into_iter().flat_map(names_in));
    out.broken = broken;
    out
}

/// Reads the definitions of one section; those that cannot be used leave their names in `broken`.
fn section<'a, T>(
    d: &mut Decoder,
    file: &mut Fields<'a>,
    key: &'static str,
    needs: Needs,
    broken: &mut Vec<Name>,
    out: &mut Vec<T>,
    read: fn(&mut Decoder, Name, Node<'a>) -> Option<T>,
) {
    let Some(node) = file.take(key) else { return };
    let map = match node.kind {
        Kind::Map(map) => map,
        // All of its definitions are commented out.
        Kind::Empty | Kind::Broken => return,
        _ => {
            let message = format!("`{key}` is a map from names to definitions; found {}", node.what());
            d.report(
                Code::WrongShape,
                node.span,
                message,
                &format!("write `{key}:` and under it, indented, `NAME: …`"),
            );
            broken.extend(names_in(node));
            return;
        }
    };
    for entry in map.entries {
        let name = entry.key.map(|k| k.into_owned());
        d.check_name(&name);
        let before = d.diagnostics.len();
        let whole = is_whole(&entry.value);
        let definition = read(d, name.clone(), entry.value);
        let usable = whole && (needs == Needs::WhatCouldBeRead || d.diagnostics.len() == before);
        match definition {
            Some(definition) if usable => out.push(definition),
            _ => broken.push(name),
        }
    }
}

/// False when a syntax error cut it.
fn is_whole(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(_) | Kind::Empty => true,
        Kind::List(items) => items.iter().all(is_whole),
        Kind::Map(map) => map.complete && map.entries.iter().all(|e| is_whole(&e.value)),
        Kind::Broken => false,
    }
}

/// The names that a section which cannot be read would have given.
fn names_in(section: Node) -> Vec<Name> {
    match section.kind {
        Kind::Map(map) => map.entries.into_iter().map(|e| e.key.map(|k| k.into_owned())).collect(),
        Kind::List(items) => items.into_iter().flat_map(names_in).collect(),
        Kind::Scalar(_) | Kind::Empty | Kind::Broken => Vec::new(),
    }
}

impl Decoder {
    pub(crate) fn new(file: FileId) -> Self {
        Self { file, diagnostics: Vec::new(), printed: None }
    }

    fn report(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        self.diagnostics.push(Diagnostic::new(code, span, message).help(help));
    }

    fn not_yet(&mut self, span: Span, what: &str) {
        self.report(
            Code::NotYet,
            span,
            format!("{what} is not supported yet in this version of kepi"),
            "take it out for now",
        );
    }

    /// Letters of any script, digits, `_`, `$`; no digit first: what an expression can say without backticks.
    fn check_name(&mut self, name: &Name) {
        let text = &name.value;
        if expr::is_name(text) {
            return;
        }
        let mut cure: String =
            text.trim().chars().map(|c| if expr::is_name(&format!("_{c}")) { c } else { '_' }).collect();
        if !expr::is_name(&cure) {
            cure.insert(0, '_');
        }
        let message =
            format!("`{}` is no name: a name has letters, digits, `_` and `$`, and begins with no digit", shown(text));
        self.report(Code::BadName, name.span, message, &format!("write `{}`", shown(&cure)));
    }

    /// Says that a value has not the shape it needs, once.
    fn wrong_shape(&mut self, node: &Node, wanted: &str) {
        match node.kind {
            Kind::Broken => {}
            Kind::Empty => self.report(
                Code::NoValue,
                node.span,
                format!("a key without a value; expected {wanted}"),
                "write the value, or take the key out",
            ),
            _ => self.diagnostics.push(Diagnostic::new(
                Code::WrongShape,
                node.span,
                format!("expected {wanted}; found {}", node.what()),
            )),
        }
    }

    fn scalar<'a>(&mut self, node: Node<'a>, wanted: &str) -> Option<(Scalar<'a>, Span)> {
        match node.kind {
            Kind::Scalar(scalar) if scalar.text().trim().is_empty() => {
                self.report(
                    Code::NoValue,
                    node.span,
                    format!("an empty value; expected {wanted}"),
                    "write the value, or take the key out",
                );
                None
            }
            Kind::Scalar(scalar) => Some((scalar, node.span)),
            _ => {
                self.wrong_shape(&node, wanted);
                None
            }
        }
    }

    fn text(&mut self, node: Node) -> Option<Text> {
        self.scalar(node, "a text").map(|(s, span)| Spanned::new(s.text().to_string(), span))
    }

    fn located(&mut self, node: Node, wanted: &str) -> Option<Located> {
        self.scalar(node, wanted).map(|(s, span)| s.located(span))
    }

    /// What a parser of expressions makes of a value.
    fn parsed<T>(
        &mut self,
        node: Node,
        wanted: &str,
        parse: fn(&Located) -> Result<T, Vec<Diagnostic>>,
        print: fn(&T) -> String,
    ) -> Option<T> {
        let text = self.located(node, wanted)?;
        match parse(&text) {
            Ok(value) => {
                if let Some(printed) = &mut self.printed {
                    printed.push((text.whole(), print(&value)));
                }
                Some(value)
            }
            Err(findings) => {
                self.diagnostics.extend(findings);
                None
            }
        }
    }

    fn expr(&mut self, node: Node) -> Option<Expr> {
        self.parsed(node, "an expression", expr::expression, print::expr)
    }

    fn boolean(&mut self, node: Node) -> Option<Spanned<bool>> {
        let text = self.scalar(node, "`true` or `false`").map(|(s, span)| Spanned::new(s.text().to_string(), span))?;
        match text.value.as_str() {
            "true" => Some(text.map(|_| true)),
            "false" => Some(text.map(|_| false)),
            other => {
                let cure = match other.to_lowercase().as_str() {
                    "yes" | "on" | "y" | "true" | "1" => "write `true`",
                    "no" | "off" | "n" | "false" | "0" => "write `false`",
                    _ => "write `true` or `false`",
                };
                self.report(
                    Code::WrongValue,
                    text.span,
                    format!("`{}` is neither `true` nor `false`", shown(other)),
                    cure,
                );
                None
            }
        }
    }

    /// A list of values, or one value alone.
    fn many<'a, T>(
        &mut self,
        node: Node<'a>,
        mut read: impl FnMut(&mut Self, Node<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        match node.kind {
            Kind::List(items) => Some(items.into_iter().filter_map(|item| read(self, item)).collect()),
            Kind::Broken => None,
            _ => read(self, node).map(|one| vec![one]),
        }
    }

    fn texts(&mut self, node: Node) -> Option<Vec<Text>> {
        self.many(node, Self::text)
    }

    fn exprs(&mut self, node: Node) -> Option<Vec<Expr>> {
        self.many(node, Self::expr)
    }

    /// A map, or `None` with a finding.
    fn map<'a>(&mut self, node: Node<'a>, wanted: &str) -> Option<Map<'a>> {
        match node.kind {
            Kind::Map(map) => Some(map),
            _ => {
                self.wrong_shape(&node, wanted);
                None
            }
        }
    }
}
