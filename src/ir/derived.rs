//! Event sets whose rows are made of the rows of others.

use std::collections::BTreeSet;

use crate::calendar::{Grain, Length};
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

    /// Every expression over its rows.
    pub fn exprs(&self) -> impl Iterator<Item = &RowExpr> {
        self.filter.iter().chain(&self.value).chain(&self.by).chain(&self.keys)
    }
}

impl RowExpr {
    /// Calls `visit` for what it holds of the rows that a row is made of.
    pub fn made<'a>(&'a self, visit: &mut impl FnMut(Edge, &'a [RowExpr])) {
        self.each(&mut |node| {
            if let RowKind::Made { at, of } = &node.kind {
                visit(*at, of);
            }
        });
    }
}
