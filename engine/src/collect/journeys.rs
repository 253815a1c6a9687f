//! Journeys: pure functions of trails, for one span of time at a time.

mod entries;
mod funnel;
mod lasting;
mod returns;
mod spans;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, Grain, Interval, Window};
use kepi_lang::ir::{Journey, JourneyKind, Measure, Part, Retention};
use kepi_lang::value::Value;

use crate::collect::evaluate::Failure;
use crate::collect::table::ROOT;
use crate::collect::trails::Trail;
use crate::operators::TooLarge;
use crate::plan::micros;
use crate::plan::time::{Span, Times};
use funnel::{Counts, Funnel, Groups};
use returns::{Share, Shares};
use spans::Spans;

/// What the time is, and how it goes on.
pub(super) struct Clock<'a> {
    pub calendar: &'a Calendar,
    /// Rows before this instant are all there; microseconds.
    pub known_to: i64,
}

impl Clock<'_> {
    fn stamp(&self, time: i64) -> Timestamp {
        match time {
            i64::MAX => Timestamp::MAX,
            time => Timestamp::from_microsecond(time).unwrap_or(Timestamp::MIN),
        }
    }

    /// The last instant of a window that begins with an entry; without a bound the end of time.
    pub(super) fn after(&self, time: i64, window: Window) -> i64 {
        match window {
            Window::Trailing(length) => match (length.milliseconds(), length.days()) {
                (Some(ms), _) => time.saturating_add(ms.saturating_mul(1000)),
                (_, Some(days)) => time.saturating_add(days.saturating_mul(86_400_000_000)),
                _ => micros(self.calendar.after(self.stamp(time), length)),
            },
            Window::ToDate(_) | Window::AllTime => i64::MAX,
        }
    }

    /// The end of the period `offset` after the one that holds an instant.
    fn offset_end(&self, time: i64, grain: Grain, offset: u32) -> Timestamp {
        let period = self.calendar.period_at(self.stamp(time), grain);
        self.calendar.step(&period, i64::from(offset)).interval.end
    }
}

/// A journey over a span, by value of the breakdown.
pub(super) struct Outcome {
    kind: Found,
    /// Nothing more can change.
    pub mature: bool,
    /// Before this instant lies the last entry that there may be; microseconds.
    pub end: i64,
}

enum Found {
    Funnel(Groups),
    /// By cell.
    Shares(Vec<Shares>),
}

/// The end of a span; of one without an end, right behind the last row that there is.
fn ends(trail: &Trail, span: Span) -> i64 {
    match micros(span.interval.end) {
        i64::MAX => trail.times().map_or(i64::MIN, |(_, last)| last.saturating_add(1)),
        end => end,
    }
}

/// Of each span; `timed`: whether it is asked how long it takes.
pub(super) fn outcomes(
    journey: &Journey,
    trail: &Trail,
    clock: &Clock<'_>,
    times: &Times<'_>,
    (spans, timed): (&[Span], bool),
) -> Result<Vec<Outcome>, Failure> {
    let bounds = |i: Interval| (micros(i.start), micros(i.end));
    let own: Vec<(i64, i64)> = spans.iter().map(|span| bounds(span.interval)).collect();
    let found: Vec<Found> = match &journey.kind {
        JourneyKind::Conversion(spec) => {
            let counts = Funnel { spec, clock, trail, timed }.counts(&Spans::new(&own));
            counts.into_iter().map(Found::Funnel).collect()
        }
        JourneyKind::Retention(spec) => {
            let shares = returns::retention(spec, clock, trail, &Spans::new(&own))?;
            shares.into_iter().map(Found::Shares).collect()
        }
        JourneyKind::Lifecycle(state) => {
            let both = own.iter().zip(spans).map(|(own, span)| (*own, bounds(times.before(*span).interval)));
            summed(returns::lifecycle(*state, trail, &both.collect::<Vec<_>>()))
        }
        JourneyKind::SpanChurn { after } => {
            let own = own.iter().map(|own| (own.0, own.1.min(micros(times.as_of))));
            let lasting = lasting::Lasting { trail, clock, after: *after };
            let shares = lasting.churn(&own.collect::<Vec<_>>());
            shares.into_iter().map(|shares| Found::Shares(vec![shares])).collect()
        }
        JourneyKind::Churn { after } => {
            let both = spans.iter().map(|span| times.churn(*span, *after));
            let both = both.map(|(base, since)| (bounds(base), bounds(since)));
            summed(returns::churn(trail, &both.collect::<Vec<_>>()))
        }
    };
    let outcome = |((kind, own), span): ((Found, &(i64, i64)), &Span)| {
        let end = ends(trail, *span);
        let mature = match &journey.kind {
            JourneyKind::Conversion(spec) => match spec.within {
                Window::Trailing(_) => clock.after(end, spec.within) <= clock.known_to,
                _ => end <= clock.known_to,
            },
            JourneyKind::Churn { .. } => {
                let now = if own.1 == i64::MAX { micros(times.as_of) } else { own.1 };
                now <= clock.known_to
            }
            _ => true,
        };
        Outcome { kind, mature, end }
    };
    Ok(found.into_iter().zip(&own).zip(spans).map(outcome).collect())
}

/// Where the whole is the sum of its parts.
fn summed(groups: Vec<BTreeMap<u32, Share>>) -> Vec<Found> {
    groups.into_iter().map(|groups| Found::Shares(vec![Shares { groups, total: None }])).collect()
}

/// When the last entry of a span has run its course in a cell of a retention.
pub(super) fn cell_known(spec: &Retention, clock: &Clock<'_>, end: i64, offset: u32) -> bool {
    if end == i64::MIN {
        return true;
    }
    let ends = match spec.rolling {
        true => end.saturating_add(returns::width(spec.grain).saturating_mul(i64::from(offset) + 1)),
        false => micros(clock.offset_end(end - 1, spec.grain, offset)),
    };
    ends <= clock.known_to
}

impl Outcome {
    /// Of one value of the breakdown, or of all.
    fn counts(&self, by: u32) -> impl Iterator<Item = &Counts> {
        let all = match &self.kind {
            Found::Funnel(all) => Some(all),
            Found::Shares(_) => None,
        };
        all.into_iter().flatten().filter(move |(own, _)| by == ROOT || **own == by).map(|(_, counts)| counts)
    }

    fn share(&self, by: u32, cell: u32) -> Share {
        let Found::Shares(all) = &self.kind else { return Share::default() };
        let Some(cell) = all.get(cell as usize) else { return Share::default() };
        match (by, cell.total) {
            (ROOT, Some(total)) => total,
            (ROOT, None) => cell.groups.values().fold(Share::default(), |a, b| a + *b),
            _ => cell.groups.get(&by).copied().unwrap_or_default(),
        }
    }

    /// Entries that may still get further.
    pub(super) fn open(&self, by: u32, cell: u32) -> u64 {
        match &self.kind {
            Found::Funnel(_) => self.counts(by).map(|counts| counts.open).sum(),
            Found::Shares(_) => self.share(by, cell).open,
        }
    }

    pub(super) fn value(&self, journey: &Journey, part: Part, by: u32, cell: u32) -> Value {
        let int = |n: u64| Value::Int(i128::from(n));
        let ratio = |yes: u64, of: u64| if of == 0 { Value::Null } else { Value::float(yes as f64 / of as f64) };
        match &self.kind {
            Found::Funnel(_) => {
                let own = |counts: &Counts, k: usize| k.checked_sub(1).and_then(|k| counts.users.get(k)).copied();
                let users = |k: usize| self.counts(by).filter_map(|counts| own(counts, k)).sum::<u64>();
                let steps = match &journey.kind {
                    JourneyKind::Conversion(c) => c.steps as usize,
                    _ => 0,
                };
                match part {
                    Part::Rate => ratio(users(steps), users(1)),
                    Part::Numerator => int(users(steps)),
                    Part::Denominator => int(users(1)),
                    Part::Users(k) => int(users(k as usize)),
                    Part::Step(k) => ratio(users(k as usize), users((k as usize).saturating_sub(1))),
                }
            }
            Found::Shares(_) => {
                let share = self.share(by, cell);
                match part {
                    _ if matches!(journey.kind, JourneyKind::Lifecycle(_)) => int(share.yes),
                    Part::Numerator => int(share.yes),
                    Part::Denominator => int(share.of),
                    _ => ratio(share.yes, share.of),
                }
            }
        }
    }

    /// Seconds to convert.
    pub(super) fn times(&self, step: Option<u32>, by: u32) -> Vec<Value> {
        let of = |counts: &'_ Counts| match step {
            None => counts.whole.clone(),
            Some(k) => (k as usize).checked_sub(1).and_then(|k| counts.gaps.get(k)).cloned().unwrap_or_default(),
        };
        let mut all: Vec<i64> = self.counts(by).flat_map(of).collect();
        all.sort_unstable();
        all.into_iter().map(|t| Value::float(t as f64 / 1e6)).collect()
    }
}

/// By measure, the value of each member.
pub(super) type Slots = Rc<Vec<Vec<Value>>>;

/// What follows each entry of the span; and whether the last has run its course.
pub(super) fn entries(
    trail: &Trail,
    measures: &[Arc<Measure>],
    clock: &Clock<'_>,
    within: Window,
    (span, by): (Span, u32),
) -> Result<(Slots, bool), TooLarge> {
    let own = (micros(span.interval.start), micros(span.interval.end));
    let slots = entries::entries(trail, measures, clock, within, own, by)?;
    let mature = match within {
        Window::Trailing(_) => clock.after(ends(trail, span), within) <= clock.known_to,
        _ => true,
    };
    Ok((Rc::new(slots), mature))
}
