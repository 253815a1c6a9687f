//! The JSON Schema and the decoder know the same keys, ask for the same ones, and refuse the same.

use std::collections::BTreeSet;
use std::fs;

use kepi_lang::diag::Code;
use kepi_lang::schema::{self, KINDS, Key, Kind};
use kepi_lang::source::SourceMap;
use kepi_lang::{check, resolve, syntax};
use serde_json::{Map, Value};

use crate::golden::{case, fmt, validator};

/// A file in which a map of the kind has this body.
fn file(kind: &Kind, body: &str) -> String {
    match kind.word {
        "manifest" | "definition file" => body.to_owned(),
        "column" => format!("{{sources: {{x: {{files: a, time: t, columns: {{c: {body}}}}}}}}}"),
        "action" => {
            format!("{{objectives: {{x: {{metric: m, target: reach 1, due: 2026, owner: o, actions: [{body}]}}}}}}")
        }
        "change" => {
            format!("{{objectives: {{x: {{metric: m, target: reach 1, due: 2026, owner: o, changes: [{body}]}}}}}}")
        }
        "map of thresholds" => {
            format!("{{objectives: {{x: {{metric: m, target: reach 1, due: 2026, owner: o, thresholds: {body}}}}}}}")
        }
        "section" => format!("{{reports: {{x: {{sections: [{body}]}}}}}}"),
        word => format!("{{{word}s: {{x: {body}}}}}"),
    }
}

/// The codes of what a file's decoding finds.
fn found(kind: &Kind, text: &str) -> Vec<Code> {
    let mut map = SourceMap::new();
    let file = map.add("t.yaml", text);
    let findings = match kind.word {
        "manifest" => syntax::parse_manifest(&map, file).1,
        _ => syntax::parse_document(&map, file).1,
    };
    findings.iter().map(|f| f.code).collect()
}

/// As `found`, and what checking finds.
fn refused(kind: &Kind, text: &str) -> bool {
    if !found(kind, text).is_empty() {
        return true;
    }
    let mut map = SourceMap::new();
    let manifest = map.add("kepi.yaml", "kepi: 1\n");
    let (manifest, _) = syntax::parse_manifest(&map, manifest);
    let file = map.add("t.yaml", text);
    let (project, _) = resolve::resolve(manifest.unwrap(), vec![syntax::parse_document(&map, file).0]);
    let codes: Vec<Code> = check::check(project, None).diagnostics.iter().map(|d| d.code).collect();
    [Code::NoMetric, Code::NoTarget, Code::NoDue, Code::NoOwner].iter().any(|code| codes.contains(code))
}

fn json(yaml: serde_yaml::Value) -> Value {
    match yaml {
        serde_yaml::Value::Mapping(map) => {
            let text = |key: serde_yaml::Value| match key {
                serde_yaml::Value::String(text) => text,
                other => serde_yaml::to_string(&other).unwrap().trim().to_owned(),
            };
            Value::Object(map.into_iter().map(|(key, value)| (text(key), json(value))).collect::<Map<_, _>>())
        }
        serde_yaml::Value::Sequence(items) => Value::Array(items.into_iter().map(json).collect()),
        other => serde_json::to_value(other).unwrap(),
    }
}

fn errors(schema: &Value, text: &str) -> Vec<String> {
    match json(serde_yaml::from_str(text).unwrap_or_else(|e| panic!("{e}:\n{text}"))) {
        // A file without definitions, or of comments alone.
        Value::Null => Vec::new(),
        document => validator::errors(schema, &document),
    }
}

fn schema_of(kind: &Kind) -> Value {
    if kind.word == "manifest" { schema::manifest() } else { schema::definitions() }
}

fn entry(key: &Key) -> String {
    format!("{}: {}", key.name, key.example)
}

/// Bodies with the keys that must be there, in each way that the alternatives allow, and with this one; without one of them.
fn bodies(kind: &Kind, with: Option<&Key>, without: Option<&Key>) -> Vec<String> {
    let named = |name: &str| kind.keys.iter().find(|k| k.name == name).unwrap();
    let mut all: Vec<Vec<&Key>> = vec![kind.keys.iter().filter(|k| k.required).collect()];
    for group in kind.either {
        let ways = group.iter().map(|name| named(name));
        let ways: Vec<_> = ways.filter(|k| with.is_none_or(|w| !group.contains(&w.name) || w.name == k.name)).collect();
        all = all.iter().flat_map(|body| ways.iter().map(|way| [&body[..], &[*way]].concat())).collect();
    }
    let write = |keys: Vec<&Key>| {
        let mut keys: Vec<&Key> = keys.into_iter().filter(|k| without.is_none_or(|w| w.name != k.name)).collect();
        keys.extend(with.filter(|w| keys.iter().all(|k| k.name != w.name)));
        format!("{{{}}}", keys.into_iter().map(entry).collect::<Vec<_>>().join(", "))
    };
    all.into_iter().map(write).collect()
}

/// The keys that the decoder lists where it refuses one.
pub fn known_keys(name: &str) -> BTreeSet<String> {
    let name = if name == "file" { "definition file" } else { name };
    let kind = KINDS.iter().find(|k| k.word == name).unwrap_or_else(|| panic!("`{name}` is no kind of definition"));
    let text = file(kind, "{zzz: 1}");
    let mut map = SourceMap::new();
    let file = map.add("t.yaml", text.as_str());
    let findings = match kind.word {
        "manifest" => syntax::parse_manifest(&map, file).1,
        _ => syntax::parse_document(&map, file).1,
    };
    let finding =
        findings.iter().find(|f| f.code == Code::UnknownKey).unwrap_or_else(|| panic!("{text}: {findings:?}"));
    let help = finding.help.as_deref().unwrap_or_default();
    help.split('`').skip(1).step_by(2).map(str::to_string).collect()
}

/// Both know the same keys; each key is taken by both, as its example has it; one that is not known, and a definition without
/// a key that it needs, is refused by both.
pub fn keys() {
    for kind in KINDS {
        let schema = schema_of(kind);
        let said: BTreeSet<String> = kind.keys.iter().map(|k| k.name.to_owned()).collect();
        assert_eq!(said, known_keys(kind.word), "left: the schema's keys of a {}, right: the decoder's", kind.word);
        for key in kind.keys {
            let texts: Vec<String> = bodies(kind, Some(key), None).iter().map(|body| file(kind, body)).collect();
            let taken = texts.iter().filter(|text| found(kind, text).is_empty());
            let taken: Vec<&String> = taken.collect();
            assert!(!taken.is_empty(), "{texts:?}: {:?}", found(kind, &texts[0]));
            for text in taken {
                assert_eq!(errors(&schema, text), Vec::<String>::new(), "{text}");
                let unknown = text.replacen(&entry(key), &format!("{}, zzz: 1", entry(key)), 1);
                assert!(found(kind, &unknown).contains(&Code::UnknownKey), "{unknown}");
                assert!(!errors(&schema, &unknown).is_empty(), "{unknown}");
            }
            if key.required && kind.keys.len() > 1 {
                for text in bodies(kind, None, Some(key)).iter().map(|body| file(kind, body)) {
                    assert!(refused(kind, &text), "{text}");
                    assert!(!errors(&schema, &text).is_empty(), "{text}");
                }
            }
        }
        for group in kind.either {
            let rest = kind.keys.iter().filter(|k| k.required && !group.contains(&k.name)).map(entry);
            let text = file(kind, &format!("{{{}}}", rest.collect::<Vec<_>>().join(", ")));
            assert!(refused(kind, &text) && !errors(&schema, &text).is_empty(), "{text}");
        }
    }
}

/// Every file that ships, and each of a case in which nothing is wrong, is one by the schema; keys and shapes that the decoder
/// refuses, the schema does, too.
pub fn files() {
    let (definitions, manifest) = (schema::definitions(), schema::manifest());
    let schema = |name: &str| if name.ends_with("kepi.yaml") { &manifest } else { &definitions };
    let mut seen = 0;
    for folder in ["examples", "cli/templates", "cli/tests/docs", "metrics"] {
        for path in fmt::below(folder, "yaml") {
            let text = fs::read_to_string(&path).unwrap().replace("{{name}}", "a_name");
            assert_eq!(errors(schema(&path.to_string_lossy()), &text), Vec::<String>::new(), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} files");
    let (mut taken, mut refused) = (0, 0);
    for path in ["tests/cases", "cli/tests/cases"].iter().flat_map(|folder| case::all(folder)) {
        let sections = case::sections(&fs::read_to_string(&path).unwrap());
        for (name, text) in sections.iter().filter(|(name, _)| name.ends_with(".yaml")) {
            let mut map = SourceMap::new();
            let file = map.add(name, text.as_str());
            let findings = match name.ends_with("kepi.yaml") {
                true => syntax::parse_manifest(&map, file).1,
                false => syntax::parse_document(&map, file).1,
            };
            let codes: BTreeSet<Code> = findings.iter().map(|f| f.code).collect();
            let Ok(document) = serde_yaml::from_str::<serde_yaml::Value>(text) else { continue };
            let errors = match json(document) {
                Value::Null => continue,
                document => validator::errors(schema(name), &document),
            };
            let wrong = [Code::UnknownKey, Code::WrongShape, Code::MissingKey];
            if codes.iter().any(|code| wrong.contains(code)) {
                assert!(!errors.is_empty(), "{}: {name}: {codes:?}", path.display());
                refused += 1;
            }
            let fine = sections.last().is_some_and(|(_, text)| !text.contains("error[") && !text.contains("error: "));
            // `~` is a text to kepi, and nothing to who reads YAML for an editor.
            let fine = fine && !text.contains(": ~");
            if codes.is_empty() && fine {
                assert_eq!(errors, Vec::<String>::new(), "{}: {name}", path.display());
                taken += 1;
            }
        }
    }
    assert!(taken > 100 && refused > 10, "{taken} taken, {refused} refused");
}
