//! `kepi docs`: the catalogue of a project as Markdown pages: what is measured, on which data, for which aims.

mod pages;

use std::sync::Arc;

use kepi_engine::Progress;

use crate::args::{Common, DocsArgs};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::{output, project};

pub fn run(common: &Common, args: &DocsArgs) -> Result<Exit, Stop> {
    let root = project::root(common).map_err(Stop::Usage)?;
    let loaded = project::check(project::read(&root), !args.no_data, &Arc::new(Progress::default()));
    let failed = loaded.has_errors();
    let Some(program) = loaded.checked.and_then(|c| c.program).filter(|_| !failed) else {
        return Err(Stop::Findings { exit: Exit::Findings, findings: loaded.findings, map: loaded.map });
    };
    let out = args.out.clone().unwrap_or_else(|| root.join("reports").join("catalogue"));
    let pages = pages::all(&program, &loaded.named);
    output::write_all(&out, &pages)
        .map_err(|e| Stop::Data(format!("the catalogue cannot be written to {}: {e}", out.display())))?;
    if !common.quiet {
        let names: Vec<_> = pages.iter().map(|(name, _)| out.join(name).display().to_string()).collect();
        note!("written: {}", names.join(", "));
    }
    Ok(Exit::Fine)
}
