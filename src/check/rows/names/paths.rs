//! Nested fields: `props.plan` is a column whose name is its path.

use crate::check::findings::{Check, Reported};
use crate::check::rows::reach::Reached;
use crate::check::rows::{Rows, Use, field_of, has_fields};
use crate::check::tables::{Links, open_column};
use crate::diag::suggest::closest;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Origin, RowExpr, ScalarType};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Name};

/// The names of a chain of members, from its head; `None` where the head is no name.
fn parts(ast: &Expr) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut at = ast;
    loop {
        match &at.kind {
            ExprKind::Member { of, field, args: None } => {
                parts.push(field.value.as_str());
                at = of;
            }
            ExprKind::Name(name) => {
                parts.push(name);
                parts.reverse();
                return Some(parts);
            }
            _ => return None,
        }
    }
}

impl<'a> Rows<'_, 'a> {
    /// The nested field that a chain of members is; `None` where it is a column of a set, or of a lookup, as ever.
    pub(in crate::check::rows) fn nested(&self, ast: &'a Expr) -> Option<Check<RowExpr>> {
        let parts = parts(ast)?;
        let (head, rest) = parts.split_first()?;
        if self.used == Use::Segment {
            return None;
        }
        let columns = self.cx.columns(self.place)?;
        let at_hand = match self.at_hand(head) {
            Ok(found) => found.is_some(),
            Err(Reported) => return Some(Err(Reported)),
        };
        let whole = parts.join(".");
        let below = rest.join(".");
        let linked = self.prefix(head).and_then(|reached| Some((reached.columns.find(&below)?, reached)));
        if let Some(id) = columns.find(&whole) {
            let also = if at_hand { columns.find(&below).is_some() } else { linked.is_some() };
            return Some(if also { self.two_ways(&whole, ast.span) } else { self.own(id, ast.span) });
        }
        let along = match (at_hand, self.prefix(head)) {
            (true, _) => self.along(None, rest, ast.span),
            (false, Some(reached)) => self.along(Some(reached), rest, ast.span),
            (false, None) if self.cx.scope.named(head).is_none() => self.along(None, &parts, ast.span),
            _ => None,
        };
        if along.is_some() {
            return along;
        }
        // With one name behind its head it is a column as ever.
        if rest.len() > 1 && at_hand {
            if let Some(id) = columns.find(&below) {
                return Some(self.own(id, ast.span));
            }
            let (link, further) = rest.split_first()?;
            if let Some(reached) = self.prefix(link) {
                let id = reached.columns.find(&further.join(".")).filter(|_| further.len() > 1)?;
                return Some(self.linked(&reached, id, ast.span));
            }
            return (self.is_object(link) || self.may_be_object(link)).then(|| self.below(&below, ast.span));
        }
        if let Some((id, reached)) = linked.filter(|_| rest.len() > 1) {
            return Some(self.linked(&reached, id, ast.span));
        }
        let known = at_hand || self.prefix(head).is_some() || self.cx.scope.named(head).is_some();
        if known || self.cx.scope.project.broken.contains(*head) {
            return None;
        }
        (self.is_object(head) || self.may_be_object(head)).then(|| self.below(&whole, ast.span))
    }

    /// A nested field behind any number of links, or a field of a JSON text or list of pairs; `None` where the path ends with a
    /// column as ever, or is none that is known.
    fn along(&self, mut reached: Option<Reached<'a>>, parts: &[&str], span: Span) -> Option<Check<RowExpr>> {
        let mut parts = parts;
        let own = self.cx.columns(self.place)?;
        while parts.len() > 1 {
            let columns = reached.as_ref().map_or(own, |at| at.columns);
            let node = |id| match &reached {
                Some(at) => self.linked(at, id, span),
                None => self.own(id, span),
            };
            if let Some(id) = columns.find(&parts.join(".")) {
                return Some(node(id));
            }
            let (link, rest) = parts.split_first()?;
            let next = match &reached {
                Some(at) => self.cx.scope.lookup(at.lookup).is_some_and(|l| l.links.find(link).is_some()),
                None => self.prefix(link).is_some(),
            };
            if !next {
                return (1..parts.len()).rev().find_map(|at| {
                    let (base, path) = parts.split_at_checked(at)?;
                    let id = columns.find(&base.join("."))?;
                    let base = match node(id) {
                        Ok(base) if has_fields(base.ty) => base,
                        Ok(_) => return None,
                        Err(Reported) => return Some(Err(Reported)),
                    };
                    Some(Ok(field_of(base, &path.join("."), ScalarType::Text)))
                });
            }
            reached = match &reached {
                Some(at) => match self.step(at, &Name { value: (*link).to_owned(), span }) {
                    Ok(next) => Some(next),
                    Err(Reported) => return Some(Err(Reported)),
                },
                None => self.prefix(link),
            };
            parts = rest;
        }
        None
    }

    /// A nested field by its path, where it may be one.
    fn below(&self, path: &str, span: Span) -> Check<RowExpr> {
        let columns = self.cx.columns(self.place).ok_or(Reported)?;
        if columns.open && !self.is_slip(columns, path) {
            let id = columns.add(open_column(path, span), true);
            return self.own(id, span);
        }
        self.unknown(columns, path, span)
    }

    /// Whether a name is that of an object: a field below it is known, or declared.
    fn is_object(&self, head: &str) -> bool {
        let Some(columns) = self.cx.columns(self.place) else { return false };
        let below = |name: &str| name.strip_prefix(head).is_some_and(|rest| rest.starts_with('.'));
        let list = columns.list.borrow();
        list.iter().any(|column| below(&column.name) || matches!(&column.origin, Origin::File(raw) if below(raw)))
    }

    /// Whether a name that nothing has, and that no name is near, may be an object of files that are not known.
    fn may_be_object(&self, head: &str) -> bool {
        let scope = self.cx.scope;
        if !self.cx.columns(self.place).is_some_and(|columns| columns.open) {
            return false;
        }
        let links = scope.sources.iter().map(|s| &s.links).chain(scope.lookups.iter().map(|l| &l.links));
        let mut names: Vec<String> = links.flat_map(Links::names).collect();
        names.extend(scope.names_of(|_| true).map(str::to_owned));
        names.extend(scope.project.lookups.iter().map(|l| l.name.value.clone()));
        names.push("user".to_owned());
        closest(head, names.iter().map(String::as_str)).is_none()
    }

    fn two_ways(&self, path: &str, span: Span) -> Check<RowExpr> {
        let message = format!("`{path}` is a field of {} and a column that its first name leads to", self.rows());
        let help = format!("give the field another name: `columns: {{other_name: {{from: {path}}}}}`");
        self.cx.fail(Diagnostic::new(Code::AmbiguousColumn, span, message).help(help))
    }
}
