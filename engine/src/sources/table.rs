//! A table as its files are: what columns they have, of which types, how many rows; and reading it file by file.

mod columns;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use kepi_lang::diag::suggest::closest;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{Format, ScalarType};
use kepi_lang::results;
use kepi_lang::source::Span;
use sha2::{Digest, Sha256};

use crate::sources::csv;
use crate::sources::files::{Folders, Found, io_text};
use crate::sources::finding::{Owner, listed};
use crate::sources::parquet::{self, Footer, Trouble};

/// The files of a source or of a lookup.
#[derive(Debug)]
pub(crate) struct Table {
    pub owner: Owner,
    pub format: Format,
    pub files: Vec<DataFile>,
    /// The columns that can be read, in the order of the first file that has them.
    pub columns: Vec<RawColumn>,
    /// What a scan yields of them: same order, raw names.
    pub schema: SchemaRef,
    /// Columns of types that rows cannot be made of: name, and what the file calls the type.
    pub unusable: Vec<(String, String)>,
    /// The place of the first glob.
    pub span: Span,
    fingerprint: OnceLock<String>,
    /// Decimal places that had to be looked for in the values.
    scales: Mutex<BTreeMap<usize, u8>>,
}

#[derive(Debug)]
pub(crate) struct DataFile {
    pub found: Found,
    pub rows: u64,
    pub body: Body,
    /// Where this file has each of the table's columns.
    pub places: Vec<Option<usize>>,
}

#[derive(Debug)]
pub(crate) enum Body {
    Parquet(Footer),
    Csv { header: Vec<String>, whole: bool },
}

#[derive(Clone, Debug)]
pub(crate) struct RawColumn {
    pub name: String,
    /// `None` where only a declared type can say what it means.
    pub ty: Option<ScalarType>,
    pub naive: bool,
    /// Decimal places of CSV text that is a decimal.
    pub scale: u8,
    pub physical: String,
    pub note: Option<String>,
}

impl Table {
    /// Finds the files and looks into each of them. All findings of all files at once.
    pub fn open(
        folders: &Folders,
        owner: Owner,
        globs: &[(String, Span)],
        format: Option<Format>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let found = folders.find(&owner, globs)?;
        let span = globs.first().map_or(owner.span, |(_, span)| *span);
        let format = formats(&owner, &found, format)?;
        let mut files = Vec::new();
        let mut findings = Vec::new();
        let mut profiles = Vec::new();
        for found in found {
            match format {
                Format::Parquet => match parquet::footer(&found.path) {
                    Ok(footer) => {
                        let rows = footer.rows;
                        files.push(DataFile { found, rows, body: Body::Parquet(footer), places: Vec::new() });
                    }
                    Err(trouble) => findings.push(finding(&owner, &found, trouble)),
                },
                Format::Csv => match csv::profile(&found.path) {
                    Ok(csv::Profile { header, held, rows, whole }) => {
                        profiles.push(held);
                        files.push(DataFile { found, rows, body: Body::Csv { header, whole }, places: Vec::new() });
                    }
                    Err(trouble) => findings.push(finding(&owner, &found, trouble)),
                },
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let (columns, schema, unusable) = match format {
            Format::Parquet => columns::of_parquet(&owner, &mut files)?,
            Format::Csv => columns::of_csv(&mut files, &profiles),
        };
        Ok(Self {
            owner,
            format,
            files,
            columns,
            schema,
            unusable,
            span,
            fingerprint: OnceLock::new(),
            scales: Mutex::default(),
        })
    }

    /// Where the table's columns and the schema have this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.found.bytes).sum()
    }

    /// What `check` is told.
    pub fn described(&self) -> results::Schema {
        let usable = self.columns.iter().map(|column| results::SchemaColumn {
            name: column.name.clone(),
            ty: column.ty.unwrap_or(ScalarType::Unknown),
            naive: column.naive,
            physical: column.physical.clone(),
            note: column.note.clone(),
        });
        // Known by name, so that a column that cannot be used is not called unknown; using it is refused on opening.
        let others = self.unusable.iter().map(|(name, physical)| results::SchemaColumn {
            name: name.clone(),
            ty: ScalarType::Unknown,
            naive: false,
            physical: physical.clone(),
            note: None,
        });
        results::Schema { columns: usable.chain(others).collect() }
    }

    /// The finding for a column that is wanted and not there, or not usable.
    pub fn lacks(&self, name: &str, span: Span) -> Diagnostic {
        if let Some((_, physical)) = self.unusable.iter().find(|(n, _)| n == name) {
            return self.lacks_type(name, physical, span);
        }
        let names = || self.columns.iter().map(|column| column.name.as_str()).filter(|name| !name.is_empty());
        let place = match self.files.as_slice() {
            [one] => format!("`{}` has no column `{name}`", one.found.relative),
            [first, ..] => {
                format!("no file of {} has a column `{name}` (`{}`, …)", self.owner.called(), first.found.relative)
            }
            [] => format!("{} has no column `{name}`", self.owner.called()),
        };
        let mut help = match closest(name, names()) {
            Some(near) => format!("did you mean `{near}`? "),
            None => String::new(),
        };
        help.push_str(&format!("the columns are {}", listed(names())));
        if self.columns.len() == 1 && names().any(|only| only.contains([';', '\t', '|'])) {
            help.push_str("; fields are separated by commas in this version");
        }
        self.owner.stopped(Code::MissingColumn, span, place).help(help)
    }

    /// The finding for a column that is there and cannot be used.
    pub fn lacks_type(&self, name: &str, physical: &str, span: Span) -> Diagnostic {
        let message = format!("the column `{name}` is {physical}, which cannot be used in this version");
        let finding = self.owner.stopped(Code::UnsupportedColumn, span, message);
        finding.help(match physical {
            "Binary" => "if the bytes are text, declare the column as `text`",
            _ => "write the part of it that is needed as a column of its own",
        })
    }

    /// The first file that does not have a column which others have.
    pub fn without(&self, position: usize) -> Option<&DataFile> {
        self.files.iter().find(|file| file.places.get(position).is_none_or(Option::is_none))
    }

    pub fn known_scale(&self, position: usize) -> Option<u8> {
        self.scales.lock().unwrap_or_else(PoisonError::into_inner).get(&position).copied()
    }

    pub fn know_scale(&self, position: usize, scale: u8) {
        self.scales.lock().unwrap_or_else(PoisonError::into_inner).insert(position, scale);
    }

    /// SHA-256, in hex, over relative paths, sizes and contents; read once, when it is first asked for.
    pub fn fingerprint(&self) -> Result<String, Diagnostic> {
        if let Some(known) = self.fingerprint.get() {
            return Ok(known.clone());
        }
        let mut hash = Sha256::new();
        let mut chunk = vec![0; 1 << 20];
        for file in &self.files {
            let failed = |error: std::io::Error| {
                finding(&self.owner, &file.found, Trouble::Unreadable(format!("cannot be read: {}", io_text(&error))))
            };
            hash.update(file.found.relative.as_bytes());
            hash.update([0]);
            hash.update(file.found.bytes.to_le_bytes());
            let mut input = File::open(&file.found.path).map_err(failed)?;
            loop {
                let read = input.read(&mut chunk).map_err(failed)?;
                if read == 0 {
                    break;
                }
                hash.update(chunk.get(..read).unwrap_or_default());
            }
        }
        let text = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(self.fingerprint.get_or_init(|| text).clone())
    }

    /// Reads columns (positions in `schema`) of one file, as a scan would yield them, in the file's order of rows; a column that
    /// the file does not have is null. `visit` says whether to go on.
    pub fn read(
        &self,
        file: &DataFile,
        columns: &[usize],
        visit: &mut dyn FnMut(RecordBatch) -> bool,
    ) -> Result<(), Diagnostic> {
        let fields = columns.iter().filter_map(|c| self.schema.fields().get(*c).cloned());
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let places: Vec<Option<usize>> = columns.iter().map(|c| file.places.get(*c).copied().flatten()).collect();
        let mut own: Vec<usize> = places.iter().flatten().copied().collect();
        own.sort_unstable();
        own.dedup();
        if own.is_empty() {
            // A row count needs some column.
            own.push(0);
        }
        let mut failed = None;
        let mut adapt = |batch: RecordBatch| match adapted(&batch, &schema, &places, &own) {
            Ok(batch) => visit(batch),
            Err(text) => {
                failed = Some(text);
                false
            }
        };
        match &file.body {
            Body::Parquet(footer) => parquet::read(&file.found.path, footer, &own, &mut adapt),
            Body::Csv { header, .. } => csv::read(&file.found.path, header, &own, &mut adapt),
        }
        .and_then(|()| failed.map_or(Ok(()), |text| Err(Trouble::Corrupt(text))))
        .map_err(|trouble| finding(&self.owner, &file.found, trouble))
    }
}

/// A file's batch in the table's types.
fn adapted(
    batch: &RecordBatch,
    schema: &SchemaRef,
    places: &[Option<usize>],
    own: &[usize],
) -> Result<RecordBatch, String> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let mut arrays = Vec::with_capacity(places.len());
    for (field, place) in schema.fields().iter().zip(places) {
        let read = place.and_then(|place| own.iter().position(|o| *o == place)).and_then(|at| batch.columns().get(at));
        arrays.push(match read {
            None => datafusion::arrow::array::new_null_array(field.data_type(), batch.num_rows()),
            Some(array) if array.data_type() == field.data_type() => Arc::clone(array),
            Some(array) => cast_with_options(array, field.data_type(), &strict)
                .map_err(|e| format!("has a value in column `{}` that cannot be read: {e}", field.name()))?,
        });
    }
    let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options).map_err(|e| format!("cannot be read: {e}"))
}

/// A finding about one file.
pub(crate) fn finding(owner: &Owner, file: &Found, trouble: Trouble) -> Diagnostic {
    let (code, text) = match trouble {
        Trouble::Unreadable(text) => (Code::Unreadable, text),
        Trouble::Corrupt(text) => (Code::Corrupt, text),
    };
    owner.stopped(code, file.span, format!("`{}` {text}", file.relative))
}

/// The one format of all files.
fn formats(owner: &Owner, files: &[Found], declared: Option<Format>) -> Result<Format, Vec<Diagnostic>> {
    if let Some(format) = declared {
        return Ok(format);
    }
    let mut known: Option<(Format, &Found)> = None;
    let mut findings = Vec::new();
    for file in files {
        let name = file.relative.to_ascii_lowercase();
        let format = if name.ends_with(".parquet") || name.ends_with(".pq") {
            Format::Parquet
        } else if name.ends_with(".csv") {
            Format::Csv
        } else {
            let message = format!("`{}` is in a format that is not in this version", file.relative);
            let help = "files are `.parquet` or `.csv`; for files that are named otherwise write `format: parquet` or `format: csv`";
            findings.push(owner.stopped(Code::UnsupportedFormat, file.span, message).help(help));
            break;
        };
        match known {
            Some((first, other)) if first != format => {
                let message = format!("`{}` and `{}` are files of two formats", other.relative, file.relative);
                let help = "a source has files of one format; make two sources of them";
                findings.push(owner.stopped(Code::UnsupportedFormat, file.span, message).help(help));
                break;
            }
            _ => known = Some((format, file)),
        }
    }
    match known {
        Some((format, _)) if findings.is_empty() => Ok(format),
        _ => Err(findings),
    }
}
