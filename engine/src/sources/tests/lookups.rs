//! Lookups: keys proved, columns reached through links.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use kepi_lang::ir::{ColumnId, Link, Lookup, LookupId, Origin, RowKind, ScalarType, Source, Way};

use super::{Project, column, program, read, row, said, source, span};

fn users(files: &str, key: ScalarType) -> Lookup {
    Lookup {
        name: "users".to_owned(),
        span: span(),
        files: vec![(files.to_owned(), span())],
        format: None,
        text: kepi_lang::ir::TextOptions::default(),
        key: vec![ColumnId(0)],
        valid: None,
        latest: None,
        clocks: Vec::new(),
        scope: None,
        links: Vec::new(),
        columns: vec![column("id", key, false), column("plan", ScalarType::Text, false)],
    }
}

/// A source whose only other column is the plan of its user.
fn plays(files: &str, key: ScalarType) -> Source {
    let mut plays = source(files, vec![column("user", key, false)]);
    plays.links = vec![Link { name: "user".to_owned(), span: span(), columns: vec![ColumnId(0)], lookup: LookupId(0) }];
    let mut plan = column("plan", ScalarType::Text, true);
    let linked = RowKind::Linked { way: Way { links: vec![0], clock: None }, column: ColumnId(1) };
    plan.origin = Origin::Computed(row(linked, ScalarType::Text));
    plays.columns.push(plan);
    plays
}

#[test]
fn a_key_without_a_row_gives_nulls() {
    let project =
        Project::new().write("p.csv", "user\n1\n2\n\n").write("u.csv", "id,plan\n1,pro\n,free\n,other\n3,free\n");
    let all = program("UTC", vec![plays("p.csv", ScalarType::Int)], vec![users("u.csv", ScalarType::Int)]);
    assert_eq!(read(&project, all).unwrap().rows, ["1|pro", "2|-"]);
}

/// A table written by a library that makes floats of whole numbers with gaps still finds its rows.
#[test]
fn numbers_are_keys_by_value() {
    let keys: ArrayRef = Arc::new(Float64Array::from(vec![Some(17850.0), Some(0.5), None]));
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![17850, 2]));
    let plans: ArrayRef = Arc::new(StringArray::from(vec!["pro", "free"]));
    let project = Project::new()
        .parquet("p.parquet", vec![("user", keys)])
        .parquet("u.parquet", vec![("id", ids), ("plan", plans)]);
    let all = program("UTC", vec![plays("p.parquet", ScalarType::Float)], vec![users("u.parquet", ScalarType::Int)]);
    assert_eq!(read(&project, all).unwrap().rows, ["-|-", "0.5|-", "17850.0|pro"]);
}

#[test]
fn a_key_that_is_there_twice() {
    let project = Project::new()
        .write("p.csv", "user\n1\n")
        .write("u/1.csv", "id,plan\na,pro\nb,pro\n")
        .write("u/2.csv", "plan,id\nfree,c\nfree,b\nfree,a\n");
    let all = program("UTC", vec![plays("p.csv", ScalarType::Int)], vec![users("u/*.csv", ScalarType::Text)]);
    let expected =
        "K0612 the key `id` of lookup `users` is `b` in row 2 of `data/u/1.csv` and in row 2 of `data/u/2.csv`";
    assert_eq!(said(&read(&project, all).unwrap_err()), [expected]);
}

#[test]
fn a_lookup_without_its_key() {
    let project = Project::new().write("p.csv", "user\n1\n").write("u.csv", "Id,plan\n1,pro\n");
    let all = program("UTC", vec![plays("p.csv", ScalarType::Int)], vec![users("u.csv", ScalarType::Int)]);
    let findings = read(&project, all).unwrap_err();
    assert_eq!(said(&findings), ["K0608 `data/u.csv` has no column `id`"]);
    assert_eq!(findings[0].help.as_deref(), Some("did you mean `Id`? the columns are `Id`, `plan`"));
}
