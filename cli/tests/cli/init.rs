//! The way from nothing to a report.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use kepi_lang::source::SourceMap;
use kepi_lang::syntax::ast::Expr;
use kepi_lang::syntax::{parse_document, print};

pub fn kepi(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kepi")).args(args).current_dir(folder).env("NO_COLOR", "1").output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What was written checks without a remark, runs, and is in the canonical style.
pub fn works(project: &Path) {
    let begun = Instant::now();
    let check = kepi(project, &["check"]);
    assert!(check.status.success() && text(&check.stdout).starts_with("ok: "), "{}", text(&check.stdout));
    let checked = begun.elapsed().as_millis();
    let report = kepi(project, &["report"]);
    assert!(report.status.success(), "{}", text(&report.stderr));
    println!("check {checked} ms, check and report {} ms", begun.elapsed().as_millis());
    let pages = fs::read_dir(project.join("reports")).unwrap().count();
    assert_eq!(pages, 3, "HTML, Markdown and JSON");
    for file in fs::read_dir(project.join("metrics")).unwrap() {
        is_canonical(&file.unwrap().path());
    }
}

/// Every expression is written as it is printed.
fn is_canonical(path: &Path) {
    let mut map = SourceMap::new();
    let text = fs::read_to_string(path).unwrap();
    let file = map.add(path.display().to_string(), text.clone());
    let (document, found) = parse_document(&map, file);
    assert!(found.is_empty(), "{found:?}");
    let mut exprs: Vec<&Expr> = document.events.iter().map(|d| &d.expr).collect();
    exprs.extend(document.metrics.iter().flat_map(|d| std::iter::once(&d.expr).chain(&d.by)));
    exprs.extend(document.sources.iter().flat_map(|d| d.scope.iter()));
    exprs.extend(document.sources.iter().flat_map(|d| d.columns.iter().filter_map(|c| c.expr.as_ref())));
    exprs.extend(document.objectives.iter().filter_map(|d| d.metric.as_ref()));
    for expr in exprs {
        let written = &text[expr.span.start as usize..expr.span.end as usize];
        assert_eq!(written, print::expr(expr), "{}", path.display());
    }
    for target in document.objectives.iter().filter_map(|d| d.target.as_ref()) {
        let written = &text[target.span.start as usize..target.span.end as usize];
        assert_eq!(written, print::target(target), "{}", path.display());
    }
}

#[test]
fn from_nothing_to_a_report() {
    for template in ["app", "shop"] {
        let folder = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        let init = kepi(folder.path(), &["init", "new", "--template", template]);
        assert!(init.status.success(), "{}", text(&init.stderr));
        println!("{template}: init {} ms", begun.elapsed().as_millis());
        works(&folder.path().join("new"));
    }
}

#[test]
fn the_same_bytes_each_time() {
    let read = |name: &str| {
        let folder = tempfile::tempdir().unwrap();
        assert!(kepi(folder.path(), &["init", "p", "--threads", name]).status.success());
        let root = folder.path().join("p");
        ["kepi.yaml", "metrics/aims.yaml", "data/events.parquet", ".github/workflows/kepi.yml"]
            .map(|file| fs::read(root.join(file)).unwrap())
    };
    assert_eq!(read("1"), read("3"));
}

#[test]
fn what_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".gitignore"), "/target").unwrap();
    fs::create_dir(folder.path().join("metrics")).unwrap();
    fs::write(folder.path().join("metrics/aims.yaml"), "mine").unwrap();
    let run = |args: &[&str]| {
        let output = kepi(folder.path(), args);
        (output.status.code(), text(&output.stderr))
    };
    let (code, line) = run(&["init", "--name", "a: b"]);
    assert_eq!(code, Some(2));
    assert!(line.contains("holds `metrics/aims.yaml` already"), "{line}");
    assert!(!folder.path().join("kepi.yaml").exists() && !folder.path().join("data").exists());
    assert_eq!(run(&["init", "--name", "a: b", "--force"]).0, Some(0));
    assert_eq!(fs::read_to_string(folder.path().join(".gitignore")).unwrap(), "/target\n/reports\n/.kepi\n");
    assert!(fs::read_to_string(folder.path().join("kepi.yaml")).unwrap().contains("name: \"a: b\"\n"));
    let (code, line) = run(&["init"]);
    assert_eq!(code, Some(2));
    assert!(line.contains("holds a kepi.yaml already"), "{line}");
    works(folder.path());
}
