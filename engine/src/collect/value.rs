//! Arithmetic on single values: exact where numbers are exact, checked, null in, null out.

use std::cmp::Ordering;

use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Arithmetic, Comparison, MetricFunction, RowFunction, ScalarType};
use kepi_lang::value::Value;

use crate::operators::TooLarge;
use crate::rows::{decimal_to_f64, round_decimal, round_float};

/// The order of two values of one kind; numbers by value, whatever their type.
pub(crate) fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Decimal(b)) => Decimal::new(*a, 0).cmp(b),
        (Value::Decimal(a), Value::Int(b)) => a.cmp(&Decimal::new(*b, 0)),
        (Value::Float(_), Value::Int(_) | Value::Decimal(_)) | (Value::Int(_) | Value::Decimal(_), Value::Float(_)) => {
            let float = |v: &Value| as_f64(v).unwrap_or(f64::NAN);
            float(a).total_cmp(&float(b))
        }
        _ => a.cmp(b),
    }
}

/// The nearest float of a number.
pub(crate) fn as_f64(value: &Value) -> Option<f64> {
    match value {
        Value::Decimal(d) => Some(decimal_to_f64(d.mantissa, d.scale)),
        other => other.as_f64(),
    }
}

/// The value as the type that its expression has, where it is a number of another one.
pub(crate) fn coerce(value: Value, ty: ScalarType) -> Value {
    match (ty, value) {
        (ScalarType::Float, v @ (Value::Int(_) | Value::Decimal(_))) => as_f64(&v).map_or(Value::Null, Value::float),
        (ScalarType::Decimal, Value::Int(n)) => Value::Decimal(Decimal::new(n, 0)),
        (ScalarType::Int, Value::Decimal(d)) if d.is_integer() => Value::Int(d.normalized().mantissa),
        (_, v) => v,
    }
}

fn exact(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(n) => Some(Decimal::new(*n, 0)),
        Value::Decimal(d) => Some(*d),
        _ => None,
    }
}

pub(crate) fn arithmetic(op: Arithmetic, a: &Value, b: &Value) -> Result<Value, TooLarge> {
    if op != Arithmetic::Divide
        && let (Some(x), Some(y)) = (exact(a), exact(b))
    {
        let result = match op {
            Arithmetic::Add => x.checked_add(y),
            Arithmetic::Subtract => x.checked_sub(y),
            Arithmetic::Multiply | Arithmetic::Divide => x.checked_mul(y),
        }
        .ok_or(TooLarge)?;
        let whole = matches!((a, b), (Value::Int(_), Value::Int(_)));
        return Ok(if whole { Value::Int(result.normalized().mantissa) } else { Value::Decimal(result) });
    }
    let (Some(x), Some(y)) = (as_f64(a), as_f64(b)) else { return Ok(Value::Null) };
    Ok(Value::float(match op {
        Arithmetic::Add => x + y,
        Arithmetic::Subtract => x - y,
        Arithmetic::Multiply => x * y,
        Arithmetic::Divide if y == 0.0 => return Ok(Value::Null),
        Arithmetic::Divide => x / y,
    }))
}

pub(crate) fn negate(value: &Value) -> Result<Value, TooLarge> {
    Ok(match value {
        Value::Int(n) => Value::Int(n.checked_neg().ok_or(TooLarge)?),
        Value::Decimal(d) => Value::Decimal(Decimal { mantissa: d.mantissa.checked_neg().ok_or(TooLarge)?, ..*d }),
        Value::Float(r) => Value::float(-r.get()),
        _ => Value::Null,
    })
}

/// Null when a side is.
pub(crate) fn compare(op: Comparison, a: &Value, b: &Value) -> Value {
    if a.is_null() || b.is_null() { Value::Null } else { Value::Bool(crate::rows::holds(op, order(a, b))) }
}

/// True or false, else unknown.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    if let Value::Bool(b) = value { Some(*b) } else { None }
}

pub(crate) fn truth_value(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::Bool)
}

pub(crate) fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

pub(crate) fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    and(a.map(|a| !a), b.map(|b| !b)).map(|both| !both)
}

pub(crate) fn call(function: MetricFunction, args: &[Value]) -> Result<Value, TooLarge> {
    let first = args.first().unwrap_or(&Value::Null);
    let known = || args.iter().filter(|v| !v.is_null());
    Ok(match function {
        MetricFunction::Coalesce => known().next().cloned().unwrap_or(Value::Null),
        MetricFunction::Least => known().min_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        // `max_by` takes the last of equals, `min_by` the first.
        MetricFunction::Greatest => known().max_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        MetricFunction::Abs if order(first, &Value::Int(0)).is_lt() => negate(first)?,
        MetricFunction::Abs => first.clone(),
        MetricFunction::Round | MetricFunction::Floor | MetricFunction::Ceil => {
            let places = match args.get(1) {
                Some(Value::Int(n)) => u8::try_from(*n).unwrap_or(0).min(15),
                Some(Value::Decimal(d)) => u8::try_from(d.normalized().mantissa).unwrap_or(0).min(15),
                _ => 0,
            };
            let function = match function {
                MetricFunction::Floor => RowFunction::Floor,
                MetricFunction::Ceil => RowFunction::Ceil,
                _ => RowFunction::Round,
            };
            match first {
                Value::Decimal(d) => Value::Decimal(round_decimal(function, *d, places)),
                Value::Float(r) => Value::float(round_float(function, r.get(), places)),
                other => other.clone(),
            }
        }
        MetricFunction::Log => as_f64(first).filter(|v| *v > 0.0).map_or(Value::Null, |v| Value::float(v.ln())),
        MetricFunction::Sqrt => as_f64(first).filter(|v| *v >= 0.0).map_or(Value::Null, |v| Value::float(v.sqrt())),
    })
}
