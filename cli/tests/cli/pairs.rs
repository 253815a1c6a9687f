//! Random pairs of programs: the numbers of one comparison are those of two queries, each of its own side.
//!
//! `KEPI_RANDOM_PAIRS` says how many pairs, `KEPI_RANDOM_SEED` where to begin.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::init::{kepi, text};
use crate::cli::random::Random;

const METRICS: usize = 4;
const GRAINS: [&str; 4] = ["day", "week", "month", "quarter"];
const UNITS: [(&str, f64); 3] = [("s", 1.0), ("minutes", 60.0), ("hours", 3600.0)];

/// A metric of a side.
#[derive(Clone, PartialEq)]
struct Metric {
    expr: String,
    grain: &'static str,
    by: Option<&'static str>,
    /// Of lengths of time.
    unit: Option<(&'static str, f64)>,
}

struct Side {
    zone: &'static str,
    metrics: Vec<Option<Metric>>,
    rows: Vec<String>,
}

fn condition(random: &mut Random) -> String {
    let one = |random: &mut Random| {
        random
            .pick(&[
                "event = \"play\"",
                "event != \"stop\"",
                "country = \"DE\"",
                "country in (\"FR\", \"US\")",
                "country is null",
                "watched > 40s",
                "amount >= 5",
                "weekday(time) in (6, 7)",
            ])
            .to_owned()
    };
    let first = one(random);
    match random.below(4) {
        0 => format!("{first} and {}", one(random)),
        1 => format!("not ({first} or {})", one(random)),
        _ => first,
    }
}

fn count(random: &mut Random) -> String {
    let rows = if random.chance(70) { format!("app where {}", condition(random)) } else { "app".to_owned() };
    match random.below(3) {
        0 => format!("unique({rows})"),
        _ => format!("count({rows})"),
    }
}

fn plain(random: &mut Random) -> String {
    let narrowed = |random: &mut Random, of: &str| match random.chance(60) {
        true => format!("{of} where {}", condition(random)),
        false => of.to_owned(),
    };
    match random.below(9) {
        0 | 1 => count(random),
        2 => {
            let of = random.pick(&["sum", "mean", "median", "max", "min", "stddev"]);
            format!("{of}({})", narrowed(random, "app.amount"))
        }
        3 => format!("share({})", narrowed(random, "(app.event = \"play\")")),
        4 => format!("({}) / ({})", count(random), count(random)),
        5 => format!("({}) over {} days", count(random), random.one(&[7, 14, 28])),
        6 => format!("mean(count({}) per actor)", narrowed(random, "app")),
        7 => format!("ago({}, 1 week)", count(random)),
        _ => format!("sum({}) / count(app)", narrowed(random, "app.amount")),
    }
}

fn metric(random: &mut Random) -> Metric {
    let lengths = random.chance(30);
    let expr = match lengths {
        true => format!("{}(app.watched where {})", random.pick(&["sum", "mean", "max"]), condition(random)),
        false => plain(random),
    };
    let by = random.chance(60).then(|| random.one(&["country", "event", "weekday(time)"]));
    Metric { expr, grain: random.one(&GRAINS), by, unit: lengths.then(|| random.one(&UNITS)) }
}

/// The same metric, the same in other words, another of its kind, or none.
fn changed(random: &mut Random, metric: &Metric) -> Option<Metric> {
    let mut new = metric.clone();
    match random.below(10) {
        0..=2 => {}
        3 => new.expr = format!("(  ({})  )", metric.expr),
        4 => new.unit = metric.unit.map(|_| random.one(&UNITS)),
        5 => return None,
        _ => {
            let other = self::metric(random);
            new.expr =
                if other.unit.is_some() == metric.unit.is_some() { other.expr } else { plain_or(random, metric) };
        }
    }
    Some(new)
}

fn plain_or(random: &mut Random, metric: &Metric) -> String {
    match metric.unit {
        Some(_) => format!("mean(app.watched where {})", condition(random)),
        None => plain(random),
    }
}

fn rows(random: &mut Random) -> Vec<String> {
    let row = |random: &mut Random| {
        let (day, second) = (random.range(0, 74), random.range(0, 86_399));
        let date = jiff::civil::date(2026, 1, 20).checked_add(jiff::Span::new().days(day)).unwrap();
        let user = random.range(1, 25);
        let event = random.pick(&["play", "pay", "stop"]);
        let country = random.pick(&["DE", "FR", "US", ""]);
        let watched = if random.chance(80) { random.range(0, 120_000).to_string() } else { String::new() };
        let amount = if random.chance(80) {
            format!("{}.{:02}", random.range(-3, 40), random.range(0, 99))
        } else {
            String::new()
        };
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{date}T{hour:02}:{minute:02}:{second:02}Z,{user},{event},{country},{watched},{amount}")
    };
    (0..random.range(150, 500)).map(|_| row(random)).collect()
}

fn write(folder: &Path, side: &Side) {
    fs::create_dir_all(folder.join("data")).unwrap();
    fs::create_dir_all(folder.join("metrics")).unwrap();
    fs::write(folder.join("kepi.yaml"), format!("kepi: 1\nname: pairs\ntime_zone: {}\n", side.zone)).unwrap();
    let csv = format!("ts,user_id,event,country,watched,amount\n{}\n", side.rows.join("\n"));
    fs::write(folder.join("data/app.csv"), csv).unwrap();
    let mut yaml = "sources:\n  app:\n    files: app.csv\n    time: ts\n    actor: user_id\n    columns:\n      event: text\n      country: text\n      watched: {type: integer, unit: ms}\n      amount: decimal\nmetrics:\n".to_owned();
    for (at, metric) in side.metrics.iter().enumerate() {
        let Some(metric) = metric else { continue };
        yaml += &format!("  m{at}:\n    expr: >-\n      {}\n    grain: {}\n", metric.expr, metric.grain);
        yaml += &metric.by.map_or(String::new(), |by| format!("    by:\n      - {by}\n"));
        yaml += &metric.unit.map_or(String::new(), |(unit, _)| format!("    unit: {unit}\n"));
    }
    fs::write(folder.join("metrics/all.yaml"), yaml).unwrap();
}

/// Values by period and part.
type Values = BTreeMap<(String, String), Option<f64>>;

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().map(|text| text.parse().unwrap()))
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let output = kepi(folder, args);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}\n{}", text(&output.stderr)))
}

/// What queries say of a metric, alone and by its dimension.
fn queried(folder: &Path, name: &str, metric: &Metric, as_of: &str) -> Values {
    let mut args = vec!["query", name, "--as-of", as_of, "--format", "json"];
    let mut values = Values::new();
    for by in [None, metric.by].into_iter().collect::<std::collections::BTreeSet<_>>() {
        args.truncate(6);
        args.extend(by.into_iter().flat_map(|by| ["--by", by]));
        for row in json(folder, &args)["metrics"][0]["rows"].as_array().unwrap() {
            let place = (row["period"].as_str().unwrap().to_owned(), row["by"].to_string());
            values.insert(place, number(&row["value"]));
        }
    }
    values
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).map_or(a.is_none() && b.is_none(), |(a, b)| close(a, b))
}

/// How many values moved, and how many were compared.
fn pair(seed: u64) -> (usize, usize) {
    let random = &mut Random::new(seed);
    let zones = ["UTC", "Europe/Berlin", "America/New_York"];
    let base = Side {
        zone: random.one(&zones),
        metrics: (0..METRICS).map(|_| Some(metric(random))).collect(),
        rows: rows(random),
    };
    let fewer = random.chance(25);
    let head = Side {
        zone: if random.chance(25) { random.one(&zones) } else { base.zone },
        metrics: base.metrics.iter().flatten().map(|m| changed(random, m)).collect(),
        rows: base.rows.iter().filter(|_| !fewer || random.chance(70)).cloned().collect(),
    };
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("base"), folder.path().join("head"));
    write(&before, &base);
    write(&after, &head);
    let written = || {
        fs::read_to_string(before.join("metrics/all.yaml")).unwrap()
            + &fs::read_to_string(after.join("metrics/all.yaml")).unwrap()
    };
    for side in [&before, &after] {
        let check = kepi(side, &["check", "--quiet"]);
        assert!(check.status.success(), "seed {seed}: {}", text(&check.stderr) + &text(&check.stdout));
    }
    let diff = json(&after, &["diff", "--base-dir", "../base", "--format", "json"]);
    let Some(as_of) = diff["as_of"].as_str() else {
        assert!(diff["changes"].as_array().unwrap().iter().all(|c| c["class"] == "prose"), "seed {seed}: {diff}");
        return (0, 0);
    };
    let (mut moved, mut compared) = (0, 0);
    for (at, was) in base.metrics.iter().enumerate() {
        let (name, was, is) = (format!("m{at}"), was.as_ref().unwrap(), head.metrics[at].as_ref());
        let mut old = queried(&before, &name, was, as_of);
        let new = is.map(|is| queried(&after, &name, is, as_of)).unwrap_or_default();
        // Both are shown in the head's unit.
        if let (Some((_, from)), Some((_, to))) = (was.unit, is.and_then(|is| is.unit)) {
            old.values_mut().flatten().for_each(|value| *value *= from / to);
        }
        let entry = ["changes", "moved"].iter().find_map(|list| {
            diff[list].as_array().unwrap().iter().find(|c| c["kind"] == "metric" && c["name"] == name.as_str())
        });
        let mut said: BTreeMap<(String, String), &Value> = BTreeMap::new();
        for value in entry.and_then(|e| e["values"].as_array()).into_iter().flatten() {
            said.insert((value["period"].as_str().unwrap().to_owned(), value["by"].to_string()), value);
        }
        let places: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
        let told = |what: &str, place: &(String, String)| -> ! {
            panic!(
                "seed {seed}, {name} {place:?}: {what}: the queries say {:?} and {:?}, the comparison {:?}\n{}",
                old.get(place),
                new.get(place),
                said.get(place),
                written()
            )
        };
        let mut stayed = 0;
        for place in &places {
            let (was, is) = (old.get(*place), new.get(*place));
            compared += 1;
            match said.get(*place) {
                Some(value) => {
                    let only = value["only"].as_str();
                    let sides = (was.is_some(), is.is_some());
                    let expected = match sides {
                        (true, false) => Some("base"),
                        (false, true) => Some("head"),
                        _ => None,
                    };
                    if only != expected
                        || !same(number(&value["old"]), was.copied().flatten())
                        || !same(number(&value["new"]), is.copied().flatten())
                    {
                        told("other values", place);
                    }
                    if let (Some(was), Some(is), Some(difference)) =
                        (was.copied().flatten(), is.copied().flatten(), number(&value["difference"]))
                        && (is - was - difference).abs() > 1e-9 * was.abs().max(is.abs())
                    {
                        told("another difference", place);
                    }
                    moved += 1;
                }
                None if was.is_some() && is.is_some() && same(was.copied().flatten(), is.copied().flatten()) => {
                    stayed += 1
                }
                None => told("nothing is said", place),
            }
        }
        if let Some(extra) = said.keys().find(|place| !places.contains(place)) {
            told("no query has it", extra);
        }
        if let Some(same) = entry.and_then(|e| e["same"].as_u64()) {
            assert_eq!(same, stayed, "seed {seed}, {name}: values that stayed\n{}", written());
        }
    }
    (moved, compared)
}

#[test]
fn numbers_of_a_comparison_are_those_of_two_queries() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (first, pairs) = (number("KEPI_RANDOM_SEED", 1), number("KEPI_RANDOM_PAIRS", 10));
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let (moved, compared) = std::thread::scope(|scope| {
        let run = |thread: u64| {
            (first..first + pairs)
                .filter(move |s| s % threads == thread)
                .map(pair)
                .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        };
        let all: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        all.into_iter().map(|t| t.join().unwrap()).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    });
    println!("{pairs} pairs: {compared} values compared, {moved} of them moved");
    assert!(moved > compared / 10, "{moved} of {compared} values moved");
}
