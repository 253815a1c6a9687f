//! Retention, lifecycle, churn: who comes back, and who does not.

use std::collections::BTreeMap;

use kepi_lang::calendar::{Grain, Interval};
use kepi_lang::ir::{Bucket, Lifecycle, Retention};

use crate::collect::evaluate::Failure;
use crate::collect::journeys::Clock;
use crate::collect::journeys::spans::Spans;
use crate::collect::trails::{Shard, Step, Trail};
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

    fn start(&self, bucket: usize) -> i64 {
        self.bounds.get(bucket).copied().unwrap_or(i64::MAX)
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
    /// Whether a row begins something.
    fn starts(&self, row: &Step) -> bool {
        let held = || self.trail.kept(row) != NOTHING && !self.trail.value(row).is_null();
        row.tags & START != 0 && (!self.spec.same || held())
    }

    /// Who enters in each period of a span: the first, and where a value is held, the first of each value.
    fn members<'t>(&self, rows: &'t [Step], until: i64, members: &mut Vec<&'t Step>) {
        members.clear();
        let (mut bucket, mut first) = (None, 0);
        for row in rows.iter().take_while(|r| r.time < until).filter(|r| self.starts(r)) {
            let own = self.civil.of(row.time);
            if bucket.replace(own) != Some(own) {
                first = members.len();
            }
            let here = members.get(first..).unwrap_or_default();
            if !here.iter().any(|m| !self.spec.same || self.trail.kept(m) == self.trail.kept(row)) {
                members.push(row);
            }
        }
    }

    /// When the periods of a bucket begin and end.
    fn bounds(&self, member: &Step, bucket: &Bucket) -> (i64, i64) {
        match self.spec.rolling {
            true => {
                let after = |offset: i64| member.time.saturating_add(width(self.spec.grain).saturating_mul(offset));
                (after(i64::from(bucket.from)), after(i64::from(bucket.to) + 1))
            }
            false => {
                let own = self.civil.of(member.time);
                (self.civil.start(own + bucket.from as usize), self.civil.end(own + bucket.to as usize))
            }
        }
    }

    /// What became of a member in a bucket.
    fn cell(&self, rows: &[Step], member: &Step, bucket: &Bucket) -> Cell {
        let (from, to) = self.bounds(member, bucket);
        let open = to > self.clock.known_to;
        // The period of the start is the cohort itself.
        let back = bucket.from == 0 || {
            let until = if self.spec.on_or_after { i64::MAX } else { to };
            let inside = rows.get(rows.partition_point(|r| r.time < from)..).unwrap_or_default();
            let inside = inside.iter().take_while(|r| r.time < until);
            let same = |r: &&Step| !self.spec.same || self.trail.kept(r) == self.trail.kept(member);
            let enough = inside.filter(|r| r.tags & BACK != 0).filter(same).take(self.spec.at_least as usize);
            enough.count() == self.spec.at_least as usize
        };
        Cell { counts: !(open && self.spec.mature_only), back, open }
    }

    /// By bucket.
    fn cells<'t>(&'t self, rows: &'t [Step], member: &'t Step) -> impl Iterator<Item = Cell> + 't {
        self.spec.buckets.iter().map(|bucket| self.cell(rows, member, bucket))
    }

    /// One of an actor's members.
    fn count(&self, rows: &[Step], member: &Step, found: &mut [Shares]) {
        let by = self.trail.by(member);
        for (shares, cell) in found.iter_mut().zip(self.cells(rows, member)) {
            let share = shares.groups.entry(by).or_default();
            *share = *share + cell.share();
        }
    }

    /// The members of an actor that starts with several values in a period: one as a whole, and one of each part.
    fn count_parts(&self, rows: &[Step], members: &[&Step], found: &mut [Shares]) {
        let period = |m: &&Step| self.civil.of(m.time);
        for alike in members.chunk_by(|a, b| period(a) == period(b)) {
            let mut whole = vec![Cell::default(); found.len()];
            let mut parts: BTreeMap<u32, Vec<Cell>> = BTreeMap::new();
            for member in alike {
                let part = parts.entry(self.trail.by(member)).or_insert_with(|| vec![Cell::default(); found.len()]);
                for ((part, whole), cell) in part.iter_mut().zip(&mut whole).zip(self.cells(rows, member)) {
                    (*part, *whole) = (part.or(cell), whole.or(cell));
                }
            }
            for (by, cells) in parts {
                for (shares, cell) in found.iter_mut().zip(cells) {
                    let share = shares.groups.entry(by).or_default();
                    *share = *share + cell.share();
                }
            }
            for (shares, cell) in found.iter_mut().zip(whole) {
                shares.total = Some(shares.total.unwrap_or_default() + cell.share());
            }
        }
    }

    fn shard(&self, shard: &Shard, spans: &Spans) -> Vec<Vec<Shares>> {
        let mut found = vec![vec![Shares::default(); self.spec.buckets.len()]; spans.len()];
        let mut members: Vec<&Step> = Vec::new();
        for rows in shard.actors() {
            if !self.spec.recurring {
                let Some(first) = rows.iter().find(|r| self.starts(r)) else { continue };
                spans.holding(first.time, |place| {
                    found.get_mut(place).into_iter().for_each(|found| self.count(rows, first, found));
                });
                continue;
            }
            spans.each(rows, |place, from| {
                let Some(((_, until), found)) = spans.bounds.get(place).zip(found.get_mut(place)) else { return };
                self.members(rows.get(from..).unwrap_or_default(), *until, &mut members);
                match self.spec.same {
                    true => self.count_parts(rows, &members, found),
                    false => members.iter().for_each(|member| self.count(rows, member, found)),
                }
            });
        }
        found
    }
}

/// Of each span, by bucket.
pub(super) fn retention(
    spec: &Retention,
    clock: &Clock<'_>,
    trail: &Trail,
    spans: &Spans,
) -> Result<Vec<Vec<Shares>>, Failure> {
    let mut all = vec![vec![Shares::default(); spec.buckets.len()]; spans.len()];
    let Some(times) = trail.times() else { return Ok(all) };
    let ahead = if spec.rolling { 0 } else { spec.last() + 1 };
    let returns = Returns { spec, clock, trail, civil: Buckets::new(clock, spec.grain, times, ahead)? };
    for shard in trail.each(|shard| returns.shard(shard, spans)) {
        all = all.into_iter().zip(shard).map(|(all, shard)| both(all, shard)).collect();
    }
    Ok(all)
}

/// Those of some actors and of others.
pub(super) fn both(mut all: Vec<Shares>, more: Vec<Shares>) -> Vec<Shares> {
    for (all, more) in all.iter_mut().zip(more) {
        for (by, share) in more.groups {
            let known = all.groups.entry(by).or_default();
            *known = *known + share;
        }
        if let Some(total) = more.total {
            all.total = Some(all.total.unwrap_or_default() + total);
        }
    }
    all
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

/// From its start to before its end, in microseconds.
type Stretch = (i64, i64);

/// By value of the breakdown, of each of some spans.
type Groups = Vec<BTreeMap<u32, Share>>;

/// Counts each actor in each span.
fn counted<S: Sync>(
    trail: &Trail,
    spans: &[S],
    count: impl Fn(&[Step], &S, &mut BTreeMap<u32, Share>) + Sync,
) -> Groups {
    let all = trail.each(|shard| {
        let mut found: Groups = spans.iter().map(|_| BTreeMap::new()).collect();
        for rows in shard.actors() {
            found.iter_mut().zip(spans).for_each(|(found, span)| count(rows, span, found));
        }
        found
    });
    let mut found: Groups = spans.iter().map(|_| BTreeMap::new()).collect();
    for shard in all {
        for (found, more) in found.iter_mut().zip(shard) {
            for (by, share) in more {
                let known = found.entry(by).or_default();
                *known = *known + share;
            }
        }
    }
    found
}

/// Actors by value of the breakdown, in each span; with it the one before.
pub(super) fn lifecycle(state: Lifecycle, trail: &Trail, spans: &[(Stretch, Stretch)]) -> Groups {
    counted(trail, spans, |rows, (now, before), found| {
        let inside = |(from, to): (i64, i64)| {
            let (a, b) = (rows.partition_point(|r| r.time < from), rows.partition_point(|r| r.time < to));
            rows.get(a..b).unwrap_or_default()
        };
        let (here, there) = (inside(*now), inside(*before));
        let ever = rows.first().is_some_and(|r| r.time < now.0);
        let row = match state {
            Lifecycle::New => here.first().filter(|_| !ever),
            Lifecycle::Returning => here.first().filter(|_| !there.is_empty()),
            Lifecycle::Resurrected => here.first().filter(|_| ever && there.is_empty()),
            Lifecycle::Dormant => there.last().filter(|_| here.is_empty()),
        };
        if let Some(row) = row {
            found.entry(trail.by(row)).or_default().yes += 1;
        }
    })
}

/// Of the actors there in the first of two spans, those that were not in the second, which follows it.
pub(super) fn churn(trail: &Trail, spans: &[(Stretch, Stretch)]) -> Groups {
    counted(trail, spans, |rows, (base, since), found| {
        let before = rows.get(..rows.partition_point(|r| r.time < base.1)).unwrap_or_default();
        let Some(last) = before.last().filter(|r| r.time >= base.0) else { return };
        let share = found.entry(trail.by(last)).or_default();
        share.of += 1;
        share.yes += u64::from(!rows.iter().any(|r| r.time >= since.0 && r.time < since.1));
    })
}
