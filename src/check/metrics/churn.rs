//! `churn(E, after 30d)`, of who has not been there since; `churn(S)`, of whose spans have ended.

use std::sync::Arc;

use crate::calendar::{Length, SpanUnit, Window};
use crate::check::findings::Check;
use crate::check::metrics::Metrics;
use crate::check::metrics::measures::Of;
use crate::check::metrics::trails::bits;
use crate::check::rows::{Rows, Use};
use crate::diag::Code;
use crate::functions::Function;
use crate::ir::{Aggregate, Branch, Journey, JourneyKind, Measure, ScalarType};
use crate::resolve::Named;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, OptionWord};
use crate::unit::Unit;

impl<'a> Metrics<'_, 'a> {
    pub(super) fn churn(&self, function: &Function, args: &'a [Arg], span: Span) -> Check<Journey> {
        let mut after = None;
        self.plain(function, args, span, |option| match option {
            OptionWord::After(length) => {
                after = Some(*length);
                Some(())
            }
            _ => None,
        })?;
        if let Some(of) = args.iter().find_map(|arg| self.of_spans(arg)) {
            return self.span_churn(function, of, after, span);
        }
        let trail = self.of_one_set(function, args, span)?;
        let Some(after) = after else {
            let message = "after how long without an event an actor is lost is not said";
            let help = "write it: `churn(E, after 30d)`; of spans, which end, it need not be said: `churn(S)`";
            return self.bad(Code::JourneyOption, span, message, help);
        };
        self.not_of_periods(Window::Trailing(after), span)?;
        Ok(Journey { trail, kind: JourneyKind::Churn { after } })
    }

    /// The argument, if it is spans.
    fn of_spans(&self, arg: &'a Arg) -> Option<&'a Expr> {
        let Arg::Expr(of) = arg else { return None };
        let mut root = of;
        while let ExprKind::Where { of, .. } = &root.kind {
            root = of;
        }
        match &root.kind {
            ExprKind::Name(name) => matches!(self.cx.scope.named(name), Some(Named::Spans(_))).then_some(of),
            _ => None,
        }
    }

    /// Set 0 are the spans that count at the period's start, by their segment then; set 1 those that keep an actor.
    fn span_churn(&self, function: &Function, of: &'a Expr, after: Option<Length>, span: Span) -> Check<Journey> {
        if let Some(Length { unit: SpanUnit::Period, .. }) = after {
            let message = "a grace is a length of time, not a number of periods";
            return self.bad(Code::JourneyOption, span, message, "write `churn(S, after 3d)`");
        }
        let spans = self.cx.span_set(function, of)?;
        self.cx.one_entity(&spans.set, of.span)?;
        let mut branches: Vec<Branch> = Vec::new();
        for (number, part) in spans.set.branches.iter().enumerate() {
            let name = spans.set.name.as_deref();
            let rows = Rows::of_branch(self.cx, part, name, Use::Condition).pushed_to(Some(span));
            for condition in &self.env.conditions {
                self.cx.of_row(&[rows.condition(condition)?], condition.span)?;
            }
            let mut made = self.branch(&spans.set, part, Of::Actors, &[], of.span, span)?;
            self.cx.of_row(&made.by, span)?;
            made.kept = made.value.take().into_iter().chain(spans.until(number)).collect();
            let counts = if self.env.conditions.is_empty() { None } else { made.filter.take() };
            made.filter.clone_from(&part.filter);
            made.value = Some(bits(vec![(0, counts), (1, None), (JourneyKind::SPAN.trailing_zeros(), None)]));
            branches.push(made);
        }
        self.one_actor_type(&branches, of.span)?;
        self.cx.spend(branches.len(), span)?;
        let unit = spans.set.branches.iter().find_map(|b| b.entity.clone()).map_or_else(Unit::none, Unit::entity);
        let trail = Measure { aggregate: Aggregate::Trail, branches, ty: ScalarType::Int, unit, stock: false };
        Ok(Journey { trail: Arc::new(trail), kind: JourneyKind::SpanChurn { after } })
    }
}
