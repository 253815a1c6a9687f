//! Outcomes of tests as text, as JUnit's XML, as JSON.

use kepi_lang::diag::Diagnostic;
use kepi_lang::diag::junit::{self, Case, Suite};
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
    let case = |o: &Outcome| Case {
        class: o.path.clone(),
        name: o.title(),
        place: Some((o.path.clone(), o.line)),
        outcome: match o.failures.first() {
            None => junit::Outcome::Passed,
            Some(first) => junit::Outcome::Failed { kind: None, message: first.clone(), text: o.failures.join("\n") },
        },
    };
    junit::document("kepi test", &[Suite { name: "kepi".to_owned(), cases: outcomes.iter().map(case).collect() }])
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
