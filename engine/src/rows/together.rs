//! Several values as one.

use std::fmt::Write as _;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringViewBuilder};
use jiff::Timestamp;
use kepi_lang::decimal::Decimal;

use crate::rows::{RowError, View, date_from};

/// `(acme, 17)` of each row: equal where all parts are, numbers by value, null where one of them is.
pub(crate) fn together(parts: &[ArrayRef], rows: usize) -> Result<ArrayRef, RowError> {
    let parts = parts.iter().map(View::new).collect::<Result<Vec<_>, _>>()?;
    let mut out = StringViewBuilder::with_capacity(rows);
    let mut text = String::new();
    for row in 0..rows {
        text.clear();
        for (at, part) in parts.iter().enumerate() {
            text.push_str(if at == 0 { "(" } else { ", " });
            if write(part, row, &mut text).is_none() {
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

/// `None` where it is null.
fn write(view: &View<'_>, row: usize, out: &mut String) -> Option<()> {
    if view.is_null(row) {
        return None;
    }
    // Writing to a `String` does not fail.
    let _ = match view {
        View::Text(a) => {
            quoted(a.value(row), out);
            Ok(())
        }
        View::Int(a) => write!(out, "{}", a.value(row)),
        View::Decimal(a, scale) => write!(out, "{}", Decimal::new(a.value(row), *scale).normalized()),
        View::Float(a) => {
            let value = a.value(row);
            if value.is_nan() {
                return None;
            }
            write!(out, "{}", if value == 0.0 { 0.0 } else { value })
        }
        View::Date(a) => match date_from(a.value(row)) {
            Some(date) => write!(out, "{date}"),
            None => write!(out, "{}", a.value(row)),
        },
        View::Instant(a) => match Timestamp::from_microsecond(a.value(row)) {
            Ok(time) => write!(out, "{time}"),
            Err(_) => write!(out, "{}", a.value(row)),
        },
        View::Bool(a) => write!(out, "{}", a.value(row)),
    };
    Some(())
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
