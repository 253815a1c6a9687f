//! From one type or scale to another, exactly or not at all.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, TimestampMicrosecondArray, new_null_array,
};
use datafusion::arrow::datatypes::{DataType, Date32Type};
use kepi_lang::decimal::{Decimal, MAX_SCALE};
use kepi_lang::ir::ScalarType;

use crate::rows::RowError;
use crate::rows::arithmetic::{is_decimal, overflow, scale_i8};
use crate::rows::civil::Civil;
use crate::rows::operand::{Operand, canonical, data_type, decimals, floats, ints, mantissas, wrong};

/// The value as the type that its expression has.
pub(crate) fn coerce(value: Operand, ty: ScalarType) -> Result<Operand, RowError> {
    let array = value.array();
    let null = array.logical_null_count() == array.len();
    match (ty, array.data_type()) {
        (ScalarType::Bool, DataType::Boolean)
        | (ScalarType::Int, DataType::Int64)
        | (ScalarType::Decimal, DataType::Decimal128(..))
        | (ScalarType::Float, DataType::Float64)
        | (ScalarType::Text, DataType::Utf8View)
        | (ScalarType::Date, DataType::Date32)
        | (ScalarType::Instant, DataType::Timestamp(..))
        | (ScalarType::List(_), DataType::List(_))
        | (ScalarType::Null | ScalarType::Unknown | ScalarType::Error, _) => Ok(value),
        (ScalarType::Float, DataType::Int64 | DataType::Decimal128(..)) => to_float(&value),
        (ScalarType::Decimal, DataType::Int64) => to_decimal(&value),
        (ScalarType::Int, DataType::Decimal128(..)) => {
            let shortest = shortest(&value)?;
            let (values, scale) = mantissas(shortest.array())?;
            let whole = |v: i128| i64::try_from(v).map_err(|_| overflow("a whole number"));
            if scale != 0 {
                return Err(RowError::Internal("a fraction where a whole number was promised".to_owned()));
            }
            let ints = values.iter().map(|v| v.map(whole).transpose()).collect::<Result<Int64Array, _>>()?;
            Ok(shortest.same_shape(Arc::new(ints)))
        }
        (ScalarType::Int, DataType::Float64) => {
            let whole = |v: f64| {
                if v.abs() < 9.2e18 { Ok(v.round() as i64) } else { Err(overflow("a whole number")) }
            };
            let ints = floats(array)?.iter().map(|v| v.map(whole).transpose()).collect::<Result<Int64Array, _>>()?;
            Ok(value.same_shape(Arc::new(ints)))
        }
        (ScalarType::Decimal, DataType::Float64) => {
            Err(RowError::Internal("a float where a decimal was promised".to_owned()))
        }
        _ if null => Ok(value.same_shape(new_null_array(&data_type(ty, 0), array.len()))),
        _ => Err(wrong(&format!("{ty:?}"), array)),
    }
}

pub(crate) fn to_float(value: &Operand) -> Result<Operand, RowError> {
    let array = value.array();
    let floats: Float64Array = match array.data_type() {
        DataType::Float64 => return Ok(value.clone()),
        DataType::Int64 => ints(array)?.unary(|v| v as f64),
        DataType::Decimal128(..) => {
            let (values, scale) = mantissas(array)?;
            values.unary(|v| decimal_to_f64(v, scale))
        }
        _ if array.logical_null_count() == array.len() => Float64Array::new_null(array.len()),
        _ => return Err(wrong("numbers", array)),
    };
    Ok(value.same_shape(Arc::new(floats)))
}

/// The nearest `f64`. Two exact floats and one division are correctly rounded; the rest goes through the digits.
pub(crate) fn decimal_to_f64(mantissa: i128, scale: u8) -> f64 {
    if mantissa.unsigned_abs() <= 1 << 53 && scale <= 22 {
        return mantissa as f64 / 10f64.powi(i32::from(scale));
    }
    Decimal::new(mantissa, scale).to_f64()
}

pub(crate) fn to_decimal(value: &Operand) -> Result<Operand, RowError> {
    let array = value.array();
    if is_decimal(array) {
        return Ok(value.clone());
    }
    if array.logical_null_count() == array.len() {
        return Ok(value.same_shape(new_null_array(&data_type(ScalarType::Decimal, 0), array.len())));
    }
    let whole: Decimal128Array = ints(array)?.unary(i128::from);
    Ok(value.same_shape(Arc::new(whole.with_precision_and_scale(38, 0)?)))
}

/// At the smallest scale that holds every value.
pub(crate) fn shortest(value: &Operand) -> Result<Operand, RowError> {
    let (values, scale) = mantissas(value.array())?;
    let needed = values.iter().flatten().map(|v| Decimal::new(v, scale).normalized().scale).max().unwrap_or(0);
    let by = 10i128.pow(u32::from(scale - needed.min(scale)));
    let short = values.iter().map(|v| v.map(|v| v / by)).collect();
    Ok(value.same_shape(Arc::new(decimals(short, scale_i8(needed.min(scale))?)?)))
}

fn rescale(value: &Operand, to: u8) -> Result<Operand, RowError> {
    let (values, scale) = mantissas(value.array())?;
    if scale == to {
        return Ok(value.clone());
    }
    let by = to.checked_sub(scale).and_then(|n| 10i128.checked_pow(u32::from(n)));
    let by = by.ok_or_else(|| overflow("a decimal"))?;
    let up = |v: i128| v.checked_mul(by).ok_or_else(|| overflow("a decimal"));
    let values = values.iter().map(|v| v.map(up).transpose()).collect::<Result<Vec<_>, _>>()?;
    Ok(value.same_shape(Arc::new(decimals(values, scale_i8(to)?)?)))
}

/// Two operands of one type with one data type: decimals at one scale.
pub(crate) fn align(a: Operand, b: Operand) -> Result<(Operand, Operand), RowError> {
    if !is_decimal(a.array()) || !is_decimal(b.array()) {
        return Ok((a, b));
    }
    let at = |a: &Operand, b: &Operand| -> Result<_, RowError> {
        let to = mantissas(a.array())?.1.max(mantissas(b.array())?.1);
        Ok((rescale(a, to)?, rescale(b, to)?))
    };
    at(&a, &b).or_else(|_| at(&shortest(&a)?, &shortest(&b)?))
}

/// `value × num / den`.
pub(crate) fn scale(value: &Operand, num: u64, den: u64, ty: ScalarType) -> Result<Operand, RowError> {
    let whole = |v: i128| v.checked_mul(i128::from(num)).ok_or_else(|| overflow("a converted number"));
    let array = value.array();
    match (ty, array.data_type()) {
        (ScalarType::Int, DataType::Int64) => {
            let one = |v: i64| {
                let scaled = divide_half_away(whole(i128::from(v))?, i128::from(den));
                i64::try_from(scaled).map_err(|_| overflow("a converted number"))
            };
            let out = ints(array)?.iter().map(|v| v.map(one).transpose()).collect::<Result<Int64Array, _>>()?;
            Ok(value.same_shape(Arc::new(out)))
        }
        (ScalarType::Decimal, DataType::Int64 | DataType::Decimal128(..)) => {
            let value = to_decimal(value)?;
            let (values, scale) = mantissas(value.array())?;
            let (up, places) = terminating(den).ok_or_else(|| overflow("a converted number"))?;
            let to =
                scale.checked_add(places).filter(|s| *s <= MAX_SCALE).ok_or_else(|| overflow("a converted number"))?;
            let one = |v: i128| whole(v)?.checked_mul(up).ok_or_else(|| overflow("a converted number"));
            let out = values.iter().map(|v| v.map(one).transpose()).collect::<Result<Vec<_>, _>>()?;
            Ok(value.same_shape(Arc::new(decimals(out, scale_i8(to)?)?)))
        }
        _ => {
            let value = to_float(value)?;
            let out = floats(value.array())?.unary(|v: f64| v * num as f64 / den as f64);
            Ok(value.same_shape(Arc::new(canonical(&out))))
        }
    }
}

/// `1 / den = up / 10^places`, when there is such a power.
pub(crate) fn terminating(den: u64) -> Option<(i128, u8)> {
    let den = i128::from(den);
    let mut power = 1i128;
    for places in 0..=MAX_SCALE {
        if den != 0 && power % den == 0 {
            return Some((power / den, places));
        }
        power = power.checked_mul(10)?;
    }
    None
}

/// `n / d`, rounded half away from zero.
pub(crate) fn divide_half_away(n: i128, d: i128) -> i128 {
    if d == 0 {
        return 0;
    }
    let (q, r) = (n / d, n % d);
    if r.unsigned_abs() >= d.unsigned_abs() - r.unsigned_abs() { q + n.signum() * d.signum() } else { q }
}

/// A date is the first instant of its day.
pub(crate) fn to_instant(value: &Operand, civil: &Civil) -> Result<Operand, RowError> {
    let array: &ArrayRef = value.array();
    let Some(days) = array.as_primitive_opt::<Date32Type>() else {
        return coerce(value.clone(), ScalarType::Instant);
    };
    let instants = days.iter().map(|d| d.and_then(|d| civil.start_of_day(d))).collect::<Vec<_>>();
    Ok(value.same_shape(Arc::new(TimestampMicrosecondArray::from(instants).with_timezone("UTC"))))
}
