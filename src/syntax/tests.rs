use crate::diag::human;
use crate::source::SourceMap;
use crate::syntax::document::{BenchmarkValue, Document, Manifest, SectionDef, TimeDef};
use crate::syntax::{parse_document, parse_documents, parse_manifest};

fn document(text: &str) -> (Document, String) {
    let mut sources = SourceMap::new();
    let file = sources.add("a.yaml", text);
    let (document, findings) = parse_document(&sources, file);
    (document, findings.iter().map(|d| human::short(d, &sources).trim_end().to_string()).collect::<Vec<_>>().join("\n"))
}

fn manifest(text: &str) -> (Option<Manifest>, String) {
    let mut sources = SourceMap::new();
    let file = sources.add("kepi.yaml", text);
    let (manifest, findings) = parse_manifest(&sources, file);
    (manifest, findings.iter().map(|d| human::short(d, &sources).trim_end().to_string()).collect::<Vec<_>>().join("\n"))
}

/// Every key of the language, once. ASCII alone, so that tests may cut it anywhere.
pub(super) const EVERYTHING: &str = r#"
sources:
  app:
    files: [events/**/*.parquet, more.csv]
    format: parquet
    time: ts
    time_format: epoch_ms
    time_zone: Europe/Berlin
    on_gap: later
    on_overlap: earlier
    actor: user id
    key: [event_id, line]
    where: not is_test
    snapshot: false
    complete_until: 2026-09-30
    links: {listing: listing_id -> listings, host: host_id -> users}
    columns:
      country: text
      visits: {type: number}
      watched: {from: duration_ms, unit: ms}
      value: {expr: quantity * unit_price, unit: GBP}
      plan_type: {from: Plan Type}
  rates: {files: rates.csv, time: none}
events:
  play: app where event = "play" and watched >= 30s
  active: login or play or search
  payment: {expr: booking, time: paid_at, actor: org, title: Payments, owner: shop, description: What came in}
lookups:
  users: {files: crm/users.csv, key: user_id, actor: true, columns: {plan: text}}
segments:
  power: (count(play) per actor over 28 days) >= 20
  pro: {expr: user.plan = "pro", title: Paying}
metrics:
  plays: count(play)
  avg_session:
    title: Average session
    expr: >-
      mean(play.watched)
        + 1 minute
    unit: minutes
    better: higher
    stage: engagement
    value_area: current_value
    kind: actionable
    by: [platform, country]
    grain: week
    owner: growth
    description: |
      How long a visit lasts.
      First to last event.
benchmarks:
  industry:
    metric: avg_session
    kind: industry
    value: {p25: 3.1 minutes, p50: 5.4 minutes}
    source: "Name of the study, year, page"
    as_of: 2026-01-15
    expires: 2027-01-31
  history: {metric: avg_session, kind: historical, value: median of last 8 weeks}
goals:
  growth: Listeners stay
  retention: {title: Listeners come back, parent: growth, owner: ceo}
objectives:
  deeper:
    title: Visits get longer
    metric: avg_session where platform = "ios"
    target: increase by 20% from 2026-Q3
    due: 2026-Q4
    start: 2026-10-01
    created: 2026-09-20
    owner: growth
    supports: retention
    because: Longer visits precede renewal.
    population: everyone
    compare: [industry, history]
    guardrails: [crash_rate <= 1%, unsubscribes no worse than 5%]
    check_in: every 2 weeks
    actions:
      - {do: Ship autoplay, owner: player, due: 2026-11-15, release: autoplay, expect: +8%, status: done}
    aspirational: true
    latch: false
    thresholds: {on_track: 70%, at_risk: 30%}
    allow: [{no_benchmark: there is none}]
    changes: [{on: 2026-10-10, what: due, reason: later}]
releases:
  autoplay: {at: 2026-10-02, title: Autoplay for everyone}
  darkmode: 2026-11-01
reports:
  weekly: {title: Product review, sections: [objectives, {stage: engagement}, {metric: plays}, {objective: deeper}, metrics, benchmarks]}
"#;

#[test]
fn every_key_of_the_language_is_read() {
    let (d, findings) = document(EVERYTHING);
    assert_eq!(findings, "");
    assert!(d.broken.is_empty());
    let app = &d.sources[0];
    assert_eq!(app.files.iter().map(|f| f.value.as_str()).collect::<Vec<_>>(), ["events/**/*.parquet", "more.csv"]);
    assert_eq!(app.actor.first().map(|a| a.value.as_str()), Some("user id"));
    assert_eq!((app.key.len(), app.links.len(), app.columns.len()), (2, 2, 5));
    assert_eq!(app.columns[0].ty.as_ref().map(|t| t.value.as_str()), Some("text"));
    assert_eq!(app.links[1].lookup.value, "users");
    assert!(matches!(d.sources[1].time, Some(TimeDef::None(_))));
    assert_eq!((d.events.len(), d.lookups.len(), d.segments.len(), d.metrics.len()), (3, 1, 2, 2));
    let session = &d.metrics[1];
    assert_eq!(session.by.len(), 2);
    assert_eq!(
        session.description.as_ref().map(|t| t.value.as_str()),
        Some("How long a visit lasts.\nFirst to last event.")
    );
    assert!(matches!(&d.benchmarks[0].value, BenchmarkValue::Quantiles(q) if q.len() == 2));
    assert!(matches!(d.benchmarks[1].value, BenchmarkValue::One(_)));
    assert_eq!(d.goals[0].title.as_ref().map(|t| t.value.as_str()), Some("Listeners stay"));
    let o = &d.objectives[0];
    assert!(o.metric.is_some() && o.target.is_some());
    assert_eq!((o.guardrails.len(), o.compare.len(), o.actions.len(), o.allow.len(), o.changes.len()), (2, 2, 1, 1, 1));
    assert!(o.actions[0].expect.is_some());
    assert_eq!(o.at_risk.as_ref().map(|t| t.value.as_str()), Some("30%"));
    assert_eq!(d.releases[1].at.value, "2026-11-01");
    assert_eq!(d.reports[0].sections.len(), 6);
    assert!(matches!(&d.reports[0].sections[1], SectionDef::Stage(s) if s.value == "engagement"));
}

#[test]
fn the_manifest() {
    let (m, findings) = manifest(
        "kepi: 1\nname: streamly\ntime_zone: Europe/Berlin\nweek_start: monday\nfiscal_year_start: 02-01\ncurrency: EUR\n\
         definitions: [metrics/**/*.yaml]\ndata: data\nas_of: 2026-10-01\nlints: {unowned: off}\n",
    );
    assert_eq!(findings, "");
    let m = m.expect("a manifest");
    assert_eq!(m.version.value, 1);
    assert_eq!(m.fiscal_year_start.map(|t| t.value).as_deref(), Some("02-01"));
    assert_eq!((m.definitions.len(), m.data.len(), m.lints.len()), (1, 1, 1));
}

/// A file and its findings, each with its place.
const FINDINGS: &[(&str, &str)] = &[
    (
        "metric:\n  a: count(x)\n",
        "a.yaml:1:1: error[K0104]: a definition file has no key `metric`; did you mean `metrics`? (help: its keys are `sources`, `events`, `spans`, `lookups`, `segments`, `metrics`, `benchmarks`, `goals`, `objectives`, `releases`, `reports`, `tests`)",
    ),
    (
        "metrics:\n  - a: count(x)\n",
        "a.yaml:2:3: error[K0106]: `metrics` is a map from names to definitions; found a list (help: write `metrics:` and under it, indented, `NAME: …`)",
    ),
    (
        "metrics: count(x)\n",
        "a.yaml:1:10: error[K0106]: `metrics` is a map from names to definitions; found a text (help: write `metrics:` and under it, indented, `NAME: …`)",
    ),
    ("metrics:\n", ""),
    (
        "metrics:\n  a:\n",
        "a.yaml:2:3: error[K0116]: the metric `a` is empty (help: write the definition, or take the name out)",
    ),
    (
        "metrics:\n  a: [count(x)]\n",
        "a.yaml:2:6: error[K0106]: a metric is a map of keys, or a text (its `expr`); found a list",
    ),
    (
        "metrics:\n  a: {expr: count(x), onwer: b, zzz: c}\n",
        "a.yaml:2:23: error[K0104]: a metric has no key `onwer`; did you mean `owner`? (help: its keys are `expr`, `title`, `unit`, `better`, `stage`, `value_area`, `kind`, `by`, `grain`, `owner`, `description`, `source`, `model`, `allow`)\na.yaml:2:33: error[K0104]: a metric has no key `zzz` (help: its keys are `expr`, `title`, `unit`, `better`, `stage`, `value_area`, `kind`, `by`, `grain`, `owner`, `description`, `source`, `model`, `allow`)",
    ),
    (
        "metrics:\n  a: {title: T}\n",
        "a.yaml:2:3: error[K0105]: the metric `a` has no `expr` (help: write `expr: count(EVENT)`)",
    ),
    (
        "metrics:\n  a: {exrp: count(x)}\n",
        "a.yaml:2:7: error[K0104]: a metric has no key `exrp`; did you mean `expr`? (help: its keys are `expr`, `title`, `unit`, `better`, `stage`, `value_area`, `kind`, `by`, `grain`, `owner`, `description`, `source`, `model`, `allow`)",
    ),
    (
        "metrics:\n  a-b: count(x)\n  1a: count(x)\n",
        "a.yaml:2:3: error[K0118]: `a-b` is no name: a name has letters, digits, `_` and `$`, and begins with no digit (help: write `a_b`)\na.yaml:3:3: error[K0118]: `1a` is no name: a name has letters, digits, `_` and `$`, and begins with no digit (help: write `_1a`)",
    ),
    (
        "metrics:\n  a: {expr: count(x), owner: }\n  b: {expr: \"\", title: [x]}\n",
        "a.yaml:2:23: error[K0116]: a key without a value; expected a text (help: write the value, or take the key out)\na.yaml:3:13: error[K0116]: an empty value; expected an expression (help: write the value, or take the key out)\na.yaml:3:24: error[K0106]: expected a text; found a list",
    ),
    ("sources:\n  s: data.csv\n", "a.yaml:2:6: error[K0106]: a source is a map of keys; found a text"),
    (
        "sources:\n  s: {files: a.csv}\n",
        "a.yaml:2:3: error[K0105]: the source `s` has no `time` (help: write `time: COLUMN`, or for a table without time `time: none`)",
    ),
    (
        "sources:\n  s: {files: a.csv, time: t, snapshot: yes}\n",
        "a.yaml:2:40: error[K0115]: `yes` is neither `true` nor `false` (help: write `true`)",
    ),
    (
        "sources:\n  s: {files: a.csv, time: t, columns: [a, b]}\n",
        "a.yaml:2:39: error[K0106]: columns are a map from names to types; found a list (help: write `columns:` and under it, indented, `NAME: TYPE` or `NAME: {from: …, unit: …}`)",
    ),
    (
        "sources:\n  s: {files: a.csv, time: t, columns: {a: {from: b, expr: c, typ: text}}}\n",
        "a.yaml:2:59: error[K0115]: the column `a` has both `from` and `expr`; it is either read or computed (help: take one of the two out)\na.yaml:2:62: error[K0104]: a column has no key `typ`; did you mean `type`? (help: its keys are `type`, `from`, `unit`, `expr`, `time_format`, `time_zone`)",
    ),
    (
        "sources:\n  s: {files: a.csv, time: t, links: [a]}\n",
        "a.yaml:2:37: error[K0106]: expected a map of links (`{listing: listing_id -> listings}`); found a list",
    ),
    (
        "lookups:\n  l: {files: a.csv}\n",
        "a.yaml:2:3: error[K0105]: the lookup `l` has no `key` (help: write `key: COLUMN`)",
    ),
    (
        "lookups:\n  l: {files: a.csv, key: k, valid: [a]}\n",
        "a.yaml:2:36: error[K0106]: `valid` is two columns, found 1 (help: write `valid: [FROM, TO]`: when a row begins to hold, and when it ends)",
    ),
    (
        "experiments:\ntests: {}\n",
        "a.yaml:1:1: error[K0114]: the section `experiments` is not supported yet in this version of kepi (help: take it out for now)",
    ),
    (
        "benchmarks:\n  b: {metric: m, value: {}}\n",
        "a.yaml:2:25: error[K0116]: no quantiles between the braces (help: write `{p50: …}`, or one value)",
    ),
    ("benchmarks:\n  b: 5 minutes\n", "a.yaml:2:6: error[K0106]: a benchmark is a map of keys; found a text"),
    ("objectives:\n  o: reach 5\n", "a.yaml:2:6: error[K0106]: an objective is a map of keys; found a text"),
    (
        "objectives:\n  o:\n    actions:\n      - Ship it\n      - {owner: x}\n",
        "a.yaml:4:9: error[K0106]: an action is a map of keys; found a text\na.yaml:5:10: error[K0105]: the action has no `do` (help: write `do: …`)",
    ),
    (
        "objectives:\n  o:\n    guardrails:\n      - {crash_rate: 1%}\n",
        "a.yaml:4:9: error[K0106]: expected a guardrail (`crash_rate <= 1%`); found a map",
    ),
    (
        "objectives:\n  o: {allow: [a, {b: }, {c: fine}]}\n",
        "a.yaml:2:15: error[K0119]: `a` is allowed without a reason (help: write `a: why it is fine here`)\na.yaml:2:19: error[K0119]: `b` is allowed without a reason (help: write `b: why it is fine here`)",
    ),
    (
        "objectives:\n  o: {thresholds: 70%}\n",
        "a.yaml:2:19: error[K0106]: expected a map (`{on_track: 70%, at_risk: 30%}`); found a text",
    ),
    (
        "objectives:\n  o: {latch: maybe}\n",
        "a.yaml:2:14: error[K0115]: `maybe` is neither `true` nor `false` (help: write `true` or `false`)",
    ),
    (
        "reports:\n  r: {sections: [objectivs, plays, {stage: a, metric: b}, {}, {release: r, window: 2}, experiments]}\n",
        "a.yaml:2:18: error[K0115]: a report has no section `objectivs`; did you mean `objectives`? (help: a section is `objectives`, `metrics`, `benchmarks`, `{stage: NAME}`, `{metric: NAME}` or `{objective: NAME}`)\na.yaml:2:29: error[K0115]: a report has no section `plays` (help: a section is `objectives`, `metrics`, `benchmarks`, `{stage: NAME}`, `{metric: NAME}` or `{objective: NAME}`)\na.yaml:2:36: error[K0106]: a section shows one thing (help: a section is `objectives`, `metrics`, `benchmarks`, `{stage: NAME}`, `{metric: NAME}` or `{objective: NAME}`)\na.yaml:2:59: error[K0106]: a section shows one thing (help: a section is `objectives`, `metrics`, `benchmarks`, `{stage: NAME}`, `{metric: NAME}` or `{objective: NAME}`)\na.yaml:2:64: error[K0114]: `release` of a section is not supported yet in this version of kepi (help: take it out for now)\na.yaml:2:88: error[K0114]: the section `experiments` is not supported yet in this version of kepi (help: take it out for now)",
    ),
    (
        "reports:\n  r: {title: T}\n",
        "a.yaml:2:3: error[K0105]: the report `r` has no `sections` (help: write `sections: [objectives, metrics]`)",
    ),
    (
        "releases:\n  r: {title: T}\n",
        "a.yaml:2:3: error[K0105]: the release `r` has no `at` (help: write `at: 2026-10-02`)",
    ),
    (
        "[]\n",
        "a.yaml:1:1: error[K0106]: a definition file is a map of sections (`metrics:`, `sources:`, …); found a list",
    ),
    (
        "text\n",
        "a.yaml:1:1: error[K0106]: a definition file is a map of sections (`metrics:`, `sources:`, …); found a text",
    ),
    (
        "null\n",
        "a.yaml:1:1: error[K0106]: a definition file is a map of sections (`metrics:`, `sources:`, …); found a text",
    ),
    (
        "metrics: {a: count(x), a: count(y)}\nmetrics: {}\n",
        "a.yaml:1:24: error[K0103]: the key `a` is here twice (help: rename one of the two, or take it out)\na.yaml:2:1: error[K0103]: the key `metrics` is here twice (help: rename one of the two, or take it out)",
    ),
];

#[test]
fn one_finding_for_one_mistake() {
    for (text, expected) in FINDINGS {
        assert_eq!(document(text).1, *expected, "{text}");
    }
}

#[test]
fn what_is_broken_leaves_its_name() {
    let text = "metrics:\n  a: {expr: percentile(x, 95)}\n  b: count(x)\n  c:\n    expr: count(x)\n    title: \"x\" y\n  d: count(x)\nobjectives:\n  o: {title: T, due: [x]}\nmetric: {e: count(x)}\nsegments: [{f: true}]\n";
    let (d, _) = document(text);
    assert_eq!(d.broken.iter().map(|n| n.value.as_str()).collect::<Vec<_>>(), ["f", "a", "c", "o", "e"]);
    assert_eq!(d.metrics.iter().map(|m| m.name.value.as_str()).collect::<Vec<_>>(), ["b", "d"]);
}

#[test]
fn many_files_are_read_in_their_order() {
    let mut sources = SourceMap::new();
    let files: Vec<_> =
        (0..40).map(|i| sources.add(format!("{i}.yaml"), format!("{EVERYTHING}\nunknown_{i}: x\n"))).collect();
    let read = parse_documents(&sources, &files);
    assert_eq!(read.iter().map(|(d, _)| d.file).collect::<Vec<_>>(), files);
    for (file, (_, findings)) in files.iter().zip(&read) {
        assert_eq!(findings, &parse_document(&sources, *file).1);
        assert_eq!(findings.len(), 1);
    }
    assert!(parse_documents(&sources, &[]).is_empty());
}
