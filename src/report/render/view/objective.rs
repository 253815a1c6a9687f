//! An objective in words.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::report::render::view::metric::marked;
use crate::report::render::view::{anchor, sign, tone};
use crate::report::{
    Action, Check, Letter, LetterStatus, Measured, NumberFormat, Objective, Point, Report, chart, format,
};

#[derive(Serialize)]
pub struct ObjectiveView {
    pub id: String,
    pub name: String,
    pub title: String,
    pub status: &'static str,
    pub tone: &'static str,
    pub sign: &'static str,
    pub reason: String,
    pub target: String,
    pub due: String,
    pub owner: Option<String>,
    pub supports: Option<String>,
    pub because: Option<String>,
    pub facts: Vec<Fact>,
    pub figure: Option<String>,
    /// What the figure's line is.
    pub measure: String,
    pub has_pace: bool,
    pub has_cone: bool,
    pub has_releases: bool,
    pub points: Vec<PointView>,
    pub smart: Vec<LetterView>,
    pub guardrails: Vec<GuardrailView>,
    pub compare: Vec<String>,
    pub actions: Vec<ActionView>,
    pub changes: Vec<String>,
}

#[derive(Serialize)]
pub struct Fact {
    pub label: &'static str,
    pub value: String,
    pub notes: Vec<String>,
    pub lead: bool,
}

#[derive(Serialize)]
pub struct PointView {
    pub label: String,
    pub value: String,
    pub note: &'static str,
}

impl PointView {
    pub fn new(point: &Point, number: &NumberFormat) -> Self {
        Self {
            label: point.label.clone(),
            value: format::optional(point.value, number),
            note: if point.complete { "" } else { "incomplete" },
        }
    }
}

#[derive(Serialize)]
pub struct LetterView {
    pub letter: char,
    pub name: &'static str,
    pub status: &'static str,
    pub word: &'static str,
    pub sign: &'static str,
    pub checks: Vec<CheckView>,
}

#[derive(Serialize)]
pub struct CheckView {
    pub id: &'static str,
    pub status: &'static str,
    pub sign: &'static str,
    pub evidence: String,
}

#[derive(Serialize)]
pub struct GuardrailView {
    pub text: String,
    pub value: String,
    pub bound: String,
    pub window: String,
    pub word: &'static str,
    pub tone: &'static str,
}

#[derive(Serialize)]
pub struct ActionView {
    pub what: String,
    pub owner: String,
    pub due: String,
    pub expect: String,
    pub status: String,
    pub overdue: bool,
}

pub fn view(o: &Objective, report: &Report, zone: &TimeZone) -> ObjectiveView {
    let id = anchor(&o.name);
    let points = chart::line(o);
    ObjectiveView {
        figure: chart::objective(&format!("{id}-f"), o, &report.releases, report.as_of, zone),
        measure: if o.target.maintain || std::ptr::eq(points, o.series.as_slice()) {
            "the measure, by period".to_string()
        } else {
            format!("the measure, on windows like {}", o.baseline.as_ref().map_or(&o.due_label, |b| &b.window))
        },
        id,
        name: o.name.clone(),
        title: o.title.clone(),
        status: o.status.words(),
        tone: tone(o.status),
        sign: sign(o.status),
        reason: format!("{} ({})", capital(&o.status_reason), o.thresholds),
        target: match &o.target.original {
            Some(first) => format!("{} (at first: {first})", o.target.text),
            None => o.target.text.clone(),
        },
        due: o.due_label.clone(),
        owner: o.owner.clone(),
        supports: o.supports.clone(),
        because: o.because.clone(),
        facts: facts(o),
        has_pace: !o.target.maintain && o.start.is_some() && o.target.value.is_some(),
        has_cone: o.projection.as_ref().is_some_and(|p| !p.path.is_empty()),
        has_releases: !o.releases.is_empty(),
        points: points.iter().map(|p| PointView::new(p, &o.format)).collect(),
        smart: o.smart.iter().map(letter).collect(),
        guardrails: o.guardrails.iter().map(guardrail).collect(),
        compare: compare(o, report),
        actions: o.actions.iter().map(action).collect(),
        changes: o.changes.clone(),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

fn facts(o: &Objective) -> Vec<Fact> {
    let number = |v: f64| format::number(v, &o.format);
    let mut facts = Vec::new();
    let mut add = |label, value: String, notes: Vec<String>, lead| facts.push(Fact { label, value, notes, lead });
    if let Some(baseline) = &o.baseline {
        add("Baseline", format::optional(baseline.value, &o.format), notes(baseline, &o.format), false);
    }
    let now = notes(&o.actual, &o.format).into_iter().chain(o.approximation.words()).collect();
    add("Now", format::optional(o.actual.value, &o.format), now, true);
    let target = match (o.target.value, o.target.upper) {
        (Some(low), Some(high)) => format!("{} to {}", number(low), number(high)),
        (Some(v), None) | (None, Some(v)) => number(v),
        (None, None) => "no data".to_string(),
    };
    add("Target", target, vec![format!("due {}", o.due_label)], false);
    if let Some(score) = o.score {
        let mut notes = Vec::new();
        match o.progress {
            Some(p) if !o.target.maintain && (p - score).abs() > 5e-5 => {
                notes.push(format!("{:.0} % unclamped", p * 100.0))
            }
            _ if o.target.maintain => notes.push("share of periods inside".to_string()),
            _ => {}
        }
        notes.extend(o.elapsed.map(|e| format!("{:.0} % of the time has passed", e * 100.0)));
        notes.extend(o.pace.map(|p| format!("pace {p:.2}")));
        notes.extend(o.expected.map(|e| format!("{} expected by now", number(e))));
        add("Score", format!("{score:.2}"), notes, false);
    }
    if let Some(to_date) = &o.to_date {
        add("To date", format::optional(to_date.value, &o.format), vec![to_date.window.clone()], false);
    }
    if let Some(p) = &o.projection {
        let mut notes = vec![format!("80 %: {} to {}", number(p.interval.low), number(p.interval.high))];
        notes.push(p.interval.method.clone());
        notes.extend(o.on_this_pace.map(|v| format!("{} on a straight line", number(v))));
        add("Projected", number(p.value), notes, false);
    }
    if let Some(first) = o.probabilities.first() {
        let notes =
            o.probabilities.iter().map(|p| format!("{}: {:.0} %, n {}", p.method, p.value * 100.0, p.n)).collect();
        add("P(reaching it)", format!("{:.0} %", first.value * 100.0), notes, false);
    }
    if let Some(required) = o.required_rate {
        let mut notes = Vec::new();
        notes.extend(o.observed_rate.map(|r| format!("{} seen a period", format::difference(r, &o.format))));
        notes.extend(o.required_percentile.map(|p| format!("at the {} percentile of past changes", ordinal(p))));
        notes.extend(o.periods_left.map(|n| format!("{} left", format::plural(u64::from(n), "period"))));
        add("Needed a period", format::difference(required, &o.format), notes, false);
    }
    facts
}

fn ordinal(percentile: f64) -> String {
    let n = percentile.round().clamp(0.0, 100.0) as u64;
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

fn notes(m: &Measured, number: &NumberFormat) -> Vec<String> {
    let mut notes = vec![m.window.clone()];
    if let Some(range) = &m.interval {
        let [low, high] = [range.low, range.high].map(|v| format::number(v, number));
        notes.push(format!("{:.0} %: {low} to {high} ({})", range.level * 100.0, range.method));
    }
    notes.extend(m.n.map(|n| format!("n {}", crate::report::render::view::data::count(n))));
    notes.extend(m.note.clone());
    notes
}

fn letter(l: &Letter) -> LetterView {
    LetterView {
        letter: l.letter,
        name: l.name,
        status: l.status.as_str(),
        word: word(l.status),
        sign: letter_sign(l.status),
        checks: l.checks.iter().map(check).collect(),
    }
}

fn check(c: &Check) -> CheckView {
    CheckView { id: c.id, status: c.status.as_str(), sign: letter_sign(c.status), evidence: c.evidence.clone() }
}

fn word(status: LetterStatus) -> &'static str {
    match status {
        LetterStatus::Holds => "holds",
        LetterStatus::Weak => "weak",
        LetterStatus::Fails => "does not hold",
        LetterStatus::Unknown => "cannot be told",
    }
}

pub fn letter_sign(status: LetterStatus) -> &'static str {
    match status {
        LetterStatus::Holds => "✔",
        LetterStatus::Weak => "!",
        LetterStatus::Fails => "✘",
        LetterStatus::Unknown => "?",
    }
}

fn guardrail(g: &crate::report::GuardrailView) -> GuardrailView {
    let (word, tone) = match g.holds {
        Some(true) => ("holds", "good"),
        Some(false) => ("broken", "bad"),
        None => ("no data", ""),
    };
    GuardrailView {
        text: g.text.clone(),
        value: marked(format::optional(g.value, &g.format), &g.approximation),
        bound: format::optional(g.bound, &g.format),
        window: g.window.clone(),
        word,
        tone,
    }
}

fn compare(o: &Objective, report: &Report) -> Vec<String> {
    o.compare
        .iter()
        .filter_map(|c| {
            let b = report.benchmarks.get(c.benchmark)?;
            let stale = if b.stale { " (stale)" } else { "" };
            Some(format!("{}{stale}: {}", b.title, c.text))
        })
        .collect()
}

fn action(a: &Action) -> ActionView {
    ActionView {
        what: a.what.clone(),
        owner: a.owner.clone().unwrap_or_default(),
        due: a.due.map_or(String::new(), format::date),
        expect: a.expect.clone().unwrap_or_default(),
        status: a.status.clone().unwrap_or_else(|| "open".to_string()),
        overdue: a.overdue,
    }
}
