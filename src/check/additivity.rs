//! What adding up the values of an expression means, inferred from its parts.

use crate::check::algebra::Shape;
use crate::ir::{
    Additivity, Aggregate, Arithmetic, Collection, Measure, MetricExpr, MetricFunction, MetricKind, Statistic,
};
use crate::value::Value;

pub(super) fn of_aggregate(aggregate: Aggregate, stock: bool) -> Additivity {
    match aggregate {
        Aggregate::Count | Aggregate::Sum if stock => Additivity::Stock,
        Aggregate::Count | Aggregate::Sum => Additivity::Additive,
        Aggregate::Unique | Aggregate::ApproximateUnique => Additivity::Distinct,
        Aggregate::Mean | Aggregate::Share => Additivity::Ratio,
        Aggregate::Trail => Additivity::None,
        _ => Additivity::OrderStatistic,
    }
}

/// Of a distribution (`over` members) or of a series' periods.
pub(super) fn of_statistic(statistic: Statistic, of: Additivity, series: bool) -> Additivity {
    match statistic {
        Statistic::Count if series => Additivity::OrderStatistic,
        Statistic::Count => Additivity::Distinct,
        Statistic::Sum if matches!(of, Additivity::Additive | Additivity::Stock) => of,
        Statistic::Sum => Additivity::None,
        Statistic::Mean | Statistic::Share => Additivity::Ratio,
        // The last day's stock adds up over the parts of a breakdown, as the stock does.
        Statistic::First | Statistic::Last if of == Additivity::Stock => Additivity::Stock,
        _ => Additivity::OrderStatistic,
    }
}

/// On a window: what added up over time does no longer.
pub(super) fn of_window(of: Additivity) -> Additivity {
    if of == Additivity::Additive { Additivity::Stock } else { of }
}

fn is_constant(expr: &MetricExpr) -> bool {
    let mut any = false;
    expr.measures(&mut |_| any = true);
    !any
}

pub(super) fn of_shape(shape: &Shape<MetricExpr>) -> Additivity {
    match shape {
        Shape::Negate(of) | Shape::Convert(of, _) => of.additivity,
        Shape::Arithmetic(op, l, r) => of_arithmetic(*op, l, r),
        Shape::If(_, a, b) if a.additivity == b.additivity => a.additivity,
        // Zero in place of nothing changes no sum.
        Shape::Call(_, MetricFunction::Coalesce, args) => match args.as_slice() {
            [of, MetricExpr { kind: MetricKind::Literal(value), .. }] if value.as_f64() == Some(0.0) => of.additivity,
            _ => Additivity::None,
        },
        Shape::Call(_, _, args) => match args.first().map(|a| a.additivity) {
            Some(of @ (Additivity::Ratio | Additivity::Distinct | Additivity::OrderStatistic)) => of,
            _ => Additivity::None,
        },
        _ => Additivity::None,
    }
}

fn of_arithmetic(op: Arithmetic, l: &MetricExpr, r: &MetricExpr) -> Additivity {
    use Additivity::{Additive, Distinct, None, OrderStatistic, Ratio, Stock};
    let (a, b) = (l.additivity, r.additivity);
    match (op, is_constant(l), is_constant(r)) {
        (_, true, true) => None,
        (Arithmetic::Multiply, true, false) => b,
        (Arithmetic::Multiply | Arithmetic::Divide, false, true) => a,
        (Arithmetic::Divide, ..) => Ratio,
        (Arithmetic::Multiply, ..) if a == Ratio || b == Ratio => Ratio,
        (Arithmetic::Multiply, ..) => None,
        // A constant is added once, however many parts there are.
        (_, true, false) | (_, false, true) => match if is_constant(l) { b } else { a } {
            of @ (Ratio | Distinct | OrderStatistic) => of,
            _ => None,
        },
        _ if a == b => a,
        (_, false, false) => match (a, b) {
            (Additive, Stock) | (Stock, Additive) => Stock,
            _ => None,
        },
    }
}

/// Whether values lie in 0 ..= 1 by construction.
pub(super) fn is_proportion(shape: &Shape<MetricExpr>) -> bool {
    match shape {
        Shape::Arithmetic(Arithmetic::Subtract, l, r) => is_one(l) && r.proportion,
        Shape::Arithmetic(Arithmetic::Multiply, l, r) => l.proportion && r.proportion,
        Shape::Arithmetic(Arithmetic::Divide, l, r) => match (&l.kind, &r.kind) {
            // A part of its own total, or a condition's part of the same measure.
            (MetricKind::Measure(part), MetricKind::Total(total)) => match &total.kind {
                MetricKind::Measure(whole) => counts(part) && same_rows(part, whole),
                _ => false,
            },
            (MetricKind::Measure(part), MetricKind::Measure(whole)) => counts(part) && part_of(part, whole),
            _ => false,
        },
        Shape::If(_, a, b) => a.proportion && b.proportion,
        Shape::Call(_, MetricFunction::Coalesce, args) => {
            args.iter().all(|a| a.proportion || matches!(&a.kind, MetricKind::Literal(v) if in_unit(v)))
        }
        _ => false,
    }
}

fn in_unit(value: &Value) -> bool {
    value.as_f64().is_some_and(|n| (0.0..=1.0).contains(&n))
}

fn is_one(expr: &MetricExpr) -> bool {
    matches!(&expr.kind, MetricKind::Literal(value) if value.as_f64() == Some(1.0))
}

fn counts(measure: &Measure) -> bool {
    measure.aggregate == Aggregate::Count || measure.aggregate.is_distinct()
}

/// The same measure, apart from the breakdown.
fn same_rows(a: &Measure, b: &Measure) -> bool {
    a.aggregate == b.aggregate
        && a.branches.len() == b.branches.len()
        && a.branches.iter().zip(&b.branches).all(|(x, y)| {
            (x.source, x.time, &x.filter, &x.value, &x.keys) == (y.source, y.time, &y.filter, &y.value, &y.keys)
        })
}

/// The same measure on rows of which the other has all: a filter more.
fn part_of(part: &Measure, whole: &Measure) -> bool {
    part.aggregate == whole.aggregate
        && part.branches.iter().all(|x| {
            whole.branches.iter().any(|y| {
                (x.source, x.time, &x.value, &x.by, &x.keys) == (y.source, y.time, &y.value, &y.by, &y.keys)
                    && (y.filter.is_none() || x.filter == y.filter || within(x.filter.as_ref(), y.filter.as_ref()))
            })
        })
}

fn within(part: Option<&crate::ir::RowExpr>, whole: Option<&crate::ir::RowExpr>) -> bool {
    match part.map(|p| &p.kind) {
        Some(crate::ir::RowKind::And(a, b)) => {
            whole == Some(a.as_ref()) || whole == Some(b.as_ref()) || within(Some(a), whole) || within(Some(b), whole)
        }
        _ => false,
    }
}

/// A count or sum of states that no series by the day holds: it may be measured on a day at most.
pub(super) fn loose_stock(expr: &MetricExpr) -> bool {
    expr_any(expr, &|kind| match kind {
        MetricKind::Measure(m) => m.stock && matches!(m.aggregate, Aggregate::Count | Aggregate::Sum),
        _ => false,
    })
}

/// Whether a window stands in it that no series holds.
pub(super) fn has_window(expr: &MetricExpr) -> bool {
    expr_any(expr, &|kind| match kind {
        MetricKind::Over { .. } => true,
        MetricKind::Summary { of, .. } => matches!(**of, Collection::Over { .. }),
        MetricKind::Correlation { left, .. } => matches!(**left, Collection::Over { .. }),
        _ => false,
    })
}

fn expr_any(expr: &MetricExpr, test: &impl Fn(&MetricKind) -> bool) -> bool {
    if test(&expr.kind) {
        return true;
    }
    let any = |e: &MetricExpr| expr_any(e, test);
    match &expr.kind {
        MetricKind::Literal(_) | MetricKind::Measure(_) | MetricKind::Journey { .. } | MetricKind::Here { .. } => false,
        MetricKind::Negate(of) | MetricKind::Not(of) | MetricKind::IsNull(of) | MetricKind::Total(of) => any(of),
        MetricKind::Convert { of, .. } | MetricKind::Over { of, .. } => any(of),
        MetricKind::Ago { of, .. } | MetricKind::Change { of, .. } => any(of),
        MetricKind::Arithmetic { left, right, .. } | MetricKind::Compare { left, right, .. } => any(left) || any(right),
        MetricKind::And(left, right) | MetricKind::Or(left, right) => any(left) || any(right),
        MetricKind::In { of, list } => any(of) || list.iter().any(any),
        MetricKind::If { condition, then, otherwise } => any(condition) || any(then) || any(otherwise),
        MetricKind::Call { args, .. } => args.iter().any(any),
        MetricKind::Summary { of, .. } => collection_any(of, test),
        MetricKind::Correlation { left, right } => collection_any(left, test) || collection_any(right, test),
    }
}

fn collection_any(collection: &Collection, test: &impl Fn(&MetricKind) -> bool) -> bool {
    match collection {
        Collection::Distribution { of, .. } => expr_any(of, test),
        // Each period of a series is on its own.
        Collection::Series { .. } | Collection::Times { .. } | Collection::Entries { .. } => false,
        Collection::Over { of, .. } => collection_any(of, test),
    }
}
