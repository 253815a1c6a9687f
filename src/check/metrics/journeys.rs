//! `conversion`, `retention`, `new` and its kin, `churn`, and what follows each entry.

use std::sync::Arc;

use crate::calendar::{Length, SpanUnit, Window};
use crate::check::findings::{Check, Reported};
use crate::check::metrics::trails::{TrailSet, int, null};
use crate::check::metrics::value::{Many, ManyKind};
use crate::check::metrics::{Metrics, Val};
use crate::diag::{Code, Diagnostic};
use crate::functions::{Function, JourneyForm};
use crate::ir::{
    Additivity, Conversion, Entry, Exclusion, Journey, JourneyKind, Measure, MetricExpr, MetricKind, Order, Part,
    ScalarType,
};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arg, Expr, ExprKind, Flag, Key as WrittenKey, Literal, Name, OptionWord, Step};
use crate::unit::Unit;

/// A trail's sets are bits of a number.
const MOST_SETS: usize = 31;

/// `.users(2)`: the word, and its arguments.
type Member<'a> = Option<(&'a Name, Option<&'a [Arg]>)>;

impl<'a> Metrics<'_, 'a> {
    pub(super) fn journey(
        &self,
        function: &'static Function,
        form: JourneyForm,
        args: &'a [Arg],
        member: Member<'a>,
        span: Span,
    ) -> Check<Val> {
        if let Some(key) = self.env.keys.last() {
            let message = format!("`{}` inside a distribution: it looks at all that its actors do", function.name);
            let finding = Diagnostic::new(Code::JourneyInside, span, message).also(key.span, "the distribution");
            return self.cx.fail(finding.help("measure it as a whole, broken down: `--by`, `by:`"));
        }
        let journey = match form {
            JourneyForm::Conversion => self.conversion(function, args, span)?,
            JourneyForm::Retention => self.retention(function, args, span)?,
            JourneyForm::Lifecycle(state) => {
                self.plain(function, args, span, |_| None)?;
                let trail = self.of_one_set(function, args, span)?;
                Journey { trail, kind: JourneyKind::Lifecycle(state) }
            }
            JourneyForm::Churn => self.churn(function, args, span)?,
        };
        self.cx.spend(1, span)?;
        self.part(function, Arc::new(journey), member, span)
    }

    pub(super) fn bad<T>(
        &self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Check<T> {
        self.cx.fail(Diagnostic::new(code, span, message.into()).help(help.into()))
    }

    /// The options that are not `known`; the first of each kind counts, a second is refused.
    pub(super) fn plain(
        &self,
        function: &Function,
        args: &'a [Arg],
        span: Span,
        mut known: impl FnMut(&'a OptionWord) -> Option<()>,
    ) -> Check<()> {
        let mut seen: Vec<std::mem::Discriminant<OptionWord>> = Vec::new();
        let mut flags: Vec<Flag> = Vec::new();
        let mut things = 0;
        for arg in args {
            let Arg::Option(option) = arg else {
                things += 1;
                continue;
            };
            if known(&option.value).is_none() {
                let message = format!("`{}` does not take this option", function.name);
                return self.bad(Code::JourneyOption, option.span, message, format!("write `{}`", function.signature));
            }
            let twice = match &option.value {
                OptionWord::Flag(flag) if flags.contains(flag) => true,
                OptionWord::Flag(flag) => {
                    flags.push(*flag);
                    false
                }
                OptionWord::Excluding(_) | OptionWord::Offset { .. } => false,
                other if seen.contains(&std::mem::discriminant(other)) => true,
                other => {
                    seen.push(std::mem::discriminant(other));
                    false
                }
            };
            if twice {
                return self.bad(
                    Code::JourneyOption,
                    option.span,
                    "an option that stands there twice",
                    "leave one out",
                );
            }
        }
        if things != 1 {
            let message = format!("`{}` takes one argument beside its options, not {things}", function.name);
            return self.bad(Code::JourneySteps, span, message, format!("write `{}`", function.signature));
        }
        Ok(())
    }

    pub(super) fn chain(&self, function: &Function, args: &'a [Arg], span: Span) -> Check<&'a [Step]> {
        for arg in args {
            match arg {
                Arg::Chain(steps) => return Ok(steps),
                Arg::Expr(e) => {
                    let message = format!("`{}` goes from one event to another; this is one alone", function.name);
                    return self.bad(Code::JourneySteps, e.span, message, format!("write `{}`", function.signature));
                }
                Arg::Option(_) => {}
            }
        }
        self.bad(Code::JourneySteps, span, "a journey without steps", format!("write `{}`", function.signature))
    }

    pub(super) fn step_set(&self, expr: &'a Expr) -> Check<TrailSet> {
        Ok(TrailSet { set: self.cx.set(expr)?, span: expr.span })
    }

    pub(super) fn of_one_set(&self, function: &Function, args: &'a [Arg], span: Span) -> Check<Arc<Measure>> {
        for arg in args {
            match arg {
                Arg::Expr(expr) => return self.trail(&[self.step_set(expr)?], None, Order::Ordered, span),
                Arg::Chain(steps) => {
                    let at = steps.first().map_or(span, |s| s.expr.span);
                    let message = format!("`{}` does not take a chain of steps", function.name);
                    return self.bad(Code::JourneySteps, at, message, format!("write `{}`", function.signature));
                }
                Arg::Option(_) => {}
            }
        }
        Err(Reported)
    }

    fn conversion(&self, function: &Function, args: &'a [Arg], span: Span) -> Check<Journey> {
        let (mut within, mut same, mut excluding) = (None, None, Vec::new());
        let mut flags: Vec<Flag> = Vec::new();
        self.plain(function, args, span, |option| {
            match option {
                OptionWord::Within(window) => within = Some(*window),
                OptionWord::Same(held) => same = Some(held.as_ref()),
                OptionWord::Excluding(set) => excluding.push(set.as_ref()),
                OptionWord::Flag(
                    flag @ (Flag::AnyOrder
                    | Flag::Ordered
                    | Flag::Strict
                    | Flag::FirstEntry
                    | Flag::LatestEntry
                    | Flag::EachEntry
                    | Flag::MatureOnly
                    | Flag::ExcludeActors
                    | Flag::NoRepeats
                    | Flag::IgnoringRepeats
                    | Flag::Increasing),
                ) => flags.push(*flag),
                _ => return None,
            }
            Some(())
        })?;
        let has = |flag: Flag| flags.contains(&flag);
        for (group, help) in [
            (
                &[Flag::AnyOrder, Flag::Ordered, Flag::Strict][..],
                "steps come in order, in strict order, or in any order",
            ),
            (&[Flag::FirstEntry, Flag::LatestEntry, Flag::EachEntry], "the first entry counts, the latest, or each"),
            (&[Flag::AnyOrder, Flag::NoRepeats], "in any order no step comes again"),
            (&[Flag::AnyOrder, Flag::IgnoringRepeats], "in any order no step comes again"),
            (&[Flag::AnyOrder, Flag::Increasing], "in any order no step has to be later than another"),
        ] {
            if group.iter().filter(|f| has(**f)).count() > 1 {
                return self.bad(Code::JourneyOption, span, "two options that contradict each other", help);
            }
        }
        let Some(within) = within else {
            let message = "how long a conversion may take is not said";
            return self.bad(Code::JourneyOption, span, message, "write it after the steps: `within 14d`");
        };
        self.not_of_periods(within, span)?;
        let order = match () {
            () if has(Flag::AnyOrder) => Order::Any,
            () if has(Flag::Strict) => Order::Strict,
            () => Order::Ordered,
        };
        let entry = match () {
            () if has(Flag::FirstEntry) => Entry::First,
            () if has(Flag::LatestEntry) => Entry::Latest,
            () if has(Flag::EachEntry) => Entry::Each,
            () => Entry::Best,
        };
        if has(Flag::IgnoringRepeats) && order != Order::Strict {
            let help = "write `strict, ignoring repeats`, or leave it out";
            return self.bad(Code::JourneyOption, span, "repeats are in the way of strict order alone", help);
        }
        let written = self.chain(function, args, span)?;
        let (mut steps, mut between) = (Vec::new(), Vec::new());
        for step in written {
            match step.excluded {
                false => steps.push(&step.expr),
                true => between.push((steps.len(), &step.expr)),
            }
        }
        if steps.len() < 2 {
            let help = format!("write `{}`", function.signature);
            return self.bad(Code::JourneySteps, span, "a conversion from one event to nowhere", help);
        }
        if order == Order::Any
            && let Some((_, first)) = between.first()
        {
            let message = "what may not come between two steps needs steps in order";
            return self.bad(Code::JourneyOption, first.span, message, "exclude it from the whole: `excluding X`");
        }
        if has(Flag::ExcludeActors) && between.is_empty() && excluding.is_empty() {
            let help = "write `excluding X` or `A -> not X -> B`";
            return self.bad(Code::JourneyOption, span, "`exclude actors`, and nothing is excluded", help);
        }
        let total = steps.len() + between.len() + excluding.len();
        if total > MOST_SETS {
            let message = format!("{total} steps and exclusions; a journey has at most {MOST_SETS}");
            return self.bad(Code::JourneySteps, span, message, "split it into two");
        }
        let sets = steps.iter().chain(between.iter().map(|(_, e)| e)).chain(&excluding);
        let sets: Vec<Check<TrailSet>> = sets.map(|e| self.step_set(e)).collect();
        let sets = sets.into_iter().collect::<Check<Vec<_>>>()?;
        let count = steps.len() as u32;
        let mut exclusions: Vec<Exclusion> = (count..)
            .zip(&between)
            .map(|(set, (before, _))| Exclusion { set, after: (*before as u32).saturating_sub(1) })
            .collect();
        for (set, _) in (count + between.len() as u32..).zip(&excluding) {
            exclusions.extend((0..count - 1).map(|after| Exclusion { set, after }));
        }
        let trail = self.trail(&sets, same, order, span)?;
        let kind = JourneyKind::Conversion(Conversion {
            steps: count,
            within,
            order,
            entry,
            exclusions,
            exclude_actors: has(Flag::ExcludeActors),
            no_repeats: has(Flag::NoRepeats),
            ignore_repeats: has(Flag::IgnoringRepeats),
            increasing: has(Flag::Increasing),
            same: same.is_some(),
            mature_only: has(Flag::MatureOnly),
        });
        Ok(Journey { trail, kind })
    }

    pub(super) fn not_of_periods(&self, window: Window, span: Span) -> Check<()> {
        match window {
            Window::Trailing(Length { unit: SpanUnit::Period, .. }) => {
                let message = "a window after an entry is a length of time, not a number of periods";
                self.bad(Code::JourneyOption, span, message, "write `within 14d`")
            }
            Window::Trailing(Length { count: 0, .. }) => {
                self.bad(Code::JourneyOption, span, "a window of no length", "write `within 14d`")
            }
            _ => Ok(()),
        }
    }

    /// The journey's value, or what is asked of it after a dot.
    fn part(&self, function: &Function, of: Arc<Journey>, member: Member<'a>, span: Span) -> Check<Val> {
        let entity = of.trail.unit.clone();
        let one = |part: Part| {
            let share = matches!(part, Part::Rate | Part::Step(_)) && !matches!(of.kind, JourneyKind::Lifecycle(_));
            let additivity = match (&of.kind, part) {
                _ if share => Additivity::Ratio,
                (JourneyKind::Lifecycle(crate::ir::Lifecycle::New), _) => Additivity::Additive,
                _ => Additivity::Distinct,
            };
            Ok(Val::One(MetricExpr {
                ty: if share { ScalarType::Float } else { ScalarType::Int },
                unit: if share { Unit::none() } else { entity.clone() },
                additivity,
                proportion: share,
                kind: MetricKind::Journey { of: Arc::clone(&of), part },
            }))
        };
        let Some((word, args)) = member else { return one(Part::Rate) };
        let number = self.number_of(args)?;
        let steps = match &of.kind {
            JourneyKind::Conversion(c) => Some(c.steps),
            JourneyKind::Lifecycle(_) => {
                let message = format!("`{}` is a number of actors and has no parts", function.name);
                return self.bad(Code::JourneyPart, word.span, message, "leave it out");
            }
            _ => None,
        };
        let within = |k: u32, from: u32| match steps {
            Some(n) if (from..=n).contains(&k) => Ok(k),
            _ => {
                let steps = steps.unwrap_or(0);
                let message = format!("there is no step {k} here: steps go from {from} to {steps}");
                self.bad(Code::JourneyPart, word.span, message, format!("write `.{}({steps})`", word.value))
            }
        };
        match (word.value.as_str(), number, steps) {
            ("numerator", None, _) => one(Part::Numerator),
            ("denominator", None, _) => one(Part::Denominator),
            ("users", Some(k), Some(_)) => one(Part::Users(within(k, 1)?)),
            ("step", Some(k), Some(_)) => one(Part::Step(within(k, 2)?)),
            ("time", step, Some(_)) => {
                let step = step.map(|k| within(k, 2)).transpose()?;
                let here = MetricExpr {
                    kind: MetricKind::Here { slot: 0 },
                    ty: ScalarType::Float,
                    unit: Unit::seconds(),
                    additivity: Additivity::None,
                    proportion: false,
                };
                let kind = ManyKind::Times { journey: of, step };
                Ok(Val::Many(Many { of: here, kind, window: None, span }))
            }
            ("users" | "step", None, Some(_)) => {
                let message = format!("of which step is not said: `.{}`", word.value);
                self.bad(Code::JourneyPart, word.span, message, format!("write `.{}(2)`", word.value))
            }
            (_, _, Some(_)) => {
                let message = format!("a conversion has no `.{}`", word.value);
                let help = "there are `.users(k)`, `.step(k)`, `.time`, `.time(k)`, `.numerator`, `.denominator`";
                self.bad(Code::JourneyPart, word.span, message, help)
            }
            _ => {
                let message = format!("`{}` has no `.{}`", function.name, word.value);
                self.bad(Code::JourneyPart, word.span, message, "there are `.numerator` and `.denominator`")
            }
        }
    }

    fn number_of(&self, args: Option<&'a [Arg]>) -> Check<Option<u32>> {
        let Some(args) = args else { return Ok(None) };
        if let [Arg::Expr(Expr { kind: ExprKind::Literal(Literal::Number(n)), span })] = args {
            let whole = n.normalized();
            return match u32::try_from(whole.mantissa) {
                Ok(k) if whole.scale == 0 => Ok(Some(k)),
                _ => self.bad(Code::JourneyPart, *span, "a step is a whole number", "write `.step(2)`"),
            };
        }
        let at = args.iter().find_map(|a| match a {
            Arg::Expr(e) => Some(e.span),
            Arg::Option(o) => Some(o.span),
            Arg::Chain(s) => s.first().map(|s| s.expr.span),
        });
        match at {
            Some(span) => self.bad(Code::JourneyPart, span, "a step is one number, written out", "write `.step(2)`"),
            None => Ok(None),
        }
    }

    /// `X per E within W`: X of the same actor, over the time after each E.
    pub(super) fn entries(
        &self,
        of: &'a Expr,
        key: &'a WrittenKey,
        within: &Spanned<Window>,
        span: Span,
    ) -> Check<Val> {
        if let Some(outer) = self.env.keys.last() {
            let message = "what follows an entry, inside a distribution";
            let finding = Diagnostic::new(Code::JourneyInside, span, message).also(outer.span, "the distribution");
            return self.cx.fail(finding.help("take it alone: each entry is a member"));
        }
        self.not_of_periods(within.value, within.span)?;
        let entry = self.step_set(&key.expr)?;
        let trail = self.trail(&[TrailSet { set: entry.set, span: key.span }], None, Order::Ordered, span)?;
        let inner = Metrics { cx: self.cx, env: self.env_without_by() };
        inner.env.follow.set(true);
        let typed = inner.one(of);
        inner.env.follow.set(false);
        let mut expr = typed?;
        let mut measures: Vec<Arc<Measure>> = Vec::new();
        if !taken_out(&mut expr, &mut measures) || measures.is_empty() || measures.len() >= MOST_SETS {
            let message = "what follows an entry is made of plain measures: counts, sums, means of an event set";
            return self.bad(
                Code::JourneyInside,
                of.span,
                message,
                "write `sum(payment.amount) per signup within 90d`",
            );
        }
        let by: Vec<_> = trail.branches.first().map(|b| b.by.iter().map(|e| null(e.ty)).collect()).unwrap_or_default();
        let mut all = trail.as_ref().clone();
        for branch in &mut all.branches {
            branch.kept.push(null(ScalarType::Int));
        }
        for (number, measure) in (1u32..).zip(&mut measures) {
            let mut plain = measure.as_ref().clone();
            for branch in &mut plain.branches {
                let Some(actor) = branch.kept.pop() else {
                    let message = "what follows an entry is of actors, and these rows have none";
                    return self.bad(Code::JourneyInside, of.span, message, "name the source's `actor:`");
                };
                let mut made = branch.clone();
                made.kept = vec![actor, branch.value.clone().unwrap_or_else(|| int(1))];
                made.value = Some(int(1 << number));
                made.by.clone_from(&by);
                all.branches.push(made);
            }
            if let (false, false) = (plain.branches.is_empty(), trail.unit.is_none())
                && plain.branches.iter().any(|b| b.time.is_none())
            {
                let message = "what follows an entry has a time, and these rows have none";
                return self.bad(Code::NoClock, of.span, message, "measure rows of a source with `time:`");
            }
            *measure = Arc::new(plain);
        }
        self.cx.spend(1, span)?;
        let kind = ManyKind::Entries { trail: Arc::new(all), measures, within: within.value };
        Ok(Val::Many(Many { of: expr, kind, window: None, span }))
    }
}

/// Puts `Here` in place of each measure; false where something else is measured.
fn taken_out(expr: &mut MetricExpr, measures: &mut Vec<Arc<Measure>>) -> bool {
    let mut all = |parts: Vec<&mut MetricExpr>| parts.into_iter().all(|e| taken_out(e, measures));
    match &mut expr.kind {
        MetricKind::Literal(_) => true,
        MetricKind::Measure(measure) => {
            let known = measures.iter().position(|m| m == measure);
            let at = known.unwrap_or_else(|| {
                measures.push(Arc::clone(measure));
                measures.len() - 1
            });
            expr.kind = MetricKind::Here { slot: at as u32 };
            true
        }
        MetricKind::Negate(of) | MetricKind::Not(of) | MetricKind::IsNull(of) | MetricKind::Convert { of, .. } => {
            all(vec![of])
        }
        MetricKind::Arithmetic { left, right, .. }
        | MetricKind::Compare { left, right, .. }
        | MetricKind::And(left, right)
        | MetricKind::Or(left, right) => all(vec![left, right]),
        MetricKind::In { of, list } => all(std::iter::once(of.as_mut()).chain(list).collect()),
        MetricKind::If { condition, then, otherwise } => all(vec![condition, then, otherwise]),
        MetricKind::Call { args, .. } => all(args.iter_mut().collect()),
        _ => false,
    }
}
