//! How text files are read, as it is declared: separator, quotes, and how many bad rows a table may have.

use crate::decimal::Decimal;
use crate::diag::{Code, Diagnostic};
use crate::ir::{BadRows, Numbers, Quote, TextOptions};
use crate::syntax::document::{Text, TextDef};

pub(super) fn options(def: &TextDef, findings: &mut Vec<Diagnostic>) -> TextOptions {
    let mut wrong = |text: &Text, message: String, help: &str| {
        findings.push(Diagnostic::new(Code::WrongValue, text.span, message).help(help));
    };
    let mut options = TextOptions::default();
    if let Some(text) = &def.separator {
        options.separator = separator(&text.value);
        if options.separator.is_none() {
            let message = format!("`separator` is one character, not `{}`", text.value);
            wrong(text, message, "write `\",\"`, `\";\"`, `\"|\"` or `tab`, or leave it out: it is found out");
        }
    }
    if let Some(text) = &def.quote {
        options.quote =
            quote(&text.value).filter(|q| !matches!((q, options.separator), (Quote::Byte(q), Some(s)) if *q == s));
        if options.quote.is_none() {
            let message = format!("`quote` is one character other than the separator, not `{}`", text.value);
            wrong(text, message, "write `'\"'`, `\"'\"` or `none`, or leave it out: it is found out");
        }
    }
    if let Some(text) = &def.decimal {
        match text.value.as_str() {
            "." => {}
            "," => options.numbers.comma = true,
            other => {
                let message = format!("`decimal` is a point or a comma, not `{other}`");
                wrong(text, message, "write `decimal: \",\"` where numbers are written as `12,5`");
            }
        }
    }
    if let Some(text) = &def.thousands {
        options.numbers.thousands = thousands(&text.value, options.numbers);
        if options.numbers.thousands.is_none() {
            let message = match text.value.as_str() {
                "." | "," => format!("`{}` cannot stand before decimal places and between thousands", text.value),
                other => format!("`thousands` is a point, a comma, an apostrophe or a space, not `{other}`"),
            };
            wrong(
                text,
                message,
                "of `1.234,56` write `decimal: \",\"` and `thousands: \".\"`, of `1,234.56` `thousands: \",\"`",
            );
        }
    }
    if let Some(text) = &def.max_bad_rows {
        match bad_rows(&text.value) {
            Some(most) => options.max_bad_rows = most,
            None => {
                let message = format!("`max_bad_rows` is a number of rows or a share of them, not `{}`", text.value);
                wrong(text, message, "write a number such as `20`, or a share such as `0.1%`");
            }
        }
    }
    options
}

fn separator(text: &str) -> Option<u8> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Some(b'\t'),
        // A letter, a digit or a line end between fields would be in them, too.
        [byte] if byte.is_ascii_punctuation() || matches!(byte, b' ' | b'\t' | 1..=8 | 28..=31) => {
            Some(*byte).filter(|b| !matches!(b, b'"' | b'\'' | b'.' | b'-'))
        }
        _ => None,
    }
}

fn thousands(text: &str, numbers: Numbers) -> Option<u8> {
    let decimal = if numbers.comma { b',' } else { b'.' };
    match text.as_bytes() {
        [byte @ (b'.' | b',' | b'\'' | b' ')] if *byte != decimal => Some(*byte),
        _ => None,
    }
}

fn quote(text: &str) -> Option<Quote> {
    match text.as_bytes() {
        b"none" => Some(Quote::Never),
        [byte] if byte.is_ascii_punctuation() => Some(Quote::Byte(*byte)),
        _ => None,
    }
}

fn bad_rows(text: &str) -> Option<BadRows> {
    let Some(share) = text.strip_suffix('%') else { return text.parse().ok().map(BadRows::Count) };
    let share: Decimal = share.trim_end().parse().ok()?;
    let share = share.checked_mul(Decimal::new(1, 2))?;
    (Decimal::ZERO..=Decimal::new(1, 0)).contains(&share).then_some(BadRows::Share(share))
}

#[cfg(test)]
mod tests {
    use super::{bad_rows, quote, separator};
    use crate::decimal::Decimal;
    use crate::ir::{BadRows, Quote};

    #[test]
    fn options_as_they_are_written() {
        assert_eq!(separator(";"), Some(b';'));
        assert_eq!(separator("tab"), Some(b'\t'));
        assert_eq!((separator("ab"), separator(""), separator("\n"), separator("a")), (None, None, None, None));
        assert_eq!((quote("'"), quote("none"), quote("x")), (Some(Quote::Byte(b'\'')), Some(Quote::Never), None));
        assert_eq!(bad_rows("20"), Some(BadRows::Count(20)));
        assert_eq!(bad_rows("0.1%"), Some(BadRows::default()));
        assert_eq!((bad_rows("101%"), bad_rows("-1"), bad_rows("few")), (None, None, None));
        assert!(BadRows::default().allow(1, 1000) && !BadRows::default().allow(2, 1000));
        assert!(BadRows::Share(Decimal::ZERO).allow(0, 0) && !BadRows::Count(0).allow(1, 9));
    }
}
