//! What in a column somebody should look at. Only the data are held against the data: there is no clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kepi_lang::ir::ScalarType;
use kepi_lang::profile::{Count, Suspicion, SuspicionKind};
use kepi_lang::value::Value;

use crate::profile::kept::quantile;

/// Examples that are told.
const TOLD: usize = 3;
/// Columns of more different texts are free text, or keys: case means nothing there.
const WORDS: usize = 5_000;

const PLACEHOLDERS: [&str; 14] = [
    "null",
    "none",
    "nan",
    "n/a",
    "na",
    "nil",
    "undefined",
    "unknown",
    "-",
    "--",
    "?",
    "(not set)",
    "(none)",
    "not available",
];

pub(super) struct Seen<'a> {
    pub ty: Option<ScalarType>,
    pub rows: u64,
    pub nulls: u64,
    pub blanks: u64,
    pub epoch_zero: u64,
    pub distinct: Count,
    /// Values with their counts, most frequent first.
    pub counted: &'a [(Value, u64)],
    /// All values are among them.
    pub exact: bool,
    /// Numbers, or times in microseconds, in order.
    pub sorted: &'a [f64],
    /// Of how many each stands for.
    pub weight: u64,
    pub note: Option<&'a str>,
}

pub(super) fn all(seen: &Seen) -> Vec<Suspicion> {
    let mut found = Vec::new();
    if seen.rows > 0 && seen.nulls == seen.rows {
        found.push(plain(SuspicionKind::Empty, seen.rows));
        return found;
    }
    if seen.distinct.value == 1 && !seen.distinct.about && seen.nulls == 0 && seen.rows > 1 {
        let examples = seen.counted.iter().take(1).map(|(value, _)| value.to_string()).collect();
        found.push(Suspicion { examples, ..plain(SuspicionKind::Constant, seen.rows) });
    }
    if seen.blanks > 0 {
        found.push(plain(SuspicionKind::Blank, seen.blanks));
    }
    match seen.ty {
        Some(ScalarType::Instant | ScalarType::Date) => times(seen, &mut found),
        Some(ScalarType::Text) => texts(seen, &mut found),
        Some(ScalarType::Int | ScalarType::Decimal | ScalarType::Float) => numbers(seen, &mut found),
        _ => {}
    }
    found.sort_by_key(|suspicion| suspicion.kind);
    found
}

/// A number as it is written in German, with points between thousands or without: `-1.234,50`, `12,5`, `7`.
fn has_decimal_comma(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = text.split_once(',').map_or((text, None), |(whole, places)| (whole, Some(places)));
    let mut thousands = whole.split('.');
    let first = thousands.next().unwrap_or_default();
    let rest: Vec<&str> = thousands.collect();
    let grouped = rest.is_empty() || first.len() <= 3;
    digits(first) && grouped && rest.iter().all(|part| part.len() == 3 && digits(part)) && places.is_none_or(digits)
}

fn plain(kind: SuspicionKind, rows: u64) -> Suspicion {
    Suspicion { kind, rows, about: false, examples: Vec::new() }
}

/// Further from all others than they are from each other.
fn times(seen: &Seen, found: &mut Vec<Suspicion>) {
    if seen.epoch_zero > 0 {
        found.push(plain(SuspicionKind::EpochZero, seen.epoch_zero));
    }
    let (Some(low), Some(high)) = (quantile(seen.sorted, 0.02), quantile(seen.sorted, 0.98)) else { return };
    if seen.sorted.len() < 20 {
        return;
    }
    // A log of one afternoon may well have a row of the day after.
    let span = (high - low).max(30.0 * 86_400e6);
    let late: Vec<f64> = seen.sorted.iter().copied().filter(|at| *at > high + span).collect();
    let early: Vec<f64> = seen.sorted.iter().copied().filter(|at| *at < low - span).collect();
    let shown = |at: &f64| Timestamp::from_microsecond(*at as i64).map(|at| at.to_string()).unwrap_or_default();
    for (kind, rows) in [(SuspicionKind::Future, late), (SuspicionKind::Past, early)] {
        if !rows.is_empty() {
            found.push(Suspicion {
                kind,
                rows: rows.len() as u64 * seen.weight,
                about: seen.weight > 1,
                examples: rows.iter().rev().take(TOLD).map(shown).collect(),
            });
        }
    }
}

fn texts(seen: &Seen, found: &mut Vec<Suspicion>) {
    let values =
        || seen.counted.iter().filter_map(|(value, _)| if let Value::Text(text) = value { Some(text) } else { None });
    if values().any(|text| text.contains(',')) && values().all(|text| has_decimal_comma(text.trim())) {
        let examples = values().filter(|text| text.contains(',')).take(TOLD).map(|text| format!("`{text}`")).collect();
        found.push(Suspicion { examples, ..plain(SuspicionKind::DecimalComma, seen.rows - seen.nulls) });
    }
    let mut placeholders = Suspicion { about: !seen.exact, ..plain(SuspicionKind::Placeholder, 0) };
    let mut alike: BTreeMap<String, Vec<(&str, u64)>> = BTreeMap::new();
    for (value, count) in seen.counted {
        let Value::Text(text) = value else { continue };
        let folded = text.trim().to_lowercase();
        if PLACEHOLDERS.contains(&folded.as_str()) {
            placeholders.rows += count;
            if placeholders.examples.len() < TOLD {
                placeholders.examples.push(text.clone());
            }
        }
        if seen.counted.len() <= WORDS && !folded.is_empty() {
            alike.entry(folded).or_default().push((text, *count));
        }
    }
    if placeholders.rows > 0 {
        found.push(placeholders);
    }
    let mixed: Vec<&Vec<(&str, u64)>> = alike.values().filter(|spellings| spellings.len() > 1).collect();
    if !mixed.is_empty() {
        // All but the most frequent spelling of each.
        let rows = mixed.iter().flat_map(|spellings| spellings.iter().skip(1)).map(|(_, count)| count).sum();
        let joined = |spellings: &&Vec<(&str, u64)>| {
            spellings.iter().take(TOLD).map(|(text, _)| format!("`{text}`")).collect::<Vec<_>>().join(" and ")
        };
        let examples = mixed.iter().take(TOLD).map(joined).collect();
        found.push(Suspicion { about: !seen.exact, examples, ..plain(SuspicionKind::MixedCase, rows) });
    }
    if let Some(note) = seen.note.filter(|_| found.iter().all(|s| s.kind != SuspicionKind::DecimalComma)) {
        let examples = vec![note.to_owned()];
        found.push(Suspicion { examples, ..plain(SuspicionKind::MostlyNumbers, seen.rows - seen.nulls) });
    }
}

/// One number that lies far out and is there again and again: `-1`, `999999`.
fn numbers(seen: &Seen, found: &mut Vec<Suspicion>) {
    let (Some(low), Some(high)) = (quantile(seen.sorted, 0.1), quantile(seen.sorted, 0.9)) else { return };
    let span = high - low;
    let far = |number: f64| span > 0.0 && (number > high + 20.0 * span || number < low - 20.0 * span);
    let often = (seen.rows / 1000).max(3);
    for (value, count) in seen.counted.iter().take(100) {
        let number = match value {
            Value::Int(n) => *n as f64,
            Value::Decimal(d) => d.to_f64(),
            Value::Float(r) => r.get(),
            _ => continue,
        };
        if *count >= often && far(number) {
            let examples = vec![value.to_string()];
            found.push(Suspicion { about: !seen.exact, examples, ..plain(SuspicionKind::Sentinel, *count) });
        }
    }
}
