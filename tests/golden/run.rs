//! One case, through every stage that needs no data.

use std::fs;
use std::path::Path;

use kepi_lang::diag::{self, Diagnostic, human};
use kepi_lang::source::SourceMap;
use kepi_lang::{check, library, resolve, syntax};

use crate::golden::case;

const MANIFEST: &str = "kepi: 1\nname: t\ntime_zone: UTC\n";

/// Findings of a set of files.
pub fn found(files: &[(String, String)]) -> (Vec<Diagnostic>, SourceMap) {
    let mut map = SourceMap::new();
    let manifest_text = files.iter().find(|(name, _)| name == "kepi.yaml").map_or(MANIFEST, |(_, text)| text);
    let manifest_file = map.add("kepi.yaml", manifest_text);
    let (manifest, mut found) = syntax::parse_manifest(&map, manifest_file);
    let ids: Vec<_> =
        files.iter().filter(|(name, _)| name != "kepi.yaml").map(|(name, text)| map.add(name, text)).collect();
    let mut documents = Vec::new();
    for id in ids {
        let (document, more) = syntax::parse_document(&map, id);
        documents.push(document);
        found.extend(more);
    }
    if let Some(manifest) = manifest {
        documents.extend(library::documents(&manifest, &mut map));
        let (project, more) = resolve::resolve(manifest, documents);
        found.extend(more);
        found.extend(check::check(project, None).diagnostics);
    }
    diag::sort(&mut found);
    (found, map)
}

/// Findings of a set of files, as printed; `ok` when there is none.
pub fn findings(files: &[(String, String)]) -> (Vec<Diagnostic>, String) {
    let (found, map) = found(files);
    let text = if found.is_empty() {
        "ok\n".to_string()
    } else {
        found.iter().map(|f| human::full(f, &map, false) + "\n").collect::<Vec<_>>().join("\n")
    };
    (found, text)
}

pub fn check(path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let sections = case::sections(&text);
    let files: Vec<_> = sections.iter().filter(|(name, _)| name != "expect").cloned().collect();
    let expected = sections.iter().find(|(name, _)| name == "expect").map_or("", |(_, text)| text);
    let (_, printed) = findings(&files);
    let printed: String = printed.lines().map(|l| l.trim_end().to_string() + "\n").collect();
    if printed == expected {
        return Ok(());
    }
    if std::env::var_os("KEPI_BLESS").is_some() {
        fs::write(path, case::with_expectation(&text, &printed)).map_err(|e| e.to_string())?;
        return Ok(());
    }
    Err(format!("expected:\n{expected}\nfound:\n{printed}"))
}
