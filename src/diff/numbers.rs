//! The numbers of two programs, period by period and part by part.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::calendar::{Calendar, Grain, Interval};
use crate::check::{AskSpec, needs_days};
use crate::diff::{Cause, Moved, Numbers, Side};
use crate::ir::{Ask, Metric, MetricExpr};
use crate::report::evaluate::values::Shown;
use crate::results::{AnswerRow, Extent};
use crate::source::SourceMap;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::expr::expression;
use crate::syntax::located::Located;
use crate::value::Value;

/// Float sums of one meaning can differ in the last digit, by the order in which an expression adds.
const HAIR: f64 = 1e-12;

/// How much two values may differ before it counts: a share of the old one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tolerance(f64);

impl Tolerance {
    /// `0.5%`, `0.005`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let share = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
            None => text.parse().ok()?,
        };
        (share.is_finite() && share >= 0.0).then_some(Self(share))
    }

    fn allows(self, old: &Value, new: &Value) -> bool {
        match (old.as_f64(), new.as_f64()) {
            (Some(old), Some(new)) => (new - old).abs() <= old.abs() * self.0.max(HAIR),
            _ => old == new,
        }
    }
}

/// What is asked of a metric for a comparison: all periods of its grain that have data, alone and by each of its dimensions.
/// `grain`: another one to ask by, if the metric can be asked so.
pub fn asks(side: Side, extents: &[Extent], as_of: Timestamp, metric: &str, grain: Option<Grain>) -> Vec<Ask> {
    let Some(metric) = side.program.metrics.iter().find(|m| m.name == metric) else { return Vec::new() };
    let grain = grain.filter(|g| *g <= Grain::Day || !needs_days(&metric.expr)).unwrap_or(metric.grain);
    let calendar = &side.program.settings.calendar;
    let sources = metric.expr.sources();
    let timed = |id: &&crate::ir::SourceId| side.program.sources.get(id.0 as usize).is_some_and(|s| s.time.is_some());
    let periods = if sources.iter().any(|id| timed(&id)) {
        let first = sources.iter().filter_map(|id| extents.get(id.0 as usize)?.first).min();
        let range = first.filter(|first| *first < as_of).map(|start| Interval { start, end: as_of });
        range.map(|range| calendar.periods(range, grain).unwrap_or_default()).unwrap_or_default()
    } else {
        vec![Calendar::total(Interval::ALL)]
    };
    let alone = Ask { name: metric.name.clone(), expr: metric.expr.clone(), by: Vec::new(), periods: periods.clone() };
    let mut all = vec![alone];
    for dimension in &metric.by {
        if let Some((expr, by)) = broken_down(side, metric, dimension) {
            all.push(Ask { name: metric.name.clone(), expr, by, periods: periods.clone() });
        }
    }
    all
}

fn broken_down(side: Side, metric: &Metric, dimension: &str) -> Option<(MetricExpr, Vec<String>)> {
    let mut map = SourceMap::new();
    let file = map.add("<by>", dimension);
    let by = expression(&Located::plain(dimension.to_owned(), file, 0)).ok()?;
    let name = Expr { kind: ExprKind::Name(metric.name.clone()), span: metric.span };
    let typed = side.scope.ask(&AskSpec { expr: &name, by: &[by], condition: None }).ok()?;
    Some((typed.expr, typed.by))
}

/// An ask and its rows.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    pub ask: &'a Ask,
    pub rows: &'a [AnswerRow],
}

/// What one run gave for a metric.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// What differs from the run before.
    pub cause: Cause,
    pub metric: Option<&'a Metric>,
    pub answers: Vec<Answered<'a>>,
}

/// Old and new.
type Pair = (Option<f64>, Option<f64>);

/// Names of dimensions with values, the period's label.
type Place = (Vec<(String, Value)>, String);

struct Cell {
    start: Timestamp,
    value: Value,
    complete: bool,
}

/// Compares the first run with the last; what the runs between add is told apart.
///
/// `None` where neither side has the metric.
pub fn numbers(runs: &[Run], tolerance: Tolerance) -> Option<Numbers> {
    let (first, last) = (runs.first()?, runs.last()?);
    let metric = last.metric.or(first.metric)?;
    let shown = Shown::new(&metric.expr, &metric.display);
    let of = |run: &Run| run.metric.map(|m| Shown::new(&m.expr, &m.display));
    let other = first.metric.filter(|m| !m.display.same_dimension(&metric.display)).and(of(first));
    let cells: Vec<BTreeMap<Place, Cell>> = runs.iter().map(|run| cells(run, metric, other.is_none())).collect();
    let (old, new) = (cells.first()?, cells.last()?);
    let mut places: Vec<&Place> = old.keys().chain(new.keys()).collect();
    places.sort();
    places.dedup();
    let mut values = Vec::new();
    let mut same = 0;
    for place in places {
        let (was, is) = (old.get(place), new.get(place));
        let stays = match (was, is) {
            (Some(was), Some(is)) => other.is_none() && tolerance.allows(&was.value, &is.value),
            _ => false,
        };
        if stays {
            same += 1;
        } else {
            values.push(moved(place, runs, &cells, other.is_none()));
        }
    }
    arrange(&mut values);
    let series = series(old, new);
    Some(Numbers {
        metric: metric.name.clone(),
        title: metric.title.clone(),
        grain: metric.grain.to_string(),
        format: shown.format,
        other_unit: other.map(|s| s.format),
        values,
        same,
        series,
    })
}

/// Values by place, in the unit of the side that is shown, or where that cannot be, in the run's own.
fn cells(run: &Run, to: &Metric, convert: bool) -> BTreeMap<Place, Cell> {
    let Some(own) = run.metric else { return BTreeMap::new() };
    let display = if convert { &to.display } else { &own.display };
    let mut cells = BTreeMap::new();
    for answer in &run.answers {
        let shown = Shown::new(&own.expr, display);
        for row in answer.rows {
            let Some(period) = answer.ask.periods.get(row.period) else { continue };
            let by = answer.ask.by.iter().cloned().zip(row.by.iter().cloned()).collect();
            let cell = Cell { start: period.interval.start, value: shown.exact(&row.value), complete: row.complete };
            cells.insert((by, period.label.clone()), cell);
        }
    }
    cells
}

fn moved(place: &Place, runs: &[Run], cells: &[BTreeMap<Place, Cell>], comparable: bool) -> Moved {
    let at = |index: usize| cells.get(index).and_then(|c| c.get(place));
    let (was, is) = (at(0), at(cells.len().saturating_sub(1)));
    let number = |cell: Option<&Cell>| cell.and_then(|c| c.value.as_f64());
    let between = |a: Option<&Cell>, b: Option<&Cell>| {
        number(a).zip(number(b)).filter(|_| comparable).map(|(a, b)| difference(a, b))
    };
    let difference = between(was, is);
    let mut causes = Vec::new();
    for (index, run) in runs.iter().enumerate().skip(1) {
        let (before, after) = (at(index - 1), at(index));
        if before.map(|c| &c.value) != after.map(|c| &c.value) {
            causes.push((run.cause, between(before, after)));
        }
    }
    Moved {
        period: place.1.clone(),
        start: is.or(was).map_or(Timestamp::MIN, |c| c.start),
        by: place.0.clone(),
        old: was.map(|c| c.value.clone()),
        new: is.map(|c| c.value.clone()),
        difference,
        relative: difference.zip(number(was)).filter(|(_, old)| *old != 0.0).map(|(d, old)| d / old.abs()),
        causes,
        complete: was.is_none_or(|c| c.complete) && is.is_none_or(|c| c.complete),
    }
}

/// `0.3 - 0.1` is `0.2`: no digit that neither number has.
fn difference(old: f64, new: f64) -> f64 {
    let difference = new - old;
    let digits = 15 - old.abs().max(new.abs()).max(f64::MIN_POSITIVE).log10().floor() as i32 - 1;
    let rounded = usize::try_from(digits.clamp(0, 15)).ok().and_then(|d| format!("{difference:.d$}").parse().ok());
    rounded.unwrap_or(difference)
}

/// The largest difference first; where there is none, the largest value; the order of time last.
fn arrange(values: &mut [Moved]) {
    let size = |m: &Moved| {
        let lone = || m.new.as_ref().or(m.old.as_ref()).and_then(Value::as_f64);
        (m.old.is_some() && m.new.is_some(), m.difference.or_else(lone).map_or(0.0, f64::abs))
    };
    values.sort_by(|a, b| {
        let ((both, one), (other_both, other)) = (size(a), size(b));
        other_both
            .cmp(&both)
            .then(a.by.len().cmp(&b.by.len()))
            .then(other.total_cmp(&one))
            .then(a.start.cmp(&b.start))
            .then_with(|| a.by.cmp(&b.by))
    });
}

fn series(old: &BTreeMap<Place, Cell>, new: &BTreeMap<Place, Cell>) -> Vec<(String, Option<f64>, Option<f64>)> {
    let mut points: BTreeMap<(Timestamp, &str), Pair> = BTreeMap::new();
    for ((by, label), cell) in new {
        if by.is_empty() {
            points.entry((cell.start, label)).or_default().1 = cell.value.as_f64();
        }
    }
    for ((by, label), cell) in old {
        if by.is_empty() {
            // A period of another calendar begins at another time, and is the same period.
            let start = new.get(&(Vec::new(), label.clone())).map_or(cell.start, |c| c.start);
            points.entry((start, label)).or_default().0 = cell.value.as_f64();
        }
    }
    points.into_iter().map(|((_, label), (old, new))| (label.to_owned(), old, new)).collect()
}
