//! A scalar's decoded text and the way back from it to the bytes of the file.
//!
//! Text and bytes run side by side in most places; they part where YAML changes what is written: escapes, doubled quotes, folded lines,
//! the indentation of a block. Each stretch is a piece, so that a finding inside a folded expression points at the right column.

use std::ops::Range;

use crate::source::{FileId, Span};

/// The text of one scalar, with a place for each of its bytes.
#[derive(Clone, Debug)]
pub struct Located {
    pub text: String,
    span: Span,
    pieces: Vec<Piece>,
}

/// A stretch of text and the stretch of the file it stands for; both of one length when they are the same bytes.
#[derive(Clone, Copy, Debug)]
struct Piece {
    text: usize,
    text_len: usize,
    file: usize,
    file_len: usize,
}

impl Piece {
    fn is_verbatim(self) -> bool {
        self.text_len == self.file_len
    }
}

impl Located {
    /// Text that stands in the file exactly as it is (a plain scalar, a command line's expression).
    pub fn plain(text: impl Into<String>, file: FileId, start_offset: usize) -> Self {
        let text = text.into();
        let span = Span::new(file, start_offset, start_offset.saturating_add(text.len()));
        let mut located = Self::empty(span);
        located.push(&text, start_offset..start_offset.saturating_add(text.len()));
        located
    }

    /// No text yet; `span` is the scalar as written, quotes included.
    pub(crate) fn empty(span: Span) -> Self {
        Self { text: String::new(), span, pieces: Vec::new() }
    }

    /// Adds text that was written as these bytes of the file. Of unequal lengths, the two stand for each other as wholes.
    pub(crate) fn push(&mut self, text: &str, file: Range<usize>) {
        if text.is_empty() {
            return;
        }
        let piece = Piece { text: self.text.len(), text_len: text.len(), file: file.start, file_len: file.len() };
        self.text.push_str(text);
        match self.pieces.last_mut() {
            Some(last) if last.is_verbatim() && piece.is_verbatim() && last.file + last.file_len == piece.file => {
                last.text_len += piece.text_len;
                last.file_len += piece.file_len;
            }
            _ => self.pieces.push(piece),
        }
    }

    /// Cuts the text to its first `len` bytes (a character boundary).
    pub(crate) fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
        let len = self.text.len();
        self.pieces.retain(|p| p.text < len);
        if let Some(last) = self.pieces.last_mut() {
            let keep = len - last.text;
            if last.is_verbatim() {
                last.file_len = keep;
            }
            last.text_len = keep;
        }
    }

    /// The file it stands in.
    pub fn file(&self) -> FileId {
        self.span.file
    }

    /// The scalar as it is written, quotes included; of a block its lines, without the `|` or `>`.
    pub fn whole(&self) -> Span {
        self.span
    }

    /// Where these bytes of the text are written. An empty range is the point before its byte.
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = self.start_of(range.start);
        let end = if range.end > range.start { self.end_of(range.end) } else { start };
        Span::new(self.span.file, start, end)
    }

    fn start_of(&self, at: usize) -> usize {
        let after = self.pieces.partition_point(|p| p.text <= at);
        match after.checked_sub(1).and_then(|i| self.pieces.get(i)) {
            None => self.span.start as usize,
            Some(p) if at >= p.text + p.text_len => p.file + p.file_len,
            Some(p) if p.is_verbatim() => p.file + (at - p.text),
            Some(p) => p.file,
        }
    }

    fn end_of(&self, at: usize) -> usize {
        let after = self.pieces.partition_point(|p| p.text < at);
        match after.checked_sub(1).and_then(|i| self.pieces.get(i)) {
            None => self.span.start as usize,
            Some(p) if p.is_verbatim() => p.file + (at - p.text).min(p.file_len),
            Some(p) => p.file + p.file_len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Located;
    use crate::source::{FileId, Span};

    fn at(start: usize, end: usize) -> Span {
        Span::new(FileId(3), start, end)
    }

    #[test]
    fn plain_text_is_where_it_stands() {
        let l = Located::plain("count(x)", FileId(3), 10);
        assert_eq!(l.whole(), at(10, 18));
        assert_eq!(l.span(6..7), at(16, 17));
        assert_eq!(l.span(8..8), at(18, 18));
        assert_eq!(l.span(100..200), at(18, 18));
    }

    #[test]
    fn pieces_of_unequal_length_are_wholes() {
        // `a\u00e9b` between quotes at byte 4: text `aéb`.
        let mut l = Located::empty(at(4, 14));
        l.push("a", 5..6);
        l.push("é", 6..12);
        l.push("b", 12..13);
        assert_eq!(l.text, "aéb");
        assert_eq!(l.span(0..1), at(5, 6));
        assert_eq!(l.span(1..3), at(6, 12));
        assert_eq!(l.span(3..4), at(12, 13));
        assert_eq!(l.span(4..4), at(13, 13));
    }

    #[test]
    fn a_cut_text_keeps_its_places() {
        let mut l = Located::empty(at(0, 20));
        l.push("ab", 2..4);
        l.push(" ", 4..9);
        l.push("cd\n", 9..12);
        l.truncate(5);
        assert_eq!(l.text, "ab cd");
        assert_eq!(l.span(3..5), at(9, 11));
        assert_eq!(l.span(5..5), at(11, 11));
    }
}
