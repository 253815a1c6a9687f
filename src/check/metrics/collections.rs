//! Distributions and series, and the statistics of them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::calendar::{Grain, Window};
use crate::check::additivity::{has_window, loose_stock, of_statistic, of_window};
use crate::check::classify::Class;
use crate::check::findings::{Check, Reported, called};
use crate::check::metrics::measures::{Key, KeyKind, Of};
use crate::check::metrics::value::{Many, ManyKind};
use crate::check::metrics::{Metrics, Val};
use crate::check::rows::unknown_function;
use crate::diag::{Code, Diagnostic};
use crate::functions::find;
use crate::ir::{Additivity, Aggregate, Measure, MetricExpr, MetricKind, ScalarType, Statistic};
use crate::resolve::Named;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arg, Expr, ExprKind, Key as WrittenKey, Name};
use crate::syntax::print;
use crate::unit::Unit;

impl<'a> Metrics<'_, 'a> {
    /// `X per key`.
    pub(super) fn per(
        &self,
        of: &'a Expr,
        key: &'a WrittenKey,
        within: Option<&Spanned<Window>>,
        span: Span,
    ) -> Check<Val> {
        match self.cx.scope.classify(of) {
            Class::Set => {
                if matches!(&of.kind, ExprKind::Call { name, .. } if name.value == "first") {
                    self.cx.set(of)?;
                    let help = "count it first: `count(first(E) per period)`";
                    return Err(self.wrong_subject(of, "an event set", help));
                }
                return Err(self.wrong_subject(of, "an event set", "count it first: `count(…) per …`"));
            }
            Class::Row => {
                // A misspelt metric is better told as a name.
                if let ExprKind::Name(_) = &of.kind {
                    crate::check::algebra::Typer::expr(self, of)?;
                }
                // What a function that does not exist makes is not known.
                if let Some(name) = unknown_call(of) {
                    return self.cx.fail(unknown_function(&name.value, name.span));
                }
                return Err(self.wrong_subject(of, "something of a row", "measure it first: `sum(E.column) per …`"));
            }
            Class::Collection => {
                let help = "take a statistic of the inner one first: `mean(… per day) per actor`";
                return Err(self.wrong_subject(of, "a distribution or series", help));
            }
            Class::Literal | Class::Metric => {}
        }
        if let Some(within) = within {
            return self.entries(of, key, within, span);
        }
        if let ExprKind::Name(word) = &key.expr.kind
            && let Some(grain) = Grain::parse(word)
        {
            return self.series(of, grain, key.span, span);
        }
        let kind = self.key(key)?;
        let actor = kind.is_actor();
        let key_state = Rc::new(Key {
            kind,
            span: key.span,
            foreign: Cell::new(false),
            actors: RefCell::default(),
            ty: RefCell::default(),
        });
        let mut env = self.env.clone();
        env.keys.push(Rc::clone(&key_state));
        let inner = Metrics { cx: self.cx, env };
        let mut expr = inner.one(of)?;
        let mut any = false;
        expr.measures(&mut |_| any = true);
        if !any {
            return Err(self.wrong_subject(of, "no measure", "measure something: `count(E) per actor`"));
        }
        let base = || match kind {
            KeyKind::Of { set, .. } if key_state.foreign.get() => inner.base(set, key.span).map(Some),
            _ => Ok(None),
        };
        let mut base_set = base()?;
        if key_state.ty.borrow().widened {
            // Now it is known what the key is in all measures.
            (expr, base_set) = (inner.one(of)?, base()?);
        }
        self.cx.spend(1, span)?;
        let kind = ManyKind::Distribution { key: print::expr(&key.expr), actor, base: base_set };
        Ok(Val::Many(Many { of: expr, kind, window: None, span }))
    }

    fn wrong_subject(&self, of: &Expr, what: &str, help: &str) -> Reported {
        let message = format!("`per` follows a measure; this is {what}");
        self.cx.report(Diagnostic::new(Code::NotAMetric, of.span, message).help(help))
    }

    fn key(&self, key: &'a WrittenKey) -> Check<KeyKind<'a>> {
        let scope = self.cx.scope;
        let bad =
            |message: String, help: String| self.cx.fail(Diagnostic::new(Code::BadKey, key.span, message).help(help));
        match &key.expr.kind {
            ExprKind::Name(name) if name == "actor" => Ok(KeyKind::Actor),
            ExprKind::Name(name) => match scope.named(name) {
                Some(Named::Event(_) | Named::Source(_)) => bad(
                    format!("`{name}` is an event set; a distribution is over actors or values"),
                    format!("write `per {name}.actor`, or `per actor`"),
                ),
                Some(Named::Metric(_)) => bad(
                    format!("`{name}` is a metric; a distribution is over actors or values"),
                    "write `per actor`, `per COLUMN`, `per day`".to_owned(),
                ),
                _ => Ok(KeyKind::Row(&key.expr)),
            },
            ExprKind::Member { of, field, args: None } => match &of.kind {
                ExprKind::Name(set) if matches!(scope.named(set), Some(Named::Event(_) | Named::Source(_))) => {
                    Ok(KeyKind::Of { set, field, expr: &key.expr })
                }
                _ => Ok(KeyKind::Row(&key.expr)),
            },
            _ => Ok(KeyKind::Row(&key.expr)),
        }
    }

    /// The rows of the set that a key names: its members are there whether or not the measure has rows for them.
    fn base(&self, set: &str, span: Span) -> Check<Arc<Measure>> {
        let scope = self.cx.scope;
        let rows = match scope.named(set) {
            Some(Named::Event(at)) => self.cx.event(at)?,
            Some(Named::Source(at)) => self.cx.source_set(at)?,
            _ => return Err(Reported),
        };
        match self.measure(Aggregate::Count, (&rows, span), Of::Rows, &[], span)? {
            Val::One(MetricExpr { kind: MetricKind::Measure(measure), .. }) => Ok(measure),
            _ => Err(Reported),
        }
    }

    fn series(&self, of: &'a Expr, grain: Grain, at: Span, span: Span) -> Check<Val> {
        let expr = self.one(of)?;
        self.needs_clock(&expr, at, &format!("`per {grain}`"))?;
        if grain > Grain::Day && loose_stock(&expr) {
            let message = format!("a stock is measured at an instant, not over a {grain}");
            let help = format!("take the last day's: `last({} per day) per {grain}`", print::expr(of));
            return self.cx.fail(Diagnostic::new(Code::StockOverTime, of.span, message).help(help));
        }
        self.cx.spend(1, span)?;
        Ok(Val::Many(Many { of: expr, kind: ManyKind::Series(grain), window: None, span }))
    }

    /// Refuses time of what has none.
    pub(super) fn needs_clock(&self, expr: &MetricExpr, at: Span, what: &str) -> Check<()> {
        let mut timeless = None;
        expr.measures(&mut |m| {
            let branch = m.branches.iter().find(|b| b.time.is_none());
            timeless = timeless.or(branch.map(|b| b.source));
        });
        let Some(source) = timeless else { return Ok(()) };
        let name = self.cx.scope.project.sources.get(source.0 as usize).map_or("", |s| &s.name.value);
        let message = format!("{what} of rows without a time: `{name}` has `time: none`");
        self.cx.fail(Diagnostic::new(Code::NoClock, at, message))
    }

    /// `X over window`.
    pub(super) fn over(&self, of: &'a Expr, window: &Spanned<Window>, span: Span) -> Check<Val> {
        let typed = match self.cx.scope.classify(of) {
            Class::Set => {
                return Err(self.cx.set(of).map_or(Reported, |_| {
                    let message = "`over` follows a measure; this is an event set";
                    self.cx.report(
                        Diagnostic::new(Code::NotAMetric, of.span, message).help("count it first: `count(…) over …`"),
                    )
                }));
            }
            _ => crate::check::algebra::Typer::expr(self, of)?,
        };
        self.needs_clock(typed.of(), window.span, "`over`")?;
        let twice = match &typed {
            Val::One(expr) => has_window(expr),
            Val::Many(many) => {
                many.window.is_some() || (matches!(many.kind, ManyKind::Distribution { .. }) && has_window(&many.of))
            }
        };
        if twice {
            let message = "a window over what has a window already: the inner one would decide";
            let help = "leave one of them out, or take a series: `mean(… per day over 28 days)`";
            return self.cx.fail(Diagnostic::new(Code::WindowOfWindow, window.span, message).help(help));
        }
        let stock = match &typed {
            Val::One(expr) => loose_stock(expr),
            Val::Many(many) => matches!(many.kind, ManyKind::Distribution { .. }) && loose_stock(&many.of),
        };
        if stock {
            let message = "a stock is measured at an instant, not over a window";
            let help =
                format!("take a statistic of its days: `mean({} per day over …)`, `last(… per day)`", print::expr(of));
            return self.cx.fail(Diagnostic::new(Code::StockOverTime, window.span, message).help(help));
        }
        self.cx.spend(1, span)?;
        Ok(match typed {
            Val::Many(many) => Val::Many(Many { window: Some(window.value), span, ..many }),
            Val::One(expr) => Val::One(MetricExpr {
                ty: expr.ty,
                unit: expr.unit.clone(),
                additivity: of_window(expr.additivity),
                proportion: expr.proportion,
                kind: MetricKind::Over { of: Box::new(expr), window: window.value },
            }),
        })
    }

    /// A statistic of a distribution or series.
    pub(super) fn summary(&self, statistic: Statistic, many: Many, span: Span) -> Check<Val> {
        let series = matches!(many.kind, ManyKind::Series(_));
        let (ty, unit) = (many.of.ty, many.of.unit.clone());
        let refuse = |code, message: String, help: &str| {
            self.cx.fail(Diagnostic::new(code, many.span, message).help(help.to_owned()))
        };
        match statistic {
            Statistic::Share if ty != ScalarType::Bool && !ty.is_open() => {
                let message = format!("`share` takes a condition on each member, not {}", called(ty));
                return refuse(Code::NotACondition, message, "compare it: `share(… per actor >= 5)`");
            }
            Statistic::First | Statistic::Last if !series => {
                let message = "a distribution has no first and no last: its members are not in time".to_owned();
                return refuse(Code::BadArguments, message, "use `min`, `max`, or a series: `first(… per day)`");
            }
            Statistic::Count | Statistic::Share | Statistic::First | Statistic::Last => {}
            Statistic::Min | Statistic::Max if matches!(ty, ScalarType::Date | ScalarType::Instant) => {}
            _ if !ty.is_number() && !ty.is_open() => {
                let message = format!("numbers are wanted, not {}", called(ty));
                return refuse(Code::NotANumber, message, "count those for which it is true: `count(…)`, `share(…)`");
            }
            Statistic::Sum => self.adds_up(&many, span)?,
            _ => {}
        }
        let open = |result: ScalarType| if ty.is_open() { ty } else { result };
        let (ty, unit) = match statistic {
            Statistic::Count => (ScalarType::Int, Unit::none()),
            Statistic::Share => (ScalarType::Float, Unit::none()),
            Statistic::Mean | Statistic::Stddev | Statistic::Percentile { discrete: false, .. } => {
                (open(ScalarType::Float), unit)
            }
            _ => (ty, unit),
        };
        let additivity = of_statistic(statistic, many.of.additivity, series);
        let within = !matches!(statistic, Statistic::Count | Statistic::Sum | Statistic::Stddev);
        let proportion = statistic == Statistic::Share || (within && many.of.proportion);
        self.cx.spend(1, span)?;
        let kind = MetricKind::Summary { statistic, of: Box::new(many.collection()) };
        Ok(Val::One(MetricExpr { kind, ty, unit, additivity, proportion }))
    }

    /// Refuses sums of what does not add up, with the form that is right.
    fn adds_up(&self, many: &Many, span: Span) -> Check<()> {
        let of = many.of.additivity;
        if many.of.ty.is_open() && of == Additivity::None {
            return Ok(());
        }
        let (message, help) = match (&many.kind, of) {
            (_, Additivity::Additive) => return Ok(()),
            (ManyKind::Series(grain), Additivity::Distinct) => (
                format!("distinct members do not add up: one who comes in two {grain}s is counted twice"),
                "measure the period as a whole (`unique(E)`), or take the mean: `mean(… per day)`",
            ),
            (ManyKind::Series(_), Additivity::Stock) if has_window(&many.of) => (
                "windows overlap: their sum counts an event many times".to_owned(),
                "sum the measure without its window, or take the mean: `mean(… per day)`",
            ),
            (ManyKind::Series(_), Additivity::Stock) => (
                "a stock does not add up over time".to_owned(),
                "take the last, first or mean of the days: `last(… per day)`",
            ),
            (ManyKind::Series(_), Additivity::Ratio) => (
                "ratios and means do not add up".to_owned(),
                "measure the period as a whole, or take the mean: `mean(… per day)`",
            ),
            (ManyKind::Series(_), Additivity::OrderStatistic) => (
                "medians, extremes and percentiles do not add up".to_owned(),
                "take the mean or the largest: `mean(… per day)`, `max(… per day)`",
            ),
            (ManyKind::Series(_), Additivity::None) => (
                "this does not add up over time".to_owned(),
                "put the sum inside: `sum(a per day) - sum(b per day)`, or take the mean: `mean(… per day)`",
            ),
            (ManyKind::Distribution { .. }, Additivity::Ratio) => (
                "ratios and means do not add up over members".to_owned(),
                "measure all members as one, or take the mean of them: `mean(… per actor)`",
            ),
            (ManyKind::Distribution { actor: false, .. }, Additivity::Distinct) if !many.of.unit.is_none() => (
                "distinct actors do not add up: one who is in two groups is counted twice".to_owned(),
                "count them all at once: `unique(E)`",
            ),
            _ => return Ok(()),
        };
        self.cx.fail(Diagnostic::new(Code::WrongRollup, span, message).help(help))
    }
}

/// The first call of a function that does not exist.
fn unknown_call(ast: &Expr) -> Option<&Name> {
    match &ast.kind {
        ExprKind::Call { name, args } if find(&name.value).is_some() => args.iter().find_map(|arg| match arg {
            Arg::Expr(arg) => unknown_call(arg),
            _ => None,
        }),
        ExprKind::Call { name, .. } => Some(name),
        ExprKind::Negate(of) | ExprKind::Not(of) | ExprKind::Where { of, .. } => unknown_call(of),
        ExprKind::Binary { left, right, .. } => unknown_call(left).or_else(|| unknown_call(right)),
        _ => None,
    }
}
