//! `kepi diff`.

mod data;
mod measure;
mod sides;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Instant;

use kepi_engine::Progress;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::diff::{self, Class, Diff, Goalpost, Side, Tolerance, render};
use kepi_lang::source::SourceMap;

use crate::args::{Common, DiffArgs, DiffFormat, FailOn};
use crate::commands::Stop;
use crate::commands::diff::measure::{Measured, Wanted};
use crate::commands::diff::sides::Sides;
use crate::exit::Exit;
use crate::progress::Watch;
use crate::project::{self, Project};
use crate::{findings, output};

pub fn run(common: &Common, args: &DiffArgs) -> Result<Exit, Stop> {
    let begun = Instant::now();
    let tolerance = Tolerance::parse(&args.tolerance)
        .ok_or_else(|| Stop::Usage(format!("`--tolerance {}` is no share: write `0.5%` or `0.005`", args.tolerance)))?;
    let root = project::root(common).map_err(Stop::Usage)?;
    let progress = Arc::new(Progress::default());
    let watch = Watch::begin(common.quiet, &progress, begun);
    let sides = Sides::read(&root, args)?;
    let head = project::check(sides.head.clone(), false, &progress);
    let Some(after) = side(&head) else {
        return Err(Stop::Findings { exit: Exit::Findings, findings: head.findings, map: head.map });
    };
    let base = project::check(sides.base.clone(), false, &progress);
    let before = side(&base);
    let mut diff = Diff {
        project: after.program.settings.name.clone(),
        base: sides.base_name.clone(),
        head: sides.head_name.clone(),
        notes: sides.notes.clone(),
        ..Diff::default()
    };
    if let Some(before) = before {
        diff.changes = diff::meaning(before, after);
    } else {
        diff.alone = true;
        diff.notes.push(format!(
            "{} does not compile: what changed cannot be told, the head is judged by itself",
            sides.base_name
        ));
    }
    let mut measured = Measured::default();
    if !args.no_data {
        let changed = match before {
            Some(before) => sides.data_changed(before, after, &mut diff.notes)?,
            None => Vec::new(),
        };
        diff.data.clone_from(&changed);
        let wanted = Wanted { before, after, changes: &diff.changes, changed: &changed, tolerance };
        measured = measure::measure(common, &sides, &wanted, &progress)?;
        diff.as_of = measured.as_of;
        diff.numbers = std::mem::take(&mut measured.numbers);
        diff.objectives = std::mem::take(&mut measured.objectives);
        diff.notes.append(&mut measured.notes);
    }
    if let Some(before) = before {
        let begun = |name: &str| measured.begun.get(name).copied();
        let now = diff.as_of.or(measure::stated_now(common, after.program)?);
        diff.goalposts = diff::goalposts(before, after, &diff.changes, &diff.objectives, &begun, now);
    }
    drop(watch);
    if before.is_none() {
        note!("findings of {}:\n", sides.base_name);
        findings::report(&base.findings, &base.map, common);
    }
    print(common, args, &diff, &head.map, &sides.prefix);
    let moved = unexplained(&diff.goalposts);
    findings::report(&moved, &head.map, common);
    let failed = failing(&diff, &args.fail_on);
    if !failed.is_empty() && !common.quiet {
        note!("fails on: {}", failed.join(", "));
    }
    let exit = if moved.is_empty() && failed.is_empty() { Exit::Fine } else { Exit::Findings };
    // The process ends here; two trees of a thousand metrics take a while to be freed piece by piece.
    std::mem::forget((base, head, sides));
    Ok(exit)
}

/// A project that compiles.
fn side(project: &Project) -> Option<Side<'_>> {
    let checked = project.checked.as_ref().filter(|_| !project.has_errors())?;
    Some(Side { program: checked.program.as_ref()?, scope: &checked.scope })
}

fn print(common: &Common, args: &DiffArgs, diff: &Diff, map: &SourceMap, prefix: &str) {
    output::print(&match args.format {
        DiffFormat::Human => render::human(diff, findings::colour(common.color, std::io::stdout().is_terminal())),
        DiffFormat::Md => render::markdown(diff),
        DiffFormat::Json => render::json(diff, map),
        DiffFormat::Github => render::github(diff, map, prefix),
    });
}

/// A finding for each objective whose goalposts were moved without a reason.
fn unexplained(goalposts: &[Goalpost]) -> Vec<Diagnostic> {
    let finding = |post: &Goalpost| {
        let message =
            format!("objective `{}` after its start: {}; no reason is given", post.objective, post.says.join("; "));
        let target = post.parts.iter().find(|p| ["target", "due"].contains(&p.label) && !p.old.is_empty());
        let (what, was) = target.map_or(("definition", String::new()), |p| (p.label, format!("was: {:?}, ", p.old)));
        let help = format!(
            "say why in the objective's log, `changes: [{{on: DATE, what: {what}, {was}reason: …}}]`, or take the change back"
        );
        let finding = match post.span {
            Some(span) => Diagnostic::new(Code::GoalpostsMoved, span, message),
            None => Diagnostic::without_place(Code::GoalpostsMoved, message),
        };
        finding.help(help)
    };
    goalposts.iter().filter(|post| post.unexplained()).map(finding).collect()
}

/// The words of `--fail-on` that hold.
fn failing(diff: &Diff, fail_on: &[FailOn]) -> Vec<&'static str> {
    let holds = |what: &FailOn| match what {
        FailOn::Breaking => diff.changes.iter().any(|c| c.class == Class::Breaking).then_some("breaking"),
        FailOn::Moved => {
            let both = |n: &diff::Numbers| n.values.iter().any(|m| m.old.is_some() && m.new.is_some());
            (diff.numbers.iter().any(both) || !diff.goalposts.is_empty()).then_some("moved")
        }
        FailOn::Flipped => diff.objectives.iter().any(|o| o.flipped).then_some("flipped"),
    };
    fail_on.iter().filter_map(holds).collect()
}
