//! What states are made of, of a column of any type.

use std::cmp::Ordering;

use kepi_lang::value::Value;

use crate::operators::bytes::{encode_decimal, encode_float, encode_i64, encode_text};
pub(crate) use crate::rows::View;
use crate::rows::decimal_to_f64;

impl View<'_> {
    /// Appends the canonical bytes of a value, as `encode_value` does.
    pub(crate) fn encode(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.push(0);
        }
        match self {
            Self::Bool(a) => out.extend([1, u8::from(a.value(row))]),
            Self::Int(a) => encode_i64(2, a.value(row), out),
            Self::Decimal(a, scale) => encode_decimal(a.value(row), *scale, out),
            Self::Float(a) => encode_float(a.value(row), out),
            Self::Text(a) => encode_text(a.value(row), out),
            Self::Date(a) => encode_i64(5, i64::from(a.value(row)), out),
            Self::Instant(a) => encode_i64(6, a.value(row), out),
        }
    }

    /// The nearest float of a number that is not null; `None` of what is no number.
    pub(crate) fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::Float(a) => Some(a.value(row)),
            Self::Int(a) => Some(a.value(row) as f64),
            Self::Decimal(a, scale) => Some(decimal_to_f64(a.value(row), *scale)),
            _ => None,
        }
    }

    /// The order of a value that is not null and another of its kind.
    pub(crate) fn compare(&self, row: usize, other: &Value) -> Ordering {
        match (self, other) {
            (Self::Text(a), Value::Text(b)) => a.value(row).cmp(b.as_str()),
            (Self::Int(a), Value::Int(b)) => i128::from(a.value(row)).cmp(b),
            (Self::Decimal(a, scale), Value::Decimal(b)) if *scale == b.scale => a.value(row).cmp(&b.mantissa),
            (Self::Float(a), Value::Float(b)) => a.value(row).total_cmp(&b.get()),
            _ => crate::collect::value::order(&self.value(row), other),
        }
    }
}
