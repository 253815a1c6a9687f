//! Every block of the documentation is run: README.md and `docs/**/*.md`.
//!
//! The info string of a block says what it is (see CONTRIBUTING.md):
//!
//! - ` ```yaml ` definitions, or keys of `kepi.yaml`: they have no error in the page's project; `finds=K0354`: that finding
//!   and no other error (`finds=nothing` on a page of `docs/errors` whose finding needs data); `in=objectives.visits`: what is left of a definition, the rest of it is the project's;
//!   `of=examples/retail`: a part of that project, word for word
//! - ` ```kepi ` expressions, a line each, ` ```kepi in=events ` those of a section
//! - ` ```console ` lines `$ kepi …` and what they print; `…` alone stands for any lines, `exit=1` is the last one's exit code
//! - `file=PATH` a file of the page's project, from here on
//! - `skip="why"` a block that is not run
//!
//! A page's project is what its `file=` blocks add to `cli/tests/docs/world`, or to the folder that `<!-- project: DIR -->` names (`none`: to nothing);
//! a page with its own `kepi.yaml` begins with nothing. Where it has data, they are read. On a page of `docs/errors` the
//! first block of definitions finds the page's code, the others have no error. `KEPI_BLESS=1` writes what was printed. Links
//! between the pages lead somewhere.

mod links;
mod page;
mod project;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use self::page::{Block, Page};
use self::project::Project;
use crate::cli::case::{repository, run};

fn pages() -> Vec<PathBuf> {
    let mut found = vec![repository().join("README.md")];
    let mut folders = vec![repository().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What came of some pages.
#[derive(Default)]
struct Outcome {
    run: usize,
    skipped: Vec<String>,
    failures: Vec<String>,
}

#[test]
fn blocks() {
    let pages = pages();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut outcome = Outcome::default();
        while let Some(path) = pages.get(next.fetch_add(1, Ordering::Relaxed)) {
            run_page(path, &mut outcome);
        }
        outcome
    };
    let mut all = Outcome::default();
    std::thread::scope(|scope| {
        for thread in (0..threads).map(|_| scope.spawn(worker)).collect::<Vec<_>>() {
            let part = thread.join().unwrap();
            all.run += part.run;
            all.skipped.extend(part.skipped);
            all.failures.extend(part.failures);
        }
    });
    all.skipped.sort();
    all.failures.sort();
    let list = all.skipped.iter().map(|s| format!("\n  not run: {s}")).collect::<String>();
    // Past the capture of the test's output: what is not run is always said.
    let _ = writeln!(std::io::stderr(), "documentation: {} blocks run, {} not{list}", all.run, all.skipped.len());
    assert!(all.failures.is_empty(), "{} of {} blocks fail:\n{}", all.failures.len(), all.run, all.failures.join("\n"));
}

fn run_page(path: &Path, outcome: &mut Outcome) {
    let page = Page::read(path);
    let mut project = Project::new(&page.text);
    let mut blessed = Vec::new();
    for block in &page.blocks {
        let place = format!("{}:{}", page.name, block.line);
        if let Some(why) = block.attribute("skip") {
            outcome.skipped.push(format!("{place}: {why}"));
            continue;
        }
        outcome.run += 1;
        match check(&page, block, &mut project) {
            Ok(Some(printed)) => blessed.push((block, printed)),
            Ok(None) => {}
            Err(why) => outcome.failures.push(format!("{place}: {why}")),
        }
    }
    outcome.failures.extend(links::broken(path, &page).into_iter().map(|l| format!("{}: {l}", page.name)));
    // What a page on a finding writes is wrong on purpose.
    if page.code.is_none()
        && let Err(why) = project.check()
    {
        outcome.failures.push(format!("{}: the page's project: {why}", page.name));
    }
    if !blessed.is_empty() {
        let mut text = page.text.clone();
        for (block, printed) in blessed.into_iter().rev() {
            text.replace_range(block.start..block.start + block.text.len(), &printed);
        }
        fs::write(path, text).unwrap();
    }
}

/// The text to put in the block's place, where `KEPI_BLESS=1` asks for it.
fn check(page: &Page, block: &Block, project: &mut Project) -> Result<Option<String>, String> {
    if let Some(path) = block.attribute("file") {
        project.write(path, &block.text);
        return Ok(None);
    }
    match block.language.as_str() {
        "console" => console(block, project),
        "yaml" => match block.attribute("of") {
            Some(folder) => project::is_part_of(&block.text, folder).map(|()| None),
            None => yaml(page, block, project).map(|()| None),
        },
        "kepi" => kepi(block, project).map(|()| None),
        other => Err(format!("a block of `{other}` is not run: say file=PATH or skip=\"why\"")),
    }
}

fn yaml(page: &Page, block: &Block, project: &Project) -> Result<(), String> {
    let folder = project.with(&block.text, block.attribute("in"));
    let found = findings(folder.path(), project.has_data())?;
    match (block.attribute("finds"), page.code.as_ref().filter(|_| page.first(block))) {
        (Some("nothing"), _) | (None, None) => expect(&found, &[]),
        (Some(codes), _) => expect(&found, &codes.split(',').collect::<Vec<_>>()),
        // What such a block leaves out may be missed as well.
        (None, Some(code)) if found.iter().any(|f| f["code"] == code.as_str()) => Ok(()),
        (None, Some(code)) => expect(&found, &[code]),
    }
}

/// Each line is a definition of its own; a line that is indented continues the one above, two blanks and `#` begin a remark.
fn kepi(block: &Block, project: &Project) -> Result<(), String> {
    let mut lines: Vec<String> = Vec::new();
    for line in block.text.lines() {
        let line = line.split("  #").next().unwrap_or_default().trim_end();
        match lines.last_mut() {
            Some(last) if line.starts_with(' ') => *last += line,
            _ if line.is_empty() => {}
            _ => lines.push(line.to_string()),
        }
    }
    let wanted: Vec<&str> = block.attribute("finds").into_iter().flat_map(|c| c.split(',')).collect();
    // Where each of them must be refused, each is tried alone.
    let groups = if wanted.is_empty() { vec![lines] } else { lines.into_iter().map(|l| vec![l]).collect() };
    for group in groups {
        let section = block.attribute("in").unwrap_or("metrics");
        let mut text = format!("{section}:\n");
        for (i, expression) in group.iter().enumerate() {
            text += &format!("  documented_{i}: >-\n    {expression}\n");
        }
        let folder = project.with(&text, None);
        expect(&findings(folder.path(), project.has_data())?, &wanted)
            .map_err(|why| format!("{why}, in\n{}", group.join("\n")))?;
    }
    Ok(())
}

fn expect(findings: &[Value], wanted: &[&str]) -> Result<(), String> {
    let code = |f: &Value| f["code"].as_str().unwrap_or_default().to_string();
    let told = findings.iter().filter(|f| f["severity"] == "error" || !wanted.is_empty());
    let said: Vec<String> = told.map(|f| format!("{}: {}", code(f), f["message"])).collect();
    let missing: Vec<_> = wanted.iter().filter(|c| !findings.iter().any(|f| code(f) == **c)).collect();
    let other = findings.iter().any(|f| f["severity"] == "error" && !wanted.contains(&code(f).as_str()));
    if missing.is_empty() && !other {
        return Ok(());
    }
    Err(format!(
        "expected {}, found\n    {}",
        if wanted.is_empty() { "no error".to_string() } else { wanted.join(", ") },
        said.join("\n    ")
    ))
}

/// All findings of a check.
fn findings(folder: &Path, data: bool) -> Result<Vec<Value>, String> {
    let mut args = vec!["check", "--format", "json"];
    if !data {
        args.push("--no-data");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_kepi")).args(&args).current_dir(folder).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(document["findings"].as_array().cloned().unwrap_or_default())
}

fn console(block: &Block, project: &Project) -> Result<Option<String>, String> {
    let mut expected: Vec<(&str, String)> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), expected.last_mut()) {
            (Some(command), _) => expected.push((command, String::new())),
            (None, Some((_, printed))) => *printed += &format!("{line}\n"),
            (None, None) => return Err("the block begins with what is printed, not with `$ kepi …`".to_string()),
        }
    }
    let mut blessed = String::new();
    let mut failures = Vec::new();
    let last = expected.len();
    for (i, (command, printed)) in expected.iter().enumerate() {
        let Some(args) = command.strip_prefix("kepi ") else {
            return Err(format!("only kepi is run, not `{command}`"));
        };
        let output = run(project.path(), args);
        let mut found = output.splitn(3, '\n').skip(1);
        let exit = found.next().unwrap_or_default().to_string();
        let text = found.next().unwrap_or_default().replacen("stderr:\n", "", 1);
        let wanted = format!("exit {}", block.attribute("exit").filter(|_| i + 1 == last).unwrap_or("0"));
        if exit != wanted {
            failures.push(format!("`{command}`: {exit}, expected {wanted}:\n{text}"));
        } else if matches(printed, &text) {
            blessed += &format!("$ {command}\n{printed}");
        } else {
            blessed += &format!("$ {command}\n{text}");
            if std::env::var_os("KEPI_BLESS").is_none() {
                failures.push(format!("`{command}`: expected:\n{printed}found:\n{text}"));
            }
        }
    }
    if failures.is_empty() { Ok((blessed != block.text).then_some(blessed)) } else { Err(failures.join("\n")) }
}

/// Whether a text is the expected one; a line `…` stands for any number of lines.
fn matches(expected: &str, found: &str) -> bool {
    let Some((head, tail)) = split(expected) else { return expected.trim_end() == found.trim_end() };
    let Some(rest) = found.strip_prefix(head) else { return false };
    rest.match_indices('\n').map(|(at, _)| &rest[at + 1..]).chain([rest]).any(|rest| matches(tail, rest))
}

fn split(text: &str) -> Option<(&str, &str)> {
    let at = text.lines().scan(0, |at, line| {
        let here = *at;
        *at += line.len() + 1;
        Some((here, line))
    });
    let (at, line) = at.into_iter().find(|(_, line)| *line == "…")?;
    Some((&text[..at], text.get(at + line.len() + 1..).unwrap_or_default()))
}

#[test]
fn a_line_of_three_dots_stands_for_lines() {
    assert!(matches("a\n…\nd\n", "a\nb\nc\nd\n"));
    assert!(matches("a\n…\n", "a\nb\n"));
    assert!(matches("…\nb\n…\nd\n", "a\nb\nc\nd\n"));
    assert!(!matches("a\n…\nd\n", "a\nb\nc\n"));
    assert!(!matches("a\n", "a\nb\n"));
}
