//! Literals as values.

use crate::check::algebra::{Shape, Typer};
use crate::check::findings::Check;
use crate::decimal::Decimal;
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::ScalarType;
use crate::source::Span;
use crate::syntax::ast::Literal;
use crate::unit::Unit;
use crate::value::Value;

/// The value with the other sign.
pub(super) fn negated(value: &Value) -> Option<Value> {
    match value {
        Value::Int(n) => n.checked_neg().map(Value::Int),
        Value::Decimal(d) => Decimal::ZERO.checked_sub(*d).map(Value::Decimal),
        Value::Float(r) => Some(Value::float(-r.get())),
        _ => None,
    }
}

fn number(d: Decimal) -> (Value, ScalarType) {
    if d.scale == 0 { (Value::Int(d.mantissa), ScalarType::Int) } else { (Value::Decimal(d), ScalarType::Decimal) }
}

pub(super) fn literal<'a, T: Typer<'a>>(t: &T, literal: &'a Literal, span: Span) -> Check<T::Node> {
    let cx = t.checker();
    let calendar = &cx.scope.project.settings.calendar;
    let (value, ty, unit) = match literal {
        Literal::Null => (Value::Null, ScalarType::Null, Unit::none()),
        Literal::Bool(b) => (Value::Bool(*b), ScalarType::Bool, Unit::none()),
        Literal::Number(d) => {
            let (value, ty) = number(*d);
            (value, ty, Unit::none())
        }
        Literal::Percent(d) => {
            let share = d.checked_div_exact(100).unwrap_or(*d);
            (Value::Decimal(share), ScalarType::Decimal, Unit::none())
        }
        Literal::Quantity { number: n, unit: name } => {
            let Some(unit) = Unit::parse(&name.value, &cx.scope.units) else {
                return cx.fail(unknown_unit(cx.scope.unit_words(), &name.value, name.span));
            };
            let (value, ty) = number(*n);
            // A percentage is a number at once, so that nothing has a scale but times and sizes.
            match unit.has_one_scale() && !unit.scale.is_one() {
                true => {
                    let scaled = value.scaled(unit.scale.num, unit.scale.den).unwrap_or(value);
                    (scaled, ScalarType::Decimal, Unit { scale: crate::unit::Scale::ONE, spelling: None, ..unit })
                }
                false => (value, ty, unit),
            }
        }
        Literal::Duration(length) => {
            let Some(unit) = Unit::of_span(length.unit) else {
                let message = format!("`{length}` has no fixed length in seconds");
                return cx.fail(
                    Diagnostic::new(Code::NoFixedLength, span, message)
                        .help("write days, such as `30 days`; months and years stand in windows and shifts"),
                );
            };
            (Value::Int(i128::from(length.count)), ScalarType::Int, unit)
        }
        Literal::Text(text) => (Value::Text(text.clone()), ScalarType::Text, Unit::none()),
        Literal::Period(period @ crate::calendar::PeriodLiteral::Day(..)) => {
            let day = calendar.literal(period).map_err(|e| cx.report(e.at(span)))?;
            (Value::Date(calendar.local(day.interval.start).date()), ScalarType::Date, Unit::none())
        }
        Literal::Period(_) => {
            let message = "a period stands for a range of days, here one value is wanted";
            let help = "compare a time with it (`time >= 2026-03`), or write a date";
            return cx.fail(Diagnostic::new(Code::TypeMismatch, span, message).help(help));
        }
        Literal::Instant(text) => {
            let instant = calendar.parse_instant(text).map_err(|e| cx.report(e.at(span)))?;
            (Value::Instant(instant), ScalarType::Instant, Unit::none())
        }
    };
    t.build(Shape::Literal(value), ty, unit, span)
}

/// The finding for a word that is no unit.
pub(in crate::check) fn unknown_unit(words: Vec<String>, word: &str, span: Span) -> Diagnostic {
    let near = did_you_mean(word, words.iter().map(String::as_str));
    let help = match word {
        "money" => "say what `money` means: `currency: EUR` in kepi.yaml",
        w if w.starts_with("month") || w.starts_with("year") || w.starts_with("quarter") => {
            "a month, quarter or year has no fixed length: write `days` or `weeks`"
        }
        _ => {
            "a unit is a time (`ms`, `minutes`), a currency (`EUR`), what an actor column counts (`users`), bytes, `percent`, `points`, or one of them by another (`EUR/user`)"
        }
    };
    Diagnostic::new(Code::UnknownUnit, span, format!("`{word}` is no unit{near}")).help(help)
}
