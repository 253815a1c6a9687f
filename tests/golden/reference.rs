//! What the reference (`docs/language.md`, `docs/errors.md`) says of the code is written from it, or held against it.
//!
//! Between `<!-- generated: NAME -->` and `<!-- end -->` stands what [`generated`] makes; `KEPI_BLESS=1` writes it. A table after
//! `<!-- keys: NAME -->` has a line for each key that the code reads.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use jiff::civil::Weekday;
use kepi_lang::calendar::{Calendar, Grain, Interval, SpanUnit, Window};
use kepi_lang::diag::lint::{LINTS, QUIET};
use kepi_lang::diag::{Code, Severity};
use kepi_lang::functions::{ALL, Group};
use kepi_lang::source::{SourceMap, Spanned};
use kepi_lang::syntax::ast::ExprKind;
use kepi_lang::syntax::expr::expression;
use kepi_lang::syntax::located::Located;
use kepi_lang::unit::{Names, Unit};

use crate::golden::{library, schema};

const PAGES: [&str; 3] = ["docs/language.md", "docs/errors.md", "docs/standard-library.md"];

/// The text of a block; `None` for a name that means nothing.
fn generated(name: &str) -> Option<String> {
    Some(match name {
        "aggregates" => functions(Group::Aggregates),
        "forms" => functions(Group::Forms),
        "row functions" => functions(Group::Rows),
        "journeys" => functions(Group::Journeys),
        "units" => units(),
        "lengths" => lengths(),
        "periods" => periods(),
        "lints" => lints(),
        "codes" => codes(),
        "bindings" => library::bindings(),
        stage => library::stage(stage.strip_prefix("library ")?),
    })
}

fn functions(group: Group) -> String {
    let mut out = "| function | result | what | for example |\n| --- | --- | --- | --- |\n".to_string();
    for f in ALL.iter().filter(|f| f.group == group) {
        let options = match f.options {
            [] => String::new(),
            // Those that the signature shows need no second mention.
            options => {
                options.iter().filter(|o| !f.signature.contains(**o)).map(|o| format!("; option `{o}`")).collect()
            }
        };
        let signature = f.signature.replace('|', "\\|");
        writeln!(out, "| `{signature}` | {} | {}{options} | `{}` |", f.result, f.doc, f.examples[0]).unwrap();
    }
    out
}

fn units() -> String {
    let names = Names { currency: Some("EUR".to_string()), entities: BTreeSet::new() };
    let mut lines: Vec<(Unit, Vec<String>)> = Vec::new();
    for word in Unit::known_words(&names) {
        let unit = Unit { spelling: None, ..Unit::parse(&word, &names).unwrap() };
        match lines.iter_mut().find(|(u, _)| *u == unit) {
            Some((_, words)) => words.push(word),
            None => lines.push((unit, vec![word])),
        }
    }
    let mut out = "| unit | spellings |\n| --- | --- |\n".to_string();
    for (unit, words) in lines {
        let what = match words[0].as_str() {
            "percent" => "a hundredth of a plain number".to_string(),
            "points" => "points of a score; percentage points of a share".to_string(),
            "money" => "the manifest's `currency:`; or any code of ISO 4217 (`EUR`, `USD`, …)".to_string(),
            _ => {
                let base = if Unit::parse("s", &names).unwrap().same_dimension(&unit) { "s" } else { "B" };
                match (unit.scale.num, unit.scale.den) {
                    (num, 1) => format!("{num} {base}"),
                    (num, den) => format!("{num}/{den} {base}"),
                }
            }
        };
        let words: Vec<_> = words.iter().map(|w| format!("`{w}`")).collect();
        writeln!(out, "| {what} | {} |", words.join(", ")).unwrap();
    }
    out
}

/// The unit of a length of time, where the text is one.
fn length(text: &str) -> Option<SpanUnit> {
    let mut map = SourceMap::new();
    let text = format!("m over {text}");
    let file = map.add("t", text.as_str());
    match expression(&Located::plain(&text, file, 0)).ok()?.kind {
        ExprKind::Over { window: Spanned { value: Window::Trailing(length), .. }, .. } => Some(length.unit),
        _ => None,
    }
}

fn lengths() -> String {
    const SHORT: [&str; 9] = ["ms", "s", "m", "h", "d", "w", "mo", "q", "y"];
    let mut out = "| length | short | counted in |\n| --- | --- | --- |\n".to_string();
    let mut unit = Some(SpanUnit::Millisecond);
    while let Some(this) = unit {
        assert_eq!(length(&format!("2 {}s", this.as_str())), Some(this));
        let short = SHORT.iter().find(|s| length(&format!("2{s}")) == Some(this));
        let short = short.map_or("–".to_string(), |s| format!("`2{s}`"));
        let counted = match this {
            SpanUnit::Millisecond | SpanUnit::Second | SpanUnit::Minute | SpanUnit::Hour => "elapsed time",
            SpanUnit::Period => "periods of the grain at hand",
            _ => "the calendar",
        };
        writeln!(out, "| `2 {}s` | {short} | {counted} |", this.as_str()).unwrap();
        unit = match this {
            SpanUnit::Millisecond => Some(SpanUnit::Second),
            SpanUnit::Second => Some(SpanUnit::Minute),
            SpanUnit::Minute => Some(SpanUnit::Hour),
            SpanUnit::Hour => Some(SpanUnit::Day),
            SpanUnit::Day => Some(SpanUnit::Week),
            SpanUnit::Week => Some(SpanUnit::Month),
            SpanUnit::Month => Some(SpanUnit::Quarter),
            SpanUnit::Quarter => Some(SpanUnit::Year),
            SpanUnit::Year => Some(SpanUnit::Period),
            SpanUnit::Period => None,
        };
    }
    out
}

fn periods() -> String {
    let zone = Calendar::zone("Europe/Berlin").unwrap();
    let calendar = |fiscal| Calendar::new(zone.clone(), Weekday::Monday, fiscal).unwrap();
    let start = calendar((1, 1)).parse_instant("2026-10-01T10:30").unwrap();
    let interval = Interval { start, end: start.checked_add(jiff::SignedDuration::from_secs(1)).unwrap() };
    let label = |calendar: &Calendar, grain| calendar.periods(interval, grain).unwrap()[0].label.clone();
    let mut out = "| grain | period that holds 10:30 on 1 October 2026 | with `fiscal_year_start: 02-01` |\n| --- | --- | --- |\n".to_string();
    for grain in Grain::ALL {
        let (civil, fiscal) = (label(&calendar((1, 1)), grain), label(&calendar((2, 1)), grain));
        let fiscal = if fiscal == civil { "the same".to_string() } else { format!("`{fiscal}`") };
        writeln!(out, "| `{grain}` | `{civil}` | {fiscal} |").unwrap();
    }
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warn",
        Severity::Info => "info",
    }
}

fn lints() -> String {
    let mut out = "| lint | code | level | what |\n| --- | --- | --- | --- |\n".to_string();
    for (name, code) in LINTS {
        let level = if QUIET.contains(code) { "off" } else { level(code.severity()) };
        writeln!(out, "| `{name}` | [{code}](errors/{code}.md) | {level} | {} |", code.summary()).unwrap();
    }
    out
}

fn codes() -> String {
    let mut out = "| code | severity | what |\n| --- | --- | --- |\n".to_string();
    for code in Code::ALL {
        let level = level(code.severity());
        writeln!(out, "| [{code}](errors/{code}.md) | {level} | {} |", code.summary()).unwrap();
    }
    out
}

fn check_keys(page: &str, text: &str, failures: &mut Vec<String>) {
    for part in text.split("<!-- keys: ").skip(1) {
        let (name, rest) = part.split_once(" -->").unwrap();
        let table = rest.trim_start().lines().take_while(|l| l.starts_with('|')).skip(2);
        let first = table.filter_map(|l| l.split('|').nth(1));
        let said: BTreeSet<String> =
            first.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_string).collect();
        let known = schema::known_keys(name);
        if said != known {
            let missing: Vec<_> = known.difference(&said).collect();
            let unknown: Vec<_> = said.difference(&known).collect();
            failures.push(format!("{page}: keys of `{name}`: not described {missing:?}, not read {unknown:?}"));
        }
    }
}

pub fn check() {
    let mut failures = Vec::new();
    for page in PAGES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = fs::read_to_string(&path).unwrap();
        let mut fresh = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("<!-- generated: ") {
            let (name, after) = after.split_once(" -->\n").unwrap();
            let (old, after) = after.split_once("<!-- end -->").unwrap_or_else(|| panic!("{page}: {name} has no end"));
            let new = generated(name).unwrap_or_else(|| panic!("{page}: nothing is generated as `{name}`"));
            if old.trim() != new.trim() {
                failures.push(format!("{page}: `{name}` is stale, KEPI_BLESS=1 writes it"));
            }
            write!(fresh, "{before}<!-- generated: {name} -->\n\n{new}\n<!-- end -->").unwrap();
            rest = after;
        }
        fresh += rest;
        check_keys(page, &text, &mut failures);
        if std::env::var_os("KEPI_BLESS").is_some() && fresh != text {
            fs::write(&path, fresh).unwrap();
            failures.retain(|f| !f.contains("is stale"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
