//! Row expressions: what one row of one source says.

mod computed;
mod derived;
mod lists;
mod names;
mod periods;
mod reach;

pub(super) use lists::{field_of, has_fields};
pub(super) use names::no_actor;
use periods::is_of_periods;

use crate::check::algebra::{Node, Shape, Typer, both, common, condition, expressions};
use crate::check::derived::DerivedSet;
use crate::check::findings::{Check, Reported, called};
use crate::check::scope::Checker;
use crate::check::sets::SetBranch;
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::functions::{ALL, Function, Role, find};
use crate::ir::{ColumnId, LookupId, RowExpr, RowFunction, RowKind, ScalarType, SourceId};
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOp, Expr, ExprKind, Name};
use crate::unit::Unit;
use crate::value::Value;

/// The table that a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Source(SourceId),
    Lookup(LookupId),
}

/// What a row expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The argument of a measure: columns stand with the set's name.
    Value,
    Condition,
    Dimension,
    Key,
    /// A computed column, or a source's own `where`: columns of the row alone.
    Table,
    /// A condition on the actor: columns of its lookup.
    Segment,
}

/// Types expressions over the rows of one branch of an event set.
#[derive(Clone, Copy)]
pub(super) struct Rows<'c, 'a> {
    pub(super) cx: &'c Checker<'a>,
    pub(super) place: Place,
    pub(super) time: Option<ColumnId>,
    pub(super) actor: Option<ColumnId>,
    pub(super) actor_link: Option<u32>,
    /// The name of the event set at hand.
    pub(super) set: Option<&'c str>,
    pub(super) used: Use,
    /// The measure, where the expression comes to it from outside (a metric's scope, a dimension).
    pub(super) pushed: Option<Span>,
    /// Within `any(…)`: the list, or those of the fields of its elements, each as it is written, and what its elements are.
    pub(super) lists: Option<&'c [(String, ScalarType)]>,
    /// The rows are made of others: `place` is no table.
    pub(super) derived: Option<&'c DerivedSet>,
}

impl<'c, 'a> Rows<'c, 'a> {
    pub(super) fn of_branch(cx: &'c Checker<'a>, branch: &'c SetBranch, set: Option<&'c str>, used: Use) -> Self {
        Self {
            cx,
            place: Place::Source(branch.source),
            time: branch.time,
            actor: branch.actor,
            actor_link: branch.actor_link,
            set,
            used,
            pushed: None,
            lists: None,
            derived: branch.derived.as_deref(),
        }
    }

    pub(super) fn of_table(cx: &'c Checker<'a>, place: Place) -> Self {
        let time = match place {
            Place::Source(id) => cx.scope.source(id).and_then(|s| s.time),
            Place::Lookup(_) => None,
        };
        Self {
            cx,
            place,
            time,
            actor: None,
            actor_link: None,
            set: None,
            used: Use::Table,
            pushed: None,
            lists: None,
            derived: None,
        }
    }

    pub(super) fn pushed_to(self, measure: Option<Span>) -> Self {
        Self { pushed: measure, ..self }
    }

    /// Types a condition.
    pub(super) fn condition(&self, ast: &'a Expr) -> Check<RowExpr> {
        condition(self, (self.expr(ast)?, ast))
    }

    /// A column by its name alone.
    pub(super) fn bare(&self, name: &str, span: Span) -> Check<RowExpr> {
        if let Some(set) = self.derived {
            return self.bare_of_derived(set, name, span);
        }
        self.name(name, span)
    }

    fn call(&self, function: &'static Function, row: RowFunction, args: &'a [Arg], span: Span) -> Check<RowExpr> {
        let args = expressions(self.cx, function.name, function.signature, function.arguments, args, span)?;
        if row == RowFunction::AnyOf {
            let condition = args.first().ok_or(Reported)?;
            return self.any(condition);
        }
        let typed: Vec<_> = args.iter().map(|a| self.expr(a)).collect();
        let typed = typed.into_iter().collect::<Check<Vec<_>>>()?;
        let (wanted, ty): (&[ScalarType], _) = match row {
            RowFunction::Lower | RowFunction::Upper | RowFunction::Trim => (&[ScalarType::Text], ScalarType::Text),
            RowFunction::Length => (&[ScalarType::Text], ScalarType::Int),
            RowFunction::StartsWith | RowFunction::EndsWith | RowFunction::Contains => {
                (&[ScalarType::Text], ScalarType::Bool)
            }
            RowFunction::HourOfDay => (&[ScalarType::Instant], ScalarType::Int),
            RowFunction::PeriodStart(_) => (&[ScalarType::Instant, ScalarType::Date], ScalarType::Date),
            _ => (&[ScalarType::Instant, ScalarType::Date], ScalarType::Int),
        };
        for (node, ast) in typed.iter().zip(&args) {
            let counted = row == RowFunction::Length && node.ty.is_list();
            if !node.ty.is_open() && !wanted.contains(&node.ty) && !counted {
                let first = wanted.first().map_or("something else", |ty| called(*ty));
                let message = format!("`{}` takes {first}, not {}", function.name, called(node.ty));
                let finding = Diagnostic::new(Code::TypeMismatch, ast.span, message).label(called(node.ty));
                return self.cx.fail(finding.help(format!("write `{}`", function.signature)));
            }
        }
        Ok(RowExpr { kind: RowKind::Call { function: row, args: typed }, ty, unit: Unit::none() })
    }

    fn any_call(&self, ast: &'a Expr, name: &'a Name, args: &'a [Arg]) -> Check<RowExpr> {
        let Some(function) = find(&name.value) else { return self.cx.fail(unknown_function(&name.value, name.span)) };
        match function.role {
            Role::Row(row) => self.call(function, row, args, ast.span),
            Role::Scalar(..) => common(self, ast),
            Role::Aggregate(_) | Role::Form(_) | Role::Journey(_) | Role::Set(_) | Role::Survey(_) => {
                self.no_measure(&format!("`{}(…)`", name.value), ast.span)
            }
        }
    }

    fn method(&self, field: &Name) -> Check<RowExpr> {
        let message = format!("`.{}(…)` is not said of a column", field.value);
        let finding = Diagnostic::new(Code::UnknownFunction, field.span, message);
        self.cx.fail(finding.help(format!("a function stands before its argument: `{}(…)`", field.value)))
    }

    fn like(&self, of: &'a Expr, pattern: &str, negated: bool) -> Check<RowExpr> {
        let node = self.expr(of)?;
        if node.ty != ScalarType::Text && !node.ty.is_open() {
            let message = format!("`like` takes text, not {}", called(node.ty));
            let finding = Diagnostic::new(Code::TypeMismatch, of.span, message);
            return self.cx.fail(finding.label(called(node.ty)));
        }
        let bool = |kind| RowExpr { kind, ty: ScalarType::Bool, unit: Unit::none() };
        let like = bool(RowKind::Like { of: Box::new(node), pattern: pattern.to_owned() });
        Ok(if negated { bool(RowKind::Not(Box::new(like))) } else { like })
    }

    fn inner_where(&self, condition: &Expr) -> Check<RowExpr> {
        let message = "`where` stands within a row's expression";
        let finding = Diagnostic::new(Code::BadArguments, condition.span, message);
        self.cx.fail(finding.help("write it at the end: `sum(a.x * a.y where …)`"))
    }

    /// What measures rows, where one row is at hand.
    fn no_measure<T>(&self, what: &str, span: Span) -> Check<T> {
        if self.used == Use::Segment {
            let what = format!("a segment on what actors do ({what})");
            return self.cx.later(span, &what, Some("a segment is a condition on columns of the actors' lookup"));
        }
        let message = format!("{what} is of many rows, here the expression is of one");
        self.cx.fail(Diagnostic::new(Code::NameOfOtherKind, span, message))
    }
}

impl<'a> Typer<'a> for Rows<'_, 'a> {
    type Node = RowExpr;
    const TIMES: bool = true;

    fn checker(&self) -> &Checker<'a> {
        self.cx
    }

    fn expr(&self, ast: &'a Expr) -> Check<RowExpr> {
        let _deeper = self.cx.deeper(ast.span)?;
        if let Some(element) = self.element(ast) {
            return Ok(element);
        }
        if is_of_periods(ast) {
            return self.with_periods(ast);
        }
        if let (Some(set), ExprKind::Name(_) | ExprKind::Member { args: None, .. }) = (self.derived, &ast.kind) {
            return self.of_derived(set, ast);
        }
        match &ast.kind {
            ExprKind::Name(name) => self.name(name, ast.span),
            ExprKind::Member { of, field, args: None } => self.nested(ast).unwrap_or_else(|| self.member(of, field)),
            ExprKind::Member { field, args: Some(_), .. } => self.method(field),
            ExprKind::Like { of, pattern, negated } => self.like(of, &pattern.value, *negated),
            ExprKind::Call { name, args } => self.any_call(ast, name, args),
            ExprKind::Where { condition, .. } => self.inner_where(condition),
            ExprKind::Per { .. } => self.no_measure("`… per …`", ast.span),
            ExprKind::Over { .. } => self.no_measure("`… over …`", ast.span),
            _ => common(self, ast),
        }
    }

    fn build(&self, shape: Shape<RowExpr>, ty: ScalarType, unit: Unit, span: Span) -> Check<RowExpr> {
        self.cx.spend(1, span)?;
        self.no_list(&shape, span)?;
        let boxed = Box::new;
        let kind = match shape {
            Shape::Literal(value) => RowKind::Literal(value),
            Shape::Negate(of) => RowKind::Negate(boxed(of)),
            Shape::Not(of) => RowKind::Not(boxed(of)),
            Shape::Arithmetic(op, l, r) => RowKind::Arithmetic { op, left: boxed(l), right: boxed(r) },
            Shape::Convert(of, scale) => RowKind::Convert { of: boxed(of), num: scale.num, den: scale.den },
            Shape::Compare(op, l, r) => RowKind::Compare { op, left: boxed(l), right: boxed(r) },
            Shape::And(l, r) => RowKind::And(boxed(l), boxed(r)),
            Shape::Or(l, r) => RowKind::Or(boxed(l), boxed(r)),
            Shape::IsNull(of) => RowKind::IsNull(boxed(of)),
            Shape::In(of, list) => RowKind::In { of: boxed(of), list },
            Shape::If(c, a, b) => RowKind::If { condition: boxed(c), then: boxed(a), otherwise: boxed(b) },
            Shape::Call(function, _, args) => RowKind::Call { function, args },
        };
        Ok(RowExpr { kind, ty, unit })
    }
}

impl Node for RowExpr {
    fn ty(&self) -> ScalarType {
        self.ty
    }

    fn unit(&self) -> &Unit {
        &self.unit
    }

    fn literal(&self) -> Option<&Value> {
        match &self.kind {
            RowKind::Literal(value) => Some(value),
            _ => None,
        }
    }

    fn with_unit(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }
}

/// Both conditions, where there are two.
pub(super) fn and(left: Option<RowExpr>, right: RowExpr) -> RowExpr {
    join(left, right, RowKind::And)
}

pub(super) fn or(left: Option<RowExpr>, right: RowExpr) -> RowExpr {
    join(left, right, RowKind::Or)
}

fn join(left: Option<RowExpr>, right: RowExpr, kind: impl Fn(Box<RowExpr>, Box<RowExpr>) -> RowKind) -> RowExpr {
    match left {
        None => right,
        Some(left) => RowExpr { kind: kind(Box::new(left), Box::new(right)), ty: ScalarType::Bool, unit: Unit::none() },
    }
}

pub(super) fn unknown_function(name: &str, span: Span) -> Diagnostic {
    let near = did_you_mean(name, ALL.iter().map(|f| f.name));
    Diagnostic::new(Code::UnknownFunction, span, format!("no function is named `{name}`{near}"))
}

/// Whether an operator compares.
fn is_comparison(op: BinaryOp) -> bool {
    !matches!(
        op,
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::And | BinaryOp::Or
    )
}

/// Both results, or neither.
fn pair<A, B>(a: Check<A>, b: Check<B>) -> Check<(A, B)> {
    both(a, b)
}
