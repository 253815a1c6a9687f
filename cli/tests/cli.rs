//! Whole runs of the command: every case of `cli/tests/cases`, and what needs more than a case can say.

mod cli {
    pub mod case;
    mod catalogue;
    mod check;
    #[cfg(unix)]
    mod confinement;
    mod docs;
    mod faults;
    mod fmt;
    pub mod init;
    mod installed;
    #[cfg(target_os = "linux")]
    mod limits;
    mod long;
    mod lookups;
    mod memory;
    pub mod oracle;
    mod pairs;
    mod profile;
    #[path = "../../../engine/tests/language/random.rs"]
    mod random;
    pub mod retail;
    mod snowplow;
    mod stores;
    mod watch;
    #[cfg(unix)]
    mod workflows;
    mod worlds;
}

#[test]
fn cases() {
    let mut failures = Vec::new();
    let cases = cli::case::all();
    assert!(!cases.is_empty(), "no cases found");
    // `KEPI_CASE=diff/` runs those whose path holds it.
    let wanted = std::env::var("KEPI_CASE").unwrap_or_default();
    for path in cases.iter().filter(|path| path.to_string_lossy().contains(&wanted)) {
        if let Err(difference) = cli::case::check(path) {
            failures.push(format!("{}\n{difference}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases differ:\n{}", failures.len(), cases.len(), failures.join("\n"));
}
