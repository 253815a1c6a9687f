//! Things that last: `open(S)`, `started(S)`, `ended(S)`.

use std::rc::Rc;

use crate::check::findings::{Check, Reported};
use crate::check::rows::{Rows, Use, and};
use crate::check::scope::{Active, Checker};
use crate::check::sets::EventSet;
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::functions::{Function, SetName};
use crate::ir::{ColumnId, RowExpr, RowKind, Rule, ScalarType};
use crate::resolve::Named;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind};
use crate::syntax::document::SpansDef;
use crate::unit::Unit;

/// Spans: their rows on the clock of their start, and by branch where each row says when it ends.
#[derive(Clone, Debug)]
pub(super) struct SpanSet {
    pub(super) set: EventSet,
    until: Vec<ColumnId>,
}

impl SpanSet {
    /// When the spans of a branch end.
    pub(super) fn until(&self, branch: usize) -> Option<RowExpr> {
        let id = *self.until.get(branch)?;
        Some(RowExpr { kind: RowKind::Column(id), ty: ScalarType::Instant, unit: Unit::none() })
    }
}

impl<'a> Checker<'a> {
    /// The spans of a definition.
    pub(super) fn spans(&self, at: usize) -> Check<Rc<SpanSet>> {
        let scope = self.scope;
        let (Some(cell), Some(def)) = (scope.spans.get(at), scope.project.spans.get(at)) else {
            return Err(Reported);
        };
        if let Some(known) = cell.get() {
            return known.clone().ok_or(Reported);
        }
        let typed = self.inside(Active::Spans(at), def.name.span, || self.lasting(def));
        let _ = cell.set(typed.as_ref().ok().cloned());
        typed
    }

    fn lasting(&self, def: &'a SpansDef) -> Check<Rc<SpanSet>> {
        let set = self.set(&def.source)?;
        let (mut branches, mut until) = (set.branches.clone(), Vec::new());
        for branch in &mut branches {
            if branch.derived.is_some() {
                let message = "spans are rows of a source, and these are made of others";
                let help = "name the source whose rows say from when until when: `source: subscriptions`";
                return self.fail(Diagnostic::new(Code::NotASpanSet, def.source.span, message).help(help));
            }
            let table = self.scope.source(branch.source).ok_or(Reported)?;
            let name = self.scope.project.sources.get(branch.source.0 as usize).map_or("", |s| &s.name.value);
            if table.snapshot {
                let message = format!("the rows of `{name}` are states, of one instant each");
                let help = "a state needs no end: measure it, or leave `snapshot:` out";
                return self.fail(Diagnostic::new(Code::DerivedOfStates, def.source.span, message).help(help));
            }
            if table.time.is_none() {
                let message = format!("it is not known up to when the spans of `{name}` are all there");
                let help = format!("give the source a `time:`, such as `time: {}`", def.from.value);
                return self.fail(Diagnostic::new(Code::NoClock, def.source.span, message).help(help));
            }
            branch.time = Some(self.clock_of(branch.source, &def.from)?);
            until.push(self.clock_of(branch.source, &def.until)?);
            if !def.actor.is_empty() {
                self.acted_by(branch, &def.actor)?;
            }
        }
        let set = EventSet { name: Some(def.name.value.clone()), branches };
        Ok(Rc::new(SpanSet { set, until }))
    }

    /// The spans that an expression stands for: a name, with conditions or without.
    pub(super) fn span_set(&self, function: &Function, ast: &'a Expr) -> Check<SpanSet> {
        match &ast.kind {
            ExprKind::Name(name) if self.scope.project.broken.contains(name) => Err(Reported),
            ExprKind::Name(name) => match self.scope.named(name) {
                Some(Named::Spans(at)) => self.spans(at).map(|spans| spans.as_ref().clone()),
                other => Err(self.no_spans(function, name, other, ast.span)),
            },
            ExprKind::Where { of, condition } => {
                let mut spans = self.span_set(function, of)?;
                let name = spans.set.name.clone();
                for branch in &mut spans.set.branches {
                    let rows = Rows::of_branch(self, branch, name.as_deref(), Use::Condition);
                    let condition = rows.condition(condition)?;
                    branch.filter = Some(and(branch.filter.take(), condition));
                }
                Ok(spans)
            }
            _ => {
                let message = format!("`{}` is of spans, and this is something else", function.name);
                let help = "name a definition of the section `spans:`";
                self.fail(Diagnostic::new(Code::NotASpanSet, ast.span, message).help(help))
            }
        }
    }

    fn no_spans(&self, function: &Function, name: &str, found: Option<Named>, span: Span) -> Reported {
        let near = did_you_mean(name, self.scope.names_of(|n| matches!(n, Named::Spans(_))));
        let help =
            "spans are declared: `spans: {membership: {source: subscriptions, from: started_at, until: ended_at}}`";
        let what = match found {
            None => {
                let message = format!("no spans are named `{name}`{near}");
                return self.report(Diagnostic::new(Code::UnknownName, span, message).help(help));
            }
            Some(Named::Source(_)) => "a source",
            Some(Named::Event(_)) => "an event set",
            Some(Named::Segment(_)) => "a segment",
            Some(Named::Metric(_)) => "a metric",
            Some(Named::Spans(_)) => "spans",
        };
        let message = format!("`{}` is of spans, and `{name}` is {what}{near}", function.name);
        self.report(Diagnostic::new(Code::NotASpanSet, span, message).help(help))
    }

    /// `open(S)`, `started(S)`, `ended(S)`.
    pub(super) fn of_spans(
        &self,
        function: &Function,
        which: SetName,
        args: &'a [Arg],
        span: Span,
    ) -> Check<Rc<EventSet>> {
        let [Arg::Expr(of)] = args else {
            let message = format!("`{}` takes spans, and nothing else", function.name);
            let help = format!("write `{}`", function.signature);
            return self.fail(Diagnostic::new(Code::BadArguments, span, message).help(help));
        };
        let SpanSet { mut set, until } = self.span_set(function, of)?;
        match which {
            SetName::Ended => {
                set.branches.iter_mut().zip(until).for_each(|(branch, until)| branch.time = Some(until));
                Ok(Rc::new(set))
            }
            SetName::Open => {
                let until = until.into_iter().map(|id| RowExpr {
                    kind: RowKind::Column(id),
                    ty: ScalarType::Instant,
                    unit: Unit::none(),
                });
                let until = until.collect();
                self.derived(Rc::new(set), Rule::Open, until, span)
            }
            _ => Ok(Rc::new(set)),
        }
    }

    /// Refuses a value that depends on the instant at which a span is looked at, which is not that of its row.
    pub(super) fn of_row(&self, exprs: &[RowExpr], span: Span) -> Check<()> {
        let mut dated = false;
        for expr in exprs {
            expr.each(&mut |node| {
                dated |= matches!(&node.kind, RowKind::Linked { way, .. } if way.clock.is_some());
            });
        }
        if !dated {
            return Ok(());
        }
        let message = "a lookup whose rows hold from one time to another, beside spans that last";
        let help =
            "take a column of the spans, or of a lookup with one row a key; of `started(S)` and `ended(S)` it is known";
        self.fail(Diagnostic::new(Code::SpanLookup, span, message).help(help))
    }
}
