//! The cases of the language.

use crate::check::tests::{project, short, typed};

const DEFINITIONS: &str = include_str!("language.yaml");

#[test]
fn every_case_has_its_unit_type_and_additivity() {
    let (checked, mut map) = project(DEFINITIONS);
    assert_eq!(short(&checked.diagnostics, &map), "");
    let table = include_str!("language.txt");
    let mut failed = Vec::new();
    for line in table.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let mut parts = line.split(" | ").map(str::trim);
        let (Some(case), Some(text), expected) = (parts.next(), parts.next(), parts.next()) else { continue };
        let actual = match typed(&checked, &mut map, text) {
            Ok(typed) => typed.rsplit_once(": ").map_or(typed.clone(), |(_, t)| t.to_owned()),
            Err(findings) => short(&findings, &map),
        };
        if Some(actual.as_str()) != expected {
            failed.push(format!("{case} | {text} | {actual}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
