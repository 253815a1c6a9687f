//! Tests on the project's own files: all of them in one run.

use kepi_lang::ir::Ask;
use kepi_lang::results::AnswerRow;
use kepi_lang::syntax::trial::TestDef;
use kepi_lang::testing::{self, Tolerance};

use crate::args::Common;
use crate::commands::Stop;
use crate::commands::test::begun;
use crate::commands::test::render::Outcome;
use crate::session::Session;

/// # Errors
/// Where the project's files cannot be read.
pub fn run(common: &Common, tests: &[&TestDef]) -> Result<Vec<Outcome>, Stop> {
    let session = Session::open(common)?;
    let (scope, program) = (&session.checked.scope, &session.program);
    let (extents, as_of) = (session.dataset.extents(), session.as_of.at);
    let mut asks: Vec<Ask> = Vec::new();
    let mut outcomes: Vec<Outcome> = tests.iter().map(|test| begun(test, "files")).collect();
    let (mut expected, mut holds) = (Vec::new(), Vec::new());
    for (index, test) in tests.iter().enumerate() {
        let mut wrong = Vec::new();
        let tolerance = test.tolerance.as_ref().map_or(Ok(Tolerance::NONE), Tolerance::parse);
        let tolerance = tolerance.unwrap_or_else(|finding| {
            wrong.push(finding);
            Tolerance::NONE
        });
        // Values of given rows are none of the files.
        for (asked, def) in test.expect.iter().filter(|_| test.given.is_empty()) {
            let read = testing::subject(asked, scope);
            match read.and_then(|s| testing::expected(s, def, scope, program, as_of)) {
                Ok(entry) => {
                    asks.push(entry.ask());
                    expected.push((index, asks.len() - 1, entry, tolerance));
                }
                Err(findings) => wrong.extend(findings),
            }
        }
        for (asked, law) in &test.holds {
            match testing::subject(asked, scope).and_then(|s| testing::hold(s, law, scope)) {
                Ok(entry) => {
                    let more = entry.asks(program, extents, as_of);
                    let range = asks.len()..asks.len() + more.len();
                    asks.extend(more);
                    holds.push((index, range, entry));
                }
                Err(findings) => wrong.extend(findings),
            }
        }
        if let Some(outcome) = outcomes.get_mut(index) {
            outcome.failures.extend(wrong.iter().map(|f| format!("{}: {}", f.code, f.message)));
            outcome.findings = wrong;
        }
    }
    let (question, results) = session.answer(asks)?;
    let rows = |at: usize| results.answers.get(at).map_or(&[][..], |a| a.rows.as_slice());
    let mut add = |index: usize, failures: Vec<String>| {
        if let Some(outcome) = outcomes.get_mut(index) {
            outcome.failures.extend(failures);
            outcome.checked += 1;
        }
    };
    for (index, at, entry, tolerance) in &expected {
        add(*index, entry.differences(rows(*at), *tolerance));
    }
    for (index, range, entry) in &holds {
        let answers: Vec<&[AnswerRow]> = range.clone().map(rows).collect();
        add(*index, entry.broken(question.asks.get(range.clone()).unwrap_or_default(), &answers));
    }
    Ok(outcomes)
}
