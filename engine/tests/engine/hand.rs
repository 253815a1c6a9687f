//! Small tables and their numbers, worked out by hand.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::{Calendar, Grain};
use kepi_lang::ir::{Aggregate, Ask, Program, Question, ScalarType};
use kepi_lang::value::Value;

use crate::data::{Tables, write};
use crate::programs::{branch, col, column, measure, measured, periods, program, source};

fn calendar(zone: &str) -> Calendar {
    Calendar { zone: TimeZone::get(zone).expect("a zone"), week_start: Weekday::Monday, fiscal_year_start: (1, 1) }
}

fn at(text: &str) -> Value {
    Value::Instant(text.parse().expect("an instant"))
}

fn floats(rows: &[(&str, f64)]) -> (Program, Tables) {
    let columns = vec![column("ts", ScalarType::Instant), column("x", ScalarType::Float)];
    let program = program(calendar("Europe/Berlin"), vec![source("s", columns, Some(0), None)]);
    let rows = rows.iter().map(|(t, x)| vec![at(t), Value::float(*x)]).collect();
    (program, Tables { sources: vec![rows], lookups: Vec::new() })
}

fn ask(
    program: &Program,
    aggregate: Aggregate,
    value: Option<(u32, ScalarType)>,
    from: &str,
    to: &str,
    grain: Grain,
) -> Ask {
    let value = value.map(|(id, ty)| col(id, ty));
    let expr = measured(measure(aggregate, vec![branch(0, Some(0), value)]));
    Ask { name: "m".to_owned(), expr, by: Vec::new(), periods: periods(&program.settings.calendar, from, to, grain) }
}

fn run(program: Program, tables: &Tables, asks: Vec<Ask>, files: usize, threads: usize) -> Vec<Vec<Value>> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &program, tables, files);
    let options = Options { threads: Some(threads), ..Options::default() };
    let dataset = Dataset::open(folder.path(), Arc::new(program), options).expect("the files open");
    let as_of: Timestamp = "2100-01-01T00:00:00Z".parse().expect("an instant");
    let question = Question { asks, as_of, as_of_given: false, range: None };
    let results = dataset.answer(&question).expect("an answer");
    assert!(results.ledgers.iter().all(kepi_lang::results::Ledger::balances));
    results.answers.into_iter().map(|a| a.rows.into_iter().map(|r| r.value).collect()).collect()
}

#[test]
fn a_day_of_23_and_one_of_25_hours() {
    let rows = [
        ("2026-03-28T22:59:59Z", 1.0),
        ("2026-03-28T23:00:00Z", 2.0),
        ("2026-03-29T21:59:59Z", 4.0),
        ("2026-03-29T22:00:00Z", 8.0),
        ("2026-10-24T22:00:00Z", 16.0),
        ("2026-10-25T22:59:59Z", 32.0),
        ("2026-10-25T23:00:00Z", 64.0),
    ];
    let (program, tables) = floats(&rows);
    let x = Some((1, ScalarType::Float));
    let spring = ask(&program, Aggregate::Sum, x, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", Grain::Day);
    let autumn = ask(&program, Aggregate::Sum, x, "2026-10-25T12:00:00Z", "2026-10-26T12:00:00Z", Grain::Day);
    let answers = run(program, &tables, vec![spring, autumn], 1, 1);
    assert_eq!(answers[0], [1.0, 6.0, 8.0].map(Value::float));
    assert_eq!(answers[1], [48.0, 64.0].map(Value::float));
}

#[test]
fn hostile_sums_are_exact_in_every_order_and_number_of_files() {
    let t = "2026-01-01T12:00:00Z";
    let tiny = f64::from_bits(1);
    for (values, expected) in [
        (vec![1e308, 1.0, 1e308, -1e308, -1e308], 1.0),
        (vec![1e16, 1.0, -1e16, 1.0], 2.0),
        (vec![tiny, tiny, tiny], 3.0 * tiny),
        (vec![1.0, tiny, -1.0], tiny),
        (vec![0.1, 0.2, 0.3, -0.6], 2.7755575615628914e-17),
        (vec![f64::MAX, f64::MAX, -f64::MAX], f64::MAX),
        (vec![9007199254740992.0, 1.0, 1e-300], 9007199254740994.0),
        (vec![9007199254740992.0, 1.0], 9007199254740992.0),
    ] {
        for files in 1..=values.len() {
            for turn in 0..values.len() {
                let mut turned = values.clone();
                turned.rotate_left(turn);
                let (program, tables) = floats(&turned.iter().map(|v| (t, *v)).collect::<Vec<_>>());
                let sum =
                    ask(&program, Aggregate::Sum, Some((1, ScalarType::Float)), t, "2026-01-01T13:00:00Z", Grain::Day);
                let answers = run(program, &tables, vec![sum], files, 1 + turn % 3);
                assert_eq!(answers[0], [Value::float(expected)], "{turned:?} in {files} files");
            }
        }
    }
}
