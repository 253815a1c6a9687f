//! The keys of one map: taken by name, and at the end what is left over is reported.

use std::borrow::Cow;

use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::syntax::ast::Name;
use crate::syntax::decode::Decoder;
use crate::syntax::yaml::{Entry, Kind as NodeKind, Node, shown};

/// How many unknown keys of one map get a "did you mean".
const MOST_COMPARED: usize = 50;

const FILE: &str = "definition file";
const MANIFEST: &str = "manifest";

/// What the map is, for messages.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// `metric`.
    word: &'static str,
    name: Option<Name>,
    /// The key that a lone text stands for.
    main: Option<&'static str>,
}

impl Kind {
    pub(super) fn definition_file() -> Self {
        Self { word: FILE, name: None, main: None }
    }

    pub(super) fn manifest() -> Self {
        Self { word: MANIFEST, name: None, main: None }
    }

    /// A map without a name of its own: an action, thresholds.
    pub(super) fn part(word: &'static str) -> Self {
        Self { word, name: None, main: None }
    }

    pub(super) fn definition(word: &'static str, name: &Name) -> Self {
        Self { word, name: Some(name.clone()), main: None }
    }

    pub(super) fn main(mut self, key: &'static str) -> Self {
        self.main = Some(key);
        self
    }

    /// `a metric`.
    fn any(&self) -> String {
        if self.word == MANIFEST {
            return format!("the {}", self.word);
        }
        let article = if self.word.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        format!("{article} {}", self.word)
    }

    /// ``the metric `x` ``.
    fn this(&self) -> String {
        match &self.name {
            Some(name) => format!("the {} `{}`", self.word, shown(&name.value)),
            None => format!("the {}", self.word),
        }
    }
}

pub(super) struct Fields<'a> {
    entries: Vec<Option<Entry<'a>>>,
    complete: bool,
    kind: Kind,
    /// Where a missing key is reported.
    place: Span,
    /// Every key that has been asked for.
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn of_node(d: &mut Decoder, node: Node<'a>, kind: Kind) -> Option<Self> {
        let span = node.span;
        let (entries, complete) = match node.kind {
            NodeKind::Map(map) => (map.entries, map.complete),
            NodeKind::Scalar(_) if kind.main.is_some() => {
                let key = Spanned::new(Cow::Borrowed(kind.main.unwrap_or_default()), span);
                (vec![Entry { key, value: node }], true)
            }
            NodeKind::Broken => return None,
            NodeKind::Empty => {
                d.report(
                    Code::NoValue,
                    kind.name.as_ref().map_or(span, |n| n.span),
                    format!("{} is empty", kind.this()),
                    "write the definition, or take the name out",
                );
                return None;
            }
            _ => {
                let wanted = match kind.main {
                    Some(main) => format!("a map of keys, or a text (its `{main}`)"),
                    None if kind.word == FILE => "a map of sections (`metrics:`, `sources:`, …)".to_string(),
                    None => "a map of keys".to_string(),
                };
                let message = format!("{} is {wanted}; found {}", kind.any(), node.what());
                d.diagnostics.push(Diagnostic::new(Code::WrongShape, span, message));
                return None;
            }
        };
        let first = entries.first().map_or(span, |e| e.key.span);
        let place = kind.name.as_ref().map_or(first, |n| n.span);
        Some(Self { entries: entries.into_iter().map(Some).collect(), complete, kind, place, known: Vec::new() })
    }

    /// The value under a key, if the key is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Node<'a>> {
        self.known.push(key);
        self.entry(key).map(|e| e.value)
    }

    fn entry(&mut self, key: &'static str) -> Option<Entry<'a>> {
        self.entries.iter_mut().find(|e| e.as_ref().is_some_and(|e| e.key.value == key))?.take()
    }

    pub(super) fn optional<T>(
        &mut self,
        d: &mut Decoder,
        key: &'static str,
        read: impl FnOnce(&mut Decoder, Node<'a>) -> Option<T>,
    ) -> Option<T> {
        self.take(key).and_then(|node| read(d, node))
    }

    /// As `optional`; an absent key is a finding. `cure` is a line that would do.
    pub(super) fn required<T>(
        &mut self,
        d: &mut Decoder,
        key: &'static str,
        cure: &str,
        read: impl FnOnce(&mut Decoder, Node<'a>) -> Option<T>,
    ) -> Option<T> {
        match self.take(key) {
            Some(node) => read(d, node),
            None => {
                // A key that looks like this one is reported as unknown, with this one as the cure.
                if self.complete && !self.is_misspelt(key) {
                    let message = format!("{} has no `{key}`", self.kind.this());
                    d.report(Code::MissingKey, self.place, message, &format!("write `{cure}`"));
                }
                None
            }
        }
    }

    fn is_misspelt(&self, key: &'static str) -> bool {
        self.entries.iter().flatten().take(MOST_COMPARED).any(|e| !did_you_mean(&e.key.value, [key]).is_empty())
    }

    /// A key of the language that this version cannot read yet; gives its value, to leave it out with care.
    pub(super) fn later(&mut self, d: &mut Decoder, key: &'static str) -> Option<Node<'a>> {
        let entry = self.entry(key)?;
        d.not_yet(entry.key.span, &format!("`{key}` of {}", self.kind.any()));
        Some(entry.value)
    }

    /// As `later`, for a section of a file.
    pub(super) fn later_section(&mut self, d: &mut Decoder, key: &'static str) -> Option<Node<'a>> {
        let entry = self.entry(key)?;
        d.not_yet(entry.key.span, &format!("the section `{key}`"));
        Some(entry.value)
    }

    /// Where the first key stands.
    pub(super) fn place(&self) -> Span {
        self.place
    }

    /// Reports the keys that nothing has asked for; gives their values.
    pub(super) fn finish(self, d: &mut Decoder) -> Vec<Node<'a>> {
        let mut left = Vec::new();
        for entry in self.entries.into_iter().flatten() {
            let key = &entry.key.value;
            // A map with more unknown keys than this was not meant to be a definition, and comparing takes time.
            let compared = left.len() < MOST_COMPARED;
            let near = if compared { did_you_mean(key, self.known.iter().copied()) } else { String::new() };
            let message = format!("{} has no key `{}`{near}", self.kind.any(), shown(key));
            d.report(Code::UnknownKey, entry.key.span, message, &format!("its keys are {}", listed(&self.known)));
            left.push(entry.value);
        }
        left
    }
}

fn listed(keys: &[&str]) -> String {
    keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
}
