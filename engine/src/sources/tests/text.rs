//! CSV and NDJSON: what is read, what is left out and counted, whatever the file is packed in and however it is cut in pieces.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use kepi_lang::ir::{BadRows, ColumnId, LocalPolicy, ScalarType, TimeFormat};

use super::{Project, column, program, read, read_within, said, source, time};
use crate::sources::open;

pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

pub(super) fn zstd(text: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(text, 1).unwrap()
}

/// 2,000 rows, of which two cannot be read: one has a field too many, one a quote that nobody closes.
fn dirty(end: &str) -> String {
    let mut text = format!("ts,id,note{end}");
    for row in 0..2_000 {
        match row {
            700 => text.push_str(&format!("2024-01-01 00:00,{row},a,b{end}")),
            1_500 => text.push_str(&format!("2024-01-01 00:00,{row},\"open{end}")),
            _ if row % 3 == 0 => text.push_str(&format!("2024-01-01 00:00,{row},\"two\nlines\"{end}")),
            _ => text.push_str(&format!("2024-01-01 00:00,{row},x{end}")),
        }
    }
    text
}

fn of(files: &str) -> kepi_lang::ir::Source {
    let clock = time("ts", TimeFormat::Auto, "UTC", LocalPolicy::Later);
    source(files, vec![clock, column("id", ScalarType::Int, false), column("note", ScalarType::Text, false)])
}

#[test]
fn bad_rows_are_left_out_and_counted() {
    for end in ["\n", "\r\n"] {
        let text = dirty(end);
        let files = [
            ("a.csv", text.clone().into_bytes()),
            ("a.csv.gz", gzip(text.as_bytes())),
            ("a.csv.zst", zstd(text.as_bytes())),
        ];
        let mut seen = Vec::new();
        for (name, bytes) in files {
            for threads in [1, 2, 7] {
                let project = Project::new().write(name, &bytes);
                let found = read_within(&project, program("UTC", vec![of(name)], Vec::new()), None, threads).unwrap();
                assert_eq!(found.rows.len(), 1_998, "{name} {threads}");
                seen.push((found.rows, found.rejected));
            }
        }
        let rejected = seen[0].1.clone();
        // Every third row has two lines.
        let line = |row: u64| 2 + row + row.div_ceil(3);
        let expected =
            [(line(700), "has 4 fields, the header has 3"), (line(1_500), "has text behind a closing quote")];
        let found: Vec<_> = rejected.iter().map(|r| (r.line, r.why.as_str())).collect();
        assert_eq!(found, expected);
        assert!(seen.iter().all(|(rows, _)| *rows == seen[0].0));
    }
}

#[test]
fn more_bad_rows_than_may_be() {
    let project = Project::new().write("a.csv", dirty("\n"));
    let mut strict = of("a.csv");
    strict.text.max_bad_rows = BadRows::Count(1);
    let findings = read(&project, program("UTC", vec![strict], Vec::new())).unwrap_err();
    assert_eq!(
        said(&findings),
        [
            "K0614 2 of 2000 rows of source `s` cannot be read, more than the 1 that may be left out: line 936 of `data/a.csv` has 4 fields, the header has 3; line 2002 of `data/a.csv` has text behind a closing quote"
        ]
    );
}

/// A value that is not of its column's declared type makes its row one that cannot be read; types are found without it.
#[test]
fn declared_types_are_part_of_a_row() {
    let mut text = "ts,id,note\n".to_owned();
    for row in 0..2_000 {
        let (id, note) = if row == 9 { ("n/a".to_owned(), "x") } else { (row.to_string(), "1") };
        text.push_str(&format!("2024-01-01 00:00,{id},{note}\n"));
    }
    let project = Project::new().write("a.csv", text);
    let mut source = of("a.csv");
    source.columns[1].declared = true;
    let found = read(&project, program("UTC", vec![source.clone()], Vec::new())).unwrap();
    assert_eq!((found.rows.len(), found.rejected.len()), (1_999, 1));
    assert_eq!(found.rejected[0].why, "has `n/a` for `id`, not an integer");
    source.text.max_bad_rows = BadRows::Count(0);
    let findings = read(&project, program("UTC", vec![source], Vec::new())).unwrap_err();
    assert_eq!(said(&findings), ["K0610 `id` is `n/a` in row 10 of `data/a.csv`, not an integer"]);
}

/// Fields that are first seen late, in another order, nested, null, or missing.
#[test]
fn fields_of_json() {
    let mut text = String::new();
    for row in 0..1_500 {
        text.push_str(&format!("{{\"ts\":\"2024-01-01T00:00:00Z\",\"id\":{row}}}\n"));
    }
    text.push_str(
        "{\"note\":\"late\",\"props\":{\"plan\":\"pro\",\"n\":1.50},\"id\":1500,\"ts\":\"2024-01-02T00:00:00Z\"}\n\n",
    );
    text.push_str(
        "{\"note\":null,\"props\":null,\"id\":1501,\"ts\":\"2024-01-03T00:00:00Z\",\"tags\":[\"a\", \"b\"]}\r\n",
    );
    text.push_str("not json\n");
    for (name, bytes) in [
        ("a.ndjson", text.clone().into_bytes()),
        ("a.jsonl.gz", gzip(text.as_bytes())),
        ("a.json.zst", zstd(text.as_bytes())),
    ] {
        let project = Project::new().write(name, &bytes);
        let mut all = of(name);
        all.columns.push(column("props.plan", ScalarType::Text, false));
        all.columns.push(column("props.n", ScalarType::Decimal, false));
        all.columns.push(column("tags", ScalarType::Text, false));
        let found = read_within(&project, program("UTC", vec![all], Vec::new()), None, 3).unwrap();
        assert_eq!(found.rows.len(), 1_502);
        assert_eq!(found.rows[1_500], "2024-01-02T00:00:00Z|1500|late|pro|1.50|-");
        assert_eq!(found.rows[1_501], "2024-01-03T00:00:00Z|1501|-|-|-|[\"a\", \"b\"]");
        assert_eq!((found.rejected[0].line, found.rejected.len()), (1_504, 1));
    }
}

/// What is cut off within its packing is no half result.
#[test]
fn packed_files_that_are_cut_short() {
    let text = dirty("\n");
    for (name, bytes) in [("a.csv.gz", gzip(text.as_bytes())), ("a.csv.zst", zstd(text.as_bytes()))] {
        for cut in [6, 20, bytes.len() / 2, bytes.len() - 1] {
            let project = Project::new().write(name, &bytes[..cut]);
            let findings = read(&project, program("UTC", vec![of(name)], Vec::new())).unwrap_err();
            let said = said(&findings).join("\n");
            assert!(said.starts_with(&format!("K0606 `data/{name}` ")), "{cut}: {said}");
        }
    }
}

/// A file that grows, shrinks, is replaced or goes away after it was looked into is an error.
#[test]
fn files_that_change() {
    type Change = fn(&std::path::Path);
    let changes: [(&str, Change); 4] = [
        ("grows", |path| {
            let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(b"2024-01-01 00:00,9,x\n").unwrap();
        }),
        ("shrinks", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            std::fs::write(path, &text[..text.len() / 2]).unwrap();
        }),
        ("is replaced", |path| {
            std::thread::sleep(Duration::from_millis(20));
            std::fs::write(path, std::fs::read_to_string(path).unwrap().replace("00:00,1,", "00:00,7,")).unwrap();
        }),
        ("goes away", |path| std::fs::remove_file(path).unwrap()),
    ];
    for (what, change) in changes {
        let project = Project::new().write("a.csv", dirty("\n"));
        let opened =
            open(project.root(), &program("UTC", vec![of("a.csv")], Vec::new()), &Arc::default(), None).unwrap();
        change(&project.data().join("a.csv"));
        let source = &opened.sources[0];
        let read = super::batches(source, &[ColumnId(0)].into_iter().collect(), None, 2);
        let finding = source.unchanged().unwrap_err();
        assert!(matches!(finding.code.as_str(), "K0616" | "K0605"), "{what}: {finding:?}");
        if what != "is replaced" {
            assert!(read.is_err(), "{what}");
        }
    }
}

/// Separators and quotes that are found out, and a mark before the first name.
#[test]
fn dialects() {
    let rows = "2024-01-01T00:00:00Z|1|a;b";
    for text in [
        "\u{feff}ts,id,note\n2024-01-01T00:00:00Z,1,a;b\n",
        "ts;id;note\n2024-01-01T00:00:00Z;1;\"a;b\"\n",
        "ts\tid\tnote\n2024-01-01T00:00:00Z\t1\ta;b\n",
        "ts|id|note\n2024-01-01T00:00:00Z|1|a;b\n",
        "'ts','id','note'\n'2024-01-01T00:00:00Z','1','a;b'\n",
    ] {
        let project = Project::new().write("a.csv", text);
        let found = read(&project, program("UTC", vec![of("a.csv")], Vec::new())).unwrap();
        assert_eq!(found.rows, [rows], "{text:?}");
    }
}

/// An array of objects is rows, one a line or many.
#[test]
fn a_json_array() {
    let text = "[{\"ts\":\"2024-01-01T00:00:00Z\",\"id\":1},\n {\"ts\":\"2024-01-02T00:00:00Z\",\n  \"id\":2, \"note\":\"]}\"}]";
    let project = Project::new().write("a.json", text);
    let found = read_within(&project, program("UTC", vec![of("a.json")], Vec::new()), None, 4).unwrap();
    assert_eq!(found.rows, ["2024-01-01T00:00:00Z|1|-", "2024-01-02T00:00:00Z|2|]}"]);
    let cut = Project::new().write("a.json", &text[..text.len() - 3]);
    let findings = read(&cut, program("UTC", vec![of("a.json")], Vec::new())).unwrap_err();
    assert_eq!(said(&findings), ["K0606 `data/a.json` is an array whose element of line 2 does not end"]);
    for cut in ["[", text.split_inclusive('}').next().unwrap(), text.split_inclusive('\n').next().unwrap()] {
        let cut = Project::new().write("a.json", cut);
        let findings = read(&cut, program("UTC", vec![of("a.json")], Vec::new())).unwrap_err();
        assert_eq!(said(&findings), ["K0606 `data/a.json` is an array that does not end"]);
    }
}
