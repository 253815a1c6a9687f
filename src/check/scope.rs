//! What names mean, and who looks them up.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::check::findings::{Check, Reported};
use crate::check::metrics::Inlined;
use crate::check::sets::EventSet;
use crate::check::spans::SpanSet;
use crate::check::tables::{LookupTable, SourceTable};
use crate::diag::{Code, Diagnostic};
use crate::grown::Grown;
use crate::ir::{LookupId, SourceId};
use crate::resolve::{Named, Project};
use crate::source::Span;
use crate::syntax::ast::Expr;
use crate::unit::{Names, Unit};

/// The names of a project and what they mean: types further expressions, of a command line or of a report.
pub struct Scope {
    pub(crate) project: Project,
    pub(super) sources: Vec<SourceTable>,
    pub(super) lookups: Vec<LookupTable>,
    pub(super) units: Names,
    /// By event; `None` inside for one that was refused.
    pub(super) events: Vec<OnceCell<Option<Rc<EventSet>>>>,
    /// Likewise, by set of spans.
    pub(super) spans: Vec<OnceCell<Option<Rc<SpanSet>>>>,
    /// By metric, without a breakdown or scope.
    pub(super) metrics: Vec<OnceCell<Option<Rc<Inlined>>>>,
    /// By segment: whether it was refused.
    pub(super) broken_segments: RefCell<Vec<bool>>,
    /// Expressions that no file holds: columns of the rows that others are made of.
    pub(super) made: Grown<Expr>,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("project", &self.project.settings.name).finish_non_exhaustive()
    }
}

impl Scope {
    pub(super) fn source(&self, id: SourceId) -> Option<&SourceTable> {
        self.sources.get(id.0 as usize)
    }

    pub(super) fn lookup(&self, id: LookupId) -> Option<&LookupTable> {
        self.lookups.get(id.0 as usize)
    }

    pub(super) fn named(&self, name: &str) -> Option<Named> {
        self.project.names.get(name)
    }

    /// Names of the namespace of these kinds, for "did you mean".
    pub(super) fn names_of(&self, wanted: impl Fn(Named) -> bool) -> impl Iterator<Item = &str> {
        self.project.names.sorted(wanted).into_iter()
    }

    pub(super) fn unit_words(&self) -> Vec<String> {
        Unit::known_words(&self.units)
    }
}

/// The most parts that one expression, written out, may have, and all of a project together.
pub(super) const MOST_PARTS: usize = 2_000;
pub(super) const MOST_PARTS_IN_ALL: usize = 3_000_000;

/// One run over expressions: the scope, and what was found.
pub(super) struct Checker<'a> {
    pub(super) scope: &'a Scope,
    pub(super) found: RefCell<Vec<Diagnostic>>,
    /// Events, metrics and computed columns that are being typed: what refers to one of them goes in circles.
    pub(super) active: RefCell<Vec<Active>>,
    /// Parts made in the expression at hand, and in all.
    parts: Cell<usize>,
    all_parts: Cell<usize>,
    depth: Cell<usize>,
    /// The deepest level that the expression at hand has reached.
    deepest: Cell<usize>,
}

/// What is set aside while another expression is typed.
pub(super) struct Aside {
    parts: usize,
    depth: usize,
    deepest: usize,
}

/// How deep the typing of one expression may go, through all definitions that it names.
const DEEPEST_TYPING: usize = 250;

/// One level of typing, until it is dropped.
pub(super) struct Deeper<'c>(&'c Cell<usize>);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Active {
    Event(usize),
    Spans(usize),
    Metric(usize),
    Segment(usize),
    /// Source or lookup (`true`), its number, the column's.
    Column(bool, u32, u32),
}

/// The most definitions that one expression may lead through, one inside the other.
pub(super) const DEEPEST: usize = 40;

impl<'a> Checker<'a> {
    pub(super) fn new(scope: &'a Scope) -> Self {
        Self {
            scope,
            found: RefCell::default(),
            active: RefCell::default(),
            parts: Cell::new(0),
            all_parts: Cell::new(0),
            depth: Cell::new(0),
            deepest: Cell::new(0),
        }
    }

    pub(super) fn report(&self, finding: Diagnostic) -> Reported {
        let mut found = self.found.borrow_mut();
        // An expression is typed once for each branch and measure: one finding for one mistake.
        let place = |d: &Diagnostic| d.primary.as_ref().map(|p| p.span);
        let known = found.iter().rev().take(50).any(|d| d.code == finding.code && place(d) == place(&finding));
        if !known {
            found.push(finding);
        }
        Reported
    }

    pub(super) fn fail<T>(&self, finding: Diagnostic) -> Check<T> {
        Err(self.report(finding))
    }

    /// A state that a checked expression cannot be in.
    pub(super) fn internal(&self, span: Span, what: &str) -> Reported {
        self.report(
            Diagnostic::new(Code::Internal, span, what).help("this is a mistake of kepi's own: please report it"),
        )
    }

    /// A part of the language that comes later.
    pub(super) fn later<T>(&self, span: Span, what: &str, help: Option<&str>) -> Check<T> {
        let finding = Diagnostic::new(Code::NotYet, span, format!("{what} is not in this version"));
        self.fail(match help {
            Some(help) => finding.help(help),
            None => finding,
        })
    }

    /// Types a definition inside another; refuses circles and what leads too deep.
    pub(super) fn inside<T>(&self, what: Active, span: Span, work: impl FnOnce() -> Check<T>) -> Check<T> {
        if self.active.borrow().contains(&what) {
            // A circle of definitions has been reported where names were resolved; one of columns is reported here.
            return Err(match what {
                Active::Column(..) => self.report(
                    Diagnostic::new(Code::ColumnCycle, span, "this column is computed from itself, by way of others")
                        .help("compute it from columns of the file"),
                ),
                _ => Reported,
            });
        }
        if self.active.borrow().len() >= DEEPEST {
            return self.fail(
                Diagnostic::new(
                    Code::TooLarge,
                    span,
                    format!("definitions inside definitions, more than {DEEPEST} deep"),
                )
                .help("write the inner ones out, or split the metric"),
            );
        }
        self.active.borrow_mut().push(what);
        let result = work();
        self.active.borrow_mut().pop();
        result
    }

    /// Goes one level deeper; refuses what would not end well.
    pub(super) fn deeper(&self, span: Span) -> Check<Deeper<'_>> {
        self.levels_below(1, span)?;
        self.depth.set(self.depth.get() + 1);
        Ok(Deeper(&self.depth))
    }

    /// Notes that so many levels follow, as when a metric is written out that was typed before.
    pub(super) fn levels_below(&self, levels: usize, span: Span) -> Check<()> {
        let deepest = self.depth.get().saturating_add(levels);
        if deepest > DEEPEST_TYPING {
            let message =
                format!("with the definitions that it names written out, more than {DEEPEST_TYPING} levels deep");
            return self.fail(Diagnostic::new(Code::TooLarge, span, message).help("name fewer metrics within metrics"));
        }
        self.deepest.set(self.deepest.get().max(deepest));
        Ok(())
    }

    /// Counts parts that were made; refuses what grows without bounds.
    pub(super) fn spend(&self, parts: usize, span: Span) -> Check<()> {
        self.parts.set(self.parts.get().saturating_add(parts));
        self.all_parts.set(self.all_parts.get().saturating_add(parts));
        let (most, what) = match self.parts.get() > MOST_PARTS {
            true => (MOST_PARTS, "the expression"),
            false if self.all_parts.get() > MOST_PARTS_IN_ALL => (MOST_PARTS_IN_ALL, "all expressions together"),
            false => return Ok(()),
        };
        let message = format!("with the metrics that it names written out, {what} has more than {most} parts");
        self.fail(Diagnostic::new(Code::TooLarge, span, message).help("name fewer metrics within metrics"))
    }

    /// Begins an expression: its parts and levels are counted from nothing.
    pub(super) fn begin(&self) -> Aside {
        let depth = self.depth.get();
        Aside { parts: self.parts.replace(0), depth, deepest: self.deepest.replace(depth) }
    }

    /// Ends it: its parts and its levels.
    pub(super) fn end(&self, aside: Aside) -> (usize, usize) {
        let levels = self.deepest.replace(aside.deepest).saturating_sub(aside.depth);
        (self.parts.replace(aside.parts), levels)
    }
}
