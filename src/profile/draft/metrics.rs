//! First `metrics`: how much, how many, how often, and what the numbers are.

use crate::profile::draft::events::Event;
use crate::profile::draft::tables::Plan;
use crate::profile::guess::{dimensions, flags, is_unit, measures};
use crate::profile::names::{Taken, cleaned, title, words};
use crate::syntax::print::{text, yaml, yaml_in_flow};

/// Of each kind so many are written: a start, no catalogue.
const EVENTS: usize = 5;
const NUMBERS: usize = 4;
const FLAGS: usize = 3;
const DIMENSIONS: usize = 2;
/// Units of time whose sum is said in hours.
const SHORT: [&str; 3] = ["us", "ms", "s"];

/// Words of what should get less.
const WORSE: [&str; 30] = [
    "error",
    "errors",
    "cancel",
    "canceled",
    "cancelled",
    "cancellation",
    "cancellations",
    "churn",
    "churned",
    "refund",
    "refunded",
    "refunds",
    "returned",
    "complaint",
    "complaints",
    "crash",
    "crashes",
    "bounce",
    "latency",
    "failed",
    "failure",
    "unsubscribe",
    "cost",
    "costs",
    "exception",
    "fehler",
    "storno",
    "storniert",
    "retoure",
    "beschwerde",
];

#[derive(Clone, Debug)]
pub(super) struct Metric {
    pub name: String,
    pub title: String,
    pub expr: String,
    pub unit: Option<&'static str>,
    pub better: &'static str,
    pub stage: &'static str,
    pub by: Vec<String>,
    pub grain: Option<&'static str>,
    /// How well an aim would do on it.
    pub rank: u8,
    /// Which of the plans it is of.
    pub source: String,
}

fn better(name: &str) -> &'static str {
    if words(name).iter().any(|word| WORSE.contains(&word.as_str())) { "lower" } else { "higher" }
}

/// The metrics of one source as they come together.
struct Found<'a> {
    out: Vec<Metric>,
    taken: &'a mut Taken,
    source: &'a str,
    grain: Option<&'static str>,
}

impl Found<'_> {
    fn add(&mut self, name: &str, title: String, expr: String, rank: u8, stage: &'static str) -> &mut Metric {
        let at = self.out.len();
        self.out.push(Metric {
            name: self.taken.give(&cleaned(name, "metric")),
            title,
            expr,
            unit: None,
            better: better(name),
            stage,
            by: Vec::new(),
            grain: self.grain,
            rank,
            source: self.source.to_owned(),
        });
        &mut self.out[at]
    }
}

pub(super) fn metrics(plan: &Plan, events: &[Event], taken: &mut Taken) -> Vec<Metric> {
    let (profile, guess, source) = (plan.table.profile, plan.table.guess, plan.name.as_str());
    let grain = plan.periods.as_ref().map(|periods| periods.grain.as_str());
    let by: Vec<String> = dimensions(profile, guess)
        .iter()
        .filter_map(|raw| plan.columns.name(raw).map(str::to_owned))
        .take(DIMENSIONS)
        .collect();
    let mut found = Found { out: Vec::new(), taken, source, grain };
    let what = if events.is_empty() { "rows" } else { "events" };
    let about = title_of(&profile.name);
    let all = if about.to_lowercase() == what { about } else { format!("{about}: {what}") };
    found.add(&format!("{source}_count"), all, format!("count({source})"), 2, "engagement").by = by.clone();
    people(plan, what, &by, &mut found);
    for event in events.iter().take(EVENTS) {
        let name = format!("{}_count", event.name.trim_matches('_'));
        let expr = format!("count({})", event.name);
        found.add(&name, format!("{}: count", title_of(&event.label)), expr, 6, "engagement").better =
            better(&event.label);
    }
    if let Some(value) = &plan.columns.value {
        let expr = format!("sum({source}.{value})");
        found.add("value_sum", "Value, in total".to_owned(), expr, 1, "revenue").by = by.clone();
    }
    for measure in measures(profile, guess).iter().take(NUMBERS) {
        let Some(name) = plan.columns.name(&measure.column) else { continue };
        let unit = plan.columns.unit(&measure.column);
        let title = if unit.is_some() { without_unit(name) } else { title_of(name) };
        let money = unit.is_some_and(|unit| unit.chars().all(|c| c.is_ascii_uppercase()));
        let stage = if money { "revenue" } else { "engagement" };
        if measure.adds_up {
            let rank = if money { 1 } else { 7 };
            let expr = format!("sum({source}.{name})");
            let sum = found.add(&format!("{name}_sum"), format!("{title}, in total"), expr, rank, stage);
            sum.unit = unit.filter(|unit| SHORT.contains(unit)).map(|_| "hours");
        }
        let expr = format!("median({source}.{name})");
        found.add(&format!("{name}_median"), format!("{title}, the middle"), expr, 8, stage);
    }
    for flag in flags(profile).iter().take(FLAGS) {
        let Some(name) = plan.columns.name(&flag.column) else { continue };
        let expr = match &flag.yes {
            Some(yes) => format!("share({source}.{name} = {})", text(yes)),
            None => format!("share({source}.{name})"),
        };
        let share = found.add(&format!("{name}_share"), format!("{}: share", title_of(name)), expr, 9, "engagement");
        share.unit = Some("percent");
        share.by = by.iter().filter(|dimension| *dimension != name).cloned().collect();
    }
    found.out
}

/// Of who did it.
fn people(plan: &Plan, what: &str, by: &[String], found: &mut Found) {
    let Some(actors) = &plan.actors else { return };
    let (source, grain) = (found.source, found.grain);
    let people = words(actors).join(" ");
    let counted = found.add(
        &format!("active_{actors}"),
        title(&format!("active {people}")),
        format!("unique({source})"),
        0,
        "engagement",
    );
    counted.by = by.to_vec();
    let each = format!("mean(count({source}) per actor)");
    found.add(&format!("{what}_per_actor"), format!("{} for each of the {people}", title(what)), each, 3, "engagement");
    let again = format!("share(count({source}) per actor >= 2)");
    let title = format!("{} with two {what} or more", title(&people));
    found.add(&format!("returning_{actors}"), title, again, 4, "retention").unit = Some("percent");
    if grain.is_some_and(|grain| grain != "day") {
        let expr = format!("mean(unique({source}) per day) / unique({source})");
        let title = format!("Stickiness: the mean day's {people} among all");
        found.add("stickiness", title, expr, 5, "engagement").unit = Some("percent");
    }
}

/// A title without the word that is the unit's.
fn without_unit(name: &str) -> String {
    let mut words = words(name);
    if words.len() > 1 && words.last().is_some_and(|last| is_unit(last)) {
        words.pop();
    }
    title_of(&words.join(" "))
}

fn title_of(label: &str) -> String {
    let text = title(label);
    if text.is_empty() { label.to_owned() } else { text }
}

/// `owned`: the metric of the aim, which somebody should answer for.
pub(super) fn write(metrics: &[Metric], owned: Option<&str>) -> String {
    let blocks: Vec<String> = metrics.iter().map(|metric| block(metric, owned == Some(metric.name.as_str()))).collect();
    format!("metrics:\n{}", blocks.join("\n"))
}

fn block(metric: &Metric, owned: bool) -> String {
    let mut text = format!("  {}:\n", yaml(&metric.name));
    let mut line = |key: &str, value: &str| text += &format!("    {key}: {}\n", yaml(value));
    line("title", &metric.title);
    line("expr", &metric.expr);
    if let Some(unit) = metric.unit {
        line("unit", unit);
    }
    line("better", metric.better);
    line("stage", metric.stage);
    if let Some(grain) = metric.grain {
        line("grain", grain);
    }
    if owned {
        line("owner", "somebody");
    }
    if !metric.by.is_empty() {
        let by: Vec<String> = metric.by.iter().map(|name| yaml_in_flow(name)).collect();
        text += &format!("    by: [{}]\n", by.join(", "));
    }
    text
}
