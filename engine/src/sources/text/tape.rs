//! JSON texts that are asked for several fields: each is parsed once, and what it is made of is kept.

use std::borrow::Cow;

use datafusion::arrow::array::{Array, StringViewArray, StringViewBuilder};
use json_event_parser::JsonEvent;

use crate::sources::text::json::Events;
use crate::sources::text::within::{Tokens, field_of};

/// Bytes of texts that are kept at a time; more are parsed for each field.
const MOST: usize = 32 << 20;

/// What the texts of an array are made of.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    tokens: Vec<Token>,
    /// Texts that are not written as they are: with escapes in them.
    owned: Vec<String>,
    /// Where each text's tokens are; `None` where it is no JSON.
    texts: Vec<Option<(usize, usize)>>,
}

#[derive(Clone, Copy, Debug)]
struct Token {
    kind: Kind,
    /// Where it is written; of an owned text which it is; of a beginning which token ends it.
    from: u32,
    until: u32,
    /// How much of the text has been read behind it.
    at: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    OwnedText,
    Number,
    Key,
    OwnedKey,
    True,
    False,
    Null,
    StartObject,
    EndObject,
    StartArray,
    EndArray,
}

impl Tape {
    /// `None` where the texts are too many to be kept.
    pub fn of(texts: &StringViewArray) -> Option<Self> {
        let bytes: usize = texts.iter().flatten().map(str::len).sum();
        if bytes > MOST {
            return None;
        }
        let mut tape = Self::default();
        for text in texts {
            let (tokens, owned) = (tape.tokens.len(), tape.owned.len());
            let read = text.and_then(|text| tape.read(text));
            if read.is_none() {
                tape.tokens.truncate(tokens);
                tape.owned.truncate(owned);
            }
            tape.texts.push(read.map(|()| (tokens, tape.tokens.len())));
        }
        Some(tape)
    }

    fn read(&mut self, text: &str) -> Option<()> {
        let mut events = Events::new(text);
        let mut open: Vec<usize> = Vec::new();
        loop {
            let event = events.next().ok()?;
            let at = u32::try_from(events.at()).ok()?;
            let here = self.tokens.len();
            let plain = |kind| Token { kind, from: 0, until: 0, at };
            let token = match event {
                JsonEvent::Eof => return Some(()),
                JsonEvent::String(of) => self.written(text, of, (Kind::Text, Kind::OwnedText), at)?,
                JsonEvent::Number(of) => self.written(text, of, (Kind::Number, Kind::OwnedText), at)?,
                JsonEvent::ObjectKey(of) => self.written(text, of, (Kind::Key, Kind::OwnedKey), at)?,
                JsonEvent::Boolean(true) => plain(Kind::True),
                JsonEvent::Boolean(false) => plain(Kind::False),
                JsonEvent::Null => plain(Kind::Null),
                JsonEvent::StartObject | JsonEvent::StartArray => {
                    open.push(here);
                    plain(if event == JsonEvent::StartObject { Kind::StartObject } else { Kind::StartArray })
                }
                JsonEvent::EndObject | JsonEvent::EndArray => {
                    let start = open.pop().and_then(|start| self.tokens.get_mut(start))?;
                    start.from = u32::try_from(here).ok()?;
                    plain(if event == JsonEvent::EndObject { Kind::EndObject } else { Kind::EndArray })
                }
            };
            self.tokens.push(token);
        }
    }

    fn written(&mut self, text: &str, of: Cow<'_, str>, (here, owned): (Kind, Kind), at: u32) -> Option<Token> {
        let token = |kind, from: usize, until: usize| {
            Some(Token { kind, from: u32::try_from(from).ok()?, until: u32::try_from(until).ok()?, at })
        };
        if let Cow::Borrowed(of) = of {
            let from = (of.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
            if text.get(from..).is_some_and(|rest| rest.starts_with(of)) {
                return token(here, from, from + of.len());
            }
        }
        self.owned.push(of.into_owned());
        token(owned, self.owned.len() - 1, 0)
    }

    /// What stands at a path within each of the texts that it was made of, as [`field_of_json`] has it.
    ///
    /// [`field_of_json`]: super::field_of_json
    pub fn fields(&self, texts: &StringViewArray, path: &str) -> StringViewArray {
        let mut out = StringViewBuilder::with_capacity(texts.len());
        for (text, tokens) in texts.iter().zip(&self.texts) {
            let found = text.zip(*tokens).and_then(|(text, (next, end))| {
                field_of(Cursor { tape: self, text, last: next, next, end, at: 0 }, text, path)
            });
            out.append_option(found);
        }
        out.finish()
    }
}

/// One text's tokens.
struct Cursor<'a> {
    tape: &'a Tape,
    text: &'a str,
    last: usize,
    next: usize,
    end: usize,
    at: usize,
}

impl<'a> Tokens<'a> for Cursor<'a> {
    fn next(&mut self) -> Option<JsonEvent<'a>> {
        if self.next >= self.end {
            return Some(JsonEvent::Eof);
        }
        let token = *self.tape.tokens.get(self.next)?;
        self.last = self.next;
        self.next += 1;
        self.at = token.at as usize;
        let written = || Some(Cow::Borrowed(self.text.get(token.from as usize..token.until as usize)?));
        let owned = || Some(Cow::Borrowed(self.tape.owned.get(token.from as usize)?.as_str()));
        Some(match token.kind {
            Kind::Text => JsonEvent::String(written()?),
            Kind::OwnedText => JsonEvent::String(owned()?),
            Kind::Number => JsonEvent::Number(written()?),
            Kind::Key => JsonEvent::ObjectKey(written()?),
            Kind::OwnedKey => JsonEvent::ObjectKey(owned()?),
            Kind::True => JsonEvent::Boolean(true),
            Kind::False => JsonEvent::Boolean(false),
            Kind::Null => JsonEvent::Null,
            Kind::StartObject => JsonEvent::StartObject,
            Kind::EndObject => JsonEvent::EndObject,
            Kind::StartArray => JsonEvent::StartArray,
            Kind::EndArray => JsonEvent::EndArray,
        })
    }

    fn at(&self) -> usize {
        self.at
    }

    fn pass(&mut self) -> Option<()> {
        let end = self.tape.tokens.get(self.last)?.from as usize;
        self.at = self.tape.tokens.get(end)?.at as usize;
        self.next = end + 1;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::StringViewArray;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::Tape;
    use crate::sources::text::field_of_json;

    const PARTS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\":",
        "\"b\":",
        "\"a.b\":",
        "\"key\":",
        "\"value\":",
        "{\"key\":\"a\",\"value\":",
        "\"a\"",
        "\"\\u0061\":",
        "\"\\n\"",
        "1",
        "-0.50",
        "true",
        "null",
        " ",
        "{\"b\":7}",
        "{\"int_value\":null,\"x\":\"y\"}",
    ];
    const PATHS: &[&str] = &["a", "b", "a.b", "a.a", "a.b.a", "key", "value", "a.x", ""];

    proptest! {
        /// Every field of a text that was parsed once is the one of a text that is parsed for it.
        #[test]
        fn as_one_by_one(parts in vec(select(PARTS), 0..12), rest in vec(select(PARTS), 0..12)) {
            let wrapped = format!("{{\"a\":{},\"b\":{}}}", parts.concat(), rest.concat());
            let texts = StringViewArray::from(vec![
                Some(parts.concat()), None, Some(wrapped), Some(format!("[{}]", rest.concat())),
                Some(r#"{"a":[{"key":"b","value":{"x":null,"y":2}},{"key":"b","value":3}],"b":{"a":"\u00e9"}}"#.to_owned()),
            ]);
            let tape = Tape::of(&texts).unwrap();
            for path in PATHS {
                let expected: Vec<_> = texts.iter().map(|text| field_of_json(text?, path)).collect();
                let found = tape.fields(&texts, path);
                let found: Vec<_> = found.iter().map(|text| text.map(str::to_owned)).collect();
                prop_assert_eq!(found, expected, "{}", path);
            }
        }
    }
}
