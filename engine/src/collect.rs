//! From merged state to answers: the value of each measure for each span and group, then the expressions over them.

mod column;
mod evaluate;
mod journeys;
mod keyed;
mod statistic;
pub(crate) mod table;
mod trails;
pub(crate) mod value;
mod windows;

use std::collections::BTreeSet;

use jiff::Timestamp;
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{Ask, Program, Question, ScalarType, SourceId};
use kepi_lang::results::{Answer, AnswerRow, Extent};
use kepi_lang::value::Value;

use crate::parallel::parallel;
use crate::plan::Plan;
use crate::plan::time::{Span, Times};
use evaluate::{At, Evaluation};
use table::{ROOT, Tables};
use value::coerce;

/// The answers to all asks, in order.
pub(crate) fn answers(
    program: &Program,
    question: &Question,
    extents: &[Extent],
    plan: &Plan,
    tables: &Tables,
    threads: usize,
) -> Result<Vec<Answer>, Vec<Diagnostic>> {
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
        let groups = match plan.asks.get(number) {
            Some(needs) if ask.by.len() > usize::from(ask.expr.cells().is_some()) => {
                seen(plan, tables, needs, ask.expr.entry_sets())
            }
            _ => vec![(ROOT, Vec::new())],
        };
        answer(program, question, extents, evaluation, ask, &groups)
    };
    let asks: Vec<(usize, &Ask)> = question.asks.iter().enumerate().collect();
    let each = if tables.trails.is_empty() {
        parallel(asks, threads, |(number, ask)| one(&evaluation(), number, ask))
    } else {
        // Journeys that were followed for one ask are known to the next.
        let evaluation = evaluation();
        asks.into_iter().map(|(number, ask)| one(&evaluation, number, ask)).collect()
    };
    let (mut findings, mut answers) = (Vec::new(), Vec::new());
    for answer in each {
        match answer {
            Ok(answer) => answers.push(answer),
            Err(finding) => findings.push(finding),
        }
    }
    if findings.is_empty() { Ok(answers) } else { Err(findings) }
}

fn answer(
    program: &Program,
    question: &Question,
    extents: &[Extent],
    evaluation: &Evaluation<'_>,
    ask: &Ask,
    groups: &[(u32, Vec<Value>)],
) -> Result<Answer, Diagnostic> {
    let complete_to = complete_to(program, question, extents, &ask.expr.sources());
    // A table has a row for each offset.
    let cells = ask.expr.cells();
    let offsets = cells.map_or(0..=0, |(_, from, to)| from..=to);
    let mut answer = Answer::default();
    for (index, period) in ask.periods.iter().enumerate() {
        let complete = complete_to.is_none_or(|to| period.interval.end <= to);
        let span = Span { interval: period.interval, grain: period.grain };
        for (id, by) in groups {
            for (cell, offset) in (0u32..).zip(offsets.clone()) {
                let at = At { span, by: *id, keys: &[], member: 0, cell };
                let value = evaluation.value(&ask.expr, at).map_err(|e| e.finding(&ask.name, &period.label))?;
                let open = evaluation.take_open();
                let by = by.iter().cloned().chain(cells.map(|_| Value::Int(i128::from(offset)))).collect();
                let complete = complete && !open.waiting;
                let open = open.waiting.then_some(open.entries);
                answer.rows.push(AnswerRow { period: index, by, value, complete, open });
            }
        }
    }
    Ok(answer)
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

/// The breakdown's values that occur in any span of the ask, in order.
fn seen(
    plan: &Plan,
    tables: &Tables,
    needs: &BTreeSet<(usize, kepi_lang::calendar::Interval)>,
    entries: u32,
) -> Vec<(u32, Vec<Value>)> {
    let mut found: BTreeSet<u32> = BTreeSet::new();
    let mut types: Vec<ScalarType> = Vec::new();
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
        if let Some(trail) = tables.trails.get(measure) {
            found.extend(
                trail.groups_in(entries, (crate::plan::micros(interval.start), crate::plan::micros(interval.end))),
            );
            continue;
        }
        let number = plan.timelines.get(planned.timeline).and_then(|t| t.number(interval));
        if let (Some(table), Some(number)) = (tables.measures.get(*measure), number) {
            found.extend(table.groups_in(number));
        }
    }
    let values = |id| tables.by_values(id).into_iter().zip(&types).map(|(v, ty)| coerce(v, *ty)).collect();
    let mut groups: Vec<(u32, Vec<Value>)> = found.into_iter().map(|id| (id, values(id))).collect();
    groups.sort_by(|a, b| a.1.cmp(&b.1));
    groups
}
