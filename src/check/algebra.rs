//! What rows and metrics have in common: literals, arithmetic, comparisons, and the units of all of them.

mod literals;
mod units;

pub(super) use literals::unknown_unit;

use crate::check::findings::{Check, Reported, called, called_unit};
use crate::check::scope::Checker;
use crate::diag::{Code, Diagnostic};
use crate::functions::{Role, find};
use crate::ir::{Arithmetic, Comparison, MetricFunction, RowFunction, ScalarType};
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOp, Expr, ExprKind, Literal, Name};
use crate::unit::{Scale, Unit};
use crate::value::Value;

/// What a node is made of: as an `ir::RowKind` and an `ir::MetricKind` alike.
pub(super) enum Shape<N> {
    Literal(Value),
    Negate(N),
    Not(N),
    Arithmetic(Arithmetic, N, N),
    Convert(N, Scale),
    Compare(Comparison, N, N),
    And(N, N),
    Or(N, N),
    IsNull(N),
    In(N, Vec<N>),
    If(N, N, N),
    Call(RowFunction, MetricFunction, Vec<N>),
}

pub(super) trait Node: Clone {
    fn ty(&self) -> ScalarType;
    fn unit(&self) -> &Unit;
    /// The value, if it is a literal.
    fn literal(&self) -> Option<&Value>;
    fn with_unit(self, unit: Unit) -> Self;
}

/// Who types expressions of one level.
pub(super) trait Typer<'a> {
    type Node: Node;
    /// Whether times are calculated with.
    const TIMES: bool;

    fn checker(&self) -> &Checker<'a>;
    fn expr(&self, ast: &'a Expr) -> Check<Self::Node>;
    fn build(&self, shape: Shape<Self::Node>, ty: ScalarType, unit: Unit, span: Span) -> Check<Self::Node>;
}

/// A typed operand and how it was written.
pub(super) type Written<'a, N> = (N, &'a Expr);

/// Types what is the same for rows and metrics. The arms are functions of their own, so that what recurses needs little stack.
pub(super) fn common<'a, T: Typer<'a>>(t: &T, ast: &'a Expr) -> Check<T::Node> {
    match &ast.kind {
        ExprKind::Literal(literal) => literals::literal(t, literal, ast.span),
        ExprKind::Negate(of) => negation(t, t.expr(of)?, of, ast.span),
        ExprKind::Not(of) => denial(t, (t.expr(of)?, of), ast.span),
        ExprKind::Binary { op, left, right } => {
            let left = operand(t, left);
            binary(t, *op, left, operand(t, right), ast.span)
        }
        ExprKind::In { of, list, negated } => membership(t, of, list, *negated, ast.span),
        ExprKind::Between { of, low, high, negated } => between(t, of, (low, high), *negated, ast.span),
        ExprKind::IsNull { of, negated } => negate_if(t, *negated, Shape::IsNull(t.expr(of)?), ast.span),
        ExprKind::If { condition, then, otherwise } => choice(t, condition, (then, otherwise), ast.span),
        ExprKind::Call { name, args } => scalar_call(t, name, args, ast.span),
        _ => Err(t.checker().internal(ast.span, "an expression was typed at the wrong level")),
    }
}

/// An operand, typed; what was reported of it waits for the other one.
type Operand<'a, N> = Check<Written<'a, Box<N>>>;

fn operand<'a, T: Typer<'a>>(t: &T, ast: &'a Expr) -> Operand<'a, T::Node> {
    Ok((Box::new(t.expr(ast)?), ast))
}

fn negation<'a, T: Typer<'a>>(t: &T, of: T::Node, ast: &'a Expr, span: Span) -> Check<T::Node> {
    let node = number(t, (of, ast), "`-`")?;
    let (ty, unit) = (node.ty(), node.unit().clone());
    match node.literal().and_then(literals::negated) {
        Some(value) => t.build(Shape::Literal(value), ty, unit, span),
        None => t.build(Shape::Negate(node), ty, unit, span),
    }
}

fn denial<'a, T: Typer<'a>>(t: &T, of: Written<'a, T::Node>, span: Span) -> Check<T::Node> {
    let node = condition(t, of)?;
    t.build(Shape::Not(node), ScalarType::Bool, Unit::none(), span)
}

fn membership<'a, T: Typer<'a>>(t: &T, of: &'a Expr, list: &'a [Expr], negated: bool, span: Span) -> Check<T::Node> {
    let node = t.expr(of);
    let items: Vec<_> = list.iter().map(|item| t.expr(item)).collect();
    let (node, items) = both(node, items.into_iter().collect::<Check<Vec<_>>>())?;
    let mut typed = Vec::new();
    for (item, written) in items.into_iter().zip(list) {
        comparable(t, Comparison::Equal, (&node, of), (&item, written), span)?;
        typed.push(units::converted(t, (item, written), (node.unit(), node.ty()), of, "compared with")?);
    }
    negate_if(t, negated, Shape::In(node, typed), span)
}

fn between<'a, T: Typer<'a>>(
    t: &T,
    of: &'a Expr,
    (low, high): (&'a Expr, &'a Expr),
    negated: bool,
    span: Span,
) -> Check<T::Node> {
    let (node, (l, h)) = both(t.expr(of), both(t.expr(low), t.expr(high)))?;
    let (l, h) = units::share_unit((l, low), (h, high));
    let above = compare(t, Comparison::GreaterOrEqual, (node.clone(), of), (l, low), span);
    let below = compare(t, Comparison::LessOrEqual, (node, of), (h, high), span);
    let (above, below) = both(above, below)?;
    negate_if(t, negated, Shape::And(above, below), span)
}

fn choice<'a, T: Typer<'a>>(
    t: &T,
    test: &'a Expr,
    (then, otherwise): (&'a Expr, &'a Expr),
    span: Span,
) -> Check<T::Node> {
    let (c, (a, b)) = both(t.expr(test), both(t.expr(then), t.expr(otherwise)))?;
    let c = condition(t, (c, test))?;
    let mut nodes = unified(t, vec![(a, then), (b, otherwise)], "put in place of")?;
    let (Some(b), Some(a)) = (nodes.pop(), nodes.pop()) else { return Err(Reported) };
    let (ty, unit) = (joined(&[&a, &b]), a.unit().clone());
    t.build(Shape::If(c, a, b), ty, unit, span)
}

fn scalar_call<'a, T: Typer<'a>>(t: &T, name: &'a Name, args: &'a [Arg], span: Span) -> Check<T::Node> {
    match find(&name.value).map(|f| (f, f.role)) {
        Some((f, Role::Scalar(row, metric))) => {
            let args = expressions(t.checker(), f.name, f.signature, f.arguments, args, span)?;
            scalar(t, (row, metric), f.name, &args, span)
        }
        _ => Err(t.checker().internal(span, "a call was typed at the wrong level")),
    }
}

/// Both, after both were looked at: findings on either side are reported in one run.
pub(super) fn both<A, B>(a: Check<A>, b: Check<B>) -> Check<(A, B)> {
    Ok((a?, b?))
}

/// The arguments, if they are expressions and as many as a function takes.
pub(super) fn expressions<'a>(
    cx: &Checker<'a>,
    name: &str,
    signature: &str,
    (fewest, most): (usize, usize),
    args: &'a [Arg],
    span: Span,
) -> Check<Vec<&'a Expr>> {
    let mut found = Vec::new();
    for arg in args {
        match arg {
            Arg::Expr(expr) => found.push(expr),
            Arg::Option(option) => {
                let message = format!("`{name}` does not take this option");
                return cx.fail(
                    Diagnostic::new(Code::BadArguments, option.span, message).help(format!("write `{signature}`")),
                );
            }
            Arg::Chain(steps) => {
                let at = steps.first().map_or(span, |s| s.expr.span);
                let message = format!("`{name}` does not take a chain of steps");
                return cx.fail(Diagnostic::new(Code::BadArguments, at, message).help(format!("write `{signature}`")));
            }
        }
    }
    if found.len() < fewest || found.len() > most {
        let wanted = match (fewest, most) {
            (1, 1) => "one argument".to_owned(),
            (n, m) if n == m => format!("{n} arguments"),
            (n, 100) => format!("{n} arguments or more"),
            (n, m) => format!("{n} to {m} arguments"),
        };
        let message = format!("`{name}` takes {wanted}, not {}", found.len());
        return cx.fail(Diagnostic::new(Code::BadArguments, span, message).help(format!("write `{signature}`")));
    }
    Ok(found)
}

fn negate_if<'a, T: Typer<'a>>(t: &T, negated: bool, shape: Shape<T::Node>, span: Span) -> Check<T::Node> {
    let node = t.build(shape, ScalarType::Bool, Unit::none(), span)?;
    if negated { t.build(Shape::Not(node), ScalarType::Bool, Unit::none(), span) } else { Ok(node) }
}

fn binary<'a, T: Typer<'a>>(
    t: &T,
    op: BinaryOp,
    left: Operand<'a, T::Node>,
    right: Operand<'a, T::Node>,
    span: Span,
) -> Check<T::Node> {
    let ((l, left), (r, right)) = both(left, right)?;
    let (left, right) = ((*l, left), (*r, right));
    let comparison = match op {
        BinaryOp::Add => return arithmetic(t, Arithmetic::Add, left, right, span),
        BinaryOp::Subtract => return arithmetic(t, Arithmetic::Subtract, left, right, span),
        BinaryOp::Multiply => return arithmetic(t, Arithmetic::Multiply, left, right, span),
        BinaryOp::Divide => return arithmetic(t, Arithmetic::Divide, left, right, span),
        BinaryOp::And | BinaryOp::Or => {
            let (l, r) = both(condition(t, left), condition(t, right))?;
            let shape = if op == BinaryOp::And { Shape::And(l, r) } else { Shape::Or(l, r) };
            return t.build(shape, ScalarType::Bool, Unit::none(), span);
        }
        BinaryOp::Equal => Comparison::Equal,
        BinaryOp::NotEqual => Comparison::NotEqual,
        BinaryOp::Less => Comparison::Less,
        BinaryOp::LessOrEqual => Comparison::LessOrEqual,
        BinaryOp::Greater => Comparison::Greater,
        BinaryOp::GreaterOrEqual => Comparison::GreaterOrEqual,
    };
    compare(t, comparison, left, right, span)
}

/// Refuses what is not true or false.
pub(super) fn condition<'a, T: Typer<'a>>(t: &T, (node, ast): Written<'a, T::Node>) -> Check<T::Node> {
    if node.ty() == ScalarType::Bool || node.ty().is_open() {
        return Ok(node);
    }
    let message = format!("a condition is wanted here, not {}", called(node.ty()));
    let finding = Diagnostic::new(Code::NotACondition, ast.span, message).label(called(node.ty()));
    t.checker().fail(finding.help("compare it with something: `… = …`, `… > …`, `… is not null`"))
}

/// Refuses what is not a number.
pub(super) fn number<'a, T: Typer<'a>>(t: &T, (node, ast): Written<'a, T::Node>, by: &str) -> Check<T::Node> {
    if node.ty().is_number() || node.ty().is_open() {
        return Ok(node);
    }
    let message = format!("{by} takes a number, not {}", called(node.ty()));
    t.checker().fail(Diagnostic::new(Code::NotANumber, ast.span, message).label(called(node.ty())))
}

/// The type that holds the values of all.
fn joined<N: Node>(nodes: &[&N]) -> ScalarType {
    nodes.iter().map(|n| n.ty()).reduce(join).unwrap_or(ScalarType::Null)
}

pub(super) fn join(a: ScalarType, b: ScalarType) -> ScalarType {
    use ScalarType::{Decimal, Error, Float, Null, Unknown};
    match (a, b) {
        (Error, _) | (_, Error) => Error,
        (Unknown, _) | (_, Unknown) => Unknown,
        (Null, other) | (other, Null) => other,
        (Float, _) | (_, Float) => Float,
        (Decimal, _) | (_, Decimal) => Decimal,
        (a, _) => a,
    }
}

fn arithmetic<'a, T: Typer<'a>>(
    t: &T,
    op: Arithmetic,
    left: Written<'a, T::Node>,
    right: Written<'a, T::Node>,
    span: Span,
) -> Check<T::Node> {
    let sign = match op {
        Arithmetic::Add => "`+`",
        Arithmetic::Subtract => "`-`",
        Arithmetic::Multiply => "`*`",
        Arithmetic::Divide => "`/`",
    };
    if let Some((ty, unit)) = times(t, op, &left.0, &right.0) {
        return t.build(Shape::Arithmetic(op, left.0, right.0), ty, unit, span);
    }
    let ((la, ra), (l, r)) = ((left.1, right.1), both(number(t, left, sign), number(t, right, sign))?);
    let ty = match join(l.ty(), r.ty()) {
        ty if ty.is_open() => ty,
        _ if op == Arithmetic::Divide => ScalarType::Float,
        ty => ty,
    };
    match op {
        Arithmetic::Add | Arithmetic::Subtract => {
            let verb = if op == Arithmetic::Add { "added to" } else { "subtracted from" };
            let (l, r) = units::aligned(t, (l, la), (r, ra), verb)?;
            let unit = l.unit().clone();
            t.build(Shape::Arithmetic(op, l, r), ty, unit, span)
        }
        Arithmetic::Multiply | Arithmetic::Divide => {
            let (l, r) = both(units::share(t, l, la.span), units::share(t, r, ra.span))?;
            let unit = match op {
                Arithmetic::Multiply => l.unit().multiply(r.unit()),
                _ => l.unit().divide(r.unit()),
            };
            let Some(unit) = unit else {
                let (a, b) = (called_unit(l.unit()), called_unit(r.unit()));
                let message = format!("{sign} of {a} and {b} gives a unit that is too large to hold");
                return t.checker().fail(Diagnostic::new(Code::UnitMismatch, span, message));
            };
            let node = t.build(Shape::Arithmetic(op, l, r), ty, unit, span)?;
            units::plain(t, node, span)
        }
    }
}

/// The type and unit of arithmetic with times, if it is such.
fn times<'a, T: Typer<'a>>(_: &T, op: Arithmetic, l: &T::Node, r: &T::Node) -> Option<(ScalarType, Unit)> {
    if !T::TIMES {
        return None;
    }
    let elapsed = |n: &T::Node| n.ty().is_number() && n.unit().same_dimension(&Unit::seconds());
    match (l.ty(), r.ty(), op) {
        (ScalarType::Instant, ScalarType::Instant, Arithmetic::Subtract) => {
            Some((ScalarType::Decimal, Unit::seconds()))
        }
        (ScalarType::Date, ScalarType::Date, Arithmetic::Subtract) => {
            Some((ScalarType::Int, Unit::of_span(crate::calendar::SpanUnit::Day)?))
        }
        (ScalarType::Instant, _, Arithmetic::Add | Arithmetic::Subtract) if elapsed(r) => {
            Some((ScalarType::Instant, Unit::none()))
        }
        (_, ScalarType::Instant, Arithmetic::Add) if elapsed(l) => Some((ScalarType::Instant, Unit::none())),
        // What is not known may be a time or a length of time: so may the difference.
        (ScalarType::Instant | ScalarType::Date, open, Arithmetic::Subtract)
        | (open, ScalarType::Instant | ScalarType::Date, Arithmetic::Subtract)
            if open.is_open() =>
        {
            Some((open, Unit::none()))
        }
        (ScalarType::Instant, open, Arithmetic::Add) | (open, ScalarType::Instant, Arithmetic::Add)
            if open.is_open() =>
        {
            Some((ScalarType::Instant, Unit::none()))
        }
        _ => None,
    }
}

/// `a op b`, both typed.
pub(super) fn compare<'a, T: Typer<'a>>(
    t: &T,
    op: Comparison,
    left: Written<'a, T::Node>,
    right: Written<'a, T::Node>,
    span: Span,
) -> Check<T::Node> {
    comparable(t, op, (&left.0, left.1), (&right.0, right.1), span)?;
    let (l, r) = units::aligned(t, left, right, "compared with")?;
    t.build(Shape::Compare(op, l, r), ScalarType::Bool, Unit::none(), span)
}

/// Refuses values of two types, and an order of true and false.
fn comparable<'a, T: Typer<'a>>(
    t: &T,
    op: Comparison,
    (l, la): (&T::Node, &'a Expr),
    (r, ra): (&T::Node, &'a Expr),
    span: Span,
) -> Check<()> {
    let (a, b) = (l.ty(), r.ty());
    let ordered = !matches!(op, Comparison::Equal | Comparison::NotEqual);
    if a.is_open() || b.is_open() || (a.is_number() && b.is_number()) {
        return Ok(());
    }
    if a == b && !(ordered && a == ScalarType::Bool) {
        return Ok(());
    }
    if a == b {
        return t.checker().fail(
            Diagnostic::new(Code::TypeMismatch, span, "true and false have no order")
                .help("compare them with `=` or `!=`, or write the condition alone"),
        );
    }
    let message = format!("{} is compared with {}", called(a), called(b));
    let finding = Diagnostic::new(Code::TypeMismatch, ra.span, message).label(called(b)).also(la.span, called(a));
    t.checker().fail(match type_help(l, r).or_else(|| type_help(r, l)) {
        Some(help) => finding.help(help),
        None => finding,
    })
}

fn type_help<N: Node>(a: &N, b: &N) -> Option<String> {
    match (a.ty(), b.ty(), b.literal()) {
        (ScalarType::Instant | ScalarType::Date, ScalarType::Text, Some(Value::Text(text))) => {
            Some(format!("dates stand without quotes: `{text}`"))
        }
        (ScalarType::Text, other, Some(value)) if other.is_number() => {
            Some(format!("a text stands in quotes: `\"{value}\"`"))
        }
        (other, ScalarType::Text, Some(Value::Text(text))) if other.is_number() && text.parse::<f64>().is_ok() => {
            Some(format!("a number stands without quotes: `{text}`"))
        }
        (ScalarType::Instant, ScalarType::Date, _) => Some("make a date of the time: `day(…)`".to_owned()),
        _ => None,
    }
}

/// Values that stand for one another: one type, one unit.
fn unified<'a, T: Typer<'a>>(t: &T, nodes: Vec<Written<'a, T::Node>>, verb: &str) -> Check<Vec<T::Node>> {
    let Some(first) = nodes.iter().find(|(n, ast)| !n.ty().is_open() && !units::is_bare(ast)).or(nodes.first()) else {
        return Ok(Vec::new());
    };
    let (ty, unit, at) = (first.0.ty(), first.0.unit().clone(), first.1);
    let mut typed = Vec::new();
    for (node, ast) in nodes {
        let same = node.ty() == ty || node.ty().is_open() || ty.is_open() || (node.ty().is_number() && ty.is_number());
        if !same {
            let message = format!("{} cannot be {verb} {}", called(node.ty()), called(ty));
            let finding = Diagnostic::new(Code::TypeMismatch, ast.span, message);
            return t.checker().fail(finding.label(called(node.ty())).also(at.span, called(ty)));
        }
        typed.push(units::converted(t, (node, ast), (&unit, ty), at, verb)?);
    }
    Ok(typed)
}

/// A call of a function that rows and metrics have.
fn scalar<'a, T: Typer<'a>>(
    t: &T,
    (row, metric): (RowFunction, MetricFunction),
    name: &str,
    args: &[&'a Expr],
    span: Span,
) -> Check<T::Node> {
    let typed: Vec<_> = args.iter().map(|a| t.expr(a)).collect();
    let typed = typed.into_iter().collect::<Check<Vec<_>>>()?;
    let mut written: Vec<_> = typed.into_iter().zip(args.iter().copied()).collect();
    let by = format!("`{name}`");
    let (ty, unit, nodes) = match row {
        RowFunction::Coalesce | RowFunction::Least | RowFunction::Greatest => {
            let nodes = unified(t, written, "taken together with")?;
            if row != RowFunction::Coalesce {
                for (node, ast) in nodes.iter().zip(args) {
                    if matches!(node.ty(), ScalarType::Bool | ScalarType::Text) {
                        number(t, (node.clone(), ast), &by)?;
                    }
                }
            }
            let ty = joined(&nodes.iter().collect::<Vec<_>>());
            let unit = nodes.iter().find(|n| !n.ty().is_open()).map_or_else(Unit::none, |n| n.unit().clone());
            (ty, unit, nodes)
        }
        _ => {
            let places = if written.len() > 1 { written.pop() } else { None };
            let Some(first) = written.pop() else { return Err(Reported) };
            let ast = first.1;
            let node = number(t, first, &by)?;
            let (mut ty, mut unit) = (node.ty(), node.unit().clone());
            if matches!(row, RowFunction::Log | RowFunction::Sqrt) {
                if !unit.is_none() && !ty.is_open() {
                    let message = format!("{by} takes a plain number, not one in {}", called_unit(&unit));
                    return t.checker().fail(Diagnostic::new(Code::UnitMismatch, ast.span, message));
                }
                (ty, unit) = (if ty.is_open() { ty } else { ScalarType::Float }, Unit::none());
            }
            let mut nodes = vec![node];
            if let Some((places, ast)) = places {
                if !matches!(places.literal(), Some(Value::Int(0..=15))) {
                    let message = "`round` takes a number of decimal places from 0 to 15, written out";
                    return t.checker().fail(Diagnostic::new(Code::BadLiteral, ast.span, message));
                }
                nodes.push(places);
            }
            (ty, unit, nodes)
        }
    };
    t.build(Shape::Call(row, metric, nodes), ty, unit, span)
}

/// Whether it is a number as written, without a unit.
pub(super) fn is_plain_literal(ast: &Expr) -> bool {
    matches!(ast.kind, ExprKind::Literal(Literal::Number(_)))
}
