//! `kepi cache`: what is kept of event files.

use kepi_lang::source::SourceMap;

use crate::args::{CacheArgs, CacheCommand, Common};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::output;
use crate::{findings, project};

pub fn run(common: &Common, args: &CacheArgs) -> Result<Exit, Stop> {
    let root = match &common.cache_dir {
        Some(folder) => folder.clone(),
        None => project::root(common).map_err(Stop::Usage)?,
    };
    let Some(cache) = common.cache(&root) else {
        return Err(Stop::Usage("`--no-cache` keeps nothing: there is nothing to look at".to_owned()));
    };
    let noun = |n: u64| if n == 1 { "entry" } else { "entries" };
    match args.what {
        CacheCommand::Size => {
            let usage = cache.usage();
            output::print(&format!("{} {}, {} bytes\n", usage.entries, noun(usage.entries), usage.bytes));
        }
        CacheCommand::Clear => {
            let failed = |e| Stop::Data(format!("{} cannot be emptied: {e}", cache.folder().display()));
            let usage = cache.clear().map_err(failed)?;
            output::print(&format!("{} {} removed, {} bytes\n", usage.entries, noun(usage.entries), usage.bytes));
        }
        CacheCommand::Verify => {
            let (usage, damaged) = cache.verify();
            findings::report(&damaged, &SourceMap::new(), common);
            let entries = noun(usage.entries);
            output::print(&format!("{} {entries}, {} of them damaged\n", usage.entries, damaged.len()));
            if !damaged.is_empty() {
                return Ok(Exit::Findings);
            }
        }
    }
    Ok(Exit::Fine)
}
