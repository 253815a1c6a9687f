//! Names in row expressions: columns, those of lookups, segments.

mod paths;

use crate::calendar::Grain;
use crate::check::findings::{Check, Reported};
use crate::check::rows::reach::Reached;
use crate::check::rows::{Place, Rows, Use};
use crate::check::scope::Active;
use crate::check::tables::{Columns, Links, open_column};
use crate::diag::suggest::{closest, did_you_mean};
use crate::diag::{Code, Diagnostic};
use crate::ir::{ColumnId, RowExpr, RowKind, SourceId};
use crate::resolve::Named;
use crate::source::Span;
use crate::syntax::ast::{Expr, Name};

impl<'a> Rows<'_, 'a> {
    /// What the rows are called in messages.
    pub(super) fn rows(&self) -> String {
        let project = &self.cx.scope.project;
        let table = match self.place {
            Place::Source(id) => project.sources.get(id.0 as usize).map(|s| &s.name.value),
            Place::Lookup(id) => project.lookups.get(id.0 as usize).map(|l| &l.name.value),
        };
        match (self.set, table) {
            (Some(set), _) => format!("`{set}`"),
            (None, Some(table)) => format!("`{table}`"),
            (None, None) => "the row".to_owned(),
        }
    }

    fn source(&self) -> Option<SourceId> {
        match self.place {
            Place::Source(id) => Some(id),
            Place::Lookup(_) => None,
        }
    }

    /// A bare name: a column of the row, then one of its actor's lookup, then a segment. Two at once are an error.
    pub(super) fn name(&self, name: &str, span: Span) -> Check<RowExpr> {
        let columns = self.cx.columns(self.place).ok_or(Reported)?;
        if self.used == Use::Segment {
            return self.of_actor(name, span);
        }
        let own = columns.find(name);
        let actor = if self.used == Use::Table { None } else { self.actor_link.and_then(|l| self.reached(l)) };
        let linked = actor.as_ref().and_then(|a| a.columns.find(name).filter(|c| !a.key.contains(c)));
        let segment = match self.cx.scope.named(name) {
            Some(Named::Segment(at)) if self.used != Use::Table => Some(at),
            _ => None,
        };
        match (own, linked, segment) {
            (Some(_), Some(_), _) => {
                let prefix = self.actor_prefix();
                let message = format!("`{name}` is a column of {} and of its actor's lookup", self.rows());
                let set = self.set.map_or_else(String::new, |s| format!(", or `{s}.{name}` for the row's own"));
                let help = format!("write `{prefix}.{name}` for the lookup's{set}");
                self.cx.fail(Diagnostic::new(Code::AmbiguousColumn, span, message).help(help))
            }
            (Some(_), None, Some(_)) | (None, Some(_), Some(_)) => {
                let message = format!("`{name}` is a segment and a column of {}", self.rows());
                let help = "rename the segment, or the column (`columns: {other_name: {from: …}}`)";
                self.cx.fail(Diagnostic::new(Code::AmbiguousColumn, span, message).help(help))
            }
            (Some(id), None, None) => self.own(id, span),
            (None, Some(id), None) => match actor {
                Some(actor) => self.linked(&actor, id, span),
                None => Err(Reported),
            },
            (None, None, Some(at)) => self.segment(at, span),
            (None, None, None) => match name {
                "time" if self.time.is_some() => self.clock(self.time, span),
                "actor" if self.actor.is_some() => self.own(self.actor.unwrap_or(ColumnId(0)), span),
                _ => self.unknown(columns, name, span),
            },
        }
    }

    fn own(&self, id: ColumnId, span: Span) -> Check<RowExpr> {
        let (ty, unit) = self.cx.column(self.place, id, span)?;
        self.cx.spend(1, span)?;
        Ok(RowExpr { kind: RowKind::Column(id), ty, unit })
    }

    fn clock(&self, time: Option<ColumnId>, span: Span) -> Check<RowExpr> {
        match time {
            Some(id) => self.own(id, span),
            None => {
                let message = format!("{} has no time", self.rows());
                self.cx.fail(Diagnostic::new(Code::NoClock, span, message))
            }
        }
    }

    fn actor_prefix(&self) -> String {
        let link = self.actor_link.and_then(|at| self.links()?.get(at));
        link.map_or_else(|| "user".to_owned(), |l| l.name)
    }

    /// Within a segment: a column of the actor's lookup, or another segment.
    fn of_actor(&self, name: &str, span: Span) -> Check<RowExpr> {
        if let Some(actor) = self.actor_link.and_then(|l| self.reached(l)) {
            if let Some(id) = actor.columns.find(name) {
                return self.linked(&actor, id, span);
            }
            if let Some(Named::Segment(at)) = self.cx.scope.named(name) {
                return self.segment(at, span);
            }
            return self.missing_in_lookup(&actor, name, span);
        }
        Err(self.no_actor_lookup(span))
    }

    fn no_actor_lookup(&self, span: Span) -> Reported {
        let at = self.pushed.unwrap_or(span);
        let message = format!("a segment is about actors, and no lookup describes those of {}", self.rows());
        let help = "declare it: `lookups: {users: {files: …, key: …, actor: true}}`";
        self.cx.report(Diagnostic::new(Code::NoActor, at, message).help(help))
    }

    fn segment(&self, at: usize, span: Span) -> Check<RowExpr> {
        let scope = self.cx.scope;
        if scope.broken_segments.borrow().get(at).copied().unwrap_or(true) {
            return Err(Reported);
        }
        let def = scope.project.segments.get(at).ok_or(Reported)?;
        if self.actor_link.is_none() {
            let message =
                format!("`{}` is about actors, and no lookup describes those of {}", def.name.value, self.rows());
            return Err(self.missing(Code::NoActor, span, message));
        }
        let rows = Rows { used: Use::Segment, pushed: Some(span), ..*self };
        self.cx.inside(Active::Segment(at), span, || rows.condition(&def.expr))
    }

    /// What rows do not have: where it reaches them from outside, the measure is shown too.
    fn missing(&self, code: Code, span: Span, message: String) -> Reported {
        self.cx.report(match self.pushed {
            Some(measure) => {
                let help = match self.used {
                    Use::Dimension => "every measure needs the dimension; write `total(…)` around the one without",
                    _ => "put the condition on the measures that have it: `count(E where …)`",
                };
                Diagnostic::new(Code::MissingInMeasure, span, message).also(measure, "measured here").help(help)
            }
            None => Diagnostic::new(code, span, message),
        })
    }

    pub(super) fn missing_in_lookup(&self, reached: &Reached<'_>, name: &str, span: Span) -> Check<RowExpr> {
        if reached.columns.open && !self.is_slip(reached.columns, name) {
            let id = reached.columns.add(open_column(name, span), true);
            return self.linked(reached, id, span);
        }
        let names = reached.columns.names();
        let lookup = self.lookup_name(reached.lookup);
        let near = did_you_mean(name, names.iter().map(String::as_str));
        self.cx.fail(Diagnostic::new(
            Code::UnknownColumn,
            span,
            format!("the lookup `{lookup}` has no column `{name}`{near}"),
        ))
    }

    /// In a check without data a name that is not declared is a column of the file, unless it looks like a slip.
    fn is_slip(&self, columns: &Columns, name: &str) -> bool {
        let segments = self.cx.scope.names_of(|n| matches!(n, Named::Segment(_)));
        let names = columns.names();
        let letters = |s: &str| s.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let slips = |n: &str| strsim::damerau_levenshtein(n, name) == 1 && letters(n) != letters(name);
        name.chars().count() >= 5 && (names.iter().any(|n| slips(n)) || segments.into_iter().any(slips))
    }

    fn unknown(&self, columns: &Columns, name: &str, span: Span) -> Check<RowExpr> {
        let scope = self.cx.scope;
        if scope.project.broken.contains(name) && !columns.open {
            return Err(Reported);
        }
        let kind = match scope.named(name) {
            Some(Named::Metric(_)) => Some("a metric, one number for many rows"),
            Some(Named::Event(_) | Named::Source(_)) => Some("an event set"),
            Some(Named::Spans(_)) => Some("a set of spans"),
            _ => None,
        };
        if let Some(kind) = kind {
            let message = format!("`{name}` is {kind}; here a column of {} is wanted", self.rows());
            let finding = Diagnostic::new(Code::NameOfOtherKind, span, message);
            let help = format!("if the file has a column `{name}`, declare it under `columns:`");
            return self.cx.fail(finding.help(help));
        }
        if self.prefix(name).is_some() {
            let message = format!("`{name}` is a lookup; here one of its columns is wanted");
            return self.cx.fail(
                Diagnostic::new(Code::NameOfOtherKind, span, message).help(format!("write `{name}.…` with the column")),
            );
        }
        let slip = self.is_slip(columns, name);
        if columns.open && !slip {
            let id = columns.add(open_column(name, span), true);
            return self.own(id, span);
        }
        let actor = if self.used == Use::Table { None } else { self.actor_link.and_then(|l| self.reached(l)) };
        let mut names = columns.names();
        names.extend(actor.iter().flat_map(|a| a.columns.names()));
        names.extend(scope.names_of(|n| matches!(n, Named::Segment(_))).map(str::to_owned));
        let near = closest(name, names.iter().map(String::as_str));
        let hint = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
        let message = format!("{} has no column `{name}`{hint}", self.rows());
        let code = if self.pushed.is_some() && near.is_none() { Code::MissingInMeasure } else { Code::UnknownColumn };
        let mut finding = Diagnostic::new(code, span, message);
        if let Some(measure) = self.pushed {
            finding = finding.also(measure, "measured here");
        }
        let help = match self.used {
            Use::Dimension if Grain::parse(name).is_some() => {
                Some("a period is no dimension: it is the grain (`grain: week`, `--grain week`)".to_owned())
            }
            Use::Dimension if near.is_none() => {
                Some("every measure needs the dimension: name a column that all have, or write `total(…)` around the one without".to_owned())
            }
            _ if slip => Some(format!("if the file has a column `{name}` too, declare it under `columns:`")),
            _ if near.is_none() && !names.is_empty() => {
                let fields = fields_near(name, &names);
                Some(match fields.is_empty() {
                    true => format!("its columns are {}", listed(&names)),
                    false => format!("its fields are {}", listed(&fields)),
                })
            }
            _ => None,
        };
        self.cx.fail(match help {
            Some(help) => finding.help(help),
            None => finding,
        })
    }

    /// A column of what a call makes: the call says what is wrong.
    pub(super) fn expr_of(&self, of: &'a Expr) -> Check<RowExpr> {
        use crate::check::algebra::Typer;
        self.expr(of)?;
        let message = "this has no columns";
        self.cx.fail(Diagnostic::new(Code::NameOfOtherKind, of.span, message))
    }

    /// The clock that a set's name stands for on these rows; `None` when it is not a set of these rows.
    pub(super) fn at_hand(&self, name: &str) -> Check<Option<Option<ColumnId>>> {
        let scope = self.cx.scope;
        let here = self.source();
        match scope.named(name) {
            Some(Named::Source(at)) => {
                let id = u32::try_from(at).ok().map(SourceId);
                let time = id.filter(|id| Some(*id) == here).and_then(|id| scope.source(id)).map(|s| s.time);
                Ok(time)
            }
            Some(Named::Spans(at)) => {
                let spans = self.cx.spans(at)?;
                Ok(spans.set.branches.iter().any(|b| Some(b.source) == here).then_some(self.time))
            }
            Some(Named::Event(at)) => {
                let set = self.cx.event(at)?;
                Ok(set.branches.iter().find(|b| Some(b.source) == here).map(|b| b.time))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn of_prefix(&self, prefix: &str, at: Span, field: &Name) -> Check<RowExpr> {
        let scope = self.cx.scope;
        if self.used != Use::Segment
            && let Some(time) = self.at_hand(prefix)?
        {
            return self.field(field, time);
        }
        if let Some(reached) = self.begun(prefix, at)? {
            return self.end(&reached, field);
        }
        if self.used == Use::Segment {
            if self.actor_link.is_none() {
                return Err(self.no_actor_lookup(at));
            }
            if matches!(scope.named(prefix), Some(Named::Event(_) | Named::Source(_))) {
                return self.cx.later(
                    at,
                    "a segment on columns of events",
                    Some("a segment is a condition on the actors' lookup"),
                );
            }
        }
        if scope.project.broken.contains(prefix) {
            return Err(Reported);
        }
        match scope.named(prefix) {
            Some(Named::Event(_) | Named::Source(_)) => {
                let message = format!(
                    "`{prefix}.{}` is a column of `{prefix}`; the rows at hand are of {}",
                    field.value,
                    self.rows()
                );
                let mut finding = Diagnostic::new(Code::OtherSet, at, message);
                if let Some(measure) = self.pushed {
                    finding = finding.also(measure, "measured here");
                }
                self.cx.fail(finding.help(format!(
                    "write `{}` alone if {} has such a column too",
                    field.value,
                    self.rows()
                )))
            }
            Some(Named::Spans(_)) => {
                let message = format!("`{prefix}` is a set of spans, and the rows at hand are of {}", self.rows());
                self.cx.fail(Diagnostic::new(Code::OtherSet, at, message))
            }
            Some(Named::Metric(_)) => {
                let message = format!("`{prefix}` is a metric, and a metric has no columns");
                self.cx.fail(Diagnostic::new(Code::NameOfOtherKind, at, message))
            }
            Some(Named::Segment(_)) => {
                let message = format!("`{prefix}` is a segment, and a segment has no columns");
                self.cx.fail(Diagnostic::new(Code::NameOfOtherKind, at, message))
            }
            None if self.pushed.is_some() && scope.sources.iter().any(|s| s.links.find(prefix).is_some()) => {
                let message = format!("{} has no link `{prefix}`", self.rows());
                Err(self.missing(Code::UnknownName, at, message))
            }
            None => {
                let mut names = self.links().map(Links::names).unwrap_or_default();
                names.extend(scope.names_of(|n| matches!(n, Named::Event(_) | Named::Source(_))).map(str::to_owned));
                let near = did_you_mean(prefix, names.iter().map(String::as_str));
                let message = format!("`{prefix}` is no event, source or lookup{near}");
                let finding = Diagnostic::new(Code::UnknownName, at, message);
                self.cx.fail(match prefix {
                    "entry" | "exit" => finding.help(format!(
                        "`{prefix}.{}` is of sessions, or of the first of them: `sessions(E, gap 30m)`",
                        field.value
                    )),
                    _ => finding,
                })
            }
        }
    }

    /// `E.field` of rows of E.
    pub(super) fn field(&self, field: &Name, time: Option<ColumnId>) -> Check<RowExpr> {
        let columns = self.cx.columns(self.place).ok_or(Reported)?;
        let name = field.value.as_str();
        if let Some(id) = columns.find(name) {
            if name == "time" && time.is_some_and(|t| t != id) {
                let message =
                    format!("`time` is a column of {} and stands for its clock, which is another", self.rows());
                let help = "give the column another name: `columns: {local_time: {from: time}}`";
                return self.cx.fail(Diagnostic::new(Code::AmbiguousColumn, field.span, message).help(help));
            }
            return self.own(id, field.span);
        }
        match name {
            "time" => self.clock(time, field.span),
            "actor" => match self.actor {
                Some(actor) => self.own(actor, field.span),
                None => self.cx.fail(no_actor(&self.rows(), field.span)),
            },
            _ => self.name(name, field.span),
        }
    }
}

/// The finding for actors of a source that has none.
pub(in crate::check) fn no_actor(rows: &str, span: Span) -> Diagnostic {
    let message = format!("the rows of {rows} have no actor");
    Diagnostic::new(Code::NoActor, span, message).help("say who did it: `actor: COLUMN` on the source")
}

/// The fields of what the name is, or else of what it would be a field of.
fn fields_near(name: &str, names: &[String]) -> Vec<String> {
    let below = |outer: &str| {
        let is = |name: &&String| name.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
        names.iter().filter(is).cloned().collect::<Vec<_>>()
    };
    let own = below(name);
    let outer = name.rsplit_once('.').map(|(outer, _)| outer).filter(|_| own.is_empty());
    outer.map_or(own, below)
}

/// `a`, `b`, `c` …
fn listed(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(12).map(|n| format!("`{n}`")).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
