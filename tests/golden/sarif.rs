//! Findings as SARIF are valid by the schema that is published, whatever was found and wherever it stands.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kepi_lang::diag::{Code, Diagnostic, Severity, sarif};
use kepi_lang::source::{SourceMap, Span};
use serde_json::Value;

use crate::golden::{case, run, validator};

fn valid(schema: &Value, findings: &[Diagnostic], map: &SourceMap, prefix: &str, place: &str) {
    let document = sarif::findings(findings, map, prefix, "0.1.0");
    assert_eq!(validator::errors(schema, &document), Vec::<String>::new(), "{place}");
    for result in document["runs"][0]["results"].as_array().unwrap() {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(document["runs"][0]["tool"]["driver"]["rules"][index]["id"], result["ruleId"], "{place}");
    }
}

/// What each case finds; every code, at places that are hard to name.
pub fn check() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sarif/sarif-2.1.0-rtm.5.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut seen: BTreeSet<Code> = BTreeSet::new();
    for path in case::all("tests/cases") {
        let sections = case::sections(&fs::read_to_string(&path).unwrap());
        let files: Vec<_> = sections.into_iter().filter(|(name, _)| name != "expect").collect();
        let (found, map) = run::found(&files);
        let new = found.iter().filter(|f| seen.insert(f.code)).count();
        // One file for each code, and each that has several findings.
        if new > 0 || found.len() > 1 {
            valid(&schema, &found, &map, "kpis/", &path.display().to_string());
        }
    }
    assert!(seen.len() > 100, "{} codes", seen.len());
    let mut map = SourceMap::new();
    let text = "metrics:\r\n  größe 🚲: \u{7}\"<&>\"\r\n";
    let file = map.add("metrics/ü b#c%?.yaml", text);
    let end = text.len();
    let spans = [Span::new(file, 0, 0), Span::new(file, 0, end), Span::new(file, end, end), Span::new(file, 13, 20)];
    let mut all = vec![Diagnostic::without_place(Code::Internal, "\u{0}no place\u{1b}[31m")];
    for (code, span) in Code::ALL.iter().zip(spans.iter().cycle()) {
        let finding = Diagnostic::new(*code, *span, format!("{code}: \"<&>\" 🚲\n\u{7}")).also(spans[3], "and here");
        all.push(finding.severity(Severity::Info));
    }
    valid(&schema, &all, &map, "", "made up");
    valid(&schema, &[], &map, "", "nothing");
}
