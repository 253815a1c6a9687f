//! The values of a project as they were accepted: `tests/values.csv`, a line a metric and complete period.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kepi_lang::diff::{self, Side};

use crate::args::Common;
use crate::commands::Stop;
use crate::commands::test::render::Outcome;
use crate::output;
use crate::session::Session;

const FILE: &str = "values.csv";
const HEAD: &str = "metric,period,value";
/// The most differences that are shown.
const MOST: usize = 20;

/// Values by metric and period.
type Values = BTreeMap<(String, String), String>;

/// Writes the values as they are; the path and how many they are.
///
/// # Errors
/// What the engine says, or the file system.
pub fn accept(common: &Common, root: &Path) -> Result<(String, usize), Stop> {
    let values = values(common)?;
    let lines: String = values.iter().map(|((metric, period), value)| format!("{metric},{period},{value}\n")).collect();
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
    let mut accepted = Values::new();
    for (number, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let mut cells = line.splitn(3, ',');
        let (Some(metric), Some(period), Some(value)) = (cells.next(), cells.next(), cells.next()) else {
            let place = format!("{}:{}", path.display(), number + 1);
            return Err(Stop::Data(format!("{place}: a line is `{HEAD}`; `kepi test --accept` writes the file anew")));
        };
        accepted.insert((metric.to_owned(), period.to_owned()), value.to_owned());
    }
    let now = values(common)?;
    let mut failures: Vec<String> = accepted
        .iter()
        .filter_map(|(key, was)| {
            let (metric, period) = key;
            match now.get(key) {
                Some(is) if is == was => None,
                Some(is) => Some(format!("{metric}: {period}: accepted {}, found {}", shown(was), shown(is))),
                None => Some(format!("{metric}: {period}: accepted {}, and there is no such value", shown(was))),
            }
        })
        .collect();
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

fn shown(value: &str) -> &str {
    if value.is_empty() { "no data" } else { value }
}

/// Every metric by its grain, complete periods alone: what is still to come changes by itself.
fn values(common: &Common) -> Result<Values, Stop> {
    let session = Session::open(common)?;
    let side = Side { program: &session.program, scope: &session.checked.scope };
    let names = session.program.metrics.iter().map(|m| m.name.as_str());
    let asks = names
        .flat_map(|name| diff::asks(side, session.dataset.extents(), session.as_of.at, name, None))
        .filter(|ask| ask.by.is_empty())
        .collect();
    let (question, results) = session.answer(asks)?;
    let mut values = Values::new();
    for (ask, answer) in question.asks.iter().zip(&results.answers) {
        let Some(metric) = session.program.metrics.iter().find(|m| m.name == ask.name) else { continue };
        for row in answer.rows.iter().filter(|row| row.complete) {
            let Some(period) = ask.periods.get(row.period) else { continue };
            let scale = metric.expr.unit.factor_to(&metric.display);
            let value = scale.and_then(|s| row.value.scaled(s.num, s.den)).unwrap_or_else(|| row.value.clone());
            let text = if value.is_null() { String::new() } else { value.to_string() };
            values.insert((metric.name.clone(), period.label.clone()), text);
        }
    }
    Ok(values)
}
