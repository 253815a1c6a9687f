//! Conversions: how far each entry of an actor gets.

use std::collections::BTreeMap;

use kepi_lang::ir::{Conversion, Entry, Order};

use crate::collect::journeys::Clock;
use crate::collect::journeys::spans::Spans;
use crate::collect::trails::{Shard, Step, Trail};
use crate::operators::trail::NOTHING;

/// What became of the entries of a span.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// Actors (or entries) that have reached each step.
    pub users: Vec<u64>,
    /// Those that may still get further.
    pub open: u64,
    /// Microseconds from the step before, by step from 0, whose list is empty.
    pub gaps: Vec<Vec<i64>>,
    /// Microseconds from the first step to the last.
    pub whole: Vec<i64>,
}

impl Counts {
    fn add(&mut self, steps: usize, times: &[i64], timed: bool) {
        self.users.resize(steps, 0);
        for users in self.users.iter_mut().take(times.len()) {
            *users += 1;
        }
        if !timed {
            return;
        }
        self.gaps.resize(steps, Vec::new());
        for (gaps, pair) in self.gaps.iter_mut().skip(1).zip(times.windows(2)) {
            if let [before, now] = pair {
                gaps.push(now - before);
            }
        }
        if let (Some(first), Some(last), true) = (times.first(), times.last(), times.len() == steps) {
            self.whole.push(last - first);
        }
    }

    /// And those of other actors.
    fn more(&mut self, mut other: Self) {
        self.users.resize(self.users.len().max(other.users.len()), 0);
        self.gaps.resize(self.gaps.len().max(other.gaps.len()), Vec::new());
        self.users.iter_mut().zip(&other.users).for_each(|(a, b)| *a += b);
        self.gaps.iter_mut().zip(&mut other.gaps).for_each(|(a, b)| a.append(b));
        self.whole.append(&mut other.whole);
        self.open += other.open;
    }
}

/// By value of the breakdown.
pub(super) type Groups = BTreeMap<u32, Counts>;

pub(super) struct Funnel<'a> {
    pub spec: &'a Conversion,
    pub clock: &'a Clock<'a>,
    pub trail: &'a Trail,
    /// Whether it counts how long it takes.
    pub timed: bool,
}

/// What an actor has tried, over and over.
#[derive(Default)]
struct Tries {
    now: Attempt,
    best: Attempt,
}

/// How far one entry gets.
#[derive(Debug, Default)]
struct Attempt {
    times: Vec<i64>,
    /// The breakdown's value at the entry.
    by: u32,
    open: bool,
    tainted: bool,
}

impl Attempt {
    fn clear(&mut self) {
        self.times.clear();
        (self.by, self.open, self.tainted) = (0, false, false);
    }
}

/// The rows of one instant.
fn together(rows: &[Step], from: usize) -> &[Step] {
    let rest = rows.get(from..).unwrap_or_default();
    let time = rest.first().map(|row| row.time);
    let same = rest.iter().take_while(|row| Some(row.time) == time).count();
    rest.get(..same).unwrap_or_default()
}

impl Funnel<'_> {
    /// Of the entries of each span.
    pub(super) fn counts(&self, spans: &Spans) -> Vec<Groups> {
        let mut all = vec![Groups::new(); spans.len()];
        for of_shard in self.trail.each(|shard| self.shard(shard, spans)) {
            for (all, groups) in all.iter_mut().zip(of_shard) {
                groups.into_iter().for_each(|(by, counts)| all.entry(by).or_default().more(counts));
            }
        }
        all
    }

    fn shard(&self, shard: &Shard, spans: &Spans) -> Vec<Groups> {
        let mut all = vec![Groups::new(); spans.len()];
        let mut tries = Tries::default();
        let mut held = Vec::new();
        let kept = |row: &Step| self.trail.kept(row);
        for rows in shard.actors() {
            if !self.spec.same {
                spans.each(rows, |place, from| {
                    let span = spans.bounds.get(place).zip(all.get_mut(place));
                    span.into_iter().for_each(|(span, groups)| self.actor(&[rows], from, *span, &mut tries, groups));
                });
                continue;
            }
            held.clear();
            let known = rows.iter().filter(|r| kept(r) != NOTHING && !self.trail.value(r).is_null());
            held.extend(known.copied());
            held.sort_by_key(kept);
            let parts: Vec<&[Step]> = held.chunk_by(|a, b| kept(a) == kept(b)).collect();
            spans.each(rows, |place, _| {
                let span = spans.bounds.get(place).zip(all.get_mut(place));
                span.into_iter().for_each(|(span, groups)| self.actor(&parts, 0, *span, &mut tries, groups));
            });
        }
        all
    }

    fn steps(&self) -> usize {
        self.spec.steps as usize
    }

    /// The sets that an entry belongs to.
    fn entry_mask(&self) -> u32 {
        if self.spec.order == Order::Any { (1 << self.spec.steps) - 1 } else { 1 }
    }

    /// Counts an actor's entries in a span. `from`: of its only part, the first row that may be in the span.
    fn actor(
        &self,
        parts: &[&[Step]],
        from: usize,
        span: (i64, i64),
        Tries { now: attempt, best }: &mut Tries,
        counts: &mut Groups,
    ) {
        let (steps, mask) = (self.steps(), self.entry_mask());
        let mut has_best = false;
        let (mut open, mut by) = (false, None);
        let mut furthest_tainted = 0;
        for rows in parts {
            let mut at = if parts.len() == 1 { from } else { 0 };
            if rows.get(at).is_some_and(|r| r.time < span.0) {
                at += rows.get(at..).unwrap_or_default().partition_point(|r| r.time < span.0);
            }
            while let Some(first) = rows.get(at).filter(|r| r.time < span.1) {
                let start = at;
                let group = together(rows, at);
                at += group.len();
                let end = at;
                let entries = group.iter().filter(|r| r.tags & mask != 0).count();
                if entries == 0 {
                    continue;
                }
                let closes = self.clock.after(first.time, self.spec.within);
                let is_open = closes >= self.clock.known_to && closes != i64::MAX;
                if is_open && self.spec.mature_only {
                    let value = group.iter().find(|r| r.tags & mask != 0).map_or(0, |r| self.trail.by(r));
                    (open, by) = (true, by.or(Some(value)));
                    if self.spec.entry == Entry::Each {
                        counts.entry(value).or_default().open += entries as u64;
                    }
                    if self.spec.entry == Entry::First {
                        break;
                    }
                    continue;
                }
                let limit = match self.spec.entry {
                    Entry::Each => rows.iter().skip(end).find(|r| r.tags & mask != 0).map_or(i64::MAX, |r| r.time),
                    _ => i64::MAX,
                };
                match self.spec.order {
                    Order::Any => self.any_order(rows, start, closes, limit, attempt),
                    _ => self.in_order(rows, start, closes, limit, attempt),
                }
                let done = attempt.times.len() == steps;
                attempt.open = is_open && !done;
                if self.spec.entry == Entry::Each {
                    let all = counts.entry(attempt.by).or_default();
                    if !attempt.tainted {
                        all.add(steps, &attempt.times, self.timed);
                        (1..entries).for_each(|_| all.add(steps, &[first.time], self.timed));
                        all.open += u64::from(attempt.open);
                    }
                    continue;
                }
                open |= attempt.open;
                by = by.or(Some(attempt.by));
                if attempt.tainted {
                    furthest_tainted = furthest_tainted.max(attempt.times.len());
                } else if !has_best || self.beats(attempt, best) {
                    std::mem::swap(attempt, best);
                    has_best = true;
                }
                let settled = done && self.spec.entry == Entry::Best && parts.len() == 1;
                if self.spec.entry == Entry::First || (settled && has_best && best.times.len() == steps) {
                    break;
                }
            }
        }
        if self.spec.entry == Entry::Each {
            return;
        }
        if has_best && !(self.spec.exclude_actors && furthest_tainted > best.times.len()) {
            let counts = counts.entry(best.by).or_default();
            counts.add(steps, &best.times, self.timed);
            counts.open += u64::from(open && best.times.len() < steps);
        } else if let (true, Some(by)) = (open, by) {
            counts.entry(by).or_default().open += 1;
        }
    }

    fn beats(&self, new: &Attempt, known: &Attempt) -> bool {
        let key = |a: &Attempt| (a.times.len(), std::cmp::Reverse(a.times.last().copied()));
        match self.spec.entry {
            Entry::Latest => key(new) >= key(known),
            // Of several values that are held, the earliest entry.
            _ => {
                (new.times.len(), std::cmp::Reverse(new.times.first()))
                    > (known.times.len(), std::cmp::Reverse(known.times.first()))
            }
        }
    }

    /// Whether a row is one that may not come after `reached` steps.
    fn excluded(&self, row: &Step, reached: usize) -> bool {
        let after = reached.checked_sub(1);
        self.spec.exclusions.iter().any(|x| row.tags & (1 << x.set) != 0 && Some(x.after as usize) == after)
    }

    fn in_order(&self, rows: &[Step], start: usize, closes: i64, limit: i64, attempt: &mut Attempt) {
        let steps = self.steps();
        attempt.clear();
        let mut at = start;
        while let Some(first) = rows.get(at) {
            let time = first.time;
            if time > closes || (time >= limit && at > start) || attempt.times.len() == steps {
                break;
            }
            let group = together(rows, at);
            at += group.len();
            let reached = attempt.times.len();
            if !attempt.tainted && group.iter().any(|r| self.excluded(r, reached)) {
                attempt.tainted = true;
                if !self.spec.exclude_actors {
                    break;
                }
            }
            let most = if self.spec.increasing { 1 } else { steps - reached };
            let (more, entry) = extension(group, reached, most);
            if reached == 0 {
                attempt.by = entry.map_or(0, |r| self.trail.by(r));
            }
            attempt.times.extend(std::iter::repeat_n(time, more));
            if more > 0 {
                // A step that stands there more often than it is taken; of the first step a repeat is an entry of its own.
                let reached_now = (1u32 << (reached + more)) - 1;
                let repeatable = if reached == 0 { reached_now & !1 } else { reached_now };
                if self.spec.no_repeats && group.iter().filter(|r| r.tags & repeatable != 0).count() > more {
                    break;
                }
                continue;
            }
            let earlier = (1u32 << reached) - 1;
            if self.spec.no_repeats && group.iter().any(|r| r.tags & earlier != 0) {
                break;
            }
            if self.spec.order == Order::Strict {
                let here = 1u32 << reached.saturating_sub(1);
                let fine = if self.spec.ignore_repeats { earlier } else { here };
                if group.iter().any(|r| r.tags & fine == 0) {
                    break;
                }
            }
        }
    }

    fn any_order(&self, rows: &[Step], start: usize, closes: i64, limit: i64, attempt: &mut Attempt) {
        let steps = self.steps();
        attempt.clear();
        let mask = self.entry_mask();
        let mut owners: Vec<Option<usize>> = vec![None; steps];
        for (number, row) in rows.iter().enumerate().skip(start) {
            if row.time > closes || row.time >= limit && number > start || attempt.times.len() == steps {
                break;
            }
            let began = attempt.times.first().copied();
            if began.is_some_and(|t| row.time > t) && self.excluded_anywhere(row) {
                attempt.tainted = true;
                break;
            }
            let tags = |row: usize| rows.get(row).map_or(0, |r| r.tags & mask);
            if tags(number) != 0 && place(number, &tags, &mut owners, &mut vec![false; steps]) {
                if attempt.times.is_empty() {
                    attempt.by = self.trail.by(row);
                }
                attempt.times.push(row.time);
            }
        }
    }

    fn excluded_anywhere(&self, row: &Step) -> bool {
        self.spec.exclusions.iter().any(|x| row.tags & (1 << x.set) != 0)
    }
}

/// Gives a row a step of its own, moving others if that helps.
fn place(row: usize, tags: &impl Fn(usize) -> u32, owners: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for step in 0..owners.len() {
        if tags(row) & (1 << step) == 0 || tried.get(step).copied().unwrap_or(true) {
            continue;
        }
        if let Some(tried) = tried.get_mut(step) {
            *tried = true;
        }
        let owner = owners.get(step).copied().flatten();
        if owner.is_none_or(|other| place(other, tags, owners, tried)) {
            if let Some(slot) = owners.get_mut(step) {
                *slot = Some(row);
            }
            return true;
        }
    }
    false
}

/// How many of the next steps rows of one instant can fill, each row one of them; and the row that fills the first.
fn extension(group: &[Step], reached: usize, most: usize) -> (usize, Option<&Step>) {
    if let [row] = group {
        let fits = most > 0 && row.tags & (1 << reached) != 0;
        return (usize::from(fits), fits.then_some(row));
    }
    // The row of each step; a step looks for a row, and moves other steps if that helps.
    let mut rows: Vec<Option<usize>> = vec![None; group.len()];
    let mut filled = 0;
    while filled < most && seat(reached + filled, group, &mut rows, &mut vec![false; group.len()]) {
        filled += 1;
    }
    let first = rows.iter().position(|step| *step == Some(reached)).and_then(|row| group.get(row));
    (filled, first)
}

fn seat(step: usize, group: &[Step], rows: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for (number, row) in group.iter().enumerate() {
        if row.tags & (1 << step) == 0 || tried.get(number).copied().unwrap_or(true) {
            continue;
        }
        if let Some(tried) = tried.get_mut(number) {
            *tried = true;
        }
        let other = rows.get(number).copied().flatten();
        if other.is_none_or(|other| seat(other, group, rows, tried)) {
            if let Some(slot) = rows.get_mut(number) {
                *slot = Some(step);
            }
            return true;
        }
    }
    false
}
