//! Comparisons, by value whatever the types of number.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{Array, BooleanArray};
use datafusion::arrow::compute::kernels::cmp;
use datafusion::arrow::datatypes::DataType;
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::Comparison;

use crate::rows::civil::Civil;
use crate::rows::operand::{Operand, mantissas, shape, shaped};
use crate::rows::{RowError, both_scalar, convert};

pub(crate) fn compare(op: Comparison, left: &Operand, right: &Operand, civil: &Civil) -> Result<Operand, RowError> {
    let (n, scalar) = shape(left, right);
    let all_null = |o: &Operand| o.array().logical_null_count() == o.array().len() && !o.array().is_empty();
    if (all_null(left) && (left.is_scalar() || !scalar)) || (all_null(right) && (right.is_scalar() || !scalar)) {
        return Ok(shaped(scalar, Arc::new(BooleanArray::new_null(n))));
    }
    let (left, right) = match (left.array().data_type(), right.array().data_type()) {
        (DataType::Float64, DataType::Int64 | DataType::Decimal128(..))
        | (DataType::Int64 | DataType::Decimal128(..), DataType::Float64) => {
            (convert::to_float(left)?, convert::to_float(right)?)
        }
        (DataType::Decimal128(..), DataType::Int64 | DataType::Decimal128(..))
        | (DataType::Int64, DataType::Decimal128(..)) => {
            let (left, right) = (convert::to_decimal(left)?, convert::to_decimal(right)?);
            match convert::align(left.clone(), right.clone()) {
                Ok(aligned) => aligned,
                Err(_) => return row_by_row(op, &left, &right),
            }
        }
        (DataType::Date32, DataType::Timestamp(..)) | (DataType::Timestamp(..), DataType::Date32) => {
            (convert::to_instant(left, civil)?, convert::to_instant(right, civil)?)
        }
        _ => (left.clone(), right.clone()),
    };
    let kernel = match op {
        Comparison::Equal => cmp::eq,
        Comparison::NotEqual => cmp::neq,
        Comparison::Less => cmp::lt,
        Comparison::LessOrEqual => cmp::lt_eq,
        Comparison::Greater => cmp::gt,
        Comparison::GreaterOrEqual => cmp::gt_eq,
    };
    Ok(shaped(both_scalar(&left, &right), Arc::new(kernel(&left, &right)?)))
}

/// Decimals too far apart for one scale.
fn row_by_row(op: Comparison, left: &Operand, right: &Operand) -> Result<Operand, RowError> {
    let ((a, sa), (b, sb)) = (mantissas(left.array())?, mantissas(right.array())?);
    let (n, scalar) = shape(left, right);
    let value = |i: usize| {
        let (i, j) = (left.at(i), right.at(i));
        (a.is_valid(i) && b.is_valid(j))
            .then(|| holds(op, Decimal::new(a.value(i), sa).cmp(&Decimal::new(b.value(j), sb))))
    };
    Ok(shaped(scalar, Arc::new((0..n).map(value).collect::<BooleanArray>())))
}

/// Whether two values in this order satisfy the comparison.
pub(crate) fn holds(op: Comparison, order: Ordering) -> bool {
    match op {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}
