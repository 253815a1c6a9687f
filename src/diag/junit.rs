//! Findings as JUnit's XML, which every CI shows as tests: a suite a file, a case a finding.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::diag::{Diagnostic, human};
use crate::source::SourceMap;

/// Errors are failures; warnings and remarks are cases that pass and say what was found. A file without findings is one case.
pub fn findings(findings: &[Diagnostic], map: &SourceMap) -> String {
    let mut suites: BTreeMap<&str, Vec<&Diagnostic>> =
        map.files().map(|(_, f)| (f.path.as_str(), Vec::new())).collect();
    for finding in findings {
        let path = finding.primary.as_ref().map_or("kepi", |label| map.file(label.span.file).path.as_str());
        suites.entry(path).or_default().push(finding);
    }
    let failures = findings.iter().filter(|f| f.is_error()).count();
    let tests: usize = suites.values().map(|found| found.len().max(1)).sum();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"kepi check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n"
    );
    for (path, found) in suites {
        let failures = found.iter().filter(|f| f.is_error()).count();
        let path = escaped(path);
        let tests = found.len().max(1);
        let _ = writeln!(out, "  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">");
        if found.is_empty() {
            let _ = writeln!(out, "    <testcase classname=\"kepi\" name=\"{path}\"/>");
        }
        for finding in found {
            let position =
                finding.primary.as_ref().map_or(String::new(), |label| format!(":{}", map.position(label.span)));
            let name = escaped(&format!("{}{position} {}", finding.code, finding.message));
            let text = escaped(&human::full(finding, map, false));
            let _ = writeln!(out, "    <testcase classname=\"{path}\" name=\"{name}\">");
            let _ = match finding.is_error() {
                true => writeln!(
                    out,
                    "      <failure type=\"{}\" message=\"{}\">{text}</failure>",
                    finding.code,
                    escaped(&finding.message)
                ),
                false => writeln!(out, "      <system-out>{text}</system-out>"),
            };
            out += "    </testcase>\n";
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

/// Text of XML 1.0, which has no control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
