//! JUnit's XML, which every CI shows as tests; findings as such: a suite a file, a case a finding.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::diag::{Diagnostic, human};
use crate::source::SourceMap;

/// A suite of a document.
#[derive(Debug)]
pub struct Suite {
    pub name: String,
    pub cases: Vec<Case>,
}

#[derive(Debug)]
pub struct Case {
    pub class: String,
    pub name: String,
    /// A path and a line.
    pub place: Option<(String, u32)>,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    Passed,
    /// With something to say.
    Said(String),
    Failed {
        kind: Option<String>,
        message: String,
        text: String,
    },
}

impl Case {
    fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. })
    }
}

/// A document of these suites.
pub fn document(name: &str, suites: &[Suite]) -> String {
    let counts = |cases: &mut dyn Iterator<Item = &Case>| {
        let (all, failed) = cases.fold((0, 0), |(all, failed), case| (all + 1, failed + usize::from(case.failed())));
        format!("tests=\"{all}\" failures=\"{failed}\" errors=\"0\"")
    };
    let all = counts(&mut suites.iter().flat_map(|s| &s.cases));
    let mut out =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" {all}>\n", attribute(name));
    for suite in suites {
        let _ = writeln!(out, "  <testsuite name=\"{}\" {}>", attribute(&suite.name), counts(&mut suite.cases.iter()));
        suite.cases.iter().for_each(|case| write(case, &mut out));
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn write(case: &Case, out: &mut String) {
    let _ = write!(out, "    <testcase classname=\"{}\" name=\"{}\"", attribute(&case.class), attribute(&case.name));
    if let Some((path, line)) = &case.place {
        let _ = write!(out, " file=\"{}\" line=\"{line}\"", attribute(path));
    }
    match &case.outcome {
        Outcome::Passed => return out.push_str("/>\n"),
        Outcome::Said(text) => {
            let _ = writeln!(out, ">\n      <system-out>{}</system-out>", escaped(text));
        }
        Outcome::Failed { kind, message, text } => {
            let kind = kind.as_ref().map_or(String::new(), |kind| format!(" type=\"{}\"", attribute(kind)));
            let (message, text) = (attribute(message), escaped(text));
            let _ = writeln!(out, ">\n      <failure{kind} message=\"{message}\">{text}</failure>");
        }
    }
    out.push_str("    </testcase>\n");
}

/// Errors are failures; warnings and remarks are cases that pass and say what was found. A file without findings is one case.
pub fn findings(findings: &[Diagnostic], map: &SourceMap) -> String {
    let mut suites: BTreeMap<&str, Vec<&Diagnostic>> =
        map.files().map(|(_, f)| (f.path.as_str(), Vec::new())).collect();
    for finding in findings {
        let path = finding.primary.as_ref().map_or("kepi", |label| map.file(label.span.file).path.as_str());
        suites.entry(path).or_default().push(finding);
    }
    let case = |path: &str, finding: &Diagnostic| {
        let position = finding.primary.as_ref().map_or(String::new(), |label| format!(":{}", map.position(label.span)));
        let text = human::full(finding, map, false);
        Case {
            class: path.to_owned(),
            name: format!("{}{position} {}", finding.code, finding.message),
            place: None,
            outcome: match finding.is_error() {
                true => {
                    Outcome::Failed { kind: Some(finding.code.to_string()), message: finding.message.clone(), text }
                }
                false => Outcome::Said(text),
            },
        }
    };
    let suite = |(path, found): (&str, Vec<&Diagnostic>)| {
        let mut cases: Vec<Case> = found.into_iter().map(|finding| case(path, finding)).collect();
        if cases.is_empty() {
            let (class, name) = ("kepi".to_owned(), path.to_owned());
            cases.push(Case { class, name, place: None, outcome: Outcome::Passed });
        }
        Suite { name: path.to_owned(), cases }
    };
    document("kepi check", &suites.into_iter().map(suite).collect::<Vec<_>>())
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

/// As `escaped`; in an attribute a line break that is not a reference would become a blank.
fn attribute(text: &str) -> String {
    escaped(text).replace('\n', "&#10;").replace('\t', "&#9;")
}
