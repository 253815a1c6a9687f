//! What a map of the language may hold.

/// A kind of map: the manifest, a definition file, a definition, a part of one.
#[derive(Debug)]
pub struct Kind {
    /// As messages call it: `metric`.
    pub word: &'static str,
    pub what: &'static str,
    /// The key that a lone text stands for.
    pub main: Option<&'static str>,
    pub keys: &'static [Key],
    /// Of each group at least one must be there.
    pub either: &'static [&'static [&'static str]],
}

/// A key of a map.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    pub shape: Shape,
    pub what: &'static str,
    /// A value as it is written in YAML.
    pub example: &'static str,
    pub default: Option<&'static str>,
    /// Without it the definition is refused.
    pub required: bool,
}

/// What may stand under a key.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// The version of the language.
    Version,
    /// A scalar: a text, a date, an amount, an expression.
    Text,
    /// A scalar or a list of them.
    Texts,
    /// As `Texts`, at least one and none twice.
    Columns,
    Bool,
    /// One of these.
    Word(&'static [&'static str]),
    /// One of these, or another text.
    Suggested(&'static [&'static str]),
    /// Two texts.
    Pair,
    /// Names to texts.
    TextMap,
    /// A text, or names to texts.
    TextOrMap,
    /// Lints to levels.
    Levels,
    /// Lints to reasons.
    Allowed,
    /// Names to definitions; empty when all of them are commented out.
    Sections(&'static Kind),
    /// Names to maps.
    Map(&'static Kind),
    One(&'static Kind),
    /// One, or a list of them.
    Many(&'static Kind),
    /// Rows by source.
    Given,
    /// Values by what is asked.
    Expected,
}

impl Shape {
    /// The kind of map that stands there.
    pub fn kind(self) -> Option<&'static Kind> {
        match self {
            Self::Sections(kind) | Self::Map(kind) | Self::One(kind) | Self::Many(kind) => Some(kind),
            _ => None,
        }
    }
}

pub(super) const fn key(name: &'static str, shape: Shape, what: &'static str, example: &'static str) -> Key {
    Key { name, shape, what, example, default: None, required: false }
}

impl Key {
    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }
}

/// Of every definition that lints are about.
pub(super) const ALLOW: Key = key(
    "allow",
    Shape::Allowed,
    "Lints that do not apply, each with its reason.",
    "{no_guardrail: nothing else depends on it}",
);
