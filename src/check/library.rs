//! The standard library where its bindings are there: whether its metrics can be computed from them.

use std::collections::BTreeMap;

use crate::check::scope::{Checker, Scope};
use crate::diag::Diagnostic;
use crate::resolve::Library;

/// The library's metrics that cannot be computed, each with why; `None` where nothing is wrong. What was found has been
/// forgotten by then, though the scope holds that it was: it must be made anew.
pub(super) fn unfit(scope: &Scope) -> Option<BTreeMap<String, String>> {
    let files = &scope.project.library.files;
    let mut unfit = BTreeMap::new();
    let mut wrong = false;
    let mut whys: BTreeMap<&str, String> = BTreeMap::new();
    for (at, def) in scope.project.metrics.iter().enumerate().filter(|(_, d)| files.contains(&d.span.file)) {
        let checker = Checker::new(scope);
        let _ = checker.defined_metric(at, def);
        let found = checker.found.take();
        let computed = checker.metric(at).is_ok();
        wrong |= !found.is_empty() || !computed;
        let ours = |f: &&Diagnostic| f.is_error() && f.primary.as_ref().is_some_and(|p| files.contains(&p.span.file));
        let why = found.iter().find(ours).map(|f| f.message.clone());
        if why.is_some() || !computed {
            // Without a finding of its own it names a metric that cannot be computed, or an event that is wrong itself.
            let named = || checker.mentioned(&def.expr).iter().find_map(|n| whys.get(n.as_str()).cloned());
            if let Some(why) = why.or_else(named) {
                whys.insert(&def.name.value, why.clone());
                unfit.insert(def.name.value.clone(), why);
            }
        }
    }
    wrong.then_some(unfit)
}

/// What is remarked about the library is not for its users to mend.
pub(super) fn quieten(found: &mut Vec<Diagnostic>, library: &Library) {
    let of_library = |d: &Diagnostic| d.primary.as_ref().is_some_and(|p| library.files.contains(&p.span.file));
    found.retain(|d| d.is_error() || !of_library(d));
}

impl Scope {
    /// The standard library, as the project has it.
    pub fn library(&self) -> &Library {
        &self.project.library
    }
}
