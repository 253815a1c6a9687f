//! Whatever parses is typed or refused, and never more.

use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert, proptest};

use crate::check::tests::{project, short, typed};

const WORDS: &[&str] = &[
    "play",
    "buy",
    "active",
    "app",
    "states",
    "once",
    "plays",
    "revenue",
    "wau",
    "balance",
    "pro",
    "user",
    "item",
    "actor",
    "amount",
    "watched",
    "time",
    "country",
    "nothing",
    "day",
    "month",
    "count(",
    "unique(",
    "sum(",
    "mean(",
    "first(",
    "share(",
    "percentile(",
    "ago(",
    "change(",
    "total(",
    "correlation(",
    "coalesce(",
    "round(",
    "greatest(",
    "(",
    ")",
    ")",
    ")",
    ",",
    ".",
    ".",
    ".",
    "+",
    "-",
    "*",
    "/",
    "=",
    ">=",
    "<",
    "and",
    "or",
    "not",
    "where",
    "per",
    "over",
    "is null",
    "in (1, 2)",
    "between 1 and 2",
    "like \"a%\"",
    "if",
    "then",
    "else",
    "1",
    "0",
    "2.5",
    "20%",
    "30s",
    "1 month",
    "7 days",
    "5 EUR",
    "3 USD",
    "2026-03",
    "2026-03-01",
    "\"x\"",
    "null",
    "true",
    "all time",
    "month to date",
    "discrete",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 1..14)
        .prop_map(|words| words.join(" ").replace(" .", ".").replace(". ", "."))
}

/// Texts of the shape that expressions have, so that most of them parse.
fn shaped() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "count(play)",
        "unique(active)",
        "sum(buy.amount)",
        "mean(play.watched)",
        "plays",
        "revenue",
        "wau",
        "balance",
        "1",
        "0",
        "5 EUR",
        "30s",
        "20%",
        "play",
        "buy",
        "pro",
        "buy.amount",
        "country",
        "sum(states.balance)",
        "count(once)",
        "share(once.ok)",
        "2026-03",
        "\"x\"",
        "null",
        "user.plan",
        "day(play.time)",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(6, 40, 3, |inner| {
        let ops = prop::sample::select(vec!["+", "-", "*", "/", "=", ">=", "and", "or"]);
        let phrases = prop::sample::select(vec![
            "per actor",
            "per day",
            "per month",
            "per buy.country",
            "per active.actor",
            "over 7 days",
            "over all time",
            "where pro",
            "where buy.amount > 3",
            "per day over 28 days",
            "is null",
            "in (1, 2)",
        ]);
        let calls = prop::sample::select(vec![
            "count", "sum", "mean", "share", "median", "last", "unique", "total", "abs", "sqrt", "max", "day",
        ]);
        let forms =
            prop::sample::select(vec!["ago", "change", "percentile", "coalesce", "round", "least", "correlation"]);
        prop::strategy::Union::new([
            (inner.clone(), ops, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")).boxed(),
            (inner.clone(), phrases).prop_map(|(a, p)| format!("({a}) {p}")).boxed(),
            (calls, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")).boxed(),
            (forms, inner.clone(), inner).prop_map(|(f, a, b)| format!("{f}({a}, {b})")).boxed(),
        ])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn anything_is_typed_or_refused(texts in prop::collection::vec(prop::strategy::Union::new([text().boxed(), shaped().boxed()]), 60)) {
        let (checked, mut map) = project(include_str!("expressions.yaml"));
        for text in texts {
            if let Err(findings) = typed(&checked, &mut map, &text) {
                let said = short(&findings, &map);
                prop_assert!(!said.contains("K0901"), "{text}: {said}");
                prop_assert!(!said.is_empty(), "{text}");
            }
        }
    }
}

#[test]
fn chains_of_definitions_end() {
    // Each metric names the one before, in the order of the text and against it; and each doubles it.
    for reversed in [false, true] {
        for step in ["+ 1", "+ M", "where country = \"x\""] {
            let mut lines: Vec<String> = (1..300)
                .map(|i| format!("  m{i}: m{} {}\n", i - 1, step.replace('M', &format!("m{}", i - 1))))
                .collect();
            lines.push("  m0: count(app)\n".into());
            if reversed {
                lines.reverse();
            }
            let text = format!("sources:\n  app: {{files: a.csv, time: ts}}\nmetrics:\n{}", lines.concat());
            let (checked, _) = project(&text);
            assert!(checked.diagnostics.iter().all(|d| d.code.as_str() == "K0409"), "{reversed} {step}");
        }
    }
}

/// Text nested as deep as the grammar lets it be, in a metric, in the condition of its event, in a dimension.
#[test]
fn the_deepest_text_fits_on_the_smallest_stack() {
    let sum = |of: &str| vec![of; 96].join(" + ");
    let not = |of: &str| format!("{}{of}", "not ".repeat(45));
    let nested = |of: &str| format!("{}{of}{}", "abs(".repeat(45), ")".repeat(45));
    let events = "e: app where x > 1\n  f: e where ";
    for condition in [sum("x"), nested("x")] {
        for metric in [sum("count(f)"), nested("count(f)"), format!("count(f where {})", not("a = 1"))] {
            let text = format!(
                "sources:\n  app: {{files: a.csv, time: ts, columns: {{x: number}}}}\nevents:\n  {events}{condition} > 2\nmetrics:\n  m: {metric}\n"
            );
            let (checked, map) = project(&text);
            assert_eq!(short(&checked.diagnostics, &map), "", "{text}");
        }
    }
}

/// A scope is typed anew in what it is put on: the levels of one expression are those of all that it leads through.
#[test]
fn scopes_of_scopes_end_on_the_smallest_stack() {
    let rest = " + count(app)".repeat(90);
    let mut text = format!("sources:\n  app: {{files: a.csv, time: ts}}\nmetrics:\n  m0: count(app){rest}\n");
    for i in 1..6 {
        text.push_str(&format!("  m{i}: (m{} where country = \"x\"){rest}\n", i - 1));
    }
    let (checked, _) = project(&text);
    assert!(checked.diagnostics.iter().any(|d| d.code.as_str() == "K0409"));
    assert!(checked.diagnostics.iter().all(|d| d.code.as_str() == "K0409"));
}
