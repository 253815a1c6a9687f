//! A case: files, the command line, and what must come of it, in one text.
//!
//! `--- path` holds a file (`\xNN` is a byte, where the name ends in ` (bytes)`), `--- path = file` copies one of the repository, `--- args` is
//! the command line, a run a line, and `--- expect` what was printed. After `--- expect findings` only the findings of the
//! last run's JSON are kept, a line each, and its exit code.
//!
//! Sections are taken in their order: `--- commit MESSAGE` commits what stands so far, `--- git ARGUMENTS` runs git (`<folder>` is the case's), `--- edit path` replaces the text
//! before its `=>` by that behind it, `--- remove path` removes a file or a folder. Who commits, and when, is fixed. A minimal `kepi.yaml` stands in when there is none.
//! `KEPI_BLESS=1` writes what was printed; read it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FINDINGS: &str = "expect findings";
const MANIFEST: &str = "kepi: 1\nname: t\ntime_zone: UTC\n";

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

pub fn all() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "case") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

pub fn check(path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let sections = sections(&text);
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    write(folder.path(), &sections)?;
    let args = section(&sections, "args").unwrap_or("check");
    let printed: Vec<String> = args.lines().map(|line| run(folder.path(), line)).collect();
    let (heading, printed) = match section(&sections, FINDINGS) {
        Some(_) => (FINDINGS, findings(printed.last().map_or("", |p| p.as_str()))?),
        None => ("expect", printed.join("\n")),
    };
    let expected = section(&sections, heading).unwrap_or_default();
    if printed == expected {
        return Ok(());
    }
    if std::env::var_os("KEPI_BLESS").is_some() {
        let head = text.find("\n--- expect").map_or(text.as_str(), |at| &text[..=at]);
        return fs::write(path, format!("{}--- {heading}\n{printed}", with_break(head))).map_err(|e| e.to_string());
    }
    Err(format!("expected:\n{expected}\nfound:\n{printed}"))
}

/// `exit 1`, then `severity[code]: message` and the help of each finding of a run that printed JSON.
fn findings(printed: &str) -> Result<String, String> {
    let (head, json) = printed.split_once("\n{").ok_or_else(|| format!("no JSON was printed:\n{printed}"))?;
    // Remarks on stderr come after the document.
    let json = format!("{{{}", json.split("\nstderr:\n").next().unwrap_or_default());
    let document: serde_json::Value = serde_json::from_str(&json).map_err(|e| format!("{e}:\n{printed}"))?;
    let exit = head.lines().last().unwrap_or_default();
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_string();
    let lines = document["findings"].as_array().into_iter().flatten().map(|f| {
        let help = f["help"].as_str().map_or(String::new(), |help| format!("  help: {help}\n"));
        format!("{}[{}]: {}\n{help}", text(f, "severity"), text(f, "code"), text(f, "message"))
    });
    Ok(format!("{exit}\n{}", lines.collect::<String>()))
}

fn with_break(text: &str) -> String {
    if text.ends_with('\n') { text.to_string() } else { format!("{text}\n") }
}

fn sections(text: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("--- ") {
            out.push((name.trim().to_string(), String::new()));
        } else if let Some((_, content)) = out.last_mut() {
            content.push_str(line);
        }
    }
    out
}

fn section<'a>(sections: &'a [(String, String)], name: &str) -> Option<&'a str> {
    sections.iter().find(|(n, _)| n == name).map(|(_, text)| text.as_str())
}

fn write(folder: &Path, sections: &[(String, String)]) -> Result<(), String> {
    if section(sections, "kepi.yaml").is_none() {
        fs::write(folder.join("kepi.yaml"), MANIFEST).map_err(|e| e.to_string())?;
    }
    fs::create_dir_all(folder.join("data")).map_err(|e| e.to_string())?;
    let mut commits = 0;
    for (name, content) in sections.iter().filter(|(n, _)| n != "args" && n != "expect" && n != FINDINGS) {
        if let Some((word, rest)) =
            name.split_once(' ').filter(|(word, _)| ["commit", "git", "edit", "remove"].contains(word))
        {
            step(folder, word, rest, content, &mut commits)?;
            continue;
        }
        let (name, bytes) = match (name.split_once(" = "), name.strip_suffix(" (bytes)")) {
            (Some((name, from)), _) => (name, fs::read(repository().join(from)).map_err(|e| format!("{from}: {e}"))?),
            (None, Some(name)) => (name, unescape(content)),
            (None, None) => (name.as_str(), content.clone().into_bytes()),
        };
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).map_err(|e| e.to_string())?;
        fs::write(path, bytes).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// What happens between two files of a case.
fn step(folder: &Path, word: &str, rest: &str, content: &str, commits: &mut u32) -> Result<(), String> {
    let path = folder.join(rest);
    match word {
        "commit" => {
            if *commits == 0 {
                git(folder, &["init", "--quiet", "--initial-branch", "main"], 0)?;
            }
            *commits += 1;
            git(folder, &["add", "--all"], *commits)?;
            git(folder, &["commit", "--quiet", "--allow-empty", "--message", rest], *commits)
        }
        "git" => git(
            folder,
            &words(&rest.replace("<folder>", &folder.to_string_lossy())).iter().map(String::as_str).collect::<Vec<_>>(),
            *commits,
        ),
        "edit" => {
            let text = fs::read_to_string(&path).map_err(|e| format!("{rest}: {e}"))?;
            let (old, new) = content.split_once("\n=>\n").ok_or("an edit without `=>`")?;
            let new = new.strip_suffix('\n').unwrap_or(new);
            if !text.contains(old) {
                return Err(format!("{rest} does not hold:\n{old}"));
            }
            fs::write(&path, text.replacen(old, new, 1)).map_err(|e| e.to_string())
        }
        _ if path.is_dir() => fs::remove_dir_all(path).map_err(|e| format!("{rest}: {e}")),
        _ => fs::remove_file(path).map_err(|e| format!("{rest}: {e}")),
    }
}

/// Runs git as somebody who is nobody, on a day that passes with each commit, without the settings of this machine.
pub fn git(folder: &Path, args: &[&str], day: u32) -> Result<(), String> {
    let date = format!("2026-01-{:02}T00:00:00Z", 1 + day % 28);
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        command.env_remove(name);
    }
    let person = ["AUTHOR", "COMMITTER"].map(|who| {
        [
            (format!("GIT_{who}_NAME"), "ann".to_string()),
            (format!("GIT_{who}_EMAIL"), "ann@example.com".to_string()),
            (format!("GIT_{who}_DATE"), date.clone()),
        ]
    });
    let output = command
        .envs(person.into_iter().flatten())
        .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
        .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false", "-c", "protocol.file.allow=always"])
        .args(args)
        .current_dir(folder)
        .output()
        .map_err(|e| format!("git: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)))
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        out.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap());
        rest = &rest[at + 4..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// The exit code, then what went to each stream; the folder is not part of it.
pub fn run(folder: &Path, line: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kepi"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["AWS_", "GOOGLE_", "AZURE_", "GIT_"].iter().any(|of| text.starts_with(of)) {
            command.env_remove(&name);
        }
    }
    let output = command
        .args(words(line))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let clean = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).replace(&*folder.to_string_lossy(), "<folder>");
        text.lines().map(|l| l.trim_end().to_string() + "\n").collect::<String>()
    };
    let (out, err) = (clean(&output.stdout), clean(&output.stderr));
    let stderr = if err.is_empty() { String::new() } else { format!("stderr:\n{err}") };
    format!("$ kepi {line}\nexit {}\n{out}{stderr}", output.status.code().unwrap_or(-1))
}

/// Words of a command line; `'…'` holds blanks.
fn words(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut any = false;
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                any = true;
            }
            ' ' if !quoted => {
                if any || !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => word.push(c),
        }
    }
    if any || !word.is_empty() {
        out.push(word);
    }
    out
}
