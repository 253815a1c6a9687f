//! Expressions over measures, for one interval, breakdown value and key at a time.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use kepi_lang::calendar::{Grain, Interval, Length, Period};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{
    Aggregate, Arithmetic, Branch, Collection, Measure, MetricExpr, MetricFunction, MetricKind, ScalarType, SourceId,
    Statistic,
};
use kepi_lang::value::Value;

use crate::reference::numbers::{
    self, Function, arithmetic, coerce, compare, contained, negate, order, truth, unknown_or,
};
use crate::reference::{Reference, TooLarge};

/// What an expression is evaluated for.
#[derive(Clone, Debug)]
pub struct At {
    pub interval: Interval,
    /// Of the period that the interval belongs to.
    pub grain: Option<Grain>,
    /// The value of the breakdown; what has none (`total`) does not look at it.
    pub by: Option<Vec<Value>>,
    /// Of the distributions around, outermost first.
    pub keys: Vec<Value>,
}

impl At {
    fn on(&self, interval: Interval) -> Self {
        Self { interval, ..self.clone() }
    }
}

/// A row of a branch: what it has there.
pub struct Taken {
    /// `None`: rows without time, which belong to every interval.
    pub clock: Option<Timestamp>,
    /// Null unless the branch has a value.
    pub value: Value,
    pub by: Vec<Value>,
    pub keys: Vec<Value>,
    /// Where it stands in the source: the values of its key, for ties.
    pub place: Vec<Value>,
    /// Its number among the source's usable rows.
    pub row: usize,
}

/// The rows of branches, by address: looking at them again for each interval is slow enough.
pub type Memo = RefCell<HashMap<*const Branch, Rc<Vec<Taken>>>>;

impl Reference<'_> {
    /// The rows of a branch's set: its filter is true, and none of its keys is null.
    pub fn taken(&self, branch: &Branch) -> Result<Rc<Vec<Taken>>, TooLarge> {
        let address: *const Branch = branch;
        if let Some(known) = self.memo.borrow().get(&address) {
            return Ok(Rc::clone(known));
        }
        let mut found = Vec::new();
        let source = &self.program.sources[branch.source.0 as usize];
        for (number, usable) in self.cleaned[branch.source.0 as usize].rows.iter().enumerate() {
            if usable.clock.is_some_and(|t| t >= self.question.as_of) {
                continue;
            }
            let row = &usable.row;
            let clock = match branch.time {
                None => None,
                Some(id) if Some(id) == source.time => usable.clock,
                Some(id) => match row.column(id)? {
                    Value::Instant(t) => Some(t),
                    Value::Date(date) => Some(self.program.settings.calendar.date_start(date)),
                    _ => continue,
                },
            };
            let holds = branch.filter.as_ref().map(|f| row.value(f)).transpose()?;
            if holds.is_some_and(|v| truth(&v) != Some(true)) {
                continue;
            }
            let keys = branch.keys.iter().map(|e| row.value(e)).collect::<Result<Vec<_>, _>>()?;
            if keys.iter().any(Value::is_null) {
                continue;
            }
            found.push(Taken {
                clock,
                value: branch.value.as_ref().map_or(Ok(Value::Null), |v| row.value(v))?,
                by: branch.by.iter().map(|e| row.value(e)).collect::<Result<_, _>>()?,
                keys,
                place: source.key.iter().map(|id| row.column(*id)).collect::<Result<_, _>>()?,
                row: number,
            });
        }
        let found = Rc::new(found);
        self.memo.borrow_mut().insert(address, Rc::clone(&found));
        Ok(found)
    }

    /// Whether a row's time lies in the interval, and before `as_of`.
    pub fn lies_in(&self, taken: &Taken, interval: Interval) -> bool {
        taken.clock.is_none_or(|t| interval.contains(t) && t < self.question.as_of)
    }

    pub fn value(&self, expr: &MetricExpr, at: &At) -> Result<Value, TooLarge> {
        let condition = |e: &MetricExpr| self.value(e, at).map(|v| truth(&v));
        let value = match &expr.kind {
            MetricKind::Journey { .. } | MetricKind::Here { .. } => {
                unreachable!("journeys have a reference of their own")
            }
            MetricKind::Literal(value) => value.clone(),
            MetricKind::Measure(measure) => self.measure(measure, at)?,
            MetricKind::Negate(of) => negate(&self.value(of, at)?)?,
            MetricKind::Not(of) => unknown_or(condition(of)?.map(|b| !b)),
            MetricKind::Arithmetic { op, left, right } => {
                arithmetic(*op, &self.value(left, at)?, &self.value(right, at)?)?
            }
            MetricKind::Convert { of, num, den } => self.value(of, at)?.scaled(*num, *den).ok_or(TooLarge)?,
            MetricKind::Compare { op, left, right } => compare(*op, &self.value(left, at)?, &self.value(right, at)?),
            MetricKind::And(left, right) => unknown_or(numbers::and(condition(left)?, condition(right)?)),
            MetricKind::Or(left, right) => unknown_or(numbers::or(condition(left)?, condition(right)?)),
            MetricKind::IsNull(of) => Value::Bool(self.value(of, at)?.is_null()),
            MetricKind::In { of, list } => {
                let list = list.iter().map(|e| self.value(e, at)).collect::<Result<Vec<_>, _>>()?;
                contained(&self.value(of, at)?, &list)
            }
            MetricKind::If { condition: test, then, otherwise } => {
                let holds = condition(test)? == Some(true);
                self.value(if holds { then } else { otherwise }, at)?
            }
            MetricKind::Call { function, args } => {
                let args = args.iter().map(|e| self.value(e, at)).collect::<Result<Vec<_>, _>>()?;
                numbers::call(common(*function), &args)?
            }
            MetricKind::Over { of, window } => {
                self.value(of, &at.on(self.program.settings.calendar.window(*window, at.interval)))?
            }
            MetricKind::Ago { of, shift } => self.earlier(of, *shift, at)?,
            MetricKind::Change { of, shift } => {
                let (now, then) = (self.value(of, at)?, self.earlier(of, *shift, at)?);
                let ratio = arithmetic(Arithmetic::Divide, &now, &then)?;
                arithmetic(Arithmetic::Subtract, &ratio, &Value::Int(1))?
            }
            MetricKind::Total(of) => self.value(of, &At { by: None, ..at.clone() })?,
            MetricKind::Summary { statistic, of } => summary(*statistic, &self.members(of, at)?)?,
            MetricKind::Correlation { left, right } => {
                let pairs = self.members(left, at)?.into_iter().zip(self.members(right, at)?);
                numbers::correlation(&pairs.collect::<Vec<_>>())
            }
        };
        Ok(coerce(value, expr.ty))
    }

    /// The measures of earlier periods that an expression looks back at.
    fn looked_back(&self, of: &MetricExpr, at: &At, found: &mut Vec<(Arc<Measure>, Interval)>) {
        of.earlier(&mut |of, shift| {
            let moved = self.program.settings.calendar.shift_back(at.interval, shift, at.grain);
            if self.begins_before_history(moved, at.grain, &of.sources()) {
                return;
            }
            of.now(&mut |node| {
                if let MetricKind::Measure(measure) = &node.kind {
                    found.push((Arc::clone(measure), moved));
                }
            });
            self.looked_back(of, &at.on(moved), found);
        });
    }

    fn earlier(&self, of: &MetricExpr, shift: Length, at: &At) -> Result<Value, TooLarge> {
        let moved = self.program.settings.calendar.shift_back(at.interval, shift, at.grain);
        if self.begins_before_history(moved, at.grain, &of.sources()) {
            return Ok(Value::Null);
        }
        self.value(of, &at.on(moved))
    }

    /// The history of a source begins with the day of its first event (the hour or minute, of such periods).
    fn begins_before_history(&self, interval: Interval, grain: Option<Grain>, sources: &BTreeSet<SourceId>) -> bool {
        let grain = grain.map_or(Grain::Day, |g| g.min(Grain::Day));
        let timed = sources.iter().map(|s| s.0 as usize).filter(|s| self.program.sources[*s].time.is_some());
        interval.start > Timestamp::MIN
            && timed.map(|s| self.extents[s].first).any(|first| match first {
                None => true,
                Some(first) => interval.start < self.program.settings.calendar.floor(first, grain),
            })
    }

    fn measure(&self, measure: &Measure, at: &At) -> Result<Value, TooLarge> {
        let (mut rows, mut values) = (0u64, Vec::new());
        for branch in &measure.branches {
            for taken in self.taken(branch)?.iter() {
                if self.lies_in(taken, at.interval) && of_breakdown(taken, at) && taken.keys == at.keys {
                    rows += 1;
                    if !taken.value.is_null() {
                        values.push((taken.clock, taken.place.clone(), taken.value.clone()));
                    }
                }
            }
        }
        let plain: Vec<Value> = values.iter().map(|v| v.2.clone()).collect();
        let empty = |zero: Value| if measure.stock { Value::Null } else { zero };
        let value = match &measure.aggregate {
            Aggregate::Count if rows == 0 => empty(Value::Int(0)),
            Aggregate::Count => Value::Int(i128::from(rows)),
            // Below what is kept as it is, sketches are exact.
            Aggregate::Unique | Aggregate::ApproximateUnique if rows == 0 => empty(Value::Int(0)),
            Aggregate::Unique | Aggregate::ApproximateUnique => {
                Value::Int(plain.iter().collect::<BTreeSet<_>>().len() as i128)
            }
            Aggregate::Sum if plain.is_empty() => empty(match measure.ty {
                ScalarType::Float => Value::float(0.0),
                ScalarType::Decimal => Value::Decimal(Decimal::ZERO),
                _ => Value::Int(0),
            }),
            Aggregate::Sum => numbers::sum(&plain)?,
            Aggregate::Mean => numbers::mean(&plain)?,
            Aggregate::Min => plain.iter().min_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
            Aggregate::Max => plain.iter().max_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
            Aggregate::Percentile { percentile, discrete } => numbers::percentile(&plain, *percentile, *discrete),
            Aggregate::ApproximatePercentile { percentile } => numbers::percentile(&plain, *percentile, false),
            Aggregate::Stddev => numbers::stddev(&plain),
            // By the clock, ties by the source's key, then by value.
            Aggregate::First => values.iter().min().map_or(Value::Null, |v| v.2.clone()),
            Aggregate::Last => values.iter().max().map_or(Value::Null, |v| v.2.clone()),
            Aggregate::Trail => unreachable!("journeys have a reference of their own"),
            Aggregate::Share if plain.is_empty() => Value::Null,
            Aggregate::Share => {
                let yes = plain.iter().filter(|v| **v == Value::Bool(true)).count();
                Value::float(yes as f64 / plain.len() as f64)
            }
        };
        Ok(coerce(value, measure.ty))
    }

    /// The values of a distribution's members or of a series' periods.
    fn members(&self, of: &Collection, at: &At) -> Result<Vec<Value>, TooLarge> {
        match of {
            Collection::Over { of, window } => {
                self.members(of, &at.on(self.program.settings.calendar.window(*window, at.interval)))
            }
            Collection::Series { of, grain } => {
                let periods = self.periods(at.interval, *grain, &of.sources());
                let value = |p: &Period| self.value(of, &At { grain: p.grain, ..at.on(p.interval) });
                periods.iter().map(value).collect()
            }
            Collection::Times { .. } | Collection::Entries { .. } => {
                unreachable!("journeys have a reference of their own")
            }
            Collection::Distribution { of, base } => {
                let mut measures = Vec::new();
                match base {
                    Some(base) => measures.push(Arc::clone(base)),
                    None => of.measures(&mut |m| measures.push(Arc::clone(m))),
                }
                let mut looked_at: Vec<_> = measures.into_iter().map(|m| (m, at.interval)).collect();
                if base.is_none() {
                    self.looked_back(of, at, &mut looked_at);
                }
                let mut keys = BTreeSet::new();
                for (measure, interval) in &looked_at {
                    for branch in &measure.branches {
                        for taken in self.taken(branch)?.iter() {
                            let below = taken.keys.starts_with(&at.keys);
                            if below && self.lies_in(taken, *interval) && of_breakdown(taken, at) {
                                keys.insert(taken.keys[at.keys.len()].clone());
                            }
                        }
                    }
                }
                let value = |key: Value| {
                    let keys = at.keys.iter().cloned().chain([key]).collect();
                    self.value(of, &At { keys, ..at.clone() })
                };
                keys.into_iter().map(value).collect()
            }
        }
    }

    /// The periods of a grain that begin in an interval, as far as they begin before `as_of`. Without a bound: from the
    /// one that holds the first event of the sources.
    pub fn periods(&self, interval: Interval, grain: Grain, sources: &BTreeSet<SourceId>) -> Vec<Period> {
        let calendar = &self.program.settings.calendar;
        let start = if interval.start == Timestamp::MIN {
            match sources.iter().filter_map(|s| self.extents[s.0 as usize].first).min() {
                Some(first) => calendar.floor(first, grain),
                None => return Vec::new(),
            }
        } else {
            interval.start
        };
        let end = interval.end.min(self.question.as_of);
        let periods = calendar.periods(Interval { start, end }, grain).expect("few periods");
        periods.into_iter().filter(|p| p.interval.start >= start).collect()
    }

    /// Calls `visit` for every measure and interval that an expression reads on an interval.
    pub fn walk(
        &self,
        expr: &MetricExpr,
        interval: Interval,
        grain: Option<Grain>,
        visit: &mut dyn FnMut(&Arc<Measure>, Interval),
    ) {
        let calendar = &self.program.settings.calendar;
        match &expr.kind {
            MetricKind::Journey { .. } | MetricKind::Here { .. } => {
                unreachable!("journeys have a reference of their own")
            }
            MetricKind::Literal(_) => {}
            MetricKind::Measure(measure) => visit(measure, interval),
            MetricKind::Negate(of)
            | MetricKind::Not(of)
            | MetricKind::IsNull(of)
            | MetricKind::Total(of)
            | MetricKind::Convert { of, .. } => self.walk(of, interval, grain, visit),
            MetricKind::Arithmetic { left, right, .. }
            | MetricKind::Compare { left, right, .. }
            | MetricKind::And(left, right)
            | MetricKind::Or(left, right) => {
                self.walk(left, interval, grain, visit);
                self.walk(right, interval, grain, visit);
            }
            MetricKind::In { of, list } => {
                [of.as_ref()].into_iter().chain(list).for_each(|e| self.walk(e, interval, grain, visit));
            }
            MetricKind::If { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|e| self.walk(e, interval, grain, visit));
            }
            MetricKind::Call { args, .. } => args.iter().for_each(|e| self.walk(e, interval, grain, visit)),
            MetricKind::Over { of, window } => self.walk(of, calendar.window(*window, interval), grain, visit),
            MetricKind::Ago { of, shift } => {
                self.walk(of, calendar.shift_back(interval, *shift, grain), grain, visit);
            }
            MetricKind::Change { of, shift } => {
                self.walk(of, interval, grain, visit);
                self.walk(of, calendar.shift_back(interval, *shift, grain), grain, visit);
            }
            MetricKind::Summary { of, .. } => self.walk_members(of, interval, grain, visit),
            MetricKind::Correlation { left, right } => {
                self.walk_members(left, interval, grain, visit);
                self.walk_members(right, interval, grain, visit);
            }
        }
    }

    fn walk_members(
        &self,
        of: &Collection,
        interval: Interval,
        grain: Option<Grain>,
        visit: &mut dyn FnMut(&Arc<Measure>, Interval),
    ) {
        match of {
            Collection::Over { of, window } => {
                self.walk_members(of, self.program.settings.calendar.window(*window, interval), grain, visit);
            }
            Collection::Series { of, grain } => {
                for period in self.periods(interval, *grain, &of.sources()) {
                    self.walk(of, period.interval, period.grain, visit);
                }
            }
            Collection::Times { .. } | Collection::Entries { .. } => {
                unreachable!("journeys have a reference of their own")
            }
            Collection::Distribution { of, base } => {
                match base {
                    Some(base) => visit(base, interval),
                    None => of.measures(&mut |m| visit(m, interval)),
                }
                self.walk(of, interval, grain, visit);
            }
        }
    }
}

/// What has no breakdown (inside `total`) belongs to every value of it.
fn of_breakdown(taken: &Taken, at: &At) -> bool {
    taken.by.is_empty() || at.by.as_ref().is_none_or(|by| *by == taken.by)
}

fn common(function: MetricFunction) -> Function {
    match function {
        MetricFunction::Coalesce => Function::Coalesce,
        MetricFunction::Abs => Function::Abs,
        MetricFunction::Round => Function::Round,
        MetricFunction::Floor => Function::Floor,
        MetricFunction::Ceil => Function::Ceil,
        MetricFunction::Least => Function::Least,
        MetricFunction::Greatest => Function::Greatest,
        MetricFunction::Log => Function::Log,
        MetricFunction::Sqrt => Function::Sqrt,
    }
}

/// Nulls are skipped, and counted by nothing. Of no member all but a count is null.
fn summary(statistic: Statistic, values: &[Value]) -> Result<Value, TooLarge> {
    let known: Vec<Value> = values.iter().filter(|v| !v.is_null()).cloned().collect();
    if known.is_empty() && statistic != Statistic::Count {
        return Ok(Value::Null);
    }
    let yes = known.iter().filter(|v| **v == Value::Bool(true)).count();
    Ok(match statistic {
        Statistic::Count => Value::Int(known.iter().filter(|v| **v != Value::Bool(false)).count() as i128),
        Statistic::Sum => numbers::sum(&known)?,
        Statistic::Mean => numbers::mean(&known)?,
        Statistic::Min => known.iter().min_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        Statistic::Max => known.iter().max_by(|a, b| order(a, b)).cloned().unwrap_or(Value::Null),
        Statistic::Percentile { percentile, discrete } => numbers::percentile(&known, percentile, discrete),
        Statistic::Stddev => numbers::stddev(&known),
        Statistic::First => known.first().cloned().unwrap_or(Value::Null),
        Statistic::Last => known.last().cloned().unwrap_or(Value::Null),
        Statistic::Share => Value::float(yes as f64 / known.len() as f64),
    })
}
