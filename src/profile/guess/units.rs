//! Units, by what columns are called and by what their numbers are.

use crate::profile::Column;
use crate::profile::names::words;

/// A unit that a column seems to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitGuess {
    /// As definitions write it; `None` where somebody must say which: money of an unknown currency.
    pub unit: Option<String>,
    pub why: String,
}

const TIMES: [(&[&str], &str); 7] = [
    (&["ms", "msec", "msecs", "millis", "millisecond", "milliseconds"], "ms"),
    (&["us", "usec", "micros", "microseconds"], "us"),
    (&["s", "sec", "secs", "second", "seconds"], "s"),
    (&["min", "mins", "minute", "minutes"], "minutes"),
    (&["h", "hr", "hrs", "hour", "hours"], "hours"),
    (&["day", "days"], "days"),
    (&["week", "weeks"], "weeks"),
];
const BYTES: [(&[&str], &str); 4] = [
    (&["byte", "bytes"], "bytes"),
    (&["kb", "kilobytes"], "kB"),
    (&["mb", "megabytes"], "MB"),
    (&["gb", "gigabytes"], "GB"),
];
const CURRENCIES: [&str; 14] =
    ["eur", "usd", "gbp", "chf", "jpy", "sek", "nok", "dkk", "pln", "czk", "aud", "cad", "inr", "brl"];
const LENGTHS: [&str; 6] = ["duration", "latency", "elapsed", "runtime", "watched", "listened"];
const MONEY: [&str; 14] = [
    "amount", "price", "revenue", "cost", "costs", "charge", "charges", "fee", "fees", "payment", "paid", "spend",
    "income", "turnover",
];
const SHARES: [&str; 5] = ["percent", "percentage", "pct", "prozent", "perc"];

/// Whether a word is the spelling of a unit.
pub fn is_unit(word: &str) -> bool {
    TIMES.iter().chain(&BYTES).any(|(spellings, _)| spellings.contains(&word)) || CURRENCIES.contains(&word)
}

/// The unit of a column of numbers; `None` where nothing speaks for one.
pub fn unit(column: &Column) -> Option<UnitGuess> {
    let numbers = column.numbers.as_ref().filter(|_| column.is_number())?;
    let words = words(&column.name);
    let last = words.last()?;
    let named = |unit: &str| {
        Some(UnitGuess { unit: Some(unit.to_owned()), why: format!("by its name, which ends in `{last}`") })
    };
    // `day` alone is a day, not a number of days.
    if words.len() > 1 {
        let table = TIMES.iter().chain(&BYTES);
        for (spellings, unit) in table {
            if spellings.contains(&last.as_str()) {
                return named(unit);
            }
        }
    }
    if let Some(code) = CURRENCIES.iter().find(|code| words.iter().any(|w| w == *code)) {
        return Some(UnitGuess { unit: Some(code.to_uppercase()), why: format!("by its name, which says `{code}`") });
    }
    if words.iter().any(|w| SHARES.contains(&w.as_str())) || column.name.contains('%') {
        return Some(UnitGuess { unit: Some("percent".to_owned()), why: "by its name".to_owned() });
    }
    if words.iter().any(|w| LENGTHS.contains(&w.as_str())) {
        let median = numbers.quantiles.get(3).copied().unwrap_or_default();
        let unit = if median > 2_000.0 && numbers.whole { "ms" } else { "s" };
        let why = format!("a length of time by its name; its middle value is {median}");
        return Some(UnitGuess { unit: Some(unit.to_owned()), why });
    }
    if words.iter().any(|w| MONEY.contains(&w.as_str())) {
        return Some(UnitGuess {
            unit: None,
            why: "money by its name, of a currency that the file does not say".to_owned(),
        });
    }
    None
}
