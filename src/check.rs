//! Stage: check. Names become ids, every expression gets a type, a unit and an additivity; what would give a wrong number is
//! refused, with the form that is right.

pub(crate) mod objectives;

use crate::calendar::Grain;
use crate::diag::Diagnostic;
use crate::ir::{MetricExpr, MetricId, Program};
use crate::syntax::ast::Expr;
use crate::unit::Unit;

/// What a check gives.
#[derive(Debug)]
pub struct Checked {
    /// `None` when there is any error.
    pub program: Option<Program>,
    pub diagnostics: Vec<Diagnostic>,
    /// The names of the project, for expressions that come later.
    pub scope: Scope,
}

/// The names of a project and what they mean: types further expressions, of a command line or of a report.
#[derive(Debug, Default)]
pub struct Scope {}

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
    /// Types an expression in the project's scope.
    pub fn ask(&self, spec: &AskSpec<'_>) -> Result<Typed, Vec<Diagnostic>> {
        Err(vec![Diagnostic::new(crate::diag::Code::Internal, spec.expr.span, "expressions are not typed yet")])
    }
}
