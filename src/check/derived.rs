//! Event sets whose rows are made of others: `first(E)`, `first(E) per period`, `sessions(E, gap 30m)`.

use std::rc::Rc;
use std::sync::Arc;

use crate::calendar::{Grain, Length, SpanUnit};
use crate::check::algebra::join;
use crate::check::findings::{Check, called};
use crate::check::rows::{Place, Rows, Use, no_actor};
use crate::check::scope::Checker;
use crate::check::sets::{EventSet, SetBranch};
use crate::diag::{Code, Diagnostic};
use crate::functions::Function;
use crate::ir::{Branch, Derived, Edge, RowExpr, RowKind, Rule, ScalarType, Sessions, SourceId};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Flag, Key, OptionWord};
use crate::unit::Unit;
use crate::value::Value;

/// What the rows of a derived set are made of, and what they have.
#[derive(Debug)]
pub(super) struct DerivedSet {
    pub(super) ir: Arc<Derived>,
    pub(super) of: Rc<EventSet>,
    /// The type of the actors; `None`: the rows have none.
    actor: Option<ScalarType>,
}

impl DerivedSet {
    /// A column that the rule makes.
    pub(super) fn column(&self, name: &str) -> Option<RowExpr> {
        let column = |id, ty, unit| Some(RowExpr { kind: RowKind::Column(id), ty, unit });
        match (name, &self.ir.rule) {
            ("start", Rule::Sessions(_)) | ("time", _) => column(Derived::TIME, ScalarType::Instant, Unit::none()),
            ("actor", _) => self.actor.map(|_| self.actor()),
            ("end", Rule::Sessions(_)) => column(Derived::END, ScalarType::Instant, Unit::none()),
            ("duration", Rule::Sessions(_)) => column(Derived::DURATION, ScalarType::Decimal, Unit::seconds()),
            ("events", Rule::Sessions(_)) => column(Derived::EVENTS, ScalarType::Int, Unit::none()),
            ("bounced", Rule::Sessions(_)) => column(Derived::BOUNCED, ScalarType::Bool, Unit::none()),
            _ => None,
        }
    }

    pub(super) fn actor(&self) -> RowExpr {
        let ty = self.actor.unwrap_or(ScalarType::Null);
        RowExpr { kind: RowKind::Column(Derived::ACTOR), ty, unit: Unit::none() }
    }

    /// Which row the values behind a prefix are of.
    pub(super) fn edge(&self, prefix: &str) -> Option<Edge> {
        match (prefix, &self.ir.rule) {
            ("entry", Rule::Sessions(_)) => Some(Edge::First),
            ("exit", Rule::Sessions(_)) => Some(Edge::Last),
            _ => None,
        }
    }

    /// What a finding about its columns may add.
    pub(super) fn columns(&self) -> &'static str {
        match self.ir.rule {
            Rule::Sessions(_) => "`start`, `end`, `duration`, `events`, `bounced`, `entry.…`, `exit.…`",
            Rule::Open => "`time`, and those of its spans",
            _ => "`time`, and those of its events",
        }
    }
}

/// What a row of a derived set holds of the rows that it is made of: one type and unit, whatever the branch.
pub(super) fn made(cx: &Checker<'_>, set: &DerivedSet, at: Edge, mut of: Vec<RowExpr>, span: Span) -> Check<RowExpr> {
    if set.ir.rule == Rule::Open {
        cx.of_row(&of, span)?;
    }
    let Some(first) = of.first() else { return Err(cx.internal(span, "a set without rows")) };
    let (mut ty, unit) = (first.ty, first.unit.clone());
    for other in of.iter().skip(1) {
        let numbers = ty.is_number() && other.ty.is_number();
        let open = ty.is_open() || other.ty.is_open();
        if (ty != other.ty && !numbers && !open) || (numbers && !other.unit.same(&unit)) {
            let message = if numbers {
                "the column has one unit in one part of the set, another in another".to_owned()
            } else {
                format!("the column is {} in one part of the set, {} in another", called(ty), called(other.ty))
            };
            let help = "declare the same type and unit for both";
            return cx.fail(Diagnostic::new(Code::UnionMismatch, span, message).help(help));
        }
        ty = join(ty, other.ty);
    }
    for each in &mut of {
        if each.ty == ScalarType::Null || (each.ty.is_number() && ty.is_number()) {
            each.ty = ty;
        }
    }
    cx.spend(1, span)?;
    Ok(RowExpr { kind: RowKind::Made { at, of }, ty, unit })
}

impl<'a> Checker<'a> {
    /// `first(E)`, and `first(E) per key`.
    pub(super) fn first(
        &self,
        function: &Function,
        args: &'a [Arg],
        key: Option<&Key>,
        span: Span,
    ) -> Check<Rc<EventSet>> {
        let of = match args {
            [Arg::Expr(of)] => self.set(of)?,
            _ => {
                let message = format!("`{}` takes one event set here", function.name);
                let help = "write `first(E)`, or `first(E) per period`";
                return self.fail(Diagnostic::new(Code::BadArguments, span, message).help(help));
            }
        };
        let rule = match key {
            None => Rule::First,
            Some(key) => match &key.expr.kind {
                ExprKind::Name(word) if word == "period" => Rule::Asked(Edge::First),
                ExprKind::Name(word) if Grain::parse(word).is_some_and(|g| g >= Grain::Day) => {
                    Grain::parse(word).map_or(Rule::First, Rule::FirstOf)
                }
                _ => {
                    let message = "the first of each actor is so in the whole history, or in each period";
                    let help = "write `first(E)`, `first(E) per period`, or with a grain: `first(E) per day`";
                    return self.fail(Diagnostic::new(Code::BadKey, key.span, message).help(help));
                }
            },
        };
        self.derived(of, rule, Vec::new(), span)
    }

    /// `sessions(E, gap 30m, …)`.
    pub(super) fn sessions(&self, function: &Function, args: &'a [Arg], span: Span) -> Check<Rc<EventSet>> {
        let mut rule = Sessions {
            gap: None,
            or_more: false,
            max: Length { count: 24, unit: SpanUnit::Hour },
            split: false,
            by_id: false,
        };
        let (mut of, mut id) = (None, None);
        let mut result = Ok(());
        for arg in args {
            let (at, wrong) = match arg {
                Arg::Expr(expr) if of.is_none() => {
                    of = Some(self.set(expr)?);
                    continue;
                }
                Arg::Expr(expr) => (expr.span, "takes one event set"),
                Arg::Chain(steps) => (steps.first().map_or(span, |s| s.expr.span), "does not take a chain of steps"),
                Arg::Option(option) => match &option.value {
                    OptionWord::Gap { length, or_more } => {
                        rule.or_more = *or_more;
                        match self.fixed(*length, option.span) {
                            Ok(length) => rule.gap = Some(length),
                            Err(reported) => result = Err(reported),
                        }
                        continue;
                    }
                    OptionWord::Max(length) => {
                        match self.fixed(*length, option.span) {
                            Ok(length) => rule.max = length,
                            Err(reported) => result = Err(reported),
                        }
                        continue;
                    }
                    OptionWord::Id(expr) => {
                        id = Some(expr.as_ref());
                        rule.by_id = true;
                        continue;
                    }
                    OptionWord::Flag(Flag::SplitAtMidnight) => {
                        rule.split = true;
                        continue;
                    }
                    _ => (option.span, "does not take this option"),
                },
            };
            let message = format!("`{}` {wrong}", function.name);
            let help = format!("write `{}`", function.signature);
            result = self.fail(Diagnostic::new(Code::BadArguments, at, message).help(help));
        }
        let Some(of) = of else {
            let message = format!("`{}` takes an event set", function.name);
            let help = format!("write `{}`", function.signature);
            return self.fail(Diagnostic::new(Code::BadArguments, span, message).help(help));
        };
        result?;
        if rule.gap.is_none() && !rule.by_id {
            let message = "it is not said what ends a session";
            let help =
                "say how long a pause may be (`gap 30m`), or which column tells sessions apart (`id session_id`)";
            return self.fail(Diagnostic::new(Code::SessionRule, span, message).help(help));
        }
        let ids = id.map(|ast| self.ids(&of, ast)).transpose()?.unwrap_or_default();
        self.derived(of, Rule::Sessions(rule), ids, span)
    }

    /// The session's id, by branch.
    fn ids(&self, of: &EventSet, ast: &'a Expr) -> Check<Vec<RowExpr>> {
        use crate::check::algebra::Typer;
        let each = of.branches.iter().map(|b| Rows::of_branch(self, b, of.name.as_deref(), Use::Key).expr(ast));
        each.collect()
    }

    /// A length that is always as long, and not nothing.
    fn fixed(&self, length: Length, span: Span) -> Check<Length> {
        match length.elapsed() {
            Some(milliseconds) if milliseconds > 0 => Ok(length),
            Some(_) => {
                let message = "a length of nothing: every event would be a session";
                self.fail(Diagnostic::new(Code::SessionRule, span, message).help("write a length such as `30m`"))
            }
            None => {
                let message = format!("`{length}` has no fixed length");
                self.fail(Diagnostic::new(Code::NoFixedLength, span, message).help("write it in hours or days"))
            }
        }
    }

    /// The set of rows that a rule makes of others.
    pub(super) fn derived(&self, of: Rc<EventSet>, rule: Rule, also: Vec<RowExpr>, span: Span) -> Check<Rc<EventSet>> {
        let scope = self.scope;
        let name = |b: &SetBranch| {
            let source = scope.project.sources.get(b.source.0 as usize);
            source.map_or_else(|| "the set".to_owned(), |s| format!("`{}`", s.name.value))
        };
        let mut branches = Vec::new();
        let mut actors: Option<ScalarType> = None;
        let open = rule == Rule::Open;
        let whole = of.branches.iter().all(|b| b.actor.is_some());
        for branch in &of.branches {
            if branch.derived.as_ref().is_some_and(|d| d.ir.is_asked()) {
                let message =
                    "rows of the periods that are asked for are no rows of a time, which others could be made of";
                let help = "say what they are made of: the spans or events themselves";
                return self.fail(Diagnostic::new(Code::PeriodRows, span, message).help(help));
            }
            if scope.source(branch.source).is_some_and(|s| s.snapshot) {
                let message = format!("the rows of {} are states, and nobody does them", name(branch));
                let help = "take the events that change the state, or leave `snapshot:` out";
                return self.fail(Diagnostic::new(Code::DerivedOfStates, span, message).help(help));
            }
            if branch.time.is_none() {
                let message = format!("the rows of {} have no time, and so no order", name(branch));
                return self.fail(Diagnostic::new(Code::NoClock, span, message).help("give the source a `time:`"));
            }
            let value = match (&branch.derived, branch.actor) {
                (Some(derived), _) => derived.actor(),
                (None, Some(id)) => {
                    let (ty, _) = self.column(Place::Source(branch.source), id, span)?;
                    RowExpr { kind: RowKind::Column(id), ty, unit: Unit::none() }
                }
                // What is open is open, whoever it is.
                (None, None) if open => {
                    RowExpr { kind: RowKind::Literal(Value::Int(0)), ty: ScalarType::Int, unit: Unit::none() }
                }
                (None, None) => return self.fail(no_actor(&name(branch), span)),
            };
            match actors {
                _ if !whole => {}
                Some(known) if known != value.ty && !known.is_open() && !value.ty.is_open() => {
                    let message =
                        format!("the actors are {} in one source, {} in another", called(known), called(value.ty));
                    return self.fail(Diagnostic::new(Code::UnionMismatch, span, message));
                }
                Some(known) => actors = Some(join(known, value.ty)),
                None => actors = Some(value.ty),
            }
            branches.push(Branch {
                source: branch.source,
                derived: branch.derived.as_ref().map(|d| Arc::clone(&d.ir)),
                time: branch.time,
                filter: branch.filter.clone(),
                value: Some(value),
                by: Vec::new(),
                keys: Vec::new(),
                kept: Vec::new(),
            });
        }
        self.one_entity(&of, span)?;
        self.spend(branches.len(), span)?;
        let entity = of.branches.first().and_then(|b| b.entity.clone());
        let (name, actor) = (if open { of.name.clone() } else { None }, actors);
        let derived = DerivedSet { ir: Arc::new(Derived { of: branches, rule, also }), of, actor };
        let branch = SetBranch {
            source: SourceId::DERIVED,
            derived: Some(Rc::new(derived)),
            time: Some(Derived::TIME),
            actor: actor.map(|_| Derived::ACTOR),
            entity,
            actor_link: None,
            filter: None,
        };
        Ok(Rc::new(EventSet { name, branches: vec![branch] }))
    }

    /// The actors of a union are of one kind.
    pub(super) fn one_entity(&self, set: &EventSet, at: Span) -> Check<()> {
        let mut branches = set.branches.iter().filter(|b| b.entity.is_some());
        let Some(one) = branches.next() else { return Ok(()) };
        for branch in branches.clone() {
            self.same_parts(one, branch, Code::UnionMismatch, at)?;
        }
        let mut entities = branches.filter_map(|b| b.entity.as_ref());
        let Some(first) = &one.entity else { return Ok(()) };
        let Some(other) = entities.find(|e| *e != first) else { return Ok(()) };
        let message = format!("the actors of one part of the set are `{first}`, of another `{other}`");
        let help = "name the actor of one of them: `{expr: …, actor: COLUMN}`";
        self.fail(Diagnostic::new(Code::UnionMismatch, at, message).help(help))
    }

    /// Refuses another clock, or other actors, for rows that are made of others.
    pub(super) fn own_clock(&self, branch: &SetBranch, what: &str, span: Span) -> Check<()> {
        if branch.derived.is_none() {
            return Ok(());
        }
        let message = format!("another {what} for rows that are made of others");
        let help = format!("say the {what} of the events that they are made of, on an event of their own");
        self.fail(Diagnostic::new(Code::DerivedClock, span, message).help(help))
    }

    /// Refuses a union in which a row could be there twice: as itself, and as a row that is made of it.
    pub(super) fn apart(&self, left: &SetBranch, right: &SetBranch, span: Span) -> Check<()> {
        let same = |a: &SetBranch, b: &SetBranch| match (&a.derived, &b.derived) {
            (Some(a), Some(b)) => a.ir == b.ir,
            (None, None) => true,
            _ => false,
        };
        if same(left, right) {
            return Ok(());
        }
        let sources = |b: &SetBranch| {
            let mut found = std::collections::BTreeSet::new();
            match &b.derived {
                Some(derived) => derived.ir.sources(&mut found),
                None => {
                    found.insert(b.source);
                }
            }
            found
        };
        // A session is no event, and beside events it counts as something else.
        let session = |b: &SetBranch| b.derived.as_ref().is_some_and(|d| matches!(d.ir.rule, Rule::Sessions(_)));
        if session(left) != session(right) || sources(left).is_disjoint(&sources(right)) {
            return Ok(());
        }
        let message = "a row could be in both sets, and be counted twice";
        let help = "measure the two one by one and add them up";
        self.fail(Diagnostic::new(Code::UnionMismatch, span, message).help(help))
    }
}
