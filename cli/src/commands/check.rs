//! `kepi check`.

use std::sync::Arc;
use std::time::Instant;

use kepi_engine::{Dataset, Options, Progress};
use kepi_lang::report::evaluate::expire_soon;
use kepi_lang::results::lone_events;

use crate::args::{CheckArgs, Common};
use crate::changed::Changed;
use crate::commands::Stop;
use crate::exit::Exit;
use crate::progress::Watch;
use crate::{findings, project, range};

pub fn run(common: &Common, args: &CheckArgs) -> Result<Exit, Stop> {
    let begun = Instant::now();
    let progress = Arc::new(Progress::default());
    let watch = Watch::begin(common.quiet, &progress, begun);
    let definitions = project::read(&project::root(common).map_err(Stop::Usage)?);
    let changed = match &args.changed {
        Some(base) => {
            Some(Changed::since(&definitions.root, base, &definitions).map_err(|finding| Stop::asked(vec![finding]))?)
        }
        None => None,
    };
    let mut project = project::check(definitions, !args.no_data, &progress);
    let program = project.checked.as_ref().and_then(|c| c.program.as_ref());
    if let Some(program) = program.filter(|_| !args.no_data && !project.has_errors()).cloned() {
        // Keys of lookups and clocks of sources are known only once the files are open.
        let program = Arc::new(program);
        let threads = common.threads.map(usize::from);
        let options = Options { threads, progress, ..Options::default() };
        let opened = Dataset::open(&project.root, Arc::clone(&program), options);
        let found = match opened {
            Ok(dataset) => {
                let given = common.as_of.is_some() || program.settings.as_of.is_some();
                let mut found = lone_events(&program, dataset.extents(), given);
                // Where nothing says what time it is, nothing is said to be over soon.
                if let Ok(now) = range::as_of(common.as_of.as_deref(), &program, dataset.extents()) {
                    found.extend(expire_soon(&program, now.at));
                }
                found.into_iter().filter_map(|f| project.levels.apply(f)).collect()
            }
            Err(found) => found,
        };
        project.findings.extend(found);
        kepi_lang::diag::sort(&mut project.findings);
    }
    drop(watch);
    if let Some(changed) = &changed {
        let all = project.findings.len();
        project.findings.retain(|finding| changed.touches(finding));
        let left_out = all - project.findings.len();
        if left_out > 0 && !common.quiet {
            let plural = if left_out == 1 { "" } else { "s" };
            note!("{left_out} finding{plural} in what the change does not touch");
        }
    }
    let program = project.checked.as_ref().and_then(|c| c.program.as_ref());
    let facts = program.map_or(String::new(), |p| {
        let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        let checked = if args.no_data { ", files not read" } else { "" };
        format!(
            "{}, {}, {}{checked}",
            count(p.metrics.len(), "metric"),
            count(p.objectives.len(), "objective"),
            count(p.sources.len(), "source")
        )
    });
    findings::print(&project.findings, &project.map, args.format, common, &facts, &project.root);
    let exit = if project.has_errors() { Exit::Findings } else { Exit::Fine };
    // The process ends here; a tree of ten thousand metrics takes a while to be freed piece by piece.
    std::mem::forget(project);
    Ok(exit)
}
