//! Collecting asks: equal expressions are asked once, for all periods that anything needs.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::calendar::Period;
use crate::ir::{Ask, MetricExpr, Question};

/// Periods of one ask, in the order in which they were wanted: where to find a list of values in the results.
#[derive(Clone, Debug)]
pub struct Handle {
    pub ask: usize,
    pub periods: Vec<Period>,
}

#[derive(Default)]
pub(super) struct Asks {
    asks: Vec<Ask>,
    /// By expression and names of dimensions. Looked up only, never walked.
    known: HashMap<(MetricExpr, Vec<String>), usize>,
}

impl Asks {
    pub(super) fn want(&mut self, name: &str, expr: &MetricExpr, periods: Vec<Period>) -> Handle {
        self.want_by(name, expr, &[], periods)
    }

    pub(super) fn want_by(&mut self, name: &str, expr: &MetricExpr, by: &[String], periods: Vec<Period>) -> Handle {
        // Nothing to be asked is no ask; the handle leads nowhere.
        if periods.is_empty() {
            return Handle { ask: usize::MAX, periods };
        }
        let asks = &mut self.asks;
        let ask = *self.known.entry((expr.clone(), by.to_vec())).or_insert_with(|| {
            asks.push(Ask { name: name.to_owned(), expr: expr.clone(), by: by.to_vec(), periods: Vec::new() });
            asks.len() - 1
        });
        if let Some(ask) = self.asks.get_mut(ask) {
            ask.periods.extend(periods.iter().cloned());
        }
        Handle { ask, periods }
    }

    /// The question, every ask's periods in order and each interval once.
    pub(super) fn finish(mut self, as_of: Timestamp, as_of_given: bool) -> Question {
        for ask in &mut self.asks {
            // Of equal intervals the one that is a period of the calendar stays: `ago` moves it by whole periods.
            let key = |p: &Period| (p.interval, p.grain.is_none());
            ask.periods.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.label.cmp(&b.label)));
            ask.periods.dedup_by(|b, a| a.interval == b.interval);
        }
        Question { asks: self.asks, as_of, as_of_given, range: None }
    }
}
