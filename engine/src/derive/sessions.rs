//! Sessions: an actor's rows without a pause between them, or those of one id.

use kepi_lang::calendar::{Grain, Length};
use kepi_lang::ir::Sessions;

use crate::derive::Making;
use crate::derive::collect::NOTHING;
use crate::derive::order::{Item, Periods};
use crate::derive::rows::Made;

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
    pub(super) fn sessions(&self, rule: &Sessions, out: &mut Made) {
        let days = || rule.split.then(|| Periods::new(self.calendar, Grain::Day));
        // A pause of just the length is one, if that is said: a microsecond less is not.
        let gap = rule.gap.map(|gap| micros(gap) - i64::from(rule.or_more));
        let closes = gap.unwrap_or(micros(Sessions::TIMEOUT));
        let mut cut = Cut { gap: gap.unwrap_or(i64::MAX), max: micros(rule.max), days: days(), closes };
        let mut whole = Cut { gap: i64::MAX, max: i64::MAX, days: days(), closes };
        let mut named: Vec<Item> = Vec::new();
        let mut unnamed: Vec<Item> = Vec::new();
        for (actor, rows) in self.shard.each() {
            if !rule.by_id {
                self.cut(actor, rows, &mut cut, out);
                continue;
            }
            let has_id = |row: &Item| self.rows.also(row) != NOTHING;
            named.clear();
            named.extend(rows.iter().filter(|row| has_id(row)));
            // Stable: the rows of one id stay in order of time.
            named.sort_by_key(|row| self.rows.also(row));
            for session in named.chunk_by(|a, b| self.rows.also(a) == self.rows.also(b)) {
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
    fn cut(&self, actor: u32, rows: &[Item], cut: &mut Cut<'_>, out: &mut Made) {
        let mut rows = rows.iter();
        let Some(mut first) = rows.next() else { return };
        let mut until = cut.days.as_mut().map_or(i64::MAX, |days| days.end(first.time));
        let (mut last, mut events) = (first, 1i64);
        for row in rows {
            if row.time - last.time > cut.gap || row.time - first.time > cut.max || row.time >= until {
                out.session(actor, (first, last), events);
                self.may_go_on((first.time, last.time), until, cut, out);
                (first, events) = (row, 0);
                until = cut.days.as_mut().map_or(i64::MAX, |days| days.end(first.time));
            }
            last = row;
            events += 1;
        }
        out.session(actor, (first, last), events);
        self.may_go_on((first.time, last.time), until, cut, out);
    }

    /// Notes a session that a row may belong to which is not known yet.
    fn may_go_on(&self, (start, end): (i64, i64), until: i64, cut: &Cut<'_>, out: &mut Made) {
        let next = self.known_to;
        if next - end <= cut.closes && next - start <= cut.max && next < until {
            out.open.push(start);
        }
    }
}
