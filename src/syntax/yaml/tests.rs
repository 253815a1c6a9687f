use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, proptest};
use proptest::sample::select;

use crate::diag::Diagnostic;
use crate::source::{SourceMap, Span};
use crate::syntax::tests::EVERYTHING;
use crate::syntax::yaml::{Kind, Node, Scalar, read};
use crate::syntax::{parse_document, parse_manifest};

/// The tree on one line, and the findings as `K0101 2:3 message`.
fn seen(text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("a.yaml", text);
    let mut diagnostics = Vec::new();
    let root = read(&sources.file(file).text, file, &mut diagnostics);
    let mut out = root.as_ref().map_or("-".to_string(), tree);
    for d in &diagnostics {
        let _ = write!(out, "\n{}", line(&sources, d));
    }
    out
}

fn line(sources: &SourceMap, d: &Diagnostic) -> String {
    let place = d.primary.as_ref().map_or(String::new(), |p| sources.position(p.span).to_string());
    format!("{} {place} {}", d.code, d.message)
}

fn tree(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(s) => format!("{:?}", s.text()),
        Kind::Empty => "-".to_string(),
        Kind::Broken => "!".to_string(),
        Kind::List(items) => format!("[{}]", items.iter().map(tree).collect::<Vec<_>>().join(", ")),
        Kind::Map(map) => {
            let entries: Vec<_> = map.entries.iter().map(|e| format!("{}: {}", e.key.value, tree(&e.value))).collect();
            format!("{{{}}}{}", entries.join(", "), if map.complete { "" } else { "?" })
        }
    }
}

/// Text and findings, side by side. `!` is a value that could not be read, `?` a map that may lack keys.
const CASES: &[(&str, &str)] = &[
    (
        "a:\n  b: \"x\" = y\n  c: 1\n",
        "{a: {b: !, c: \"1\"}?}?\nK0101 2:6 a value that begins with a quote ends with it; here text follows",
    ),
    (
        "a:\n  b: `x` = y\n  c: 1\nd: 2\n",
        "{a: {b: !, c: \"1\"}?, d: \"2\"}?\nK0101 2:6 a value cannot begin with a backtick in YAML",
    ),
    (
        "a:\n  b: \"abc\n  c: \"def\"\n  d: ok\n",
        "{a: {b: !, c: \"def\", d: \"ok\"}?}?\nK0101 2:6 this quote is closed only on a later line, and text follows there",
    ),
    ("a:\n  b: [x, y\n  c: d\n", "{a: {b: !, c: \"d\"}?}?\nK0101 2:6 this `[` is not closed"),
    ("a:\n  b: {x: 1\n  c: 2\n", "{a: {b: {x: \"1 c\"}?, c: \"2\"}?}?\nK0101 2:6 this `{` is not closed"),
    ("a:\n\tb: c\n", "{a: !}?\nK0102 2:1 a tab where YAML wants spaces"),
    ("  a: x\n\tb: y\n", "{a: !}?\nK0102 2:1 a tab where YAML wants spaces"),
    ("a:\n  b: c: d\n  e: f\n", "{a: {b: !, e: \"f\"}?}?\nK0101 2:7 `:` inside a value that has no quotes"),
    ("a: b\n c: d\n", "{a: !}?\nK0101 2:3 `:` inside a value that began on an earlier line"),
    (
        "a:\n  b: 1\n c: 2\nd: 3\n",
        "{a: {b: \"1\"}?, d: \"3\"}?\nK0101 3:2 this line is not indented like the lines it belongs to",
    ),
    ("a: x # foo\n  y\nb: c\n", "{a: !, b: \"c\"}?\nK0113 1:6 ` #` begins a comment, and the value goes on after it"),
    ("a: \"abc\n", "{a: !}?\nK0101 1:4 this quote is not closed"),
    ("a: [a, b]] \nc: d\n", "{a: [\"a\", \"b\"], c: \"d\"}?\nK0101 1:10 this bracket closes nothing"),
    ("%YAML 1.2\n---\na: b\n", "{a: \"b\"}?\nK0101 1:1 a YAML directive, which nothing here needs"),
    (
        "a: {percentile(x, 95), b: c}\n",
        "{a: {b: \"c\"}?}\nK0113 1:5 YAML ends this value at the comma: inside `[…]` and `{…}` a comma begins the next one",
    ),
    (
        "a: {expr: percentile(x, 95), b: c}\n",
        "{a: {expr: !, b: \"c\"}?}\nK0113 1:11 YAML ends this value at the comma: inside `[…]` and `{…}` a comma begins the next one",
    ),
    (
        "a: [count(x, y), f(z, 2), d]",
        "{a: !}\nK0113 1:5 YAML ends this value at the comma: inside `[…]` and `{…}` a comma begins the next one",
    ),
    (
        "a: count(x where y = \"a # b\")\nb: c\n",
        "{a: !, b: \"c\"}\nK0113 1:4 YAML ends this value at ` #`: the rest of the line is a comment",
    ),
    ("a: f(x) # fine\nb: don't # fine\n", "{a: \"f(x)\", b: \"don't\"}"),
    ("a: - b\nc: d", "{a: !, c: \"d\"}?\nK0101 1:4 a list's `-` cannot stand here"),
    (
        "a: *x\nb: &y c\nd: *y\n",
        "{a: !, b: \"c\", d: !}\nK0107 1:4 `*x` is read as a YAML alias, and definitions do not copy each other\nK0107 2:4 a YAML anchor: definitions do not copy each other",
    ),
    ("<<: {a: b}\nc: d", "{c: \"d\"}?\nK0108 1:1 a YAML merge key: definitions do not copy each other"),
    ("a: !t b\n", "{a: \"b\"}\nK0109 1:4 a YAML tag, which nothing here needs"),
    ("a: b\n---\nc: d\n", "{a: \"b\"}\nK0110 2:1 a second YAML document in one file; what follows is not read"),
    ("---\na: b\n...\n", "{a: \"b\"}"),
    (
        "a: 1\na: 2\nb: {c: 1, c: 2}\n",
        "{a: \"1\", b: {c: \"1\"}}\nK0103 2:1 the key `a` is here twice\nK0103 3:11 the key `c` is here twice",
    ),
    ("? [a]\n: b\n", "{}?\nK0106 1:3 a key is a text; found a list"),
    (": x\n", "{}?\nK0106 1:1 a key is a text; found nothing"),
    ("a: \0b\nc: d\n", "{a: !, c: \"d\"}?\nK0101 1:4 the character U+0000 is not allowed in YAML"),
    (
        "a: > 5\nb: 1\n",
        "{a: !, b: \"1\"}?\nK0101 1:4 `>` or `|` begins a block of text, and the text stands on the lines after it",
    ),
    ("a: x\nb\nc: d\n", "{a: \"x\", c: \"d\"}?\nK0101 2:1 a line without a `:` between the keys of a map"),
    ("\u{feff}a: b\r\nc: d\r\n", "{a: \"b\", c: \"d\"}"),
    ("a: b\rc: d\r", "{a: \"b\", c: \"d\"}"),
    ("", "-"),
    ("# only\n", "-"),
    (
        "a:\n  - x\n -y\nb: c",
        "{a: [\"x\"], b: \"c\"}?\nK0101 3:2 this line is not indented like the lines it belongs to",
    ),
    (
        "a: 'it's'\nb: c\n",
        "{a: !, b: \"c\"}?\nK0101 1:4 a value that begins with a quote ends with it; here text follows",
    ),
    ("a: [x: y, {k: }]\n", "{a: [{x: \"y\"}, {k: -}]}"),
    ("- a\n- b\n", "[\"a\", \"b\"]"),
    ("text", "\"text\""),
    ("a: \"\\q\"\nb: c\n", "{a: !, b: \"c\"}?\nK0101 1:4 a `\\` inside double quotes that begins no escape"),
    (
        "a:\n    b: 1\n  c: 2\nd: 3",
        "{a: {b: \"1\"}?, d: \"3\"}?\nK0101 3:3 this line is not indented like the lines it belongs to",
    ),
    ("a: [\n  b,\n  c\n", "{a: !}?\nK0101 1:4 this `[` is not closed"),
    ("a: {b: c}}\nd: e\n", "{a: {b: !}?, d: \"e\"}?\nK0101 1:10 this bracket closes nothing"),
    (
        "a: [+8, 1.10, NO, 012, 0x1f, ~, null, 10:30, 2026-10-02, .5]",
        "{a: [\"+8\", \"1.10\", \"NO\", \"012\", \"0x1f\", \"~\", \"null\", \"10:30\", \"2026-10-02\", \".5\"]}",
    ),
    (
        "o:\n  x:\n    m: a\n   t: b\n  y: {m: b}\n",
        "{o: {x: {m: \"a\"}?, y: {m: \"b\"}}?}?\nK0101 4:4 this line is not indented like the lines it belongs to",
    ),
    (
        "a: @b\nc: %d\n",
        "{a: !, c: !}?\nK0101 1:4 a value cannot begin with `@` in YAML\nK0101 2:4 a value cannot begin with `%` in YAML",
    ),
    (
        "a: \"x\"\n  b: c\nd: e\n",
        "{a: \"x\", d: \"e\"}?\nK0101 2:3 this line is not indented like the lines it belongs to",
    ),
    (
        "a: {expr: count(x where t = \"a: b\"), by: [c]}\nb: c",
        "{a: {expr: !}?, b: \"c\"}?\nK0101 1:31 this does not go on like a list `[a, b]` or a map `{a: b, c: d}`",
    ),
    ("a:\n  expr: count(x) by: y\n", "{a: {expr: !}?}?\nK0101 2:20 `:` inside a value that has no quotes"),
    (
        "m:\n  a: count(x)\n  b\n  c: d",
        "{m: {a: \"count(x)\", c: \"d\"}?}?\nK0101 3:3 a line without a `:` between the keys of a map",
    ),
    ("m:\n- a\n- b\nc: d", "{m: [\"a\", \"b\"], c: \"d\"}"),
    ("m:\n  a: |\n  text\n  b: c", "{m: {a: !, b: \"c\"}?}?\nK0101 3:3 a line without a `:` between the keys of a map"),
    (
        "m:\n  a: >-\n text\n  b: c\nd: e",
        "{m: {a: !, b: \"c\"}?, d: \"e\"}?\nK0101 3:2 this line is not indented like the lines it belongs to",
    ),
    ("m:\n  a: 'x\n  b: c\nd: e\n", "{m: {a: !, b: \"c\"}?, d: \"e\"}?\nK0101 2:6 this quote is not closed"),
    ("a: [b, 'c, d]\ne: f\n", "{a: !, e: \"f\"}?\nK0101 1:8 this quote is not closed"),
    ("a: {b: c,\n  d: e,\n}\nf: g", "{a: {b: \"c\", d: \"e\"}, f: \"g\"}"),
    ("a: {b: c\n  d: e}\nf: g", "{a: {b: \"c d\"}?, f: \"g\"}?\nK0101 1:4 this `{` is not closed"),
    ("a b: c\nd", "{a b: \"c\"}?\nK0101 2:1 a line without a `:` between the keys of a map"),
    (
        "a: b, c\nd: 'e', f\n",
        "{a: \"b, c\", d: !}?\nK0101 2:4 a value that begins with a quote ends with it; here text follows",
    ),
    ("a: \"b\" # c\n", "{a: \"b\"}"),
    ("a:b\nc: d", "{c: \"d\"}?\nK0101 2:2 `:` inside a value that began on an earlier line"),
    (
        "a: |x\n  b\nc: d",
        "{a: !, c: \"d\"}?\nK0101 1:4 `>` or `|` begins a block of text, and the text stands on the lines after it",
    ),
    ("a:\n  \"b\": c\n  b: d", "{a: {b: \"c\"}}\nK0103 3:3 the key `b` is here twice"),
    ("- a: b\n  c: d\n", "[{a: \"b\", c: \"d\"}]"),
    ("a: ]\nb: c", "{a: !, b: \"c\"}?\nK0101 1:4 this bracket closes nothing"),
    ("a: , b\nb: c", "{a: !, b: \"c\"}?\nK0101 1:4 `,` cannot stand here"),
    ("a:\n- b\n c\nd: e", "{a: [\"b c\"], d: \"e\"}"),
    ("a: \"x\ty\"\n", "{a: \"x\\ty\"}"),
    ("\t\na: b", "{a: \"b\"}"),
    ("a: b\n\t\nc: d\n", "{a: \"b\", c: \"d\"}"),
    ("a: b\n\t# c\nc: d\n", "{a: \"b\", c: \"d\"}"),
    ("a: [\n\tb\n]\n", "{a: !}?\nK0102 2:1 a tab where YAML wants spaces"),
    ("{", "-\nK0101 1:1 this `{` is not closed"),
    ("}", "-\nK0101 1:1 this bracket closes nothing"),
    ("'", "-\nK0101 1:1 this quote is not closed"),
    ("key: 'a\n\nb'\n", "{key: \"a\\nb\"}"),
    ("a: b\n...\nc: d\n", "{a: \"b\"}\nK0110 3:1 a second YAML document in one file; what follows is not read"),
    ("a: b\n--- c\n", "{a: \"b\"}\nK0110 2:1 a second YAML document in one file; what follows is not read"),
    (
        "é: ü # ö\nß: [😀, x (y, z)]",
        "{é: \"ü\", ß: !}\nK0113 2:8 YAML ends this value at the comma: inside `[…]` and `{…}` a comma begins the next one",
    ),
];

#[test]
fn trees_and_findings() {
    for (text, expected) in CASES {
        assert_eq!(seen(text), *expected, "{text:?}");
    }
}

/// A scalar, and for some words of its text the bytes of the file they were written as.
type Place = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
const PLACES: &[Place] = &[
    ("a: count(x)", "count(x)", &[("x", "x"), ("count(x)", "count(x)")]),
    (
        "a: sum(x\n  + y) +\n\n  é + z # no",
        "sum(x + y) +\né + z",
        &[("y", "y"), ("é", "é"), ("z", "z"), ("x + y", "x\n  + y")],
    ),
    ("a: 'it''s x\n   and y'", "it's x and y", &[("x", "x"), ("y", "y"), ("'", "''"), ("s", "s")]),
    ("a: \"x\\u00e9\\\n   y\\\"z\"", "xéy\"z", &[("é", "\\u00e9"), ("y", "y"), ("\"", "\\\""), ("z", "z")]),
    (
        "a: \"p \\t  q\n   r\\U0001F600s\\ud83d\\ude00t\"",
        "p \t  q r😀s😀t",
        &[("q", "q"), ("r", "r"), ("s", "s"), ("t", "t")],
    ),
    ("a: \"one\n\n\n  two\"", "one\n\ntwo", &[("two", "two"), ("one", "one")]),
    ("a: |\n  count(x)\n\n    + y\nb: c", "count(x)\n\n  + y", &[("x", "x"), ("y", "y")]),
    ("a: >-\n  count(x)\n  + y\n\n  z\n", "count(x) + y\nz", &[("x", "x"), ("y", "y"), ("z", "z")]),
    ("a: >2-\n    count(x)\n    + y\n", "  count(x)\n  + y", &[("x", "x"), ("y", "y")]),
    ("a: |1+\n\n  b\n\n", "\n b", &[("b", "b")]),
    ("a: >\r\n  count(x)\r\n  + y\r\n", "count(x) + y", &[("x", "x"), ("y", "y")]),
    ("\u{feff}a: [p, 'q', \"r\"]\nb: x", "p", &[("p", "p")]),
];

#[test]
fn every_word_knows_its_bytes() {
    for (file, text, words) in PLACES {
        let mut sources = SourceMap::new();
        let id = sources.add("a.yaml", *file);
        let mut diagnostics = Vec::new();
        let root = read(&sources.file(id).text, id, &mut diagnostics).expect("a map");
        assert!(diagnostics.is_empty(), "{file:?}: {diagnostics:?}");
        let (scalar, span) = first_scalar(&root).expect("a scalar");
        let located = scalar.located(span);
        assert_eq!(&located.text, text, "{file:?}");
        for (word, written) in *words {
            let at = located.text.find(word).expect("the word");
            assert_eq!(sources.text(located.span(at..at + word.len())), *written, "{word:?} in {file:?}");
        }
    }
}

fn first_scalar<'n, 'a>(node: &'n Node<'a>) -> Option<(&'n Scalar<'a>, Span)> {
    match &node.kind {
        Kind::Scalar(s) => Some((s, node.span)),
        Kind::List(items) => items.iter().find_map(first_scalar),
        Kind::Map(map) => map.entries.iter().find_map(|e| first_scalar(&e.value)),
        Kind::Empty | Kind::Broken => None,
    }
}

fn all_scalars(node: &Node, see: &mut impl FnMut(&Scalar, Span)) {
    match &node.kind {
        Kind::Scalar(s) => see(s, node.span),
        Kind::List(items) => items.iter().for_each(|n| all_scalars(n, see)),
        Kind::Map(map) => map.entries.iter().for_each(|e| all_scalars(&e.value, see)),
        Kind::Empty | Kind::Broken => {}
    }
}

/// Reads a file as the compiler does, and checks that every place lies in it.
fn places_hold(text: &str) {
    let mut sources = SourceMap::new();
    let file = sources.add("a.yaml", text);
    let mut diagnostics = Vec::new();
    if let Some(root) = read(&sources.file(file).text, file, &mut diagnostics) {
        all_scalars(&root, &mut |scalar, span| {
            let located = scalar.located(span);
            for (at, c) in located.text.char_indices() {
                let place = located.span(at..at + c.len_utf8());
                assert!(
                    span.start <= place.start && place.end <= span.end,
                    "{c:?} at {place:?} of {span:?} in {text:?}"
                );
                let written = sources.text(place);
                // What is not itself was folded, escaped or doubled.
                assert!(
                    written.starts_with(c) || c.is_whitespace() || written.starts_with('\\') || written.is_empty(),
                    "{c:?} written as {written:?} in {text:?}"
                );
            }
        });
    }
    let (_, more) = parse_manifest(&sources, file);
    let (_, last) = parse_document(&sources, file);
    for d in diagnostics.iter().chain(&more).chain(&last) {
        for span in d.primary.iter().chain(&d.secondary).map(|l| l.span) {
            let (start, end) = (span.start as usize, span.end as usize);
            assert!(start <= end && end <= text.len(), "{d:?} in {text:?}");
            assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{d:?} in {text:?}");
        }
    }
}

/// Unicode's separators are text, not the white space that closes a block.
#[test]
fn a_separator_at_the_end_of_a_block_is_text() {
    places_hold("expr: |2\n   \n  a\u{2028}\n");
    places_hold("expr: >-\n  a\n  b\u{85}\n");
}

proptest! {
    #[test]
    fn any_text_is_read(text in "\\PC{0,200}") {
        places_hold(&text);
    }

    #[test]
    fn anything_like_yaml_is_read(parts in vec(select(PARTS), 0..60)) {
        places_hold(&parts.concat());
    }
}

proptest! {
    // Each is a whole file, expressions and all.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn definitions_with_a_slip_are_read(at in 0..EVERYTHING.len(), cut in 0..12_usize, with in select(PARTS)) {
        let end = (at + cut).min(EVERYTHING.len());
        places_hold(&format!("{}{with}{}", &EVERYTHING[..at], &EVERYTHING[end..]));
    }
}

/// What YAML files are made of, and what breaks them.
const PARTS: &[&str] = &[
    "a",
    "metrics:",
    "sources:",
    "objectives:",
    "key",
    ": ",
    ":",
    "\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "- ",
    "  ",
    "\t",
    " #",
    ", ",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "''",
    "`",
    ">",
    "|",
    ">-\n  ",
    "|2\n   ",
    "&x ",
    "*x",
    "!t ",
    "<<: ",
    "---\n",
    "...\n",
    "%",
    "\\n",
    "\\u00e9",
    "\\ud83d",
    "\\\n",
    "é",
    "😀",
    "\u{feff}",
    "\u{0}",
    "\r",
    "\r\n",
    "\u{2028}",
    "\u{85}",
    "x = (1",
    ")",
    "count(x)",
    "? ",
    "null",
    "~",
    "expr: ",
    "kepi: 1",
    "  a:\n    b: c",
];

#[test]
fn hostile_files_are_read_fast() {
    let wide: String = (0..100_000).map(|i| format!("k{i}: v\n")).collect();
    let wide_unknown: String = (0..20_000).map(|i| format!("k{i}: v\n")).collect();
    let files = [
        "[".repeat(200_000),
        "{a: ".repeat(100_000),
        (0..3000).map(|i| format!("{}a:\n", " ".repeat(i % 300))).collect(),
        (0..40).map(|i| format!("{}a:\n", "  ".repeat(i))).collect(),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        wide,
        wide_unknown,
        "a: \"".repeat(50_000),
        format!("a: {}", "x ".repeat(400_000)),
        format!("a: \"{}\"", "\\n".repeat(300_000)),
        format!("a: >\n{}", "  x\n".repeat(200_000)),
        format!("{}: b", "x".repeat(900_000)),
        "a:\n  b: `\n".repeat(50_000),
        format!("m:\n{}", "  b: `\n".repeat(100_000)),
        "a: &x [*x, *x]\n".repeat(20_000),
        "x".repeat(2_000_000),
        "\u{0}".repeat(1000),
        "a: b\r".repeat(50_000),
    ];
    for text in files {
        let begin = std::time::Instant::now();
        let mut sources = SourceMap::new();
        let file = sources.add("a.yaml", text);
        let (_, diagnostics) = parse_document(&sources, file);
        let head: String = sources.file(file).text.chars().take(20).collect();
        assert!(!diagnostics.is_empty(), "{head:?}");
        assert!(begin.elapsed().as_secs() < 5, "{head:?} took {:?}", begin.elapsed());
    }
}

#[test]
fn limits_say_what_they_are() {
    let deep: String = (0..40).map(|i| format!("{}a:\n", "  ".repeat(i))).collect();
    assert!(seen(&deep).ends_with("K0111 33:65 lists and maps are nested more than 32 deep"), "{}", seen(&deep));
    let wide: String = (0..30_000).map(|i| format!("k{i}: v\n")).collect();
    assert_eq!(seen(&wide), "-\nK0112 25000:9 more than 50000 keys and values in one file");
    assert_eq!(
        seen(&"x".repeat(1_100_000)),
        "-\nK0112 1:1 the file has 1100000 bytes; at most 1048576 (1 MiB) are read"
    );
}
