//! Metrics and benchmarks in words.

use serde::Serialize;

use crate::ir::Approximation;
use crate::report::render::view::journey::{self, JourneyView};
use crate::report::render::view::objective::PointView;
use crate::report::{Benchmark, Breakdown, Known, Metric, NumberFormat, Range, chart, format};

#[derive(Serialize)]
pub struct MetricView {
    pub name: String,
    pub title: String,
    pub period: String,
    pub value: String,
    /// Of what people answered.
    pub known: Option<String>,
    /// What it assumes: `a model, constant hazard`.
    pub model: Option<String>,
    pub approximate: Option<String>,
    pub grain: String,
    pub changes: Vec<Change>,
    pub figure: Option<String>,
    pub points: Vec<PointView>,
    pub breakdowns: Vec<BreakdownView>,
    pub journey: Option<JourneyView>,
    pub formula: String,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub hash: String,
    /// Values of the line, for a line of text.
    #[serde(skip)]
    pub line: Vec<Option<f64>>,
}

#[derive(Serialize)]
pub struct Change {
    pub label: &'static str,
    pub value: String,
    pub tone: &'static str,
}

#[derive(Serialize)]
pub struct BreakdownView {
    pub dimension: String,
    pub period: String,
    pub rows: Vec<BreakdownRow>,
    pub more: Option<String>,
}

#[derive(Serialize)]
pub struct BreakdownRow {
    pub label: String,
    pub value: String,
    pub known: Option<String>,
    pub bar: String,
}

#[derive(Serialize)]
pub struct BenchmarkView {
    pub title: String,
    pub metric: String,
    pub kind: Option<String>,
    pub values: String,
    pub actual: String,
    pub source: String,
    pub age: String,
    pub stale: bool,
}

pub fn view(m: &Metric) -> MetricView {
    let title = format!("{} by {}", m.title, m.grain);
    MetricView {
        name: m.name.clone(),
        title: m.title.clone(),
        period: match (&m.latest, &m.cell) {
            (None, _) => "no complete period".to_string(),
            (Some(point), None) => point.label.clone(),
            (Some(point), Some(cell)) => format!("{}, {cell}", point.label),
        },
        value: format::optional(m.latest.as_ref().and_then(|p| p.value), &m.format),
        known: m.known.as_ref().map(|k| known(k, &m.format)),
        model: m.model.as_ref().map(|model| format!("a model, {}", model.replace('_', " "))),
        approximate: m.approximation.words(),
        grain: m.grain.clone(),
        changes: changes(m),
        figure: chart::spark(&format!("m-{}", m.name), &title, &m.series),
        points: m.series.iter().map(|p| PointView::new(p, &m.format)).collect(),
        breakdowns: m.breakdowns.iter().enumerate().map(|(i, b)| breakdown(i, b, m)).collect(),
        journey: journey::view(m),
        formula: m.formula.clone(),
        description: m.description.clone(),
        owner: m.owner.clone(),
        hash: m.hash.clone(),
        line: m.series.iter().map(|p| p.value).collect(),
    }
}

/// `95 % interval 14.7 to 45.3, of 100 answers`; of those who could have answered, `of 100 actors`.
fn known(known: &Known, shown: &NumberFormat) -> String {
    let bound = |value| format::number(value, shown);
    let Range { low, high, level, .. } = &known.interval;
    let few = if known.n < FEW { ", which are few" } else { "" };
    let of = format::plural(known.n, known.noun);
    format!("{:.0} % interval {} to {}, of {of}{few}", level * 100.0, bound(*low), bound(*high))
}

/// Fewer answers than this say little.
const FEW: u64 = 30;

fn changes(m: &Metric) -> Vec<Change> {
    let change = |label, share: Option<f64>| {
        let tone = match (share, m.better) {
            (Some(s), Some(higher)) if s != 0.0 => {
                if (s > 0.0) == higher {
                    "up"
                } else {
                    "down"
                }
            }
            _ => "",
        };
        Change { label, value: share.map_or("no data".to_string(), format::change), tone }
    };
    vec![change("against the period before", m.change_previous), change("against a year ago", m.change_year)]
}

fn breakdown(index: usize, b: &Breakdown, m: &Metric) -> BreakdownView {
    let largest = b.rows.iter().filter_map(|r| r.number).fold(0.0, f64::max);
    let rows = b.rows.iter().enumerate().map(|(i, row)| {
        let label = row.value.to_string();
        let share = row.number.map_or(0.0, |n| if largest > 0.0 { n / largest } else { 0.0 });
        let id = format!("b-{}-{index}-{i}", m.name);
        BreakdownRow {
            value: format::optional(row.number, &m.format),
            known: row.known.as_ref().map(|k| known(k, &m.format)),
            bar: chart::bar(&id, &format!("{label}, {:.0} % of the largest", share.max(0.0) * 100.0), share),
            label,
        }
    });
    BreakdownView {
        dimension: b.dimension.clone(),
        period: b.period.clone(),
        rows: rows.collect(),
        more: (b.more > 0).then(|| format!("and {} more", b.more)),
    }
}

/// A number that may not be exact.
pub fn marked(number: String, approximation: &Approximation) -> String {
    if approximation.is_exact() { number } else { format!("{number}, approximate") }
}

pub fn benchmark(b: &Benchmark) -> BenchmarkView {
    let show = |v: Option<f64>, f: &NumberFormat| format::optional(v, f);
    let values: Vec<String> = b
        .values
        .iter()
        .map(
            |(label, v)| {
                if label.is_empty() { show(*v, &b.format) } else { format!("{label} {}", show(*v, &b.format)) }
            },
        )
        .collect();
    let window = b.window.as_ref().map_or(String::new(), |w| format!(" ({w})"));
    BenchmarkView {
        title: b.title.clone(),
        metric: b.metric.clone(),
        kind: b.kind.clone(),
        values: format!("{}{window}", values.join(", ")),
        actual: marked(show(b.actual, &b.format), &b.approximation),
        source: b.source.clone().unwrap_or_else(|| "computed from the data".to_string()),
        age: b
            .age_days
            .map_or("recomputed each run".to_string(), |d| format::plural(u64::try_from(d.max(0)).unwrap_or(0), "day")),
        stale: b.stale,
    }
}
