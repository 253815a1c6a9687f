//! One file a command.

mod cache;
mod check;
mod compile;
mod completions;
mod diff;
mod docs;
mod explain;
mod fmt;
mod generate;
mod init;
mod man;
mod profile;
mod query;
mod report;
mod schema;
mod test;

use kepi_lang::calendar::CalendarError;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::source::SourceMap;

use crate::args::{Args, Command};
use crate::exit::Exit;

pub fn run(args: &Args) -> Exit {
    let limit = |bytes| crate::memory::limit(bytes, args.common.temp_dir.as_deref());
    if let Some(Err(line)) = args.common.memory_limit.map(limit) {
        return Stop::Usage(line).report(&args.common);
    }
    let result = match &args.command {
        Command::Check(command) => check::run(&args.common, command),
        Command::Diff(command) => diff::run(&args.common, command),
        Command::Docs(command) => docs::run(&args.common, command),
        Command::Fmt(command) => fmt::run(&args.common, command),
        Command::Query(command) => query::run(&args.common, command),
        Command::Report(command) => report::run(&args.common, command),
        Command::Test(command) => test::run(&args.common, command),
        Command::Compile(command) => compile::run(&args.common, command),
        Command::Explain(command) => explain::run(&args.common, command),
        Command::Profile(command) => profile::run(&args.common, command),
        Command::Init(command) => init::run(&args.common, command),
        Command::Generate(command) => generate::run(&args.common, command),
        Command::Schema(command) => schema::run(command),
        Command::Cache(command) => cache::run(&args.common, command),
        Command::Completions(command) => Ok(completions::run(command)),
        Command::Man(command) => man::run(command),
    };
    result.unwrap_or_else(|stop| stop.report(&args.common))
}

/// Why a command could not go on.
pub enum Stop {
    /// The command line asks for what is not there.
    Usage(String),
    /// The file system or the data say no.
    Data(String),
    /// Findings, with the text they point into.
    Findings { exit: Exit, findings: Vec<Diagnostic>, map: SourceMap },
}

impl From<CalendarError> for Stop {
    fn from(error: CalendarError) -> Self {
        let finding = Diagnostic::without_place(error.code, error.message);
        Self::asked(vec![match error.help {
            Some(help) => finding.help(help),
            None => finding,
        }])
    }
}

impl Stop {
    /// Findings about what the command line asks for; they point into no file.
    pub fn asked(findings: Vec<Diagnostic>) -> Self {
        Self::Findings { exit: Exit::Usage, findings, map: SourceMap::new() }
    }

    pub fn report(self, common: &crate::args::Common) -> Exit {
        match self {
            Self::Usage(line) => {
                note!("error: {line}");
                Exit::Usage
            }
            Self::Data(line) => {
                note!("error: {line}");
                Exit::Data
            }
            Self::Findings { exit, findings, map } => {
                crate::findings::report(&findings, &map, common);
                if findings.iter().any(|f| f.code == Code::Internal) { Exit::Bug } else { exit }
            }
        }
    }
}
