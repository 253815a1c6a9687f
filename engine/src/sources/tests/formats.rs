//! Arrow files, and folders that are columns.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::ipc::writer::{FileWriter, StreamWriter};
use kepi_lang::calendar::Interval;
use kepi_lang::ir::{ColumnId, Comparison, LocalPolicy, RowKind, ScalarType, TimeFormat};
use kepi_lang::value::Value;

use super::{Project, column, program, read, read_within, row, said, source, time};

fn batch(days: &[i64], names: &[Option<&str>]) -> RecordBatch {
    let micros = days.iter().map(|day| day * 86_400_000_000).collect::<Vec<_>>();
    let clock: ArrayRef = Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"));
    RecordBatch::try_from_iter([
        ("ts", clock),
        ("id", Arc::new(Int64Array::from(days.to_vec())) as ArrayRef),
        ("name", Arc::new(StringArray::from(names.to_vec())) as ArrayRef),
    ])
    .unwrap()
}

fn arrow(batches: &[RecordBatch], stream: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if stream {
        let mut writer = StreamWriter::try_new(&mut out, &batches[0].schema()).unwrap();
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
    } else {
        let mut writer = FileWriter::try_new(&mut out, &batches[0].schema()).unwrap();
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        writer.finish().unwrap();
    }
    out
}

fn clock() -> kepi_lang::ir::Column {
    time("ts", TimeFormat::Auto, "UTC", LocalPolicy::Later)
}

#[test]
fn arrow_files_and_streams() {
    let batches = [batch(&[1, 2], &[Some("a"), None]), batch(&[3], &[Some("c")])];
    for stream in [false, true] {
        let bytes = arrow(&batches, stream);
        let project = Project::new().write("a.arrow", &bytes).write("b.feather", arrow(&batches[1..], stream));
        let all =
            source("*", vec![clock(), column("id", ScalarType::Int, false), column("name", ScalarType::Text, false)]);
        let seen = read_within(&project, program("UTC", vec![all.clone()], Vec::new()), None, 2).unwrap();
        let third = "1970-01-04T00:00:00Z|3|c";
        assert_eq!(seen.rows, ["1970-01-02T00:00:00Z|1|a", "1970-01-03T00:00:00Z|2|-", third, third]);
        // Cut anywhere, or with a byte that is another: refused by name, or read as what it says.
        for cut in (0..bytes.len()).step_by(7) {
            let mut one = all.clone();
            one.files[0].0 = "a.arrow".to_owned();
            let project = Project::new().write("a.arrow", &bytes[..cut]);
            match read(&project, program("UTC", vec![one.clone()], Vec::new())) {
                Ok(seen) => assert!(stream && seen.rows.len() <= 3, "{cut}"),
                Err(findings) => assert!(said(&findings)[0].contains("`data/a.arrow`"), "{findings:?}"),
            }
            let mut other = bytes.clone();
            other[cut] ^= 0x55;
            let project = Project::new().write("a.arrow", other);
            if let Err(findings) = read(&project, program("UTC", vec![one], Vec::new())) {
                assert!(said(&findings)[0].contains("`data/a.arrow`"), "{findings:?}");
            }
        }
    }
}

/// Folders are columns, whatever the format; a condition on them keeps files from being read, and the ledger balances.
#[test]
fn hive_partitions() {
    let csv = |day: i64| format!("ts,id,name\n1970-01-0{}T00:00:00Z,{day},x\n,{day},y\n", day + 1);
    let parquet = |day: i64| batch(&[day, day], &[Some("x"), Some("y")]);
    let rows = |batch: &RecordBatch| {
        batch.schema().fields().iter().map(|f| f.name().clone()).zip(batch.columns().to_vec()).collect::<Vec<_>>()
    };
    let mut projects = vec![Project::new(), Project::new()];
    for day in [1, 2, 3] {
        let folder = format!("month=0{day}/city=S%C3%A3o/");
        let mut all = projects.into_iter();
        let (first, second) = (all.next().unwrap(), all.next().unwrap());
        let batch = parquet(day);
        let columns = rows(&batch);
        projects = vec![
            first.write(&format!("{folder}a.csv"), csv(day)),
            second.parquet(
                &format!("{folder}a.parquet"),
                columns.iter().map(|(n, a)| (n.as_str(), Arc::clone(a))).collect(),
            ),
        ];
    }
    for (project, format) in projects.iter().zip(["csv", "parquet"]) {
        let columns = vec![
            clock(),
            column("month", ScalarType::Int, false),
            column("city", ScalarType::Text, false),
            column("id", ScalarType::Int, false),
        ];
        let mut all = source(&format!("**/*.{format}"), columns);
        let seen = read_within(project, program("UTC", vec![all.clone()], Vec::new()), None, 2).unwrap();
        assert_eq!(seen.rows.first().unwrap(), "1970-01-02T00:00:00Z|1|São|1", "{format}");
        assert_eq!((seen.rows.len(), seen.counts.no_time), if format == "csv" { (3, 3) } else { (6, 0) });
        let month = Box::new(row(RowKind::Column(ColumnId(1)), ScalarType::Int));
        let two = Box::new(row(RowKind::Literal(Value::Int(2)), ScalarType::Int));
        all.scope = Some(row(RowKind::Compare { op: Comparison::Equal, left: month, right: two }, ScalarType::Bool));
        let seen = read_within(project, program("UTC", vec![all.clone()], Vec::new()), None, 2).unwrap();
        assert_eq!(seen.rows.first().unwrap(), "1970-01-03T00:00:00Z|2|São|2");
        // The two other files of Parquet are not read at all.
        assert_eq!((seen.rows.len(), seen.counts.read), if format == "csv" { (1, 6) } else { (2, 2) });
    }
}

/// A clock that folders make: what lies outside of the bounds is not read, and is outside.
#[test]
fn a_clock_of_folders() {
    let mut project = Project::new();
    for day in 1..=9 {
        project = project.write(&format!("day=2024-01-0{day}/a.csv"), "id\n1\n2\n");
    }
    let day = time("day", TimeFormat::Auto, "UTC", LocalPolicy::Later);
    let all = source("**/*.csv", vec![day, column("id", ScalarType::Int, false)]);
    let bounds = Interval { start: "2024-01-03T00:00Z".parse().unwrap(), end: "2024-01-05T00:00Z".parse().unwrap() };
    let seen = read_within(&project, program("UTC", vec![all], Vec::new()), Some(bounds), 2).unwrap();
    assert_eq!((seen.counts.read, seen.rows.len()), (4, 4));
    assert_eq!(seen.rows[0], "2024-01-03T00:00:00Z|1");
    assert_eq!(seen.extent.last.unwrap().to_string(), "2024-01-09T00:00:00Z");
}
