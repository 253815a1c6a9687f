//! Links of a table.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::check::tables::{Columns, open_column};
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{ColumnId, Link, LookupId};
use crate::resolve::Project;
use crate::syntax::document::LinkDef;

#[derive(Debug, Default)]
pub(in crate::check) struct Links {
    list: RefCell<Vec<Link>>,
    /// Prefixes in expressions; the actor's lookup has two.
    prefixes: RefCell<HashMap<String, u32>>,
}

impl Links {
    /// Those that a definition declares; `owner`: what it is called.
    pub(super) fn declared(
        defs: &[LinkDef],
        owner: &str,
        columns: &Columns,
        project: &Project,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let links = Self::default();
        for def in defs {
            let Some(lookup) = project.lookups.iter().position(|l| l.name.value == def.lookup.value) else {
                // Reported where references were resolved.
                continue;
            };
            let mut ids = Vec::new();
            for text in &def.columns {
                let named = &text.value;
                let known = columns.find(named).or_else(|| columns.find_raw(named));
                match known.or_else(|| columns.open.then(|| columns.add(open_column(named, text.span), true))) {
                    Some(id) => ids.push(id),
                    None => {
                        let names = columns.names();
                        let near = did_you_mean(named, names.iter().map(String::as_str));
                        let message = format!("{owner} has no column `{named}`{near}");
                        found.push(Diagnostic::new(Code::UnknownColumn, text.span, message));
                    }
                }
            }
            if ids.len() < def.columns.len() {
                continue;
            }
            let lookup = LookupId(u32::try_from(lookup).unwrap_or(u32::MAX));
            let name = def.name.value.clone();
            let at = links.add(Link { name, span: def.name.span, columns: ids, lookup });
            links.call(&def.name.value, at);
        }
        links
    }

    pub(in crate::check) fn find(&self, prefix: &str) -> Option<u32> {
        self.prefixes.borrow().get(prefix).copied()
    }

    pub(in crate::check) fn get(&self, at: u32) -> Option<Link> {
        self.list.borrow().get(at as usize).cloned()
    }

    pub(in crate::check) fn all(&self) -> Vec<Link> {
        self.list.borrow().clone()
    }

    /// Prefixes for "did you mean", in order.
    pub(in crate::check) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.prefixes.borrow().keys().cloned().collect();
        names.sort();
        names
    }

    /// A link's number; a second of the same columns to the same lookup is the first.
    pub(in crate::check) fn add(&self, link: Link) -> u32 {
        let mut list = self.list.borrow_mut();
        let known = list.iter().position(|l| (&l.columns, l.lookup) == (&link.columns, link.lookup));
        let at = known.unwrap_or_else(|| {
            list.push(link);
            list.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Reads a link by other columns.
    pub(in crate::check) fn read_by(&self, at: u32, columns: Vec<ColumnId>) {
        if let Some(link) = self.list.borrow_mut().get_mut(at as usize) {
            link.columns = columns;
        }
    }

    /// Gives a link a prefix; the first of a name stays.
    pub(in crate::check) fn call(&self, name: &str, at: u32) {
        self.prefixes.borrow_mut().entry(name.to_owned()).or_insert(at);
    }
}
