//! The workflows that ship: their steps, in order, as a script in a fresh folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use crate::cli::case::{git, repository};
use crate::cli::init::{kepi, text};

/// Runs what a workflow's steps run; the names of those that failed, with what they printed.
fn steps(workflow: &str, project: &Path, env: &[(&str, &str)]) -> Vec<(String, String)> {
    let workflow: Value = serde_yaml::from_str(workflow).unwrap();
    let tools = tempfile::tempdir().unwrap();
    // GitHub's own command is not here; what is asked of it is kept.
    let gh = tools.path().join("gh");
    fs::write(&gh, "#!/bin/sh\necho \"$@\" >> \"$GH_LOG\"\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let bin = Path::new(env!("CARGO_BIN_EXE_kepi")).parent().unwrap();
    let path = format!("{}:{}:{}", tools.path().display(), bin.display(), std::env::var("PATH").unwrap());
    let (mut failed, mut run) = (Vec::new(), 0);
    for (_, job) in workflow["jobs"].as_mapping().unwrap() {
        for step in job["steps"].as_sequence().unwrap() {
            let Some(script) = step["run"].as_str() else { continue };
            let name = step["name"].as_str().unwrap();
            // It fetches kepi, which is here.
            if name == "Install kepi" {
                continue;
            }
            let mut command = Command::new("bash");
            for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT")) {
                command.env_remove(name);
            }
            let output = command
                .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script])
                .current_dir(project)
                .env("PATH", &path)
                .env("GITHUB_STEP_SUMMARY", project.join("summary.md"))
                .env("GH_LOG", project.join("gh.log"))
                .env("PULL_REQUEST", "7")
                .envs(env.iter().copied())
                .output()
                .unwrap();
            run += 1;
            if !output.status.success() {
                failed.push((name.to_string(), text(&output.stdout) + &text(&output.stderr)));
            }
        }
    }
    assert!(run > 0, "no step was run");
    failed
}

/// A project under version control.
fn project(folder: &Path) {
    assert!(kepi(folder, &["init", "."]).status.success());
    git(folder, &["init", "--quiet", "--initial-branch", "main"], 0).unwrap();
    git(folder, &["add", "--all"], 1).unwrap();
    git(folder, &["commit", "--quiet", "--message", "begin"], 1).unwrap();
}

/// Everything that is an expression of GitHub's stands in `env`, `if` or `with`: the scripts are plain.
fn is_plain(workflow: &str) {
    let workflow: Value = serde_yaml::from_str(workflow).unwrap();
    for (_, job) in workflow["jobs"].as_mapping().unwrap() {
        for step in job["steps"].as_sequence().unwrap() {
            assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{step:?}");
        }
    }
    let whole = serde_yaml::to_string(&workflow).unwrap();
    assert!(!whole.contains("secrets."), "a workflow needs a secret");
}

#[test]
fn a_pull_request_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let workflow = fs::read_to_string(folder.path().join(".github/workflows/kepi.yml")).unwrap();
    is_plain(&workflow);
    let file = folder.path().join("metrics/product.yaml");
    let definitions = fs::read_to_string(&file).unwrap();
    let comment = folder.path().join("diff.md");
    // A comment in a file is no change.
    git(folder.path(), &["checkout", "--quiet", "-b", "change"], 1).unwrap();
    fs::write(&file, format!("# A word.\n{definitions}")).unwrap();
    git(folder.path(), &["commit", "--quiet", "--all", "--message", "a word"], 2).unwrap();
    let failed = steps(&workflow, folder.path(), &[("BASE", "main")]);
    assert!(failed.is_empty(), "{failed:?}");
    assert!(fs::read_to_string(&comment).unwrap().contains("nothing changes in meaning"));
    assert!(fs::read_to_string(folder.path().join("gh.log")).unwrap().starts_with("pr comment 7 "));
    assert!(folder.path().join("summary.md").is_file() && folder.path().join("reports").is_dir());
    // Definitions that do not compile fail the check, and what comes after it.
    fs::write(&file, format!("{definitions}  broken: {{expr: sum(nothing)}}\n")).unwrap();
    git(folder.path(), &["commit", "--quiet", "--all", "--message", "broken"], 3).unwrap();
    let failed = steps(&workflow, folder.path(), &[("BASE", "main")]);
    let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Check", "Test", "Diff", "Report"], "{failed:?}");
}

#[test]
fn the_examples_are_what_init_writes() {
    let read = |path: &str| fs::read_to_string(repository().join(path)).unwrap();
    let template = read("cli/templates/common/workflow.yml").replace("{{version}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(read("examples/workflows/pull-request.yml"), template);
}

#[test]
fn a_report_every_week() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let workflow = fs::read_to_string(repository().join("examples/workflows/report.yml")).unwrap();
    is_plain(&workflow);
    let failed = steps(&workflow, folder.path(), &[]);
    let page = fs::read_to_string(folder.path().join("site/index.html")).unwrap();
    assert!(page.contains("<html"), "{failed:?}");
    // What the next run finds again is where this one has left it.
    let kept = "path: .kepi/cache\n";
    assert!(workflow.contains(kept), "{workflow}");
    assert!(fs::read_dir(folder.path().join(".kepi/cache")).unwrap().next().is_some());
    // The run fails exactly when an objective does, and at its end.
    let status = fs::read_to_string(folder.path().join("status")).unwrap();
    let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
    let last: &[&str] = if status.trim() == "0" { &[] } else { &["Status of the objectives"] };
    assert_eq!(names, last, "{failed:?}");
}

#[test]
fn hooks_run() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let hooks: Value =
        serde_yaml::from_str(&fs::read_to_string(repository().join(".pre-commit-hooks.yaml")).unwrap()).unwrap();
    for hook in hooks.as_sequence().unwrap() {
        let entry: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
        let output = kepi(folder.path(), &entry[1..]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
}
