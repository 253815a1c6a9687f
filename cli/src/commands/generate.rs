//! `kepi generate`.

use std::fs;
use std::path::Path;

use jiff::civil::Date;
use kepi_engine::generate::{App, FileFormat, GenerateError, Ids, Layout, Order, app};

use crate::args::{Common, GenerateArgs, GenerateFormat, IdKind};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::interrupt;

pub fn run(common: &Common, args: &GenerateArgs) -> Result<Exit, Stop> {
    let start: Date = args
        .start
        .parse()
        .map_err(|_| Stop::Usage(format!("`{}` is no date; write one such as 2026-01-01", args.start)))?;
    let spec = App {
        events: args.events,
        actors: args.actors,
        days: args.days,
        start,
        seed: args.seed,
        ids: match args.ids {
            IdKind::Integer => Ids::Integer,
            IdKind::Uuid => Ids::Uuid,
        },
        order: if args.shuffled { Order::Shuffled } else { Order::Time },
        layout: if args.daily { Layout::Daily } else { Layout::Files(args.files) },
        format: match args.format {
            GenerateFormat::Parquet => FileFormat::Parquet,
            GenerateFormat::Csv => FileFormat::Csv,
            GenerateFormat::CsvGz => FileFormat::CsvGz,
        },
    };
    if !args.force && holds_files(&args.dir) {
        let line = format!("{} holds files already; name another folder, or say --force", args.dir.display());
        return Err(Stop::Usage(line));
    }
    interrupt::hold().unfinished(&args.dir);
    let names = app(&args.dir, &spec).map_err(|error| match error {
        GenerateError::Parameters(_) => Stop::Usage(error.to_string()),
        GenerateError::Io(..) => Stop::Data(error.to_string()),
    })?;
    if !common.quiet {
        let count = names.len();
        let files = if count == 1 { "file" } else { "files" };
        eprintln!("written: {} events in {count} {files} below {}", spec.events, args.dir.display());
    }
    Ok(Exit::Fine)
}

fn holds_files(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
