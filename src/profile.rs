//! What files hold, as it was seen, and what can be guessed from it.
//!
//! An engine fills a [`Profile`]; [`guess`] says which columns are the time, the actor and the key; [`draft`] writes definitions
//! that check; [`text`] and [`json`] show what was seen.

pub mod draft;
pub mod guess;
pub mod json;
pub mod names;
pub mod text;

use jiff::Timestamp;

use crate::ir::ScalarType;
use crate::results::Rejected;
use crate::value::Value;

/// One table: files with the same columns.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// A name for a source, from the files' names.
    pub name: String,
    /// The files as patterns, relative to where `data:` would be.
    pub patterns: Vec<String>,
    pub files: Vec<File>,
    /// `parquet`, `csv`, …
    pub format: String,
    /// Of CSV whose numbers have a comma before their decimal places.
    pub comma: Option<DecimalComma>,
    /// All rows of the files.
    pub rows: u64,
    /// The rows that were looked at: every `step`-th.
    pub seen: u64,
    pub step: u64,
    pub columns: Vec<Column>,
    /// Columns of types that cannot be read: name, and what the file calls the type.
    pub unusable: Vec<(String, String)>,
    /// Rows of text that cannot be read: how many of `rows`, the first of them, and whether they are too many to be left out
    /// without a word in the definitions.
    pub bad: u64,
    pub rejected: Vec<Rejected>,
    pub too_many_bad: bool,
    /// Rows that are not all alike: rows less this are exact copies.
    pub distinct_rows: Count,
    /// Of columns that may say together who did it.
    pub pairs: Vec<Pair>,
}

/// How numbers with decimal commas are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecimalComma {
    /// Points stand between thousands.
    pub thousands: bool,
    /// By which value it is known.
    pub why: String,
}

/// How many pairs of values two columns hold; rows without one of them have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// A column named like what people belong to: `tenant_id`.
    pub outer: String,
    /// One named like who did it: `user_id`.
    pub inner: String,
    pub distinct: Count,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
}

/// A number that is exact, or an estimate within about one per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub value: u64,
    pub about: bool,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    /// `None` where only a declared type can say what it means (bytes).
    pub ty: Option<ScalarType>,
    /// Times without a zone.
    pub naive: bool,
    pub physical: String,
    /// CSV: why a column that looks like numbers is text.
    pub note: Option<String>,
    /// Rows without a value; blank text of a CSV file is none.
    pub nulls: u64,
    /// Rows with text of nothing but spaces, and with the empty text where a format tells it from null.
    pub blanks: u64,
    pub empty: u64,
    pub distinct: Count,
    pub min: Value,
    pub max: Value,
    /// The most frequent values, most frequent first, then by value.
    pub top: Vec<(Value, u64)>,
    /// Counts of `top` are lower bounds.
    pub top_about: bool,
    pub numbers: Option<Numbers>,
    pub times: Option<Times>,
    /// Longest and shortest text, in characters.
    pub lengths: Option<(u64, u64)>,
    /// Time patterns (strptime) that every text of the column fits.
    pub time_patterns: Vec<String>,
    pub suspicions: Vec<Suspicion>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    pub mean: f64,
    /// At 1, 5, 25, 50, 75, 95 and 99 per cent, linear between the two nearest ranks.
    pub quantiles: [f64; 7],
    /// The quantiles and the histogram are of a random part of the values.
    pub about: bool,
    pub negative: u64,
    pub zero: u64,
    /// All values are whole.
    pub whole: bool,
    pub histogram: Histogram,
}

/// Per cents of [`Numbers::quantiles`].
pub const QUANTILES: [u8; 7] = [1, 5, 25, 50, 75, 95, 99];

/// Counts between equal steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    pub from: f64,
    pub to: f64,
    pub counts: Vec<u64>,
    /// Values outside of `from..=to`, where a few lie far from all others.
    pub below: u64,
    pub above: u64,
}

/// When things happened; the first instant of 1970 is left out where there are others. Days are those of UTC, or of the files' own clock where no zone is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    pub first: Timestamp,
    pub last: Timestamp,
    /// Days with at least one row, of the days from the first to the last.
    pub days: u64,
    pub span_days: u64,
    /// Runs of days without a row, the longest first, as days since 1970: first and last of each.
    pub gaps: Vec<(i64, i64)>,
    /// How many runs there are.
    pub gap_count: u64,
    /// Rows by step of time, over the whole span.
    pub grain: TimeGrain,
    pub counts: Vec<u64>,
    /// Values that could not be read as times.
    pub unreadable: u64,
}

/// The step of [`Times::counts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeGrain {
    Hours(u32),
    Days(u32),
}

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    pub kind: SuspicionKind,
    pub rows: u64,
    /// `rows` is a lower bound or an estimate.
    pub about: bool,
    /// A few values, as they are.
    pub examples: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuspicionKind {
    /// Times far behind all others.
    Future,
    /// Times far before all others.
    Past,
    /// 1 January 1970, midnight.
    EpochZero,
    /// Text that differs in case or in the spaces around it alone.
    MixedCase,
    /// Text that says there is none: `null`, `N/A`.
    Placeholder,
    /// Text of nothing but spaces.
    Blank,
    /// Numbers far from all others that are the same value many times: `999999`.
    Sentinel,
    /// The same value in every row.
    Constant,
    /// No value in any row.
    Empty,
    /// Text, but most of it is numbers.
    MostlyNumbers,
    /// Text, all of it numbers with a comma where a point would be.
    DecimalComma,
}

impl SuspicionKind {
    /// A stable word, for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Future => "future",
            Self::Past => "past",
            Self::EpochZero => "epoch_zero",
            Self::MixedCase => "mixed_case",
            Self::Placeholder => "placeholder",
            Self::Blank => "blank",
            Self::Sentinel => "sentinel",
            Self::Constant => "constant",
            Self::Empty => "empty",
            Self::MostlyNumbers => "mostly_numbers",
            Self::DecimalComma => "decimal_comma",
        }
    }

    /// What it is, in a line about a column.
    pub fn says(self) -> &'static str {
        match self {
            Self::Future => "times far later than all others",
            Self::Past => "times far earlier than all others",
            Self::EpochZero => "times that are 1970-01-01 00:00, which mostly means none",
            Self::MixedCase => "texts that differ in case or in spaces alone",
            Self::Placeholder => "texts that mean none",
            Self::Blank => "texts of nothing but spaces",
            Self::Sentinel => "one number far from all others, again and again",
            Self::Constant => "the same value in every row",
            Self::Empty => "no value in any row",
            Self::MostlyNumbers => "text, though most values are numbers",
            Self::DecimalComma => "text, for these numbers have a comma where a point is read",
        }
    }
}

impl Profile {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Columns that cannot be read, nor any part of them.
    pub fn unusable(&self) -> impl Iterator<Item = &(String, String)> {
        let in_parts = |name: &str| {
            self.columns.iter().any(|c| c.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
        };
        self.unusable.iter().filter(move |(name, _)| !in_parts(name))
    }

    /// Rows that are exact copies of another, among those that were looked at.
    pub fn copies(&self) -> Count {
        Count { value: self.seen.saturating_sub(self.distinct_rows.value), about: self.distinct_rows.about }
    }
}

impl Column {
    pub fn is_number(&self) -> bool {
        self.ty.is_some_and(ScalarType::is_number)
    }

    pub fn is_text(&self) -> bool {
        self.ty == Some(ScalarType::Text)
    }

    /// Rows with a value.
    pub fn filled(&self, rows: u64) -> u64 {
        rows.saturating_sub(self.nulls)
    }
}

#[cfg(test)]
mod tests;
