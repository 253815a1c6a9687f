//! The example that ships: its numbers, the same bytes for any number of threads, nothing half-written.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::cli::case::repository;
use crate::cli::oracle::json;

fn window<'a>(all: &'a Value, label: &str) -> &'a Value {
    all.as_array().unwrap().iter().find(|w| w["label"] == label).unwrap()
}

fn close(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{what}: {found}, expected {expected}"));
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {found}, expected {expected}");
}

#[test]
fn objectives_are_what_another_engine_says() {
    let report = json(repository(), &["report", "--project", "examples/retail", "--format", "json"]);
    let sql: Value =
        serde_json::from_str(&fs::read_to_string(repository().join("cli/tests/oracles/retail.json")).unwrap()).unwrap();
    let by_name: BTreeMap<&str, &Value> =
        report["objectives"].as_array().unwrap().iter().map(|o| (o["name"].as_str().unwrap(), o)).collect();
    let trailing = "3 months to 30 Nov 2011";
    // name, column, window of the baseline, of the actual value, target from the baseline's value, status
    type Target = fn(f64) -> f64;
    let expected: [(&str, &str, &str, &str, Target, &str); 6] = [
        ("customers_come_back", "repeat_rate", "2011-Q1", "2011-Q3", |b| b * 1.15, "achieved"),
        ("revenue_third_quarter", "revenue", "2011-Q2", "2011-Q3", |b| b * 1.3, "missed"),
        ("revenue_christmas", "revenue", "2011-Q3", trailing, |b| b * 1.25, "on_track"),
        ("more_customers", "active_customers", "2011-Q3", trailing, |b| b * 1.15, "on_track"),
        ("bigger_orders", "order_value", "2011-Q3", trailing, |b| b * 1.2, "off_track"),
        ("fewer_cancellations", "cancelled_share", "2011-Q3", trailing, |_| 0.12, ""),
    ];
    for (name, column, baseline, actual, target, status) in expected {
        let objective = by_name[name];
        let base = window(&sql, baseline)[column].as_f64().unwrap();
        close(&objective["baseline"]["value"], base, &format!("{name}: baseline"));
        let now = window(&sql, actual)[column].as_f64().unwrap();
        close(&objective["actual"]["value"], now, &format!("{name}: actual"));
        close(&objective["target"]["value"], target(base), &format!("{name}: target"));
        close(&objective["progress"], (now - base) / (target(base) - base), &format!("{name}: progress"));
        if !status.is_empty() {
            assert_eq!(objective["status"], status, "{name}");
        }
    }
    // A band to keep: judged by the complete months since its start, each inside or not.
    let band = by_name["keep_cancellations_low"];
    let months = ["2011-10", "2011-11"].map(|month| window(&sql, month)["cancelled_share_abroad"].as_f64().unwrap());
    close(&band["actual"]["value"], months[1], "keep_cancellations_low: actual");
    let inside = months.iter().filter(|share| **share < 0.2).count();
    close(&band["score"], inside as f64 / months.len() as f64, "keep_cancellations_low: score");
    assert_eq!((inside, band["status"].as_str()), (1, Some("off_track")));
    assert_eq!(report["objectives"].as_array().unwrap().len(), 7);
    assert_eq!(report["benchmarks"].as_array().unwrap().len(), 3);
    assert_eq!(report["releases"].as_array().unwrap().len(), 2);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let mut first: Option<BTreeMap<String, Vec<u8>>> = None;
    for threads in ["1", "2", "8"] {
        let out = tempfile::tempdir().unwrap();
        let status = Command::new(env!("CARGO_BIN_EXE_kepi"))
            .args(["report", "--project", "examples/retail", "--threads", threads, "--out"])
            .arg(out.path())
            .current_dir(repository())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        let files: BTreeMap<String, Vec<u8>> = fs::read_dir(out.path())
            .unwrap()
            .map(|e| e.unwrap())
            .map(|e| (e.file_name().to_string_lossy().into_owned(), fs::read(e.path()).unwrap()))
            .collect();
        assert_eq!(
            files.keys().map(String::as_str).collect::<Vec<_>>(),
            ["monthly.html", "monthly.json", "monthly.md"]
        );
        match &first {
            None => first = Some(files),
            Some(expected) => assert!(*expected == files, "{threads} threads give other bytes"),
        }
    }
}

#[test]
fn a_killed_run_leaves_nothing_half_written() {
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("monthly.html"), "the report of yesterday").unwrap();
    for milliseconds in [5, 60, 150, 300, 450, 600, 900] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kepi"))
            .args(["report", "--project", "examples/retail", "--out"])
            .arg(out.path())
            .current_dir(repository())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        for entry in fs::read_dir(out.path()).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let whole = text == "the report of yesterday"
                || text.trim_end().ends_with("</html>")
                || text.ends_with("</sub>\n")
                || serde_json::from_str::<Value>(&text).is_ok();
            assert!(whole, "{} is half-written after {milliseconds} ms", path.display());
        }
    }
}
