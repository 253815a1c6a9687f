//! The rows of lookups that stand.

use std::cmp::Ordering;

use kepi_lang::ir::{ColumnId, Lookup, Origin, Program};
use kepi_lang::value::Value;

use crate::data::{Cell, Data, Table};
use crate::reference::TooLarge;
use crate::reference::numbers::{order, truth};
use crate::reference::rows::Row;

/// The tables with, of each lookup of newest rows, these alone. All of its links lead to lookups before it that have all rows.
pub fn standing(program: &Program, data: &Data) -> Result<Data, TooLarge> {
    let mut out = Data { sources: data.sources.clone(), lookups: data.lookups.clone(), of_sources: Vec::new() };
    out.lookups.extend(data.of_sources.iter().map(|source| data.sources[*source].clone()));
    for (number, lookup) in program.lookups.iter().enumerate() {
        if let Some(time) = lookup.latest {
            let table = newest(program, &out, lookup, &out.lookups[number], time)?;
            out.lookups[number] = table;
        }
    }
    Ok(out)
}

/// Of the rows of each key that have a time before "now" where it is stated, and for which `where:` is true, the newest; of
/// several the greatest by value, column by column in the order of their names.
fn newest(program: &Program, data: &Data, lookup: &Lookup, table: &Table, time: ColumnId) -> Result<Table, TooLarge> {
    let mut names: Vec<(&str, ColumnId)> = Vec::new();
    for (column, id) in lookup.columns.iter().zip(0u32..) {
        if let Origin::File(raw) = &column.origin {
            names.push((raw, ColumnId(id)));
        }
    }
    names.sort_unstable();
    let by_value = |a: &Row<'_>, b: &Row<'_>| -> Result<Ordering, TooLarge> {
        for (_, id) in &names {
            let order = order(&a.column(*id)?, &b.column(*id)?);
            if order.is_ne() {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    };
    let mut best: Vec<(Vec<Value>, Value, Row<'_>)> = Vec::new();
    for cells in table.rows() {
        let row = Row { program, data, links: &lookup.links, columns: &lookup.columns, table, cells };
        let at = row.as_instant(row.column(time)?);
        let key = lookup.key.iter().map(|id| row.column(*id)).collect::<Result<Vec<_>, _>>()?;
        let early = program.settings.as_of.is_none_or(|now| order(&at, &Value::Instant(now)).is_lt());
        let inside = lookup.scope.as_ref().map(|scope| row.value(scope)).transpose()?;
        if at.is_null() || !early || key.iter().any(Value::is_null) || inside.is_some_and(|v| truth(&v) != Some(true)) {
            continue;
        }
        let same = |known: &[Value]| known.iter().zip(&key).all(|(a, b)| order(a, b).is_eq());
        match best.iter_mut().find(|(known, ..)| same(known)) {
            None => best.push((key, at, row)),
            Some((_, known, first)) => {
                let later = order(&at, known);
                if later.is_gt() || (later.is_eq() && by_value(&row, first)?.is_gt()) {
                    (*known, *first) = (at, row);
                }
            }
        }
    }
    let rows: Vec<Vec<Cell>> = best.into_iter().map(|(_, _, row)| row.cells.to_vec()).collect();
    Ok(Table { files: vec![rows], ..table.clone() })
}
