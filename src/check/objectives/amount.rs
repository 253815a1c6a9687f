//! Amounts in the unit of what they are amounts of.

use crate::calendar::SpanUnit;
use crate::check::objectives::{Checker, Subject};
use crate::decimal::Decimal;
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Aggregate, Arithmetic, Change, MetricExpr, MetricKind, Statistic};
use crate::source::Span;
use crate::syntax::ast::{Amount, AmountKind, Literal, Name};
use crate::unit::{Dimension, Scale, Unit};

const HUNDRED: Decimal = Decimal { mantissa: 100, scale: 0 };

impl Checker<'_> {
    /// A level (`reach 45 minutes`), in the unit of the subject's expression.
    pub(super) fn level(&mut self, literal: &Literal, span: Span, of: Subject) -> Option<Decimal> {
        let (value, unit) = self.quantity(literal, span, of)?;
        if is_points(&unit) && is_share(of) {
            let help = format!("write `{value}%`");
            self.report_at(
                Code::TargetUnit,
                span,
                "points are a difference between two percentages, not a level",
                help,
            );
            return None;
        }
        self.convert(value, &unit, span, of)
    }

    /// A literal that must lie where the subject's values lie.
    pub(super) fn level_in_domain(&mut self, literal: &Literal, span: Span, of: Subject) -> Option<Decimal> {
        let value = self.level(literal, span, of)?;
        self.in_domain(value, span, of).then_some(value)
    }

    /// What a baseline is changed by.
    pub(super) fn change(&mut self, amount: &Amount, of: Subject) -> Option<Change> {
        let span = amount.span;
        let literal = match &amount.kind {
            AmountKind::Literal(literal) => literal,
            AmountKind::Benchmark { .. } => {
                let message = "a benchmark is a level: nothing can be changed by it";
                self.report_at(Code::TargetUnit, span, message, "write `to` in place of `by`");
                return None;
            }
        };
        if let Literal::Percent(percent) = literal {
            let points = if percent.to_string() == "1" { "point" } else { "points" };
            if is_points(&of.expr.unit) {
                let help = format!("write `by {percent} {points}`");
                self.report_at(
                    Code::TargetUnit,
                    span,
                    "a score in points has no meaningful percentage of itself",
                    help,
                );
                return None;
            }
            let share = self.hundredth(*percent, span)?;
            if is_share(of) {
                self.report_at(
                    Code::RelativePercent,
                    span,
                    format!(
                        "`{percent}%` of a percentage is {percent} % of the baseline, not {percent} percentage {points}"
                    ),
                    format!("write `by {percent} {points}` if percentage points are meant"),
                );
            }
            return Some(Change::ByShare(share));
        }
        let (value, unit) = self.quantity(literal, span, of)?;
        let by = if is_points(&unit) && is_share(of) {
            let share = self.hundredth(value, span)?;
            self.convert(share, &Unit::none(), span, of)?
        } else {
            self.convert(value, &unit, span, of)?
        };
        if of.expr.proportion && by > one_in(of)? {
            let message = "a share lies between 0 % and 100 %, so it cannot change by more than 100 points";
            self.report_at(Code::TargetDomain, span, message, "write a smaller change");
            return None;
        }
        Some(Change::By(by))
    }

    /// The number and the unit it is written in. A bare number takes the only unit it can have.
    fn quantity(&mut self, literal: &Literal, span: Span, of: Subject) -> Option<(Decimal, Unit)> {
        match literal {
            Literal::Number(n) => {
                let zero = n.mantissa == 0;
                if of.expr.unit.has_one_scale() || zero {
                    let unit = Unit { scale: Scale::ONE, spelling: None, ..of.expr.unit.clone() };
                    return Some((*n, unit));
                }
                let message = format!("`{n}` has no unit, and the metric is in {}", called(of.display));
                self.report_at(Code::TargetUnit, span, message, format!("write `{n} {}`", of.display));
                None
            }
            Literal::Percent(n) => Some((*n, Unit::percent())),
            Literal::Quantity { number, unit } => Some((*number, self.unit(unit)?)),
            Literal::Duration(length) => match Unit::of_span(length.unit) {
                Some(unit) => Some((Decimal::new(i128::from(length.count), 0), unit.spelt(length.unit.as_str()))),
                None => {
                    let message =
                        format!("a {} has no fixed length, so nothing can be measured in it", length.unit.as_str());
                    self.report_at(Code::NoFixedLength, span, message, "write days or weeks");
                    None
                }
            },
            Literal::Null | Literal::Bool(_) | Literal::Text(_) | Literal::Period(_) | Literal::Instant(_) => {
                self.report_at(Code::TargetUnit, span, "an amount is wanted here", "write a number with its unit");
                None
            }
        }
    }

    fn unit(&mut self, name: &Name) -> Option<Unit> {
        let unit = Unit::parse(&name.value, self.names);
        if unit.is_none() {
            let words = Unit::known_words(self.names);
            let near = did_you_mean(&name.value, words.iter().map(String::as_str));
            self.push(Diagnostic::new(
                Code::UnknownUnit,
                name.span,
                format!("no unit is named `{}`{near}", name.value),
            ));
        }
        unit
    }

    fn convert(&mut self, value: Decimal, unit: &Unit, span: Span, of: Subject) -> Option<Decimal> {
        let Some(factor) = unit.factor_to(&of.expr.unit) else {
            // The unit of what is not known yet could be any.
            if of.expr.ty.is_open() {
                return Some(value);
            }
            let message = format!("the amount is {}, and the metric is {}", in_unit(unit), in_unit(of.display));
            let example =
                if of.display.is_none() { "a plain number".to_owned() } else { format!("`… {}`", of.display) };
            self.report_at(Code::TargetUnit, span, message, format!("write {example}"));
            return None;
        };
        let converted = scaled(value, factor);
        if converted.is_none() {
            self.too_long(span);
        }
        converted
    }

    fn hundredth(&mut self, percent: Decimal, span: Span) -> Option<Decimal> {
        let share = percent.checked_div_exact(100);
        if share.is_none() {
            self.too_long(span);
        }
        share
    }

    pub(super) fn too_long(&mut self, span: Span) {
        self.report_at(Code::TargetDomain, span, "a number with too many digits", "write fewer digits");
    }

    /// Whether the subject can have this value, as far as its form says so.
    pub(super) fn in_domain(&mut self, value: Decimal, span: Span, of: Subject) -> bool {
        let beyond = |one: Decimal| value < Decimal::ZERO || value > one;
        if of.expr.proportion && one_in(of).is_some_and(beyond) {
            let message = "a share lies between 0 % and 100 %";
            let help = match percent_meant(value) {
                Some(percent) => format!("write `{percent}%`"),
                None => "write a percentage between `0%` and `100%`".to_owned(),
            };
            self.report_at(Code::TargetDomain, span, message, help);
            return false;
        }
        if value < Decimal::ZERO && counts(of.expr) {
            self.report_at(Code::TargetDomain, span, "a count is never below zero", "write an amount from 0 upwards");
            return false;
        }
        true
    }

    /// The value of an amount in the subject's unit, if the definitions alone say it.
    pub(super) fn known_level(&self, amount: &crate::ir::Amount, of: Subject) -> Option<Decimal> {
        match amount {
            crate::ir::Amount::Literal(value) => Some(*value),
            crate::ir::Amount::Benchmark { benchmark, quantile } => {
                let benchmark = self.benchmarks.get(benchmark.0 as usize)?.as_ref()?;
                scaled(benchmark.stated(quantile)?, benchmark.unit.factor_to(&of.expr.unit)?)
            }
        }
    }
}

/// `between 3 and 5 minutes`: the bare number takes the other's unit.
pub(super) fn with_unit_of(amount: &Amount, other: &Amount) -> Amount {
    let (AmountKind::Literal(Literal::Number(n)), AmountKind::Literal(other)) = (&amount.kind, &other.kind) else {
        return amount.clone();
    };
    let quantity = |unit: Name| Literal::Quantity { number: *n, unit };
    let literal = match other {
        Literal::Percent(_) => Literal::Percent(*n),
        Literal::Quantity { unit, .. } => quantity(unit.clone()),
        Literal::Duration(length) if length.unit != SpanUnit::Period => {
            quantity(Name::new(length.unit.as_str().to_owned(), amount.span))
        }
        _ => return amount.clone(),
    };
    Amount { kind: AmountKind::Literal(literal), span: amount.span }
}

/// The value times the factor: exact where a decimal can be, else to 15 places.
pub(super) fn scaled(value: Decimal, factor: Scale) -> Option<Decimal> {
    const PLACES: u8 = 15;
    let product = value.checked_mul(Decimal::new(i128::from(factor.num), 0))?;
    if let Some(exact) = product.checked_div_exact(factor.den) {
        return Some(exact);
    }
    let fine = product.normalized();
    let fine = fine.rescale(fine.scale.max(PLACES))?;
    let den = i128::from(factor.den);
    // Half away from zero.
    let half = if fine.mantissa < 0 { -(den / 2) } else { den / 2 };
    Some(Decimal::new(fine.mantissa.checked_add(half)?.checked_div(den)?, fine.scale))
}

/// What 100 % is in the subject's unit; `None` for what has a dimension.
fn one_in(of: Subject) -> Option<Decimal> {
    scaled(Decimal::new(1, 0), Unit::none().factor_to(&of.expr.unit)?).or(Some(Decimal::new(1, 0)))
}

/// `35` where a share is wanted: 35 % was meant.
fn percent_meant(value: Decimal) -> Option<Decimal> {
    (value > Decimal::new(1, 0) && value <= HUNDRED).then(|| value.normalized())
}

fn is_points(unit: &Unit) -> bool {
    unit.dimensions.len() == 1 && unit.dimensions.contains_key(&Dimension::Points)
}

/// Whether differences of the subject can be told in percentage points.
pub(super) fn is_share(of: Subject) -> bool {
    of.expr.unit.is_dimensionless()
        && (is_relative(of.expr) || is_quotient(of.expr) || of.display.same(&Unit::percent()))
}

/// One number divided by another; a mean is not, although it is a ratio to those who add up.
fn is_quotient(expr: &MetricExpr) -> bool {
    match &expr.kind {
        MetricKind::Arithmetic { op: Arithmetic::Divide, .. } => true,
        MetricKind::Over { of, .. } | MetricKind::Ago { of, .. } | MetricKind::Total(of) => is_quotient(of),
        _ => false,
    }
}

/// Shares, relative changes, quotients of two things of one kind.
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

/// Whether it is a number of things.
fn counts(expr: &MetricExpr) -> bool {
    match &expr.kind {
        MetricKind::Measure(measure) => measure.aggregate == Aggregate::Count || measure.aggregate.is_distinct(),
        MetricKind::Summary { statistic, .. } => *statistic == Statistic::Count,
        MetricKind::Over { of, .. } | MetricKind::Ago { of, .. } | MetricKind::Total(of) => counts(of),
        _ => false,
    }
}

pub(super) fn called(unit: &Unit) -> String {
    if unit.is_none() { "plain numbers".to_owned() } else { format!("`{unit}`") }
}

fn in_unit(unit: &Unit) -> String {
    match unit {
        unit if unit.is_none() => "a plain number".to_owned(),
        unit if unit.same(&Unit::percent()) => "a percentage".to_owned(),
        unit => format!("in `{unit}`"),
    }
}
