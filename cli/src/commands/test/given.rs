//! Tests of given rows: each over files of its own, all cores at once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use jiff::Timestamp;
use kepi_engine::{Dataset, Options, Progress};
use kepi_lang::check;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{Ask, Question};
use kepi_lang::resolve;
use kepi_lang::results::{AnswerRow, known_to};
use kepi_lang::syntax::trial::{GivenDef, TestDef};
use kepi_lang::testing::{self, Table, Tolerance};

use crate::args::Common;
use crate::commands::Stop;
use crate::commands::test::begun;
use crate::commands::test::render::Outcome;
use crate::project::Definitions;

/// Runs the tests; outcomes are in their order.
///
/// # Errors
/// Where there is no room for their files.
pub fn run(common: &Common, root: &Path, definitions: &Definitions, tests: &[&TestDef]) -> Result<Vec<Outcome>, Stop> {
    if tests.is_empty() {
        return Ok(Vec::new());
    }
    let unable = |e: std::io::Error| Stop::Data(format!("files of the tests cannot be written: {e}"));
    let folder = tempfile::Builder::new().prefix("kepi-test-").tempdir().map_err(unable)?;
    let cores = available_parallelism().map_or(1, usize::from);
    let threads = common.threads.map_or(cores, usize::from).clamp(1, tests.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(test) = tests.get(index) else { return done };
            let place = folder.path().join(index.to_string());
            done.push((index, one(root, &place, definitions, test)));
            // The next tests need the room.
            let _ = fs::remove_dir_all(&place);
        }
    };
    let mut all: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|w| w.join().ok()).flatten().collect()
    });
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, outcome)| outcome).collect())
}

/// One test: what fails, and what was found on the way.
fn one(root: &Path, place: &Path, definitions: &Definitions, test: &TestDef) -> Outcome {
    let mut outcome = begun(test, "given rows");
    let mut found = Vec::new();
    match values(root, place, definitions, test, &mut found) {
        Ok((failures, checked)) => {
            outcome.failures = failures;
            outcome.checked = checked;
        }
        Err(findings) => found.extend(findings),
    }
    let codes: BTreeSet<&str> = found.iter().map(|f| f.code.as_str()).collect();
    let wanted: BTreeSet<&str> = test.findings.iter().map(|t| t.value.trim()).collect();
    for code in wanted.difference(&codes) {
        outcome.failures.push(format!("expected the finding {code}, which there is not"));
    }
    for finding in found.into_iter().filter(|f| f.is_error() && !wanted.contains(f.code.as_str())) {
        outcome.failures.push(format!("{}: {}", finding.code, finding.message));
        outcome.findings.push(finding);
    }
    outcome.checked += wanted.len();
    outcome
}

type Failures = (Vec<String>, usize);

fn values(
    root: &Path,
    place: &Path,
    definitions: &Definitions,
    test: &TestDef,
    found: &mut Vec<Diagnostic>,
) -> Result<Failures, Vec<Diagnostic>> {
    let Some(manifest) = &definitions.manifest else { return Ok((Vec::new(), 0)) };
    let (manifest, documents, tables) = testing::narrowed(manifest, &definitions.documents, test)?;
    let tolerance = test.tolerance.as_ref().map_or(Ok(Tolerance::NONE), Tolerance::parse).map_err(|f| vec![f])?;
    let (project, findings) = resolve::resolve(manifest, documents);
    if findings.iter().any(Diagnostic::is_error) {
        return Err(findings);
    }
    write(root, place, &testing::tables(&project, &tables, test), &tables, test).map_err(|f| vec![f])?;
    let progress = Arc::new(Progress::default());
    let (schemas, findings) = kepi_engine::schemas_seen(place, &project.settings, &project.tables, &progress, None);
    if findings.iter().any(Diagnostic::is_error) {
        return Err(findings);
    }
    let checked = check::check(project, Some(&schemas));
    found.extend(checked.diagnostics);
    let Some(program) = checked.program else { return Ok((Vec::new(), 0)) };
    let program = Arc::new(program);
    let options = Options { threads: Some(1), progress, ..Options::default() };
    let dataset = Dataset::open(place, Arc::clone(&program), options)?;
    let said = program.settings.as_of;
    let as_of = said.or_else(|| known_to(&program, dataset.extents()).map(|(at, _)| at)).unwrap_or(Timestamp::MAX);
    let mut asks: Vec<Ask> = Vec::new();
    let (mut expected, mut holds, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for (asked, def) in &test.expect {
        let read = testing::subject(asked, &checked.scope);
        match read.and_then(|s| testing::expected(s, def, &checked.scope, &program, as_of)) {
            Ok(entry) => {
                asks.push(entry.ask());
                expected.push((asks.len() - 1, entry));
            }
            Err(findings) => wrong.extend(findings),
        }
    }
    for (asked, law) in &test.holds {
        match testing::subject(asked, &checked.scope).and_then(|s| testing::hold(s, law, &checked.scope)) {
            Ok(entry) => {
                let more = entry.asks(&program, dataset.extents(), as_of);
                let range = asks.len()..asks.len() + more.len();
                asks.extend(more);
                holds.push((range, entry));
            }
            Err(findings) => wrong.extend(findings),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let question = Question { asks, as_of, as_of_given: said.is_some(), range: None };
    let results = dataset.answer(&question)?;
    let rows = |at: usize| results.answers.get(at).map_or(&[][..], |a| a.rows.as_slice());
    let mut failures = Vec::new();
    for (at, entry) in &expected {
        failures.extend(entry.differences(rows(*at), tolerance));
    }
    for (range, entry) in &holds {
        let answers: Vec<&[AnswerRow]> = range.clone().map(rows).collect();
        failures.extend(entry.broken(question.asks.get(range.clone()).unwrap_or_default(), &answers));
    }
    Ok((failures, expected.len() + holds.len()))
}

/// Writes the tables of a test below its folder.
fn write(
    root: &Path,
    place: &Path,
    files: &[(String, String)],
    tables: &[Table],
    test: &TestDef,
) -> Result<(), Diagnostic> {
    let data = place.join("data");
    let span = test.name.span;
    let bad = |message: String, help: &str| Diagnostic::new(Code::BadTest, span, message).help(help);
    let unable = |e: std::io::Error| bad(format!("the rows cannot be written: {e}"), "make room for temporary files");
    fs::create_dir_all(&data).map_err(unable)?;
    for (name, content) in files {
        fs::write(data.join(name), content).map_err(unable)?;
    }
    for (name, given) in &test.given {
        let GivenDef::File(path) = given else { continue };
        let Some(table) = tables.iter().find(|t| t.name == name.value) else { continue };
        let inside = Path::new(&path.value).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        let finding = |message: String, help: &str| Diagnostic::new(Code::BadTest, path.span, message).help(help);
        if !inside {
            let message = format!("`{}` leads out of the project", path.value);
            return Err(finding(message, "write a path below the project's folder"));
        }
        let file = path.value.rsplit('/').next().unwrap_or_default();
        let ending = file.split_once('.').map_or("csv", |(_, ending)| ending);
        fs::copy(root.join(&path.value), data.join(format!("{}.{ending}", table.stem))).map_err(|e| {
            finding(format!("`{}` cannot be read: {e}", path.value), "name a file below the project's folder")
        })?;
    }
    Ok(())
}
