//! What `kepi profile` sees, against what another engine does, and projects around files it has never seen.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::case::repository;
use crate::cli::init::{kepi, text, works};

fn seen(args: &[&str]) -> Value {
    let output = kepi(repository(), args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A number, or a decimal in quotes.
fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

fn same(found: &Value, expected: &Value, what: &str) {
    match expected {
        Value::Number(_) => {
            let (found, expected) = (number(found), number(expected));
            assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {found}, expected {expected}");
        }
        _ => assert_eq!(found, expected, "{what}"),
    }
}

#[test]
fn numbers_are_what_another_engine_says() {
    let oracle = fs::read_to_string(repository().join("cli/tests/oracles/profile.json")).unwrap();
    let oracle: Value = serde_json::from_str(&oracle).unwrap();
    let files = [
        ("retail", "examples/retail/data/online_retail.parquet"),
        ("december", "cli/tests/data/profile/december"),
        ("telco", "cli/tests/data/profile/telco.csv"),
    ];
    for (name, path) in files {
        let table = &seen(&["profile", path, "--format", "json"])["tables"][0];
        let expected = &oracle[name];
        same(&table["rows"], &expected["rows"], name);
        same(&table["copies"]["value"], &expected["copies"], name);
        let columns = table["columns"].as_array().unwrap();
        assert_eq!(columns.len(), expected["columns"].as_object().unwrap().len());
        for column in columns {
            let name = column["name"].as_str().unwrap();
            let expected = &expected["columns"][name];
            let check = |what: &str, found: &Value, expected: &Value| {
                if !expected.is_null() {
                    same(found, expected, &format!("{path}, {name}, {what}"));
                }
            };
            check("nulls", &column["nulls"], &expected["nulls"]);
            check("distinct", &column["distinct"]["value"], &expected["distinct"]);
            assert_eq!(column["distinct"]["about"], false);
            check("min", &column["min"], &expected["min"]);
            check("max", &column["max"], &expected["max"]);
            let numbers = &column["numbers"];
            for what in ["mean", "negative", "zero"] {
                check(what, &numbers[what], &expected[what]);
            }
            for (i, q) in [1, 5, 25, 50, 75, 95, 99].iter().enumerate() {
                check(&format!("p{q}"), &numbers["quantiles"][format!("p{q}")], &expected["quantiles"][i]);
            }
            check("shortest", &column["lengths"]["from"], &expected["lengths"][0]);
            check("longest", &column["lengths"]["to"], &expected["lengths"][1]);
            check("days", &column["coverage"]["days"], &expected["days"]);
            check("span", &column["coverage"]["span_days"], &expected["span_days"]);
            for (i, count) in expected["top"].as_array().into_iter().flatten().enumerate() {
                check("top", &column["top"][i]["rows"], count);
            }
            let bins = numbers["histogram"]["counts"].as_array().into_iter().flatten().map(number).sum::<f64>();
            if !numbers.is_null() {
                let outside = number(&numbers["histogram"]["below"]) + number(&numbers["histogram"]["above"]);
                same(
                    &Value::from(bins + outside),
                    &Value::from(number(&table["rows"]) - number(&column["nulls"])),
                    name,
                );
            }
        }
    }
}

#[test]
fn a_sample_is_said_and_proves_no_key() {
    let path = "examples/retail/data/online_retail.parquet";
    let table = &seen(&["profile", path, "--sample", "10000", "--format", "json"])["tables"][0];
    assert_eq!((&table["rows"], &table["step"]), (&Value::from(541_909), &Value::from(55)));
    assert_eq!(table["rows_seen"], 541_909 / 55 + 1);
    assert_eq!(table["key"], Value::Null);
    let printed = text(&kepi(repository(), &["profile", path, "--sample", "10000"]).stdout);
    assert!(printed.contains("a sample of 9,853 rows, one in 55"), "{printed}");
}

#[test]
fn real_files_become_projects() {
    for path in [
        "examples/retail/data/online_retail.parquet",
        "cli/tests/data/profile/december",
        "cli/tests/data/profile/telco.csv",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = repository().join(path);
        let init = kepi(folder.path(), &["init", "new", "--from", path.to_str().unwrap()]);
        assert!(init.status.success(), "{}", text(&init.stderr));
        works(&folder.path().join("new"));
    }
}

/// An event log in NDJSON, packed, with properties inside one another, its times counted in milliseconds.
fn event_log(folder: &Path) {
    let mut lines = String::new();
    let names = ["Session Started", "song:play", "song:play", "share", "where"];
    for i in 0..4_000u64 {
        let at = 1_772_323_200_000 + i * 2_500_000 + i * i % 1_000;
        let (user, name) = (i * 7 % 61, names[(i % 5) as usize]);
        let plan = ["free", "plus"][(i % 3 / 2) as usize];
        lines += &format!(
            "{{\"eventId\":\"e{i:05}\",\"ts\":{at},\"userId\":\"u{user}\",\"event\":\"{name}\",\"props\":{{\"plan\":\"{plan}\",\"listen ms\":{}}}}}\n",
            i * 37 % 90_000
        );
    }
    fs::write(folder.join("log-2026-03.ndjson"), lines).unwrap();
}

/// A wide table in CSV with semicolons, odd headers and days as they are written in Germany.
fn wide_table(folder: &Path) {
    let mut text =
        String::from("Datum;Kunden-Nr;Größe (cm);where;Umsatz EUR;\"Kanal; Weg\";Rabatt %;Größe;2. Wahl;count\n");
    for i in 0..900u32 {
        let (day, month) = (1 + i % 28, 1 + i / 28 % 12);
        text += &format!(
            "{day:02}.{month:02}.2025;K{};{}.5;{};{}.{:02};{};{};{};{};{}\n",
            i % 83,
            150 + i % 50,
            ["online", "Online", "Laden"][(i % 3) as usize],
            10 + i % 400,
            i % 100,
            ["E-Mail", "Suche"][(i % 2) as usize],
            i % 30,
            ["S", "M", "L"][(i % 3) as usize],
            ["ja", "nein"][(i % 2) as usize],
            i % 5
        );
    }
    fs::write(folder.join("Umsätze 100% [neu].csv"), text).unwrap();
}

#[test]
fn files_it_has_never_seen() {
    type Make = fn(&Path);
    let shapes: [(&str, Make); 2] = [("log", event_log), ("wide", wide_table)];
    for (name, make) in shapes {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path());
        let init = kepi(folder.path(), &["init", name, "--from", "*.*"]);
        assert!(init.status.success(), "{}", text(&init.stderr));
        works(&folder.path().join(name));
        let sources = fs::read_to_string(folder.path().join(name).join("metrics/sources.yaml")).unwrap();
        insta::assert_snapshot!(format!("sources_of_{name}"), sources);
    }
    // Parquet, by day, left where the files are.
    let folder = tempfile::tempdir().unwrap();
    let orders = [
        "generate",
        "shop/events/app",
        "--events",
        "6000",
        "--actors",
        "150",
        "--days",
        "40",
        "--daily",
        "--ids",
        "uuid",
    ];
    assert!(kepi(folder.path(), &orders).status.success());
    let init = kepi(folder.path(), &["init", "shop", "--from", "shop/events", "--data", "events"]);
    assert!(init.status.success(), "{}", text(&init.stderr));
    works(&folder.path().join("shop"));
    assert!(!folder.path().join("shop/data").exists());
    let elsewhere = kepi(folder.path(), &["init", "other", "--from", "shop/events", "--data", "events"]);
    assert_eq!(elsewhere.status.code(), Some(2));
    assert!(text(&elsewhere.stderr).contains("not all files lie below other/events"), "{}", text(&elsewhere.stderr));
}
