//! What the first pass over a text keeps is what a second one would read.

use kepi_lang::ir::{BadRows, ScalarType, TextOptions};
use kepi_lang::source::Span;
use proptest::prelude::*;

use super::text::{gzip, zstd};
use super::{Project, texts};
use crate::sources::convert::Target;
use crate::sources::files::Folders;
use crate::sources::finding::{Owner, Role};
use crate::sources::table::{Table, Wanted};
use crate::sources::text::Check;
use crate::sources::times::Reading;

fn owner() -> Owner {
    Owner { role: Role::Source, name: "s".to_owned(), span: super::span(), metrics: Vec::new() }
}

/// A value of `n` must be a whole number.
fn check() -> Check {
    let reading = Reading::plain(jiff::tz::TimeZone::UTC);
    let target = Target {
        ty: ScalarType::Int,
        scale: 0,
        reading,
        lenient: false,
        blank: true,
        numbers: kepi_lang::ir::Numbers::default(),
    };
    Check { raw: "n".to_owned(), span: super::span(), target }
}

fn open(project: &Project, files: &[(String, Span)], keep: &[&str]) -> Table {
    let (folders, findings) = Folders::open(project.root(), &["data".to_owned()]);
    assert!(findings.is_empty());
    let wanted = Wanted {
        files,
        format: None,
        text: TextOptions { max_bad_rows: BadRows::Count(u64::MAX), ..TextOptions::default() },
        checks: vec![check()],
        remember: false,
        keep: keep.iter().map(|name| (*name).to_owned()).collect(),
    };
    Table::open(&folders, owner(), &wanted).unwrap()
}

/// All rows of all files, once as they were kept and once as they are read; `None`: they were not kept.
fn both(table: &Table, columns: &[usize]) -> Vec<(Option<Vec<String>>, Vec<String>)> {
    let read = |file| {
        let (mut kept, mut rows) = (Vec::new(), Vec::new());
        let there = table.kept(file, columns, &mut |batch| {
            kept.extend(texts(batch.columns()));
            true
        });
        table
            .read(file, columns, &mut |batch| {
                rows.extend(texts(batch.columns()));
                true
            })
            .unwrap();
        // Once only.
        assert!(!table.kept(file, columns, &mut |_| true));
        (there.then_some(kept), rows)
    };
    table.files.iter().map(read).collect()
}

fn positions(table: &Table, names: &[&str]) -> Vec<usize> {
    names.iter().filter_map(|name| table.position(name)).collect()
}

/// Fields of one row: of a number that may be none, of a text, and of an object's two.
type Row = (u8, Option<String>, Option<u8>, Option<String>);

fn csv(rows: &[Row]) -> String {
    let mut text = "n,t,\"p.x\",p.y\n".to_owned();
    for (n, t, x, y) in rows {
        let quoted =
            |t: &Option<String>| t.as_ref().map_or(String::new(), |t| format!("\"{}\"", t.replace('"', "\"\"")));
        let x = x.map_or(String::new(), |x| x.to_string());
        match n {
            // One field too many; one that is no number.
            0 => text.push_str(&format!("1,2,3,4,{x}\n")),
            1 => text.push_str(&format!("many,{},{x},{}\n", quoted(t), quoted(y))),
            n => text.push_str(&format!("{n},{},{x},{}\n", quoted(t), quoted(y))),
        }
    }
    text
}

fn json(rows: &[Row]) -> String {
    let mut text = String::new();
    for (n, t, x, y) in rows {
        let mut row = serde_json::Map::new();
        row.insert("n".to_owned(), if *n == 1 { "many".into() } else { (*n).into() });
        if let Some(t) = t {
            row.insert("t".to_owned(), t.as_str().into());
        }
        let mut p = serde_json::Map::new();
        x.iter().for_each(|x| _ = p.insert("x".to_owned(), (*x).into()));
        y.iter().for_each(|y| {
            _ = p.insert("y".to_owned(), if y.is_empty() { serde_json::Value::Null } else { y.as_str().into() })
        });
        if x.is_some() || y.is_some() {
            row.insert("p".to_owned(), p.into());
        }
        let line = serde_json::Value::from(row).to_string();
        text.push_str(if *n == 0 { line.get(..line.len() - 1).unwrap_or_default() } else { &line });
        text.push('\n');
    }
    text
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[ a-z,\"\n€]{0,6}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever cannot be read is left out of both; a field that is seen late is null before.
    #[test]
    fn as_it_is_read(rows in prop::collection::vec((0u8..20, text(), prop::option::of(0u8..9), text()), 1..40), many in 1usize..250) {
        let mut rows: Vec<Row> = rows.iter().cycle().take(rows.len() * many).cloned().collect();
        rows.push((7, None, Some(1), Some("last".to_owned())));
        let files: [(&str, Vec<u8>); 4] = [
            ("a.csv", csv(&rows).into_bytes()),
            ("a.csv.gz", gzip(csv(&rows).as_bytes())),
            ("a.ndjson", json(&rows).into_bytes()),
            ("a.ndjson.zst", zstd(json(&rows).as_bytes())),
        ];
        for (name, bytes) in files {
            let project = Project::new().write(name, bytes);
            let table = open(&project, &[(name.to_owned(), super::span())], &["n", "p"]);
            let names: Vec<usize> = positions(&table, &["p.y", "n", "p.x"]);
            for (kept, read) in both(&table, &names) {
                prop_assert_eq!(kept.as_ref(), Some(&read), "{}", name);
            }
        }
    }
}

/// A column that was not to be kept is read; asking for it takes nothing away.
#[test]
fn what_was_not_kept() {
    let rows: Vec<Row> = (2..9).map(|n| (n, Some(n.to_string()), Some(n), None)).collect();
    let project = Project::new().write("a.csv", csv(&rows)).write("b.csv", "n\n5\n");
    let files = [("*.csv".to_owned(), super::span())];
    let table = open(&project, &files, &["n", "p.x"]);
    let all = positions(&table, &["n", "t"]);
    assert!(!table.kept(&table.files[0], &all, &mut |_| true));
    // The second file does not have the column.
    let both = both(&table, &positions(&table, &["p.x", "n"]));
    assert_eq!(both[0].0.as_ref(), Some(&both[0].1));
    assert_eq!(both[1], (Some(vec!["-|5".to_owned()]), vec!["-|5".to_owned()]));
}
