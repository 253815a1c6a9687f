//! Statistics of the members of a collection. Nulls are skipped by all of them.

use kepi_lang::ir::{ScalarType, Statistic};
use kepi_lang::value::Value;

use crate::collect::many::Many;
use crate::collect::value::{as_f64, coerce, order};
use crate::operators::exact::{FloatSum, WholeSum};
use crate::operators::share::share;
use crate::operators::{TooLarge, moments, quantile};

/// `values`: of series in order of time.
pub(crate) fn summary(statistic: &Statistic, values: Many, ty: ScalarType) -> Result<Value, TooLarge> {
    let known = match (statistic, &values) {
        (Statistic::Share, Many::Truth(all)) => Some(share(yes(all), all.len() as u64)),
        (Statistic::Count, Many::Truth(all)) => Some(Value::Int(i128::from(yes(all)))),
        (Statistic::Count, Many::Whole(all)) => Some(Value::Int(all.len() as i128)),
        (Statistic::Sum | Statistic::Mean, Many::Whole(all)) if !all.is_empty() => {
            // As many as fit into memory do not exceed 128 bits.
            let total = Value::Int(all.iter().map(|n| i128::from(*n)).sum());
            let mean = || as_f64(&total).map_or(Value::Null, |t| Value::float(t / all.len() as f64));
            Some(if *statistic == Statistic::Mean { mean() } else { total })
        }
        _ => None,
    };
    match known {
        Some(value) => Ok(coerce(value, ty)),
        None => of_values(statistic, values.into_values(), ty),
    }
}

fn yes(all: &[bool]) -> u64 {
    all.iter().filter(|yes| **yes).count() as u64
}

fn of_values(statistic: &Statistic, mut values: Vec<Value>, ty: ScalarType) -> Result<Value, TooLarge> {
    values.retain(|v| !v.is_null());
    let floats = |values: &[Value]| values.iter().filter_map(as_f64).collect::<Vec<_>>();
    let value = match statistic {
        Statistic::Count => Value::Int(values.iter().filter(|v| **v != Value::Bool(false)).count() as i128),
        Statistic::Share => {
            let yes = values.iter().filter(|v| **v == Value::Bool(true)).count();
            share(yes as u64, values.len() as u64)
        }
        _ if values.is_empty() => Value::Null,
        Statistic::Sum => total(&values)?,
        Statistic::Mean => {
            let n = values.len() as u64;
            if values.iter().any(|v| matches!(v, Value::Float(_))) {
                Value::float(moments::mean(&floats(&values)))
            } else {
                as_f64(&total(&values)?).map_or(Value::Null, |t| Value::float(t / n as f64))
            }
        }
        Statistic::Min => values.iter().min_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        Statistic::Max => values.iter().max_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        Statistic::Percentile { percentile, discrete } => {
            values.sort_by(order);
            quantile::of_sorted(&values, percentile, *discrete)
        }
        Statistic::Stddev => moments::stddev(&floats(&values)),
        Statistic::First => values.first().cloned().unwrap_or(Value::Null),
        Statistic::Last => values.last().cloned().unwrap_or(Value::Null),
    };
    Ok(coerce(value, ty))
}

fn total(values: &[Value]) -> Result<Value, TooLarge> {
    let (mut exact, mut float) = (WholeSum::default(), FloatSum::default());
    let (mut whole, mut any_float) = (true, false);
    for value in values {
        match value {
            Value::Int(n) => exact.add(*n, 0),
            Value::Decimal(d) => {
                whole = false;
                exact.add(d.mantissa, d.scale);
            }
            Value::Float(_) => any_float = true,
            _ => {}
        }
    }
    if any_float {
        values.iter().filter_map(as_f64).for_each(|v| float.add(v));
        return Ok(Value::float(float.total()));
    }
    let total = exact.total()?;
    Ok(if whole { Value::Int(total.normalized().mantissa) } else { Value::Decimal(total) })
}
