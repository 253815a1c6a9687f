//! Sessions as duckdb-behavioral's tests have them: which of a user's rows are one session.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::{Calendar, Interval};
use kepi_lang::ir::{Ask, Question};
use kepi_lang::value::Value;
use serde_json::Value as Json;

use crate::pipeline::{Text, compile, plain};

const MANIFEST: &str = "kepi: 1\nname: sessions\ntime_zone: UTC\n";
const SOURCE: &str =
    "sources:\n  app: {files: app.csv, time: ts, time_zone: UTC, actor: user_id, columns: {user_id: text}}\n";

/// User, first row, last row, how many rows.
type Session = (String, String, String, String);

fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The sessions that a case expects, by the numbers of its rows.
fn expected(case: &Json) -> Result<Vec<Session>, String> {
    let rows = case["rows"].as_array().ok_or("no rows")?;
    let numbers = case["expected_session"].as_array().ok_or("no sessions")?;
    if rows.len() != numbers.len() {
        return Err(format!("{} rows, {} numbers of sessions", rows.len(), numbers.len()));
    }
    let mut sessions: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (row, number) in rows.iter().zip(numbers) {
        let (Some(time), Some(user), Some(number)) = (text(&row[0]), text(&row[1]), text(number)) else { continue };
        sessions.entry((user, number)).or_default().push(instant(&time)?);
    }
    let each = sessions.into_iter().filter_map(|((user, _), times)| {
        let (first, last) = (times.iter().min()?, times.iter().max()?);
        Some((user, first.clone(), last.clone(), times.len().to_string()))
    });
    let mut all: Vec<Session> = each.collect();
    all.sort();
    Ok(all)
}

fn instant(text: &str) -> Result<String, String> {
    let naive = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S%.f", text)
        .or_else(|_| text.parse::<jiff::civil::DateTime>())
        .map_err(|e| format!("`{text}`: {e}"))?;
    Ok(jiff::tz::TimeZone::UTC.to_timestamp(naive).map_err(|e| e.to_string())?.to_string())
}

fn found(root: &Path, case: &Json) -> Result<Vec<Session>, String> {
    let mut csv = "ts,user_id\n".to_owned();
    for row in case["rows"].as_array().ok_or("no rows")? {
        csv += &format!("{},{}\n", text(&row[0]).unwrap_or_default(), text(&row[1]).unwrap_or_default());
    }
    std::fs::create_dir_all(root.join("data")).map_err(|e| e.to_string())?;
    std::fs::write(root.join("data/app.csv"), csv).map_err(|e| e.to_string())?;
    let gap = case["gap_minutes"].as_f64().ok_or("no gap")? * 60_000.0;
    let compiled = compile(root, MANIFEST, SOURCE)?;
    let sessions = format!("sessions(app, gap {}ms, max 36500d)", gap.round());
    let by = ["user_id", "start", "end", "events"].map(str::to_owned).to_vec();
    let typed = compiled.ask(&Text { expr: format!("count({sessions})"), by: by.clone(), condition: None })?;
    let periods = vec![Calendar::total(Interval::ALL)];
    let asks = vec![Ask { name: "sessions".to_owned(), expr: typed.expr, by, periods }];
    let as_of = "2200-01-01T00:00:00Z".parse().map_err(|e| format!("{e}"))?;
    let dataset = Dataset::open(root, Arc::new(compiled.program), Options::default()).map_err(|e| plain(&e))?;
    let results = dataset.answer(&Question { asks, as_of, as_of_given: true, range: None }).map_err(|e| plain(&e))?;
    let mut all = Vec::new();
    for row in results.answers.iter().flat_map(|a| &a.rows) {
        let [user, start, end, events] = row.by.as_slice() else { return Err("four dimensions".to_owned()) };
        let said = |value: &Value| match value {
            Value::Text(text) => text.clone(),
            Value::Instant(t) => t.to_string(),
            other => other.to_string(),
        };
        if row.value != Value::Int(1) {
            return Err(format!("{:?} sessions with one start and end", row.value));
        }
        all.push((said(user), said(start), said(end), said(events)));
    }
    all.sort();
    Ok(all)
}

#[test]
fn sessionize() {
    let folder = crate::cases("funnel_functions");
    let mut files: Vec<_> = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    files.sort();
    let (mut agree, mut lines) = (0, Vec::new());
    let mut differ = 0;
    for file in files {
        let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        if !name.starts_with("sessionize") || !name.ends_with(".json") {
            continue;
        }
        let cases = std::fs::read_to_string(&file).expect("a file");
        let cases: Vec<Json> = serde_json::from_str(&cases).expect("a list of cases");
        for case in &cases {
            let root = tempfile::tempdir().expect("a folder");
            let how = match (expected(case), found(root.path(), case)) {
                (Ok(expected), Ok(found)) if expected == found => None,
                (Ok(expected), Ok(found)) => Some(format!("expected {expected:?}, found {found:?}")),
                (Err(why), _) | (_, Err(why)) => Some(why),
            };
            match how {
                None => agree += 1,
                Some(how) => {
                    differ += 1;
                    lines.push(format!("{name}: {}: {how}", case["id"]));
                }
            }
        }
    }
    lines.push(format!("oracles funnel_functions/sessionize: {agree} agree, {differ} differ, 0 out of scope"));
    let _ = writeln!(std::io::stdout(), "{}", lines.join("\n"));
    assert!(agree > 0, "no case was answered");
    assert_eq!(differ, 0, "cases that differ are listed above");
}
