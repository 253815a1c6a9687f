//! The rows of `language-semantics.md`, construct by construct: nothing in a period, nulls, a breakdown. The numbers are
//! worked by hand from the tables below; the engine gives them from CSV and from Parquet, and so does the reference.

mod cases;
mod rows;
mod world;

use std::sync::Arc;

use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::{Grain, Interval};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Ask, Question};
use kepi_lang::results::{Answer, Results};
use kepi_lang::value::Value;

use crate::compare::differences;
use crate::data::Encoding;
use crate::files::write;
use crate::pipeline::{Compiled, Text, compile};
use crate::reference;
use world::{DEFINITIONS, MANIFEST, tables};

/// An expression, its dimensions, and its values on 1, 2 (when nothing happens) and 3 March 2024.
pub struct Case {
    /// The construct.
    row: &'static str,
    expr: &'static str,
    by: &'static [&'static str],
    /// A line for each value of the breakdown: `DE: 2 | 0 | 2`. `-` is null.
    values: &'static str,
}

/// The project on disk, compiled.
struct World {
    compiled: Compiled,
    folder: tempfile::TempDir,
    data: crate::data::Data,
}

fn world(encoding: Encoding) -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let data = tables(encoding);
    write(folder.path(), &data);
    let compiled = compile(folder.path(), MANIFEST, DEFINITIONS).unwrap_or_else(|e| panic!("{e}"));
    World { compiled, folder, data }
}

impl World {
    fn ask(&self, expr: &str, by: &[&str], grain: Option<Grain>, interval: Interval) -> Ask {
        let by = by.iter().map(|d| (*d).to_owned()).collect();
        let text = Text { expr: expr.to_owned(), by, condition: None };
        let typed = self.compiled.ask(&text).unwrap_or_else(|e| panic!("{expr}: {e}"));
        Ask { name: expr.to_owned(), expr: typed.expr, by: typed.by, periods: self.compiled.periods(grain, interval) }
    }

    /// The engine's answers, which are the reference's.
    fn answers(&self, asks: Vec<Ask>, as_of: &str) -> Results {
        let program = Arc::new(self.compiled.program.clone());
        let as_of = as_of.parse().expect("an instant");
        let question = Question { asks, as_of, as_of_given: false, range: None };
        let dataset = Dataset::open(self.folder.path(), Arc::clone(&program), Options::default()).expect("files");
        let results = dataset.answer(&question).expect("answers");
        let reference = reference::answer(&program, &self.data, &question).expect("numbers that fit");
        let pruned = vec![self.data.sources[0].encoding == Encoding::Parquet; program.sources.len()];
        assert_eq!(differences(&results, &reference, &pruned), Vec::<String>::new());
        results
    }

    fn days(&self, from: &str, to: &str) -> Interval {
        let start = |text: &str| self.compiled.calendar().date_start(text.parse().expect("a date"));
        Interval { start: start(from), end: start(to) }
    }
}

/// A line for each value of the breakdown, its values in the order of the periods.
fn shown(answer: &Answer) -> String {
    let mut lines: Vec<(Vec<Value>, Vec<String>)> = Vec::new();
    for row in &answer.rows {
        let value = text(&row.value);
        match lines.iter_mut().find(|(by, _)| *by == row.by) {
            Some((_, values)) => values.push(value),
            None => lines.push((row.by.clone(), vec![value])),
        }
    }
    let name = |by: &[Value]| match by {
        [] => String::new(),
        by => format!("{}: ", by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    };
    lines.iter().map(|(by, values)| name(by) + &values.join(" | ")).collect::<Vec<_>>().join("\n")
}

/// Decimals without trailing zeros, floats to nine places.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Decimal(d) => d.normalized().to_string(),
        Value::Float(f) => {
            let rounded: Decimal = format!("{:.9}", f.get()).parse().expect("a number");
            rounded.normalized().to_string()
        }
        other => other.to_string(),
    }
}

/// A test's numbers: without the indentation that they have in its text.
fn lines(text: &str) -> String {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}

fn check(cases: &[Case]) {
    for encoding in [Encoding::Csv, Encoding::Parquet, Encoding::Ndjson] {
        let world = world(encoding);
        let march = world.days("2024-03-01", "2024-03-04");
        let asks = cases.iter().map(|case| world.ask(case.expr, case.by, Some(Grain::Day), march)).collect();
        let results = world.answers(asks, "2024-04-01T00:00:00Z");
        let wrong = cases.iter().zip(&results.answers).filter(|(case, answer)| shown(answer) != lines(case.values));
        let told: Vec<String> = wrong
            .map(|(case, answer)| {
                let (expected, found) = (lines(case.values), shown(answer));
                format!("{}: {} by {:?}\nexpected\n{expected}\nfound\n{found}", case.row, case.expr, case.by)
            })
            .collect();
        assert!(told.is_empty(), "{}", told.join("\n\n"));
    }
}
