//! Tables written as files.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Field as ArrowField, Schema};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::data::{Cell, Data, Encoding, Kind, Table};

/// Decimal places of decimals.
const PLACES: u8 = 2;
pub const PATTERN: &str = "%d/%m/%Y %H:%M:%S";

/// Writes all tables below `data`.
pub fn write(root: &Path, data: &Data) {
    let folder = root.join("data");
    fs::create_dir_all(&folder).expect("a folder");
    for table in data.sources.iter().chain(&data.lookups) {
        for (number, rows) in table.files.iter().enumerate() {
            let (ending, bytes) = match table.encoding {
                Encoding::Parquet => ("parquet", parquet(table, rows)),
                Encoding::Csv => ("csv", csv(table, rows).into_bytes()),
                Encoding::Ndjson if number % 2 == 1 => ("jsonl.gz", gzip(json(table, rows).as_bytes())),
                Encoding::Ndjson => ("ndjson", json(table, rows).into_bytes()),
            };
            let path = folder.join(format!("{}_{number}.{ending}", table.name));
            fs::write(path, bytes).expect("a file");
        }
    }
}

/// A table's file as text.
pub fn csv(table: &Table, rows: &[Vec<Cell>]) -> String {
    let names: Vec<&str> = table.fields.iter().map(|f| f.name.as_str()).collect();
    let mut text = names.join(",") + "\n";
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&table.fields).map(|(cell, f)| quoted(&written(cell, f.kind))).collect();
        text.push_str(&(cells.join(",") + "\n"));
    }
    text
}

/// A table's file as a JSON object a line; every second one has its fields the other way round.
fn json(table: &Table, rows: &[Vec<Cell>]) -> String {
    let value = |cell: &Cell, kind: Kind| match cell {
        Cell::Null => "null".to_owned(),
        Cell::Bool(_) | Cell::Int(_) | Cell::Decimal(_) | Cell::Float(_) => written(cell, kind),
        _ => serde_json::Value::from(written(cell, kind)).to_string(),
    };
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let mut fields: Vec<String> =
            row.iter().zip(&table.fields).map(|(cell, f)| format!("{:?}:{}", f.name, value(cell, f.kind))).collect();
        if number % 2 == 1 {
            fields.reverse();
        }
        text.push_str(&format!("{{{}}}\n", fields.join(", ")));
    }
    text
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut out, text).expect("memory");
    out.finish().expect("memory")
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn written(cell: &Cell, kind: Kind) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Bool(b) => b.to_string(),
        Cell::Int(n) => n.to_string(),
        Cell::Decimal(d) => d.rescale(PLACES).expect("two places").to_string(),
        // With an exponent, which tells a float from a decimal.
        Cell::Float(f) => format!("{f:e}"),
        Cell::Text(text) => text.clone(),
        Cell::Date(date) => date.to_string(),
        Cell::Naive(local) if kind == Kind::Written => local.strftime(PATTERN).to_string(),
        Cell::Naive(local) => local.to_string(),
        // As its writer's own zone shows it, now and then.
        Cell::Zoned(t) if t.as_second() % 3 == 0 => {
            t.to_zoned_datetime(TimeZone::fixed(jiff::tz::offset(-3))).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
        }
        Cell::Zoned(t) => t.to_string(),
    }
}

fn parquet(table: &Table, rows: &[Vec<Cell>]) -> Vec<u8> {
    let columns: Vec<ArrayRef> = (0..table.fields.len()).map(|c| column(table.fields[c].kind, rows, c)).collect();
    let fields: Vec<ArrowField> = table
        .fields
        .iter()
        .zip(&columns)
        .map(|(field, array)| ArrowField::new(&field.name, array.data_type().clone(), true))
        .collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("columns of one length");
    // Small row groups, so that some of them lie outside of what is asked.
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(5)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("a batch");
    writer.close().expect("a footer");
    bytes
}

fn column(kind: Kind, rows: &[Vec<Cell>], at: usize) -> ArrayRef {
    let cells = rows.iter().map(|r| &r[at]);
    macro_rules! pick {
        ($array:ty, $($cell:pat => $value:expr),+) => {
            cells.map(|c| match c { Cell::Null => None, $($cell => Some($value),)+ other => panic!("{other:?} as {kind:?}") }).collect::<$array>()
        };
    }
    match kind {
        Kind::Bool => Arc::new(pick!(BooleanArray, Cell::Bool(b) => *b)),
        Kind::Int => Arc::new(pick!(Int64Array, Cell::Int(n) => *n)),
        Kind::Decimal => {
            let array = pick!(Decimal128Array, Cell::Decimal(d) => d.rescale(PLACES).expect("two places").mantissa);
            Arc::new(array.with_precision_and_scale(12, 2).expect("few digits"))
        }
        Kind::Float => Arc::new(pick!(Float64Array, Cell::Float(f) => *f)),
        Kind::Text => Arc::new(pick!(StringArray, Cell::Text(t) => t.clone())),
        Kind::Written => Arc::new(pick!(StringArray, Cell::Naive(n) => n.strftime(PATTERN).to_string())),
        Kind::Date => Arc::new(pick!(Date32Array, Cell::Date(d) => days(*d))),
        Kind::Naive => Arc::new(pick!(TimestampMicrosecondArray, Cell::Naive(n) => micros(*n))),
        Kind::Zoned => {
            Arc::new(pick!(TimestampMicrosecondArray, Cell::Zoned(t) => t.as_microsecond()).with_timezone("UTC"))
        }
    }
}

fn days(date: Date) -> i32 {
    Date::constant(1970, 1, 1).until(date).expect("days").get_days()
}

/// As UTC would show it.
fn micros(local: DateTime) -> i64 {
    TimeZone::UTC.to_timestamp(local).expect("an instant").as_microsecond()
}
