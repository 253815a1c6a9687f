//! Expressions that come after the definitions: of a command line, of an objective, of a report's breakdown.

use crate::calendar::Grain;
use crate::check::algebra::unknown_unit;
use crate::check::metrics::{Env, Metrics};
use crate::check::scope::{Checker, Scope};
use crate::diag::{Code, Diagnostic};
use crate::ir::{MetricExpr, MetricId};
use crate::resolve::Named;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::document::MetricDef;
use crate::syntax::print;
use crate::unit::Unit;

/// An expression to ask: a metric's name or any metric expression, broken down and filtered.
#[derive(Clone, Copy, Debug)]
pub struct AskSpec<'a> {
    pub expr: &'a Expr,
    /// One row expression for each dimension.
    pub by: &'a [Expr],
    pub condition: Option<&'a Expr>,
}

/// An expression that may be asked.
#[derive(Clone, Debug)]
pub struct Typed {
    /// With a `by` for each dimension in every measure outside `total(…)`.
    pub expr: MetricExpr,
    /// The dimensions as `print` shows them.
    pub by: Vec<String>,
    /// Of the metric, when the expression is the name of one.
    pub grain: Option<Grain>,
    /// The unit to show: of the metric when the expression is one metric (with or without a scope), else `expr.unit`.
    pub display: Unit,
    /// The metric when the expression is one, with or without a scope.
    pub metric: Option<MetricId>,
    /// As `print` shows it, with its scope.
    pub formula: String,
}

impl Scope {
    /// Types an expression in the project's scope. `Err` without a finding: what it names has been found wrong before.
    pub fn ask<'a>(&'a self, spec: &AskSpec<'a>) -> Result<Typed, Vec<Diagnostic>> {
        let checker = Checker::new(self);
        let mut by: Vec<String> = Vec::new();
        for dimension in spec.by {
            let text = print::expr(dimension);
            if by.contains(&text) {
                let message = format!("`{text}` is a dimension twice");
                checker.report(Diagnostic::new(Code::DuplicateDimension, dimension.span, message));
            }
            by.push(text);
        }
        let env = Env { conditions: spec.condition.into_iter().collect(), by: spec.by, ..Env::default() };
        let mut typed = Metrics { cx: &checker, env: env.clone() }.number(spec.expr);
        let mut found = checker.found.take();
        if typed.is_ok() && found.is_empty() && env.dimensions.borrow().iter().any(|d| d.widened) {
            // Now it is known what the dimensions are in all measures.
            let again = Checker::new(self);
            typed = Metrics { cx: &again, env }.number(spec.expr);
            found = again.found.take();
        }
        let (Ok(expr), true) = (typed, found.is_empty()) else { return Err(found) };
        by.extend(expr.cells().map(|table| table.grain.to_string()));
        let metric = self.one_metric(spec.expr);
        let def = metric.and_then(|at| self.project.metrics.get(at));
        let formula = match spec.condition {
            None => print::expr(spec.expr),
            Some(condition) => print::expr(&Expr {
                kind: ExprKind::Where { of: Box::new(spec.expr.clone()), condition: Box::new(condition.clone()) },
                span: spec.expr.span,
            }),
        };
        Ok(Typed {
            by,
            grain: def.map(|d| d.grain.as_ref().and_then(|g| Grain::parse(&g.value)).unwrap_or(Grain::Day)),
            display: def.map_or_else(|| expr.unit.clone(), |d| self.shown(d, &expr)),
            metric: metric.and_then(|at| u32::try_from(at).ok()).map(MetricId),
            formula,
            expr,
        })
    }

    /// The metric that an expression is, with or without a scope.
    fn one_metric(&self, expr: &Expr) -> Option<usize> {
        match &expr.kind {
            ExprKind::Name(name) => match self.named(name) {
                Some(Named::Metric(at)) => Some(at),
                _ => None,
            },
            ExprKind::Where { of, .. } => self.one_metric(of),
            _ => None,
        }
    }

    /// The unit that a metric's values are shown in; a unit that cannot be has been reported at its definition.
    fn shown(&self, def: &MetricDef, expr: &MetricExpr) -> Unit {
        let unit = def.unit.as_ref().and_then(|text| Unit::parse(&text.value, &self.units));
        match unit {
            Some(unit) if expr.proportion && unit.same(&Unit::percent()) => Unit::none(),
            Some(unit) if expr.ty.is_open() || unit.same_dimension(&expr.unit) => unit,
            _ => expr.unit.clone(),
        }
    }

    /// The unit that a text names in this project.
    pub fn unit(&self, text: &str, span: crate::source::Span) -> Result<Unit, Diagnostic> {
        Unit::parse(text, &self.units).ok_or_else(|| unknown_unit(self.unit_words(), text, span))
    }
}
