//! `benchmarks`, `goals` and `objectives`: what is aimed at.

use crate::diag::Code;
use crate::syntax::ast::{Baseline, Guardrail, Name};
use crate::syntax::decode::Decoder;
use crate::syntax::decode::allow::allow;
use crate::syntax::decode::fields::{Fields, Kind};
use crate::syntax::document::{ActionDef, BenchmarkDef, BenchmarkValue, ChangeDef, GoalDef, ObjectiveDef, Text};
use crate::syntax::expr;
use crate::syntax::print;
use crate::syntax::yaml::{Kind as NodeKind, Node};

pub(super) fn benchmark(d: &mut Decoder, name: Name, node: Node) -> Option<BenchmarkDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("benchmark", &name))?;
    let metric = f.required(d, "metric", "metric: METRIC", Decoder::expr);
    let value = f.required(d, "value", "value: …", benchmark_value);
    let kind = f.optional(d, "kind", Decoder::text);
    let title = f.optional(d, "title", Decoder::text);
    let source = f.optional(d, "source", Decoder::text);
    let as_of = f.optional(d, "as_of", Decoder::text);
    let expires = f.optional(d, "expires", Decoder::text);
    let allow = f.optional(d, "allow", allow).unwrap_or_default();
    f.finish(d);
    Some(BenchmarkDef { name, span, metric: metric?, kind, value: value?, title, source, as_of, expires, allow })
}

/// A baseline, or `{p25: …, p50: …}`.
fn benchmark_value(d: &mut Decoder, node: Node) -> Option<BenchmarkValue> {
    let NodeKind::Map(map) = node.kind else { return baseline(d, node).map(BenchmarkValue::One) };
    if map.entries.is_empty() {
        d.report(Code::NoValue, node.span, "no quantiles between the braces", "write `{p50: …}`, or one value");
        return None;
    }
    let mut quantiles = Vec::with_capacity(map.entries.len());
    for entry in map.entries {
        let name = entry.key.map(|k| k.into_owned());
        if let Some(amount) = baseline(d, entry.value) {
            quantiles.push((name, amount));
        }
    }
    Some(BenchmarkValue::Quantiles(quantiles))
}

fn baseline(d: &mut Decoder, node: Node) -> Option<Baseline> {
    d.parsed(node, "a value (an amount, a period, `last 8 weeks`)", expr::baseline, print::baseline)
}

pub(super) fn goal(d: &mut Decoder, name: Name, node: Node) -> Option<GoalDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("goal", &name).main("title"))?;
    let definition = GoalDef {
        name,
        span,
        title: f.optional(d, "title", Decoder::text),
        description: f.optional(d, "description", Decoder::text),
        parent: f.optional(d, "parent", Decoder::text),
        owner: f.optional(d, "owner", Decoder::text),
        allow: f.optional(d, "allow", allow).unwrap_or_default(),
    };
    f.finish(d);
    Some(definition)
}

pub(super) fn objective(d: &mut Decoder, name: Name, node: Node) -> Option<ObjectiveDef> {
    let span = name.span.to(node.span);
    let mut f = Fields::of_node(d, node, Kind::definition("objective", &name))?;
    let (on_track, at_risk) = f.optional(d, "thresholds", thresholds).unwrap_or_default();
    let definition = ObjectiveDef {
        name,
        span,
        title: f.optional(d, "title", Decoder::text),
        metric: f.optional(d, "metric", Decoder::expr),
        target: f.optional(d, "target", |d, n| d.parsed(n, "a target", expr::target, print::target)),
        due: f.optional(d, "due", Decoder::text),
        start: f.optional(d, "start", Decoder::text),
        created: f.optional(d, "created", Decoder::text),
        owner: f.optional(d, "owner", Decoder::text),
        supports: f.optional(d, "supports", Decoder::text),
        because: f.optional(d, "because", Decoder::text),
        population: f.optional(d, "population", Decoder::text),
        compare: f.optional(d, "compare", Decoder::texts).unwrap_or_default(),
        guardrails: f.optional(d, "guardrails", |d, n| d.many(n, guardrail)).unwrap_or_default(),
        check_in: f.optional(d, "check_in", Decoder::text),
        actions: f.optional(d, "actions", |d, n| d.many(n, action)).unwrap_or_default(),
        aspirational: f.optional(d, "aspirational", Decoder::boolean),
        latch: f.optional(d, "latch", Decoder::boolean),
        on_track,
        at_risk,
        allow: f.optional(d, "allow", allow).unwrap_or_default(),
        changes: f.optional(d, "changes", |d, n| d.many(n, change)).unwrap_or_default(),
    };
    f.finish(d);
    Some(definition)
}

fn guardrail(d: &mut Decoder, node: Node) -> Option<Guardrail> {
    d.parsed(node, "a guardrail (`crash_rate <= 1%`)", expr::guardrail, print::guardrail)
}

fn thresholds(d: &mut Decoder, node: Node) -> Option<(Option<Text>, Option<Text>)> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        d.wrong_shape(&node, "a map (`{on_track: 70%, at_risk: 30%}`)");
        return None;
    }
    let mut f = Fields::of_node(d, node, Kind::part("map of thresholds"))?;
    let pair = (f.optional(d, "on_track", Decoder::text), f.optional(d, "at_risk", Decoder::text));
    f.finish(d);
    Some(pair)
}

fn action(d: &mut Decoder, node: Node) -> Option<ActionDef> {
    let span = node.span;
    let mut f = Fields::of_node(d, node, Kind::part("action"))?;
    let what = f.required(d, "do", "do: …", Decoder::text);
    let owner = f.optional(d, "owner", Decoder::text);
    let due = f.optional(d, "due", Decoder::text);
    let release = f.optional(d, "release", Decoder::text);
    let expect = f.optional(d, "expect", |d, n| d.parsed(n, "an effect (`+8%`)", expr::effect, print::effect));
    let status = f.optional(d, "status", Decoder::text);
    f.finish(d);
    Some(ActionDef { span, what: what?, owner, due, release, expect, status })
}

fn change(d: &mut Decoder, node: Node) -> Option<ChangeDef> {
    let span = node.span;
    let mut f = Fields::of_node(d, node, Kind::part("change"))?;
    let definition = ChangeDef {
        span,
        on: f.optional(d, "on", Decoder::text),
        what: f.optional(d, "what", Decoder::text),
        was: f.optional(d, "was", Decoder::text),
        reason: f.optional(d, "reason", Decoder::text),
    };
    f.finish(d);
    Some(definition)
}
