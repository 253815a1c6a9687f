//! Findings as annotations of a GitHub workflow.

use crate::diag::{Diagnostic, Severity, sarif};
use crate::source::SourceMap;

/// A line a finding; `prefix` leads from the repository's root to the project.
pub fn findings(findings: &[Diagnostic], map: &SourceMap, prefix: &str) -> String {
    findings.iter().map(|finding| annotation(finding, map, prefix)).collect()
}

fn annotation(finding: &Diagnostic, map: &SourceMap, prefix: &str) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let place = finding.primary.as_ref().map_or(String::new(), |label| {
        let (start, end) = (map.position(label.span), map.end_position(label.span));
        let path = property(&format!("{prefix}{}", map.file(label.span.file).path));
        // Columns of several lines would be taken for those of one.
        let columns = match start.line == end.line {
            true => format!(",col={},endColumn={}", start.column, end.column),
            false => String::new(),
        };
        format!("file={path},line={},endLine={}{columns},", start.line, end.line)
    });
    let title = property(&format!("{}: {}", finding.code, finding.code.summary()));
    format!("::{level} {place}title={title}::{}\n", data(&sarif::text(finding)))
}

/// What follows `::`, on one line.
pub(crate) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands behind `=`.
pub(crate) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
