//! What holds for a metric on any data.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::check::Scope;
use crate::decimal::Decimal;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Ask, Program};
use crate::report::evaluate::values::Shown;
use crate::results::{AnswerRow, Extent};
use crate::syntax::document::Text;
use crate::testing::Subject;
use crate::value::Value;

/// The most lines of one law that are shown.
const MOST: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    Between(f64, f64),
    AtLeast(f64),
    AtMost(f64),
    /// From period to period.
    NeverFalls,
    NeverRises,
    NeverNull,
    /// The parts of a breakdown, added up, are the whole.
    PartsSumToTotal,
}

/// An entry of `holds:`.
#[derive(Clone, Debug)]
pub struct Hold {
    pub subject: Subject,
    pub law: Law,
    text: String,
    whole: Option<Subject>,
}

/// Reads an entry of `holds:`.
///
/// # Errors
/// Where the law is none, or does not fit what it is said of.
pub fn hold(subject: Subject, text: &Text, scope: &Scope) -> Result<Hold, Vec<Diagnostic>> {
    let bad = |message: String, help: &str| vec![Diagnostic::new(Code::BadTest, text.span, message).help(help)];
    let words: Vec<&str> = text.value.split_whitespace().collect();
    let number = |word: &str| {
        let (digits, scale) = word.strip_suffix('%').map_or((word, 1.0), |digits| (digits, 100.0));
        digits.parse::<Decimal>().ok().map(|d| d.to_f64() / scale)
    };
    let law = match words.as_slice() {
        ["between", low, "and", high] => number(low).zip(number(high)).map(|(low, high)| Law::Between(low, high)),
        ["at", "least", low] => number(low).map(Law::AtLeast),
        ["at", "most", high] => number(high).map(Law::AtMost),
        ["never", "falls"] => Some(Law::NeverFalls),
        ["never", "rises"] => Some(Law::NeverRises),
        ["never", "null"] => Some(Law::NeverNull),
        ["parts", "sum", "to", "total"] => Some(Law::PartsSumToTotal),
        _ => None,
    };
    let Some(law) = law else {
        let help = "write `between 0 and 1`, `at least 0`, `at most 100%`, `never falls`, `never rises`, `never null`, or `parts sum to total`";
        return Err(bad(format!("`{}` is nothing that could hold", text.value), help));
    };
    let mut whole = None;
    if law == Law::PartsSumToTotal {
        if subject.typed.by.is_empty() {
            let message = format!("`{}` has no parts that could add up", subject.name);
            return Err(bad(message, "name a dimension: `revenue by month, country: parts sum to total`"));
        }
        whole = subject.whole(scope);
    }
    Ok(Hold { subject, law, text: text.value.clone(), whole })
}

impl Hold {
    /// What is asked: the metric, and for sums the metric without parts.
    pub fn asks(&self, program: &Program, extents: &[Extent], as_of: Timestamp) -> Vec<Ask> {
        let periods = self.subject.all_periods(program, extents, as_of);
        let whole = self.whole.iter().map(|whole| whole.ask(periods.clone()));
        std::iter::once(self.subject.ask(periods.clone())).chain(whole).collect()
    }

    /// Where it does not hold, a line each. `answers`: of [`Hold::asks`], in their order.
    pub fn broken(&self, asks: &[Ask], answers: &[&[AnswerRow]]) -> Vec<String> {
        let shown = Shown::new(&self.subject.typed.expr, &self.subject.typed.display);
        let (Some(ask), Some(rows)) = (asks.first(), answers.first()) else { return Vec::new() };
        let number = |row: &AnswerRow| shown.exact(&row.value).as_f64();
        let mut lines = Vec::new();
        let mut add = |row: &AnswerRow, says: String| {
            let label = ask.periods.get(row.period).map_or("", |p| p.label.as_str());
            let parts: String = row.by.iter().map(|v| format!(", {v}")).collect();
            lines.push(format!("{}: {}: {label}{parts}: {says}", self.subject.name, self.text));
        };
        let mut before: BTreeMap<&[Value], f64> = BTreeMap::new();
        for row in rows.iter() {
            let value = number(row);
            match (self.law, value) {
                (Law::NeverNull, None) => add(row, "found no data".to_owned()),
                (_, None) | (Law::NeverNull | Law::PartsSumToTotal, _) => {}
                (Law::Between(low, high), Some(v)) if v < low || v > high => add(row, format!("found {v}")),
                (Law::AtLeast(low), Some(v)) if v < low => add(row, format!("found {v}")),
                (Law::AtMost(high), Some(v)) if v > high => add(row, format!("found {v}")),
                (Law::NeverFalls | Law::NeverRises, Some(v)) => {
                    if let Some(was) = before.insert(&row.by, v) {
                        let breaks = if self.law == Law::NeverFalls { v < was } else { v > was };
                        if breaks {
                            add(row, format!("found {v} after {was}"));
                        }
                    }
                }
                _ => {}
            }
        }
        if let (Law::PartsSumToTotal, Some(whole)) = (self.law, answers.get(1)) {
            for total in whole.iter() {
                let parts = rows.iter().filter(|row| row.period == total.period).filter_map(number);
                let sum: f64 = parts.sum();
                let of = number(total).unwrap_or(0.0);
                if (sum - of).abs() > of.abs().max(sum.abs()) * 1e-9 {
                    add(total, format!("the parts are {sum}, the whole is {of}"));
                }
            }
        }
        let more = lines.len().saturating_sub(MOST);
        lines.truncate(MOST);
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines
    }
}
