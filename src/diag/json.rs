//! Findings for programs: an array of objects.

use serde_json::{Value, json};

use crate::diag::human::severity;
use crate::diag::{Diagnostic, Label};
use crate::source::SourceMap;

/// `[{code, severity, message, help, path, line, column, end_line, end_column, start, end, label, related: […]}]`; lines and
/// columns are one-based and count characters, `start` and `end` are byte offsets. A finding without a place has nulls.
pub fn findings(findings: &[Diagnostic], map: &SourceMap) -> Value {
    Value::Array(findings.iter().map(|f| finding(f, map)).collect())
}

fn finding(finding: &Diagnostic, map: &SourceMap) -> Value {
    let mut out = json!({
        "code": finding.code.as_str(),
        "severity": severity(finding.severity),
        "message": finding.message,
        "help": finding.help,
    });
    let primary = finding.primary.as_ref().map(|label| place(label, map));
    let related: Vec<Value> = finding.secondary.iter().map(|label| place(label, map)).collect();
    if let Some(out) = out.as_object_mut() {
        let keys = ["path", "line", "column", "end_line", "end_column", "start", "end", "label"];
        for key in keys {
            out.insert(key.to_string(), primary.as_ref().map_or(Value::Null, |p| p[key].clone()));
        }
        out.insert("related".to_string(), Value::Array(related));
    }
    out
}

fn place(label: &Label, map: &SourceMap) -> Value {
    let (start, end) = (map.position(label.span), map.end_position(label.span));
    json!({
        "path": map.file(label.span.file).path,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "start": label.span.start,
        "end": label.span.end,
        "label": if label.text.is_empty() { Value::Null } else { Value::from(label.text.as_str()) },
    })
}
