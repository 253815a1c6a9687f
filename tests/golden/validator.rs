//! JSON Schema, as far as the schemas at hand use it: a keyword that is not known here is a failure of the test, not passed over.

use regex::Regex;
use serde_json::{Map, Value};

/// What is wrong with a document, a line each: where, and why.
pub fn errors(schema: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Validator { root: schema }.check(schema, document, "", &mut found);
    found
}

struct Validator<'a> {
    root: &'a Value,
}

impl Validator<'_> {
    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut found = Vec::new();
        self.check(schema, value, "", &mut found);
        found.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let schema = match schema {
            Value::Bool(true) => return,
            Value::Bool(false) => return found.push(format!("{at}: nothing may stand here")),
            other => other.as_object().unwrap_or_else(|| panic!("{other} is no schema")),
        };
        for (keyword, rule) in schema {
            self.keyword(schema, keyword, rule, value, at, found);
        }
    }

    fn keyword(
        &self,
        schema: &Map<String, Value>,
        keyword: &str,
        rule: &Value,
        value: &Value,
        at: &str,
        found: &mut Vec<String>,
    ) {
        let number = |rule: &Value| rule.as_f64().unwrap();
        let list = || rule.as_array().unwrap().iter();
        let fitting = || list().filter(|s| self.fits(s, value)).count();
        let length = value.as_array().map(|a| a.len() as f64);
        let size = value.as_object().map(|o| o.len() as f64);
        let wrong = match keyword {
            "$schema" | "$id" | "id" | "title" | "description" | "default" | "examples" | "$defs" | "definitions" => {
                false
            }
            "format" => value.as_str().is_some_and(|text| !is_format(text, rule.as_str().unwrap())),
            "$ref" => {
                let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
                self.check(self.root.pointer(path).unwrap_or_else(|| panic!("{path} leads nowhere")), value, at, found);
                false
            }
            "type" => match rule {
                Value::String(one) => !is(value, one),
                _ => !list().any(|one| is(value, one.as_str().unwrap())),
            },
            "enum" => !rule.as_array().unwrap().contains(value),
            "const" => rule != value,
            "anyOf" => fitting() == 0,
            "oneOf" => fitting() != 1,
            "allOf" => {
                list().for_each(|s| self.check(s, value, at, found));
                false
            }
            "not" => self.fits(rule, value),
            "required" => value.as_object().is_some_and(|o| list().any(|key| !o.contains_key(key.as_str().unwrap()))),
            "minItems" => length.is_some_and(|n| n < number(rule)),
            "maxItems" => length.is_some_and(|n| n > number(rule)),
            "minProperties" => size.is_some_and(|n| n < number(rule)),
            "maxProperties" => size.is_some_and(|n| n > number(rule)),
            "minimum" => value.as_f64().is_some_and(|n| n < number(rule)),
            "maximum" => value.as_f64().is_some_and(|n| n > number(rule)),
            "uniqueItems" => value.as_array().is_some_and(|a| a.iter().enumerate().any(|(i, v)| a[..i].contains(v))),
            "pattern" => value.as_str().is_some_and(|text| !Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)),
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, item, &format!("{at}/{i}"), found);
                }
                false
            }
            "properties" | "patternProperties" | "additionalProperties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    let matching = |keyword: &str| match keyword {
                        "properties" => schema.get(keyword).and_then(|p| p.get(key)),
                        _ => schema.get(keyword).and_then(Value::as_object).and_then(|patterns| {
                            patterns.iter().find(|(p, _)| Regex::new(p).unwrap().is_match(key)).map(|(_, s)| s)
                        }),
                    };
                    let rule = match keyword {
                        "additionalProperties" => {
                            let known = matching("properties").or_else(|| matching("patternProperties")).is_some();
                            (!known).then_some(rule)
                        }
                        keyword => matching(keyword),
                    };
                    if let Some(rule) = rule {
                        self.check(rule, inner, &format!("{at}/{key}"), found);
                    }
                }
                false
            }
            other => panic!("the keyword {other} is not known here"),
        };
        if wrong {
            found.push(format!("{at}: {keyword} {rule}; found {value}").chars().take(300).collect());
        }
    }
}

fn is(value: &Value, ty: &str) -> bool {
    match ty {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|n| n.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}

fn is_format(text: &str, format: &str) -> bool {
    match format {
        "uri" => text.contains(':') && is_format(text, "uri-reference"),
        "uri-reference" => text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b)),
        "date-time" => text.contains('T'),
        other => panic!("the format {other} is not known here"),
    }
}
