//! Numbers as people write them, as programs do: `1.234,5` is `1234.5` where commas stand before decimal places.

use std::borrow::Cow;

use kepi_lang::ir::Numbers;

/// As German files have them, with points between thousands or without.
pub(crate) const COMMA: Numbers = Numbers { comma: true, thousands: Some(b'.') };
/// As English ones have them, with commas between thousands or without.
pub(crate) const POINT: Numbers = Numbers { comma: false, thousands: Some(b',') };

/// The number as programs write it; `None` where it is not written so. What is left of the text may still be no number.
pub(crate) fn plain(numbers: Numbers, text: &str) -> Option<Cow<'_, str>> {
    if numbers == Numbers::default() {
        return Some(Cow::Borrowed(text));
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let between = numbers.thousands;
    let end = digits.bytes().position(|b| !b.is_ascii_digit() && Some(b) != between).unwrap_or(digits.len());
    let (whole, rest) = digits.split_at_checked(end)?;
    let whole = match between.map(char::from).filter(|between| whole.contains(*between)) {
        Some(between) => Cow::Owned(ungrouped(whole, between)?),
        None => Cow::Borrowed(whole),
    };
    let decimal = if numbers.comma { ',' } else { '.' };
    let (point, places) = match rest.strip_prefix(decimal) {
        Some(places) => (".", places),
        None if rest.is_empty() || rest.starts_with(['e', 'E']) => ("", rest),
        None => return None,
    };
    if whole.is_empty() || places.contains(['.', ',']) {
        return None;
    }
    if !numbers.comma && matches!(whole, Cow::Borrowed(_)) {
        return Some(Cow::Borrowed(text));
    }
    Some(Cow::Owned(format!("{sign}{whole}{point}{places}")))
}

/// Thousands stand in groups of three behind one to three digits that say something: `0.123` is no 123.
fn ungrouped(whole: &str, between: char) -> Option<String> {
    let mut groups = whole.split(between);
    let first = groups.next()?;
    let sound = (1..=3).contains(&first.len()) && !first.starts_with('0') && groups.all(|group| group.len() == 3);
    sound.then(|| whole.chars().filter(|c| *c != between).collect())
}

#[cfg(test)]
mod tests {
    use kepi_lang::ir::Numbers;

    use super::{COMMA, POINT, plain};

    #[test]
    fn as_people_write_them() {
        let comma = Numbers { comma: true, thousands: None };
        let swiss = Numbers { comma: false, thousands: Some(b'\'') };
        let cases: &[(Numbers, &str, Option<&str>)] = &[
            (comma, "12,5", Some("12.5")),
            (comma, "-0,05", Some("-0.05")),
            (comma, "7", Some("7")),
            (comma, "1,234", Some("1.234")),
            (comma, "1,5e3", Some("1.5e3")),
            (comma, "12.5", None),
            (comma, "1.234", None),
            (comma, "1.234,5", None),
            (comma, ",5", None),
            (comma, "1,2,3", None),
            (comma, "2024-02-29", None),
            (COMMA, "1.234,56", Some("1234.56")),
            (COMMA, "1.234", Some("1234")),
            (COMMA, "-1.234.567", Some("-1234567")),
            (COMMA, "1234,5", Some("1234.5")),
            (COMMA, "0.123", None),
            (COMMA, "12.34", None),
            (COMMA, "1.23,4", None),
            (COMMA, "1234.567", None),
            (COMMA, "1,234.5", None),
            (COMMA, "1..234", None),
            (COMMA, "1.234.", None),
            (COMMA, "01.02.2024", None),
            (POINT, "1,234.56", Some("1234.56")),
            (POINT, "1,234", Some("1234")),
            (POINT, "12,5", None),
            (POINT, "12.5", Some("12.5")),
            (swiss, "1'234.50", Some("1234.50")),
            (swiss, "1'23", None),
            (Numbers::default(), "1,5", Some("1,5")),
        ];
        for (numbers, text, expected) in cases {
            assert_eq!(plain(*numbers, text).as_deref(), *expected, "{numbers:?} {text}");
        }
    }
}
