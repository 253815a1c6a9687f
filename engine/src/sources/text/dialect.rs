//! Which separator and quote a CSV file has, by its first rows.

use kepi_lang::ir::{Quote, TextOptions};

use crate::sources::text::Next;
use crate::sources::text::csv::{Dialect, Rows};
use crate::sources::text::window::Window;

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows that are looked at.
const ROWS: usize = 20;

/// The dialect of a text that begins with `head`; what is declared stays. `by_name`: the separator that the file's name says.
pub(super) fn dialect(head: &[u8], ended: bool, options: &TextOptions, by_name: Option<u8>) -> Dialect {
    let declared = match options.quote {
        Some(Quote::Never) => Some(None),
        Some(Quote::Byte(quote)) => Some(Some(quote)),
        None => None,
    };
    let quotes = declared.map_or_else(|| vec![Some(b'"'), Some(b'\'')], |quote| vec![quote]);
    let separators = options.separator.or(by_name).map_or_else(|| SEPARATORS.to_vec(), |one| vec![one]);
    let first =
        Dialect { separator: separators.first().copied().unwrap_or(b','), quote: quotes.first().copied().flatten() };
    let mut best = (0, first);
    for quote in &quotes {
        for separator in &separators {
            let tried = Dialect { separator: *separator, quote: *quote };
            let score = score(head, ended, tried);
            // The first of equals: a comma before the others, the double quote before the single one.
            if score > best.0 {
                best = (score, tried);
            }
        }
    }
    best.1
}

/// How well a dialect fits: rows that have as many fields as the header, if that is more than one.
fn score(head: &[u8], ended: bool, dialect: Dialect) -> usize {
    let mut rows = Rows::new(Window::new(head, 0), dialect, 1);
    let (mut header, mut quoted, mut alike, mut seen) = (0, false, 0, 0);
    while seen < ROWS {
        match rows.next() {
            Ok(Next::Row) if seen == 0 => {
                header = rows.len();
                quoted = (0..header).all(|i| rows.is_quoted(i));
            }
            Ok(Next::Row) => alike += usize::from(rows.len() == header),
            Ok(Next::Bad(_)) if seen == 0 => return 0,
            Ok(Next::Bad(_)) => {}
            Ok(Next::End) | Err(_) => break,
        }
        seen += 1;
    }
    // A single quote is an apostrophe, unless it stands around every name.
    if dialect.quote == Some(b'\'') && !quoted {
        return 0;
    }
    // The last row may be cut off.
    let most = seen.saturating_sub(if ended || seen == ROWS { 1 } else { 2 });
    let sound = if alike >= most { 2 } else { usize::from(alike * 2 >= most) };
    match header {
        0 | 1 => 1,
        fields => 2 + sound * 100_000 + fields.min(1_000) + if dialect.quote == Some(b'\'') { 1_000 } else { 0 },
    }
}

#[cfg(test)]
mod tests {
    use kepi_lang::ir::{Quote, TextOptions};

    use super::dialect;

    #[test]
    fn found_out() {
        let plain = TextOptions::default();
        let cases: &[(&str, u8, u8)] = &[
            ("a,b\n1,2\n", b',', b'"'),
            ("a;b\n1,5;2,5\n", b';', b'"'),
            ("a\tb c, d\n1\t2\n", b'\t', b'"'),
            ("a|b\n1|2\n", b'|', b'"'),
            ("a\n1\n", b',', b'"'),
            ("name,note\nx,\"a;b;c\"\ny,z\n", b',', b'"'),
            ("'a','b'\n'1,1','2'\n", b',', b'\''),
            ("a,b\nit's,that's\n", b',', b'"'),
            ("a;b;c\n1;x,y;2\n3;x,y;4\n", b';', b'"'),
            ("", b',', b'"'),
        ];
        for (text, separator, quote) in cases {
            let found = dialect(text.as_bytes(), true, &plain, None);
            assert_eq!((char::from(found.separator), found.quote), (char::from(*separator), Some(*quote)), "{text:?}");
        }
        let declared = TextOptions { separator: Some(b'|'), quote: Some(Quote::Never), ..plain };
        let found = dialect(b"a,b\n1,2\n", true, &declared, None);
        assert_eq!((found.separator, found.quote), (b'|', None));
        assert_eq!(dialect(b"a,b\n1,2\n", true, &plain, Some(b'\t')).separator, b'\t');
    }
}
