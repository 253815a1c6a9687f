//! The rows of a CSV text: the strict grammar of RFC 4180 with any separator and quote, and any of the three line ends.

use std::borrow::Cow;
use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr3};
use serde::{Deserialize, Serialize};

use crate::sources::text::window::Window;
use crate::sources::text::{Bad, Next};

/// How the fields of a row are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dialect {
    pub separator: u8,
    pub quote: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    start: usize,
    end: usize,
    quoted: bool,
    /// It holds a doubled quote.
    doubled: bool,
}

enum Step {
    Row { bytes: usize, lines: u64 },
    More,
    Bad(Bad),
}

/// Rows one after the other. A row that is malformed ends with its first line, so that a stray quote costs one line, not the
/// rest of the file.
pub(super) struct Rows<R> {
    window: Window<R>,
    dialect: Dialect,
    fields: Vec<Field>,
    line: u64,
    /// Of the row at hand, not yet passed: bytes and lines.
    pending: (usize, u64),
}

impl<R: Read> Rows<R> {
    /// `window` begins at the start of a row, on line `line`.
    pub fn new(window: Window<R>, dialect: Dialect, line: u64) -> Self {
        Self { window, dialect, fields: Vec::new(), line, pending: (0, 0) }
    }

    /// The line on which the row at hand begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Where the row at hand begins.
    pub fn offset(&self) -> u64 {
        self.window.offset()
    }

    pub fn next(&mut self) -> io::Result<Next> {
        let (bytes, lines) = std::mem::take(&mut self.pending);
        self.window.advance(bytes);
        self.line += lines;
        self.fields.clear();
        if !self.pass_empty()? {
            return Ok(Next::End);
        }
        loop {
            match scan(self.window.data(), self.window.ended(), self.dialect, &mut self.fields) {
                Step::Row { bytes, lines } => {
                    self.pending = (bytes, lines);
                    let row = self.window.data().get(..bytes).unwrap_or_default();
                    return Ok(match std::str::from_utf8(row) {
                        Ok(_) => Next::Row,
                        Err(error) => {
                            self.fields.clear();
                            Next::Bad(Bad::not_utf8(row, error.valid_up_to()))
                        }
                    });
                }
                Step::Bad(bad) => return self.skip(bad),
                Step::More if self.window.more()? || self.window.ended() => {}
                Step::More => return self.skip(Bad::TooLong),
            }
        }
    }

    fn skip(&mut self, bad: Bad) -> io::Result<Next> {
        self.fields.clear();
        self.window.skip_line(true)?;
        self.pending = (0, 1);
        Ok(Next::Bad(bad))
    }

    /// Passes empty lines; `false` at the end of the text.
    fn pass_empty(&mut self) -> io::Result<bool> {
        loop {
            match self.window.data() {
                [b'\r'] if !self.window.ended() => {
                    self.window.more()?;
                }
                [b'\r', b'\n', ..] => {
                    self.window.advance(2);
                    self.line += 1;
                }
                [b'\n' | b'\r', ..] => {
                    self.window.advance(1);
                    self.line += 1;
                }
                [] => {
                    if !self.window.more()? {
                        return Ok(false);
                    }
                }
                _ => return Ok(true),
            }
        }
    }

    /// How many fields the row at hand has.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_quoted(&self, at: usize) -> bool {
        self.fields.get(at).is_some_and(|field| field.quoted)
    }

    pub fn field(&self, at: usize) -> Cow<'_, str> {
        let Some(field) = self.fields.get(at) else { return Cow::Borrowed("") };
        let bytes = self.window.data().get(field.start..field.end).unwrap_or_default();
        // The row has been looked at as a whole.
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        match self.dialect.quote {
            Some(quote) if field.doubled => {
                let quote = char::from(quote);
                Cow::Owned(text.replace(&format!("{quote}{quote}"), &quote.to_string()))
            }
            _ => Cow::Borrowed(text),
        }
    }
}

fn scan(data: &[u8], ended: bool, dialect: Dialect, fields: &mut Vec<Field>) -> Step {
    fields.clear();
    let mut at = 0;
    let mut lines = 1;
    loop {
        let next = if dialect.quote.is_some() && data.get(at).copied() == dialect.quote {
            let quote = dialect.quote.unwrap_or_default();
            let mut doubled = false;
            let mut from = at + 1;
            let end = loop {
                let Some(found) = memchr(quote, data.get(from..).unwrap_or_default()) else {
                    return if ended { Step::Bad(Bad::Unclosed) } else { Step::More };
                };
                let found = from + found;
                match data.get(found + 1) {
                    Some(byte) if *byte == quote => {
                        doubled = true;
                        from = found + 2;
                    }
                    None if !ended => return Step::More,
                    _ => break found,
                }
            };
            let inside = data.get(at..end).unwrap_or_default();
            lines += memchr_iter(b'\n', inside).count() as u64;
            fields.push(Field { start: at + 1, end, quoted: true, doubled });
            end + 1
        } else {
            let rest = data.get(at..).unwrap_or_default();
            let end = match memchr3(dialect.separator, b'\n', b'\r', rest) {
                Some(found) => at + found,
                None if ended => data.len(),
                None => return Step::More,
            };
            fields.push(Field { start: at, end, quoted: false, doubled: false });
            end
        };
        match data.get(next) {
            None if ended => return Step::Row { bytes: next, lines },
            None => return Step::More,
            Some(byte) if *byte == dialect.separator => at = next + 1,
            Some(b'\n') => return Step::Row { bytes: next + 1, lines },
            Some(b'\r') => match data.get(next + 1) {
                Some(b'\n') => return Step::Row { bytes: next + 2, lines },
                None if !ended => return Step::More,
                _ => return Step::Row { bytes: next + 1, lines },
            },
            Some(_) => return Step::Bad(Bad::AfterQuote),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Dialect, Rows};
    use crate::sources::text::window::{MAX_ROW, Window};
    use crate::sources::text::{Bad, Next};

    /// Gives one byte at a time, so that every place is the end of a window once.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.len().min(1);
            room[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn rows(input: impl Read, separator: u8, quote: Option<u8>) -> Vec<Result<Vec<String>, (u64, Bad)>> {
        let mut rows = Rows::new(Window::new(input, 0), Dialect { separator, quote }, 1);
        let mut found = Vec::new();
        loop {
            match rows.next().unwrap() {
                Next::Row => found.push(Ok((0..rows.len()).map(|i| rows.field(i).into_owned()).collect())),
                Next::Bad(bad) => found.push(Err((rows.line(), bad))),
                Next::End => return found,
            }
        }
    }

    fn both(text: &[u8]) -> Vec<Result<Vec<String>, (u64, Bad)>> {
        let at_once = rows(text, b',', Some(b'"'));
        assert_eq!(at_once, rows(Slow(text), b',', Some(b'"')), "{text:?}");
        at_once
    }

    #[test]
    fn fields_and_lines() {
        let cases: &[(&str, &[&[&str]])] = &[
            ("", &[]),
            ("\n\n\r\n", &[]),
            ("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]),
            ("a,b\r\n1,2", &[&["a", "b"], &["1", "2"]]),
            ("a\rb\r", &[&["a"], &["b"]]),
            ("a,\n,\n", &[&["a", ""], &["", ""]]),
            ("a,", &[&["a", ""]]),
            ("\"a,\"\"b\",c\n", &[&["a,\"b", "c"]]),
            ("\"a\nb\"\n", &[&["a\nb"]]),
            ("5\" pipe,x\n", &[&["5\" pipe", "x"]]),
            ("\"\"\n", &[&[""]]),
        ];
        for (text, expected) in cases {
            let found: Vec<_> = both(text.as_bytes()).into_iter().map(Result::unwrap).collect();
            assert_eq!(found, *expected, "{text:?}");
        }
    }

    #[test]
    fn a_malformed_row_costs_one_line() {
        let good = |text: &str| Ok(text.split(',').map(str::to_owned).collect());
        assert_eq!(both(b"a\n\"b\nc\n"), [good("a"), Err((2, Bad::Unclosed)), good("c")]);
        assert_eq!(both(b"\"a\"b\nc\n"), [Err((1, Bad::AfterQuote)), good("c")]);
        assert_eq!(both(b"\"a\nb\"c\r\n\r\nd"), [Err((1, Bad::AfterQuote)), good("b\"c"), good("d")]);
        assert_eq!(both(b"\"x\ny\"\na\xff\nb"), [good("x\ny"), Err((3, Bad::NotUtf8(0xff))), good("b")]);
    }

    #[test]
    fn other_separators_and_quotes() {
        assert_eq!(rows(&b"'a;b';\"c\n"[..], b';', Some(b'\'')), [Ok(vec!["a;b".to_owned(), "\"c".to_owned()])]);
        assert_eq!(rows(&b"\"a\t\"b\n"[..], b'\t', None), [Ok(vec!["\"a".to_owned(), "\"b".to_owned()])]);
    }

    /// Neither a line without end nor a quote that is never closed takes more memory than the longest row may.
    #[test]
    fn lines_without_end() {
        let long = 3 * MAX_ROW as u64;
        let text = (&b"a\n"[..]).chain(std::io::repeat(b'x').take(long)).chain(&b"\nb\n"[..]);
        assert_eq!(
            rows(text, b',', Some(b'"')),
            [Ok(vec!["a".to_owned()]), Err((2, Bad::TooLong)), Ok(vec!["b".to_owned()])]
        );
        let text = (&b"\"a\nb\n"[..]).chain(std::io::repeat(b'x').take(long));
        let found = rows(text, b',', Some(b'"'));
        assert_eq!(found, [Err((1, Bad::TooLong)), Ok(vec!["b".to_owned()]), Err((3, Bad::TooLong))]);
    }
}
