//! Numbers and lengths of time as people write them, and how they are written here.

use crate::decimal::Decimal;
use crate::diag::Code;
use crate::syntax::expr::scan::{Before, Scan, continues_name, date, from, run, upto, word_length};

const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The units of lengths of time: short, the word, other spellings.
const UNITS: &[(&str, &str, &[&str])] = &[
    ("ms", "milliseconds", &["msec", "msecs", "millis", "millisecond", "MS"]),
    ("s", "seconds", &["second", "sec", "secs", "S"]),
    ("m", "minutes", &["minute", "min", "mins"]),
    ("h", "hours", &["hour", "hr", "hrs", "H"]),
    ("d", "days", &["day", "D"]),
    ("w", "weeks", &["week", "wk", "wks", "W"]),
    ("mo", "months", &["month", "mon", "mth", "mths", "mos", "Mo", "MO"]),
    ("q", "quarters", &["quarter", "qtr", "qtrs", "Q"]),
    ("y", "years", &["year", "yr", "yrs", "Y"]),
];

/// The short unit and the word of a spelling.
fn unit_of(spelling: &str) -> Option<(&'static str, &'static str)> {
    let found = UNITS.iter().find(|(s, w, other)| *s == spelling || *w == spelling || other.contains(&spelling));
    found.map(|(short, word, _)| (*short, *word))
}

fn is_short(word: &str) -> bool {
    UNITS.iter().any(|(short, ..)| *short == word)
}

/// The words that make a length of time of a number.
fn is_long(word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    singular == "period" || UNITS.iter().any(|(_, plural, _)| plural.strip_suffix('s') == Some(singular))
}

/// `30m` or `30 minutes`, as the cure for another spelling.
fn cure(number: &str, short: &str, word: &str) -> String {
    format!("write `{number}{short}` or `{number} {word}`")
}

impl Scan<'_> {
    fn value(&mut self, len: usize) {
        self.at += len;
        self.before = Before::Value;
    }

    /// `.5`
    pub(super) fn bare_fraction(&mut self) {
        let rest = self.rest();
        let len = 1 + run(from(rest, 1), |c| c.is_ascii_digit());
        let written = upto(rest, len).to_owned();
        let help = format!("write `0{written}`");
        self.report(Code::NumberSpelling, len, format!("`{written}` lacks a digit before its point"), help);
        self.value(len);
    }

    pub(super) fn number(&mut self) {
        let rest = self.rest();
        let digits = run(rest, |c| c.is_ascii_digit() || c == '_');
        let whole = upto(rest, digits).to_owned();
        let after = from(rest, digits);
        if digits == 4 && date::begins(after) {
            return self.date();
        }
        let fraction = after.strip_prefix('.').map(|f| run(f, |c| c.is_ascii_digit()));
        if fraction == Some(0) {
            let help = format!("write `{whole}`, or `{whole}.0`");
            self.report(Code::NumberSpelling, digits + 1, format!("`{whole}.` lacks a digit after its point"), help);
            return self.value(digits + 1);
        }
        let len = digits + fraction.map_or(0, |f| f + 1);
        let (number, after) = (upto(rest, len).to_owned(), from(rest, len).to_owned());
        let suffix = if after.starts_with('%') { "%" } else { upto(&after, word_length(&after)) };
        if self.misspelt(&number, &whole, suffix) {
            return self.value(len + suffix.len());
        }
        self.after_number(&number, fraction.is_some(), &after);
    }

    /// Reports digits that are no number.
    fn misspelt(&mut self, number: &str, whole: &str, suffix: &str) -> bool {
        let thousands = number.len() == 3 && upto(self.text, self.at).strip_suffix(',').is_some_and(ends_in_digit);
        let plain = number.replace('_', "");
        let (message, help) = if whole.ends_with('_') || whole.contains("__") {
            (format!("`{number}`: an underscore stands between two digits"), format!("write `{plain}{suffix}`"))
        } else if whole.starts_with('0') && thousands {
            (format!("`,{number}`: thousands are not parted by commas"), "write `1_000` or `1000`".to_owned())
        } else if whole.len() > 1 && whole.starts_with('0') {
            let stripped = plain.trim_start_matches('0');
            let zero = if stripped.is_empty() || stripped.starts_with('.') { "0" } else { "" };
            (format!("`{number}` begins with a zero"), format!("write `{zero}{stripped}{suffix}`"))
        } else if plain.parse::<Decimal>().is_err() {
            ("a number with too many digits".to_owned(), "a number has at most 38 digits".to_owned())
        } else {
            return false;
        };
        self.report(Code::NumberSpelling, number.len() + suffix.len(), message, help);
        true
    }

    fn after_number(&mut self, number: &str, has_fraction: bool, after: &str) {
        let len = number.len();
        if after.starts_with('%') {
            return self.value(len + 1);
        }
        if let Some(more) =
            after.strip_prefix('.').map(|m| run(m, |c| c.is_ascii_digit() || c == '.')).filter(|m| *m > 0)
        {
            let written = format!("{number}{}", upto(after, more + 1));
            let help = format!("write a number such as `{number}`, or the text `\"{written}\"`");
            self.report(Code::NumberSpelling, written.len(), format!("`{written}` is no number"), help);
            return self.value(written.len());
        }
        let suffix = upto(after, word_length(after));
        if !suffix.is_empty() {
            self.suffix(number, has_fraction, suffix);
            return self.value(len + suffix.len());
        }
        if let Some(right) = after.strip_prefix('-').filter(|r| r.starts_with(continues_name)) {
            let right = upto(right, word_length(right));
            let written = format!("{number}-{right}");
            let message = format!("`{written}` is neither a date nor a difference");
            self.report(
                Code::HyphenInName,
                written.len(),
                message,
                format!("write `{number} - {right}` for the difference"),
            );
            return self.value(written.len());
        }
        let spaces = run(after, |c| SPACE.contains(&c));
        let next = from(after, spaces);
        if spaces > 0 && next.starts_with('%') {
            let message = format!("`{number} %` holds a space");
            self.report(Code::NumberSpelling, len + spaces + 1, message, format!("write `{number}%`"));
            return self.value(len + spaces + 1);
        }
        let word = upto(next, word_length(next));
        if spaces > 0 && self.detached(number, has_fraction, word, len + spaces + word.len()) {
            return self.value(len + spaces + word.len());
        }
        self.value(len);
    }

    /// `30min`, `5USD`, `1.5h`, `7day_actives`: letters that stick to a number.
    fn suffix(&mut self, number: &str, has_fraction: bool, suffix: &str) {
        let written = format!("{number}{suffix}");
        let len = written.len();
        if is_short(suffix) && !has_fraction {
            self.length_count(number, &written, len);
        } else if let Some((_, word)) = unit_of(suffix).filter(|_| has_fraction) {
            let message = format!("`{written}` is no whole number of a unit");
            let help = format!("write a whole number of a smaller unit; a number that has a unit is `{number} {word}`");
            self.report(Code::DurationSpelling, len, message, help);
        } else if let Some((short, word)) = unit_of(suffix) {
            self.report(
                Code::DurationSpelling,
                len,
                format!("`{written}` is no length of time"),
                cure(number, short, word),
            );
        } else if suffix == "M" {
            let message = format!("`{written}` can be read as minutes, months or millions");
            let help = format!("write `{number}m` for minutes, `{number}mo` for months; a million is written out");
            self.report(Code::DurationSpelling, len, message, help);
        } else if number.len() == 4 && matches!(suffix.as_bytes(), [b'q' | b'Q', b'1'..=b'4']) {
            let help = format!("write `{number}-{}`", suffix.to_ascii_uppercase());
            self.report(Code::PeriodSpelling, len, format!("`{written}` is no period"), help);
        } else if suffix.len() == 3 && suffix.bytes().all(|b| b.is_ascii_uppercase()) {
            let message = format!("`{written}`: a unit stands apart from its number");
            self.report(Code::NumberSpelling, len, message, format!("write `{number} {suffix}`"));
        } else if matches!(suffix, "k" | "K" | "bn") || is_exponent(suffix) {
            self.report(
                Code::NumberSpelling,
                len,
                format!("`{written}` is no number"),
                "write it out, such as `10_000`",
            );
        } else {
            let message = format!("`{written}` is neither a number nor a name");
            let help = format!(
                "a name that begins with a digit is written `` `{written}` ``; a unit stands apart from its number"
            );
            self.report(Code::NumberSpelling, len, message, help);
        }
    }

    /// The number of a length of time that is written as it should be.
    fn length_count(&mut self, number: &str, written: &str, len: usize) -> bool {
        let plain = number.replace('_', "");
        if plain.len() < number.len() {
            let help = format!("write `{}`", written.replacen(number, &plain, 1));
            let message = format!("`{written}`: a length of time holds no underscore");
            self.report(Code::DurationSpelling, len, message, help);
        } else if plain.parse::<u32>().is_err() {
            let help = format!("a length of time counts at most {}", u32::MAX);
            self.report(Code::DurationSpelling, len, format!("`{written}` is too long"), help);
        } else {
            return false;
        }
        true
    }

    /// `30 m`, `30 min`: true when it was a slip.
    fn detached(&mut self, number: &str, has_fraction: bool, word: &str, len: usize) -> bool {
        let written = format!("{number} {word}");
        if is_long(word) {
            return !has_fraction && self.length_count(number, &written, len);
        }
        let Some((short, long)) = unit_of(word) else { return false };
        let help = if has_fraction { format!("write `{number} {long}`") } else { cure(number, short, long) };
        let message = format!("`{written}` is no length of time: a short unit sticks to its number");
        self.report(Code::DurationSpelling, len, message, help);
        true
    }
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

fn is_exponent(suffix: &str) -> bool {
    suffix.strip_prefix(['e', 'E']).is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit()))
}
