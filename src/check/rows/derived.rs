//! Names over rows that are made of others: their own columns, then those of the rows that they are made of.

use crate::check::algebra::Typer;
use crate::check::derived::{DerivedSet, made};
use crate::check::findings::Check;
use crate::check::rows::{Rows, Use};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Edge, RowExpr};
use crate::resolve::Named;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Name};

impl<'c, 'a> Rows<'c, 'a> {
    /// A name or a chain of members: `duration`, `visit.duration`, `visit.entry.country`, `user.plan`.
    pub(super) fn of_derived(&self, set: &'c DerivedSet, ast: &'a Expr) -> Check<RowExpr> {
        let mut fields = Vec::new();
        let mut root = ast;
        while let ExprKind::Member { of, field, args: None } = &root.kind {
            fields.push(field);
            root = of;
        }
        fields.reverse();
        let path = match &root.kind {
            ExprKind::Name(name) if self.is_at_hand(set, name)? => fields.as_slice(),
            ExprKind::Name(name) => {
                let bare = Name { value: name.clone(), span: root.span };
                let edge = set.edge(name).filter(|_| !fields.is_empty());
                return match (set.column(name).filter(|_| fields.is_empty() && self.used != Use::Segment), edge) {
                    (Some(column), _) => Ok(column),
                    (None, Some(edge)) => self.of_rows(set, edge, &fields, ast.span),
                    (None, None) if set.edge(name).is_some() => Err(self.no_such(set, &bare)),
                    (None, None) => self.of_rows_as(set, Edge::First, ast),
                };
            }
            ExprKind::Member { args: Some(_), .. } => return self.expr_of(root),
            // The measure has seen to it that this is the set at hand.
            _ => fields.as_slice(),
        };
        match path {
            [] => {
                let message = "this is an event set; here one of its columns is wanted";
                let help = format!("its columns are {}", set.columns());
                self.cx.fail(Diagnostic::new(Code::NameOfOtherKind, ast.span, message).help(help))
            }
            [field] => match set.column(&field.value) {
                Some(column) => {
                    self.cx.spend(1, field.span)?;
                    Ok(column)
                }
                None if set.edge(&field.value).is_some() => Err(self.no_such(set, field)),
                None => self.of_rows(set, Edge::First, path, ast.span),
            },
            [prefix, rest @ ..] => match set.edge(&prefix.value) {
                Some(edge) => self.of_rows(set, edge, rest, ast.span),
                None => self.of_rows(set, Edge::First, path, ast.span),
            },
        }
    }

    fn no_such(&self, set: &DerivedSet, field: &Name) -> crate::check::findings::Reported {
        let message = format!("`{}` is a row, not one of its columns", field.value);
        let help = format!("write `{}.COLUMN`; the set's own columns are {}", field.value, set.columns());
        self.cx.report(Diagnostic::new(Code::NameOfOtherKind, field.span, message).help(help))
    }

    /// Whether a name is that of the set at hand.
    fn is_at_hand(&self, set: &DerivedSet, name: &str) -> Check<bool> {
        if self.used == Use::Segment {
            return Ok(false);
        }
        Ok(match self.cx.scope.named(name) {
            Some(Named::Spans(_)) => self.set == Some(name),
            Some(Named::Event(at)) => {
                self.set == Some(name)
                    || self.cx.event(at)?.branches.iter().any(|b| b.derived.as_ref().is_some_and(|d| d.ir == set.ir))
            }
            _ => false,
        })
    }

    /// The columns behind a prefix, of the rows that a row is made of.
    fn of_rows(&self, set: &'c DerivedSet, at: Edge, path: &[&'a Name], span: Span) -> Check<RowExpr> {
        let mut names = path.iter();
        let mut ast = set.of.name.as_ref().map(|name| Expr { kind: ExprKind::Name(name.clone()), span });
        if ast.is_none() {
            ast = names.next().map(|n| Expr { kind: ExprKind::Name(n.value.clone()), span: n.span });
        }
        let Some(mut ast) = ast else { return Err(self.cx.internal(span, "a column without a name")) };
        for name in names {
            let field = (*name).clone();
            let span = ast.span.to(field.span);
            ast = Expr { kind: ExprKind::Member { of: Box::new(ast), field, args: None }, span };
        }
        match self.cx.scope.made.keep(ast) {
            Some(ast) => self.of_rows_as(set, at, ast),
            None => Err(self.cx.internal(span, "more expressions than can be counted")),
        }
    }

    /// An expression of the rows that a row is made of.
    fn of_rows_as(&self, set: &'c DerivedSet, at: Edge, ast: &'a Expr) -> Check<RowExpr> {
        let name = set.of.name.as_deref();
        let mut each = Vec::new();
        for branch in &set.of.branches {
            let rows = Rows { pushed: self.pushed, ..Rows::of_branch(self.cx, branch, name, self.used) };
            each.push(rows.expr(ast)?);
        }
        made(self.cx, set, at, each, ast.span)
    }

    /// A name that stands alone.
    pub(super) fn bare_of_derived(&self, set: &'c DerivedSet, name: &str, span: Span) -> Check<RowExpr> {
        match self.cx.scope.made.keep(Expr { kind: ExprKind::Name(name.to_owned()), span }) {
            Some(ast) => self.of_derived(set, ast),
            None => Err(self.cx.internal(span, "more expressions than can be counted")),
        }
    }
}
