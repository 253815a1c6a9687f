//! Expressions over measures for all members of a distribution at once: what `evaluate` says of each, found by a walk over the
//! expression and not by one for each member.

use kepi_lang::ir::{Comparison, MetricExpr, MetricKind};
use kepi_lang::value::Value;

use crate::collect::evaluate::{At, Evaluation, Failure, change};
use crate::collect::many::Many;
use crate::collect::table::ROOT;
use crate::collect::value::{and, call, compare, negate, or, truth, truth_value};
use crate::operators::TooLarge;

type Column = Result<Vec<Value>, Failure>;

impl Evaluation<'_> {
    /// The value for each of the keys, in order, below the one at hand.
    pub(super) fn column(&self, expr: &MetricExpr, at: At<'_>, members: &[u32]) -> Result<Many, Failure> {
        let many = |expr: &MetricExpr| self.column(expr, at, members);
        let of = |expr: &MetricExpr| many(expr).map(Many::into_values);
        let values = match &expr.kind {
            MetricKind::Literal(value) => Many::Same(value.clone(), members.len()),
            MetricKind::Measure(measure) => self.of_each(measure, at, members)?,
            MetricKind::Arithmetic { op, left, right } => many(left)?.calculated(*op, many(right)?)?,
            MetricKind::Compare { op, left, right } => many(left)?.compared(*op, many(right)?),
            MetricKind::Over { of: a, window } => {
                self.column(a, At { span: self.times.window(*window, at.span), ..at }, members)?
            }
            MetricKind::Ago { of: a, shift } => match self.before(a, *shift, at) {
                None => Many::Same(Value::Null, members.len()),
                Some(span) => self.column(a, At { span, ..at }, members)?,
            },
            MetricKind::Total(a) => self.column(a, At { by: ROOT, ..at }, members)?,
            MetricKind::Negate(a) => Many::Values(map(of(a)?, |v| Ok(negate(v)?))?),
            _ => Many::Values(self.each_of(expr, at, members)?),
        };
        Ok(values.coerced(expr.ty))
    }

    /// Where values are of any kind.
    fn each_of(&self, expr: &MetricExpr, at: At<'_>, members: &[u32]) -> Column {
        let of = |expr: &MetricExpr| self.column(expr, at, members).map(Many::into_values);
        let values = match &expr.kind {
            MetricKind::Not(a) => map(of(a)?, |v| Ok(truth_value(truth(v).map(|b| !b))))?,
            MetricKind::Convert { of: a, num, den } => map(of(a)?, |v| Ok(v.scaled(*num, *den).ok_or(TooLarge)?))?,
            MetricKind::And(left, right) => {
                both(of(left)?, of(right)?, |a, b| Ok(truth_value(and(truth(a), truth(b)))))?
            }
            MetricKind::Or(left, right) => both(of(left)?, of(right)?, |a, b| Ok(truth_value(or(truth(a), truth(b)))))?,
            MetricKind::IsNull(a) => map(of(a)?, |v| Ok(Value::Bool(v.is_null())))?,
            MetricKind::In { of: a, list } => {
                let values = of(a)?;
                let none = |v: &Value| if v.is_null() { Value::Null } else { Value::Bool(false) };
                let mut found: Vec<Value> = values.iter().map(none).collect();
                for item in list {
                    let equal = |(v, item): (&Value, Value)| truth(&compare(Comparison::Equal, v, &item));
                    let items = of(item)?;
                    let next = found.iter().zip(values.iter().zip(items));
                    found = next.map(|(found, pair)| truth_value(or(truth(found), equal(pair)))).collect();
                }
                found
            }
            MetricKind::If { condition, then, otherwise } => {
                let taken: Vec<bool> = of(condition)?.iter().map(|v| truth(v) == Some(true)).collect();
                // What a branch is worth where it is not taken is no business of anybody.
                let part = |branch: &MetricExpr, which: bool| -> Result<_, Failure> {
                    let some = members.iter().zip(&taken).filter(|(_, taken)| **taken == which).map(|(m, _)| *m);
                    Ok(self.column(branch, at, &some.collect::<Vec<_>>())?.into_values().into_iter())
                };
                let (mut yes, mut no) = (part(then, true)?, part(otherwise, false)?);
                let next = |taken: &bool| if *taken { yes.next() } else { no.next() }.unwrap_or(Value::Null);
                taken.iter().map(next).collect()
            }
            MetricKind::Call { function, args } => {
                let columns = args.iter().map(of).collect::<Result<Vec<_>, _>>()?;
                let row = |at: usize| columns.iter().filter_map(|column| column.get(at).cloned()).collect::<Vec<_>>();
                (0..members.len()).map(|at| Ok(call(*function, &row(at))?)).collect::<Column>()?
            }
            MetricKind::Change { of: a, shift } => {
                let now = of(a)?;
                match self.before(a, *shift, at) {
                    None => vec![Value::Null; members.len()],
                    Some(span) => {
                        let then = self.column(a, At { span, ..at }, members)?.into_values();
                        both(now, then, |a, b| Ok(change(a, b)))?
                    }
                }
            }
            // Others are evaluated member by member.
            _ => {
                let mut keys = at.keys.to_vec();
                keys.push(0);
                let mut value = |member: &u32| {
                    if let Some(last) = keys.last_mut() {
                        *last = *member;
                    }
                    self.value(expr, At { keys: &keys, ..at })
                };
                members.iter().map(&mut value).collect::<Column>()?
            }
        };
        Ok(values)
    }
}

fn map(values: Vec<Value>, each: impl Fn(&Value) -> Result<Value, Failure>) -> Column {
    values.iter().map(each).collect()
}

fn both(left: Vec<Value>, right: Vec<Value>, each: impl Fn(&Value, &Value) -> Result<Value, Failure>) -> Column {
    left.iter().zip(&right).map(|(a, b)| each(a, b)).collect()
}
