//! `guardrails`: what must not get worse on the way.

use crate::check::objectives::{Checker, Subject};
use crate::diag::Code;
use crate::ir::{Better, Change, Comparison, Guardrail, GuardrailBound};
use crate::syntax::ast::{self, AmountKind, BinaryOp, Expr, ExprKind};
use crate::syntax::print;

impl Checker<'_> {
    pub(super) fn guardrail(&mut self, guardrail: &ast::Guardrail) -> Option<Guardrail> {
        let name = &guardrail.metric;
        let expr = Expr { kind: ExprKind::Name(name.value.clone()), span: name.span };
        let typed = self.typed(&expr, guardrail.condition.as_ref())?;
        let found = typed.metric.and_then(|id| Some((id, self.metrics.get(id.0 as usize)?)));
        let Some((metric, definition)) = found else {
            let message = format!("`{}` is no metric", name.value);
            self.report_at(Code::NameOfOtherKind, name.span, message, "a guardrail is a metric and its bound");
            return None;
        };
        let of = Subject { expr: &typed.expr, display: &typed.display };
        let bound = match &guardrail.bound {
            ast::GuardrailBound::Compare { op, amount } => {
                let AmountKind::Literal(literal) = &amount.kind else {
                    let message = "the bound of a guardrail is an amount";
                    self.report_at(Code::TargetUnit, amount.span, message, "write the benchmark's value");
                    return None;
                };
                let op = comparison(*op)?;
                GuardrailBound::Compare { op, amount: self.level_in_domain(literal, amount.span, of)? }
            }
            ast::GuardrailBound::NoWorseThan(amount) => {
                if !matches!(definition.better, Some(Better::Higher | Better::Lower)) {
                    let message =
                        format!("`no worse than`, but the metric `{}` does not say what is better", name.value);
                    let help = "write `better: higher` or `better: lower` at the metric, or a bound: `… <= 5%`";
                    self.report_at(Code::NoBetter, guardrail.span, message, help);
                    return None;
                }
                match self.change(amount, of)? {
                    Change::By(by) => GuardrailBound::NoWorseThan(by),
                    Change::ByShare(share) => GuardrailBound::NoWorseThanShare(share),
                    Change::To(_) => return None,
                }
            }
        };
        Some(Guardrail {
            span: guardrail.span,
            text: print::guardrail(guardrail),
            metric,
            expr: typed.expr,
            display: typed.display,
            bound,
        })
    }
}

fn comparison(op: BinaryOp) -> Option<Comparison> {
    Some(match op {
        BinaryOp::Less => Comparison::Less,
        BinaryOp::LessOrEqual => Comparison::LessOrEqual,
        BinaryOp::Greater => Comparison::Greater,
        BinaryOp::GreaterOrEqual => Comparison::GreaterOrEqual,
        _ => return None,
    })
}
