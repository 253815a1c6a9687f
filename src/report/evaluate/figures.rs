//! Funnels and tables of cohorts from their counts: what each step loses, where the bottleneck is, what is known of a cohort.

use std::collections::BTreeMap;

use crate::report::Range;
use crate::report::evaluate::measure::{LEVEL, proportion};
use crate::report::evaluate::values::Answers;
use crate::report::figure::{
    Bottleneck, Cohort, CohortCell, Cohorts, Funnel, FunnelStep, JourneyFigure, Pooled, Segment,
};
use crate::report::plan::{CohortsPlan, FigurePlan, FunnelPlan, Handle};
use crate::results::AnswerRow;
use crate::stats::interval::newcombe;
use crate::value::Value;

pub(super) fn figure(answers: Answers, plan: &FigurePlan) -> Option<JourneyFigure> {
    match plan {
        FigurePlan::Funnel(plan) => funnel(answers, plan).map(JourneyFigure::Funnel),
        FigurePlan::Cohorts(plan) => cohorts(answers, plan).map(JourneyFigure::Cohorts),
    }
}

fn count(value: &Value) -> Option<u64> {
    if let Value::Int(n) = value { u64::try_from(*n).ok() } else { None }
}

fn share(of: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| of as f64 / all as f64)
}

/// Nothing is drawn of a period of which not everything is known, nor where nobody entered.
pub(super) fn funnel(answers: Answers, plan: &FunnelPlan) -> Option<Funnel> {
    let users: Vec<u64> = plan.users.iter().map(|h| count(&answers.single(h).value)).collect::<Option<_>>()?;
    let entered = *users.first().filter(|n| **n > 0)?;
    let seconds = |handle: &Handle| answers.single(handle).value.as_f64();
    let before = std::iter::once(None).chain(users.iter().copied().map(Some));
    let gaps = std::iter::once(None).chain(plan.gaps.iter().map(seconds));
    let steps = plan.labels.iter().zip(&users).zip(before.zip(gaps)).map(|((label, here), (before, gap))| FunnelStep {
        label: label.clone(),
        users: *here,
        of_first: share(*here, entered),
        of_previous: before.and_then(|before| share(*here, before)),
        interval: before.filter(|_| plan.once).and_then(|before| of_step(*here, before)),
        lost: before.map_or(0, |before| before.saturating_sub(*here)),
        median_seconds: gap,
    });
    let steps: Vec<FunnelStep> = steps.collect();
    Some(Funnel {
        period: plan.users.first()?.periods.first()?.label.clone(),
        counts: if plan.once { "actors" } else { "entries" },
        median_seconds: seconds(&plan.whole),
        bottleneck: bottleneck(answers, plan, &users),
        steps,
    })
}

fn of_step(here: u64, before: u64) -> Option<Range> {
    proportion(here as f64, before as f64)
}

/// The step that loses most; of equals the first.
fn bottleneck(answers: Answers, plan: &FunnelPlan, users: &[u64]) -> Option<Bottleneck> {
    let losses = users.windows(2).zip(2..).filter_map(|(pair, step)| match pair {
        [before, here] => Some((before.saturating_sub(*here), std::cmp::Reverse(step), *before)),
        _ => None,
    });
    let (lost, std::cmp::Reverse(step), before) = losses.max().filter(|(lost, ..)| *lost > 0)?;
    let parts = if plan.once { parts(answers, plan, step) } else { Vec::new() };
    let all = (lost, before);
    let compared = parts.iter().filter(|p| p.others(all).1 > 0).count();
    // Each of many comparisons may be wrong by chance: the level allows for their number (Bonferroni).
    let level = 1.0 - (1.0 - LEVEL) / compared.max(1) as f64;
    let worse = parts.iter().filter_map(|part| {
        let others = part.others(all);
        let bounds = newcombe((part.lost as f64, part.of as f64), (others.0 as f64, others.1 as f64), level)?;
        (bounds.low > 0.0).then_some((part, others, bounds))
    });
    let worst = worse.max_by(|(_, _, a), (_, _, b)| a.low.total_cmp(&b.low));
    let segment = worst.and_then(|(part, others, bounds)| {
        Some(Segment {
            dimension: part.dimension.to_owned(),
            value: part.value.clone(),
            share: share(part.lost, part.of)?,
            others: share(others.0, others.1)?,
            difference: Range { low: bounds.low, high: bounds.high, level, method: "Newcombe".to_owned() },
        })
    });
    Some(Bottleneck { step, lost, share: share(lost, before)?, segment, compared })
}

/// Those of a segment who reach the step before, and how many of them go no further.
struct Part<'a> {
    dimension: &'a str,
    value: &'a Value,
    of: u64,
    lost: u64,
}

impl Part<'_> {
    /// What all others lose, and of how many.
    fn others(&self, (lost, of): (u64, u64)) -> (u64, u64) {
        (lost.saturating_sub(self.lost), of.saturating_sub(self.of))
    }
}

fn parts<'a>(answers: Answers<'a>, plan: &'a FunnelPlan, step: usize) -> Vec<Part<'a>> {
    let mut found = Vec::new();
    for (dimension, users) in &plan.by {
        let at = |k: usize| -> BTreeMap<&'a Value, u64> {
            let rows =
                users.get(k - 1).and_then(|handle| answers.rows(handle).last()).map_or(&[][..], |(_, rows)| rows);
            rows.iter().filter_map(|r: &AnswerRow| Some((r.by.first()?, count(&r.value)?))).collect()
        };
        let here = at(step);
        found.extend(at(step - 1).into_iter().filter(|(_, of)| *of > 0).map(|(value, of)| Part {
            dimension,
            value,
            of,
            lost: of.saturating_sub(here.get(value).copied().unwrap_or(0)),
        }));
    }
    found
}

pub(super) fn cohorts(answers: Answers, plan: &CohortsPlan) -> Option<Cohorts> {
    let offsets = plan.offsets.clone();
    let mut pooled: Vec<(u64, u64, usize)> = vec![(0, 0, 0); offsets.len()];
    let mut cohorts = Vec::new();
    let rows = answers.rows(&plan.sizes).zip(answers.rows(&plan.returned)).zip(answers.rows(&plan.of));
    for (((period, sizes), (_, returned)), (_, of)) in rows {
        let mut cells = Vec::new();
        for (index, _) in offsets.iter().enumerate() {
            let known = returned.get(index).filter(|row| row.complete);
            let back = known.and_then(|row| count(&row.value));
            let all = of.get(index).and_then(|row| count(&row.value));
            if let (Some(back), Some(all), Some(sum)) = (back, all, pooled.get_mut(index))
                && all > 0
            {
                *sum = (sum.0 + back, sum.1 + all, sum.2 + 1);
            }
            let value = back.zip(all).and_then(|(back, all)| share(back, all));
            cells.push(CohortCell { returned: back, value, complete: known.is_some() });
        }
        let size = sizes.first().and_then(|row| count(&row.value));
        cohorts.push(Cohort { label: period.label.clone(), size, cells });
    }
    if cohorts.iter().all(|c| c.size.is_none_or(|n| n == 0)) {
        return None;
    }
    let pool = |(back, of, cohorts)| Pooled { value: share(back, of), interval: of_step(back, of), of, cohorts };
    Some(Cohorts { grain: plan.grain, offsets, cohorts, pooled: pooled.into_iter().map(pool).collect() })
}
