//! A slow, obvious evaluator of programs: rows as values, every measure by looking at every row. It shares no code with the
//! engine but the language's own types and calendar.

pub mod metric;
pub mod row;
pub mod source;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use kepi_lang::calendar::Interval;
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Program, Question};
use kepi_lang::results::{Answer, AnswerRow, Extent};
use kepi_lang::value::Value;

use crate::data::Tables;

/// A number that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// Everything that the evaluator looks at.
pub struct World<'a> {
    pub program: &'a Program,
    pub tables: &'a Tables,
    pub question: &'a Question,
    /// By source: the rows that are left after cleaning.
    pub rows: Vec<Vec<Vec<Value>>>,
    pub extents: Vec<Extent>,
}

/// The answers to a question.
pub fn answers(world: &World<'_>) -> Result<Vec<Answer>, TooLarge> {
    let mut answers = Vec::new();
    for ask in &world.question.asks {
        let mut groups = BTreeSet::new();
        if ask.by.is_empty() {
            groups.insert(Vec::new());
        } else {
            for period in &ask.periods {
                metric::breakdown(world, &ask.expr, (period.interval, period.grain), &mut groups);
            }
        }
        let complete = |end| {
            ask.expr.sources().iter().all(|id| {
                let source = &world.program.sources[id.0 as usize];
                let last = world.extents[id.0 as usize].last;
                let known = if world.question.as_of_given || world.program.settings.as_of.is_some() {
                    Some(world.question.as_of)
                } else {
                    source.complete_until.or(last.map(|t| t + jiff::SignedDuration::from_micros(1)))
                };
                source.time.is_none() || known.is_some_and(|known| end <= known)
            })
        };
        let mut answer = Answer::default();
        for (index, period) in ask.periods.iter().enumerate() {
            for by in &groups {
                let at =
                    metric::At { interval: period.interval, grain: period.grain, by: by.clone(), keys: Vec::new() };
                let value = metric::value(world, &ask.expr, &at)?;
                answer.rows.push(AnswerRow {
                    period: index,
                    by: by.clone(),
                    value,
                    complete: complete(period.interval.end),
                    open: None,
                });
            }
        }
        answers.push(answer);
    }
    Ok(answers)
}

/// Numbers by value, other things by their own order.
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Float(_), _) | (_, Value::Float(_)) => match (a.as_f64(), b.as_f64()) {
            (Some(x), Some(y)) => x.partial_cmp(&y).expect("no NaN"),
            _ => a.cmp(b),
        },
        (Value::Int(_) | Value::Decimal(_), Value::Int(_) | Value::Decimal(_)) => decimal(a).cmp(&decimal(b)),
        _ => a.cmp(b),
    }
}

pub fn decimal(value: &Value) -> Decimal {
    match value {
        Value::Int(n) => Decimal::new(*n, 0),
        Value::Decimal(d) => *d,
        other => panic!("{other:?} is no exact number"),
    }
}

/// The value as the type of its expression.
pub fn as_type(value: Value, ty: kepi_lang::ir::ScalarType) -> Value {
    use kepi_lang::ir::ScalarType as T;
    match (ty, &value) {
        (T::Float, Value::Int(_) | Value::Decimal(_)) => Value::float(value.as_f64().expect("a number")),
        (T::Decimal, Value::Int(n)) => Value::Decimal(Decimal::new(*n, 0)),
        (T::Int, Value::Decimal(d)) if d.is_integer() => Value::Int(d.normalized().mantissa),
        _ => value,
    }
}

/// Shewchuk's exact sum: partial sums that do not overlap, then one rounding (halves to even).
pub fn exact_sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut partials: Vec<f64> = Vec::new();
    for value in values {
        let (mut x, mut kept) = (value, 0);
        for j in 0..partials.len() {
            let mut y = partials[j];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                partials[kept] = low;
                kept += 1;
            }
            x = high;
        }
        partials.truncate(kept);
        partials.push(x);
    }
    let Some(mut high) = partials.pop() else { return 0.0 };
    let mut low = 0.0;
    while let Some(y) = partials.pop() {
        let x = high;
        high = x + y;
        low = y - (high - x);
        if low != 0.0 {
            break;
        }
    }
    if let Some(next) = partials.last()
        && ((low < 0.0 && *next < 0.0) || (low > 0.0 && *next > 0.0))
    {
        let twice = low * 2.0;
        let x = high + twice;
        if twice == x - high {
            high = x;
        }
    }
    high
}

pub fn mean(values: &[f64]) -> f64 {
    exact_sum(values.iter().copied()) / values.len() as f64
}

pub fn stddev(values: &[f64]) -> Value {
    if values.len() < 2 {
        return Value::Null;
    }
    let middle = mean(values);
    let squares = exact_sum(values.iter().map(|v| (v - middle).powi(2)));
    Value::float((squares / (values.len() as f64 - 1.0)).sqrt())
}

/// Of values that are not null.
pub fn percentile(mut values: Vec<Value>, percentile: &Decimal, discrete: bool) -> Value {
    values.sort_by(order);
    let n = values.len();
    if n == 0 {
        return Value::Null;
    }
    let p = percentile.to_f64() / 100.0;
    if discrete {
        // The first whose cumulative share reaches p.
        let at = (1..=n).find(|k| *k as f64 >= p * n as f64 - 1e-9).unwrap_or(n);
        return values[at - 1].clone();
    }
    let rank = p * (n as f64 - 1.0);
    let low = (rank + 1e-9).floor();
    let (a, b) = (&values[low as usize], &values[(low as usize + 1).min(n - 1)]);
    let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
    Value::float(a + (b - a) * (rank - low).max(0.0))
}

/// The sum of exact numbers, or of floats when one of them is.
pub fn total(values: &[Value]) -> Result<Value, TooLarge> {
    if values.iter().any(|v| matches!(v, Value::Float(_))) {
        return Ok(Value::float(exact_sum(values.iter().filter_map(Value::as_f64))));
    }
    let mut sum = Decimal::ZERO;
    for value in values {
        sum = sum.checked_add(decimal(value)).ok_or(TooLarge)?;
    }
    let whole = values.iter().all(|v| matches!(v, Value::Int(_)));
    Ok(if whole { Value::Int(sum.mantissa) } else { Value::Decimal(sum) })
}

/// Whether an instant lies in an interval and before `as_of`.
pub fn inside(world: &World<'_>, interval: &Interval, t: jiff::Timestamp) -> bool {
    interval.contains(t) && t < world.question.as_of
}
