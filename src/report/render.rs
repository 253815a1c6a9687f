//! A [`Report`] as HTML, Markdown, JSON and text. Same report, same bytes.

mod html;
pub mod json;
mod markdown;
mod text;
mod view;

#[cfg(test)]
mod tests;

use crate::report::Report;
use crate::source::SourceMap;

/// How text for a terminal is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

/// One self-contained page: no script, no request to anywhere.
pub fn html(report: &Report, map: &SourceMap) -> String {
    html::page(&view::report(report, map))
}

/// GitHub-flavoured Markdown, short enough for a comment.
pub fn markdown(report: &Report, map: &SourceMap) -> String {
    markdown::comment(&view::report(report, map))
}

/// A text that stands in Markdown as it is, in tables too.
pub fn escaped(text: &str) -> String {
    markdown::text(text)
}

/// The schema is described in `docs/report-json.md`; `"kepi": 1` is its version.
pub fn json(report: &Report, map: &SourceMap) -> String {
    json::document(report, map)
}

pub fn text(report: &Report, map: &SourceMap, style: &Style) -> String {
    text::terminal(report, &view::report(report, map), style)
}
