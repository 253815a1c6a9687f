//! Random questions: measures, expressions over them, periods.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kepi_lang::calendar::{Calendar, Grain, Interval, Length, Period, SpanUnit, Window};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{
    Aggregate, Arithmetic, Ask, Branch, Collection, ColumnId, Measure, MetricExpr, MetricFunction, MetricKind, Program,
    Question, RowExpr, ScalarType, SourceId, Statistic,
};
use kepi_lang::value::Value;

use crate::data::Tables;
use crate::programs::{col, measure, metric, result_type};
use crate::random::exprs;
use crate::rng::Rng;

/// What every measure of an ask has.
#[derive(Clone, Default)]
struct Groups {
    by: Vec<RowExpr>,
    keys: Vec<RowExpr>,
    /// How many expressions that multiply periods are around it.
    nested: usize,
}

pub fn question(rng: &mut Rng, program: &Program, tables: &Tables) -> Question {
    let instants = |rows: &Vec<Vec<Value>>| {
        let times = rows.iter().filter_map(|r| if let Value::Instant(t) = r[0] { Some(t) } else { None });
        times.collect::<Vec<_>>()
    };
    let all: Vec<Timestamp> = tables.sources.iter().flat_map(instants).collect();
    let fallback: Timestamp = "2026-01-01T00:00:00Z".parse().expect("an instant");
    let (first, last) = (*all.iter().min().unwrap_or(&fallback), *all.iter().max().unwrap_or(&fallback));
    let later = |hours: i64| last.saturating_add(SignedDuration::from_hours(hours)).expect("an instant");
    let as_of = match rng.below(4) {
        0 if !all.is_empty() => *rng.pick(&all),
        1 => last,
        _ => later(rng.between(0, 500)),
    };
    let asks = (0..2 + rng.below(3)).map(|n| ask(rng, program, (first, last), n)).collect();
    Question { asks, as_of, as_of_given: rng.one_in(2), range: None }
}

fn ask(rng: &mut Rng, program: &Program, (first, last): (Timestamp, Timestamp), number: usize) -> Ask {
    let mut groups = Groups::default();
    for _ in 0..*rng.pick(&[0, 0, 1, 2]) {
        let ty =
            *rng.pick(&[ScalarType::Text, ScalarType::Bool, ScalarType::Int, ScalarType::Date, ScalarType::Decimal]);
        groups.by.push(exprs::row(rng, ty, 1));
    }
    let by = (0..groups.by.len()).map(|n| format!("d{n}")).collect();
    let ty = *rng.pick(&[ScalarType::Int, ScalarType::Decimal, ScalarType::Float, ScalarType::Float]);
    let expr = numeric(rng, &groups, ty, 3);
    Ask { name: format!("m{number}"), expr, by, periods: periods(rng, &program.settings.calendar, first, last) }
}

fn periods(rng: &mut Rng, calendar: &Calendar, first: Timestamp, last: Timestamp) -> Vec<Period> {
    if rng.one_in(6) {
        return vec![Calendar::total(Interval { start: Timestamp::MIN, end: Timestamp::MAX })];
    }
    if rng.one_in(6) {
        return vec![Calendar::total(Interval { start: first, end: last })];
    }
    let days = last.duration_since(first).as_hours() / 24;
    let grains: &[Grain] = match days {
        0..=3 => &[Grain::Hour, Grain::Day, Grain::Week],
        4..=50 => &[Grain::Day, Grain::Week, Grain::Month],
        _ => &[Grain::Week, Grain::Month, Grain::Quarter, Grain::Year],
    };
    let grain = *rng.pick(grains);
    let mut periods = calendar.periods(Interval { start: first, end: last }, grain).expect("not too many periods");
    // An empty one at either end, and not more than a few.
    let before = calendar.step(&periods.first().cloned().unwrap_or_else(|| calendar.period_at(first, grain)), -1);
    periods.insert(0, before);
    let from = rng.below(periods.len());
    periods.drain(..from.min(periods.len().saturating_sub(2)));
    periods.truncate(5);
    periods
}

fn number(rng: &mut Rng) -> ScalarType {
    *rng.pick(&[ScalarType::Int, ScalarType::Decimal, ScalarType::Float])
}

fn percentile(rng: &mut Rng) -> Decimal {
    *rng.pick(&[
        Decimal::new(50, 0),
        Decimal::new(0, 0),
        Decimal::new(100, 0),
        Decimal::new(25, 0),
        Decimal::new(905, 1),
    ])
}

fn branches(rng: &mut Rng, groups: &Groups, value: Option<ScalarType>) -> Vec<Branch> {
    let value = value.map(|ty| exprs::row(rng, ty, 1));
    let filter = (!rng.one_in(3)).then(|| exprs::row(rng, ScalarType::Bool, 2));
    let time = ColumnId(if rng.one_in(6) { 7 } else { 0 });
    let sets: [&[u32]; 4] = [&[0], &[0], &[1], &[0, 1]];
    let sources = *rng.pick(&sets);
    let each = sources.iter().map(|s| Branch {
        derived: None,
        source: SourceId(*s),
        time: Some(time),
        filter: filter.clone(),
        value: value.clone(),
        by: groups.by.clone(),
        keys: groups.keys.clone(),
        kept: Vec::new(),
    });
    each.collect()
}

/// A measure of the type.
fn measured(rng: &mut Rng, groups: &Groups, ty: ScalarType) -> Measure {
    let (aggregate, value) = match (ty, rng.below(6)) {
        (ScalarType::Int, 0 | 1) => (Aggregate::Count, None),
        (ScalarType::Int, 2) => {
            let any = *rng.pick(&[
                ScalarType::Int,
                ScalarType::Text,
                ScalarType::Decimal,
                ScalarType::Float,
                ScalarType::Date,
            ]);
            (if rng.one_in(3) { Aggregate::ApproximateUnique } else { Aggregate::Unique }, Some(any))
        }
        (ScalarType::Float, 0) => (Aggregate::Share, Some(ScalarType::Bool)),
        (ScalarType::Float, 1) => (Aggregate::Mean, Some(number(rng))),
        (ScalarType::Float, 2) => {
            let percentile = percentile(rng);
            let exact = Aggregate::Percentile { percentile, discrete: false };
            let sketched = Aggregate::ApproximatePercentile { percentile };
            (if rng.one_in(3) { sketched } else { exact }, Some(number(rng)))
        }
        (ScalarType::Float, 3) => (Aggregate::Stddev, Some(number(rng))),
        _ => {
            let edges =
                [Aggregate::Sum, Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::First, Aggregate::Last];
            let discrete = Aggregate::Percentile { percentile: percentile(rng), discrete: true };
            (if rng.one_in(6) { discrete } else { *rng.pick(&edges) }, Some(ty))
        }
    };
    let mut made = measure(aggregate, branches(rng, groups, value));
    made.ty = result_type(&made.aggregate, value.unwrap_or(ScalarType::Int));
    made.stock = rng.one_in(8);
    made
}

fn length(rng: &mut Rng) -> Length {
    let unit = *rng.pick(&[
        SpanUnit::Hour,
        SpanUnit::Day,
        SpanUnit::Day,
        SpanUnit::Week,
        SpanUnit::Month,
        SpanUnit::Year,
        SpanUnit::Period,
        SpanUnit::Period,
    ]);
    Length { count: rng.between(1, 3) as u32, unit }
}

fn window(rng: &mut Rng) -> Window {
    match rng.below(5) {
        0 => Window::AllTime,
        1 => Window::ToDate(*rng.pick(&[Grain::Week, Grain::Month, Grain::Year])),
        _ => Window::Trailing(length(rng)),
    }
}

/// An expression of the (number) type.
fn numeric(rng: &mut Rng, groups: &Groups, ty: ScalarType, depth: usize) -> MetricExpr {
    if depth == 0 || rng.one_in(4) {
        let made = measured(rng, groups, ty);
        return metric(MetricKind::Measure(Arc::new(made)), ty);
    }
    let of = |rng: &mut Rng, ty| Box::new(numeric(rng, groups, ty, depth - 1));
    let kind = match rng.below(12) {
        0 | 1 => {
            let op = match ty {
                ScalarType::Float => {
                    *rng.pick(&[Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply, Arithmetic::Divide])
                }
                _ => *rng.pick(&[Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply]),
            };
            // A quotient is a float whatever it is made of.
            let left = if op == Arithmetic::Divide { number(rng) } else { ty };
            let right = if ty == ScalarType::Decimal && rng.one_in(2) { ScalarType::Int } else { left };
            MetricKind::Arithmetic { op, left: of(rng, left), right: of(rng, right) }
        }
        2 => MetricKind::Over { of: of(rng, ty), window: window(rng) },
        3 => MetricKind::Ago { of: of(rng, ty), shift: length(rng) },
        4 if ty == ScalarType::Float => {
            let inner = number(rng);
            MetricKind::Change { of: of(rng, inner), shift: length(rng) }
        }
        5 => {
            let outside = Groups { by: Vec::new(), ..groups.clone() };
            MetricKind::Total(Box::new(numeric(rng, &outside, ty, depth - 1)))
        }
        6 => {
            let condition = Box::new(boolean(rng, groups, depth - 1));
            MetricKind::If { condition, then: of(rng, ty), otherwise: of(rng, ty) }
        }
        7 => {
            let functions = [MetricFunction::Coalesce, MetricFunction::Least, MetricFunction::Greatest];
            let mut function = *rng.pick(&functions);
            let mut args = vec![*of(rng, ty)];
            match rng.below(3) {
                0 => {
                    function = *rng.pick(&[
                        MetricFunction::Abs,
                        MetricFunction::Round,
                        MetricFunction::Floor,
                        MetricFunction::Ceil,
                    ])
                }
                1 if ty == ScalarType::Float => function = *rng.pick(&[MetricFunction::Log, MetricFunction::Sqrt]),
                _ => args.push(*of(rng, ty)),
            }
            MetricKind::Call { function, args }
        }
        _ if groups.nested < 2 => return summary(rng, groups, ty, depth),
        _ => MetricKind::Negate(of(rng, ty)),
    };
    metric(kind, ty)
}

fn boolean(rng: &mut Rng, groups: &Groups, depth: usize) -> MetricExpr {
    let of = |rng: &mut Rng| {
        let ty = number(rng);
        Box::new(numeric(rng, groups, ty, depth.saturating_sub(1)))
    };
    let kind = match rng.below(5) {
        0 if depth > 0 => {
            let sides = (Box::new(boolean(rng, groups, depth - 1)), Box::new(boolean(rng, groups, depth - 1)));
            if rng.one_in(2) { MetricKind::And(sides.0, sides.1) } else { MetricKind::Or(sides.0, sides.1) }
        }
        1 if depth > 0 => MetricKind::Not(Box::new(boolean(rng, groups, depth - 1))),
        2 => MetricKind::IsNull(of(rng)),
        _ => MetricKind::Compare { op: exprs::comparison(rng), left: of(rng), right: of(rng) },
    };
    metric(kind, ScalarType::Bool)
}

fn collection(rng: &mut Rng, groups: &Groups, ty: ScalarType, depth: usize) -> Collection {
    let mut inside = groups.clone();
    inside.nested += 1;
    let member = |rng: &mut Rng, inside: &Groups| match ty {
        ScalarType::Bool => boolean(rng, inside, depth - 1),
        _ => numeric(rng, inside, ty, depth - 1),
    };
    if rng.one_in(5) {
        return Collection::Over { of: Box::new(collection(rng, groups, ty, depth)), window: window(rng) };
    }
    if rng.one_in(2) {
        let grain = *rng.pick(&[Grain::Day, Grain::Week, Grain::Month]);
        return Collection::Series { of: member(rng, &inside), grain };
    }
    inside.keys.push(if rng.one_in(2) { col(1, ScalarType::Int) } else { exprs::row(rng, ScalarType::Text, 1) });
    let base = rng.one_in(3).then(|| Arc::new(measured(rng, &inside, ScalarType::Int)));
    Collection::Distribution { of: member(rng, &inside), base }
}

fn summary(rng: &mut Rng, groups: &Groups, ty: ScalarType, depth: usize) -> MetricExpr {
    if ty == ScalarType::Float && rng.one_in(8) {
        let mut inside = groups.clone();
        inside.nested += 1;
        let series = |rng: &mut Rng| {
            let ty = number(rng);
            Box::new(Collection::Series { of: numeric(rng, &inside, ty, depth - 1), grain: Grain::Day })
        };
        let (left, right) = (series(rng), series(rng));
        return metric(MetricKind::Correlation { left, right }, ty);
    }
    let (statistic, member) = match (ty, rng.below(5)) {
        (ScalarType::Int, 0 | 1) => {
            let any = *rng.pick(&[ScalarType::Bool, ScalarType::Int, ScalarType::Float]);
            (Statistic::Count, any)
        }
        (ScalarType::Float, 0) => (Statistic::Share, ScalarType::Bool),
        (ScalarType::Float, 1) => (Statistic::Mean, number(rng)),
        (ScalarType::Float, 2) => (Statistic::Percentile { percentile: percentile(rng), discrete: false }, number(rng)),
        (ScalarType::Float, 3) => (Statistic::Stddev, number(rng)),
        _ => {
            let discrete = Statistic::Percentile { percentile: percentile(rng), discrete: true };
            (*rng.pick(&[Statistic::Sum, Statistic::Min, Statistic::Max, discrete]), ty)
        }
    };
    let mut of = collection(rng, groups, member, depth);
    let mut statistic = statistic;
    if let (Collection::Series { .. }, true) = (&of, rng.one_in(4)) {
        statistic = if rng.one_in(2) { Statistic::First } else { Statistic::Last };
        of = collection_of(of, ty, rng, groups, depth);
    }
    metric(MetricKind::Summary { statistic, of: Box::new(of) }, ty)
}

/// A series whose members have the type of its first and last.
fn collection_of(of: Collection, ty: ScalarType, rng: &mut Rng, groups: &Groups, depth: usize) -> Collection {
    let Collection::Series { grain, .. } = of else { return of };
    let mut inside = groups.clone();
    inside.nested += 1;
    Collection::Series { of: numeric(rng, &inside, ty, depth - 1), grain }
}
