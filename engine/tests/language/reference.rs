//! The reference: what a program means, evaluated row by row from its tables as `ir.rs` and `language-semantics.md` say it.
//!
//! It shares nothing with the engine but the program, the calendar and the values. Every measure looks at every row, for
//! each interval, breakdown value and key anew.

mod cleaning;
mod ledger;
mod lookups;
mod metrics;
mod numbers;
mod reading;
mod rows;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kepi_lang::calendar::Interval;
use kepi_lang::ir::{Ask, Measure, Program, Question, SourceId};
use kepi_lang::results::{Answer, AnswerRow, Extent, Ledger, LookupUse};
use kepi_lang::value::Value;

use crate::data::Data;
use cleaning::Cleaned;
use metrics::At;

/// Why there is no answer: a number that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// What the reference says to a question.
#[derive(Clone, Debug)]
pub struct Answers {
    pub answers: Vec<Answer>,
    pub ledgers: Vec<Ledger>,
    pub lookups: Vec<LookupUse>,
    /// Of the lookups' links those that a source's own condition looks through: of rows that need not all be read.
    pub in_scope: BTreeSet<String>,
}

/// A program, its tables, and the question at hand.
pub struct Reference<'a> {
    program: &'a Program,
    data: &'a Data,
    question: &'a Question,
    /// By source: the rows that have a time, are in scope, and are no copies.
    cleaned: Vec<Cleaned<'a>>,
    extents: Vec<Extent>,
    memo: metrics::Memo,
}

/// Answers a question.
pub fn answer(program: &Program, data: &Data, question: &Question) -> Result<Answers, TooLarge> {
    let data = &lookups::standing(program, data)?;
    let (mut cleaned, mut extents) = (Vec::new(), Vec::new());
    for (source, table) in program.sources.iter().zip(&data.sources) {
        let clean = cleaning::clean(program, data, source, table)?;
        extents.push(clean.extent);
        cleaned.push(clean);
    }
    let reference = Reference { program, data, question, cleaned, extents, memo: metrics::Memo::default() };
    let answers = question.asks.iter().map(|ask| reference.answer(ask)).collect::<Result<_, _>>()?;
    let (ledgers, lookups, in_scope) = reference.ledgers()?;
    Ok(Answers { answers, ledgers, lookups, in_scope })
}

impl Reference<'_> {
    fn answer(&self, ask: &Ask) -> Result<Answer, TooLarge> {
        let groups = if ask.by.is_empty() { BTreeSet::from([Vec::new()]) } else { self.seen(ask)? };
        let mut rows = Vec::new();
        for (number, period) in ask.periods.iter().enumerate() {
            for by in &groups {
                let at = At { interval: period.interval, grain: period.grain, by: Some(by.clone()), keys: Vec::new() };
                rows.push(AnswerRow {
                    period: number,
                    by: by.clone(),
                    value: self.value(&ask.expr, &at)?,
                    complete: self.is_complete(&ask.expr.sources(), period.interval),
                    open: None,
                });
            }
        }
        Ok(Answer { rows })
    }

    /// The values of the breakdown that occur in any interval that the expression reads.
    fn seen(&self, ask: &Ask) -> Result<BTreeSet<Vec<Value>>, TooLarge> {
        let mut seen = BTreeSet::new();
        for (measure, interval) in self.needs(ask) {
            for branch in measure.branches.iter().filter(|b| !b.by.is_empty()) {
                for taken in self.taken(branch)?.iter().filter(|t| self.lies_in(t, interval)) {
                    seen.insert(taken.by.clone());
                }
            }
        }
        Ok(seen)
    }

    /// The measures that an ask reads, each with an interval that it is read for.
    fn needs(&self, ask: &Ask) -> Vec<(Arc<Measure>, Interval)> {
        let (mut needs, mut known) = (Vec::new(), BTreeSet::new());
        for period in &ask.periods {
            self.walk(&ask.expr, period.interval, period.grain, &mut |measure, interval| {
                if known.insert((Arc::as_ptr(measure), interval)) {
                    needs.push((Arc::clone(measure), interval));
                }
            });
        }
        needs
    }

    /// Every source that is read is complete up to the end.
    fn is_complete(&self, sources: &BTreeSet<SourceId>, interval: Interval) -> bool {
        sources.iter().filter_map(|id| self.complete_until(*id)).all(|until| interval.end <= until)
    }

    /// `--as-of` and the manifest's `as_of` say it for all sources, `complete_until` for one, else its latest event does:
    /// times are read to the microsecond, so the next one is not seen yet. `None`: a source without time.
    fn complete_until(&self, id: SourceId) -> Option<Timestamp> {
        let source = &self.program.sources[id.0 as usize];
        source.time?;
        if self.question.as_of_given || self.program.settings.as_of.is_some() {
            return Some(self.question.as_of);
        }
        let calendar = &self.program.settings.calendar;
        let seen = self.extents[id.0 as usize].last.map(|t| match source.delivered_daily {
            true => calendar.date_start(calendar.date_of(t).tomorrow().expect("a day")),
            false => t + SignedDuration::from_micros(1),
        });
        Some(source.complete_until.or(seen).unwrap_or(Timestamp::MIN))
    }
}
