//! Where the rows of each source went, by a look at each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use kepi_lang::calendar::Interval;
use kepi_lang::ir::{
    Branch, Column, ColumnId, Link, LookupId, Measure, Origin, RowExpr, RowKind, Source, SourceId, Way,
};
use kepi_lang::results::{Ledger, LookupUse};

use crate::reference::numbers::truth;
use crate::reference::rows::Row;
use crate::reference::{Reference, TooLarge};

/// A branch of a measure, and the intervals that it is read for.
type Reads<'m> = Vec<(&'m Measure, &'m Branch, Vec<Interval>)>;

/// Ledgers, what became of lookups, and the links that conditions of sources look through.
type Accounts = (Vec<Ledger>, Vec<LookupUse>, BTreeSet<String>);

/// The lookup that a link leads to, and what the link is called.
type Line = (LookupId, String);

impl Reference<'_> {
    pub fn ledgers(&self) -> Result<Accounts, TooLarge> {
        let mut needs: Vec<(Arc<Measure>, Vec<Interval>)> = Vec::new();
        for (measure, interval) in self.question.asks.iter().flat_map(|ask| self.needs(ask)) {
            match needs.iter_mut().find(|(m, _)| Arc::ptr_eq(m, &measure)) {
                Some((_, intervals)) => intervals.push(interval),
                None => needs.push((measure, vec![interval])),
            }
        }
        let sources: BTreeSet<SourceId> = needs.iter().flat_map(|(m, _)| m.branches.iter().map(|b| b.source)).collect();
        let (mut ledgers, mut missing, mut in_scope) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        for id in sources {
            let reads: Reads<'_> = needs
                .iter()
                .flat_map(|(m, i)| m.branches.iter().filter(|b| b.source == id).map(move |b| (&**m, b, i.clone())))
                .collect();
            ledgers.push(self.ledger(id, &reads, &mut missing)?);
            let source = &self.program.sources[id.0 as usize];
            in_scope.extend(self.cleaned[id.0 as usize].missing.keys().map(|way| self.line(source, way).1));
        }
        let mut next: Vec<LookupId> = missing.keys().map(|(lookup, _)| *lookup).collect();
        while let Some(id) = next.pop() {
            for (line, count) in self.within(id)? {
                if missing.insert(line.clone(), count).is_none() {
                    next.push(line.0);
                }
            }
        }
        let lookups = missing.into_iter().map(|((lookup, link), missing)| LookupUse {
            ties: 0,
            unparsable: 0,
            lookup,
            link,
            name: self.program.lookups[lookup.0 as usize].name.clone(),
            rows: self.data.lookups[lookup.0 as usize].rows().count() as u64,
            fingerprint: String::new(),
            rejected: Vec::new(),
            missing,
        });
        Ok((ledgers, lookups.collect(), in_scope))
    }

    fn ledger(
        &self,
        id: SourceId,
        reads: &Reads<'_>,
        missing: &mut BTreeMap<(LookupId, String), u64>,
    ) -> Result<Ledger, TooLarge> {
        let source = &self.program.sources[id.0 as usize];
        let cleaned = &self.cleaned[id.0 as usize];
        let mut ledger = Ledger {
            source: id,
            name: source.name.clone(),
            files: self.data.sources[id.0 as usize].files.len() as u64,
            bytes: 0,
            fingerprint: String::new(),
            rejected: Vec::new(),
            read: cleaned.read,
            unparsable: 0,
            no_time: cleaned.no_time,
            out_of_scope: cleaned.out_of_scope,
            duplicates: cleaned.duplicates,
            outside: 0,
            used: 0,
            differing: cleaned.differing,
            unclaimed: 0,
            no_actor: 0,
            unknown: 0,
            moved: 0,
            null_values: 0,
            first: cleaned.extent.first,
            watermark: cleaned.extent.last,
            complete_until: self.complete_until(id),
        };
        let range = self.range(source.time, reads);
        let links = links(source, reads);
        for link in &links {
            missing.entry(self.line(source, link)).or_default();
        }
        for (way, count) in &cleaned.missing {
            missing.insert(self.line(source, way), *count);
        }
        for (number, usable) in cleaned.rows.iter().enumerate() {
            if usable.clock.is_some_and(|t| !range.contains(t)) {
                ledger.outside += 1;
                continue;
            }
            ledger.used += 1;
            let (mut claimed, mut unknown, mut null) = (false, false, false);
            for (measure, branch, intervals) in reads {
                if let Some(filter) = &branch.filter {
                    unknown |= truth(&usable.row.value(filter)?).is_none();
                }
                let taken = self.taken(branch)?;
                let Some(taken) = taken.iter().find(|t| t.row == number) else { continue };
                if intervals.iter().any(|i| self.lies_in(taken, *i)) {
                    claimed = true;
                    null |=
                        branch.value.is_some() && taken.value.is_null() && !of_actors(measure, branch, source.actor);
                }
            }
            ledger.unclaimed += u64::from(!claimed);
            ledger.unknown += u64::from(unknown);
            ledger.null_values += u64::from(null);
            ledger.moved += u64::from(usable.moved);
            if let Some(actor) = source.actor {
                ledger.no_actor += u64::from(usable.row.column(actor)?.is_null());
            }
            // What the source's own condition looks through is counted with it.
            for link in links.iter().filter(|link| !cleaned.missing.contains_key(*link)) {
                let found = usable.row.linked(link)?.is_some();
                *missing.entry(self.line(source, link)).or_default() += u64::from(!found);
            }
        }
        Ok(ledger)
    }

    /// The lookup that a way leads to, and what the way is called.
    fn line(&self, source: &Source, way: &Way) -> (LookupId, String) {
        let other = way.clock.filter(|clock| Some(*clock) != source.time);
        let clock = other.map_or(String::new(), |clock| format!(" at {}", source.columns[clock.0 as usize].name));
        let (lookup, name) = self.called(&source.name, &source.links, way);
        (lookup, name + &clock)
    }

    fn called(&self, table: &str, links: &[Link], way: &Way) -> (LookupId, String) {
        let (mut name, mut lookup, mut links) = (table.to_owned(), LookupId(0), links);
        for at in &way.links {
            let link = &links[*at as usize];
            name += &format!(".{}", link.name);
            lookup = link.lookup;
            links = &self.program.lookups[lookup.0 as usize].links;
        }
        (lookup, name)
    }

    /// The ways that the columns of a lookup go, and what makes its rows stand, with its rows that they lead to none.
    fn within(&self, id: LookupId) -> Result<Vec<(Line, u64)>, TooLarge> {
        let (lookup, table) = (&self.program.lookups[id.0 as usize], &self.data.lookups[id.0 as usize]);
        let mut found = BTreeSet::new();
        let computed = lookup.columns.iter().filter_map(|c| match &c.origin {
            Origin::Computed(expr) => Some(expr),
            Origin::File(_) => None,
        });
        computed.chain(&lookup.scope).for_each(|e| ways(&lookup.columns, &lookup.links, e, &mut found));
        let mut lines = Vec::new();
        for way in found {
            let mut missing = 0;
            for cells in table.rows() {
                let (program, links, columns) = (self.program, &lookup.links[..], &lookup.columns[..]);
                let row = Row { program, data: self.data, links, columns, table, cells };
                missing += u64::from(row.linked(&way)?.is_none());
            }
            lines.push((self.called(&lookup.name, &lookup.links, &way), missing));
        }
        Ok(lines)
    }

    /// From the first to the last instant that is read, up to `as_of`. Another clock than the source's own may find its
    /// rows at any time of that one.
    fn range(&self, time: Option<ColumnId>, reads: &Reads<'_>) -> Interval {
        let end = self.question.as_of;
        if reads.iter().any(|(_, branch, _)| branch.time != time) {
            return Interval { start: Timestamp::MIN, end };
        }
        let capped = |i: &Interval| Interval { start: i.start.min(end), end: i.end.min(end) };
        let all = reads.iter().flat_map(|(_, _, intervals)| intervals.iter().map(capped)).filter(|i| !i.is_empty());
        let nothing = Interval { start: Timestamp::MAX, end: Timestamp::MIN };
        all.fold(nothing, |a, b| Interval { start: a.start.min(b.start), end: a.end.max(b.end) })
    }
}

/// Rows without an actor have a line of their own.
fn of_actors(measure: &Measure, branch: &Branch, actor: Option<ColumnId>) -> bool {
    let value = branch.value.as_ref().map(|v| &v.kind);
    measure.aggregate.is_distinct() && matches!(value, Some(RowKind::Column(c)) if Some(*c) == actor)
}

/// The links that the branches look through, with those before them.
fn links(source: &Source, reads: &Reads<'_>) -> BTreeSet<Way> {
    let mut found = BTreeSet::new();
    for (_, branch, _) in reads {
        let exprs = branch.filter.iter().chain(&branch.value).chain(&branch.by).chain(&branch.keys);
        exprs.for_each(|e| ways(&source.columns, &source.links, e, &mut found));
    }
    found
}

/// The ways that an expression over a table's rows goes, with those before them.
pub fn ways(columns: &[Column], links: &[Link], expr: &RowExpr, found: &mut BTreeSet<Way>) {
    let each = |e: &RowExpr, found: &mut BTreeSet<Way>| ways(columns, links, e, found);
    let column = |id: ColumnId, found: &mut BTreeSet<Way>| {
        if let Origin::Computed(of) = &columns[id.0 as usize].origin {
            each(of, found);
        }
    };
    match &expr.kind {
        RowKind::Made { .. } => {}
        RowKind::Linked { way, .. } => {
            for steps in 1..=way.links.len() {
                found.insert(Way { links: way.links[..steps].to_vec(), clock: way.clock });
            }
            links[way.links[0] as usize].columns.iter().for_each(|id| column(*id, found));
        }
        RowKind::Column(id) => column(*id, found),
        RowKind::Literal(_) => {}
        RowKind::Negate(a) | RowKind::Not(a) | RowKind::IsNull(a) => each(a, found),
        RowKind::Convert { of, .. } | RowKind::Like { of, .. } => each(of, found),
        RowKind::Arithmetic { left, right, .. } | RowKind::Compare { left, right, .. } => {
            each(left, found);
            each(right, found);
        }
        RowKind::And(left, right) | RowKind::Or(left, right) => {
            each(left, found);
            each(right, found);
        }
        RowKind::In { of, list } => [of.as_ref()].into_iter().chain(list).for_each(|e| each(e, found)),
        RowKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|e| each(e, found));
        }
        RowKind::Call { args, .. } => args.iter().for_each(|e| each(e, found)),
    }
}
