//! Words of findings, and the sign that one was reported.

use crate::ir::ScalarType;
use crate::unit::Unit;

/// A finding was reported; what depends on it says nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported;

pub(super) type Check<T> = Result<T, Reported>;

/// A type in the words of a message.
pub(super) fn called(ty: ScalarType) -> &'static str {
    match ty {
        ScalarType::Bool => "a condition",
        ScalarType::Int | ScalarType::Decimal | ScalarType::Float => "a number",
        ScalarType::Text => "text",
        ScalarType::Date => "a date",
        ScalarType::Instant => "a time",
        ScalarType::List(_) => "a list",
        ScalarType::Null => "nothing",
        ScalarType::Unknown | ScalarType::Error => "a value of unknown type",
    }
}

/// A unit in the words of a message.
pub(super) fn called_unit(unit: &Unit) -> String {
    if unit.is_none() { "a plain number".to_owned() } else { format!("`{unit}`") }
}
