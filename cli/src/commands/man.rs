//! `kepi man`: the manual pages, one for kepi and one a command.

use std::io;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::{Args, ManArgs};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::output;

pub fn run(args: &ManArgs) -> Result<Exit, Stop> {
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    let failed = |e: io::Error| Stop::Data(format!("the manual pages cannot be written: {e}"));
    let Some(folder) = &args.out else {
        output::print(&page(command).map_err(failed)?);
        return Ok(Exit::Fine);
    };
    let mut pages = vec![("kepi.1".to_string(), page(command.clone()).map_err(failed)?)];
    for inner in command.get_subcommands() {
        let name = format!("kepi-{}", inner.get_name());
        pages.push((format!("{name}.1"), page(inner.clone()).map_err(failed)?));
    }
    output::write_all(folder, &pages)
        .map_err(|e| Stop::Data(format!("the manual pages cannot be written to {}: {e}", folder.display())))?;
    Ok(Exit::Fine)
}

fn page(command: clap::Command) -> io::Result<String> {
    let mut text = Vec::new();
    Man::new(command).source(concat!("kepi ", env!("KEPI_VERSION"))).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
