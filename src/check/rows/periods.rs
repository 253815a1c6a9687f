//! Times beside periods: `time >= 2026-03` begins with March, `time <= 2026-03` ends with it, `time = 2026-03` lies in it.

use crate::calendar::PeriodLiteral;
use crate::check::algebra::{Node, Shape, Typer};
use crate::check::findings::{Check, called};
use crate::check::rows::{Rows, and, is_comparison, or, pair};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Comparison, RowExpr, ScalarType};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Literal};
use crate::unit::Unit;
use crate::value::Value;

fn period(ast: &Expr) -> Option<&PeriodLiteral> {
    match &ast.kind {
        ExprKind::Literal(Literal::Period(period)) => Some(period),
        _ => None,
    }
}

/// `a op b` as `b op' a`.
fn flipped(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterOrEqual => BinaryOp::LessOrEqual,
        other => other,
    }
}

/// Whether it is a comparison with a period.
pub(super) fn is_of_periods(ast: &Expr) -> bool {
    match &ast.kind {
        ExprKind::Binary { op, left, right } if is_comparison(*op) => period(left).is_some() != period(right).is_some(),
        ExprKind::Between { low, high, .. } => period(low).is_some() && period(high).is_some(),
        ExprKind::In { list, .. } => list.iter().any(|item| period(item).is_some()),
        _ => false,
    }
}

impl<'a> Rows<'_, 'a> {
    /// The comparison with a period that it is.
    pub(super) fn with_periods(&self, ast: &'a Expr) -> Check<RowExpr> {
        match &ast.kind {
            ExprKind::Binary { op, left, right } => match (period(left), period(right)) {
                (None, Some(p)) => self.beside(*op, (self.expr(left)?, left), (p, right)),
                (Some(p), None) => self.beside(flipped(*op), (self.expr(right)?, right), (p, left)),
                _ => Err(self.cx.internal(ast.span, "a comparison with a period that is none")),
            },
            ExprKind::Between { of, low, high, negated } => {
                let (Some(from), Some(to)) = (period(low), period(high)) else {
                    return Err(self.cx.internal(ast.span, "a range of periods that is none"));
                };
                let node = self.expr(of)?;
                let above = self.beside(BinaryOp::GreaterOrEqual, (node.clone(), of), (from, low));
                let below = self.beside(BinaryOp::LessOrEqual, (node, of), (to, high));
                let (above, below) = pair(above, below)?;
                self.not_if(*negated, and(Some(above), below), ast.span)
            }
            ExprKind::In { of, list, negated } => self.in_periods(of, list, *negated, ast.span),
            _ => Err(self.cx.internal(ast.span, "a comparison with a period that is none")),
        }
    }

    fn in_periods(&self, of: &'a Expr, list: &'a [Expr], negated: bool, span: Span) -> Check<RowExpr> {
        let node = self.expr(of)?;
        let mut any = None;
        for item in list {
            let Some(p) = period(item) else {
                let message = "a list holds periods or single values, not both";
                return self.cx.fail(Diagnostic::new(Code::TypeMismatch, item.span, message));
            };
            any = Some(or(any, self.beside(BinaryOp::Equal, (node.clone(), of), (p, item))?));
        }
        match any {
            Some(any) => self.not_if(negated, any, span),
            None => Err(self.cx.internal(span, "an empty list")),
        }
    }

    fn not_if(&self, negated: bool, node: RowExpr, span: Span) -> Check<RowExpr> {
        if negated { self.build(Shape::Not(node), ScalarType::Bool, Unit::none(), span) } else { Ok(node) }
    }

    fn beside(
        &self,
        op: BinaryOp,
        (node, ast): (RowExpr, &Expr),
        (period, at): (&PeriodLiteral, &Expr),
    ) -> Check<RowExpr> {
        let calendar = &self.cx.scope.project.settings.calendar;
        let interval = calendar.literal(period).map_err(|e| self.cx.report(e.at(at.span)))?.interval;
        let bound = |t| match node.ty() {
            ScalarType::Date => (Value::Date(calendar.local(t).date()), ScalarType::Date),
            _ => (Value::Instant(t), ScalarType::Instant),
        };
        if !matches!(node.ty(), ScalarType::Date | ScalarType::Instant) && !node.ty().is_open() {
            let message = format!("{} is compared with a period", called(node.ty()));
            let finding = Diagnostic::new(Code::TypeMismatch, at.span, message);
            return self.cx.fail(finding.label("a period").also(ast.span, called(node.ty())));
        }
        let (start, end) = (bound(interval.start), bound(interval.end));
        let span = ast.span.to(at.span);
        let compare = |op, (value, ty): (Value, ScalarType)| {
            let literal = self.build(Shape::Literal(value), ty, Unit::none(), at.span)?;
            self.build(Shape::Compare(op, node.clone(), literal), ScalarType::Bool, Unit::none(), span)
        };
        match op {
            BinaryOp::Less => compare(Comparison::Less, start),
            BinaryOp::GreaterOrEqual => compare(Comparison::GreaterOrEqual, start),
            BinaryOp::LessOrEqual => compare(Comparison::Less, end),
            BinaryOp::Greater => compare(Comparison::GreaterOrEqual, end),
            _ => {
                let (from, to) = pair(compare(Comparison::GreaterOrEqual, start), compare(Comparison::Less, end))?;
                self.not_if(op == BinaryOp::NotEqual, and(Some(from), to), span)
            }
        }
    }
}
