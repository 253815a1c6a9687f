//! JSON Schema of what can be written, for editors: keys, their shapes, words and meanings, from one table ([`KINDS`]).
//!
//! The decoder reads keys by name, the table lists them; that neither knows more than the other is tested (`tests/golden/schema.rs`).
//! Expressions, names and units are texts here: what is in them is the checker's business.

mod aims;
mod data;
mod kind;
mod measures;
mod project;

use serde_json::{Map, Value, json};

pub use crate::schema::kind::{Key, Kind, Shape};
pub use crate::schema::project::{FILE, MANIFEST};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Every kind of map, in the order of the language reference: the manifest and the definition file first.
pub const KINDS: &[&Kind] = &[
    &MANIFEST,
    &FILE,
    &data::SOURCE,
    &data::COLUMN,
    &data::LOOKUP,
    &measures::EVENT,
    &measures::SPANS,
    &measures::SEGMENT,
    &measures::METRIC,
    &aims::BENCHMARK,
    &aims::GOAL,
    &aims::OBJECTIVE,
    &aims::THRESHOLDS,
    &aims::ACTION,
    &aims::CHANGE,
    &project::RELEASE,
    &project::REPORT,
    &project::SECTION,
    &project::TEST,
];

/// The schema of definition files.
pub fn definitions() -> Value {
    whole(&FILE, "kepi definitions")
}

/// The schema of `kepi.yaml`.
pub fn manifest() -> Value {
    whole(&MANIFEST, "kepi manifest")
}

fn whole(root: &'static Kind, title: &str) -> Value {
    let mut kinds: Vec<&'static Kind> = Vec::new();
    reach(root, &mut kinds);
    let mut defs = Map::new();
    let shapes = kinds.iter().chain([&root]).flat_map(|kind| kind.keys).map(|key| key.shape);
    let shared: Vec<Shape> = shapes.collect();
    if shared.iter().any(|s| matches!(s, Shape::Expected)) {
        defs.insert("value".to_owned(), json!({"type": ["string", "number", "boolean", "null"]}));
        defs.insert("expected".to_owned(), expected());
    }
    for kind in kinds {
        defs.insert(kind.word.replace(' ', "_"), definition(kind));
    }
    let mut out = json!({"$schema": DRAFT, "title": title});
    if let (Some(out), Value::Object(map)) = (out.as_object_mut(), map(root)) {
        out.extend(map);
        if !defs.is_empty() {
            out.insert("$defs".to_owned(), Value::Object(defs));
        }
    }
    out
}

/// The kinds that a kind's keys lead to.
fn reach(kind: &'static Kind, found: &mut Vec<&'static Kind>) {
    for inner in kind.keys.iter().filter_map(|key| key.shape.kind()) {
        if !found.iter().any(|known| known.word == inner.word) {
            found.push(inner);
            reach(inner, found);
        }
    }
}

/// A map, or the one text that stands for it.
fn definition(kind: &Kind) -> Value {
    let main = kind.main.and_then(|main| kind.keys.iter().find(|key| key.name == main));
    let map = map(kind);
    match main {
        Some(main) => json!({"anyOf": [value(main), map]}),
        None if kind.word == project::SECTION.word => json!({"anyOf": [words(project::SECTIONS), map]}),
        None => map,
    }
}

fn map(kind: &Kind) -> Value {
    let mut out = Map::new();
    out.insert("description".to_owned(), json!(kind.what));
    out.insert("type".to_owned(), json!("object"));
    let properties: Map<String, Value> = kind.keys.iter().map(|key| (key.name.to_owned(), value(key))).collect();
    out.insert("properties".to_owned(), Value::Object(properties));
    out.insert("additionalProperties".to_owned(), json!(false));
    let required: Vec<&str> = kind.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if !required.is_empty() {
        out.insert("required".to_owned(), json!(required));
    }
    if kind.word == project::SECTION.word {
        out.insert("minProperties".to_owned(), json!(1));
        out.insert("maxProperties".to_owned(), json!(1));
    }
    let groups = kind.either.iter().map(|group| {
        let each: Vec<Value> = group.iter().map(|name| json!({"required": [name]})).collect();
        json!({"anyOf": each})
    });
    let groups: Vec<Value> = groups.collect();
    if !groups.is_empty() {
        out.insert("allOf".to_owned(), Value::Array(groups));
    }
    Value::Object(out)
}

/// What may stand under a key.
fn value(key: &Key) -> Value {
    let mut out = json!({"description": key.what});
    if let (Some(out), Value::Object(shape)) = (out.as_object_mut(), shape(key.shape)) {
        out.extend(shape);
        if let Some(default) = key.default {
            out.insert("default".to_owned(), json!(default));
        }
        if let Ok(example) = serde_yaml::from_str::<Value>(key.example)
            && !matches!(key.shape, Shape::Sections(_))
        {
            out.insert("examples".to_owned(), json!([example]));
        }
    }
    out
}

fn shape(shape: Shape) -> Value {
    let text = || json!({"type": ["string", "number", "boolean"]});
    let texts = || json!({"anyOf": [text(), {"type": "array", "items": text()}]});
    match shape {
        Shape::Version => json!({"enum": [1, "1"]}),
        Shape::Text => text(),
        Shape::Texts => texts(),
        Shape::Columns => {
            json!({"anyOf": [text(), {"type": "array", "items": text(), "minItems": 1, "uniqueItems": true}]})
        }
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Word(all) => words(all),
        Shape::Suggested(all) => json!({"anyOf": [words(all), text()]}),
        Shape::Pair => json!({"type": "array", "items": text(), "minItems": 2, "maxItems": 2}),
        Shape::TextMap => json!({"type": "object", "additionalProperties": text()}),
        Shape::TextOrMap => {
            json!({"anyOf": [text(), {"type": "object", "additionalProperties": text(), "minProperties": 1}]})
        }
        Shape::Levels => {
            let levels = words(&["off", "info", "warn", "error"]);
            json!({"type": "object", "properties": lints(&levels), "patternProperties": {"^[Kk][0-9]{4}$": levels}, "additionalProperties": false})
        }
        Shape::Allowed => {
            let reason = text();
            let map = json!({"type": "object", "properties": lints(&reason), "patternProperties": {"^[Kk][0-9]{4}$": reason}, "additionalProperties": false});
            json!({"anyOf": [map, {"type": "array", "items": map}]})
        }
        Shape::Sections(kind) => json!({"type": ["object", "null"], "additionalProperties": reference(kind)}),
        Shape::Map(kind) => json!({"type": "object", "additionalProperties": reference(kind)}),
        Shape::One(kind) => reference(kind),
        Shape::Many(kind) => json!({"anyOf": [reference(kind), {"type": "array", "items": reference(kind)}]}),
        Shape::Given => {
            let row =
                json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}});
            json!({"type": "object", "additionalProperties": {"anyOf": [text(), {"type": "array", "items": row}]}})
        }
        Shape::Expected => json!({"type": "object", "additionalProperties": {"$ref": "#/$defs/expected"}}),
    }
}

fn words(all: &[&str]) -> Value {
    json!({"enum": all})
}

fn reference(kind: &Kind) -> Value {
    json!({"$ref": format!("#/$defs/{}", kind.word.replace(' ', "_"))})
}

/// A value, values by period and part, or rows.
fn expected() -> Value {
    let value = json!({"$ref": "#/$defs/value"});
    json!({"anyOf": [
        value,
        {"type": "object", "additionalProperties": {"$ref": "#/$defs/expected"}},
        {"type": "array", "items": {"type": "object", "additionalProperties": value}},
    ]})
}

/// A property for each lint, described by what it finds.
fn lints(value: &Value) -> Map<String, Value> {
    let entries = crate::diag::lint::LINTS.iter().map(|(name, code)| {
        let mut out = json!({"description": format!("{code}: {}", code.summary())});
        if let (Some(out), Some(value)) = (out.as_object_mut(), value.as_object()) {
            out.extend(value.clone());
        }
        ((*name).to_owned(), out)
    });
    entries.collect()
}
