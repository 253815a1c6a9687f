//! Event files out of nothing but a seed: for a first project, for trying things out and for measurements.
//!
//! The same parameters give the same bytes on every machine: no clock, no float that a machine rounds its own way, one thread.
//! Rows are written as they are made; what is held is one day of them (or, shuffled, one block).

mod app;
mod random;
mod shop;
mod tables;
mod worlds;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

pub use app::EVENTS;
pub use shop::{Customer, Purchase, shop};
pub use worlds::{Size, World, world};

/// An app's log of events, with the structure that product data have: growth, the rhythm of days and weeks, retention that
/// decays, a funnel from sign-up to payment.
#[derive(Clone, Debug)]
pub struct App {
    /// Rows, exactly.
    pub events: u64,
    pub actors: u32,
    pub days: u32,
    pub start: Date,
    pub seed: u64,
    pub ids: Ids,
    pub order: Order,
    pub layout: Layout,
    pub format: FileFormat,
}

impl Default for App {
    fn default() -> Self {
        Self {
            events: 100_000,
            actors: 2_000,
            days: 90,
            start: Date::constant(2026, 1, 1),
            seed: 1,
            ids: Ids::Integer,
            order: Order::Time,
            layout: Layout::Files(1),
            format: FileFormat::Parquet,
        }
    }
}

/// How actors are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    Integer,
    /// Text of 36 characters.
    Uuid,
}

/// In which order rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Time,
    /// No order in time, not even roughly: every piece of a file spans all of it.
    Shuffled,
}

/// How rows are spread over files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// So many files of equal numbers of rows.
    Files(u32),
    /// A file a day, in UTC.
    Daily,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Compressed with zstd.
    Parquet,
    Csv,
    CsvGz,
}

impl FileFormat {
    pub fn ending(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::CsvGz => "csv.gz",
        }
    }
}

/// Why nothing, or not everything, was generated.
#[derive(Debug)]
pub enum GenerateError {
    /// Parameters that contradict each other; says which.
    Parameters(String),
    Io(PathBuf, io::Error),
}

impl std::fmt::Display for GenerateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parameters(text) => f.write_str(text),
            Self::Io(path, error) => write!(f, "{} cannot be written: {error}", path.display()),
        }
    }
}

/// Writes the files of an app below `folder`, which is made if need be; returns their names in order of their rows. Each has its name
/// only once it is whole.
///
/// # Errors
/// Parameters that do not fit each other; what the file system says.
pub fn app(folder: &Path, app: &App) -> Result<Vec<String>, GenerateError> {
    let mut files = write::Files::new(folder, app);
    app::generate(app, &mut |rows| files.write(rows))?;
    files.finish()
}

#[cfg(test)]
mod tests;
