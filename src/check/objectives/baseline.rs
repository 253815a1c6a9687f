//! M2: where the way begins.

use crate::calendar::Length;
use crate::check::objectives::{Checker, Subject};
use crate::diag::Code;
use crate::ir::{Baseline, BaselineStatistic, BenchmarkValue, MetricExpr};
use crate::source::Span;
use crate::syntax::ast::{self, AmountKind, BaselineKind};

impl Checker<'_> {
    pub(super) fn baseline(&mut self, baseline: &ast::Baseline, of: Subject) -> Option<Baseline> {
        let found = match &baseline.kind {
            BaselineKind::Period(literal) => Baseline::Period(self.period(literal, baseline.span)?),
            BaselineKind::Last { length, statistic } => self.last(*length, *statistic, baseline.span)?,
            BaselineKind::Amount(amount) => match &amount.kind {
                AmountKind::Literal(literal) => {
                    let value = self.level_in_domain(literal, amount.span, of)?;
                    self.report_at(
                        Code::UnsourcedBaseline,
                        amount.span,
                        "a number as the baseline does not say where it comes from",
                        "take a period (`from 2026-Q3`), or define a benchmark with a `source` and write `from NAME.value`",
                    );
                    return Some(Baseline::Literal(value));
                }
                AmountKind::Benchmark { name, quantile } => self.baseline_of_benchmark(name, quantile, of)?,
            },
        };
        let needs_clock = !matches!(found, Baseline::Literal(_));
        if needs_clock && self.has_no_clock(of.expr, baseline.span) {
            return None;
        }
        Some(found)
    }

    /// What the benchmark states, or the window that it is computed from.
    fn baseline_of_benchmark(&mut self, name: &ast::Name, quantile: &ast::Name, of: Subject) -> Option<Baseline> {
        let (_, benchmark) = self.benchmark_named(name)?;
        let benchmark = benchmark?.clone();
        if let (BenchmarkValue::Computed(computed), "value") = (&benchmark.value, quantile.value.as_str()) {
            self.same_unit(&benchmark, name, of)?;
            return Some(computed.clone());
        }
        let level = self.benchmark_level(name, quantile, of)?;
        let value = self.known_level(&level, of);
        if value.is_none() {
            self.too_long(name.span);
        }
        value.map(Baseline::Literal)
    }

    pub(super) fn last(
        &mut self,
        length: Length,
        statistic: Option<ast::BaselineStatistic>,
        span: Span,
    ) -> Option<Baseline> {
        if length.count == 0 {
            self.report_at(Code::NoBaseline, span, "a window of no length", "write how long it is: `last 8 weeks`");
            return None;
        }
        let statistic = statistic.map(|statistic| match statistic {
            ast::BaselineStatistic::Mean => BaselineStatistic::Mean,
            ast::BaselineStatistic::Median => BaselineStatistic::Median,
            ast::BaselineStatistic::Best => BaselineStatistic::Best,
            ast::BaselineStatistic::Worst => BaselineStatistic::Worst,
        });
        Some(Baseline::Last { length, statistic })
    }

    /// Reports a period that is asked of rows without time.
    pub(super) fn has_no_clock(&mut self, expr: &MetricExpr, span: Span) -> bool {
        let (mut any, mut clock) = (false, false);
        expr.measures(&mut |measure| {
            any = true;
            clock |= measure.branches.iter().any(|branch| branch.time.is_some());
        });
        let timeless = any && !clock;
        if timeless {
            let message = "the metric's source has no time, so it has one value and no periods";
            self.report_at(Code::NoClock, span, message, "write the amount");
        }
        timeless
    }
}
