//! Event sets whose rows are made of the rows of others.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::calendar::{Grain, Length, SpanUnit};
use crate::ir::{Branch, ColumnId, RowExpr, RowKind, SourceId};

/// Rows that are made of other rows, actor by actor, in order of time (ties: the source's key, then the values). Rows without
/// an actor or a time make none.
///
/// Its columns are [`Derived::TIME`] and [`Derived::ACTOR`], those that the rule makes, and what the rows that a row is made of
/// hold ([`RowKind::Made`]).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Derived {
    /// What the rows are made of: each branch's clock, filter, and as its `value` the actor.
    pub of: Vec<Branch>,
    pub rule: Rule,
    /// For each branch what the rule looks at besides: the session's id, the end of a span. Empty where it needs nothing.
    pub also: Vec<RowExpr>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Each actor's first row, in the whole history.
    First,
    /// Each actor's first row in each civil period of a grain.
    FirstOf(Grain),
    /// Each actor's first, or last, row in each interval that is asked for.
    Asked(Edge),
    Sessions(Sessions),
    /// Rows that last: those that are open at the end of each interval that is asked for. `also` says when a row ends; null is
    /// never. Rows without an actor are rows too.
    Open,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sessions {
    /// A longer pause begins a new session. `None`: rows without an id are in no session.
    pub gap: Option<Length>,
    /// So does one of just that length.
    pub or_more: bool,
    /// No row lies further from its session's first than this; a fixed length.
    pub max: Length,
    /// A new day of the project's zone begins a new session.
    pub split: bool,
    /// Rows of one id are one session, whatever the pauses between them.
    pub by_id: bool,
}

impl Sessions {
    /// How long the sessions of a source's own ids wait for another event, where no gap is said: what trackers take by default.
    pub const TIMEOUT: Length = Length { count: 30, unit: SpanUnit::Minute };

    /// How long after its start a session may go on; of a source's own ids, which have no end of their own, the pause after
    /// which nothing comes any more.
    pub fn longest(&self) -> Length {
        let day = Length { count: 24, unit: SpanUnit::Hour };
        match self.by_id {
            true => self.gap.unwrap_or(Self::TIMEOUT),
            false if self.split && self.max.elapsed() > day.elapsed() => day,
            false => self.max,
        }
    }
}

/// Which of the rows that a row is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    First,
    Last,
}

impl Derived {
    /// Of the first row that a row is made of; the clock.
    pub const TIME: ColumnId = ColumnId(0);
    pub const ACTOR: ColumnId = ColumnId(1);
    /// Of sessions: the time of the last row.
    pub const END: ColumnId = ColumnId(2);
    /// Of sessions: a decimal, in seconds.
    pub const DURATION: ColumnId = ColumnId(3);
    /// Of sessions: how many rows.
    pub const EVENTS: ColumnId = ColumnId(4);
    /// Of sessions: one row, and less than ten seconds.
    pub const BOUNCED: ColumnId = ColumnId(5);

    /// The name of a column of its own; empty for another.
    pub fn column(id: ColumnId) -> &'static str {
        match id {
            Self::TIME => "time",
            Self::ACTOR => "actor",
            Self::END => "end",
            Self::DURATION => "duration",
            Self::EVENTS => "events",
            Self::BOUNCED => "bounced",
            _ => "",
        }
    }

    /// Whether its rows belong to the intervals that are asked for, and not to points in time.
    pub fn is_asked(&self) -> bool {
        matches!(self.rule, Rule::Asked(_) | Rule::Open)
    }

    /// The sources that its rows come from in the end.
    pub fn sources(&self, found: &mut BTreeSet<SourceId>) {
        self.of.iter().for_each(|branch| branch.sources(found));
    }
}

impl Branch {
    /// The sources that its rows come from in the end.
    pub fn sources(&self, found: &mut BTreeSet<SourceId>) {
        match &self.derived {
            Some(derived) => derived.sources(found),
            None => {
                found.insert(self.source);
            }
        }
    }

    /// Whether rows of the source are read for it.
    pub fn reads(&self, source: SourceId) -> bool {
        let mut found = BTreeSet::new();
        self.sources(&mut found);
        found.contains(&source)
    }

    /// Calls `visit` for each set of sessions that it looks at the ends of: at what may change of a row while it goes on. That is anything
    /// but its start, its actor, and what its first event holds.
    pub fn ends(&self, visit: &mut dyn FnMut(&Arc<Derived>)) {
        let Some(derived) = &self.derived else { return };
        ends(derived, &self.exprs().collect::<Vec<_>>(), visit);
    }

    /// Every expression over its rows.
    pub fn exprs(&self) -> impl Iterator<Item = &RowExpr> {
        self.filter.iter().chain(&self.value).chain(&self.by).chain(&self.keys)
    }
}

fn ends(derived: &Arc<Derived>, exprs: &[&RowExpr], visit: &mut dyn FnMut(&Arc<Derived>)) {
    if matches!(derived.rule, Rule::Sessions(_)) && exprs.iter().any(|expr| expr.looks_at_end()) {
        visit(derived);
    }
    for (at, inner) in derived.of.iter().enumerate() {
        let Some(of) = &inner.derived else { continue };
        let mut held: Vec<&RowExpr> = inner.exprs().collect();
        exprs.iter().for_each(|expr| expr.made(&mut |_, of| held.extend(of.get(at))));
        ends(of, &held, visit);
    }
}

impl RowExpr {
    /// Of a row of sessions.
    fn looks_at_end(&self) -> bool {
        let mut found = false;
        self.each(&mut |part| {
            found |= match &part.kind {
                RowKind::Column(id) => *id != Derived::TIME && *id != Derived::ACTOR,
                RowKind::Made { at, .. } => *at == Edge::Last,
                _ => false,
            };
        });
        found
    }

    /// Calls `visit` for what it holds of the rows that a row is made of.
    pub fn made<'a>(&'a self, visit: &mut impl FnMut(Edge, &'a [RowExpr])) {
        self.each(&mut |node| {
            if let RowKind::Made { at, of } = &node.kind {
                visit(*at, of);
            }
        });
    }
}
