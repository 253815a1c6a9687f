//! `+ - * /` and negation: whole numbers and decimals exact and checked, floats otherwise.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, Date32Type, Decimal128Type, TimestampMicrosecondType};
use kepi_lang::decimal::MAX_SCALE;
use kepi_lang::ir::{Arithmetic, RowExpr, ScalarType};
use kepi_lang::unit::Scale;

use crate::rows::civil::Civil;
use crate::rows::operand::{Operand, canonical, decimals, floats, ints, mantissas, shape, shaped, wrong};
use crate::rows::{RowError, convert};

pub(crate) fn negate(of: &Operand) -> Result<Operand, RowError> {
    let array: ArrayRef = match of.array().data_type() {
        DataType::Int64 => numeric::neg(of.array()).map_err(|_| overflow("the negative of a number"))?,
        DataType::Decimal128(..) => {
            let (values, scale) = mantissas(of.array())?;
            Arc::new(decimals(values.iter().map(|v| v.map(|v| -v)).collect(), scale_i8(scale)?)?)
        }
        DataType::Float64 => Arc::new(
            floats(of.array())?.iter().map(|v| v.map(|v| if v == 0.0 { 0.0 } else { -v })).collect::<Float64Array>(),
        ),
        _ => of.array().clone(),
    };
    Ok(of.same_shape(array))
}

/// `left op right`, each beside its expression, for the value of `expr`.
pub(crate) fn apply(
    op: Arithmetic,
    (left_expr, left): (&RowExpr, &Operand),
    (right_expr, right): (&RowExpr, &Operand),
    expr: &RowExpr,
    civil: &Civil,
) -> Result<Operand, RowError> {
    let temporal = |ty| matches!(ty, ScalarType::Instant | ScalarType::Date);
    if temporal(left_expr.ty) || temporal(right_expr.ty) {
        return between(op, (left_expr, left), (right_expr, right), expr, civil);
    }
    let float = |e: &RowExpr| e.ty == ScalarType::Float;
    if op == Arithmetic::Divide || float(left_expr) || float(right_expr) || expr.ty == ScalarType::Float {
        let (l, r) = (convert::to_float(left)?, convert::to_float(right)?);
        return float_arithmetic(op, &l, &r);
    }
    let decimal = |o: &Operand| matches!(o.array().data_type(), DataType::Decimal128(..));
    if decimal(left) || decimal(right) {
        return decimal_arithmetic(op, &convert::to_decimal(left)?, &convert::to_decimal(right)?);
    }
    let (left, right) =
        (convert::coerce(left.clone(), ScalarType::Int)?, convert::coerce(right.clone(), ScalarType::Int)?);
    let array = match op {
        Arithmetic::Add => numeric::add(&left, &right),
        Arithmetic::Subtract => numeric::sub(&left, &right),
        Arithmetic::Multiply | Arithmetic::Divide => numeric::mul(&left, &right),
    }
    .map_err(|_| overflow(name(op)))?;
    Ok(shaped(crate::rows::both_scalar(&left, &right), array))
}

fn float_arithmetic(op: Arithmetic, left: &Operand, right: &Operand) -> Result<Operand, RowError> {
    let scalar = crate::rows::both_scalar(left, right);
    let array: ArrayRef = match op {
        Arithmetic::Add => numeric::add(left, right)?,
        Arithmetic::Subtract => numeric::sub(left, right)?,
        Arithmetic::Multiply => numeric::mul(left, right)?,
        Arithmetic::Divide => {
            let (a, b) = (floats(left.array())?, floats(right.array())?);
            let (n, _) = shape(left, right);
            let value = |i: usize| {
                let (i, j) = (left.at(i), right.at(i));
                (a.is_valid(i) && b.is_valid(j) && b.value(j) != 0.0).then(|| a.value(i) / b.value(j))
            };
            Arc::new((0..n).map(value).collect::<Float64Array>())
        }
    };
    Ok(shaped(scalar, Arc::new(canonical(floats(&array)?))))
}

fn decimal_arithmetic(op: Arithmetic, left: &Operand, right: &Operand) -> Result<Operand, RowError> {
    exact(op, left, right).or_else(|_| {
        // Trailing zeros may be what does not fit.
        exact(op, &convert::shortest(left)?, &convert::shortest(right)?)
    })
}

fn exact(op: Arithmetic, left: &Operand, right: &Operand) -> Result<Operand, RowError> {
    let ((a, sa), (b, sb)) = (mantissas(left.array())?, mantissas(right.array())?);
    let scale = if op == Arithmetic::Multiply { sa + sb } else { sa.max(sb) };
    if scale > MAX_SCALE {
        return Err(overflow(name(op)));
    }
    let up = |from: u8| 10i128.checked_pow(u32::from(scale - from)).ok_or_else(|| overflow(name(op)));
    let (fa, fb) = if op == Arithmetic::Multiply { (1, 1) } else { (up(sa)?, up(sb)?) };
    let (n, scalar) = shape(left, right);
    let mut values = Vec::with_capacity(n);
    for i in 0..n {
        let (i, j) = (left.at(i), right.at(i));
        if a.is_null(i) || b.is_null(j) {
            values.push(None);
            continue;
        }
        let (x, y) = (a.value(i), b.value(j));
        let value = match op {
            Arithmetic::Multiply | Arithmetic::Divide => x.checked_mul(y),
            Arithmetic::Add => x.checked_mul(fa).zip(y.checked_mul(fb)).and_then(|(x, y)| x.checked_add(y)),
            Arithmetic::Subtract => x.checked_mul(fa).zip(y.checked_mul(fb)).and_then(|(x, y)| x.checked_sub(y)),
        };
        values.push(Some(value.ok_or_else(|| overflow(name(op)))?));
    }
    Ok(shaped(scalar, Arc::new(decimals(values, scale_i8(scale)?)?)))
}

/// Instants and dates: the time between two, or one moved by a time.
fn between(
    op: Arithmetic,
    (left_expr, left): (&RowExpr, &Operand),
    (right_expr, right): (&RowExpr, &Operand),
    expr: &RowExpr,
    civil: &Civil,
) -> Result<Operand, RowError> {
    let both_dates = left_expr.ty == ScalarType::Date && right_expr.ty == ScalarType::Date;
    if both_dates && op == Arithmetic::Subtract {
        const DAY: i64 = 86_400_000_000;
        let micros = |o: &Operand| -> Result<Operand, RowError> {
            let days = o.array().as_primitive_opt::<Date32Type>().ok_or_else(|| wrong("dates", o.array()))?;
            Ok(o.same_shape(Arc::new(days.iter().map(|d| d.map(|d| i64::from(d) * DAY)).collect::<Int64Array>())))
        };
        let array = numeric::sub(&micros(left)?, &micros(right)?)?;
        return elapsed(&shaped(crate::rows::both_scalar(left, right), array), expr);
    }
    let temporal = |ty| matches!(ty, ScalarType::Instant | ScalarType::Date);
    match (temporal(left_expr.ty), temporal(right_expr.ty), op) {
        (true, true, Arithmetic::Subtract) => {
            let (l, r) = (micros_of(left, civil)?, micros_of(right, civil)?);
            let array = numeric::sub(&l, &r).map_err(|_| overflow("the time between two instants"))?;
            elapsed(&shaped(crate::rows::both_scalar(&l, &r), array), expr)
        }
        (true, false, Arithmetic::Add | Arithmetic::Subtract) => {
            moved(op, &micros_of(left, civil)?, right, &right_expr.unit.scale)
        }
        (false, true, Arithmetic::Add) => moved(op, &micros_of(right, civil)?, left, &left_expr.unit.scale),
        _ => Err(RowError::Internal(format!("{} of instants", name(op)))),
    }
}

fn micros_of(of: &Operand, civil: &Civil) -> Result<Operand, RowError> {
    let instants = convert::to_instant(of, civil)?;
    let micros = instants
        .array()
        .as_primitive_opt::<TimestampMicrosecondType>()
        .ok_or_else(|| wrong("instants", instants.array()))?;
    Ok(of.same_shape(Arc::new(Int64Array::new(micros.values().clone(), micros.nulls().cloned()))))
}

/// Microseconds as an amount in the expression's unit.
fn elapsed(micros: &Operand, expr: &RowExpr) -> Result<Operand, RowError> {
    let scale = expr.unit.scale;
    let values = ints(micros.array())?;
    // micros / 1e6 s / (num / den) = micros × den / (num × 1e6)
    let (num, den) = (i128::from(scale.den), i128::from(scale.num).saturating_mul(1_000_000));
    match expr.ty {
        ScalarType::Int => {
            let whole = |v: i64| i64::try_from(i128::from(v) * num / den).ok();
            let array: Int64Array = values.iter().map(|v| v.and_then(whole)).collect();
            Ok(micros.same_shape(Arc::new(array)))
        }
        ScalarType::Decimal => {
            let seconds = decimals(values.iter().map(|v| v.map(i128::from)).collect(), 6)?;
            convert::scale(&micros.same_shape(Arc::new(seconds)), scale.den, scale.num, ScalarType::Decimal)
        }
        _ => {
            let float = |v: i64| (i128::from(v) * num) as f64 / den as f64;
            let array: Float64Array = values.iter().map(|v| v.map(float)).collect();
            Ok(micros.same_shape(Arc::new(canonical(&array))))
        }
    }
}

fn moved(op: Arithmetic, instant: &Operand, by: &Operand, scale: &Scale) -> Result<Operand, RowError> {
    let seconds = convert::to_float(by)?;
    let (instants, amounts) = (ints(instant.array())?, floats(seconds.array())?);
    let (n, scalar) = shape(instant, by);
    let factor = scale.num as f64 / scale.den as f64 * 1e6;
    let value = |i: usize| {
        let (i, j) = (instant.at(i), by.at(i));
        if instants.is_null(i) || amounts.is_null(j) {
            return Ok(None);
        }
        let micros = (amounts.value(j) * factor).round();
        if micros.abs() >= 9e18 {
            return Err(overflow("an instant"));
        }
        let micros = if op == Arithmetic::Subtract { -(micros as i64) } else { micros as i64 };
        instants.value(i).checked_add(micros).map(Some).ok_or_else(|| overflow("an instant"))
    };
    let values = (0..n).map(value).collect::<Result<Vec<_>, _>>()?;
    let array = datafusion::arrow::array::TimestampMicrosecondArray::from(values).with_timezone("UTC");
    Ok(shaped(scalar, Arc::new(array)))
}

pub(crate) fn overflow(what: &str) -> RowError {
    RowError::Overflow(what.to_owned())
}

pub(crate) fn scale_i8(scale: u8) -> Result<i8, RowError> {
    i8::try_from(scale).map_err(|_| overflow("a number's decimal places"))
}

fn name(op: Arithmetic) -> &'static str {
    match op {
        Arithmetic::Add => "a sum of two columns",
        Arithmetic::Subtract => "a difference of two columns",
        Arithmetic::Multiply => "a product of two columns",
        Arithmetic::Divide => "a quotient of two columns",
    }
}

/// Whether an array is of decimals.
pub(crate) fn is_decimal(array: &ArrayRef) -> bool {
    array.as_primitive_opt::<Decimal128Type>().is_some()
}
