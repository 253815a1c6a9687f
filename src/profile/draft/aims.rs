//! One objective to edit, with what it stands beside.

use crate::calendar::{Grain, Period};
use crate::profile::draft::metrics::Metric;
use crate::profile::draft::tables::Plan;
use crate::profile::draft::{Periods, comment};
use crate::syntax::print::yaml;

/// What is aimed at.
#[derive(Clone, Debug)]
pub(super) struct Aim {
    pub metric: String,
    title: String,
    better: &'static str,
    target: String,
    due: Period,
    check_in: &'static str,
    benchmark: String,
}

/// The metric that says most, on a table whose time says enough.
pub(super) fn aim(plans: &[&Plan], metrics: &[Metric]) -> Option<Aim> {
    let mut candidates: Vec<(&Metric, &Periods)> = metrics
        .iter()
        .filter_map(|metric| {
            let plan = plans.iter().find(|plan| plan.name == metric.source)?;
            Some((metric, plan.periods.as_ref()?))
        })
        .collect();
    candidates.sort_by_key(|(metric, periods)| (periods.aim.is_none(), metric.rank));
    let (metric, periods) = *candidates.first()?;
    let last = (periods.complete / 2).clamp(1, 8);
    let benchmark = format!("median of last {last} {}{}", periods.grain.as_str(), if last == 1 { "" } else { "s" });
    let aim = |metric: &Metric, target: String, due: &Period, check_in| Aim {
        metric: metric.name.clone(),
        title: metric.title.clone(),
        better: metric.better,
        target,
        due: due.clone(),
        check_in,
        benchmark: benchmark.clone(),
    };
    if let Some((baseline, due)) = &periods.aim {
        let verb = if metric.better == "lower" { "reduce" } else { "increase" };
        let check_in = match due.grain {
            Some(Grain::Quarter) => "every 1 month",
            Some(Grain::Month) => "every 1 week",
            _ => "every 1 day",
        };
        return Some(aim(metric, format!("{verb} by 10% from {}", baseline.label), due, check_in));
    }
    // Too short a time for a baseline: a level to keep, of what is counted.
    let (count, periods) = candidates.iter().find(|(metric, _)| metric.rank == 2)?;
    let level = (periods.daily * 9 / 10).max(1);
    Some(aim(count, format!("keep at least {level}"), periods.next.as_ref()?, "every 1 week"))
}

pub(super) fn write(aim: Option<&Aim>, metrics: &[Metric]) -> String {
    let mut text = String::new();
    match aim {
        Some(aim) => {
            text += &comment(0, "A first objective: whose, why, how much and until when is for somebody to say.");
            text += "goals:\n  growth: {title: What this is done for}\n\n";
            text += &format!(
                "benchmarks:\n  {}_usual:\n    title: {}\n    metric: {}\n    kind: historical\n    value: {}\n\n",
                yaml(&aim.metric),
                yaml(&format!("{}, as usual", aim.title)),
                yaml(&aim.metric),
                aim.benchmark
            );
            let (name, title) = match aim.target.starts_with("keep") {
                true => ("keep_it_up", format!("{}: no fewer", aim.title)),
                false if aim.better == "lower" => ("a_tenth_less", format!("{}: a tenth less", aim.title)),
                false => ("a_tenth_more", format!("{}: a tenth more", aim.title)),
            };
            text +=
                &format!("objectives:\n  {name}:\n    title: {}\n    metric: {}\n", yaml(&title), yaml(&aim.metric));
            text += &format!("    target: {}\n    due: {}\n", aim.target, aim.due.label);
            text += &format!(
                "    owner: somebody\n    supports: growth\n    because: Say why it matters.\n    compare: [{}_usual]\n    check_in: {}\n    actions: [{{do: Say what is done for it}}]\n\n",
                aim.metric, aim.check_in
            );
        }
        None => {
            text += &comment(
                0,
                "An objective needs a metric over time; no table has a column of times. One would look like this:",
            );
            let metric = metrics.first().map_or("NAME", |metric| metric.name.as_str());
            for line in [
                "objectives:",
                "  a_tenth_more:",
                &format!("    metric: {metric}"),
                "    target: increase by 10% from 2026-Q3",
                "    due: 2026-Q4",
                "    owner: somebody",
            ] {
                text += &comment(0, line);
            }
            text.push('\n');
        }
    }
    let sections = if aim.is_some() { "objectives, metrics, benchmarks" } else { "metrics" };
    text += &format!("reports:\n  overview:\n    title: Overview\n    sections: [{sections}]\n");
    text
}
