//! Fields of columns of text in expressions: where the text is no JSON, every one of them would be null.

use std::collections::BTreeSet;

use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{Column, ColumnId, Link, Lookup, LookupId, Origin, RowExpr, RowFunction, RowKind};
use kepi_lang::source::Span;
use kepi_lang::value::Value;

use crate::sources::column::no_json;
use crate::sources::table::Table;

/// A column, and a path within its text.
pub(crate) type Field = (ColumnId, String);

/// Fields that expressions over a table's rows read.
pub(crate) struct Fields<'a> {
    links: &'a [Link],
    lookups: &'a [Lookup],
    /// Of the table's own columns.
    pub own: BTreeSet<Field>,
    /// Of the lookups that its links lead to.
    pub over: BTreeSet<(LookupId, Field)>,
}

impl<'a> Fields<'a> {
    /// None yet, of a table with these links; `lookups`: all of the program.
    pub fn new(links: &'a [Link], lookups: &'a [Lookup]) -> Self {
        Self { links, lookups, own: BTreeSet::new(), over: BTreeSet::new() }
    }

    pub fn expr(&mut self, expr: &RowExpr) {
        expr.each(&mut |node| {
            let RowKind::Call { function: RowFunction::Field, args } = &node.kind else { return };
            let Some(RowKind::Literal(Value::Text(path))) = args.get(1).map(|path| &path.kind) else { return };
            match args.first().map(|of| &of.kind) {
                Some(RowKind::Column(id)) => _ = self.own.insert((*id, path.clone())),
                Some(RowKind::Linked { way, column }) => {
                    if let Some(link) = way.steps(self.links, self.lookups).pop() {
                        self.over.insert((link.lookup, (*column, path.clone())));
                    }
                }
                _ => {}
            }
        });
    }

    /// Findings for the table's own fields.
    pub fn refused(&self, table: &Table, columns: &[Column], span: Span) -> Vec<Diagnostic> {
        self.own.iter().filter_map(|field| refused(table, columns, field, span)).collect()
    }
}

/// The finding for a field of a column of a table, if its text is no JSON.
pub(crate) fn refused(table: &Table, columns: &[Column], (id, path): &Field, span: Span) -> Option<Diagnostic> {
    let Origin::File(raw) = &columns.get(id.0 as usize)?.origin else { return None };
    let position = table.position(raw)?;
    no_json(table, position, &format!("{raw}.{path}"), span)
}
