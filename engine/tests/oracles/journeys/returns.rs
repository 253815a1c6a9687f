//! PostHog's retention, lifecycle and stickiness.

use std::collections::BTreeMap;

use kepi_lang::calendar::{Calendar, Interval};
use kepi_lang::results::AnswerRow;
use kepi_lang::value::Value;
use serde_json::Value as Json;

use crate::journeys::Outcome;
use crate::journeys::lab::grain;
use crate::journeys::posthog::{column_of, lab, number, where_of};

fn event(name: &Json) -> String {
    match name.as_str() {
        Some(name) => format!("(app where event = {name:?})"),
        None => "app".to_owned(),
    }
}

/// Rows by value of the split (`None` without one), by period and offset.
type Cells = BTreeMap<Option<String>, BTreeMap<(usize, i64), f64>>;

fn cells(rows: &[AnswerRow], split: bool) -> Cells {
    let mut found = Cells::new();
    for row in rows {
        let value = split.then(|| match row.by.first() {
            None | Some(Value::Null) => "(missing)".to_owned(),
            Some(value) => value.to_string(),
        });
        let Some(Value::Int(offset)) = row.by.last() else { continue };
        found.entry(value).or_default().insert((row.period, *offset as i64), number(&row.value).unwrap_or(-1.0));
    }
    found
}

pub fn retention(case: &Json) -> Result<Outcome, String> {
    let split = case["split_by"].as_str().map(|s| s.split(" (").next().unwrap_or(s));
    let column = split.map(column_of);
    let lab = lab(case, &column.as_deref().into_iter().collect::<Vec<_>>())?;
    let word = case["period"].as_str().unwrap_or("day");
    let (first, last) = (case["first_period"].as_str(), case["last_period"].as_str());
    let periods = lab.periods(first.ok_or("no first")?, last.ok_or("no last")?, grain(word)?)?;
    let mut options = vec![format!("{word} 0 to {}", periods.len().max(2))];
    if case["cohort_rule"].as_str().is_some_and(|r| r.starts_with("every")) {
        options.push("recurring".to_owned());
        // There a return counts for the value that it has itself; of a first start ever, for the start's.
        options.extend(column.as_ref().map(|column| format!("same {column}")));
    }
    if let Some(least) = case["min_return_events_per_period"].as_u64() {
        options.push(format!("at least {least}"));
    }
    let mode = [&case["mode"], &case["return_rule"], &case["retention_mode"]];
    if mode.iter().filter_map(|m| m.as_str()).any(|m| m.contains("after")) {
        options.push("on or after".to_owned());
    }
    if case["rolling"].as_bool() == Some(true) || case["buckets"].as_str().is_some_and(|b| b.contains("24")) {
        options.push("rolling".to_owned());
    }
    let (start, back) = (event(&case["start_event"]), event(&case["return_event"]));
    let text = format!("retention({start} -> {back}, {}).numerator", options.join(", "));
    let condition = case["where"].as_str().map(where_of).transpose()?;
    let by: Vec<&str> = column.as_deref().into_iter().collect();
    let rows = lab.answer(&[(text.clone(), by.as_slice())], condition.as_deref(), &periods)?;
    let cells = cells(rows.first().ok_or("no answer")?, column.is_some());
    let compared = compare(case, &cells, periods.len(), &periods, &lab)?;
    Ok(match compared {
        None => Outcome::Agrees,
        Some(how) => Outcome::Differs(format!("{how}; {text}")),
    })
}

fn compare(
    case: &Json,
    cells: &Cells,
    periods: usize,
    list: &[kepi_lang::calendar::Period],
    lab: &crate::journeys::lab::Lab,
) -> Result<Option<String>, String> {
    let at = |value: &Option<String>, row: usize, column: usize| {
        let known = cells.get(value).and_then(|c| c.get(&(row, column as i64)));
        known.copied().unwrap_or(0.0)
    };
    let matrix = |value: Option<String>, names: &[String], expected: &Json| -> Option<String> {
        for (row, expected) in expected.as_array().into_iter().flatten().enumerate() {
            for (column, wanted) in expected.as_array().into_iter().flatten().enumerate() {
                // Past the last period there is nothing but what was filled in.
                if row + column >= periods {
                    continue;
                }
                let actual = match names.is_empty() {
                    true => at(&value, row, column),
                    false => names.iter().map(|n| at(&Some(n.clone()), row, column)).sum(),
                };
                if wanted.as_f64() != Some(actual) {
                    return Some(format!("{value:?} row {row}, column {column}: {actual}, expected {wanted}"));
                }
            }
        }
        None
    };
    for (key, expected) in case["expected"].as_object().ok_or("nothing expected")? {
        let how = match key.as_str() {
            "matrix" => matrix(None, &[], expected),
            "matrix_by_value" => {
                let all = expected.as_object().ok_or("no values")?;
                let named = |n: &String| all.contains_key(n);
                let rest: Vec<String> = cells.keys().flatten().filter(|n| !named(n)).cloned().collect();
                all.iter().find_map(|(value, expected)| match value.as_str() {
                    "(other)" if rest.is_empty() => matrix(Some(value.clone()), &[], expected),
                    "(other)" => matrix(Some(value.clone()), &rest, expected),
                    _ => matrix(Some(value.clone()), &[], expected),
                })
            }
            "cohort_size_by_value" => {
                let mut how = None;
                for (value, sizes) in expected.as_object().ok_or("no values")? {
                    for (date, wanted) in sizes.as_object().ok_or("no sizes")? {
                        let start = lab.instant(date)?;
                        let row = list.iter().position(|p| p.interval.start == start).ok_or("no such period")?;
                        let actual = at(&Some(value.clone()), row, 0);
                        if wanted.as_f64() != Some(actual) {
                            how = how.or(Some(format!("{value} on {date}: {actual}, expected {wanted}")));
                        }
                    }
                }
                how
            }
            other => return Err(format!("`{other}` is expected, which is not understood")),
        };
        if how.is_some() {
            return Ok(how);
        }
    }
    Ok(None)
}

pub fn lifecycle(case: &Json) -> Result<Outcome, String> {
    let lab = lab(case, &[])?;
    let (first, last) = (case["first_period"].as_str(), case["last_period"].as_str());
    let grain = grain(case["interval"].as_str().unwrap_or("day"))?;
    let periods = lab.periods(first.ok_or("no first")?, last.ok_or("no last")?, grain)?;
    let set = event(&case["event"]);
    let condition = case["where"].as_str().map(where_of).transpose()?;
    let states = [
        ("new", "new", 1.0),
        ("returning", "returning", 1.0),
        ("resurrecting", "resurrected", 1.0),
        ("dormant", "dormant", -1.0),
    ];
    let asks: Vec<(String, &[&str])> =
        states.iter().map(|(_, ours, _)| (format!("{ours}({set})"), &[] as &[&str])).collect();
    let rows = lab.answer(&asks, condition.as_deref(), &periods)?;
    for ((theirs, _, sign), rows) in states.iter().zip(&rows) {
        let Some(expected) = case["expected"][theirs].as_array() else { continue };
        let actual: Vec<f64> = rows.iter().map(|r| number(&r.value).unwrap_or(-1.0) * sign + 0.0).collect();
        let wanted: Vec<f64> = expected.iter().filter_map(Json::as_f64).collect();
        if actual != wanted {
            return Ok(Outcome::Differs(format!("{theirs}: {actual:?}, expected {wanted:?}")));
        }
    }
    Ok(Outcome::Agrees)
}

pub fn stickiness(case: &Json) -> Result<Outcome, String> {
    let lab = lab(case, &[])?;
    let word = case["interval"].as_str().unwrap_or("day");
    let range = case["range"].as_array().ok_or("no range")?;
    let (from, to) = (range[0].as_str().ok_or("no start")?, range[1].as_str().ok_or("no end")?);
    // Periods that begin before the range belong to it.
    let grain = grain(word)?;
    let start = lab.calendar().floor(lab.instant(from)?, grain);
    let end = lab.calendar().next(lab.instant(to)?, grain);
    let period = [Calendar::total(Interval { start, end })];
    let set = event(&case["event"]);
    let condition = case["where"].as_str().map(where_of).transpose()?;
    let wanted = case["expected"]["users_active_in_exactly_k_periods"].as_array().ok_or("nothing expected")?;
    let each = format!("count(count({set}) per {word} > 0) per actor");
    let mut asks: Vec<(String, &[&str])> =
        (1..=wanted.len()).map(|k| (format!("count({each} = {k})"), &[] as &[&str])).collect();
    asks.push((format!("unique({set})"), &[]));
    let rows = lab.answer(&asks, condition.as_deref(), &period)?;
    let actual: Vec<f64> = rows.iter().map(|r| r.first().and_then(|r| number(&r.value)).unwrap_or(0.0)).collect();
    let mut expected: Vec<f64> = wanted.iter().filter_map(Json::as_f64).collect();
    expected.push(case["expected"]["users"].as_f64().unwrap_or(expected.iter().sum()));
    Ok(match actual == expected {
        true => Outcome::Agrees,
        false => Outcome::Differs(format!("{actual:?}, expected {expected:?}")),
    })
}
