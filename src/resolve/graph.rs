//! Cycles: among events, segments and metrics by the names their expressions mention, among goals and objectives by what they
//! support.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Code, Diagnostic};
use crate::resolve::{Named, Project};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Name, OptionWord};

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
    let graph = expressions(project);
    let mut broken = BTreeSet::new();
    for cycle in find(&graph) {
        let help = "write what one of them is without the others";
        findings.push(finding(&cycle, &graph, Code::DefinitionCycle, "is defined by itself", help));
        broken.extend(cycle.iter().map(|at| graph[*at].name.to_owned()));
    }
    project.broken.extend(broken);
    let lookups = graph_of(project.lookups.iter().map(|def| {
        let next = def.links.iter().map(|l| &l.lookup).collect();
        (&def.name, next)
    }));
    for cycle in find(&lookups) {
        let help = "links lead from many rows to one, and end: take one of these out";
        findings.push(finding(&cycle, &lookups, Code::DefinitionCycle, "links back to itself", help));
    }
    let goals = project.goals.iter().map(|def| (&def.name, def.parent.iter().collect()));
    let objectives = project.objectives.iter().map(|def| (&def.name, def.supports.iter().collect()));
    let aims = graph_of(goals.chain(objectives));
    for cycle in find(&aims) {
        let help = "an aim supports one that is above it";
        findings.push(finding(&cycle, &aims, Code::AimCycle, "supports itself", help));
    }
}

struct Node<'a> {
    name: &'a str,
    span: Span,
    /// What it refers to, and where it does.
    next: Vec<(usize, Span)>,
}

/// The graph of definitions and the names that they give.
fn graph_of<'a>(defs: impl Iterator<Item = (&'a Name, Vec<&'a Name>)>) -> Vec<Node<'a>> {
    let defs: Vec<_> = defs.collect();
    let index: BTreeMap<&str, usize> =
        defs.iter().enumerate().map(|(at, (name, _))| (name.value.as_str(), at)).collect();
    let place = |to: &&Name| Some((*index.get(to.value.as_str())?, to.span));
    let node = |(name, next): &(&'a Name, Vec<&'a Name>)| Node {
        name: &name.value,
        span: name.span,
        next: next.iter().filter_map(place).collect(),
    };
    defs.iter().map(node).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Event,
    Segment,
    Metric,
}

/// The graph of events, spans, segments and metrics, in this order.
fn expressions<'a>(project: &'a Project) -> Vec<Node<'a>> {
    let events = project.events.iter().map(|d| (&d.name, &d.expr, Rank::Event));
    let spans = project.spans.iter().map(|d| (&d.name, &d.source, Rank::Event));
    let segments = project.segments.iter().map(|d| (&d.name, &d.expr, Rank::Segment));
    let metrics = project.metrics.iter().map(|d| (&d.name, &d.expr, Rank::Metric));
    let (of_spans, of_segments) = (project.events.len(), project.events.len() + project.spans.len());
    let of_metrics = of_segments + project.segments.len();
    let node = |(at, (name, expr, rank)): (usize, (&'a Name, &'a Expr, Rank))| {
        let mut next: Vec<(usize, Span)> = Vec::new();
        walk(expr, Place::Measured, &mut |part, place| {
            let ExprKind::Name(mentioned) = &part.kind else { return };
            // A column may have the name of a metric: only what could be meant makes an edge.
            let to = match project.names.get(mentioned) {
                Some(Named::Event(i)) if place != Place::Condition => i,
                Some(Named::Spans(i)) if place != Place::Condition => of_spans + i,
                Some(Named::Segment(i)) if place != Place::Key && (rank != Rank::Segment || of_segments + i != at) => {
                    of_segments + i
                }
                Some(Named::Metric(i)) if rank == Rank::Metric && place == Place::Measured => of_metrics + i,
                _ => return,
            };
            if !next.iter().any(|(known, _)| *known == to) {
                next.push((to, part.span));
            }
        });
        Node { name: &name.value, span: name.span, next }
    };
    events.chain(spans).chain(segments).chain(metrics).enumerate().map(node).collect()
}

fn finding(cycle: &[usize], graph: &[Node], code: Code, what: &str, help: &str) -> Diagnostic {
    let node = &graph[cycle[0]];
    let path: Vec<String> = cycle.iter().chain(&cycle[..1]).map(|at| format!("`{}`", graph[*at].name)).collect();
    let to = cycle.get(1).unwrap_or(&cycle[0]);
    let span = node.next.iter().find(|(at, _)| at == to).map_or(node.span, |(_, span)| *span);
    Diagnostic::new(code, span, format!("`{}` {what}: {}", node.name, path.join(" -> "))).help(help)
}

/// The cycles of a graph, each once, in the order of their first names. Iterative: a chain of definitions may be long.
fn find(graph: &[Node]) -> Vec<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Visit {
        Not,
        OnPath,
        Done,
    }
    let mut visits = vec![Visit::Not; graph.len()];
    let mut starts: Vec<usize> = (0..graph.len()).filter(|at| !graph[*at].next.is_empty()).collect();
    starts.sort_unstable_by_key(|at| graph[*at].name);
    let mut cycles = Vec::new();
    let mut path: Vec<(usize, usize)> = Vec::new();
    for start in starts {
        if visits[start] == Visit::Not {
            visits[start] = Visit::OnPath;
            path.push((start, 0));
        }
        while let Some((at, index)) = path.last_mut() {
            let (from, next) = (*at, graph[*at].next.get(*index));
            *index += 1;
            match next.map(|(to, _)| (*to, visits[*to])) {
                None => {
                    visits[from] = Visit::Done;
                    path.pop();
                }
                Some((to, Visit::OnPath)) => {
                    let begin = path.iter().position(|(at, _)| *at == to).unwrap_or(0);
                    cycles.push(path[begin..].iter().map(|(at, _)| *at).collect());
                }
                Some((to, Visit::Not)) => {
                    visits[to] = Visit::OnPath;
                    path.push((to, 0));
                }
                Some((_, Visit::Done)) => {}
            }
        }
    }
    cycles
}
