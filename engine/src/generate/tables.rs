//! The tables of a world into files of their own: rows in order of time, whatever the order they were thought of in.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use crate::generate::GenerateError;

const BATCH: usize = 1 << 15;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Whole,
    /// Hundredths, written with two digits behind the point.
    Cents,
    /// Microseconds since 1970.
    Time,
    Flag,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Null,
    Text(String),
    Whole(i64),
    Cents(i64),
    Time(i64),
    Flag(bool),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Whole(number as i64)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Compressed with zstd.
    Parquet,
    Csv,
    Ndjson,
    NdjsonGz,
}

/// A file: its name without the ending, and its columns. A `.` in the name of a column of NDJSON leads into an object.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub name: &'static str,
    pub format: Format,
    pub columns: &'static [(&'static str, Kind)],
}

impl Spec {
    pub fn file(&self) -> String {
        let ending = match self.format {
            Format::Parquet => "parquet",
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::NdjsonGz => "ndjson.gz",
        };
        format!("{}.{ending}", self.name)
    }
}

/// A row, or a line that is none, as broken files have them.
#[derive(Clone, Debug)]
pub enum Line {
    Row(Vec<Cell>),
    Raw(String),
}

/// The files of a world.
pub struct Tables {
    open: Vec<Table>,
}

struct Table {
    spec: Spec,
    path: PathBuf,
    part: PathBuf,
    body: Option<Body>,
    /// Rows by time and, of one time, in the order they were put.
    waiting: BTreeMap<(i64, u64), Line>,
    put: u64,
}

enum Body {
    Text(BufWriter<File>),
    Gz(Box<GzEncoder<BufWriter<File>>>),
    Parquet { writer: Box<ArrowWriter<BufWriter<File>>>, rows: Vec<Vec<Cell>>, schema: SchemaRef },
}

impl Tables {
    pub fn new(folder: &Path, specs: &[Spec]) -> Result<Self, GenerateError> {
        fs::create_dir_all(folder).map_err(|e| GenerateError::Io(folder.to_path_buf(), e))?;
        let open = specs.iter().map(|spec| Table::new(folder, *spec)).collect::<Result<_, _>>()?;
        Ok(Self { open })
    }

    /// A row of the table with this number, at its time in microseconds.
    pub fn put(&mut self, table: usize, at: i64, cells: Vec<Cell>) {
        self.line(table, at, Line::Row(cells));
    }

    pub fn line(&mut self, table: usize, at: i64, line: Line) {
        if let Some(table) = self.open.get_mut(table) {
            table.waiting.insert((at, table.put), line);
            table.put += 1;
        }
    }

    /// Writes what lies before a time: nothing more will be put before it.
    pub fn until(&mut self, end: i64) -> Result<(), GenerateError> {
        for table in &mut self.open {
            let later = table.waiting.split_off(&(end, 0));
            let now = std::mem::replace(&mut table.waiting, later);
            table.write(now.into_values()).map_err(|e| GenerateError::Io(table.path.clone(), e))?;
        }
        Ok(())
    }

    /// The names of the files; what still waits lies after the world's end and is left out.
    pub fn finish(mut self) -> Result<Vec<String>, GenerateError> {
        let mut names = Vec::new();
        for table in &mut self.open {
            table.finish().map_err(|e| GenerateError::Io(table.path.clone(), e))?;
            names.extend(table.path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
        Ok(names)
    }
}

impl Table {
    fn new(folder: &Path, spec: Spec) -> Result<Self, GenerateError> {
        let path = folder.join(spec.file());
        let part = folder.join(format!(".{}.part", spec.file()));
        let body = Body::new(spec, &part).map_err(|e| GenerateError::Io(part.clone(), e))?;
        Ok(Self { spec, path, part, body: Some(body), waiting: BTreeMap::new(), put: 0 })
    }

    fn write(&mut self, lines: impl Iterator<Item = Line>) -> io::Result<()> {
        match &mut self.body {
            Some(Body::Text(file)) => text(self.spec, lines, file)?,
            Some(Body::Gz(file)) => text(self.spec, lines, file.as_mut())?,
            Some(Body::Parquet { writer, rows, schema }) => {
                for line in lines {
                    // A file of columns has no broken lines.
                    let Line::Row(cells) = line else { continue };
                    rows.push(cells);
                    if rows.len() == BATCH {
                        writer.write(&batch(self.spec, schema, rows)?)?;
                        rows.clear();
                    }
                }
            }
            None => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let file = match self.body.take() {
            Some(Body::Text(file)) => file,
            Some(Body::Gz(file)) => file.finish()?,
            Some(Body::Parquet { mut writer, rows, schema }) => {
                if !rows.is_empty() {
                    writer.write(&batch(self.spec, &schema, &rows)?)?;
                }
                writer.into_inner()?
            }
            None => return Ok(()),
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&self.part, &self.path)
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // Nothing is left of a file that was not finished; where it was, it has another name by now.
        let _ = fs::remove_file(&self.part);
    }
}

impl Body {
    fn new(spec: Spec, part: &Path) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 18, File::create(part)?);
        match spec.format {
            Format::Parquet => {
                let schema = schema(spec);
                let properties =
                    WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
                let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?;
                return Ok(Self::Parquet { writer: Box::new(writer), rows: Vec::new(), schema });
            }
            Format::Csv => {
                let names: Vec<&str> = spec.columns.iter().map(|(name, _)| *name).collect();
                writeln!(file, "{}", names.join(","))?;
            }
            // No name and no time in the header: the same bytes each time.
            Format::NdjsonGz => {
                return Ok(Self::Gz(Box::new(GzEncoder::new(file, flate2::Compression::best()))));
            }
            Format::Ndjson => {}
        }
        Ok(Self::Text(file))
    }
}

fn text(spec: Spec, lines: impl Iterator<Item = Line>, file: &mut dyn Write) -> io::Result<()> {
    for line in lines {
        match (line, spec.format) {
            (Line::Raw(text), _) => writeln!(file, "{text}")?,
            (Line::Row(cells), Format::Csv) => writeln!(file, "{}", csv(&cells))?,
            (Line::Row(cells), _) => writeln!(file, "{}", json(spec, &cells))?,
        }
    }
    Ok(())
}

fn schema(spec: Spec) -> SchemaRef {
    let field = |(name, kind): &(&'static str, Kind)| {
        let ty = match kind {
            Kind::Text => DataType::Utf8,
            Kind::Whole => DataType::Int64,
            Kind::Cents => DataType::Decimal128(12, 2),
            Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
            Kind::Flag => DataType::Boolean,
        };
        Field::new(*name, ty, true)
    };
    Arc::new(Schema::new(spec.columns.iter().map(field).collect::<Vec<_>>()))
}

fn batch(spec: Spec, schema: &SchemaRef, rows: &[Vec<Cell>]) -> io::Result<RecordBatch> {
    let number = |cell: &Cell| match cell {
        Cell::Whole(n) | Cell::Cents(n) | Cell::Time(n) => Some(*n),
        _ => None,
    };
    let column = |(at, (_, kind)): (usize, &(&str, Kind))| -> io::Result<ArrayRef> {
        let cells = rows.iter().map(|row| row.get(at).unwrap_or(&Cell::Null));
        Ok(match kind {
            Kind::Text => Arc::new(StringArray::from_iter(cells.map(|c| match c {
                Cell::Text(text) => Some(text.as_str()),
                _ => None,
            }))),
            Kind::Whole => Arc::new(Int64Array::from_iter(cells.map(number))),
            Kind::Cents => {
                let cents: Decimal128Array = cells.map(|c| number(c).map(i128::from)).collect();
                Arc::new(cents.with_precision_and_scale(12, 2).map_err(io::Error::other)?)
            }
            Kind::Time => Arc::new(TimestampMicrosecondArray::from_iter(cells.map(number)).with_timezone("UTC")),
            Kind::Flag => Arc::new(BooleanArray::from_iter(cells.map(|c| match c {
                Cell::Flag(flag) => Some(*flag),
                _ => None,
            }))),
        })
    };
    let columns = spec.columns.iter().enumerate().map(column).collect::<io::Result<Vec<_>>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(io::Error::other)
}

/// A value as text files have it; `None` for null.
fn plain(cell: &Cell) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Text(text) => text.clone(),
        Cell::Whole(n) => n.to_string(),
        Cell::Cents(n) => {
            let sign = if *n < 0 { "-" } else { "" };
            format!("{sign}{}.{:02}", n.unsigned_abs() / 100, n.unsigned_abs() % 100)
        }
        Cell::Time(at) => {
            Timestamp::from_microsecond(*at).map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
        }
        Cell::Flag(flag) => flag.to_string(),
    })
}

fn csv(cells: &[Cell]) -> String {
    let field = |cell: &Cell| {
        let text = plain(cell).unwrap_or_default();
        if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    cells.iter().map(field).collect::<Vec<_>>().join(",")
}

/// An object; the columns below one name stand beside each other.
fn json(spec: Spec, cells: &[Cell]) -> String {
    let mut out = String::from("{");
    let mut inside = "";
    for ((name, _), cell) in spec.columns.iter().zip(cells) {
        let Some(text) = plain(cell) else { continue };
        let (object, key) = name.split_once('.').unwrap_or(("", name));
        if object != inside && !inside.is_empty() {
            out.push('}');
        }
        if out.len() > 1 {
            out.push(',');
        }
        if object != inside && !object.is_empty() {
            out += &format!("\"{object}\":{{");
        }
        inside = object;
        let quoted = matches!(cell, Cell::Text(_) | Cell::Time(_));
        out += &match quoted {
            true => format!("\"{key}\":\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            false => format!("\"{key}\":{text}"),
        };
    }
    if !inside.is_empty() {
        out.push('}');
    }
    out.push('}');
    out
}
