//! Cycles: among events, segments and metrics by the names their expressions mention, among goals and objectives by what they
//! support.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Code, Diagnostic};
use crate::resolve::{Named, Project};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, OptionWord};

/// Calls `visit` for every name that an expression may refer to something by: bare names and the heads of members.
pub fn mentions<'a>(expr: &'a Expr, visit: &mut impl FnMut(&'a str, Span)) {
    walk(expr, Place::Measured, &mut |part, _| {
        if let ExprKind::Name(name) = &part.kind {
            visit(name, part.span);
        }
    });
}

/// Calls `visit` for an expression and every expression in it.
pub fn parts<'a>(expr: &'a Expr, visit: &mut impl FnMut(&'a Expr)) {
    walk(expr, Place::Measured, &mut |part, _| visit(part));
}

/// Where in an expression a name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Measured,
    /// In a condition: a column, or a segment.
    Condition,
    /// After `per`: a column, or an event set.
    Key,
}

fn walk<'a>(expr: &'a Expr, place: Place, visit: &mut impl FnMut(&'a Expr, Place)) {
    visit(expr, place);
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Literal(_) => {}
        ExprKind::Member { of, args, .. } => {
            walk(of, place, visit);
            args.iter().flatten().for_each(|a| argument(a, place, visit));
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|a| argument(a, place, visit)),
        ExprKind::Negate(of) | ExprKind::Not(of) | ExprKind::Like { of, .. } | ExprKind::IsNull { of, .. } => {
            walk(of, place, visit);
        }
        ExprKind::Over { of, .. } => walk(of, place, visit),
        ExprKind::Binary { left, right, .. } => {
            walk(left, place, visit);
            walk(right, place, visit);
        }
        ExprKind::In { of, list, .. } => {
            walk(of, place, visit);
            list.iter().for_each(|e| walk(e, place, visit));
        }
        ExprKind::Between { of, low, high, .. } => [of, low, high].into_iter().for_each(|e| walk(e, place, visit)),
        ExprKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|e| walk(e, place, visit));
        }
        ExprKind::Where { of, condition } => {
            walk(of, place, visit);
            walk(condition, Place::Condition, visit);
        }
        ExprKind::Per { of, key, .. } => {
            walk(of, place, visit);
            walk(&key.expr, Place::Key, visit);
        }
    }
}

fn argument<'a>(arg: &'a Arg, place: Place, visit: &mut impl FnMut(&'a Expr, Place)) {
    match arg {
        Arg::Expr(expr) => walk(expr, place, visit),
        Arg::Chain(steps) => steps.iter().for_each(|step| walk(&step.expr, place, visit)),
        Arg::Option(word) => match &word.value {
            OptionWord::Excluding(e) | OptionWord::Same(e) | OptionWord::Id(e) => walk(e, place, visit),
            _ => {}
        },
    }
}

/// Reports each cycle once, at the first of its names, and marks its members as broken.
pub fn cycles(project: &mut Project, findings: &mut Vec<Diagnostic>) {
    let mut graph: Graph = BTreeMap::new();
    let broken = expressions(project, &mut graph, findings);
    project.broken.extend(broken);
    let mut lookups: Graph = BTreeMap::new();
    for lookup in &project.lookups {
        let next = lookup.links.iter().map(|l| (l.lookup.value.clone(), l.lookup.span)).collect();
        lookups.insert(lookup.name.value.clone(), Node { span: lookup.name.span, next });
    }
    for cycle in find(&lookups) {
        let help = "links lead from many rows to one, and end: take one of these out";
        findings.push(finding(&cycle, &lookups, Code::DefinitionCycle, "links back to itself", help));
    }
    let mut aims: Graph = BTreeMap::new();
    for goal in &project.goals {
        let parents = goal.parent.iter().map(|p| (p.value.clone(), p.span)).collect();
        aims.insert(goal.name.value.clone(), Node { span: goal.name.span, next: parents });
    }
    for objective in &project.objectives {
        let next = objective.supports.iter().map(|p| (p.value.clone(), p.span)).collect();
        aims.insert(objective.name.value.clone(), Node { span: objective.name.span, next });
    }
    for cycle in find(&aims) {
        findings.push(finding(
            &cycle,
            &aims,
            Code::AimCycle,
            "supports itself",
            "an aim supports one that is above it",
        ));
    }
}

fn expressions(project: &Project, graph: &mut Graph, findings: &mut Vec<Diagnostic>) -> BTreeSet<String> {
    let events = project.events.iter().map(|d| (&d.name, &d.expr, Rank::Event));
    let spans = project.spans.iter().map(|d| (&d.name, &d.source, Rank::Event));
    let segments = project.segments.iter().map(|d| (&d.name, &d.expr, Rank::Segment));
    let metrics = project.metrics.iter().map(|d| (&d.name, &d.expr, Rank::Metric));
    for (name, expr, rank) in events.chain(spans).chain(segments).chain(metrics) {
        let mut next = Vec::new();
        walk(expr, Place::Measured, &mut |part, place| {
            let ExprKind::Name(mentioned) = &part.kind else { return };
            // A column may have the name of a metric: only what could be meant makes an edge.
            let reachable = match project.names.get(mentioned) {
                Some(Named::Event(_) | Named::Spans(_)) => place != Place::Condition,
                Some(Named::Segment(_)) => place != Place::Key && (rank != Rank::Segment || *mentioned != name.value),
                Some(Named::Metric(_)) => rank == Rank::Metric && place == Place::Measured,
                Some(Named::Source(_)) | None => false,
            };
            if reachable && !next.iter().any(|(n, _)| n == mentioned) {
                next.push((mentioned.clone(), part.span));
            }
        });
        graph.insert(name.value.clone(), Node { span: name.span, next });
    }
    let mut broken = BTreeSet::new();
    for cycle in find(graph) {
        findings.push(finding(
            &cycle,
            graph,
            Code::DefinitionCycle,
            "is defined by itself",
            "write what one of them is without the others",
        ));
        broken.extend(cycle);
    }
    broken
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Event,
    Segment,
    Metric,
}

type Graph = BTreeMap<String, Node>;

struct Node {
    span: Span,
    next: Vec<(String, Span)>,
}

fn finding(cycle: &[String], graph: &Graph, code: Code, what: &str, help: &str) -> Diagnostic {
    let first = &cycle[0];
    let mut path: Vec<String> = cycle.iter().map(|n| format!("`{n}`")).collect();
    path.push(format!("`{first}`"));
    let node = &graph[first];
    let span = node.next.iter().find(|(n, _)| Some(n) == cycle.get(1).or(Some(first))).map_or(node.span, |(_, s)| *s);
    Diagnostic::new(code, span, format!("`{first}` {what}: {}", path.join(" -> "))).help(help)
}

/// The cycles of a graph, each once, in the order of their first names. Iterative: a chain of definitions may be long.
fn find(graph: &Graph) -> Vec<Vec<String>> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut cycles = Vec::new();
    for start in graph.keys() {
        let mut path: Vec<(&str, usize)> = Vec::new();
        let mut on_path: BTreeSet<&str> = BTreeSet::new();
        if done.insert(start) {
            path.push((start, 0));
            on_path.insert(start);
        }
        while let Some((name, index)) = path.last_mut() {
            let next = graph.get(*name).and_then(|node| node.next.get(*index));
            *index += 1;
            match next {
                None => {
                    on_path.remove(*name);
                    path.pop();
                }
                Some((to, _)) if on_path.contains(to.as_str()) => {
                    let from = path.iter().position(|(n, _)| n == to).unwrap_or(0);
                    cycles.push(path[from..].iter().map(|(n, _)| (*n).to_string()).collect());
                }
                Some((to, _)) => {
                    if graph.contains_key(to) && done.insert(to) {
                        path.push((to, 0));
                        on_path.insert(to);
                    }
                }
            }
        }
    }
    cycles
}
