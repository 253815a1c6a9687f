//! Which column is the time, which the actor, the key, the name of the event: guesses, each with its reason.

mod measures;
mod pairs;
mod units;

use crate::ir::ScalarType;
use crate::profile::names::words;
use crate::profile::text::grouped;
use crate::profile::{Column, Profile};

pub use measures::{Flag, Measure, dimensions, flags, measures};
pub use pairs::pairs;
pub use units::{UnitGuess, is_unit, unit};

/// A column that was taken for something, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub column: String,
    pub why: String,
}

/// How a time column is read where its type does not say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The file's own type, or ISO 8601.
    Plain,
    /// Counted since 1970: `epoch_s`, `epoch_ms`, `epoch_us`.
    Epoch(&'static str),
    /// Text by strptime directives; `true`: day and month could be the other way round.
    Pattern(String, bool),
}

/// The time of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    pub role: Role,
    pub written: Written,
    /// No zone is known of its times.
    pub naive: bool,
}

/// What a table seems to be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guess {
    pub clock: Option<Clock>,
    pub actor: Option<Role>,
    /// What the actors belong to, where one and the same identifier is somebody else in each.
    pub within: Option<Role>,
    pub key: Option<Role>,
    /// The column that names what happened.
    pub event: Option<Role>,
}

/// Words that name a clock, the surest first.
const CLOCKS: [&str; 16] = [
    "ts",
    "timestamp",
    "occurred",
    "happened",
    "time",
    "datetime",
    "at",
    "date",
    "when",
    "created",
    "started",
    "start",
    "began",
    "day",
    "dt",
    "ordered",
];
/// Words of times that are seldom when the row's thing happened.
const LATER: [&str; 14] = [
    "updated",
    "modified",
    "loaded",
    "ingested",
    "received",
    "processed",
    "uploaded",
    "server",
    "end",
    "ended",
    "until",
    "expires",
    "deleted",
    "birth",
];

const ACTORS: [&str; 26] = [
    "kunde",
    "kunden",
    "nutzer",
    "benutzer",
    "user",
    "customer",
    "account",
    "member",
    "client",
    "visitor",
    "subscriber",
    "player",
    "person",
    "actor",
    "device",
    "buyer",
    "guest",
    "patient",
    "student",
    "employee",
    "company",
    "organisation",
    "organization",
    "tenant",
    "anonymous",
    "distinct",
];
/// What the names of identifiers end in.
const IDS: [&str; 10] = ["id", "key", "uuid", "guid", "no", "number", "nr", "nummer", "pseudo", "code"];

const EVENTS: [&str; 6] = ["event", "action", "activity", "verb", "operation", "interaction"];
const KEYS: [&str; 8] = ["event", "insert", "message", "row", "record", "log", "transaction", "hit"];

/// Looks at names and values.
pub fn guess(profile: &Profile) -> Guess {
    let clock = clock(profile);
    let event = event(profile);
    let actor = actor(profile);
    let within = actor.as_ref().and_then(|actor| pairs::within(profile, actor));
    let key = key(profile, actor.as_ref());
    Guess { clock, actor, within, key, event }
}

fn has(words: &[String], of: &[&str]) -> Option<usize> {
    of.iter().position(|word| words.iter().any(|w| w == word))
}

fn clock(profile: &Profile) -> Option<Clock> {
    let mut best: Option<(i64, Clock)> = None;
    let mut candidates = 0;
    for column in &profile.columns {
        let Some(written) = written(column) else { continue };
        let words = words(&column.name);
        let filled = column.filled(profile.seen);
        // A time that most rows do not have is not when they happened.
        if filled * 2 < profile.seen.max(1) {
            continue;
        }
        candidates += 1;
        let named = has(&words, &CLOCKS);
        let mut score = named.map_or(0, |at| 200 - 4 * at as i64);
        score += if words.iter().any(|w| EVENTS.contains(&w.as_str())) { 60 } else { 0 };
        score -= if has(&words, &LATER).is_some() { 150 } else { 0 };
        score += (100 * filled / profile.seen.max(1)) as i64;
        score += match (&written, column.ty) {
            (Written::Plain, Some(ScalarType::Instant)) => 80,
            (Written::Plain, _) => 20,
            (Written::Epoch(_), _) => 40,
            (Written::Pattern(..), _) => 30,
        };
        let naive = match &written {
            Written::Plain => column.naive,
            Written::Epoch(_) => false,
            Written::Pattern(..) => true,
        };
        let role = Role { column: column.name.clone(), why: String::new() };
        if best.as_ref().is_none_or(|(other, _)| score > *other) {
            best = Some((score, Clock { role, written, naive }));
        }
    }
    let (_, mut clock) = best?;
    let how = match &clock.written {
        Written::Plain => String::new(),
        Written::Epoch(unit) => format!("; its numbers lie where `{unit}` gives years from 1990 to 2100"),
        Written::Pattern(pattern, _) => format!("; all its texts fit `{pattern}`"),
    };
    let which = match candidates {
        1 => "the only column of times".to_owned(),
        n => format!("of {n} columns of times the one named most like when something happened"),
    };
    clock.role.why = which + &how;
    Some(clock)
}

fn written(column: &Column) -> Option<Written> {
    match column.ty? {
        ScalarType::Instant | ScalarType::Date => Some(Written::Plain),
        ScalarType::Int | ScalarType::Float => {
            let words = words(&column.name);
            let named = has(&words, &CLOCKS).is_some() || words.iter().any(|w| w == "timestamp" || w == "epoch");
            let numbers = column.numbers.as_ref().filter(|n| named && n.whole)?;
            let (low, high) = (numbers.quantiles.first()?, numbers.quantiles.last()?);
            // 1990 to 2100, in seconds.
            let units = [("epoch_s", 1.0), ("epoch_ms", 1e3), ("epoch_us", 1e6)];
            let fits = |scale: f64| *low >= 631_152_000.0 * scale && *high <= 4_102_444_800.0 * scale;
            units.iter().find(|(_, scale)| fits(*scale)).map(|(unit, _)| Written::Epoch(unit))
        }
        ScalarType::Text => {
            let pattern = column.time_patterns.first()?;
            let both = |a: &str| column.time_patterns.iter().any(|p| p.starts_with(a));
            Some(Written::Pattern(pattern.clone(), both("%d/%m") && both("%m/%d")))
        }
        _ => None,
    }
}

fn is_identifier(column: &Column) -> bool {
    let ty = matches!(column.ty, Some(ScalarType::Text | ScalarType::Int | ScalarType::Decimal | ScalarType::Float));
    ty && column.numbers.as_ref().is_none_or(|numbers| numbers.whole)
}

/// Whether the name says that the column holds an identifier.
pub fn named_id(column: &Column) -> bool {
    let words = words(&column.name);
    let ends = words.last().is_some_and(|last| IDS.contains(&last.as_str()));
    let joined = words
        .last()
        .is_some_and(|last| last.len() > 3 && last.ends_with("id") && ACTORS.iter().any(|a| last.starts_with(a)));
    ends || joined
}

fn actor(profile: &Profile) -> Option<Role> {
    let mut best: Option<(i64, Role)> = None;
    for column in profile.columns.iter().filter(|column| is_identifier(column)) {
        let words = words(&column.name);
        let joined: String = words.concat();
        let named = ACTORS.iter().position(|actor| words.iter().any(|w| w == actor) || joined.starts_with(actor));
        let email = words.iter().any(|w| w == "email");
        let Some(at) = named.or(email.then_some(ACTORS.len())) else { continue };
        let id = named_id(column) || words.len() == 1;
        if (!id && !email) || column.distinct.value < 2 {
            continue;
        }
        let bare = words.len() == 1 && !joined.ends_with("id");
        let filled = column.filled(profile.seen) * 100 / profile.seen.max(1);
        let score = 400 - 10 * at as i64 + filled as i64 - if bare { 60 } else { 0 };
        if best.as_ref().is_none_or(|(other, _)| score > *other) {
            let each = profile.seen as f64 / column.distinct.value.max(1) as f64;
            let about = if column.distinct.about { "about " } else { "" };
            let many = grouped(column.distinct.value);
            let why = format!("named like who did it; {about}{many} of them, {each:.1} rows each");
            best = Some((score, Role { column: column.name.clone(), why }));
        }
    }
    best.map(|(_, role)| role)
}

fn key(profile: &Profile, actor: Option<&Role>) -> Option<Role> {
    // A part of the rows proves nothing about all.
    if profile.seen < 2 || profile.step > 1 {
        return None;
    }
    let unique =
        |column: &&Column| column.nulls == 0 && column.distinct.value == profile.seen && !column.distinct.about;
    let is_actor = |column: &Column| actor.is_some_and(|actor| actor.column == column.name);
    let mut best: Option<(usize, &Column)> = None;
    for column in profile.columns.iter().filter(|column| is_identifier(column)).filter(unique) {
        let words = words(&column.name);
        if !named_id(column) || is_actor(column) {
            continue;
        }
        let rank = has(&words, &KEYS).unwrap_or(if words.len() == 1 { KEYS.len() } else { KEYS.len() + 1 });
        if best.is_none_or(|(other, _)| rank < other) {
            best = Some((rank, column));
        }
    }
    let (_, column) = best?;
    let why = format!("no value is there twice in {} rows", grouped(profile.seen));
    Some(Role { column: column.name.clone(), why })
}

fn event(profile: &Profile) -> Option<Role> {
    let mut best: Option<(i64, Role)> = None;
    for column in profile.columns.iter().filter(|column| column.is_text()) {
        let words = words(&column.name);
        let few = column.distinct.value >= 2 && column.distinct.value <= 500 && !column.distinct.about;
        if !few || column.distinct.value * 2 > profile.seen || column.filled(profile.seen) * 10 < profile.seen * 9 {
            continue;
        }
        let Some(at) = has(&words, &EVENTS) else { continue };
        // `event_name`, `event_type`, `event`; not `event_category`, `event_country`.
        let rest = words.iter().filter(|w| !EVENTS.contains(&w.as_str()));
        let other: i64 = rest.map(|w| if ["name", "type", "kind"].contains(&w.as_str()) { 0 } else { 60 }).sum();
        let score = 200 - 10 * at as i64 - other;
        if score > 120 && best.as_ref().is_none_or(|(other, _)| score > *other) {
            let why = format!("named like what happened; {} names", column.distinct.value);
            best = Some((score, Role { column: column.name.clone(), why }));
        }
    }
    best.map(|(_, role)| role)
}
