//! The tree, written in the order in which it stands.

use crate::source::Span;
use crate::syntax::fmt::STEP;
use crate::syntax::fmt::gap::{Gap, Item};
use crate::syntax::fmt::lines::Lines;
use crate::syntax::print;
use crate::syntax::yaml::{Entry, Kind, Map, Node, Style};

pub(super) struct Formatter<'a> {
    pub(super) text: &'a str,
    printed: &'a [(Span, String)],
    is_manifest: bool,
    pub(super) out: Lines,
    /// How far the text has been dealt with.
    pub(super) at: usize,
    /// The blocks that the last value stood in, outermost first. Those that have ended stay until the next value: comments
    /// before it may belong to them.
    blocks: Vec<Block>,
}

/// A map or list that is written with a line for each key or item.
#[derive(Clone, Copy)]
struct Block {
    /// The column of its keys or dashes in the text.
    column: usize,
    /// The same in what is written.
    indent: usize,
}

/// Where a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Block,
    Flow,
}

impl<'a> Formatter<'a> {
    pub(super) fn new(text: &'a str, printed: &'a [(Span, String)], is_manifest: bool) -> Self {
        Self { text, printed, is_manifest, out: Lines::default(), at: 0, blocks: Vec::new() }
    }

    pub(super) fn run(mut self, root: Option<&Node<'_>>) -> String {
        match root.map(|root| (&root.kind, root)) {
            Some((Kind::Map(map), root)) if !self.opens(root.span) => self.map(map, 0, 0, true),
            Some((_, root)) => {
                self.comments(root.span.start as usize, 0, false, false);
                self.out.begin(0);
                self.value(root, 0, Place::Block);
            }
            None => {}
        }
        self.comments(self.text.len(), 0, true, false);
        self.out.text()
    }

    pub(super) fn printed(&self, span: Span) -> Option<&'a str> {
        super::printed(self.printed, span)
    }

    /// Whether a bracket stands there.
    fn opens(&self, span: Span) -> bool {
        self.text.get(span.start as usize..).is_some_and(|rest| rest.starts_with(['{', '[']))
    }

    fn column(&self, at: usize) -> usize {
        at - self.text.get(..at).unwrap_or("").rfind('\n').map_or(0, |i| i + 1)
    }

    /// The column of the block that is being written.
    pub(super) fn block_column(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.column)
    }

    /// Whether the value stands on lines below its key.
    fn is_block(&self, node: &Node<'_>) -> bool {
        matches!(node.kind, Kind::Map(_) | Kind::List(_)) && !self.opens(node.span)
    }

    fn takes_lines(&self, entry: &Entry<'_>) -> bool {
        let written = self.text.get(entry.value.span.start as usize..entry.value.span.end as usize).unwrap_or("");
        let block = matches!(&entry.value.kind, Kind::Scalar(scalar) if scalar.style() == Style::Block);
        self.is_block(&entry.value) || block || written.contains('\n')
    }

    fn map(&mut self, map: &Map<'_>, depth: usize, indent: usize, mut first: bool) {
        let Some(start) = map.entries.first().map(|entry| entry.key.span.start as usize) else { return };
        let block = Block { column: self.column(start), indent };
        let mut tall = false;
        for (i, entry) in map.entries.iter().enumerate() {
            let takes_lines = self.takes_lines(entry);
            // Definitions and sections stand apart; where each is a line they may stand together.
            let apart = i > 0 && depth < 2 && !self.is_manifest && (tall || takes_lines);
            self.enter(depth, block);
            self.comments(entry.key.span.start as usize, depth, i > 0, apart);
            if !std::mem::take(&mut first) || depth == 0 {
                self.out.begin(indent);
            }
            tall = takes_lines;
            self.key(entry, Place::Block);
            self.out.push(":");
            match &entry.value.kind {
                // What is commented out below a key stays below it.
                Kind::Empty => self.blocks.push(Block { column: block.column + 1, indent: indent + STEP }),
                Kind::Map(inner) if self.is_block(&entry.value) => self.map(inner, depth + 1, indent + STEP, false),
                Kind::List(items) if self.is_block(&entry.value) => self.list(items, depth + 1, indent + STEP, false),
                _ => self.inline(&entry.value, indent, Place::Block),
            }
        }
    }

    fn list(&mut self, items: &[Node<'_>], depth: usize, indent: usize, mut first: bool) {
        for (i, item) in items.iter().enumerate() {
            let Some(dash) = self.dash() else { return };
            self.enter(depth, Block { column: self.column(dash), indent });
            self.comments(dash, depth, i > 0, false);
            self.at = dash + 1;
            if !std::mem::take(&mut first) {
                self.out.begin(indent);
            }
            self.out.push("-");
            match &item.kind {
                Kind::Empty => {}
                Kind::Map(inner) if self.is_block(item) => {
                    self.beside(inner.entries.first().map_or(0, |e| e.key.span.start as usize), indent + STEP);
                    self.map(inner, depth + 1, indent + STEP, true);
                }
                Kind::List(inner) if self.is_block(item) => {
                    self.beside(self.dash().unwrap_or(self.at), indent + STEP);
                    self.list(inner, depth + 1, indent + STEP, true);
                }
                _ => self.inline(item, indent, Place::Block),
            }
        }
    }

    /// What follows a dash stands beside it, unless a comment does.
    fn beside(&mut self, start: usize, indent: usize) {
        if Gap::read(self.text, self.at, start).has_comments() {
            self.enter(self.blocks.len(), Block { column: self.column(start), indent });
            self.comments(start, self.blocks.len().saturating_sub(1), false, false);
            self.out.begin(indent);
        } else {
            self.out.push(" ");
        }
    }

    /// The next dash of a list.
    fn dash(&self) -> Option<usize> {
        let mut comment = false;
        self.text.get(self.at..)?.char_indices().find_map(|(i, c)| {
            comment = if comment { c != '\n' } else { c == '#' };
            (c == '-' && !comment).then_some(self.at + i)
        })
    }

    fn enter(&mut self, depth: usize, block: Block) {
        if self.blocks.len() <= depth {
            self.blocks.push(block);
        }
    }

    /// Writes the comments before the value at `to`, which belongs to the block of this depth, and at most one blank line.
    fn comments(&mut self, to: usize, depth: usize, mut begun: bool, mut apart: bool) {
        let gap = Gap::read(self.text, self.at, to.max(self.at));
        let mut blank = false;
        let mut least = usize::MAX;
        let last = gap.items.iter().rposition(|item| *item != Item::Blank).map_or(0, |i| i + 1);
        for (i, item) in gap.items.iter().enumerate() {
            match item {
                Item::Trailing(comment) => self.out.comment(comment),
                Item::Blank => blank = true,
                Item::Document => {
                    self.out.begin(0);
                    self.out.push("---");
                    (blank, begun) = (false, false);
                }
                Item::Own(comment, column) => {
                    let at = self.home(*column, depth).min(least);
                    least = at;
                    let wanted = apart && at <= depth && !gap.items.get(i..last).unwrap_or(&[]).contains(&Item::Blank);
                    if (std::mem::take(&mut blank) && begun) || wanted {
                        self.out.blank();
                        apart = apart && at > depth;
                    }
                    self.out.begin(self.blocks.get(at).map_or(0, |block| block.indent));
                    self.out.comment(comment);
                    begun = true;
                }
            }
        }
        if (blank && begun) || apart {
            self.out.blank();
        }
        self.at = to.max(self.at);
        self.blocks.truncate(depth + 1);
    }

    /// The innermost block whose column a comment has reached.
    fn home(&self, column: usize, depth: usize) -> usize {
        let mut best = depth;
        for (at, block) in self.blocks.iter().enumerate().skip(depth + 1) {
            let outer = self.blocks.get(best).map_or(0, |b| b.column);
            if block.column <= column && block.column > outer {
                best = at;
            }
        }
        best
    }

    fn key(&mut self, entry: &Entry<'_>, place: Place) {
        let span = entry.key.span;
        let written = self.text.get(span.start as usize..span.end as usize).unwrap_or("");
        let text = entry.key.value.as_ref();
        if written.starts_with(['"', '\'']) || written.contains('\n') {
            self.out.push(&if place == Place::Flow { print::yaml_in_flow(text) } else { print::yaml(text) });
        } else {
            self.out.push(written);
        }
        self.at = span.end as usize;
    }

    /// A value behind its key or dash.
    fn inline(&mut self, node: &Node<'_>, indent: usize, place: Place) {
        let start = node.span.start as usize;
        let block = matches!(&node.kind, Kind::Scalar(scalar) if scalar.style() == Style::Block);
        if !block && Gap::read(self.text, self.at, start).has_comments() {
            self.enter(self.blocks.len(), Block { column: self.column(start), indent: indent + STEP });
            self.comments(start, self.blocks.len().saturating_sub(1), false, false);
            self.out.begin(indent + STEP);
            self.value(node, indent, place);
            return;
        }
        self.out.push(" ");
        if !block {
            self.at = start.max(self.at);
        }
        self.value(node, indent, place);
    }

    /// `indent` is that of the block around it.
    fn value(&mut self, node: &Node<'_>, indent: usize, place: Place) {
        match &node.kind {
            Kind::Scalar(scalar) => self.scalar(scalar, node.span, indent, place),
            Kind::Map(map) => {
                let values = map.entries.iter().map(|entry| (Some(entry), &entry.value)).collect();
                self.flow(values, node.span, ('{', '}'), indent);
            }
            Kind::List(items) => {
                self.flow(items.iter().map(|item| (None, item)).collect(), node.span, ('[', ']'), indent);
            }
            Kind::Empty | Kind::Broken => {}
        }
    }

    /// `{…}` or `[…]`; its line breaks stay, behind commas and brackets.
    fn flow(
        &mut self,
        values: Vec<(Option<&Entry<'_>>, &Node<'_>)>,
        span: Span,
        (open, close): (char, char),
        indent: usize,
    ) {
        // `[a: b]` holds a map without braces.
        let brackets = self.text.get(span.start as usize..).is_some_and(|rest| rest.starts_with(open));
        let base = self.out.indent().max(indent);
        self.out.push(&open.to_string());
        self.at = span.start as usize + usize::from(brackets);
        let empty = values.is_empty();
        for (i, (entry, value)) in values.into_iter().enumerate() {
            let start = entry.map_or(value.span.start, |entry| entry.key.span.start) as usize;
            if i > 0 {
                self.out.push(",");
            }
            if !self.lines_within(start, base + STEP) && i > 0 {
                self.out.push(" ");
            }
            let Some(entry) = entry else {
                self.value(value, base, Place::Flow);
                self.at = self.at.max(value.span.end as usize);
                continue;
            };
            self.key(entry, Place::Flow);
            self.out.push(":");
            if matches!(value.kind, Kind::Empty) {
                continue;
            }
            if Gap::read(self.text, self.at, value.span.start as usize).has_comments() {
                self.lines_within(value.span.start as usize, base + STEP + STEP);
            } else {
                self.out.push(" ");
            }
            self.value(value, base, Place::Flow);
            self.at = self.at.max(value.span.end as usize);
        }
        if brackets {
            let end = (span.end as usize).saturating_sub(1);
            let gap = Gap::read(self.text, self.at, end);
            if gap.broken && (!empty || gap.has_comments()) {
                if !empty {
                    self.out.push(",");
                }
                self.lines_within(end, base + STEP);
                self.out.begin(base);
            }
            self.at = span.end as usize;
        }
        self.out.push(&close.to_string());
    }

    /// Comments and the line break before a value of a flow; whether there is one.
    fn lines_within(&mut self, to: usize, indent: usize) -> bool {
        let gap = Gap::read(self.text, self.at, to.max(self.at));
        for item in &gap.items {
            match item {
                Item::Trailing(comment) => self.out.comment(comment),
                Item::Own(comment, _) => {
                    self.out.begin(indent);
                    self.out.comment(comment);
                }
                Item::Blank | Item::Document => {}
            }
        }
        if gap.broken {
            self.out.begin(indent);
        }
        self.at = to.max(self.at);
        gap.broken
    }
}
