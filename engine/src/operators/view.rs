//! A column of any type, read value by value without allocating.

use std::cmp::Ordering;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringViewArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use jiff::Timestamp;
use kepi_lang::decimal::Decimal;
use kepi_lang::value::Value;

use crate::operators::bytes::{encode_decimal, encode_float, encode_i64, encode_text};
use crate::rows::RowError;

pub(crate) enum View<'a> {
    Bool(&'a BooleanArray),
    Int(&'a Int64Array),
    Decimal(&'a Decimal128Array, u8),
    Float(&'a Float64Array),
    Text(&'a StringViewArray),
    Date(&'a Date32Array),
    Instant(&'a TimestampMicrosecondArray),
}

impl<'a> View<'a> {
    pub(crate) fn new(array: &'a ArrayRef) -> Result<Self, RowError> {
        let view = match array.data_type() {
            DataType::Boolean => array.as_boolean_opt().map(Self::Bool),
            DataType::Int64 => array.as_primitive_opt::<Int64Type>().map(Self::Int),
            DataType::Decimal128(_, scale) => array
                .as_primitive_opt::<Decimal128Type>()
                .zip(u8::try_from(*scale).ok())
                .map(|(values, scale)| Self::Decimal(values, scale)),
            DataType::Float64 => array.as_primitive_opt::<Float64Type>().map(Self::Float),
            DataType::Utf8View => array.as_string_view_opt().map(Self::Text),
            DataType::Date32 => array.as_primitive_opt::<Date32Type>().map(Self::Date),
            _ => array.as_primitive_opt::<TimestampMicrosecondType>().map(Self::Instant),
        };
        view.ok_or_else(|| RowError::Internal(format!("a column of {} where values were expected", array.data_type())))
    }

    pub(crate) fn array(&self) -> &dyn Array {
        match self {
            Self::Bool(a) => *a,
            Self::Int(a) => *a,
            Self::Decimal(a, _) => *a,
            Self::Float(a) => *a,
            Self::Text(a) => *a,
            Self::Date(a) => *a,
            Self::Instant(a) => *a,
        }
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.array().is_null(row)
    }

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

    pub(crate) fn value(&self, row: usize) -> Value {
        if self.is_null(row) {
            return Value::Null;
        }
        match self {
            Self::Bool(a) => Value::Bool(a.value(row)),
            Self::Int(a) => Value::Int(i128::from(a.value(row))),
            Self::Decimal(a, scale) => Value::Decimal(Decimal::new(a.value(row), *scale)),
            Self::Float(a) => Value::float(a.value(row)),
            Self::Text(a) => Value::Text(a.value(row).to_owned()),
            Self::Date(a) => crate::rows::date_from(a.value(row)).map_or(Value::Null, Value::Date),
            Self::Instant(a) => Timestamp::from_microsecond(a.value(row)).map_or(Value::Null, Value::Instant),
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
