//! From what a clock on the wall shows to instants.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::calendar::{Calendar, Grain, Period, previous};

/// What a local time that exists twice, or not at all, stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LocalPolicy {
    /// Overlap: the first of the two. Gap: the instant before the gap's clock change would have shown it (offset after).
    Earlier,
    /// Overlap: the second. Gap: shifted forward by the gap's length (offset before).
    Later,
    /// Counted as a row without time.
    Reject,
}

/// A local time as an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// `None`: rejected, or outside the years that instants have.
    pub timestamp: Option<Timestamp>,
    /// It fell into a gap or an overlap and the policy said what it stands for.
    pub moved: bool,
}

/// The instant that a clock in `zone` showed this local time at.
pub fn resolve_local(zone: &TimeZone, local: DateTime, on_gap: LocalPolicy, on_overlap: LocalPolicy) -> Resolved {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let policy = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            return Resolved { timestamp: ambiguous.unambiguous().ok(), moved: false };
        }
        AmbiguousOffset::Gap { .. } => on_gap,
        AmbiguousOffset::Fold { .. } => on_overlap,
    };
    let timestamp = match policy {
        LocalPolicy::Earlier => ambiguous.earlier().ok(),
        LocalPolicy::Later => ambiguous.later().ok(),
        LocalPolicy::Reject => None,
    };
    Resolved { timestamp, moved: timestamp.is_some() }
}

impl Calendar {
    /// [`resolve_local`] in the project's zone.
    pub fn resolve_local(&self, local: DateTime, on_gap: LocalPolicy, on_overlap: LocalPolicy) -> Resolved {
        resolve_local(&self.zone, local, on_gap, on_overlap)
    }

    /// The first instant of a civil day.
    pub fn date_start(&self, date: Date) -> Timestamp {
        self.first_instant(date.to_datetime(Time::midnight()))
    }

    /// The first instant at which the clock shows `local` or, where a change skips it, something later.
    pub(super) fn first_instant(&self, local: DateTime) -> Timestamp {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let bound = if local.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
        match ambiguous.offset() {
            AmbiguousOffset::Gap { before, after } => match (after.to_timestamp(local), before.to_timestamp(local)) {
                (Ok(low), Ok(high)) => self.change(low, high),
                _ => bound,
            },
            _ => ambiguous.earlier().unwrap_or(bound),
        }
    }

    /// The civil day that an instant belongs to. Of a midnight that is shown twice both showings, and what is between them,
    /// belong to the day that began with the first.
    pub fn date_of(&self, t: Timestamp) -> Date {
        let mut date = self.zone.to_datetime(t).date();
        while let Ok(next) = date.tomorrow() {
            if self.date_start(next) > t {
                break;
            }
            date = next;
        }
        date
    }

    /// The first instant in `(low, high]` that has the offset of `high`, given that the offset changes once between them.
    fn change(&self, low: Timestamp, high: Timestamp) -> Timestamp {
        let after = self.zone.to_offset(high);
        let (mut low, mut high) = (low.as_second(), high.as_second());
        // Clock changes happen at whole seconds.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match Timestamp::from_second(middle) {
                Ok(t) if self.zone.to_offset(t) != after => low = middle,
                _ => high = middle,
            }
        }
        Timestamp::from_second(high).unwrap_or(Timestamp::MAX)
    }

    /// Whole hours or minutes since the last full one, as the clock shows them.
    fn since_full(&self, t: Timestamp, grain: Grain) -> SignedDuration {
        let time = self.zone.to_datetime(t).time();
        let minutes = if grain == Grain::Hour { i64::from(time.minute()) } else { 0 };
        SignedDuration::new(minutes * 60 + i64::from(time.second()), time.subsec_nanosecond())
    }

    pub(super) fn floor_clock(&self, t: Timestamp, grain: Grain) -> Timestamp {
        let Ok(start) = t.checked_sub(self.since_full(t, grain)) else { return Timestamp::MIN };
        if self.zone.to_offset(start) == self.zone.to_offset(t) {
            return start;
        }
        // The clock was changed since: that is where this hour began.
        self.change(start, t)
    }

    pub(super) fn next_clock(&self, t: Timestamp, grain: Grain) -> Timestamp {
        let width = SignedDuration::from_secs(if grain == Grain::Hour { 3600 } else { 60 });
        let Some(left) = width.checked_sub(self.since_full(t, grain)) else { return Timestamp::MAX };
        let Ok(end) = t.checked_add(left) else { return Timestamp::MAX };
        if self.zone.to_offset(end) == self.zone.to_offset(t) {
            return end;
        }
        self.change(t, end)
    }

    /// The hour or minute that begins at `start`.
    pub(super) fn clock_period(&self, start: Timestamp, grain: Grain) -> Period {
        let interval = super::Interval { start, end: self.next_clock(start, grain) };
        Period { label: self.clock_label(start), grain: Some(grain), interval }
    }

    /// Steps over days that the zone never had, so that `target - index` real days lie between.
    pub(super) fn skip_missing_days(&self, index: i64, target: i64) -> i64 {
        let direction = (target - index).signum();
        if direction == 0 {
            return target;
        }
        let missing = |from: i64, to: i64| -> i64 {
            let (low, high) = (from.min(to), from.max(to));
            let (start, end) = (self.boundary(Grain::Day, low), self.boundary(Grain::Day, high.saturating_add(1)));
            self.zone
                .following(previous(start))
                .map(|change| change.timestamp())
                .take_while(|t| *t <= end)
                .map(|t| {
                    let (before, after) = (self.zone.to_datetime(previous(t)).date(), self.zone.to_datetime(t).date());
                    let jump = self.index(Grain::Day, after) - self.index(Grain::Day, before) - 1;
                    // The days that were jumped over, as far as they lie in the range.
                    let first = self.index(Grain::Day, before) + 1;
                    (first..first + jump.max(0)).filter(|day| (low..=high).contains(day)).count() as i64
                })
                .sum()
        };
        let mut reached = target;
        let mut skipped = missing(index + direction, reached);
        let mut counted = 0;
        while skipped > counted {
            let further = self.clamp_index(Grain::Day, reached + direction * (skipped - counted));
            if further == reached {
                break;
            }
            counted = skipped;
            reached = further;
            skipped = missing(index + direction, reached);
        }
        reached
    }
}
