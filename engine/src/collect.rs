//! From merged state to answers: the value of each measure for each span and group, then the expressions over them.

mod column;
mod evaluate;
mod journeys;
mod keyed;
mod many;
pub(crate) mod settled;
mod spilled;
mod statistic;
pub(crate) mod table;
mod trails;
pub(crate) mod value;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use kepi_lang::calendar::Interval;
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{Ask, Program, Question, ScalarType, SourceId};
use kepi_lang::results::{Answer, AnswerRow, Extent};
use kepi_lang::value::Value;

use crate::parallel::parallel;
use crate::plan::time::{Span, Times};
use crate::plan::{self, Plan};
use evaluate::{At, Evaluation};
use settled::Settled;
use table::{NOBODY, ROOT, Tables, by_values};
use value::coerce;

/// By period: what it is worth, where that is known. Empty for an ask whose values are not remembered.
pub(crate) type Known = Vec<Option<Settled>>;

/// The answers to all asks, in order, and by ask what periods have turned out to be worth that was not `known`.
pub(crate) fn answers(
    program: &Program,
    question: &Question,
    extents: &[Extent],
    plan: &Plan,
    tables: &Tables,
    known: &[Known],
    threads: usize,
) -> Result<(Vec<Answer>, Vec<Known>), Vec<Diagnostic>> {
    let complete = (0u32..).zip(&program.sources).map(|(id, source)| {
        source.time?;
        Some(source_complete_to(program, question, extents, SourceId(id)))
    });
    let complete: Vec<Option<Timestamp>> = complete.collect();
    let evaluation = || {
        let times = Times { calendar: &program.settings.calendar, extents, as_of: question.as_of };
        Evaluation::new(program, plan, tables, times, complete.clone())
    };
    let one = |evaluation: &Evaluation<'_>, number: usize, ask: &Ask| {
        let known = known.get(number).map(Vec::as_slice).unwrap_or_default();
        let groups = match plan.asks.get(number) {
            Some(needs) if ask.by.len() > usize::from(ask.expr.cells().is_some()) => {
                seen(plan, tables, needs, known, ask.expr.entry_sets())
            }
            _ => Groups { all: vec![Group::default()], by_period: Vec::new() },
        };
        let complete_to = complete_to(program, question, extents, &ask.expr.sources());
        answer(complete_to, evaluation, ask, known, &groups)
    };
    let asks: Vec<(usize, &Ask)> = question.asks.iter().enumerate().collect();
    let each = if tables.trails.is_empty() {
        parallel(asks, threads, |(number, ask)| one(&evaluation(), number, ask))
    } else {
        // Journeys that were followed for one ask are known to the next.
        let evaluation = evaluation();
        asks.into_iter().map(|(number, ask)| one(&evaluation, number, ask)).collect()
    };
    let (mut findings, mut answers, mut made) = (Vec::new(), Vec::new(), Vec::new());
    for answer in each {
        match answer {
            Ok((answer, new)) => {
                answers.push(answer);
                made.push(new);
            }
            Err(finding) => findings.push(finding),
        }
    }
    if findings.is_empty() { Ok((answers, made)) } else { Err(findings) }
}

/// The answer to an ask, and what those of its periods are worth that were not `known`.
fn answer(
    complete_to: Option<Timestamp>,
    evaluation: &Evaluation<'_>,
    ask: &Ask,
    known: &[Option<Settled>],
    groups: &Groups,
) -> Result<(Answer, Known), Diagnostic> {
    // A table has a row for each of its buckets.
    let cells = ask.expr.cells().map_or_else(|| vec![None], |c| c.values().into_iter().map(Some).collect());
    let (mut answer, mut made) = (Answer::default(), Known::new());
    for (index, period) in ask.periods.iter().enumerate() {
        let complete = complete_to.is_none_or(|to| period.interval.end <= to);
        if let Some(Some(settled)) = known.get(index) {
            made.push(None);
            answer.rows.extend(groups.all.iter().map(|group| AnswerRow {
                period: index,
                by: group.values.clone(),
                value: settled.of(&group.bytes).clone(),
                complete,
                open: None,
            }));
            continue;
        }
        let first = answer.rows.len();
        let span = Span { interval: period.interval, grain: period.grain };
        for group in &groups.all {
            for (cell, bucket) in (0u32..).zip(&cells) {
                let at = At { span, by: group.id, keys: &[], member: 0, cell };
                let value = evaluation.value(&ask.expr, at).map_err(|e| e.finding(&ask.name, &period.label))?;
                let open = evaluation.take_open();
                let by = group.values.iter().chain(bucket).cloned().collect();
                let complete = complete && !open.waiting;
                let open = open.waiting.then_some(open.entries);
                answer.rows.push(AnswerRow { period: index, by, value, complete, open });
            }
        }
        if known.get(index).is_some() {
            let rows = answer.rows.get(first..).unwrap_or_default();
            made.push(settled(evaluation, ask, span, rows, groups, index));
        }
    }
    Ok((answer, made))
}

/// What a period is worth that has been answered.
fn settled(
    evaluation: &Evaluation<'_>,
    ask: &Ask,
    span: Span,
    rows: &[AnswerRow],
    groups: &Groups,
    period: usize,
) -> Option<Settled> {
    if let ([only], true) = (rows, ask.by.is_empty()) {
        return Some(Settled { groups: BTreeMap::new(), other: only.value.clone() });
    }
    // A breakdown value that has no row in any of the period's spans, as all others that have none.
    let other = evaluation.value(&ask.expr, At { span, by: NOBODY, keys: &[], member: 0, cell: 0 }).ok()?;
    let seen = groups.by_period.get(period)?.as_ref()?;
    let here = groups.all.iter().zip(rows).filter(|(group, _)| seen.contains(&group.id));
    let groups = here.map(|(group, row)| (Arc::clone(&group.bytes), row.value.clone())).collect();
    Some(Settled { groups, other })
}

/// Up to where all of the sources are complete; `None`: always, for they have no time.
fn complete_to(
    program: &Program,
    question: &Question,
    extents: &[Extent],
    sources: &BTreeSet<SourceId>,
) -> Option<Timestamp> {
    let each = sources.iter().filter_map(|id| {
        let source = program.sources.get(id.0 as usize)?;
        source.time?;
        Some(source_complete_to(program, question, extents, *id))
    });
    each.min()
}

/// Up to where a source with time is complete: what was said, else its latest event, that one included.
pub(crate) fn source_complete_to(
    program: &Program,
    question: &Question,
    extents: &[Extent],
    id: SourceId,
) -> Timestamp {
    if question.as_of_given || program.settings.as_of.is_some() {
        return question.as_of;
    }
    let index = id.0 as usize;
    let last = extents.get(index).and_then(|e| e.last);
    let known = program.sources.get(index).and_then(|s| s.complete_to(last, &program.settings.calendar));
    known.unwrap_or(Timestamp::MIN)
}

/// A value of a breakdown.
struct Group {
    id: u32,
    bytes: Arc<[u8]>,
    values: Vec<Value>,
}

impl Default for Group {
    /// That of no breakdown.
    fn default() -> Self {
        Self { id: ROOT, bytes: Arc::from([]), values: Vec::new() }
    }
}

/// The values of an ask's breakdown.
struct Groups {
    /// Those that occur in any span of the ask, in order.
    all: Vec<Group>,
    /// By period, those that occur in its spans, where that is to be remembered.
    by_period: Vec<Option<BTreeSet<u32>>>,
}

fn seen(
    plan: &Plan,
    tables: &Tables,
    needs: &[BTreeSet<(usize, Interval)>],
    known: &[Option<Settled>],
    entries: u32,
) -> Groups {
    let mut types: Vec<ScalarType> = Vec::new();
    let mut found: BTreeMap<(usize, Interval), Vec<u32>> = BTreeMap::new();
    let mut followed: BTreeMap<usize, BTreeSet<Interval>> = BTreeMap::new();
    let mut all: BTreeMap<Arc<[u8]>, u32> = BTreeMap::new();
    for (period, needs) in needs.iter().enumerate() {
        let settled = known.get(period).and_then(Option::as_ref);
        settled.iter().flat_map(|s| s.groups.keys()).for_each(|by| _ = all.insert(Arc::clone(by), NOBODY));
        for (measure, interval) in needs {
            let Some(planned) = plan.measures.get(*measure) else { continue };
            if planned.measure.branches.iter().all(|b| b.by.is_empty()) {
                continue;
            }
            for branch in &planned.measure.branches {
                types.resize(branch.by.len(), ScalarType::Null);
                for (ty, expr) in types.iter_mut().zip(&branch.by) {
                    *ty = expr.ty;
                }
            }
            if settled.is_some() {
                continue;
            }
            if tables.trails.contains_key(measure) {
                followed.entry(*measure).or_default().insert(*interval);
                continue;
            }
            found.entry((*measure, *interval)).or_insert_with(|| {
                let number = plan.timelines.get(planned.timeline).and_then(|t| t.number(interval));
                let table = tables.measures.get(*measure).zip(number);
                table.map_or_else(Vec::new, |(table, number)| table.groups_in(number))
            });
        }
    }
    for (measure, intervals) in followed {
        let spans: Vec<(i64, i64)> = intervals.iter().map(|i| (plan::micros(i.start), plan::micros(i.end))).collect();
        let groups = tables.trails.get(&measure).map(|trail| trail.groups_in(entries, &spans)).unwrap_or_default();
        let groups = groups.into_iter().map(|groups| groups.into_iter().collect());
        found.extend(intervals.into_iter().map(|interval| (measure, interval)).zip(groups));
    }
    let ids: BTreeSet<u32> = found.values().flatten().copied().collect();
    all.extend(ids.iter().map(|id| (Arc::from(tables.by_bytes(*id)), *id)));
    // What only periods that are known have need not be without rows elsewhere: some of their rows may have been read.
    for (bytes, id) in all.iter_mut().filter(|(_, id)| **id == NOBODY) {
        *id = tables.by_id(bytes).unwrap_or(NOBODY);
    }
    let few = all.len() <= settled::MOST;
    let wanted = |period: usize| few && known.get(period).is_some_and(Option::is_none);
    let in_period = |needs: &BTreeSet<(usize, Interval)>| {
        needs.iter().filter_map(|need| found.get(need)).flatten().copied().collect::<BTreeSet<u32>>()
    };
    let by_period = needs.iter().enumerate().map(|(at, needs)| wanted(at).then(|| in_period(needs))).collect();
    let groups = all.into_iter().map(|(bytes, id)| {
        let values = by_values(&bytes).into_iter().zip(&types).map(|(v, ty)| coerce(v, *ty)).collect();
        Group { id, bytes, values }
    });
    let mut all: Vec<Group> = groups.collect();
    all.sort_by(|a, b| a.values.cmp(&b.values));
    Groups { all, by_period }
}
