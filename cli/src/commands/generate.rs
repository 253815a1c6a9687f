//! `kepi generate`.

use std::fs;
use std::path::Path;

use jiff::civil::Date;
use kepi_engine::generate::{self, App, FileFormat, GenerateError, Ids, Layout, Order, Size, World, app};
use kepi_lang::diag::suggest::did_you_mean;

use crate::args::{Common, GenerateArgs, GenerateFormat, IdKind};
use crate::commands::Stop;
use crate::exit::Exit;
use crate::interrupt;

pub fn run(common: &Common, args: &GenerateArgs) -> Result<Exit, Stop> {
    let (world, dir) = match (World::parse(&args.first), &args.second) {
        (Some(world), Some(dir)) => (Some(world), dir.as_path()),
        (None, None) => (None, Path::new(&args.first)),
        (Some(world), None) => {
            let name = world.name();
            return Err(Stop::Usage(format!("`{name}` is a world; say where to write it: `kepi generate {name} DIR`")));
        }
        (None, Some(_)) => {
            let near = did_you_mean(&args.first, World::ALL.map(World::name));
            let names = World::ALL.map(World::name).join(", ");
            return Err(Stop::Usage(format!("`{}` is no world{near}; there are {names}", args.first)));
        }
    };
    let start: Option<Date> = match &args.start {
        None => None,
        Some(text) => {
            let wrong = |_| Stop::Usage(format!("`{text}` is no date; write one such as 2026-01-01"));
            Some(text.parse().map_err(wrong)?)
        }
    };
    if let (Some(world), Some(option)) = (world, of_logs(args)) {
        return Err(Stop::Usage(format!(
            "`{option}` is for a log; the tables of `{}` are what they are",
            world.name()
        )));
    }
    if !args.force && holds_files(dir) {
        let line = format!("{} holds files already; name another folder, or say --force", dir.display());
        return Err(Stop::Usage(line));
    }
    interrupt::hold().unfinished(dir);
    let (written, names) = match world {
        Some(world) => (world.name().to_owned(), self::world(dir, world, start, args)?),
        None => {
            let spec = log(start, args);
            (format!("{} events", spec.events), app(dir, &spec).map_err(stop)?)
        }
    };
    if !common.quiet {
        let count = names.len();
        let files = if count == 1 { "file" } else { "files" };
        note!("written: {written} in {count} {files} below {}", dir.display());
    }
    Ok(Exit::Fine)
}

/// The first option that means nothing for a world.
fn of_logs(args: &GenerateArgs) -> Option<&'static str> {
    let options = [
        (args.events.is_some(), "--events"),
        (args.files.is_some(), "--files"),
        (args.daily, "--daily"),
        (args.format.is_some(), "--format"),
        (args.ids.is_some(), "--ids"),
        (args.shuffled, "--shuffled"),
    ];
    options.into_iter().find(|(given, _)| *given).map(|(_, option)| option)
}

fn world(dir: &Path, world: World, start: Option<Date>, args: &GenerateArgs) -> Result<Vec<String>, Stop> {
    let usual = world.usual();
    let days = args.days.unwrap_or(usual.days);
    let end = match start {
        None => usual.end,
        Some(start) => start
            .checked_add(jiff::Span::new().try_days(i64::from(days)).unwrap_or_default())
            .map_err(|_| Stop::Usage(format!("the calendar does not reach {days} days beyond {start}")))?,
    };
    let size = Size { actors: args.actors.unwrap_or(usual.actors), days, end, seed: args.seed };
    generate::world(dir, world, &size).map_err(stop)
}

fn log(start: Option<Date>, args: &GenerateArgs) -> App {
    let usual = App::default();
    App {
        events: args.events.unwrap_or(usual.events),
        actors: args.actors.unwrap_or(usual.actors),
        days: args.days.unwrap_or(usual.days),
        start: start.unwrap_or(usual.start),
        seed: args.seed,
        ids: match args.ids {
            Some(IdKind::Uuid) => Ids::Uuid,
            Some(IdKind::Integer) | None => Ids::Integer,
        },
        order: if args.shuffled { Order::Shuffled } else { Order::Time },
        layout: if args.daily { Layout::Daily } else { Layout::Files(args.files.unwrap_or(1)) },
        format: match args.format {
            Some(GenerateFormat::Csv) => FileFormat::Csv,
            Some(GenerateFormat::CsvGz) => FileFormat::CsvGz,
            Some(GenerateFormat::Parquet) | None => FileFormat::Parquet,
        },
    }
}

fn stop(error: GenerateError) -> Stop {
    match error {
        GenerateError::Parameters(_) => Stop::Usage(error.to_string()),
        GenerateError::Io(..) => Stop::Data(error.to_string()),
    }
}

fn holds_files(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
