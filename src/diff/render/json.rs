//! For programs.

use serde_json::{Map, Value as Json, json};

use crate::diff::render::way;
use crate::diff::{Change, Diff, Goalpost, Judged, Moved, Numbers, Part, Standing};
use crate::report::NumberFormat;
use crate::report::render::json::scalar;
use crate::source::{SourceMap, Span};

/// The version of the schema: raised when a key changes its meaning or goes away, not when one is added.
const VERSION: u32 = 1;

pub(super) fn document(diff: &Diff, map: &SourceMap) -> String {
    let moved: Vec<Json> = diff
        .moved_by_data()
        .map(|n| json!({"kind": "metric", "name": n.metric, "because": ["source files"], "unit": unit(&n.format), "same": n.same, "values": n.values.iter().map(value).collect::<Vec<_>>()}))
        .collect();
    let document = json!({
        "kepi": VERSION,
        "project": diff.project,
        "base": diff.base,
        "head": diff.head,
        "as_of": diff.as_of.map(|t| t.to_string()),
        "changes": diff.changes.iter().map(|c| change(c, diff.numbers_of(c), map)).collect::<Vec<_>>(),
        "moved": moved,
        "objectives": diff.objectives.iter().map(objective).collect::<Vec<_>>(),
        "goalposts": diff.goalposts.iter().map(|g| goalpost(g, map)).collect::<Vec<_>>(),
        "data": diff.data,
        "notes": diff.notes,
    });
    format!("{document:#}\n")
}

fn change(c: &Change, numbers: Option<&Numbers>, map: &SourceMap) -> Json {
    let mut out = json!({
        "kind": c.key.kind.as_str(),
        "name": c.key.name,
        "change": c.how.as_str(),
        "class": c.class.as_str(),
        "was": c.was,
        "parts": c.parts.iter().map(part).collect::<Vec<_>>(),
        "because": c.because.iter().map(|w| way(w)).collect::<Vec<_>>(),
        "values": numbers.map(|n| n.values.iter().map(value).collect::<Vec<_>>()).unwrap_or_default(),
    });
    if let (Some(out), Some(numbers)) = (out.as_object_mut(), numbers) {
        out.insert("unit".to_owned(), unit(&numbers.format));
        out.insert("same".to_owned(), numbers.same.into());
    }
    place(&mut out, c.span, map);
    out
}

fn place(out: &mut Json, span: Option<Span>, map: &SourceMap) {
    let Some(out) = out.as_object_mut() else { return };
    out.insert("path".to_owned(), span.map_or(Json::Null, |s| map.file(s.file).path.clone().into()));
    out.insert("line".to_owned(), span.map_or(Json::Null, |s| map.position(s).line.into()));
}

fn part(p: &Part) -> Json {
    json!({"part": p.label, "class": p.class.as_str(), "old": p.old, "new": p.new})
}

fn unit(format: &NumberFormat) -> Json {
    if format.percent {
        "ratio".into()
    } else if format.unit.is_empty() {
        Json::Null
    } else {
        format.unit.clone().into()
    }
}

fn value(m: &Moved) -> Json {
    let only = match (&m.old, &m.new) {
        (None, _) => "head".into(),
        (_, None) => "base".into(),
        _ => Json::Null,
    };
    json!({
        "period": m.period,
        "start": if m.start == jiff::Timestamp::MIN { Json::Null } else { m.start.to_string().into() },
        "by": m.by.iter().map(|(name, value)| (name.clone(), scalar(value))).collect::<Map<_, _>>(),
        "old": m.old.as_ref().map_or(Json::Null, scalar),
        "new": m.new.as_ref().map_or(Json::Null, scalar),
        "difference": number(m.difference),
        "relative": number(m.relative),
        "only": only,
        "because": m.causes.iter().map(|(cause, adds)| json!({"cause": cause.as_str(), "difference": number(*adds)})).collect::<Vec<_>>(),
        "complete": m.complete,
    })
}

fn number(value: Option<f64>) -> Json {
    value.and_then(serde_json::Number::from_f64).map_or(Json::Null, Json::Number)
}

fn objective(o: &Judged) -> Json {
    json!({
        "name": o.name,
        "title": o.title,
        "flipped": o.flipped,
        "because": o.causes.iter().map(|c| c.as_str()).collect::<Vec<_>>(),
        "old": o.old.as_ref().map(standing),
        "new": o.new.as_ref().map(standing),
    })
}

fn standing(s: &Standing) -> Json {
    json!({"status": s.status.as_str(), "reason": s.reason, "value": number(s.value), "target": s.target})
}

fn goalpost(g: &Goalpost, map: &SourceMap) -> Json {
    let mut out = json!({
        "objective": g.objective,
        "title": g.title,
        "removed": g.removed,
        "parts": g.parts.iter().map(|p| json!({"part": p.label, "old": p.old, "new": p.new})).collect::<Vec<_>>(),
        "says": g.says,
        "reason": g.reason,
    });
    place(&mut out, g.span, map);
    out
}
