//! Links that lead out of a project, and what a failed run leaves behind.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use crate::cli::case::run;

const ROWS: &str = "at,user\n2026-01-01T10:00:00Z,1\n";

/// `secret/` beside `project/`, whose source reads every CSV file below `data`.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for path in ["secret", "project/metrics", "project/data"] {
        fs::create_dir_all(at(path)).unwrap();
    }
    fs::write(at("secret/a.csv"), ROWS).unwrap();
    fs::write(at("secret/b.yaml"), "metrics:\n  stolen: count(app)\n").unwrap();
    fs::write(at("project/kepi.yaml"), "kepi: 1\nname: t\ntime_zone: UTC\n").unwrap();
    let definitions = "sources:\n  app: {files: \"**/*.csv\", time: at, actor: user}\nmetrics:\n  visits: count(app)\n";
    fs::write(at("project/metrics/a.yaml"), definitions).unwrap();
    folder
}

fn refused(folder: &Path, what: &str) {
    for line in ["check", "query visits", "report"] {
        let printed = run(&folder.join("project"), line);
        assert!(printed.contains("error[K0603]") && printed.contains(what), "{line}: {printed}");
    }
    assert!(!folder.join("project/reports").exists());
}

#[test]
fn a_link_to_a_file_outside() {
    let folder = project();
    symlink(folder.path().join("secret/a.csv"), folder.path().join("project/data/a.csv")).unwrap();
    refused(folder.path(), "`data/a.csv` is a link that leads out of the data folder");
}

#[test]
fn a_link_to_a_folder_outside() {
    let folder = project();
    symlink("../../secret", folder.path().join("project/data/inner")).unwrap();
    refused(folder.path(), "`data/inner` is a link that leads out of the data folder");
}

#[test]
fn a_data_folder_that_is_a_link() {
    let folder = project();
    fs::remove_dir(folder.path().join("project/data")).unwrap();
    symlink("../secret", folder.path().join("project/data")).unwrap();
    refused(folder.path(), "the data folder `data` is a link that leads out of the project");
}

#[test]
fn a_definition_file_outside_is_passed_over() {
    let folder = project();
    fs::write(folder.path().join("project/data/a.csv"), ROWS).unwrap();
    symlink("../../secret/b.yaml", folder.path().join("project/metrics/b.yaml")).unwrap();
    let printed = run(&folder.path().join("project"), "query stolen");
    assert!(printed.contains("exit 2") && printed.contains("error[K0250]"), "{printed}");
}

#[test]
fn a_link_inside_is_followed_and_counted_once() {
    let folder = project();
    fs::write(folder.path().join("project/data/a.csv"), ROWS).unwrap();
    symlink("a.csv", folder.path().join("project/data/b.csv")).unwrap();
    symlink(".", folder.path().join("project/data/self")).unwrap();
    let printed = run(&folder.path().join("project"), "query visits --grain total --format csv");
    assert!(printed.contains("exit 0") && printed.contains(",1,"), "{printed}");
}

#[test]
fn a_failed_report_leaves_the_old_one() {
    let folder = project();
    let project = folder.path().join("project");
    fs::write(project.join("data/a.csv"), ROWS).unwrap();
    assert!(run(&project, "report --quiet").contains("exit 0"));
    let names = || {
        let mut all: Vec<_> = fs::read_dir(project.join("reports")).unwrap().map(|e| e.unwrap().file_name()).collect();
        all.sort();
        all
    };
    let (before, text) = (names(), fs::read(project.join("reports/report.html")).unwrap());
    fs::write(project.join("data/b.csv"), "at,user\n2026-01-02T10:00:00Z\n").unwrap();
    let printed = run(&project, "report");
    assert!(printed.contains("exit 3") && printed.contains("error[K0614]"), "{printed}");
    assert_eq!(names(), before);
    assert_eq!(fs::read(project.join("reports/report.html")).unwrap(), text);
}
