//! What an expression is made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::calendar::Length;
use crate::ir::{Collection, ColumnId, Measure, MetricExpr, MetricKind, RowExpr, RowKind, SourceId, Way};

impl MetricExpr {
    /// Calls `visit` for every measure, bases of distributions included, in the order of the text; equal measures repeat.
    pub fn measures<'a>(&'a self, visit: &mut impl FnMut(&'a Arc<Measure>)) {
        self.each(&mut |node| match &node.kind {
            MetricKind::Measure(measure) => visit(measure),
            MetricKind::Journey { of, .. } => visit(&of.trail),
            MetricKind::Summary { of, .. } => of.measures(visit),
            MetricKind::Correlation { left, right } => {
                left.measures(visit);
                right.measures(visit);
            }
            _ => {}
        });
    }

    /// Calls `visit` for itself and every expression inside that is not a collection's.
    pub fn each<'a>(&'a self, visit: &mut impl FnMut(&'a MetricExpr)) {
        visit(self);
        self.parts(&mut |part| part.each(visit));
    }

    /// As [`MetricExpr::each`], but for those of the period at hand alone: not what stands in a window or an `ago`.
    pub fn now<'a>(&'a self, visit: &mut impl FnMut(&'a MetricExpr)) {
        visit(self);
        if !matches!(self.kind, MetricKind::Over { .. } | MetricKind::Ago { .. }) {
            self.parts(&mut |part| part.now(visit));
        }
    }

    /// What looks back at an earlier period: the expression there, and how much earlier it is.
    pub fn earlier<'a>(&'a self, visit: &mut impl FnMut(&'a MetricExpr, Length)) {
        self.now(&mut |node| {
            if let MetricKind::Ago { of, shift } | MetricKind::Change { of, shift } = &node.kind {
                visit(of, *shift);
            }
        });
    }

    fn parts<'a>(&'a self, visit: &mut dyn FnMut(&'a MetricExpr)) {
        match &self.kind {
            MetricKind::Negate(of)
            | MetricKind::Not(of)
            | MetricKind::IsNull(of)
            | MetricKind::Total(of)
            | MetricKind::Convert { of, .. }
            | MetricKind::Over { of, .. }
            | MetricKind::Ago { of, .. }
            | MetricKind::Change { of, .. } => visit(of),
            MetricKind::Arithmetic { left, right, .. }
            | MetricKind::Compare { left, right, .. }
            | MetricKind::And(left, right)
            | MetricKind::Or(left, right) => [left, right].into_iter().for_each(|e| visit(e)),
            MetricKind::In { of, list } => std::iter::once(of.as_ref()).chain(list).for_each(visit),
            MetricKind::If { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|e| visit(e));
            }
            MetricKind::Call { args, .. } => args.iter().for_each(visit),
            MetricKind::Literal(_)
            | MetricKind::Measure(_)
            | MetricKind::Journey { .. }
            | MetricKind::Here { .. }
            | MetricKind::Summary { .. }
            | MetricKind::Correlation { .. } => {}
        }
    }

    /// The sources it reads.
    pub fn sources(&self) -> BTreeSet<SourceId> {
        let mut found = BTreeSet::new();
        self.measures(&mut |measure| measure.branches.iter().for_each(|b| b.sources(&mut found)));
        found
    }
}

impl Collection {
    /// As [`MetricExpr::measures`].
    pub fn measures<'a>(&'a self, visit: &mut impl FnMut(&'a Arc<Measure>)) {
        match self {
            Self::Distribution { of, base } => {
                of.measures(visit);
                base.iter().for_each(visit);
            }
            Self::Series { of, .. } => of.measures(visit),
            Self::Times { journey, .. } => visit(&journey.trail),
            Self::Entries { trail, .. } => visit(trail),
            Self::Over { of, .. } => of.measures(visit),
        }
    }
}

impl RowExpr {
    /// Calls `visit` for every column read: the way it is reached by (`None`: the source's own) and the column.
    pub fn columns(&self, visit: &mut impl FnMut(Option<&Way>, ColumnId)) {
        self.each(&mut |node| match &node.kind {
            RowKind::Column(column) => visit(None, *column),
            RowKind::Linked { way, column } => visit(Some(way), *column),
            _ => {}
        });
    }

    /// Calls `visit` for the expression and all parts of it, those over other rows left out.
    pub fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match &self.kind {
            RowKind::Column(_) | RowKind::Linked { .. } | RowKind::Made { .. } | RowKind::Literal(_) => {}
            RowKind::Negate(of) | RowKind::Not(of) | RowKind::IsNull(of) => of.each(visit),
            RowKind::Convert { of, .. } | RowKind::Like { of, .. } => of.each(visit),
            RowKind::Arithmetic { left, right, .. } | RowKind::Compare { left, right, .. } => {
                left.each(visit);
                right.each(visit);
            }
            RowKind::And(left, right) | RowKind::Or(left, right) => {
                left.each(visit);
                right.each(visit);
            }
            RowKind::In { of, list } => {
                of.each(visit);
                list.iter().for_each(|e| e.each(visit));
            }
            RowKind::If { condition, then, otherwise } => {
                condition.each(visit);
                then.each(visit);
                otherwise.each(visit);
            }
            RowKind::Call { args, .. } => args.iter().for_each(|e| e.each(visit)),
        }
    }
}
