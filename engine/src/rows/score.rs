//! Scores of surveys: what a number means on its scale.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array};
use kepi_lang::ir::RowFunction;

use crate::rows::RowError;
use crate::rows::operand::Operand;
use crate::rows::operand::floats;

/// Each score by its scale; null where there is none.
pub(crate) fn rated(function: RowFunction, scores: &Operand) -> Result<Operand, RowError> {
    let (least, most) = match function {
        RowFunction::Satisfied { of, .. } => (1.0, f64::from(of)),
        _ => (0.0, 10.0),
    };
    let checked = |score: f64| match score.fract() == 0.0 && (least..=most).contains(&score) {
        true => Ok(score),
        false => Err(RowError::OutOfScale(score.to_string(), format!("from {least} to {most}"))),
    };
    let each = floats(scores.array())?.iter().map(|score| score.map(checked).transpose());
    let each = each.collect::<Result<Vec<Option<f64>>, RowError>>()?.into_iter();
    let array: ArrayRef = match function {
        RowFunction::Satisfied { top, of } => {
            let best = f64::from(of.saturating_sub(top));
            Arc::new(each.map(|score| score.map(|s| s > best)).collect::<BooleanArray>())
        }
        _ => {
            let points = |s: f64| match s {
                9.0.. => 100,
                7.0.. => 0,
                _ => -100,
            };
            Arc::new(each.map(|score| score.map(points)).collect::<Int64Array>())
        }
    };
    Ok(scores.same_shape(array))
}
