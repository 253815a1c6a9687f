//! Benchmarks, goals, objectives, releases and reports as what they mean.

use std::collections::BTreeSet;

use crate::decimal::Decimal;
use crate::diff::define::{Definer, Definition, meant, part, prose, text, unit};
use crate::diff::{Class, Key, Kind};
use crate::ir::{
    Amount, Baseline, Benchmark, BenchmarkId, BenchmarkValue, Change, Due, GuardrailBound, Objective, Program,
    ReportSpec, Section, Target,
};
use crate::syntax::ast::{AmountKind, BaselineKind, Expr, TargetKind};
use crate::syntax::document::ObjectiveDef;

pub(super) fn aims(definer: &Definer) -> Vec<Definition> {
    let (program, project) = (definer.side.program, &definer.side.scope.project);
    let mut all = Vec::new();
    for b in &program.benchmarks {
        let def = project.benchmarks.iter().find(|d| d.name.value == b.name);
        all.push(benchmark(definer, b, def.map(|d| &d.metric)));
    }
    for goal in &program.goals {
        let span = project.goals.iter().find(|d| d.name.value == goal.name).map(|d| d.name.span);
        let Some(span) = span else { continue };
        let parts = vec![
            part("parent", Class::Compatible, goal.parent.clone().unwrap_or_default()),
            // Nothing but its text tells one goal from another.
            part("title", Class::Prose, goal.title.clone()),
            prose("description", goal.description.as_deref()),
            prose("owner", goal.owner.as_deref()),
        ];
        all.push(Definition::new(Key::new(Kind::Goal, &goal.name), span, parts));
    }
    for o in &program.objectives {
        let def = project.objectives.iter().find(|d| d.name.value == o.name);
        all.push(objective(definer, o, def));
    }
    for release in &program.releases {
        let span = project.releases.iter().find(|d| d.name.value == release.name).map(|d| d.name.span);
        let Some(span) = span else { continue };
        let parts = vec![part("at", Class::Compatible, release.at.to_string()), prose("title", Some(&release.title))];
        all.push(Definition::new(Key::new(Kind::Release, &release.name), span, parts));
    }
    for spec in &program.reports {
        let span = project.reports.iter().find(|d| d.name.value == spec.name).map(|d| d.name.span);
        let Some(span) = span else { continue };
        let parts =
            vec![part("sections", Class::Compatible, sections(program, spec)), prose("title", Some(&spec.title))];
        all.push(Definition::new(Key::new(Kind::Report, &spec.name), span, parts));
    }
    all
}

fn sections(program: &Program, spec: &ReportSpec) -> String {
    let one = |section: &Section| match section {
        Section::Metric(id) => program.metrics.get(id.0 as usize).map_or_else(String::new, |m| m.name.clone()),
        Section::Objective(at) => program.objectives.get(*at).map_or_else(String::new, |o| o.name.clone()),
        Section::Stage(stage) => format!("stage {stage}"),
        other => format!("{other:?}").to_lowercase(),
    };
    spec.sections.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn benchmark(definer: &Definer, b: &Benchmark, metric: Option<&Expr>) -> Definition {
    let mut parts = vec![
        meant("unit", Class::Breaking, unit(&b.unit), b.unit.to_string()),
        part("value", Class::Compatible, value(&b.value)),
        part("as of", Class::Compatible, b.as_of.map(|d| d.to_string()).unwrap_or_default()),
        part("expires", Class::Compatible, b.expires.map(|d| d.to_string()).unwrap_or_default()),
        prose("title", Some(&b.title)),
        prose("cited", b.source.as_deref()),
        prose("kind", b.kind.as_deref()),
    ];
    parts.extend(definer.expression(&b.ask, &b.metric, &format!("{:?}", b.value)));
    let uses = metric.map(|e| definer.mentioned(e)).unwrap_or_default();
    Definition::new(Key::new(Kind::Benchmark, &b.name), b.span, parts).uses(uses)
}

fn value(value: &BenchmarkValue) -> String {
    match value {
        BenchmarkValue::Computed(of) => baseline(of),
        BenchmarkValue::Literal(number) => plain(*number),
        BenchmarkValue::Quantiles(list) => {
            list.iter().map(|(name, number)| format!("{name} {}", plain(*number))).collect::<Vec<_>>().join(", ")
        }
    }
}

fn objective(definer: &Definer, o: &Objective, def: Option<&ObjectiveDef>) -> Definition {
    let program = definer.side.program;
    let printer = definer.printer();
    let (target, from) = aim(program, &o.target);
    let (target_shown, from_shown) = match o.target_text.split_once(" from ") {
        Some((target, from)) => (target.to_owned(), from.to_owned()),
        None => (o.target_text.clone(), String::new()),
    };
    let mut guardrails: Vec<String> = o
        .guardrails
        .iter()
        .map(|g| {
            let bound = match &g.bound {
                GuardrailBound::Compare { op, amount } => format!("{op:?} {}", plain(*amount)),
                GuardrailBound::NoWorseThanShare(share) => format!("no worse than share {}", plain(*share)),
                GuardrailBound::NoWorseThan(amount) => format!("no worse than {}", plain(*amount)),
            };
            format!("{} {bound}", printer.metric(&g.expr))
        })
        .collect();
    guardrails.sort();
    let guarded: Vec<&str> = o.guardrails.iter().map(|g| g.text.as_str()).collect();
    let compare: Vec<&str> = o.compare.iter().map(|id| benchmark_name(program, *id)).collect();
    let flag = |set: bool| if set { "yes" } else { "" };
    let due = match &o.due {
        Due::Period(period) => format!("{} {}", period.interval.start, period.interval.end),
        Due::Date(date) => date.to_string(),
    };
    let due_shown = match &o.due {
        Due::Period(period) => period.label.clone(),
        Due::Date(date) => date.to_string(),
    };
    let thresholds = o.thresholds.map(|(on, at)| format!("{}, {}", plain(on), plain(at))).unwrap_or_default();
    let mut parts = vec![
        meant("target", Class::Compatible, target, target_shown),
        meant("baseline", Class::Compatible, from, from_shown),
        meant("due", Class::Compatible, due, due_shown),
        part("start", Class::Compatible, o.start.map(|t| t.to_string()).unwrap_or_default()),
        part("thresholds", Class::Compatible, thresholds),
        part("latch", Class::Compatible, flag(o.latch)),
        part("aspirational", Class::Compatible, flag(o.aspirational)),
        meant("guardrails", Class::Compatible, guardrails.join("\n"), guarded.join("; ")),
        part("compare", Class::Compatible, compare.join(", ")),
        part("supports", Class::Compatible, o.supports.clone().unwrap_or_default()),
        part("check-ins", Class::Compatible, o.check_in.map(|l| l.to_string()).unwrap_or_default()),
        meant("unit", Class::Breaking, unit(&o.display), o.display.to_string()),
        part("grain", Class::Breaking, o.grain.to_string()),
        prose("title", def.map(|d| text(d.title.as_ref()))),
        prose("owner", o.owner.as_deref()),
        prose("because", o.because.as_deref()),
        prose("population", o.population.as_deref()),
        part("created", Class::Prose, o.created.map(|d| d.to_string()).unwrap_or_default()),
        meant("actions", Class::Prose, format!("{:?}", o.actions), ""),
        meant("changes", Class::Prose, format!("{:?}", o.changes), ""),
        meant("allow", Class::Prose, format!("{:?}", o.allow), ""),
    ];
    parts.extend(definer.expression(&o.expr, &o.formula, &o.grain.to_string()));
    let mut uses = BTreeSet::new();
    if let Some(def) = def {
        uses.extend(def.metric.iter().flat_map(|e| definer.mentioned(e)));
        uses.extend(def.guardrails.iter().map(|g| Key::new(Kind::Metric, &g.metric.value)));
        uses.extend(def.compare.iter().map(|n| Key::new(Kind::Benchmark, &n.value)));
        uses.extend(benchmarks_of(def));
    }
    Definition::new(Key::new(Kind::Objective, &o.name), o.span, parts).uses(uses)
}

/// The benchmarks that a target names.
fn benchmarks_of(def: &ObjectiveDef) -> Vec<Key> {
    let Some(target) = &def.target else { return Vec::new() };
    let (amounts, from) = match &target.kind {
        TargetKind::Change { amount, from, .. } => (vec![amount], from.as_ref()),
        TargetKind::KeepBetween(low, high) => (vec![low, high], None),
        TargetKind::Reach(amount)
        | TargetKind::KeepAtLeast(amount)
        | TargetKind::KeepAtMost(amount)
        | TargetKind::KeepAbove(amount)
        | TargetKind::KeepBelow(amount) => (vec![amount], None),
    };
    let from = from.and_then(|b| match &b.kind {
        BaselineKind::Amount(amount) => Some(amount),
        _ => None,
    });
    let name = |kind: &AmountKind| match kind {
        AmountKind::Benchmark { name, .. } => Some(Key::new(Kind::Benchmark, &name.value)),
        AmountKind::Literal(_) => None,
    };
    amounts.into_iter().chain(from).filter_map(|a| name(&a.kind)).collect()
}

fn benchmark_name(program: &Program, id: BenchmarkId) -> &str {
    program.benchmarks.get(id.0 as usize).map_or("", |b| b.name.as_str())
}

/// What is aimed at, and from where.
pub(super) fn aim(program: &Program, target: &Target) -> (String, String) {
    let amount = |a: &Amount| amount(program, a);
    match target {
        Target::Reach { to, from } => {
            (format!("reach {}", amount(to)), from.as_ref().map(baseline).unwrap_or_default())
        }
        Target::Change { increase, change, from } => {
            let change = match change {
                Change::To(to) => format!("to {}", amount(to)),
                Change::By(by) => format!("by {}", plain(*by)),
                Change::ByShare(share) => format!("by share {}", plain(*share)),
            };
            (format!("{} {change}", if *increase { "increase" } else { "reduce" }), baseline(from))
        }
        Target::AtLeast { bound, strict } => (format!("at least {} {strict}", amount(bound)), String::new()),
        Target::AtMost { bound, strict } => (format!("at most {} {strict}", amount(bound)), String::new()),
        Target::Between(low, high) => (format!("between {} {}", amount(low), amount(high)), String::new()),
    }
}

fn amount(program: &Program, amount: &Amount) -> String {
    match amount {
        Amount::Literal(number) => plain(*number),
        Amount::Benchmark { benchmark, quantile } => {
            let value = program.benchmarks.get(benchmark.0 as usize).map(|b| value(&b.value)).unwrap_or_default();
            format!("{}.{quantile} = {value}", benchmark_name(program, *benchmark))
        }
    }
}

fn baseline(of: &Baseline) -> String {
    match of {
        Baseline::Period(period) => format!("{} {}", period.interval.start, period.interval.end),
        Baseline::Last { length, statistic } => format!("{statistic:?} last {length}"),
        Baseline::Literal(number) => plain(*number),
    }
}

fn plain(number: Decimal) -> String {
    number.normalized().to_string()
}
