//! Where the measure will be at the due date: two probabilities of reaching the target, and the cone between now and then.

use jiff::Timestamp;

use crate::calendar::{Grain, Interval};
use crate::report::evaluate::regression::{self, Wanted};
use crate::report::evaluate::simulate::{DueSum, Futures, Process, Stretch, simulate};
use crate::report::evaluate::target::Aim;
use crate::report::plan::ObjectivePlan;
use crate::report::{Point, Probability, Projection, ProjectionPoint, Range};
use crate::stats::bootstrap::{PATHS, SEED};
use crate::stats::describe::percentile_of_sorted;
use crate::stats::season::{is_seasonal, season_length};

/// The least number of complete periods that a probability is drawn from.
pub(in crate::report) const ENOUGH: usize = 8;
/// The level of a projection's interval.
const LEVEL: f64 = 0.8;

/// What is known when a forecast is made. Points are those of the objective's series.
pub(in crate::report) struct Known<'a> {
    pub(in crate::report) plan: &'a ObjectivePlan,
    pub(in crate::report) grain: Grain,
    /// Values add up over periods, and the measure is their sum over a window.
    pub(in crate::report) additive: bool,
    pub(in crate::report) series: &'a [Point],
    pub(in crate::report) trailing: &'a [Point],
    /// The due window as far as it is known.
    pub(in crate::report) to_date: f64,
    pub(in crate::report) domain: (f64, f64),
    /// Values are shares.
    pub(in crate::report) share: bool,
    /// Of a kept band: every period so far was inside.
    pub(in crate::report) unbroken: bool,
}

#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Forecast {
    /// Complete periods that the forecast rests on, or would have rested on.
    pub(in crate::report) history: usize,
    pub(in crate::report) probabilities: Vec<Probability>,
    pub(in crate::report) projection: Option<Projection>,
}

impl Forecast {
    /// The probability that a status goes by.
    pub(in crate::report) fn chance(&self) -> Option<f64> {
        self.probabilities.first().map(|p| p.value)
    }
}

pub(in crate::report) fn forecast(known: &Known, aim: &Aim) -> Forecast {
    let band = matches!(aim, Aim::Band(_));
    let values = latest(if known.additive || band { known.series } else { known.trailing }, known.plan.frontier);
    let history = values.len();
    let steps = known.plan.remaining.len();
    if history < ENOUGH || steps == 0 {
        return Forecast { history, ..Forecast::default() };
    }
    let line = Line::new(known, history);
    let windows: Vec<Stretch> = known.plan.remaining_windows.iter().map(|w| line.stretch(*w)).collect();
    let due = known.plan.due.map(|due| DueSum { known: known.to_date, rest: line.rest(due) });
    let process = match due {
        _ if band => Process::Levels { known: &values },
        Some(due) if known.additive => Process::Sums { known: &values, windows: &windows, due },
        _ => Process::Walk { known: &values, share: known.share },
    };
    let season = season_length(known.grain).filter(|season| is_seasonal(&values, *season));
    let Some(futures) = simulate(&process, steps, season, known.domain) else {
        return Forecast { history, ..Forecast::default() };
    };
    let hit = |v: f64| aim.reached_by_sum(v);
    let chance =
        if band { futures.share_of_all(hit).map(|p| if known.unbroken { p } else { 0.0 }) } else { futures.share(hit) };
    let n = history as u64;
    let drawn = chance.map(|value| Probability { method: "block bootstrap".to_owned(), value, n });
    let lined = by_line(known, aim, &process, &values);
    let lined = lined.map(|value| Probability { method: "linear regression".to_owned(), value, n });
    Forecast {
        history,
        probabilities: drawn.into_iter().chain(lined).collect(),
        projection: projection(known, &futures, season),
    }
}

/// The values of the latest complete periods, as far back as there is one in each.
fn latest(points: &[Point], frontier: Option<Timestamp>) -> Vec<f64> {
    let complete = points.iter().rev().skip_while(|p| !p.complete);
    let mut values: Vec<f64> = complete.map_while(|p| p.value.filter(|_| p.complete)).collect();
    values.reverse();
    let end = points.iter().rev().find(|p| p.complete).map(|p| p.end);
    if end == frontier { values } else { Vec::new() }
}

/// Periods in a row: the known ones, then the remaining ones.
struct Line {
    periods: Vec<Interval>,
    known: usize,
}

impl Line {
    fn new(known: &Known, history: usize) -> Self {
        let complete: Vec<&Point> = known.series.iter().filter(|p| p.complete).collect();
        let used = complete.get(complete.len().saturating_sub(history)..).unwrap_or_default();
        let past = used.iter().map(|p| Interval { start: p.start, end: p.end });
        let periods: Vec<Interval> = past.chain(known.plan.remaining.iter().map(|p| p.interval)).collect();
        Self { periods, known: history }
    }

    /// Where on the line an instant lies: the number of whole periods before it, and the part of its own.
    fn position(&self, at: Timestamp) -> f64 {
        let index = self.periods.partition_point(|p| p.end <= at);
        let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
        let part = self.periods.get(index).map_or(0.0, |p| seconds(p.start, at.max(p.start)) / seconds(p.start, p.end));
        index as f64 + part
    }

    fn stretch(&self, window: Interval) -> Stretch {
        Stretch { from: self.position(window.start), to: self.position(window.end) }
    }

    /// What of a window lies in the remaining periods.
    fn rest(&self, window: Interval) -> Stretch {
        let Stretch { from, to } = self.stretch(window);
        Stretch { from: from.max(self.known as f64), to: to.max(self.known as f64) }
    }
}

fn by_line(known: &Known, aim: &Aim, process: &Process, values: &[f64]) -> Option<f64> {
    let steps = known.plan.remaining.len();
    let last = (values.len() + steps) as f64 - 1.0;
    let at_due = [(last, 1.0)];
    let parts: Vec<(f64, f64)>;
    let wanted = match process {
        Process::Sums { due, .. } => {
            let weight = |position: usize| {
                let (from, to) = (position as f64, position as f64 + 1.0);
                (due.rest.to.min(to) - due.rest.from.max(from)).max(0.0)
            };
            parts = (values.len()..values.len() + steps).map(|p| (p as f64, weight(p))).collect();
            Wanted { known: due.known, terms: &parts }
        }
        Process::Walk { .. } | Process::Levels { .. } => Wanted { known: 0.0, terms: &at_due },
    };
    let bounds = match aim {
        Aim::Level { target, up: true, .. } => (*target, f64::INFINITY),
        Aim::Level { target, up: false, .. } => (f64::NEG_INFINITY, *target),
        Aim::Band(_) if !known.unbroken => return Some(0.0),
        Aim::Band(band) => (band.low.map_or(f64::NEG_INFINITY, |b| b.at), band.high.map_or(f64::INFINITY, |b| b.at)),
    };
    regression::probability(values, &wanted, bounds)
}

fn projection(known: &Known, futures: &Futures, season: Option<usize>) -> Option<Projection> {
    let end = known.plan.due?.end;
    let point = |(period, values): (&crate::calendar::Period, &Vec<f64>)| {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |p: f64| percentile_of_sorted(&sorted, 100.0 * p);
        Some(ProjectionPoint {
            at: period.interval.end.min(end),
            median: at(0.5)?,
            low: at((1.0 - LEVEL) / 2.0)?,
            high: at((1.0 + LEVEL) / 2.0)?,
        })
    };
    // Where the window reaches back behind the series its sum is not known; the due window is, it was asked for.
    let first = known.series.first().map(|p| p.start);
    let covered = |index: &usize| {
        let window = known.plan.remaining_windows.get(*index);
        !known.additive || *index + 1 == futures.steps.len() || window.map(|w| w.start) >= first
    };
    let steps = known.plan.remaining.iter().zip(&futures.steps).enumerate();
    let path: Vec<ProjectionPoint> =
        steps.filter(|(index, _)| covered(index)).filter_map(|(_, step)| point(step)).collect();
    let last = path.last()?;
    let paths = format!("{},{:03}", PATHS / 1000, PATHS % 1000);
    let blocks = season.map(|season| format!(", seasons of {season}")).unwrap_or_default();
    let method = format!("block bootstrap, {paths} paths{blocks}, seed {SEED}");
    let interval = Range { low: last.low, high: last.high, level: LEVEL, method };
    Some(Projection { value: last.median, interval, path })
}
