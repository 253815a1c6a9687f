//! A file's YAML as a tree with a place for every key and value.
//!
//! Scalars are source text: nothing is read as a number, a date or null here. What YAML offers beyond maps, lists and text (anchors,
//! merge keys, tags, several documents) is refused with a finding of its own.

mod cut;
mod frame;
mod parser;
mod scalar;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{HashMap, hash_map};
use std::ops::Range;

use crate::diag::{Code, Diagnostic};
use crate::source::{FileId, Span, Spanned};
use crate::syntax::located::Located;

/// The deepest nesting of lists and maps that is read.
const MAX_DEPTH: usize = 32;
/// The most keys and values of one file.
const MAX_NODES: usize = 50_000;
/// The most bytes of one file.
const MAX_BYTES: usize = 1 << 20;
/// After so many syntax errors the rest of a file is left alone.
const MAX_SYNTAX_ERRORS: usize = 20;

/// Whether a text, written plain with a comment or a comma after it, would look as if that had cut it short.
pub(crate) fn looks_cut(text: &str) -> bool {
    cut::open_at_end(text).is_some()
}

#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    Scalar(Scalar<'a>),
    /// `key:` and nothing after it.
    Empty,
    List(Vec<Node<'a>>),
    Map(Map<'a>),
    /// It could not be read, and a finding says so.
    Broken,
}

#[derive(Clone, Debug)]
pub(crate) struct Scalar<'a> {
    text: Cow<'a, str>,
    style: Style,
    /// The whole file, to find the way back from text to bytes.
    source: &'a str,
}

#[derive(Clone, Debug)]
pub(crate) struct Map<'a> {
    pub(crate) entries: Vec<Entry<'a>>,
    /// False when some of it could not be read: a key that is not there may have been meant.
    pub(crate) complete: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Spanned<Cow<'a, str>>,
    pub(crate) value: Node<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    /// `|` and `>`.
    Block,
}

impl Scalar<'_> {
    /// The text, without the line ends that close a block.
    pub(crate) fn text(&self) -> &str {
        match self.style {
            Style::Block => self.text.trim_end_matches(scalar::blank),
            _ => &self.text,
        }
    }

    /// Written without quotes, on its own line.
    pub(crate) fn is_plain(&self) -> bool {
        self.style == Style::Plain
    }

    pub(crate) fn style(&self) -> Style {
        self.style
    }

    pub(crate) fn located(&self, span: Span) -> Located {
        let mut located = scalar::locate(self.source, &self.text, self.style, span);
        located.truncate(self.text().len());
        located
    }
}

impl<'a> Node<'a> {
    fn new(kind: Kind<'a>, span: Span) -> Self {
        Self { kind, span }
    }

    /// `a list`, for "expected …, found a list".
    pub(crate) fn what(&self) -> &'static str {
        match self.kind {
            Kind::Scalar(_) => "a text",
            Kind::Empty => "nothing",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
            Kind::Broken => "something unreadable",
        }
    }
}

/// Reads one file. `None` when it holds nothing, or nothing that could be read.
pub(crate) fn read<'a>(text: &'a str, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> Option<Node<'a>> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} (1 MiB) are read", text.len());
        diagnostics.push(
            Diagnostic::new(Code::YamlTooLarge, Span::new(file, 0, 0), message).help("split it into several files"),
        );
        return None;
    }
    let mut reading = Reading { text, file, root: None, budget: MAX_NODES, diagnostics, seen: Vec::new() };
    reading.all();
    let failed = !reading.seen.is_empty();
    let mut root = reading.root;
    if let Some(root) = &mut root {
        if let (Kind::Map(map), true) = (&mut root.kind, failed) {
            map.complete = false;
        }
        drop_duplicates(root, diagnostics);
    }
    root
}

/// One file being read. A syntax error ends a pass over it; the next pass begins with the next definition or section, so that one broken
/// definition does not hide the findings in the others.
struct Reading<'a, 'd> {
    text: &'a str,
    file: FileId,
    root: Option<Node<'a>>,
    budget: usize,
    diagnostics: &'d mut Vec<Diagnostic>,
    /// Where syntax errors have been found.
    seen: Vec<Span>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The keys are the file's own.
    Top,
    /// The keys belong to the last section that was read.
    Section,
}

impl<'a> Reading<'a, '_> {
    fn all(&mut self) {
        let mut next = Some((0..self.text.len(), Level::Top));
        while let Some((range, level)) = next {
            let end = range.end;
            let pass = parser::pass(self.text, range.clone(), self.file, &mut self.budget, self.diagnostics);
            if let Some(node) = pass.root {
                self.merge(node, level);
            }
            next = match pass.failure {
                None if level == Level::Section && end < self.text.len() => Some((end..self.text.len(), Level::Top)),
                None => None,
                Some(failure) => {
                    let again = self.seen.contains(&failure.place);
                    self.seen.push(failure.place);
                    self.diagnostics.extend(failure.diagnostic.filter(|_| !again));
                    if failure.fatal {
                        self.root = None;
                    }
                    let after = failure.after.max(range.start);
                    if failure.fatal || self.seen.len() >= MAX_SYNTAX_ERRORS { None } else { self.resume(after) }
                }
            };
        }
    }

    fn merge(&mut self, node: Node<'a>, level: Level) {
        let root = match &mut self.root {
            Some(root) if !matches!(root.kind, Kind::Broken) => root,
            root => {
                *root = Some(node);
                return;
            }
        };
        let Kind::Map(map) = node.kind else { return };
        let into = match (&mut root.kind, level) {
            (Kind::Map(top), Level::Top) => Some(top),
            (Kind::Map(top), Level::Section) => top.entries.last_mut().and_then(|e| match &mut e.value.kind {
                Kind::Map(section) => Some(section),
                _ => None,
            }),
            _ => None,
        };
        if let Some(into) = into {
            into.entries.extend(map.entries);
        }
    }

    /// The next line after the one at `after` that begins a section, or a definition of the section being read.
    fn resume(&self, after: usize) -> Option<(Range<usize>, Level)> {
        let inner = self.definition_indent();
        let mut lines = Lines { text: self.text, at: after };
        lines.next();
        for (start, line) in lines {
            let indent = line.len() - line.trim_start_matches(' ').len();
            if !begins_a_key(line.trim_start_matches(' ')) {
                continue;
            }
            if indent == 0 {
                return Some((start..self.text.len(), Level::Top));
            }
            if Some(indent) == inner {
                let end =
                    Lines { text: self.text, at: start }.find(|(_, l)| is_top(l)).map_or(self.text.len(), |(at, _)| at);
                return Some((start..end, Level::Section));
            }
        }
        None
    }

    /// How far the definitions of the section being read are indented.
    fn definition_indent(&self) -> Option<usize> {
        let Kind::Map(top) = &self.root.as_ref()?.kind else { return None };
        let Kind::Map(section) = &top.entries.last()?.value.kind else { return None };
        let at = section.entries.first()?.key.span.start as usize;
        let line = self.text.get(..at)?.rfind('\n').map_or(0, |i| i + 1);
        let before = self.text.get(line..at)?;
        before.bytes().all(|b| b == b' ').then_some(before.len())
    }
}

fn begins_a_key(line: &str) -> bool {
    line.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$') && line.contains(':')
}

/// A line that ends the section before it.
fn is_top(line: &str) -> bool {
    !line.starts_with([' ', '\t', '#', '\r', '\n']) && !line.is_empty()
}

/// The lines from the one that holds `at`, each with its offset.
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..)?;
        if rest.is_empty() {
            return None;
        }
        let start = self.at;
        let len = rest.find('\n').map_or(rest.len(), |i| i + 1);
        self.at += len;
        Some((start, rest.get(..len)?))
    }
}

/// The first of two equal keys stays.
fn drop_duplicates(node: &mut Node, diagnostics: &mut Vec<Diagnostic>) {
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|n| drop_duplicates(n, diagnostics)),
        Kind::Map(map) => {
            let again = repeated(&map.entries);
            if !again.is_empty() {
                for &(at, first) in &again {
                    let key = &map.entries[at].key;
                    let message = format!("the key `{}` is here twice", shown(&key.value));
                    diagnostics.push(
                        Diagnostic::new(Code::DuplicateKey, key.span, message)
                            .also(first, "the first one")
                            .help("rename one of the two, or take it out"),
                    );
                }
                let mut again = again.into_iter().map(|(at, _)| at).peekable();
                let mut at = 0..;
                map.entries.retain(|_| again.next_if_eq(&at.next().unwrap_or_default()).is_none());
            }
            map.entries.iter_mut().for_each(|e| drop_duplicates(&mut e.value, diagnostics));
        }
        Kind::Scalar(_) | Kind::Empty | Kind::Broken => {}
    }
}

/// The entries whose key an earlier one has, in their order, each with the place of the first.
fn repeated(entries: &[Entry]) -> Vec<(usize, Span)> {
    /// Up to here comparing a key with those before it costs less than a table of them.
    const FEW: usize = 16;
    let keyed = entries.iter().enumerate();
    if entries.len() <= FEW {
        let first = |at: usize, entry: &Entry| entries[..at].iter().find(|e| e.key.value == entry.key.value);
        return keyed.filter_map(|(at, entry)| Some((at, first(at, entry)?.key.span))).collect();
    }
    let mut first: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
    keyed
        .filter_map(|(at, entry)| match first.entry(entry.key.value.as_ref()) {
            hash_map::Entry::Occupied(before) => Some((at, *before.get())),
            hash_map::Entry::Vacant(free) => {
                free.insert(entry.key.span);
                None
            }
        })
        .collect()
}

/// A key or text as messages show it: on one line, not endless.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut out = String::new();
    for c in text.chars().take(MOST) {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    if text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}
