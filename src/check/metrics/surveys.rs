//! `nps(E.score)`, `csat(E.score, top 2 of 5)`: what people answered.

use crate::check::algebra::Typer;
use crate::check::classify::Class;
use crate::check::findings::Check;
use crate::check::metrics::measures::{Of, Scale};
use crate::check::metrics::{Metrics, Val};
use crate::check::rows::{Rows, Use, and};
use crate::check::sets::EventSet;
use crate::diag::{Code, Diagnostic};
use crate::functions::{Function, SurveyForm};
use crate::ir::{Aggregate, Edge, RowExpr, RowKind, Rule, ScalarType};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Flag, OptionWord};
use crate::unit::Unit;

impl<'a> Metrics<'_, 'a> {
    pub(super) fn survey(
        &self,
        function: &'static Function,
        form: SurveyForm,
        args: &'a [Arg],
        span: Span,
    ) -> Check<Val> {
        let wrong = |at: Span, message: String| {
            let help = format!("write `{}`", function.signature);
            self.cx.fail(Diagnostic::new(Code::BadArguments, at, message).help(help))
        };
        let (mut of, mut all, mut top) = (None, false, None);
        for arg in args {
            match arg {
                Arg::Expr(expr) if of.is_none() => of = Some(expr),
                Arg::Option(option) => match &option.value {
                    OptionWord::Flag(Flag::AllAnswers) if !all => all = true,
                    OptionWord::Top { top: best, of } if form == SurveyForm::Csat && top.is_none() => {
                        if *best == 0 || best >= of {
                            let message =
                                format!("the best {best} of {of}: some answers are satisfied, and some are not");
                            return wrong(option.span, message);
                        }
                        top = Some((*best, *of));
                    }
                    _ => return wrong(option.span, format!("`{}` does not take this option", function.name)),
                },
                Arg::Expr(expr) => return wrong(expr.span, format!("`{}` takes one score", function.name)),
                Arg::Chain(steps) => {
                    let at = steps.first().map_or(span, |s| s.expr.span);
                    return wrong(at, format!("`{}` does not take a chain of steps", function.name));
                }
            }
        }
        let Some(of) = of else { return wrong(span, format!("`{}` takes a score", function.name)) };
        let scale = match (form, top) {
            (SurveyForm::Nps, _) => Scale::Nps,
            (SurveyForm::Csat, Some((top, of))) => Scale::Csat { top, of },
            (SurveyForm::Csat, None) => {
                return wrong(span, "which answers are satisfied is not said, such as `top 2 of 5`".to_owned());
            }
        };
        let (mut value, mut own) = (of, Vec::new());
        while let ExprKind::Where { of, condition } = &value.kind {
            own.push(condition.as_ref());
            value = of;
        }
        if self.cx.scope.classify(value) == Class::Set {
            self.cx.set(value)?;
            return wrong(
                value.span,
                format!("`{}` of an event set, but it is not said of which column", function.name),
            );
        }
        let (set, at) = self.subject(value, function.name)?;
        let mut answers = set.as_ref().clone();
        for branch in &mut answers.branches {
            let rows = |used| Rows::of_branch(self.cx, branch, set.name.as_deref(), used);
            let score = rows(Use::Value).expr(value)?;
            let mut filter = branch.filter.clone();
            for condition in &own {
                filter = Some(and(filter.take(), rows(Use::Condition).condition(condition)?));
            }
            // Who has not answered has not taken an earlier answer back.
            filter = Some(and(filter.take(), not_null(score)));
            branch.filter = filter;
        }
        let answers = match all {
            true => std::rc::Rc::new(answers),
            false => self.latest(answers, at, span)?,
        };
        let aggregate = if form == SurveyForm::Nps { Aggregate::Mean } else { Aggregate::Share };
        self.measure(aggregate, (&answers, at), Of::Rated(value, scale), &[], span)
    }

    /// The latest answer of each actor in each period.
    fn latest(&self, answers: EventSet, at: Span, span: Span) -> Check<std::rc::Rc<EventSet>> {
        if answers.branches.iter().any(|b| b.actor.is_none()) {
            let message = "the latest answer of each actor counts, and these answers have no actor";
            let help = "say who answered (`actor: COLUMN` on the source), or take `all answers`";
            return self.cx.fail(Diagnostic::new(Code::NoActor, at, message).help(help));
        }
        self.cx.derived(std::rc::Rc::new(answers), Rule::Asked(Edge::Last), Vec::new(), span)
    }

    /// A score as its scale takes it.
    pub(super) fn rated(&self, score: RowExpr, scale: Scale, ast: &Expr) -> Check<RowExpr> {
        if !score.ty.is_number() && !score.ty.is_open() {
            let message = format!("a score is a number, this is {}", crate::check::findings::called(score.ty));
            return self.cx.fail(Diagnostic::new(Code::NotANumber, ast.span, message));
        }
        if !score.unit.is_none() {
            let message = format!("a score has no unit, this is in {}", score.unit);
            return self.cx.fail(Diagnostic::new(Code::UnitMismatch, ast.span, message));
        }
        self.cx.spend(3, ast.span)?;
        Ok(scale.of(score))
    }
}

fn not_null(of: RowExpr) -> RowExpr {
    let bool = |kind| RowExpr { kind, ty: ScalarType::Bool, unit: Unit::none() };
    bool(RowKind::Not(Box::new(bool(RowKind::IsNull(Box::new(of))))))
}
