//! Stage: syntax. From the text of a file to its definitions, with a place for every value and nothing resolved.

use crate::diag::Diagnostic;
use crate::source::{FileId, SourceMap};
use crate::syntax::document::{Document, Manifest};

pub mod ast;
pub mod document;
pub mod expr;
pub mod located;
mod yaml;

/// Reads `kepi.yaml`. `None` when too little of it could be read to go on.
pub fn parse_manifest(_sources: &SourceMap, _file: FileId) -> (Option<Manifest>, Vec<Diagnostic>) {
    (None, Vec::new())
}

/// Reads a definition file: whatever could be read of it, and every finding.
pub fn parse_document(_sources: &SourceMap, file: FileId) -> (Document, Vec<Diagnostic>) {
    (Document::empty(file), Vec::new())
}
