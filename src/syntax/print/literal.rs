//! Names and literals as they are written.

use crate::calendar::{Length, PeriodLiteral, SpanUnit, Window};
use crate::decimal::Decimal;
use crate::syntax::ast::Literal;
use crate::syntax::expr::{is_name, is_plain_name};

/// A name, in backticks where it needs them.
pub fn name(text: &str) -> String {
    if is_plain_name(text) { text.to_owned() } else { quoted(text) }
}

/// A name after a dot, where every word is a column.
pub(super) fn field(text: &str) -> String {
    if is_name(text) { text.to_owned() } else { quoted(text) }
}

pub(super) fn quoted(text: &str) -> String {
    format!("`{text}`")
}

pub(super) fn is_negative(literal: &Literal) -> bool {
    match literal {
        Literal::Number(n) | Literal::Percent(n) | Literal::Quantity { number: n, .. } => *n < Decimal::ZERO,
        _ => false,
    }
}

pub(super) fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(true) => "true".to_owned(),
        Literal::Bool(false) => "false".to_owned(),
        Literal::Number(n) => n.to_string(),
        Literal::Percent(n) => format!("{n}%"),
        Literal::Quantity { number, unit } => format!("{number} {}", unit.value),
        Literal::Duration(length) => short_length(*length),
        Literal::Text(value) => text(value),
        Literal::Period(literal) => period(literal),
        Literal::Instant(written) => written.clone(),
    }
}

/// A text in its quotes, with escapes.
pub fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `28 days`.
pub fn length(length: Length) -> String {
    length.to_string()
}

/// `28d`; periods have no short form.
pub(super) fn short_length(length: Length) -> String {
    let unit = match length.unit {
        SpanUnit::Millisecond => "ms",
        SpanUnit::Second => "s",
        SpanUnit::Minute => "m",
        SpanUnit::Hour => "h",
        SpanUnit::Day => "d",
        SpanUnit::Week => "w",
        SpanUnit::Month => "mo",
        SpanUnit::Quarter => "q",
        SpanUnit::Year => "y",
        SpanUnit::Period => return length.to_string(),
    };
    format!("{}{unit}", length.count)
}

/// `28 days`, `month to date`, `all time`.
pub fn window(window: Window) -> String {
    match window {
        Window::Trailing(length) => length.to_string(),
        Window::ToDate(grain) => format!("{grain} to date"),
        Window::AllTime => "all time".to_owned(),
    }
}

pub(super) fn short_window(within: Window) -> String {
    match within {
        Window::Trailing(length) => short_length(length),
        other => window(other),
    }
}

/// `2026-Q3`, `2026-W10`, `FY2026`.
pub fn period(literal: &PeriodLiteral) -> String {
    match *literal {
        PeriodLiteral::Year(y) => format!("{y:04}"),
        PeriodLiteral::Quarter(y, q) => format!("{y:04}-Q{q}"),
        PeriodLiteral::Month(y, m) => format!("{y:04}-{m:02}"),
        PeriodLiteral::Week(y, w) => format!("{y:04}-W{w:02}"),
        PeriodLiteral::Day(y, m, d) => format!("{y:04}-{m:02}-{d:02}"),
        PeriodLiteral::FiscalYear(y) => format!("FY{y:04}"),
        PeriodLiteral::FiscalQuarter(y, q) => format!("FY{y:04}-Q{q}"),
    }
}
