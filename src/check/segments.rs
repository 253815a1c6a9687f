//! Segments: each is typed for the actors of some source; where it is used, for those of the source at hand.

use crate::check::rows::{Place, Rows, Use};
use crate::check::scope::{Active, Checker};
use crate::diag::{Code, Diagnostic};

impl Checker<'_> {
    pub(super) fn segments(&self) {
        let scope = self.scope;
        for (at, def) in scope.project.segments.iter().enumerate() {
            let mut first = None;
            let mut fits = false;
            for table in scope.sources.iter().filter(|s| s.actor_link.is_some()) {
                let trial = Checker::new(scope);
                let rows = Rows {
                    actor_link: table.actor_link,
                    used: Use::Segment,
                    ..Rows::of_table(&trial, Place::Source(table.id))
                };
                if trial.inside(Active::Segment(at), def.name.span, || rows.condition(&def.expr)).is_ok() {
                    fits = true;
                    break;
                }
                first.get_or_insert(trial.found.take());
            }
            if fits || scope.project.broken.contains(&def.name.value) {
                continue;
            }
            if let Some(broken) = scope.broken_segments.borrow_mut().get_mut(at) {
                *broken = true;
            }
            let findings = first.unwrap_or_else(|| {
                let message = format!("`{}` is about actors, and no lookup describes them", def.name.value);
                let help = "declare it: `lookups: {users: {files: …, key: …, actor: true}}`";
                vec![Diagnostic::new(Code::NoActor, def.name.span, message).help(help)]
            });
            for finding in findings {
                self.report(finding);
            }
        }
    }
}
