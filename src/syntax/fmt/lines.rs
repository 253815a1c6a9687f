//! The lines that are written, and their comments.

/// Comments of neighbouring lines begin in one column, unless a line is longer than this.
const ALIGNED: usize = 80;
/// Spaces before a comment.
const BEFORE_COMMENT: usize = 2;

#[derive(Default)]
struct Line {
    indent: usize,
    text: String,
    comment: Option<String>,
    /// What stands in a block of text: spaces at its end are part of it.
    verbatim: bool,
}

#[derive(Default)]
pub(super) struct Lines {
    lines: Vec<Line>,
}

impl Lines {
    pub(super) fn begin(&mut self, indent: usize) {
        match self.lines.last_mut() {
            // Nothing has been written to it.
            Some(last) if last.text.is_empty() && last.comment.is_none() && !last.verbatim => last.indent = indent,
            _ => self.lines.push(Line { indent, ..Line::default() }),
        }
    }

    /// A line without anything, unless there is one.
    pub(super) fn blank(&mut self) {
        if self.lines.iter().any(|line| !line.text.is_empty() || line.comment.is_some()) {
            self.lines.push(Line { verbatim: true, ..Line::default() });
        }
    }

    pub(super) fn verbatim(&mut self, indent: usize, text: &str) {
        self.lines.push(Line { indent, text: text.to_owned(), comment: None, verbatim: true });
    }

    pub(super) fn push(&mut self, text: &str) {
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let indent = self.indent();
        if let Some(last) = self.lines.last_mut() {
            // Behind a comment nothing can follow.
            if last.comment.is_some() || last.verbatim {
                self.lines.push(Line { indent, text: text.to_owned(), ..Line::default() });
            } else {
                last.text.push_str(text);
            }
        }
    }

    /// A comment at the end of the line.
    pub(super) fn comment(&mut self, text: &str) {
        match self.lines.last_mut() {
            Some(last) if last.comment.is_none() && !last.verbatim => last.comment = Some(text.to_owned()),
            _ => self.lines.push(Line { comment: Some(text.to_owned()), ..Line::default() }),
        }
    }

    /// How far the line being written is indented.
    pub(super) fn indent(&self) -> usize {
        self.lines.last().map_or(0, |line| line.indent)
    }

    pub(super) fn text(mut self) -> String {
        while self.lines.last().is_some_and(|line| line.text.trim().is_empty() && line.comment.is_none()) {
            self.lines.pop();
        }
        let columns = self.columns();
        let mut out = String::new();
        for (line, column) in self.lines.iter().zip(columns) {
            let text = if line.verbatim { &line.text } else { line.text.trim_end() };
            if !text.is_empty() {
                out.push_str(&" ".repeat(line.indent));
                out.push_str(text);
            }
            if let Some(comment) = &line.comment {
                out.push_str(&" ".repeat(if text.is_empty() { line.indent } else { column - line.width() }));
                out.push_str(comment);
            }
            out.push('\n');
        }
        out
    }

    /// The column of each line's comment.
    fn columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = self.lines.iter().map(|line| line.width() + BEFORE_COMMENT).collect();
        let mut at = 0;
        for run in self.lines.chunk_by(|a, b| a.aligns() && b.aligns()) {
            let column = run.iter().map(|line| line.width() + BEFORE_COMMENT).max().unwrap_or(0);
            if run.iter().all(Line::aligns) {
                columns.iter_mut().skip(at).take(run.len()).for_each(|c| *c = column);
            }
            at += run.len();
        }
        columns
    }
}

impl Line {
    fn width(&self) -> usize {
        self.indent + self.text.trim_end().chars().count()
    }

    fn aligns(&self) -> bool {
        self.comment.is_some() && !self.text.trim().is_empty() && self.width() <= ALIGNED
    }
}
