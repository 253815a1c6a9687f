//! The rows of a JSON text: an object a line, or one array of objects.

use std::borrow::Cow;
use std::io::{self, Read};

use json_event_parser::{JsonEvent, JsonSyntaxError, LowLevelJsonParser};
use memchr::{memchr, memchr_iter};

use crate::sources::finding::quoted;
use crate::sources::text::names::{MAX_COLUMNS, MAX_NAME, Names};
use crate::sources::text::window::Window;
use crate::sources::text::{Bad, Next};
use crate::sources::trouble::Broken;

/// Objects within objects become columns this deep.
const MAX_DEPTH: usize = 32;

/// What a field of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    /// An array, as it is written.
    List,
}

/// A field of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leaf<'a> {
    pub column: usize,
    pub kind: Kind,
    pub text: Cow<'a, str>,
}

/// Lines of a text, or elements of its one array, one after the other.
pub(super) struct Rows<R> {
    window: Window<R>,
    array: bool,
    /// The array has begun, and not ended.
    open: bool,
    line: u64,
    /// Of the row at hand, not yet passed: bytes, what of them is the row, and lines.
    pending: (usize, usize, u64),
}

impl<R: Read> Rows<R> {
    pub fn new(window: Window<R>, array: bool, line: u64) -> Self {
        Self { window, array, open: false, line, pending: (0, 0, 0) }
    }

    pub fn line(&self) -> u64 {
        self.line
    }

    pub fn offset(&self) -> u64 {
        self.window.offset()
    }

    /// The row at hand.
    pub fn text(&self) -> &str {
        let bytes = self.window.data().get(..self.pending.1).unwrap_or_default();
        // Looked at before it was said to be one.
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    pub fn next(&mut self) -> io::Result<Next> {
        let (bytes, _, lines) = std::mem::take(&mut self.pending);
        self.window.advance(bytes);
        self.line += lines;
        if !self.pass_space()? {
            return Ok(Next::End);
        }
        if self.array { self.element() } else { self.whole_line() }
    }

    fn whole_line(&mut self) -> io::Result<Next> {
        let mut looked = 0;
        loop {
            let data = self.window.data();
            if let Some(at) = memchr(b'\n', data.get(looked..).unwrap_or_default()) {
                let end = looked + at;
                return Ok(self.found(end, end + 1, 1));
            }
            looked = data.len();
            if self.window.more()? {
                continue;
            }
            if self.window.ended() {
                return Ok(self.found(looked, looked, 1));
            }
            self.window.skip_line(false)?;
            self.pending = (0, 0, 1);
            return Ok(Next::Bad(Bad::TooLong));
        }
    }

    fn found(&mut self, row: usize, bytes: usize, lines: u64) -> Next {
        self.pending = (bytes, row, lines);
        let row = self.window.data().get(..row).unwrap_or_default();
        match std::str::from_utf8(row) {
            Ok(_) => Next::Row,
            Err(error) => Next::Bad(Bad::not_utf8(row, error.valid_up_to())),
        }
    }

    /// Spaces and lines of nothing else; in an array, its brackets and commas. `false` at the end.
    fn pass_space(&mut self) -> io::Result<bool> {
        loop {
            let data = self.window.data();
            let array = self.array;
            let is_space =
                |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n') || (array && matches!(b, b',' | b'[' | b']'));
            let spaces = data.iter().take_while(|b| is_space(b)).count();
            self.line += memchr_iter(b'\n', data.get(..spaces).unwrap_or_default()).count() as u64;
            let all = spaces == data.len();
            let last = data.get(..spaces).unwrap_or_default().iter().rfind(|b| matches!(b, b'[' | b']')).copied();
            self.open = last.map_or(self.open, |last| last == b'[');
            self.window.advance(spaces);
            if !all {
                return Ok(true);
            }
            if self.window.more()? {
                continue;
            }
            return match self.open {
                true => Err(io::Error::other(Broken("is an array that does not end".to_owned()))),
                false => Ok(false),
            };
        }
    }

    /// From an opening brace to the one that closes it, or a lone value up to the next comma.
    fn element(&mut self) -> io::Result<Next> {
        let (mut at, mut depth, mut quoted, mut escaped) = (0, 0usize, false, false);
        loop {
            let data = self.window.data();
            while let Some(byte) = data.get(at) {
                at += 1;
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if quoted => escaped = true,
                    b'"' => quoted = !quoted,
                    _ if quoted => {}
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth > 1 => depth -= 1,
                    b'}' | b']' if depth == 1 => return Ok(self.found_lines(at)),
                    b',' | b']' | b'}' if depth == 0 => return Ok(self.found_lines(at.saturating_sub(1).max(1))),
                    _ => {}
                }
            }
            if self.window.more()? {
                continue;
            }
            if self.window.ended() && depth == 0 && !quoted {
                return Ok(self.found_lines(self.window.data().len()));
            }
            // Where the next element begins cannot be known any more.
            let what = if self.window.ended() { "does not end" } else { "is too long" };
            return Err(io::Error::other(Broken(format!("is an array whose element of line {} {what}", self.line))));
        }
    }

    fn found_lines(&mut self, row: usize) -> Next {
        let lines = memchr_iter(b'\n', self.window.data().get(..row).unwrap_or_default()).count();
        self.found(row, row, lines as u64)
    }
}

/// What to do with a name that no row before had.
pub(super) enum New {
    Add,
    /// The file has been looked into: there is none.
    Refuse,
}

/// Reads a row's fields.
pub(super) struct Fields {
    pub names: Names,
    new: New,
    /// For each column the last row that had it.
    had: Vec<u64>,
    row: u64,
    /// There are more names than there may be columns.
    pub overfull: bool,
}

impl Fields {
    pub fn new(names: Names, new: New) -> Self {
        Self { names, new, had: Vec::new(), row: 0, overfull: false }
    }

    /// The fields of one row, nested ones included.
    pub fn of<'a>(&mut self, text: &'a str, leaves: &mut Vec<Leaf<'a>>) -> Result<(), Bad> {
        leaves.clear();
        self.row += 1;
        let size = self.names.size();
        self.read(text, leaves).map_err(|text| {
            self.names.shrink(size);
            leaves.clear();
            Bad::Json(text)
        })
    }

    fn read<'a>(&mut self, text: &'a str, leaves: &mut Vec<Leaf<'a>>) -> Result<(), String> {
        let mut events = Events::new(text);
        // The objects around the place at hand: their nodes, and how many fields have been seen in each.
        let mut around: Vec<(usize, usize)> = Vec::new();
        let mut node = Names::ROOT;
        loop {
            let event = events.next()?;
            if around.is_empty() {
                match event {
                    JsonEvent::StartObject => around.push((Names::ROOT, 0)),
                    JsonEvent::Eof => return Ok(()),
                    other => return Err(format!("is {}, not an object", one(&other))),
                }
                continue;
            }
            let (kind, text) = match event {
                JsonEvent::StartObject if around.len() > MAX_DEPTH => {
                    return Err(format!("has objects more than {MAX_DEPTH} deep"));
                }
                JsonEvent::StartObject => {
                    around.push((node, 0));
                    continue;
                }
                JsonEvent::EndObject => {
                    around.pop();
                    if around.is_empty() {
                        // Nothing but the end may follow.
                        events.next()?;
                        return Ok(());
                    }
                    continue;
                }
                JsonEvent::ObjectKey(key) => {
                    if let Some((parent, seen)) = around.last_mut() {
                        node = self.node(*parent, &key, *seen)?;
                        *seen += 1;
                    }
                    continue;
                }
                JsonEvent::StartArray => (Kind::List, Cow::Borrowed(events.array()?)),
                JsonEvent::String(text) => (Kind::Text, text),
                JsonEvent::Number(text) => (Kind::Number, text),
                JsonEvent::Boolean(true) => (Kind::Bool, Cow::Borrowed("true")),
                JsonEvent::Boolean(false) => (Kind::Bool, Cow::Borrowed("false")),
                JsonEvent::Null => (Kind::Null, Cow::Borrowed("")),
                JsonEvent::EndArray | JsonEvent::Eof => return Err("is not JSON".to_owned()),
            };
            let column = self.column(node)?;
            leaves.push(Leaf { column, kind, text });
        }
    }

    fn node(&mut self, parent: usize, key: &str, hint: usize) -> Result<usize, String> {
        match (self.names.child(parent, key, hint), &self.new) {
            (Some(node), _) => Ok(node),
            (None, New::Refuse) => Err("has a field that was not there before".to_owned()),
            (None, New::Add) if self.names.too_long(parent, key) => {
                Err(format!("has a field whose name is longer than {MAX_NAME} bytes"))
            }
            // Names may be as many as columns and their parents are.
            (None, New::Add) if self.names.size().0 > 4 * MAX_COLUMNS => Err(self.too_many()),
            (None, New::Add) => Ok(self.names.add(parent, key)),
        }
    }

    fn too_many(&mut self) -> String {
        self.overfull = true;
        format!("has a field more than the {MAX_COLUMNS} that a table may have")
    }

    /// The column of a field, which this row has not had before.
    fn column(&mut self, node: usize) -> Result<usize, String> {
        let column = match self.names.column(node) {
            Some(column) => column,
            None if self.names.columns().len() >= MAX_COLUMNS => return Err(self.too_many()),
            None => self.names.make_column(node),
        };
        if self.had.len() <= column {
            self.had.resize(column + 1, 0);
        }
        let twice = match self.had.get_mut(column) {
            Some(had) => std::mem::replace(had, self.row) == self.row,
            None => false,
        };
        if twice {
            let name = self.names.columns().get(column).map_or("", String::as_str);
            return Err(format!("has the field {} twice", quoted(name)));
        }
        Ok(column)
    }
}

/// What a JSON text is made of, one thing after the other.
pub(super) struct Events<'a> {
    parser: LowLevelJsonParser,
    text: &'a str,
    at: usize,
}

impl<'a> Events<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { parser: LowLevelJsonParser::new(), text, at: 0 }
    }

    /// How much of the text has been read, in bytes.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn next(&mut self) -> Result<JsonEvent<'a>, String> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let read = self.parser.parse_next(rest, true);
        self.at += read.consumed_bytes;
        match read.event {
            Some(Ok(event)) => Ok(event),
            Some(Err(_)) if has_half(self.text) => Err("has half a character (a lone surrogate)".to_owned()),
            Some(Err(error)) => Err(not_json(&error)),
            None => Err("is not JSON".to_owned()),
        }
    }

    /// The whole of an array whose beginning has just been read, as it is written.
    fn array(&mut self) -> Result<&'a str, String> {
        let start = self.at.saturating_sub(1);
        let mut depth = 1usize;
        while depth > 0 {
            match self.next()? {
                JsonEvent::StartArray | JsonEvent::StartObject => depth += 1,
                JsonEvent::EndArray | JsonEvent::EndObject => depth -= 1,
                JsonEvent::Eof => return Err("is not JSON".to_owned()),
                _ => {}
            }
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }
}

/// Whether a `\u` escape is one of a pair that stands for one character, and the other is missing.
fn has_half(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        rest = rest.get(at + 2..).unwrap_or_default();
        let code = |text: &str| text.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        match code(rest) {
            Some(0xD800..=0xDBFF) => {
                let next = rest.get(4..).and_then(|rest| rest.strip_prefix("\\u"));
                match next.and_then(code) {
                    Some(0xDC00..=0xDFFF) => rest = rest.get(10..).unwrap_or_default(),
                    _ => return true,
                }
            }
            Some(0xDC00..=0xDFFF) => return true,
            _ => {}
        }
    }
    false
}

fn one(event: &JsonEvent<'_>) -> &'static str {
    match event {
        JsonEvent::StartArray => "an array",
        JsonEvent::String(_) => "a text",
        JsonEvent::Boolean(_) => "true or false",
        JsonEvent::Null => "null",
        _ => "a number",
    }
}

fn not_json(error: &JsonSyntaxError) -> String {
    let mut message = error.message().chars();
    let first = message.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    format!("is not JSON: {first}{} (at character {})", message.as_str(), error.location().start.column + 1)
}

#[cfg(test)]
mod tests {
    use super::{Fields, Kind, New, Rows};
    use crate::sources::text::names::Names;
    use crate::sources::text::window::Window;
    use crate::sources::text::{Bad, Next};

    fn rows(text: &str, array: bool) -> Vec<(u64, Result<Vec<String>, String>)> {
        let mut rows = Rows::new(Window::new(text.as_bytes(), 0), array, 1);
        let mut fields = Fields::new(Names::default(), New::Add);
        let mut found = Vec::new();
        loop {
            let read = match rows.next().unwrap() {
                Next::End => return found,
                Next::Bad(bad) => Err(bad.text()),
                Next::Row => {
                    let mut leaves = Vec::new();
                    let read = fields.of(rows.text(), &mut leaves);
                    let name = |leaf: &super::Leaf<'_>| {
                        format!("{}={:?}:{}", fields.names.columns()[leaf.column], leaf.kind, leaf.text)
                    };
                    read.map(|()| leaves.iter().map(name).collect()).map_err(|bad: Bad| bad.text())
                }
            };
            found.push((rows.line(), read));
        }
    }

    #[test]
    fn fields_of_rows() {
        let cases: &[(&str, Result<&[&str], &str>)] = &[
            (
                r#"{"a":1.50,"b":"x\n\u00e9","c":true,"d":null}"#,
                Ok(&["a=Number:1.50", "b=Text:x\né", "c=Bool:true", "d=Null:"]),
            ),
            (r#"{"p":{"q":{"r":-0}},"p.z":1}"#, Ok(&["p.q.r=Number:-0", "p.z=Number:1"])),
            (r#"{"a":[1,{"b":2}],"e":{}}"#, Ok(&[r#"a=List:[1,{"b":2}]"#])),
            (r#"{"a":1e999}"#, Ok(&["a=Number:1e999"])),
            (r#"{"a":1,"a":2}"#, Err("has the field `a` twice")),
            (r#"{"p":{"z":1},"p.z":1}"#, Err("has the field `p.z` twice")),
            (r#"{"a":"\ud800"}"#, Err("has half a character (a lone surrogate)")),
            (r#"[1]"#, Err("is an array, not an object")),
            (
                r#"{"a":01}"#,
                Err(
                    "is not JSON: object values must be followed by a comma to add a new value or a curly bracket to end the object (at character 7)",
                ),
            ),
            (
                r#"{"a":1"#,
                Err(
                    "is not JSON: object values must be followed by a comma to add a new value or a curly bracket to end the object (at character 7)",
                ),
            ),
            (r#"{"a":1} 2"#, Err("is not JSON: the JSON already contains one root element (at character 9)")),
            (r#"{"a":1,}"#, Err("is not JSON: trailing commas are not allowed (at character 8)")),
        ];
        for (text, expected) in cases {
            let found = rows(text, false);
            let expected = expected.map(|names| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
            assert_eq!(found, [(1, expected.map_err(str::to_owned))], "{text}");
        }
    }

    #[test]
    fn an_array_of_objects_is_rows() {
        let text = "[\n  {\"a\": \"}]\\\"\"},\n  {\"a\":\n 2}, 3\n]\n";
        let found = rows(text, true);
        let good = |text: &str| Ok(vec![text.to_owned()]);
        let none = Err("is a number, not an object".to_owned());
        assert_eq!(found, [(2, good("a=Text:}]\"")), (3, good("a=Number:2")), (4, none)]);
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}1{}", "{\"a\":".repeat(60_000), "}".repeat(60_000));
        assert_eq!(rows(&deep, false), [(1, Err("has objects more than 32 deep".to_owned()))]);
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(60_000), "]".repeat(60_000));
        assert_eq!(rows(&deep, false)[0].1.as_ref().map(Vec::len), Ok(1));
        assert_eq!(Kind::List, Kind::List);
    }

    /// What a bad row had beside its mistake makes no column.
    #[test]
    fn bad_rows_make_no_columns() {
        let mut fields = Fields::new(Names::default(), New::Add);
        let mut leaves = Vec::new();
        fields.of(r#"{"a":1}"#, &mut leaves).unwrap();
        assert!(fields.of(r#"{"b":{"c":1,"d":2},"a":1,"a":2}"#, &mut leaves).is_err());
        assert_eq!(fields.names.columns(), ["a"]);
        fields.of(r#"{"b":{"d":2},"a":1}"#, &mut leaves).unwrap();
        assert_eq!(fields.names.columns(), ["a", "b.d"]);
    }
}
