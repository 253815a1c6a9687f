//! House rules that no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kepi_lang::diag::Code;

use crate::golden::case;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

/// Every code is fired by a case, and a case of the same name with `-near-miss` does not fire it.
pub fn codes() {
    let mut fired: BTreeSet<Code> = BTreeSet::new();
    let mut missed: BTreeSet<Code> = BTreeSet::new();
    for folder in ["tests/cases", "cli/tests/cases"] {
        for path in case::all(folder) {
            let text = fs::read_to_string(&path).unwrap();
            let expected = text.rsplit("\n--- expect").next().unwrap_or_default().to_string();
            let near = path.file_stem().unwrap().to_string_lossy().ends_with("-near-miss");
            if near {
                let twin = path.to_string_lossy().replace("-near-miss.case", ".case");
                let twin = fs::read_to_string(&twin).unwrap_or_else(|_| panic!("{twin} is missing"));
                let twin = twin.rsplit("\n--- expect").next().unwrap_or_default().to_string();
                missed.extend(
                    Code::ALL.iter().copied().filter(|c| twin.contains(c.as_str()) && !expected.contains(c.as_str())),
                );
            } else {
                fired.extend(Code::ALL.iter().copied().filter(|c| expected.contains(c.as_str())));
            }
        }
    }
    // What no input can bring about is tested where it is made.
    let internal = [
        Code::Internal,
        Code::RuntimeFailed,
        Code::FileChanged,
        Code::NoObjectStores,
        Code::TooManyActors,
        Code::Spilling,
    ];
    // What needs a server is tested with one, in `cli/tests/cli/stores.rs`.
    let served = [Code::AccessDenied, Code::NoSuchObject, Code::Unreachable, Code::StoreFailed, Code::LeadsAway];
    let internal = [&internal[..], &served].concat();
    let list = |codes: Vec<&Code>| codes.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(" ");
    let unfired: Vec<_> = Code::ALL.iter().filter(|c| !fired.contains(c) && !internal.contains(c)).collect();
    let without: Vec<_> = Code::ALL.iter().filter(|c| !missed.contains(c) && !internal.contains(c)).collect();
    assert!(unfired.is_empty(), "no case fires {}", list(unfired));
    assert!(without.is_empty(), "no near miss for {}", list(without));
}

/// Every code has a page, and every page a code.
pub fn pages() {
    let codes: BTreeSet<String> = Code::ALL.iter().map(|c| format!("{c}.md")).collect();
    let pages: BTreeSet<String> = fs::read_dir(root().join("docs/errors"))
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(codes, pages, "left: codes, right: pages in docs/errors");
    for code in Code::ALL {
        let page = fs::read_to_string(root().join(format!("docs/errors/{code}.md"))).unwrap();
        let title = format!("# {code}: {}", code.summary());
        assert_eq!(page.lines().next(), Some(title.as_str()), "the title of docs/errors/{code}.md");
    }
}

/// Third-party types stay in their rooms, and imports go one way.
pub fn layers() {
    let rooms: &[(&str, &[&str])] = &[
        ("pest", &["src/syntax/expr"]),
        ("granit_parser", &["src/syntax/yaml"]),
        ("annotate_snippets", &["src/diag/human"]),
        ("minijinja", &["src/report/render"]),
        ("statrs", &["src/stats"]),
        ("datafusion", &["engine/"]),
        ("object_store", &["engine/src/sources/stores", "engine/src/sources/scan"]),
        ("reqwest", &["engine/src/sources/stores"]),
        ("clap", &["cli/"]),
    ];
    let mut wrong = Vec::new();
    for path in ["src", "engine/src", "cli/src"].iter().flat_map(|f| rust_files(f)) {
        let name = name(&path);
        let text = fs::read_to_string(&path).unwrap();
        for (krate, allowed) in rooms {
            let used = text.contains(&format!("{krate}::")) || text.contains(&format!("use {krate}"));
            if used && !allowed.iter().any(|a| name.starts_with(a)) {
                wrong.push(format!("{name} names {krate}"));
            }
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (line, text) in code.lines().enumerate() {
            let test = name.contains("/tests/") || name.ends_with("tests.rs");
            if !test && text.trim_start().starts_with("use ") && text.contains("::*;") {
                wrong.push(format!("{name}:{} imports with a star", line + 1));
            }
        }
    }
    // A stage never imports a later one.
    let order = [
        ("source", vec!["diag", "syntax", "resolve", "check", "report", "diff"]),
        ("diag", vec!["syntax", "resolve", "check", "report", "diff"]),
        ("syntax", vec!["resolve", "check", "ir", "report", "results", "diff"]),
        ("resolve", vec!["check", "report", "diff"]),
        ("check", vec!["report", "diff"]),
        ("report", vec!["diff"]),
        ("calendar", vec!["syntax", "resolve", "check", "report", "ir"]),
        ("stats", vec!["syntax", "resolve", "check", "report", "ir", "results"]),
        ("ir", vec!["syntax", "resolve", "check", "report", "results"]),
    ];
    for path in rust_files("src") {
        let name = name(&path);
        let stage = name.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_string();
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (of, later) in order.iter().filter(|(of, _)| *of == stage) {
            for module in later {
                if text.contains(&format!("crate::{module}::")) {
                    wrong.push(format!("{name}: {of} imports {module}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files over 600 lines answer two questions; half of them are under 200.
pub fn lengths() {
    let mut lengths: Vec<(usize, String)> = ["src", "engine/src", "cli/src"]
        .iter()
        .flat_map(|f| rust_files(f))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            (code.lines().count(), name(&path))
        })
        .collect();
    lengths.sort();
    let long: Vec<_> = lengths.iter().filter(|(n, _)| *n > 600).collect();
    assert!(long.is_empty(), "over 600 lines: {long:?}");
    let median = lengths[lengths.len() / 2].0;
    assert!(median <= 200, "the median file has {median} lines");
}
