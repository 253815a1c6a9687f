//! Literals: numbers, lengths of time, periods, texts.

use pest::iterators::Pair;

use crate::calendar::{Grain, Length, PeriodLiteral, SpanUnit, Window};
use crate::decimal::Decimal;
use crate::source::Spanned;
use crate::syntax::ast::Literal;
use crate::syntax::expr::lower::Lower;
use crate::syntax::expr::{Rule, text_of};

impl<'t> Lower<'t> {
    pub(super) fn literal(&mut self, pair: Pair<'t, Rule>) -> Option<Literal> {
        Some(match pair.as_rule() {
            Rule::text => Literal::Text(self.text_value(&pair)),
            Rule::instant => Literal::Instant(text_of(&pair).to_owned()),
            Rule::period => Literal::Period(period(text_of(&pair))?),
            Rule::percent => Literal::Percent(decimal(text_of(&pair).trim_end_matches('%'))?),
            Rule::duration => Literal::Duration(self.length(&pair)?),
            Rule::quantity => {
                let mut parts = pair.into_inner();
                let number = decimal(text_of(&parts.next()?))?;
                let unit = parts.next()?;
                Literal::Quantity { number, unit: Spanned::new(text_of(&unit).to_owned(), self.span(&unit)) }
            }
            Rule::number => Literal::Number(decimal(text_of(&pair))?),
            Rule::boolean => Literal::Bool(text_of(&pair) == "true"),
            Rule::kw_null => Literal::Null,
            _ => return None,
        })
    }

    /// The text between the quotes. The scan has refused escapes that are not known.
    pub(super) fn text_value(&self, pair: &Pair<'t, Rule>) -> String {
        let written = text_of(pair);
        let inner = written.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(written);
        let mut value = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            value.push(match c {
                '\\' => match chars.next() {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some(c) => c,
                    None => '\\',
                },
                c => c,
            });
        }
        value
    }

    pub(super) fn length(&mut self, pair: &Pair<'t, Rule>) -> Option<Length> {
        let mut parts = pair.clone().into_inner();
        let count = self.integer(&parts.next()?)?;
        let unit = span_unit(text_of(&parts.next()?))?;
        Some(Length { count, unit })
    }

    /// What follows `over` or `within`.
    pub(super) fn window(&mut self, pair: Pair<'t, Rule>) -> Option<Window> {
        let inner = pair.into_inner().next()?;
        match inner.as_rule() {
            Rule::all_time => Some(Window::AllTime),
            Rule::to_date => Some(Window::ToDate(self.grain(&inner.into_inner().next()?)?)),
            Rule::duration => Some(Window::Trailing(self.length(&inner)?)),
            _ => None,
        }
    }

    pub(super) fn grain(&mut self, pair: &Pair<'t, Rule>) -> Option<Grain> {
        Some(match text_of(pair) {
            "minute" => Grain::Minute,
            "hour" => Grain::Hour,
            "day" => Grain::Day,
            "week" => Grain::Week,
            "month" => Grain::Month,
            "quarter" => Grain::Quarter,
            "year" => Grain::Year,
            _ => return None,
        })
    }
}

pub(super) fn decimal(written: &str) -> Option<Decimal> {
    written.replace('_', "").parse().ok()
}

fn span_unit(written: &str) -> Option<SpanUnit> {
    Some(match written {
        "ms" | "millisecond" | "milliseconds" => SpanUnit::Millisecond,
        "s" | "second" | "seconds" => SpanUnit::Second,
        "m" | "minute" | "minutes" => SpanUnit::Minute,
        "h" | "hour" | "hours" => SpanUnit::Hour,
        "d" | "day" | "days" => SpanUnit::Day,
        "w" | "week" | "weeks" => SpanUnit::Week,
        "mo" | "month" | "months" => SpanUnit::Month,
        "q" | "quarter" | "quarters" => SpanUnit::Quarter,
        "y" | "year" | "years" => SpanUnit::Year,
        "period" | "periods" => SpanUnit::Period,
        _ => return None,
    })
}

/// A period in one of the forms that the grammar knows.
pub(super) fn period(written: &str) -> Option<PeriodLiteral> {
    if let Some(fiscal) = written.strip_prefix("FY") {
        return Some(match fiscal.split_once("-Q") {
            Some((year, quarter)) => PeriodLiteral::FiscalQuarter(year.parse().ok()?, quarter.parse().ok()?),
            None => PeriodLiteral::FiscalYear(fiscal.parse().ok()?),
        });
    }
    let (year, rest) = written.split_once('-')?;
    let year = year.parse().ok()?;
    if let Some(week) = rest.strip_prefix('W') {
        return Some(PeriodLiteral::Week(year, week.parse().ok()?));
    }
    if let Some(quarter) = rest.strip_prefix('Q') {
        return Some(PeriodLiteral::Quarter(year, quarter.parse().ok()?));
    }
    Some(match rest.split_once('-') {
        Some((month, day)) => PeriodLiteral::Day(year, month.parse().ok()?, day.parse().ok()?),
        None => PeriodLiteral::Month(year, rest.parse().ok()?),
    })
}
