//! Rows as values, and the same rows as files.

use std::fs::{File, create_dir_all};
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::parquet::arrow::ArrowWriter;
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Column, Origin, Program, ScalarType};
use kepi_lang::value::Value;

/// By source and by lookup, then by row and by column; only the columns that files hold.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    pub sources: Vec<Vec<Vec<Value>>>,
    pub lookups: Vec<Vec<Vec<Value>>>,
}

/// Writes every table as Parquet below `root/data`, each source in as many files as given.
pub fn write(root: &Path, program: &Program, tables: &Tables, files: usize) {
    let folder = root.join("data");
    create_dir_all(&folder).expect("a folder");
    for (source, rows) in program.sources.iter().zip(&tables.sources) {
        let size = rows.len().div_ceil(files).max(1);
        if rows.is_empty() {
            parquet(&folder.join(format!("{}-0.parquet", source.name)), &source.columns, rows);
        }
        for (n, part) in rows.chunks(size).enumerate() {
            parquet(&folder.join(format!("{}-{n}.parquet", source.name)), &source.columns, part);
        }
    }
    for (lookup, rows) in program.lookups.iter().zip(&tables.lookups) {
        parquet(&folder.join(format!("{}.parquet", lookup.name)), &lookup.columns, rows);
    }
}

pub fn parquet(path: &Path, columns: &[Column], rows: &[Vec<Value>]) {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (at, column) in columns.iter().enumerate() {
        let Origin::File(raw) = &column.origin else { continue };
        let values: Vec<&Value> = rows.iter().map(|r| &r[at]).collect();
        let array = array(column.ty, &values);
        fields.push(Field::new(raw, array.data_type().clone(), true));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays).expect("a batch");
    let mut writer = ArrowWriter::try_new(File::create(path).expect("a file"), schema, None).expect("a writer");
    writer.write(&batch).expect("rows written");
    writer.close().expect("a file closed");
}

fn array(ty: ScalarType, values: &[&Value]) -> ArrayRef {
    let int = |v: &Value| if let Value::Int(n) = v { i64::try_from(*n).ok() } else { None };
    let text = |v: &Value| if let Value::Text(s) = v { Some(s.clone()) } else { None };
    match ty {
        ScalarType::Bool => Arc::new(
            values.iter().map(|v| if let Value::Bool(b) = v { Some(*b) } else { None }).collect::<BooleanArray>(),
        ),
        ScalarType::Int => Arc::new(values.iter().map(|v| int(v)).collect::<Int64Array>()),
        ScalarType::Decimal => {
            let mantissa = |v: &Value| match v {
                Value::Decimal(d) => d.rescale(2).map(|d: Decimal| d.mantissa),
                _ => None,
            };
            let array = values.iter().map(|v| mantissa(v)).collect::<Decimal128Array>();
            Arc::new(array.with_precision_and_scale(20, 2).expect("a decimal type"))
        }
        ScalarType::Float => Arc::new(values.iter().map(|v| v.as_f64()).collect::<Float64Array>()),
        ScalarType::Date => {
            let day = |v: &Value| match v {
                Value::Date(d) => i32::try_from(d.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24).ok(),
                _ => None,
            };
            Arc::new(values.iter().map(|v| day(v)).collect::<Date32Array>())
        }
        ScalarType::Instant => {
            let micros = |v: &Value| if let Value::Instant(t) = v { Some(t.as_microsecond()) } else { None };
            let array = values.iter().map(|v| micros(v)).collect::<TimestampMicrosecondArray>();
            Arc::new(array.with_timezone("UTC"))
        }
        _ => Arc::new(values.iter().map(|v| text(v)).collect::<StringArray>()),
    }
}
