//! Lists: conditions on their elements, and fields of JSON texts and of lists of pairs.

use crate::check::algebra::{Shape, Typer};
use crate::check::findings::{Check, Reported};
use crate::check::rows::Rows;
use crate::check::scope::Checker;
use crate::check::tables::Columns;
use crate::diag::{Code, Diagnostic};
use crate::ir::{ColumnId, Item, Origin, RowExpr, RowFunction, RowKind, ScalarType, Way};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind};
use crate::syntax::print;
use crate::unit::Unit;
use crate::value::Value;

const HELP: &str = "ask for its elements, `any(tags = \"x\")`, or for how many there are, `length(tags)`";

/// The columns that a condition may name, in the order of the text.
fn names<'a>(ast: &'a Expr, found: &mut Vec<&'a Expr>) {
    match &ast.kind {
        ExprKind::Name(_) | ExprKind::Member { args: None, .. } => found.push(ast),
        ExprKind::Negate(of) | ExprKind::Not(of) => names(of, found),
        ExprKind::Binary { left, right, .. } => {
            names(left, found);
            names(right, found);
        }
        ExprKind::In { of, list, .. } => {
            names(of, found);
            list.iter().for_each(|e| names(e, found));
        }
        ExprKind::Between { of, low, high, .. } => [of, low, high].into_iter().for_each(|e| names(e, found)),
        ExprKind::Like { of, .. } | ExprKind::IsNull { of, .. } => names(of, found),
        ExprKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|e| names(e, found));
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|arg| {
            if let Arg::Expr(e) = arg {
                names(e, found);
            }
        }),
        _ => {}
    }
}

fn call(function: RowFunction, args: Vec<RowExpr>, ty: ScalarType) -> RowExpr {
    RowExpr { kind: RowKind::Call { function, args }, ty, unit: Unit::none() }
}

/// What stands at a path within a JSON text, or by a key within a list of pairs.
pub(in crate::check) fn field_of(base: RowExpr, path: &str, ty: ScalarType) -> RowExpr {
    let path = Value::Text(path.to_owned());
    let path = RowExpr { kind: RowKind::Literal(path), ty: ScalarType::Text, unit: Unit::none() };
    call(RowFunction::Field, vec![base, path], ty)
}

/// Whether there may be fields within a value.
pub(in crate::check) fn has_fields(ty: ScalarType) -> bool {
    matches!(ty, ScalarType::Text | ScalarType::List(Item::Text | Item::Pair))
}

impl<'a> Rows<'_, 'a> {
    /// `any(tags = "x")`.
    pub(super) fn any(&self, condition: &'a Expr) -> Check<RowExpr> {
        if self.lists.is_some() {
            let message = "`any` within `any`";
            return self.cx.fail(Diagnostic::new(Code::BadArguments, condition.span, message));
        }
        let mut written = Vec::new();
        names(condition, &mut written);
        let around = written.clone();
        let mut lists: Vec<(String, &'a Expr)> = Vec::new();
        let mut open = None;
        for ast in written {
            // What is wrong with a name is said where the condition is typed.
            let trial = Checker::new(self.cx.scope);
            trial.active.borrow_mut().clone_from(&self.cx.active.borrow());
            let Ok(node) = self.on(&trial).expr(ast) else { continue };
            let text = print::expr(ast);
            if node.ty.is_list() && lists.iter().all(|(known, _)| *known != text) {
                lists.push((text, ast));
            } else if node.ty.is_open() && open.is_none() {
                open = Some((text, ast));
            }
        }
        if lists.is_empty() {
            lists = self.lists_around(&around);
        }
        let mut lists = lists.into_iter();
        let Some((text, ast)) = lists.next().or(open) else {
            // A name that is wrong is the mistake.
            self.condition(condition)?;
            let message = "`any` takes a condition on the elements of a list, and this one names no list";
            let help =
                "name a column of lists, `any(tags = \"x\")`; a JSON text is declared as one: `columns: {tags: list}`";
            return self.cx.fail(Diagnostic::new(Code::TypeMismatch, condition.span, message).help(help));
        };
        let list = self.expr(ast)?;
        let around = self.list_around(&list);
        let mut named = vec![(text.clone(), self.element_of(&list, &text, ast.span)?)];
        let mut args = vec![list];
        for (other, at) in lists {
            let list = self.expr(at)?;
            // Fields of the same elements stand side by side.
            if around.is_none() || self.list_around(&list) != around {
                let message =
                    format!("`any` is of the elements of one list, and these are two: `{text}` and `{other}`");
                return self.cx.fail(Diagnostic::new(Code::BadArguments, at.span, message));
            }
            named.push((other.clone(), self.element_of(&list, &other, at.span)?));
            args.push(list);
        }
        let here: Rows<'_, 'a> = *self;
        args.push(Rows { lists: Some(&named), ..here }.condition(condition)?);
        self.cx.spend(1, ast.span)?;
        Ok(call(RowFunction::AnyOf, args, ScalarType::Bool))
    }

    /// What the elements of a list are.
    fn element_of(&self, list: &RowExpr, text: &str, span: Span) -> Check<ScalarType> {
        match list.ty {
            ScalarType::List(Item::Pair) => {
                let message = format!("the elements of `{text}` are pairs of a key and a value");
                let help = format!("name a value by its key: `{text}.KEY`");
                self.cx.fail(Diagnostic::new(Code::TypeMismatch, span, message).help(help))
            }
            ScalarType::List(Item::Other) => {
                let fields = self.fields_of_elements(list);
                let (what, help) = if fields.is_empty() {
                    let help = format!(
                        "ask for how many there are, `length({text})`, or write what is needed of them as a column"
                    );
                    ("no single values", help)
                } else {
                    let shown: Vec<_> = fields.iter().take(12).map(|name| format!("`{name}`")).collect();
                    let more = if fields.len() > shown.len() { ", …" } else { "" };
                    ("records", format!("name a field of them: {}{more}", shown.join(", ")))
                };
                let message = format!("the elements of `{text}` are {what}");
                self.cx.fail(Diagnostic::new(Code::TypeMismatch, span, message).help(help))
            }
            ScalarType::List(item) => Ok(item.ty()),
            other => Ok(other),
        }
    }

    /// The columns of the table that a list is of, and its own; of what is computed none.
    fn table_of(&self, list: &RowExpr) -> Option<(&'a Columns, Option<Way>, ColumnId)> {
        match &list.kind {
            RowKind::Column(id) => Some((self.cx.columns(self.place)?, None, *id)),
            RowKind::Linked { way, column } => {
                let (first, further) = way.links.split_first()?;
                let mut lookup = self.cx.scope.lookup(self.links()?.get(*first)?.lookup)?;
                for link in further {
                    lookup = self.cx.scope.lookup(lookup.links.get(*link)?.lookup)?;
                }
                Some((&lookup.columns, Some(way.clone()), *column))
            }
            _ => None,
        }
    }

    /// The lists of records whose elements' field a list is.
    fn list_around(&self, list: &RowExpr) -> Option<(Option<Way>, String)> {
        let (columns, way, id) = self.table_of(list)?;
        Some((way, columns.list_around(id)?))
    }

    /// Of lists of records, as they are named in expressions.
    fn fields_of_elements(&self, list: &RowExpr) -> Vec<String> {
        let Some((columns, way, id)) = self.table_of(list) else { return Vec::new() };
        match columns.get(id).map(|column| column.origin) {
            Some(Origin::File(raw)) if way.is_none() => columns.fields_of_elements(&raw),
            _ => Vec::new(),
        }
    }

    /// Lists of texts, which may be JSON objects, of whose elements fields are named: `items` of `items.sku`.
    fn lists_around(&self, written: &[&'a Expr]) -> Vec<(String, &'a Expr)> {
        let mut lists: Vec<(String, &'a Expr)> = Vec::new();
        for ast in written {
            let mut base = *ast;
            while let ExprKind::Member { of, args: None, .. } = &base.kind {
                base = of;
                let trial = Checker::new(self.cx.scope);
                trial.active.borrow_mut().clone_from(&self.cx.active.borrow());
                let is = self.on(&trial).expr(base).is_ok_and(|node| node.ty == ScalarType::List(Item::Text));
                let text = print::expr(base);
                if is {
                    if lists.iter().all(|(known, _)| *known != text) {
                        lists.push((text, base));
                    }
                    break;
                }
            }
        }
        lists
    }

    /// The element at hand, where an expression is the list of an `any` around it, or a field of the element.
    pub(super) fn element(&self, ast: &Expr) -> Option<RowExpr> {
        let lists = self.lists?;
        if !matches!(&ast.kind, ExprKind::Name(_) | ExprKind::Member { args: None, .. }) {
            return None;
        }
        let element = |at: usize, ty| call(RowFunction::Element(u32::try_from(at).unwrap_or(u32::MAX)), Vec::new(), ty);
        let named = |ast: &Expr| {
            let text = print::expr(ast);
            lists.iter().position(|(list, _)| *list == text).and_then(|at| Some((at, lists.get(at)?.1)))
        };
        if let Some((at, ty)) = named(ast) {
            return Some(element(at, ty));
        }
        let (mut path, mut base) = (Vec::new(), ast);
        while let ExprKind::Member { of, field, args: None } = &base.kind {
            path.insert(0, field.value.as_str());
            base = of;
            if let Some((at, ScalarType::Text)) = named(base) {
                return Some(field_of(element(at, ScalarType::Text), &path.join("."), ScalarType::Text));
            }
        }
        None
    }

    /// Refuses lists where single values are wanted.
    pub(super) fn no_list(&self, shape: &Shape<RowExpr>, span: Span) -> Check<()> {
        let is = |node: &RowExpr| node.ty.is_list();
        let found = match shape {
            Shape::Literal(_) | Shape::IsNull(_) => false,
            Shape::Negate(of) | Shape::Not(of) | Shape::Convert(of, _) => is(of),
            Shape::Arithmetic(_, l, r) | Shape::Compare(_, l, r) | Shape::And(l, r) | Shape::Or(l, r) => is(l) || is(r),
            Shape::In(of, list) => is(of) || list.iter().any(is),
            Shape::If(c, a, b) => is(c) || is(a) || is(b),
            Shape::Call(_, _, args) => args.iter().any(is),
        };
        if found { Err(self.list_here(span)) } else { Ok(()) }
    }

    fn list_here(&self, span: Span) -> Reported {
        self.cx.report(Diagnostic::new(Code::TypeMismatch, span, "a list stands where one value is wanted").help(HELP))
    }

    /// An expression whose values are measured, or make groups.
    pub(in crate::check) fn single(&self, node: RowExpr, span: Span) -> Check<RowExpr> {
        self.one(&node, span).map(|()| node)
    }

    pub(in crate::check) fn one(&self, node: &RowExpr, span: Span) -> Check<()> {
        if node.ty.is_list() { Err(self.list_here(span)) } else { Ok(()) }
    }

    /// The same rows, with findings of their own.
    fn on<'t>(&'t self, cx: &'t Checker<'a>) -> Rows<'t, 'a> {
        let here: Rows<'t, 'a> = *self;
        Rows { cx, ..here }
    }
}
