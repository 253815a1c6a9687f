//! What stands at a path within a JSON text.

use std::borrow::Cow;

use json_event_parser::JsonEvent;

use crate::sources::text::json::Events;

/// Objects are followed this deep.
const MAX_DEPTH: usize = 32;

/// The value at a path of names with points between them, as text: a number as it is written, what is an object or a list
/// as its JSON. In an array of objects with `key` and `value` a name is a key. `None` where nothing or null stands there, and
/// where the text is no JSON.
pub(crate) fn field_of_json(text: &str, path: &str) -> Option<String> {
    field_of(Events::new(text), text, path)
}

/// What a JSON text is made of, one thing after the other.
pub(super) trait Tokens<'a> {
    /// `None`: the text is no JSON.
    fn next(&mut self) -> Option<JsonEvent<'a>>;

    /// How much of the text has been read, in bytes.
    fn at(&self) -> usize;

    /// The rest of an object or array whose beginning was the last.
    fn pass(&mut self) -> Option<()> {
        let mut depth = 1usize;
        while depth > 0 {
            match self.next()? {
                JsonEvent::StartObject | JsonEvent::StartArray => depth += 1,
                JsonEvent::EndObject | JsonEvent::EndArray => depth -= 1,
                JsonEvent::Eof => return None,
                _ => {}
            }
        }
        Some(())
    }
}

impl<'a> Tokens<'a> for Events<'a> {
    fn next(&mut self) -> Option<JsonEvent<'a>> {
        Events::next(self).ok()
    }

    fn at(&self) -> usize {
        Events::at(self)
    }
}

pub(super) fn field_of<'a>(events: impl Tokens<'a>, text: &'a str, path: &str) -> Option<String> {
    let mut walk = Walk { events, text };
    let found = match walk.events.next()? {
        JsonEvent::StartObject => walk.object(path, 0)?,
        JsonEvent::StartArray => walk.pairs(path, 0)?,
        _ => None,
    };
    // A text that is cut short is no JSON, whatever its beginning says.
    matches!(walk.events.next(), Some(JsonEvent::Eof)).then_some(found).flatten()
}

/// Whether a text is a JSON object or array.
pub(crate) fn is_json(text: &str) -> bool {
    let mut events = Events::new(text);
    let begun = matches!(events.next(), Ok(JsonEvent::StartObject | JsonEvent::StartArray));
    begun && events.pass().is_some() && matches!(events.next(), Ok(JsonEvent::Eof))
}

/// The elements of a JSON array, each as text; `None` where it is none. Null elements are `None`.
pub(crate) fn elements(text: &str) -> Option<Vec<Option<String>>> {
    let mut walk = Walk { events: Events::new(text), text };
    if !matches!(walk.events.next(), Ok(JsonEvent::StartArray)) {
        return None;
    }
    let mut found = Vec::new();
    loop {
        match walk.events.next().ok()? {
            JsonEvent::EndArray => break,
            event => found.push(walk.value(event)?),
        }
    }
    matches!(walk.events.next(), Ok(JsonEvent::Eof)).then_some(found)
}

struct Walk<'a, T> {
    events: T,
    text: &'a str,
}

/// Outside: the text is no JSON; inside: nothing stands there.
type Found = Option<Option<String>>;

impl<'a, T: Tokens<'a>> Walk<'a, T> {
    /// Within an object that has begun, up to its end.
    fn object(&mut self, path: &str, depth: usize) -> Found {
        let mut found = None;
        loop {
            match self.events.next()? {
                JsonEvent::EndObject => return Some(found),
                JsonEvent::ObjectKey(key) => {
                    let event = self.events.next()?;
                    let below = path.strip_prefix(key.as_ref()).and_then(|rest| rest.strip_prefix('.'));
                    let one = match (event, below) {
                        (event, _) if key == path => self.value(event)?,
                        (JsonEvent::StartObject, Some(rest)) if depth < MAX_DEPTH => self.object(rest, depth + 1)?,
                        (JsonEvent::StartArray, Some(rest)) if depth < MAX_DEPTH => self.pairs(rest, depth + 1)?,
                        (event, _) => {
                            self.value(event)?;
                            None
                        }
                    };
                    found = found.or(one);
                }
                _ => return None,
            }
        }
    }

    /// Within an array that has begun, up to its end.
    fn pairs(&mut self, path: &str, depth: usize) -> Found {
        let mut found = None;
        loop {
            match self.events.next()? {
                JsonEvent::EndArray => return Some(found),
                JsonEvent::StartObject => {
                    let one = self.pair(path, depth)?;
                    found = found.or(one);
                }
                event => {
                    self.value(event)?;
                }
            }
        }
    }

    fn pair(&mut self, path: &str, depth: usize) -> Found {
        let (mut key, mut value): (Option<String>, Option<&'a str>) = (None, None);
        loop {
            match self.events.next()? {
                JsonEvent::EndObject => break,
                JsonEvent::ObjectKey(name) => {
                    let from = self.events.at();
                    let event = self.events.next()?;
                    let text = self.value(event)?;
                    match name.as_ref() {
                        "key" => key = text,
                        "value" => {
                            value =
                                self.text.get(from..self.events.at()).map(|t| t.trim_start().trim_start_matches(':'))
                        }
                        _ => {}
                    }
                }
                _ => return None,
            }
        }
        let (Some(key), Some(value)) = (key, value) else { return Some(None) };
        let below = path.strip_prefix(key.as_str()).and_then(|rest| rest.strip_prefix('.'));
        Some(match below {
            _ if key == path => whole(value.trim()),
            Some(rest) if depth < MAX_DEPTH => field_of_json(value.trim(), rest),
            _ => None,
        })
    }

    /// A value whose first event has been read, as text.
    fn value(&mut self, event: JsonEvent<'_>) -> Found {
        Some(match event {
            JsonEvent::String(text) | JsonEvent::Number(text) => Some(text.into_owned()),
            JsonEvent::Boolean(is) => Some(Cow::Borrowed(if is { "true" } else { "false" }).into_owned()),
            JsonEvent::Null => None,
            JsonEvent::StartObject | JsonEvent::StartArray => {
                let start = self.events.at().saturating_sub(1);
                self.events.pass()?;
                self.text.get(start..self.events.at()).map(str::to_owned)
            }
            _ => return None,
        })
    }
}

/// The value of a pair: of an object the first field that is there, as exports with a field for each type have it.
fn whole(value: &str) -> Option<String> {
    let mut walk = Walk { events: Events::new(value), text: value };
    let first = walk.events.next().ok()?;
    if first != JsonEvent::StartObject {
        return walk.value(first)?;
    }
    loop {
        match walk.events.next().ok()? {
            JsonEvent::ObjectKey(_) => {
                let event = walk.events.next().ok()?;
                if let Some(text) = walk.value(event)? {
                    return Some(text);
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{elements, field_of_json, is_json};

    #[test]
    fn fields_of_texts() {
        let params = r#"[{"key":"page","value":{"string_value":"/a","int_value":null}},{"key":"n","value":{"string_value":null,"int_value":7}},{"key":"x.y","value":3}]"#;
        let cases: &[(&str, &str, Option<&str>)] = &[
            (r#"{"plan":"pro"}"#, "plan", Some("pro")),
            (r#"{"plan":"pr\u00f6"}"#, "plan", Some("prö")),
            (r#"{"a":{"b":{"c":1.50}}}"#, "a.b.c", Some("1.50")),
            (r#"{"a.b":1,"a":{"b":2}}"#, "a.b", Some("1")),
            (r#"{"a":null}"#, "a", None),
            (r#"{"a":true}"#, "b", None),
            (r#"{"a":[1, 2]}"#, "a", Some("[1, 2]")),
            (r#"{"a":{"b":1}}"#, "a", Some(r#"{"b":1}"#)),
            (r#"{"a":1"#, "a", None),
            (r#"{"a":1} x"#, "a", None),
            ("hello", "a", None),
            ("", "a", None),
            (params, "page", Some("/a")),
            (params, "n", Some("7")),
            (params, "n.int_value", Some("7")),
            (params, "n.string_value", None),
            (params, "x.y", Some("3")),
            (params, "z", None),
        ];
        for (text, path, expected) in cases {
            assert_eq!(field_of_json(text, path).as_deref(), *expected, "{path} of {text}");
        }
    }

    #[test]
    fn arrays_and_their_elements() {
        let texts =
            |text: &str| elements(text).map(|all| all.into_iter().map(|e| e.unwrap_or("-".into())).collect::<Vec<_>>());
        assert_eq!(
            texts(r#"["a", 1.0, null, {"b": [2]}, true]"#),
            Some(["a", "1.0", "-", r#"{"b": [2]}"#, "true"].map(String::from).to_vec())
        );
        assert_eq!(texts("[]"), Some(Vec::new()));
        assert_eq!(texts("[1"), None);
        assert_eq!(texts(r#"{"a":1}"#), None);
        assert!(is_json("{}") && is_json("[1]") && !is_json("1") && !is_json("{") && !is_json("x"));
    }
}
