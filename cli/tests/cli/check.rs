//! `kepi check` in a repository: SARIF with paths from its root, and the findings that a change touches.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    let run = Command::new("git").args(identity).args(args).current_dir(folder).output().unwrap();
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
}

fn kepi(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kepi")).args(args).current_dir(folder).env("NO_COLOR", "1").output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(|l| l.split(" (help").next().unwrap().to_owned()).collect()
}

/// A repository with a project in a folder of it, committed.
fn repository() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("kpi s");
    fs::create_dir_all(project.join("metrics")).unwrap();
    let write = |name: &str, text: &str| fs::write(project.join(name), text).unwrap();
    write("kepi.yaml", "kepi: 1\nname: t\ntime_zone: UTC\n");
    write("metrics/a.yaml", "sources:\n  app: {files: a.csv, time: ts, actor: u}\nevents:\n  play: app\n");
    write("metrics/b.yaml", "metrics:\n  plays: count(play)\n  twice: 2 * plays\n");
    write("metrics/c.yaml", "metrics:\n  other: sum(nothing.x)\n");
    git(folder.path(), &["init", "-q", "-b", "main"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "first"]);
    (folder, project)
}

#[test]
fn only_what_a_change_touches() {
    let (_folder, project) = repository();
    let check = |base: &str| kepi(&project, &["check", "--no-data", "--format", "short", "--changed", base]);
    let unchanged = check("HEAD");
    assert_eq!((unchanged.status.code(), lines(&unchanged).len()), (Some(0), 0), "what is wrong was so before");
    assert!(String::from_utf8_lossy(&unchanged.stderr).contains("1 finding in what the change does not touch"));
    // A name that is gone is missed in a file that did not change, and in no other.
    fs::write(
        project.join("metrics/a.yaml"),
        "sources:\n  app: {files: a.csv, time: ts, actor: u}\nevents:\n  played: app\n",
    )
    .unwrap();
    let renamed = check("HEAD");
    assert_eq!(renamed.status.code(), Some(1));
    let found = lines(&renamed);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("metrics/b.yaml:2:16: error[K0250]"), "{found:?}");
    // New files count before they are added, and the manifest is about everything.
    git(&project, &["checkout", "-q", "."]);
    fs::write(project.join("metrics/d.yaml"), "metrics:\n  one: count(nowhere)\n").unwrap();
    assert!(lines(&check("main"))[0].starts_with("metrics/d.yaml:2:14: error"));
    fs::write(project.join("kepi.yaml"), "kepi: 1\nname: u\ntime_zone: UTC\n").unwrap();
    assert_eq!(lines(&check("main")).len(), 2);
    let unknown = check("nowhere");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("git knows no revision `nowhere`"));
}

/// What the published schema of SARIF 2.1.0 asks of the parts that are written: required properties, the words of
/// enumerations, the types and least values of numbers.
#[test]
fn sarif_is_what_its_schema_asks_for() {
    let (_folder, project) = repository();
    let run = kepi(&project, &["check", "--no-data", "--format", "sarif"]);
    assert_eq!(run.status.code(), Some(1));
    let log: Value = serde_json::from_slice(&run.stdout).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&log), ["$schema", "version", "runs"]);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(keys(run), ["tool", "columnKind", "results"]);
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert_eq!(keys(driver), ["name", "version", "rules"]);
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    for result in results {
        let rule = &driver["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["shortDescription"]["text"].is_string() && rule["help"]["text"].is_string());
        for level in [&result["level"], &rule["defaultConfiguration"]["level"]] {
            assert!(["none", "note", "warning", "error"].contains(&level.as_str().unwrap()));
        }
        assert!(result["message"]["text"].is_string());
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "kpi%20s/metrics/c.yaml", "from the repository's root, escaped");
        let region = &place["region"];
        assert_eq!(keys(region), ["startLine", "startColumn", "endLine", "endColumn"]);
        assert!(keys(region).iter().all(|key| region[key].as_u64().unwrap() >= 1));
    }
}
