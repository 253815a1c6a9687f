//! Funnels and tables of cohorts in words.

use serde::Serialize;

use crate::report::figure::{Cohorts, Funnel, JourneyFigure};
use crate::report::{Metric, chart, format};

#[derive(Serialize)]
pub struct JourneyView {
    /// `Steps, 2026-05`, `Cohorts, by week`.
    pub caption: String,
    pub figures: Vec<String>,
    /// What stands out, in sentences.
    pub say: Vec<String>,
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

pub fn view(m: &Metric) -> Option<JourneyView> {
    Some(match m.figure.as_ref()? {
        JourneyFigure::Funnel(funnel) => self::funnel(m, funnel),
        JourneyFigure::Cohorts(cohorts) => self::cohorts(m, cohorts),
    })
}

fn funnel(m: &Metric, f: &Funnel) -> JourneyView {
    let mut say = Vec::new();
    let label = |step: usize| step.checked_sub(1).and_then(|i| f.steps.get(i)).map_or("", |s| s.label.as_str());
    if let Some(b) = &f.bottleneck {
        say.push(format!(
            "Most are lost on the way to step {} ({}): {} of those who reach the step before ({} {})",
            b.step,
            label(b.step),
            format::share(b.share),
            format::count(b.lost),
            f.counts
        ));
        say.extend(match &b.segment {
            Some(s) => Some(format!(
                "There {} = {} loses more than the others: {} against {} (the difference is {} to {} points at {} %, \
                 Newcombe; {})",
                s.dimension,
                s.value,
                format::share(s.share),
                format::share(s.others),
                format::points(s.difference.low),
                format::points(s.difference.high),
                format::level(s.difference.level),
                compared(b.compared)
            )),
            None if b.compared > 0 => Some(format!(
                "No segment loses more there than the others by more than noise ({})",
                compared(b.compared)
            )),
            None => None,
        });
    }
    if let Some(seconds) = f.median_seconds {
        say.push(format!("From the first step to the last: {} at the median", format::seconds(seconds)));
    }
    let rows = (1..).zip(&f.steps).map(|(number, s): (usize, _)| {
        let share = |v: Option<f64>| v.map(format::share).unwrap_or_default();
        let between = s.interval.as_ref().map(|r| format!("{} to {}", format::share(r.low), format::share(r.high)));
        vec![
            format!("{number}. {}", s.label),
            format::count(s.users),
            share(s.of_first),
            share(s.of_previous),
            between.unwrap_or_default(),
            if number == 1 { String::new() } else { format::count(s.lost) },
            s.median_seconds.map(format::seconds).unwrap_or_default(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let caption = format!("Steps, {}", f.period);
    let figure = chart::funnel(&format!("f-{}", m.name), &format!("{}: {caption}", m.title), f, &say.join(". "));
    let head = ["step", f.counts, "of the first", "of the step before", "95 %, Wilson", "lost", "median time"];
    JourneyView { caption, figures: vec![figure], say, head: head.map(str::to_owned).to_vec(), rows }
}

fn compared(segments: usize) -> String {
    format!("{} compared", format::plural(segments as u64, "segment"))
}

fn cohorts(m: &Metric, c: &Cohorts) -> JourneyView {
    let mut say = Vec::new();
    let last = c.offsets.iter().zip(&c.pooled).rev().find(|(_, p)| p.value.is_some());
    if let Some((offset, p)) = last {
        let range = p.interval.as_ref().map(|r| format!("{} to {}", format::share(r.low), format::share(r.high)));
        say.push(format!(
            "At {} {offset}: {} of the {} members of {} ({} at 95 %, Wilson)",
            c.grain,
            p.value.map(format::share).unwrap_or_default(),
            format::count(p.of),
            format::plural(p.cohorts as u64, "cohort"),
            range.unwrap_or_default()
        ));
    }
    if c.cohorts.iter().flat_map(|cohort| &cohort.cells).any(|cell| !cell.complete) {
        say.push(format!("What is dashed, {UNKNOWN} in the table, is not known yet"));
    }
    let cell = |value: Option<f64>, complete: bool| match value {
        Some(value) => format::share(value),
        None if !complete => UNKNOWN.to_owned(),
        None => format::NO_DATA.to_owned(),
    };
    let all = c.pooled.iter().map(|p| cell(p.value, p.cohorts > 0));
    let mut rows = vec![["all".to_owned(), String::new()].into_iter().chain(all).collect::<Vec<_>>()];
    rows.extend(c.cohorts.iter().map(|cohort| {
        let size = cohort.size.map(format::count).unwrap_or_default();
        let cells = cohort.cells.iter().map(|x| cell(x.value, x.complete));
        [cohort.label.clone(), size].into_iter().chain(cells).collect()
    }));
    let offsets = c.offsets.iter().map(|offset| format!("{} {offset}", c.grain));
    let caption = format!("Cohorts by {}", m.grain);
    let title = |what: &str| format!("{}: {what}", m.title);
    let describe = say.join(". ");
    let map = chart::heat_map(&format!("h-{}", m.name), &title("cohorts"), c, &describe);
    let curve = chart::curve(&format!("c-{}", m.name), &title("all cohorts together"), c);
    JourneyView {
        caption,
        figures: curve.into_iter().chain([map]).collect(),
        say,
        head: ["cohort".to_owned(), "size".to_owned()].into_iter().chain(offsets).collect(),
        rows,
    }
}

/// What stands in a cell whose time has not passed.
const UNKNOWN: &str = "…";
