//! One value: its quotes, and the lines it stands on.

use crate::source::Span;
use crate::syntax::fmt::STEP;
use crate::syntax::fmt::layout;
use crate::syntax::fmt::tree::{Formatter, Place};
use crate::syntax::print;
use crate::syntax::yaml::{Scalar, Style};

impl Formatter<'_> {
    pub(super) fn scalar(&mut self, scalar: &Scalar<'_>, span: Span, indent: usize, place: Place) {
        let written = self.text.get(span.start as usize..span.end as usize).unwrap_or("");
        let text = scalar.text();
        let printed = self.printed(span);
        match scalar.style() {
            Style::Block => self.block(scalar, span, indent),
            Style::Plain => match printed {
                Some(printed) => self.plain(written, &layout::expression(text, written, printed), indent, place),
                None => self.continued(written, indent),
            },
            _ if written.contains('\n') => self.continued(written, indent),
            _ => {
                let text = printed
                    .map_or_else(|| text.to_owned(), |printed| layout::expression(text, text, printed).join(" "));
                self.out.push(&quoted(&text, place));
            }
        }
        self.at = self.at.max(span.end as usize);
    }

    /// An expression without quotes, which gets some only where its new text cannot do without.
    fn plain(&mut self, written: &str, lines: &[String], indent: usize, place: Place) {
        let [line] = lines else { return self.lines(lines, indent) };
        let as_before = line == written || line.chars().next() == written.chars().next() && !line.contains([':', '#']);
        self.out.push(&if as_before { line.clone() } else { quoted(line, place) });
    }

    /// The lines of a value that goes on below its key.
    fn lines(&mut self, lines: &[String], indent: usize) {
        for (i, line) in lines.iter().enumerate() {
            if i > 0 && line.is_empty() {
                self.out.verbatim(0, "");
            } else if i > 0 {
                self.out.begin(self.out.indent().max(indent + STEP));
            }
            self.out.push(line);
        }
    }

    /// A text as it is written, its lines below each other.
    fn continued(&mut self, written: &str, indent: usize) {
        let base = self.out.indent();
        let mut blank = false;
        for (i, line) in written.split('\n').enumerate() {
            let line = if i == 0 { line } else { line.trim_start_matches([' ', '\t']) };
            // A space behind a backslash is text.
            let line = if line.trim_end().ends_with('\\') { line } else { line.trim_end_matches([' ', '\t']) };
            if i > 0 && line.is_empty() {
                self.out.verbatim(0, "");
                blank = true;
                continue;
            }
            if i > 0 || blank {
                self.out.begin((indent + STEP).max(base));
            }
            self.out.push(line);
        }
    }

    /// `>-` or `|-` and the lines below. How many line ends follow is no part of any value.
    fn block(&mut self, scalar: &Scalar<'_>, span: Span, indent: usize) {
        let rest = self.text.get(self.at..span.end as usize).unwrap_or("");
        let Some(start) = rest.find(['|', '>']) else { return };
        let header_end = rest.get(start..).and_then(|r| r.find('\n')).map_or(rest.len(), |i| start + i);
        let header = rest.get(start..header_end).unwrap_or("");
        let (signs, comment) = header.split_at(header.find('#').unwrap_or(header.len()));
        let content = rest.get(header_end + 1..).unwrap_or("");
        let lines: Vec<&str> = content.split('\n').collect();
        let of = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let first = lines.iter().find(|line| !line.trim_matches(' ').is_empty()).map_or(0, |line| of(line));
        // With a number the text begins so far from the block around it, and may begin with spaces.
        let given = signs.chars().find_map(|c| c.to_digit(10)).map(|n| self.block_column() + n as usize);
        let printed = self.printed(span);
        let number = if given.is_some_and(|given| given < first) && printed.is_none() { "2" } else { "" };
        self.out.push(&format!("{}{number}-", signs.chars().next().unwrap_or('>')));
        if !comment.is_empty() {
            self.out.comment(comment.trim_end());
        }
        let indent = indent + STEP;
        if let Some(printed) = printed {
            let text = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
            for line in layout::expression(scalar.text(), &text, printed) {
                self.out.verbatim(indent, &line);
            }
            return;
        }
        let inner = given.unwrap_or(first);
        for line in lines {
            let line = line.get(inner.min(of(line))..).unwrap_or("");
            self.out.verbatim(indent, line);
        }
    }
}

fn quoted(text: &str, place: Place) -> String {
    if place == Place::Flow { print::yaml_in_flow(text) } else { print::yaml(text) }
}
