//! Runs every case of `tests/cases`: definition files and the findings they must give, in one text file.
//!
//! A case is a list of sections. `--- kepi.yaml` (a minimal manifest stands in when it is missing) and `--- metrics/a.yaml`
//! hold files, `--- expect` the findings as they are printed, or `ok`. `KEPI_BLESS=1` writes what was found; read it.

mod golden {
    pub mod case;
    pub mod fmt;
    pub mod library;
    pub mod reference;
    pub mod run;
    pub mod sarif;
    pub mod schema;
    pub mod tidy;
    pub mod validator;
}

use golden::{case, fmt, library, reference, run, sarif, schema, tidy};

#[test]
fn cases() {
    let mut failures = Vec::new();
    let cases = case::all("tests/cases");
    assert!(!cases.is_empty(), "no cases found");
    for path in &cases {
        if let Err(difference) = run::check(path) {
            failures.push(format!("{}\n{difference}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases differ:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn every_code_has_a_case_and_a_near_miss() {
    tidy::codes();
}

#[test]
fn every_code_has_a_page() {
    tidy::pages();
}

#[test]
fn layers_hold() {
    tidy::layers();
}

#[test]
fn files_are_short() {
    tidy::lengths();
}

#[test]
fn the_reference_is_fresh() {
    reference::check();
}

#[test]
fn the_library_keeps_its_promises() {
    library::check();
}

#[test]
fn formatting_keeps_the_meaning_of_every_case() {
    fmt::cases();
}

#[test]
fn what_ships_is_formatted() {
    fmt::shipped();
}

#[test]
fn the_schema_knows_the_keys_that_the_decoder_reads() {
    schema::keys();
}

#[test]
fn the_schema_takes_what_ships_and_refuses_what_is_misspelt() {
    schema::files();
}

#[test]
fn sarif_is_valid_by_the_published_schema() {
    sarif::check();
}
