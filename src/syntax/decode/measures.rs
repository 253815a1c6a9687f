//! `events`, `segments` and `metrics`: what is counted.

use crate::syntax::ast::Name;
use crate::syntax::decode::Decoder;
use crate::syntax::decode::allow::allow;
use crate::syntax::decode::data;
use crate::syntax::decode::fields::{Fields, Kind};
use crate::syntax::document::{EventDef, MetricDef, SegmentDef, SpansDef};
use crate::syntax::print;
use crate::syntax::yaml::Node;

pub(super) fn event(d: &mut Decoder, name: Name, node: Node) -> Option<EventDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("event", &name).main("expr"))?;
    let expr = f.required(d, "expr", "expr: SOURCE where …", Decoder::expr);
    let time = f.optional(d, "time", Decoder::text);
    let actor = f.optional(d, "actor", data::actor).unwrap_or_default();
    let title = f.optional(d, "title", Decoder::text);
    let description = f.optional(d, "description", Decoder::text);
    let owner = f.optional(d, "owner", Decoder::text);
    let allow = f.optional(d, "allow", allow).unwrap_or_default();
    f.finish(d);
    Some(EventDef { name, span, expr: expr?, time, actor, title, description, owner, allow })
}

pub(super) fn spans(d: &mut Decoder, name: Name, node: Node) -> Option<SpansDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("span", &name))?;
    let source = f.required(d, "source", "source: SOURCE", Decoder::expr);
    let from = f.required(d, "from", "from: COLUMN", Decoder::text);
    let until = f.required(d, "until", "until: COLUMN", Decoder::text);
    let actor = f.optional(d, "actor", data::actor).unwrap_or_default();
    let title = f.optional(d, "title", Decoder::text);
    let description = f.optional(d, "description", Decoder::text);
    let owner = f.optional(d, "owner", Decoder::text);
    let allow = f.optional(d, "allow", allow).unwrap_or_default();
    f.finish(d);
    Some(SpansDef { name, span, source: source?, from: from?, until: until?, actor, title, description, owner, allow })
}

pub(super) fn segment(d: &mut Decoder, name: Name, node: Node) -> Option<SegmentDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("segment", &name).main("expr"))?;
    let expr = f.required(d, "expr", "expr: CONDITION", Decoder::expr);
    let title = f.optional(d, "title", Decoder::text);
    let description = f.optional(d, "description", Decoder::text);
    f.finish(d);
    Some(SegmentDef { name, span, expr: expr?, title, description })
}

pub(super) fn metric(d: &mut Decoder, name: Name, node: Node) -> Option<MetricDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("metric", &name).main("expr"))?;
    let expr = f.required(d, "expr", "expr: count(EVENT)", Decoder::expr);
    let title = f.optional(d, "title", Decoder::text);
    let unit = f.optional(d, "unit", Decoder::text);
    let better = f.optional(d, "better", Decoder::text);
    let stage = f.optional(d, "stage", Decoder::text);
    let value_area = f.optional(d, "value_area", Decoder::text);
    let kind = f.optional(d, "kind", Decoder::text);
    let by = f.optional(d, "by", Decoder::exprs).unwrap_or_default();
    let grain = f.optional(d, "grain", Decoder::text);
    let owner = f.optional(d, "owner", Decoder::text);
    let description = f.optional(d, "description", Decoder::text);
    let source = f.optional(d, "source", Decoder::text);
    let model = f.optional(d, "model", Decoder::text);
    let allow = f.optional(d, "allow", allow).unwrap_or_default();
    f.finish(d);
    let expr = expr?;
    Some(MetricDef {
        name,
        span,
        formula: print::expr(&expr),
        expr,
        title,
        unit,
        better,
        stage,
        value_area,
        kind,
        by,
        grain,
        owner,
        description,
        source,
        model,
        allow,
    })
}
