//! Rows into files.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::WriterProperties;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use crate::generate::app::{COUNTRIES, EVENTS, PLANS, PLATFORMS, Row};
use crate::generate::random::Random;
use crate::generate::{App, FileFormat, GenerateError, Ids, Layout};

const DAY_US: i64 = 86_400_000_000;
/// Rows of one Arrow batch.
const BATCH: usize = 1 << 16;
/// Rows of a row group: small enough that a range of time skips most of a file.
const GROUP: usize = 1 << 18;
const HEADER: &str = "ts,user_id,event,country,plan,platform,duration_s,amount\n";

/// The files of a log, one after the other.
pub(super) struct Files<'a> {
    folder: &'a Path,
    app: &'a App,
    open: Option<Open>,
    /// Rows written.
    rows: u64,
    names: Vec<String>,
}

struct Open {
    name: String,
    part: PathBuf,
    /// Rows after which the file is full, or the day it is of.
    until: Until,
    body: Body,
}

enum Until {
    Row(u64),
    Day(i64),
}

enum Body {
    Parquet { writer: Box<ArrowWriter<BufWriter<File>>>, rows: Vec<Row>, schema: SchemaRef },
    Csv(BufWriter<File>),
    Gz(Box<GzEncoder<BufWriter<File>>>),
}

impl<'a> Files<'a> {
    pub fn new(folder: &'a Path, app: &'a App) -> Self {
        Self { folder, app, open: None, rows: 0, names: Vec::new() }
    }

    pub fn write(&mut self, mut rows: &[Row]) -> Result<(), GenerateError> {
        while let Some(first) = rows.first() {
            let full = self.open.as_ref().is_some_and(|open| match open.until {
                Until::Row(last) => self.rows >= last,
                Until::Day(day) => first.at.div_euclid(DAY_US) != day,
            });
            if full {
                self.close()?;
            }
            let open = match &mut self.open {
                Some(open) => open,
                none => none.insert(Open::new(self.folder, self.app, self.names.len() as u64, first)?),
            };
            let fits = match open.until {
                Until::Row(last) => usize::try_from(last - self.rows).map_or(rows.len(), |left| left.min(rows.len())),
                Until::Day(day) => rows.iter().take_while(|row| row.at.div_euclid(DAY_US) == day).count(),
            };
            let (now, later) = rows.split_at(fits.max(1).min(rows.len()));
            open.body.write(self.app, now).map_err(|e| GenerateError::Io(open.part.clone(), e))?;
            self.rows += now.len() as u64;
            rows = later;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), GenerateError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let path = self.folder.join(&open.name);
        let done = open.body.finish(self.app).and_then(|()| fs::rename(&open.part, &path));
        if done.is_err() {
            // What remains is of no use; the error that counts is the first.
            let _ = fs::remove_file(&open.part);
        }
        done.map_err(|e| GenerateError::Io(path, e))?;
        self.names.push(open.name);
        Ok(())
    }

    pub fn finish(mut self) -> Result<Vec<String>, GenerateError> {
        self.close()?;
        Ok(std::mem::take(&mut self.names))
    }
}

impl Drop for Files<'_> {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            let _ = fs::remove_file(&open.part);
        }
    }
}

impl Open {
    fn new(folder: &Path, app: &App, number: u64, first: &Row) -> Result<Self, GenerateError> {
        let ending = app.format.ending();
        let (name, until) = match app.layout {
            Layout::Files(1) => (format!("events.{ending}"), Until::Row(app.events)),
            Layout::Files(n) => {
                let last = u128::from(app.events) * u128::from(number + 1) / u128::from(n);
                (format!("events-{:04}.{ending}", number + 1), Until::Row(last as u64))
            }
            Layout::Daily => {
                let date = Timestamp::from_microsecond(first.at).map(|at| at.strftime("%Y-%m-%d").to_string());
                (format!("{}.{ending}", date.unwrap_or_default()), Until::Day(first.at.div_euclid(DAY_US)))
            }
        };
        fs::create_dir_all(folder).map_err(|e| GenerateError::Io(folder.to_path_buf(), e))?;
        let part = folder.join(format!(".{name}.part"));
        let body = Body::new(app, &part).map_err(|e| GenerateError::Io(part.clone(), e))?;
        Ok(Self { name, part, until, body })
    }
}

impl Body {
    fn new(app: &App, path: &Path) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 18, File::create(path)?);
        Ok(match app.format {
            FileFormat::Parquet => {
                let schema = schema(app.ids);
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .set_max_row_group_row_count(Some(GROUP))
                    .build();
                let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).map_err(parquet)?;
                Self::Parquet { writer: Box::new(writer), rows: Vec::new(), schema }
            }
            FileFormat::Csv => {
                let mut file = file;
                file.write_all(HEADER.as_bytes())?;
                Self::Csv(file)
            }
            FileFormat::CsvGz => {
                // No name and no time in the header: the same bytes each time.
                let mut file = GzEncoder::new(file, flate2::Compression::default());
                file.write_all(HEADER.as_bytes())?;
                Self::Gz(Box::new(file))
            }
        })
    }

    fn write(&mut self, app: &App, new: &[Row]) -> io::Result<()> {
        match self {
            Self::Parquet { writer, rows, schema } => {
                let mut new = new;
                while !new.is_empty() {
                    let (now, later) = new.split_at((BATCH - rows.len()).min(new.len()));
                    rows.extend_from_slice(now);
                    new = later;
                    if rows.len() == BATCH {
                        writer.write(&batch(app, schema, rows)?).map_err(parquet)?;
                        rows.clear();
                    }
                }
                Ok(())
            }
            Self::Csv(file) => csv(app, new, file),
            Self::Gz(file) => csv(app, new, file.as_mut()),
        }
    }

    fn finish(self, app: &App) -> io::Result<()> {
        let file = match self {
            Self::Parquet { mut writer, rows, schema } => {
                if !rows.is_empty() {
                    writer.write(&batch(app, &schema, &rows)?).map_err(parquet)?;
                }
                writer.into_inner().map_err(parquet)?
            }
            Self::Csv(file) => file,
            Self::Gz(file) => file.finish()?,
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

fn parquet(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

fn schema(ids: Ids) -> SchemaRef {
    let id = match ids {
        Ids::Integer => DataType::Int64,
        Ids::Uuid => DataType::Utf8,
    };
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")));
    Arc::new(Schema::new(vec![
        Field::new("ts", time, false),
        Field::new("user_id", id, false),
        Field::new("event", DataType::Utf8, false),
        Field::new("country", DataType::Utf8, false),
        Field::new("plan", DataType::Utf8, false),
        Field::new("platform", DataType::Utf8, false),
        Field::new("duration_s", DataType::Int32, true),
        Field::new("amount", DataType::Decimal128(9, 2), true),
    ]))
}

fn name(of: &[&'static str], at: u8) -> &'static str {
    of.get(usize::from(at)).copied().unwrap_or_default()
}

fn batch(app: &App, schema: &SchemaRef, rows: &[Row]) -> io::Result<RecordBatch> {
    let text = |of: &[&'static str], at: fn(&Row) -> u8| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| name(of, at(row)))))
    };
    let id: ArrayRef = match app.ids {
        Ids::Integer => Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| number(row.actor)))),
        Ids::Uuid => Arc::new(StringArray::from_iter_values(rows.iter().map(|row| uuid(app.seed, row.actor)))),
    };
    let amounts: Decimal128Array = rows.iter().map(|row| row.amount.map(i128::from)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at)).with_timezone("UTC")),
        id,
        text(&EVENTS, |row| row.event),
        text(&COUNTRIES, |row| row.country),
        text(&PLANS, |row| row.plan),
        text(&PLATFORMS, |row| row.platform),
        Arc::new(rows.iter().map(|row| row.duration).collect::<Int32Array>()),
        Arc::new(amounts.with_precision_and_scale(9, 2).map_err(io::Error::other)?),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(io::Error::other)
}

fn csv(app: &App, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    for row in rows {
        let at = Timestamp::from_microsecond(row.at).map_err(io::Error::other)?;
        write!(out, "{},", at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ"))?;
        match app.ids {
            Ids::Integer => write!(out, "{}", number(row.actor))?,
            Ids::Uuid => write!(out, "{}", uuid(app.seed, row.actor))?,
        }
        let (event, country) = (name(&EVENTS, row.event), name(&COUNTRIES, row.country));
        write!(out, ",{event},{country},{},{},", name(&PLANS, row.plan), name(&PLATFORMS, row.platform))?;
        if let Some(seconds) = row.duration {
            write!(out, "{seconds}")?;
        }
        match row.amount {
            Some(cents) => writeln!(out, ",{}.{:02}", cents / 100, cents % 100)?,
            None => out.write_all(b",\n")?,
        }
    }
    Ok(())
}

fn number(actor: u32) -> i64 {
    1001 + i64::from(actor)
}

/// A UUID of version 4 by its form.
fn uuid(seed: u64, actor: u32) -> String {
    let mut random = Random::of(seed ^ 0x0001_d1d5, u64::from(actor), 0);
    let (a, b) = (random.next(), random.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | ((b >> 48) & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}
