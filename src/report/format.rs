//! Numbers, dates and words as a reader of English sees them: `1,234.5`, `65.6 %`, `GBP 1,234.50`, `30 Sep 2011`.

use jiff::civil::{Date, DateTime};

use crate::report::NumberFormat;

/// What stands where there is no number.
pub const NO_DATA: &str = "no data";

/// A number in its format, unit included: `1,234.5`, `65.6 %`, `GBP 1,234.50`, `3.1 minutes`.
///
/// No more digits after the point than the format says, and none that only pretend to be precise (six significant digits;
/// whole numbers are never cut). A number that is not zero is not shown as zero. NaN is [`NO_DATA`].
pub fn number(value: f64, format: &NumberFormat) -> String {
    if value.is_nan() {
        return NO_DATA.to_owned();
    }
    let digits = plain(if format.percent { value * 100.0 } else { value }, format.decimals, format.currency);
    with_unit(&digits, format)
}

/// A number in its format, or [`NO_DATA`].
pub fn optional(value: Option<f64>, format: &NumberFormat) -> String {
    value.map_or_else(|| NO_DATA.to_owned(), |value| number(value, format))
}

/// A difference of two numbers of this format, with its sign: `+12.5 minutes`, `-GBP 3.20`; of two shares in points:
/// `+2.1 points`.
pub fn difference(value: f64, format: &NumberFormat) -> String {
    if value.is_nan() {
        return NO_DATA.to_owned();
    }
    let shown = if format.percent {
        let points = plain(value.abs() * 100.0, format.decimals, false);
        format!("{points} {}", if points == "1" { "point" } else { "points" })
    } else {
        number(value.abs(), format)
    };
    format!("{}{shown}", sign(value, &shown))
}

/// A relative change with its sign: `+3.4 %`. The argument is the share, 0.034.
pub fn change(share: f64) -> String {
    if share.is_nan() {
        return NO_DATA.to_owned();
    }
    let shown = plain(share.abs() * 100.0, 1, false);
    format!("{}{shown} %", sign(share, &shown))
}

/// A share: `65.6 %`.
pub fn share(share: f64) -> String {
    if share.is_nan() { NO_DATA.to_owned() } else { format!("{} %", plain(share * 100.0, 1, false)) }
}

/// A share where there is little room: `66 %`.
pub fn brief_share(share: f64) -> String {
    if share.is_nan() { NO_DATA.to_owned() } else { format!("{} %", short((share * 100.0).round())) }
}

/// A difference of two shares, in points, with its sign: `+2.1`.
pub fn points(difference: f64) -> String {
    let shown = plain(difference.abs() * 100.0, 1, false);
    format!("{}{shown}", sign(difference, &shown))
}

/// A confidence level in percent, as exact as it has to be: `95`, `99.58`.
pub fn level(level: f64) -> String {
    plain(level * 100.0, 2, false)
}

/// `1,234`.
pub fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// A length of time in the unit that fits: `45 seconds`, `3.5 hours`, `12 days`.
pub fn seconds(seconds: f64) -> String {
    if seconds.is_nan() {
        return NO_DATA.to_owned();
    }
    let units = [(86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"), (1.0, "second")];
    let (size, noun) = units.into_iter().find(|(size, _)| seconds.abs() >= *size).unwrap_or((1.0, "second"));
    let shown = plain(seconds / size, 1, false);
    let noun = if shown == "1" { noun.to_owned() } else { plural_of(noun) };
    format!("{shown} {noun}")
}

/// The first characters of a text that has more.
pub fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// A short form for the ticks of an axis, without the unit: `1.2M`, `950`, `0.25`; shares as `25 %`.
pub fn compact(value: f64, format: &NumberFormat) -> String {
    if value.is_nan() {
        return NO_DATA.to_owned();
    }
    if format.percent {
        return format!("{} %", short(value * 100.0));
    }
    short(value)
}

fn short(value: f64) -> String {
    const STEPS: [(f64, &str); 4] = [(1e3, "k"), (1e6, "M"), (1e9, "B"), (1e12, "T")];
    let size = value.abs();
    // 999,950 is 1M, not 1000k.
    match STEPS.iter().rev().find(|(step, _)| size >= step * 0.99995) {
        Some((step, suffix)) if size < 1e16 => format!("{}{suffix}", significant(value / step, 3, 1)),
        Some(_) => plain(value, 0, false),
        None => significant(value, 3, 6),
    }
}

/// So many significant digits, but no more than so many after the point, without zeros at the end.
fn significant(value: f64, digits: i32, most_decimals: i32) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let decimals = (digits - 1 - magnitude).clamp(0, most_decimals);
    trimmed(format!("{value:.*}", usize::try_from(decimals).unwrap_or(0)))
}

/// Digits with thousands separators.
fn plain(value: f64, most_decimals: u8, currency: bool) -> String {
    let size = value.abs();
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { "-∞".to_owned() };
    }
    if size >= 1e15 {
        return scientific(value);
    }
    let magnitude = if size >= 1.0 { size.log10().floor() as usize + 1 } else { 1 };
    let decimals = usize::from(most_decimals);
    if currency {
        let decimals = if size >= 100_000.0 { 0 } else { decimals };
        let shown = unsigned_zero(format!("{value:.decimals$}"));
        return if is_zero(&shown) && value != 0.0 { small(value) } else { grouped(&shown) };
    }
    let shown = trimmed(format!("{value:.*}", decimals.min(6usize.saturating_sub(magnitude))));
    if is_zero(&shown) && value != 0.0 { small(value) } else { grouped(&shown) }
}

/// A number that would be rounded to zero: two significant digits.
fn small(value: f64) -> String {
    if value.abs() < 1e-6 {
        return scientific(value);
    }
    let decimals = (1.0 - value.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    trimmed(format!("{value:.decimals$}"))
}

fn scientific(value: f64) -> String {
    let text = format!("{value:.2e}");
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{}e{exponent}", trimmed(digits.to_owned())),
        None => text,
    }
}

/// Without zeros at the end of the fraction, and without a minus before zero.
fn trimmed(text: String) -> String {
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    unsigned_zero(text)
}

fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if is_zero(rest) => rest.to_owned(),
        _ => text,
    }
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0' | b'.' | b'-'))
}

/// Thousands separators in the whole part.
pub(crate) fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut out = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

fn with_unit(digits: &str, format: &NumberFormat) -> String {
    if format.percent {
        return format!("{digits} %");
    }
    match (format.currency, format.unit.as_str()) {
        (_, "") => digits.to_owned(),
        (true, code) => match digits.strip_prefix('-') {
            Some(rest) => format!("-{code} {rest}"),
            None => format!("{code} {digits}"),
        },
        (false, unit) => format!("{digits} {unit}"),
    }
}

/// The sign of a difference; none where it is shown as zero.
fn sign(value: f64, shown: &str) -> &'static str {
    let shows_zero = !shown.chars().any(|c| c.is_ascii_digit() && c != '0' || c == '∞');
    match value {
        _ if shows_zero => "",
        v if v < 0.0 => "-",
        _ => "+",
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn month(date: Date) -> &'static str {
    usize::try_from(date.month() - 1).ok().and_then(|i| MONTHS.get(i)).copied().unwrap_or("")
}

/// `30 Sep 2011`.
pub fn date(date: Date) -> String {
    format!("{} {} {}", date.day(), month(date), date.year())
}

/// `30 Sep 2011 14:05`; at midnight the date alone.
pub fn datetime(local: DateTime) -> String {
    if local.hour() == 0 && local.minute() == 0 {
        return date(local.date());
    }
    format!("{} {:02}:{:02}", date(local.date()), local.hour(), local.minute())
}

/// First and last day, without repeating what they share: `1 Jul to 30 Sep 2011`.
pub fn date_range(first: Date, last: Date) -> String {
    if first == last {
        date(first)
    } else if first.year() == last.year() && first.month() == last.month() {
        format!("{} to {}", first.day(), date(last))
    } else if first.year() == last.year() {
        format!("{} {} to {}", first.day(), month(first), date(last))
    } else {
        format!("{} to {}", date(first), date(last))
    }
}

/// `1 objective`, `2 objectives`, `1,234 countries`.
pub fn plural(count: u64, noun: &str) -> String {
    format!("{} {}", grouped(&count.to_string()), if count == 1 { noun.to_owned() } else { plural_of(noun) })
}

/// The plural of an English noun: `countries`, `classes`, `days`.
pub fn plural_of(noun: &str) -> String {
    let vowel_before_y = ["ay", "ey", "iy", "oy", "uy"].iter().any(|end| noun.ends_with(end));
    if let (Some(stem), false) = (noun.strip_suffix('y'), vowel_before_y) {
        format!("{stem}ies")
    } else if ["s", "x", "z", "ch", "sh"].iter().any(|end| noun.ends_with(end)) {
        format!("{noun}es")
    } else {
        format!("{noun}s")
    }
}

/// `a`, `a and b`, `a, b, and c`.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first, second] => format!("{} and {}", first.as_ref(), second.as_ref()),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{}, and {}", rest.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::*;

    fn format(percent: bool, unit: &str, currency: bool, decimals: u8) -> NumberFormat {
        NumberFormat { percent, unit: unit.to_owned(), currency, decimals }
    }

    #[test]
    fn numbers() {
        let none = format(false, "", false, 2);
        let share = format(true, "", false, 1);
        let money = format(false, "GBP", true, 2);
        let minutes = format(false, "minutes", false, 1);
        let cases: &[(f64, &NumberFormat, &str)] = &[
            (1234.5, &none, "1,234.5"),
            (1234.0, &none, "1,234"),
            (1_234_567.0, &none, "1,234,567"),
            (1_234_567.89, &none, "1,234,568"),
            (12_345.678, &none, "12,345.7"),
            (0.0, &none, "0"),
            (-0.0, &none, "0"),
            (-0.001, &none, "-0.001"),
            (0.000_423, &none, "0.00042"),
            (4.2e-9, &none, "4.2e-9"),
            (1.5e18, &none, "1.5e18"),
            (-999.999, &none, "-1,000"),
            (f64::NAN, &none, "no data"),
            (f64::NEG_INFINITY, &none, "-∞"),
            (0.656, &share, "65.6 %"),
            (0.65, &share, "65 %"),
            (1.0, &share, "100 %"),
            (0.0001, &share, "0.01 %"),
            (1234.5, &money, "GBP 1,234.50"),
            (-1234.5, &money, "-GBP 1,234.50"),
            (0.0, &money, "GBP 0.00"),
            (-0.0, &money, "GBP 0.00"),
            (0.004, &money, "GBP 0.004"),
            (10_644_560.42, &money, "GBP 10,644,560"),
            (3.12, &minutes, "3.1 minutes"),
            (-3.0, &minutes, "-3 minutes"),
        ];
        for (value, format, expected) in cases {
            assert_eq!(number(*value, format), *expected, "{value}");
        }
    }

    #[test]
    fn changes_and_differences() {
        let share = format(true, "", false, 1);
        let money = format(false, "GBP", true, 2);
        assert_eq!(change(0.034), "+3.4 %");
        assert_eq!(change(-0.034), "-3.4 %");
        assert_eq!(change(0.0), "0 %");
        assert_eq!(change(-0.0), "0 %");
        assert_eq!(change(12.0), "+1,200 %");
        assert_eq!(difference(0.021, &share), "+2.1 points");
        assert_eq!(difference(-0.01, &share), "-1 point");
        assert_eq!(difference(-3.2, &money), "-GBP 3.20");
        assert_eq!(difference(0.0, &money), "GBP 0.00");
        assert_eq!(optional(None, &money), "no data");
    }

    #[test]
    fn ticks() {
        let none = format(false, "", false, 2);
        let cases = [
            (0.0, "0"),
            (0.25, "0.25"),
            (950.0, "950"),
            (1200.0, "1.2k"),
            (1000.0, "1k"),
            (250_000.0, "250k"),
            (999_999.0, "1M"),
            (1_200_000.0, "1.2M"),
            (-2_500_000_000.0, "-2.5B"),
            (3e12, "3T"),
        ];
        for (value, expected) in cases {
            assert_eq!(compact(value, &none), expected, "{value}");
        }
        assert_eq!(compact(0.25, &format(true, "", false, 1)), "25 %");
        assert_eq!(compact(5e20, &none), "5e20");
    }

    #[test]
    fn dates() {
        assert_eq!(date(day(2011, 9, 30)), "30 Sep 2011");
        assert_eq!(datetime(day(2011, 9, 30).at(14, 5, 0, 0)), "30 Sep 2011 14:05");
        assert_eq!(datetime(day(2011, 9, 30).at(0, 0, 0, 0)), "30 Sep 2011");
        assert_eq!(date_range(day(2011, 7, 1), day(2011, 9, 30)), "1 Jul to 30 Sep 2011");
        assert_eq!(date_range(day(2011, 9, 1), day(2011, 9, 30)), "1 to 30 Sep 2011");
        assert_eq!(date_range(day(2010, 12, 1), day(2011, 1, 31)), "1 Dec 2010 to 31 Jan 2011");
        assert_eq!(date_range(day(2011, 1, 1), day(2011, 1, 1)), "1 Jan 2011");
    }

    #[test]
    fn words() {
        assert_eq!(plural(1, "objective"), "1 objective");
        assert_eq!(plural(0, "objective"), "0 objectives");
        assert_eq!(plural(1234, "country"), "1,234 countries");
        assert_eq!(plural(2, "day"), "2 days");
        assert_eq!(plural(2, "class"), "2 classes");
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!(list(&["a", "b", "c"]), "a, b, and c");
    }

    #[test]
    fn shares_and_times_of_a_journey() {
        assert_eq!([share(0.6556), share(1.0), share(f64::NAN)], ["65.6 %", "100 %", "no data"]);
        assert_eq!([brief_share(0.6556), brief_share(0.0)], ["66 %", "0 %"]);
        assert_eq!([points(0.021), points(-0.3), points(0.0)], ["+2.1", "-30", "0"]);
        assert_eq!([level(0.95), level(1.0 - 0.05 / 3.0)], ["95", "98.33"]);
        let lengths = [1.0, 45.0, 60.0, 5400.0, 86_400.0, 190_080.0, 0.0].map(seconds);
        assert_eq!(lengths, ["1 second", "45 seconds", "1 minute", "1.5 hours", "1 day", "2.2 days", "0 seconds"]);
        assert_eq!([clipped("häuser", 6), clipped("häuser", 5)], ["häuser", "häus…"]);
    }
}
