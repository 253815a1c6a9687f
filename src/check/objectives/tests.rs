//! Objectives as they are written, against metrics made by hand.

use std::sync::Arc;

use crate::calendar::{Grain, Length, SpanUnit, Window};
use crate::check::Typed;
use crate::check::objectives::{Checker, Goals};
use crate::decimal::Decimal;
use crate::diag::{Code, Diagnostic};
use crate::ir::{
    Additivity, Aggregate, Amount, Baseline, BenchmarkValue, Better, Branch, Change, ColumnId, Due, Measure, Metric,
    MetricExpr, MetricId, MetricKind, ScalarType, SourceId, Target,
};
use crate::resolve::{self, Project};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::print;
use crate::unit::{Dimension, Names, Unit};

fn measure(aggregate: Aggregate, unit: Unit) -> MetricExpr {
    let branch = Branch {
        derived: None,
        source: SourceId(0),
        time: Some(ColumnId(0)),
        filter: None,
        value: None,
        by: Vec::new(),
        keys: Vec::new(),
        kept: Vec::new(),
    };
    let proportion = aggregate == Aggregate::Share;
    let measure =
        Measure { aggregate, branches: vec![branch], ty: ScalarType::Float, unit: unit.clone(), stock: false };
    MetricExpr {
        kind: MetricKind::Measure(Arc::new(measure)),
        ty: ScalarType::Float,
        unit,
        additivity: Additivity::Ratio,
        proportion,
    }
}

fn metric(name: &str, expr: MetricExpr, display: Unit, better: Option<Better>) -> Metric {
    Metric {
        name: name.to_owned(),
        span: Span::new(FileId(0), 0, 0),
        title: name.to_owned(),
        expr,
        display,
        better,
        stage: None,
        value_area: (name == "duration").then(|| "current_value".to_owned()),
        kind: None,
        by: Vec::new(),
        grain: Grain::Week,
        owner: Some("growth".to_owned()),
        description: None,
        source: None,
        model: None,
        library: false,
        formula: name.to_owned(),
        mentions: Vec::new(),
    }
}

/// Seconds shown in minutes, a share, users, pounds, a score, the share over four weeks, a share of which less is better.
fn metrics() -> Vec<Metric> {
    let minutes = || Unit::of_span(SpanUnit::Minute).unwrap_or_default().spelt("minutes");
    let share = || measure(Aggregate::Share, Unit::none());
    let window = Window::Trailing(Length { count: 28, unit: SpanUnit::Day });
    let rolling = MetricExpr { kind: MetricKind::Over { of: Box::new(share()), window }, ..share() };
    let users = Unit::entity("user");
    let pounds = Unit::currency("GBP");
    let points = Unit::of(Dimension::Points);
    let higher = Some(Better::Higher);
    vec![
        metric("duration", measure(Aggregate::Mean, Unit::seconds()), minutes(), higher),
        metric("rate", share(), Unit::none(), None),
        metric("actives", measure(Aggregate::Unique, users.clone()), users, higher),
        metric("revenue", measure(Aggregate::Sum, pounds.clone()), pounds, higher),
        metric("score", measure(Aggregate::Mean, points.clone()), points, higher),
        metric("rolling", rolling, Unit::none(), None),
        metric("crashes", share(), Unit::none(), Some(Better::Lower)),
    ]
}

fn project(manifest: &str, text: &str) -> Project {
    let mut sources = SourceMap::new();
    let file = sources.add("kepi.yaml", format!("kepi: 1\n{manifest}"));
    let (manifest, mut found) = syntax::parse_manifest(&sources, file);
    let file = sources.add("a.yaml", text);
    let (document, more) = syntax::parse_document(&sources, file);
    found.extend(more);
    let manifest = manifest.unwrap_or_else(|| panic!("no manifest"));
    let (project, more) = resolve::resolve(manifest, vec![document]);
    found.extend(more);
    assert!(found.is_empty(), "{text}\n{}", listed(&found));
    project
}

fn check(manifest: &str, text: &str) -> (Goals, Vec<Diagnostic>) {
    let project = project(manifest, text);
    let metrics = metrics();
    let ask = |expr: &Expr, condition: Option<&Expr>| {
        let head = match &expr.kind {
            ExprKind::Where { of, .. } => of,
            _ => expr,
        };
        let name = print::expr(head);
        let Some(index) = metrics.iter().position(|metric| metric.name == name) else {
            return Err(vec![Diagnostic::new(Code::UnknownName, expr.span, format!("no metric is named `{name}`"))]);
        };
        let metric = &metrics[index];
        Ok(Typed {
            expr: metric.expr.clone(),
            by: Vec::new(),
            grain: condition.is_none().then_some(metric.grain),
            display: metric.display.clone(),
            metric: Some(MetricId(index as u32)),
            formula: name,
        })
    };
    let names = Names { currency: None, entities: ["user".to_owned()].into() };
    let mut checker = Checker {
        ask: &ask,
        project: &project,
        metrics: &metrics,
        names: &names,
        calendar: &project.settings.calendar,
        benchmarks: Vec::new(),
        found: Vec::new(),
    };
    let goals = checker.all();
    let levels = resolve::lints::levels(&project.manifest, &mut Vec::new());
    (goals, checker.found.into_iter().filter_map(|finding| levels.apply(finding)).collect())
}

fn listed(found: &[Diagnostic]) -> String {
    found.iter().map(|d| format!("{} {}\n", d.code, d.message)).collect()
}

const BENCHMARKS: &str = "\
goals: {growth: Growth}
benchmarks:
  industry: {metric: duration, value: {p25: 3.1 minutes, p50: 5.4 minutes}, source: a study, as_of: 2026-01-15}
  history: {metric: duration, value: median of last 8 weeks}
  best: {metric: duration, value: 10 minutes, source: a study, as_of: 2026-01-15}
  rates: {metric: rate, value: {p50: 20%}, source: a study, as_of: 2026-01-15}
";

/// An objective that has all it needs, some of it in other words: each of `keys` replaces or adds one line.
fn objective(keys: &str) -> String {
    let mut lines = vec![
        ("metric", "metric: duration"),
        ("target", "target: increase by 20% from 2026-Q3"),
        ("due", "due: 2026-Q4"),
        ("owner", "owner: growth"),
        ("supports", "supports: growth"),
        ("compare", "compare: [industry]"),
        ("check_in", "check_in: every 2 weeks"),
        ("actions", "actions: [{do: Ship autoplay}]"),
    ];
    for key in keys.lines() {
        let name = key.split(':').next().unwrap_or_default();
        match lines.iter_mut().find(|(known, _)| *known == name) {
            Some(line) => line.1 = key,
            None => lines.push((name, key)),
        }
    }
    let lines = lines.iter().filter(|(name, line)| line.len() > name.len() + 1);
    let body: String = lines.map(|(_, line)| format!("    {line}\n")).collect();
    format!("{BENCHMARKS}objectives:\n  o:\n{body}")
}

/// The codes of what is found, in order, each once.
fn codes(manifest: &str, keys: &str) -> (Goals, String) {
    let (goals, found) = check(manifest, &objective(keys));
    let mut codes: Vec<&str> = found.iter().map(|d| d.code.as_str()).collect();
    codes.dedup();
    (goals, codes.join(" "))
}

fn all_have(cases: &[(&str, &str)]) {
    let wrong = cases.iter().map(|(keys, expected)| (keys, expected, codes("", keys).1));
    let wrong = wrong.filter(|(_, expected, got)| **expected != got.as_str());
    let wrong: Vec<String> = wrong.map(|(keys, expected, got)| format!("{keys}: {got}, not {expected}")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn targets() {
    let cases = [
        ("", ""),
        // S3: direction.
        ("target: reduce by 20% from 2026-Q3", "K0503"),
        ("target: increase to 1 minute from 2 minutes", "K0509 K0503"),
        ("target: increase to 2 minutes from industry.p25", "K0503"),
        ("target: increase to 4 minutes from industry.p25", ""),
        ("target: increase to industry.p50 from industry.p25", ""),
        ("target: increase to industry.p25 from industry.p50", "K0503"),
        ("target: increase by 0% from 2026-Q3", "K0503"),
        ("target: keep at most 3 minutes", "K0503"),
        ("target: keep at least 3 minutes", ""),
        ("metric: crashes\ncompare: [rates]\ntarget: keep at least 3%", "K0519 K0503"),
        // M1: unit.
        ("target: increase to 45 minutes from 2026-Q3", ""),
        ("target: increase to 45 from 2026-Q3", "K0505"),
        ("target: increase to 45 GBP from 2026-Q3", "K0505"),
        ("target: increase to 45 minutos from 2026-Q3", "K0350"),
        ("target: increase to 45% from 2026-Q3", "K0505"),
        ("target: increase by 2 months from 2026-Q3", "K0353"),
        ("target: increase by industry.p25 from 2026-Q3", "K0505"),
        ("target: keep between 3 and 5 minutes", ""),
        ("target: keep between 5 and 3 minutes", "K0506"),
        ("metric: score\ncompare:\ntarget: increase by 5% from 2026-Q3", "K0516 K0505"),
        ("metric: score\ncompare:\ntarget: increase by 5 points from 2026-Q3", "K0516"),
        ("metric: rate\ncompare: [rates]\ntarget: reduce by 0.5 points from 2026-Q3", ""),
        ("metric: rate\ncompare: [rates]\ntarget: reduce to 5 points from 2026-Q3", "K0505"),
        ("metric: rate\ncompare: [rates]\ntarget: reduce by 5% from 2026-Q3", "K0517"),
        ("metric: revenue\ncompare:\ntarget: increase to 100000 from 2026-Q3", "K0516"),
        ("metric: revenue\ncompare:\ntarget: increase to 100000 EUR from 2026-Q3", "K0516 K0505"),
        ("metric: actives\ncompare:\ntarget: reach 300 users", "K0516"),
        // M1: domain.
        ("metric: rate\ncompare: [rates]\ntarget: increase to 35 from 2026-Q3", "K0506"),
        ("metric: rate\ncompare: [rates]\ntarget: increase to 100% from 2026-Q3", ""),
        ("metric: rate\ncompare: [rates]\ntarget: increase to 101% from 2026-Q3", "K0506"),
        ("metric: rate\ncompare: [rates]\ntarget: increase by 101 points from 2026-Q3", "K0506"),
        ("metric: rate\ncompare: [rates]\ntarget: increase by 90 points from rates.p50", "K0506"),
        ("metric: rate\ncompare: [rates]\ntarget: keep above 100%", "K0506"),
        ("metric: rate\ncompare: [rates]\ntarget: keep below 100%", ""),
        ("metric: actives\ncompare:\ntarget: reach -3", "K0516 K0506"),
        // M2: baseline.
        ("target: increase by 20%", "K0507"),
        ("target: increase to 45 minutes", "K0508"),
        ("target: increase by 20% from 5 minutes", "K0509"),
        ("target: increase by 20% from history.value", ""),
        ("target: increase by 20% from history.p50", "K0522"),
        ("target: increase by 20% from industry.p75", "K0522"),
        ("target: increase by 20% from nowhere.p75", "K0203"),
        ("target: reach industry.p50", ""),
        ("target: reach best.value", ""),
        ("target: reach history.value", ""),
        ("target: reach rates.p50", "K0518"),
        ("target: increase by 20% from 2026-13", "K0450"),
    ];
    all_have(&cases);
}

#[test]
fn parts_of_an_objective() {
    let cases = [
        // S1, S2.
        ("metric:", "K0501"),
        ("metric: nothing", "K0250"),
        ("owner:", "K0502"),
        ("target:", "K0504"),
        // R1, R2.
        ("supports:", ""),
        ("metric: rate\ncompare: [rates]\nsupports:\ntarget: reach 50%", "K0514"),
        ("aspirational: true", "K0515"),
        ("aspirational: true\nguardrails: [crashes <= 1%]", ""),
        ("aspirational: true\nguardrails: [duration >= 1 minute]", "K0515"),
        // Beside what is known.
        ("compare:", "K0516"),
        ("compare: [rates]", "K0518"),
        ("compare: [industry, history]", ""),
        // T1.
        ("due:", "K0510"),
        ("due: 2026-Q5", "K0450"),
        ("due: soon", "K0450"),
        ("due: 2026-12-31", ""),
        ("due: 2026", "K0511"),
        ("due: 2027", ""),
        ("due: 2026-Q3", "K0511"),
        ("due: 2026-Q2", "K0511"),
        ("due: 2026-11-30", "K0511"),
        ("start: 2027-01-01", "K0511"),
        ("start: 2026-10-15", ""),
        ("start: 2026-Q4", ""),
        ("created: 2027-01-01", "K0511"),
        ("created: 2026-09-20", ""),
        ("created: 2026-09", "K0450"),
        // T2.
        (
            "metric: rolling\ncompare:\ntarget: increase by 1 points from 2026-W50\ndue: 2026-W51\ncheck_in: every day",
            "K0516 K0512",
        ),
        ("metric: rolling\ncompare:\ntarget: increase by 1 points from 2026-W40\ndue: 2026-W44", "K0516"),
        (
            "metric: rolling\ncompare:\ntarget: increase by 1 points from 2026-W40\ndue: 2026-W43\ncheck_in: every week",
            "K0516 K0512",
        ),
        // T3.
        ("check_in:", "K0525"),
        ("check_in: every 2 months", "K0513"),
        ("check_in: every month", ""),
        ("check_in: every quarter", "K0513"),
        ("check_in: weekly", "K0115"),
        ("check_in: every 3 weeks\nstart: 2026-10-05\ndue: 2027-01-03", "K0513"),
        ("check_in: every week\nstart: 2026-10-05\ndue: 2027-01-03", ""),
        // The rest.
        ("thresholds: {on_track: 80%, at_risk: 40%}", ""),
        ("thresholds: {on_track: 80%}", ""),
        ("thresholds: {on_track: 20%}", "K0115"),
        ("thresholds: {on_track: 120%}", "K0115"),
        ("guardrails: [crashes no worse than 5%]", "K0517"),
        ("guardrails: [crashes no worse than 1 points]", ""),
        ("guardrails: [rate no worse than 1 points]", "K0524"),
        ("guardrails: [crashes <= 5]", "K0506"),
        ("guardrails: [crashed <= 5%]", "K0250"),
        ("actions: [{do: Ship, due: 2026-11-15, expect: +8%, status: done}]", ""),
        ("actions: [{do: Ship, due: 2026-11-31}]", "K0450"),
        ("changes: [{on: 2026-02-30, what: more}]", "K0450"),
    ];
    all_have(&cases);
}

#[test]
fn lints_are_allowed_and_levelled() {
    let cases = [
        ("", "compare:\nallow: [{no_benchmark: nobody has measured it}]", ""),
        ("", "compare:\nallow: [{K0516: nobody has measured it}]", ""),
        ("", "compare:\nallow: [{no_benchmrk: nobody has measured it}]", "K0521 K0516"),
        ("", "owner:\nallow: [{K0502: it owns itself}]", "K0521 K0502"),
        ("lints: {no_benchmark: off}", "compare:", ""),
        ("lints: {no_benchmark: error}", "compare:", "K0516"),
    ];
    for (manifest, keys, expected) in cases {
        assert_eq!(codes(manifest, keys).1, expected, "{manifest} {keys}");
    }
    let (_, found) = check("lints: {no_benchmark: error}", &objective("compare:"));
    assert!(found.iter().all(Diagnostic::is_error) && found.len() == 1);
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

#[test]
fn amounts_are_in_the_unit_of_the_expression() {
    let cases = [
        ("target: reach 45 minutes", "2700"),
        ("target: reach 1.5 hours", "5400"),
        ("target: reach 30s", "30"),
        ("target: reach 250ms", "0.25"),
        ("target: reach 0", "0"),
        ("metric: rate\ntarget: reach 35%", "0.35"),
        ("metric: rate\ntarget: reach 0.35", "0.35"),
        ("metric: revenue\ntarget: reach 9.99 GBP", "9.99"),
        ("metric: actives\ntarget: reach 300 users", "300"),
    ];
    for (keys, expected) in cases {
        let (goals, _) = codes("", &format!("{keys}\ncompare:"));
        let target = goals.objectives.first().map(|o| o.target.clone());
        let wanted = Target::Reach { to: Amount::Literal(decimal(expected)), from: None };
        assert_eq!(target, Some(wanted), "{keys}");
    }
    let changes = [
        ("target: increase by 3 minutes from 2026-Q3", Change::By(decimal("180"))),
        ("target: increase by 20% from 2026-Q3", Change::ByShare(decimal("0.2"))),
        ("metric: rate\ntarget: increase by 0.5 points from 2026-Q3", Change::By(decimal("0.005"))),
    ];
    for (keys, expected) in changes {
        let (goals, _) = codes("", &format!("{keys}\ncompare:"));
        let change = goals.objectives.first().map(|o| match &o.target {
            Target::Change { change, .. } => change.clone(),
            other => panic!("{other:?}"),
        });
        assert_eq!(change, Some(expected), "{keys}");
    }
    let (goals, _) = codes("", "target: keep between 3 and 5 minutes");
    let bounds = (Amount::Literal(decimal("180")), Amount::Literal(decimal("300")));
    assert_eq!(goals.objectives.first().map(|o| o.target.clone()), Some(Target::Between(bounds.0, bounds.1)));
}

#[test]
fn baselines_and_dates() {
    let from = |keys: &str| {
        let (goals, _) = codes("", keys);
        goals.objectives.first().map(|o| match &o.target {
            Target::Change { from, .. } => from.clone(),
            other => panic!("{other:?}"),
        })
    };
    let label = |baseline: Option<Baseline>| match baseline {
        Some(Baseline::Period(period)) => period.label,
        other => format!("{other:?}"),
    };
    assert_eq!(label(from("")), "2026-Q3");
    assert_eq!(label(from("target: increase to 45 minutes\ndue: 2027-Q1")), "2026-Q4");
    assert_eq!(from("target: increase by 5% from industry.p25"), Some(Baseline::Literal(decimal("186"))));
    let last = Baseline::Last { length: Length { count: 1, unit: SpanUnit::Period }, statistic: None };
    assert_eq!(from("target: increase to 45 minutes\ndue: 2026-12-31"), Some(last));
    let (goals, _) = codes("", "due: 2026-12-31\nmetric: duration where platform = \"ios\"");
    let first = goals.objectives.first();
    assert_eq!(first.map(|o| o.due.clone()), "2026-12-31".parse().ok().map(Due::Date));
    assert_eq!(first.and_then(|o| o.population.clone()).as_deref(), Some("platform = \"ios\""));
    assert_eq!(first.map(|o| (o.title.as_str(), o.grain)), Some(("O", Grain::Week)));
}

#[test]
fn benchmarks() {
    let one = |body: &str| {
        let (goals, found) = check("", &format!("benchmarks:\n  b: {{{body}}}\n"));
        let codes: Vec<&str> = found.iter().map(|d| d.code.as_str()).collect();
        (goals.benchmarks.into_iter().next().map(|b| b.value), codes.join(" "))
    };
    let said = "source: a study, as_of: 2026-01-15";
    let cases = [
        (format!("metric: duration, value: {{p75: 8 minutes, p50: 5.4 minutes}}, {said}"), ""),
        (format!("metric: duration, value: {{p75: 5 minutes, p50: 5.4 minutes}}, {said}"), "K0522"),
        (format!("metric: duration, value: {{p0: 5 minutes, p100: 8 minutes}}, {said}"), "K0522 K0522"),
        (format!("metric: duration, value: {{median: 5 minutes}}, {said}"), "K0522"),
        (format!("metric: duration, value: {{p50: last 8 weeks}}, {said}"), "K0522"),
        (format!("metric: duration, value: 5 GBP, {said}"), "K0505"),
        (format!("metric: rate, value: 120%, {said}"), "K0506"),
        ("metric: duration, value: 5 minutes, source: a study".to_owned(), "K0523"),
        ("metric: duration, value: 5 minutes".to_owned(), "K0523"),
        ("metric: duration, value: last 8 weeks".to_owned(), ""),
        ("metric: duration, value: 2026-Q3".to_owned(), ""),
        (format!("metric: duration, value: 5 minutes, {said}, expires: 2026-01-14"), "K0511"),
        (format!("metric: duration, value: 5 minutes, {said}, expires: 2027"), "K0450"),
    ];
    for (body, expected) in &cases {
        assert_eq!(one(body).1, *expected, "{body}");
    }
    let quantiles = one(&cases[0].0).0;
    let wanted = vec![("p50".to_owned(), decimal("324")), ("p75".to_owned(), decimal("480"))];
    assert!(matches!(quantiles, Some(BenchmarkValue::Quantiles(all)) if all == wanted));
}
