//! What an engine gives back: plain data, no Arrow types.

pub mod order;

use jiff::Timestamp;

use crate::diag::{Code, Diagnostic};
use crate::ir::{LookupId, Program, ScalarType, SourceId};
use crate::value::Value;

/// What the files of a project hold, read before the expressions are checked.
#[derive(Clone, Debug, Default)]
pub struct Schemas {
    /// By index of [`SourceId`]; `None` where a source could not be opened (that has been reported).
    pub sources: Vec<Option<Schema>>,
    /// By index of [`LookupId`].
    pub lookups: Vec<Option<Schema>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Raw name and type, in the order of the (first) file.
    pub columns: Vec<SchemaColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaColumn {
    pub name: String,
    pub ty: ScalarType,
    /// A date and time without a zone: needs the source's `time_zone`.
    pub naive: bool,
    /// What the file calls the type, for messages: `Utf8`, `Timestamp(µs)`; for CSV what the values look like.
    pub physical: String,
    /// CSV: why a column that looks like numbers is text: the first value that is none, and its row (one-based, header excluded).
    pub note: Option<String>,
    /// The column of lists of records whose elements it is a field of: it is a list, of as many values.
    pub list: Option<String>,
}

/// The answers to a question, in the order of its asks.
#[derive(Clone, Debug, Default)]
pub struct Results {
    pub answers: Vec<Answer>,
    pub ledgers: Vec<Ledger>,
    pub lookups: Vec<LookupUse>,
}

#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// In order of period, then of `by` ([`Value`]'s own order). Every period has a row when there is no breakdown; with one,
    /// every value that occurs in any period of the ask has a row in each.
    pub rows: Vec<AnswerRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRow {
    /// Index into the ask's periods.
    pub period: usize,
    pub by: Vec<Value>,
    /// In the unit of the ask's expression.
    pub value: Value,
    /// Every source that was read for it is complete up to the period's end, and further where a journey looks further.
    pub complete: bool,
    /// Of a journey whose last entry may not have run its course: the entries of which that is known. The value is null,
    /// unless it is of those alone that have.
    pub open: Option<u64>,
}

/// The watermark and extent of a source, known before a question is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Time of the first and of the last row in scope; `None` when there is none or the source has no time.
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// The last rows, where they are few and far from the others.
    pub alone: Option<Alone>,
}

/// Rows that lie far beyond all others in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alone {
    pub rows: u64,
    /// Of so many rows with a time, in scope.
    pub of: u64,
    /// The last day before them.
    pub before: Timestamp,
}

/// "Now", where nobody says when: the latest instant up to which the rows of some source are there; and whether that is behind
/// the latest event of all. `None`: no row has a time.
pub fn known_to(program: &Program, extents: &[Extent]) -> Option<(Timestamp, bool)> {
    let calendar = &program.settings.calendar;
    let behind = |t: Timestamp| t.checked_add(jiff::SignedDuration::from_micros(1)).unwrap_or(t);
    let latest = extents.iter().filter_map(|e| e.last).max().map(behind)?;
    let said = program.sources.iter().zip(extents).filter_map(|(s, e)| s.complete_to(e.last, calendar)).max();
    Some((said.unwrap_or(latest).max(latest), said.is_some_and(|said| said > latest)))
}

/// Latest events that stand alone: they would make every period before them complete, and "now" a time that has not come.
/// Where "now" is given (`given`) they lie outside of the range.
pub fn lone_events(program: &Program, extents: &[Extent], given: bool) -> Vec<Diagnostic> {
    let calendar = &program.settings.calendar;
    let mut found = Vec::new();
    for (source, extent) in program.sources.iter().zip(extents) {
        let (Some(alone), Some(last)) = (extent.alone.filter(|_| !given), extent.last) else { continue };
        let span = source.time.and_then(|id| source.columns.get(id.0 as usize)).map_or(source.span, |c| c.span);
        let message = format!(
            "the latest event of source `{}`, on {}, stands alone: {} of {} rows {} after {}",
            source.name,
            calendar.date_of(last),
            alone.rows,
            alone.of,
            if alone.rows == 1 { "lies far" } else { "lie far" },
            calendar.date_of(alone.before)
        );
        let help = "correct its time, leave it out with `where:`, or pin \"now\" with `as_of:`; as it is, all periods up to \
                    it count as complete";
        found.push(Diagnostic::new(Code::LoneEvent, span, message).help(help));
    }
    found
}

/// Where every row that was read went: `read = unparsable + no_time + out_of_scope + duplicates + outside + used`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    pub source: SourceId,
    pub name: String,
    pub files: u64,
    pub bytes: u64,
    /// SHA-256, in hex, over relative paths, sizes and contents.
    pub fingerprint: String,
    pub read: u64,
    pub unparsable: u64,
    pub no_time: u64,
    pub out_of_scope: u64,
    pub duplicates: u64,
    /// Outside every period that was asked for, or after `as_of`; rows that were pruned count here.
    pub outside: u64,
    pub used: u64,
    /// Of `duplicates`: copies that differ from the one that stays.
    pub differing: u64,
    /// Of `used`: no measure claims them.
    pub unclaimed: u64,
    /// Of `used`: without an actor.
    pub no_actor: u64,
    /// Of `used`: a measure's condition was neither true nor false.
    pub unknown: u64,
    /// Of `used`: local times moved by the declared policy (gap, overlap).
    pub moved: u64,
    /// Of `used`: null values that a measure left out.
    pub null_values: u64,
    pub first: Option<Timestamp>,
    /// Latest event time.
    pub watermark: Option<Timestamp>,
    /// Up to where periods are complete.
    pub complete_until: Option<Timestamp>,
    /// Of `unparsable`: the first few, in order of the files.
    pub rejected: Vec<Rejected>,
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Relative to the project.
    pub file: String,
    /// On which it begins, from 1; a header is line 1.
    pub line: u64,
    /// The end of a sentence that begins with its place: `has 3 fields, the header has 4`.
    pub why: String,
}

impl Ledger {
    pub fn balances(&self) -> bool {
        self.read == self.unparsable + self.no_time + self.out_of_scope + self.duplicates + self.outside + self.used
    }
}

/// How a lookup was hit from one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupUse {
    pub lookup: LookupId,
    pub name: String,
    /// The table and its link: `bookings.listing`, `bookings.listing.host`.
    pub link: String,
    pub rows: u64,
    pub fingerprint: String,
    /// Of a lookup of newest rows: keys with two newest rows that differ, of which the greater by value stands.
    pub ties: u64,
    /// Rows that could not be read and are not among `rows`.
    pub unparsable: u64,
    /// The first few of these.
    pub rejected: Vec<Rejected>,
    /// Rows of the table that lead to no row of the lookup, null keys included: used rows of a source (all that its `where:`
    /// looks at, for a link of that), all rows of a lookup.
    pub missing: u64,
}
