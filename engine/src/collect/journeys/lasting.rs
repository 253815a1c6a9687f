//! Spans of actors: who is there at an instant, and who no longer.

use std::collections::{BTreeMap, BTreeSet};

use kepi_lang::calendar::{Length, Window};

use crate::collect::journeys::Clock;
use crate::collect::journeys::returns::{self, Share, Shares};
use crate::collect::trails::{Step, Trail};

const COUNTS: u32 = 1;
const KEEPS: u32 = 2;

pub(super) struct Lasting<'a> {
    pub trail: &'a Trail,
    pub clock: &'a Clock<'a>,
    /// How long a span that has ended goes on.
    pub after: Option<Length>,
}

impl Lasting<'_> {
    /// Whether a span was there right before an instant.
    fn at(&self, step: &Step, instant: i64) -> bool {
        let until = self.trail.until(step);
        let until = match self.after {
            Some(grace) if until != i64::MAX => self.clock.after(until, Window::Trailing(grace)),
            _ => until,
        };
        step.time < instant && until >= instant
    }

    /// Of the actors there at the start, by each value of the breakdown that a span of theirs has then: those that are not at
    /// the end. Who has spans of two values counts in both, and once as a whole.
    pub(super) fn churn(&self, spans: &[(i64, i64)]) -> Vec<Shares> {
        let none = || vec![Shares { groups: BTreeMap::new(), total: Some(Share::default()) }; spans.len()];
        let all = self.trail.each(|shard| {
            let mut found = none();
            for rows in shard.actors() {
                for (found, span) in found.iter_mut().zip(spans) {
                    self.actor(rows, *span, found);
                }
            }
            found
        });
        all.into_iter().fold(none(), returns::both)
    }

    fn actor(&self, rows: &[Step], (start, end): (i64, i64), found: &mut Shares) {
        let there = rows.iter().filter(|r| r.tags & COUNTS != 0 && self.at(r, start));
        let groups: BTreeSet<u32> = there.map(|r| self.trail.by(r)).collect();
        if groups.is_empty() {
            return;
        }
        let gone = !rows.iter().any(|r| r.tags & KEEPS != 0 && self.at(r, end));
        let one = Share { of: 1, yes: u64::from(gone), open: 0 };
        found.total = found.total.map(|total| total + one);
        for by in groups {
            let share = found.groups.entry(by).or_default();
            *share = *share + one;
        }
    }
}
