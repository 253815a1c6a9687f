//! Numbers of the field's own texts: vendors' worked examples and reference values, each on the rows that give it.

mod actives;
mod funnels;
mod money;
mod returns;
mod surveys;

use std::fmt::Write;
use std::sync::Arc;

use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::{Calendar, Grain, Interval};
use kepi_lang::ir::{Ask, Question};
use kepi_lang::results::AnswerRow;
use kepi_lang::value::Value;

use crate::pipeline::{Text, compile, plain};

/// Rows, and expressions with their value over a range, as of a late day.
struct Fixture<'a> {
    sources: &'a str,
    files: &'a [(&'a str, String)],
    from: &'a str,
    to: &'a str,
}

impl Fixture<'_> {
    fn values(&self, expr: &str, grain: Option<Grain>) -> Vec<Value> {
        self.values_as_of(expr, grain, "2100-01-01T00:00:00Z")
    }

    fn values_as_of(&self, expr: &str, grain: Option<Grain>, as_of: &str) -> Vec<Value> {
        self.rows_as_of(expr, grain, as_of).into_iter().map(|row| row.value).collect()
    }

    fn rows_as_of(&self, expr: &str, grain: Option<Grain>, as_of: &str) -> Vec<AnswerRow> {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(root.path().join("data")).expect("a folder");
        for (name, text) in self.files {
            std::fs::write(root.path().join("data").join(name), text).expect("a file");
        }
        let compiled = compile(root.path(), "kepi: 1\nname: fixture\ntime_zone: UTC\n", self.sources)
            .unwrap_or_else(|e| panic!("{e}"));
        let text = Text { expr: expr.to_owned(), by: Vec::new(), condition: None };
        let typed = compiled.ask(&text).unwrap_or_else(|e| panic!("{expr}: {e}"));
        let bound = |day: &str| compiled.calendar().date_start(day.parse().expect("a date"));
        let interval = Interval { start: bound(self.from), end: bound(self.to) };
        let periods = match grain {
            Some(grain) => compiled.periods(Some(grain), interval),
            None => vec![Calendar::total(interval)],
        };
        let asks = vec![Ask { name: expr.to_owned(), expr: typed.expr, by: typed.by, periods }];
        let as_of = as_of.parse().expect("an instant");
        let program = Arc::new(compiled.program);
        let dataset = Dataset::open(root.path(), program, Options::default()).expect("files");
        let question = Question { asks, as_of, as_of_given: true, range: None };
        let results = dataset.answer(&question).unwrap_or_else(|e| panic!("{expr}: {}", plain(&e)));
        results.answers[0].rows.clone()
    }

    fn is(&self, expr: &str, expected: f64) {
        let found = self.values(expr, None);
        let found = found[0].as_f64().unwrap_or(f64::NAN);
        assert!((found - expected).abs() < 1e-6, "{expr}: {found}, expected {expected}");
    }

    fn by(&self, grain: Grain, expr: &str, expected: &[f64]) {
        let found: Vec<f64> = self.values(expr, Some(grain)).iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
        assert_eq!(found, expected, "{expr} by {grain}");
    }
}

const APP: &str = "sources:
  app: {files: app.csv, time: ts, actor: who, columns: {event: text, amount: number}}
events:
  a: app where event = \"a\"
  b: app where event = \"b\"
  c: app where event = \"c\"
";

/// Day numbers of January 2024, by actor.
fn days(of: &[(&str, &[u32])]) -> Vec<(&'static str, String)> {
    let mut text = "ts,who,event,amount\n".to_owned();
    for (who, days) in of {
        for day in *days {
            let _ = writeln!(text, "2024-01-{day:02}T12:00:00Z,{who},a,");
        }
    }
    vec![("app.csv", text)]
}
