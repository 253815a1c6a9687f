//! Percentiles, exact: all values are kept and the ranks picked at the end.

use std::cmp::Ordering;

use kepi_lang::decimal::Decimal;
use kepi_lang::value::Value;

use crate::collect::value::order;
use crate::operators::{Family, Reader, Rows, TooLarge, View, decode_value, encode_value, text, told};
use crate::rows::RowError;

pub(crate) struct Percentile {
    pub percentile: Decimal,
    pub discrete: bool,
}

/// Values of one type, in any order.
#[derive(Clone)]
pub(crate) enum Values {
    Floats(Vec<f64>),
    Whole(Vec<i64>),
    /// Mantissas at one scale.
    Exact {
        values: Vec<i128>,
        scale: u8,
    },
    /// Dates, instants, and numbers that share no scale.
    Other(Vec<Value>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Other(Vec::new())
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Floats(v) => v.len(),
            Self::Whole(v) => v.len(),
            Self::Exact { values, .. } => values.len(),
            Self::Other(v) => v.len(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Floats(v) => v.capacity() * size_of::<f64>(),
            Self::Whole(v) => v.capacity() * size_of::<i64>(),
            Self::Exact { values, .. } => values.capacity() * size_of::<i128>(),
            Self::Other(v) => v.capacity() * size_of::<Value>() + v.iter().map(text).sum::<usize>(),
        }
    }

    fn push(&mut self, view: &View<'_>, row: usize) {
        if self.len() == 0 {
            *self = match view {
                View::Float(_) => Self::Floats(Vec::new()),
                View::Int(_) => Self::Whole(Vec::new()),
                View::Decimal(_, scale) => Self::Exact { values: Vec::new(), scale: *scale },
                _ => Self::default(),
            };
        }
        match (&mut *self, view) {
            (Self::Floats(v), View::Float(a)) => v.push(a.value(row)),
            (Self::Whole(values), View::Int(a)) => values.push(a.value(row)),
            (Self::Exact { values, scale }, View::Decimal(a, s)) if s == scale => values.push(a.value(row)),
            (Self::Other(v), _) => v.push(view.value(row)),
            _ => {
                let mut all = self.each();
                all.push(view.value(row));
                *self = Self::Other(all);
            }
        }
    }

    fn each(&self) -> Vec<Value> {
        match self {
            Self::Floats(v) => v.iter().map(|v| Value::float(*v)).collect(),
            Self::Whole(v) => v.iter().map(|v| Value::Int(i128::from(*v))).collect(),
            Self::Exact { values, scale } => values.iter().map(|v| exact(*v, *scale)).collect(),
            Self::Other(v) => v.clone(),
        }
    }

    fn merge(&mut self, other: &Self) {
        if other.len() == 0 {
            return;
        }
        if self.len() == 0 {
            return self.clone_from(other);
        }
        match (&mut *self, other) {
            (Self::Floats(a), Self::Floats(b)) => a.extend(b),
            (Self::Whole(a), Self::Whole(b)) => a.extend(b),
            (Self::Exact { values: a, scale: sa }, Self::Exact { values: b, scale: sb }) if sa == sb => a.extend(b),
            _ => {
                let mut all = self.each();
                all.extend(other.each());
                *self = Self::Other(all);
            }
        }
    }
}

fn exact(mantissa: i128, scale: u8) -> Value {
    Value::Decimal(Decimal::new(mantissa, scale))
}

impl Family for Percentile {
    type State = Values;

    fn update(&self, states: &mut [Values], rows: &Rows<'_>) -> Result<(), RowError> {
        let view = rows.view()?;
        if let (View::Int(values), Some(state)) = (&view, rows.one.and_then(|cell| states.get_mut(cell as usize))) {
            if state.len() == 0 {
                *state = Values::Whole(Vec::new());
            }
            if let Values::Whole(all) = state {
                let known = rows.rows.iter().map(|row| *row as usize).filter(|row| !view.is_null(*row));
                all.extend(known.map(|row| values.value(row)));
                return Ok(());
            }
        }
        for (row, cell) in rows.each() {
            if !view.is_null(row)
                && let Some(state) = states.get_mut(cell)
            {
                state.push(&view, row);
            }
        }
        Ok(())
    }

    fn merge(&self, into: &mut Values, from: &Values) {
        into.merge(from);
    }

    fn absorb(&self, into: &mut Values, from: Values) {
        if into.len() == 0 { *into = from } else { into.merge(&from) }
    }

    fn write(&self, state: &mut Values, out: &mut Vec<u8>) {
        let n = (state.len() as u64).to_le_bytes();
        match state {
            Values::Floats(v) => {
                out.push(0);
                out.extend(n);
                out.extend(v.iter().flat_map(|v| v.to_bits().to_le_bytes()));
            }
            Values::Whole(v) => {
                out.push(1);
                out.extend(n);
                out.extend(v.iter().flat_map(|v| v.to_le_bytes()));
            }
            Values::Exact { values, scale } => {
                out.extend([2, *scale]);
                out.extend(n);
                out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
            }
            Values::Other(v) => {
                out.push(3);
                out.extend(n);
                v.iter().for_each(|v| encode_value(v, out));
            }
        }
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Values> {
        Some(match bytes.u8()? {
            0 => {
                let n = bytes.count(8)?;
                Values::Floats((0..n).map(|_| bytes.u64().map(f64::from_bits)).collect::<Option<_>>()?)
            }
            1 => {
                let n = bytes.count(8)?;
                Values::Whole((0..n).map(|_| bytes.i64()).collect::<Option<_>>()?)
            }
            2 => {
                let scale = bytes.u8()?;
                let n = bytes.count(16)?;
                Values::Exact { values: (0..n).map(|_| bytes.i128()).collect::<Option<_>>()?, scale }
            }
            _ => {
                let n = bytes.count(1)?;
                Values::Other((0..n).map(|_| decode_value(bytes)).collect::<Option<_>>()?)
            }
        })
    }

    fn beside(&self, state: &Values) -> usize {
        state.bytes()
    }

    fn piles(&self) -> bool {
        true
    }

    fn finish(&self, state: &mut Values) -> Result<Value, TooLarge> {
        let n = state.len();
        if n == 0 {
            return Ok(Value::Null);
        }
        let (at, fraction) = rank(&self.percentile, self.discrete, n);
        let (low, high) = match state {
            Values::Floats(v) => pick(v, at, f64::total_cmp, |v| Value::float(*v)),
            Values::Whole(v) => pick(v, at, Ord::cmp, |v| Value::Int(i128::from(*v))),
            Values::Exact { values, scale } => pick(values, at, Ord::cmp, |v| exact(*v, *scale)),
            Values::Other(v) => pick(v, at, order, |v| told(v.clone())),
        };
        Ok(if self.discrete { low } else { between(&low, &high, fraction) })
    }
}

/// The value of a rank, from zero, and that of the next one, if there is one. Ranks are found without putting all in order.
fn pick<T>(
    values: &mut [T],
    at: usize,
    order: impl Fn(&T, &T) -> Ordering,
    value: impl Fn(&T) -> Value,
) -> (Value, Value) {
    if at >= values.len() {
        return (Value::Null, Value::Null);
    }
    let (_, low, above) = values.select_nth_unstable_by(at, &order);
    let next = above.iter().min_by(|a, b| order(a, b)).map(&value);
    let low = value(low);
    (low.clone(), next.unwrap_or(low))
}

/// The percentile of values that are in order and not null.
pub(crate) fn of_sorted(values: &[Value], percentile: &Decimal, discrete: bool) -> Value {
    if values.is_empty() {
        return Value::Null;
    }
    let (at, fraction) = rank(percentile, discrete, values.len());
    let pick = |i: usize| values.get(i).cloned().unwrap_or(Value::Null);
    let low = pick(at);
    if discrete { low } else { between(&low, &pick((at + 1).min(values.len() - 1)), fraction) }
}

/// The rank to take among `n` sorted values, and how far towards the next one.
///
/// Continuous: rank p / 100 × (n - 1), from zero. Discrete: the first whose cumulative share is at least p / 100.
pub(super) fn rank(percentile: &Decimal, discrete: bool, n: usize) -> (usize, f64) {
    let p = percentile.normalized();
    let whole = 10i128.checked_pow(u32::from(p.scale)).and_then(|s| s.checked_mul(100));
    let (Some(whole), Ok(count)) = (whole, i128::try_from(n)) else { return (0, 0.0) };
    let steps = if discrete { count } else { count - 1 };
    let Some(position) = p.mantissa.checked_mul(steps) else { return (0, 0.0) };
    let (at, rest) = (position.div_euclid(whole), position.rem_euclid(whole));
    let index = |at: i128| usize::try_from(at).unwrap_or(0).min(n - 1);
    if discrete {
        return (index(at + i128::from(rest > 0) - 1), 0.0);
    }
    (index(at), rest as f64 / whole as f64)
}

pub(super) fn between(low: &Value, high: &Value, fraction: f64) -> Value {
    match (low, high) {
        (Value::Instant(a), Value::Instant(b)) => {
            let width = b.as_microsecond().saturating_sub(a.as_microsecond());
            let at = a.as_microsecond().saturating_add((width as f64 * fraction) as i64);
            jiff::Timestamp::from_microsecond(at).map_or(Value::Null, Value::Instant)
        }
        _ => match (low.as_f64(), high.as_f64()) {
            (Some(a), Some(_)) if fraction == 0.0 => Value::float(a),
            (Some(a), Some(b)) => Value::float(a + (b - a) * fraction),
            _ => low.clone(),
        },
    }
}
