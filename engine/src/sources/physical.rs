//! What the types of files mean, and one type for a column that several files have.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, TimeUnit};
use kepi_lang::ir::{Item, ScalarType};

/// The largest precision of an Arrow `Decimal128`.
pub(crate) const PRECISION: u8 = 38;

/// The Arrow type of a canonical array.
pub(crate) fn canonical(ty: ScalarType, scale: i8) -> DataType {
    match ty {
        ScalarType::Bool => DataType::Boolean,
        ScalarType::Int => DataType::Int64,
        ScalarType::Decimal => DataType::Decimal128(PRECISION, scale),
        ScalarType::Float => DataType::Float64,
        ScalarType::Text => DataType::Utf8View,
        ScalarType::Date => DataType::Date32,
        ScalarType::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
        ScalarType::List(item) => list_of(item),
        // What holds nothing is neither true nor false: an array that counts its nulls, as one of the type Null does not.
        ScalarType::Null | ScalarType::Unknown | ScalarType::Error => DataType::Boolean,
    }
}

/// Of a canonical list; of pairs one of many, which holds nothing, and so do lists of which only the lengths are known.
pub(crate) fn list_of(item: Item) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(canonical(item.ty(), 0), true)))
}

/// What the elements of lists are; `None` of other types, and of maps whose keys are no texts.
pub(crate) fn item_of(ty: &DataType) -> Option<Item> {
    match ty {
        DataType::List(of) | DataType::LargeList(of) => match of.data_type() {
            DataType::Struct(fields) => {
                let text = |f: &Arc<Field>| f.name() == "key" && scanned(f.data_type()) == Some(DataType::Utf8View);
                let pair = fields.iter().any(text) && fields.iter().any(|f| f.name() == "value");
                Some(if pair { Item::Pair } else { Item::Other })
            }
            element => {
                let one = scanned(element).filter(|ty| !is_naive(ty)).and_then(|ty| natural(&ty, false));
                Some(one.and_then(Item::of).unwrap_or(Item::Other))
            }
        },
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                let text = fields.first().is_some_and(|f| scanned(f.data_type()) == Some(DataType::Utf8View));
                (text && fields.len() == 2).then_some(Item::Pair)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The type that a scan yields for a column that a file has as `ty`; `None` for types that rows cannot be made of.
/// Few types are left, so that cleaning has few cases.
pub(crate) fn scanned(ty: &DataType) -> Option<DataType> {
    Some(match ty {
        DataType::Null | DataType::Boolean | DataType::UInt64 | DataType::Decimal256(..) | DataType::Date32 => {
            ty.clone()
        }
        DataType::Date64 | DataType::Timestamp(..) => ty.clone(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => DataType::Int64,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => DataType::Int64,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => DataType::Float64,
        DataType::Decimal32(_, s) | DataType::Decimal64(_, s) | DataType::Decimal128(_, s) if *s >= 0 => {
            DataType::Decimal128(PRECISION, *s)
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => DataType::BinaryView,
        DataType::Dictionary(_, value) => scanned(value)?,
        _ => item_of(ty).map(|_| ty.clone())?,
    })
}

/// What a scanned column is in the language; `None` where a declared type must say it (bytes).
/// `beyond_i64`: an unsigned column holds, or may hold, numbers that no `i64` does.
pub(crate) fn natural(ty: &DataType, beyond_i64: bool) -> Option<ScalarType> {
    Some(match ty {
        DataType::Null => ScalarType::Null,
        DataType::Boolean => ScalarType::Bool,
        DataType::Int64 => ScalarType::Int,
        DataType::UInt64 if beyond_i64 => ScalarType::Decimal,
        DataType::UInt64 => ScalarType::Int,
        DataType::Decimal128(..) | DataType::Decimal256(..) => ScalarType::Decimal,
        DataType::Float64 => ScalarType::Float,
        DataType::Utf8View => ScalarType::Text,
        DataType::Date32 => ScalarType::Date,
        DataType::Date64 | DataType::Timestamp(..) => ScalarType::Instant,
        _ => ScalarType::List(item_of(ty)?),
    })
}

/// A date and time that no zone is known of.
pub(crate) fn is_naive(ty: &DataType) -> bool {
    matches!(ty, DataType::Timestamp(_, None) | DataType::Date64)
}

/// The scanned type of a column that files have in two types; `None` when values of one are not values of the other.
pub(crate) fn unify(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Decimal128, Float64, Int64, Null, Timestamp, UInt64};
    if a == b {
        return Some(a.clone());
    }
    Some(match (a, b) {
        (Null, other) | (other, Null) => other.clone(),
        (Int64 | UInt64, Float64) | (Float64, Int64 | UInt64) => Float64,
        (Int64, UInt64) | (UInt64, Int64) => Decimal128(PRECISION, 0),
        (Int64 | UInt64, Decimal128(..)) => b.clone(),
        (Decimal128(..), Int64 | UInt64) => a.clone(),
        (Decimal128(_, s), Decimal128(_, t)) => Decimal128(PRECISION, *s.max(t)),
        (DataType::List(_) | DataType::LargeList(_), DataType::List(_) | DataType::LargeList(_)) => {
            match (item_of(a)?, item_of(b)?) {
                (Item::Pair | Item::Other, _) | (_, Item::Pair | Item::Other) => return None,
                (a, b) if a == b => list_of(a),
                (Item::Int, Item::Float) | (Item::Float, Item::Int) => list_of(Item::Float),
                _ => return None,
            }
        }
        (Timestamp(_, None), Timestamp(_, None)) => Timestamp(TimeUnit::Microsecond, None),
        (Timestamp(_, Some(_)), Timestamp(_, Some(_))) => Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
        _ => return None,
    })
}

/// What a file's type is called in messages.
pub(crate) fn called(ty: &DataType) -> String {
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "µs",
        TimeUnit::Nanosecond => "ns",
    };
    match ty {
        DataType::Timestamp(u, None) => format!("Timestamp({})", unit(u)),
        DataType::Timestamp(u, Some(zone)) => format!("Timestamp({}, {zone})", unit(u)),
        DataType::Time32(u) | DataType::Time64(u) => format!("Time({})", unit(u)),
        DataType::Duration(u) => format!("Duration({})", unit(u)),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "Utf8".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "Binary".to_owned()
        }
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => {
            format!("Decimal({p}, {s})")
        }
        DataType::Dictionary(_, value) => called(value),
        DataType::Struct(_) => "Struct".to_owned(),
        DataType::List(of) | DataType::LargeList(of) | DataType::ListView(of) | DataType::LargeListView(of) => {
            format!("List({})", called(of.data_type()))
        }
        DataType::FixedSizeList(of, _) => format!("List({})", called(of.data_type())),
        DataType::Map(..) => "Map".to_owned(),
        DataType::Date32 | DataType::Date64 => "Date".to_owned(),
        other => format!("{other}"),
    }
}

/// What a value of the type is, in a sentence.
pub(crate) fn one(ty: ScalarType) -> &'static str {
    match ty {
        ScalarType::Bool => "true or false",
        ScalarType::Int => "an integer",
        ScalarType::Decimal => "a decimal",
        ScalarType::Float => "a number",
        ScalarType::Text => "text",
        ScalarType::Date => "a date",
        ScalarType::Instant => "an instant",
        ScalarType::List(_) => "a list",
        ScalarType::Null | ScalarType::Unknown | ScalarType::Error => "unknown",
    }
}
