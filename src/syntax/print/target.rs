//! Targets, baselines, guardrails and effects as they are written.

use crate::decimal::Decimal;
use crate::syntax::ast::{
    Amount, AmountKind, Baseline, BaselineKind, BaselineStatistic, Direction, Effect, Guardrail, GuardrailBound,
    Literal, Name, Target, TargetKind,
};
use crate::syntax::document::Text;
use crate::syntax::print::literal::{self, field, name, period};
use crate::syntax::print::{Level, op_text, write};

pub fn target(target: &Target) -> String {
    match &target.kind {
        TargetKind::Reach(a) => format!("reach {}", amount(a)),
        TargetKind::Change { direction, by, amount: a, from } => {
            let direction = match direction {
                Direction::Increase => "increase",
                Direction::Reduce => "reduce",
            };
            let from = from.as_ref().map_or_else(String::new, |b| format!(" from {}", baseline(b)));
            format!("{direction} {} {}{from}", if *by { "by" } else { "to" }, amount(a))
        }
        TargetKind::KeepAtLeast(a) => format!("keep at least {}", amount(a)),
        TargetKind::KeepAtMost(a) => format!("keep at most {}", amount(a)),
        TargetKind::KeepAbove(a) => format!("keep above {}", amount(a)),
        TargetKind::KeepBelow(a) => format!("keep below {}", amount(a)),
        TargetKind::KeepBetween(low, high) => format!("keep between {} and {}", amount(low), amount(high)),
    }
}

pub fn baseline(baseline: &Baseline) -> String {
    match &baseline.kind {
        BaselineKind::Period(literal) => period(literal),
        BaselineKind::Last { length, statistic } => {
            let statistic = match statistic {
                None => "",
                Some(BaselineStatistic::Mean) => "mean of ",
                Some(BaselineStatistic::Median) => "median of ",
                Some(BaselineStatistic::Best) => "best of ",
                Some(BaselineStatistic::Worst) => "worst of ",
            };
            format!("{statistic}last {length}")
        }
        // A bare number could be a year.
        BaselineKind::Amount(Amount { kind: AmountKind::Literal(Literal::Number(n)), .. }) if n.scale == 0 => {
            n.rescale(1).filter(|_| is_year(*n)).unwrap_or(*n).to_string()
        }
        BaselineKind::Amount(a) => amount(a),
    }
}

fn is_year(n: Decimal) -> bool {
    (1900..=2100).contains(&n.mantissa)
}

pub fn guardrail(guardrail: &Guardrail) -> String {
    let metric = name(&guardrail.metric.value);
    let scope = match &guardrail.condition {
        None => metric,
        // A condition would read on into the bound.
        Some(condition) => {
            let mut out = format!("({metric} where ");
            write(&mut out, condition, Level::Condition);
            out.push(')');
            out
        }
    };
    match &guardrail.bound {
        GuardrailBound::Compare { op, amount: a } => format!("{scope} {} {}", op_text(*op), amount(a)),
        GuardrailBound::NoWorseThan(a) => format!("{scope} no worse than {}", amount(a)),
    }
}

pub fn effect(effect: &Effect) -> String {
    format!("{}{}", if effect.increase { "+" } else { "-" }, amount(&effect.amount))
}

/// `column -> lookup`; a column's name is as its file spells it.
pub fn link(columns: &[Text], lookup: &Name) -> String {
    let raw = |column: &Text| {
        let text = &column.value;
        let special = text.contains([',', '(', ')', '`']) || text.contains("->") || text.trim() != text;
        if special { literal::quoted(text) } else { text.clone() }
    };
    let columns: Vec<String> = columns.iter().map(raw).collect();
    let from = match columns.as_slice() {
        [one] => one.clone(),
        many => format!("({})", many.join(", ")),
    };
    format!("{from} -> {}", name(&lookup.value))
}

fn amount(amount: &Amount) -> String {
    match &amount.kind {
        AmountKind::Literal(Literal::Duration(length)) => length.to_string(),
        AmountKind::Literal(value) => literal::literal(value),
        AmountKind::Benchmark { name: benchmark, quantile } => {
            format!("{}.{}", name(&benchmark.value), field(&quantile.value))
        }
    }
}
