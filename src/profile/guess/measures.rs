//! What could be measured: numbers to add up or to look at the middle of, flags, dimensions.

use crate::ir::ScalarType;
use crate::profile::guess::units::unit;
use crate::profile::guess::{Guess, named_id};
use crate::profile::names::words;
use crate::profile::{Column, Profile};
use crate::value::Value;

/// A column of numbers, and how it goes together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    pub column: String,
    /// Its sum says something; else its middle does.
    pub adds_up: bool,
}

/// A column that is true or false, as such or in two words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    pub column: String,
    /// The word that means yes; `None` for a column of true and false.
    pub yes: Option<String>,
}

const ADDS: [&str; 22] = [
    "amount", "revenue", "value", "sales", "cost", "costs", "charge", "charges", "fee", "fees", "payment", "spend",
    "income", "quantity", "qty", "items", "units", "bytes", "duration", "count", "points", "turnover",
];
const MIDDLE: [&str; 16] = [
    "price",
    "latency",
    "elapsed",
    "age",
    "score",
    "rating",
    "temperature",
    "weight",
    "height",
    "tenure",
    "monthly",
    "rate",
    "speed",
    "distance",
    "load",
    "position",
];
/// Numbers that are no amounts.
const NO_MEASURE: [&str; 19] = [
    "timestamp",
    "ts",
    "epoch",
    "year",
    "month",
    "day",
    "week",
    "hour",
    "zip",
    "postcode",
    "lat",
    "lon",
    "latitude",
    "longitude",
    "index",
    "version",
    "phone",
    "port",
    "date",
];
const YES: [&str; 5] = ["yes", "true", "y", "ja", "oui"];
const NO: [&str; 5] = ["no", "false", "n", "nein", "non"];
const TELLING: [&str; 16] = [
    "churn",
    "churned",
    "cancelled",
    "canceled",
    "converted",
    "conversion",
    "active",
    "activated",
    "subscribed",
    "paid",
    "success",
    "failed",
    "refunded",
    "returned",
    "completed",
    "won",
];
const DIMENSIONS: [&str; 20] = [
    "country", "plan", "platform", "device", "channel", "category", "region", "segment", "source", "medium", "type",
    "kind", "tier", "language", "os", "browser", "contract", "product", "gender", "state",
];

/// Numbers worth measuring, the surest first.
pub fn measures(profile: &Profile, guess: &Guess) -> Vec<Measure> {
    let mut found: Vec<(usize, Measure)> = Vec::new();
    for column in profile.columns.iter().filter(|column| column.is_number()) {
        let words = words(&column.name);
        let has = |of: &[&str]| of.iter().any(|word| words.iter().any(|w| w == word));
        let varies = column.distinct.value > 2 && column.numbers.is_some();
        if !varies || named_id(column) || is_role(column, guess) || has(&NO_MEASURE) {
            continue;
        }
        let known = unit(column);
        let money = known.as_ref().and_then(|guess| guess.unit.as_deref());
        let money = money.is_some_and(|unit| unit.chars().all(|c| c.is_ascii_uppercase()));
        let adds_up = (has(&ADDS) || money) && !has(&MIDDLE);
        let rank = match (&known, adds_up || has(&MIDDLE)) {
            (Some(_), _) => 0,
            (None, true) => 1,
            (None, false) if matches!(column.ty, Some(ScalarType::Decimal | ScalarType::Float)) => 2,
            (None, false) if column.distinct.value > 20 => 3,
            _ => continue,
        };
        found.push((rank, Measure { column: column.name.clone(), adds_up }));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, measure)| measure).collect()
}

fn is_role(column: &Column, guess: &Guess) -> bool {
    let (clock, within) = (guess.clock.as_ref().map(|c| &c.role), guess.within.as_ref());
    let roles = [clock, guess.actor.as_ref(), within, guess.key.as_ref(), guess.event.as_ref()];
    roles.into_iter().flatten().any(|role| role.column == column.name)
}

/// Columns of true and false, of yes and no.
pub fn flags(profile: &Profile) -> Vec<Flag> {
    let flag = |column: &Column| {
        if column.ty == Some(ScalarType::Bool) && column.distinct.value == 2 {
            return Some(Flag { column: column.name.clone(), yes: None });
        }
        if !column.is_text() || column.distinct.value != 2 {
            return None;
        }
        let texts: Vec<&str> = column.top.iter().filter_map(|(value, _)| as_text(value)).collect();
        let one_of = |words: &[&str]| texts.iter().find(|text| words.contains(&text.to_lowercase().as_str()));
        let yes = one_of(&YES).filter(|_| one_of(&NO).is_some())?;
        Some(Flag { column: column.name.clone(), yes: Some((*yes).to_owned()) })
    };
    let mut found: Vec<Flag> = profile.columns.iter().filter_map(flag).collect();
    // What somebody decided or what went wrong says more than what somebody has.
    found.sort_by_key(|flag| !words(&flag.column).iter().any(|word| TELLING.contains(&word.as_str())));
    found
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Columns to break numbers down by, the surest first: text of few values.
pub fn dimensions(profile: &Profile, guess: &Guess) -> Vec<String> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for column in profile.columns.iter().filter(|column| column.is_text()) {
        let few = (2..=60).contains(&column.distinct.value) && !column.distinct.about;
        let filled = column.filled(profile.seen) * 2 >= profile.seen;
        if !few || !filled || named_id(column) || is_role(column, guess) || column.distinct.value * 4 > profile.seen {
            continue;
        }
        let words = words(&column.name);
        let rank = DIMENSIONS.iter().position(|d| words.iter().any(|w| w == d)).unwrap_or(DIMENSIONS.len());
        found.push((rank, &column.name));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, name)| name.to_owned()).collect()
}
