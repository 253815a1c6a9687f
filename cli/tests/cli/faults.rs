//! What is kept, under faults: runs that are killed at any moment, that write at once, and that find no room. Never a wrong
//! number, and the next run goes on. `KEPI_KILLS=50` kills more of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const METRICS: &str = "sources:
  app: {files: \"*.parquet\", time: ts, actor: user_id}
events:
  play: app where event = \"play\"
  payment: app where event = \"payment\"
metrics:
  actives: unique(app)
  actives_28: unique(app) over 28 days
  plays: {expr: count(play), by: [country]}
  revenue: sum(payment.amount)
  p95: percentile(play.duration_s, 95)
  listeners: share(count(play) per actor >= 2)
  ever: unique(app) over all time
";

fn kepi(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kepi"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1");
    command
}

const QUERY: [&str; 11] =
    ["query", "actives", "actives_28", "plays", "revenue", "p95", "listeners", "ever", "--own-by", "--grain", "week"];

struct Project(TempDir);

impl Project {
    /// A log in twelve files.
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(project.root().join("metrics")).unwrap();
        fs::write(project.root().join("kepi.yaml"), "kepi: 1\nname: app\ntime_zone: UTC\n").unwrap();
        fs::write(project.root().join("metrics/a.yaml"), METRICS).unwrap();
        let args =
            ["generate", "data", "--events", "12000", "--actors", "300", "--days", "60", "--files", "12", "--quiet"];
        let output = kepi(project.root(), &args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        project
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn cache(&self) -> PathBuf {
        self.root().join(".kepi/cache")
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> =
            fs::read_dir(self.root().join("data")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    fn query(&self) -> Command {
        kepi(self.root(), &QUERY)
    }

    /// What is right.
    fn expected(&self) -> String {
        let output = self.query().arg("--no-cache").output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A run with what is kept is right, and finds nothing odd.
    fn agrees(&self, expected: &str, when: &str) {
        let output = self.query().output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{when}: {output:?}");
        assert!(text(&output) == expected, "{when}: {} and not {expected}", text(&output));
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Numbers in no order, the same each time.
struct Mixed(u64);

impl Mixed {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n.max(1)
    }
}

/// Every file of a folder and of the folders in it.
fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn runs_that_are_killed_leave_nothing_wrong() {
    let project = Project::new();
    let kills = std::env::var("KEPI_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let begun = Instant::now();
    let expected = project.expected();
    let whole = begun.elapsed();
    let last = project.files().pop().unwrap();
    let bytes = fs::read(&last).unwrap();
    fs::remove_file(&last).unwrap();
    let without = project.expected();
    let mut mixed = Mixed(17);
    let mut cut = 0;
    for round in 0..kills {
        // Nothing is kept, one file is new or gone, half of the entries are gone, or all is kept.
        let there = last.exists();
        match round % 4 {
            0 => drop(kepi(project.root(), &["cache", "clear"]).output().unwrap()),
            1 | 2 if there => fs::remove_file(&last).unwrap(),
            1 | 2 => fs::write(&last, &bytes).unwrap(),
            _ => {
                for path in all(&project.cache()).into_iter().filter(|_| mixed.below(2) == 0) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        // Sometimes two run at once, and one of them is killed.
        let beside = (round % 3 == 2).then(|| project.query().stdout(Stdio::piped()).spawn().unwrap());
        let mut child = project.query().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(mixed.below(whole.as_micros() as u64 * 5 / 4)));
        cut += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        let expected = if last.exists() { &expected } else { &without };
        if let Some(beside) = beside {
            let output = beside.wait_with_output().unwrap();
            assert!(output.status.success() && text(&output) == *expected, "round {round}: {output:?}");
        }
        project.agrees(expected, &format!("round {round}"));
    }
    assert!(cut > 0, "every run was over before it was killed");
    let verified = kepi(project.root(), &["cache", "verify"]).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn two_that_write_at_once_are_right_both() {
    let project = Project::new();
    let expected = project.expected();
    for round in 0..3 {
        let both = [0, 1].map(|_| project.query().stdout(Stdio::piped()).spawn().unwrap());
        for child in both {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success() && text(&output) == expected, "round {round}: {output:?}");
        }
        project.agrees(&expected, "after both");
        fs::remove_dir_all(project.cache()).unwrap();
    }
}

/// A limit on the length of files is a disk that is full in the middle of one.
#[cfg(target_os = "linux")]
#[test]
fn what_finds_no_room_is_not_kept() {
    let project = Project::new();
    let expected = project.expected();
    for blocks in [0, 1, 2, 4, 8, 16, 64] {
        let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("bash");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_kepi")]).args(QUERY).arg("--threads").arg("2");
        // A pipe has no length.
        let Ok(output) = command.current_dir(project.root()).env("NO_COLOR", "1").output() else { return };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && text(&output) == expected, "{blocks} blocks: {output:?}");
        assert!(said.is_empty() || said.matches("K0661").count() == 1, "{blocks} blocks: {said}");
        assert!(blocks > 0 || !said.is_empty(), "there was room for nothing, and nothing was said");
        assert!(all(&project.cache().join("tmp")).is_empty(), "{blocks} blocks leave something behind");
    }
    project.agrees(&expected, "with room again");
}

/// A disk of its own, where this may mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_stops_nothing() {
    let project = Project::new();
    let expected = project.expected();
    let disk = project.root().join("disk");
    fs::create_dir_all(&disk).unwrap();
    for size in ["16k", "64k", "256k"] {
        let options = format!("size={size}");
        // In a space of mounts of the command's own, which goes with it.
        let line = "mount -t tmpfs -o \"$1\" tmpfs disk && shift && \"$0\" \"$@\" && \"$0\" \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "bash", "-c", line, env!("CARGO_BIN_EXE_kepi"), &options]);
        command.args(QUERY).args(["--cache-dir", "disk/kept"]).current_dir(project.root()).env("NO_COLOR", "1");
        let Ok(output) = command.output() else { return };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if said.contains("mount:") || said.contains("unshare:") {
            return;
        }
        assert!(output.status.success() && text(&output) == expected.repeat(2), "{size}: {output:?}");
        assert!(size != "16k" || said.matches("No space left on device").count() == 2, "{size}: {said}");
    }
}
