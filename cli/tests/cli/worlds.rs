//! The examples whose data are generated: the data are what the generator writes, the numbers what another engine says, the
//! report is the one that is checked in, and the template is the example.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::cli::case::repository;
use crate::cli::init::{kepi, text, works};
use crate::cli::oracle::json;

const WORLDS: [&str; 4] = ["streaming", "music", "marketplace", "saas"];

fn example(world: &str) -> PathBuf {
    repository().join("examples").join(world)
}

#[test]
fn data_are_what_the_generator_writes() {
    for world in WORLDS {
        let folder = tempfile::tempdir().unwrap();
        let run = kepi(folder.path(), &["generate", world, "data"]);
        assert!(run.status.success(), "{}", text(&run.stderr));
        let mut size = 0;
        for entry in fs::read_dir(folder.path().join("data")).unwrap() {
            let entry = entry.unwrap();
            let fresh = fs::read(entry.path()).unwrap();
            let shipped = example(world).join("data").join(entry.file_name());
            size += fresh.len();
            if std::env::var_os("KEPI_BLESS").is_some() {
                fs::write(&shipped, &fresh).unwrap();
            }
            assert!(fs::read(&shipped).unwrap() == fresh, "{} is not what is generated", shipped.display());
        }
        assert!(size < 1_500_000, "{world}: {size} bytes are much for an example");
    }
}

#[test]
fn numbers_are_what_another_engine_says() {
    let path = repository().join("cli/tests/oracles/worlds.json");
    let answers: BTreeMap<String, BTreeMap<String, BTreeMap<String, f64>>> =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(answers.len(), WORLDS.len());
    for (world, metrics) in answers {
        let mut args = vec!["query", "--grain", "quarter", "--format", "json", "--from", "2025-10-01"];
        args.extend(metrics.keys().map(String::as_str));
        let found = json(&example(&world), &args);
        for metric in found["metrics"].as_array().unwrap() {
            let name = metric["name"].as_str().unwrap();
            // Quantities are shown in their units, shares as shares.
            let rows = metric["rows"].as_array().unwrap();
            assert_eq!(rows.len(), metrics[name].len(), "{world}: {name}");
            for row in rows {
                let period = row["period"].as_str().unwrap();
                let value = match &row["value"] {
                    Value::String(decimal) => decimal.parse().unwrap(),
                    number => number.as_f64().unwrap(),
                };
                let value = if metric["unit"] == "%" { value / 100.0 } else { value };
                let expected = metrics[name][period];
                assert!(
                    (value - expected).abs() <= 1e-9 * expected.abs(),
                    "{world}: {name} of {period}: {value}, expected {expected}"
                );
            }
        }
    }
}

/// The report that is checked in; objectives of each kind of standing, so that it shows what there is to see.
#[test]
fn reports_are_those_that_are_checked_in() {
    let mut all = BTreeSet::new();
    for world in WORLDS {
        let out = tempfile::tempdir().unwrap();
        let folder = out.path().display().to_string();
        let run = kepi(&example(world), &["report", "--out", &folder]);
        assert!(run.status.success(), "{}", text(&run.stderr));
        let fresh = fs::read_to_string(out.path().join("monthly.md")).unwrap();
        let expected = example(world).join("expected/monthly.md");
        if std::env::var_os("KEPI_BLESS").is_some() {
            fs::write(&expected, &fresh).unwrap();
        }
        assert!(fs::read_to_string(&expected).unwrap() == fresh, "{} is not the report", expected.display());
        let report: Value = serde_json::from_slice(&fs::read(out.path().join("monthly.json")).unwrap()).unwrap();
        let objectives = report["objectives"].as_array().unwrap();
        let here: BTreeSet<String> = objectives.iter().map(|o| o["status"].as_str().unwrap().to_owned()).collect();
        assert!(here.len() >= 3, "{world}: {here:?}");
        all.extend(here);
    }
    for status in ["achieved", "missed", "on_track", "at_risk", "off_track"] {
        assert!(all.contains(status), "no objective is {status}: {all:?}");
    }
}

#[test]
fn the_template_is_the_example() {
    for world in WORLDS {
        let folder = tempfile::tempdir().unwrap();
        let run = kepi(folder.path(), &["init", "p", "--template", world, "--name", world]);
        assert!(run.status.success(), "{}", text(&run.stderr));
        let project = folder.path().join("p");
        works(&project);
        let shipped = example(world);
        for path in ["kepi.yaml", "metrics/sources.yaml", "metrics/aims.yaml"] {
            assert_eq!(
                fs::read_to_string(project.join(path)).unwrap(),
                fs::read_to_string(shipped.join(path)).unwrap()
            );
        }
    }
}

/// Any size: a small one, another seed.
#[test]
fn templates_of_another_size() {
    for (world, file) in [("streaming", "viewers.csv"), ("saas", "accounts.csv")] {
        let folder = tempfile::tempdir().unwrap();
        let args = ["init", "p", "--template", world, "--actors", "40", "--days", "120", "--seed", "9"];
        let run = kepi(folder.path(), &args);
        assert!(run.status.success(), "{}", text(&run.stderr));
        let rows = fs::read_to_string(folder.path().join("p/data").join(file)).unwrap().lines().count();
        assert_eq!(rows, 41, "{world}");
        let check = kepi(&folder.path().join("p"), &["check"]);
        assert!(check.status.success(), "{}", text(&check.stdout));
    }
}
