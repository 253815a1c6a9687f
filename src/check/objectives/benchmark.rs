//! `benchmarks`: what is known to compare with.

use crate::calendar::PeriodLiteral;
use crate::check::definitions::title;
use crate::check::lints::allows;
use crate::check::objectives::{Checker, Subject, text};
use crate::decimal::Decimal;
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Amount, Baseline, Benchmark, BenchmarkId, BenchmarkValue};
use crate::syntax::ast::{self, AmountKind, BaselineKind, Name};
use crate::syntax::document::{self, BenchmarkDef};

impl Benchmark {
    /// The value that the definition states under this name of a quantile; of a benchmark with one value whatever the name.
    pub(super) fn stated(&self, quantile: &str) -> Option<Decimal> {
        match &self.value {
            BenchmarkValue::Quantiles(all) => all.iter().find(|(name, _)| name == quantile).map(|(_, value)| *value),
            BenchmarkValue::Literal(value) => Some(*value),
            BenchmarkValue::Computed(_) => None,
        }
    }
}

impl Checker<'_> {
    pub(super) fn benchmark(&mut self, def: &BenchmarkDef) -> Option<Benchmark> {
        let as_of = def.as_of.as_ref().and_then(|t| self.date(t));
        let expires = def.expires.as_ref().and_then(|t| self.date(t));
        if let (Some(from), Some(until), Some(at)) = (as_of, expires, &def.expires)
            && until < from
        {
            let message = format!("the benchmark `{}` expires before it was taken, on {from}", def.name.value);
            self.report_at(Code::DatesOutOfOrder, at.span, message, "write a later date");
        }
        let typed = self.typed(&def.metric, None)?;
        let of = Subject { expr: &typed.expr, display: &typed.display };
        let value = match &def.value {
            document::BenchmarkValue::One(one) => self.one(one, of)?,
            document::BenchmarkValue::Quantiles(all) => BenchmarkValue::Quantiles(self.quantiles(all, of)?),
        };
        if !matches!(value, BenchmarkValue::Computed(_)) && !allows(&def.allow, Code::UnsourcedBenchmark) {
            self.unsourced(def);
        }
        let metric = typed.metric.and_then(|id| self.metrics.get(id.0 as usize)).map(|m| m.name.clone());
        Some(Benchmark {
            name: def.name.value.clone(),
            span: def.span,
            title: title(def.title.as_ref(), &def.name.value),
            metric: metric.unwrap_or(typed.formula),
            unit: typed.expr.unit.clone(),
            ask: typed.expr,
            kind: text(def.kind.as_ref()),
            value,
            source: text(def.source.as_ref()),
            as_of,
            expires,
            may_expire: allows(&def.allow, Code::ExpiresSoon),
        })
    }

    fn unsourced(&mut self, def: &BenchmarkDef) {
        let (missing, help) = match (&def.source, &def.as_of) {
            (Some(_), Some(_)) => return,
            (None, Some(_)) => ("where its numbers come from", "write `source: \"name of the study, year, page\"`"),
            (Some(_), None) => ("what day its numbers are of", "write `as_of: 2026-01-15`"),
            (None, None) => (
                "where its numbers come from and what day they are of",
                "write `source: \"name of the study, year, page\"` and `as_of: 2026-01-15`",
            ),
        };
        let message = format!("the benchmark `{}` does not say {missing}", def.name.value);
        self.report_at(Code::UnsourcedBenchmark, def.name.span, message, help);
    }

    fn one(&mut self, value: &ast::Baseline, of: Subject) -> Option<BenchmarkValue> {
        let computed = match &value.kind {
            BaselineKind::Amount(amount) => {
                let AmountKind::Literal(literal) = &amount.kind else {
                    let message = "a benchmark cannot rest on another benchmark";
                    self.report_at(Code::BadQuantile, amount.span, message, "write the amount, or a period");
                    return None;
                };
                return Some(BenchmarkValue::Literal(self.level_in_domain(literal, amount.span, of)?));
            }
            BaselineKind::Period(literal) => Baseline::Period(self.period(literal, value.span)?),
            BaselineKind::Last { length, statistic } => self.last(*length, *statistic, value.span)?,
        };
        if self.has_no_clock(of.expr, value.span) {
            return None;
        }
        Some(BenchmarkValue::Computed(computed))
    }

    /// Each of `p1` to `p99`, in order, their values in order too.
    fn quantiles(&mut self, all: &[(Name, ast::Baseline)], of: Subject) -> Option<Vec<(String, Decimal)>> {
        let mut quantiles: Vec<(u8, &Name, Decimal)> = Vec::with_capacity(all.len());
        let before = self.found.len();
        for (name, value) in all {
            let Some(rank) = rank(&name.value) else {
                let message = format!("`{}` is no quantile", name.value);
                self.report_at(
                    Code::BadQuantile,
                    name.span,
                    message,
                    "quantiles are `p1` to `p99`; the median is `p50`",
                );
                continue;
            };
            let BaselineKind::Amount(ast::Amount { kind: AmountKind::Literal(literal), span }) = &value.kind else {
                let help = "write an amount; what the data say themselves is one value: `value: last 8 weeks`";
                self.report_at(Code::BadQuantile, value.span, "a quantile of a benchmark is an amount", help);
                continue;
            };
            if let Some(value) = self.level_in_domain(literal, *span, of) {
                quantiles.push((rank, name, value));
            }
        }
        quantiles.sort_by_key(|(rank, ..)| *rank);
        let pairs: Vec<_> = quantiles.iter().zip(quantiles.iter().skip(1)).collect();
        if let Some((below, above)) = pairs.into_iter().find(|(below, above)| below.2 > above.2) {
            let message = format!("`{}` is less than `{}`", above.1.value, below.1.value);
            let finding = Diagnostic::new(Code::BadQuantile, above.1.span, message).also(below.1.span, "which is more");
            self.push(finding.help("a higher quantile is no smaller than a lower one: check the numbers"));
        }
        (self.found.len() == before)
            .then(|| quantiles.into_iter().map(|(_, name, value)| (name.value.clone(), value)).collect())
    }

    /// The benchmark with this name, and its place in the list.
    pub(super) fn benchmark_named(&mut self, name: &Name) -> Option<(BenchmarkId, Option<&Benchmark>)> {
        let position = self.project.benchmarks.iter().position(|def| def.name.value == name.value);
        let Some(index) = position else {
            if !self.project.broken.contains(&name.value) {
                let known = self.project.benchmarks.iter().map(|def| def.name.value.as_str());
                let near = did_you_mean(&name.value, known);
                let message = format!("no benchmark is named `{}`{near}", name.value);
                self.push(Diagnostic::new(Code::UnknownReference, name.span, message));
            }
            return None;
        };
        let id = BenchmarkId(u32::try_from(index).ok()?);
        Some((id, self.benchmarks.get(index).and_then(Option::as_ref)))
    }

    /// `session_industry.p75` as a level.
    pub(super) fn benchmark_level(&mut self, name: &Name, quantile: &Name, of: Subject) -> Option<Amount> {
        let (id, benchmark) = self.benchmark_named(name)?;
        let benchmark = benchmark?.clone();
        self.same_unit(&benchmark, name, of)?;
        match &benchmark.value {
            BenchmarkValue::Quantiles(all) if all.iter().all(|(known, _)| *known != quantile.value) => {
                let known: Vec<&str> = all.iter().map(|(known, _)| known.as_str()).collect();
                let near = did_you_mean(&quantile.value, known.iter().copied());
                let message = format!("the benchmark `{}` has no `{}`{near}", name.value, quantile.value);
                self.report_at(Code::BadQuantile, quantile.span, message, format!("it has {}", known.join(", ")));
                return None;
            }
            BenchmarkValue::Quantiles(_) => {}
            BenchmarkValue::Literal(_) | BenchmarkValue::Computed(_) if quantile.value != "value" => {
                let message = format!("the benchmark `{}` has one value and no quantiles", name.value);
                self.report_at(Code::BadQuantile, quantile.span, message, format!("write `{}.value`", name.value));
                return None;
            }
            BenchmarkValue::Literal(_) | BenchmarkValue::Computed(_) => {}
        }
        Some(Amount::Benchmark { benchmark: id, quantile: quantile.value.clone() })
    }

    /// Reports a benchmark whose values cannot stand beside the subject's.
    pub(super) fn same_unit(&mut self, benchmark: &Benchmark, name: &Name, of: Subject) -> Option<()> {
        let unknown = benchmark.ask.ty.is_open() || of.expr.ty.is_open();
        if unknown || benchmark.unit.same_dimension(&of.expr.unit) {
            return Some(());
        }
        let message = format!(
            "the benchmark `{}` is in {}, and the metric in {}",
            name.value,
            super::amount::called(&benchmark.unit),
            super::amount::called(of.display)
        );
        self.report_at(Code::BenchmarkUnit, name.span, message, "name a benchmark of the same metric");
        None
    }

    /// A period as written.
    pub(super) fn period(
        &mut self,
        literal: &PeriodLiteral,
        span: crate::source::Span,
    ) -> Option<crate::calendar::Period> {
        match self.calendar.literal(literal) {
            Ok(period) => Some(period),
            Err(error) => {
                self.push(error.at(span));
                None
            }
        }
    }
}

/// 75 of `p75`.
fn rank(name: &str) -> Option<u8> {
    let digits = name.strip_prefix('p').filter(|d| !d.starts_with('0'))?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|rank| (1..=99).contains(rank))
}
