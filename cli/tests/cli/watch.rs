//! `kepi test --watch`: once at the beginning, and again whenever a file changes that tests rest on.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const METRICS: &str =
    "sources:\n  app: {files: app.csv, time: ts, actor: user_id}\nmetrics:\n  plays: {expr: count(app), owner: ann}\n";
const TEST: &str = "tests:\n  one:\n    given: {app: tests/app.csv}\n    expect: {plays by day: {2026-01-01: 1}}\n";
const ROW: &str = "2026-01-01,1\n";

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn tests_are_run_again_when_a_file_changes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "kepi.yaml", "kepi: 1\nname: watched\n");
    write(folder, "metrics/app.yaml", METRICS);
    write(folder, "tests/one.test.yaml", TEST);
    write(folder, "tests/app.csv", &format!("ts,user_id\n{ROW}"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_kepi"))
        .args(["test", "--no-data", "--watch"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (send, lines) = mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader =
        std::thread::spawn(move || out.lines().map_while(Result::ok).for_each(|line| send.send(line).unwrap_or(())));
    // Far longer than it takes; what does not come fails the test.
    let next = || lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|e| format!("nothing comes: {e}"));
    let ended = |wanted: &str| {
        let mut seen = Vec::new();
        while seen.last().is_none_or(|line: &String| !line.starts_with("1 test") && !line.starts_with("nothing")) {
            seen.push(next());
        }
        assert_eq!(seen.last().map(String::as_str), Some(wanted), "{seen:?}");
    };
    ended("1 test passed");
    write(folder, "tests/app.csv", &format!("ts,user_id\n{ROW}{ROW}"));
    ended("1 test: 0 passed, 1 failed");
    write(folder, "tests/one.test.yaml", &TEST.replace(": 1}", ": 2}"));
    ended("1 test passed");
    // A definition that cannot be read ends nothing.
    write(folder, "metrics/app.yaml", "metrics: [");
    std::thread::sleep(Duration::from_millis(700));
    write(folder, "metrics/app.yaml", METRICS);
    ended("1 test passed");
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
}
