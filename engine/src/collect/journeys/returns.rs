//! Retention, lifecycle, churn: who comes back, and who does not.

use std::collections::BTreeMap;

use kepi_lang::calendar::{Grain, Interval};
use kepi_lang::ir::{Bucket, Lifecycle, Retention};

use crate::collect::evaluate::Failure;
use crate::collect::journeys::Clock;
use crate::collect::trails::{Step, Trail};
use crate::operators::trail::NOTHING;
use crate::plan::micros;

/// Members, those who come back, and those of whom it is not known yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    pub of: u64,
    pub yes: u64,
    pub open: u64,
}

impl std::ops::Add for Share {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { of: self.of + other.of, yes: self.yes + other.yes, open: self.open + other.open }
    }
}

/// By value of the breakdown, and as a whole where that is not their sum.
#[derive(Clone, Debug, Default)]
pub(super) struct Shares {
    pub groups: BTreeMap<u32, Share>,
    pub total: Option<Share>,
}

const START: u32 = 1;
const BACK: u32 = 2;

/// Civil periods by number.
struct Buckets {
    bounds: Vec<i64>,
}

impl Buckets {
    fn new(clock: &Clock<'_>, grain: Grain, (from, to): (i64, i64), ahead: u32) -> Result<Self, Failure> {
        let end = clock.offset_end(to, grain, ahead);
        let interval = Interval { start: clock.stamp(from), end };
        let periods = clock.calendar.periods(interval, grain).map_err(Failure::Calendar)?;
        let mut bounds: Vec<i64> = periods.iter().map(|p| micros(p.interval.start)).collect();
        bounds.extend(periods.last().map(|p| micros(p.interval.end)));
        Ok(Self { bounds })
    }

    fn of(&self, time: i64) -> usize {
        self.bounds.partition_point(|b| *b <= time).saturating_sub(1)
    }

    fn end(&self, bucket: usize) -> i64 {
        self.bounds.get(bucket + 1).copied().unwrap_or(i64::MAX)
    }
}

/// What became of a member in a bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    counts: bool,
    back: bool,
    open: bool,
}

impl Cell {
    fn or(self, other: Self) -> Self {
        Self { counts: self.counts || other.counts, back: self.back || other.back, open: self.open || other.open }
    }

    fn share(self) -> Share {
        Share { of: u64::from(self.counts), yes: u64::from(self.counts && self.back), open: u64::from(self.open) }
    }
}

struct Returns<'a> {
    spec: &'a Retention,
    clock: &'a Clock<'a>,
    trail: &'a Trail,
    /// Civil periods.
    civil: Buckets,
}

impl Returns<'_> {
    /// Who enters in a span: the first start ever, or the first of each period; where a value is held, of each value.
    fn members<'t>(&self, rows: &'t [Step], span: (i64, i64), members: &mut Vec<&'t Step>) {
        members.clear();
        let held = |r: &&Step| !self.spec.same || (r.kept != NOTHING && !self.trail.value(r.kept).is_null());
        let started = rows.iter().filter(|r| r.tags & START != 0).filter(held);
        let inside = |r: &&Step| r.time >= span.0 && r.time < span.1;
        if !self.spec.recurring {
            members.extend(started.take(1).filter(inside));
            return;
        }
        let mut bucket = None;
        let mut first = 0;
        for row in started.filter(inside) {
            let own = self.civil.of(row.time);
            if bucket.replace(own) != Some(own) {
                first = members.len();
            }
            let here = members.get(first..).unwrap_or_default();
            if !here.iter().any(|m| !self.spec.same || m.kept == row.kept) {
                members.push(row);
            }
        }
    }

    /// The offset of a return.
    fn offset(&self, member: &Step, back: &Step) -> i64 {
        match self.spec.rolling {
            true => (back.time - member.time).div_euclid(width(self.spec.grain)),
            false => self.civil.of(back.time) as i64 - self.civil.of(member.time) as i64,
        }
    }

    fn ends(&self, member: &Step, last: u32) -> i64 {
        match self.spec.rolling {
            true => member.time.saturating_add(width(self.spec.grain).saturating_mul(i64::from(last) + 1)),
            false => self.civil.end(self.civil.of(member.time) + last as usize),
        }
    }

    /// By bucket.
    fn cells(&self, rows: &[Step], member: &Step) -> Vec<Cell> {
        let back = rows.iter().filter(|r| r.tags & BACK != 0 && (!self.spec.same || r.kept == member.kept));
        // The offsets of the returns, ascending, each with how many there are.
        let mut returns: Vec<(i64, u32)> = Vec::new();
        for offset in back.map(|r| self.offset(member, r)).filter(|offset| *offset >= 0) {
            match returns.last_mut() {
                Some((known, count)) if *known == offset => *count += 1,
                _ => returns.push((offset, 1)),
            }
        }
        let cell = |bucket: &Bucket| {
            let open = self.ends(member, bucket.to) > self.clock.known_to;
            let inside =
                |at: i64| at >= i64::from(bucket.from) && (self.spec.on_or_after || at <= i64::from(bucket.to));
            let enough: u32 = returns.iter().filter(|(at, _)| inside(*at)).map(|(_, n)| n).sum();
            // The period of the start is the cohort itself.
            let back = bucket.from == 0 || enough >= self.spec.at_least;
            Cell { counts: !(open && self.spec.mature_only), back, open }
        };
        self.spec.buckets.iter().map(cell).collect()
    }
}

/// By bucket.
pub(super) fn retention(
    spec: &Retention,
    clock: &Clock<'_>,
    trail: &Trail,
    span: (i64, i64),
) -> Result<Vec<Shares>, Failure> {
    let mut all = vec![Shares::default(); spec.buckets.len()];
    let Some(times) = trail.times() else { return Ok(all) };
    let ahead = if spec.rolling { 0 } else { spec.last() + 1 };
    let returns = Returns { spec, clock, trail, civil: Buckets::new(clock, spec.grain, times, ahead)? };
    let mut members: Vec<&Step> = Vec::new();
    for rows in trail.actors() {
        returns.members(rows, span, &mut members);
        if !(spec.same && spec.recurring) {
            for member in &members {
                for (shares, cell) in all.iter_mut().zip(returns.cells(rows, member)) {
                    let share = shares.groups.entry(member.by).or_default();
                    *share = *share + cell.share();
                }
            }
            continue;
        }
        // An actor that starts with several values in a period is one member as a whole, and one of each part.
        let period = |m: &&Step| returns.civil.of(m.time);
        for alike in members.chunk_by(|a, b| period(a) == period(b)) {
            let mut whole = vec![Cell::default(); spec.buckets.len()];
            let mut parts: BTreeMap<u32, Vec<Cell>> = BTreeMap::new();
            for member in alike {
                let cells = returns.cells(rows, member);
                let part = parts.entry(member.by).or_insert_with(|| whole.iter().map(|_| Cell::default()).collect());
                for known in [part, &mut whole] {
                    known.iter_mut().zip(&cells).for_each(|(known, cell)| *known = known.or(*cell));
                }
            }
            for (by, cells) in parts {
                for (shares, cell) in all.iter_mut().zip(cells) {
                    let share = shares.groups.entry(by).or_default();
                    *share = *share + cell.share();
                }
            }
            for (shares, cell) in all.iter_mut().zip(whole) {
                shares.total = Some(shares.total.unwrap_or_default() + cell.share());
            }
        }
    }
    Ok(all)
}

/// The width of a rolling bucket in microseconds; a month is 30 days.
pub(super) fn width(grain: Grain) -> i64 {
    const MINUTE: i64 = 60_000_000;
    match grain {
        Grain::Minute => MINUTE,
        Grain::Hour => 60 * MINUTE,
        Grain::Day => 24 * 60 * MINUTE,
        Grain::Week => 7 * 24 * 60 * MINUTE,
        Grain::Month | Grain::Quarter | Grain::Year => 30 * 24 * 60 * MINUTE,
    }
}

/// Actors by value of the breakdown.
pub(super) fn lifecycle(state: Lifecycle, trail: &Trail, now: (i64, i64), before: (i64, i64)) -> BTreeMap<u32, Share> {
    let mut found: BTreeMap<u32, Share> = BTreeMap::new();
    for rows in trail.actors() {
        let inside = |(from, to): (i64, i64)| {
            let (a, b) = (rows.partition_point(|r| r.time < from), rows.partition_point(|r| r.time < to));
            rows.get(a..b).unwrap_or_default()
        };
        let (here, there) = (inside(now), inside(before));
        let ever = rows.first().is_some_and(|r| r.time < now.0);
        let row = match state {
            Lifecycle::New => here.first().filter(|_| !ever),
            Lifecycle::Returning => here.first().filter(|_| !there.is_empty()),
            Lifecycle::Resurrected => here.first().filter(|_| ever && there.is_empty()),
            Lifecycle::Dormant => there.last().filter(|_| here.is_empty()),
        };
        if let Some(row) = row {
            found.entry(row.by).or_default().yes += 1;
        }
    }
    found
}

/// Of the actors there in `base`, those that were not in `since`, which follows it.
pub(super) fn churn(trail: &Trail, base: (i64, i64), since: (i64, i64)) -> BTreeMap<u32, Share> {
    let mut found: BTreeMap<u32, Share> = BTreeMap::new();
    for rows in trail.actors() {
        let before = rows.iter().rev().find(|r| r.time < base.1).filter(|r| r.time >= base.0);
        let Some(last) = before else { continue };
        let share = found.entry(last.by).or_default();
        share.of += 1;
        share.yes += u64::from(!rows.iter().any(|r| r.time >= since.0 && r.time < since.1));
    }
    found
}
