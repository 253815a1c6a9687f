//! The five letters of an objective and what each rests on. Static checks were made by `check`; what they rest on is said
//! again. Checks with data are made here.

mod data;
mod stated;

use crate::diag::{Code, Diagnostic, Severity};
use crate::ir::{Objective as Definition, Program};
use crate::report::evaluate::forecast::Forecast;
use crate::report::evaluate::target::Aim;
use crate::report::plan::ObjectivePlan;
use crate::report::{Check, GuardrailView, Letter, LetterStatus, Measured, NumberFormat, Point, Status};

/// What is known of an objective when its letters are judged.
pub(super) struct Evidence<'a> {
    pub(super) program: &'a Program,
    pub(super) definition: &'a Definition,
    pub(super) plan: &'a ObjectivePlan,
    pub(super) format: &'a NumberFormat,
    pub(super) domain: (f64, f64),
    pub(super) baseline: Option<&'a Measured>,
    pub(super) aim: Option<&'a Aim>,
    pub(super) series: &'a [Point],
    /// Why the data are too old.
    pub(super) stale: Option<String>,
    pub(super) forecast: &'a Forecast,
    pub(super) required: Option<f64>,
    pub(super) required_percentile: Option<f64>,
    pub(super) guardrails: &'a [GuardrailView],
    pub(super) status: Status,
}

/// What a check found: its place among the letters, and a finding where it has one.
struct Found {
    check: Check,
    finding: Option<Diagnostic>,
}

impl Evidence<'_> {
    fn check(&self, id: &'static str, code: Code, status: LetterStatus, evidence: impl Into<String>) -> Found {
        Found { check: Check { id, code, status, evidence: evidence.into() }, finding: None }
    }

    fn holds(&self, id: &'static str, code: Code, evidence: impl Into<String>) -> Found {
        self.check(id, code, LetterStatus::Holds, evidence)
    }

    fn unknown(&self, id: &'static str, code: Code, evidence: impl Into<String>) -> Found {
        self.check(id, code, LetterStatus::Unknown, evidence)
    }

    /// A check that does not hold: a finding about the objective, unless the objective allows it.
    fn fails(&self, id: &'static str, code: Code, evidence: impl Into<String>, help: &str) -> Found {
        let status = match code.severity() {
            Severity::Error => LetterStatus::Fails,
            Severity::Warning => LetterStatus::Weak,
            Severity::Info => LetterStatus::Unknown,
        };
        let mut found = self.check(id, code, status, evidence);
        let allowed = self.definition.allow.iter().find(|(lint, _)| allows(lint, id, code));
        if let Some((_, reason)) = allowed {
            found.check.evidence.push_str(&format!(" (allowed: {reason})"));
            return found;
        }
        let message = format!("objective `{}`: {}", self.definition.name, found.check.evidence);
        found.finding = Some(Diagnostic::new(code, self.definition.span, message).help(help));
        found
    }
}

/// A check is allowed by its code or by its place: `K0555`, `M4`.
fn allows(lint: &str, id: &str, code: Code) -> bool {
    lint.eq_ignore_ascii_case(code.as_str()) || lint.eq_ignore_ascii_case(id)
}

/// The letters, and the findings of the checks that need data.
pub(super) fn letters(evidence: &Evidence) -> (Vec<Letter>, Vec<Diagnostic>) {
    let all = [
        ('S', "Specific", stated::specific(evidence)),
        ('M', "Measurable", data::measurable(evidence)),
        ('A', "Achievable", data::achievable(evidence)),
        ('R', "Relevant", stated::relevant(evidence)),
        ('T', "Time-bound", stated::time_bound(evidence)),
    ];
    let mut findings = Vec::new();
    let mut letters = Vec::new();
    for (letter, name, found) in all {
        let mut checks = Vec::new();
        for one in found {
            findings.extend(one.finding);
            checks.push(one.check);
        }
        letters.push(Letter { letter, name, status: overall(&checks), checks });
    }
    (letters, findings)
}

/// A letter is as good as its worst check; one that nothing is known of does not spoil those that hold.
fn overall(checks: &[Check]) -> LetterStatus {
    let any = |status| checks.iter().any(|c| c.status == status);
    [LetterStatus::Fails, LetterStatus::Weak, LetterStatus::Holds]
        .into_iter()
        .find(|s| any(*s))
        .unwrap_or(LetterStatus::Unknown)
}
