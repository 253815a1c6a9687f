//! Sources, lookups and their columns.

use crate::calendar::Calendar;
use crate::calendar::Grain;
use crate::calendar::LocalPolicy;
use crate::decimal::Decimal;
use crate::ir::{ColumnId, LookupId, Reach, RowExpr, RowFunction, RowKind};
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
    /// What a run takes for "now".
    pub as_of: Option<Timestamp>,
    /// What the manifest says of it: part of what the definitions mean, whatever a run is asked for.
    pub stated_as_of: Option<Timestamp>,
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
    /// Many values, of one type, in one row.
    List(Item),
    /// Always null (`null`, or a column that holds nothing): agrees with every type.
    Null,
    /// A column that is not declared, in a check without data: agrees with every type. Never in a program that runs.
    Unknown,
    /// What follows from a mistake that has been reported: agrees with every type, reports nothing more.
    Error,
}

/// What the elements of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    Bool,
    Int,
    Float,
    Text,
    Date,
    Instant,
    /// A key and a value of any type: an entry of a map.
    Pair,
    /// Records, lists, and what else cannot be asked for anything: how many there are is known.
    Other,
}

impl Item {
    pub fn of(ty: ScalarType) -> Option<Self> {
        Some(match ty {
            ScalarType::Bool => Self::Bool,
            ScalarType::Int => Self::Int,
            ScalarType::Decimal | ScalarType::Float => Self::Float,
            ScalarType::Text => Self::Text,
            ScalarType::Date => Self::Date,
            ScalarType::Instant => Self::Instant,
            _ => return None,
        })
    }

    /// The type of one element; of pairs that of neither part, and of others none.
    pub fn ty(self) -> ScalarType {
        match self {
            Self::Bool => ScalarType::Bool,
            Self::Int => ScalarType::Int,
            Self::Float => ScalarType::Float,
            Self::Text => ScalarType::Text,
            Self::Date => ScalarType::Date,
            Self::Instant => ScalarType::Instant,
            Self::Pair | Self::Other => ScalarType::Error,
        }
    }
}

impl ScalarType {
    pub fn is_list(self) -> bool {
        matches!(self, Self::List(_))
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Decimal | Self::Float)
    }

    /// The word that `type:` of a column has for it; `None` where nothing is known of the values.
    pub fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::Bool => "bool",
            Self::Int => "integer",
            Self::Decimal => "decimal",
            Self::Float => "number",
            Self::Text => "text",
            Self::Date => "date",
            Self::Instant => "instant",
            Self::List(_) => "list",
            Self::Null | Self::Unknown | Self::Error => return None,
        })
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
    /// A JSON object a line, or one array of objects.
    Ndjson,
    /// Arrow IPC, as a file or as a stream.
    Arrow,
}

impl Format {
    /// Rows are lines of text: values have no types of their own, and a row may be one that cannot be read.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson)
    }
}

/// How the lines of CSV and NDJSON files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Between the fields of a CSV row; `None`: found out, file by file.
    pub separator: Option<u8>,
    /// Around a field of a CSV row; `None`: found out, file by file.
    pub quote: Option<Quote>,
    pub max_bad_rows: BadRows,
    /// How numbers are written in CSV.
    pub numbers: Numbers,
}

/// How numbers are written: as programs write them, if nothing else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Numbers {
    /// Decimal places stand behind a comma, not a point.
    pub comma: bool,
    /// Between thousands; `None`: nothing stands there.
    pub thousands: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    Never,
    Byte(u8),
}

/// How many rows of a table may be ones that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRows {
    /// Of all rows: `0.001` is 0.1 %.
    Share(Decimal),
    Count(u64),
}

impl Default for BadRows {
    fn default() -> Self {
        Self::Share(Decimal::new(1, 3))
    }
}

impl BadRows {
    /// Whether `bad` of `rows` rows are few enough.
    pub fn allow(self, bad: u64, rows: u64) -> bool {
        match self {
            Self::Count(most) => bad <= most,
            // Beyond what can be multiplied, every count is within the share.
            Self::Share(share) => {
                let most = share.checked_mul(Decimal::new(i128::from(rows), 0));
                bad == 0 || most.is_none_or(|most| Decimal::new(i128::from(bad), 0) <= most)
            }
        }
    }
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
    pub text: TextOptions,
    /// The default clock; `None` for `time: none`.
    pub time: Option<ColumnId>,
    /// Who did it; of several columns one that is computed of them ([`RowFunction::Together`](crate::ir::RowFunction)).
    pub actor: Option<ColumnId>,
    /// What the actor (of several columns the last) counts, in the singular: `user_id` → `user`, `CustomerID` → `customer`.
    pub entity: Option<String>,
    /// Empty: nothing is collapsed.
    pub key: Vec<ColumnId>,
    /// `where:`; rows for which it is not true are out of scope.
    pub scope: Option<RowExpr>,
    pub snapshot: bool,
    pub complete_until: Option<Timestamp>,
    /// `delivered: daily`: the day of the latest event is there whole.
    pub delivered_daily: bool,
    pub links: Vec<Link>,
    /// Declared columns first, in order of declaration, then the columns of the files that are not declared, by name.
    pub columns: Vec<Column>,
}

/// Many rows of a table to one row of a lookup.
#[derive(Clone, Debug)]
pub struct Link {
    /// The prefix in expressions: `listing` in `booking.listing.country`; the entity for the actor's lookup.
    pub name: String,
    pub span: Span,
    /// As many as the lookup's key has, in its order.
    pub columns: Vec<ColumnId>,
    pub lookup: LookupId,
}

#[derive(Clone, Debug)]
pub struct Lookup {
    pub name: String,
    pub span: Span,
    pub files: Vec<(String, Span)>,
    pub format: Option<Format>,
    pub text: TextOptions,
    /// At least one column.
    pub key: Vec<ColumnId>,
    /// The instants that tell the newest row of a key, which alone stands; `None`: a key has one row.
    pub latest: Option<ColumnId>,
    /// Of what is no time in them nothing is known: that one, and the clock of the source that it is made of.
    pub clocks: Vec<ColumnId>,
    /// Rows for which it is not true do not stand.
    pub scope: Option<RowExpr>,
    /// Columns of dates or instants: from when to when, half-open, a row holds; null is unbounded. `None`: always.
    pub valid: Option<(ColumnId, ColumnId)>,
    /// From its rows on to those of others.
    pub links: Vec<Link>,
    pub columns: Vec<Column>,
}

impl Source {
    /// Up to where its rows are all there: what was said, else its latest event (`last`), that one included, or with
    /// `delivered: daily` that event's day. `None`: nothing says so.
    pub fn complete_to(&self, last: Option<Timestamp>, calendar: &Calendar) -> Option<Timestamp> {
        // Times are read to the microsecond: what ends right behind the latest event has been seen whole.
        let behind = |t: Timestamp| t.checked_add(jiff::SignedDuration::from_micros(1)).unwrap_or(t);
        let day = |t: Timestamp| calendar.next(t, Grain::Day);
        self.complete_until.or_else(|| last.map(|t| if self.delivered_daily { day(t) } else { behind(t) }))
    }
}

impl Lookup {
    /// What its computed columns are computed of.
    pub fn reach(&self) -> Reach<'_> {
        let mut reach = Reach::of(&self.columns, &self.links);
        for column in &self.columns {
            if let Origin::Computed(expr) = &column.origin {
                reach.expr(expr);
            }
        }
        self.scope.iter().for_each(|expr| reach.expr(expr));
        reach
    }
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
    /// It was declared as `number`, whichever kind of number the file has.
    pub any_number: bool,
    /// How to read it when `ty` is `Instant`.
    pub time: Option<TimeReading>,
}

impl Column {
    /// Of an actor of several columns: those that are one together.
    pub fn together(&self) -> Option<&[RowExpr]> {
        match &self.origin {
            Origin::Computed(RowExpr { kind: RowKind::Call { function: RowFunction::Together, args }, .. }) => {
                Some(args)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Origin {
    /// The column of the file with this raw name.
    File(String),
    /// Computed from file columns of the same row (never from another computed column that depends on it).
    Computed(RowExpr),
}
