//! kepi's rows beside those that are expected.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::metricflow::case::Case;
use crate::metricflow::cell::Cell;
use crate::metricflow::question::{Found, Rows};

pub enum Outcome {
    /// With the differences of meaning that were met.
    Agrees(BTreeSet<&'static str>),
    Differs(String),
    OutOfScope(&'static str),
}

// Differences of meaning: none is taken for granted, each is proved for the value or row at hand.
const ZERO: &str = "MetricFlow has null for nothing, kepi 0 (D1)";
const EMPTY: &str = "MetricFlow has no row for nothing, kepi a row for each period asked for";
const BLANK: &str = "a blank field is null to kepi (D30)";
const BARE_DAY: &str = "a day of nothing has a row without dimensions in MetricFlow";

pub fn compare(case: &Case, rows: &Rows, order: &[Vec<Cell>], tolerance: f64) -> Result<Outcome, String> {
    let expected = case.expected.as_ref().ok_or("no rows are expected")?;
    let place = |name: &str| expected.columns.iter().position(|c| c == name);
    let dimensions: Vec<usize> = case.dimensions().into_iter().filter_map(place).collect();
    let metrics: Vec<Option<usize>> = case.metrics.iter().map(|m| place(m)).collect();
    let mut met = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut keys = Vec::new();
    let mut seen = BTreeSet::new();
    for row in &expected.rows {
        let key: Vec<Cell> = dimensions.iter().map(|at| Cell::expected(&row[*at])).collect();
        if dimensions.iter().any(|at| row[*at].as_str() == Some("")) {
            met.insert(BLANK);
        }
        let found = rows.get(&key);
        for (number, at) in metrics.iter().enumerate() {
            let at = at.ok_or_else(|| format!("no column `{}` is expected", case.metrics[number]))?;
            let absent = Found::absent();
            let here = found.map_or(&absent, |f| &f[number]);
            match agree(here, &row[at], tolerance) {
                Ok(meaning) => met.extend(meaning),
                Err(how) => wrong.push(format!("{} {}: {how}", said(&key), case.metrics[number])),
            }
        }
        if found.is_none() && key.iter().any(|c| c.0.is_none()) {
            met.insert(BARE_DAY);
        }
        keys.push(key.clone());
        if !seen.insert(key.clone()) {
            wrong.push(format!("{} is expected twice", said(&key)));
        }
    }
    let limited = case.limit.is_some();
    for (key, found) in rows.iter().filter(|(key, _)| !seen.contains(*key)) {
        if limited && !order.contains(key) {
            continue;
        }
        if found.iter().any(|f| f.any) {
            let values: Vec<String> = found.iter().map(|f| f.value.to_string()).collect();
            wrong.push(format!("{} is not expected: {}", said(key), values.join(", ")));
        } else {
            met.insert(EMPTY);
        }
    }
    if case.check_order && keys != order {
        let at = keys.iter().zip(order).position(|(a, b)| a != b).unwrap_or(keys.len().min(order.len()));
        wrong.push(format!("another order from row {} on", at + 1));
    }
    if wrong.is_empty() {
        return Ok(Outcome::Agrees(met));
    }
    let count = wrong.len();
    wrong.truncate(3);
    Ok(Outcome::Differs(format!("{count} differences; {}", wrong.join("; "))))
}

fn agree(found: &Found, expected: &Json, tolerance: f64) -> Result<Option<&'static str>, String> {
    let value = found.value.as_f64();
    // A printed table has numbers as text.
    let number = expected.as_f64().or_else(|| expected.as_str()?.trim().parse().ok());
    match (value, number) {
        (None, None) => Ok(None),
        (Some(f), Some(e)) if (f - e).abs() <= tolerance * e.abs().max(f.abs()) || (f - e).abs() < 1e-12 => Ok(None),
        (Some(_), None) if !found.whole => Ok(Some(ZERO)),
        // Filled with 0 over there.
        (None, Some(e)) if e == 0.0 && !found.any => Ok(Some(ZERO)),
        _ => Err(format!("{}, expected {expected}", found.value)),
    }
}

fn said(key: &[Cell]) -> String {
    let cells: Vec<&str> = key.iter().map(|c| c.0.as_deref().unwrap_or("null")).collect();
    format!("[{}]", cells.join(", "))
}
