//! The sets of a plan whose rows are made of others: each once, after those that it is made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use kepi_lang::ir::{Branch, Derived, Edge, Measure, RowExpr, Rule};

use crate::plan::PlannedMeasure;
use crate::plan::suite::SuiteSpec;

/// A set whose rows are made once, whoever measures them.
#[derive(Debug)]
pub(crate) struct PlannedDerived {
    pub derived: Arc<Derived>,
    /// What its rows hold of those that they are made of.
    pub made: Vec<(Edge, Vec<RowExpr>)>,
    /// The measures over its rows: in one suite, or, where rows belong to the intervals asked for, in one a timeline.
    pub suites: Vec<Arc<SuiteSpec>>,
}

/// A branch of a derived set, as the rows that are collected for it.
pub(crate) struct Wanted<'a> {
    pub derived: usize,
    pub number: usize,
    pub branch: &'a Branch,
    pub also: Option<&'a RowExpr>,
    pub unowned: bool,
    pub made: &'a [(Edge, Vec<RowExpr>)],
}

/// All sets of the measures, and what their rows hold; without suites yet.
pub(crate) fn of(measures: &[PlannedMeasure]) -> Vec<PlannedDerived> {
    let mut found: Vec<Arc<Derived>> = Vec::new();
    for branch in measures.iter().flat_map(|m| &m.measure.branches) {
        add(branch, &mut found);
    }
    let mut planned: Vec<PlannedDerived> =
        found.into_iter().map(|derived| PlannedDerived { derived, made: Vec::new(), suites: Vec::new() }).collect();
    // What is made of a set comes after it, and says what it needs before it.
    for at in (0..planned.len()).rev() {
        let mut made = BTreeSet::new();
        let Some(derived) = planned.get(at).map(|p| Arc::clone(&p.derived)) else { continue };
        let mut visit = |expr: &RowExpr| {
            expr.made(&mut |at, of| {
                made.insert((at, of.to_vec()));
            });
        };
        for branch in measures.iter().flat_map(|m| &m.measure.branches).filter(|b| is(b, &derived)) {
            branch.exprs().for_each(&mut visit);
        }
        for wanted in wanted(&planned, |branch| is(branch, &derived)) {
            wanted.exprs().for_each(&mut visit);
        }
        if let Some(planned) = planned.get_mut(at) {
            planned.made = made.into_iter().collect();
        }
    }
    planned
}

fn add(branch: &Branch, found: &mut Vec<Arc<Derived>>) {
    let Some(derived) = branch.derived.as_ref().filter(|d| !found.contains(d)) else { return };
    derived.of.iter().for_each(|branch| add(branch, found));
    found.push(Arc::clone(derived));
}

pub(crate) fn is(branch: &Branch, derived: &Arc<Derived>) -> bool {
    branch.derived.as_ref() == Some(derived)
}

/// The branches of derived sets whose rows are those that `of` says.
pub(crate) fn wanted<'a>(planned: &'a [PlannedDerived], of: impl Fn(&Branch) -> bool) -> Vec<Wanted<'a>> {
    let mut found = Vec::new();
    for (derived, planned) in planned.iter().enumerate() {
        for (number, branch) in planned.derived.of.iter().enumerate().filter(|(_, branch)| of(branch)) {
            let also = planned.derived.also.get(number);
            let unowned = planned.derived.rule == Rule::Open;
            found.push(Wanted { derived, number, branch, also, unowned, made: &planned.made });
        }
    }
    found
}

/// The starts of rows that may yet become others, in order, if a measure looks at what may change of them. `open`: by set.
pub(crate) fn unfinished(planned: &[PlannedDerived], measure: &Measure, open: &[Vec<i64>]) -> Vec<i64> {
    let mut found = Vec::new();
    for (set, open) in planned.iter().zip(open).filter(|(_, open)| !open.is_empty()) {
        if measure.branches.iter().any(|branch| depends(branch, &set.derived)) {
            found.extend(open);
        }
    }
    found.sort_unstable();
    found
}

/// Whether a branch looks at the end of a set's rows.
fn depends(branch: &Branch, on: &Arc<Derived>) -> bool {
    let mut found = false;
    branch.ends(&mut |of| found |= of == on);
    found
}

/// The suites over the rows of each set.
pub(crate) fn suites(planned: &[PlannedDerived], measures: &[PlannedMeasure]) -> Vec<Vec<Arc<SuiteSpec>>> {
    let each = planned.iter().enumerate().map(|(number, of)| {
        let harvests = wanted(planned, |branch| is(branch, &of.derived));
        let mut timelines = vec![None];
        if of.derived.is_asked() {
            let over = measures.iter().filter(|m| m.measure.branches.iter().any(|b| is(b, &of.derived)));
            timelines = over.map(|m| Some(m.timeline)).collect::<BTreeSet<_>>().into_iter().collect();
        }
        let suite = |timeline| SuiteSpec::of_derived(number, &of.derived, measures, timeline, &harvests);
        timelines.into_iter().map(suite).map(Arc::new).collect()
    });
    each.collect()
}

impl<'a> Wanted<'a> {
    /// What the rows have to hold for what is made of them.
    pub(crate) fn values(&self) -> impl Iterator<Item = &'a RowExpr> + use<'a> {
        let number = self.number;
        self.made.iter().filter_map(move |(_, of)| of.get(number))
    }

    fn exprs(&self) -> impl Iterator<Item = &'a RowExpr> + use<'a> {
        self.branch.exprs().chain(self.also).chain(self.values())
    }
}
