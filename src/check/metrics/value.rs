//! One value, or the many of a distribution or series; operators on many are taken inside, to each of them.

use std::sync::Arc;

use crate::calendar::{Grain, Window};
use crate::check::additivity::{is_proportion, of_shape};
use crate::check::algebra::Shape;
use crate::check::findings::Check;
use crate::check::scope::Checker;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Collection, Journey, Measure, MetricExpr, MetricKind, ScalarType};
use crate::source::Span;
use crate::unit::Unit;

#[derive(Clone, Debug)]
pub(in crate::check) enum Val {
    One(MetricExpr),
    Many(Many),
}

/// A distribution or series that no statistic is taken of yet.
#[derive(Clone, Debug)]
pub(in crate::check) struct Many {
    /// For each member, or each period.
    pub(super) of: MetricExpr,
    pub(super) kind: ManyKind,
    pub(super) window: Option<Window>,
    pub(super) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::check) enum ManyKind {
    Distribution {
        /// The key as it is written: two distributions with one key are of one.
        key: String,
        actor: bool,
        base: Option<Arc<Measure>>,
    },
    Series(Grain),
    /// The times of a conversion.
    Times {
        journey: Arc<Journey>,
        step: Option<u32>,
    },
    /// What follows each entry, `within` it.
    Entries {
        trail: Arc<Measure>,
        measures: Vec<Arc<Measure>>,
        within: Window,
    },
}

impl Many {
    pub(super) fn called(&self) -> &'static str {
        match self.kind {
            ManyKind::Distribution { .. } | ManyKind::Times { .. } | ManyKind::Entries { .. } => "a distribution",
            ManyKind::Series(_) => "a series",
        }
    }

    pub(super) fn collection(self) -> Collection {
        let inner = match self.kind {
            ManyKind::Distribution { base, .. } => Collection::Distribution { of: self.of, base },
            ManyKind::Series(grain) => Collection::Series { of: self.of, grain },
            ManyKind::Times { journey, step } => Collection::Times { of: self.of, journey, step },
            ManyKind::Entries { trail, measures, within } => {
                Collection::Entries { of: self.of, trail, measures, within }
            }
        };
        match self.window {
            Some(window) => Collection::Over { of: Box::new(inner), window },
            None => inner,
        }
    }
}

impl Val {
    /// What every value of it is.
    pub(super) fn of(&self) -> &MetricExpr {
        match self {
            Self::One(expr) => expr,
            Self::Many(many) => &many.of,
        }
    }
}

/// A node over values. If one of them is many, the result is; the others must be of the same, or written out.
pub(super) fn build(cx: &Checker<'_>, shape: Shape<Val>, ty: ScalarType, unit: Unit, span: Span) -> Check<Val> {
    let mut shell: Option<Many> = None;
    let mut single: Option<MetricExpr> = None;
    let mut clash = None;
    let shape = map(shape, &mut |val| match val {
        Val::One(expr) => {
            if !matches!(expr.kind, MetricKind::Literal(_)) {
                single = Some(expr.clone());
            }
            expr
        }
        Val::Many(mut many) => {
            let of = std::mem::replace(&mut many.of, hole());
            match &shell {
                None => shell = Some(many),
                Some(first) if first.kind == many.kind && first.window == many.window => {}
                Some(first) => clash = Some((first.span, many.span)),
            }
            of
        }
    });
    if let Some((first, second)) = clash {
        let message = "two distributions or series of different keys or windows";
        let help = "put the operator inside: `(sum(a.x) - sum(b.x)) per actor`";
        return cx.fail(Diagnostic::new(Code::MixedCollections, second, message).also(first, "the first").help(help));
    }
    if let (Some(shell), Some(_)) = (&shell, &single) {
        let message = format!("{} beside a single number", shell.called());
        let help = "beside it stands a number that is written out, or something of the same key: `(… / …) per actor`";
        let finding = Diagnostic::new(Code::MixedCollections, span, message).also(shell.span, shell.called());
        return cx.fail(finding.help(help));
    }
    let expr = node(shape, ty, unit);
    Ok(match shell {
        Some(shell) => Val::Many(Many { of: expr, ..shell }),
        None => Val::One(expr),
    })
}

/// Stands where an expression was taken out.
fn hole() -> MetricExpr {
    MetricExpr {
        kind: MetricKind::Literal(crate::value::Value::Null),
        ty: ScalarType::Null,
        unit: Unit::none(),
        additivity: crate::ir::Additivity::None,
        proportion: false,
    }
}

fn map(shape: Shape<Val>, f: &mut impl FnMut(Val) -> MetricExpr) -> Shape<MetricExpr> {
    match shape {
        Shape::Literal(value) => Shape::Literal(value),
        Shape::Negate(of) => Shape::Negate(f(of)),
        Shape::Not(of) => Shape::Not(f(of)),
        Shape::Arithmetic(op, l, r) => Shape::Arithmetic(op, f(l), f(r)),
        Shape::Convert(of, scale) => Shape::Convert(f(of), scale),
        Shape::Compare(op, l, r) => Shape::Compare(op, f(l), f(r)),
        Shape::And(l, r) => Shape::And(f(l), f(r)),
        Shape::Or(l, r) => Shape::Or(f(l), f(r)),
        Shape::IsNull(of) => Shape::IsNull(f(of)),
        Shape::In(of, list) => Shape::In(f(of), list.into_iter().map(f).collect()),
        Shape::If(c, a, b) => Shape::If(f(c), f(a), f(b)),
        Shape::Call(row, metric, args) => Shape::Call(row, metric, args.into_iter().map(f).collect()),
    }
}

fn node(shape: Shape<MetricExpr>, ty: ScalarType, unit: Unit) -> MetricExpr {
    let (additivity, proportion) = (of_shape(&shape), is_proportion(&shape));
    let boxed = Box::new;
    let kind = match shape {
        Shape::Literal(value) => MetricKind::Literal(value),
        Shape::Negate(of) => MetricKind::Negate(boxed(of)),
        Shape::Not(of) => MetricKind::Not(boxed(of)),
        Shape::Arithmetic(op, l, r) => MetricKind::Arithmetic { op, left: boxed(l), right: boxed(r) },
        Shape::Convert(of, scale) => MetricKind::Convert { of: boxed(of), num: scale.num, den: scale.den },
        Shape::Compare(op, l, r) => MetricKind::Compare { op, left: boxed(l), right: boxed(r) },
        Shape::And(l, r) => MetricKind::And(boxed(l), boxed(r)),
        Shape::Or(l, r) => MetricKind::Or(boxed(l), boxed(r)),
        Shape::IsNull(of) => MetricKind::IsNull(boxed(of)),
        Shape::In(of, list) => MetricKind::In { of: boxed(of), list },
        Shape::If(c, a, b) => MetricKind::If { condition: boxed(c), then: boxed(a), otherwise: boxed(b) },
        Shape::Call(_, function, args) => MetricKind::Call { function, args },
    };
    MetricExpr { kind, ty, unit, additivity, proportion }
}
