//! A project of one source, and questions to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::{Calendar, Grain, Interval, Period};
use kepi_lang::ir::{Ask, Question};
use kepi_lang::results::AnswerRow;
use serde_json::Value as Json;

use crate::pipeline::{Compiled, Text, compile};

/// One row: its columns by name, as kepi sees them.
pub type Row = BTreeMap<String, Json>;

pub struct Lab {
    compiled: Compiled,
    data: Dataset,
    _folder: tempfile::TempDir,
}

/// Long after every event.
fn later() -> Timestamp {
    "9000-01-01T00:00:00Z".parse().expect("an instant")
}

impl Lab {
    /// `rows` have `ts`; `texts`: columns that are text whatever they look like.
    pub fn new(manifest: &str, actor: &str, rows: &[Row], texts: &BTreeSet<String>) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let mut names: BTreeSet<&str> = rows.iter().flat_map(|r| r.keys().map(String::as_str)).collect();
        names.extend(texts.iter().map(String::as_str));
        names.extend(["ts", actor]);
        let mut lines = String::new();
        // A row of nobody, so that there is a file with every column.
        let nobody = Row::from([("ts".to_owned(), Json::from("1971-01-01T00:00:00Z"))]);
        for row in std::iter::once(&nobody).chain(rows) {
            let full: serde_json::Map<String, Json> =
                names.iter().map(|n| ((*n).to_owned(), row.get(*n).cloned().unwrap_or(Json::Null))).collect();
            lines.push_str(&Json::Object(full).to_string());
            lines.push('\n');
        }
        std::fs::write(folder.path().join("app.ndjson"), lines).map_err(|e| e.to_string())?;
        let columns: Vec<String> = texts.iter().map(|t| format!("{t}: text")).collect();
        let definitions = format!(
            "sources:\n  app: {{files: app.ndjson, time: ts, actor: {actor}, columns: {{{}}}}}\n",
            columns.join(", ")
        );
        let manifest = format!("kepi: 1\nname: lab\ndata: .\n{manifest}");
        let compiled = compile(folder.path(), &manifest, &definitions)?;
        let opened = Dataset::open(folder.path(), Arc::new(compiled.program.clone()), Options::default());
        let data = opened.map_err(|found| crate::pipeline::plain(&found))?;
        Ok(Self { compiled, data, _folder: folder })
    }

    pub fn calendar(&self) -> &Calendar {
        self.compiled.calendar()
    }

    /// Local time of the project.
    pub fn instant(&self, text: &str) -> Result<Timestamp, String> {
        let text = text.replace('T', " ");
        let full = match text.len() {
            10 => format!("{text} 00:00:00"),
            16 => format!("{text}:00"),
            _ => text,
        };
        let local: DateTime = full.replace(' ', "T").parse().map_err(|e| format!("{full}: {e}"))?;
        self.calendar().zone.to_ambiguous_timestamp(local).compatible().map_err(|e| e.to_string())
    }

    /// The periods from the one that holds the first to the one that holds the last.
    pub fn periods(&self, first: &str, last: &str, grain: Grain) -> Result<Vec<Period>, String> {
        let (start, end) = (self.instant(first)?, self.calendar().next(self.instant(last)?, grain));
        self.calendar().periods(Interval { start, end }, grain).map_err(|e| format!("{e:?}"))
    }

    pub fn answer(
        &self,
        asks: &[(String, &[&str])],
        condition: Option<&str>,
        periods: &[Period],
    ) -> Result<Vec<Vec<AnswerRow>>, String> {
        let asks = asks.iter().map(|(expr, by)| {
            let by = by.iter().map(|d| (*d).to_owned()).collect();
            let text = Text { expr: expr.clone(), by, condition: condition.map(str::to_owned) };
            let typed = self.compiled.ask(&text).map_err(|e| format!("{expr}: {e}"))?;
            Ok(Ask { name: expr.clone(), expr: typed.expr, by: typed.by, periods: periods.to_vec() })
        });
        let asks = asks.collect::<Result<Vec<_>, String>>()?;
        let question = Question { asks, as_of: later(), as_of_given: true, range: None };
        let results = self.data.answer(&question).map_err(|found| crate::pipeline::plain(&found))?;
        Ok(results.answers.into_iter().map(|a| a.rows).collect())
    }

    /// Whether an expression is refused.
    pub fn refuses(&self, expr: &str) -> Result<(), String> {
        let text = Text { expr: expr.to_owned(), by: Vec::new(), condition: None };
        match self.compiled.ask(&text) {
            Ok(_) => Err(format!("{expr} is not refused")),
            Err(_) => Ok(()),
        }
    }
}

pub fn grain(word: &str) -> Result<Grain, String> {
    Grain::parse(word).ok_or_else(|| format!("no grain `{word}`"))
}

/// A name that needs no quoting.
pub fn plain(prefix: &str, name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    format!("{prefix}{}", plain.collect::<String>())
}
