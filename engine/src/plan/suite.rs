//! All measures of one source, laid out so that a row's work is shared: each expression is evaluated once, each clock placed
//! once, each combination of groups found once.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use kepi_lang::calendar::Interval;
use kepi_lang::ir::{Aggregate, Branch, ColumnId, Derived, Program, Reach, RowExpr, SourceId, Way};

use crate::plan::derived::{self, Wanted};
use crate::plan::timeline::Timeline;
use crate::plan::{PlannedMeasure, micros};

/// Where the rows of a measure fall: the atoms of a timeline by a clock, times the groups of some expressions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Space {
    pub timeline: usize,
    /// `None`: rows without time.
    pub clock: Option<ColumnId>,
    /// Breakdown and keys, as indices into `exprs`.
    pub groups: Vec<usize>,
    /// How many of them are breakdown; a row with a null key after them is left out.
    pub by: usize,
}

impl Space {
    /// The expressions of the breakdown.
    pub(crate) fn breakdown(&self) -> &[usize] {
        self.groups.get(..self.by).unwrap_or_default()
    }

    /// Those of the keys of distributions, outermost first.
    pub(crate) fn keys(&self) -> &[usize] {
        self.groups.get(self.by..).unwrap_or_default()
    }
}

/// A branch of a measure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Taken {
    /// Index into the plan's measures.
    pub measure: usize,
    /// Index into `spaces`.
    pub space: usize,
    /// Indices into `exprs`.
    pub filter: Option<usize>,
    pub value: Option<usize>,
    /// Of a trail.
    pub kept: Vec<usize>,
    /// Whether rows are put in order: `first`, `last`.
    pub ordered: bool,
}

/// Rows that are collected for a set that is made of them.
#[derive(Clone, Debug)]
pub(crate) struct Harvest {
    /// Index into the plan's derived sets, and which of its branches.
    pub derived: usize,
    pub branch: usize,
    pub clock: Option<ColumnId>,
    /// Indices into `exprs`.
    pub filter: Option<usize>,
    pub actor: Option<usize>,
    pub also: Option<usize>,
    /// Rows without an actor are collected too.
    pub unowned: bool,
    pub values: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct SuiteSpec {
    pub source: SourceId,
    /// Index into the plan's derived sets, where the rows are those of one.
    pub derived: Option<usize>,
    pub harvests: Vec<Harvest>,
    pub exprs: Vec<RowExpr>,
    pub spaces: Vec<Space>,
    pub taken: Vec<Taken>,
    /// All columns that have to be read.
    pub columns: BTreeSet<ColumnId>,
    /// Ways over links, those of the source's own condition included.
    pub ways: Vec<Way>,
    /// Of these, by number, those that used rows are led by.
    pub used: Vec<u32>,
    pub actor: Option<ColumnId>,
    pub time: Option<ColumnId>,
    pub key: Vec<ColumnId>,
    /// Rows of the default clock outside of it are outside every span; microseconds.
    pub hull: (i64, i64),
    pub bounds: Option<Interval>,
}

impl SuiteSpec {
    pub(crate) fn new(
        program: &Program,
        id: SourceId,
        measures: &[PlannedMeasure],
        timelines: &[Timeline],
        harvests: &[Wanted<'_>],
        as_of: Timestamp,
    ) -> Self {
        let source = program.sources.get(id.0 as usize);
        let time = source.and_then(|s| s.time);
        let mut suite = Self::empty(id, time);
        suite.actor = source.and_then(|s| s.actor);
        suite.key = source.map(|s| s.key.clone()).unwrap_or_default();
        let mut hull: Option<(i64, i64)> = None;
        // What is made of rows goes back to the first of them.
        let mut unbounded = !harvests.is_empty();
        harvests.iter().for_each(|wanted| suite.harvest(wanted));
        for (number, planned) in measures.iter().enumerate() {
            for branch in planned.measure.branches.iter().filter(|b| b.source == id) {
                suite.take(number, planned, branch);
                // Another clock may take a row from any time of the default one.
                unbounded |= branch.time != time || time.is_none();
                if let Some((from, to)) = timelines.get(planned.timeline).and_then(Timeline::hull) {
                    hull = Some(hull.map_or((from, to), |(a, b)| (a.min(from), b.max(to))));
                }
            }
        }
        let cap = micros(as_of);
        suite.hull = match hull {
            _ if unbounded => (i64::MIN, if time.is_some() { cap } else { i64::MAX }),
            Some((from, to)) => (from, to.min(cap)),
            None => (0, 0),
        };
        suite.bounds = time.and_then(|_| bounds(suite.hull));
        suite.columns.extend(suite.actor.iter().chain(&suite.time).chain(&suite.key));
        if let Some(source) = source {
            let mut reach = Reach::of(&source.columns, &source.links);
            suite.exprs.iter().for_each(|expr| reach.expr(expr));
            suite.columns.iter().for_each(|column| reach.column(*column));
            suite.columns = reach.own;
            let mut scope = Reach::of(&source.columns, &source.links);
            source.scope.iter().for_each(|expr| scope.expr(expr));
            suite.ways = reach.over.union(&scope.over).cloned().collect();
            let used = (0u32..).zip(&suite.ways).filter(|(_, way)| !scope.over.contains(*way));
            suite.used = used.map(|(at, _)| at).collect();
        }
        suite
    }

    fn empty(id: SourceId, time: Option<ColumnId>) -> Self {
        Self {
            source: id,
            derived: None,
            harvests: Vec::new(),
            exprs: Vec::new(),
            spaces: Vec::new(),
            taken: Vec::new(),
            columns: BTreeSet::new(),
            ways: Vec::new(),
            used: Vec::new(),
            actor: None,
            time,
            key: Vec::new(),
            hull: (i64::MIN, i64::MAX),
            bounds: None,
        }
    }

    /// Of the rows of a derived set: the measures over them (of one timeline, where it is given), and what is made of them.
    pub(crate) fn of_derived(
        number: usize,
        derived: &Arc<Derived>,
        measures: &[PlannedMeasure],
        timeline: Option<usize>,
        harvests: &[Wanted<'_>],
    ) -> Self {
        let mut suite = Self::empty(SourceId::DERIVED, Some(Derived::TIME));
        suite.derived = Some(number);
        suite.actor = Some(Derived::ACTOR);
        harvests.iter().for_each(|wanted| suite.harvest(wanted));
        for (number, planned) in measures.iter().enumerate() {
            if timeline.is_none_or(|t| t == planned.timeline) {
                for branch in planned.measure.branches.iter().filter(|b| derived::is(b, derived)) {
                    suite.take(number, planned, branch);
                }
            }
        }
        suite
    }

    /// A branch of a measure.
    fn take(&mut self, number: usize, planned: &PlannedMeasure, branch: &Branch) {
        let groups: Vec<usize> = branch.by.iter().chain(&branch.keys).map(|e| self.expr(e)).collect();
        let space = Space { timeline: planned.timeline, clock: branch.time, groups, by: branch.by.len() };
        let space = position(&mut self.spaces, space);
        let filter = branch.filter.as_ref().map(|e| self.expr(e));
        let value = branch.value.as_ref().map(|e| self.expr(e));
        let kept = branch.kept.iter().map(|e| self.expr(e)).collect();
        let aggregate = planned.measure.aggregate;
        let ordered = matches!(aggregate, Aggregate::First | Aggregate::Last | Aggregate::Trail);
        self.taken.push(Taken { measure: number, space, filter, value, kept, ordered });
        self.columns.extend(branch.time);
    }

    fn harvest(&mut self, wanted: &Wanted<'_>) {
        let branch = wanted.branch;
        let harvest = Harvest {
            derived: wanted.derived,
            branch: wanted.number,
            clock: branch.time,
            filter: branch.filter.as_ref().map(|e| self.expr(e)),
            actor: branch.value.as_ref().map(|e| self.expr(e)),
            also: wanted.also.map(|e| self.expr(e)),
            unowned: wanted.unowned,
            values: wanted.values().map(|e| self.expr(e)).collect(),
        };
        self.harvests.push(harvest);
        self.columns.extend(branch.time);
    }

    fn expr(&mut self, expr: &RowExpr) -> usize {
        match self.exprs.iter().position(|e| e == expr) {
            Some(at) => at,
            None => {
                self.exprs.push(expr.clone());
                self.exprs.len() - 1
            }
        }
    }
}

fn position(spaces: &mut Vec<Space>, space: Space) -> usize {
    match spaces.iter().position(|s| *s == space) {
        Some(at) => at,
        None => {
            spaces.push(space);
            spaces.len() - 1
        }
    }
}

fn bounds((from, to): (i64, i64)) -> Option<Interval> {
    let stamp = |micros: i64, beyond| Timestamp::from_microsecond(micros).unwrap_or(beyond);
    let bounds = Interval { start: stamp(from, Timestamp::MIN), end: stamp(to, Timestamp::MAX) };
    (bounds != Interval::ALL && from < to).then_some(bounds)
}
