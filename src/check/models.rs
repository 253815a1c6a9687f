//! Metrics that say what would be if something went on as it is, such as a lifetime value made of a rate of churn.

use std::collections::BTreeSet;

use crate::resolve::{Named, Project, mentions, parts};
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOp, Expr, ExprKind};
use crate::syntax::document::MetricDef;

/// What a metric assumes: as it says itself, or as one that it is made of does.
pub(super) fn model<'a>(project: &'a Project, def: &'a MetricDef) -> Option<&'a str> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![def]);
    while let Some(def) = next.pop() {
        if let Some(model) = &def.model {
            return Some(&model.value);
        }
        mentions(&def.expr, &mut |name, _| {
            if let Some(Named::Metric(at)) = project.names.get(name)
                && seen.insert(at)
            {
                next.extend(project.metrics.get(at));
            }
        });
    }
    None
}

/// Where something is divided by a rate of churn: for so long it would last, were that rate the same for all and for ever.
/// One rate of churn for each of another compares the two.
pub(super) fn constant_hazard(project: &Project, expr: &Expr) -> Option<Span> {
    let mut found = None;
    parts(expr, &mut |part| {
        if let ExprKind::Binary { op: BinaryOp::Divide, left, right } = &part.kind
            && found.is_none()
            && Rates::of(project).is_lost(right)
            && !Rates::of(project).is_lost(left)
        {
            found = Some(part.span);
        }
    });
    found
}

/// Tells rates of churn by how they are written, through the names of metrics.
struct Rates<'a> {
    project: &'a Project,
    /// Metrics that were looked into.
    seen: BTreeSet<usize>,
}

impl<'a> Rates<'a> {
    fn of(project: &'a Project) -> Self {
        Self { project, seen: BTreeSet::new() }
    }

    /// Whether it is the share of actors, or of money, that is lost.
    fn is_lost(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => match self.project.names.get(name) {
                Some(Named::Metric(at)) if self.seen.insert(at) => {
                    self.project.metrics.get(at).is_some_and(|def| self.is_lost(&def.expr))
                }
                _ => false,
            },
            ExprKind::Call { name, args } => match name.value.as_str() {
                "churn" => true,
                "coalesce" | "greatest" | "least" | "round" | "abs" | "ago" | "total" | "mean" | "median" => {
                    matches!(args.first(), Some(Arg::Expr(of)) if self.is_lost(of))
                }
                _ => false,
            },
            ExprKind::Where { of, .. } | ExprKind::Over { of, .. } | ExprKind::Per { of, .. } => self.is_lost(of),
            ExprKind::If { then, otherwise, .. } => self.is_lost(then) || self.is_lost(otherwise),
            ExprKind::Binary { op, left, right } => match op {
                BinaryOp::Subtract if is_number(left) => is_kept(right),
                BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply => self.is_lost(left) || self.is_lost(right),
                BinaryOp::Divide if is_number(right) => self.is_lost(left),
                BinaryOp::Divide => goes(left) && !goes(right),
                _ => false,
            },
            _ => false,
        }
    }
}

fn is_number(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(_))
}

/// A share of those who stay.
fn is_kept(expr: &Expr) -> bool {
    let mut found = false;
    parts(expr, &mut |part| found |= matches!(&part.kind, ExprKind::Call { name, .. } if name.value == "retention"));
    found
}

/// Counts what ends: `count(ended(S))`, `churn(S).numerator`.
fn goes(expr: &Expr) -> bool {
    let mut found = false;
    parts(expr, &mut |part| {
        found |= match &part.kind {
            ExprKind::Call { name, .. } => name.value == "ended" || name.value == "dormant",
            ExprKind::Member { of, field, .. } => {
                field.value == "numerator" && matches!(&of.kind, ExprKind::Call { name, .. } if name.value == "churn")
            }
            _ => false,
        };
    });
    found
}
