//! Outcomes of tests as text, as JUnit's XML, as JSON.

use kepi_lang::diag::Diagnostic;
use serde_json::json;

/// What came of a test.
pub struct Outcome {
    pub name: String,
    /// `given rows`, `files`.
    pub on: &'static str,
    pub path: String,
    pub line: u32,
    /// A line each; none: it passed.
    pub failures: Vec<String>,
    /// Of what could not be read or asked.
    pub findings: Vec<Diagnostic>,
    /// Expectations that were looked at.
    pub checked: usize,
}

impl Outcome {
    /// `two_players`, `shares (files)`.
    fn title(&self) -> String {
        if self.on == "files" { format!("{} (files)", self.name) } else { self.name.clone() }
    }
}

fn count(outcomes: &[Outcome]) -> (usize, usize) {
    let failed = outcomes.iter().filter(|o| !o.failures.is_empty()).count();
    (outcomes.len() - failed, failed)
}

/// A line a test, failures with their differences.
pub fn human(outcomes: &[Outcome], quiet: bool) -> String {
    let mut out = String::new();
    for o in outcomes {
        if o.failures.is_empty() {
            if !quiet {
                out += &format!("ok    {}\n", o.title());
            }
            continue;
        }
        out += &format!("FAIL  {}  {}:{}\n", o.title(), o.path, o.line);
        for failure in &o.failures {
            out += &format!("      {failure}\n");
        }
    }
    let (passed, failed) = count(outcomes);
    let tests = |n: usize| if n == 1 { "1 test".to_owned() } else { format!("{n} tests") };
    match (passed + failed, failed) {
        (0, _) => out += "no tests\n",
        (all, 0) => out += &format!("{} passed\n", tests(all)),
        (all, _) => out += &format!("{}: {passed} passed, {failed} failed\n", tests(all)),
    }
    out
}

/// As CI servers read it.
pub fn junit(outcomes: &[Outcome]) -> String {
    let (_, failed) = count(outcomes);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"kepi\" tests=\"{}\" failures=\"{failed}\">\n",
        outcomes.len()
    );
    for o in outcomes {
        let head = format!(
            "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\"",
            xml(&o.title()),
            xml(&o.path),
            xml(&o.path),
            o.line
        );
        match o.failures.first() {
            None => out += &format!("{head}/>\n"),
            Some(first) => {
                let all = xml(&o.failures.join("\n"));
                out +=
                    &format!("{head}>\n      <failure message=\"{}\">{all}</failure>\n    </testcase>\n", xml(first));
            }
        }
    }
    out + "  </testsuite>\n</testsuites>\n"
}

fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' => out += "&#10;",
            // Not even escaped may they be there.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// For programs.
pub fn json(outcomes: &[Outcome]) -> String {
    let (passed, failed) = count(outcomes);
    let tests: Vec<_> = outcomes
        .iter()
        .map(|o| {
            json!({
                "name": o.name,
                "on": o.on,
                "path": o.path,
                "line": o.line,
                "status": if o.failures.is_empty() { "passed" } else { "failed" },
                "expectations": o.checked,
                "failures": o.failures,
            })
        })
        .collect();
    let document = json!({"kepi": 1, "passed": passed, "failed": failed, "tests": tests});
    format!("{document:#}\n")
}
