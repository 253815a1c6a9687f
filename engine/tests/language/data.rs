//! Tables as the tests hold them: cells in memory, which the reference reads as they are and the engine from files.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use kepi_lang::decimal::Decimal;

/// One value as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Float(f64),
    Text(String),
    Date(Date),
    /// A local time, of no zone.
    Naive(DateTime),
    Zoned(Timestamp),
}

/// What the cells of a column are, nulls apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int,
    Decimal,
    Float,
    Text,
    Date,
    Naive,
    /// Local times as text, written as `%d/%m/%Y %H:%M:%S`.
    Written,
    Zoned,
}

/// A column by its raw name.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
}

/// What a table is written as; the answers are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Csv,
    Parquet,
    /// Every second file is packed.
    Ndjson,
}

/// The files of one source or lookup.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub encoding: Encoding,
    pub fields: Vec<Field>,
    /// Rows by file.
    pub files: Vec<Vec<Vec<Cell>>>,
}

impl Table {
    pub fn rows(&self) -> impl Iterator<Item = &Vec<Cell>> {
        self.files.iter().flatten()
    }

    pub fn position(&self, raw: &str) -> usize {
        self.fields.iter().position(|f| f.name == raw).unwrap_or_else(|| panic!("`{}` has no `{raw}`", self.name))
    }
}

/// Everything a project reads, in the order of its sources and lookups.
#[derive(Clone, Debug, Default)]
pub struct Data {
    pub sources: Vec<Table>,
    pub lookups: Vec<Table>,
    /// Behind these the lookups that are made of a source's rows: which source.
    pub of_sources: Vec<usize>,
}
