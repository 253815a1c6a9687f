//! Metric expressions: what is one number for each period.

mod churn;
mod collections;
mod forms;
mod journeys;
mod measures;
mod retention;
mod surveys;
mod trails;
mod value;

use std::cell::RefCell;
use std::rc::Rc;

use crate::check::algebra::{Node, Shape, Typer, both, common, join};
use crate::check::classify::Class;
use crate::check::findings::{Check, Reported, called};
use crate::check::metrics::measures::Key;
use crate::check::rows::unknown_function;
use crate::check::scope::{Active, Checker};
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::functions::{Role, find};
use crate::ir::{MetricExpr, RowExpr, ScalarType};
use crate::library;
use crate::resolve::Named;
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOp, Expr, ExprKind, Name};
use crate::unit::Unit;

pub use forms::needs_days;
pub(super) use value::Val;

/// A metric's expression, and how large it is.
#[derive(Debug)]
pub(super) struct Inlined {
    pub(super) expr: MetricExpr,
    parts: usize,
    levels: usize,
}

/// What reaches every measure of an expression from outside.
#[derive(Clone, Default)]
pub(super) struct Env<'a> {
    /// Conditions, outermost first.
    pub(super) conditions: Vec<&'a Expr>,
    /// The dimensions of the ask.
    pub(super) by: &'a [Expr],
    /// What their values are in the measures that have been typed.
    pub(super) dimensions: Rc<RefCell<Vec<OneType>>>,
    /// Keys of the distributions around, outermost first.
    pub(super) keys: Vec<Rc<Key<'a>>>,
    /// The measures follow entries: each keeps its actor.
    pub(super) follow: Rc<std::cell::Cell<bool>>,
}

/// The type of a dimension or of a key: one for all measures, or a part of one and a part of another would not meet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OneType {
    ty: Option<ScalarType>,
    /// A measure had whole numbers where a later one had fractions: typed once more, it has fractions too.
    pub(super) widened: bool,
}

impl OneType {
    /// Takes the type in; the type that is there when the two do not go together.
    fn meet(&mut self, expr: &mut RowExpr) -> Option<ScalarType> {
        let known = *self.ty.get_or_insert(expr.ty);
        let numbers = known.is_number() && expr.ty.is_number();
        if known != expr.ty && !numbers && !known.is_open() && !expr.ty.is_open() {
            return Some(known);
        }
        let ty = join(known, expr.ty);
        self.widened |= ty != known;
        self.ty = Some(ty);
        if numbers || expr.ty == ScalarType::Null {
            expr.ty = ty;
        }
        None
    }
}

impl Env<'_> {
    fn is_plain(&self) -> bool {
        self.conditions.is_empty() && self.by.is_empty() && self.keys.is_empty() && !self.follow.get()
    }
}

/// Types metric expressions.
pub(super) struct Metrics<'c, 'a> {
    pub(super) cx: &'c Checker<'a>,
    pub(super) env: Env<'a>,
}

impl<'a> Checker<'a> {
    /// A metric's own expression, without a breakdown or scope.
    pub(super) fn metric(&self, at: usize) -> Check<Rc<Inlined>> {
        let scope = self.scope;
        let (Some(cell), Some(def)) = (scope.metrics.get(at), scope.project.metrics.get(at)) else {
            return Err(Reported);
        };
        if let Some(known) = cell.get() {
            return known.clone().ok_or(Reported);
        }
        let before = self.begin();
        let typed = self.inside(Active::Metric(at), def.name.span, || {
            let metrics = Metrics { cx: self, env: Env::default() };
            metrics.number(&def.expr)
        });
        let (parts, levels) = self.end(before);
        let inlined = typed.map(|expr| Rc::new(Inlined { expr, parts, levels }));
        let _ = cell.set(inlined.as_ref().ok().cloned());
        inlined
    }
}

impl<'c, 'a> Metrics<'c, 'a> {
    /// Types what must be one number a period.
    pub(super) fn number(&self, ast: &'a Expr) -> Check<MetricExpr> {
        let expr = self.one(ast)?;
        self.broken_down(&expr, ast)?;
        self.one_table(&expr, ast)?;
        if expr.ty.is_number() || expr.ty.is_open() {
            return Ok(expr);
        }
        let message = format!("a metric is a number, this is {}", called(expr.ty));
        let finding = Diagnostic::new(Code::NotAMetric, ast.span, message).label(called(expr.ty));
        self.cx.fail(match expr.ty {
            ScalarType::Bool => {
                finding.help("write `if … then 1 else 0`, or count what it is true for: `share(… per actor)`")
            }
            _ => finding,
        })
    }

    /// A breakdown that no measure has would give no rows, and say nothing.
    fn broken_down(&self, expr: &MetricExpr, ast: &'a Expr) -> Check<()> {
        let Some(dimension) = self.env.by.first() else { return Ok(()) };
        let (mut any, mut parts) = (false, 0);
        expr.measures(&mut |m| {
            parts += 1;
            any |= m.branches.iter().any(|b| !b.by.is_empty());
        });
        if any || parts == 0 {
            return Ok(());
        }
        let message = "a breakdown of what has no parts: all that is measured stands in `total(…)`";
        let finding = Diagnostic::new(Code::MissingInMeasure, dimension.span, message).also(ast.span, "the total");
        self.cx.fail(finding.help("leave out the breakdown, or `total`"))
    }

    /// Tables that are taken together have rows of the same offsets.
    fn one_table(&self, expr: &MetricExpr, ast: &'a Expr) -> Check<()> {
        let tables = expr.tables();
        let [first, other, ..] = tables.as_slice() else { return Ok(()) };
        let message = format!("a table of {}, and one of {}", first.named(), other.named());
        let help = "rows of one offset are taken together: give both tables the same, or ask for one after the other";
        self.cx.fail(Diagnostic::new(Code::TablesDiffer, ast.span, message).help(help))
    }

    /// Types what must be one value a period, and no distribution or series.
    fn one(&self, ast: &'a Expr) -> Check<MetricExpr> {
        match self.expr(ast)? {
            Val::One(expr) => Ok(expr),
            Val::Many(many) => {
                let message = format!("{} is many numbers a period, a metric is one", many.called());
                let help = "take a statistic of it: `mean(…)`, `median(…)`, `share(… >= 5)`, `count(… > 2)`";
                self.cx.fail(Diagnostic::new(Code::NotAMetric, ast.span, message).help(help))
            }
        }
    }

    pub(super) fn with_condition(&self, condition: &'a Expr) -> Self {
        let mut env = self.env.clone();
        env.conditions.push(condition);
        Self { cx: self.cx, env }
    }

    fn name(&self, name: &'a str, span: Span) -> Check<Val> {
        let scope = self.cx.scope;
        if scope.project.broken.contains(name) {
            return Err(Reported);
        }
        let wrong =
            |message: String, help: String| self.cx.fail(Diagnostic::new(Code::NotAMetric, span, message).help(help));
        match scope.named(name) {
            Some(Named::Metric(at)) => self.reference(at, span),
            Some(Named::Event(_) | Named::Source(_)) => {
                let help = format!("count its events or its actors: `count({name})`, `unique({name})`");
                wrong(format!("`{name}` is an event set, not a number"), help)
            }
            Some(Named::Spans(_)) => {
                let help = format!("count what is open, or what ended: `count(open({name}))`, `count(ended({name}))`");
                wrong(format!("`{name}` is a set of spans, not a number"), help)
            }
            Some(Named::Segment(_)) => {
                let help = format!("write `count(EVENT where {name})`, or `METRIC where {name}`");
                wrong(format!("`{name}` is a segment, a condition, not a number"), help)
            }
            None => {
                if let Some(finding) = scope.project.library.absent(name, span) {
                    return self.cx.fail(finding);
                }
                let metrics: Vec<&str> = scope.names_of(|n| matches!(n, Named::Metric(_))).collect();
                let near = did_you_mean(name, metrics);
                let finding = Diagnostic::new(Code::UnknownName, span, format!("no metric is named `{name}`{near}"));
                if library::has(name) && scope.project.library.files.is_empty() {
                    return self.cx.fail(finding.help("the standard library has one: write `use: [std]` in kepi.yaml"));
                }
                if !near.is_empty() {
                    return self.cx.fail(finding);
                }
                self.cx.fail(finding.help("a column is measured: `sum(EVENT.column)`, `mean(EVENT.column)`"))
            }
        }
    }

    /// A metric by its name, within the conditions, dimensions and keys at hand.
    fn reference(&self, at: usize, span: Span) -> Check<Val> {
        let plain = self.cx.metric(at)?;
        if self.env.is_plain() {
            self.cx.spend(plain.parts, span)?;
            self.cx.levels_below(plain.levels, span)?;
            return Ok(Val::One(plain.expr.clone()));
        }
        let def = self.cx.scope.project.metrics.get(at).ok_or(Reported)?;
        self.cx.inside(Active::Metric(at), span, || self.expr(&def.expr))
    }

    fn are_sets(&self, left: &Expr, right: &Expr) -> bool {
        let is = |of| self.cx.scope.classify(of) == Class::Set;
        is(left) && is(right)
    }

    fn member(&self, ast: &'a Expr, of: &'a Expr, field: &'a Name, args: Option<&'a [Arg]>) -> Check<Val> {
        if let ExprKind::Call { name, args: inner } = &of.kind
            && let Some(function) = find(&name.value)
            && let Role::Journey(form) = function.role
        {
            return self.journey(function, form, inner, Some((field, args)), ast.span);
        }
        let help = "measure it: `sum(E.column)`, `mean(E.column)`, `unique(E.column)`";
        self.no_metric(ast, "a column has a value a row", help)
    }

    fn within(&self, ast: &'a Expr, of: &'a Expr, condition: &'a Expr) -> Check<Val> {
        if self.cx.scope.classify(of) == Class::Set {
            let help = "count its events or its actors: `count(E where …)`, `unique(E where …)`";
            return self.no_metric(ast, "this is an event set", help);
        }
        self.with_condition(condition).expr(of)
    }

    fn call(&self, ast: &'a Expr, name: &'a Name, args: &'a [Arg]) -> Check<Val> {
        let Some(function) = find(&name.value) else { return self.cx.fail(unknown_function(&name.value, name.span)) };
        match function.role {
            Role::Aggregate(aggregate) => self.aggregate(function, aggregate, args, ast.span),
            Role::Form(form) => self.form(function, form, args, ast.span),
            Role::Scalar(..) => common(self, ast),
            Role::Row(_) => {
                let what = format!("`{}` is of one row", name.value);
                self.no_metric(ast, &what, "measure it: `unique(day(E.time))`, `mean(length(E.text))`")
            }
            Role::Journey(form) => self.journey(function, form, args, None, ast.span),
            Role::Survey(form) => self.survey(function, form, args, ast.span),
            Role::Set(_) => {
                self.cx.set(ast)?;
                self.no_metric(ast, "this is an event set", "count its events or its actors: `count(…)`, `unique(…)`")
            }
        }
    }

    fn no_metric(&self, ast: &Expr, what: &str, help: &str) -> Check<Val> {
        let message = format!("{what}, a metric is one number a period");
        self.cx.fail(Diagnostic::new(Code::NotAMetric, ast.span, message).help(help))
    }
}

impl<'a> Typer<'a> for Metrics<'_, 'a> {
    type Node = Val;
    const TIMES: bool = false;

    fn checker(&self) -> &Checker<'a> {
        self.cx
    }

    fn expr(&self, ast: &'a Expr) -> Check<Val> {
        let _deeper = self.cx.deeper(ast.span)?;
        match &ast.kind {
            ExprKind::Name(name) => self.name(name, ast.span),
            ExprKind::Member { of, field, args } => self.member(ast, of, field, args.as_deref()),
            ExprKind::Like { .. } => self.no_metric(ast, "`like` is a condition on rows", "write it after `where`"),
            ExprKind::Call { name, args } => self.call(ast, name, args),
            ExprKind::Where { of, condition } => self.within(ast, of, condition),
            ExprKind::Per { of, key, within } => self.per(of, key, within.as_ref(), ast.span),
            ExprKind::Over { of, window } => self.over(of, window, ast.span),
            ExprKind::Binary { op: BinaryOp::Or, left, right } if self.are_sets(left, right) => {
                let (..) = both(self.cx.set(left), self.cx.set(right))?;
                self.no_metric(ast, "this is an event set", "count its events or its actors: `unique(E or F)`")
            }
            _ => common(self, ast),
        }
    }

    fn build(&self, shape: Shape<Val>, ty: ScalarType, unit: Unit, span: Span) -> Check<Val> {
        self.cx.spend(1, span)?;
        value::build(self.cx, shape, ty, unit, span)
    }
}

impl Node for Val {
    fn ty(&self) -> ScalarType {
        self.of().ty
    }

    fn unit(&self) -> &Unit {
        &self.of().unit
    }

    fn literal(&self) -> Option<&crate::value::Value> {
        match self {
            Self::One(MetricExpr { kind: crate::ir::MetricKind::Literal(value), .. }) => Some(value),
            _ => None,
        }
    }

    fn with_unit(mut self, unit: Unit) -> Self {
        match &mut self {
            Self::One(expr) => expr.unit = unit,
            Self::Many(many) => many.of.unit = unit,
        }
        self
    }
}
