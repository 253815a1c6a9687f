//! Stage: syntax. From the text of a file to its definitions, with a place for every value and nothing resolved.

use crate::diag::Diagnostic;
use crate::parallel;
use crate::source::{FileId, SourceMap};
use crate::syntax::decode::Decoder;
use crate::syntax::document::{Document, Manifest};

pub mod ast;
mod decode;
pub mod document;
pub mod expr;
mod fmt;
pub mod located;
pub mod print;
#[cfg(test)]
mod tests;
pub mod trial;
mod yaml;

pub use fmt::format;

/// Less text than this is read faster than a thread starts.
const BYTES_PER_THREAD: usize = 32 << 10;

/// Reads `kepi.yaml`. `None` when too little of it could be read to go on.
pub fn parse_manifest(sources: &SourceMap, file: FileId) -> (Option<Manifest>, Vec<Diagnostic>) {
    let mut decoder = Decoder::new(file);
    let root = yaml::read(&sources.file(file).text, file, &mut decoder.diagnostics);
    let manifest = decode::manifest(&mut decoder, root);
    (manifest, in_text_order(decoder.diagnostics))
}

/// Reads a definition file: whatever could be read of it, and every finding.
pub fn parse_document(sources: &SourceMap, file: FileId) -> (Document, Vec<Diagnostic>) {
    let mut decoder = Decoder::new(file);
    let root = yaml::read(&sources.file(file).text, file, &mut decoder.diagnostics);
    let document = decode::document(&mut decoder, root);
    (document, in_text_order(decoder.diagnostics))
}

/// Reads many definition files, on as many threads as pay off; the answers stand in the order of the files.
pub fn parse_documents(sources: &SourceMap, files: &[FileId]) -> Vec<(Document, Vec<Diagnostic>)> {
    let bytes: usize = files.iter().map(|f| sources.file(*f).text.len()).sum();
    parallel::map(files, bytes / BYTES_PER_THREAD + 1, |file| parse_document(sources, *file))
}

fn in_text_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|d| d.primary.as_ref().map(|p| p.span));
    diagnostics
}
