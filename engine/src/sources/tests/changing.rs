//! Files that are not what they were any more when they are read: an error that names them, whatever their format.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::parquet::arrow::ArrowWriter;
use kepi_lang::ir::{ColumnId, ScalarType};

use super::text::{gzip, zstd};
use super::{Project, batches, column, program, read, said, source};
use crate::sources::open;

const ROWS: i64 = 3_000;

/// Ends what goes on beside a test, however the test ends.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn batch(from: i64) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + ROWS));
    RecordBatch::try_from_iter([("id", numbers)]).unwrap()
}

/// Rows numbered from `from` on, in the format of the name.
fn content(name: &str, from: i64) -> Vec<u8> {
    let csv = || (from..from + ROWS).fold("id\n".to_owned(), |text, id| text + &format!("{id}\n")).into_bytes();
    let json = || (from..from + ROWS).fold(String::new(), |text, id| text + &format!("{{\"id\":{id}}}\n")).into_bytes();
    match name {
        "a.csv" => csv(),
        "a.csv.gz" => gzip(&csv()),
        "a.ndjson" => json(),
        "a.ndjson.zst" => zstd(&json()),
        "a.parquet" => {
            let mut out = Vec::new();
            let mut writer = ArrowWriter::try_new(&mut out, batch(from).schema(), None).unwrap();
            writer.write(&batch(from)).unwrap();
            writer.close().unwrap();
            out
        }
        _ => {
            let mut out = Vec::new();
            let mut writer = FileWriter::try_new(&mut out, &batch(from).schema()).unwrap();
            writer.write(&batch(from)).unwrap();
            writer.finish().unwrap();
            out
        }
    }
}

const NAMES: [&str; 6] = ["a.csv", "a.csv.gz", "a.ndjson", "a.ndjson.zst", "a.parquet", "a.arrow"];

fn ids(name: &str) -> kepi_lang::ir::Source {
    source(name, vec![column("id", ScalarType::Int, false)])
}

#[test]
fn between_the_look_into_a_file_and_its_rows() {
    type Change = fn(&Path, &str);
    let changes: [(&str, Change); 5] = [
        ("grows", |path, name| {
            let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(&content(name, 0)).unwrap();
        }),
        ("shrinks", |path, _| {
            let bytes = std::fs::read(path).unwrap();
            std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("is replaced", |path, name| {
            std::fs::write(path.with_extension("new"), content(name, 1_000)).unwrap();
            std::fs::rename(path.with_extension("new"), path).unwrap();
        }),
        ("is emptied", |path, _| std::fs::write(path, "").unwrap()),
        ("goes away", |path, _| std::fs::remove_file(path).unwrap()),
    ];
    for name in NAMES {
        for (what, change) in changes {
            let project = Project::new().write(name, content(name, 0));
            let opened =
                open(project.root(), &program("UTC", vec![ids(name)], Vec::new()), &Arc::default(), None).unwrap();
            // A clock that counts in hundredths has moved on.
            std::thread::sleep(Duration::from_millis(20));
            change(&project.data().join(name), name);
            let source = &opened.sources[0];
            let columns = [ColumnId(0)].into_iter().collect();
            let expected = match what {
                "goes away" => format!("K0605 `data/{name}` cannot be read: it does not exist"),
                _ => format!("K0616 `data/{name}` has changed while it was being read"),
            };
            if let Err(error) = batches(source, &columns, None, 2) {
                assert_eq!(said(&[source.diagnose(&columns, &error)]), [expected.as_str()], "{what}");
            }
            // Where every row was read as if nothing had been, what is left of the run says it.
            assert_eq!(said(&[source.unchanged().unwrap_err()]), [expected.as_str()], "{what}");
        }
    }
}

/// Somebody appends to a file, or puts others in its place, all the while: every run ends, with all
/// rows of one state of the file or with an error.
#[test]
fn all_the_while() {
    for name in ["a.csv", "a.ndjson", "a.parquet", "a.arrow"] {
        let project = Project::new().write(name, content(name, 0));
        let path = project.data().join(name);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut round = 0;
                while !done.load(Ordering::Relaxed) {
                    round += 1;
                    if round % 2 == 0 {
                        // Over the file itself, as careless programs do.
                        std::fs::write(&path, content(name, 0)).unwrap();
                    } else {
                        std::fs::write(path.with_extension("new"), content(name, 0)).unwrap();
                        std::fs::rename(path.with_extension("new"), &path).unwrap();
                    }
                }
            });
            let _until = Until(&done);
            for _ in 0..25 {
                let run = || {
                    let opened =
                        open(project.root(), &program("UTC", vec![ids(name)], Vec::new()), &Arc::default(), None)?;
                    let columns = [ColumnId(0)].into_iter().collect();
                    let source = &opened.sources[0];
                    let read = batches(source, &columns, None, 2);
                    let read = read.map_err(|error| vec![source.diagnose(&columns, &error)])?;
                    source.unchanged().map_err(|finding| vec![finding])?;
                    Ok::<_, Vec<kepi_lang::diag::Diagnostic>>(read.iter().map(RecordBatch::num_rows).sum::<usize>())
                };
                match run() {
                    // A file that is written over is empty at first.
                    Ok(rows) => assert!(rows == 0 || rows as i64 == ROWS, "{rows} rows of {name}"),
                    Err(findings) => assert!(findings.iter().all(|f| f.message.contains(name)), "{findings:?}"),
                }
            }
        });
    }
}

#[test]
fn files_that_come_and_go_under_a_pattern() {
    let project = Project::new().write("a.csv", content("a.csv", 0));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for name in ["b.csv", "c.csv", "d.csv"] {
                    std::fs::write(project.data().join(format!(".{name}")), content("a.csv", 0)).unwrap();
                    std::fs::rename(project.data().join(format!(".{name}")), project.data().join(name)).unwrap();
                }
                for name in ["b.csv", "c.csv", "d.csv"] {
                    std::fs::remove_file(project.data().join(name)).unwrap();
                }
            }
        });
        let _until = Until(&done);
        for _ in 0..25 {
            match read(&project, program("UTC", vec![ids("*.csv")], Vec::new())) {
                Ok(seen) => assert_eq!(seen.rows.len() as i64 % ROWS, 0),
                Err(findings) => assert!(findings.iter().all(|f| f.message.contains("data/")), "{findings:?}"),
            }
        }
    });
}
