//! The report for programs. `docs/report-json.md` describes every key.

mod figure;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::diag;
use crate::ir::{Approximation, Sketch};
use crate::report::{
    Action, Benchmark, Check, Compared, GuardrailView, Known, Letter, Measured, Metric, NumberFormat, Objective, Point,
    Projection, Range, Report,
};
use crate::results::{Ledger, LookupUse, Rejected};
use crate::source::SourceMap;
use crate::value::Value;

/// The version of the schema: raised when a key changes its meaning or goes away, not when one is added.
const VERSION: u32 = 1;

pub fn document(report: &Report, map: &SourceMap) -> String {
    let p = &report.provenance;
    let document = json!({
        "kepi": VERSION,
        "project": report.project,
        "title": report.title,
        "as_of": time(Some(report.as_of)),
        "time_zone": report.time_zone,
        "objectives": report.objectives.iter().map(|o| objective(o, report)).collect::<Vec<_>>(),
        "metrics": report.metrics.iter().map(metric).collect::<Vec<_>>(),
        "benchmarks": report.benchmarks.iter().map(benchmark).collect::<Vec<_>>(),
        "releases": report.releases.iter().map(|r| json!({"name": r.name, "title": r.title, "at": time(Some(r.at))})).collect::<Vec<_>>(),
        "findings": diag::json::findings(&report.findings, map),
        "ledger": report.ledgers.iter().map(ledger).collect::<Vec<_>>(),
        "lookups": report.lookups.iter().map(lookup).collect::<Vec<_>>(),
        "provenance": {
            "definitions": p.definition_hash,
            "data": p.data_fingerprint,
            "version": p.kepi_version,
            "commit": p.commit,
            "run_at": p.run_at,
        },
    });
    format!("{document:#}\n")
}

fn time(at: Option<Timestamp>) -> Json {
    at.map_or(Json::Null, |t| t.to_string().into())
}

/// A number that JSON has; what is not finite is null.
fn number(value: Option<f64>) -> Json {
    value.and_then(serde_json::Number::from_f64).map_or(Json::Null, Json::Number)
}

/// A value of a row: a decimal stays exact as a string.
pub fn scalar(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(n) => i64::try_from(*n).map_or_else(|_| n.to_string().into(), Into::into),
        Value::Float(r) => number(Some(r.get())),
        other => other.to_string().into(),
    }
}

fn unit(f: &NumberFormat) -> Json {
    if f.percent {
        "ratio".into()
    } else if f.unit.is_empty() {
        Json::Null
    } else {
        f.unit.clone().into()
    }
}

fn objective(o: &Objective, report: &Report) -> Json {
    let shown = json!({
        "name": o.name,
        "title": o.title,
        "metric": o.metric,
        "formula": o.formula,
        "unit": unit(&o.format),
        "owner": o.owner,
        "population": o.population,
        "supports": o.supports,
        "because": o.because,
        "status": o.status.as_str(),
        "status_reason": o.status_reason,
        "thresholds": o.thresholds,
        "score": number(o.score),
        "progress": number(o.progress),
        "baseline": o.baseline.as_ref().map_or(Json::Null, measured),
        "target": {
            "text": o.target.text,
            "original": o.target.original,
            "value": number(o.target.value),
            "upper": number(o.target.upper),
            "maintain": o.target.maintain,
            "higher_is_better": o.higher_is_better,
        },
        "actual": measured(&o.actual),
        "start": time(o.start),
        "due": time(o.due),
        "due_label": o.due_label,
        "elapsed": number(o.elapsed),
        "expected": number(o.expected),
        "pace": number(o.pace),
        "on_this_pace": number(o.on_this_pace),
        "required_rate": number(o.required_rate),
        "observed_rate": number(o.observed_rate),
        "required_percentile": number(o.required_percentile),
        "periods_left": o.periods_left,
        "to_date": o.to_date.as_ref().map_or(Json::Null, measured),
        "projection": o.projection.as_ref().map_or(Json::Null, projection),
        "probabilities": o.probabilities.iter().map(|p| json!({"method": p.method, "value": number(Some(p.value)), "n": p.n})).collect::<Vec<_>>(),
        "smart": o.smart.iter().map(|l| (l.letter.to_string(), letter(l))).collect::<Map<_, _>>(),
        "guardrails": o.guardrails.iter().map(guardrail).collect::<Vec<_>>(),
        "compare": o.compare.iter().map(|c| compared(c, report)).collect::<Vec<_>>(),
        "actions": o.actions.iter().map(action).collect::<Vec<_>>(),
        "changes": o.changes,
        "series": points(&o.series),
        "trailing": points(&o.trailing),
    });
    with_approximation(shown, &o.approximation)
}

fn measured(m: &Measured) -> Json {
    json!({
        "value": number(m.value),
        "exact": scalar(&m.exact),
        "window": m.window,
        "start": time(m.start),
        "end": time(m.end),
        "n": m.n,
        "interval": m.interval.as_ref().map_or(Json::Null, range),
        "note": m.note,
    })
}

fn range(r: &Range) -> Json {
    json!({"low": number(Some(r.low)), "high": number(Some(r.high)), "level": number(Some(r.level)), "method": r.method})
}

fn projection(p: &Projection) -> Json {
    let path = p.path.iter().map(|q| {
        json!({"at": time(Some(q.at)), "median": number(Some(q.median)), "low": number(Some(q.low)), "high": number(Some(q.high))})
    });
    json!({"value": number(Some(p.value)), "interval": range(&p.interval), "path": path.collect::<Vec<_>>()})
}

fn letter(l: &Letter) -> Json {
    json!({"name": l.name, "status": l.status.as_str(), "checks": l.checks.iter().map(check).collect::<Vec<_>>()})
}

fn check(c: &Check) -> Json {
    json!({"id": c.id, "code": c.code.as_str(), "status": c.status.as_str(), "evidence": c.evidence})
}

fn guardrail(g: &GuardrailView) -> Json {
    let shown = json!({
        "text": g.text,
        "metric": g.metric,
        "value": number(g.value),
        "bound": number(g.bound),
        "holds": g.holds,
        "window": g.window,
    });
    with_approximation(shown, &g.approximation)
}

fn compared(c: &Compared, report: &Report) -> Json {
    json!({"benchmark": report.benchmarks.get(c.benchmark).map(|b| &b.name), "text": c.text})
}

fn action(a: &Action) -> Json {
    json!({
        "do": a.what,
        "owner": a.owner,
        "due": a.due.map(|d| d.to_string()),
        "expect": a.expect,
        "status": a.status,
        "overdue": a.overdue,
    })
}

fn points(series: &[Point]) -> Json {
    series
        .iter()
        .map(|p| {
            json!({"period": p.label, "start": time(Some(p.start)), "end": time(Some(p.end)), "value": number(p.value), "complete": p.complete})
        })
        .collect()
}

fn metric(m: &Metric) -> Json {
    let breakdowns = m.breakdowns.iter().map(|b| {
        let rows = b.rows.iter().map(|r| {
            let row = json!({"by": scalar(&r.value), "value": number(r.number)});
            with_interval(row, r.known.as_ref())
        });
        json!({"by": b.dimension, "period": b.period, "rows": rows.collect::<Vec<_>>(), "more": b.more})
    });
    let shown = json!({
        "name": m.name,
        "title": m.title,
        "stage": m.stage,
        "owner": m.owner,
        "model": m.model,
        "formula": m.formula,
        "hash": m.hash,
        "unit": unit(&m.format),
        "grain": m.grain,
        "latest": m.latest.as_ref().map_or(Json::Null, |p| points(std::slice::from_ref(p))[0].clone()),
        "change_previous": number(m.change_previous),
        "change_year": number(m.change_year),
        "series": points(&m.series),
        "breakdowns": breakdowns.collect::<Vec<_>>(),
        "cell": m.cell,
        "figure": m.figure.as_ref().map_or(Json::Null, figure::figure),
    });
    with_approximation(with_interval(shown, m.known.as_ref()), &m.approximation)
}

/// Of what is not exact: by the function of each sketch, how far its number may be off.
pub fn with_approximation(mut shown: Json, approximation: &Approximation) -> Json {
    if !approximation.is_exact() {
        let sketch = |s: Sketch| json!({"function": s.function(), "error": s.error(), "kind": s.kind(), "exact_to": s.exact_to()});
        shown["approximate"] = approximation.sketches().map(sketch).collect();
    }
    shown
}

/// Of what people answered.
fn with_interval(mut shown: Json, known: Option<&Known>) -> Json {
    if let (Some(known), Some(map)) = (known, shown.as_object_mut()) {
        let Range { low, high, level, method } = &known.interval;
        let interval = json!({"low": low, "high": high, "level": level, "method": method, "n": known.n});
        map.insert("interval".to_owned(), interval);
    }
    shown
}

fn benchmark(b: &Benchmark) -> Json {
    let values = b.values.iter().map(|(label, v)| {
        let label = if label.is_empty() { "value" } else { label };
        (label.to_string(), number(*v))
    });
    let shown = json!({
        "name": b.name,
        "title": b.title,
        "metric": b.metric,
        "kind": b.kind,
        "unit": unit(&b.format),
        "values": values.collect::<Map<_, _>>(),
        "window": b.window,
        "source": b.source,
        "as_of": b.as_of.map(|d| d.to_string()),
        "expires": b.expires.map(|d| d.to_string()),
        "age_days": b.age_days,
        "stale": b.stale,
        "actual": number(b.actual),
    });
    with_approximation(shown, &b.approximation)
}

/// The row ledger as `query` and the report write it.
pub fn ledger(l: &Ledger) -> Json {
    json!({
        "source": l.name,
        "files": l.files,
        "bytes": l.bytes,
        "fingerprint": l.fingerprint,
        "read": l.read,
        "unparsable": l.unparsable,
        "no_time": l.no_time,
        "out_of_scope": l.out_of_scope,
        "duplicates": l.duplicates,
        "outside": l.outside,
        "used": l.used,
        "of_which": {
            "differing": l.differing,
            "unclaimed": l.unclaimed,
            "no_actor": l.no_actor,
            "unknown": l.unknown,
            "moved": l.moved,
            "null_values": l.null_values,
        },
        "first": time(l.first),
        "watermark": time(l.watermark),
        "complete_until": time(l.complete_until),
        "rejected": rejected(&l.rejected),
    })
}

/// How a lookup was used over one link.
pub fn lookup(l: &LookupUse) -> Json {
    json!({
        "lookup": l.name,
        "link": l.link,
        "rows": l.rows,
        "unparsable": l.unparsable,
        "rejected": rejected(&l.rejected),
        "ties": l.ties,
        "fingerprint": l.fingerprint,
        "missing": l.missing,
    })
}

fn rejected(rows: &[Rejected]) -> Json {
    rows.iter().map(|r| json!({"file": r.file, "line": r.line, "why": r.why})).collect()
}
