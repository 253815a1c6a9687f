//! `kepi check`.

use crate::args::{CheckArgs, Common};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::{findings, project};

pub fn run(common: &Common, args: &CheckArgs) -> Result<Exit, Stop> {
    let project = project::load(common, !args.no_data).map_err(Stop::Usage)?;
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
