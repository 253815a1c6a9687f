//! What the values of a column of text look like, all of them.

use kepi_lang::ir::{Item, Numbers, ScalarType};
use serde::{Deserialize, Serialize};

use crate::sources::finding::quoted;
use crate::sources::iso::{self, Iso};
use crate::sources::numbers::{COMMA, POINT, plain};
use crate::sources::text::is_blank;
use crate::sources::text::json::Kind;

/// The most decimal places that are kept exact; more are a float.
const PLACES: usize = 18;
/// Digits of the largest exact number.
const DIGITS: usize = 38;

/// What one value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Bool,
    Int { digits: usize, fits: bool },
    Decimal { whole: usize, places: usize },
    Float,
    Date,
    Naive,
    Aware,
    Text,
}

/// What a column's values look like together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Held {
    bools: u64,
    ints: u64,
    decimals: u64,
    floats: u64,
    dates: u64,
    naive: u64,
    aware: u64,
    texts: u64,
    /// JSON arrays, and what their elements look like.
    lists: u64,
    elements: Option<Box<Self>>,
    whole: usize,
    places: usize,
    /// An integer that is no `i64`.
    beyond: bool,
    /// The first value that is no number, and its row.
    odd: Option<(String, u64)>,
    /// The first number, and its row.
    number: Option<(String, u64)>,
    #[serde(default)]
    commas: Commas,
}

/// Numbers whose decimal places stand behind a comma, as far as texts look like it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Commas {
    /// Texts that are such numbers: `12,5`, `1.234,56`, and `1,234`, which may be another.
    all: u64,
    /// Of numbers with a point, those that may be thousands: `1.234`.
    thousands: u64,
    /// Points stand between thousands before a comma.
    grouped: bool,
    /// The first that can be no other number, and its row.
    plain: Option<(String, u64)>,
}

/// What of a column says how the numbers of its files are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// All values are numbers with commas before decimal places, by a value that can be nothing else; with points between
    /// thousands or without.
    Comma { example: String, grouped: bool },
    /// Some have a point there.
    Point,
}

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub ty: ScalarType,
    pub naive: bool,
    /// Decimal places, of a decimal.
    pub scale: u8,
    pub physical: &'static str,
    /// Why a column that is mostly numbers is none.
    pub note: Option<String>,
    pub written: Option<Written>,
}

impl Held {
    /// Counts one value in; `row` is one-based.
    pub fn see(&mut self, text: &str, row: u64, numbers: Numbers) {
        if is_blank(text) {
            return;
        }
        let look = look(text, numbers);
        if numbers == Numbers::default() {
            self.commas.see(look, text, row);
        }
        self.add(look, text, row);
    }

    /// Counts a JSON value in: a number in quotes is text, and so is `true`.
    pub fn see_value(&mut self, kind: Kind, text: &str, row: u64) {
        let look = match kind {
            Kind::Null => return,
            Kind::Text if is_blank(text) => return,
            Kind::Text => match look(text, Numbers::default()) {
                time @ (Look::Date | Look::Naive | Look::Aware) => time,
                _ => Look::Text,
            },
            Kind::Bool => Look::Bool,
            Kind::Number => match look(text, Numbers::default()) {
                // More digits than are kept exact are still a number.
                Look::Text if finite(text.as_bytes()) => Look::Float,
                look => look,
            },
            Kind::List => {
                self.lists += 1;
                let of = self.elements.get_or_insert_default();
                let all: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
                all.iter().for_each(|element| of.see_element(element, row));
                Look::Text
            }
        };
        self.add(look, text, row);
    }

    fn see_element(&mut self, element: &serde_json::Value, row: u64) {
        use serde_json::Value;
        match element {
            Value::Null => {}
            Value::Bool(_) => self.add(Look::Bool, "", row),
            Value::Number(number) => self.see_value(Kind::Number, &number.to_string(), row),
            Value::String(text) => self.see_value(Kind::Text, text, row),
            Value::Array(_) | Value::Object(_) => self.add(Look::Text, "", row),
        }
    }

    fn add(&mut self, look: Look, text: &str, row: u64) {
        let slot = if matches!(look, Look::Int { .. } | Look::Decimal { .. } | Look::Float) {
            &mut self.number
        } else {
            &mut self.odd
        };
        if slot.is_none() {
            *slot = Some((text.to_owned(), row));
        }
        match look {
            Look::Bool => self.bools += 1,
            Look::Int { digits, fits } => {
                self.ints += 1;
                self.whole = self.whole.max(digits);
                self.beyond |= !fits;
            }
            Look::Decimal { whole, places } => {
                self.decimals += 1;
                self.whole = self.whole.max(whole);
                self.places = self.places.max(places);
            }
            Look::Float => self.floats += 1,
            Look::Date => self.dates += 1,
            Look::Naive => self.naive += 1,
            Look::Aware => self.aware += 1,
            Look::Text => self.texts += 1,
        }
    }

    /// The type of a column that several files hold, each with its name.
    pub fn together(parts: &[(&str, &Self)]) -> Found {
        let sum = |of: fn(&Self) -> u64| parts.iter().map(|(_, held)| of(held)).sum::<u64>();
        let (ints, decimals, floats) = (sum(|h| h.ints), sum(|h| h.decimals), sum(|h| h.floats));
        let (bools, texts) = (sum(|h| h.bools), sum(|h| h.texts));
        let (dates, naive, aware) = (sum(|h| h.dates), sum(|h| h.naive), sum(|h| h.aware));
        let whole = parts.iter().map(|(_, h)| h.whole).max().unwrap_or_default();
        let places = parts.iter().map(|(_, h)| h.places).max().unwrap_or_default();
        let beyond = parts.iter().any(|(_, h)| h.beyond);
        let numbers = ints + decimals + floats;
        let times = dates + naive + aware;
        let all = numbers + bools + times + texts;
        let written = written(parts, (ints, decimals, floats), all);
        let found = |ty, physical| Found { ty, naive: false, scale: 0, physical, note: None, written: written.clone() };
        if all == 0 {
            return found(ScalarType::Null, "nothing");
        }
        if numbers == all {
            let exact = floats == 0 && whole + places <= DIGITS;
            return if exact && decimals == 0 && !beyond {
                found(ScalarType::Int, "whole numbers")
            } else if exact {
                // At most `PLACES`, so it fits.
                Found { scale: places as u8, ..found(ScalarType::Decimal, "decimal numbers") }
            } else {
                found(ScalarType::Float, "numbers")
            };
        }
        if sum(|h| h.lists) == all {
            let elements: Vec<_> = parts.iter().filter_map(|(f, h)| Some((*f, h.elements.as_deref()?))).collect();
            // A list of nothing but nulls, or of times, is one of texts.
            let item = Item::of(Self::together(&elements).ty).unwrap_or(Item::Text);
            return found(ScalarType::List(item), "lists");
        }
        if bools == all {
            return found(ScalarType::Bool, "true and false");
        }
        if dates == all {
            return found(ScalarType::Date, "dates");
        }
        if aware == all {
            return found(ScalarType::Instant, "times with a zone");
        }
        if naive + dates == all {
            return Found { naive: true, ..found(ScalarType::Instant, "times without a zone") };
        }
        Found { note: comma(&written).or_else(|| note(parts, numbers, all)), ..found(ScalarType::Text, "text") }
    }
}

fn note(parts: &[(&str, &Held)], numbers: u64, all: u64) -> Option<String> {
    if numbers * 2 < all {
        return None;
    }
    let (file, (value, row)) = parts.iter().find_map(|(file, held)| Some((file, held.odd.as_ref()?)))?;
    Some(format!("{} in row {row} of `{file}` is not a number", quoted(value)))
}

impl Commas {
    fn see(&mut self, look: Look, text: &str, row: u64) {
        let bytes = text.as_bytes();
        let begins = |b: &u8| *b == b'-' || b.is_ascii_digit();
        match look {
            Look::Decimal { whole: 1..=3, places: 3 } if plain(COMMA, text).is_some() => self.thousands += 1,
            Look::Text if bytes.first().is_some_and(begins) && bytes.contains(&b',') => {
                let is_number = |numbers| plain(numbers, text).is_some_and(|text| number(text.as_bytes()).is_some());
                if !is_number(COMMA) {
                    return;
                }
                self.all += 1;
                self.grouped |= bytes.contains(&b'.');
                if self.plain.is_none() && !is_number(POINT) {
                    self.plain = Some((text.to_owned(), row));
                }
            }
            _ => {}
        }
    }
}

fn written(parts: &[(&str, &Held)], (ints, decimals, floats): (u64, u64, u64), all: u64) -> Option<Written> {
    let sum = |of: fn(&Commas) -> u64| parts.iter().map(|(_, held)| of(&held.commas)).sum::<u64>();
    let thousands = sum(|c| c.thousands);
    if decimals > thousands || floats > 0 {
        return Some(Written::Point);
    }
    let (file, (value, row)) = parts.iter().find_map(|(file, held)| Some((file, held.commas.plain.as_ref()?)))?;
    let grouped = thousands > 0 || parts.iter().any(|(_, held)| held.commas.grouped);
    let example = format!("{} in row {row} of `{file}`", quoted(value));
    (sum(|c| c.all) + thousands + ints == all).then_some(Written::Comma { example, grouped })
}

fn comma(written: &Option<Written>) -> Option<String> {
    let Some(Written::Comma { example, grouped }) = written else { return None };
    let more = if *grouped { "`, `thousands: \".\"" } else { "" };
    Some(format!("{example} has a decimal comma: say `decimal: \",\"{more}` where the files are named"))
}

fn look(text: &str, numbers: Numbers) -> Look {
    let bytes = text.as_bytes();
    let first = bytes.first().copied().unwrap_or_default();
    if first == b'-' || first.is_ascii_digit() {
        if let Some(number) = plain(numbers, text).and_then(|text| number(text.as_bytes())) {
            return number;
        }
        return match iso::parse(bytes) {
            Some(Iso::Date(_)) => Look::Date,
            Some(Iso::Naive(_)) => Look::Naive,
            Some(Iso::Aware(_)) => Look::Aware,
            None => Look::Text,
        };
    }
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") { Look::Bool } else { Look::Text }
}

/// A number as programs write it: no `+`, no leading zeros, digits on both sides of the point.
fn number(bytes: &[u8]) -> Option<Look> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let whole = run(digits);
    if whole == 0 || (whole > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    let rest = digits.get(whole..)?;
    let (places, rest) = match rest.split_first() {
        Some((b'.', fraction)) => {
            let places = run(fraction);
            (if places > 0 { Some(places) } else { return None }, fraction.get(places..)?)
        }
        _ => (None, rest),
    };
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let exponent = exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
        let sound = !exponent.is_empty() && run(exponent) == exponent.len();
        return sound.then_some(Look::Float).filter(|_| finite(bytes));
    }
    if !rest.is_empty() {
        return None;
    }
    match places {
        None if whole > DIGITS => None,
        None => {
            let fits = whole < 19 || std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<i64>().is_ok());
            Some(Look::Int { digits: whole, fits })
        }
        Some(places) if places > PLACES || whole > DIGITS => Some(Look::Float).filter(|_| finite(bytes)),
        Some(places) => Some(Look::Decimal { whole, places }),
    }
}

fn run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn finite(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite))
}

#[cfg(test)]
mod tests {
    use kepi_lang::ir::Numbers;
    use kepi_lang::ir::ScalarType::{self, Bool, Date, Decimal, Float, Instant, Int, Null, Text};

    use super::Held;

    #[test]
    fn types_of_columns() {
        let cases: &[(&[&str], ScalarType, bool, u8)] = &[
            (&["", " "], Null, false, 0),
            (&["1", "-2", "", "0"], Int, false, 0),
            (&["1", "2.50", "3.125"], Decimal, false, 3),
            (&["9223372036854775807"], Int, false, 0),
            (&["9223372036854775808", "1"], Decimal, false, 0),
            (&["1", "1e3"], Float, false, 0),
            (&["0.1234567890123456789"], Float, false, 0),
            (&["007"], Text, false, 0),
            (&["+1"], Text, false, 0),
            (&[" 1"], Text, false, 0),
            (&[".5"], Text, false, 0),
            (&["1,000"], Text, false, 0),
            (&["NaN"], Text, false, 0),
            (&["true", "FALSE"], Bool, false, 0),
            (&["true", "1"], Text, false, 0),
            (&["2024-02-29"], Date, false, 0),
            (&["2023-02-29"], Text, false, 0),
            (&["2024-02-29 10:00"], Instant, true, 0),
            (&["2024-02-29", "2024-02-29T10:00:00.5"], Instant, true, 0),
            (&["2024-02-29T10:00:00Z", "2024-02-29 10:00:00+02:00"], Instant, false, 0),
            (&["2024-02-29T10:00:00Z", "2024-02-29 10:00:00"], Text, false, 0),
            (&["2024-02-29", "5"], Text, false, 0),
        ];
        for (values, ty, naive, scale) in cases {
            let mut held = Held::default();
            values.iter().enumerate().for_each(|(i, v)| held.see(v, i as u64 + 1, Numbers::default()));
            let found = Held::together(&[("a.csv", &held)]);
            assert_eq!((found.ty, found.naive, found.scale), (*ty, *naive, *scale), "{values:?}");
        }
    }

    #[test]
    fn a_number_column_names_the_value_that_is_none() {
        let (mut a, mut b) = (Held::default(), Held::default());
        a.see("12", 1, Numbers::default());
        b.see("13", 1, Numbers::default());
        b.see("n/a", 2, Numbers::default());
        let found = Held::together(&[("a.csv", &a), ("b.csv", &b)]);
        assert_eq!(found.note.as_deref(), Some("`n/a` in row 2 of `b.csv` is not a number"));
    }
}
