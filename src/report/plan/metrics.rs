//! What is asked for the metrics that a report shows, and for its benchmarks.

use jiff::Timestamp;

use crate::calendar::{Calendar, Grain, Interval, Length, Period, SpanUnit};
use crate::check::{AskSpec, Scope};
use crate::diag::Diagnostic;
use crate::ir::{Baseline, Benchmark, BenchmarkValue, Metric, MetricExpr, MetricId};
use crate::report::plan::asks::{Asks, Handle};
use crate::report::plan::companions::{Companions, of_survey};
use crate::report::plan::figures::{self, FigurePlan};
use crate::report::plan::frame::{Frame, Reach, grain_of, one};
use crate::report::plan::objectives::history_start;
use crate::report::plan::window::{Measurement, Measuring};
use crate::source::{FileId, SourceMap};
use crate::syntax::ast::{Expr, ExprKind};

/// How many of the latest complete periods a report shows.
pub(super) fn shown_points(grain: Grain) -> usize {
    match grain {
        Grain::Minute => 60,
        Grain::Hour => 48,
        Grain::Day => 24,
        Grain::Week => 26,
        Grain::Month => 24,
        Grain::Quarter => 12,
        Grain::Year => 10,
    }
}

#[derive(Clone, Debug)]
pub struct MetricPlan {
    pub metric: MetricId,
    pub reach: Reach,
    /// Complete periods, oldest first; of sources without a clock the one value there is.
    pub series: Handle,
    /// The period a year before the latest.
    pub year_ago: Option<Handle>,
    /// Of what people answered: what the latest value rests on.
    pub rests: Option<Rests>,
    pub breakdowns: Vec<BreakdownPlan>,
    pub figure: Option<FigurePlan>,
}

#[derive(Clone, Debug)]
pub struct BreakdownPlan {
    pub dimension: String,
    pub handle: Handle,
    pub rests: Option<Rests>,
}

/// What is asked for an interval.
#[derive(Clone, Debug)]
pub struct Rests {
    pub on: Companions,
    pub handles: [Handle; 2],
}

fn rests(asks: &mut Asks, metric: &Metric, expr: &MetricExpr, by: &[String], latest: Option<&Period>) -> Option<Rests> {
    let on = of_survey(expr, metric.stage.as_deref())?;
    let mut want = |expr: &MetricExpr| asks.want_by(&metric.name, expr, by, latest.into_iter().cloned().collect());
    let handles = on.exprs().map(&mut want);
    Some(Rests { on, handles })
}

#[derive(Clone, Debug)]
pub struct BenchmarkPlan {
    /// Index of the program's benchmark.
    pub benchmark: usize,
    pub metric: Option<MetricId>,
    /// Of a benchmark that is computed.
    pub computed: Option<Measurement>,
    /// The metric now, measured as the benchmark is.
    pub actual: Option<Measurement>,
}

pub(super) fn metric(
    frame: &Frame,
    scope: &Scope,
    asks: &mut Asks,
    (id, draw): (MetricId, bool),
    metric: &Metric,
) -> Result<MetricPlan, Vec<Diagnostic>> {
    let reach = frame.reach(&metric.expr);
    let periods = match (reach.timeless, reach.complete, reach.first) {
        (true, ..) => vec![Calendar::total(Interval::ALL)],
        (false, Some(complete), Some(first)) => {
            let begin = history_start(frame, metric.grain, first);
            frame.periods_until(metric.grain, complete, begin, shown_points(metric.grain))
        }
        _ => Vec::new(),
    };
    let latest = periods.last().cloned();
    let year_ago = latest.as_ref().filter(|_| !reach.timeless).and_then(|latest| {
        let year = Length { count: 1, unit: SpanUnit::Year };
        let interval = frame.calendar.shift_back(latest.interval, year, Some(metric.grain));
        let period = Some(frame.calendar.period_at(interval.start, metric.grain)).filter(|p| p.interval == interval)?;
        let covered = reach.first.is_some_and(|first| history_start(frame, metric.grain, first) <= interval.start);
        covered.then(|| asks.want(&metric.name, &metric.expr, vec![period]))
    });
    let mut breakdowns = Vec::new();
    let mut findings = Vec::new();
    for dimension in &metric.by {
        match breakdown(scope, metric, dimension) {
            Ok((expr, by)) => breakdowns.push(BreakdownPlan {
                dimension: dimension.clone(),
                rests: rests(asks, metric, &expr, &by, latest.as_ref()),
                handle: asks.want_by(&metric.name, &expr, &by, latest.iter().cloned().collect()),
            }),
            Err(found) => findings.extend(found),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let series = asks.want(&metric.name, &metric.expr, periods);
    let figure = draw.then(|| figures::figure(frame, scope, asks, metric, latest.as_ref())).flatten();
    let rests = rests(asks, metric, &metric.expr, &[], latest.as_ref());
    Ok(MetricPlan { metric: id, reach, series, year_ago, rests, breakdowns, figure })
}

/// The metric with a breakdown: the dimension is kept as text in the program, and typed again here.
pub(super) fn breakdown(
    scope: &Scope,
    metric: &Metric,
    dimension: &str,
) -> Result<(MetricExpr, Vec<String>), Vec<Diagnostic>> {
    let mut map = SourceMap::new();
    let file: FileId = map.add("<by>", dimension);
    let by = crate::syntax::expr::expression(&crate::syntax::located::Located::plain(dimension.to_owned(), file, 0))?;
    let name = Expr { kind: ExprKind::Name(metric.name.clone()), span: metric.span };
    let typed = scope.ask(&AskSpec { expr: &name, by: &[by], condition: None })?;
    Ok((typed.expr, typed.by))
}

pub(super) fn benchmark(frame: &Frame, asks: &mut Asks, index: usize, benchmark: &Benchmark) -> BenchmarkPlan {
    let metrics = &frame.program.metrics;
    let metric = metrics.iter().position(|m| m.name == benchmark.metric);
    let grain = metric.and_then(|m| metrics.get(m)).map_or(Grain::Day, |m| m.grain);
    let reach = frame.reach(&benchmark.ask);
    let subject = (benchmark.name.as_str(), &benchmark.ask);
    let measuring = match &benchmark.value {
        _ if reach.timeless => Measuring::Unbounded,
        BenchmarkValue::Computed(Baseline::Last { length, statistic }) => {
            Measuring::of_length(*length, *statistic, grain)
        }
        BenchmarkValue::Computed(Baseline::Period(period)) => Measuring::Pooled(one(period.grain.unwrap_or(grain))),
        _ => Measuring::Pooled(one(grain)),
    };
    let unit = match measuring {
        Measuring::Pooled(length) | Measuring::Each { length, .. } => grain_of(length.unit, grain),
        Measuring::Unbounded => None,
    };
    // Windows end where a whole unit ends: the last 8 weeks are eight calendar weeks.
    let aligned = |at: Timestamp| unit.map_or(at, |g| frame.floor(g, at));
    let now = if reach.timeless { Some(frame.as_of) } else { reach.complete.map(aligned) };
    let computed_end = match &benchmark.value {
        BenchmarkValue::Computed(Baseline::Period(period)) => Some(period.interval.end),
        BenchmarkValue::Computed(Baseline::Last { .. }) => {
            let frozen = benchmark.as_of.map(|d| frame.day_start(d));
            let at = frozen.map_or(reach.complete, |t| reach.complete.map(|c| c.min(t)));
            at.map(aligned)
        }
        _ => None,
    };
    let mut measure = |end: Option<Timestamp>| end.and_then(|end| measuring.measure(frame, asks, subject, end));
    // A sum over a window before the data is nought, and says nothing.
    let covered = |m: &Measurement| reach.timeless || reach.first.is_some_and(|first| m.interval.end > first);
    BenchmarkPlan {
        benchmark: index,
        metric: metric.and_then(|m| u32::try_from(m).ok()).map(MetricId),
        computed: measure(computed_end).filter(covered),
        actual: measure(now),
    }
}
