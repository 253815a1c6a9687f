//! The values of a project as they were accepted: `tests/values.csv`, a line a metric, complete period and part of a breakdown.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use kepi_lang::diff::{self, Side};
use kepi_lang::value::Value;

use crate::args::Common;
use crate::commands::Stop;
use crate::commands::test::render::Outcome;
use crate::output;
use crate::session::Session;

const FILE: &str = "values.csv";
const HEAD: &str = "metric,period,by,value";
/// As it was before there were parts.
const WITHOUT_PARTS: &str = "metric,period,value";
/// The most differences that are shown.
const MOST: usize = 20;

/// Values by metric, period and part: `country=DE`; `country` alone where it is null, nothing for the whole.
type Values = BTreeMap<(String, String, String), String>;

/// Writes the values as they are; the path and how many they are.
///
/// # Errors
/// What the engine says, or the file system.
pub fn accept(common: &Common, root: &Path) -> Result<(String, usize), Stop> {
    let values = values(common)?;
    let line = |((metric, period, by), value): (&(String, String, String), &String)| {
        format!("{metric},{period},{},{value}\n", cell(by))
    };
    let lines: String = values.iter().map(line).collect();
    let folder = root.join("tests");
    output::write_all(&folder, &[(FILE.to_owned(), format!("{HEAD}\n{lines}"))])
        .map_err(|e| Stop::Data(format!("{} cannot be written: {e}", folder.join(FILE).display())))?;
    Ok((format!("tests/{FILE}"), values.len()))
}

/// What differs from the values that were accepted; nothing where none were.
///
/// # Errors
/// What the engine says; a file that cannot be read.
pub fn compare(common: &Common, root: &Path) -> Result<Option<Outcome>, Stop> {
    let path = root.join("tests").join(FILE);
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|e| Stop::Data(format!("{} cannot be read: {e}", path.display())))?;
    let parts = text.lines().next().is_none_or(|head| head.trim() != WITHOUT_PARTS);
    let mut accepted = Values::new();
    for (number, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let (key, value) = read(line, parts).ok_or_else(|| {
            let place = format!("{}:{}", path.display(), number + 1);
            Stop::Data(format!("{place}: a line is `{HEAD}`; `kepi test --accept` writes the file anew"))
        })?;
        accepted.insert(key, value);
    }
    let now = values(common)?;
    let differing = accepted.iter().filter_map(|(key, was)| match now.get(key) {
        Some(is) if is == was => None,
        Some(is) => Some(format!("{}: accepted {}, found {}", place(key), shown(was), shown(is))),
        None => Some(format!("{}: accepted {}, and there is no such value", place(key), shown(was))),
    });
    // Another part of what was accepted is a change of it; another metric or period is not.
    let dimension = |by: &str| by.split('=').next().unwrap_or_default().to_owned();
    let known: BTreeSet<_> = accepted.keys().map(|(m, p, by)| (m.clone(), p.clone(), dimension(by))).collect();
    let new = now.iter().filter(|(key, is)| {
        let (metric, period, by) = key;
        // A part that is new has nothing in the periods before it.
        let nothing = is.is_empty() || is.parse() == Ok(0.0);
        !nothing && !accepted.contains_key(*key) && known.contains(&(metric.clone(), period.clone(), dimension(by)))
    });
    let new = new.map(|(key, is)| format!("{}: nothing accepted, found {}", place(key), shown(is)));
    let mut failures: Vec<String> = differing.chain(new).collect();
    let more = failures.len().saturating_sub(MOST);
    failures.truncate(MOST);
    if more > 0 {
        failures.push(format!("and {more} more"));
    }
    if !failures.is_empty() {
        failures.push("`kepi test --accept` takes the values as they are".to_owned());
    }
    Ok(Some(Outcome {
        name: "values".to_owned(),
        on: "files",
        path: format!("tests/{FILE}"),
        line: 1,
        failures,
        findings: Vec::new(),
        checked: accepted.len(),
    }))
}

fn place((metric, period, by): &(String, String, String)) -> String {
    if by.is_empty() { format!("{metric}: {period}") } else { format!("{metric}: {period}, {by}") }
}

/// A cell of CSV on one line.
fn cell(text: &str) -> String {
    let line = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    if line.contains([',', '"']) { format!("\"{}\"", line.replace('"', "\"\"")) } else { line }
}

/// A line of the file, with or without a cell for the part.
fn read(line: &str, parts: bool) -> Option<((String, String, String), String)> {
    let (metric, rest) = line.split_once(',')?;
    let (period, rest) = rest.split_once(',')?;
    let (by, value) = match (parts, rest.strip_prefix('"')) {
        (false, _) => (String::new(), rest),
        (true, None) => rest.split_once(',').map(|(by, value)| (by.to_owned(), value))?,
        (true, Some(quoted)) => {
            // Quotes of the text itself are doubled.
            let mut by = String::new();
            let mut rest = quoted;
            loop {
                let (part, after) = rest.split_once('"')?;
                by += part;
                match after.strip_prefix('"') {
                    Some(after) => {
                        by.push('"');
                        rest = after;
                    }
                    None => break (by, after.strip_prefix(',')?),
                }
            }
        }
    };
    let mut plain = String::new();
    let mut letters = by.chars();
    while let Some(c) = letters.next() {
        match c {
            '\\' => plain.push(match letters.next()? {
                'n' => '\n',
                'r' => '\r',
                other => other,
            }),
            c => plain.push(c),
        }
    }
    Some(((metric.to_owned(), period.to_owned(), plain), value.to_owned()))
}

fn shown(value: &str) -> &str {
    if value.is_empty() { "no data" } else { value }
}

/// Every metric by its grain, alone and by each of its dimensions, complete periods only: what is still to come changes by itself.
fn values(common: &Common) -> Result<Values, Stop> {
    let session = Session::open(common)?;
    let side = Side { program: &session.program, scope: &session.checked.scope };
    let names = session.program.metrics.iter().map(|m| m.name.as_str());
    let asks =
        names.flat_map(|name| diff::asks(side, session.dataset.extents(), session.as_of.at, name, None)).collect();
    let (question, results) = session.answer(asks)?;
    let mut values = Values::new();
    for (ask, answer) in question.asks.iter().zip(&results.answers) {
        let Some(metric) = session.program.metrics.iter().find(|m| m.name == ask.name) else { continue };
        for row in answer.rows.iter().filter(|row| row.complete) {
            let Some(period) = ask.periods.get(row.period) else { continue };
            let scale = metric.expr.unit.factor_to(&metric.display);
            let value = scale.and_then(|s| row.value.scaled(s.num, s.den)).unwrap_or_else(|| row.value.clone());
            let text = if value.is_null() { String::new() } else { value.to_string() };
            let part = |(name, value): (&String, &Value)| match value.is_null() {
                true => name.clone(),
                false => format!("{name}={value}"),
            };
            let by: Vec<String> = ask.by.iter().zip(&row.by).map(part).collect();
            values.insert((metric.name.clone(), period.label.clone(), by.join(", ")), text);
        }
    }
    Ok(values)
}
