//! Vectorised evaluation of [`RowExpr`]: one Arrow array in, one out, with the meaning that `ir.rs` gives each node.
//!
//! Arrays are canonical: Bool `BooleanArray`, Int `Int64`, Decimal `Decimal128(38, s)`, Float `Float64`, Text `Utf8View`, Date
//! `Date32`, Instant `Timestamp(µs, "UTC")`. A float result is never NaN (that is null) and never `-0.0`.

mod arithmetic;
mod civil;
mod compare;
mod convert;
mod fast;
mod list;
mod number;
mod operand;
mod score;
mod text;
mod together;
mod view;

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Datum};
use datafusion::arrow::compute::filter;
use datafusion::arrow::compute::kernels::boolean;
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::compute::prep_null_mask_filter;
use datafusion::arrow::error::ArrowError;
use kepi_lang::ir::{ColumnId, Edge, Numbers, RowExpr, RowFunction, RowKind, ScalarType, Way};
use kepi_lang::value::Value;

pub use civil::Civil;
pub(crate) use civil::date_of as date_from;
pub(crate) use compare::holds;
pub(crate) use convert::decimal_to_f64;
pub(crate) use fast::FastState;
pub(crate) use number::{float_whole as round_float, round_decimal};
pub(crate) use operand::days as days_of;
pub(crate) use view::View;

use operand::Operand;

use crate::sources::convert::{Refused, Target};
use crate::sources::finding::quoted;
use crate::sources::one;
use crate::sources::times::Reading;

/// The rows that an expression is evaluated over.
pub trait Columns {
    fn rows(&self) -> usize;
    /// A column of the source, canonical.
    fn column(&self, column: ColumnId) -> Result<ArrayRef, RowError>;
    /// A column of the lookup that a way leads to, one value for each row, canonical; null where it leads to no row.
    fn linked(&self, way: &Way, column: ColumnId) -> Result<ArrayRef, RowError>;
    /// Of rows that are made of others: a value of one of those.
    fn made(&self, _: Edge, _: &[RowExpr]) -> Result<ArrayRef, RowError> {
        Err(RowError::Internal("a row that is made of no others".to_owned()))
    }
    fn civil(&self) -> &Civil;
    /// Within a condition on the elements of lists, which are the rows then: the elements of one of the lists.
    fn element(&self, _: u32) -> Result<ArrayRef, RowError> {
        Err(RowError::Internal("an element outside of a list".to_owned()))
    }
    /// The value of a condition that is known already.
    fn known(&self, _: &RowExpr) -> Option<ArrayRef> {
        None
    }
}

/// Why an expression has no value. The caller knows whose expression it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowError {
    /// A whole or decimal number does not fit; the text says which operation.
    Overflow(String),
    /// A field of a JSON text is not of its declared type: the text, and what it should be.
    NotOfType(String, ScalarType),
    /// A score that is none of its scale: the score, and the scale.
    OutOfScale(String, String),
    /// A program that check would not have let through.
    Internal(String),
    /// More distinct values than can be told apart: so many can be.
    TooMany(u32),
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOfType(text, ty) => write!(f, "{} is not {}", quoted(text), one(*ty)),
            Self::OutOfScale(score, scale) => write!(f, "a score of {score}, on a scale of whole numbers {scale}"),
            Self::Overflow(what) => write!(f, "{what} is too large for an exact number"),
            Self::Internal(what) => f.write_str(what),
            Self::TooMany(most) => write!(f, "there are more than {most} distinct values"),
        }
    }
}

impl std::error::Error for RowError {}

impl From<ArrowError> for RowError {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::ArithmeticOverflow(what) => Self::Overflow(what),
            other => Self::Internal(other.to_string()),
        }
    }
}

/// The expression's value in each row.
pub fn evaluate(expr: &RowExpr, columns: &dyn Columns) -> Result<ArrayRef, RowError> {
    operand(expr, columns)?.into_array(columns.rows())
}

/// As [`evaluate`], over the rows for which the mask is true; null in the others.
pub fn evaluate_where(expr: &RowExpr, columns: &dyn Columns, mask: &BooleanArray) -> Result<ArrayRef, RowError> {
    let selected = Selected { columns, mask, rows: mask.true_count() };
    operand::scatter(&evaluate(expr, &selected)?, mask)
}

/// The rows for which a condition is true, and those for which it is null.
pub fn condition(expr: &RowExpr, columns: &dyn Columns) -> Result<(BooleanArray, BooleanArray), RowError> {
    let array = evaluate(expr, columns)?;
    let mask = operand::booleans(&array)?;
    let unknown = boolean::is_null(mask)?;
    Ok((known_true(mask), unknown))
}

/// Where a truth value is true: null counts as false.
fn known_true(mask: &BooleanArray) -> BooleanArray {
    if mask.null_count() > 0 { prep_null_mask_filter(mask) } else { mask.clone() }
}

fn operand(expr: &RowExpr, columns: &dyn Columns) -> Result<Operand, RowError> {
    if expr.ty == ScalarType::Null {
        return operand::null(ScalarType::Null);
    }
    if expr.ty == ScalarType::Bool
        && let Some(known) = columns.known(expr)
    {
        return Ok(Operand::Array(known));
    }
    let value = match &expr.kind {
        RowKind::Column(id) => operand::column(columns.column(*id)?),
        RowKind::Linked { way, column } => operand::column(columns.linked(way, *column)?),
        RowKind::Made { at, of } => operand::column(columns.made(*at, of)?),
        RowKind::Literal(value) => operand::literal(value)?,
        RowKind::Negate(of) => arithmetic::negate(&typed(of, expr.ty, columns)?)?,
        RowKind::Arithmetic { op, left, right } => {
            let (l, r) = (operand(left, columns)?, operand(right, columns)?);
            arithmetic::apply(*op, (left, &l), (right, &r), expr, columns.civil())?
        }
        RowKind::Convert { of, num, den } => convert::scale(&operand(of, columns)?, *num, *den, expr.ty)?,
        RowKind::Compare { op, left, right } => {
            compare::compare(*op, &operand(left, columns)?, &operand(right, columns)?, columns.civil())?
        }
        RowKind::And(left, right) => logical(left, right, columns, boolean::and_kleene)?,
        RowKind::Or(left, right) => logical(left, right, columns, boolean::or_kleene)?,
        RowKind::Not(of) => {
            let of = typed(of, ScalarType::Bool, columns)?;
            let negated = boolean::not(operand::booleans(of.array())?)?;
            of.same_shape(Arc::new(negated))
        }
        RowKind::In { of, list } => contained(of, list, columns)?,
        RowKind::Like { of, pattern } => text::like(&typed(of, ScalarType::Text, columns)?, pattern)?,
        RowKind::IsNull(of) => {
            let of = operand(of, columns)?;
            let nulls = boolean::is_null(of.array())?;
            of.same_shape(Arc::new(nulls))
        }
        RowKind::If { condition: test, then, otherwise } => choose(test, then, otherwise, expr.ty, columns)?,
        RowKind::Call { function, args } => call(*function, args, expr.ty, columns)?,
    };
    convert::coerce(value, expr.ty)
}

/// The operand as `ty`.
fn typed(expr: &RowExpr, ty: ScalarType, columns: &dyn Columns) -> Result<Operand, RowError> {
    convert::coerce(operand(expr, columns)?, ty)
}

type Kleene = fn(&BooleanArray, &BooleanArray) -> Result<BooleanArray, ArrowError>;

fn logical(left: &RowExpr, right: &RowExpr, columns: &dyn Columns, kernel: Kleene) -> Result<Operand, RowError> {
    let (left, right) = (typed(left, ScalarType::Bool, columns)?, typed(right, ScalarType::Bool, columns)?);
    combine(left, right, columns.rows(), kernel)
}

fn combine(left: Operand, right: Operand, rows: usize, kernel: Kleene) -> Result<Operand, RowError> {
    if left.is_scalar() && right.is_scalar() {
        let both = kernel(operand::booleans(left.array())?, operand::booleans(right.array())?)?;
        return Ok(Operand::Scalar(Arc::new(both)));
    }
    let (left, right) = (left.into_array(rows)?, right.into_array(rows)?);
    let both = kernel(operand::booleans(&left)?, operand::booleans(&right)?)?;
    Ok(Operand::Array(Arc::new(both)))
}

fn contained(of: &RowExpr, list: &[RowExpr], columns: &dyn Columns) -> Result<Operand, RowError> {
    let of = operand(of, columns)?;
    // False, or null where `of` is.
    let mut found = {
        let nulls = boolean::is_null(of.array())?;
        let values = BooleanArray::from_iter((0..nulls.len()).map(|i| (!nulls.value(i)).then_some(false)));
        of.same_shape(Arc::new(values))
    };
    for item in list {
        let item = operand(item, columns)?;
        let equal = compare::compare(kepi_lang::ir::Comparison::Equal, &of, &item, columns.civil())?;
        found = combine(found, equal, columns.rows(), boolean::or_kleene)?;
    }
    Ok(found)
}

fn choose(
    test: &RowExpr,
    then: &RowExpr,
    otherwise: &RowExpr,
    ty: ScalarType,
    columns: &dyn Columns,
) -> Result<Operand, RowError> {
    let mask = evaluate(test, columns)?;
    let mask = known_true(operand::booleans(
        &convert::coerce(Operand::Array(mask), ScalarType::Bool)?.into_array(columns.rows())?,
    )?);
    let taken = typed(then, ty, columns).or_else(|e| only_where(then, ty, &mask, columns, e))?;
    let rest =
        typed(otherwise, ty, columns).or_else(|e| only_where(otherwise, ty, &boolean::not(&mask)?, columns, e))?;
    let (taken, rest) = convert::align(taken, rest)?;
    Ok(Operand::Array(zip(&mask, &taken, &rest)?))
}

/// A branch of an `if` that overflowed over all rows, over the rows that take it: what the others hold is no business of its.
fn only_where(
    expr: &RowExpr,
    ty: ScalarType,
    mask: &BooleanArray,
    columns: &dyn Columns,
    error: RowError,
) -> Result<Operand, RowError> {
    if !matches!(error, RowError::Overflow(_) | RowError::OutOfScale(..)) {
        return Err(error);
    }
    let selected = Selected { columns, mask, rows: mask.true_count() };
    let values = typed(expr, ty, &selected)?.into_array(selected.rows)?;
    Ok(Operand::Array(operand::scatter(&values, mask)?))
}

/// The rows of `columns` for which the mask is true.
pub struct Selected<'a> {
    pub columns: &'a dyn Columns,
    pub mask: &'a BooleanArray,
    /// How many are.
    pub rows: usize,
}

impl Columns for Selected<'_> {
    fn rows(&self) -> usize {
        self.rows
    }

    fn column(&self, column: ColumnId) -> Result<ArrayRef, RowError> {
        Ok(filter(&self.columns.column(column)?, self.mask)?)
    }

    fn linked(&self, way: &Way, column: ColumnId) -> Result<ArrayRef, RowError> {
        Ok(filter(&self.columns.linked(way, column)?, self.mask)?)
    }

    fn made(&self, at: Edge, of: &[RowExpr]) -> Result<ArrayRef, RowError> {
        Ok(filter(&self.columns.made(at, of)?, self.mask)?)
    }

    fn civil(&self) -> &Civil {
        self.columns.civil()
    }

    fn element(&self, list: u32) -> Result<ArrayRef, RowError> {
        Ok(filter(&self.columns.element(list)?, self.mask)?)
    }
}

fn call(function: RowFunction, args: &[RowExpr], ty: ScalarType, columns: &dyn Columns) -> Result<Operand, RowError> {
    let arg =
        |n: usize| args.get(n).ok_or_else(|| RowError::Internal(format!("{function:?} lacks argument {}", n + 1)));
    match function {
        RowFunction::Coalesce | RowFunction::Least | RowFunction::Greatest => {
            let mut values = args.iter().map(|a| typed(a, ty, columns));
            let first =
                values.next().ok_or_else(|| RowError::Internal(format!("{function:?} without arguments")))??;
            values.try_fold(first, |so_far, next| {
                let (a, b) = convert::align(so_far, next?)?;
                number::pick(function, a, b, columns)
            })
        }
        RowFunction::Abs | RowFunction::Floor | RowFunction::Ceil => {
            number::whole(function, &operand(arg(0)?, columns)?, 0)
        }
        RowFunction::Round => {
            let places = args.get(1).map_or(Ok(0), number::places)?;
            number::whole(function, &operand(arg(0)?, columns)?, places)
        }
        RowFunction::Log | RowFunction::Sqrt => number::root(function, &typed(arg(0)?, ScalarType::Float, columns)?),
        RowFunction::AnyOf => match args.split_last() {
            Some((condition, lists)) => list::any(lists, condition, columns),
            None => Err(RowError::Internal("`any` of nothing".to_owned())),
        },
        RowFunction::Element(list) => Ok(operand::column(columns.element(list)?)),
        RowFunction::Field => {
            let path = match &arg(1)?.kind {
                RowKind::Literal(Value::Text(path)) => path,
                _ => return Err(RowError::Internal("a field without its path".to_owned())),
            };
            let texts = list::field(&operand(arg(0)?, columns)?, path)?;
            read_as(texts, ty, columns.civil())
        }
        RowFunction::Length if arg(0)?.ty.is_list() => list::lengths(&operand(arg(0)?, columns)?),
        RowFunction::Lower | RowFunction::Upper | RowFunction::Trim | RowFunction::Length => {
            text::unary(function, &typed(arg(0)?, ScalarType::Text, columns)?)
        }
        RowFunction::StartsWith | RowFunction::EndsWith | RowFunction::Contains => {
            let of = typed(arg(0)?, ScalarType::Text, columns)?;
            text::search(function, &of, &typed(arg(1)?, ScalarType::Text, columns)?)
        }
        RowFunction::PeriodStart(_)
        | RowFunction::HourOfDay
        | RowFunction::Weekday
        | RowFunction::DayOfMonth
        | RowFunction::MonthOfYear
        | RowFunction::QuarterOfYear
        | RowFunction::DayOfYear => {
            let of = operand(arg(0)?, columns)?;
            // A column that holds nothing has no type of its own.
            let nothing = arg(0)?.ty == ScalarType::Null;
            let of = if nothing { convert::coerce(of, ScalarType::Instant)? } else { of };
            civil::part(function, &of, columns.civil())
        }
        RowFunction::Promoter | RowFunction::Satisfied { .. } => {
            score::rated(function, &typed(arg(0)?, ScalarType::Float, columns)?)
        }
        RowFunction::Together => {
            let parts = args.iter().map(|a| operand(a, columns)?.into_array(columns.rows()));
            let parts = parts.collect::<Result<Vec<_>, RowError>>()?;
            Ok(Operand::Array(together::together(&parts, columns.rows())?))
        }
    }
}

/// Texts as values of a type.
fn read_as(texts: Operand, ty: ScalarType, civil: &Civil) -> Result<Operand, RowError> {
    if ty == ScalarType::Text {
        return Ok(texts);
    }
    let reading = Reading::plain(civil.calendar().zone.clone());
    let target = Target { ty, scale: 0, reading, lenient: false, blank: true, numbers: Numbers::default() };
    match target.convert(texts.array()) {
        Ok(read) => Ok(texts.same_shape(read.array)),
        Err(Refused::Value { text, .. }) => Err(RowError::NotOfType(text, ty)),
        Err(Refused::Type) => Err(RowError::Internal(format!("a field as {ty:?}"))),
    }
}

/// Whether two operands can be taken as one shape.
fn both_scalar(a: &Operand, b: &Operand) -> bool {
    a.get().1 && b.get().1
}

#[cfg(test)]
mod tests;
