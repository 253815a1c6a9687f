//! Over links to a lookup's row, and on from there.

use crate::check::classify::Class;
use crate::check::findings::{Check, Reported, called};
use crate::check::rows::{Place, Rows, Use};
use crate::check::tables::{Columns, Links};
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{ColumnId, Link, LookupId, RowExpr, RowKind, ScalarType, Way};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Name};

/// Where links lead, and the lookup's columns.
pub(super) struct Reached<'a> {
    pub(super) way: Way,
    pub(super) lookup: LookupId,
    pub(super) columns: &'a Columns,
    pub(super) key: &'a [ColumnId],
}

/// `a.b.c` before its last word: where it begins, and the words after that.
struct Path<'a> {
    root: &'a Expr,
    steps: Vec<&'a Name>,
}

impl<'a> Path<'a> {
    fn of(mut ast: &'a Expr) -> Self {
        let mut steps = Vec::new();
        while let ExprKind::Member { of, field, args: None } = &ast.kind {
            steps.push(field);
            ast = of;
        }
        steps.reverse();
        Self { root: ast, steps }
    }
}

impl<'a> Rows<'_, 'a> {
    /// Links of the row's own table.
    pub(super) fn links(&self) -> Option<&'a Links> {
        match self.place {
            Place::Source(id) => self.cx.scope.source(id).map(|s| &s.links),
            Place::Lookup(id) => self.cx.scope.lookup(id).map(|l| &l.links),
        }
    }

    pub(super) fn reached(&self, link: u32) -> Option<Reached<'a>> {
        let lookup = self.links()?.get(link)?.lookup;
        let table = self.cx.scope.lookup(lookup)?;
        Some(Reached { way: Way { links: vec![link], clock: None }, lookup, columns: &table.columns, key: &table.key })
    }

    /// The link of this name that the rows have.
    pub(super) fn prefix(&self, name: &str) -> Option<Reached<'a>> {
        self.reached(self.links()?.find(name)?)
    }

    /// One step on from a lookup's row.
    pub(super) fn step(&self, from: &Reached<'a>, name: &Name) -> Check<Reached<'a>> {
        let scope = self.cx.scope;
        let there = scope.lookup(from.lookup).ok_or(Reported)?;
        let Some((at, next)) = there.links.find(&name.value).and_then(|at| Some((at, there.links.get(at)?))) else {
            let lookup = self.lookup_name(from.lookup);
            let names = there.links.names();
            let near = did_you_mean(&name.value, names.iter().map(String::as_str));
            let message = format!("the lookup `{lookup}` has no link `{}`{near}", name.value);
            let help = match from.columns.find(&name.value) {
                Some(_) => format!("`{}` is a column of it, and a column ends a chain", name.value),
                None => format!("declare it on the lookup: `links: {{{}: COLUMN -> LOOKUP}}`", name.value),
            };
            return self.cx.fail(Diagnostic::new(Code::UnknownName, name.span, message).help(help));
        };
        let table = scope.lookup(next.lookup).ok_or(Reported)?;
        let mut way = from.way.clone();
        way.links.push(at);
        Ok(Reached { way, lookup: next.lookup, columns: &table.columns, key: &table.key })
    }

    pub(super) fn lookup_name(&self, id: LookupId) -> &'a str {
        self.cx.scope.project.lookups.get(id.0 as usize).map_or("", |l| &l.name.value)
    }

    /// `of.field`: a column of the set at hand, or of a lookup.
    pub(super) fn member(&self, of: &'a Expr, field: &'a Name) -> Check<RowExpr> {
        let Path { root, steps } = Path::of(of);
        let mut steps = steps.into_iter();
        let mut at = match &root.kind {
            ExprKind::Name(name) => {
                let Some(first) = steps.next() else { return self.of_prefix(name, root.span, field) };
                if self.used != Use::Segment && self.at_hand(name)?.is_some() {
                    self.link(first)?
                } else {
                    match self.begun(name, root.span)? {
                        Some(begun) => self.step(&begun, first)?,
                        // What is wrong with the beginning is said as of a column of it.
                        None => return self.of_prefix(name, root.span, first),
                    }
                }
            }
            // `ended(S).x`: the measure has seen to it that this is the set at hand.
            ExprKind::Call { .. } if self.cx.scope.classify(root) == Class::Set => match steps.next() {
                Some(first) => self.link(first)?,
                None => return self.field(field, self.time),
            },
            ExprKind::Member { args: Some(_), .. } | ExprKind::Call { .. } => return self.expr_of(root),
            // `(E where …).x`: the measure has seen to it that E is the set at hand.
            _ => match steps.next() {
                Some(first) => self.link(first)?,
                None => return self.field(field, self.time),
            },
        };
        for name in steps {
            at = self.step(&at, name)?;
        }
        self.end(&at, field)
    }

    /// The column at the end of a chain.
    pub(super) fn end(&self, reached: &Reached<'a>, field: &Name) -> Check<RowExpr> {
        match reached.columns.find(&field.value) {
            Some(id) => self.linked(reached, id, field.span),
            None if self.cx.scope.lookup(reached.lookup).is_some_and(|l| l.links.find(&field.value).is_some()) => {
                let message = format!("`{}` is a lookup; here one of its columns is wanted", field.value);
                let finding = Diagnostic::new(Code::NameOfOtherKind, field.span, message);
                self.cx.fail(finding.help(format!("write `….{}.…` with the column", field.value)))
            }
            None => self.missing_in_lookup(reached, &field.value, field.span),
        }
    }

    /// The link that a chain begins with.
    pub(super) fn begun(&self, name: &str, at: Span) -> Check<Option<Reached<'a>>> {
        let Some(reached) = self.prefix(name) else {
            // Within a segment the row is the actor's, and so are the links.
            let actor = if self.used == Use::Segment { self.actor_link.and_then(|l| self.reached(l)) } else { None };
            let link = actor.as_ref().and_then(|a| self.cx.scope.lookup(a.lookup)?.links.find(name));
            return match (actor, link) {
                (Some(actor), Some(_)) => self.step(&actor, &Name { value: name.to_owned(), span: at }).map(Some),
                _ => Ok(None),
            };
        };
        if self.used == Use::Segment && self.actor_link.is_none_or(|actor| reached.way.links != [actor]) {
            let what = "a segment on something else than the actor's lookup";
            return self.cx.later(at, what, None);
        }
        Ok(Some(reached))
    }

    /// The link of this name of the set at hand.
    fn link(&self, link: &Name) -> Check<Reached<'a>> {
        if let Some(reached) = self.prefix(&link.value) {
            return Ok(reached);
        }
        let names = self.links().map(Links::names).unwrap_or_default();
        let near = did_you_mean(&link.value, names.iter().map(String::as_str));
        let message = format!("{} has no link `{}`{near}", self.rows(), link.value);
        let help = format!("declare it on the source: `links: {{{}: COLUMN -> LOOKUP}}`", link.value);
        self.cx.fail(Diagnostic::new(Code::UnknownName, link.span, message).help(help))
    }

    pub(super) fn linked(&self, reached: &Reached<'_>, column: ColumnId, span: Span) -> Check<RowExpr> {
        let way = Way { clock: self.clock_of(&reached.way, span)?, ..reached.way.clone() };
        let (ty, unit) = self.cx.column(Place::Lookup(reached.lookup), column, span)?;
        self.cx.spend(1, span)?;
        Ok(RowExpr { kind: RowKind::Linked { way, column }, ty, unit })
    }

    /// What tells which rows on the way hold, if any lookup asks; the columns of each link can be the key of its lookup.
    fn clock_of(&self, way: &Way, span: Span) -> Check<Option<ColumnId>> {
        let (mut place, mut links, mut dated) = (self.place, self.links().ok_or(Reported)?, None);
        for at in &way.links {
            let link = links.get(*at).ok_or(Reported)?;
            self.joined(place, &link, span)?;
            let table = self.cx.scope.lookup(link.lookup).ok_or(Reported)?;
            dated = dated.or(table.valid.map(|_| link.lookup));
            place = Place::Lookup(link.lookup);
            links = &table.links;
        }
        let Some(lookup) = dated else { return Ok(None) };
        let Some(time) = self.time else {
            let name = self.lookup_name(lookup);
            let message = format!("what `{name}` says holds at a time, and a row of {} has none", self.rows());
            let help = match self.place {
                Place::Source(_) => "leave `valid:` out of the lookup, or give the source a `time:`",
                Place::Lookup(_) => "write the whole chain where the events are used: `event.….…`",
            };
            return self.cx.fail(Diagnostic::new(Code::NoClock, span, message).help(help));
        };
        if let Place::Source(_) = self.place {
            self.cx.column(self.place, time, span)?;
        }
        Ok(Some(time))
    }

    fn joined(&self, place: Place, link: &Link, span: Span) -> Check<()> {
        let key = &self.cx.scope.lookup(link.lookup).ok_or(Reported)?.key;
        let lookup = self.lookup_name(link.lookup);
        if link.columns.len() != key.len() {
            let count = |n: usize| if n == 1 { "1 column".to_owned() } else { format!("{n} columns") };
            let (ours, theirs) = (count(link.columns.len()), count(key.len()));
            let message = format!("the link `{}` has {ours}, the key of `{lookup}` has {theirs}", link.name);
            let help = "a link names as many columns as the key has, in its order: `(tenant, id) -> lookup`";
            return self.cx.fail(Diagnostic::new(Code::LinkKey, link.span, message).help(help));
        }
        let there = Place::Lookup(link.lookup);
        for (column, key) in link.columns.iter().zip(key) {
            let (ty, _) = self.cx.column(place, *column, span)?;
            let (wanted, _) = self.cx.column(there, *key, span)?;
            if alike(ty, wanted) {
                continue;
            }
            let name = |place, id| self.cx.columns(place).and_then(|c| c.get(id)).map_or_else(String::new, |c| c.name);
            let message = format!(
                "`{}` is {}, the key `{}` of `{lookup}` is {}: no row would be found",
                name(place, *column),
                called(ty),
                name(there, *key),
                called(wanted)
            );
            let help = "declare the two alike under `columns:`, such as `type: text`";
            return self.cx.fail(Diagnostic::new(Code::LinkKey, link.span, message).help(help));
        }
        Ok(())
    }
}

/// Whether values of the two types are ever one key.
fn alike(a: ScalarType, b: ScalarType) -> bool {
    (a == b && !a.is_list()) || a.is_open() || b.is_open() || (a.is_number() && b.is_number())
}
