//! Retention, lifecycle, churn: who comes back, and who does not.

use std::collections::BTreeMap;

use kepi_lang::calendar::{Grain, Interval};
use kepi_lang::ir::{Lifecycle, Retention};

use crate::collect::evaluate::Failure;
use crate::collect::journeys::Clock;
use crate::collect::trails::{Step, Trail};
use crate::plan::micros;

/// Members, those who come back, and those of whom it is not known yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    pub of: u64,
    pub yes: u64,
    pub open: u64,
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

/// By offset, by value of the breakdown.
pub(super) fn retention(
    spec: &Retention,
    clock: &Clock<'_>,
    trail: &Trail,
    span: (i64, i64),
) -> Result<Vec<BTreeMap<u32, Share>>, Failure> {
    let last = spec.to.unwrap_or(spec.from);
    let mut all: Vec<BTreeMap<u32, Share>> = vec![BTreeMap::new(); (last - spec.from + 1) as usize];
    let Some(times) = trail.times() else { return Ok(all) };
    let buckets = match spec.rolling {
        true => None,
        false => Some(Buckets::new(clock, spec.grain, times, last + 1)?),
    };
    let civil = Buckets::new(clock, spec.grain, times, 0)?;
    let width = width(spec.grain);
    let mut returns: Vec<(i64, u32)> = Vec::new();
    for rows in trail.actors() {
        let started = rows.iter().filter(|r| r.tags & START != 0);
        let mut members: Vec<&Step> = Vec::new();
        if spec.recurring {
            for row in started.filter(|r| r.time >= span.0 && r.time < span.1) {
                let bucket = civil.of(row.time);
                if members.last().is_none_or(|m| civil.of(m.time) != bucket) {
                    members.push(row);
                }
            }
        } else {
            members.extend(started.take(1).filter(|r| r.time >= span.0 && r.time < span.1));
        }
        for member in members {
            // The offsets of the returns, ascending, each with how many there are.
            returns.clear();
            for back in rows.iter().filter(|r| r.tags & BACK != 0) {
                let offset = match &buckets {
                    Some(buckets) => buckets.of(back.time) as i64 - buckets.of(member.time) as i64,
                    None => (back.time - member.time).div_euclid(width),
                };
                if offset < 0 || back.time < member.time && spec.rolling {
                    continue;
                }
                match returns.last_mut() {
                    Some((known, count)) if *known == offset => *count += 1,
                    _ => returns.push((offset, 1)),
                }
            }
            for (offset, shares) in (i64::from(spec.from)..).zip(&mut all) {
                let ends = match &buckets {
                    Some(buckets) => buckets.end(buckets.of(member.time) + offset as usize),
                    None => member.time.saturating_add(width.saturating_mul(offset + 1)),
                };
                let share = shares.entry(member.by).or_default();
                let open = ends > clock.known_to;
                share.open += u64::from(open);
                if open && spec.mature_only {
                    continue;
                }
                let enough: u32 = match spec.on_or_after {
                    true => returns.iter().filter(|(at, _)| *at >= offset).map(|(_, n)| n).sum(),
                    false => returns.iter().filter(|(at, _)| *at == offset).map(|(_, n)| n).sum(),
                };
                share.of += 1;
                share.yes += u64::from(offset == 0 || enough >= spec.at_least);
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
