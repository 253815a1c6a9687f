//! The command line as it is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use kepi_engine::cache::{Cache, LIMIT};

/// KPIs as code: check, compile, run and report metric definitions.
#[derive(Debug, Parser)]
#[command(name = "kepi", version = env!("KEPI_VERSION"), propagate_version = true, max_term_width = 100)]
pub struct Args {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// The folder that holds kepi.yaml [default: the nearest one upwards].
    #[arg(long, global = true, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Now: a date or an ISO 8601 instant; rows at or after it do not count [default: `as_of` of kepi.yaml, else the latest
    /// event].
    #[arg(long, global = true, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Threads to read with [default: one a core]. The results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Keep the process within this much memory, `512MiB` or `2GB`, by temporary files; stop with a finding where that does
    /// not suffice. The results do not depend on it.
    #[arg(long, global = true, value_name = "SIZE", value_parser = crate::memory::size)]
    pub memory_limit: Option<u64>,
    /// Where temporary files go under --memory-limit [default: the system's folder for them].
    #[arg(long, global = true, value_name = "DIR")]
    pub temp_dir: Option<PathBuf>,
    /// Where what was measured of each file is kept, so that a report or a query reads only files that it has not seen
    /// [default: .kepi/cache in the project]. The results do not depend on it.
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "no_cache")]
    pub cache_dir: Option<PathBuf>,
    /// Remove what was not used for longest when more than this is kept [default: 2GiB].
    #[arg(long, global = true, value_name = "SIZE", value_parser = crate::memory::size, conflicts_with = "no_cache")]
    pub cache_limit: Option<u64>,
    /// Read all files, and keep nothing.
    #[arg(long, global = true)]
    pub no_cache: bool,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Print errors only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print what was read, and how long it took.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find everything that can be known to be wrong with the definitions.
    Check(CheckArgs),
    /// Write definition files in the one style.
    Fmt(FmtArgs),
    /// Numbers of metrics or expressions.
    Query(QueryArgs),
    /// The SMART-goal report: text on stdout; HTML, Markdown and JSON files.
    Report(ReportArgs),
    /// What a change of definitions does, before it is merged: to meanings, to numbers, to objectives.
    Diff(DiffArgs),
    /// Run the tests of the definitions: rows given, values expected; what holds on any data; values as they were accepted.
    Test(TestArgs),
    /// Show a stage of compilation.
    Compile(CompileArgs),
    /// Explain a metric, another definition, or a diagnostic code.
    Explain(ExplainArgs),
    /// Write the catalogue of the project as Markdown pages: metrics, data, aims, and what leads to what.
    Docs(DocsArgs),
    /// Look at files: what is in them, what is odd, and definitions to begin with.
    Profile(ProfileArgs),
    /// A project that runs: definitions, data, a CI workflow.
    Init(InitArgs),
    /// Write an event log, or the tables of a whole product, out of nothing but a seed, to try things out on.
    Generate(GenerateArgs),
    /// JSON Schema of definition files and of kepi.yaml, for editors.
    Schema(SchemaArgs),
    /// What is kept of the event files: how much, without any of it, whether it is whole.
    Cache(CacheArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
    /// Print kepi's manual page, or write that of each command.
    Man(ManArgs),
}

impl Common {
    /// Where states of files are kept, of a project in this folder.
    pub fn cache(&self, root: &Path) -> Option<Arc<Cache>> {
        let folder = || self.cache_dir.clone().unwrap_or_else(|| root.join(".kepi/cache"));
        (!self.no_cache).then(|| Arc::new(Cache::new(folder(), self.cache_limit.unwrap_or(LIMIT))))
    }
}

#[derive(Debug, clap::Args)]
pub struct CacheArgs {
    #[command(subcommand)]
    pub what: CacheCommand,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum CacheCommand {
    /// How many entries there are, and their bytes.
    Size,
    /// Remove all of them.
    Clear,
    /// Read all of them; those that are damaged are removed, and end the run with exit code 1.
    Verify,
}

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Check the definitions alone, read no event file.
    #[arg(long)]
    pub no_data: bool,
    /// How findings are printed.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: FindingFormat,
    /// Only what a change touches: findings in definition files that differ from this git revision, and in definitions that
    /// depend on theirs.
    #[arg(long, value_name = "BASE")]
    pub changed: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FindingFormat {
    /// The definition's text, with the place underlined.
    Human,
    /// A line each.
    Short,
    /// A JSON document.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a GitHub workflow.
    Github,
    /// JUnit's XML: a case a finding, errors as failures.
    Junit,
}

#[derive(Debug, clap::Args)]
pub struct FmtArgs {
    /// Files or folders; `-` reads stdin and writes stdout [default: kepi.yaml and the definitions it names].
    #[arg(value_name = "FILES")]
    pub files: Vec<PathBuf>,
    /// Write nothing; end with exit code 1 when a file is not in the style.
    #[arg(long)]
    pub check: bool,
    /// Write nothing; print what would change, and end with exit code 1 when something would.
    #[arg(long, conflicts_with = "check")]
    pub diff: bool,
}

#[derive(Debug, clap::Args)]
pub struct QueryArgs {
    /// Names of metrics, or expressions.
    #[arg(required = true, value_name = "METRIC")]
    pub metrics: Vec<String>,
    /// Break down by a column or a row expression; repeatable.
    #[arg(long, value_name = "DIM")]
    pub by: Vec<String>,
    /// Break each metric down by the dimensions of its own `by:`, all of them at once.
    #[arg(long, conflicts_with = "by")]
    pub own_by: bool,
    /// Only rows for which this is true.
    #[arg(long = "where", value_name = "EXPR")]
    pub condition: Option<String>,
    /// minute, hour, day, week, month, quarter, year, or total: the range as one period [default: each metric's own].
    #[arg(long, value_name = "GRAIN")]
    pub grain: Option<String>,
    /// Where the range begins: a date, an instant or a period (`2026-03`) [default: the first event].
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Where the range ends; a date or a period that is named is no longer part of it [default: `--as-of`].
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Order the rows: `period`, a dimension or a metric, `KEY desc` for the largest first; repeatable, the first counts most.
    /// With several metrics the rows of one period and part stand at the same place in each table [default: period, then
    /// dimensions].
    #[arg(long, value_name = "KEY [desc]")]
    pub order: Vec<String>,
    /// Print so many rows of each metric at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: TableFormat,
}

impl QueryArgs {
    /// A question for metrics, with no option.
    pub fn of(metrics: Vec<String>) -> Self {
        Self {
            metrics,
            by: Vec::new(),
            own_by: false,
            condition: None,
            grain: None,
            from: None,
            to: None,
            order: Vec::new(),
            limit: None,
            format: TableFormat::Table,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    Table,
    Csv,
    Json,
    Md,
}

#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// A report of the section `reports:` [default: the only one, else everything].
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The folder for the HTML, Markdown and JSON files [default: reports/ in the project].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print this on stdout instead of the text, and write no files.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ReportFormat>,
    /// End with exit code 1 when an objective has one of these statuses.
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub fail_on: Vec<String>,
    /// Add the definitions' git commit and the time of this run.
    #[arg(long)]
    pub stamp: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Text,
    Html,
    Md,
    Json,
}

#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// What to compare: `BASE` with the folder as it is, `BASE..HEAD`, or `BASE...HEAD` from where HEAD left BASE
    /// [default: from where the commit at hand left the default branch].
    #[arg(value_name = "BASE[..HEAD]", conflicts_with = "base_dir")]
    pub revisions: Option<String>,
    /// Compare with the project in this folder instead of a revision; no git is needed.
    #[arg(long, value_name = "DIR")]
    pub base_dir: Option<PathBuf>,
    /// Compare what definitions mean, read no event file.
    #[arg(long)]
    pub no_data: bool,
    /// How much a value may differ before it counts as moved: a share of the old one.
    #[arg(long, value_name = "SHARE", default_value = "0%")]
    pub tolerance: String,
    /// End with exit code 1 on a breaking change, on a number or a goalpost that moved, on an objective with another status.
    /// Goalposts that were moved without a reason always end so.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub fail_on: Vec<FailOn>,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: DiffFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Another unit, grain, additivity or scope, or a definition that is gone.
    Breaking,
    /// A value beyond `--tolerance`, an objective that was changed after its start.
    Moved,
    /// An objective whose status is another one.
    Flipped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    Human,
    /// For one comment of a pull request.
    Md,
    Json,
    /// Annotations of a GitHub workflow.
    Github,
}

#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Only tests whose name holds one of these.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Only tests of given rows, read no event file.
    #[arg(long)]
    pub no_data: bool,
    /// Write the values of all metrics as they are to tests/values.csv, to be compared with from now on.
    #[arg(long, conflicts_with_all = ["no_data", "watch"])]
    pub accept: bool,
    /// Only tests that a change since this revision touches.
    #[arg(long, value_name = "BASE")]
    pub changed: Option<String>,
    /// Run again whenever a definition or a file of the tests changes.
    #[arg(long)]
    pub watch: bool,
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: TestFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    Human,
    /// XML for CI servers.
    Junit,
    Json,
}

#[derive(Debug, clap::Args)]
pub struct CompileArgs {
    /// A metric or an expression [default: all metrics].
    #[arg(value_name = "METRIC")]
    pub metric: Option<String>,
    /// The stages to print.
    #[arg(long, value_name = "STAGE", value_delimiter = ',', default_value = "ir")]
    pub emit: Vec<Stage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The definitions as they were read.
    Ast,
    /// The typed program.
    Ir,
    /// DataFusion's logical plan.
    Plan,
    /// DataFusion's physical plan.
    Physical,
}

#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// A metric, event, source, lookup, segment, objective or benchmark; a code such as K0302; or `std`, the standard library.
    #[arg(value_name = "NAME|CODE", required_unless_present = "plan")]
    pub name: Option<String>,
    /// What is read for a metric, or for all of them, and what is kept of the rows, in words.
    #[arg(long)]
    pub plan: bool,
}

#[derive(Debug, clap::Args)]
pub struct DocsArgs {
    /// The folder for the pages [default: reports/catalogue/ in the project].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Read no event file: of columns that are not declared nothing is known.
    #[arg(long)]
    pub no_data: bool,
}

#[derive(Debug, clap::Args)]
pub struct ProfileArgs {
    /// Files, folders, or patterns in quotes.
    #[arg(required = true, value_name = "FILES")]
    pub files: Vec<PathBuf>,
    /// Look at about so many rows, evenly spread over all files [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: Option<u64>,
    /// What goes to stdout.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: ProfileFormat,
    /// Write the definitions to this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProfileFormat {
    /// What was seen, for people; without `--out` the definitions after it.
    Text,
    /// Everything, for programs.
    Json,
    /// The definitions.
    Yaml,
}

#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// The folder to write to; it is made if need be.
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// The project that is written, with generated data [default: app; asked for on a terminal].
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    pub template: Option<Template>,
    /// Write a project around these files, folders, or patterns in quotes: definitions guessed from them, one objective to edit.
    #[arg(long, value_name = "FILES", num_args = 1..)]
    pub from: Vec<PathBuf>,
    /// With --from: leave the files where they are, below this folder of the project [default: they are copied into data/].
    #[arg(long, value_name = "DIR", requires = "from")]
    pub data: Option<PathBuf>,
    /// With --from: look at about so many rows, evenly spread over all files [default: all].
    #[arg(long, value_name = "N", requires = "from", value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: Option<u64>,
    /// With one of the last four templates: viewers, listeners, guests or accounts [default: as many as the example has].
    #[arg(long, value_name = "N")]
    pub actors: Option<u32>,
    /// With one of the last four templates: days that the data cover, to the end of September 2026 [default: 365].
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// With one of the last four templates: another seed, other data [default: 1].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// What the project is called [default: the folder's name].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Replace files that are there.
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// An app that people sign up for, use and pay for: an event log.
    App,
    /// A shop: orders and cancellations, with a lookup of its customers.
    Shop,
    /// Video: watching, engagement, ratings.
    Streaming,
    /// Music: listening, playlists, premium conversion.
    Music,
    /// Homes to stay in: bookings, how soon hosts answer, reviews of guests.
    Marketplace,
    /// Software for companies: accounts, subscriptions and why they end, a survey, tickets.
    Saas,
}

#[derive(Debug, clap::Args)]
#[command(override_usage = "kepi generate [OPTIONS] [WORLD] <DIR>")]
pub struct GenerateArgs {
    /// A whole product instead of an app's log, as several tables: streaming, music, marketplace or saas.
    #[arg(value_name = "WORLD")]
    pub first: String,
    /// The folder to write to; it is made if need be.
    #[arg(value_name = "DIR")]
    pub second: Option<PathBuf>,
    /// Rows of a log, exactly [default: 100000].
    #[arg(long, value_name = "N")]
    pub events: Option<u64>,
    /// Users [default: 2000; of a world: as many as its example has].
    #[arg(long, value_name = "N")]
    pub actors: Option<u32>,
    /// Days that are covered [default: 90; of a world: 365].
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// The first day [default: 2026-01-01; of a world: so that it ends on 2026-09-30].
    #[arg(long, value_name = "DATE")]
    pub start: Option<String>,
    /// Another seed, other rows; the same seed, the same bytes.
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// Spread the rows of a log evenly over so many files [default: 1].
    #[arg(long, value_name = "N", conflicts_with = "daily")]
    pub files: Option<u32>,
    /// Write a log as a file a day.
    #[arg(long)]
    pub daily: bool,
    /// How a log is written [default: parquet].
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<GenerateFormat>,
    /// How the users of a log are named [default: integer].
    #[arg(long, value_name = "KIND")]
    pub ids: Option<IdKind>,
    /// Write the rows of a log in no order of time.
    #[arg(long)]
    pub shuffled: bool,
    /// Write into a folder that holds files already.
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GenerateFormat {
    /// Compressed with zstd.
    Parquet,
    Csv,
    #[value(name = "csv.gz")]
    CsvGz,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IdKind {
    Integer,
    Uuid,
}

#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// Which one [default: definitions; with --out both].
    #[arg(value_name = "OF")]
    pub of: Option<SchemaOf>,
    /// The folder to write `definitions.schema.json` and `kepi.schema.json` to [default: one goes to stdout].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Of definition files.
    Definitions,
    /// Of kepi.yaml.
    Manifest,
}

#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The folder to write `kepi.1`, `kepi-check.1` and so on to.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
