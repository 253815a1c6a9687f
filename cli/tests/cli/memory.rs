//! Temporary files under `--memory-limit`: the same numbers, and nothing of them left.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A project with every kind of state, and an empty folder beside it for temporary files.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["metrics", "data", "temporary"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("kepi.yaml"), "kepi: 1\nname: large\ntime_zone: UTC\n").unwrap();
    let definitions = "
sources:
  app: {files: \"*.csv\", time: at, actor: user, columns: {amount: {type: decimal}, seconds: number}}
metrics:
  people: {expr: unique(app), by: [page], grain: day}
  weekly: {expr: unique(app) over 7 days, grain: day}
  revenue: {expr: sum(app.amount), grain: month}
  middle: {expr: \"percentile(app.seconds, 90)\", by: [page], grain: week}
  spread: {expr: stddev(app.seconds) over 7 days, grain: day}
  heavy: {expr: share(count(app) per actor >= 3), grain: week}
  latest: {expr: last(app.seconds), grain: week}
";
    fs::write(folder.path().join("metrics/a.yaml"), definitions).unwrap();
    for file in 0..3 {
        let mut text = String::from("at,user,page,amount,seconds\n");
        for row in 0..20_000 {
            let (day, minute, second) = (row % 28 + 1, row / 60 % 60, row % 60);
            let (user, page, cents) = (row * 7919 % 1013, row % 5, row % 97);
            writeln!(
                text,
                "2026-0{}-{day:02}T10:{minute:02}:{second:02}Z,u{user},/{page},{cents}.25,0.{row}",
                file + 1
            )
            .unwrap();
        }
        fs::write(folder.path().join(format!("data/{file}.csv")), text).unwrap();
    }
    folder
}

fn query(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kepi"));
    let metrics = ["people", "weekly", "revenue", "middle", "spread", "heavy", "latest"];
    command.arg("query").args(metrics).args(["--own-by", "--format", "csv", "--no-cache"]).args(more);
    command.current_dir(folder).env("NO_COLOR", "1");
    command
}

fn said(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn names(folder: &Path) -> usize {
    fs::read_dir(folder.join("temporary")).unwrap().count()
}

#[test]
fn temporary_files_change_no_number() {
    let folder = project();
    let whole = said(query(folder.path(), &[]).output().unwrap());
    assert!(whole.lines().count() > 500, "{whole}");
    for (bytes, threads) in [("1", "1"), ("100000", "2"), ("3000000", "7")] {
        let more = ["--memory-limit", "8GiB", "--temp-dir", "temporary", "--threads", threads];
        let split = said(query(folder.path(), &more).env("KEPI_SPILL", bytes).output().unwrap());
        assert!(split == whole, "{bytes} bytes and {threads} threads show");
        assert_eq!(names(folder.path()), 0);
    }
}

/// Nothing of a file is kept under a limit, and what was kept is neither used nor lost; both are said.
#[test]
fn a_limit_goes_by_what_is_kept() {
    let folder = project();
    let ask = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kepi"));
        command.args(["query", "people", "revenue", "--own-by", "--format", "csv", "-v"]).args(more);
        let output = command.current_dir(folder.path()).env("NO_COLOR", "1").output().unwrap();
        (String::from_utf8(output.stderr.clone()).unwrap(), said(output))
    };
    let goes_by = "no state of a file is kept under --memory-limit, and none that was kept is used";
    let limit = ["--memory-limit", "8GiB"];
    let (first, expected) = ask(&limit);
    assert!(first.contains(goes_by) && first.contains("  3 file(s) read"), "{first}");
    // The first run has left nothing that the second one could use.
    for (more, read) in [(&[][..], 3), (&limit, 3), (&[], 0)] {
        let (told, numbers) = ask(more);
        assert!(numbers == expected, "{more:?} shows");
        assert!(told.contains(&format!("  {read} file(s) read")), "{more:?}: {told}");
        assert_eq!(told.contains(goes_by), !more.is_empty(), "{told}");
    }
    let mut plan = Command::new(env!("CARGO_BIN_EXE_kepi"));
    let plan = plan.args(["explain", "--plan", "people"]).args(limit).current_dir(folder.path()).output().unwrap();
    let plan = said(plan);
    assert!(plan.contains("  kept      nothing: states of files wait in memory"), "{plan}");
}

/// Numbers of values cannot be put away; the states that were are of the metric that is named.
#[cfg(target_os = "linux")]
#[test]
fn a_run_with_nothing_left_to_put_away_names_the_metric() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["metrics", "data"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("kepi.yaml"), "kepi: 1\nname: large\ntime_zone: UTC\n").unwrap();
    let columns = ["a", "b", "c", "d", "e", "f"];
    let types = columns.map(|name| format!("{name}: text")).join(", ");
    let distinct = columns.map(|name| format!("unique(app.{name})")).join(" + ");
    let definitions = format!(
        "sources:\n  app: {{files: \"*.csv\", time: at, columns: {{{types}}}}}\nmetrics:\n  several: {distinct}\n"
    );
    fs::write(folder.path().join("metrics/a.yaml"), definitions).unwrap();
    let mut text = format!("at,{}\n", columns.join(","));
    for row in 0..60_000 {
        let values = columns.map(|name| format!("{name}{row}")).join(",");
        writeln!(text, "2026-01-01T10:00:00Z,{values}").unwrap();
    }
    fs::write(folder.path().join("data/a.csv"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kepi"));
    command.args(["query", "several", "--grain", "total", "--no-cache", "--threads", "1", "--memory-limit", "92MiB"]);
    let output = command.current_dir(folder.path()).env("NO_COLOR", "1").env("KEPI_SPILL", "1").output().unwrap();
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let begin = "error[K0652]: the run needs more memory than the 96468992 bytes of --memory-limit; ";
    assert!(error.starts_with(begin), "{error}");
    let most = error.lines().next().unwrap().trim_start_matches(begin);
    let named = most == "what is known of the rows of `several` is put away already"
        || most.ends_with(" bytes are what is known of the rows of `several`");
    assert!(named, "{error}");
    assert!(
        error.ends_with("help: ask for fewer metrics or a shorter range at a time, or raise the limit\n"),
        "{error}"
    );
}

#[test]
fn a_run_that_is_killed_leaves_no_temporary_file() {
    let folder = project();
    let waits = folder.path().join("waits");
    let mut command = query(folder.path(), &["--memory-limit", "8GiB", "--temp-dir", "temporary", "--threads", "1"]);
    command.env("KEPI_SPILL", "1").env("KEPI_PAUSE", format!("rows={}", waits.display()));
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    while !waits.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it never got to its rows");
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::remove_file(&waits).unwrap();
    // It goes on with its temporary file, or is over already.
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(names(folder.path()), 0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(names(folder.path()), 0);
}

/// A folder that nobody can write to, the owner of all files neither.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_file_is_said() {
    let folder = project();
    let more = ["--memory-limit", "8GiB", "--temp-dir", "/proc"];
    let output = query(folder.path(), &more).env("KEPI_SPILL", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error[K0654]: a temporary file in `/proc` cannot be written: "), "{error}");
    assert!(error.contains("= help: name a folder that has room with `--temp-dir`"), "{error}");
}
