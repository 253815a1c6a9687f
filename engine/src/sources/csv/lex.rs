//! The strict grammar of CSV (RFC 4180, and any of the three line ends), as a stream of fields.

use std::io::{Error, ErrorKind, Read};

const CHUNK: usize = 1 << 18;
/// A field as long as this is a quote that somebody forgot to close.
pub(super) const MAX_FIELD: usize = 64 << 20;

pub(super) enum Event<'a> {
    Field(&'a str),
    /// The end of a line that has at least one field; empty lines are passed over.
    Row,
}

#[derive(Debug)]
pub(super) enum Malformed {
    Io(Error),
    NotUtf8,
    Unclosed,
    AfterQuote,
    TooLong,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    LineStart,
    FieldStart,
    Plain,
    Quoted,
    /// After a quote within quotes: a second one is a quote, anything else ends the field.
    Quote,
}

pub(super) struct Lexer<R> {
    input: R,
    chunk: Vec<u8>,
    at: usize,
    filled: usize,
    state: State,
    field: Vec<u8>,
    /// A field has been reported, and the line ended behind it.
    row_due: bool,
    field_taken: bool,
    started: bool,
    last_was_return: bool,
    unsplittable: bool,
    done: bool,
}

impl<R: Read> Lexer<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            chunk: vec![0; CHUNK],
            at: 0,
            filled: 0,
            state: State::LineStart,
            field: Vec::new(),
            row_due: false,
            field_taken: false,
            started: false,
            last_was_return: false,
            unsplittable: false,
            done: false,
        }
    }

    /// A line break within quotes, or a line that a carriage return alone ends, was seen.
    pub fn unsplittable(&self) -> bool {
        self.unsplittable
    }

    pub fn next(&mut self) -> Result<Option<Event<'_>>, Malformed> {
        if self.field_taken {
            self.field.clear();
            self.field_taken = false;
        }
        if self.row_due {
            self.row_due = false;
            return Ok(Some(Event::Row));
        }
        loop {
            if self.at == self.filled && !self.fill()? {
                return self.end();
            }
            let Some(rest) = self.chunk.get(self.at..self.filled) else { return self.end() };
            // The common case at once: everything up to the next byte that means something.
            let plain = match self.state {
                State::Plain => rest.iter().position(|b| matches!(b, b',' | b'\n' | b'\r')).unwrap_or(rest.len()),
                State::Quoted => rest.iter().position(|b| *b == b'"').unwrap_or(rest.len()),
                _ => 0,
            };
            if plain > 0 {
                let run = rest.get(..plain).unwrap_or_default();
                if self.state == State::Quoted {
                    self.unsplittable |= run.iter().any(|b| matches!(b, b'\n' | b'\r'));
                }
                self.field.extend_from_slice(run);
                self.at += plain;
                if self.field.len() > MAX_FIELD {
                    return Err(Malformed::TooLong);
                }
                continue;
            }
            let Some(&byte) = rest.first() else { continue };
            self.at += 1;
            let after_return = std::mem::replace(&mut self.last_was_return, false);
            if after_return && byte != b'\n' {
                self.unsplittable = true;
            }
            match (self.state, byte) {
                (State::LineStart, b'\n') => {}
                (State::LineStart, b'\r') => self.last_was_return = true,
                (State::LineStart | State::FieldStart, b'"') => self.state = State::Quoted,
                (State::Quoted, _) => self.state = State::Quote,
                (State::Quote, b'"') => {
                    self.field.push(b'"');
                    self.state = State::Quoted;
                }
                (_, b',') => {
                    self.state = State::FieldStart;
                    return self.take().map(Some);
                }
                (_, b'\n' | b'\r') => {
                    self.last_was_return = byte == b'\r';
                    self.state = State::LineStart;
                    self.row_due = true;
                    return self.take().map(Some);
                }
                (State::Quote, _) => return Err(Malformed::AfterQuote),
                (_, other) => {
                    self.field.push(other);
                    self.state = State::Plain;
                }
            }
        }
    }

    fn take(&mut self) -> Result<Event<'_>, Malformed> {
        self.field_taken = true;
        std::str::from_utf8(&self.field).map(Event::Field).map_err(|_| Malformed::NotUtf8)
    }

    fn end(&mut self) -> Result<Option<Event<'_>>, Malformed> {
        if self.done {
            return Ok(None);
        }
        self.done = true;
        match self.state {
            State::LineStart => {
                self.unsplittable |= self.last_was_return;
                Ok(None)
            }
            State::Quoted => Err(Malformed::Unclosed),
            State::FieldStart | State::Plain | State::Quote => {
                self.state = State::LineStart;
                self.row_due = true;
                self.take().map(Some)
            }
        }
    }

    /// Whether there is more to read.
    fn fill(&mut self) -> Result<bool, Malformed> {
        if self.done {
            return Ok(false);
        }
        self.at = 0;
        self.filled = 0;
        let wanted = if self.started { 1 } else { 3 };
        while self.filled < wanted {
            let Some(room) = self.chunk.get_mut(self.filled..) else { break };
            match self.input.read(room) {
                Ok(0) => break,
                Ok(n) => self.filled += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Malformed::Io(error)),
            }
        }
        if !self.started {
            self.started = true;
            // A byte order mark is no part of the first name.
            if self.chunk.get(..self.filled).is_some_and(|c| c.starts_with(b"\xEF\xBB\xBF")) {
                self.at = 3;
            }
        }
        Ok(self.at < self.filled)
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Lexer, Malformed};

    fn rows(text: &[u8]) -> Result<(Vec<Vec<String>>, bool), Malformed> {
        let mut rows = Vec::new();
        let mut row = Vec::new();
        let mut lexer = Lexer::new(text);
        while let Some(event) = lexer.next()? {
            match event {
                Event::Field(text) => row.push(text.to_owned()),
                Event::Row => rows.push(std::mem::take(&mut row)),
            }
        }
        Ok((rows, lexer.unsplittable()))
    }

    #[test]
    fn fields_and_lines() {
        let cases: &[(&str, &[&[&str]], bool)] = &[
            ("", &[], false),
            ("\n\n\r\n", &[], false),
            ("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]], false),
            ("a,b\r\n1,2", &[&["a", "b"], &["1", "2"]], false),
            ("a\rb\r", &[&["a"], &["b"]], true),
            ("a,\n,\n", &[&["a", ""], &["", ""]], false),
            ("\"a,\"\"b\",c\n", &[&["a,\"b", "c"]], false),
            ("\"a\nb\"\n", &[&["a\nb"]], true),
            ("5\" pipe,x\n", &[&["5\" pipe", "x"]], false),
            ("\"\"\n", &[&[""]], false),
            ("\u{feff}a\n\nb\n", &[&["a"], &["b"]], false),
        ];
        for (text, expected, whole) in cases {
            let (found, unsplittable) = rows(text.as_bytes()).unwrap();
            assert_eq!(found, *expected, "{text:?}");
            assert_eq!(unsplittable, *whole, "{text:?}");
        }
    }

    #[test]
    fn malformed() {
        assert!(matches!(rows(b"a\n\"b"), Err(Malformed::Unclosed)));
        assert!(matches!(rows(b"\"a\"b\n"), Err(Malformed::AfterQuote)));
        assert!(matches!(rows(b"a\xff\n"), Err(Malformed::NotUtf8)));
    }
}
