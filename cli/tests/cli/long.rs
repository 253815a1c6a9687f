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

/// Runs a line in a terminal of 120 columns, with `environment`; `seen` is given all that has been shown, whenever there is more.
/// `None` where there is no `script` to make a terminal.
#[cfg(target_os = "linux")]
fn in_terminal(folder: &Path, args: &str, environment: &[(&str, &str)], seen: &mut dyn FnMut(&str)) -> Option<String> {
    use std::io::Read;

    let line = format!("stty cols 120 </dev/tty; {} {args}", env!("CARGO_BIN_EXE_kepi"));
    let mut child = Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .current_dir(folder)
        .env("TERM", "xterm")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let (mut shown, mut chunk) = (Vec::new(), [0; 4096]);
    let mut out = child.stdout.take()?;
    while let Ok(read @ 1..) = out.read(&mut chunk) {
        shown.extend_from_slice(&chunk[..read]);
        seen(&String::from_utf8_lossy(&shown));
    }
    child.wait().ok()?;
    Some(String::from_utf8_lossy(&shown).into_owned())
}

/// The run waits in the middle of its rows until the bar has said all there is to say.
#[cfg(target_os = "linux")]
#[test]
fn a_bar_is_shown_on_a_terminal() {
    let folder = slow();
    let waits = folder.path().join("waits");
    let pause = format!("rows={}", waits.display());
    let line = "query people --grain total --threads 1";
    let mut seen = |shown: &str| {
        if shown.contains(" of 300,000 rows") && shown.contains(" a second, ") && shown.contains(" left") {
            let _ = fs::remove_file(&waits);
        }
    };
    let environment = [("KEPI_PAUSE", pause.as_str()), ("KEPI_PATIENCE", "0")];
    let Some(shown) = in_terminal(folder.path(), line, &environment, &mut seen) else { return };
    assert!(shown.contains(" of 300,000 rows") && shown.contains(" a second, "), "{shown:?}");
    // What is left on the terminal is the result alone.
    let last = shown.rsplit(['\r', '\u{1b}']).find(|part| part.contains("period")).unwrap_or_default();
    assert!(!last.contains(" rows"), "{shown:?}");
    assert!(shown.contains("100000"), "{shown:?}");
    let quiet = format!("{line} --quiet");
    let quiet = in_terminal(folder.path(), &quiet, &[("KEPI_PATIENCE", "0")], &mut |_| {}).unwrap();
    assert!(!quiet.contains(" rows") && quiet.contains("100000"), "{quiet:?}");
}

/// A run is short when it is over before its patience is.
#[cfg(target_os = "linux")]
#[test]
fn a_short_run_shows_nothing() {
    let folder = slow();
    let patient = [("KEPI_PATIENCE", "3600000")];
    let Some(shown) = in_terminal(folder.path(), "query people --grain total", &patient, &mut |_| {}) else { return };
    assert!(!shown.contains(" rows") && shown.contains("total"), "{shown:?}");
}

/// The command, for which Ctrl-C is what it is on a terminal: whoever runs the tests may have it ignored.
#[cfg(unix)]
fn interruptible(folder: &Path, args: &[&str]) -> Command {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    if mask.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_none_or(|mask| mask >> 1 & 1 == 0) {
        return kepi(folder, args);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=INT", env!("CARGO_BIN_EXE_kepi")]).args(args);
    command.current_dir(folder).env("NO_COLOR", "1");
    command
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
    let mut child = interruptible(folder.path(), &args).stderr(Stdio::null()).spawn().unwrap();
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

/// Before anything is read, in the middle of the rows, and when all is written but has no name yet.
#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_half_written() {
    let folder = slow();
    let out = folder.path().join("reports");
    fs::create_dir_all(&out).unwrap();
    fs::write(out.join("report.html"), "the report of yesterday").unwrap();
    let waits = folder.path().join("waits");
    for step in ["start", "rows", "names"] {
        let mut command = interruptible(folder.path(), &["report"]);
        command.env("KEPI_PAUSE", format!("{step}={}", waits.display()));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        while !waits.exists() {
            assert!(child.try_wait().unwrap().is_none(), "it never got to {step}");
            std::thread::sleep(Duration::from_millis(5));
        }
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{step}: {output:?}");
        assert!(output.stderr.is_empty(), "{step}: {output:?}");
        fs::remove_file(&waits).unwrap();
        let left: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["report.html"], "{step}");
        assert_eq!(fs::read_to_string(out.join("report.html")).unwrap(), "the report of yesterday", "{step}");
    }
    // What was interrupted can be done again.
    let output = kepi(folder.path(), &["report"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let html = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.trim_end().ends_with("</html>"), "{html}");
}
