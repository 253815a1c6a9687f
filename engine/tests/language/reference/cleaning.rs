//! The rows of a source that can be used: those with a time, in scope, without the copies of a key.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kepi_lang::ir::{Origin, Program, Source, Way};
use kepi_lang::results::Extent;
use kepi_lang::value::Value;

use crate::data::{Cell, Data, Table};
use crate::reference::numbers::{order, truth};
use crate::reference::rows::Row;
use crate::reference::{TooLarge, ledger, reading};

/// A row that can be used.
#[derive(Clone, Copy)]
pub struct Usable<'a> {
    pub row: Row<'a>,
    /// `None` only for a source without time.
    pub clock: Option<Timestamp>,
    /// A policy said what its local time stands for.
    pub moved: bool,
}

/// A source's rows, and where the others went.
pub struct Cleaned<'a> {
    pub rows: Vec<Usable<'a>>,
    pub read: u64,
    pub no_time: u64,
    pub out_of_scope: u64,
    pub duplicates: u64,
    /// Of the duplicates: those that differ from the row that stays.
    pub differing: u64,
    /// Of the rows in scope, copies included.
    pub extent: Extent,
    /// By way of the source's own condition: rows with a time that it leads to no row.
    pub missing: BTreeMap<Way, u64>,
}

pub fn clean<'a>(
    program: &'a Program,
    data: &'a Data,
    source: &'a Source,
    table: &'a Table,
) -> Result<Cleaned<'a>, TooLarge> {
    let mut cleaned = Cleaned {
        rows: Vec::new(),
        read: 0,
        no_time: 0,
        out_of_scope: 0,
        duplicates: 0,
        differing: 0,
        extent: Extent::default(),
        missing: BTreeMap::new(),
    };
    let mut ways = BTreeSet::new();
    source.scope.iter().for_each(|scope| ledger::ways(&source.columns, &source.links, scope, &mut ways));
    cleaned.missing.extend(ways.iter().map(|way| (way.clone(), 0)));
    for cells in table.rows() {
        cleaned.read += 1;
        let row = Row::of_source(program, data, source, table, cells);
        let (clock, moved) = time_of(&row, source, program);
        if source.time.is_some() && clock.is_none() {
            cleaned.no_time += 1;
            continue;
        }
        for way in &ways {
            let found = row.linked(way)?.is_some();
            *cleaned.missing.entry(way.clone()).or_default() += u64::from(!found);
        }
        if let Some(scope) = &source.scope
            && truth(&row.value(scope)?) != Some(true)
        {
            cleaned.out_of_scope += 1;
            continue;
        }
        cleaned.extent.first = cleaned.extent.first.into_iter().chain(clock).min();
        cleaned.extent.last = cleaned.extent.last.max(clock);
        cleaned.rows.push(Usable { row, clock, moved });
    }
    if !source.key.is_empty() {
        collapse(&mut cleaned, source)?;
    }
    Ok(cleaned)
}

fn time_of(row: &Row<'_>, source: &Source, program: &Program) -> (Option<Timestamp>, bool) {
    let Some(id) = source.time else { return (None, false) };
    let column = &source.columns[id.0 as usize];
    let Origin::File(raw) = &column.origin else { panic!("a computed clock") };
    let read = reading::instant(row.cell(raw), column.time.as_ref(), &program.settings.calendar);
    (read.at, read.moved)
}

/// Of the rows with one key the first by time, then by value, stays. Rows without a key are no copies.
fn collapse(cleaned: &mut Cleaned<'_>, source: &Source) -> Result<(), TooLarge> {
    let mut stays: Vec<(Vec<Value>, Usable<'_>)> = Vec::new();
    let mut copies: Vec<(Vec<Value>, Usable<'_>)> = Vec::new();
    let mut keyless = Vec::new();
    for usable in std::mem::take(&mut cleaned.rows) {
        let key = source.key.iter().map(|id| usable.row.column(*id)).collect::<Result<Vec<_>, _>>()?;
        if key.iter().any(Value::is_null) {
            keyless.push(usable);
            continue;
        }
        match stays.iter_mut().find(|(known, _)| *known == key) {
            None => stays.push((key, usable)),
            Some((_, first)) => {
                let earlier = usable.clock.cmp(&first.clock).then_with(|| by_value(&usable.row, &first.row));
                let copy = if earlier == Ordering::Less { std::mem::replace(first, usable) } else { usable };
                copies.push((key, copy));
            }
        }
    }
    for (key, copy) in &copies {
        cleaned.duplicates += 1;
        let (_, first) = stays.iter().find(|(known, _)| known == key).expect("a row that stays");
        cleaned.differing += u64::from(copy.row.cells != first.row.cells);
    }
    cleaned.rows = keyless.into_iter().chain(stays.into_iter().map(|(_, usable)| usable)).collect();
    Ok(())
}

/// By the file's columns in the order of their names, so that the order of files and definitions does not matter.
fn by_value(a: &Row<'_>, b: &Row<'_>) -> Ordering {
    let mut names: Vec<&str> = a.table.fields.iter().map(|f| f.name.as_str()).collect();
    names.sort_unstable();
    let differing = names.into_iter().map(|name| order(&plain(a.cell(name)), &plain(b.cell(name))));
    differing.into_iter().find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

fn plain(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Bool(b) => Value::Bool(*b),
        Cell::Int(n) => Value::Int(i128::from(*n)),
        Cell::Decimal(d) => Value::Decimal(*d),
        Cell::Float(f) => Value::float(*f),
        Cell::Text(text) => Value::Text(text.clone()),
        Cell::Date(date) => Value::Date(*date),
        Cell::Naive(local) => Value::Text(local.to_string()),
        Cell::Zoned(t) => Value::Instant(*t),
    }
}
