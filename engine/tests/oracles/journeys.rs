//! Journeys of other tools' test suites: each case becomes definitions, a file of events, and questions.

mod functions;
mod lab;
mod posthog;
mod random;
mod returns;
mod words;

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::Value as Json;

/// What became of a case.
pub enum Outcome {
    Agrees,
    Differs(String),
    /// With the reason: one of a few, each of which contradicts a meaning of ours.
    OutOfScope(&'static str),
}

/// The cases of one file, each asked; prints a line a kind.
fn run(suite: &str, file: &str, ask: impl Fn(&Json) -> Result<Outcome, String>) {
    let path = crate::cases(suite).join(format!("{file}.json"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        let _ = writeln!(std::io::stdout(), "oracles {suite}/{file}: no file");
        return;
    };
    let cases: Vec<Json> = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (mut agree, mut lines, mut out) = (0, Vec::new(), Vec::new());
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        let id = case["id"].as_str().unwrap_or("?");
        match ask(case).unwrap_or_else(Outcome::Differs) {
            Outcome::Agrees => agree += 1,
            Outcome::Differs(how) => lines.push(format!("{suite}/{file}: {id}: {how}")),
            Outcome::OutOfScope(reason) => {
                out.push(id.to_owned());
                *reasons.entry(reason).or_default() += 1;
            }
        }
    }
    let differ = lines.len();
    lines.extend(reasons.iter().map(|(reason, count)| format!("out of scope, {count} ({}): {reason}", out.join(" "))));
    lines.push(format!("oracles {suite}/{file}: {agree} agree, {differ} differ, {} out of scope", out.len()));
    // Not by a macro, whose text the test harness keeps to itself.
    let _ = writeln!(std::io::stdout(), "{}", lines.join("\n"));
    assert_eq!(differ, 0, "cases that differ are listed above");
}

#[test]
fn posthog_funnels() {
    run("posthog", "funnels", posthog::funnel);
}

#[test]
fn posthog_funnel_trends() {
    run("posthog", "funnel_trends", posthog::trend);
}

#[test]
fn posthog_funnel_must_refuse() {
    run("posthog", "funnel_must_refuse", posthog::refused);
}

#[test]
fn posthog_retention() {
    run("posthog", "retention", returns::retention);
}

#[test]
fn posthog_lifecycle() {
    run("posthog", "lifecycle", returns::lifecycle);
}

#[test]
fn posthog_stickiness() {
    run("posthog", "stickiness", returns::stickiness);
}

#[test]
fn funnel_functions_window_funnel() {
    run("funnel_functions", "window_funnel_cases", functions::levels);
}

#[test]
fn funnel_functions_retention() {
    run("funnel_functions", "retention_cases", functions::retention);
}
