//! From keys to the rows that have them.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use kepi_lang::decimal::Decimal;

/// Keys to rows. Whole numbers are one key whatever their type: a file may hold the customer 17850 as `17850.0`.
#[derive(Debug, Default)]
pub(crate) struct Index {
    whole: HashMap<i64, u32>,
    text: HashMap<String, u32>,
    /// Other numbers, by their shortest text.
    number: HashMap<String, u32>,
    /// Keys of several columns, written one after the other.
    several: HashMap<Vec<u8>, u32>,
}

/// One key.
enum Key<'a> {
    Whole(i64),
    Text(&'a str),
    Number(String),
    Several(&'a [u8]),
}

impl Index {
    /// Each key's row, or the first two rows that share one. Rows without a key are in no index.
    pub(crate) fn unique(keys: &[ArrayRef], rows: usize) -> Result<Self, (u32, u32)> {
        let mut index = Self::default();
        let mut row: u32 = 0;
        let mut twice: Option<(u32, u32)> = None;
        each_key(keys, rows, &mut |key| {
            if let Some(first) = key.and_then(|key| index.insert(key, row)) {
                twice.get_or_insert((first, row));
            }
            row += 1;
        });
        twice.map_or(Ok(index), Err)
    }

    /// For each key the row that has it; null where none has.
    pub(crate) fn rows_of(&self, keys: &[ArrayRef]) -> UInt32Array {
        let len = keys.first().map_or(0, |first| first.len());
        let mut rows = Vec::with_capacity(len);
        each_key(keys, len, &mut |key| rows.push(key.and_then(|key| self.get(&key))));
        rows.into()
    }

    fn get(&self, key: &Key<'_>) -> Option<u32> {
        match key {
            Key::Whole(n) => self.whole.get(n).copied(),
            Key::Text(text) => self.text.get(*text).copied(),
            Key::Number(text) => self.number.get(text).copied(),
            Key::Several(bytes) => self.several.get(*bytes).copied(),
        }
    }

    /// The row that has the key already.
    fn insert(&mut self, key: Key<'_>, row: u32) -> Option<u32> {
        let first = self.get(&key);
        if first.is_none() {
            match key {
                Key::Whole(n) => self.whole.insert(n, row),
                Key::Text(text) => self.text.insert(text.to_owned(), row),
                Key::Number(text) => self.number.insert(text, row),
                Key::Several(bytes) => self.several.insert(bytes.to_vec(), row),
            };
        }
        first
    }
}

/// Calls `visit` with the key of each row, in order; a key of which any part is null is none.
fn each_key(columns: &[ArrayRef], rows: usize, visit: &mut dyn FnMut(Option<Key<'_>>)) {
    if let [only] = columns {
        return each_part(only, visit);
    }
    // Each part with its kind and its length before it, so that no two keys are written alike.
    let mut written: Vec<Option<Vec<u8>>> = vec![Some(Vec::new()); rows];
    for column in columns {
        let mut at = written.iter_mut();
        each_part(column, &mut |part| {
            let Some(slot) = at.next() else { return };
            let Some(part) = part else {
                *slot = None;
                return;
            };
            let Some(bytes) = slot else { return };
            let mut write = |kind: u8, part: &[u8]| {
                bytes.push(kind);
                bytes.extend((part.len() as u64).to_le_bytes());
                bytes.extend(part);
            };
            match &part {
                Key::Whole(n) => write(0, &n.to_le_bytes()),
                Key::Text(text) => write(1, text.as_bytes()),
                Key::Number(text) => write(2, text.as_bytes()),
                Key::Several(part) => write(3, part),
            }
        });
    }
    written.iter().for_each(|key| visit(key.as_deref().map(Key::Several)));
}

fn each_part(array: &ArrayRef, visit: &mut dyn FnMut(Option<Key<'_>>)) {
    let decimal = |d: Decimal| {
        let d = d.normalized();
        match i64::try_from(d.mantissa) {
            Ok(n) if d.scale == 0 => Key::Whole(n),
            _ => Key::Number(d.to_string()),
        }
    };
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().for_each(|n| visit(n.map(Key::Whole))),
        DataType::Utf8View => array.as_string_view().iter().for_each(|text| visit(text.map(Key::Text))),
        DataType::Boolean => array.as_boolean().iter().for_each(|b| visit(b.map(|b| Key::Whole(i64::from(b))))),
        DataType::Date32 => {
            array.as_primitive::<Date32Type>().iter().for_each(|d| visit(d.map(|d| Key::Whole(i64::from(d)))));
        }
        DataType::Timestamp(..) => {
            array.as_primitive::<TimestampMicrosecondType>().iter().for_each(|t| visit(t.map(Key::Whole)));
        }
        DataType::Float64 => {
            let key = |n: f64| n.to_string().parse().map_or_else(|_| Key::Number(n.to_string()), decimal);
            array.as_primitive::<Float64Type>().iter().for_each(|n| visit(n.map(key)));
        }
        DataType::Decimal128(_, scale) => {
            let scale = u8::try_from(*scale).unwrap_or(0);
            let values = array.as_primitive::<Decimal128Type>();
            values.iter().for_each(|n| visit(n.map(|n| decimal(Decimal::new(n, scale)))));
        }
        _ => (0..array.len()).for_each(|_| visit(None)),
    }
}
