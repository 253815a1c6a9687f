//! From a file's cell to a value of the type that the program gives its column.

use jiff::Timestamp;
use jiff::civil::Weekday;
use kepi_lang::calendar::{Calendar, resolve_local};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Column, LocalPolicy, ScalarType, TimeFormat, TimeReading};
use kepi_lang::value::Value;

use crate::data::Cell;
use crate::files::PATTERN;

/// An instant, and whether a policy had to say which.
pub struct Read {
    pub at: Option<Timestamp>,
    pub moved: bool,
}

/// A cell as a column's type wants it.
pub fn value(cell: &Cell, column: &Column, calendar: &Calendar) -> Value {
    match (column.ty, cell) {
        (_, Cell::Null) | (ScalarType::Null, _) => Value::Null,
        (ScalarType::Instant, _) => {
            instant(cell, column.time.as_ref(), calendar).at.map_or(Value::Null, Value::Instant)
        }
        (ScalarType::Bool, Cell::Bool(b)) => Value::Bool(*b),
        (ScalarType::Int, Cell::Int(n)) => Value::Int(i128::from(*n)),
        (ScalarType::Decimal, Cell::Int(n)) => Value::Decimal(Decimal::new(i128::from(*n), 0)),
        (ScalarType::Decimal, Cell::Decimal(d)) => Value::Decimal(*d),
        (ScalarType::Float, Cell::Int(n)) => Value::float(*n as f64),
        (ScalarType::Float, Cell::Decimal(d)) => Value::float(d.to_f64()),
        (ScalarType::Float, Cell::Float(f)) => Value::float(*f),
        (ScalarType::Text, Cell::Text(text)) => Value::Text(text.clone()),
        (ScalarType::Text, Cell::Int(n)) => Value::Text(n.to_string()),
        // Only times of a clock's own pattern are no times where the column is no clock.
        (ScalarType::Text, Cell::Naive(local)) => Value::Text(local.strftime(PATTERN).to_string()),
        (ScalarType::Date, Cell::Date(date)) => Value::Date(*date),
        (ty, cell) => panic!("{cell:?} in the column `{}` of type {ty:?}", column.name),
    }
}

/// A cell as a time. Without a reading local times are the project's.
pub fn instant(cell: &Cell, reading: Option<&TimeReading>, calendar: &Calendar) -> Read {
    let zone = reading.map_or(calendar.zone.clone(), |r| Calendar::zone_named(&r.zone).expect("a zone"));
    let policy = |of: fn(&TimeReading) -> LocalPolicy, default| reading.map_or(default, of);
    let plain = |at| Read { at, moved: false };
    match cell {
        Cell::Null => plain(None),
        Cell::Zoned(t) => plain(Some(*t)),
        Cell::Naive(local) => {
            let on_gap = policy(|r| r.on_gap, LocalPolicy::Later);
            let on_overlap = policy(|r| r.on_overlap, LocalPolicy::Earlier);
            let resolved = resolve_local(&zone, *local, on_gap, on_overlap);
            Read { at: resolved.timestamp, moved: resolved.moved }
        }
        Cell::Date(date) => {
            let own = Calendar { zone, week_start: Weekday::Monday, fiscal_year_start: (1, 1) };
            plain(Some(own.date_start(*date)))
        }
        Cell::Int(n) => plain(Some(match reading.map(|r| &r.format) {
            Some(TimeFormat::EpochSeconds) => Timestamp::from_second(*n).expect("an instant"),
            Some(TimeFormat::EpochMilliseconds) => Timestamp::from_millisecond(*n).expect("an instant"),
            Some(TimeFormat::EpochMicroseconds) => Timestamp::from_microsecond(*n).expect("an instant"),
            other => panic!("{n} read as {other:?}"),
        })),
        other => panic!("{other:?} is no time"),
    }
}
