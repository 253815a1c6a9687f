//! Where kepi gives a number for nothing (a count or sum of no rows is 0, and each period asked for has a row), MetricFlow
//! has null, or no row. So beside each metric two more are asked: whether all that it is made of has rows there, which is
//! where MetricFlow has a number, and whether anything has, which is where it has a row.

use std::sync::Arc;

use kepi_lang::ir::{
    Additivity, Aggregate, Arithmetic, Collection, Comparison, Measure, MetricExpr, MetricFunction, MetricKind, Part,
    ScalarType, Statistic,
};
use kepi_lang::unit::Unit;
use kepi_lang::value::Value;

/// Of the parts of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    All,
    Any,
}

/// 1 where there are rows, else 0 or null.
pub fn presence(of: &MetricExpr, need: Need) -> MetricExpr {
    let inner = |e: &MetricExpr| presence(e, need);
    match &of.kind {
        MetricKind::Literal(Value::Null) => int(MetricKind::Literal(Value::Null)),
        MetricKind::Literal(_) => literal(i128::from(need == Need::All)),
        MetricKind::Measure(measure) => some(int(MetricKind::Measure(Arc::new(rows(measure))))),
        MetricKind::Negate(e) | MetricKind::Not(e) | MetricKind::IsNull(e) => inner(e),
        MetricKind::Convert { of, .. } | MetricKind::In { of, .. } => inner(of),
        MetricKind::Arithmetic { left, right, .. }
        | MetricKind::Compare { left, right, .. }
        | MetricKind::And(left, right)
        | MetricKind::Or(left, right) => both(inner(left), inner(right), need),
        MetricKind::If { condition, then, otherwise } => int(MetricKind::If {
            condition: condition.clone(),
            then: Box::new(inner(then)),
            otherwise: Box::new(inner(otherwise)),
        }),
        // What is filled has a number wherever there is a row.
        MetricKind::Call { function: MetricFunction::Coalesce, .. } if need == Need::All => literal(1),
        MetricKind::Call { args, .. } => {
            let mut each = args.iter().map(inner);
            let first = each.next().unwrap_or_else(|| literal(1));
            each.fold(first, |all, next| both(all, next, need))
        }
        MetricKind::Over { of, window } => int(MetricKind::Over { of: Box::new(inner(of)), window: *window }),
        MetricKind::Ago { of, shift } => known(int(MetricKind::Ago { of: Box::new(inner(of)), shift: *shift })),
        MetricKind::Change { of, shift } => {
            let before = known(int(MetricKind::Ago { of: Box::new(inner(of)), shift: *shift }));
            both(inner(of), before, need)
        }
        MetricKind::Total(e) => int(MetricKind::Total(Box::new(inner(e)))),
        // How many members: a row where there is one at least.
        MetricKind::Summary { statistic: Statistic::Count, of: members } if !is_series(members) => some(of.clone()),
        // What follows entries: a row where there is one of them.
        MetricKind::Summary { of: members, .. } if need == Need::Any && is_entries(members) => {
            let count = MetricKind::Summary { statistic: Statistic::Count, of: members.clone() };
            some(int(count))
        }
        MetricKind::Summary { statistic, of } => {
            let statistic = match statistic {
                Statistic::First | Statistic::Last => *statistic,
                _ => Statistic::Max,
            };
            int(MetricKind::Summary { statistic, of: Box::new(collection(of, need)) })
        }
        MetricKind::Correlation { .. } => literal(1),
        MetricKind::Journey { of: journey, .. } => {
            // Where there is an entry.
            int(MetricKind::Journey { of: journey.clone(), part: Part::Denominator })
        }
        MetricKind::Here { .. } => literal(1),
    }
}

fn collection(of: &Collection, need: Need) -> Collection {
    match of {
        Collection::Distribution { of, base } => {
            Collection::Distribution { of: presence(of, need), base: base.clone() }
        }
        Collection::Series { of, grain } => Collection::Series { of: presence(of, need), grain: *grain },
        Collection::Times { .. } | Collection::Entries { .. } => of.clone(),
        Collection::Over { of, window } => Collection::Over { of: Box::new(collection(of, need)), window: *window },
    }
}

fn is_series(of: &Collection) -> bool {
    match of {
        Collection::Series { .. } => true,
        Collection::Distribution { .. } | Collection::Times { .. } | Collection::Entries { .. } => false,
        Collection::Over { of, .. } => is_series(of),
    }
}

fn is_entries(of: &Collection) -> bool {
    matches!(of, Collection::Entries { .. })
}

/// The rows behind a measure.
fn rows(measure: &Measure) -> Measure {
    let mut rows = measure.clone();
    for branch in &mut rows.branches {
        branch.value = None;
    }
    Measure { aggregate: Aggregate::Count, ty: ScalarType::Int, unit: Unit::none(), stock: false, ..rows }
}

fn int(kind: MetricKind) -> MetricExpr {
    MetricExpr { kind, ty: ScalarType::Int, unit: Unit::none(), additivity: Additivity::None, proportion: false }
}

fn literal(value: i128) -> MetricExpr {
    int(MetricKind::Literal(Value::Int(value)))
}

/// Null is 0.
fn known(of: MetricExpr) -> MetricExpr {
    int(MetricKind::Call { function: MetricFunction::Coalesce, args: vec![of, literal(0)] })
}

/// 1 for a number above 0.
fn some(of: MetricExpr) -> MetricExpr {
    let above = MetricKind::Compare { op: Comparison::Greater, left: Box::new(of), right: Box::new(literal(0)) };
    let condition = MetricExpr { ty: ScalarType::Bool, ..int(above) };
    int(MetricKind::If { condition: Box::new(condition), then: Box::new(literal(1)), otherwise: Box::new(literal(0)) })
}

fn both(left: MetricExpr, right: MetricExpr, need: Need) -> MetricExpr {
    match need {
        Need::All => {
            int(MetricKind::Arithmetic { op: Arithmetic::Multiply, left: Box::new(left), right: Box::new(right) })
        }
        Need::Any => int(MetricKind::Call { function: MetricFunction::Greatest, args: vec![left, right] }),
    }
}
