//! Numbers, one at a time: exact where they are exact, one rounding where they are floats.

use std::cmp::Ordering;

use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Arithmetic, Comparison, ScalarType};
use kepi_lang::value::Value;

use crate::reference::TooLarge;

/// The number as the type that its expression has; anything else as it is.
pub fn coerce(value: Value, ty: ScalarType) -> Value {
    match (ty, &value) {
        (ScalarType::Float, Value::Int(_) | Value::Decimal(_)) => Value::float(float(&value)),
        (ScalarType::Decimal, Value::Int(n)) => Value::Decimal(Decimal::new(*n, 0)),
        (ScalarType::Int, Value::Decimal(d)) if d.is_integer() => Value::Int(d.normalized().mantissa),
        _ => value,
    }
}

pub fn float(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value:?} is no number"))
}

fn exact(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(n) => Some(Decimal::new(*n, 0)),
        Value::Decimal(d) => Some(*d),
        _ => None,
    }
}

/// `+ - * /` of two numbers. Null in, null out; `x / 0` is null.
pub fn arithmetic(op: Arithmetic, left: &Value, right: &Value) -> Result<Value, TooLarge> {
    if left.is_null() || right.is_null() {
        return Ok(Value::Null);
    }
    if op == Arithmetic::Divide {
        let divisor = float(right);
        return Ok(if divisor == 0.0 { Value::Null } else { Value::float(float(left) / divisor) });
    }
    let (Some(a), Some(b)) = (exact(left), exact(right)) else {
        let (a, b) = (float(left), float(right));
        return Ok(Value::float(match op {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            _ => a * b,
        }));
    };
    let result = match op {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        _ => a.checked_mul(b),
    };
    let result = result.ok_or(TooLarge)?;
    let whole = matches!((left, right), (Value::Int(_), Value::Int(_)));
    Ok(if whole { coerce(Value::Decimal(result), ScalarType::Int) } else { Value::Decimal(result) })
}

pub fn negate(value: &Value) -> Result<Value, TooLarge> {
    arithmetic(Arithmetic::Multiply, value, &Value::Int(-1))
}

/// Numbers by value whatever their types, all else as [`Value`] orders it.
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (exact(a), exact(b)) {
        (Some(x), Some(y)) => x.cmp(&y),
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(x), Some(y)) => x.total_cmp(&y),
            _ => a.cmp(b),
        },
    }
}

/// Null when a side is.
pub fn compare(op: Comparison, a: &Value, b: &Value) -> Value {
    if a.is_null() || b.is_null() {
        return Value::Null;
    }
    let order = order(a, b);
    Value::Bool(match op {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
}

pub fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::Null => None,
        other => panic!("{other:?} is neither true nor false"),
    }
}

pub fn unknown_or(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::Bool)
}

/// SQL's three values.
pub fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

pub fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

/// Null when nothing is equal and something is null.
pub fn contained(of: &Value, list: &[Value]) -> Value {
    let equal = list.iter().map(|item| truth(&compare(Comparison::Equal, of, item)));
    let start = if of.is_null() { None } else { Some(false) };
    unknown_or(equal.fold(start, or))
}

/// Functions that rows and metrics have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Coalesce,
    Abs,
    Round,
    Floor,
    Ceil,
    Least,
    Greatest,
    Log,
    Sqrt,
}

pub fn call(function: Function, args: &[Value]) -> Result<Value, TooLarge> {
    let known: Vec<&Value> = args.iter().filter(|v| !v.is_null()).collect();
    match function {
        Function::Coalesce => return Ok(known.first().map_or(Value::Null, |v| (*v).clone())),
        Function::Least => return Ok(known.into_iter().min_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null)),
        Function::Greatest => return Ok(known.into_iter().max_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null)),
        _ if args[0].is_null() => return Ok(Value::Null),
        _ => {}
    }
    let of = &args[0];
    let positive = |ok: bool, value: f64| if ok { Value::float(value) } else { Value::Null };
    match function {
        Function::Abs if order(of, &Value::Int(0)) == Ordering::Less => negate(of),
        Function::Log => Ok(positive(float(of) > 0.0, float(of).ln())),
        Function::Sqrt => Ok(positive(float(of) >= 0.0, float(of).sqrt())),
        Function::Round => Ok(round(of, args.get(1).map_or(0, |places| float(places) as u32))),
        Function::Floor | Function::Ceil => Ok(match of {
            Value::Decimal(d) => {
                let one = 10i128.pow(u32::from(d.scale));
                let floor = d.mantissa.div_euclid(one);
                let up = function == Function::Ceil && d.mantissa.rem_euclid(one) != 0;
                Value::Decimal(Decimal::new(floor + i128::from(up), 0))
            }
            Value::Float(f) if function == Function::Floor => Value::float(f.get().floor()),
            Value::Float(f) => Value::float(f.get().ceil()),
            other => other.clone(),
        }),
        _ => Ok(of.clone()),
    }
}

/// Half away from zero.
fn round(of: &Value, places: u32) -> Value {
    match of {
        Value::Decimal(d) if u32::from(d.scale) > places => {
            let cut = 10i128.pow(u32::from(d.scale) - places);
            let half = cut / 2 * d.mantissa.signum();
            Value::Decimal(Decimal::new((d.mantissa + half) / cut, places as u8))
        }
        Value::Float(f) => {
            let power = 10f64.powi(places as i32);
            Value::float((f.get() * power).round() / power)
        }
        other => other.clone(),
    }
}

/// Exact for integers and decimals. Floats too are added exactly and rounded once at the end: those of the tests are
/// multiples of 2^-70 and fit.
pub fn sum(values: &[Value]) -> Result<Value, TooLarge> {
    if values.iter().any(|v| matches!(v, Value::Float(_))) {
        return Ok(Value::float(float_sum(&values.iter().map(float).collect::<Vec<_>>())));
    }
    let start = if values.iter().any(|v| matches!(v, Value::Decimal(_))) {
        Value::Decimal(Decimal::ZERO)
    } else {
        Value::Int(0)
    };
    values.iter().try_fold(start, |sum, v| arithmetic(Arithmetic::Add, &sum, v))
}

fn float_sum(values: &[f64]) -> f64 {
    const STEPS: f64 = (1u128 << 70) as f64;
    let steps: Option<Vec<i128>> = values
        .iter()
        .map(|v| {
            let steps = v * STEPS;
            (steps.fract() == 0.0 && steps.abs() < 2f64.powi(118)).then_some(steps as i128)
        })
        .collect();
    match steps {
        Some(steps) => steps.iter().sum::<i128>() as f64 / STEPS,
        None => values.iter().sum(),
    }
}

pub fn mean(values: &[Value]) -> Result<Value, TooLarge> {
    if values.is_empty() {
        return Ok(Value::Null);
    }
    Ok(Value::float(float(&sum(values)?) / values.len() as f64))
}

/// Of the sample; null below two.
pub fn stddev(values: &[Value]) -> Value {
    if values.len() < 2 {
        return Value::Null;
    }
    let values: Vec<f64> = values.iter().map(float).collect();
    let mean = float_sum(&values) / values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    Value::float((squares / (values.len() - 1) as f64).sqrt())
}

/// Continuous: linear between the two nearest ranks. Discrete: the smallest value whose cumulative share is at least the
/// percentile.
pub fn percentile(values: &[Value], percentile: Decimal, discrete: bool) -> Value {
    let mut sorted = values.to_vec();
    sorted.sort_by(order);
    let n = sorted.len() as i128;
    if n == 0 {
        return Value::Null;
    }
    // percentile / 100 as a fraction.
    let (num, den) = (percentile.mantissa, 100 * 10i128.pow(u32::from(percentile.scale)));
    if discrete {
        let smallest = (1..=n).find(|rank| rank * den >= num * n).unwrap_or(n);
        return sorted[smallest as usize - 1].clone();
    }
    let position = num * (n - 1);
    let (low, rest) = ((position / den) as usize, position % den);
    let (a, b) = (float(&sorted[low]), float(&sorted[(low + 1).min(sorted.len() - 1)]));
    Value::float(a + (b - a) * (rest as f64 / den as f64))
}

/// Pearson's r; null below three pairs, or where one side does not vary.
pub fn correlation(pairs: &[(Value, Value)]) -> Value {
    let pairs: Vec<(f64, f64)> =
        pairs.iter().filter(|(a, b)| !a.is_null() && !b.is_null()).map(|(a, b)| (float(a), float(b))).collect();
    if pairs.len() < 3 {
        return Value::Null;
    }
    let n = pairs.len() as f64;
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let xx: f64 = pairs.iter().map(|p| (p.0 - mx).powi(2)).sum();
    let yy: f64 = pairs.iter().map(|p| (p.1 - my).powi(2)).sum();
    let xy: f64 = pairs.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
    let varies = |of: fn(&(f64, f64)) -> f64| pairs.iter().any(|p| of(p) != of(&pairs[0]));
    if varies(|p| p.0) && varies(|p| p.1) { Value::float(xy / (xx * yy).sqrt()) } else { Value::Null }
}
