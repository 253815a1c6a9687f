//! Files that were made, or found, to break readers: each is read well or refused by name.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kepi_lang::ir::{BadRows, Format, ScalarType, TextOptions};

use super::{Project, column, program, read, source};
use crate::sources::files::Folders;
use crate::sources::finding::{Owner, Role};
use crate::sources::table::{Table, Wanted};

/// A folder of the corpora: of the repository, or below the one that `KEPI_ORACLES` names.
fn oracles(folder: &str) -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/oracles");
    let place = std::env::var_os("KEPI_ORACLES").map_or_else(own, PathBuf::from);
    place.join("hostile_inputs").join(folder)
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

/// A folder of the repository's own, whatever `KEPI_ORACLES` says.
fn own(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/oracles/hostile_inputs").join(folder)
}

/// Opens one file as a source, declares every usable column as what it is, and reads it all: `Ok(rows)` or the finding.
fn consume(path: &Path, format: Format) -> Result<usize, String> {
    let project = Project::new();
    let name = match format {
        Format::Parquet => "hostile.parquet",
        Format::Csv => "hostile.csv",
        Format::Ndjson => "hostile.ndjson",
        Format::Arrow => "hostile.arrow",
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
    let files = [(name.to_owned(), super::span())];
    let wanted = Wanted {
        files: &files,
        format: None,
        text: TextOptions::default(),
        checks: Vec::new(),
        remember: false,
        keep: Vec::new(),
    };
    let table = Table::open(&folders, owner, &wanted).map_err(named)?;
    if !table.excess.is_empty() {
        return Err(named(table.excess));
    }
    let columns = table.columns.iter().filter(|c| c.ty.is_some());
    // No clock here: times are values like any other.
    let columns = columns.map(|c| column(&c.name, c.ty.unwrap(), true));
    let mut source = source(name, columns.collect());
    source.time = None;
    // A column without values has no type to convert to.
    source.columns.retain(|c| c.ty != ScalarType::Null);
    if source.columns.is_empty() {
        return Ok(table.rows() as usize);
    }
    let seen = read(&project, program("UTC", vec![source], Vec::new())).map_err(named)?;
    assert_eq!(seen.rows.len() as u64 + table.bad, table.rows(), "half a result");
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

/// The name's part that tells it, and the rows or the finding.
fn outcomes(results: &[(PathBuf, Result<usize, String>)]) -> Vec<String> {
    let name = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap().trim_end_matches(".parquet").to_owned();
        name.rsplit("fuzz-").next().unwrap().to_owned()
    };
    results
        .iter()
        .map(|(path, result)| match result {
            Ok(rows) => format!("{}: {rows} rows", name(path)),
            Err(text) => {
                format!("{}: {}", name(path), text.replace("`data/hostile.parquet` is not a sound Parquet file", "…"))
            }
        })
        .collect()
}

#[test]
fn damaged_parquet() {
    let known = [
        "ARROW-GH-45185",
        "ARROW-GH-47662",
        "ARROW-RS-GH-6229-DICTHEADER",
        "ARROW-RS-GH-6229-LEVELS",
        "PARQUET-1481",
        "4738122420715520",
        "5382863341289472",
        "5530405595054080",
        "crash-649c71a618ae2fd80cec177a9676eb3e280fc1fa",
    ];
    let mut results = consume_all(&own("parquet_bad"), Format::Parquet);
    results.retain(|(path, _)| known.iter().any(|name| path.to_string_lossy().contains(name)));
    results.sort_by_key(|(path, _)| known.iter().position(|name| path.to_string_lossy().contains(name)));
    assert_eq!(
        outcomes(&results),
        [
            "ARROW-GH-45185: K0606 …: first repetition level of batch must be 0",
            "ARROW-GH-47662: 1000 rows",
            "ARROW-RS-GH-6229-DICTHEADER: K0606 …: the column `region_key` lies outside the file",
            "ARROW-RS-GH-6229-LEVELS: K0606 …: Insufficient repetition levels read from column",
            "PARQUET-1481: K0606 …: Unexpected Type -7",
            "4738122420715520: K0606 …: reading it failed",
            "5382863341289472: 5120 rows",
            "5530405595054080: K0606 …: Invalid Parquet file. Corrupt footer",
            "crash-649c71a618ae2fd80cec177a9676eb3e280fc1fa: 7 rows",
        ]
    );
}

#[test]
fn damaged_csv() {
    let mut results = consume_all(&own("csv/fuzz"), Format::Csv);
    results.retain(|(path, _)| {
        ["4523557272223744", "5003506164760576", "5085419734892544"]
            .iter()
            .any(|name| path.ends_with(format!("clusterfuzz-testcase-minimized-arrow-csv-fuzz-{name}")))
    });
    assert_eq!(
        outcomes(&results),
        [
            "4523557272223744: K0606 `data/hostile.csv` has no column names: its first line is blank",
            "5003506164760576: K0606 `data/hostile.csv` has no column names: its first line is blank",
            "5085419734892544: K0615 `data/hostile.csv` has a first line that is not UTF-8 (byte FF, `ÿ` in Latin-1): convert it, from Latin-1 for one with `iconv -f LATIN1 -t UTF-8`",
        ]
    );
}

/// What quotes, line ends and letters mean, by the rows that csv-spectrum expects. A blank field is null.
#[test]
fn csv_spectrum() {
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(oracles("csv/spectrum_expected.json")).unwrap()).unwrap();
    let expected = expected.as_array().unwrap();
    assert!(!expected.is_empty());
    for case in expected {
        let name = case["file"].as_str().unwrap().trim_start_matches("spectrum/");
        let project = Project::new();
        let mut bytes = std::fs::read(oracles("csv/spectrum").join(name)).unwrap();
        if name.contains("crlf") && !bytes.contains(&b'\r') {
            bytes = String::from_utf8(bytes).unwrap().replace('\n', "\r\n").into_bytes();
        }
        let project = project.write(name, bytes);
        let first = |rows: &serde_json::Value| rows.as_object().or(rows[0].as_object()).unwrap().clone();
        let columns: Vec<String> = first(&case["rows"]).keys().cloned().collect();
        let all = source(name, columns.iter().map(|c| column(c, ScalarType::Text, true)).collect());
        let mut found = read(&project, program("UTC", vec![all], Vec::new())).unwrap().rows;
        let rows = case["rows"].as_array().cloned().unwrap_or_else(|| vec![case["rows"].clone()]);
        let text = |row: &serde_json::Value, column: &String| match row[column].as_str().unwrap() {
            "" => "-".to_owned(),
            text => text.to_owned(),
        };
        let mut wanted: Vec<String> =
            rows.iter().map(|row| columns.iter().map(|c| text(row, c)).collect::<Vec<_>>().join("|")).collect();
        wanted.sort();
        if name == "location_coordinates.csv" {
            // Upstream has two telephone numbers.
            found = found.iter().map(|row| row.replace("2095257564", "1234567890")).collect();
        }
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn the_corpora() {
    for (folder, format) in [("parquet_bad", Format::Parquet), ("csv", Format::Csv)] {
        let results = consume_all(&oracles(folder), format);
        assert!(!results.is_empty());
        let read = results.iter().filter(|(_, result)| result.is_ok()).count();
        println!("oracles hostile_inputs/{folder}: {read} read, {} refused by name", results.len() - read);
        if std::env::var_os("KEPI_SHOW").is_some() {
            results.iter().for_each(|(path, result)| println!("{}: {result:?}", path.display()));
        }
    }
}

/// Ten thousand files are one table.
#[test]
fn a_glob_of_ten_thousand_files() {
    let mut project = Project::new();
    for day in 0..10_000 {
        project = project.write(&format!("{}/{day}.csv", day % 100), format!("id,v\n{day},1\n"));
    }
    let all = source("**/*.csv", vec![column("id", ScalarType::Int, false), column("v", ScalarType::Int, false)]);
    let seen = read(&project, program("UTC", vec![all], Vec::new())).unwrap();
    assert_eq!((seen.rows.len(), seen.counts.read), (10_000, 10_000));
}

/// Links that lead in a circle end.
#[cfg(unix)]
#[test]
fn links_in_a_circle() {
    let project = Project::new().write("a/b/c.csv", "id\n1\n");
    std::os::unix::fs::symlink("../..", project.data().join("a/b/up")).unwrap();
    std::os::unix::fs::symlink("twist", project.data().join("a/twist")).unwrap();
    std::os::unix::fs::symlink("b", project.data().join("a/beside")).unwrap();
    let all = source("**/*.csv", vec![column("id", ScalarType::Int, false)]);
    let seen = read(&project, program("UTC", vec![all], Vec::new())).unwrap();
    assert_eq!(seen.rows, ["1"]);
}

/// So do links that lead into each other's folders, however many they are.
#[cfg(unix)]
#[test]
fn links_into_each_other() {
    use std::os::unix::fs::symlink;
    let project = Project::new().write("a/1.csv", "id\n1\n").write("b/2.csv", "id\n2\n");
    symlink("../b", project.data().join("a/to_b")).unwrap();
    symlink("../a", project.data().join("b/to_a")).unwrap();
    let ids = |files: &str| source(files, vec![column("id", ScalarType::Int, false)]);
    let seen = read(&project, program("UTC", vec![ids("**/*.csv")], Vec::new())).unwrap();
    assert_eq!(seen.rows, ["1", "2"]);
    let seen = read(&project, program("UTC", vec![ids("a/to_b/*.csv")], Vec::new())).unwrap();
    assert_eq!(seen.rows, ["2"]);
    // Every one of twelve folders leads to all of them: there are more ways through them than anybody can go.
    let mut project = Project::new();
    for folder in 0..12 {
        project = project.write(&format!("{folder}/x.csv"), "id\n1\n");
        (0..12).for_each(|to| symlink(format!("../{to}"), project.data().join(format!("{folder}/to_{to}"))).unwrap());
    }
    let begun = Instant::now();
    let findings = read(&project, program("UTC", vec![ids("**/*.csv")], Vec::new())).unwrap_err();
    let said = super::said(&findings).join("\n");
    assert_eq!(said, "K0605 more than 200000 files lie below `data`");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

/// A line without end, in a file that takes no room on the disk: one bad row, in memory that does not grow with it. With `KEPI_LONG`
/// it is a GiB long.
#[cfg(unix)]
#[test]
fn a_line_without_end() {
    let long = if std::env::var_os("KEPI_LONG").is_some() { 1 << 30 } else { 1 << 25 };
    for (name, head, tail) in [("a.ndjson", "{\"id\":1}\n", "\n{\"id\":2}\n"), ("a.csv", "id\n1\n", "\n2\n")] {
        let project = Project::new().write(name, head);
        let mut file = std::fs::OpenOptions::new().write(true).open(project.data().join(name)).unwrap();
        file.seek(SeekFrom::Start(long)).unwrap();
        file.write_all(tail.as_bytes()).unwrap();
        drop(file);
        let mut all = source(name, vec![column("id", ScalarType::Int, false)]);
        all.text.max_bad_rows = BadRows::Count(1);
        let seen = read(&project, program("UTC", vec![all], Vec::new())).unwrap();
        assert_eq!((seen.rows, seen.rejected.len()), (vec!["1".to_owned(), "2".to_owned()], 1));
        assert!(seen.rejected[0].why.starts_with("is longer than 16 MiB"), "{:?}", seen.rejected);
    }
}
