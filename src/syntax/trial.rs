//! `tests:` as they were written.

use crate::source::{Span, Spanned};
use crate::syntax::ast::Name;
use crate::syntax::document::Text;
use crate::syntax::located::Located;

/// A test: rows, and what must come of them.
#[derive(Clone, Debug)]
pub struct TestDef {
    pub name: Name,
    /// The whole definition.
    pub span: Span,
    pub title: Option<Text>,
    /// By source or lookup. Empty: the real files are tested.
    pub given: Vec<(Name, GivenDef)>,
    pub as_of: Option<Text>,
    pub expect: Vec<(Asked, ExpectedDef)>,
    pub holds: Vec<(Asked, Text)>,
    pub tolerance: Option<Text>,
    /// Codes of the findings that there must be.
    pub findings: Vec<Text>,
}

/// `plays by day, country`.
#[derive(Clone, Debug)]
pub struct Asked {
    pub text: Located,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum GivenDef {
    Rows(Vec<Vec<(Name, Cell)>>),
    /// A file of the project.
    File(Text),
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub text: Text,
    /// In quotes: text, whatever it looks like.
    pub quoted: bool,
}

/// What is expected: a value, values by period and part, or rows.
#[derive(Clone, Debug)]
pub enum ExpectedDef {
    Value(Text),
    By(Vec<(Name, ExpectedDef)>),
    Rows(Vec<Spanned<Vec<(Name, Text)>>>),
}
