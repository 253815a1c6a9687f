//! Measures that compare the events of one actor in order of time.

use std::fmt;
use std::sync::Arc;

use crate::calendar::{Grain, Length, Window};
use crate::ir::{Collection, Derived, Measure, MetricExpr, MetricKind, Rule};
use crate::value::Value;

/// What is asked of the trails of actors. A trail is a measure with [`Aggregate::Trail`](crate::ir::Aggregate::Trail): the
/// value of its branches says which event sets a row belongs to, as bits; set 0 is the one that an actor enters by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Journey {
    pub trail: Arc<Measure>,
    pub kind: JourneyKind,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JourneyKind {
    Conversion(Conversion),
    Retention(Retention),
    Lifecycle(Lifecycle),
    /// Of the actors that were there in `[t − 2 · after, t − after)`, t the period's end: those that have not been since.
    Churn {
        after: Length,
    },
    /// Rows last, up to the instant that is kept of them (null: for ever) and `after` longer. Of the actors with a row of set 0 at
    /// the period's start: those without one of set 1 at its end.
    SpanChurn {
        after: Option<Length>,
    },
}

/// Steps are sets 0 to `steps − 1` of the trail; what is excluded follows them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conversion {
    pub steps: u32,
    /// From the entry, its end inclusive. Without a bound nothing is ever open.
    pub within: Window,
    pub order: Order,
    pub entry: Entry,
    /// Sets that may not come between two steps.
    pub exclusions: Vec<Exclusion>,
    /// An actor whose furthest attempt is tainted is left out, whatever other attempts there are.
    pub exclude_actors: bool,
    /// A step that comes again ends the attempt.
    pub no_repeats: bool,
    /// In strict order, an earlier step that comes again does not end the attempt.
    pub ignore_repeats: bool,
    /// A later step has a later time.
    pub increasing: bool,
    /// An attempt keeps to one value of what is held.
    pub same: bool,
    pub mature_only: bool,
}

/// Set `set` may not lie between step `after` and the one that follows it, both counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exclusion {
    pub set: u32,
    pub after: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    Ordered,
    Strict,
    Any,
}

/// Which of an actor's entries counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    /// The one that gets furthest; of equals the earliest.
    Best,
    /// The first of the period.
    First,
    /// The one that gets furthest; of equals the latest.
    Latest,
    /// Each of them, on its own; an event belongs to the nearest entry before it.
    Each,
}

/// Set 0 is what makes the cohort, set 1 the return.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Retention {
    pub grain: Grain,
    /// Where a return counts.
    pub buckets: Vec<Bucket>,
    /// One value for each bucket, and not for the only one.
    pub table: bool,
    pub on_or_after: bool,
    /// Buckets of 24 hours (7, 30 days) from the entry instead of civil periods.
    pub rolling: bool,
    /// Every period with an entry makes a cohort, not only the one of the first entry ever.
    pub recurring: bool,
    /// Events that make a return.
    pub at_least: u32,
    /// A return has the value of what is held that its start had.
    pub same: bool,
    pub mature_only: bool,
}

/// Periods by their offset from the one of the start, from the first to the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    pub from: u32,
    pub to: u32,
}

impl Retention {
    /// The last offset of any bucket.
    pub fn last(&self) -> u32 {
        self.buckets.iter().map(|b| b.to).max().unwrap_or(0)
    }
}

impl fmt::Display for Bucket {
    /// `7`, `1 to 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from == self.to {
            true => write!(f, "{}", self.from),
            false => write!(f, "{} to {}", self.from, self.to),
        }
    }
}

/// The rows that a retention has for each period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    pub grain: Grain,
    pub buckets: Vec<Bucket>,
}

impl Cells {
    /// `day 0 to 10`, `day 1, 2 to 7`.
    pub fn named(&self) -> String {
        let single = self.buckets.iter().all(|b| b.from == b.to);
        let in_a_row = single && self.buckets.windows(2).all(|pair| matches!(pair, [a, b] if a.to + 1 == b.from));
        match (self.buckets.first(), self.buckets.last()) {
            (Some(first), Some(last)) if in_a_row => format!("{} {} to {}", self.grain, first.from, last.to),
            _ => {
                format!("{} {}", self.grain, self.buckets.iter().map(Bucket::to_string).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The buckets as values of a dimension: whole numbers, or text where one has several periods.
    pub fn values(&self) -> Vec<Value> {
        let single = self.buckets.iter().all(|b| b.from == b.to);
        let value = |b: &Bucket| if single { Value::Int(i128::from(b.from)) } else { Value::Text(b.to_string()) };
        self.buckets.iter().map(value).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lifecycle {
    New,
    Returning,
    Resurrected,
    Dormant,
}

/// What of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The rate; of a lifecycle the actors.
    Rate,
    Numerator,
    Denominator,
    /// Actors that reach a step, counted from 1.
    Users(u32),
    /// `users(k) / users(k − 1)`.
    Step(u32),
}

fn collection_entry_sets(collection: &Collection) -> u32 {
    match collection {
        Collection::Times { journey, .. } => journey.kind.entry_sets(),
        Collection::Over { of, .. } => collection_entry_sets(of),
        _ => 1,
    }
}

impl JourneyKind {
    /// The bit of rows that last.
    pub const SPAN: u32 = 1 << 31;

    /// The sets that somebody enters by, as bits.
    pub fn entry_sets(&self) -> u32 {
        match self {
            Self::Conversion(Conversion { order: Order::Any, steps, .. }) => (1 << steps) - 1,
            _ => 1,
        }
    }

    /// How long after an entry it is known what became of it.
    pub fn latency(&self) -> Option<Length> {
        match self {
            Self::Conversion(c) => match c.within {
                Window::Trailing(length) => Some(length),
                _ => None,
            },
            Self::Retention(r) => {
                let last = r.last().saturating_add(u32::from(r.rolling));
                (last > 0).then(|| Length { count: last, unit: r.grain.unit() })
            }
            Self::Lifecycle(_) | Self::Churn { .. } | Self::SpanChurn { .. } => None,
        }
    }
}

impl MetricExpr {
    /// The rows of a table, if it is one.
    pub fn cells(&self) -> Option<Cells> {
        self.tables().into_iter().next()
    }

    /// The rows of all tables in it, each once.
    pub fn tables(&self) -> Vec<Cells> {
        let mut found: Vec<Cells> = Vec::new();
        self.each(&mut |expr| {
            if let MetricKind::Journey { of, .. } = &expr.kind
                && let JourneyKind::Retention(Retention { grain, buckets, table: true, .. }) = &of.kind
            {
                let cells = Cells { grain: *grain, buckets: buckets.clone() };
                if !found.contains(&cells) {
                    found.push(cells);
                }
            }
        });
        found
    }

    /// The sets that somebody enters by, as bits: the first, and in any order each step.
    pub fn entry_sets(&self) -> u32 {
        let mut mask = 1;
        self.each(&mut |expr| match &expr.kind {
            MetricKind::Journey { of, .. } => mask |= of.kind.entry_sets(),
            MetricKind::Summary { of, .. } => mask |= collection_entry_sets(of),
            _ => {}
        });
        mask
    }

    /// How long after a period's end it is known what became of those who entered in it.
    pub fn latencies(&self) -> Vec<Length> {
        let mut found = Vec::new();
        self.each(&mut |expr| match &expr.kind {
            MetricKind::Journey { of, .. } => found.extend(of.kind.latency()),
            MetricKind::Summary { of, .. } => collection_latencies(of, &mut found),
            MetricKind::Correlation { left, right } => {
                collection_latencies(left, &mut found);
                collection_latencies(right, &mut found);
            }
            _ => {}
        });
        found.sort();
        found.dedup();
        found
    }
}

impl MetricExpr {
    /// How long after a period's end the sessions that began in it may go on, of those whose end is looked at.
    pub fn session_latencies(&self) -> Vec<Length> {
        let mut found = Vec::new();
        let mut add = |of: &Arc<Derived>| {
            if let Rule::Sessions(sessions) = &of.rule {
                found.push(sessions.longest());
            }
        };
        self.measures(&mut |measure| measure.branches.iter().for_each(|branch| branch.ends(&mut add)));
        found.sort();
        found.dedup();
        found
    }
}

fn collection_latencies(collection: &Collection, found: &mut Vec<Length>) {
    match collection {
        Collection::Times { journey, .. } => found.extend(journey.kind.latency()),
        Collection::Entries { within: Window::Trailing(length), .. } => found.push(*length),
        Collection::Over { of, .. } => collection_latencies(of, found),
        _ => {}
    }
}
