//! Expressions over measures, for one interval, breakdown value and key at a time.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use kepi_lang::calendar::{CalendarError, Interval, Length};
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{
    Collection, Comparison, Journey, JourneyKind, Measure, MetricExpr, MetricKind, Part, Program, SourceId,
};
use kepi_lang::value::Value;

use crate::collect::journeys::{self, Clock, Outcome};
use crate::collect::keyed::SliceValues;
use crate::collect::many::Many;
use crate::collect::statistic::summary;
use crate::collect::table::{MeasureTable, ROOT, Tables};
use crate::collect::trails::Trail;
use crate::collect::value::{and, arithmetic, as_f64, call, coerce, compare, negate, or, truth, truth_value};
use crate::execute::work::word;
use crate::operators::{TooLarge, empty, moments};
use crate::plan::time::{Span, Times};
use crate::plan::{Plan, micros};

/// Where an expression is evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'k> {
    pub span: Span,
    pub by: u32,
    /// Keys of the enclosing distributions, outermost first.
    pub keys: &'k [u32],
    /// The member of a collection of times or entries.
    pub member: u32,
    /// The cell of a table, from 0.
    pub cell: u32,
}

/// Why there is no value.
pub(crate) enum Failure {
    TooLarge(Option<&'static str>),
    Calendar(CalendarError),
    Internal(&'static str),
    /// What was put into a temporary file cannot be read.
    Finding(Diagnostic),
}

impl From<TooLarge> for Failure {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge(None)
    }
}

impl Failure {
    pub(crate) fn finding(self, ask: &str, period: &str) -> Diagnostic {
        match self {
            Self::TooLarge(what) => {
                let of = what.map(|w| format!("a {w} of ")).unwrap_or_default();
                let message = format!("{of}`{ask}` in {period} is too large for an exact number");
                Diagnostic::without_place(Code::NumberTooLarge, message)
                    .help("declare the column as `type: number`, so that it is computed in floating point")
            }
            Self::Calendar(error) => error.without_place(),
            Self::Finding(finding) => finding,
            Self::Internal(what) => Diagnostic::without_place(Code::Internal, format!("`{ask}` in {period}: {what}")),
        }
    }
}

/// `now / then - 1`, where that is a number.
pub(super) fn change(now: &Value, then: &Value) -> Value {
    match (as_f64(now), as_f64(then)) {
        (Some(now), Some(then)) if then != 0.0 => Value::float(now / then - 1.0),
        _ => Value::Null,
    }
}

pub(crate) struct Evaluation<'a> {
    program: &'a Program,
    plan: &'a Plan,
    tables: &'a Tables,
    pub(super) times: Times<'a>,
    /// The number of a measure, by its address: comparing measures costs more than looking them up.
    ids: RefCell<HashMap<*const Measure, usize>>,
    /// By source: up to where it is complete; `None`: it has no time.
    complete: Vec<Option<Timestamp>>,
    outcomes: RefCell<HashMap<(usize, JourneyKind, Interval), Rc<Outcome>>>,
    /// By slot and member, of the collection that is being evaluated.
    here: RefCell<Rc<Vec<Vec<Value>>>>,
    open: Cell<Open>,
}

/// What the value at hand still waits for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Open {
    /// Entries whose window has not passed.
    pub entries: u64,
    /// A journey was asked whose last entry may not have run its course.
    pub waiting: bool,
    /// And there is no value because of that.
    unknown: bool,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(
        program: &'a Program,
        plan: &'a Plan,
        tables: &'a Tables,
        times: Times<'a>,
        complete: Vec<Option<Timestamp>>,
    ) -> Self {
        Self {
            program,
            plan,
            tables,
            times,
            ids: RefCell::default(),
            complete,
            outcomes: RefCell::default(),
            here: RefCell::default(),
            open: Cell::default(),
        }
    }

    pub(crate) fn value(&self, expr: &MetricExpr, at: At<'_>) -> Result<Value, Failure> {
        let value = match &expr.kind {
            MetricKind::Literal(value) => value.clone(),
            MetricKind::Measure(measure) => self.measure(measure, at)?,
            MetricKind::Journey { of, part } => self.journey(of, *part, at)?,
            MetricKind::Here { slot } => {
                let here = self.here.borrow();
                let member = here.get(*slot as usize).and_then(|values| values.get(at.member as usize));
                member.cloned().unwrap_or(Value::Null)
            }
            MetricKind::Negate(of) => negate(&self.value(of, at)?)?,
            MetricKind::Not(of) => truth_value(truth(&self.value(of, at)?).map(|b| !b)),
            MetricKind::Arithmetic { op, left, right } => {
                let (left, right) = (self.value(left, at)?, self.value(right, at)?);
                if left.is_null() || right.is_null() { Value::Null } else { arithmetic(*op, &left, &right)? }
            }
            MetricKind::Convert { of, num, den } => self.value(of, at)?.scaled(*num, *den).ok_or(TooLarge)?,
            MetricKind::Compare { op, left, right } => compare(*op, &self.value(left, at)?, &self.value(right, at)?),
            MetricKind::And(left, right) => {
                truth_value(and(truth(&self.value(left, at)?), truth(&self.value(right, at)?)))
            }
            MetricKind::Or(left, right) => {
                truth_value(or(truth(&self.value(left, at)?), truth(&self.value(right, at)?)))
            }
            MetricKind::IsNull(of) => Value::Bool(self.value(of, at)?.is_null()),
            MetricKind::In { of, list } => {
                let of = self.value(of, at)?;
                let mut found = if of.is_null() { None } else { Some(false) };
                for item in list {
                    found = or(found, truth(&compare(Comparison::Equal, &of, &self.value(item, at)?)));
                }
                truth_value(found)
            }
            MetricKind::If { condition, then, otherwise } => {
                let taken = if truth(&self.value(condition, at)?) == Some(true) { then } else { otherwise };
                self.value(taken, at)?
            }
            MetricKind::Call { function, args } => {
                let args = args.iter().map(|a| self.value(a, at)).collect::<Result<Vec<_>, _>>()?;
                call(*function, &args)?
            }
            MetricKind::Over { of, window } => {
                self.value(of, At { span: self.times.window(*window, at.span), ..at })?
            }
            MetricKind::Ago { of, shift } => self.earlier(of, *shift, at)?,
            MetricKind::Change { of, shift } => {
                let (now, then) = (self.value(of, at)?, self.earlier(of, *shift, at)?);
                change(&now, &then)
            }
            MetricKind::Total(of) => self.value(of, At { by: ROOT, ..at })?,
            MetricKind::Summary { statistic, of } => {
                let before = self.open.take();
                self.open.set(Open { unknown: false, ..before });
                let members = self.collection(of, at)?;
                let unknown = self.open.get().unknown;
                self.open.set(Open { unknown: unknown || before.unknown, ..self.open.get() });
                if unknown { Value::Null } else { summary(statistic, members, expr.ty)? }
            }
            MetricKind::Correlation { left, right } => {
                let (left, right) =
                    (self.collection(left, at)?.into_values(), self.collection(right, at)?.into_values());
                let both = left.iter().zip(&right).filter_map(|(x, y)| as_f64(x).zip(as_f64(y)));
                moments::correlation(&both.collect::<Vec<_>>())
            }
        };
        Ok(coerce(value, expr.ty))
    }

    /// What was found to be open since the last time.
    pub(crate) fn take_open(&self) -> Open {
        self.open.take()
    }

    /// The rows of a trail, and up to where they are known.
    fn trail(&self, measure: &Arc<Measure>) -> Result<(usize, &'a Trail, Clock<'a>), Failure> {
        let id = self.id(measure)?;
        let trail = self.tables.trails.get(&id).ok_or(Failure::Internal("a trail that was not planned"))?;
        let sources: BTreeSet<SourceId> = measure.branches.iter().map(|b| b.source).collect();
        let known = sources.iter().filter_map(|s| self.complete.get(s.0 as usize).copied().flatten()).min();
        let known_to = known.map_or(i64::MAX, micros);
        Ok((id, trail, Clock { calendar: self.times.calendar, known_to }))
    }

    fn outcome(&self, journey: &Journey, at: At<'_>) -> Result<(Rc<Outcome>, Clock<'a>), Failure> {
        let (id, trail, clock) = self.trail(&journey.trail)?;
        let key = (id, journey.kind.clone(), at.span.interval);
        if let Some(known) = self.outcomes.borrow().get(&key) {
            return Ok((Rc::clone(known), clock));
        }
        // All spans that are asked are followed at once.
        let asked = self.plan.journeys.get(&(id, journey.kind.clone()));
        let asked = asked.filter(|asked| asked.spans.contains_key(&at.span.interval));
        let (spans, timed) = match asked {
            Some(asked) => (asked.spans.values().copied().collect(), asked.times),
            None => (vec![at.span], true),
        };
        let made = journeys::outcomes(journey, trail, &clock, &self.times, (&spans, timed))?;
        let mut outcomes = self.outcomes.borrow_mut();
        for (span, made) in spans.iter().zip(made) {
            outcomes.insert((id, journey.kind.clone(), span.interval), Rc::new(made));
        }
        let made = outcomes.get(&key).map(Rc::clone);
        Ok((made.ok_or(Failure::Internal("a journey that was not followed"))?, clock))
    }

    /// Notes what is open; whether a value has to wait for it.
    fn waits(&self, journey: &Journey, outcome: &Outcome, clock: &Clock<'_>, at: At<'_>) -> bool {
        let (mature, only) = match &journey.kind {
            JourneyKind::Conversion(c) => (outcome.mature, c.mature_only),
            JourneyKind::Retention(r) => {
                let last = r.buckets.get(at.cell as usize).map_or(0, |b| b.to);
                (journeys::cell_known(r, clock, outcome.end, last), r.mature_only)
            }
            _ => (outcome.mature, false),
        };
        if !mature {
            let open = self.open.get();
            self.open.set(Open {
                entries: open.entries.max(outcome.open(at.by, at.cell)),
                waiting: true,
                unknown: open.unknown || !only,
            });
        }
        !mature && !only
    }

    fn journey(&self, journey: &Arc<Journey>, part: Part, at: At<'_>) -> Result<Value, Failure> {
        let (outcome, clock) = self.outcome(journey, at)?;
        if self.waits(journey, &outcome, &clock, at) {
            return Ok(Value::Null);
        }
        let by = if broken_down(&journey.trail) { at.by } else { ROOT };
        Ok(outcome.value(journey, part, by, at.cell))
    }

    /// The members of a collection, one after the other at hand.
    fn each(&self, of: &MetricExpr, slots: Rc<Vec<Vec<Value>>>, at: At<'_>) -> Result<Vec<Value>, Failure> {
        let members = slots.first().map_or(0, Vec::len);
        let before = self.here.replace(slots);
        let values = (0..members as u32).map(|member| self.value(of, At { member, ..at })).collect();
        self.here.replace(before);
        values
    }

    fn earlier(&self, of: &MetricExpr, shift: Length, at: At<'_>) -> Result<Value, Failure> {
        self.before(of, shift, at).map_or(Ok(Value::Null), |span| self.value(of, At { span, ..at }))
    }

    /// The span moved back; `None`: it begins before the history of a source.
    pub(super) fn before(&self, of: &MetricExpr, shift: Length, at: At<'_>) -> Option<Span> {
        let span = self.times.ago(shift, at.span);
        (!self.times.before_history(span, &of.sources(), |s| self.timed(s))).then_some(span)
    }

    fn timed(&self, source: SourceId) -> bool {
        self.program.sources.get(source.0 as usize).is_some_and(|s| s.time.is_some())
    }

    fn id(&self, measure: &Arc<Measure>) -> Result<usize, Failure> {
        let address = Arc::as_ptr(measure);
        if let Some(id) = self.ids.borrow().get(&address) {
            return Ok(*id);
        }
        let id = self.plan.id(measure).ok_or(Failure::Internal("a measure that was not planned"))?;
        self.ids.borrow_mut().insert(address, id);
        Ok(id)
    }

    /// The number of the interval at hand on a measure's timeline.
    fn span(&self, id: usize, at: At<'_>) -> Result<usize, Failure> {
        if let Some(open) = self.tables.open.get(id).filter(|open| !open.is_empty()) {
            let before = |instant| open.partition_point(|start| *start < micros(instant));
            let here = before(at.span.interval.end).saturating_sub(before(at.span.interval.start)) as u64;
            if here > 0 {
                let known = self.open.get();
                self.open.set(Open { entries: known.entries.max(here), waiting: true, ..known });
            }
        }
        let timeline = self.plan.measures.get(id).and_then(|m| self.plan.timelines.get(m.timeline));
        let number = timeline.and_then(|t| t.number(&at.span.interval));
        number.ok_or(Failure::Internal("an interval that was not planned"))
    }

    fn measure(&self, measure: &Arc<Measure>, at: At<'_>) -> Result<Value, Failure> {
        let id = self.id(measure)?;
        let by = if measure.branches.iter().all(|b| b.by.is_empty()) { ROOT } else { at.by };
        let span = self.span(id, at)?;
        let table = self.tables.measures.get(id);
        let value = match table.and_then(MeasureTable::keyed) {
            None => table.and_then(|table| table.value(by, span)),
            Some(keyed) => {
                let slice = keyed.slice(span, by).map_err(Failure::Finding)?;
                slice.below(at.keys).next().and_then(|place| slice.values.get(place))
            }
        };
        value.map_or_else(|| Ok(empty(measure)), |value| value.map_err(|_| Failure::TooLarge(Some(word(measure)))))
    }

    /// The value of a measure for each of the keys below the one at hand; they are in order.
    pub(super) fn of_each(&self, measure: &Arc<Measure>, at: At<'_>, members: &[u32]) -> Result<Many, Failure> {
        let id = self.id(measure)?;
        let by = if measure.branches.iter().all(|b| b.by.is_empty()) { ROOT } else { at.by };
        let span = self.span(id, at)?;
        let Some(keyed) = self.tables.measures.get(id).and_then(MeasureTable::keyed) else {
            return Ok(Many::Same(empty(measure), members.len()));
        };
        let slice = keyed.slice(span, by).map_err(Failure::Finding)?;
        let mut places = slice.below(at.keys).peekable();
        let depth = at.keys.len();
        let mut place = |member: &u32| {
            while places.next_if(|place| slice.key(*place, depth).is_some_and(|key| key < *member)).is_some() {}
            places.peek().copied().filter(|place| slice.key(*place, depth) == Some(*member))
        };
        if let (SliceValues::Whole(values), Value::Int(0)) = (&slice.values, empty(measure)) {
            let value = |member| place(member).and_then(|place| values.get(place)).copied().unwrap_or(0);
            return Ok(Many::Whole(members.iter().map(value).collect()));
        }
        let value = |member: &u32| match place(member).and_then(|place| slice.values.get(place)) {
            None => Ok(empty(measure)),
            Some(value) => value.map_err(|_| Failure::TooLarge(Some(word(measure)))),
        };
        Ok(Many::Values(members.iter().map(value).collect::<Result<_, _>>()?))
    }

    fn collection(&self, collection: &Collection, at: At<'_>) -> Result<Many, Failure> {
        match collection {
            Collection::Distribution { of, base } => {
                let mut members = Vec::new();
                match base {
                    Some(base) => self.members(base, at, &mut members)?,
                    None => {
                        let mut each = Ok(());
                        of.measures(&mut |measure| {
                            if each.is_ok() {
                                each = self.members(measure, at, &mut members);
                            }
                        });
                        each?;
                        self.members_before(of, at, &mut members)?;
                    }
                }
                members.sort_unstable();
                members.dedup();
                self.column(of, at, &members)
            }
            Collection::Times { of, journey, step } => {
                let (outcome, clock) = self.outcome(journey, at)?;
                if self.waits(journey, &outcome, &clock, at) {
                    return Ok(Many::Values(Vec::new()));
                }
                let by = if broken_down(&journey.trail) { at.by } else { ROOT };
                Ok(Many::Values(self.each(of, Rc::new(vec![outcome.times(*step, by)]), at)?))
            }
            Collection::Entries { of, trail, measures, within } => {
                let by = if broken_down(trail) { at.by } else { ROOT };
                let (_, rows, clock) = self.trail(trail)?;
                let (slots, mature) = journeys::entries(rows, measures, &clock, *within, (at.span, by))?;
                if !mature {
                    let entries = slots.first().map_or(0, Vec::len) as u64;
                    self.open.set(Open { entries, waiting: true, unknown: true });
                    return Ok(Many::Values(Vec::new()));
                }
                Ok(Many::Values(self.each(of, slots, at)?))
            }
            Collection::Series { of, grain } => {
                let periods = self.times.series(at.span, *grain, &of.sources()).map_err(Failure::Calendar)?;
                let spans = periods.iter().map(|p| Span { interval: p.interval, grain: p.grain });
                Ok(Many::Values(spans.map(|span| self.value(of, At { span, ..at })).collect::<Result<_, _>>()?))
            }
            Collection::Over { of, window } => {
                self.collection(of, At { span: self.times.window(*window, at.span), ..at })
            }
        }
    }

    /// The keys of those who were there in a period that is looked back at: who has left is a member too.
    fn members_before(&self, of: &MetricExpr, at: At<'_>, out: &mut Vec<u32>) -> Result<(), Failure> {
        let mut result = Ok(());
        of.earlier(&mut |of, shift| {
            let Some(span) = self.before(of, shift, at).filter(|_| result.is_ok()) else { return };
            let at = At { span, ..at };
            of.now(&mut |node| {
                if let (MetricKind::Measure(measure), Ok(())) = (&node.kind, &result) {
                    result = self.members(measure, at, out);
                }
            });
            if result.is_ok() {
                result = self.members_before(of, at, out);
            }
        });
        result
    }

    /// The keys below the one at hand that a measure has rows for in the interval at hand.
    fn members(&self, measure: &Arc<Measure>, at: At<'_>, out: &mut Vec<u32>) -> Result<(), Failure> {
        let id = self.id(measure)?;
        let by = if measure.branches.iter().all(|b| b.by.is_empty()) { ROOT } else { at.by };
        let span = self.span(id, at)?;
        if let Some(keyed) = self.tables.measures.get(id).and_then(MeasureTable::keyed) {
            let slice = keyed.slice(span, by).map_err(Failure::Finding)?;
            if at.keys.is_empty() && slice.width == 1 {
                out.extend_from_slice(&slice.keys);
                return Ok(());
            }
            let mut last = None;
            for key in slice.below(at.keys).filter_map(|place| slice.key(place, at.keys.len())) {
                if last.replace(key) != Some(key) {
                    out.push(key);
                }
            }
        }
        Ok(())
    }
}

/// Whether a trail has a breakdown.
fn broken_down(trail: &Measure) -> bool {
    trail.branches.iter().any(|b| !b.by.is_empty())
}

#[cfg(test)]
mod tests {
    use kepi_lang::ir::Arithmetic;
    use kepi_lang::value::Value;

    use crate::collect::value::arithmetic;
    use crate::operators::TooLarge;

    #[test]
    fn whole_numbers_are_exact_and_checked() {
        let int = |n: i128| Value::Int(n);
        assert_eq!(arithmetic(Arithmetic::Add, &int(i128::MAX), &int(1)), Err(TooLarge));
        assert_eq!(arithmetic(Arithmetic::Divide, &int(1), &int(0)), Ok(Value::Null));
        assert_eq!(arithmetic(Arithmetic::Divide, &int(1), &int(4)), Ok(Value::float(0.25)));
    }
}
