//! Trails: the rows of several event sets, by actor, with the sets that each belongs to.

use std::rc::Rc;
use std::sync::Arc;

use crate::check::algebra::Typer;
use crate::check::findings::{Check, Reported};
use crate::check::metrics::Metrics;
use crate::check::metrics::measures::Of;
use crate::check::rows::{Rows, Use, or};
use crate::check::sets::EventSet;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Aggregate, Arithmetic, Branch, Measure, Order, RowExpr, RowKind, ScalarType};
use crate::source::Span;
use crate::syntax::ast::Expr;
use crate::unit::Unit;
use crate::value::Value;

/// One set of a trail: its rows, and where it is written.
pub(super) struct TrailSet {
    pub(super) set: Rc<EventSet>,
    pub(super) span: Span,
}

impl<'a> Metrics<'_, 'a> {
    /// The trail over some sets. The breakdown is that of the first of them; in strict order every row of their sources
    /// is kept.
    pub(super) fn trail(
        &self,
        sets: &[TrailSet],
        same: Option<&'a Expr>,
        order: Order,
        span: Span,
    ) -> Check<Arc<Measure>> {
        let mut branches: Vec<Branch> = Vec::new();
        let mut tags: Vec<Vec<(u32, Option<RowExpr>)>> = Vec::new();
        let mut types = Vec::new();
        let mut entity = None;
        let mut result = Ok(());
        for (number, TrailSet { set, span: at }) in (0u32..).zip(sets) {
            self.cx.one_entity(set, *at)?;
            for part in &set.branches {
                if part.derived.as_ref().is_some_and(|d| d.ir.is_asked()) {
                    let message = "a journey follows events in order of time, and these are the rows of a period";
                    let help = "of spans take those that began or ended: `started(S)`, `ended(S)`";
                    return self.cx.fail(Diagnostic::new(Code::PeriodRows, *at, message).help(help));
                }
                if part.time.is_none() {
                    let message = "a journey follows events in order of time, and these rows have none";
                    return self.cx.fail(Diagnostic::new(Code::NoClock, *at, message));
                }
                if let (Some(known), Some(own)) = (&entity, &part.entity)
                    && known != own
                {
                    let message = format!("the actors of one step are `{known}`, of another `{own}`");
                    let help = "name the actor of one of them: `{expr: …, actor: COLUMN}`";
                    return self.cx.fail(Diagnostic::new(Code::UnionMismatch, *at, message).help(help));
                }
                entity = entity.or_else(|| part.entity.clone());
                let plain = Metrics { cx: self.cx, env: self.env_without_by() };
                // In any order each step may be the one that is entered by.
                let enters = number == 0 || order == Order::Any;
                let typer = if enters { self } else { &plain };
                let mut made = match typer.branch(set, part, Of::Actors, &[], *at, span) {
                    Ok(made) => made,
                    Err(reported) => {
                        result = Err(reported);
                        continue;
                    }
                };
                if enters {
                    types = made.by.iter().map(|e| e.ty).collect();
                } else {
                    made.by = types.iter().map(|ty| null(*ty)).collect();
                }
                made.kept = made.value.take().into_iter().collect();
                if let Some(held) = same {
                    let rows = Rows::of_branch(self.cx, part, set.name.as_deref(), Use::Key).pushed_to(Some(*at));
                    match rows.expr(held) {
                        Ok(held) => made.kept.push(held),
                        Err(reported) => {
                            result = Err(reported);
                            continue;
                        }
                    }
                }
                let own = (number, made.filter.take());
                let fits = |b: &Branch| (b.source, b.time, &b.kept) == (made.source, made.time, &made.kept);
                match branches.iter().position(fits) {
                    Some(known) => tags.get_mut(known).ok_or(Reported)?.push(own),
                    None => {
                        branches.push(made);
                        tags.push(vec![own]);
                    }
                }
            }
        }
        result?;
        self.one_actor_type(&branches, span)?;
        for (branch, tags) in branches.iter_mut().zip(tags) {
            branch.filter = match order == Order::Strict {
                true => None,
                false => union(&tags),
            };
            branch.value = Some(bits(tags));
        }
        self.cx.spend(branches.len(), span)?;
        let unit = entity.map_or_else(Unit::none, Unit::entity);
        Ok(Arc::new(Measure { aggregate: Aggregate::Trail, branches, ty: ScalarType::Int, unit, stock: false }))
    }

    /// The actors of a trail, the first of what is kept, are of one type.
    pub(super) fn one_actor_type(&self, branches: &[Branch], span: Span) -> Check<()> {
        let kept: Vec<ScalarType> = branches.iter().filter_map(|b| b.kept.first()).map(|e| e.ty).collect();
        let Some(first) = kept.first() else { return Ok(()) };
        let other = kept.iter().find(|ty| *ty != first && !ty.is_open() && !first.is_open());
        let Some(other) = other else { return Ok(()) };
        let (one, two) = (crate::check::findings::called(*first), crate::check::findings::called(*other));
        let message = format!("the actors are {one} in one source, {two} in another");
        self.cx.fail(Diagnostic::new(Code::UnionMismatch, span, message))
    }
}

/// The rows of any of the sets; `None`: all.
fn union(tags: &[(u32, Option<RowExpr>)]) -> Option<RowExpr> {
    let mut filter: Option<RowExpr> = None;
    for (_, condition) in tags {
        let condition = condition.clone()?;
        if filter.as_ref() != Some(&condition) {
            filter = Some(or(filter, condition));
        }
    }
    filter
}

/// Which sets a row belongs to: 1 for the first, 2 for the second, 4 for the third.
pub(super) fn bits(tags: Vec<(u32, Option<RowExpr>)>) -> RowExpr {
    let mut always = 0u32;
    let mut conditions: Vec<(RowExpr, u32)> = Vec::new();
    for (number, condition) in tags {
        let bit = 1u32 << number;
        match condition {
            None => always |= bit,
            Some(condition) => match conditions.iter_mut().find(|(known, _)| *known == condition) {
                Some((_, bits)) => *bits |= bit,
                None => conditions.push((condition, bit)),
            },
        }
    }
    conditions.into_iter().fold(int(always), |sum, (condition, bits)| {
        let (then, otherwise) = (Box::new(int(bits)), Box::new(int(0)));
        let chosen = whole(RowKind::If { condition: Box::new(condition), then, otherwise });
        if matches!(&sum.kind, RowKind::Literal(Value::Int(0))) {
            return chosen;
        }
        whole(RowKind::Arithmetic { op: Arithmetic::Add, left: Box::new(sum), right: Box::new(chosen) })
    })
}

pub(super) fn int(value: u32) -> RowExpr {
    whole(RowKind::Literal(Value::Int(i128::from(value))))
}

fn whole(kind: RowKind) -> RowExpr {
    RowExpr { kind, ty: ScalarType::Int, unit: Unit::none() }
}

pub(super) fn null(ty: ScalarType) -> RowExpr {
    RowExpr { kind: RowKind::Literal(Value::Null), ty, unit: Unit::none() }
}
