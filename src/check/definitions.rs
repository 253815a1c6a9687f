//! Metrics: the expression, and what is said of it.

use crate::calendar::Grain;
use crate::check::additivity::loose_stock;
use crate::check::algebra::unknown_unit;
use crate::check::findings::{Check, called_unit};
use crate::check::metrics::{Env, Metrics};
use crate::check::models::model;
use crate::check::quiet;
use crate::check::scope::Checker;
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Additivity, Better, Metric, MetricExpr, MetricKind, ScalarType};
use crate::resolve::mentions;
use crate::syntax::ast::Expr;
use crate::syntax::document::{MetricDef, Text};
use crate::syntax::print;
use crate::unit::Unit;
use crate::value::Value;

const BETTER: [(&str, Better); 3] =
    [("higher", Better::Higher), ("lower", Better::Lower), ("neither", Better::Neither)];
const AREAS: [&str; 4] = ["current_value", "unrealized_value", "time_to_market", "ability_to_innovate"];
const KINDS: [&str; 3] = ["actionable", "outcome", "vanity"];

impl<'a> Checker<'a> {
    /// All metrics, each at its own place; one that was refused stands there as nothing.
    pub(super) fn metrics(&self) -> Vec<Metric> {
        let defs = &self.scope.project.metrics;
        defs.iter().enumerate().map(|(at, def)| self.defined_metric(at, def)).collect()
    }

    pub(super) fn defined_metric(&self, at: usize, def: &'a MetricDef) -> Metric {
        let inlined = quiet(self.metric(at));
        let grain = self.grain(def);
        let expr = inlined.map_or_else(nothing, |inlined| inlined.expr.clone());
        let display = self.display(def, &expr);
        if let (Some(text), true) = (&def.grain, grain > Grain::Day && loose_stock(&expr)) {
            let message = format!("a stock is measured at an instant, not over a {grain}");
            let finding = Diagnostic::new(Code::StockOverTime, def.expr.span, message).also(text.span, "the grain");
            let help = format!("take the last day's: `last({} per day)`", print::expr(&def.expr));
            self.report(finding.help(help));
        }
        if expr.ty != ScalarType::Error {
            self.dimensions(at, def);
        }
        let word = |text: &Option<Text>| text.as_ref().map(|t| t.value.clone());
        let better = def.better.as_ref().and_then(|t| self.one_of(t, &BETTER.map(|(w, _)| w), "`better`"));
        if let Some(area) = &def.value_area {
            self.one_of(area, &AREAS, "`value_area`");
        }
        if let Some(kind) = &def.kind {
            self.one_of(kind, &KINDS, "`kind`");
        }
        Metric {
            name: def.name.value.clone(),
            span: def.span,
            title: title(def.title.as_ref(), &def.name.value),
            display,
            better: better.and_then(|word| BETTER.iter().find(|(w, _)| *w == word)).map(|(_, b)| *b),
            stage: word(&def.stage),
            value_area: word(&def.value_area),
            kind: word(&def.kind),
            by: def.by.iter().map(print::expr).collect(),
            grain,
            owner: word(&def.owner),
            description: word(&def.description),
            source: word(&def.source),
            model: model(&self.scope.project, def).map(str::to_owned),
            library: self.scope.project.library.files.contains(&def.span.file),
            formula: def.formula.clone(),
            mentions: self.mentioned(&def.expr),
            expr,
        }
    }

    fn one_of(&self, text: &Text, words: &[&'static str], key: &str) -> Option<&'static str> {
        let known = words.iter().copied().find(|w| *w == text.value);
        if known.is_none() {
            let near = did_you_mean(&text.value, words.iter().copied());
            let message = format!("{key} is not `{}`{near}", text.value);
            self.report(
                Diagnostic::new(Code::WrongValue, text.span, message)
                    .help(format!("it is one of {}", words.join(", "))),
            );
        }
        known
    }

    fn grain(&self, def: &MetricDef) -> Grain {
        let Some(text) = &def.grain else { return Grain::Day };
        let words = Grain::ALL.map(Grain::as_str);
        self.one_of(text, &words, "`grain`").and_then(Grain::parse).unwrap_or(Grain::Day)
    }

    /// The unit that the metric is shown in.
    fn display(&self, def: &MetricDef, expr: &MetricExpr) -> Unit {
        let Some(text) = &def.unit else { return expr.unit.clone() };
        let Some(unit) = Unit::parse(&text.value, &self.scope.units) else {
            self.report(unknown_unit(self.scope.unit_words(), &text.value, text.span));
            return expr.unit.clone();
        };
        if expr.ty.is_open() {
            return unit;
        }
        // A share is shown as a percentage anyway.
        if expr.proportion && unit.same(&Unit::percent()) {
            return Unit::none();
        }
        if unit.factor_to(&expr.unit).is_some() {
            return unit;
        }
        let is =
            if expr.unit.is_none() { "a plain number".to_owned() } else { format!("in {}", called_unit(&expr.unit)) };
        let message = format!("`{}` is {is}, which cannot be shown in `{unit}`", def.name.value);
        let finding = Diagnostic::new(Code::DisplayUnit, text.span, message).also(def.expr.span, is);
        self.report(match expr.unit.is_none() {
            true => finding
                .help(format!("declare the unit of the column that it is made of: `columns: {{x: {{unit: {unit}}}}}`")),
            false => finding.help(format!("leave `unit:` out, or write one such as `{}`", expr.unit)),
        });
        expr.unit.clone()
    }

    /// Each of the dimensions that reports break the metric down by.
    fn dimensions(&self, at: usize, def: &'a MetricDef) {
        let mut seen: Vec<(String, &Expr)> = Vec::new();
        for dimension in &def.by {
            let text = print::expr(dimension);
            if let Some((_, first)) = seen.iter().find(|(t, _)| *t == text) {
                let message = format!("`{text}` is a dimension twice");
                self.report(
                    Diagnostic::new(Code::DuplicateDimension, dimension.span, message).also(first.span, "the first"),
                );
                continue;
            }
            seen.push((text, dimension));
            let _ = self.broken_down(at, def, std::slice::from_ref(dimension));
        }
    }

    fn broken_down(&self, at: usize, def: &'a MetricDef, by: &'a [Expr]) -> Check<MetricExpr> {
        let before = self.begin();
        let env = Env { by, ..Env::default() };
        let typed = self.inside(crate::check::scope::Active::Metric(at), def.name.span, || {
            Metrics { cx: self, env }.number(&def.expr)
        });
        self.end(before);
        typed
    }

    /// Metrics, events and segments that an expression names itself, in order of name.
    pub(super) fn mentioned(&self, expr: &Expr) -> Vec<String> {
        let mut found = Vec::new();
        mentions(expr, &mut |name, _| found.extend(self.scope.named(name).map(|_| name)));
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(str::to_owned).collect()
    }
}

/// Stands for a metric that was refused.
fn nothing() -> MetricExpr {
    MetricExpr {
        kind: MetricKind::Literal(Value::Null),
        ty: ScalarType::Error,
        unit: Unit::none(),
        additivity: Additivity::None,
        proportion: false,
    }
}

/// The title, or the name as words.
pub(super) fn title(title: Option<&Text>, name: &str) -> String {
    if let Some(title) = title {
        return title.value.clone();
    }
    let words = name.replace('_', " ");
    let mut letters = words.trim().chars();
    letters.next().map_or_else(|| name.to_owned(), |first| first.to_uppercase().chain(letters).collect())
}
