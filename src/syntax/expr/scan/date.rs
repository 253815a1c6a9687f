//! Dates, periods and instants: which spellings the grammar knows, and the cure for the others.

use crate::diag::Code;
use crate::syntax::expr::scan::{Before, Scan, continues_name, from, run, upto};

/// Whether what follows four digits makes a date of them: a hyphen and then a digit, or `W` or `Q` and a digit.
pub(super) fn begins(after: &str) -> bool {
    match after.as_bytes() {
        [b'-', d, ..] if d.is_ascii_digit() => true,
        [b'-', b'w' | b'W' | b'q' | b'Q', d, ..] => d.is_ascii_digit(),
        _ => false,
    }
}

impl Scan<'_> {
    /// Four digits, a hyphen and more.
    pub(super) fn date(&mut self) {
        let rest = self.rest();
        let mut len = upto(rest, run(rest, |c| continues_name(c) || c == '-')).trim_end_matches('-').len();
        if upto(rest, len).contains('T') {
            // A time of day goes on with colons, a fraction and an offset.
            len = run(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '+'));
            len = upto(rest, len).trim_end_matches(['.', ':', '-', '+']).len();
        }
        let written = upto(rest, len).to_owned();
        let after = from(rest, len);
        let time = if written.len() == 10 { upto(after, time_of_day(after)).to_owned() } else { String::new() };
        if let Some(help) = slip(&written) {
            self.report(Code::PeriodSpelling, len, format!("`{written}` is no date or period"), help);
        } else if !time.is_empty() {
            len += time.len();
            let help = format!("write `{written}T{}`", time.trim_start());
            self.report(Code::PeriodSpelling, len, "a date and a time of day are joined by `T`", help);
        }
        self.at += len;
        self.before = Before::Value;
    }
}

/// The length of ` 10:30` or ` 10:30:00` after a date; 0 when there is none.
fn time_of_day(after: &str) -> usize {
    match shape(upto(after, 9)).as_str() {
        " 00:00:00" => 9,
        s if s.starts_with(" 00:00") => 6,
        _ => 0,
    }
}

/// The text with each digit as `0`.
fn shape(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

/// One digit or two, as two.
fn padded(text: &str) -> Option<String> {
    match shape(text).as_str() {
        "0" => Some(format!("0{text}")),
        "00" => Some(text.to_owned()),
        _ => None,
    }
}

/// The cure for a date that is not spelt in one of the forms; `None` when it is.
fn slip(text: &str) -> Option<String> {
    let (year, rest) = (upto(text, 4), from(text, 5));
    if let Some(week) = rest.strip_prefix(['W', 'w']) {
        return match padded(week) {
            Some(two) if text == format!("{year}-W{two}") => None,
            Some(two) => Some(format!("write `{year}-W{two}`")),
            None => Some(format!("write a week as `{year}-W07`")),
        };
    }
    if let Some(quarter) = rest.strip_prefix(['Q', 'q']) {
        return match quarter {
            "1" | "2" | "3" | "4" if rest.starts_with('Q') => None,
            "1" | "2" | "3" | "4" => Some(format!("write `{year}-Q{quarter}`")),
            _ => Some(format!("a year has the quarters `{year}-Q1` to `{year}-Q4`")),
        };
    }
    if text.contains('T') {
        let help = format!("write a date and a time as `{year}-03-01T10:30:00Z`, or without the `Z` for local time");
        return (!is_instant(text)).then_some(help);
    }
    let parts: Vec<_> = rest.split('-').map(padded).collect();
    let cure = match parts.as_slice() {
        [Some(month)] => format!("{year}-{month}"),
        [Some(month), Some(day)] => format!("{year}-{month}-{day}"),
        _ => return Some(format!("write a month as `{year}-03`, a day as `{year}-03-01`")),
    };
    (cure != text).then(|| format!("write `{cure}`; a difference has spaces around its `-`"))
}

/// `2026-03-01T10:00`, with seconds, a fraction, an offset. Whether the calendar has it is not asked here.
fn is_instant(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let local = match (time.strip_suffix('Z'), time.rfind(['+', '-'])) {
        (Some(local), _) => local,
        (None, Some(sign)) if shape(from(time, sign + 1)) == "00:00" => upto(time, sign),
        _ => time,
    };
    let clock = match local.split_once('.') {
        None => matches!(shape(local).as_str(), "00:00" | "00:00:00"),
        Some((clock, fraction)) => {
            shape(clock) == "00:00:00" && !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit())
        }
    };
    clock && shape(date) == "0000-00-00"
}
