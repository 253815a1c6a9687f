//! Functions of numbers, and the choice among arguments.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array};
use datafusion::arrow::compute::kernels::boolean;
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::datatypes::DataType;
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Comparison, RowExpr, RowFunction, RowKind};
use kepi_lang::value::Value;

use crate::rows::arithmetic::{overflow, scale_i8};
use crate::rows::operand::{Operand, booleans, canonical, decimals, floats, ints, mantissas};
use crate::rows::{Columns, RowError, compare, convert, known_true};

/// Of two, the one that `coalesce`, `least` or `greatest` takes.
pub(crate) fn pick(function: RowFunction, a: Operand, b: Operand, columns: &dyn Columns) -> Result<Operand, RowError> {
    let rows = columns.rows();
    let (a, b) = (a.into_array(rows)?, b.into_array(rows)?);
    let a_is_null = boolean::is_null(&a)?;
    let take_a = if function == RowFunction::Coalesce {
        boolean::not(&a_is_null)?
    } else {
        let op = if function == RowFunction::Least { Comparison::LessOrEqual } else { Comparison::GreaterOrEqual };
        let (left, right) = (Operand::Array(a.clone()), Operand::Array(b.clone()));
        let wins = compare::compare(op, &left, &right, columns.civil())?.into_array(rows)?;
        let wins = known_true(booleans(&wins)?);
        let other_is_null = boolean::is_null(&b)?;
        boolean::or(&wins, &other_is_null)?
    };
    Ok(Operand::Array(zip(&take_a, &a, &b)?))
}

/// The literal number of places of `round`.
pub(crate) fn places(arg: &RowExpr) -> Result<u8, RowError> {
    match &arg.kind {
        RowKind::Literal(Value::Int(n)) => u8::try_from(*n).ok().filter(|n| *n <= 15),
        RowKind::Literal(Value::Decimal(d)) if d.is_integer() => {
            u8::try_from(d.normalized().mantissa).ok().filter(|n| *n <= 15)
        }
        _ => None,
    }
    .ok_or_else(|| RowError::Internal("round takes 0 to 15 decimal places".to_owned()))
}

pub(crate) fn whole(function: RowFunction, of: &Operand, places: u8) -> Result<Operand, RowError> {
    let array = of.array();
    let out: ArrayRef = match array.data_type() {
        DataType::Int64 if function == RowFunction::Abs => {
            let abs = |v: i64| v.checked_abs().ok_or_else(|| overflow("an absolute value"));
            Arc::new(ints(array)?.iter().map(|v| v.map(abs).transpose()).collect::<Result<Int64Array, _>>()?)
        }
        DataType::Decimal128(..) => {
            let (values, scale) = mantissas(array)?;
            let (one, to) =
                (|v: i128| decimal_whole(function, v, scale, places), decimal_scale(function, scale, places));
            Arc::new(decimals(values.iter().map(|v| v.map(one)).collect(), scale_i8(to)?)?)
        }
        DataType::Float64 => {
            let out: Float64Array = floats(array)?.unary(|v| float_whole(function, v, places));
            Arc::new(canonical(&out))
        }
        _ => array.clone(),
    };
    Ok(of.same_shape(out))
}

/// `round`, `floor` or `ceil` of a decimal.
pub(crate) fn round_decimal(function: RowFunction, d: Decimal, places: u8) -> Decimal {
    Decimal::new(decimal_whole(function, d.mantissa, d.scale, places), decimal_scale(function, d.scale, places))
}

fn decimal_scale(function: RowFunction, scale: u8, places: u8) -> u8 {
    match function {
        RowFunction::Abs => scale,
        RowFunction::Round => scale.min(places),
        _ => 0,
    }
}

fn decimal_whole(function: RowFunction, v: i128, scale: u8, places: u8) -> i128 {
    let by = |n: u8| 10i128.checked_pow(u32::from(n)).unwrap_or(i128::MAX);
    match function {
        RowFunction::Floor => v.div_euclid(by(scale)),
        RowFunction::Ceil => -(-v).div_euclid(by(scale)),
        RowFunction::Round if places < scale => convert::divide_half_away(v, by(scale - places)),
        RowFunction::Round => v,
        _ => v.saturating_abs(),
    }
}

/// `round`, `floor`, `ceil` or `abs` of a float.
pub(crate) fn float_whole(function: RowFunction, v: f64, places: u8) -> f64 {
    match function {
        RowFunction::Floor => v.floor(),
        RowFunction::Ceil => v.ceil(),
        RowFunction::Round => {
            let power = 10f64.powi(i32::from(places));
            let scaled = v * power;
            if scaled.is_finite() { scaled.round() / power } else { v }
        }
        _ => v.abs(),
    }
}

pub(crate) fn root(function: RowFunction, of: &Operand) -> Result<Operand, RowError> {
    let one = |v: f64| match function {
        RowFunction::Log => (v > 0.0).then(|| v.ln()),
        _ => (v >= 0.0).then(|| v.sqrt()),
    };
    let out: Float64Array = floats(of.array())?.iter().map(|v| v.and_then(one)).collect();
    Ok(of.same_shape(Arc::new(canonical(&out))))
}
