//! From a scalar's decoded text back to the bytes it was written as.
//!
//! The parser gives the text and the range; the two are walked side by side. Where they part (white space that was folded or cut off,
//! escapes, doubled quotes) a piece of text stands for a piece of the file as a whole. Should the walk not come out, the whole text stands
//! for the whole scalar: a place less exact, never a wrong text.

use std::ops::Range;

use crate::source::Span;
use crate::syntax::located::Located;
use crate::syntax::yaml::Style;

/// `span` is the scalar with its quotes, or the lines of a block.
pub(super) fn locate(source: &str, text: &str, style: Style, span: Span) -> Located {
    let range = span.start as usize..span.end as usize;
    let inner = match style {
        Style::Single | Style::Double => range.start + 1..range.end.saturating_sub(1),
        Style::Plain | Style::Block => range.clone(),
    };
    let walk =
        Walk { raw: source.get(inner.clone()).unwrap_or(""), offset: inner.start, text, style, at: 0, raw_at: 0 };
    walk.run(Located::empty(span)).unwrap_or_else(|| {
        let mut located = Located::empty(span);
        located.push(text, range);
        located
    })
}

struct Walk<'a> {
    raw: &'a str,
    /// Where `raw` begins in the file.
    offset: usize,
    text: &'a str,
    style: Style,
    at: usize,
    raw_at: usize,
}

impl Walk<'_> {
    fn run(mut self, mut out: Located) -> Option<Located> {
        while self.at < self.text.len() {
            let text = self.text.get(self.at..)?;
            let raw = self.raw.get(self.raw_at..)?;
            let (text_len, raw_len) = if self.style == Style::Double && raw.starts_with('\\') {
                escape(text, raw)?
            } else if self.style == Style::Single && raw.starts_with("''") {
                (1, 2)
            } else if raw.starts_with(blank) || (self.style != Style::Double && text.starts_with(blank)) {
                self.blanks(text, raw)?
            } else {
                let len = self.same(text, raw)?;
                (len, len)
            };
            out.push(text.get(..text_len)?, self.file(raw_len));
            self.at += text_len;
            self.raw_at += raw_len;
        }
        Some(out)
    }

    fn file(&self, len: usize) -> Range<usize> {
        let start = self.offset + self.raw_at;
        start..start + len
    }

    /// How many bytes are the same in both, up to where they may part.
    fn same(&self, text: &str, raw: &str) -> Option<usize> {
        let special = |b: u8| match self.style {
            Style::Double => b == b'\\',
            Style::Single => b == b'\'',
            Style::Plain | Style::Block => false,
        };
        let is_blank = |b: u8| blank(char::from(b));
        let len = text.bytes().zip(raw.bytes()).take_while(|(t, r)| t == r && !special(*r) && !is_blank(*r)).count();
        let len = (0..=len).rev().find(|n| text.is_char_boundary(*n))?;
        (len > 0).then_some(len)
    }

    /// White space: folded, cut off at line ends, or kept.
    fn blanks(&self, text: &str, raw: &str) -> Option<(usize, usize)> {
        let raw_run = raw.len() - raw.trim_start_matches(blank).len();
        if self.style != Style::Double {
            // Here all white space of the text was written as white space, so the runs belong together.
            return Some((text.len() - text.trim_start_matches(blank).len(), raw_run));
        }
        let run = raw.get(..raw_run)?;
        let breaks = run.matches('\n').count().max(run.matches('\r').count());
        let len = match breaks {
            0 => raw_run,
            1 => 1,
            n => n - 1,
        };
        text.get(..len)?.chars().all(blank).then_some((len, raw_run))
    }
}

/// YAML's white space: less than what Unicode calls so.
pub(super) fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// The lengths of an escape's text and of the escape.
fn escape(text: &str, raw: &str) -> Option<(usize, usize)> {
    let after = raw.chars().nth(1)?;
    let written = match after {
        // The line goes on: neither the break nor the next line's indentation is text.
        '\n' | '\r' => {
            let rest = raw.get(1..)?;
            return Some((0, 1 + rest.len() - rest.trim_start_matches(blank).len()));
        }
        'x' => 4,
        'U' => 10,
        'u' => {
            let high = raw.get(2..6).and_then(|hex| u32::from_str_radix(hex, 16).ok())?;
            if (0xD800..0xDC00).contains(&high) { 12 } else { 6 }
        }
        c => 1 + c.len_utf8(),
    };
    Some((text.chars().next()?.len_utf8(), written))
}
