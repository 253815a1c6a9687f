//! From keys to the rows that have them.

use std::cmp::Ordering;
use std::collections::HashMap;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, TimestampMicrosecondArray, UInt32Array};
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
    /// Where rows hold from some time to another: for each key, whose number the maps give, its rows in order of time.
    dated: Option<Vec<Vec<Dated>>>,
}

/// A row, and the microseconds from and to which it holds, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Dated {
    from: i64,
    to: i64,
    row: u32,
}

/// Why rows make no index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// Two rows have one key.
    Twice(u32, u32),
    /// Two rows of one key hold at one time.
    Overlap(u32, u32),
    /// A row ends before it begins.
    Reversed(u32),
}

/// The newest row of each key, in order of rows.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    pub rows: Vec<u32>,
    /// Keys with another row of the same time that differs.
    pub ties: u64,
}

impl Newest {
    /// Among rows that stand; of several with one time the greatest of `values`.
    pub(crate) fn of(
        keys: &[ArrayRef],
        times: &TimestampMicrosecondArray,
        stands: &[bool],
        values: &BinaryArray,
    ) -> Self {
        let mut index = Index::default();
        // By key: its newest row, and whether another of that time differs.
        let mut best: Vec<(u32, bool)> = Vec::new();
        let mut row: u32 = 0;
        each_key(keys, stands.len(), &mut |key| {
            let at = row as usize;
            row += 1;
            let Some(key) = key.filter(|_| stands.get(at) == Some(&true)) else { return };
            let next = u32::try_from(best.len()).unwrap_or(u32::MAX);
            let Some(number) = index.insert(key, next) else {
                best.push((row - 1, false));
                return;
            };
            let Some((known, tie)) = best.get_mut(number as usize) else { return };
            let other = *known as usize;
            let value = |row: usize| values.value(row);
            match times.value(at).cmp(&times.value(other)) {
                Ordering::Greater => (*known, *tie) = (row - 1, false),
                Ordering::Equal if value(at) != value(other) => {
                    *tie = true;
                    if value(at) > value(other) {
                        *known = row - 1;
                    }
                }
                Ordering::Equal | Ordering::Less => {}
            }
        });
        let ties = best.iter().filter(|(_, tie)| *tie).count() as u64;
        let mut rows: Vec<u32> = best.into_iter().map(|(row, _)| row).collect();
        rows.sort_unstable();
        Self { rows, ties }
    }
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
    pub(crate) fn unique(keys: &[ArrayRef], rows: usize) -> Result<Self, Conflict> {
        let mut index = Self::default();
        let mut row: u32 = 0;
        let mut twice = None;
        each_key(keys, rows, &mut |key| {
            if let Some(first) = key.and_then(|key| index.insert(key, row)) {
                twice.get_or_insert(Conflict::Twice(first, row));
            }
            row += 1;
        });
        twice.map_or(Ok(index), Err)
    }

    /// Each key's rows, of which one holds at a time. A row that ends where it begins never does.
    pub(crate) fn dated(
        keys: &[ArrayRef],
        from: &TimestampMicrosecondArray,
        to: &TimestampMicrosecondArray,
    ) -> Result<Self, Conflict> {
        let mut index = Self::default();
        let mut dated: Vec<Vec<Dated>> = Vec::new();
        let mut reversed = None;
        let mut row: u32 = 0;
        let bound = |array: &TimestampMicrosecondArray, row: u32, open: i64| {
            let row = row as usize;
            if row < array.len() && array.is_valid(row) { array.value(row) } else { open }
        };
        each_key(keys, from.len(), &mut |key| {
            if let Some(key) = key {
                let span = Dated { from: bound(from, row, i64::MIN), to: bound(to, row, i64::MAX), row };
                if span.to < span.from {
                    reversed.get_or_insert(Conflict::Reversed(row));
                }
                let next = u32::try_from(dated.len()).unwrap_or(u32::MAX);
                let number = index.insert(key, next).unwrap_or(next);
                if number == next {
                    dated.push(Vec::new());
                }
                if let Some(spans) = dated.get_mut(number as usize).filter(|_| span.from < span.to) {
                    spans.push(span);
                }
            }
            row += 1;
        });
        if let Some(reversed) = reversed {
            return Err(reversed);
        }
        // Of all pairs that overlap, the one whose later row comes first in the files.
        let mut overlap: Option<(u32, u32)> = None;
        for spans in &mut dated {
            spans.sort_unstable();
            let mut reaches: Option<Dated> = None;
            for span in spans {
                if let Some(before) = reaches.filter(|before| span.from < before.to) {
                    let pair = (before.row.max(span.row), before.row.min(span.row));
                    overlap = Some(overlap.map_or(pair, |known| known.min(pair)));
                }
                reaches = Some(reaches.filter(|before| before.to > span.to).unwrap_or(*span));
            }
        }
        if let Some((second, first)) = overlap {
            return Err(Conflict::Overlap(first, second));
        }
        index.dated = Some(dated);
        Ok(index)
    }

    /// For each key the row that has it, and holds at its time; null where none does.
    pub(crate) fn rows_of(&self, keys: &[ArrayRef], times: Option<&TimestampMicrosecondArray>) -> UInt32Array {
        let len = keys.first().map_or(0, |first| first.len());
        let mut rows = Vec::with_capacity(len);
        each_key(keys, len, &mut |key| {
            let found = key.and_then(|key| self.get(&key));
            let at = rows.len();
            let time = times.filter(|times| at < times.len() && times.is_valid(at)).map(|times| times.value(at));
            rows.push(match &self.dated {
                None => found,
                Some(dated) => found.zip(time).and_then(|(number, time)| holding(dated.get(number as usize)?, time)),
            });
        });
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

/// The row that holds at a time.
fn holding(spans: &[Dated], time: i64) -> Option<u32> {
    let begun = spans.partition_point(|span| span.from <= time);
    let last = spans.get(begun.checked_sub(1)?)?;
    (time < last.to).then_some(last.row)
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
