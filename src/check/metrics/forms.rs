//! Calls: aggregates with their arguments, `ago`, `change`, `total`, `correlation`.

use crate::check::additivity::loose_stock;
use crate::check::algebra::{Typer, both, expressions};
use crate::check::classify::Class;
use crate::check::findings::{Check, Reported};
use crate::check::metrics::measures::Of;
use crate::check::metrics::{Metrics, Val};
use crate::check::sets::SetBranch;
use crate::decimal::Decimal;
use crate::diag::{Code, Diagnostic};
use crate::functions::{AggregateName, Form, Function};
use crate::ir::{Additivity, Aggregate, MetricExpr, MetricKind, ScalarType, Statistic};
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOp, Expr, ExprKind, Flag, Literal, OptionWord};
use crate::syntax::print;
use crate::unit::Unit;

impl<'a> Metrics<'_, 'a> {
    /// `count(…)`, `sum(…)`, …: of an event set, of its rows, or of a distribution or series.
    pub(super) fn aggregate(
        &self,
        function: &'static Function,
        name: AggregateName,
        args: &'a [Arg],
        span: Span,
    ) -> Check<Val> {
        let (mut discrete, mut approximate) = (false, None);
        let mut rest = args.len();
        for (at, arg) in args.iter().enumerate() {
            let Arg::Option(option) = arg else { continue };
            match &option.value {
                OptionWord::Flag(Flag::Discrete) if function.options.contains(&"discrete") => discrete = true,
                OptionWord::Flag(Flag::Approximate) if function.options.contains(&"approximate") => {
                    approximate = Some(option.span);
                }
                _ => {
                    let message = format!("`{}` does not take this option", function.name);
                    let help = format!("write `{}`", function.signature);
                    return self.cx.fail(Diagnostic::new(Code::BadArguments, option.span, message).help(help));
                }
            }
            rest = rest.min(at);
        }
        let written = expressions(
            self.cx,
            function.name,
            function.signature,
            function.arguments,
            args.get(..rest).unwrap_or(args),
            span,
        )?;
        let (Some(of), percentile) = (written.first().copied(), written.get(1).copied()) else { return Err(Reported) };
        let percentile = match (name, percentile) {
            (AggregateName::Percentile, Some(rank)) => self.rank(rank)?,
            _ => Decimal::new(50, 0),
        };
        let class = self.cx.scope.classify(of);
        if let Some(at) = approximate {
            self.may_be_approximate(function, class, discrete, at)?;
        }
        let aggregate = match (name, approximate) {
            (AggregateName::Unique, Some(_)) => Aggregate::ApproximateUnique,
            (_, Some(_)) => Aggregate::ApproximatePercentile { percentile },
            (_, None) => name.of_rows().unwrap_or(Aggregate::Percentile { percentile, discrete }),
        };
        match class {
            Class::Collection => {
                let Some(statistic) = statistic(name, percentile, discrete) else {
                    let message = "`unique` of a distribution: its members are distinct already";
                    return self
                        .cx
                        .fail(Diagnostic::new(Code::BadArguments, of.span, message).help("write `count(…)`"));
                };
                match self.expr(of)? {
                    Val::Many(many) => self.summary(statistic, many, span),
                    Val::One(_) => Err(self.cx.internal(of.span, "a collection that is none")),
                }
            }
            Class::Set => self.of_set(function, name, aggregate, of, span),
            Class::Row => self.of_rows(function, name, aggregate, of, span),
            Class::Metric
                if matches!((name, &of.kind), (AggregateName::Count | AggregateName::Unique, ExprKind::Name(_))) =>
            {
                self.cx.set(of)?;
                Err(self.cx.internal(of.span, "a metric that is an event set"))
            }
            Class::Metric => {
                self.expr(of)?;
                let text = print::expr(of);
                let message = format!("`{}` of one number a period", function.name);
                let help =
                    format!("say of what each: `{f}({text} per day)`, `{f}({text} per actor)`", f = function.name);
                self.cx.fail(Diagnostic::new(Code::BadArguments, of.span, message).help(help))
            }
            Class::Literal => {
                let message = format!("`{}` of a literal measures nothing", function.name);
                let help = format!("write `{}`", function.signature);
                self.cx.fail(Diagnostic::new(Code::BadArguments, of.span, message).help(help))
            }
        }
    }

    /// A sketch is made of rows, and knows sizes rather than the values themselves.
    fn may_be_approximate(&self, function: &Function, of: Class, discrete: bool, at: Span) -> Check<()> {
        let name = function.name;
        let (message, help) = match of {
            Class::Collection if name == "unique" => return Ok(()),
            Class::Collection => (
                format!("`{name}` of a distribution or series is exact: its members are all known"),
                "leave `approximate` out; what each member is may be approximate: `median(unique(E.x, approximate) per actor)`",
            ),
            _ if discrete => (
                format!("an approximate `{name}` is no value that was seen, as `discrete` wants it"),
                "leave one of the two out",
            ),
            _ => return Ok(()),
        };
        self.cx.fail(Diagnostic::new(Code::BadArguments, at, message).help(help))
    }

    fn of_set(
        &self,
        function: &Function,
        name: AggregateName,
        aggregate: Aggregate,
        of: &'a Expr,
        span: Span,
    ) -> Check<Val> {
        let what = match name {
            AggregateName::Count => Of::Rows,
            AggregateName::Unique => Of::Actors,
            AggregateName::First => {
                self.cx.set(of)?;
                let message = "the first event of each actor is an event set, a metric is one number a period";
                let help = "count it: `count(first(E))`; or take a column of the earliest event: `first(E.column)`";
                return self.cx.fail(Diagnostic::new(Code::NotAMetric, span, message).help(help));
            }
            AggregateName::Last => {
                return self.cx.later(span, &format!("`{}(…)` of an event set", function.name), None);
            }
            _ => {
                self.cx.set(of)?;
                let set = match &of.kind {
                    ExprKind::Name(name) => name.as_str(),
                    _ => "E",
                };
                let column = if name == AggregateName::Share { "condition" } else { "column" };
                let message = format!("`{}` of an event set, but it is not said of which column", function.name);
                let help = format!("write `{}({set}.{column})`", function.name);
                return self.cx.fail(Diagnostic::new(Code::BadArguments, of.span, message).help(help));
            }
        };
        let set = self.cx.set(of)?;
        self.measure(aggregate, (&set, of.span), what, &[], span)
    }

    fn of_rows(
        &self,
        function: &Function,
        name: AggregateName,
        aggregate: Aggregate,
        of: &'a Expr,
        span: Span,
    ) -> Check<Val> {
        let (mut value, mut own) = (of, Vec::new());
        while let ExprKind::Where { of, condition } = &value.kind {
            own.push(condition.as_ref());
            value = of;
        }
        if name == AggregateName::Count {
            // A name that nothing has is better told as one.
            if matches!(&value.kind, ExprKind::Name(_) | ExprKind::Binary { op: BinaryOp::Or, .. }) {
                self.cx.set(value)?;
            }
            let message = "`count` counts events, and this is something of each";
            let help = "count the events for which it holds: `count(E where …)`; its values: `unique(E.column)`";
            return self.cx.fail(Diagnostic::new(Code::NotAnEventSet, of.span, message).help(help));
        }
        if name == AggregateName::Unique && matches!(&value.kind, ExprKind::Name(_)) {
            self.cx.set(value)?;
        }
        let (set, at) = self.subject(value, function.name)?;
        let actor = matches!(&value.kind, ExprKind::Member { field, .. } if field.value == "actor");
        let column = |b: &SetBranch| self.cx.scope.source(b.source).is_some_and(|s| s.columns.find("actor").is_some());
        if name == AggregateName::Unique && actor && !set.branches.iter().any(column) {
            return self.measure(aggregate, (&set, at), Of::Actors, &own, span);
        }
        self.measure(aggregate, (&set, at), Of::Values(value), &own, span)
    }

    /// The rank of a percentile: 0 to 100, written out.
    fn rank(&self, ast: &Expr) -> Check<Decimal> {
        let hundred = Decimal::new(100, 0);
        let value = match &ast.kind {
            ExprKind::Literal(Literal::Number(n) | Literal::Percent(n)) => *n,
            _ => {
                let message = "the rank of a percentile is a number from 0 to 100, written out";
                return self.cx.fail(Diagnostic::new(Code::BadLiteral, ast.span, message));
            }
        };
        if value > Decimal::ZERO && value < Decimal::new(1, 0) {
            let meant = value
                .checked_mul(hundred)
                .map_or_else(String::new, |v| format!("; did you mean `{}`?", v.normalized()));
            let message = format!("a percentile is a rank from 0 to 100, not a share{meant}");
            return self.cx.fail(Diagnostic::new(Code::BadLiteral, ast.span, message));
        }
        if value > hundred {
            let message = format!("there is no percentile {value}: ranks go from 0 to 100");
            return self.cx.fail(Diagnostic::new(Code::BadLiteral, ast.span, message));
        }
        Ok(value.normalized())
    }

    pub(super) fn form(&self, function: &'static Function, form: Form, args: &'a [Arg], span: Span) -> Check<Val> {
        let written = expressions(self.cx, function.name, function.signature, function.arguments, args, span)?;
        let (Some(of), second) = (written.first().copied(), written.get(1).copied()) else { return Err(Reported) };
        match (form, second) {
            (Form::Correlation, Some(other)) => self.correlation(of, other, span),
            (Form::Total, _) => {
                let inner = Metrics { cx: self.cx, env: self.env_without_by() };
                let expr = inner.one(of)?;
                self.cx.spend(1, span)?;
                let kind = MetricKind::Total(Box::new(expr.clone()));
                Ok(Val::One(MetricExpr { kind, ..expr }))
            }
            (Form::Ago | Form::Change, Some(length)) => {
                let expr = self.one(of)?;
                self.needs_clock(&expr, span, &format!("`{}`", function.name))?;
                let shift = match &length.kind {
                    ExprKind::Literal(Literal::Duration(length)) if length.count > 0 => *length,
                    _ => {
                        let message = format!("`{}` takes a length of time, written out", function.name);
                        let help = format!("write `{}`", function.signature);
                        return self.cx.fail(Diagnostic::new(Code::BadLiteral, length.span, message).help(help));
                    }
                };
                self.cx.spend(1, span)?;
                if form == Form::Ago {
                    let kind = MetricKind::Ago { of: Box::new(expr.clone()), shift };
                    return Ok(Val::One(MetricExpr { kind, ..expr }));
                }
                crate::check::algebra::number(self, (Val::One(expr.clone()), of), "`change`")?;
                Ok(Val::One(MetricExpr {
                    kind: MetricKind::Change { of: Box::new(expr), shift },
                    ty: ScalarType::Float,
                    unit: Unit::none(),
                    additivity: Additivity::Ratio,
                    proportion: false,
                }))
            }
            _ => Err(Reported),
        }
    }

    fn correlation(&self, left: &'a Expr, right: &'a Expr, span: Span) -> Check<Val> {
        let (l, r) = both(self.expr(left), self.expr(right))?;
        let (Val::Many(l), Val::Many(r)) = (l, r) else {
            let message = "`correlation` takes two series";
            let help = "write `correlation(a per week over 26 weeks, b per week over 26 weeks)`";
            return self.cx.fail(Diagnostic::new(Code::BadArguments, span, message).help(help));
        };
        use crate::check::metrics::value::ManyKind;
        if !matches!((&l.kind, &r.kind), (ManyKind::Series(a), ManyKind::Series(b)) if a == b) || l.window != r.window {
            let message = "the two are not series of one grain and one window";
            let help = "write `correlation(a per week over 26 weeks, b per week over 26 weeks)`";
            let finding = Diagnostic::new(Code::MixedCollections, r.span, message).also(l.span, l.called());
            return self.cx.fail(finding.help(help));
        }
        self.cx.spend(1, span)?;
        let kind = MetricKind::Correlation { left: Box::new(l.collection()), right: Box::new(r.collection()) };
        Ok(Val::One(MetricExpr {
            kind,
            ty: ScalarType::Float,
            unit: Unit::none(),
            additivity: Additivity::None,
            proportion: false,
        }))
    }
}

fn statistic(name: AggregateName, percentile: Decimal, discrete: bool) -> Option<Statistic> {
    Some(match name {
        AggregateName::Count => Statistic::Count,
        AggregateName::Unique => return None,
        AggregateName::Sum => Statistic::Sum,
        AggregateName::Mean => Statistic::Mean,
        AggregateName::Min => Statistic::Min,
        AggregateName::Max => Statistic::Max,
        AggregateName::Median | AggregateName::Percentile => Statistic::Percentile { percentile, discrete },
        AggregateName::Stddev => Statistic::Stddev,
        AggregateName::First => Statistic::First,
        AggregateName::Last => Statistic::Last,
        AggregateName::Share => Statistic::Share,
    })
}

/// Whether a count or sum of states stands in it that may be measured on a day at most: a period longer than that needs
/// `last(… per day)`.
pub fn needs_days(expr: &MetricExpr) -> bool {
    loose_stock(expr)
}
