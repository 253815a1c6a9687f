//! A run that takes a while: what it shows, and what Ctrl-C leaves.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A project whose files take more than a second to read.
fn slow() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["metrics", "data"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("kepi.yaml"), "kepi: 1\nname: slow\ntime_zone: UTC\n").unwrap();
    let definitions = "sources:\n  app: {files: \"*.csv\", time: at, actor: user}\nmetrics:\n  people: unique(app)\n";
    fs::write(folder.path().join("metrics/a.yaml"), definitions).unwrap();
    for file in 0..3 {
        let mut text = String::from("at,user,page\n");
        for row in 0..100_000 {
            let (day, minute, second) = (row % 28 + 1, row / 60 % 60, row % 60);
            writeln!(text, "2026-0{}-{day:02}T10:{minute:02}:{second:02}Z,u{row},/page/{row}", file + 1).unwrap();
        }
        fs::write(folder.path().join(format!("data/{file}.csv")), text).unwrap();
    }
    folder
}

fn kepi(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kepi"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1");
    command
}

#[test]
fn nothing_is_shown_when_piped() {
    let folder = slow();
    let output = kepi(folder.path(), &["query", "people", "--grain", "total"]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "period  people (users)\ntotal           100000\n");
}

/// Runs a line in a terminal of 120 columns; `None` where there is no `script` to make one.
#[cfg(target_os = "linux")]
fn in_terminal(folder: &Path, args: &str) -> Option<String> {
    let line = format!("stty cols 120 </dev/tty; {} {args}", env!("CARGO_BIN_EXE_kepi"));
    let output = Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .current_dir(folder)
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn a_bar_is_shown_on_a_terminal() {
    let folder = slow();
    let Some(shown) = in_terminal(folder.path(), "query people --grain total") else { return };
    assert!(shown.contains(" of 300,000 rows") && shown.contains(" a second, "), "{shown:?}");
    // What is left on the terminal is the result alone.
    let last = shown.rsplit(['\r', '\u{1b}']).find(|part| part.contains("period")).unwrap_or_default();
    assert!(!last.contains(" rows"), "{shown:?}");
    assert!(shown.contains("100000"), "{shown:?}");
    let quiet = in_terminal(folder.path(), "query people --grain total --quiet").unwrap();
    assert!(!quiet.contains(" rows") && quiet.contains("100000"), "{quiet:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_short_run_shows_nothing() {
    let folder = slow();
    for name in ["0.csv", "1.csv"] {
        fs::remove_file(folder.path().join("data").join(name)).unwrap();
    }
    fs::write(folder.path().join("data/2.csv"), "at,user\n2026-01-01T10:00:00Z,u\n").unwrap();
    let Some(shown) = in_terminal(folder.path(), "query people --grain total") else { return };
    assert!(!shown.contains(" rows") && shown.contains("total"), "{shown:?}");
}

#[cfg(unix)]
fn interrupt(child: &std::process::Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_part_of_what_is_generated() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["generate", "log", "--events", "20000000", "--files", "100", "--format", "csv"];
    let mut child = kepi(folder.path(), &args).stderr(Stdio::null()).spawn().unwrap();
    let out = folder.path().join("log");
    let names = || {
        let entries = fs::read_dir(&out).into_iter().flatten().flatten();
        entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    while !names().iter().any(|n| n.ends_with(".part")) {
        assert!(child.try_wait().unwrap().is_none(), "it is over before it was interrupted");
        std::thread::sleep(Duration::from_millis(10));
    }
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(names().iter().all(|n| n.starts_with("events-")), "{:?}", names());
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_half_written() {
    use std::os::unix::process::ExitStatusExt;

    let folder = slow();
    let out = folder.path().join("reports");
    fs::create_dir_all(&out).unwrap();
    fs::write(out.join("report.html"), "the report of yesterday").unwrap();
    let mut interrupted = 0;
    for milliseconds in [100, 400, 900, 1500, 2500] {
        let child = kepi(folder.path(), &["report"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(130) => {
                interrupted += 1;
                assert!(output.stderr.is_empty(), "{output:?}");
            }
            // Before it could listen, on a machine with much to do: the signal's own end.
            None => assert_eq!(output.status.signal(), Some(2), "{output:?}"),
            code => assert_eq!(code, Some(0), "{output:?}"),
        }
        for entry in fs::read_dir(&out).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let whole = text == "the report of yesterday"
                || text.trim_end().ends_with("</html>")
                || text.ends_with("</sub>\n")
                || serde_json::from_str::<serde_json::Value>(&text).is_ok();
            let named = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("report."));
            assert!(whole && named, "{} after {milliseconds} ms", path.display());
        }
    }
    assert!(interrupted > 0, "every run was over before it was interrupted");
}
