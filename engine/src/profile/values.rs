//! The values of a canonical array, one after the other.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use jiff::Timestamp;
use jiff::civil::Date;
use kepi_lang::decimal::Decimal;
use kepi_lang::value::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::profile::kept::mix;

/// A value that has not been copied.
#[derive(Clone, Copy, Debug)]
pub(super) enum One<'a> {
    Bool(bool),
    Int(i64),
    Decimal(i128, u8),
    Float(f64),
    Text(&'a str),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970.
    Instant(i64),
}

impl One<'_> {
    /// Equal values have equal hashes.
    pub fn hash(self) -> u64 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        match self {
            Self::Bool(b) => mix(u64::from(b).wrapping_add(ODD)),
            Self::Int(n) => mix((n as u64).wrapping_add(ODD)),
            Self::Decimal(n, _) => mix(mix((n as u64).wrapping_add(ODD)) ^ ((n >> 64) as u64)),
            Self::Float(n) => mix((if n == 0.0 { 0.0f64 } else { n }).to_bits().wrapping_add(ODD)),
            Self::Text(text) => xxh3_64(text.as_bytes()),
            Self::Date(n) => mix((i64::from(n) as u64).wrapping_add(ODD)),
            Self::Instant(n) => mix((n as u64).wrapping_add(ODD)),
        }
    }

    pub fn number(self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(n as f64),
            Self::Decimal(n, scale) => Some(Decimal::new(n, scale).to_f64()),
            Self::Float(n) => Some(n).filter(|n| n.is_finite()),
            _ => None,
        }
    }

    /// The value; of long text the beginning.
    pub fn short(self) -> Value {
        const LONGEST: usize = 200;
        match self {
            Self::Text(text) => match text.char_indices().nth(LONGEST) {
                Some((at, _)) => Value::Text(format!("{}…", text.get(..at).unwrap_or_default())),
                None => Value::Text(text.to_owned()),
            },
            other => other.value(),
        }
    }

    pub fn value(self) -> Value {
        match self {
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::Int(i128::from(n)),
            Self::Decimal(n, scale) => Value::Decimal(Decimal::new(n, scale).normalized()),
            Self::Float(n) => Value::float(n),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Date(days) => date(days).map_or(Value::Null, Value::Date),
            Self::Instant(at) => Timestamp::from_microsecond(at).map_or(Value::Null, Value::Instant),
        }
    }
}

fn date(days: i32) -> Option<Date> {
    jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// Each row's hash; `None` for null and blank text.
pub(super) fn hashes(array: &ArrayRef) -> Vec<Option<u64>> {
    let mut found = Vec::with_capacity(array.len());
    let blank = |one: &One| matches!(one, One::Text(text) if text.trim().is_empty());
    each(array, &mut |one| found.push(one.filter(|one| !blank(one)).map(One::hash)));
    found
}

/// Calls `visit` with each row's value, `None` for null.
pub(super) fn each(array: &ArrayRef, visit: &mut dyn FnMut(Option<One>)) {
    match array.data_type() {
        DataType::Boolean => array.as_boolean().iter().for_each(|b| visit(b.map(One::Bool))),
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().for_each(|n| visit(n.map(One::Int))),
        DataType::Decimal128(_, scale) => {
            let scale = u8::try_from(*scale).unwrap_or(0);
            array.as_primitive::<Decimal128Type>().iter().for_each(|n| visit(n.map(|n| One::Decimal(n, scale))));
        }
        DataType::Float64 => {
            // What is no number is no value.
            let numbers = array.as_primitive::<Float64Type>().iter();
            numbers.for_each(|n| visit(n.filter(|n| !n.is_nan()).map(One::Float)));
        }
        DataType::Utf8View => array.as_string_view().iter().for_each(|text| visit(text.map(One::Text))),
        DataType::Date32 => array.as_primitive::<Date32Type>().iter().for_each(|n| visit(n.map(One::Date))),
        DataType::Timestamp(..) => {
            array.as_primitive::<TimestampMicrosecondType>().iter().for_each(|n| visit(n.map(One::Instant)));
        }
        _ => (0..array.len()).for_each(|_| visit(None)),
    }
}
