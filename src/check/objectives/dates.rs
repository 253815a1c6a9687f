//! Dates, due dates and cadences as they are written.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::calendar::{CalendarError, Length, PeriodLiteral, SpanUnit};
use crate::check::objectives::Checker;
use crate::diag::Code;
use crate::ir::Due;
use crate::syntax::ast::BaselineKind;
use crate::syntax::document::Text;
use crate::syntax::expr;
use crate::syntax::located::Located;

const UNITS: [SpanUnit; 7] = [
    SpanUnit::Minute,
    SpanUnit::Hour,
    SpanUnit::Day,
    SpanUnit::Week,
    SpanUnit::Month,
    SpanUnit::Quarter,
    SpanUnit::Year,
];

impl Checker<'_> {
    fn dated<T>(&mut self, result: Result<T, CalendarError>, text: &Text) -> Option<T> {
        result.map_err(|error| self.push(error.at(text.span))).ok()
    }

    pub(super) fn date(&mut self, text: &Text) -> Option<Date> {
        self.dated(self.calendar.parse_date(&text.value), text)
    }

    /// An instant, a date or a period (its start).
    pub(super) fn start(&mut self, text: &Text) -> Option<Timestamp> {
        match period_literal(text) {
            Some(literal) => self.period(&literal, text.span).map(|period| period.interval.start),
            None => self.dated(self.calendar.parse_instant(&text.value), text),
        }
    }

    /// A period, or a date.
    pub(super) fn due(&mut self, text: &Text) -> Option<Due> {
        match period_literal(text) {
            Some(PeriodLiteral::Day(..)) => self.date(text).map(Due::Date),
            Some(literal) => self.period(&literal, text.span).map(Due::Period),
            None => {
                let message = format!("`{}` is no date or period", text.value);
                self.report_at(Code::NotInCalendar, text.span, message, "write `2026-12-31`, `2026-12` or `2026-Q4`");
                None
            }
        }
    }

    /// A date, or the last day of a period.
    pub(super) fn last_day(&mut self, text: &Text) -> Option<Date> {
        match self.due(text)? {
            Due::Date(date) => Some(date),
            Due::Period(period) => self.calendar.days(&period.interval).map(|(_, last)| last),
        }
    }

    /// `every 2 weeks`, `every month`.
    pub(super) fn cadence(&mut self, text: &Text) -> Option<Length> {
        let cadence = cadence(&text.value);
        if cadence.is_none() {
            let message = format!("`{}` is no rhythm of check-ins", text.value);
            self.report_at(Code::WrongValue, text.span, message, "write `every 2 weeks` or `every month`");
        }
        cadence
    }
}

fn cadence(text: &str) -> Option<Length> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (count, word) = match words.as_slice() {
        ["every", word] => (1, *word),
        ["every", count, word] => (count.parse().ok().filter(|count| *count > 0)?, *word),
        _ => return None,
    };
    let unit = UNITS.into_iter().find(|unit| word.strip_suffix('s').unwrap_or(word) == unit.as_str())?;
    Some(Length { count, unit })
}

/// The period literal that a text is.
fn period_literal(text: &Text) -> Option<PeriodLiteral> {
    let written = text.value.trim();
    if written.len() == 4 && written.bytes().all(|b| b.is_ascii_digit()) {
        return written.parse().ok().map(PeriodLiteral::Year);
    }
    let located = Located::plain(written, text.span.file, text.span.start as usize);
    match expr::baseline(&located).ok()?.kind {
        BaselineKind::Period(literal) => Some(literal),
        BaselineKind::Last { .. } | BaselineKind::Amount(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::cadence;
    use crate::calendar::{Length, SpanUnit};

    #[test]
    fn cadences() {
        let cases = [
            ("every week", Some((1, SpanUnit::Week))),
            ("every 2 weeks", Some((2, SpanUnit::Week))),
            ("every 1 month", Some((1, SpanUnit::Month))),
            ("every 0 weeks", None),
            ("every -1 weeks", None),
            ("weekly", None),
            ("every", None),
            ("every 99999999999 weeks", None),
        ];
        for (text, expected) in cases {
            assert_eq!(cadence(text), expected.map(|(count, unit)| Length { count, unit }), "{text}");
        }
    }
}
