//! PostHog's funnels, and conversion by period.

use std::collections::{BTreeMap, BTreeSet};

use kepi_lang::calendar::{Calendar, Interval, Period};
use kepi_lang::value::Value;
use serde_json::Value as Json;

use crate::journeys::Outcome;
use crate::journeys::lab::{Lab, Row, grain, plain};
use crate::journeys::words;

const PROPERTY: &str = "p_";
const PERSON: &str = "person_";

fn column(name: &str) -> String {
    match name.strip_prefix("person.") {
        Some(of_person) => plain(PERSON, of_person),
        None => plain(PROPERTY, name.strip_prefix("properties.").unwrap_or(name)),
    }
}

pub fn where_of(words: &str) -> Result<String, String> {
    words::condition(words, true, &column)
}

pub fn column_of(name: &str) -> String {
    column(name)
}

fn text(value: &Json) -> Json {
    match value {
        Json::Null => Json::Null,
        Json::String(s) => Json::from(s.clone()),
        other => Json::from(other.to_string()),
    }
}

/// The case's events as a project. Properties are text.
pub fn lab(case: &Json, extra: &[&str]) -> Result<Lab, String> {
    let empty = serde_json::Map::new();
    let mut rows: Vec<Row> = Vec::new();
    let mut texts: BTreeSet<String> = ["who", "event"].map(str::to_owned).into();
    texts.extend(extra.iter().map(|e| (*e).to_owned()));
    for event in case["events"].as_array().ok_or("no events")? {
        let time = event[2].as_str().ok_or("an event without a time")?.replace(' ', "T");
        let time = if time.len() == 10 { format!("{time}T00:00:00") } else { time };
        let zone = if time.ends_with('Z') || time.contains('+') { "" } else { "Z" };
        let mut row = Row::from([
            ("who".to_owned(), text(&event[0])),
            ("event".to_owned(), text(&event[1])),
            ("ts".to_owned(), Json::from(format!("{time}{zone}"))),
        ]);
        for (name, value) in event[3].as_object().unwrap_or(&empty) {
            row.insert(column(name), text(value));
        }
        let of_person = event[0].as_str().and_then(|who| case["person_properties"][who].as_object());
        for (name, value) in of_person.unwrap_or(&empty) {
            row.insert(plain(PERSON, name), text(value));
        }
        texts.extend(row.keys().filter(|k| *k != "ts").cloned());
        rows.push(row);
    }
    let zone = case["timezone"].as_str().unwrap_or("UTC");
    let week = case["week_starts"].as_str().unwrap_or("monday");
    let manifest = format!("time_zone: {zone}\nweek_start: {week}\n");
    let actor = case["counted_unit"].as_str().map_or_else(|| "who".to_owned(), column);
    texts.insert(actor.clone());
    // Columns that are asked for and that no event has.
    for words in conditions(case) {
        for name in words.split(|c: char| c.is_whitespace() || "=<>!()".contains(c)) {
            let is_name = name.starts_with(|c: char| c.is_alphabetic() || "$_".contains(c));
            let keyword = ["and", "or", "not", "is", "missing", "set", "contains", "true", "false"].contains(&name);
            if is_name && !keyword {
                texts.insert(column(name));
            }
        }
    }
    Lab::new(&manifest, &actor, &rows, &texts)
}

fn conditions(case: &Json) -> Vec<String> {
    let without_texts = |words: &str| words.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    let parts = [&case["steps"], &case["exclusions"]];
    for part in parts.iter().filter_map(|p| p.as_array()).flatten() {
        found.extend(part["where"].as_str().map(without_texts));
    }
    found.extend(case["where"].as_str().map(without_texts));
    found
}

/// One step or exclusion.
fn set(step: &Json) -> Result<String, String> {
    let mut parts: Vec<String> = step["event"].as_str().map(|e| format!("event = {e:?}")).into_iter().collect();
    if let Some(words) = step["where"].as_str() {
        parts.push(format!("({})", where_of(words)?));
    }
    Ok(if parts.is_empty() { "app".to_owned() } else { format!("app where {}", parts.join(" and ")) })
}

/// The conversion of a case, without what is asked of it.
fn conversion(case: &Json) -> Result<(String, usize), String> {
    let steps = case["steps"].as_array().ok_or("no steps")?;
    let none = Vec::new();
    let exclusions = case["exclusions"].as_array().unwrap_or(&none);
    let order = case["order"].as_str().unwrap_or("ordered");
    let mut between: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut options = vec![format!("within {}s", case["window_seconds"])];
    for exclusion in exclusions {
        let step = |key: &str| exclusion[key].as_u64().map(|n| n as usize).ok_or(format!("no {key}"));
        let (from, to) = (step("from_step")?, step("to_step")?);
        let excluded = set(exclusion)?;
        if order == "unordered" && from == 0 && to + 1 == steps.len() {
            options.push(format!("excluding {excluded}"));
        } else if from >= to {
            between.entry(steps.len()).or_default().push(excluded);
        } else {
            (from..to).for_each(|gap| between.entry(gap + 1).or_default().push(excluded.clone()));
        }
    }
    options.push("latest entry".to_owned());
    match order {
        "strict" => options.push("strict".to_owned()),
        "unordered" => options.push("any order".to_owned()),
        _ => {}
    }
    if order != "unordered" && !between.is_empty() {
        options.push("exclude actors".to_owned());
    }
    let mut chain = Vec::new();
    for (number, step) in (1..).zip(steps) {
        chain.push(set(step)?);
        chain.extend(between.get(&number).into_iter().flatten().map(|set| format!("not ({set})")));
    }
    Ok((format!("conversion({}, {})", chain.join(" -> "), options.join(", ")), steps.len()))
}

/// The range of a case as one period; without one, all that happens.
fn range(lab: &Lab, case: &Json) -> Result<Period, String> {
    let day = jiff::SignedDuration::from_hours(24);
    let bounds = case["range"].as_array().and_then(|r| Some((r.first()?.as_str()?, r.get(1)?.as_str()?)));
    let interval = match bounds {
        Some((from, to)) => {
            let wide = if to.len() == 10 { day } else { jiff::SignedDuration::from_secs(1) };
            let end = lab.instant(to)?.checked_add(wide).map_err(|e| e.to_string())?;
            Interval { start: lab.instant(from)?, end }
        }
        None => {
            let times = case["events"].as_array().into_iter().flatten().filter_map(|e| e[2].as_str());
            let times = times.map(|t| lab.instant(&t[..t.len().min(19)])).collect::<Result<Vec<_>, _>>()?;
            let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else {
                return Ok(Calendar::total(Interval {
                    start: lab.instant("2000-01-01")?,
                    end: lab.instant("2001-01-01")?,
                }));
            };
            let wide = |t: &jiff::Timestamp, by: jiff::SignedDuration| t.checked_add(by).map_err(|e| e.to_string());
            Interval { start: wide(first, -day)?, end: wide(last, day)? }
        }
    };
    Ok(Calendar::total(interval))
}

pub fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

fn near(actual: Option<f64>, expected: &Json) -> bool {
    match (actual, expected.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * b.abs().max(1.0),
        (None, None) => true,
        _ => false,
    }
}

pub fn funnel(case: &Json) -> Result<Outcome, String> {
    let lab = lab(case, &[])?;
    let (text, steps) = conversion(case)?;
    let condition = case["where"].as_str().map(where_of).transpose()?;
    let period = [range(&lab, case)?];
    let mut asks: Vec<(String, &[&str])> = Vec::new();
    (1..=steps).for_each(|k| asks.push((format!("{text}.users({k})"), &[])));
    (1..=steps).for_each(|k| asks.push((format!("{text}.users({k})"), &["who"])));
    for statistic in ["mean", "median"] {
        (2..=steps).for_each(|k| asks.push((format!("{statistic}({text}.time({k}))"), &[])));
    }
    let rows = lab.answer(&asks, condition.as_deref(), &period)?;
    let single = |at: usize| rows.get(at).and_then(|r| r.first()).and_then(|r| number(&r.value));
    let users: Vec<f64> = (0..steps).map(|k| single(k).unwrap_or(-1.0)).collect();
    let time = |statistic: usize, k: usize| single(2 * steps + statistic * (steps - 1) + k - 2);
    for (key, expected) in case["expected"].as_object().ok_or("nothing expected")? {
        let actual: Json = match key.as_str() {
            "users_reaching_step" => Json::from(users.clone()),
            "users_at_step_1" => Json::from(users[0]),
            "average_seconds_to_step_2" => Json::from(time(0, 2)),
            "median_seconds_to_step_2" => Json::from(time(1, 2)),
            "average_seconds_from_previous_step" | "median_seconds_from_previous_step" => {
                let statistic = usize::from(key.starts_with("median"));
                let times = (2..=steps).map(|k| Json::from(time(statistic, k)));
                std::iter::once(Json::Null).chain(times).collect()
            }
            "who" => {
                let reached = |k: usize| -> Vec<Json> {
                    let rows = rows.get(steps + k).into_iter().flatten();
                    let there = rows.filter(|r| number(&r.value) == Some(1.0));
                    there.map(|r| Json::from(r.by.first().map_or(String::new(), ToString::to_string))).collect()
                };
                (0..steps).map(|k| Json::from(reached(k))).collect()
            }
            other => return Err(format!("`{other}` is expected, which is not understood")),
        };
        let same = match (key.as_str(), expected.as_array(), actual.as_array()) {
            ("who", Some(expected), Some(actual)) => expected.iter().zip(actual).all(|(e, a)| {
                let set = |v: &Json| v.as_array().into_iter().flatten().map(Json::to_string).collect::<BTreeSet<_>>();
                set(e) == set(a)
            }),
            (_, Some(expected), Some(actual)) => {
                expected.len() <= actual.len() && expected.iter().zip(actual).all(|(e, a)| near(a.as_f64(), e))
            }
            _ => near(actual.as_f64(), expected),
        };
        if !same {
            return Ok(Outcome::Differs(format!("{key}: {actual}, expected {expected}; {text}")));
        }
    }
    Ok(Outcome::Agrees)
}

pub fn trend(case: &Json) -> Result<Outcome, String> {
    let lab = lab(case, &[])?;
    let (text, _) = conversion(case)?;
    let condition = case["where"].as_str().map(where_of).transpose()?;
    let bounds = case["range"].as_array().ok_or("no range")?;
    let (from, to) = (bounds[0].as_str().ok_or("no start")?, bounds[1].as_str().ok_or("no end")?);
    let periods = lab.periods(from, to, grain(case["interval"].as_str().unwrap_or("day"))?)?;
    let step = |key: &str, default: usize| case[key].as_u64().map_or(default, |n| n as usize) + 1;
    let last = case["steps"].as_array().map_or(0, Vec::len).saturating_sub(1);
    let asks: Vec<(String, &[&str])> = vec![
        (format!("{text}.users({})", step("from_step", 0)), &[]),
        (format!("{text}.users({})", step("to_step", last)), &[]),
    ];
    let rows = lab.answer(&asks, condition.as_deref(), &periods)?;
    for (number_of, expected) in case["expected"].as_array().ok_or("nothing expected")?.iter().enumerate() {
        let date = expected["period"].as_str().ok_or("no period")?;
        let start = lab.instant(date)?;
        let Some(at) = periods.iter().position(|p| p.interval.start == start) else {
            return Err(format!("no period {date}"));
        };
        let value = |ask: usize| rows[ask].iter().find(|r| r.period == at).and_then(|r| number(&r.value));
        let (entered, converted) = (value(0).unwrap_or(-1.0), value(1).unwrap_or(-1.0));
        let rate = if entered == 0.0 { 0.0 } else { (converted / entered * 10_000.0).round() / 100.0 };
        for (key, actual) in [("entered", entered), ("converted", converted), ("rate_percent", rate)] {
            let wanted = expected[key].as_f64();
            if wanted.is_some_and(|w| (w - actual).abs() > 0.006) {
                return Ok(Outcome::Differs(format!(
                    "{number_of} {date} {key}: {actual}, expected {wanted:?}; {text}"
                )));
            }
        }
    }
    Ok(Outcome::Agrees)
}

/// An exclusion that is none: our grammar has no place for most of them, and says so.
pub fn refused(case: &Json) -> Result<Outcome, String> {
    let count = case["steps"].as_u64().ok_or("no number of steps")?;
    let steps: Vec<Json> = (0..count).map(|n| serde_json::json!({"event": format!("step {n}")})).collect();
    let mut exclusion = case["exclusion"].clone();
    exclusion["event"] = Json::from("x");
    let full = serde_json::json!({
        "steps": steps, "order": case["order"], "exclusions": [exclusion], "window_seconds": 86_400,
        "events": [["u", "step 0", "2021-01-01 00:00:00", {}]],
    });
    let lab = lab(&full, &[])?;
    let steps = count as usize;
    let to = case["exclusion"]["to_step"].as_u64().map_or(0, |n| n as usize);
    let (text, _) = conversion(&full)?;
    // A step after the last one.
    let text = if to >= steps && !text.contains("-> not (app where event = \"x\"), ") {
        text.replacen(", within", " -> not (app where event = \"x\"), within", 1)
    } else {
        text
    };
    lab.refuses(&text).map(|()| Outcome::Agrees)
}
