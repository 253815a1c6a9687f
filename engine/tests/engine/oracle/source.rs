//! Cleaning: rows with a time, in scope, without copies; and the ledger of the others.

use kepi_lang::ir::{Origin, Program, Source};
use kepi_lang::results::Extent;
use kepi_lang::value::Value;

use crate::data::Tables;
use crate::oracle::row::{self, Row};

/// What has become of the rows of a source before anything is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub read: u64,
    pub no_time: u64,
    pub out_of_scope: u64,
    pub duplicates: u64,
    pub differing: u64,
}

/// A row with its lookups.
pub fn row<'a>(program: &'a Program, tables: &'a Tables, source: &Source, values: &'a [Value]) -> Row<'a> {
    let linked = source.links.iter().map(|link| {
        let key = &values[link.columns[0].0 as usize];
        let lookup = &program.lookups[link.lookup.0 as usize];
        let rows = &tables.lookups[link.lookup.0 as usize];
        rows.iter().find(|r| !key.is_null() && r[lookup.key[0].0 as usize] == *key).map(Vec::as_slice)
    });
    Row { values, linked: linked.collect(), calendar: &program.settings.calendar }
}

/// The rows that stay, the extent of those in scope, and the counts.
pub fn clean(program: &Program, tables: &Tables, index: usize) -> (Vec<Vec<Value>>, Extent, Counts) {
    let source = &program.sources[index];
    let mut counts = Counts::default();
    let mut rows = Vec::new();
    for raw in &tables.sources[index] {
        counts.read += 1;
        if source.time.is_some_and(|t| raw[t.0 as usize].is_null()) {
            counts.no_time += 1;
            continue;
        }
        let mut values = raw.clone();
        values.resize(source.columns.len(), Value::Null);
        for (at, column) in source.columns.iter().enumerate() {
            if let Origin::Computed(expr) = &column.origin {
                values[at] = row::value(expr, &row(program, tables, source, &values)).expect("small numbers");
            }
        }
        if let Some(scope) = &source.scope
            && row::value(scope, &row(program, tables, source, &values)) != Ok(Value::Bool(true))
        {
            counts.out_of_scope += 1;
            continue;
        }
        rows.push(values);
    }
    let time = |row: &Vec<Value>| match source.time.map(|t| &row[t.0 as usize]) {
        Some(Value::Instant(t)) => Some(*t),
        _ => None,
    };
    let extent =
        Extent { first: rows.iter().filter_map(time).min(), last: rows.iter().filter_map(time).max(), alone: None };
    if source.key.is_empty() {
        return (rows, extent, counts);
    }
    // The first by time, then by value: file columns by name.
    let mut named: Vec<(&str, usize)> = Vec::new();
    for (at, column) in source.columns.iter().enumerate() {
        if let Origin::File(raw) = &column.origin {
            named.push((raw, at));
        }
    }
    named.sort();
    let all = |row: &Vec<Value>| named.iter().map(|(_, at)| row[*at].clone()).collect::<Vec<_>>();
    let key = |row: &Vec<Value>| source.key.iter().map(|k| row[k.0 as usize].clone()).collect::<Vec<_>>();
    let mut kept: Vec<Vec<Value>> = Vec::new();
    rows.sort_by_key(|r| (time(r), all(r)));
    for row in rows {
        let mine = key(&row);
        let first = kept.iter().find(|k| key(k) == mine && !mine.iter().any(Value::is_null));
        match first {
            Some(first) => {
                counts.duplicates += 1;
                counts.differing += u64::from(all(first) != all(&row));
            }
            None => kept.push(row),
        }
    }
    (kept, extent, counts)
}
