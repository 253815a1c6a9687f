//! Local times of one zone to instants, fast: between two changes of the clock the offset is one number.

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// What a local time stands for, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Local {
    One(i64),
    /// The clock was put back.
    Twice {
        first: i64,
        second: i64,
    },
    /// The clock was put forward: by the offset after the change, and by the one before it.
    Never {
        earlier: i64,
        later: i64,
    },
}

/// Local times in `[start, end)` are exactly one instant each, `offset` before them.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: i64,
    end: i64,
    offset: i64,
}

/// A zone's clock, which remembers the stretches it has seen.
#[derive(Debug)]
pub(crate) struct Clock {
    zone: TimeZone,
    stretches: Vec<Stretch>,
    last: Stretch,
}

impl Clock {
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, stretches: Vec::new(), last: Stretch { start: 0, end: 0, offset: 0 } }
    }

    /// `None` when the time lies beyond the years that can be computed with.
    #[inline]
    pub fn instant(&mut self, local: i64) -> Option<Local> {
        if (self.last.start..self.last.end).contains(&local) {
            return Some(Local::One(local - self.last.offset));
        }
        self.slowly(local)
    }

    fn slowly(&mut self, local: i64) -> Option<Local> {
        if let Some(known) = self.stretches.iter().find(|s| (s.start..s.end).contains(&local)) {
            self.last = *known;
            return Some(Local::One(local - known.offset));
        }
        let civil = Offset::UTC.to_datetime(Timestamp::from_microsecond(local).ok()?);
        let micros = |offset: Offset| i64::from(offset.seconds()) * 1_000_000;
        match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                let offset = micros(offset);
                let at = local - offset;
                if let Some(stretch) = self.stretch(at, offset).filter(|s| (s.start..s.end).contains(&local)) {
                    self.last = stretch;
                    self.stretches.push(stretch);
                }
                Some(Local::One(at))
            }
            AmbiguousOffset::Fold { before, after } => {
                Some(Local::Twice { first: local - micros(before), second: local - micros(after) })
            }
            AmbiguousOffset::Gap { before, after } => {
                Some(Local::Never { earlier: local - micros(after), later: local - micros(before) })
            }
        }
    }

    /// The local times around an instant that are neither skipped nor repeated.
    fn stretch(&self, at: i64, offset: i64) -> Option<Stretch> {
        let micros = |offset: Offset| i64::from(offset.seconds()) * 1_000_000;
        let stamp = Timestamp::from_microsecond(at).ok()?;
        let just_after = Timestamp::from_microsecond(at.checked_add(1)?).ok()?;
        let start = match self.zone.preceding(just_after).next() {
            Some(change) => {
                let from = change.timestamp().as_microsecond();
                let before = micros(self.zone.to_offset(Timestamp::from_microsecond(from.checked_sub(1)?).ok()?));
                from + before.max(offset)
            }
            None => i64::MIN,
        };
        let end = match self.zone.following(stamp).next() {
            Some(change) => change.timestamp().as_microsecond() + offset.min(micros(change.offset())),
            None => i64::MAX,
        };
        Some(Stretch { start, end, offset })
    }

    /// The last change of the clock at or before an instant; the instant itself where there is none.
    pub fn change_before(&self, at: i64) -> i64 {
        let just_after = at.checked_add(1).and_then(|n| Timestamp::from_microsecond(n).ok());
        just_after
            .and_then(|stamp| self.zone.preceding(stamp).next())
            .map_or(at, |change| change.timestamp().as_microsecond())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use jiff::tz::{AmbiguousOffset, TimeZone};

    use super::{Clock, Local};

    /// Every half hour of some years, forwards and scattered, against jiff itself.
    #[test]
    fn agrees_with_jiff() {
        let zones =
            ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata"];
        for name in zones {
            let zone = TimeZone::get(name).unwrap();
            let mut clock = Clock::new(zone.clone());
            let first: DateTime = "2015-01-01T00:00".parse().unwrap();
            let start = jiff::tz::Offset::UTC.to_timestamp(first).unwrap().as_microsecond();
            let steps = 4 * 365 * 48;
            for i in 0..steps {
                // A step that is prime to the number of steps visits all of them in a scattered order.
                let step = if i % 2 == 0 { i } else { (i * 7919) % steps };
                let local = start + i64::from(step) * 1_800_000_000;
                let civil = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_microsecond(local).unwrap());
                let micros = |offset: jiff::tz::Offset| i64::from(offset.seconds()) * 1_000_000;
                let expected = match zone.to_ambiguous_timestamp(civil).offset() {
                    AmbiguousOffset::Unambiguous { offset } => Local::One(local - micros(offset)),
                    AmbiguousOffset::Fold { before, after } => {
                        Local::Twice { first: local - micros(before), second: local - micros(after) }
                    }
                    AmbiguousOffset::Gap { before, after } => {
                        Local::Never { earlier: local - micros(after), later: local - micros(before) }
                    }
                };
                assert_eq!(clock.instant(local), Some(expected), "{name} {civil}");
            }
        }
    }
}
