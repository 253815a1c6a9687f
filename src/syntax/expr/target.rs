//! Targets, baselines, guardrails, effects and links.

use pest::iterators::Pair;

use crate::decimal::Decimal;
use crate::diag::Code;
use crate::source::Spanned;
use crate::syntax::ast::{
    Amount, AmountKind, Baseline, BaselineKind, BaselineStatistic, BinaryOp, Direction, Effect, Expr, Guardrail,
    GuardrailBound, Literal, Name, Target, TargetKind,
};
use crate::syntax::document::Text;
use crate::syntax::expr::lower::Lower;
use crate::syntax::expr::{Rule, text_of, unquoted};

/// Bare numbers that could be years.
const YEARS: std::ops::RangeInclusive<i128> = 1900..=2100;

impl<'t> Lower<'t> {
    pub(super) fn target(&mut self, pair: Pair<'t, Rule>) -> Option<Target> {
        let goal = pair.into_inner().next()?;
        let span = self.span(&goal);
        let kind = match goal.as_rule() {
            Rule::reach => TargetKind::Reach(self.signed(goal.into_inner().last()?)?),
            Rule::change => self.change(goal)?,
            Rule::keep => self.keep(goal)?,
            _ => return None,
        };
        Some(Target { kind, span })
    }

    fn change(&mut self, pair: Pair<'t, Rule>) -> Option<TargetKind> {
        let mut parts = pair.into_inner().filter(|p| p.as_rule() != Rule::kw_from);
        let direction = match text_of(&parts.next()?) {
            "increase" => Direction::Increase,
            _ => Direction::Reduce,
        };
        let by = text_of(&parts.next()?) == "by";
        let amount = self.amount(parts.next()?)?;
        let from = match parts.next() {
            Some(base) => Some(self.baseline(base)?),
            None => None,
        };
        Some(TargetKind::Change { direction, by, amount, from })
    }

    fn keep(&mut self, pair: Pair<'t, Rule>) -> Option<TargetKind> {
        let mut parts = pair.into_inner().filter(|p| matches!(p.as_rule(), Rule::limit | Rule::signed));
        let first = parts.next()?;
        if first.as_rule() == Rule::signed {
            let (low, high) = (self.signed(first)?, self.signed(parts.next()?)?);
            return Some(TargetKind::KeepBetween(low, high));
        }
        let amount = self.signed(parts.next()?)?;
        Some(match first.into_inner().next()?.as_rule() {
            Rule::at_least => TargetKind::KeepAtLeast(amount),
            Rule::at_most => TargetKind::KeepAtMost(amount),
            Rule::above => TargetKind::KeepAbove(amount),
            Rule::below => TargetKind::KeepBelow(amount),
            _ => return None,
        })
    }

    pub(super) fn baseline_value(&mut self, pair: Pair<'t, Rule>) -> Option<Baseline> {
        self.baseline(pair.into_inner().next()?)
    }

    fn baseline(&mut self, pair: Pair<'t, Rule>) -> Option<Baseline> {
        let span = self.span(&pair);
        let inner = pair.into_inner().next()?;
        let kind = match inner.as_rule() {
            Rule::period => BaselineKind::Period(super::literal::period(text_of(&inner))?),
            Rule::signed => {
                let amount = self.signed(inner.clone())?;
                self.year_or_number(&inner, &amount)?;
                BaselineKind::Amount(amount)
            }
            Rule::recent => {
                let (mut statistic, mut length) = (None, None);
                for part in inner.into_inner() {
                    match part.as_rule() {
                        Rule::statistic => statistic = baseline_statistic(text_of(&part)),
                        Rule::duration => length = self.length(&part),
                        _ => {}
                    }
                }
                BaselineKind::Last { length: length?, statistic }
            }
            _ => return None,
        };
        Some(Baseline { kind, span })
    }

    /// `from 2026` could be the year or the number.
    fn year_or_number(&mut self, pair: &Pair<'t, Rule>, amount: &Amount) -> Option<()> {
        let AmountKind::Literal(Literal::Number(Decimal { mantissa, scale: 0 })) = amount.kind else { return Some(()) };
        if !YEARS.contains(&mantissa) || text_of(pair).contains('_') {
            return Some(());
        }
        let help = format!("write `FY{mantissa}` for the year, `{mantissa}.0` for the number");
        let message = format!("`{mantissa}` can be read as a year and as a number");
        self.report(Code::BaselineSyntax, self.span(pair), message, help);
        None
    }

    pub(super) fn guardrail(&mut self, pair: Pair<'t, Rule>) -> Option<Guardrail> {
        let span = self.text.span(Self::range(&pair));
        let mut parts = pair.into_inner();
        let (metric, condition) = self.guarded(parts.next()?)?;
        let bound = parts.next()?;
        let rule = bound.as_rule();
        let mut inner = bound.into_inner();
        let first = inner.next()?;
        let bound = match rule {
            Rule::bound => {
                let op = match text_of(&first) {
                    "<=" => BinaryOp::LessOrEqual,
                    ">=" => BinaryOp::GreaterOrEqual,
                    "<" => BinaryOp::Less,
                    ">" => BinaryOp::Greater,
                    _ => return None,
                };
                GuardrailBound::Compare { op, amount: self.signed(inner.next()?)? }
            }
            Rule::no_worse => GuardrailBound::NoWorseThan(self.amount(inner.next()?)?),
            _ => return None,
        };
        Some(Guardrail { metric, condition, bound, span })
    }

    fn guarded(&mut self, pair: Pair<'t, Rule>) -> Option<(Name, Option<Expr>)> {
        let mut parts = pair.into_inner();
        let metric = self.name(&parts.next()?);
        let condition = match parts.next() {
            Some(phrase) => Some(self.operation(phrase.into_inner().find(|p| p.as_rule() == Rule::operation)?)?.expr),
            None => None,
        };
        Some((metric, condition))
    }

    pub(super) fn effect(&mut self, pair: Pair<'t, Rule>) -> Option<Effect> {
        let span = self.text.span(Self::range(&pair));
        let mut parts = pair.into_inner();
        let increase = text_of(&parts.next()?) == "+";
        Some(Effect { increase, amount: self.amount(parts.next()?)?, span })
    }

    pub(super) fn link(&mut self, pair: Pair<'t, Rule>) -> Option<(Vec<Text>, Name)> {
        let mut columns = Vec::new();
        let mut lookup = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::raw_name | Rule::raw_part => {
                    columns.push(Spanned::new(unquoted(text_of(&part)), self.span(&part)));
                }
                Rule::name => lookup = Some(self.name(&part)),
                _ => {}
            }
        }
        Some((columns, lookup?))
    }

    fn amount(&mut self, pair: Pair<'t, Rule>) -> Option<Amount> {
        let span = self.span(&pair);
        let inner = pair.into_inner().next()?;
        if inner.as_rule() != Rule::benchmark {
            return Some(Amount { kind: AmountKind::Literal(self.literal(inner)?), span });
        }
        let mut parts = inner.into_inner();
        let kind = AmountKind::Benchmark { name: self.name(&parts.next()?), quantile: self.name(&parts.next()?) };
        Some(Amount { kind, span })
    }

    /// An amount that may lie below zero.
    fn signed(&mut self, pair: Pair<'t, Rule>) -> Option<Amount> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let first = parts.next()?;
        if first.as_rule() != Rule::minus {
            return self.amount(first);
        }
        let amount = self.amount(parts.next()?)?;
        let negate = |d: Decimal| Decimal { mantissa: d.mantissa.saturating_neg(), scale: d.scale };
        let literal = match amount.kind {
            AmountKind::Literal(Literal::Number(n)) => Literal::Number(negate(n)),
            AmountKind::Literal(Literal::Percent(n)) => Literal::Percent(negate(n)),
            AmountKind::Literal(Literal::Quantity { number, unit }) => {
                Literal::Quantity { number: negate(number), unit }
            }
            _ => {
                let message = "a minus before an amount that cannot be negative";
                self.report(Code::TargetSyntax, span, message, "write the amount without `-`");
                return None;
            }
        };
        Some(Amount { kind: AmountKind::Literal(literal), span })
    }
}

fn baseline_statistic(word: &str) -> Option<BaselineStatistic> {
    Some(match word {
        "mean" => BaselineStatistic::Mean,
        "median" => BaselineStatistic::Median,
        "best" => BaselineStatistic::Best,
        "worst" => BaselineStatistic::Worst,
        _ => return None,
    })
}
