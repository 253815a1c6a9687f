//! What files hold, seen in one pass over them: for definitions that are still to be written.
//!
//! Memory is bounded whatever the files' size: distinct values are counted exactly while they are few and by a sketch beyond,
//! quantiles are of all values while they are few and of a random part beyond. Nothing depends on a clock or on threads.

mod column;
mod kept;
mod suspect;
mod times;
mod values;

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::DataType;
use jiff::tz::TimeZone;
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{Format, Numbers, ScalarType, TextOptions, TimeFormat};
use kepi_lang::profile::{DecimalComma, File, Pair, Profile, Times, guess};
use kepi_lang::source::{FileId, Span};

use crate::profile::column::{Limits, Seen};
use crate::profile::kept::{Distinct, mix};
use crate::progress::Progress;
use crate::sources::convert::Target;
use crate::sources::files::Folders;
use crate::sources::finding::{Owner, Role};
use crate::sources::table::{DataFile, RawColumn, Table, Wanted};
use crate::sources::text::Written;
use crate::sources::times::Reading;

/// Files with the same columns, open.
#[derive(Debug)]
pub struct Input {
    table: Table,
    /// Every so many rows one is looked at.
    step: u64,
    comma: Option<DecimalComma>,
    progress: Arc<Progress>,
}

/// Columns of files: name and type, in the files' order.
pub type Columns = Vec<(String, Option<ScalarType>)>;

impl Input {
    /// Opens the files that patterns below a folder match. With `sample`, about so many rows are looked at, evenly spread.
    ///
    /// # Errors
    /// All that is wrong with all files; findings that point into no text.
    pub fn open(root: &Path, patterns: &[String], sample: Option<u64>) -> Result<Self, Vec<Diagnostic>> {
        Self::open_seen(root, patterns, sample, &Arc::default())
    }

    /// As [`Input::open`]; `progress` is told of files and rows.
    ///
    /// # Errors
    /// As [`Input::open`].
    pub fn open_seen(
        root: &Path,
        patterns: &[String],
        sample: Option<u64>,
        progress: &Arc<Progress>,
    ) -> Result<Self, Vec<Diagnostic>> {
        crate::sources::hush();
        let (mut folders, findings) = Folders::open(root, &[".".to_owned()]);
        folders.progress = Arc::clone(progress);
        if !findings.is_empty() {
            return Err(findings);
        }
        let span = Span::new(FileId(0), 0, 0);
        let owner = Owner { role: Role::Source, name: String::new(), span, metrics: Vec::new() };
        let globs: Vec<(String, Span)> = patterns.iter().map(|pattern| (pattern.clone(), span)).collect();
        let mut wanted = Wanted {
            files: &globs,
            format: None,
            text: TextOptions::default(),
            checks: Vec::new(),
            remember: false,
            keep: Vec::new(),
        };
        let table = Table::open(&folders, owner, &wanted)
            .map_err(|found| found.into_iter().map(placeless).collect::<Vec<_>>())?;
        let (comma, table) = match numbers(&table) {
            None => (None, table),
            Some((numbers, why)) => {
                wanted.text.numbers = numbers;
                let owner = Owner { role: Role::Source, name: String::new(), span, metrics: Vec::new() };
                let table = Table::open(&folders, owner, &wanted)
                    .map_err(|found| found.into_iter().map(placeless).collect::<Vec<_>>())?;
                (Some(DecimalComma { thousands: numbers.thousands.is_some(), why }), table)
            }
        };
        let step = sample.map_or(1, |rows| table.rows().div_ceil(rows.max(1))).max(1);
        Ok(Self { table, step, comma, progress: Arc::clone(progress) })
    }

    pub fn columns(&self) -> Columns {
        self.table.columns.iter().map(|column| (column.name.clone(), column.ty)).collect()
    }

    /// Looks at the rows.
    ///
    /// # Errors
    /// A file that changed or turned out to be damaged.
    pub fn profile(&self) -> Result<Profile, Diagnostic> {
        let table = &self.table;
        let limits = Limits::of(table.columns.len());
        let mut columns: Vec<Seen> = table
            .columns
            .iter()
            .zip(table.schema.fields())
            .map(|(raw, field)| Seen::new(raw, self.target(raw, field.data_type()), &limits))
            .collect();
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let mut pairs: Vec<_> = guess::pairs(&names).into_iter().map(|pair| (pair, Distinct::new(1 << 20))).collect();
        let mut rows = Distinct::new(1 << 21);
        let mut seen = 0;
        let all: Vec<usize> = (0..columns.len()).collect();
        self.each(&all, &mut |batch| {
            let mut hash = vec![0u64; batch.num_rows()];
            for (column, array) in columns.iter_mut().zip(batch.columns()) {
                column.see(array, &mut hash);
            }
            for ((outer, inner), distinct) in &mut pairs {
                let there = |at: &usize| batch.columns().get(*at).map(values::hashes);
                let both = there(outer).zip(there(inner)).map(|(a, b)| a.into_iter().zip(b));
                let pairs = both.into_iter().flatten().filter_map(|(a, b)| Some(mix(a?.rotate_left(17) ^ b?)));
                pairs.for_each(|pair| distinct.see(pair));
            }
            seen += batch.num_rows() as u64;
            hash.into_iter().for_each(|hash| rows.see(hash));
        })?;
        let format = match table.format {
            Format::Parquet => "parquet",
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Arrow => "arrow",
        };
        let file =
            |file: &DataFile| File { path: file.found.relative.clone(), rows: file.rows, bytes: file.found.bytes };
        Ok(Profile {
            name: String::new(),
            patterns: Vec::new(),
            files: table.files.iter().map(file).collect(),
            format: format.to_owned(),
            comma: self.comma.clone(),
            rows: table.rows(),
            seen,
            step: self.step,
            columns: columns
                .into_iter()
                .zip(&table.columns)
                .map(|(column, raw)| {
                    let column = column.finish(seen);
                    let list = raw.ty.filter(|ty| ty.is_list());
                    kepi_lang::profile::Column { ty: list.or(column.ty), ..column }
                })
                .collect(),
            unusable: table.unusable.clone(),
            bad: table.bad,
            rejected: table.rejected.clone(),
            too_many_bad: !table.excess.is_empty(),
            distinct_rows: rows.count(),
            pairs: pairs
                .into_iter()
                .filter_map(|((outer, inner), distinct)| {
                    let name = |at: usize| names.get(at).map(|name| (*name).to_owned());
                    Some(Pair { outer: name(outer)?, inner: name(inner)?, distinct: distinct.count() })
                })
                .collect(),
        })
    }

    /// One column as times, read in a way that its type does not say: numbers since 1970, text by a pattern. `None` where no value
    /// is a time.
    ///
    /// # Errors
    /// As [`Input::profile`].
    pub fn times(&self, column: &str, format: TimeFormat) -> Result<Option<Times>, Diagnostic> {
        let Some(position) = self.table.position(column) else { return Ok(None) };
        let reading = Reading { format, ..Reading::plain(TimeZone::UTC) };
        let target = Target {
            ty: ScalarType::Instant,
            scale: 0,
            reading,
            lenient: true,
            blank: true,
            numbers: Numbers::default(),
        };
        let mut line = times::Line::default();
        let mut unreadable = 0;
        self.each(&[position], &mut |batch| {
            let Some(raw) = batch.columns().first() else { return };
            match target.convert(raw) {
                Ok(converted) => {
                    unreadable += (converted.array.null_count().saturating_sub(raw.null_count())) as u64;
                    line.see_all(&converted.array);
                }
                Err(_) => unreadable += raw.len() as u64,
            }
        })?;
        Ok(line.finish(unreadable))
    }

    fn target(&self, raw: &RawColumn, ty: &DataType) -> Target {
        let scale = match ty {
            DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => u8::try_from(*scale).unwrap_or(0),
            _ => raw.scale,
        };
        // Lists are looked at as they are written.
        let ty = raw.ty.map(|ty| if ty.is_list() { ScalarType::Text } else { ty });
        Target {
            ty: ty.unwrap_or(ScalarType::Null),
            scale,
            reading: Reading::plain(TimeZone::UTC),
            lenient: false,
            blank: self.table.format == Format::Csv,
            numbers: self.table.numbers,
        }
    }

    /// The rows that are looked at, batch by batch.
    fn each(&self, columns: &[usize], visit: &mut dyn FnMut(RecordBatch)) -> Result<(), Diagnostic> {
        let mut at: u64 = 0;
        self.progress.expect_rows(self.table.rows());
        for file in &self.table.files {
            let read = self.table.read(file, columns, &mut |batch| {
                let from = at;
                at += batch.num_rows() as u64;
                self.progress.rows(batch.num_rows());
                if self.step == 1 {
                    visit(batch);
                    return true;
                }
                let mask: BooleanArray = (from..at).map(|row| Some(row.is_multiple_of(self.step))).collect();
                if let Ok(batch) = filter_record_batch(&batch, &mask) {
                    visit(batch);
                }
                true
            });
            read.map_err(placeless)?;
        }
        Ok(())
    }
}

/// That the numbers of files have decimal commas, and by which value: some column has nothing but such, and none has points there.
fn numbers(table: &Table) -> Option<(Numbers, String)> {
    let all = || table.columns.iter().filter_map(|column| column.written.as_ref());
    if all().any(|written| *written == Written::Point) {
        return None;
    }
    let commas = || {
        all().filter_map(|written| match written {
            Written::Comma { example, grouped } => Some((example, *grouped)),
            Written::Point => None,
        })
    };
    let (example, _) = commas().next()?;
    let thousands = commas().any(|(_, grouped)| grouped).then_some(b'.');
    Some((Numbers { comma: true, thousands }, example.clone()))
}

/// There is no definition that a finding could point into.
fn placeless(finding: Diagnostic) -> Diagnostic {
    Diagnostic { primary: None, secondary: Vec::new(), ..finding }
}

#[cfg(test)]
mod tests;
