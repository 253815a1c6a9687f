//! `kepi test`.

mod given;
mod real;
mod render;
mod values;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kepi_engine::Progress;
use kepi_lang::diag::Diagnostic;
use kepi_lang::diff::{self, Class, Kind, Side};
use kepi_lang::source::SourceMap;
use kepi_lang::syntax::trial::{GivenDef, TestDef};
use kepi_lang::testing;

use crate::args::{Common, TestArgs, TestFormat};
use crate::commands::Stop;
use crate::commands::test::render::Outcome;
use crate::exit::Exit;
use crate::git::{Repository, Snapshot};
use crate::project::{self, Definitions, Project};
use crate::{findings, output};

pub fn run(common: &Common, args: &TestArgs) -> Result<Exit, Stop> {
    if !args.watch {
        return once(common, args);
    }
    let root = project::root(common).map_err(Stop::Usage)?;
    let mut seen = None;
    loop {
        let now = state(&root);
        if seen.as_ref() != Some(&now) {
            seen = Some(now);
            if let Err(stop) = once(common, args) {
                stop.report(common);
            }
            note!("waiting for changes; Ctrl-C ends it");
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// The files that a run of the tests depends on, with their times and sizes.
fn state(root: &Path) -> Vec<(String, Option<SystemTime>, u64)> {
    let definitions = project::read(root);
    let mut paths: BTreeSet<String> = definitions.map.files().map(|(_, file)| file.path.clone()).collect();
    for test in definitions.documents.iter().flat_map(|d| &d.tests) {
        let files = test.given.iter().filter_map(|(_, given)| match given {
            GivenDef::File(path) => Some(path.value.clone()),
            GivenDef::Rows(_) => None,
        });
        paths.extend(files);
    }
    let facts = |path: String| {
        let meta = std::fs::metadata(root.join(&path)).ok();
        let time = meta.as_ref().and_then(|m| m.modified().ok());
        (path, time, meta.map_or(0, |m| m.len()))
    };
    paths.into_iter().map(facts).collect()
}

fn once(common: &Common, args: &TestArgs) -> Result<Exit, Stop> {
    let root = project::root(common).map_err(Stop::Usage)?;
    let progress = Arc::new(Progress::default());
    let mut definitions = project::read(&root);
    let tests: Vec<TestDef> = definitions.documents.iter_mut().flat_map(|d| std::mem::take(&mut d.tests)).collect();
    let checked = project::check(definitions.clone(), false, &progress);
    if checked.has_errors() {
        return Err(Stop::Findings { exit: Exit::Findings, findings: checked.findings, map: checked.map });
    }
    let named =
        |test: &TestDef| args.names.is_empty() || args.names.iter().any(|n| test.name.value.contains(n.as_str()));
    let mut chosen: Vec<&TestDef> = tests.iter().filter(|test| named(test)).collect();
    if let Some(base) = &args.changed {
        let touched = touched(&root, base, &checked, &definitions, &progress)?;
        chosen.retain(|test| touched(test));
    }
    let given: Vec<&TestDef> = chosen.iter().copied().filter(|t| !t.given.is_empty()).collect();
    let mut outcomes = given::run(common, &root, &definitions, &given)?;
    if !args.no_data {
        let real: Vec<&TestDef> =
            chosen.iter().copied().filter(|t| t.given.is_empty() || !t.holds.is_empty()).collect();
        if !real.is_empty() {
            outcomes.extend(real::run(common, &real)?);
        }
        if args.accept {
            let (path, lines) = values::accept(common, &root)?;
            if !common.quiet {
                note!("written: {path}, {lines} value(s)");
            }
        } else if args.names.is_empty() && args.changed.is_none() {
            outcomes.extend(values::compare(common, &root)?);
        }
    }
    let place = |test: &TestDef| {
        let span = test.name.span;
        (definitions.map.file(span.file).path.clone(), definitions.map.position(span).line)
    };
    for outcome in &mut outcomes {
        if let Some(test) = tests.iter().find(|t| t.name.value == outcome.name) {
            (outcome.path, outcome.line) = place(test);
        }
    }
    let text = match args.format {
        TestFormat::Human => render::human(&outcomes, common.quiet),
        TestFormat::Junit => render::junit(&outcomes),
        TestFormat::Json => render::json(&outcomes),
    };
    output::print(&text);
    // Findings point into the definitions: they are shown where people read.
    if args.format == TestFormat::Human {
        let all: Vec<Diagnostic> = outcomes.iter().flat_map(|o| o.findings.iter().cloned()).collect();
        findings::report(&all, &definitions.map, common);
    }
    Ok(if outcomes.iter().any(|o| !o.failures.is_empty()) { Exit::Findings } else { Exit::Fine })
}

/// Whether a test is touched by what changed since a revision: its own text, or a definition that it rests on.
fn touched<'a>(
    root: &Path,
    base: &str,
    head: &'a Project,
    definitions: &'a Definitions,
    progress: &Arc<Progress>,
) -> Result<impl Fn(&TestDef) -> bool + use<'a>, Stop> {
    let stop =
        |finding: Diagnostic| Stop::Findings { exit: Exit::Usage, findings: vec![finding], map: SourceMap::new() };
    let repository = Repository::around(root).map_err(stop)?;
    let revision = repository.revision(base).map_err(stop)?;
    let snapshot = Snapshot::of(&repository, &revision).map_err(stop)?;
    let before = project::read_tree(root, &snapshot);
    let texts: BTreeSet<(String, String)> = before
        .documents
        .iter()
        .flat_map(|d| &d.tests)
        .map(|t| (t.name.value.clone(), before.map.text(t.span).to_owned()))
        .collect();
    let old = project::check(before, false, progress);
    let side = |project: &'_ Project| project.checked.as_ref().is_some_and(|c| c.program.is_some());
    let mut names: Option<BTreeSet<String>> = None;
    if side(&old)
        && let (Some(a), Some(b)) = (&old.checked, &head.checked)
        && let (Some(before), Some(after)) = (&a.program, &b.program)
    {
        let changes =
            diff::meaning(Side { program: before, scope: &a.scope }, Side { program: after, scope: &b.scope });
        let changes: Vec<_> = changes.into_iter().filter(|c| c.class > Class::Prose).collect();
        // Of another calendar every value may be another one.
        let settings = changes.iter().any(|c| c.key.kind == Kind::Settings);
        let of = |c: diff::Change| [Some(c.key.name), c.was].into_iter().flatten();
        names = (!settings).then(|| changes.into_iter().flat_map(of).collect());
    }
    Ok(move |test: &TestDef| {
        let Some(names) = &names else { return true };
        let text = definitions.map.text(test.span).to_owned();
        if !texts.contains(&(test.name.value.clone(), text)) {
            return true;
        }
        testing::mentioned(&definitions.documents, test).iter().any(|name| names.contains(name))
    })
}

/// An outcome without a failure yet.
fn begun(test: &TestDef, on: &'static str) -> Outcome {
    Outcome {
        name: test.name.value.clone(),
        on,
        path: String::new(),
        line: 0,
        failures: Vec::new(),
        findings: Vec::new(),
        checked: 0,
    }
}
