//! Columns of lists: of times, of dates, and of what can only be counted.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Date32Array, Int64Array, ListArray, StringArray, StructArray, TimestampMicrosecondArray,
    TimestampMillisecondArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::Field;
use kepi_lang::ir::{Item, ScalarType, TextOptions};

use super::{Project, column, program, read, source};
use crate::sources::files::Folders;
use crate::sources::finding::{Owner, Role};
use crate::sources::table::{Table, Wanted};

/// Three rows: two elements, none, null.
fn list(values: ArrayRef) -> ArrayRef {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let valid = NullBuffer::from(vec![true, true, false]);
    Arc::new(ListArray::new(field, OffsetBuffer::from_lengths([2, 0, 0]), values, Some(valid)))
}

fn records(second: (&str, ArrayRef)) -> ArrayRef {
    let sku: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let field = |name: &str, array: &ArrayRef| Arc::new(Field::new(name, array.data_type().clone(), true));
    list(Arc::new(StructArray::from(vec![(field("sku", &sku), sku), (field(second.0, &second.1), second.1)])))
}

fn columns(items: ArrayRef) -> Vec<(&'static str, ArrayRef)> {
    let day = 86_400_000;
    let seen = TimestampMillisecondArray::from(vec![Some(day), None]).with_timezone("+00:00");
    let local = TimestampMicrosecondArray::from(vec![0, 1]);
    vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("items", items),
        ("seen", list(Arc::new(seen))),
        ("local", list(Arc::new(local))),
        ("days", list(Arc::new(Date32Array::from(vec![1, 2])))),
    ]
}

fn table(project: &Project) -> Table {
    let owner = Owner { role: Role::Source, name: "s".to_owned(), span: super::span(), metrics: Vec::new() };
    let (folders, _) = Folders::open(project.root(), &["data".to_owned()]);
    let files = [("*.parquet".to_owned(), super::span())];
    let text = TextOptions::default();
    let wanted = Wanted { files: &files, format: None, text, checks: Vec::new(), remember: false, keep: Vec::new() };
    Table::open(&folders, owner, &wanted).unwrap()
}

#[test]
fn what_their_elements_are() {
    let quantities: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let project = Project::new().parquet("a.parquet", columns(records(("qty", quantities))));
    let found: Vec<_> = table(&project).columns.iter().map(|c| (c.name.clone(), c.ty.unwrap())).collect();
    let of = |name: &str, ty| (name.to_owned(), ty);
    let wanted = [Item::Other, Item::Text, Item::Int, Item::Instant, Item::Other, Item::Date].map(ScalarType::List);
    let names = ["items", "items.sku", "items.qty", "seen", "local", "days"];
    let expected: Vec<_> =
        [of("id", ScalarType::Int)].into_iter().chain(names.into_iter().zip(wanted).map(|(n, ty)| of(n, ty))).collect();
    assert_eq!(found, expected);
    let all = source("*.parquet", found.iter().map(|(name, ty)| column(name, *ty, false)).collect());
    let seen = read(&project, program("UTC", vec![all], Vec::new())).unwrap();
    assert_eq!(
        seen.rows,
        [
            "1|[-, -]|[a, b]|[1, 2]|[1970-01-02T00:00:00Z, -]|[-, -]|[1970-01-02, 1970-01-03]",
            "2|[]|[]|[]|[]|[]|[]",
            "3|-|-|-|-|-|-"
        ]
    );
}

/// Records that differ from file to file hurt nobody who does not ask for them as a whole; a field that a file lacks is null.
#[test]
fn records_that_differ() {
    let (quantities, prices): (ArrayRef, ArrayRef) =
        (Arc::new(Int64Array::from(vec![1, 2])), Arc::new(StringArray::from(vec!["x", "y"])));
    let project = Project::new()
        .parquet("a.parquet", columns(records(("qty", Arc::clone(&quantities)))))
        .parquet("b.parquet", columns(records(("price", prices))))
        .parquet("c.parquet", columns(records(("qty", quantities))));
    let table = table(&project);
    assert!(table.position("items").is_none() && table.position("seen").is_some());
    assert_eq!(table.unusable, [("items".to_owned(), "List(Struct)".to_owned())]);
    let field = |name: &str, item| column(name, ScalarType::List(item), false);
    let fields =
        vec![column("id", ScalarType::Int, false), field("items.sku", Item::Text), field("items.qty", Item::Int)];
    let mut seen = read(&project, program("UTC", vec![source("*.parquet", fields)], Vec::new())).unwrap();
    seen.rows.sort();
    let rows = |qty: &str| {
        [format!("1|[a, b]|{qty}"), format!("2|[]|{}", if qty == "-" { "-" } else { "[]" }), "3|-|-".into()]
    };
    let mut expected = [rows("[1, 2]"), rows("-"), rows("[1, 2]")].concat();
    expected.sort();
    assert_eq!(seen.rows, expected);
}
