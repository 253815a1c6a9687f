//! A profile for programs: JSON, whose form is `docs/profile-json.md`.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::profile::draft::Table;
use crate::profile::guess::{Role, Written, unit};
use crate::profile::{Column, Count, QUANTILES, TimeGrain, Times};
use crate::report::render::json::scalar;

/// The version of the form.
const VERSION: u32 = 1;

/// All tables, and the definitions that were made of them.
pub fn json(tables: &[Table], definitions: &str) -> String {
    let document = json!({
        "kepi": 1,
        "profile": VERSION,
        "tables": tables.iter().map(table).collect::<Vec<_>>(),
        "definitions": definitions,
    });
    format!("{document:#}\n")
}

fn table(table: &Table) -> Json {
    let (profile, guess) = (table.profile, table.guess);
    let files: Vec<Json> =
        profile.files.iter().map(|f| json!({"path": f.path, "rows": f.rows, "bytes": f.bytes})).collect();
    let clock = guess.clock.as_ref().map(|clock| {
        let format = match &clock.written {
            Written::Plain => Json::Null,
            Written::Epoch(unit) => Json::from(*unit),
            Written::Pattern(pattern, _) => Json::from(pattern.as_str()),
        };
        json!({
            "column": clock.role.column,
            "why": clock.role.why,
            "time_format": format,
            "naive": clock.naive,
            "coverage": table.times.map(times),
        })
    });
    json!({
        "name": profile.name,
        "patterns": profile.patterns,
        "format": profile.format,
        "decimal": profile.comma.as_ref().map(|_| ","),
        "thousands": profile.comma.as_ref().filter(|comma| comma.thousands).map(|_| "."),
        "files": files,
        "rows": profile.rows,
        "rows_unreadable": profile.bad,
        "unreadable": profile
            .rejected
            .iter()
            .map(|row| json!({"file": row.file, "line": row.line, "why": row.why}))
            .collect::<Vec<_>>(),
        "rows_seen": profile.seen,
        "step": profile.step,
        "copies": count(profile.copies()),
        "time": clock,
        "actor": role(guess.actor.as_ref()),
        "actor_within": role(guess.within.as_ref()),
        "key": role(guess.key.as_ref()),
        "event": role(guess.event.as_ref()),
        "columns": profile.columns.iter().map(column).collect::<Vec<_>>(),
        "unusable": profile.unusable.iter().map(|(name, ty)| json!({"name": name, "type": ty})).collect::<Vec<_>>(),
    })
}

fn role(role: Option<&Role>) -> Json {
    role.map_or(Json::Null, |role| json!({"column": role.column, "why": role.why}))
}

fn count(count: Count) -> Json {
    json!({"value": count.value, "about": count.about})
}

fn column(column: &Column) -> Json {
    let numbers = column.numbers.as_ref().map(|numbers| {
        let quantiles: serde_json::Map<String, Json> =
            QUANTILES.iter().zip(numbers.quantiles).map(|(q, value)| (format!("p{q}"), Json::from(value))).collect();
        let histogram = &numbers.histogram;
        json!({
            "mean": numbers.mean,
            "quantiles": quantiles,
            "about": numbers.about,
            "negative": numbers.negative,
            "zero": numbers.zero,
            "whole": numbers.whole,
            "histogram": {
                "from": histogram.from,
                "to": histogram.to,
                "counts": histogram.counts,
                "below": histogram.below,
                "above": histogram.above,
            },
        })
    });
    let suspicions: Vec<Json> = column
        .suspicions
        .iter()
        .map(|s| json!({"kind": s.kind.word(), "rows": s.rows, "about": s.about, "examples": s.examples}))
        .collect();
    let guessed = unit(column).map(|guess| json!({"unit": guess.unit, "why": guess.why}));
    json!({
        "name": column.name,
        "type": column.ty.map(|ty| ty.word().unwrap_or("null")),
        "naive": column.naive,
        "physical": column.physical,
        "note": column.note,
        "nulls": column.nulls,
        "blanks": column.blanks,
        "empty": column.empty,
        "distinct": count(column.distinct),
        "min": scalar(&column.min),
        "max": scalar(&column.max),
        "top": column.top.iter().map(|(value, n)| json!({"value": scalar(value), "rows": n})).collect::<Vec<_>>(),
        "top_about": column.top_about,
        "numbers": numbers,
        "coverage": column.times.as_ref().map(times),
        "lengths": column.lengths.map(|(from, to)| json!({"from": from, "to": to})),
        "time_patterns": column.time_patterns,
        "unit": guessed,
        "suspicious": suspicions,
    })
}

fn times(times: &Times) -> Json {
    let (unit, step) = match times.grain {
        TimeGrain::Hours(n) => ("hour", n),
        TimeGrain::Days(n) => ("day", n),
    };
    let day = |days: i64| {
        let at = Timestamp::from_second(days.saturating_mul(86_400));
        at.map_or(Json::Null, |at| Json::from(at.strftime("%Y-%m-%d").to_string()))
    };
    json!({
        "first": times.first.to_string(),
        "last": times.last.to_string(),
        "days": times.days,
        "span_days": times.span_days,
        "gaps": times.gap_count,
        "longest_gaps": times.gaps.iter().map(|(a, b)| json!({"from": day(*a), "to": day(*b)})).collect::<Vec<_>>(),
        "step": {"unit": unit, "count": step},
        "counts": times.counts,
        "unreadable": times.unreadable,
    })
}
