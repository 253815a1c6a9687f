//! Findings as SARIF 2.1.0, which code scanning reads.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::diag::{Code, Diagnostic, Label, Severity};
use crate::source::SourceMap;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One run with a rule for each code that was found. `prefix` leads from the repository's root to the project (`kpis/`);
/// columns count characters. A finding without a place has no location.
pub fn findings(findings: &[Diagnostic], map: &SourceMap, prefix: &str, version: &str) -> Value {
    let codes: BTreeSet<Code> = findings.iter().map(|f| f.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let mut result = json!({
                "ruleId": finding.code.as_str(),
                "ruleIndex": codes.binary_search(&finding.code).unwrap_or(0),
                "level": level(finding.severity),
                "message": {"text": text(finding)},
            });
            if let Some(out) = result.as_object_mut() {
                let place = |label: &Label| location(label, map, prefix);
                out.insert("locations".to_owned(), finding.primary.iter().map(place).collect());
                let related = |(id, label): (usize, &Label)| {
                    let mut location = place(label);
                    location["id"] = json!(id);
                    location["message"] = json!({"text": label.text});
                    location
                };
                if !finding.secondary.is_empty() {
                    let all = finding.secondary.iter().enumerate().map(related).collect();
                    out.insert("relatedLocations".to_owned(), all);
                }
            }
            result
        })
        .collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "kepi", "version": version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": code.summary()},
        "help": {"text": code.page(), "markdown": code.page()},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

/// The finding and its cure, as one text.
pub(super) fn text(finding: &Diagnostic) -> String {
    let label = finding.primary.as_ref().map_or("", |label| label.text.as_str());
    let label = if label.is_empty() { String::new() } else { format!(" ({label})") };
    let help = finding.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
    format!("{}{label}{help}", finding.message)
}

fn location(label: &Label, map: &SourceMap, prefix: &str) -> Value {
    let (start, end) = (map.position(label.span), map.end_position(label.span));
    json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&format!("{prefix}{}", map.file(label.span.file).path)), "uriBaseId": "%SRCROOT%"},
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        },
    })
}

/// A path as the reference that stands for it.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
