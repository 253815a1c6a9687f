//! Tests of definitions: what a test asks, and what its answers say. Running them is another's part.

mod expect;
mod hold;
mod narrow;

pub use expect::{Expected, Tolerance, expected};
pub use hold::{Hold, Law, hold};
pub use narrow::{Table, mentioned, narrowed, tables};

use jiff::Timestamp;

use crate::calendar::{Calendar, Grain, Interval, Period};
use crate::check::{AskSpec, Scope, Typed};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Ask, Program};
use crate::results::Extent;
use crate::source::Span;
use crate::syntax::ast::{ExprKind, Literal};
use crate::syntax::expr::expression;
use crate::syntax::located::Located;
use crate::syntax::trial::Asked;

/// What the head of an expectation says: `plays by day, country`.
#[derive(Clone, Debug)]
pub struct Subject {
    /// As it is written.
    pub name: String,
    pub span: Span,
    pub typed: Typed,
    /// `None`: all of it as one value.
    pub grain: Option<Grain>,
    /// It said so itself.
    pub stated: bool,
}

/// Reads the head of an expectation.
///
/// # Errors
/// What is wrong with its expression, or with what follows `by`.
pub fn subject(asked: &Asked, scope: &Scope) -> Result<Subject, Vec<Diagnostic>> {
    let text = &asked.text.text;
    let start = usize::try_from(asked.span.start).unwrap_or(0);
    let part = |text: &str, at: usize| expression(&Located::plain(text, asked.span.file, start + at));
    let (metric, by) = match text.rfind(" by ") {
        Some(at) => (text.get(..at).unwrap_or(""), Some(at + 4)),
        None => (text.as_str(), None),
    };
    let expr = part(metric, 0)?;
    let (mut grain, mut stated, mut dimensions) = (None, false, Vec::new());
    if let Some(mut at) = by {
        for (index, word) in text.get(at..).unwrap_or("").split(',').enumerate() {
            let name = word.trim();
            match Grain::parse(name) {
                Some(of) if index == 0 => (grain, stated) = (Some(of), true),
                _ if index == 0 && name == "total" => stated = true,
                _ => dimensions.push(part(name, at + (word.len() - word.trim_start().len()))?),
            }
            at += word.len() + 1;
        }
    }
    let typed = scope.ask(&AskSpec { expr: &expr, by: &dimensions, condition: None })?;
    if !stated {
        grain = typed.grain;
    }
    Ok(Subject { name: text.clone(), span: asked.span, typed, grain, stated })
}

impl Subject {
    /// What is asked for these periods.
    pub fn ask(&self, periods: Vec<Period>) -> Ask {
        Ask { name: self.name.clone(), expr: self.typed.expr.clone(), by: self.typed.by.clone(), periods }
    }

    /// The same without its dimensions; `None` where the expression needs them.
    fn whole(&self, scope: &Scope) -> Option<Self> {
        let metric = self.name.rfind(" by ").and_then(|at| self.name.get(..at)).unwrap_or(&self.name);
        let expr = expression(&Located::plain(metric, self.span.file, 0)).ok()?;
        let typed = scope.ask(&AskSpec { expr: &expr, by: &[], condition: None }).ok()?;
        Some(Self { typed, ..self.clone() })
    }

    /// Every period of the grain that has data; one for all of it without a grain.
    fn all_periods(&self, program: &Program, extents: &[Extent], as_of: Timestamp) -> Vec<Period> {
        let sources = self.typed.expr.sources();
        let calendar = &program.settings.calendar;
        let timed = sources.iter().any(|s| program.sources.get(s.0 as usize).is_some_and(|s| s.time.is_some()));
        let Some(grain) = self.grain.filter(|_| timed) else { return vec![total(timed, as_of)] };
        let first = sources.iter().filter_map(|id| extents.get(id.0 as usize)?.first).min();
        let range = first.filter(|first| *first < as_of).map(|start| Interval { start, end: as_of });
        range.map(|range| calendar.periods(range, grain).unwrap_or_default()).unwrap_or_default()
    }
}

fn total(timed: bool, as_of: Timestamp) -> Period {
    let end = if timed { as_of } else { Timestamp::MAX };
    Calendar::total(Interval { start: Timestamp::MIN, end })
}

/// The period that a text names.
///
/// # Errors
/// Where it names none, or one of another grain.
fn period(text: &str, span: Span, grain: Option<Grain>, calendar: &Calendar) -> Result<Period, Diagnostic> {
    let bad = |message: String, help: String| Diagnostic::new(Code::BadTest, span, message).help(help);
    let parsed = expression(&Located::plain(text, span.file, usize::try_from(span.start).unwrap_or(0)));
    let literal = match parsed.map(|e| e.kind) {
        Ok(ExprKind::Literal(Literal::Period(literal))) => calendar.literal(&literal).map_err(|e| e.at(span))?,
        // `2026` alone is a number everywhere else.
        Ok(ExprKind::Literal(Literal::Number(number))) if text.len() == 4 && number.is_integer() => {
            let year = text.parse().unwrap_or_default();
            calendar.literal(&crate::calendar::PeriodLiteral::Year(year)).map_err(|e| e.at(span))?
        }
        _ => {
            let what = grain.map_or("period".to_owned(), |g| g.to_string());
            let message = format!("`{text}` is no {what}");
            return Err(bad(
                message,
                "write periods as `2026-01-31`, `2026-W05`, `2026-01`, `2026-Q1`, `2026`".to_owned(),
            ));
        }
    };
    match grain {
        // A week may be named by any of its days.
        Some(Grain::Week) if literal.grain == Some(Grain::Day) => {
            Ok(calendar.period_at(literal.interval.start, Grain::Week))
        }
        Some(wanted) if literal.grain != Some(wanted) => {
            let found = literal.grain.map_or("period".to_owned(), |g| g.to_string());
            let message = format!("`{text}` is a {found}, and the values are by {wanted}");
            Err(bad(message, format!("name a {wanted}, or ask `… by {found}`")))
        }
        _ => Ok(literal),
    }
}
