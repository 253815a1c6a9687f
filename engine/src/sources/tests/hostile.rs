//! Files that were made, or found, to break readers: each is read well or refused by name.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kepi_lang::ir::{Format, ScalarType};

use super::{Project, column, program, read, source};
use crate::sources::files::Folders;
use crate::sources::finding::{Owner, Role};
use crate::sources::table::Table;

/// The corpora, when they are there: `KEPI_ORACLES`, or beside the repository.
fn oracles() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracles");
    std::env::var_os("KEPI_ORACLES").map(PathBuf::from).or(Some(beside)).filter(|folder| folder.is_dir())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found.retain(|path| !path.extension().is_some_and(|e| e == "json" || e == "md"));
    found
}

/// Opens one file as a source, declares every usable column as what it is, and reads it all: `Ok(rows)` or the finding.
fn consume(path: &Path, format: Format) -> Result<usize, String> {
    let project = Project::new();
    let name = match format {
        Format::Parquet => "hostile.parquet",
        Format::Csv => "hostile.csv",
    };
    std::fs::copy(path, project.data().join(name)).unwrap();
    let owner = Owner { role: Role::Source, name: "s".to_owned(), span: super::span(), metrics: Vec::new() };
    let (folders, findings) = Folders::open(project.root(), &["data".to_owned()]);
    assert!(findings.is_empty());
    let named = |findings: Vec<kepi_lang::diag::Diagnostic>| {
        let text = super::said(&findings).join("\n");
        assert!(text.contains(name), "does not name the file: {text}");
        text
    };
    let table = Table::open(&folders, owner, &[(name.to_owned(), super::span())], None).map_err(named)?;
    let columns = table.columns.iter().filter(|c| c.ty.is_some());
    let columns = columns.map(|c| column(&c.name, c.ty.unwrap(), false)).map(|mut c| {
        // No clock here: times are values like any other.
        c.declared = true;
        c
    });
    let mut source = source(name, columns.collect());
    source.time = None;
    // A column without values has no type to convert to.
    source.columns.retain(|c| c.ty != ScalarType::Null);
    if source.columns.is_empty() {
        return Ok(table.rows() as usize);
    }
    let seen = read(&project, program("UTC", vec![source], Vec::new())).map_err(named)?;
    assert_eq!(seen.rows.len() as u64, table.rows(), "half a result");
    Ok(seen.rows.len())
}

fn consume_all(folder: &Path, format: Format) -> Vec<(PathBuf, Result<usize, String>)> {
    let mut results = Vec::new();
    for path in files(folder) {
        let begun = Instant::now();
        let result = consume(&path, format);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{} took {took:?}", path.display());
        results.push((path, result));
    }
    results
}

#[test]
fn the_parquet_corpus() {
    let Some(oracles) = oracles() else { return };
    let results = consume_all(&oracles.join("hostile_inputs/parquet_bad"), Format::Parquet);
    assert!(results.len() > 100);
    if std::env::var_os("KEPI_SHOW").is_some() {
        for (path, result) in &results {
            println!("{}: {result:?}", path.display());
        }
    }
}

#[test]
fn the_csv_corpus() {
    let Some(oracles) = oracles() else { return };
    for (path, result) in consume_all(&oracles.join("hostile_inputs/csv"), Format::Csv) {
        if std::env::var_os("KEPI_SHOW").is_some() {
            println!("{}: {result:?}", path.display());
        }
    }
}
