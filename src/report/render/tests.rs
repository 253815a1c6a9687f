//! A report made by hand, in every form.

mod contrast;
mod sample;

use sample::sample;

use crate::report::render::{Style, html, json, markdown, text};
use crate::source::SourceMap;

#[test]
fn a_page_is_self_contained_and_escaped() {
    let page = html(&sample(), &SourceMap::new());
    for outside in ["<script", "src=\"http", "href=\"http", "@import", "url("] {
        assert!(!page.contains(outside), "the page reaches outside: {outside}");
    }
    assert!(!page.contains("<img src=x"), "a title became markup");
    assert!(page.contains("&lt;img src=x"));
    assert!(page.matches("role=\"img\"").count() >= 3);
    assert!(page.contains("7 of 8 &amp; more") || page.contains("7 of 8 &#x26; more"));
}

#[test]
fn ids_of_a_page_are_unique() {
    let page = html(&sample(), &SourceMap::new());
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let map = SourceMap::new();
    assert_eq!(html(&sample(), &map), html(&sample(), &map));
    assert_eq!(json(&sample(), &map), json(&sample(), &map));
}

#[test]
fn json_has_the_documented_keys() {
    let document: serde_json::Value = serde_json::from_str(&json(&sample(), &SourceMap::new())).unwrap();
    assert_eq!(document["kepi"], 1);
    let objective = &document["objectives"][0];
    for key in ["name", "status", "score", "baseline", "target", "actual", "smart"] {
        assert!(!objective[key].is_null(), "{key}");
    }
    assert_eq!(objective["smart"]["S"]["status"], "holds");
    assert_eq!(objective["baseline"]["exact"], "100.10", "a decimal stays exact");
    let page = include_str!("../../../docs/report-json.md");
    let missing: Vec<String> = keys(&document).into_iter().filter(|k| !page.contains(&format!("`{k}`"))).collect();
    assert!(missing.is_empty(), "docs/report-json.md does not describe {missing:?}");
}

/// Every key of every object, but those that are names of the user's.
fn keys(value: &serde_json::Value) -> std::collections::BTreeSet<String> {
    match value {
        serde_json::Value::Object(map) => map
            .iter()
            .flat_map(|(k, v)| {
                let mut inner = keys(v);
                inner.insert(k.clone());
                inner
            })
            .filter(|k| k.len() > 1 && k != "p50")
            .collect(),
        serde_json::Value::Array(list) => list.iter().flat_map(keys).collect(),
        _ => Default::default(),
    }
}

#[test]
fn markdown_of_the_sample() {
    insta::assert_snapshot!(markdown(&sample(), &SourceMap::new()));
}

#[test]
fn text_of_the_sample() {
    let style = Style { colour: false, width: 100 };
    insta::assert_snapshot!(text(&sample(), &SourceMap::new(), &style));
}

#[test]
fn colour_is_only_colour() {
    let map = SourceMap::new();
    let plain = text(&sample(), &map, &Style { colour: false, width: 100 });
    let painted = text(&sample(), &map, &Style { colour: true, width: 100 });
    let mut stripped = String::new();
    let mut inside = false;
    for c in painted.chars() {
        match c {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            c if !inside => stripped.push(c),
            _ => {}
        }
    }
    let words = |t: &str| t.split_whitespace().map(str::to_string).collect::<Vec<_>>();
    assert!(!plain.contains('\u{1b}') && painted.contains('\u{1b}'));
    assert_eq!(words(&plain), words(&stripped));
}
