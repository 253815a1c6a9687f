//! Small expressions and what becomes of them, in one table.

use crate::check::tests::{project, short, typed};

const DEFINITIONS: &str = include_str!("expressions.yaml");

/// `expression`, and below it, indented, the typed form or the finding.
#[test]
fn expressions_are_typed_as_the_table_says() {
    let (checked, mut map) = project(DEFINITIONS);
    assert_eq!(short(&checked.diagnostics, &map), "");
    let table = include_str!("expressions.txt");
    let mut actual = String::new();
    for line in table.lines() {
        if line.starts_with("    ") {
            continue;
        }
        actual.push_str(line);
        actual.push('\n');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let result = typed(&checked, &mut map, line).unwrap_or_else(|findings| {
            findings.iter().map(|f| format!("{}: {}", f.code, f.message)).collect::<Vec<_>>().join("; ")
        });
        actual.push_str(&format!("    {result}\n"));
    }
    if std::env::var_os("KEPI_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/check/tests/expressions.txt");
        std::fs::write(path, &actual).expect("the table can be written");
    }
    assert!(table == actual, "{actual}");
}
