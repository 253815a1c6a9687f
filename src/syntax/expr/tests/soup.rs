//! Any text at all: no panic, places inside the text, and what is read prints as itself. Hard texts take no longer than
//! their length.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::syntax::expr;
use crate::syntax::expr::tests::{CASES, cases, lines, located, read};

const KINDS: [&str; 6] = ["expression", "target", "baseline", "guardrail", "effect", "link"];

/// Words and signs of the language and its neighbours.
const PIECES: &[&str] = &[
    "a",
    "count",
    "(",
    ")",
    ",",
    ".",
    "where",
    "per",
    "over",
    "within",
    "or",
    "and",
    "not",
    "in",
    "between",
    "like",
    "is",
    "null",
    "if",
    "then",
    "else",
    "true",
    "to",
    "of",
    "by",
    "from",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    "->",
    "-",
    "+",
    "*",
    "/",
    "%",
    "5",
    "03",
    ".5",
    "7d",
    "28 days",
    "30min",
    "20%",
    "2026-Q3",
    "2026-3",
    "2026-03-01T10:00",
    "FY2026",
    "\"",
    "\"x\"",
    "'",
    "`",
    "`Plan Type`",
    ":",
    "day",
    "all time",
    "month to date",
    "first entry",
    "at least 2",
    "gap",
    "excluding",
    "same",
    "keep",
    "reach",
    "increase",
    "last",
    "median",
    "no worse than",
    "ö",
    "名",
    "🙂",
    "\\",
    "\n",
    "$",
    "_",
    "[",
    "&&",
];

fn soup() -> impl Strategy<Value = String> {
    let piece = (prop::sample::select(PIECES), prop::sample::select(vec!["", " "]));
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.into_iter().flat_map(|(p, s)| [p, s]).collect())
}

fn holds(text: &str) {
    let located = located(text);
    for kind in KINDS {
        match read(kind, &located) {
            Ok(printed) if kind != "link" => {
                assert_eq!(read(kind, &self::located(&printed)).as_ref(), Ok(&printed), "{kind} {text:?}");
            }
            Ok(_) => {}
            Err(findings) => {
                assert!(!findings.is_empty(), "{kind} {text:?}");
                for finding in findings {
                    let span = finding.primary.as_ref().map(|p| p.span).unwrap();
                    assert!(text.get(span.start as usize..span.end as usize).is_some(), "{kind} {text:?} {finding:?}");
                    assert!(finding.help.is_some_and(|h| !h.is_empty()), "{kind} {text:?} {}", finding.message);
                    assert!(!finding.message.contains('_') || text.contains('_'), "a rule's name: {}", finding.message);
                    assert_ne!(finding.code, crate::diag::Code::Internal, "{kind} {text:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_pieces(text in soup()) {
        holds(&text);
    }

    #[test]
    fn any_text(text in any::<String>()) {
        holds(&text);
    }

    #[test]
    fn any_ascii(text in "[ -~]{0,40}") {
        holds(&text);
    }
}

/// Texts of about this many bytes that a careless grammar would read again and again.
fn hard_texts(size: usize) -> Vec<(&'static str, String)> {
    let repeat = |s: &str| s.repeat(size / s.len());
    let nested = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(50), close.repeat(50));
    vec![
        ("parentheses", nested("(", "a", ")")),
        ("calls", nested("f(", "a", ")")),
        ("calls with phrases", nested("f(", "a", " where b per actor >= 1)")),
        ("options", nested("f(excluding ", "a", ")")),
        ("a broken option", nested("f(excluding ", "a b", ")")),
        ("chains", nested("f(a -> ", "b", " -> c)")),
        ("operators", nested("1 + 2 * (", "a", ") or c")),
        ("lists", nested("a in (", "b", ")")),
        ("ifs", format!("{}d", "if a then b else ".repeat(49))),
        ("a broken nest", nested("(a or not -", "b c", ")")),
        ("too many parentheses", repeat("(")),
        ("closing parentheses", repeat(")")),
        ("a sum", format!("1{}", repeat("+1"))),
        ("nots", format!("{}a", repeat("not "))),
        ("comparisons", format!("a{}", repeat(" < a"))),
        ("phrases", format!("a{}", repeat(" where b"))),
        ("stray operators", format!("a per b{}", repeat(" + a per b"))),
        ("dots", format!("a{}", repeat(".a"))),
        ("arguments", format!("f(a{})", repeat(", a"))),
        ("flags", format!("f(strict{})", repeat(", strict"))),
        ("steps", format!("f(a{})", repeat(" -> a"))),
        ("a list", format!("a in (1{})", repeat(", 1"))),
        ("minuses", repeat("- ")),
        ("quotes", repeat("\"")),
        ("a text", format!("\"{}\"", repeat("a"))),
        ("a name", repeat("a")),
        ("digits", repeat("1")),
        ("words", repeat("a ")),
        ("spaces", format!("a {}", repeat(" "))),
        ("hyphens", format!("a{}", repeat("-a"))),
        ("dates", repeat("2026-03-")),
    ]
}

#[test]
fn hard_texts_take_their_length() {
    let size = std::env::var("KEPI_TIMES").ok().and_then(|s| s.parse().ok()).unwrap_or(5_000);
    for (what, text) in hard_texts(size) {
        let start = Instant::now();
        let result = read("expression", &located(&text));
        let took = start.elapsed();
        if std::env::var_os("KEPI_TIMES").is_some() {
            let outcome = match &result {
                Ok(_) => "read".to_owned(),
                Err(findings) => findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>().join(" "),
            };
            println!("{what:24} {:6} bytes {:9.3} ms  {outcome}", text.len(), took.as_secs_f64() * 1e3);
        }
        // Generous: unoptimised, on a busy machine. A text that is read twice at each of 50 levels would take for ever.
        assert!(took < Duration::from_secs(30), "{what}: {took:?}");
    }
}

/// What one real metric takes; printed with `KEPI_TIMES`, in an optimised build.
#[test]
fn real_metrics_take_microseconds() {
    let Ok(rounds) = std::env::var("KEPI_TIMES").unwrap_or_default().parse::<u32>() else { return };
    let texts: Vec<_> = lines(CASES).map(|(_, text)| located(text)).collect();
    let start = Instant::now();
    for _ in 0..rounds {
        for text in &texts {
            assert!(expr::expression(text).is_ok());
        }
    }
    let each = start.elapsed() / rounds / texts.len() as u32;
    println!("a real metric: {each:?}");
}
