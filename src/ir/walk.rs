//! What an expression is made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ir::{Collection, Measure, MetricExpr, MetricKind, SourceId};

impl MetricExpr {
    /// Calls `visit` for every measure, bases of distributions included, in the order of the text; equal measures repeat.
    pub fn measures<'a>(&'a self, visit: &mut impl FnMut(&'a Arc<Measure>)) {
        match &self.kind {
            MetricKind::Literal(_) => {}
            MetricKind::Measure(measure) => visit(measure),
            MetricKind::Negate(of)
            | MetricKind::Not(of)
            | MetricKind::IsNull(of)
            | MetricKind::Total(of)
            | MetricKind::Convert { of, .. }
            | MetricKind::Over { of, .. }
            | MetricKind::Ago { of, .. }
            | MetricKind::Change { of, .. } => of.measures(visit),
            MetricKind::Arithmetic { left, right, .. }
            | MetricKind::Compare { left, right, .. }
            | MetricKind::And(left, right)
            | MetricKind::Or(left, right) => {
                left.measures(visit);
                right.measures(visit);
            }
            MetricKind::In { of, list } => {
                of.measures(visit);
                list.iter().for_each(|e| e.measures(visit));
            }
            MetricKind::If { condition, then, otherwise } => {
                condition.measures(visit);
                then.measures(visit);
                otherwise.measures(visit);
            }
            MetricKind::Call { args, .. } => args.iter().for_each(|e| e.measures(visit)),
            MetricKind::Summary { of, .. } => of.measures(visit),
            MetricKind::Correlation { left, right } => {
                left.measures(visit);
                right.measures(visit);
            }
        }
    }

    /// The sources it reads.
    pub fn sources(&self) -> BTreeSet<SourceId> {
        let mut found = BTreeSet::new();
        self.measures(&mut |measure| found.extend(measure.branches.iter().map(|b| b.source)));
        found
    }
}

impl Collection {
    /// As [`MetricExpr::measures`].
    pub fn measures<'a>(&'a self, visit: &mut impl FnMut(&'a Arc<Measure>)) {
        match self {
            Self::Distribution { of, base } => {
                of.measures(visit);
                base.iter().for_each(|measure| visit(measure));
            }
            Self::Series { of, .. } => of.measures(visit),
            Self::Over { of, .. } => of.measures(visit),
        }
    }
}
