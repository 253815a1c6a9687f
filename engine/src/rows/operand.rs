//! An array, or one value that stands for all rows.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Datum, Decimal128Array, Float64Array, Int64Array,
    StringViewArray, TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, TimeUnit};
use jiff::civil::Date;
use kepi_lang::ir::ScalarType;
use kepi_lang::value::Value;

use crate::rows::RowError;
use crate::sources::list_of;

#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Array(ArrayRef),
    /// Of length one.
    Scalar(ArrayRef),
}

impl Operand {
    pub(crate) fn array(&self) -> &ArrayRef {
        match self {
            Self::Array(a) | Self::Scalar(a) => a,
        }
    }

    pub(crate) fn is_scalar(&self) -> bool {
        matches!(self, Self::Scalar(_))
    }

    /// A result that has one value for each of this operand's.
    pub(crate) fn same_shape(&self, array: ArrayRef) -> Self {
        match self {
            Self::Array(_) => Self::Array(array),
            Self::Scalar(_) => Self::Scalar(array),
        }
    }

    pub(crate) fn into_array(self, rows: usize) -> Result<ArrayRef, RowError> {
        match self {
            Self::Array(a) => Ok(a),
            Self::Scalar(a) => Ok(take(&a, &UInt32Array::from_value(0, rows), None)?),
        }
    }

    /// The index that row `i` is found at.
    pub(crate) fn at(&self, i: usize) -> usize {
        if self.is_scalar() { 0 } else { i }
    }
}

impl Datum for Operand {
    fn get(&self) -> (&dyn Array, bool) {
        match self {
            Self::Array(a) => (a.as_ref(), false),
            Self::Scalar(a) => (a.as_ref(), true),
        }
    }
}

/// How many values a result of two operands has, and whether it stands for all rows.
pub(crate) fn shape(a: &Operand, b: &Operand) -> (usize, bool) {
    match (a, b) {
        (Operand::Array(a), _) | (_, Operand::Array(a)) => (a.len(), false),
        _ => (1, true),
    }
}

pub(crate) fn shaped(scalar: bool, array: ArrayRef) -> Operand {
    if scalar { Operand::Scalar(array) } else { Operand::Array(array) }
}

/// The canonical Arrow type. A value that is always null is kept as booleans.
pub fn data_type(ty: ScalarType, scale: i8) -> DataType {
    match ty {
        ScalarType::Int => DataType::Int64,
        ScalarType::Decimal => DataType::Decimal128(38, scale),
        ScalarType::Float => DataType::Float64,
        ScalarType::Text => DataType::Utf8View,
        ScalarType::Date => DataType::Date32,
        ScalarType::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ScalarType::List(item) => list_of(item),
        ScalarType::Bool | ScalarType::Null | ScalarType::Unknown | ScalarType::Error => DataType::Boolean,
    }
}

pub(crate) fn null(ty: ScalarType) -> Result<Operand, RowError> {
    Ok(Operand::Scalar(new_null_array(&data_type(ty, 0), 1)))
}

/// A file's or computed column, with floats made canonical.
pub(crate) fn column(array: ArrayRef) -> Operand {
    match array.as_primitive_opt::<Float64Type>() {
        Some(floats) => Operand::Array(Arc::new(canonical(floats))),
        None => Operand::Array(array),
    }
}

/// Without NaN and without `-0.0`.
pub(crate) fn canonical(floats: &Float64Array) -> Float64Array {
    let odd = |v: f64| v.is_nan() || (v == 0.0 && v.is_sign_negative());
    if !floats.values().iter().any(|v| odd(*v)) {
        return floats.clone();
    }
    floats.iter().map(|v| v.filter(|v| !v.is_nan()).map(|v| if v == 0.0 { 0.0 } else { v })).collect()
}

pub(crate) fn literal(value: &Value) -> Result<Operand, RowError> {
    let array: ArrayRef = match value {
        Value::Null => return null(ScalarType::Null),
        Value::Bool(b) => Arc::new(BooleanArray::from(vec![*b])),
        Value::Int(n) => {
            let n = i64::try_from(*n).map_err(|_| RowError::Overflow(format!("the number {n}")))?;
            Arc::new(Int64Array::from(vec![n]))
        }
        Value::Decimal(d) => Arc::new(decimals(vec![Some(d.mantissa)], i8::try_from(d.scale).unwrap_or(38))?),
        Value::Float(r) => Arc::new(Float64Array::from(vec![r.get()])),
        Value::Text(s) => Arc::new(StringViewArray::from_iter_values([s.as_str()])),
        Value::Date(d) => Arc::new(Date32Array::from(vec![days(*d)])),
        Value::Instant(t) => Arc::new(TimestampMicrosecondArray::from(vec![t.as_microsecond()]).with_timezone("UTC")),
    };
    Ok(Operand::Scalar(array))
}

/// Days since 1970-01-01.
pub(crate) fn days(date: Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    date.duration_since(epoch).as_hours().div_euclid(24).try_into().unwrap_or(0)
}

pub(crate) fn decimals(values: Vec<Option<i128>>, scale: i8) -> Result<Decimal128Array, RowError> {
    Ok(Decimal128Array::from(values).with_precision_and_scale(38, scale)?)
}

pub(crate) fn booleans(array: &ArrayRef) -> Result<&BooleanArray, RowError> {
    array.as_boolean_opt().ok_or_else(|| wrong("truth values", array))
}

pub(crate) fn ints(array: &ArrayRef) -> Result<&Int64Array, RowError> {
    array.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong("whole numbers", array))
}

pub(crate) fn floats(array: &ArrayRef) -> Result<&Float64Array, RowError> {
    array.as_primitive_opt::<Float64Type>().ok_or_else(|| wrong("floats", array))
}

pub(crate) fn texts(array: &ArrayRef) -> Result<&StringViewArray, RowError> {
    array.as_string_view_opt().ok_or_else(|| wrong("text", array))
}

/// The mantissas and their scale.
pub(crate) fn mantissas(array: &ArrayRef) -> Result<(&Decimal128Array, u8), RowError> {
    match (array.as_primitive_opt::<Decimal128Type>(), array.data_type()) {
        (Some(values), DataType::Decimal128(_, scale)) => {
            let scale = u8::try_from(*scale).map_err(|_| wrong("decimals with a scale of 0 or more", array))?;
            Ok((values, scale))
        }
        _ => Err(wrong("decimals", array)),
    }
}

pub(crate) fn wrong(expected: &str, array: &ArrayRef) -> RowError {
    RowError::Internal(format!("expected {expected}, found a column of {}", array.data_type()))
}

/// `values[k]` at the k-th row for which the mask is true, null elsewhere.
pub(crate) fn scatter(values: &ArrayRef, mask: &BooleanArray) -> Result<ArrayRef, RowError> {
    let mut next = 0u32;
    let indices: UInt32Array = mask
        .iter()
        .map(|m| {
            (m == Some(true)).then(|| {
                next += 1;
                next - 1
            })
        })
        .collect();
    Ok(take(values, &indices, None)?)
}
