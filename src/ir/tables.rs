//! Sources, lookups and their columns.

use crate::calendar::Calendar;
use crate::calendar::LocalPolicy;
use crate::ir::{ColumnId, LookupId, RowExpr};
use crate::source::Span;
use crate::unit::Unit;
use jiff::Timestamp;

/// The data side of a program: what an engine needs to open the files. Made before expressions are checked, so that
/// `check` can be given the files' schemas.
#[derive(Clone, Debug)]
pub struct Settings {
    pub name: String,
    pub calendar: Calendar,
    /// ISO 4217; what `unit: money` means.
    pub currency: Option<String>,
    pub as_of: Option<Timestamp>,
    /// Folders, relative to the project, that sources may read; at least one.
    pub data: Vec<String>,
}

/// The type of a row's value, apart from its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScalarType {
    Bool,
    Int,
    Decimal,
    Float,
    Text,
    Date,
    Instant,
    /// Always null (`null`, or a column that holds nothing): agrees with every type.
    Null,
    /// A column that is not declared, in a check without data: agrees with every type. Never in a program that runs.
    Unknown,
    /// What follows from a mistake that has been reported: agrees with every type, reports nothing more.
    Error,
}

impl ScalarType {
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Decimal | Self::Float)
    }

    /// Whether nothing can be said against it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Null | Self::Unknown | Self::Error)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    Parquet,
    Csv,
}

/// How text, numbers or naive timestamps of a file become instants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeFormat {
    /// The file's own type, or ISO 8601 text.
    Auto,
    EpochSeconds,
    EpochMilliseconds,
    EpochMicroseconds,
    /// strptime directives (`%d/%m/%Y %H:%M`).
    Pattern(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeReading {
    pub format: TimeFormat,
    /// IANA name of the zone that naive times are in.
    pub zone: String,
    pub on_gap: LocalPolicy,
    pub on_overlap: LocalPolicy,
}

#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub span: Span,
    /// Globs relative to the data folders, with the place each is written at.
    pub files: Vec<(String, Span)>,
    /// `None`: read off each file's name.
    pub format: Option<Format>,
    /// The default clock; `None` for `time: none`.
    pub time: Option<ColumnId>,
    pub actor: Option<ColumnId>,
    /// What the actor column counts, in the singular: `user_id` → `user`, `CustomerID` → `customer`.
    pub entity: Option<String>,
    /// Empty: nothing is collapsed.
    pub key: Vec<ColumnId>,
    /// `where:`; rows for which it is not true are out of scope.
    pub scope: Option<RowExpr>,
    pub snapshot: bool,
    pub complete_until: Option<Timestamp>,
    pub links: Vec<Link>,
    /// Declared columns first, in order of declaration, then the columns of the files that are not declared, by name.
    pub columns: Vec<Column>,
}

/// Many rows of a source to one row of a lookup.
#[derive(Clone, Debug)]
pub struct Link {
    /// The prefix in expressions: `listing` in `booking.listing.country`; the entity for the actor's lookup.
    pub name: String,
    pub span: Span,
    pub column: ColumnId,
    pub lookup: LookupId,
}

#[derive(Clone, Debug)]
pub struct Lookup {
    pub name: String,
    pub span: Span,
    pub files: Vec<(String, Span)>,
    pub format: Option<Format>,
    pub key: ColumnId,
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub span: Span,
    pub origin: Origin,
    pub ty: ScalarType,
    /// Of a number; `None`: none.
    pub unit: Unit,
    /// The type was declared: the file's values are converted, and what does not convert is an error.
    pub declared: bool,
    /// How to read it when `ty` is `Instant`.
    pub time: Option<TimeReading>,
}

#[derive(Clone, Debug)]
pub enum Origin {
    /// The column of the file with this raw name.
    File(String),
    /// Computed from file columns of the same row (never from another computed column that depends on it).
    Computed(RowExpr),
}
