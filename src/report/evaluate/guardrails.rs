//! What must not get worse while an objective is pursued.

use crate::ir::{Approximation, Better, Comparison, Guardrail, GuardrailBound, Program};
use crate::report::GuardrailView;
use crate::report::evaluate::values::{Answers, Shown};
use crate::report::plan::GuardrailPlan;

pub(super) fn guardrail(
    program: &Program,
    answers: Answers,
    guardrail: &Guardrail,
    plan: &GuardrailPlan,
) -> GuardrailView {
    let shown = Shown::new(&guardrail.expr, &guardrail.display);
    let metric = program.metrics.get(guardrail.metric.0 as usize);
    let now = plan.now.as_ref().map(|h| answers.single(h));
    // A period that is not over is not compared with anything.
    let value = now.filter(|g| g.complete).and_then(|g| shown.number(&g.value));
    let before = plan.before.as_ref().and_then(|h| shown.number(&answers.single(h).value));
    let better = metric.and_then(|m| m.better).unwrap_or(Better::Neither);
    let (bound, holds) = judge(&guardrail.bound, &shown, value, before, better);
    GuardrailView {
        text: guardrail.text.clone(),
        metric: metric.map(|m| m.name.clone()).unwrap_or_default(),
        approximation: Approximation::of(&guardrail.expr),
        format: shown.format,
        value,
        bound,
        holds,
        window: plan.label.clone(),
    }
}

fn judge(
    bound: &GuardrailBound,
    shown: &Shown,
    value: Option<f64>,
    before: Option<f64>,
    better: Better,
) -> (Option<f64>, Option<bool>) {
    let allowed = match bound {
        GuardrailBound::Compare { op, amount } => {
            let bound = shown.decimal(*amount);
            return (Some(bound), value.map(|v| compare(*op, v, bound)));
        }
        GuardrailBound::NoWorseThanShare(share) => before.map(|b| share.to_f64() * b.abs()),
        GuardrailBound::NoWorseThan(amount) => Some(shown.decimal(*amount)),
    };
    let Some((before, allowed)) = before.zip(allowed) else { return (None, None) };
    match better {
        Better::Higher => (Some(before - allowed), value.map(|v| v >= before - allowed)),
        Better::Lower => (Some(before + allowed), value.map(|v| v <= before + allowed)),
        // Neither direction is better: it must stay where it was.
        Better::Neither => (Some(before + allowed), value.map(|v| (v - before).abs() <= allowed)),
    }
}

fn compare(op: Comparison, value: f64, bound: f64) -> bool {
    match op {
        Comparison::Equal => value == bound,
        Comparison::NotEqual => value != bound,
        Comparison::Less => value < bound,
        Comparison::LessOrEqual => value <= bound,
        Comparison::Greater => value > bound,
        Comparison::GreaterOrEqual => value >= bound,
    }
}
