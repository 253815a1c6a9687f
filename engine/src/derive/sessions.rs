//! Sessions: an actor's rows without a pause between them, or those of one id.

use kepi_lang::calendar::{Grain, Length};
use kepi_lang::ir::Sessions;

use crate::derive::Making;
use crate::derive::collect::NOTHING;
use crate::derive::order::Periods;
use crate::derive::rows::Rows;

fn micros(length: Length) -> i64 {
    length.elapsed().unwrap_or(i64::MAX).saturating_mul(1000)
}

/// What begins a new session.
struct Cut<'a> {
    /// The longest pause; rows that are told apart by an id have none.
    gap: i64,
    max: i64,
    days: Option<Periods<'a>>,
    /// After a pause of more than this no row comes any more.
    closes: i64,
}

impl Making<'_> {
    pub(super) fn sessions(&self, rule: &Sessions, out: &mut Rows) {
        let days = || rule.split.then(|| Periods::new(self.calendar, Grain::Day));
        // A pause of just the length is one, if that is said: a microsecond less is not.
        let gap = rule.gap.map(|gap| micros(gap) - i64::from(rule.or_more));
        let closes = gap.unwrap_or(micros(Sessions::TIMEOUT));
        let mut cut = Cut { gap: gap.unwrap_or(i64::MAX), max: micros(rule.max), days: days(), closes };
        let mut whole = Cut { gap: i64::MAX, max: i64::MAX, days: days(), closes };
        let mut named: Vec<u32> = Vec::new();
        let mut unnamed: Vec<u32> = Vec::new();
        for (actor, rows) in self.ordered.actors() {
            if !rule.by_id {
                self.cut(actor, rows, &mut cut, out);
                continue;
            }
            let has_id = |row: &u32| self.ordered.also(*row) != NOTHING;
            named.clear();
            named.extend(rows.iter().filter(|row| has_id(row)));
            // Stable: the rows of one id stay in order of time.
            named.sort_by_key(|row| self.ordered.also(*row));
            for session in named.chunk_by(|a, b| self.ordered.also(*a) == self.ordered.also(*b)) {
                self.cut(actor, session, &mut whole, out);
            }
            if rule.gap.is_some() {
                unnamed.clear();
                unnamed.extend(rows.iter().filter(|row| !has_id(row)));
                self.cut(actor, &unnamed, &mut cut, out);
            }
        }
    }

    /// Cuts the rows of an actor, in order of time, into sessions.
    fn cut(&self, actor: u32, rows: &[u32], cut: &mut Cut<'_>, out: &mut Rows) {
        let mut rows = rows.iter().copied();
        let Some(mut first) = rows.next() else { return };
        let mut start = self.ordered.time(first);
        let mut until = cut.days.as_mut().map_or(i64::MAX, |days| days.end(start));
        let (mut last, mut end, mut events) = (first, start, 1i64);
        for row in rows {
            let time = self.ordered.time(row);
            if time - end > cut.gap || time - start > cut.max || time >= until {
                out.session(actor, (first, last), (start, end), events);
                self.may_go_on((start, end), until, cut, out);
                (first, start, events) = (row, time, 0);
                until = cut.days.as_mut().map_or(i64::MAX, |days| days.end(start));
            }
            (last, end) = (row, time);
            events += 1;
        }
        out.session(actor, (first, last), (start, end), events);
        self.may_go_on((start, end), until, cut, out);
    }

    /// Notes a session that a row may belong to which is not known yet.
    fn may_go_on(&self, (start, end): (i64, i64), until: i64, cut: &Cut<'_>, out: &mut Rows) {
        let next = self.known_to;
        if next - end <= cut.closes && next - start <= cut.max && next < until {
            out.open.push(start);
        }
    }
}
