//! Text as a YAML scalar that reads as it, whatever it holds.

use crate::syntax::yaml::looks_cut;

/// A value or key of a block map or list: plain where that is safe, else in quotes.
pub fn yaml(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// The same within `{…}` and `[…]`, where commas and brackets end a plain scalar; what opens and does not close looks there
/// as if it had been cut.
pub fn yaml_in_flow(text: &str) -> String {
    let cut = [',', '[', ']', '{', '}', '(', ')', '"', '`'];
    if is_plain(text) && !text.contains(cut) { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    // Single quotes have no escapes, so what has quotes or backslashes of its own stays readable in them.
    if text.contains(['"', '\\']) && text.chars().all(is_printable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Characters that YAML lets stand in a line of quoted text as they are.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        && !matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff)
}

fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let begins = first == '_' || first == '/' || first == '(' || first == '$' || first.is_alphanumeric();
    let ends = !text.ends_with([' ', ':']);
    let inner = text.chars().all(is_printable) && !text.contains(": ") && !text.contains(" #");
    // Other readers of YAML take these for something else than text.
    let other = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "none"];
    let ambiguous = other.iter().any(|word| text.eq_ignore_ascii_case(word)) || text.parse::<f64>().is_ok();
    begins && ends && inner && !ambiguous && !looks_cut(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{yaml, yaml_in_flow};
    use crate::source::SourceMap;
    use crate::syntax::parse_document;

    /// The text of a source's `time`, of a file pattern in a list, and of an unknown key's place, as the reader has them.
    fn read(text: &str) -> (String, String) {
        let mut map = SourceMap::new();
        let (block, flow) = (yaml(text), yaml_in_flow(text));
        let file =
            map.add("a.yaml", format!("sources:\n  s:\n    files: [{flow}, b]\n    time: x\n    actor: {block}\n"));
        let (document, found) = parse_document(&map, file);
        assert!(found.is_empty(), "{text:?} as {block}: {found:?}");
        let source = &document.sources[0];
        (source.actor[0].value.clone(), source.files[0].value.clone())
    }

    #[test]
    fn reads_as_it_is_written() {
        let cases = [
            "a",
            "a b",
            "a: b",
            "a #b",
            "a:",
            "-",
            "- a",
            "?",
            "{a}",
            "a, b",
            "[",
            "'",
            "it's",
            "\"",
            "say \"a\"",
            "\\",
            "a\\b'\"",
            "`a`",
            "no",
            "None",
            "1.50",
            "~",
            "!x",
            "&x",
            "*x",
            "%",
            "@",
            "|",
            ">",
            "#",
            " a",
            "a ",
            "a\u{a0}b",
            "é",
            "日本",
            "a\nb",
            "a\tb",
            "\u{7}",
            "a\u{85}b",
            "a\u{2028}b",
            "\u{feff}a",
            "\u{1f600}",
            "---",
            "...",
            "a'b",
            "=",
            "<<",
        ];
        for text in cases {
            assert_eq!(read(text), (text.to_owned(), text.to_owned()), "{}", yaml(text));
        }
        assert_eq!(yaml("count(play)"), "count(play)");
        assert_eq!(yaml("app where event = \"a\""), "app where event = \"a\"");
        assert_eq!(yaml("\"a\" = event"), "'\"a\" = event'");
    }

    proptest! {
        #[test]
        fn any_text_reads_as_it_is_written(text in any::<String>()) {
            if !text.trim().is_empty() {
                assert_eq!(read(&text), (text.clone(), text.clone()));
            }
        }
    }
}
