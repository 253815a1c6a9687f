//! Event sets: which rows of which sources, on which clock, by which actor.

use std::rc::Rc;

use crate::check::algebra::both;
use crate::check::derived::DerivedSet;
use crate::check::findings::{Check, Reported, called};
use crate::check::rows::{Place, Rows, Use, and, or, unknown_function};
use crate::check::scope::{Active, Checker};
use crate::check::tables::{actor_column, actor_entity, actor_link, actor_parts, open_column};
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::functions::{AggregateName, Role, SetName, find};
use crate::ir::{ColumnId, Origin, RowExpr, ScalarType, SourceId};
use crate::resolve::Named;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::syntax::document::{EventDef, Text};

/// At most one branch a source.
#[derive(Clone, Debug)]
pub(super) struct EventSet {
    /// What it is called in `E.column`; `None` for a union that is written out.
    pub(super) name: Option<String>,
    pub(super) branches: Vec<SetBranch>,
}

#[derive(Clone, Debug)]
pub(super) struct SetBranch {
    pub(super) source: SourceId,
    /// Its rows are made of others, and `source` is none.
    pub(super) derived: Option<Rc<DerivedSet>>,
    pub(super) time: Option<ColumnId>,
    pub(super) actor: Option<ColumnId>,
    pub(super) entity: Option<String>,
    pub(super) actor_link: Option<u32>,
    pub(super) filter: Option<RowExpr>,
}

impl SetBranch {
    /// The same of all rows.
    pub(super) fn unfiltered(&self) -> Self {
        let Self { source, time, actor, actor_link, .. } = *self;
        Self {
            source,
            derived: self.derived.clone(),
            time,
            actor,
            entity: self.entity.clone(),
            actor_link,
            filter: None,
        }
    }
}

impl<'a> Checker<'a> {
    /// The rows of an event definition.
    pub(super) fn event(&self, at: usize) -> Check<Rc<EventSet>> {
        let scope = self.scope;
        let (Some(cell), Some(def)) = (scope.events.get(at), scope.project.events.get(at)) else {
            return Err(Reported);
        };
        if let Some(known) = cell.get() {
            return known.clone().ok_or(Reported);
        }
        let typed = self.inside(Active::Event(at), def.name.span, || self.defined(def));
        // A definition that was typed meanwhile, on the way in a circle, is as broken as this one.
        let _ = cell.set(typed.as_ref().ok().cloned());
        typed
    }

    fn defined(&self, def: &'a EventDef) -> Check<Rc<EventSet>> {
        let set = self.set(&def.expr)?;
        let mut branches = set.branches.clone();
        for branch in &mut branches {
            if let Some(time) = &def.time {
                self.own_clock(branch, "clock", time.span)?;
                branch.time = Some(self.clock_of(branch.source, time)?);
            }
            if let Some(actor) = def.actor.first() {
                self.own_clock(branch, "actor", actor.span)?;
                self.acted_by(branch, &def.actor)?;
            }
        }
        Ok(Rc::new(EventSet { name: Some(def.name.value.clone()), branches }))
    }

    /// A column of instants to tell the time by.
    pub(super) fn clock_of(&self, source: SourceId, text: &Text) -> Check<ColumnId> {
        let table = self.scope.source(source).ok_or(Reported)?;
        let columns = &table.columns;
        let known = columns.find(&text.value).or_else(|| columns.find_raw(&text.value));
        let Some(id) = known.or_else(|| columns.open.then(|| columns.add(open_column(&text.value, text.span), true)))
        else {
            return Err(self.no_column(source, text));
        };
        self.column(Place::Source(source), id, text.span)?;
        let column = columns.get(id).ok_or(Reported)?;
        let reading = || table.clock.reading(None).map_err(|u| self.report(u.finding(&text.value, text.span, None)));
        match (column.ty, &column.origin) {
            (ScalarType::Instant, _) => Ok(id),
            (ScalarType::Unknown | ScalarType::Null, Origin::File(_)) => {
                let reading = reading()?;
                columns.update(id, |c| {
                    c.ty = ScalarType::Instant;
                    c.time = Some(reading);
                });
                Ok(id)
            }
            (ScalarType::Date, Origin::File(_)) => {
                let instant =
                    crate::ir::Column { ty: ScalarType::Instant, time: Some(reading()?), declared: true, ..column };
                Ok(columns.add(instant, false))
            }
            _ => {
                let message = format!("`{}` is no column of times", text.value);
                let help = format!(
                    "declare how its times are read: `columns: {{{}: {{type: instant, time_format: …}}}}`",
                    text.value
                );
                self.fail(Diagnostic::new(Code::TimeReading, text.span, message).help(help))
            }
        }
    }

    pub(super) fn acted_by(&self, branch: &mut SetBranch, names: &[Text]) -> Check<()> {
        let table = self.scope.source(branch.source).ok_or(Reported)?;
        let columns = &table.columns;
        let mut parts = Vec::new();
        for text in names {
            let known = columns.find(&text.value).or_else(|| columns.find_raw(&text.value));
            let id = known.or_else(|| columns.open.then(|| columns.add(open_column(&text.value, text.span), true)));
            let Some(id) = id else { return Err(self.no_column(branch.source, text)) };
            if names.len() > 1 {
                self.column(Place::Source(branch.source), id, text.span)?;
            }
            parts.push(id);
        }
        branch.actor = actor_column(columns, &parts);
        branch.entity = actor_entity(names);
        branch.actor_link = actor_link(table, names, &parts, &self.scope.project, &self.scope.lookups);
        Ok(())
    }

    /// What a branch's actors are told apart by: the types of the columns that are one together.
    fn actor_types(&self, branch: &SetBranch) -> Vec<ScalarType> {
        if let Some(derived) = &branch.derived {
            return derived.of.branches.first().map_or_else(Vec::new, |branch| self.actor_types(branch));
        }
        let columns = self.scope.source(branch.source).map(|s| &s.columns).zip(branch.actor);
        columns.map_or_else(Vec::new, |(columns, actor)| {
            actor_parts(columns, actor).into_iter().filter_map(|id| Some(columns.typed(id)?.0)).collect()
        })
    }

    /// Actors of several columns are of as many, and of the same types, wherever they meet.
    pub(super) fn same_parts(&self, one: &SetBranch, other: &SetBranch, code: Code, span: Span) -> Check<()> {
        let (a, b) = (self.actor_types(one), self.actor_types(other));
        let several = |types: &[ScalarType]| match types.len() {
            1 => "one column".to_owned(),
            n => format!("{n} columns together"),
        };
        let help = "name the actor of one of them: `{expr: …, actor: COLUMN}`";
        if a.len() != b.len() {
            let (a, b) = (several(&a), several(&b));
            let message = format!("the actors are {a} in one source, {b} in another");
            return self.fail(Diagnostic::new(code, span, message).help(help));
        }
        // Of one column the values are compared as any other's.
        let differ = |(a, b): &(&ScalarType, &ScalarType)| {
            !(a == b || a.is_open() || b.is_open() || (a.is_number() && b.is_number()))
        };
        match a.iter().zip(&b).find(differ).filter(|_| a.len() > 1) {
            Some((a, b)) => {
                let (a, b) = (called(*a), called(*b));
                let message = format!("a part of the actors is {a} in one source, {b} in another");
                let help = "declare the two alike under `columns:`, such as `type: text`";
                self.fail(Diagnostic::new(code, span, message).help(help))
            }
            None => Ok(()),
        }
    }

    fn no_column(&self, source: SourceId, text: &Text) -> Reported {
        let scope = self.scope;
        let names = scope.source(source).map(|s| s.columns.names()).unwrap_or_default();
        let near = did_you_mean(&text.value, names.iter().map(String::as_str));
        let name = scope.project.sources.get(source.0 as usize).map_or("", |s| &s.name.value);
        let message = format!("the source `{name}` has no column `{}`{near}", text.value);
        self.report(Diagnostic::new(Code::UnknownColumn, text.span, message))
    }

    pub(super) fn source_set(&self, at: usize) -> Check<Rc<EventSet>> {
        let def = self.scope.project.sources.get(at).ok_or(Reported)?;
        let table = self.scope.sources.get(at).ok_or(Reported)?;
        let branch = SetBranch {
            source: table.id,
            derived: None,
            time: table.time,
            actor: table.actor,
            entity: table.entity.clone(),
            actor_link: table.actor_link,
            filter: None,
        };
        Ok(Rc::new(EventSet { name: Some(def.name.value.clone()), branches: vec![branch] }))
    }

    /// The event set that an expression stands for.
    pub(super) fn set(&self, ast: &'a Expr) -> Check<Rc<EventSet>> {
        match &ast.kind {
            ExprKind::Name(name) => self.named_set(name, ast.span),
            ExprKind::Where { of, condition } => {
                let set = self.set(of)?;
                let mut branches = set.branches.clone();
                for branch in &mut branches {
                    let condition =
                        Rows::of_branch(self, branch, set.name.as_deref(), Use::Condition).condition(condition)?;
                    branch.filter = Some(and(branch.filter.take(), condition));
                }
                Ok(Rc::new(EventSet { name: set.name.clone(), branches }))
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right } => {
                let (l, r) = both(self.set(left), self.set(right))?;
                self.union(&l, &r, right.span)
            }
            ExprKind::Call { name, args } => match find(&name.value).map(|f| f.role) {
                Some(Role::Set(which)) => match (find(&name.value), which) {
                    (Some(function), SetName::Sessions) => self.sessions(function, args, ast.span),
                    (Some(function), which) => self.of_spans(function, which, args, ast.span),
                    (None, _) => Err(Reported),
                },
                Some(Role::Aggregate(AggregateName::First)) => match find(&name.value) {
                    Some(function) => self.first(function, args, None, ast.span),
                    None => Err(Reported),
                },
                Some(Role::Aggregate(AggregateName::Last)) => {
                    self.later(name.span, &format!("`{}(…)` as an event set", name.value), None)
                }
                None => self.fail(unknown_function(&name.value, name.span)),
                Some(_) => self.no_set(ast.span, &format!("`{}(…)` is a number", name.value)),
            },
            ExprKind::Per { of, key, within: None } => match &of.kind {
                ExprKind::Call { name, args } if name.value == "first" => match find(&name.value) {
                    Some(function) => self.first(function, args, Some(key), ast.span),
                    None => Err(Reported),
                },
                _ => self.no_set(ast.span, "`… per …` is no event set"),
            },
            ExprKind::Per { .. } => self.no_set(ast.span, "`… per …` is no event set"),
            ExprKind::Over { of, .. } => {
                let message = "`over` follows a measure, not an event set";
                let finding = Diagnostic::new(Code::NotAnEventSet, ast.span, message).also(of.span, "an event set");
                self.fail(finding.help("write `count(…) over …`"))
            }
            _ => self.no_set(ast.span, "this is no event set"),
        }
    }

    fn no_set<T>(&self, span: Span, message: &str) -> Check<T> {
        let help = "an event set is a source, an event, `E where …`, `E or F`, `first(E)`, `sessions(E, gap 30m)`";
        self.fail(Diagnostic::new(Code::NotAnEventSet, span, message).help(help))
    }

    fn named_set(&self, name: &str, span: Span) -> Check<Rc<EventSet>> {
        let scope = self.scope;
        match scope.named(name) {
            _ if scope.project.broken.contains(name) => Err(Reported),
            Some(Named::Source(at)) => self.source_set(at),
            Some(Named::Event(at)) => self.event(at),
            Some(Named::Metric(_)) => {
                let message = format!("`{name}` is a metric; here an event set is wanted");
                let help = "a metric is a number already: use it without a function around it";
                self.fail(Diagnostic::new(Code::NameOfOtherKind, span, message).help(help))
            }
            Some(Named::Spans(_)) => {
                let message = format!("`{name}` lasts; here events are wanted");
                let help = format!("write `open({name})`, `started({name})` or `ended({name})`");
                self.fail(Diagnostic::new(Code::NameOfOtherKind, span, message).help(help))
            }
            Some(Named::Segment(_)) => {
                let message = format!("`{name}` is a segment, a condition; here an event set is wanted");
                let help = format!("write `EVENT where {name}`");
                self.fail(Diagnostic::new(Code::NameOfOtherKind, span, message).help(help))
            }
            None => {
                let sets = scope.names_of(|n| matches!(n, Named::Event(_) | Named::Source(_)));
                let near = did_you_mean(name, sets);
                self.fail(Diagnostic::new(
                    Code::UnknownName,
                    span,
                    format!("no event or source is named `{name}`{near}"),
                ))
            }
        }
    }

    fn union(&self, left: &EventSet, right: &EventSet, span: Span) -> Check<Rc<EventSet>> {
        let mut branches = left.branches.clone();
        for branch in &right.branches {
            let same = |b: &SetBranch| match (&b.derived, &branch.derived) {
                (Some(a), Some(b)) => a.ir == b.ir,
                (None, None) => b.source == branch.source,
                _ => false,
            };
            for known in &branches {
                self.apart(known, branch, span)?;
            }
            let Some(known) = branches.iter_mut().find(|b| same(b)) else {
                branches.push(branch.clone());
                continue;
            };
            if known.time != branch.time || known.actor != branch.actor {
                let what = if known.time == branch.time { "actors" } else { "clocks" };
                let message = format!("the same rows stand in both sets with different {what}");
                let help = "measure the two one by one and add them up";
                return self.fail(Diagnostic::new(Code::UnionMismatch, span, message).help(help));
            }
            known.filter = match (known.filter.take(), branch.filter.clone()) {
                (Some(a), Some(b)) => Some(or(Some(a), b)),
                _ => None,
            };
        }
        let asked = |b: &SetBranch| b.derived.as_ref().is_some_and(|d| d.ir.is_asked());
        if branches.iter().any(asked) && !branches.iter().all(asked) {
            let message = "rows of a period that is asked for and rows of a time do not make one set";
            let help = "measure the two one by one";
            return self.fail(Diagnostic::new(Code::UnionMismatch, span, message).help(help));
        }
        let snapshot = |b: &SetBranch| self.scope.source(b.source).is_some_and(|s| s.snapshot);
        if branches.iter().any(snapshot) && !branches.iter().all(snapshot) {
            let message = "events and the states of a snapshot do not make one set";
            return self.fail(Diagnostic::new(Code::MixedSnapshot, span, message));
        }
        if branches.iter().any(|b| b.time.is_none()) && branches.iter().any(|b| b.time.is_some()) {
            let message = "rows with a time and rows without one do not make one set";
            return self.fail(Diagnostic::new(Code::NoClock, span, message));
        }
        Ok(Rc::new(EventSet { name: None, branches }))
    }
}
