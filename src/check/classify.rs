//! What an expression is, told by its names alone: an event set, something of one row, a metric, a distribution or series.

use crate::check::scope::Scope;
use crate::functions::{AggregateName, Role, find};
use crate::resolve::Named;
use crate::syntax::ast::{Arg, BinaryOp, Expr, ExprKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A literal: goes with each of the others.
    Literal,
    Set,
    Row,
    Metric,
    Collection,
}

impl Scope {
    pub(super) fn classify(&self, ast: &Expr) -> Class {
        match &ast.kind {
            ExprKind::Literal(_) => Class::Literal,
            ExprKind::Name(name) => match self.named(name) {
                Some(Named::Source(_) | Named::Event(_)) => Class::Set,
                Some(Named::Metric(_)) => Class::Metric,
                Some(Named::Segment(_) | Named::Spans(_)) | None => Class::Row,
            },
            ExprKind::Member { of, field, .. } => match &of.kind {
                ExprKind::Call { name, .. }
                    if find(&name.value).is_some_and(|f| matches!(f.role, Role::Journey(_))) =>
                {
                    if field.value == "time" { Class::Collection } else { Class::Metric }
                }
                _ => Class::Row,
            },
            ExprKind::Call { name, args } => self.classify_call(&name.value, args),
            ExprKind::Negate(of) | ExprKind::Not(of) | ExprKind::IsNull { of, .. } | ExprKind::Like { of, .. } => {
                self.classify(of).max(Class::Row)
            }
            ExprKind::Binary { op, left, right } => match (op, self.classify(left), self.classify(right)) {
                (BinaryOp::Or, Class::Set, Class::Set) => Class::Set,
                (BinaryOp::Or, Class::Set, Class::Literal) | (BinaryOp::Or, Class::Literal, Class::Set) => Class::Set,
                (_, Class::Literal, Class::Literal) => Class::Literal,
                (_, l, r) => l.max(r).max(Class::Row),
            },
            ExprKind::In { of, .. } | ExprKind::Between { of, .. } => self.classify(of).max(Class::Row),
            ExprKind::If { condition, then, otherwise } => [condition, then, otherwise]
                .into_iter()
                .map(|e| self.classify(e))
                .max()
                .unwrap_or(Class::Row)
                .max(Class::Row),
            ExprKind::Where { of, .. } | ExprKind::Over { of, .. } => self.classify(of),
            ExprKind::Per { of, .. } => match &of.kind {
                ExprKind::Call { name, args } if self.classify_call(&name.value, args) == Class::Set => Class::Set,
                _ => Class::Collection,
            },
        }
    }

    fn classify_call(&self, name: &str, args: &[Arg]) -> Class {
        let classes = || {
            args.iter().filter_map(|a| match a {
                Arg::Expr(e) => Some(self.classify(e)),
                _ => None,
            })
        };
        match find(name).map(|f| f.role) {
            Some(Role::Aggregate(AggregateName::First | AggregateName::Last))
                if classes().next() == Some(Class::Set) =>
            {
                Class::Set
            }
            Some(Role::Aggregate(_) | Role::Form(_) | Role::Journey(_) | Role::Survey(_)) => Class::Metric,
            Some(Role::Set(_)) => Class::Set,
            Some(Role::Row(_)) => Class::Row,
            Some(Role::Scalar(..)) | None => match classes().max() {
                Some(Class::Metric) => Class::Metric,
                Some(Class::Collection) => Class::Collection,
                Some(Class::Literal) => Class::Literal,
                _ => Class::Row,
            },
        }
    }
}
