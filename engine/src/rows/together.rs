//! Several values as one.

use std::fmt::Write as _;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringViewArray,
    StringViewBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use jiff::Timestamp;
use kepi_lang::decimal::Decimal;

use crate::rows::operand::mantissas;
use crate::rows::{RowError, date_from};

/// `(acme, 17)` of each row: equal where all parts are, numbers by value, null where one of them is.
pub(crate) fn together(parts: &[ArrayRef], rows: usize) -> Result<ArrayRef, RowError> {
    let parts = parts.iter().map(Part::of).collect::<Result<Vec<_>, _>>()?;
    let mut out = StringViewBuilder::with_capacity(rows);
    let mut text = String::new();
    for row in 0..rows {
        text.clear();
        for (at, part) in parts.iter().enumerate() {
            text.push_str(if at == 0 { "(" } else { ", " });
            if part.write(row, &mut text).is_none() {
                text.clear();
                break;
            }
        }
        if text.is_empty() {
            out.append_null();
        } else {
            text.push(')');
            out.append_value(&text);
        }
    }
    Ok(Arc::new(out.finish()))
}

enum Part<'a> {
    Text(&'a StringViewArray),
    Int(&'a Int64Array),
    Decimal(&'a Decimal128Array, u8),
    Float(&'a Float64Array),
    Date(&'a Date32Array),
    Instant(&'a TimestampMicrosecondArray),
    Bool(&'a BooleanArray),
}

impl<'a> Part<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self, RowError> {
        let found = match array.data_type() {
            DataType::Utf8View => array.as_string_view_opt().map(Self::Text),
            DataType::Int64 => array.as_primitive_opt::<Int64Type>().map(Self::Int),
            DataType::Decimal128(..) => {
                let (_, scale) = mantissas(array)?;
                array.as_primitive_opt::<Decimal128Type>().map(|a| Self::Decimal(a, scale))
            }
            DataType::Float64 => array.as_primitive_opt::<Float64Type>().map(Self::Float),
            DataType::Date32 => array.as_primitive_opt::<Date32Type>().map(Self::Date),
            DataType::Timestamp(..) => array.as_primitive_opt::<TimestampMicrosecondType>().map(Self::Instant),
            _ => array.as_boolean_opt().map(Self::Bool),
        };
        found.ok_or_else(|| RowError::Internal(format!("a part of a key of {}", array.data_type())))
    }

    /// `None` where it is null.
    fn write(&self, row: usize, out: &mut String) -> Option<()> {
        let valid = |array: &dyn Array| array.is_valid(row).then_some(());
        // Writing to a `String` does not fail.
        let _ = match self {
            Self::Text(a) => {
                valid(a)?;
                quoted(a.value(row), out);
                Ok(())
            }
            Self::Int(a) => valid(a).map(|()| write!(out, "{}", a.value(row)))?,
            Self::Decimal(a, scale) => {
                valid(a).map(|()| write!(out, "{}", Decimal::new(a.value(row), *scale).normalized()))?
            }
            Self::Float(a) => {
                valid(a)?;
                let value = a.value(row);
                if value.is_nan() {
                    return None;
                }
                write!(out, "{}", if value == 0.0 { 0.0 } else { value })
            }
            Self::Date(a) => {
                valid(a)?;
                match date_from(a.value(row)) {
                    Some(date) => write!(out, "{date}"),
                    None => write!(out, "{}", a.value(row)),
                }
            }
            Self::Instant(a) => {
                valid(a)?;
                match Timestamp::from_microsecond(a.value(row)) {
                    Ok(time) => write!(out, "{time}"),
                    Err(_) => write!(out, "{}", a.value(row)),
                }
            }
            Self::Bool(a) => valid(a).map(|()| write!(out, "{}", a.value(row)))?,
        };
        Some(())
    }
}

/// As it is where it cannot be taken for something else, else in quotes.
fn quoted(text: &str, out: &mut String) {
    let special = |c: char| matches!(c, ',' | '"' | '\\' | '(' | ')');
    let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    if !text.contains(special) && !blank(text.chars().next()) && !blank(text.chars().next_back()) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
