//! What `check` is told about files, and what it says of those that cannot be used.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, DictionaryArray, Int32Array, Int64Array, LargeStringArray, ListArray, StringArray,
    StructArray, TimestampMillisecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type};
use kepi_lang::ir::ScalarType;
use kepi_lang::resolve::{DeclaredColumn, Table, Tables};

use super::{Project, said, settings, span};
use crate::schemas;

fn tables(files: &str, declared: &[(&str, Option<ScalarType>)]) -> Tables {
    let declared = declared
        .iter()
        .map(|(raw, ty)| DeclaredColumn { raw: (*raw).to_owned(), span: span(), ty: *ty, any_number: false })
        .collect();
    let files = vec![(files.to_owned(), span())];
    let table = Table {
        name: "s".to_owned(),
        span: span(),
        files,
        format: None,
        text: kepi_lang::ir::TextOptions::default(),
        declared,
        first_read: Vec::new(),
    };
    Tables { sources: vec![table], lookups: Vec::new() }
}

/// `name: type physical` of each column.
fn described(project: &Project, files: &str) -> Vec<String> {
    let (schemas, findings) = schemas(project.root(), &settings("UTC"), &tables(files, &[]));
    assert_eq!(said(&findings), Vec::<String>::new());
    let columns = schemas.sources[0].clone().unwrap().columns;
    let naive = |naive: bool| if naive { " naive" } else { "" };
    columns.iter().map(|c| format!("{}: {:?}{} ({})", c.name, c.ty, naive(c.naive), c.physical)).collect()
}

fn found(project: &Project, files: &str, declared: &[(&str, Option<ScalarType>)]) -> Vec<String> {
    said(&schemas(project.root(), &settings("UTC"), &tables(files, declared)).1)
}

#[test]
fn parquet_types() {
    let dictionary: DictionaryArray<Int32Type> = ["x"].into_iter().collect();
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    let project = Project::new().parquet(
        "p.parquet",
        vec![
            ("i", Arc::new(Int32Array::from(vec![1])) as ArrayRef),
            ("t", Arc::new(TimestampMillisecondArray::from(vec![1])) as ArrayRef),
            ("z", Arc::new(TimestampMillisecondArray::from(vec![1]).with_timezone("UTC")) as ArrayRef),
            ("d", Arc::new(dictionary) as ArrayRef),
            ("s", Arc::new(LargeStringArray::from(vec!["x"])) as ArrayRef),
            ("l", Arc::new(list) as ArrayRef),
            ("b", Arc::new(BinaryArray::from(vec![b"x".as_slice()])) as ArrayRef),
        ],
    );
    assert_eq!(
        described(&project, "p.parquet"),
        [
            "i: Int (Int32)",
            "t: Instant naive (Timestamp(ms))",
            "z: Instant (Timestamp(ms, UTC))",
            "d: Text (Utf8)",
            "s: Text (Utf8)",
            "l: List(Int) (List(Int32))",
            "b: Unknown (Binary)",
        ]
    );
    assert_eq!(
        found(
            &project,
            "p.parquet",
            &[("l", None), ("b", None), ("b", Some(ScalarType::Text)), ("t", Some(ScalarType::Int))]
        ),
        [
            "K0610 `t` is Timestamp(ms) in `data/p.parquet`, not an integer",
            "K0611 the column `b` is Binary, which cannot be used in this version",
        ]
    );
}

#[test]
fn csv_types() {
    let project = Project::new()
        .write("c.csv", "\u{feff}id,price,when,\"a \"\"b\"\"\",empty,,day\n1,2.5,2024-01-01 10:00,x, ,7,2024-01-01\n");
    assert_eq!(
        described(&project, "c.csv"),
        [
            "id: Int (whole numbers)",
            "price: Decimal (decimal numbers)",
            "when: Instant naive (times without a zone)",
            "a \"b\": Text (text)",
            "empty: Null (nothing)",
            "day: Date (dates)",
        ]
    );
}

#[test]
fn what_files_cannot_be() {
    let parquet = |name: &str, array: ArrayRef| Project::new().parquet(name, vec![("a", array)]);
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let two = parquet("1.parquet", Arc::clone(&one)).parquet("2.parquet", vec![("a", text)]);
    assert_eq!(
        found(&two, "*", &[]),
        ["K0609 the column `a` is Int64 in `data/1.parquet` and Utf8 in `data/2.parquet`"]
    );

    let mut bytes = std::fs::read(two.data().join("1.parquet")).unwrap();
    let cut = Project::new().write("1.parquet", &bytes[..bytes.len() - 9]);
    assert_eq!(
        found(&cut, "*", &[]),
        ["K0606 `data/1.parquet` is not a sound Parquet file: Invalid Parquet file. Corrupt footer"]
    );
    bytes.drain(4..20);
    let drained = Project::new().write("1.parquet", &bytes);
    assert!(
        found(&drained, "*", &[]).iter().all(|f| f.starts_with("K0606 `data/1.parquet` is not a sound Parquet file"))
    );

    let csv = |text: &str| Project::new().write("a.csv", text);
    for (text, expected) in [
        ("", "is empty: a CSV file begins with a line of column names"),
        (",,\n1,2,3\n", "has no column names: its first line is blank"),
        ("a,b,a\n1,2,3\n", "has two columns named `a`"),
    ] {
        assert_eq!(found(&csv(text), "a.csv", &[]), [format!("K0606 `data/a.csv` {expected}")], "{text:?}");
    }
    for (text, expected) in [
        (
            "a,b\n1,2\n3\n",
            "1 of 2 rows of source `s` cannot be read, more than the 0.1% that may be left out: line 3 of `data/a.csv` has 1 field, the header has 2",
        ),
        (
            "a,b\n1,2,3\n",
            "1 of 1 row of source `s` cannot be read, more than the 0.1% that may be left out: line 2 of `data/a.csv` has 3 fields, the header has 2",
        ),
        (
            "a\n1\n\"2\n3\n",
            "1 of 3 rows of source `s` cannot be read, more than the 0.1% that may be left out: line 3 of `data/a.csv` has a quote that is never closed",
        ),
        (
            "a\n\"1\"2\n",
            "1 of 1 row of source `s` cannot be read, more than the 0.1% that may be left out: line 2 of `data/a.csv` has text behind a closing quote",
        ),
    ] {
        assert_eq!(found(&csv(text), "a.csv", &[]), [format!("K0614 {expected}")], "{text:?}");
    }
    let latin = Project::new().write("a.csv", b"a\nx\nM\xfcller\n");
    assert_eq!(
        found(&latin, "a.csv", &[]),
        ["K0615 the text of source `s` is not UTF-8: line 3 of `data/a.csv` is not UTF-8 (byte FC, `ü` in Latin-1)"]
    );
    let utf16: Vec<u8> = "a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = Project::new().write("a.csv", [&b"\xff\xfe"[..], &utf16].concat());
    let unmarked = Project::new().write("a.csv", utf16);
    assert_eq!(
        [found(&marked, "a.csv", &[]), found(&unmarked, "a.csv", &[])].concat(),
        [
            "K0615 `data/a.csv` is UTF-16 text, not UTF-8: convert it (`iconv -f UTF-16 -t UTF-8`)",
            "K0615 `data/a.csv` is UTF-16 text, not UTF-8: convert it (`iconv -f UTF-16LE -t UTF-8`)"
        ]
    );
    let other = Project::new().write("a.xlsx", "{}");
    assert_eq!(found(&other, "*", &[]), ["K0607 `data/a.xlsx` is in a format that is not in this version"]);
    let mixed = Project::new().write("a.csv", "a\n").write("b.parquet", "");
    assert_eq!(found(&mixed, "*", &[]), ["K0607 `data/a.csv` and `data/b.parquet` are files of two formats"]);
}

/// Every mistake of every column in one run, each with the file, the row and the value.
#[test]
fn declared_columns() {
    let project = Project::new()
        .write("1.csv", "id,amount,flag,day\n1,2.5,true,2024-01-01\n2,3,1,2024-01-02\n")
        .write("2.csv", "id,amount,flag\n3,n/a,maybe\n");
    assert_eq!(
        found(
            &project,
            "*.csv",
            &[
                ("id", Some(ScalarType::Int)),
                ("id", Some(ScalarType::Text)),
                ("amount", Some(ScalarType::Decimal)),
                ("flag", Some(ScalarType::Bool)),
                ("day", None),
                ("Amount", None),
                ("zzz", None),
            ]
        ),
        [
            "K0608 `data/2.csv` has no column `day`, other files have",
            "K0608 no file of source `s` has a column `Amount` (`data/1.csv`, …)",
            "K0608 no file of source `s` has a column `zzz` (`data/1.csv`, …)",
            "K0610 `amount` is `n/a` in row 1 of `data/2.csv`, not a decimal",
            "K0610 `flag` is `maybe` in row 1 of `data/2.csv`, not true or false",
        ]
    );
}

/// A missing folder is said once, whatever the number of tables.
#[test]
fn a_missing_folder_is_one_finding() {
    let project = Project::new();
    std::fs::remove_dir(project.data()).unwrap();
    let mut all = tables("a.csv", &[]);
    all.sources.push(all.sources[0].clone());
    let (schemas, findings) = schemas(project.root(), &settings("UTC"), &all);
    assert_eq!(said(&findings), ["K0602 the data folder `data` cannot be read: it does not exist"]);
    assert_eq!(schemas.sources, [None, None]);
}

/// The files of `engine/tests/data/types`, which cases of the command copy: what is there is what this writes.
#[test]
fn write_the_typed_files() {
    let stamps = || Arc::new(TimestampMillisecondArray::from(vec![0, 1]).with_timezone("UTC")) as ArrayRef;
    let number: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![3, 4]));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let field = Arc::new(Field::new("name", DataType::Utf8, false));
    let nested: ArrayRef = Arc::new(StructArray::from(vec![(field, Arc::clone(&text))]));
    let files = [
        ("number", vec![("ts", stamps()), ("user", Arc::clone(&number))]),
        ("wide", vec![("ts", stamps()), ("user", wide)]),
        ("text", vec![("ts", stamps()), ("user", text)]),
        ("nested", vec![("ts", stamps()), ("user", nested), ("id", number)]),
    ];
    for (name, columns) in files {
        let file = format!("{name}.parquet");
        let made = Project::new().parquet(&file, columns);
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/types").join(&file);
        if std::env::var_os("KEPI_BLESS").is_some() {
            std::fs::copy(made.data().join(&file), &kept).unwrap();
        }
        let kept = Project::new().write(&file, std::fs::read(kept).unwrap());
        assert_eq!(described(&kept, &file), described(&made, &file));
    }
}

/// Files of one table whose structs have gained, lost, reordered and widened fields.
#[test]
fn structs_that_change() {
    let text = |values: Vec<Option<&str>>| Arc::new(StringArray::from(values)) as ArrayRef;
    let field = |name: &str, array: &ArrayRef| Arc::new(Field::new(name, array.data_type().clone(), true));
    let made = |fields: Vec<(&str, ArrayRef)>, valid: Vec<bool>| -> ArrayRef {
        let (names, arrays): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
        let fields = names.iter().zip(&arrays).map(|(name, array)| field(name, array)).collect::<Vec<_>>();
        Arc::new(StructArray::new(fields.into(), arrays, Some(valid.into())))
    };
    let small: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), Some(2), None]));
    let large: ArrayRef = Arc::new(Int64Array::from(vec![Some(1 << 40)]));
    let inner = made(vec![("deep", text(vec![Some("x"), None, Some("z")]))], vec![true, true, false]);
    let first = made(vec![("plan", text(vec![Some("a"), Some("b"), None])), ("n", small)], vec![true, false, true]);
    let second = made(vec![("n", large), ("new", text(vec![Some("c")]))], vec![true]);
    let project = Project::new()
        .parquet(
            "1.parquet",
            vec![("id", Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef), ("props", first), ("more", inner)],
        )
        .parquet("2.parquet", vec![("props", second), ("id", Arc::new(Int64Array::from(vec![4])) as ArrayRef)])
        .parquet("3.parquet", vec![("id", Arc::new(Int64Array::from(vec![5])) as ArrayRef)]);
    assert_eq!(
        described(&project, "*.parquet"),
        [
            "id: Int (Int64)",
            "props.plan: Text (Utf8)",
            "props.n: Int (Int32)",
            "more.deep: Text (Utf8)",
            "props.new: Text (Utf8)",
            "props: Unknown (Struct)",
            "more: Unknown (Struct)",
        ]
    );
    let columns = [
        ("id", ScalarType::Int),
        ("props.plan", ScalarType::Text),
        ("props.n", ScalarType::Int),
        ("more.deep", ScalarType::Text),
        ("props.new", ScalarType::Text),
    ];
    for threads in [1, 3] {
        let all = super::source("*.parquet", columns.map(|(name, ty)| super::column(name, ty, false)).to_vec());
        let seen = super::read_within(&project, super::program("UTC", vec![all], Vec::new()), None, threads).unwrap();
        assert_eq!(seen.rows, ["1|a|1|x|-", "2|-|-|-|-", "3|-|-|-|-", "4|-|1099511627776|-|c", "5|-|-|-|-"]);
    }
}
