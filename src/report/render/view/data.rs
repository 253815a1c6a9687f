//! The row ledger in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::report::format;
use crate::results::{Ledger, LookupUse, Rejected};

#[derive(Serialize)]
pub struct LedgerView {
    pub name: String,
    pub files: String,
    pub extent: String,
    pub complete: String,
    pub rows: Vec<Row>,
    /// The first rows that could not be parsed, each a sentence.
    pub rejected: Vec<String>,
}

#[derive(Serialize)]
pub struct Row {
    pub label: &'static str,
    pub n: String,
    /// A part of the row above it, not of the partition.
    pub of: bool,
}

#[derive(Serialize)]
pub struct LookupView {
    pub name: String,
    /// The table and its link.
    pub link: String,
    pub rows: String,
    pub missing: String,
    /// Keys with two newest rows; empty without.
    pub ties: String,
    /// How many rows could not be parsed, and the first of them; empty when all could.
    pub unparsable: String,
    pub rejected: Vec<String>,
}

pub fn ledger(ledger: &Ledger, zone: &TimeZone) -> LedgerView {
    let time = |t: Option<Timestamp>| t.map_or("without time".to_string(), |t| format::datetime(zone.to_datetime(t)));
    // The parts of the partition are always shown, their own parts only where there are any.
    let rows = [
        ("rows read", ledger.read, false),
        ("could not be parsed", ledger.unparsable, false),
        ("no time", ledger.no_time, false),
        ("out of scope (where)", ledger.out_of_scope, false),
        ("duplicates (key)", ledger.duplicates, false),
        ("of which copies that differ", ledger.differing, true),
        ("outside the range", ledger.outside, false),
        ("used", ledger.used, false),
        ("of which claimed by no measure", ledger.unclaimed, true),
        ("of which without an actor", ledger.no_actor, true),
        ("of which with a condition neither true nor false", ledger.unknown, true),
        ("of which local times moved by the policy", ledger.moved, true),
        ("null values left out of a measure", ledger.null_values, true),
    ];
    LedgerView {
        name: ledger.name.clone(),
        files: format!("{}, {}", format::plural(ledger.files, "file"), bytes(ledger.bytes)),
        extent: match (ledger.first, ledger.watermark) {
            (None, None) => "without time".to_string(),
            (first, last) => format!("{} to {}", time(first), time(last)),
        },
        complete: time(ledger.complete_until),
        rows: rows
            .into_iter()
            .filter(|(_, n, of)| !of || *n > 0)
            .map(|(label, n, of)| Row { label, n: count(n), of })
            .collect(),
        rejected: sentences(&ledger.rejected),
    }
}

/// A line for each link; what could not be read of a lookup stands on its first.
pub fn lookups(all: &[LookupUse]) -> Vec<LookupView> {
    let first = |at: usize| all.iter().position(|l| Some(l.lookup) == all.get(at).map(|l| l.lookup)) == Some(at);
    all.iter().enumerate().map(|(at, l)| lookup(l, first(at))).collect()
}

fn lookup(lookup: &LookupUse, first: bool) -> LookupView {
    LookupView {
        name: lookup.name.clone(),
        link: lookup.link.clone(),
        rows: count(lookup.rows),
        missing: count(lookup.missing),
        ties: if lookup.ties == 0 || !first { String::new() } else { count(lookup.ties) },
        unparsable: if lookup.unparsable == 0 || !first { String::new() } else { count(lookup.unparsable) },
        rejected: if first { sentences(&lookup.rejected) } else { Vec::new() },
    }
}

/// `line 3 of data/a.csv has 3 fields, the header has 4`.
fn sentences(rejected: &[Rejected]) -> Vec<String> {
    rejected.iter().map(|r| format!("line {} of {} {}", r.line, r.file, r.why)).collect()
}

/// With a comma after each three digits.
pub fn count(n: u64) -> String {
    format::grouped(&n.to_string())
}

fn bytes(n: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} bytes") } else { format!("{value:.1} {}", units[unit]) }
}
