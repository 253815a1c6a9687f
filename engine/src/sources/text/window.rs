//! A piece of a text that moves on: as large as the longest row needs, and no larger.

use std::io::{self, ErrorKind, Read};

use memchr::memchr2;

/// A row that is longer than this cannot be read: bytes.
pub(crate) const MAX_ROW: usize = 16 << 20;
const FIRST: usize = 1 << 18;

pub(super) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where in the text the window begins.
    offset: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub fn new(input: R, offset: u64) -> Self {
        Self { input, buffer: vec![0; FIRST], start: 0, end: 0, offset, ended: false }
    }

    pub fn data(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Nothing comes after what the window shows.
    pub fn ended(&self) -> bool {
        self.ended
    }

    pub fn advance(&mut self, bytes: usize) {
        let bytes = bytes.min(self.end - self.start);
        self.start += bytes;
        self.offset += bytes as u64;
    }

    /// Shows more of the text behind what is shown; `false` when the text has ended or the window is as large as it may be.
    pub fn more(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            if self.end >= MAX_ROW {
                return Ok(false);
            }
            self.buffer.resize((self.end * 2).min(MAX_ROW), 0);
        }
        let Some(room) = self.buffer.get_mut(self.end..) else { return Ok(false) };
        loop {
            match self.input.read(room) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(read) => {
                    self.end += read;
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves on to the line after this one, however long this one is.
    /// `returns`: a carriage return ends it, too.
    pub fn skip_line(&mut self, returns: bool) -> io::Result<()> {
        let other = if returns { b'\r' } else { b'\n' };
        loop {
            if let Some(at) = memchr2(b'\n', other, self.data()) {
                let return_alone = self.data().get(at) == Some(&b'\r');
                self.advance(at + 1);
                if return_alone && (!self.data().is_empty() || self.more()?) && self.data().first() == Some(&b'\n') {
                    self.advance(1);
                }
                return Ok(());
            }
            self.advance(self.data().len());
            if !self.more()? {
                return Ok(());
            }
        }
    }
}
