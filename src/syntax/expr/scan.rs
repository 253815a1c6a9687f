//! The look at a text before the grammar reads it.
//!
//! It bounds length and nesting, so that nothing after it can run away, and it knows the slips that a grammar could only
//! answer with "expected ...": brackets and quotes without a partner, numbers and dates written another way, signs of
//! other languages. Each is found at its place and named with its cure.

mod date;
mod number;
mod sign;

use std::ops::Range;

use crate::diag::{Code, Diagnostic};
use crate::syntax::located::Located;

/// The longest expression, in bytes.
pub(super) const MAX_LENGTH: usize = 16 * 1024;

/// The most parentheses (and `if`s) inside one another.
pub(super) const MAX_NESTING: usize = 50;

/// After so many findings in one text the rest is likely noise.
const MAX_FINDINGS: usize = 10;

/// All slips of the text; empty when the grammar may read it.
pub(super) fn scan(text: &Located) -> Vec<Diagnostic> {
    let mut scan = Scan {
        located: text,
        text: &text.text,
        at: 0,
        before: Before::Start,
        open: Vec::new(),
        ifs: 0,
        found: Vec::new(),
    };
    while scan.found.len() < MAX_FINDINGS && scan.step() {}
    scan.close();
    scan.found
}

/// How many parentheses are open at a place of a text without slips.
pub(super) fn depth_at(text: &str, at: usize) -> usize {
    let (mut depth, mut rest, mut left) = (0usize, text, at);
    while left > 0 && !rest.is_empty() {
        let len = token_length(rest).max(1);
        match rest.chars().next() {
            Some('(') => depth += 1,
            Some(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        rest = rest.get(len..).unwrap_or("");
        left = left.saturating_sub(len);
    }
    depth
}

/// The length of the word, number, text or sign that a text begins with; of a space, that space.
pub(super) fn token_length(text: &str) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    match first {
        '"' => {
            let mut escaped = false;
            let end = text.char_indices().skip(1).find(|(_, c)| {
                let closes = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                closes
            });
            end.map_or(text.len(), |(i, _)| i + 1)
        }
        '`' => from(text, 1).find('`').map_or(text.len(), |i| i + 2),
        c if continues_name(c) => word_length(text),
        '-' if text.starts_with("->") => 2,
        '<' | '>' | '!' if from(text, 1).starts_with('=') => 2,
        c => c.len_utf8(),
    }
}

/// Whether a name is read as a fiscal period: `FY2026`.
pub(super) fn is_fiscal_period(text: &str) -> bool {
    text.strip_prefix("FY").is_some_and(|y| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a name may begin with this character.
pub(super) fn starts_name(c: char) -> bool {
    c == '_' || c == '$' || unicode_start(c)
}

/// Whether a name may go on with this character.
pub(super) fn continues_name(c: char) -> bool {
    c == '$' || c == '_' || unicode_continue(c)
}

fn unicode_start(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { pest::unicode::XID_START(c) }
}

fn unicode_continue(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { pest::unicode::XID_CONTINUE(c) }
}

/// What stands before the place at hand, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Start,
    Operator,
    Dot,
    Value,
}

/// An open parenthesis and how many `if`s stand inside it.
struct Open {
    at: usize,
    ifs: usize,
}

struct Scan<'t> {
    located: &'t Located,
    text: &'t str,
    at: usize,
    before: Before,
    open: Vec<Open>,
    /// The `if`s outside of all parentheses.
    ifs: usize,
    found: Vec<Diagnostic>,
}

impl<'t> Scan<'t> {
    /// Reads one token; false at the end.
    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return false };
        match c {
            ' ' | '\t' | '\n' | '\r' => self.at += 1,
            '"' => return self.text_literal(),
            '`' => return self.quoted_name(),
            '0'..='9' => self.number(),
            '(' => return self.open_parenthesis(),
            ')' => self.close_parenthesis(),
            ',' => {
                if let Some(open) = self.open.last_mut() {
                    open.ifs = 0;
                }
                self.operator(1);
            }
            '.' if from(rest, 1).starts_with(|d: char| d.is_ascii_digit()) && self.before != Before::Value => {
                self.bare_fraction()
            }
            '.' => {
                self.at += 1;
                self.before = Before::Dot;
            }
            c if starts_name(c) => return self.word(),
            c => self.sign(c),
        }
        true
    }

    fn rest(&self) -> &'t str {
        from(self.text, self.at)
    }

    fn operator(&mut self, len: usize) {
        self.at += len;
        self.before = Before::Operator;
    }

    /// A finding on the next `len` bytes.
    fn report(&mut self, code: Code, len: usize, message: impl Into<String>, help: impl Into<String>) {
        self.report_at(code, self.at..self.at + len, message, help);
    }

    fn report_at(&mut self, code: Code, range: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::new(code, self.located.span(range), message).help(help));
    }

    // ---------------------------------------------------------------- quotes

    fn text_literal(&mut self) -> bool {
        let start = self.at;
        let mut chars = self.rest().char_indices().skip(1);
        let mut escapes = Vec::new();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + i + 1;
                    self.before = Before::Value;
                    for range in escapes {
                        self.escape(range);
                    }
                    return true;
                }
                '\\' => {
                    if let Some((j, e)) = chars.next()
                        && !matches!(e, '"' | '\\' | 'n' | 'r' | 't')
                    {
                        escapes.push(start + i..start + j + e.len_utf8());
                    }
                }
                _ => {}
            }
        }
        self.unclosed_quote(start, "text", '"')
    }

    fn escape(&mut self, range: Range<usize>) {
        let written = self.text.get(range.clone()).unwrap_or("").to_owned();
        self.report_at(
            Code::TextEscape,
            range,
            format!("unknown escape `{written}` in a text"),
            r#"a text knows `\"`, `\\`, `\n`, `\r` and `\t`; write `\\` for a backslash"#,
        );
    }

    fn quoted_name(&mut self) -> bool {
        let start = self.at;
        let Some(len) = from(self.rest(), 1).find('`') else { return self.unclosed_quote(start, "name", '`') };
        self.at = start + len + 2;
        self.before = Before::Value;
        if len == 0 {
            let help = "write the column's name between the backticks";
            self.report_at(Code::ExpressionSyntax, start..start + 2, "expected a name, found empty backticks", help);
        }
        true
    }

    fn unclosed_quote(&mut self, start: usize, what: &str, quote: char) -> bool {
        self.report_at(
            Code::Unbalanced,
            start..self.text.trim_end().len(),
            format!("the {what} that begins here is not closed"),
            if quote == '`' { "close it with a backtick" } else { "close it with `\"`" },
        );
        self.open.clear();
        self.at = self.text.len();
        false
    }

    // ---------------------------------------------------------------- parentheses

    fn open_parenthesis(&mut self) -> bool {
        self.open.push(Open { at: self.at, ifs: 0 });
        self.operator(1);
        self.nesting()
    }

    fn close_parenthesis(&mut self) {
        if self.open.pop().is_none() {
            let help = "remove it, or open a parenthesis before it";
            self.report(Code::Unbalanced, 1, "`)` without an opening parenthesis", help);
        }
        self.at += 1;
        self.before = Before::Value;
    }

    /// False when the text nests too deeply to go on.
    fn nesting(&mut self) -> bool {
        let depth: usize = self.open.iter().map(|o| 1 + o.ifs).sum();
        if self.ifs + depth <= MAX_NESTING {
            return true;
        }
        let at = self.at.saturating_sub(1);
        self.report_at(
            Code::ExpressionTooLarge,
            at..at + 1,
            format!("more than {MAX_NESTING} parentheses or `if`s inside one another"),
            "give parts of the expression names: define them as metrics or events of their own",
        );
        self.open.clear();
        self.at = self.text.len();
        false
    }

    fn close(&mut self) {
        let Some(first) = self.open.first().map(|o| o.at) else { return };
        let message = match self.open.len() {
            1 => "the parenthesis that opens here is not closed".to_owned(),
            n => format!("{n} parentheses are not closed, the first opens here"),
        };
        self.report_at(Code::Unbalanced, first..first + 1, message, "close it with `)`");
    }

    // ---------------------------------------------------------------- words

    fn word(&mut self) -> bool {
        let start = self.at;
        let len = word_length(self.rest());
        let word = upto(self.rest(), len).to_owned();
        self.at += len;
        let after_dot = self.before == Before::Dot;
        self.before = Before::Value;
        if self.hyphen_follows() {
            self.hyphenated(start, &word);
            return true;
        }
        if word != "if" || after_dot {
            return true;
        }
        match self.open.last_mut() {
            Some(open) => open.ifs += 1,
            None => self.ifs += 1,
        }
        self.nesting()
    }

    /// A hyphen and, with no space between, more of a name.
    fn hyphen_follows(&self) -> bool {
        self.rest().strip_prefix('-').is_some_and(|r| r.starts_with(continues_name))
    }

    fn hyphenated(&mut self, start: usize, word: &str) {
        while self.hyphen_follows() {
            self.at += 1 + word_length(from(self.rest(), 1));
        }
        let end = self.at;
        let whole = self.text.get(start..end).unwrap_or("").to_owned();
        if is_fiscal_period(word) {
            if is_fiscal_quarter(&whole) {
                return;
            }
            let help = format!("write the fiscal year as `{word}`, its quarters as `{word}-Q1` to `{word}-Q4`");
            self.report_at(Code::PeriodSpelling, start..end, format!("`{whole}` is no fiscal period"), help);
            return;
        }
        let difference = whole.split('-').collect::<Vec<_>>().join(" - ");
        self.report_at(
            Code::HyphenInName,
            start..end,
            format!("`{whole}`: a name holds no hyphen"),
            format!("write `{difference}` for a difference; a column of that name is written `` `{whole}` ``"),
        );
    }
}

fn is_fiscal_quarter(text: &str) -> bool {
    matches!(from(text, 6), "-Q1" | "-Q2" | "-Q3" | "-Q4")
}

/// The length of the run of name characters a text begins with.
fn word_length(text: &str) -> usize {
    run(text, continues_name)
}

/// How many bytes at the beginning of the text are such characters.
fn run(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is(c)).unwrap_or(text.len())
}

fn upto(text: &str, end: usize) -> &str {
    text.get(..end).unwrap_or(text)
}

fn from(text: &str, start: usize) -> &str {
    text.get(start..).unwrap_or("")
}
