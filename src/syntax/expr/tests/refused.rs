//! Texts that are refused: the code, the place, the words and the cure of each, in one file to be read.

use std::fmt::Write;

use crate::syntax::expr::tests::{located, read};

const REFUSED: &str = include_str!("../../../../tests/data/refused_expressions.txt");

#[test]
fn refusals_name_the_place_and_the_cure() {
    let mut said = String::new();
    for line in REFUSED.lines() {
        let Some((kind, text)) = line.split_once('\t').filter(|_| !line.starts_with([' ', '#'])) else {
            if line.starts_with('#') {
                said.push_str(line);
                said.push('\n');
            }
            continue;
        };
        said.push_str(line);
        said.push('\n');
        match read(kind, &located(text)) {
            Ok(printed) => writeln!(said, "    read as {printed}").unwrap(),
            Err(findings) => {
                for finding in findings {
                    let span = finding.primary.as_ref().map(|p| p.span).unwrap();
                    let place = text.get(span.start as usize..span.end as usize).unwrap_or("?");
                    writeln!(
                        said,
                        "    {} at {}..{} `{place}`: {}",
                        finding.code, span.start, span.end, finding.message
                    )
                    .unwrap();
                    writeln!(said, "        {}", finding.help.unwrap_or_default()).unwrap();
                }
            }
        }
    }
    if std::env::var_os("KEPI_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/refused_expressions.txt");
        std::fs::write(path, said).unwrap();
        return;
    }
    assert_eq!(said, REFUSED, "what is said has changed: bless it with KEPI_BLESS=1 and read it");
}
