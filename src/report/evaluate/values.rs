//! From the engine's answers to numbers in the unit that is shown.

use crate::calendar::Period;
use crate::decimal::Decimal;
use crate::ir::{Arithmetic, MetricExpr, MetricKind, ScalarType};
use crate::report::plan::{Handle, Plan};
use crate::report::{NumberFormat, Point};
use crate::results::{AnswerRow, Results};
use crate::unit::{Dimension, Scale, Unit};
use crate::value::Value;

/// The results, with the plan that says where each answer is.
#[derive(Clone, Copy)]
pub(super) struct Answers<'a> {
    pub(super) plan: &'a Plan,
    pub(super) results: &'a Results,
}

/// One answered value, still in the expression's unit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Got {
    pub(super) value: Value,
    pub(super) complete: bool,
}

impl<'a> Answers<'a> {
    /// The rows of each of the handle's periods.
    pub(super) fn rows(self, handle: &'a Handle) -> impl Iterator<Item = (&'a Period, &'a [AnswerRow])> {
        let asked = self.plan.asked.get(handle.ask).map_or(&[][..], Vec::as_slice);
        let rows = self.results.answers.get(handle.ask).map_or(&[][..], |a| a.rows.as_slice());
        handle.periods.iter().map(move |period| {
            let found = asked.binary_search(&period.interval).ok().map(|index| {
                let from = rows.partition_point(|r| r.period < index);
                let to = rows.partition_point(|r| r.period <= index);
                rows.get(from..to).unwrap_or_default()
            });
            (period, found.unwrap_or_default())
        })
    }

    /// One value for each of the handle's periods; null where there is no answer.
    pub(super) fn values(self, handle: &'a Handle) -> Vec<Got> {
        // A table of cohorts has a row for each offset; it goes by its last one.
        let got = |rows: &[AnswerRow]| match rows.last() {
            Some(row) => Got { value: row.value.clone(), complete: row.complete },
            None => Got { value: Value::Null, complete: false },
        };
        self.rows(handle).map(|(_, rows)| got(rows)).collect()
    }

    pub(super) fn single(self, handle: &'a Handle) -> Got {
        self.values(handle).into_iter().next().unwrap_or(Got { value: Value::Null, complete: false })
    }

    pub(super) fn points(self, handle: &'a Handle, shown: &Shown) -> Vec<Point> {
        let values = self.values(handle);
        let point = |(period, got): (&Period, Got)| Point {
            label: period.label.clone(),
            start: period.interval.start,
            end: period.interval.end,
            value: shown.number(&got.value),
            complete: got.complete,
        };
        handle.periods.iter().zip(values).map(point).collect()
    }
}

/// How the values of an expression are shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    scale: Scale,
    pub(crate) format: NumberFormat,
    /// The least and the greatest value there can be.
    pub(super) domain: (f64, f64),
}

impl Shown {
    pub(crate) fn new(expr: &MetricExpr, display: &Unit) -> Self {
        let percent = is_percentage(expr, display);
        // Shares stay shares: writing them as percentages is the renderers' part.
        let scale = if percent { between(&expr.unit, &Unit::none()) } else { between(&expr.unit, display) };
        Self { scale, format: format(expr, display, percent), domain: domain(expr) }
    }

    pub(super) fn convert(&self, value: f64) -> f64 {
        if self.scale.is_one() { value } else { value * self.scale.num as f64 / self.scale.den as f64 }
    }

    pub(super) fn decimal(&self, value: Decimal) -> f64 {
        self.number(&Value::Decimal(value)).unwrap_or(f64::NAN)
    }

    pub(crate) fn number(&self, value: &Value) -> Option<f64> {
        self.exact(value).as_f64().filter(|v| v.is_finite())
    }

    /// The value in the unit that is shown; what is no finite number is null.
    pub(crate) fn exact(&self, value: &Value) -> Value {
        let scaled = value.scaled(self.scale.num, self.scale.den);
        let scaled = scaled.unwrap_or_else(|| value.as_f64().map_or(Value::Null, |v| Value::float(self.convert(v))));
        if scaled.as_f64().is_some_and(f64::is_finite) { scaled } else { Value::Null }
    }
}

/// What turns a value of one unit into the other; 1 between units that have nothing in common, which a checked program
/// does not ask for.
pub(super) fn between(from: &Unit, to: &Unit) -> Scale {
    from.factor_to(to).unwrap_or(Scale::ONE)
}

fn format(expr: &MetricExpr, display: &Unit, percent: bool) -> NumberFormat {
    let currency = display.is_currency() && !percent;
    let unit = match display.dimensions.keys().next() {
        Some(Dimension::Currency(code)) if currency => code.clone(),
        None if percent || display.same(&Unit::none()) => String::new(),
        _ => display.to_string(),
    };
    let decimals = match expr.ty {
        _ if percent => 1,
        ScalarType::Int if !currency && expr.unit.scale == display.scale => 0,
        _ => 2,
    };
    NumberFormat { percent, unit, currency, decimals }
}

/// Whether values are shown as percentages: shares, relative changes, quotients of two things of one kind (users / users),
/// and whatever has `unit: percent`.
fn is_percentage(expr: &MetricExpr, display: &Unit) -> bool {
    display.same(&Unit::percent()) || (display.same(&Unit::none()) && is_relative(expr))
}

fn is_relative(expr: &MetricExpr) -> bool {
    match &expr.kind {
        _ if expr.proportion => true,
        MetricKind::Change { .. } => true,
        MetricKind::Arithmetic { op: Arithmetic::Divide, left, right } => {
            !left.unit.is_dimensionless() && left.unit.same_dimension(&right.unit)
        }
        MetricKind::Over { of, .. } | MetricKind::Ago { of, .. } | MetricKind::Total(of) => is_relative(of),
        _ => false,
    }
}

fn domain(expr: &MetricExpr) -> (f64, f64) {
    if expr.proportion { (0.0, 1.0) } else { (f64::NEG_INFINITY, f64::INFINITY) }
}
