//! `windowFunnel` and `retention` of four databases.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, Interval};
use serde_json::Value as Json;

use crate::journeys::Outcome;
use crate::journeys::lab::{Lab, Row, plain};
use crate::journeys::posthog::number;
use crate::journeys::words;

const SEVERAL: &str = "one event may serve several steps";
const REPEATS: &str = "a repeated step that is told by its number counts back, which engines do not agree about";

fn column(name: &str) -> String {
    plain("c_", name)
}

fn condition(words: &str) -> Result<String, String> {
    words::condition(words, false, &column)
}

/// The table of a case, on a clock of `unit`, by an actor.
fn lab(case: &Json, unit: &str, actor: Option<&str>) -> Result<Lab, String> {
    let path = crate::cases("funnel_functions").join("tables.json");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let tables: Json = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let table = &tables[case["table"].as_str().ok_or("no table")?];
    let names: Vec<&str> = table["columns"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let time = case["time_column"].as_str();
    let mut texts: BTreeSet<String> = BTreeSet::new();
    let mut rows: Vec<Row> = Vec::new();
    for (number, values) in table["rows"].as_array().into_iter().flatten().enumerate() {
        let values = values.as_array().ok_or("a row that is none")?;
        let mut row = Row::new();
        for (name, value) in names.iter().zip(values) {
            if value.is_string() {
                texts.insert(column(name));
            }
            row.insert(column(name), value.clone());
            if time == Some(*name) {
                row.insert("ts".to_owned(), Json::from(instant(value, unit)?));
            }
        }
        if time.is_none() {
            row.insert("ts".to_owned(), Json::from(instant(&Json::from(number as u64), "seconds")?));
        }
        row.insert("everyone".to_owned(), Json::from("all"));
        rows.push(row);
    }
    texts.insert("everyone".to_owned());
    if case["where"].as_str() == Some("no rows at all") {
        rows.clear();
    }
    Lab::new("", &actor.map_or_else(|| "everyone".to_owned(), column), &rows, &texts)
}

fn instant(value: &Json, unit: &str) -> Result<String, String> {
    if let Some(text) = value.as_str() {
        let text = text.replace(' ', "T");
        return Ok(if text.len() == 10 { format!("{text}T00:00:00Z") } else { format!("{text}Z") });
    }
    let n = value.as_i64().ok_or_else(|| format!("no time: {value}"))?;
    // Ticks are milliseconds here: any length will do, and those of the tables fit into the calendar.
    let stamp = match unit {
        "ticks" => Timestamp::from_millisecond(n),
        "days" => Timestamp::from_second(n.saturating_mul(86_400)),
        _ => Timestamp::from_second(n),
    };
    stamp.map(|t| t.to_string()).map_err(|e| e.to_string())
}

fn all(lab: &Lab) -> Result<[kepi_lang::calendar::Period; 1], String> {
    let (start, end) = (lab.instant("1970-01-01")?, lab.instant("6000-01-01")?);
    Ok([Calendar::total(Interval { start, end })])
}

pub fn levels(case: &Json) -> Result<Outcome, String> {
    let unit = case["window_unit"].as_str().unwrap_or("seconds");
    let actor = case["group_by"].as_str();
    let lab = lab(case, unit, actor)?;
    let steps: Vec<String> = case["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|s| condition(s.as_str().unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    let modes: Vec<&str> = case["modes"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let window = case["window"].as_u64().ok_or("no window")?;
    // A length of a hundred years is as good as any longer one.
    let window = match unit {
        "ticks" => format!("{}ms", window.clamp(1, 3_000_000_000)),
        "days" => format!("{}h", (window * 24).clamp(1, 876_000)),
        _ => format!("{}s", window.clamp(1, 3_000_000_000)),
    };
    let mut options = vec![format!("within {window}")];
    for mode in &modes {
        let option = match *mode {
            "strict_order" | "fixed" => "strict",
            "strict_deduplication" | "deduplication" => "no repeats",
            "strict_increase" | "increase" => "increasing",
            "allow_reentry" => "ignoring repeats",
            // One event fills one step: that is how it is.
            "strict_once" | "default" => continue,
            other => return Err(format!("the mode `{other}` is not understood")),
        };
        options.push(option.to_owned());
    }
    let sets: Vec<String> = steps.iter().map(|s| format!("app where {s}")).collect();
    let text = format!("conversion({}, {})", sets.join(" -> "), options.join(", "));
    let asked = match sets.as_slice() {
        [one] => vec![format!("unique({one})")],
        _ => (1..=sets.len()).map(|k| format!("{text}.users({k})")).collect(),
    };
    let user = actor.map(column);
    let by: Vec<&str> = user.as_deref().into_iter().collect();
    let mut asks: Vec<(String, &[&str])> = asked.into_iter().map(|a| (a, by.as_slice())).collect();
    asks.push(("count(app)".to_owned(), by.as_slice()));
    let only = case["where"].as_str().filter(|w| *w != "no rows at all").map(condition).transpose()?;
    let period = all(&lab)?;
    let rows = lab.answer(&asks, only.as_deref(), &period)?;
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for (level, rows) in std::iter::once((0, rows.last())).chain((1..).zip(rows.iter().take(sets.len()).map(Some))) {
        for row in rows.into_iter().flatten() {
            let who = row.by.first().map_or_else(String::new, ToString::to_string);
            let there = level == 0 || number(&row.value).is_some_and(|n| n > 0.0);
            if there {
                found.insert(who, level);
            }
        }
    }
    let same = match &case["expected"] {
        Json::Object(users) => users.iter().all(|(who, level)| found.get(who).copied() == level.as_u64()),
        level => found.values().copied().max() == level.as_u64(),
    };
    if same {
        return Ok(Outcome::Agrees);
    }
    // ClickHouse and its kin let one event serve several steps, and a few modes of theirs leave that so.
    let theirs = matches!(case["source"].as_str(), Some("clickhouse" | "databend" | "duckdb_behavioral"));
    if theirs && !modes.contains(&"strict_once") && shared(&lab, &steps, &period)? {
        return Ok(Outcome::OutOfScope(SEVERAL));
    }
    if modes.contains(&"allow_reentry") && modes.contains(&"strict_deduplication") {
        return Ok(Outcome::OutOfScope(REPEATS));
    }
    Ok(Outcome::Differs(format!("{found:?}, expected {}; {text}", case["expected"])))
}

/// Whether a row satisfies two of the steps.
fn shared(lab: &Lab, steps: &[String], period: &[kepi_lang::calendar::Period]) -> Result<bool, String> {
    let mut asks: Vec<(String, &[&str])> = Vec::new();
    for (at, one) in steps.iter().enumerate() {
        for other in steps.iter().skip(at + 1) {
            asks.push((format!("count(app where ({one}) and ({other}))"), &[]));
        }
    }
    let rows = lab.answer(&asks, None, period)?;
    Ok(rows.iter().flatten().any(|r| number(&r.value).is_some_and(|n| n > 0.0)))
}

pub fn retention(case: &Json) -> Result<Outcome, String> {
    let users = case["expected"].as_object();
    let table = case["table"].as_str().unwrap_or_default();
    let user = if table == "ret_signup" { "user_id" } else { "uid" };
    let lab = lab(case, "seconds", Some(user))?;
    let conditions = case["conditions"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let conditions = conditions.map(condition).collect::<Result<Vec<_>, _>>()?;
    let by_user = column(user);
    let by: Vec<&str> = if users.is_some() { vec![by_user.as_str()] } else { Vec::new() };
    let there = |c: &String| match c.as_str() {
        "true" => "count(app) > 0".to_owned(),
        c => format!("count(app where {c}) > 0"),
    };
    let first = conditions.first().map(there).unwrap_or_default();
    let asks: Vec<(String, &[&str])> = conditions
        .iter()
        .map(|c| (format!("count((({first}) and ({})) per actor)", there(c)), by.as_slice()))
        .collect();
    let rows = lab.answer(&asks, None, &all(&lab)?)?;
    let value = |at: usize, who: Option<&str>| {
        let mut rows = rows.get(at).into_iter().flatten();
        let row = rows.find(|r| who.is_none_or(|w| r.by.first().is_some_and(|b| b.to_string() == w)));
        row.and_then(|r| number(&r.value)).unwrap_or(0.0)
    };
    let list = |who: Option<&str>| (0..conditions.len()).map(|at| value(at, who)).collect::<Vec<_>>();
    let wanted = |v: &Json| v.as_array().into_iter().flatten().filter_map(Json::as_f64).collect::<Vec<_>>();
    let different = match users {
        Some(users) => users.iter().find(|(who, v)| list(Some(who)) != wanted(v)).map(|(who, _)| who.clone()),
        None => (list(None) != wanted(&case["expected"])).then(String::new),
    };
    Ok(match different {
        None => Outcome::Agrees,
        Some(who) => {
            let who = Some(who.as_str()).filter(|w| !w.is_empty());
            Outcome::Differs(format!("{:?}, expected {}", list(who), case["expected"]))
        }
    })
}
