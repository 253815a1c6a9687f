//! The project that the blocks of a page stand in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{expect, findings};
use crate::cli::case::repository;

/// Keys of the manifest: a block that begins with one of them is a part of `kepi.yaml`.
const MANIFEST: &[&str] = &[
    "kepi",
    "name",
    "time_zone",
    "week_start",
    "fiscal_year_start",
    "currency",
    "definitions",
    "data",
    "use",
    "as_of",
    "lints",
];
const DEFAULT: &str = "cli/tests/docs/world";

pub struct Project {
    folder: TempDir,
    /// Whether the page has added files of its own.
    own: bool,
}

impl Project {
    pub fn new(page: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if page.lines().any(|l| l.starts_with("```") && l.ends_with(" file=kepi.yaml")) {
            return Self { folder, own: false };
        }
        let named = page.lines().find_map(|l| l.strip_prefix("<!-- project: ")?.strip_suffix(" -->"));
        if named != Some("none") {
            copy(&repository().join(named.unwrap_or(DEFAULT)), folder.path());
        }
        Self { folder, own: false }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a file of the page.
    pub fn write(&mut self, path: &str, text: &str) {
        self.own = true;
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn has_data(&self) -> bool {
        self.folder.path().join("data").is_dir()
    }

    /// Whether what the page wrote is a project without errors.
    pub fn check(&self) -> Result<(), String> {
        if !self.own || !self.folder.path().join("kepi.yaml").is_file() {
            return Ok(());
        }
        expect(&findings(self.path(), self.has_data())?, &[])
    }

    /// A copy with a block's definitions in place of those of the same name, or with its keys in place of the manifest's.
    pub fn with(&self, text: &str, within: Option<&str>) -> TempDir {
        let copied = tempfile::tempdir().unwrap();
        copy(self.path(), copied.path());
        let at = |name: &str| copied.path().join(name);
        if within.is_none() && keys(text, 0).iter().any(|(key, _)| MANIFEST.contains(&key.as_str())) {
            let manifest = fs::read_to_string(at("kepi.yaml")).unwrap();
            let new: BTreeSet<String> = keys(text, 0).into_iter().map(|(key, _)| key).collect();
            let old = keys(&manifest, 0).into_iter().filter(|(key, _)| !new.contains(key)).map(|(_, lines)| lines);
            fs::write(at("kepi.yaml"), old.collect::<String>() + text).unwrap();
            return copied;
        }
        let text = match within {
            Some(place) => self.complete(text, place),
            None => text.to_string(),
        };
        let names: BTreeSet<String> =
            keys(&text, 0).iter().flat_map(|(_, lines)| keys(lines, 2)).map(|(name, _)| name).collect();
        for entry in fs::read_dir(at("metrics")).into_iter().flatten() {
            let path = entry.unwrap().path();
            let others = without(&fs::read_to_string(&path).unwrap(), &names);
            fs::write(path, others).unwrap();
        }
        fs::create_dir_all(at("metrics")).unwrap();
        fs::write(at("metrics/block.yaml"), text).unwrap();
        copied
    }

    /// The definition that a block's keys belong to (`objectives.visits`), with the project's keys for the rest; or the
    /// section that its definitions belong to.
    fn complete(&self, text: &str, place: &str) -> String {
        let Some((section, name)) = place.split_once('.') else {
            return format!("{place}:\n{}", indented(text, 2));
        };
        let new: BTreeSet<String> = keys(&indented(text, 0), 0).into_iter().map(|(key, _)| key).collect();
        let mut rest = String::new();
        for entry in fs::read_dir(self.path().join("metrics")).into_iter().flatten() {
            let file = fs::read_to_string(entry.unwrap().path()).unwrap();
            let definitions = keys(&file, 0).into_iter().filter(|(s, _)| s == section).flat_map(|(_, l)| keys(&l, 2));
            for (_, lines) in definitions.filter(|(n, _)| n == name) {
                rest.extend(keys(&lines, 4).into_iter().filter(|(key, _)| !new.contains(key)).map(|(_, l)| l));
            }
        }
        assert!(!rest.is_empty(), "the project has no {place}");
        format!("{section}:\n  {name}:\n{}{rest}", indented(text, 4))
    }
}

/// The keys at an indentation, each with its lines; what stands above the first is left out.
fn keys(text: &str, indent: usize) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let name = line.trim_start().split(':').next().unwrap_or_default();
        let begins = depth == indent && !name.is_empty() && !name.starts_with(['#', '-']) && line.contains(':');
        if begins {
            out.push((name.to_string(), String::new()));
        } else if depth < indent && !line.trim().is_empty() {
            continue;
        }
        if let Some((_, lines)) = out.last_mut() {
            *lines += &format!("{line}\n");
        }
    }
    out
}

/// A file without the definitions of these names, in whatever section.
fn without(text: &str, names: &BTreeSet<String>) -> String {
    let mut out = String::new();
    for (section, lines) in keys(text, 0) {
        let kept: String = keys(&lines, 2).into_iter().filter(|(n, _)| !names.contains(n)).map(|(_, l)| l).collect();
        if !kept.is_empty() {
            out += &format!("{section}:\n{kept}");
        }
    }
    out
}

fn indented(text: &str, by: usize) -> String {
    let depth = |l: &str| l.len() - l.trim_start_matches(' ').len();
    let least = text.lines().filter(|l| !l.trim().is_empty()).map(depth).min().unwrap_or_default();
    text.lines().map(|l| format!("{}{}\n", " ".repeat(by), l.get(least..).unwrap_or_default())).collect()
}

/// Whether each definition of a block stands in a project, word for word but for its indentation.
pub fn is_part_of(text: &str, folder: &str) -> Result<(), String> {
    let mut there = Vec::new();
    for entry in fs::read_dir(repository().join(folder).join("metrics")).map_err(|e| format!("{folder}: {e}"))? {
        let file = fs::read_to_string(entry.map_err(|e| e.to_string())?.path()).map_err(|e| e.to_string())?;
        there.extend(keys(&file, 0));
    }
    for (section, lines) in keys(text, 0) {
        let known = there.iter().filter(|(s, _)| *s == section).flat_map(|(_, lines)| keys(lines, 2));
        let known: Vec<(String, String)> = known.collect();
        for (name, wanted) in keys(&lines, 2) {
            let same = |(n, found): &(String, String)| {
                *n == name && wanted.trim_end().lines().all(|line| found.lines().any(|l| l == line))
            };
            if !known.iter().any(same) {
                return Err(format!("{folder} has no such `{name}` in its {section}"));
            }
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
