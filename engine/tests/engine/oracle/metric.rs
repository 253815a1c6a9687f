//! Expressions over measures.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kepi_lang::calendar::{Grain, Interval};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{
    Aggregate, Branch, Collection, Comparison, Measure, MetricExpr, MetricFunction, MetricKind, Statistic,
};
use kepi_lang::value::Value;

use crate::oracle::row::{self, Row};
use crate::oracle::{TooLarge, World, as_type, inside, mean, order, percentile, source, stddev, total};

#[derive(Clone, Debug)]
pub struct At {
    pub interval: Interval,
    pub grain: Option<Grain>,
    pub by: Vec<Value>,
    pub keys: Vec<Value>,
}

/// A row that a measure takes.
struct Taken {
    by: Vec<Value>,
    keys: Vec<Value>,
    value: Value,
    /// Clock, then the source's key.
    order: (Timestamp, Vec<Value>),
}

/// The rows of a measure in an interval.
fn taken(world: &World<'_>, measure: &Measure, interval: &Interval) -> Result<Vec<Taken>, TooLarge> {
    let mut found = Vec::new();
    for branch in &measure.branches {
        let source = &world.program.sources[branch.source.0 as usize];
        for values in &world.rows[branch.source.0 as usize] {
            if let Some(taken) =
                take(world, branch, &source::row(world.program, world.tables, source, values), interval)?
            {
                found.push(taken);
            }
        }
    }
    Ok(found)
}

fn take(world: &World<'_>, branch: &Branch, row: &Row<'_>, interval: &Interval) -> Result<Option<Taken>, TooLarge> {
    let source = &world.program.sources[branch.source.0 as usize];
    let instant = |id: Option<kepi_lang::ir::ColumnId>| match id.map(|id| &row.values[id.0 as usize]) {
        Some(Value::Instant(t)) => Some(*t),
        _ => None,
    };
    let mut clock = Timestamp::MIN;
    if branch.time.is_some() {
        match instant(branch.time) {
            Some(t) if inside(world, interval, t) => clock = t,
            _ => return Ok(None),
        }
    }
    if source.time.is_some() && instant(source.time).is_none_or(|t| t >= world.question.as_of) {
        return Ok(None);
    }
    if let Some(filter) = &branch.filter
        && row::value(filter, row)? != Value::Bool(true)
    {
        return Ok(None);
    }
    let each =
        |exprs: &[kepi_lang::ir::RowExpr]| exprs.iter().map(|e| row::value(e, row)).collect::<Result<Vec<_>, _>>();
    let keys = each(&branch.keys)?;
    if keys.iter().any(Value::is_null) {
        return Ok(None);
    }
    let value = branch.value.as_ref().map_or(Ok(Value::Null), |v| row::value(v, row))?;
    let key = source.key.iter().map(|k| row.values[k.0 as usize].clone()).collect();
    Ok(Some(Taken { by: each(&branch.by)?, keys, value, order: (clock, key) }))
}

fn measured(world: &World<'_>, measure: &Measure, at: &At) -> Result<Value, TooLarge> {
    let mut rows = taken(world, measure, &at.interval)?;
    let by: &[Value] = if measure.branches.iter().all(|b| b.by.is_empty()) { &[] } else { &at.by };
    rows.retain(|r| same(&r.by, by) && same(&r.keys, &at.keys));
    let any = !rows.is_empty();
    rows.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| order(&a.value, &b.value)));
    let count = rows.len();
    let mut values: Vec<Value> = rows.into_iter().map(|r| r.value).filter(|v| !v.is_null()).collect();
    if measure.stock && !any {
        return Ok(Value::Null);
    }
    Ok(match &measure.aggregate {
        Aggregate::Count => Value::Int(count as i128),
        // Below what is kept as it is, sketches are exact.
        Aggregate::Unique | Aggregate::ApproximateUnique => {
            values.sort_by(order);
            values.dedup_by(|a, b| order(a, b).is_eq());
            Value::Int(values.len() as i128)
        }
        Aggregate::Sum if values.is_empty() && measure.stock => Value::Null,
        Aggregate::Sum => total(&values)?,
        Aggregate::Trail => unreachable!("journeys have a reference of their own"),
        Aggregate::Share => share(&values),
        _ if values.is_empty() => Value::Null,
        Aggregate::Mean => average(&values)?,
        Aggregate::Min => values.iter().min_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        Aggregate::Max => values.iter().max_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        Aggregate::Percentile { percentile: p, discrete } => percentile(values, p, *discrete),
        Aggregate::ApproximatePercentile { percentile: p } => percentile(values, p, false),
        Aggregate::Stddev => stddev(&values.iter().filter_map(Value::as_f64).collect::<Vec<_>>()),
        Aggregate::First => values[0].clone(),
        Aggregate::Last => values[values.len() - 1].clone(),
    })
}

fn same(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_null() == b.is_null() && order(a, b).is_eq())
}

fn share(values: &[Value]) -> Value {
    if values.is_empty() {
        return Value::Null;
    }
    let yes = values.iter().filter(|v| **v == Value::Bool(true)).count();
    Value::float(yes as f64 / values.len() as f64)
}

fn average(values: &[Value]) -> Result<Value, TooLarge> {
    if values.iter().any(|v| matches!(v, Value::Float(_))) {
        return Ok(Value::float(mean(&values.iter().filter_map(Value::as_f64).collect::<Vec<_>>())));
    }
    Ok(Value::float(total(values)?.as_f64().expect("a number") / values.len() as f64))
}

pub fn value(world: &World<'_>, expr: &MetricExpr, at: &At) -> Result<Value, TooLarge> {
    let of = |e: &MetricExpr| value(world, e, at);
    let calendar = &world.program.settings.calendar;
    let result = match &expr.kind {
        MetricKind::Journey { .. } | MetricKind::Here { .. } => unreachable!("journeys have a reference of their own"),
        MetricKind::Literal(v) => v.clone(),
        MetricKind::Measure(m) => measured(world, m, at)?,
        MetricKind::Negate(a) => row::negated(&of(a)?),
        MetricKind::Not(a) => row::not(&of(a)?),
        MetricKind::Arithmetic { op, left, right } => row::arithmetic(*op, &of(left)?, &of(right)?)?,
        MetricKind::Convert { of: a, num, den } => of(a)?.scaled(*num, *den).ok_or(TooLarge)?,
        MetricKind::Compare { op, left, right } => row::compare(*op, &of(left)?, &of(right)?),
        MetricKind::And(a, b) => row::and(&of(a)?, &of(b)?),
        MetricKind::Or(a, b) => row::or(&of(a)?, &of(b)?),
        MetricKind::IsNull(a) => Value::Bool(of(a)?.is_null()),
        MetricKind::In { of: a, list } => row::contained(&of(a)?, &list.iter().map(of).collect::<Result<Vec<_>, _>>()?),
        MetricKind::If { condition, then, otherwise } => {
            if of(condition)? == Value::Bool(true) {
                of(then)?
            } else {
                of(otherwise)?
            }
        }
        MetricKind::Call { function, args } => {
            let args = args.iter().map(of).collect::<Result<Vec<_>, _>>()?;
            call(*function, &args)
        }
        MetricKind::Over { of: a, window } => {
            value(world, a, &At { interval: calendar.window(*window, at.interval), ..at.clone() })?
        }
        MetricKind::Ago { of: a, shift } => earlier(world, a, *shift, at)?,
        MetricKind::Change { of: a, shift } => {
            let (now, then) = (of(a)?, earlier(world, a, *shift, at)?);
            match (now.as_f64(), then.as_f64()) {
                (Some(now), Some(then)) if then != 0.0 => Value::float(now / then - 1.0),
                _ => Value::Null,
            }
        }
        MetricKind::Total(a) => of(a)?,
        MetricKind::Summary { statistic, of: collection } => summary(statistic, members(world, collection, at)?)?,
        MetricKind::Correlation { left, right } => {
            let (left, right) = (members(world, left, at)?, members(world, right, at)?);
            correlation(left.iter().zip(&right).filter_map(|(a, b)| Some((a.as_f64()?, b.as_f64()?))).collect())
        }
    };
    Ok(as_type(result, expr.ty))
}

fn earlier(world: &World<'_>, of: &MetricExpr, shift: kepi_lang::calendar::Length, at: &At) -> Result<Value, TooLarge> {
    match moved(world, of, shift, at) {
        Some(interval) => value(world, of, &At { interval, ..at.clone() }),
        None => Ok(Value::Null),
    }
}

/// The interval moved back; `None`: it begins before a source's history.
fn moved(world: &World<'_>, of: &MetricExpr, shift: kepi_lang::calendar::Length, at: &At) -> Option<Interval> {
    let calendar = &world.program.settings.calendar;
    let interval = calendar.shift_back(at.interval, shift, at.grain);
    let history = |id: &kepi_lang::ir::SourceId| {
        let source = &world.program.sources[id.0 as usize];
        let grain = at.grain.filter(|g| *g < Grain::Day).unwrap_or(Grain::Day);
        let first = world.extents[id.0 as usize].first;
        source.time.is_none() || first.is_some_and(|first| calendar.floor(first, grain) <= interval.start)
    };
    (interval.start == Timestamp::MIN || of.sources().iter().all(history)).then_some(interval)
}

/// The measures of earlier periods that an expression looks back at.
fn looked_back(world: &World<'_>, of: &MetricExpr, at: &At, found: &mut Vec<(std::sync::Arc<Measure>, Interval)>) {
    of.earlier(&mut |of, shift| {
        let Some(interval) = moved(world, of, shift, at) else { return };
        of.now(&mut |node| {
            if let MetricKind::Measure(measure) = &node.kind {
                found.push((measure.clone(), interval));
            }
        });
        looked_back(world, of, &At { interval, ..at.clone() }, found);
    });
}

/// The sub-periods of a series.
fn periods(world: &World<'_>, of: &MetricExpr, grain: Grain, interval: Interval) -> Vec<Interval> {
    let calendar = &world.program.settings.calendar;
    let end = interval.end.min(world.question.as_of);
    let mut start = interval.start;
    if start == Timestamp::MIN {
        match of.sources().iter().filter_map(|s| world.extents[s.0 as usize].first).min() {
            Some(first) => start = calendar.floor(first, grain),
            None => return Vec::new(),
        }
    }
    let mut found = Vec::new();
    let mut at = calendar.floor(start, grain);
    if at < start {
        at = calendar.next(start, grain);
    }
    while at < end {
        let next = calendar.next(at, grain);
        found.push(Interval { start: at, end: next });
        at = next;
    }
    found
}

fn members(world: &World<'_>, collection: &Collection, at: &At) -> Result<Vec<Value>, TooLarge> {
    match collection {
        Collection::Times { .. } | Collection::Entries { .. } => unreachable!("journeys have a reference of their own"),
        Collection::Distribution { of, base } => {
            let mut measures = Vec::new();
            match base {
                Some(base) => measures.push(base.clone()),
                None => of.measures(&mut |m| measures.push(m.clone())),
            }
            let mut looked_at: Vec<_> = measures.into_iter().map(|m| (m, at.interval)).collect();
            if base.is_none() {
                looked_back(world, of, at, &mut looked_at);
            }
            let mut keys: Vec<Value> = Vec::new();
            for (measure, interval) in looked_at {
                let by: &[Value] = if measure.branches.iter().all(|b| b.by.is_empty()) { &[] } else { &at.by };
                for row in taken(world, &measure, &interval)? {
                    let depth = at.keys.len();
                    if same(&row.by, by) && same(&row.keys[..depth], &at.keys) {
                        keys.push(row.keys[depth].clone());
                    }
                }
            }
            keys.sort_by(order);
            keys.dedup_by(|a, b| order(a, b).is_eq());
            let with = |key: Value| At { keys: at.keys.iter().cloned().chain([key]).collect(), ..at.clone() };
            keys.into_iter().map(|key| value(world, of, &with(key))).collect()
        }
        Collection::Series { of, grain } => {
            let spans = periods(world, of, *grain, at.interval);
            spans
                .into_iter()
                .map(|interval| value(world, of, &At { interval, grain: Some(*grain), ..at.clone() }))
                .collect()
        }
        Collection::Over { of, window } => {
            let interval = world.program.settings.calendar.window(*window, at.interval);
            members(world, of, &At { interval, ..at.clone() })
        }
    }
}

fn summary(statistic: &Statistic, values: Vec<Value>) -> Result<Value, TooLarge> {
    let values: Vec<Value> = values.into_iter().filter(|v| !v.is_null()).collect();
    Ok(match statistic {
        Statistic::Count => Value::Int(values.iter().filter(|v| **v != Value::Bool(false)).count() as i128),
        Statistic::Share => share(&values),
        _ if values.is_empty() => Value::Null,
        Statistic::Sum => total(&values)?,
        Statistic::Mean => average(&values)?,
        Statistic::Min => values.into_iter().min_by(order).unwrap_or(Value::Null),
        Statistic::Max => values.into_iter().max_by(order).unwrap_or(Value::Null),
        Statistic::Percentile { percentile: p, discrete } => percentile(values, p, *discrete),
        Statistic::Stddev => stddev(&values.iter().filter_map(Value::as_f64).collect::<Vec<_>>()),
        Statistic::First => values[0].clone(),
        Statistic::Last => values[values.len() - 1].clone(),
    })
}

fn correlation(pairs: Vec<(f64, f64)>) -> Value {
    let n = pairs.len() as f64;
    if n < 3.0 {
        return Value::Null;
    }
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(x, y)| f(x - mx, y - my)).sum::<f64>();
    let (xx, yy, xy) = (sum(&|x, _| x * x), sum(&|_, y| y * y), sum(&|x, y| x * y));
    let varies = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().any(|p| of(p) != of(&pairs[0]));
    if varies(&|p| p.0) && varies(&|p| p.1) { Value::float(xy / (xx * yy).sqrt()) } else { Value::Null }
}

fn call(function: MetricFunction, args: &[Value]) -> Value {
    let known = || args.iter().filter(|v| !v.is_null());
    match function {
        MetricFunction::Coalesce => return known().next().cloned().unwrap_or(Value::Null),
        MetricFunction::Least => return known().min_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        MetricFunction::Greatest => return known().max_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        _ => {}
    }
    let first = &args[0];
    if first.is_null() {
        return Value::Null;
    }
    match function {
        MetricFunction::Abs
            if row::compare(Comparison::Less, first, &Value::Decimal(Decimal::ZERO)) == Value::Bool(true) =>
        {
            row::negated(first)
        }
        MetricFunction::Abs => first.clone(),
        MetricFunction::Round => row::round(first, row::places(args)),
        MetricFunction::Floor => row::floor(first),
        MetricFunction::Ceil => row::negated(&row::floor(&row::negated(first))),
        MetricFunction::Log => first.as_f64().filter(|v| *v > 0.0).map_or(Value::Null, |v| Value::float(v.ln())),
        _ => first.as_f64().filter(|v| *v >= 0.0).map_or(Value::Null, |v| Value::float(v.sqrt())),
    }
}

/// The values of the breakdown in any interval that the expression looks at.
pub fn breakdown(
    world: &World<'_>,
    expr: &MetricExpr,
    (interval, grain): (Interval, Option<Grain>),
    out: &mut BTreeSet<Vec<Value>>,
) {
    let calendar = &world.program.settings.calendar;
    let measure = |m: &Measure, interval: &Interval, out: &mut BTreeSet<Vec<Value>>| {
        if m.branches.iter().any(|b| !b.by.is_empty()) {
            out.extend(taken(world, m, interval).expect("small numbers").into_iter().map(|r| r.by));
        }
    };
    fn each_collection(
        world: &World<'_>,
        c: &Collection,
        (interval, grain): (Interval, Option<Grain>),
        out: &mut BTreeSet<Vec<Value>>,
    ) {
        match c {
            Collection::Times { .. } | Collection::Entries { .. } => {
                unreachable!("journeys have a reference of their own")
            }
            Collection::Distribution { of, base } => {
                let mut measures = Vec::new();
                match base {
                    Some(base) => measures.push(base.clone()),
                    None => of.measures(&mut |m| measures.push(m.clone())),
                }
                for m in measures.iter().filter(|m| m.branches.iter().any(|b| !b.by.is_empty())) {
                    out.extend(taken(world, m, &interval).expect("small numbers").into_iter().map(|r| r.by));
                }
                breakdown(world, of, (interval, grain), out);
            }
            Collection::Series { of, grain } => {
                for interval in periods(world, of, *grain, interval) {
                    breakdown(world, of, (interval, Some(*grain)), out);
                }
            }
            Collection::Over { of, window } => {
                each_collection(world, of, (world.program.settings.calendar.window(*window, interval), grain), out);
            }
        }
    }
    let mut go = |e: &MetricExpr| breakdown(world, e, (interval, grain), out);
    match &expr.kind {
        MetricKind::Journey { .. } | MetricKind::Here { .. } => unreachable!("journeys have a reference of their own"),
        MetricKind::Literal(_) => {}
        MetricKind::Measure(m) => measure(m, &interval, out),
        MetricKind::Negate(a) | MetricKind::Not(a) | MetricKind::IsNull(a) | MetricKind::Total(a) => go(a),
        MetricKind::Convert { of, .. } => go(of),
        MetricKind::Arithmetic { left, right, .. } | MetricKind::Compare { left, right, .. } => {
            go(left);
            go(right);
        }
        MetricKind::And(left, right) | MetricKind::Or(left, right) => {
            go(left);
            go(right);
        }
        MetricKind::In { of, list } => {
            go(of);
            list.iter().for_each(go);
        }
        MetricKind::If { condition, then, otherwise } => {
            go(condition);
            go(then);
            go(otherwise);
        }
        MetricKind::Call { args, .. } => args.iter().for_each(go),
        MetricKind::Over { of, window } => breakdown(world, of, (calendar.window(*window, interval), grain), out),
        MetricKind::Ago { of, shift } => {
            breakdown(world, of, (calendar.shift_back(interval, *shift, grain), grain), out);
        }
        MetricKind::Change { of, shift } => {
            go(of);
            breakdown(world, of, (calendar.shift_back(interval, *shift, grain), grain), out);
        }
        MetricKind::Summary { of, .. } => each_collection(world, of, (interval, grain), out),
        MetricKind::Correlation { left, right } => {
            each_collection(world, left, (interval, grain), out);
            each_collection(world, right, (interval, grain), out);
        }
    }
}
