//! S3 and M1: the target, its direction, its unit and what the metric can be.

use crate::calendar::{Length, SpanUnit};
use crate::check::objectives::amount::with_unit_of;
use crate::check::objectives::{Checker, Subject};
use crate::decimal::Decimal;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Amount, Baseline, BaselineStatistic, Better, Change, Due, Target};
use crate::source::Span;
use crate::syntax::ast::{self, AmountKind, Direction, TargetKind};

/// The metric that a target is for.
#[derive(Clone, Copy)]
pub(super) struct Aimed<'a> {
    pub(super) of: Subject<'a>,
    pub(super) metric: &'a str,
    pub(super) better: Option<Better>,
    pub(super) due: Option<&'a Due>,
}

impl Checker<'_> {
    pub(super) fn target(&mut self, target: &ast::Target, aimed: Aimed) -> Option<Target> {
        let of = aimed.of;
        match &target.kind {
            TargetKind::Reach(to) => {
                let to = self.amount_level(to, of)?;
                Some(Target::Reach { to, from: None })
            }
            TargetKind::Change { direction, by, amount, from } => {
                let increase = *direction == Direction::Increase;
                let agrees = self.direction(increase, target.span, aimed);
                let from = match from {
                    Some(from) => self.baseline(from, of),
                    None => self.no_baseline(target, *by, aimed),
                };
                let change = match by {
                    true => self.change(amount, of),
                    false => self.amount_level(amount, of).map(Change::To),
                };
                let (from, change) = (from?, change?);
                let moves = self.moves(increase, &change, &from, amount.span, of);
                (agrees && moves).then_some(Target::Change { increase, change, from })
            }
            TargetKind::KeepAtLeast(bound) => self.at_least(bound, false, target.span, aimed),
            TargetKind::KeepAbove(bound) => self.at_least(bound, true, target.span, aimed),
            TargetKind::KeepAtMost(bound) => self.at_most(bound, false, target.span, aimed),
            TargetKind::KeepBelow(bound) => self.at_most(bound, true, target.span, aimed),
            TargetKind::KeepBetween(low, high) => {
                let (below, above) = (with_unit_of(low, high), with_unit_of(high, low));
                let below = self.amount_level(&below, of);
                let above = self.amount_level(&above, of);
                let (below, above) = (below?, above?);
                let known = self.known_level(&below, of).zip(self.known_level(&above, of));
                if known.is_some_and(|(below, above)| below >= above) {
                    let span = low.span.to(high.span);
                    let message = "nothing lies between these two: the first is not less than the second";
                    self.report_at(Code::TargetDomain, span, message, "write the lower bound first");
                    return None;
                }
                Some(Target::Between(below, above))
            }
        }
    }

    /// A level: an amount of the metric's unit that it can have, or a benchmark's.
    fn amount_level(&mut self, amount: &ast::Amount, of: Subject) -> Option<Amount> {
        match &amount.kind {
            AmountKind::Literal(literal) => self.level_in_domain(literal, amount.span, of).map(Amount::Literal),
            AmountKind::Benchmark { name, quantile } => self.benchmark_level(name, quantile, of),
        }
    }

    fn at_least(&mut self, bound: &ast::Amount, strict: bool, span: Span, aimed: Aimed) -> Option<Target> {
        let agrees = self.keeps(true, span, aimed);
        let level = self.amount_level(bound, aimed.of)?;
        let reachable = self.leaves_room(&level, Decimal::new(1, 0), strict, bound.span, aimed.of);
        (agrees && reachable).then_some(Target::AtLeast { bound: level, strict })
    }

    fn at_most(&mut self, bound: &ast::Amount, strict: bool, span: Span, aimed: Aimed) -> Option<Target> {
        let agrees = self.keeps(false, span, aimed);
        let level = self.amount_level(bound, aimed.of)?;
        let reachable = self.leaves_room(&level, Decimal::ZERO, strict, bound.span, aimed.of);
        (agrees && reachable).then_some(Target::AtMost { bound: level, strict })
    }

    /// `keep above 100%` and `keep below 0%` leave no value.
    fn leaves_room(&mut self, level: &Amount, end: Decimal, strict: bool, span: Span, of: Subject) -> bool {
        let no_room = strict && of.expr.proportion && self.known_level(level, of) == Some(end);
        if no_room {
            let message = "a share lies between 0 % and 100 %, so no value is beyond this one";
            self.report_at(Code::TargetDomain, span, message, "write `at least` or `at most`");
        }
        !no_room
    }

    /// S3: whether the metric calls this direction better.
    fn direction(&mut self, increase: bool, span: Span, aimed: Aimed) -> bool {
        let (asked, metric, other) = match (increase, aimed.better) {
            (true, Some(Better::Lower)) => ("increased", "lower", "reduce"),
            (false, Some(Better::Higher)) => ("reduced", "higher", "increase"),
            _ => return true,
        };
        let message = format!("`{}` is to be {asked}, but the metric says `better: {metric}`", aimed.metric);
        self.report_at(
            Code::AgainstDirection,
            span,
            message,
            format!("write `{other} …`, or correct the metric's `better`"),
        );
        false
    }

    fn keeps(&mut self, at_least: bool, span: Span, aimed: Aimed) -> bool {
        let (bound, metric, other) = match (at_least, aimed.better) {
            (true, Some(Better::Lower)) => ("no less than", "lower", "keep at most …"),
            (false, Some(Better::Higher)) => ("no more than", "higher", "keep at least …"),
            _ => return true,
        };
        let message = format!("`{}` is to be {bound} a bound, but the metric says `better: {metric}`", aimed.metric);
        self.report_at(
            Code::AgainstDirection,
            span,
            message,
            format!("write `{other}`, or correct the metric's `better`"),
        );
        false
    }

    /// S3 and M1, as far as the baseline is a number: the target lies in its direction, and the metric can reach it.
    fn moves(&mut self, increase: bool, change: &Change, from: &Baseline, span: Span, of: Subject) -> bool {
        let by_nothing = match change {
            Change::By(by) | Change::ByShare(by) => *by <= Decimal::ZERO,
            Change::To(_) => false,
        };
        if by_nothing {
            self.report_at(Code::AgainstDirection, span, "a change by nothing", "write how much it is to change");
            return false;
        }
        if !increase && matches!(change, Change::ByShare(by) if *by > Decimal::new(1, 0)) && of.expr.proportion {
            let message = "nothing can be reduced by more than all of it";
            self.report_at(Code::TargetDomain, span, message, "write a percentage up to `100%`");
            return false;
        }
        let Baseline::Literal(base) = from else { return true };
        let signed = |by: Decimal| if increase { base.checked_add(by) } else { base.checked_sub(by) };
        let target = match change {
            Change::To(to) => self.known_level(to, of),
            Change::By(by) => signed(*by),
            Change::ByShare(share) => base.checked_mul(*share).and_then(signed),
        };
        let Some(target) = target else { return true };
        if matches!(change, Change::To(_)) && (target == *base || (target > *base) != increase) {
            let (verb, side) = if increase { ("increase", "above") } else { ("reduce", "below") };
            let message = format!("`{verb} to` a value that is not {side} its baseline");
            let help = format!("write a target {side} the baseline, or the other direction");
            self.report_at(Code::AgainstDirection, span, message, help);
            return false;
        }
        matches!(change, Change::To(_)) || self.in_domain(target, span, of)
    }

    /// M2 where the target names no baseline.
    fn no_baseline(&mut self, target: &ast::Target, by: bool, aimed: Aimed) -> Option<Baseline> {
        if by {
            let message = "a change by an amount, but nothing says from where";
            let help = "add the baseline: `… from 2026-Q3`, `… from last 8 weeks`";
            self.report_at(Code::NoBaseline, target.span, message, help);
            return None;
        }
        let (baseline, said) = match aimed.due {
            Some(Due::Period(period)) => {
                let before = self.calendar.step(period, -1);
                let label = before.label.clone();
                (Baseline::Period(before), format!("{label}, the period before the due one"))
            }
            _ => {
                let length = Length { count: 1, unit: SpanUnit::Period };
                let said = "the last complete period of the metric before the start".to_owned();
                (Baseline::Last { length, statistic: None::<BaselineStatistic> }, said)
            }
        };
        let message = format!("the target does not say from where; {said}, is taken");
        let finding = Diagnostic::new(Code::ImpliedBaseline, target.span, message);
        self.push(finding.help("write it down: `… from 2026-Q3`, `… from last 8 weeks`"));
        Some(baseline)
    }
}
