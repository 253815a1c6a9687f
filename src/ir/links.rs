//! What row expressions rest on by way of links and computed columns.

use std::collections::BTreeSet;

use crate::ir::{Column, ColumnId, Link, Lookup, LookupId, Origin, RowExpr, Way};

impl Way {
    /// The links of the way, from the table's own (`links`) to the last.
    pub fn steps<'a>(&self, links: &'a [Link], lookups: &'a [Lookup]) -> Vec<&'a Link> {
        let mut table = links;
        let mut steps = Vec::with_capacity(self.links.len());
        for at in &self.links {
            let Some(link) = table.get(*at as usize) else { break };
            steps.push(link);
            table = lookups.get(link.lookup.0 as usize).map(|l| l.links.as_slice()).unwrap_or_default();
        }
        steps
    }

    /// The way without its last step; `None` of a way of one.
    pub fn before(&self) -> Option<Self> {
        let (_, links) = self.links.split_last()?;
        (!links.is_empty()).then(|| Self { links: links.to_vec(), clock: self.clock })
    }

    /// `listing.host`.
    pub fn name(&self, links: &[Link], lookups: &[Lookup]) -> String {
        self.steps(links, lookups).iter().map(|link| link.name.as_str()).collect::<Vec<_>>().join(".")
    }
}

/// What is read of one table, and over which links.
#[derive(Debug)]
pub struct Reach<'a> {
    columns: &'a [Column],
    links: &'a [Link],
    /// The table's own columns, computed ones beside what they are computed of.
    pub own: BTreeSet<ColumnId>,
    /// Ways, each beside those that it goes on from.
    pub over: BTreeSet<Way>,
}

impl<'a> Reach<'a> {
    /// Nothing yet, of a table with these columns and links.
    pub fn of(columns: &'a [Column], links: &'a [Link]) -> Self {
        Self { columns, links, own: BTreeSet::new(), over: BTreeSet::new() }
    }

    pub fn expr(&mut self, expr: &RowExpr) {
        expr.columns(&mut |way, column| match way {
            None => self.column(column),
            Some(way) => self.way(way),
        });
    }

    pub fn column(&mut self, id: ColumnId) {
        if !self.own.insert(id) {
            return;
        }
        if let Some(Origin::Computed(expr)) = self.columns.get(id.0 as usize).map(|c| &c.origin) {
            self.expr(expr);
        }
    }

    fn way(&mut self, way: &Way) {
        let mut next = Some(way.clone());
        while let Some(way) = next.filter(|way| self.over.insert(way.clone())) {
            let root = way.links.first().and_then(|at| self.links.get(*at as usize));
            let columns = root.into_iter().flat_map(|link| &link.columns).chain(&way.clock);
            columns.for_each(|column| self.column(*column));
            next = way.before();
        }
    }

    /// The lookups that the ways lead to.
    pub fn lookups(&self, lookups: &[Lookup]) -> BTreeSet<LookupId> {
        self.over.iter().flat_map(|way| way.steps(self.links, lookups)).map(|link| link.lookup).collect()
    }
}
