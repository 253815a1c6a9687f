//! A column of any type, read value by value without allocating.

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

use crate::rows::{RowError, date_from};

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
            Self::Date(a) => date_from(a.value(row)).map_or(Value::Null, Value::Date),
            Self::Instant(a) => Timestamp::from_microsecond(a.value(row)).map_or(Value::Null, Value::Instant),
        }
    }
}
