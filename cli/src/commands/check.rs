//! `kepi check`.

use std::sync::Arc;
use std::time::Instant;

use kepi_engine::{Dataset, Options, Progress};

use crate::args::{CheckArgs, Common};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::progress::Watch;
use crate::{findings, project};

pub fn run(common: &Common, args: &CheckArgs) -> Result<Exit, Stop> {
    let begun = Instant::now();
    let progress = Arc::new(Progress::default());
    let watch = Watch::begin(common.quiet, &progress, begun);
    let mut project = project::load(common, !args.no_data, &progress).map_err(Stop::Usage)?;
    let program = project.checked.as_ref().and_then(|c| c.program.clone()).filter(|_| !project.has_errors());
    if let Some(program) = program.filter(|_| !args.no_data) {
        // Keys of lookups and clocks of sources are known only once the files are open.
        let options = Options { threads: common.threads.map(usize::from), progress };
        let opened = Dataset::open(&project.root, Arc::new(program), options);
        if let Err(found) = opened {
            project.findings.extend(found);
            kepi_lang::diag::sort(&mut project.findings);
        }
    }
    drop(watch);
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
    findings::print(&project.findings, &project.map, args.format, common, &facts);
    Ok(if project.has_errors() { Exit::Findings } else { Exit::Fine })
}
