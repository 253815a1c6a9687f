//! Making the units of two operands one.

use crate::check::algebra::{Node, Shape, Typer, Written, is_plain_literal};
use crate::check::findings::{Check, called_unit};
use crate::diag::{Code, Diagnostic};
use crate::ir::ScalarType;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use crate::unit::{Scale, Unit};
use crate::value::Value;

/// A number as written, without a unit: it takes the other side's where that can mean one thing only.
pub(super) fn is_bare(ast: &Expr) -> bool {
    match &ast.kind {
        ExprKind::Negate(of) => is_plain_literal(of),
        _ => is_plain_literal(ast),
    }
}

fn is_zero(value: Option<&Value>) -> bool {
    value.and_then(Value::as_f64).is_some_and(|n| n == 0.0)
}

/// Of two bounds the bare one takes the other's unit: `between 3 and 5 minutes`.
pub(super) fn share_unit<'a, N: Node>((l, la): Written<'a, N>, (h, ha): Written<'a, N>) -> (N, N) {
    match (is_bare(la), is_bare(ha)) {
        (true, false) if h.ty().is_number() => (l.with_unit(h.unit().clone()), h),
        (false, true) if l.ty().is_number() => {
            let unit = l.unit().clone();
            (l, h.with_unit(unit))
        }
        _ => (l, h),
    }
}

/// Both in one unit: the finer, so that what is exact stays exact; a literal is converted rather than a column.
pub(super) fn aligned<'a, T: Typer<'a>>(
    t: &T,
    (l, la): Written<'a, T::Node>,
    (r, ra): Written<'a, T::Node>,
    verb: &str,
) -> Check<(T::Node, T::Node)> {
    let counted = |n: &T::Node| n.ty().is_number();
    if !counted(&l) || !counted(&r) || l.unit().same(r.unit()) {
        return Ok((l, r));
    }
    if is_bare(la) && l.unit().is_none() {
        let unit = (r.unit().clone(), r.ty());
        let l = converted(t, (l, la), (&unit.0, unit.1), ra, verb)?;
        return Ok((l, r));
    }
    if l.literal().is_some() && r.literal().is_none() {
        let unit = (r.unit().clone(), r.ty());
        let l = converted(t, (l, la), (&unit.0, unit.1), ra, verb)?;
        return Ok((l, r));
    }
    // The right side in units of the left; if that divides, the left side in units of the right.
    let divides = r.literal().is_none() && r.unit().factor_to(l.unit()).is_some_and(|f| f.num == 1 && f.den != 1);
    if divides {
        let unit = (r.unit().clone(), r.ty());
        let l = converted(t, (l, la), (&unit.0, unit.1), ra, verb)?;
        return Ok((l, r));
    }
    let unit = (l.unit().clone(), l.ty());
    let r = converted(t, (r, ra), (&unit.0, unit.1), la, verb)?;
    Ok((l, r))
}

/// The operand in a unit, that of `other`.
pub(super) fn converted<'a, T: Typer<'a>>(
    t: &T,
    (node, ast): Written<'a, T::Node>,
    (unit, of): (&Unit, ScalarType),
    other: &Expr,
    verb: &str,
) -> Check<T::Node> {
    if !node.ty().is_number() || !of.is_number() || node.unit().same(unit) {
        return Ok(node);
    }
    if is_bare(ast) && node.unit().is_none() {
        // Sums want their unit written; a comparison does not, where only one scale exists.
        let adopts = is_zero(node.literal()) || (unit.has_one_scale() && verb == "compared with");
        if adopts {
            return Ok(node.with_unit(unit.clone()));
        }
        let number = node.literal().map_or_else(String::new, ToString::to_string);
        let code = if unit.has_one_scale() { Code::UnitMismatch } else { Code::BareNumber };
        let message = format!("a number without a unit is {verb} one in {}", called_unit(unit));
        let finding = Diagnostic::new(code, ast.span, message).also(other.span, format!("in {}", called_unit(unit)));
        return t.checker().fail(finding.help(format!("write the unit: `{number} {unit}`")));
    }
    let Some(factor) = node.unit().factor_to(unit) else {
        let (a, b) = (called_unit(node.unit()), called_unit(unit));
        let message = if unit.same_dimension(node.unit()) {
            format!("{a} cannot be converted to {b}: the factor is too large")
        } else {
            format!("{a} cannot be {verb} {b}")
        };
        let finding = Diagnostic::new(Code::UnitMismatch, ast.span, message).label(a).also(other.span, b);
        return t.checker().fail(match help(node.unit(), unit) {
            Some(help) => finding.help(help),
            None => finding,
        });
    };
    if let Some(value) = node.literal().and_then(|v| v.scaled(factor.num, factor.den)) {
        let ty = match value {
            Value::Int(_) => ScalarType::Int,
            Value::Decimal(_) => ScalarType::Decimal,
            _ => ScalarType::Float,
        };
        return t.build(Shape::Literal(value), ty, unit.clone(), ast.span);
    }
    scaled(t, node, factor, unit.clone(), ast.span)
}

fn help(a: &Unit, b: &Unit) -> Option<String> {
    if a.is_currency() && b.is_currency() {
        return Some("amounts in two currencies need a rate: multiply with a column that holds it".to_owned());
    }
    let bare = if a.is_none() { b } else { a };
    (a.is_none() || b.is_none()).then(|| {
        format!("declare the unit of the column that lacks one (`unit: {bare}`), or divide by one that has it")
    })
}

fn scaled<'a, T: Typer<'a>>(t: &T, node: T::Node, factor: Scale, unit: Unit, span: Span) -> Check<T::Node> {
    if factor.is_one() {
        return Ok(node.with_unit(unit));
    }
    let ty = if factor.den == 1 { node.ty() } else { ScalarType::Float };
    t.build(Shape::Convert(node, factor), ty, unit, span)
}

/// A percentage as the share that it is.
pub(super) fn share<'a, T: Typer<'a>>(t: &T, node: T::Node, span: Span) -> Check<T::Node> {
    if node.unit().is_dimensionless() { plain(t, node, span) } else { Ok(node) }
}

/// Takes the scale out of a unit that has only one: `5 %` of money is money, milliseconds by seconds is a number.
pub(super) fn plain<'a, T: Typer<'a>>(t: &T, node: T::Node, span: Span) -> Check<T::Node> {
    let scale = node.unit().scale;
    if scale.is_one() || !node.unit().has_one_scale() || !node.ty().is_number() {
        return Ok(node);
    }
    let unit = Unit { scale: Scale::ONE, spelling: None, ..node.unit().clone() };
    scaled(t, node, scale, unit, span)
}
