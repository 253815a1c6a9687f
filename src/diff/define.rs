//! Definitions as what they mean: part by part, whatever their place, order and spelling.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::AskSpec;
use crate::diff::{Class, Key, Kind, Side, aims, tables};
use crate::ir::print::{Printer, additivity};
use crate::ir::{Aggregate, Branch, Lookup, Metric, MetricExpr, RowExpr, Source};
use crate::resolve::{Named, mentions};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Name};
use crate::syntax::document::{EventDef, MetricDef, SegmentDef, SpansDef, Text};
use crate::syntax::print;
use crate::unit::Unit;

/// A definition.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) key: Key,
    pub(super) span: Span,
    pub(super) parts: Vec<Meant>,
    /// As it is written, without what it rests on.
    pub(super) own: String,
    pub(super) uses: BTreeSet<Key>,
}

/// A part of a definition.
#[derive(Clone, Debug)]
pub(super) struct Meant {
    pub(super) label: &'static str,
    pub(super) class: Class,
    pub(super) meaning: String,
    pub(super) shown: String,
}

/// A part that is what it says.
pub(super) fn part(label: &'static str, class: Class, text: impl Into<String>) -> Meant {
    let text = text.into();
    Meant { label, class, meaning: text.clone(), shown: text }
}

/// A part whose meaning is not for people.
pub(super) fn meant(label: &'static str, class: Class, meaning: String, shown: impl Into<String>) -> Meant {
    Meant { label, class, meaning, shown: shown.into() }
}

pub(super) fn prose(label: &'static str, text: Option<&str>) -> Meant {
    part(label, Class::Prose, text.unwrap_or_default())
}

pub(super) fn text(text: Option<&Text>) -> &str {
    text.map_or("", |t| t.value.as_str())
}

fn texts(texts: &[Text]) -> String {
    texts.iter().map(|t| t.value.as_str()).collect::<Vec<_>>().join(", ")
}

impl Definition {
    pub(super) fn new(key: Key, span: Span, parts: Vec<Meant>) -> Self {
        let own = parts.iter().map(|p| format!("{} {}\n", p.label, p.shown)).collect();
        Self { key, span, parts, own, uses: BTreeSet::from([Key::new(Kind::Settings, tables::MANIFEST)]) }
    }

    pub(super) fn uses(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.uses.extend(keys);
        self
    }

    /// Everything but prose.
    pub(super) fn meaning(&self) -> String {
        let parts = self.parts.iter().filter(|p| p.class != Class::Prose);
        parts.map(|p| format!("{} {}\n", p.label, p.meaning)).collect()
    }
}

/// A side, with what is said of its expressions.
pub(super) struct Definer<'a> {
    pub(super) side: Side<'a>,
    /// The sources, by the names that they have at the head. Columns read in the project's zone do not say so: that is a matter of
    /// the calendar.
    pub(super) sources: Vec<Source>,
    pub(super) lookups: Vec<Lookup>,
}

impl<'a> Definer<'a> {
    /// `renamed`: new names of sources, by the old ones.
    pub(super) fn new(side: Side<'a>, renamed: &BTreeMap<String, String>) -> Self {
        let (program, project) = (side.program, &side.scope.project);
        let zone = tables::zone(&program.settings.calendar);
        let (mut sources, mut lookups) = (program.sources.clone(), program.lookups.clone());
        for (source, def) in sources.iter_mut().zip(&project.sources) {
            if let Some(name) = renamed.get(&source.name) {
                source.name.clone_from(name);
            }
            if def.time_zone.is_none() {
                tables::in_project_zone(&mut source.columns, zone);
            }
        }
        for lookup in &mut lookups {
            tables::in_project_zone(&mut lookup.columns, zone);
        }
        Self { side, sources, lookups }
    }

    pub(super) fn printer(&self) -> Printer<'_> {
        Printer::of_meaning(&self.sources, &self.lookups)
    }

    /// All definitions.
    pub(super) fn all(&self) -> Vec<Definition> {
        let project = &self.side.scope.project;
        let mut all = tables::tables(self);
        all.extend(project.events.iter().map(|d| self.event(d)));
        all.extend(project.spans.iter().map(|d| self.spans(d)));
        all.extend(project.segments.iter().map(|d| self.segment(d)));
        let defs: BTreeMap<&str, &MetricDef> = project.metrics.iter().map(|d| (d.name.value.as_str(), d)).collect();
        all.extend(self.side.program.metrics.iter().map(|m| self.metric(m, defs.get(m.name.as_str()).copied())));
        all.extend(aims::aims(self));
        all
    }

    fn event(&self, def: &EventDef) -> Definition {
        let formula = print::expr(&def.expr);
        // Its rows as a count of it has them: filter, clock and sources resolved.
        let rows = self.asked("count", &def.name).map(|e| self.expression(&e, "", ""));
        let mut parts = rows.unwrap_or_else(|| vec![part("scope", Class::Breaking, formula.clone())]);
        for part in &mut parts {
            if part.label == "scope" {
                part.shown.clone_from(&formula);
            }
        }
        parts.retain(|p| p.label != "additivity");
        let actors = self.asked("unique", &def.name).map(|e| self.printer().metric(&e)).unwrap_or_default();
        parts.extend([
            part("time", Class::Compatible, text(def.time.as_ref())),
            meant("actor", Class::Compatible, actors, texts(&def.actor)),
            prose("title", Some(text(def.title.as_ref()))),
            prose("description", Some(text(def.description.as_ref()))),
            prose("owner", Some(text(def.owner.as_ref()))),
        ]);
        Definition::new(Key::new(Kind::Event, &def.name.value), def.name.span, parts).uses(self.mentioned(&def.expr))
    }

    fn spans(&self, def: &SpansDef) -> Definition {
        let parts = vec![
            part("scope", Class::Breaking, print::expr(&def.source)),
            part("from", Class::Breaking, def.from.value.clone()),
            part("until", Class::Breaking, def.until.value.clone()),
            part("actor", Class::Compatible, texts(&def.actor)),
            prose("title", Some(text(def.title.as_ref()))),
            prose("description", Some(text(def.description.as_ref()))),
            prose("owner", Some(text(def.owner.as_ref()))),
        ];
        Definition::new(Key::new(Kind::Spans, &def.name.value), def.name.span, parts).uses(self.mentioned(&def.source))
    }

    /// `count(EVENT)`, `unique(EVENT)`; nothing where that means nothing.
    fn asked(&self, function: &str, event: &Name) -> Option<MetricExpr> {
        let name = Expr { kind: ExprKind::Name(event.value.clone()), span: event.span };
        let call = ExprKind::Call { name: Name::new(function.to_owned(), event.span), args: vec![Arg::Expr(name)] };
        let expr = Expr { kind: call, span: event.span };
        Some(self.side.scope.ask(&AskSpec { expr: &expr, by: &[], condition: None }).ok()?.expr)
    }

    /// A segment is typed where it is used; by itself it is its condition.
    fn segment(&self, def: &SegmentDef) -> Definition {
        let parts = vec![
            part("scope", Class::Breaking, print::expr(&def.expr)),
            prose("title", Some(text(def.title.as_ref()))),
            prose("description", Some(text(def.description.as_ref()))),
        ];
        Definition::new(Key::new(Kind::Segment, &def.name.value), def.name.span, parts).uses(self.mentioned(&def.expr))
    }

    fn metric(&self, metric: &Metric, def: Option<&MetricDef>) -> Definition {
        let mut parts = vec![
            meant("unit", Class::Breaking, unit(&metric.display), metric.display.to_string()),
            part("grain", Class::Breaking, metric.grain.to_string()),
            part(
                "better",
                Class::Compatible,
                metric.better.map(|b| format!("{b:?}").to_lowercase()).unwrap_or_default(),
            ),
            part("by", Class::Compatible, metric.by.join(", ")),
            prose("title", def.map(|d| text(d.title.as_ref()))),
            prose("description", metric.description.as_deref()),
            prose("owner", metric.owner.as_deref()),
            prose("stage", metric.stage.as_deref()),
            prose("value area", metric.value_area.as_deref()),
            prose("kind", metric.kind.as_deref()),
            prose("model", metric.model.as_deref()),
        ];
        parts.extend(self.expression(&metric.expr, &metric.formula, &metric.grain.to_string()));
        let uses = def.map(|d| self.mentioned(&d.expr)).unwrap_or_default();
        Definition::new(Key::new(Kind::Metric, &metric.name), metric.span, parts).uses(uses)
    }

    /// What an expression means: which rows, how they add up, what is computed of them, from which files, in which calendar.
    pub(super) fn expression(&self, expr: &MetricExpr, formula: &str, grain: &str) -> Vec<Meant> {
        let printer = self.printer();
        let mut rows = BTreeSet::new();
        expr.measures(&mut |measure| {
            let trail = measure.aggregate == Aggregate::Trail;
            measure.branches.iter().for_each(|branch| self.rows(branch, trail, &printer, &mut rows));
        });
        let read: Vec<&Source> = expr.sources().iter().filter_map(|s| self.sources.get(s.0 as usize)).collect();
        let scopes = read.iter().map(|s| tables::rows(s, &printer));
        let scope: Vec<String> = rows.into_iter().chain(scopes).collect();
        let files: Vec<String> = read.iter().map(|s| tables::reading(s, &printer)).collect();
        let written = printer.metric(expr);
        vec![
            part("additivity", Class::Breaking, additivity(expr.additivity)),
            meant("scope", Class::Breaking, scope.join("\n"), ""),
            meant("calendar", Class::Compatible, self.calendar(&format!("{written} {grain}")), ""),
            meant("files", Class::Compatible, files.join("\n"), ""),
            meant("formula", Class::Compatible, written, formula),
        ]
    }

    /// The rows of a branch, and those that they are made of. Of a trail also which of its sets a row belongs to.
    fn rows(&self, branch: &Branch, trail: bool, printer: &Printer<'_>, found: &mut BTreeSet<String>) {
        let written = |expr: &RowExpr| match &branch.derived {
            Some(derived) => printer.derived_row(expr, derived),
            None => self.sources.get(branch.source.0 as usize).map(|s| printer.row(expr, s)).unwrap_or_default(),
        };
        let filter = branch.filter.as_ref().map(&written).unwrap_or_default();
        let sets = branch.value.as_ref().filter(|_| trail).map(&written).unwrap_or_default();
        match &branch.derived {
            Some(derived) => {
                derived.of.iter().for_each(|inner| self.rows(inner, false, printer, found));
                found.insert(format!("made where {filter} in {sets}"));
            }
            None => {
                let Some(source) = self.sources.get(branch.source.0 as usize) else { return };
                found.insert(format!("{} where {filter} in {sets}", source.name));
            }
        }
    }

    /// What of the calendar an expression can depend on.
    fn calendar(&self, written: &str) -> String {
        let calendar = &self.side.program.settings.calendar;
        let has = |words: &[&str]| words.iter().any(|word| written.contains(word));
        let week = if has(&["week"]) { format!("{:?}", calendar.week_start) } else { String::new() };
        let fiscal = has(&["quarter", "year"]).then_some(calendar.fiscal_year_start);
        format!("{} {week} {fiscal:?}", tables::zone(calendar))
    }

    /// The definitions that an expression names.
    pub(super) fn mentioned(&self, expr: &Expr) -> BTreeSet<Key> {
        let mut keys = BTreeSet::new();
        let names = &self.side.scope.project.names;
        mentions(expr, &mut |name, _| {
            let kind = match names.get(name) {
                Some(Named::Source(_)) => Kind::Source,
                Some(Named::Event(_)) => Kind::Event,
                Some(Named::Spans(_)) => Kind::Spans,
                Some(Named::Segment(_)) => Kind::Segment,
                Some(Named::Metric(_)) => Kind::Metric,
                None => return,
            };
            keys.insert(Key::new(kind, name));
        });
        keys
    }
}

/// A unit, whatever its spelling.
pub(super) fn unit(unit: &Unit) -> String {
    format!("{:?} {:?}", unit.dimensions, unit.scale)
}
