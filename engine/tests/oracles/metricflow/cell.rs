//! The value of a dimension, written one way for both sides.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use kepi_lang::value::Value;

/// `None`: null. Times as MetricFlow's rows have them, `2020-01-01 00:00:00`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell(pub Option<String>);

impl Cell {
    pub fn of(value: &Value) -> Self {
        Self(match value {
            Value::Null => None,
            Value::Date(date) => Some(time(date.at(0, 0, 0, 0))),
            Value::Instant(at) => Some(time(TimeZone::UTC.to_datetime(*at))),
            Value::Bool(b) => Some(b.to_string()),
            Value::Text(text) => Some(text.clone()),
            number => number.as_f64().map(written),
        })
    }

    /// A part of a time; kepi's `year(…)` is the year's first day.
    pub fn part(part: &str, value: &Value) -> Self {
        match value {
            Value::Date(date) if part == "year" => Self(Some(date.year().to_string())),
            value => Self::of(value),
        }
    }

    /// What is expected. kepi reads a blank field as null.
    pub fn expected(value: &serde_json::Value) -> Self {
        Self(match value {
            serde_json::Value::Null => None,
            serde_json::Value::Bool(b) => Some(b.to_string()),
            serde_json::Value::Number(n) => n.as_f64().map(written),
            serde_json::Value::String(text) if text.is_empty() => None,
            // As Python prints them.
            serde_json::Value::String(text) if text == "True" || text == "False" => Some(text.to_lowercase()),
            serde_json::Value::String(text) => Some(text.parse::<DateTime>().map_or_else(|_| text.clone(), time)),
            other => Some(other.to_string()),
        })
    }
}

fn time(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S%.f").to_string()
}

fn written(number: f64) -> String {
    number.to_string()
}
