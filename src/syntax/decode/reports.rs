//! `releases` and `reports`.

use crate::diag::Code;
use crate::diag::suggest::did_you_mean;
use crate::syntax::ast::Name;
use crate::syntax::decode::Decoder;
use crate::syntax::decode::fields::{Fields, Kind};
use crate::syntax::document::{ReleaseDef, ReportDef, SectionDef};
use crate::syntax::yaml::{Kind as NodeKind, Node, shown};

/// The sections that are one word.
const WORDS: [&str; 3] = ["objectives", "metrics", "benchmarks"];
const FORMS: &str =
    "a section is `objectives`, `metrics`, `benchmarks`, `{stage: NAME}`, `{metric: NAME}` or `{objective: NAME}`";

pub(super) fn release(d: &mut Decoder, name: Name, node: Node) -> Option<ReleaseDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("release", &name).main("at"))?;
    let at = f.required(d, "at", "at: 2026-10-02", Decoder::text);
    let title = f.optional(d, "title", Decoder::text);
    let description = f.optional(d, "description", Decoder::text);
    f.finish(d);
    Some(ReleaseDef { name, span, at: at?, title, description })
}

pub(super) fn report(d: &mut Decoder, name: Name, node: Node) -> Option<ReportDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("report", &name))?;
    let title = f.optional(d, "title", Decoder::text);
    let sections = f.required(d, "sections", "sections: [objectives, metrics]", |d, n| d.many(n, section));
    f.finish(d);
    Some(ReportDef { name, span, title, sections: sections? })
}

fn section(d: &mut Decoder, node: Node) -> Option<SectionDef> {
    if matches!(node.kind, NodeKind::Map(_)) {
        return one_of_a_kind(d, node);
    }
    let word = d.text(node)?;
    if WORDS.contains(&word.value.as_str()) {
        return Some(SectionDef::All(word));
    }
    if word.value == "experiments" {
        d.not_yet(word.span, "the section `experiments`");
        return None;
    }
    let near = did_you_mean(&word.value, WORDS);
    d.report(Code::WrongValue, word.span, format!("a report has no section `{}`{near}", shown(&word.value)), FORMS);
    None
}

/// `{stage: engagement}`.
fn one_of_a_kind(d: &mut Decoder, node: Node) -> Option<SectionDef> {
    let span = node.span;
    let mut f = Fields::of_node(d, node, Kind::part("section"))?;
    if f.later(d, "release").is_some() {
        return None;
    }
    let before = d.diagnostics.len();
    let mut given = Vec::new();
    given.extend(f.optional(d, "stage", Decoder::text).map(SectionDef::Stage));
    given.extend(f.optional(d, "metric", Decoder::text).map(SectionDef::Metric));
    given.extend(f.optional(d, "objective", Decoder::text).map(SectionDef::Objective));
    f.finish(d);
    if d.diagnostics.len() == before && given.len() != 1 {
        d.report(Code::WrongShape, span, "a section shows one thing", FORMS);
        return None;
    }
    given.pop()
}
