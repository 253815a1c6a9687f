//! A machine that refuses what a run needs.

use std::process::Command;

use crate::cli::case::repository;

/// The exit code and what went to stderr, with less address space than a thousand threads take.
fn with_little_space(threads: &str) -> (Option<i32>, String) {
    let kepi = env!("CARGO_BIN_EXE_kepi");
    let line = format!("ulimit -v 2000000; exec {kepi} query orders --grain total --threads {threads}");
    let project = repository().join("examples/retail");
    let output = Command::new("sh").args(["-c", &line]).current_dir(project).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn threads_that_cannot_be_started() {
    let (exit, printed) = with_little_space("1024");
    assert_eq!(exit, Some(3), "{printed}");
    assert!(printed.contains("error[K0651]: 1024 threads cannot be started"), "{printed}");
}

#[test]
fn threads_that_can() {
    let (exit, printed) = with_little_space("1");
    assert_eq!(exit, Some(0), "{printed}");
}

/// `kepi … 2>&1 | head`: that nobody reads any more is no mistake, and the exit code is what it would have been.
#[test]
fn a_reader_that_has_gone() {
    let runs: [(&[&str], i32); 6] = [
        (&["check"], 0),
        (&["query", "sum(nothing.at.all)", "--grain", "total"], 2),
        (&["query", "orders", "--grain", "total", "-v"], 0),
        (&["profile", "no-such-file.csv"], 3),
        (&["--help"], 0),
        (&["--no-such-option"], 2),
    ];
    for (args, exit) in runs {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let project = repository().join("examples/retail");
        let mut command = Command::new(env!("CARGO_BIN_EXE_kepi"));
        command.args(args).current_dir(project).stdout(writer.try_clone().unwrap()).stderr(writer);
        assert_eq!(command.status().unwrap().code(), Some(exit), "{args:?}");
    }
}
