//! R1, R2 and what an objective stands beside.

use crate::check::objectives::{Checker, Subject};
use crate::diag::{Code, Diagnostic};
use crate::ir::{BenchmarkId, MetricId, Objective};
use crate::syntax::document::ObjectiveDef;

impl Checker<'_> {
    /// R1: what it is for. That a name exists and no circle comes of it was seen when names were resolved.
    pub(super) fn support(&mut self, def: &ObjectiveDef, value_area: Option<&str>) {
        if def.supports.is_some() || value_area.is_some() {
            return;
        }
        let message = format!("the objective `{}` does not say what it is for", def.name.value);
        let help = "write `supports:` with a goal or another objective, or give its metric a `value_area`";
        self.report_at(Code::Unaligned, def.name.span, message, help);
    }

    /// R2: to reach far in one area is easy at the expense of another.
    pub(super) fn guarded(&mut self, def: &ObjectiveDef, objective: &Objective) {
        if !objective.aspirational {
            return;
        }
        let elsewhere = |id: MetricId| {
            let area = self.metrics.get(id.0 as usize).and_then(|m| m.value_area.as_ref());
            Some(id) != objective.metric && (area.is_none() || area != objective.value_area.as_ref())
        };
        if objective.guardrails.iter().any(|guardrail| elsewhere(guardrail.metric)) {
            return;
        }
        let message =
            format!("the objective `{}` is aspirational and has no guardrail in another value area", def.name.value);
        let help = "add a metric that must not suffer: `guardrails: [crash_rate <= 1%]`";
        self.report_at(Code::NoGuardrail, def.name.span, message, help);
    }

    /// What the target is compared with.
    pub(super) fn compared(&mut self, def: &ObjectiveDef, metric: Option<&str>, of: Subject) -> Vec<BenchmarkId> {
        let mut ids = Vec::with_capacity(def.compare.len());
        for name in &def.compare {
            // A name that does not exist was reported when names were resolved.
            let position = self.project.benchmarks.iter().position(|b| b.name.value == name.value);
            let Some(index) = position else { continue };
            let Some(benchmark) = self.benchmarks.get(index).and_then(Clone::clone) else { continue };
            if self.same_unit(&benchmark, name, of).is_none() {
                continue;
            }
            if metric.is_some_and(|metric| metric != benchmark.metric) {
                let metric = metric.unwrap_or_default();
                let message = format!("the benchmark `{}` is of `{}`, not of `{metric}`", name.value, benchmark.metric);
                let finding = Diagnostic::new(Code::OtherBenchmark, name.span, message);
                self.push(finding.help(format!("name a benchmark of `{metric}`")));
            }
            ids.extend(u32::try_from(index).ok().map(BenchmarkId));
        }
        ids
    }
}
