//! The reading stage's expressions against its own data: forms of the reference, real metrics, refusals, any text at all.

mod refused;
mod soup;
mod trees;

use std::fmt::Debug;

use proptest::test_runner::Config as ProptestConfig;

use crate::diag::Diagnostic;
use crate::source::FileId;
use crate::syntax::located::Located;
use crate::syntax::{expr, print};

const CASES: &str = include_str!("../../../tests/data/language_cases.txt");
const FORMS: &str = include_str!("../../../tests/data/language_forms.txt");

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases, ..default } }
}

fn located(text: &str) -> Located {
    Located::plain(text, FileId(0), 0)
}

/// The lines of a data file: two columns, parted by a tab.
fn lines(data: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    data.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t'))
}

fn complaint(findings: &[Diagnostic]) -> String {
    let texts: Vec<_> =
        findings.iter().map(|f| format!("{} {} | {}", f.code, f.message, f.help.clone().unwrap_or_default())).collect();
    texts.join("\n")
}

/// A tree as text, each place as `_`, so that trees can be compared.
fn without_places(tree: &impl Debug) -> String {
    let whole = format!("{tree:#?}");
    let (mut out, mut rest) = (String::new(), whole.as_str());
    while let Some(at) = rest.find(": Span {") {
        let (before, span) = rest.split_at(at);
        out.push_str(before);
        out.push_str(": _");
        rest = span.split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

#[test]
fn real_metrics_are_read() {
    let mut n = 0;
    for (id, text) in lines(CASES) {
        n += 1;
        if let Err(findings) = expr::expression(&located(text)) {
            panic!("{id}: {text}\n{}", complaint(&findings));
        }
    }
    assert_eq!(n, 86);
}

/// Reads a text as what the first column of a data file says it is, and prints it.
fn read(kind: &str, text: &Located) -> Result<String, Vec<Diagnostic>> {
    match kind {
        "expression" => expr::expression(text).map(|t| print::expr(&t)),
        "target" => expr::target(text).map(|t| print::target(&t)),
        "baseline" => expr::baseline(text).map(|t| print::baseline(&t)),
        "guardrail" => expr::guardrail(text).map(|t| print::guardrail(&t)),
        "effect" => expr::effect(text).map(|t| print::effect(&t)),
        "link" => expr::link(text).map(|(columns, lookup)| {
            let columns: Vec<_> = columns.iter().map(|c| c.value.as_str()).collect();
            match columns.as_slice() {
                [column] => format!("{column} -> {}", lookup.value),
                _ => format!("({}) -> {}", columns.join(", "), lookup.value),
            }
        }),
        other => panic!("{other} is no kind of text"),
    }
}

#[test]
fn forms_of_the_reference_are_read() {
    for (kind, text) in lines(FORMS) {
        match read(kind, &located(text)) {
            // What is printed is a form too, and prints as itself.
            Ok(printed) => assert_eq!(read(kind, &located(&printed)).as_ref(), Ok(&printed), "{text}"),
            Err(findings) => panic!("{text}\n{}", complaint(&findings)),
        }
    }
}
