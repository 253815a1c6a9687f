//! Measures: one aggregate over the rows of an event set, in every branch of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::check::additivity::of_aggregate;
use crate::check::algebra::join;
use crate::check::classify::Class;
use crate::check::findings::{Check, Reported, called, called_unit};
use crate::check::metrics::{Env, Metrics, OneType, Val};
use crate::check::rows::{Rows, Use, and, no_actor};
use crate::check::sets::{EventSet, SetBranch};
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{
    Aggregate, Branch, ColumnId, Measure, MetricExpr, MetricKind, RowExpr, RowFunction, RowKind, Rule, ScalarType,
};
use crate::resolve::Named;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Name};
use crate::unit::Unit;

/// What a distribution is over, as every measure in it reads it.
pub(in crate::check) struct Key<'a> {
    pub(super) kind: KeyKind<'a>,
    pub(super) span: Span,
    /// Some measure is not over the set that the key names: the key's set is the base.
    pub(super) foreign: Cell<bool>,
    /// What its actors are, if it is one of actors.
    pub(super) actors: RefCell<Option<(SetBranch, Span)>>,
    /// What its values are in the measures that have been typed.
    pub(super) ty: RefCell<OneType>,
}

#[derive(Clone, Copy)]
pub(super) enum KeyKind<'a> {
    /// `per actor`.
    Actor,
    /// `per E.column`, `per E.actor`.
    Of { set: &'a str, field: &'a Name, expr: &'a Expr },
    /// Any row expression.
    Row(&'a Expr),
}

impl KeyKind<'_> {
    pub(super) fn is_actor(&self) -> bool {
        match self {
            Self::Actor => true,
            Self::Of { field, .. } => field.value == "actor",
            Self::Row(_) => false,
        }
    }
}

/// What is aggregated.
#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    Rows,
    Actors,
    Values(&'a Expr),
    /// A score, on a scale.
    Rated(&'a Expr, Scale),
}

/// How a score is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// 0 to 10: promoters, passives, detractors.
    Nps,
    /// From 1 to `of`, the best `top` of them satisfied.
    Csat { top: u32, of: u32 },
}

impl Scale {
    pub(super) fn of(self, score: RowExpr) -> RowExpr {
        let (function, ty, unit) = match self {
            Self::Nps => (RowFunction::Promoter, ScalarType::Int, Unit::points()),
            Self::Csat { top, of } => (RowFunction::Satisfied { top, of }, ScalarType::Bool, Unit::none()),
        };
        RowExpr { kind: RowKind::Call { function, args: vec![score] }, ty, unit }
    }
}

impl<'a> Metrics<'_, 'a> {
    /// A measure over a set: within the conditions, dimensions and keys at hand, and with conditions of its own.
    pub(super) fn measure(
        &self,
        aggregate: Aggregate,
        (set, at): (&EventSet, Span),
        of: Of<'a>,
        own: &[&'a Expr],
        span: Span,
    ) -> Check<Val> {
        if matches!(of, Of::Actors) {
            self.cx.one_entity(set, at)?;
        }
        if matches!(aggregate, Aggregate::First | Aggregate::Last) && set.branches.iter().any(|b| b.time.is_none()) {
            let message = "rows without a time have no first and no last";
            return self.cx.fail(Diagnostic::new(Code::NoClock, span, message).help("use `min` or `max`"));
        }
        let mut branches = Vec::new();
        let mut first: Option<(ScalarType, Unit)> = None;
        let mut offender: Option<String> = None;
        let mut result = Ok(());
        for branch in &set.branches {
            match self.branch(set, branch, of, own, at, span) {
                Ok(mut made) => {
                    if let Some(value) = made.value.take() {
                        offender = offender.or_else(|| self.offender(branch, &value));
                        let (value, ty) = self.as_first(value, &mut first, of, span)?;
                        if let Some(known) = &mut first {
                            known.0 = ty;
                        }
                        made.value = Some(value);
                    }
                    branches.push(made);
                }
                Err(reported) => result = Err(reported),
            }
        }
        result?;
        alike(&mut branches);
        self.cx.spend(branches.len(), span)?;
        let (ty, unit) = first.unwrap_or((ScalarType::Int, Unit::none()));
        let (ty, unit) = self.result(aggregate, of, set, (ty, unit), offender.as_deref(), span)?;
        let stock = set.branches.iter().any(|b| self.cx.scope.source(b.source).is_some_and(|s| s.snapshot));
        // Nothing open is nothing, and known; but it never adds up over time.
        let open = set.branches.iter().any(|b| b.derived.as_ref().is_some_and(|d| d.ir.rule == Rule::Open));
        let measure = Measure { aggregate, branches, ty, unit: unit.clone(), stock };
        Ok(Val::One(MetricExpr {
            ty,
            unit,
            additivity: of_aggregate(aggregate, stock || open),
            proportion: aggregate == Aggregate::Share,
            kind: MetricKind::Measure(Arc::new(measure)),
        }))
    }

    pub(super) fn branch(
        &self,
        set: &EventSet,
        branch: &SetBranch,
        of: Of<'a>,
        own: &[&'a Expr],
        at: Span,
        span: Span,
    ) -> Check<Branch> {
        let name = set.name.as_deref();
        let rows = |used| Rows::of_branch(self.cx, branch, name, used);
        let outside = |used| rows(used).pushed_to(Some(span));
        let mut filter = branch.filter.clone();
        let mut result = Ok(());
        let inline = own.iter().map(|c| rows(Use::Condition).condition(c));
        let pushed = self.env.conditions.iter().map(|c| outside(Use::Condition).condition(c));
        for condition in inline.chain(pushed) {
            match condition {
                Ok(condition) => filter = Some(and(filter.take(), condition)),
                Err(reported) => result = Err(reported),
            }
        }
        let actor = |what: Span| match branch.actor {
            Some(id) => self.actor_column(branch, id, what),
            None => {
                let source = self.cx.scope.project.sources.get(branch.source.0 as usize);
                self.cx.fail(no_actor(&source.map_or_else(String::new, |s| format!("`{}`", s.name.value)), what))
            }
        };
        let value = match of {
            Of::Rows => None,
            Of::Actors => Some(actor(at)),
            Of::Rated(ast, scale) => {
                let score = crate::check::algebra::Typer::expr(&rows(Use::Value), ast);
                Some(score.and_then(|score| self.rated(score, scale, ast)))
            }
            Of::Values(ast) => {
                let typed = crate::check::algebra::Typer::expr(&rows(Use::Value), ast);
                Some(typed.and_then(|node| rows(Use::Value).single(node, ast.span)))
            }
        };
        let value = value.transpose();
        let by: Vec<_> =
            self.env.by.iter().map(|d| crate::check::algebra::Typer::expr(&outside(Use::Dimension), d)).collect();
        let keys: Vec<_> = self
            .env
            .keys
            .iter()
            .map(|key| match key.kind {
                KeyKind::Actor => {
                    self.same_actors(key, branch, span)?;
                    actor(key.span)
                }
                KeyKind::Of { set: wanted, expr, .. } if name == Some(wanted) => {
                    crate::check::algebra::Typer::expr(&rows(Use::Key), expr)
                }
                KeyKind::Of { field, .. } => {
                    key.foreign.set(true);
                    if field.value == "actor" {
                        self.same_actors(key, branch, span)?;
                        return actor(key.span);
                    }
                    outside(Use::Key).bare(&field.value, field.span)
                }
                KeyKind::Row(ast) => crate::check::algebra::Typer::expr(&outside(Use::Key), ast),
            })
            .collect();
        result?;
        let mut by = by.into_iter().collect::<Check<Vec<_>>>()?;
        let mut keys = keys.into_iter().collect::<Check<Vec<_>>>()?;
        let mut dimensions = self.env.dimensions.borrow_mut();
        if dimensions.len() < by.len() {
            dimensions.resize(by.len(), OneType::default());
        }
        for ((expr, written), known) in by.iter_mut().zip(self.env.by).zip(dimensions.iter_mut()) {
            outside(Use::Dimension).one(expr, written.span)?;
            self.one_type("dimension", known, expr, written.span, span)?;
        }
        for (expr, key) in keys.iter_mut().zip(&self.env.keys) {
            outside(Use::Key).one(expr, key.span)?;
            self.one_type("key", &mut key.ty.borrow_mut(), expr, key.span, span)?;
        }
        let mut kept = Vec::new();
        if self.env.follow.get() {
            kept.push(actor(span)?);
        }
        let derived = branch.derived.as_ref().map(|d| Arc::clone(&d.ir));
        Ok(Branch { source: branch.source, derived, time: branch.time, filter, value: value?, by, keys, kept })
    }

    /// A dimension, or a key, is of one type in all measures.
    fn one_type(&self, what: &str, known: &mut OneType, expr: &mut RowExpr, written: Span, measure: Span) -> Check<()> {
        let Some(known) = known.meet(expr) else { return Ok(()) };
        let (one, other) = (called(known), called(expr.ty));
        let message = format!("the {what} is {one} in one measure, {other} in another");
        let finding = Diagnostic::new(Code::TypeMismatch, written, message).also(measure, other);
        self.cx.fail(finding.help("declare the same type for both columns"))
    }

    fn actor_column(&self, branch: &SetBranch, id: ColumnId, span: Span) -> Check<RowExpr> {
        if let Some(derived) = &branch.derived {
            return Ok(derived.actor());
        }
        let place = crate::check::rows::Place::Source(branch.source);
        let (ty, _) = self.cx.column(place, id, span)?;
        Ok(RowExpr { kind: RowKind::Column(id), ty, unit: Unit::none() })
    }

    /// The members of one distribution are of one kind.
    fn same_actors(&self, key: &Key<'a>, branch: &SetBranch, span: Span) -> Check<()> {
        let Some(entity) = &branch.entity else { return Ok(()) };
        let mut known = key.actors.borrow_mut();
        let Some((first, at)) = known.as_ref() else {
            *known = Some((branch.unfiltered(), span));
            return Ok(());
        };
        match &first.entity {
            Some(other) if other != entity => {
                let message = format!("`per actor` of `{other}` and of `{entity}` together");
                let finding =
                    Diagnostic::new(Code::MixedCollections, span, message).also(*at, format!("counts `{other}`"));
                self.cx.fail(finding.help("name the actor of one of them: `{expr: …, actor: COLUMN}`"))
            }
            _ => self.cx.same_parts(first, branch, Code::MixedCollections, span),
        }
    }

    /// Why a column that looks like numbers is text: the first value that is none.
    fn offender(&self, branch: &SetBranch, value: &RowExpr) -> Option<String> {
        match value.kind {
            RowKind::Column(id) => self.cx.scope.source(branch.source)?.columns.note(id),
            _ => None,
        }
    }

    /// A branch's value as the first branch's: one type, one unit.
    fn as_first(
        &self,
        value: RowExpr,
        first: &mut Option<(ScalarType, Unit)>,
        of: Of<'a>,
        span: Span,
    ) -> Check<(RowExpr, ScalarType)> {
        let Some((ty, unit)) = first else {
            let ty = value.ty;
            *first = Some((ty, value.unit.clone()));
            return Ok((value, ty));
        };
        if value.ty.is_open() || ty.is_open() {
            let ty = join(*ty, value.ty);
            return Ok((value, ty));
        }
        let at = match of {
            Of::Values(ast) | Of::Rated(ast, _) => ast.span,
            _ => span,
        };
        let numbers = value.ty.is_number() && ty.is_number();
        if !numbers && value.ty != *ty {
            if matches!(of, Of::Actors) {
                let message = format!("the actors are {} in one source, {} in another", called(*ty), called(value.ty));
                return self.cx.fail(Diagnostic::new(Code::UnionMismatch, at, message));
            }
            let message =
                format!("the column is {} in one part of the set, {} in another", called(*ty), called(value.ty));
            return self.cx.fail(Diagnostic::new(Code::UnionMismatch, at, message));
        }
        let ty = if numbers { join(*ty, value.ty) } else { *ty };
        if !numbers || value.unit.same(unit) {
            return Ok((value, ty));
        }
        let (a, b) = (called_unit(unit), called_unit(&value.unit));
        let message = format!("the column is in {a} in one part of the set, in {b} in another");
        let help = "declare the same unit for both, or measure the parts one by one";
        self.cx.fail(Diagnostic::new(Code::UnionMismatch, at, message).help(help))
    }

    /// Type and unit of an aggregate, or why it cannot be taken.
    fn result(
        &self,
        aggregate: Aggregate,
        of: Of<'a>,
        set: &EventSet,
        (ty, unit): (ScalarType, Unit),
        offender: Option<&str>,
        span: Span,
    ) -> Check<(ScalarType, Unit)> {
        let at = match of {
            Of::Values(ast) | Of::Rated(ast, _) => ast.span,
            _ => span,
        };
        let refuse = |wanted: &str, help: &str| {
            let message = format!("{wanted} is wanted, not {}", called(ty));
            let help = match offender.filter(|_| ty == ScalarType::Text) {
                Some(why) => format!("{why}: correct the file, or declare the column's type"),
                None => help.to_owned(),
            };
            self.cx.fail(Diagnostic::new(Code::NotANumber, at, message).label(called(ty)).help(help))
        };
        let open = |result: ScalarType| if ty.is_open() { ty } else { result };
        Ok(match aggregate {
            Aggregate::Count => (ScalarType::Int, Unit::none()),
            Aggregate::Unique | Aggregate::ApproximateUnique => match of {
                Of::Actors => {
                    let entity = set.branches.first().and_then(|b| b.entity.clone());
                    (ScalarType::Int, entity.map_or_else(Unit::none, Unit::entity))
                }
                _ => (ScalarType::Int, Unit::none()),
            },
            Aggregate::Share => {
                if ty != ScalarType::Bool && !ty.is_open() {
                    let message = format!("`share` takes a condition, not {}", called(ty));
                    let finding = Diagnostic::new(Code::NotACondition, at, message).label(called(ty));
                    return self.cx.fail(finding.help("compare it with something: `share(E.x >= 5)`"));
                }
                (ScalarType::Float, Unit::none())
            }
            Aggregate::Min | Aggregate::Max => match ty {
                ScalarType::Text | ScalarType::Bool => return refuse("a number, a date or a time", "measure a number"),
                ty => (ty, unit),
            },
            Aggregate::First | Aggregate::Last => (ty, unit),
            _ if !ty.is_number() && !ty.is_open() => {
                let help = if ty == ScalarType::Bool {
                    "the rows for which it is true: `count(E where …)`; their share: `share(E.…)`"
                } else {
                    "count its values: `unique(E.…)`"
                };
                return refuse("a number", help);
            }
            Aggregate::Sum => (ty, unit),
            Aggregate::Percentile { discrete: true, .. } => (ty, unit),
            _ => (open(ScalarType::Float), unit),
        })
    }

    /// The event set that the columns of a row expression are of.
    pub(super) fn subject(&self, ast: &'a Expr, function: &str) -> Check<(Rc<EventSet>, Span)> {
        let mut roots = Vec::new();
        self.roots(ast, &mut roots);
        let Some(first) = roots.first() else {
            let column = match &ast.kind {
                ExprKind::Name(name) => name.as_str(),
                _ => "column",
            };
            let message = format!("`{function}` of a column, but it is not said of which event");
            let mut names = self.sets_with(column);
            names.truncate(3);
            let help = match names.is_empty() {
                true => format!("write `{function}(EVENT.{column})`"),
                false => format!(
                    "write {}",
                    names.iter().map(|n| format!("`{function}({n}.{column})`")).collect::<Vec<_>>().join(" or ")
                ),
            };
            return self.cx.fail(Diagnostic::new(Code::WhichSet, ast.span, message).help(help));
        };
        for other in &roots {
            let same = match (&first.kind, &other.kind) {
                (ExprKind::Name(a), ExprKind::Name(b)) => a == b,
                _ => std::ptr::eq(*first, *other),
            };
            if !same {
                let message = "columns of two event sets in one measure";
                let finding = Diagnostic::new(Code::WhichSet, other.span, message).also(first.span, "the first set");
                return self
                    .cx
                    .fail(finding.help("a measure is over one set: measure each, then calculate; or use a link"));
            }
        }
        if let ExprKind::Name(name) = &first.kind
            && !matches!(self.cx.scope.named(name), Some(Named::Event(_) | Named::Source(_)))
        {
            return Err(self.no_subject(name, first.span, function));
        }
        Ok((self.cx.set(first)?, first.span))
    }

    fn no_subject(&self, name: &str, span: Span, function: &str) -> Reported {
        let scope = self.cx.scope;
        if scope.project.broken.contains(name) {
            return Reported;
        }
        let is_lookup = scope.sources.iter().any(|s| s.links.find(name).is_some());
        if is_lookup {
            let message = format!("`{name}` is a lookup; it is not said of which event's");
            let help = format!("write `{function}(EVENT.{name}.…)`");
            return self.cx.report(Diagnostic::new(Code::WhichSet, span, message).help(help));
        }
        let near = did_you_mean(name, scope.names_of(|n| matches!(n, Named::Event(_) | Named::Source(_))));
        let code = if scope.named(name).is_some() { Code::NameOfOtherKind } else { Code::UnknownName };
        let message = match scope.named(name) {
            Some(Named::Metric(_)) => format!("`{name}` is a metric, and a metric has no columns"),
            Some(Named::Spans(_)) => {
                format!("`{name}` lasts: it is not said whether `open({name})`, `started({name})` or `ended({name})`")
            }
            Some(_) => format!("`{name}` is a segment, and a segment has no columns"),
            None => format!("no event or source is named `{name}`{near}"),
        };
        self.cx.report(Diagnostic::new(code, span, message))
    }

    /// Sets whose rows have this column, for help.
    fn sets_with(&self, column: &str) -> Vec<String> {
        let scope = self.cx.scope;
        let has = |set: &EventSet| {
            set.branches.iter().all(|b| match &b.derived {
                Some(derived) => derived.column(column).is_some(),
                None => scope.source(b.source).is_some_and(|s| s.columns.find(column).is_some()),
            })
        };
        let events = scope.events.iter().filter_map(|e| e.get()).flatten();
        events.filter(|set| has(set)).filter_map(|set| set.name.clone()).collect()
    }

    /// The heads of members: names of sets, or sets that are written out.
    fn roots(&self, ast: &'a Expr, found: &mut Vec<&'a Expr>) {
        match &ast.kind {
            ExprKind::Literal(_) | ExprKind::Name(_) => {}
            ExprKind::Member { of, .. } => {
                let mut root = of.as_ref();
                while let ExprKind::Member { of, .. } = &root.kind {
                    root = of;
                }
                if matches!(root.kind, ExprKind::Name(_)) || self.cx.scope.classify(root) == Class::Set {
                    found.push(root);
                } else {
                    self.roots(root, found);
                }
            }
            ExprKind::Negate(of) | ExprKind::Not(of) | ExprKind::Like { of, .. } | ExprKind::IsNull { of, .. } => {
                self.roots(of, found);
            }
            ExprKind::Where { of, .. } | ExprKind::Over { of, .. } | ExprKind::Per { of, .. } => self.roots(of, found),
            ExprKind::Binary { left, right, .. } => {
                self.roots(left, found);
                self.roots(right, found);
            }
            ExprKind::In { of, list, .. } => {
                self.roots(of, found);
                list.iter().for_each(|e| self.roots(e, found));
            }
            ExprKind::Between { of, low, high, .. } => [of, low, high].into_iter().for_each(|e| self.roots(e, found)),
            ExprKind::If { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|e| self.roots(e, found));
            }
            ExprKind::Call { args, .. } => {
                for arg in args {
                    if let crate::syntax::ast::Arg::Expr(e) = arg {
                        self.roots(e, found);
                    }
                }
            }
        }
    }

    /// The same, without what reaches from outside.
    pub(super) fn env_without_by(&self) -> Env<'a> {
        Env { by: &[], ..self.env.clone() }
    }
}

/// One type for the value in all branches, where one source has whole numbers and another has fractions, or a column that
/// holds nothing.
fn alike(branches: &mut [Branch]) {
    let values: Vec<_> = branches.iter_mut().filter_map(|b| b.value.as_mut()).collect();
    let Some(ty) = values.iter().map(|e| e.ty).reduce(join) else { return };
    for value in values {
        if value.ty == ScalarType::Null || (value.ty.is_number() && ty.is_number()) {
            value.ty = ty;
        }
    }
}
