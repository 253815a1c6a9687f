//! NDJSON that was made to break readers: rows that cannot be read are counted, the rest is read, in bounded memory.

use kepi_lang::ir::{BadRows, ScalarType};

use super::text::{gzip, zstd};
use super::{Project, column, program, read, read_within, said, source};

/// A row that is read, and one that is not, with why.
type Row = (String, Result<&'static str, &'static str>);

fn rows() -> Vec<Row> {
    let deep = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let row = |id: u32, rest: &str| format!("{{\"id\":{id}{rest}}}");
    vec![
        (row(1, ""), Ok("1|-|-")),
        // Numbers.
        (row(2, ",\"v\":1e400"), Ok("2|1e400|-")),
        (row(3, &format!(",\"v\":{}", "9".repeat(400))), Ok("3|99…|-")),
        (row(4, ",\"v\":-0.0e-0"), Ok("4|-0.0e-0|-")),
        (row(5, ",\"v\":NaN"), Err("is not JSON: unexpected char: 'N' (at character 13)")),
        (row(6, ",\"v\":0x10"), Err("is not JSON: unexpected char: 'x' (at character 14)")),
        (row(7, ",\"v\":+1"), Err("is not JSON: unexpected char: '+' (at character 13)")),
        // Letters.
        (row(8, r#","t":"\ud83d\ude00""#), Ok("8|-|😀")),
        (row(9, r#","t":"\ud83d""#), Err("has half a character (a lone surrogate)")),
        (row(10, r#","t":"\ude00\ud83d""#), Err("has half a character (a lone surrogate)")),
        (row(11, r#","\ud800":1"#), Err("has half a character (a lone surrogate)")),
        (row(12, r#","t":"\u0000""#), Ok("12|-|\u{0}")),
        // Nesting.
        (deep("{\"a\":", "}", 100_000), Err("has objects more than 32 deep")),
        (row(14, &format!(",\"l\":{}", deep("[", "]", 30_000))), Ok("14|-|-")),
        (
            row(15, &format!(",\"l\":{}", deep("[", "]", 300_000))),
            Err("is not JSON: max stack size of 65536 reached on …"),
        ),
        (row(16, &format!(",\"l\":{}", "[".repeat(1_000))), Err("is not JSON: …")),
        // Names.
        (row(17, ",\"id\":18"), Err("has the field `id` twice")),
        (row(18, ",\"\":1"), Ok("18|-|-")),
        (row(19, &format!(",\"{}\":1", "n".repeat(100_000))), Err("has a field whose name is longer than 1024 bytes")),
        // What is no object.
        ("null".to_owned(), Err("is null, not an object")),
        ("[1]".to_owned(), Err("is an array, not an object")),
        ("\"\"".to_owned(), Err("is a text, not an object")),
        (row(23, "} {"), Err("is not JSON: …")),
        ("{}".to_owned(), Ok("-|-|-")),
    ]
}

fn all(name: &str) -> kepi_lang::ir::Source {
    let columns =
        ["id", "v", "t"].map(|name| column(name, if name == "id" { ScalarType::Int } else { ScalarType::Text }, false));
    let mut all = source(name, columns.to_vec());
    all.text.max_bad_rows = BadRows::Count(100);
    all
}

#[test]
fn rows_made_to_hurt() {
    let rows = rows();
    let text: String = rows.iter().map(|(row, _)| format!("{row}\n")).collect();
    let short = |row: &str| match row.split_once("99") {
        Some((head, _)) => format!("{head}99…|-"),
        None => row.to_owned(),
    };
    for (name, bytes) in [
        ("a.ndjson", text.clone().into_bytes()),
        ("a.ndjson.gz", gzip(text.as_bytes())),
        ("a.ndjson.zst", zstd(text.as_bytes())),
    ] {
        for threads in [1, 3] {
            let project = Project::new().write(name, &bytes);
            let seen = read_within(&project, program("UTC", vec![all(name)], Vec::new()), None, threads).unwrap();
            let mut expected: Vec<&str> = rows.iter().filter_map(|(_, row)| row.ok()).collect();
            expected.sort_unstable();
            assert_eq!(seen.rows.iter().map(|row| short(row)).collect::<Vec<_>>(), expected, "{name} {threads}");
        }
    }
    // One by one, so that every reason is seen.
    for (row, outcome) in &rows {
        let Err(why) = outcome else { continue };
        let project = Project::new().write("a.ndjson", format!("{{\"id\":0,\"v\":\"\",\"t\":\"\"}}\n{row}\n"));
        let seen = read(&project, program("UTC", vec![all("a.ndjson")], Vec::new())).unwrap();
        let [rejected] = seen.rejected.as_slice() else { panic!("{row}: {:?}", seen.rejected) };
        assert_eq!(rejected.line, 2);
        match why.strip_suffix('…') {
            Some(head) => assert!(rejected.why.starts_with(head), "{}", rejected.why),
            None => assert_eq!(rejected.why, *why),
        }
    }
}

/// Cut anywhere within its packing there is an error; a plain file that is cut has one row less.
#[test]
fn cut_short() {
    let text: String = (0..2_000).map(|id| format!("{{\"id\":{id},\"v\":\"x\",\"t\":\"y\"}}\n")).collect();
    for (name, bytes) in [("a.ndjson.gz", gzip(text.as_bytes())), ("a.ndjson.zst", zstd(text.as_bytes()))] {
        for cut in [5, 20, bytes.len() / 3, bytes.len() - 9, bytes.len() - 1] {
            let project = Project::new().write(name, &bytes[..cut]);
            let findings = read(&project, program("UTC", vec![all(name)], Vec::new())).unwrap_err();
            assert!(said(&findings)[0].starts_with(&format!("K0606 `data/{name}` ")), "{cut}: {findings:?}");
        }
    }
    // The packing's own sum tells a byte that is another.
    let mut wrong = gzip(text.as_bytes());
    let half = wrong.len() / 2;
    wrong[half] ^= 0x55;
    let project = Project::new().write("a.ndjson.gz", wrong);
    let findings = read(&project, program("UTC", vec![all("a.ndjson.gz")], Vec::new())).unwrap_err();
    assert!(said(&findings)[0].starts_with("K0606 `data/a.ndjson.gz` "), "{findings:?}");
    let project = Project::new().write("a.ndjson", &text[..text.len() - 10]);
    let seen = read(&project, program("UTC", vec![all("a.ndjson")], Vec::new())).unwrap();
    assert_eq!((seen.rows.len(), seen.rejected.len()), (1_999, 1));
}

/// A little file that unpacks to a line without end.
#[test]
fn what_unpacks_to_very_much() {
    let much = vec![b' '; 40 << 20];
    let text =
        [b"{\"id\":1,\"v\":\"\",\"t\":\"".as_slice(), &much, b"\"}\n{\"id\":2,\"v\":\"x\",\"t\":\"y\"}\n"].concat();
    for (name, bytes) in [("a.ndjson.gz", gzip(&text)), ("a.ndjson.zst", zstd(&text))] {
        assert!(bytes.len() < 1 << 20);
        let project = Project::new().write(name, bytes);
        let seen = read(&project, program("UTC", vec![all(name)], Vec::new())).unwrap();
        assert_eq!((seen.rows, seen.rejected.len()), (vec!["2|x|y".to_owned()], 1));
        assert!(seen.rejected[0].why.starts_with("is longer than 16 MiB"), "{:?}", seen.rejected);
    }
}

/// Names that are data, and headers of very many columns.
#[test]
fn too_many_columns() {
    let text: String = (0..20_000).map(|id| format!("{{\"id\":{id},\"user_{id}\":1}}\n")).collect();
    let project = Project::new().write("a.ndjson", text);
    let findings = read(&project, program("UTC", vec![all("a.ndjson")], Vec::new())).unwrap_err();
    let expected =
        "K0606 `data/a.ndjson` has more than 10000 different fields by line 10000: names that are data, perhaps";
    assert_eq!(said(&findings), [expected]);
    let header: Vec<String> = (0..300_000).map(|at| format!("c{at}")).collect();
    let project = Project::new().write("a.csv", header.join(",") + "\n");
    let findings = read(&project, program("UTC", vec![all("a.csv")], Vec::new())).unwrap_err();
    let expected = "K0606 `data/a.csv` has 300000 columns, more than the 10000 that a table may have";
    assert_eq!(said(&findings), [expected]);
}
