//! A table as its files are: what columns they have, of which types, how many rows; and reading it file by file.

mod bad;
mod batches;
mod columns;
mod format;
mod pieces;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{CastOptions, cast_with_options, take};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use kepi_lang::diag::suggest::closest;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{Format, Numbers, ScalarType, TextOptions};
use kepi_lang::results::{self, Rejected};
use kepi_lang::source::Span;
use sha2::{Digest, Sha256};

use crate::cache::Cache;
use crate::parallel::parallel;
use crate::sources::files::{Folders, Found};
use crate::sources::finding::{Owner, listed};
use crate::sources::hive;
use crate::sources::ipc::{self, Ipc};
use crate::sources::nested::{Leaf, extract};
use crate::sources::open::{self, Place};
use crate::sources::parquet::{self, Footer};
use crate::sources::text::{self, Check, Profile, TextFile, Written};
use crate::sources::trouble::Trouble;

pub(crate) use batches::Batches;
pub(crate) use pieces::{Part, Piece, shares};

/// The files of a source or of a lookup.
#[derive(Debug)]
pub(crate) struct Table {
    pub owner: Owner,
    pub format: Format,
    /// How text says numbers.
    pub numbers: Numbers,
    pub files: Vec<DataFile>,
    /// The columns that can be read, in the order of the first file that has them.
    pub columns: Vec<RawColumn>,
    /// How many of them the files have; those behind are made by folders.
    pub own: usize,
    /// What a scan yields of them: same order, raw names.
    pub schema: SchemaRef,
    /// Columns of types that rows cannot be made of: name, and what the file calls the type.
    pub unusable: Vec<(String, String)>,
    /// The place of the first glob.
    pub span: Span,
    /// Rows of text that cannot be read; they are left out.
    pub bad: u64,
    /// The first of them.
    pub rejected: Vec<Rejected>,
    /// There are more of them than may be.
    pub excess: Vec<Diagnostic>,
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
    /// Columns that its folders make, with the value of all rows.
    pub fixed: Vec<(String, Option<String>)>,
    content: OnceLock<[u8; 32]>,
}

/// The place of a column that a file's folders make.
const FIXED: usize = usize::MAX;

#[derive(Debug)]
pub(crate) enum Body {
    Parquet(Footer),
    Arrow(Ipc),
    Text(TextFile),
}

/// What a table is made of, as it is defined.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub files: &'a [(String, Span)],
    pub format: Option<Format>,
    pub text: TextOptions,
    /// Declared types, which text must have.
    pub checks: Vec<Check>,
    /// Whoever opens the files next shall not have to read them again.
    pub remember: bool,
    /// Of text, columns whose values are kept for [`Table::kept`], if they are few.
    pub keep: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct RawColumn {
    pub name: String,
    /// `None` where only a declared type can say what it means.
    pub ty: Option<ScalarType>,
    pub naive: bool,
    /// Decimal places of text that is a decimal.
    pub scale: u8,
    pub physical: String,
    pub note: Option<String>,
    /// The column of lists of records whose elements it is a field of: a list of one value an element.
    pub list: Option<String>,
    /// Of CSV: what it says of how numbers are written.
    pub written: Option<Written>,
}

impl Table {
    /// Finds the files and looks into each of them. All findings of all files at once.
    pub fn open(folders: &Folders, owner: Owner, wanted: &Wanted<'_>) -> Result<Self, Vec<Diagnostic>> {
        let found = folders.find(&owner, wanted.files)?;
        let span = wanted.files.first().map_or(owner.span, |(_, span)| *span);
        folders.progress.expect_files(found.len());
        let format = format::of_all(&owner, &found, wanted.format)?;
        if wanted.text.numbers != Numbers::default() && format != Format::Csv {
            let message = format!("`decimal` and `thousands` are said of CSV, and {} has other files", owner.called());
            let help = "take them out; a number of other files is one, and a text with a comma is a text";
            return Err(vec![Diagnostic::new(Code::WrongValue, owner.span, message).help(help)]);
        }
        let at_once = at_once(&found);
        let looked = parallel(found, at_once, |found| {
            let looked = looked_into(&found, format, wanted, folders.cache.as_deref());
            folders.progress.file();
            (found, looked)
        });
        let (mut files, mut profiles, mut findings) = (Vec::new(), Vec::new(), Vec::new());
        for (found, looked) in looked {
            match looked {
                Ok((rows, body, profile)) => {
                    files.push(DataFile::new(found, rows, body));
                    profiles.extend(profile);
                }
                Err(trouble) => findings.push(finding(&owner, &found, trouble)),
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let (mut columns, schema, unusable) = if format.is_text() {
            columns::of_text(&mut files, &profiles)
        } else {
            columns::of_typed(&owner, &mut files)?
        };
        let own = columns.len();
        let types = hive::add(&mut files, &mut columns, format.is_text());
        let fixed =
            columns.iter().skip(own).zip(types).map(|(column, ty)| Arc::new(Field::new(&column.name, ty, true)));
        let schema = Arc::new(Schema::new(schema.fields().iter().cloned().chain(fixed).collect::<Vec<_>>()));
        for file in &mut files {
            let has = |name: &str| file.fixed.iter().any(|(fixed, _)| fixed == name).then_some(FIXED);
            let places: Vec<_> = columns.iter().skip(own).map(|column| has(&column.name)).collect();
            file.places.extend(places);
        }
        let excess = bad::excess(&owner, span, wanted, &files, &profiles);
        Ok(Self {
            owner,
            format,
            numbers: wanted.text.numbers,
            bad: bad::count(&files),
            rejected: bad::rejected(&files, &profiles),
            excess,
            files,
            columns,
            own,
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

    /// Of all files, those that cannot be read included.
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
            list: column.list.clone(),
        });
        // Known by name, so that a column that cannot be used is not called unknown; using it is refused on opening.
        let others = self.unusable.iter().map(|(name, physical)| results::SchemaColumn {
            name: name.clone(),
            ty: ScalarType::Unknown,
            naive: false,
            physical: physical.clone(),
            note: None,
            list: None,
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
        if self.format == Format::Csv && self.columns.len() == 1 {
            help.push_str("; if fields are separated by something unusual, say it with `separator:`");
        }
        self.owner.stopped(Code::MissingColumn, span, place).help(help)
    }

    /// The finding for a column that is there and cannot be used.
    pub fn lacks_type(&self, name: &str, physical: &str, span: Span) -> Diagnostic {
        let message = format!("the column `{name}` is {physical}, which cannot be used in this version");
        let finding = self.owner.stopped(Code::UnsupportedColumn, span, message);
        finding.help(match physical {
            "Binary" => "if the bytes are text, declare the column as `text`",
            "Struct" => "name one of its fields, by its path: `outer.inner`",
            "List(Struct)" => {
                "its records differ from file to file: name one of their fields, `any(items.sku = \"a\")`"
            }
            _ => "write the part of it that is needed as a column of its own",
        })
    }

    /// The first file that does not have a column which others have. JSON rows leave out what is null, and so do files of them.
    pub fn without(&self, position: usize) -> Option<&DataFile> {
        if self.format == Format::Ndjson && !self.is_fixed(position) {
            return None;
        }
        self.files.iter().find(|file| file.places.get(position).is_none_or(Option::is_none))
    }

    pub fn known_scale(&self, position: usize) -> Option<u8> {
        self.scales.lock().unwrap_or_else(PoisonError::into_inner).get(&position).copied()
    }

    pub fn know_scale(&self, position: usize, scale: u8) {
        self.scales.lock().unwrap_or_else(PoisonError::into_inner).insert(position, scale);
    }

    /// The hash of a file's content; read once, when it is first asked for.
    pub fn content(&self, file: &DataFile) -> Result<[u8; 32], Diagnostic> {
        if let Body::Text(text) = &file.body {
            return Ok(text.content);
        }
        if let Some(known) = file.content.get() {
            return Ok(*known);
        }
        let content = open::content(&file.found.place);
        let content = content.map_err(|error| finding(&self.owner, &file.found, Trouble::io(&error, false)))?;
        Ok(*file.content.get_or_init(|| content))
    }

    /// SHA-256, in hex, over relative paths, sizes and contents; read once, when it is first asked for.
    pub fn fingerprint(&self) -> Result<String, Diagnostic> {
        if let Some(known) = self.fingerprint.get() {
            return Ok(known.clone());
        }
        let mut hash = Sha256::new();
        for file in &self.files {
            hash.update(file.found.relative.as_bytes());
            hash.update([0]);
            hash.update(file.found.bytes.to_le_bytes());
            hash.update(self.content(file)?);
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
        let Body::Parquet(footer) = &file.body else { return self.pull(&Piece::whole(file), columns, visit) };
        let leaf = |place: &Option<usize>| place.and_then(|place| footer.leaves.get(place));
        let roots = roots(places.iter().map(leaf));
        let leaves: Vec<Option<&Leaf>> = places.iter().map(leaf).collect();
        let fixed: Vec<Option<ArrayRef>> = columns.iter().map(|at| self.fixed(file, *at)).collect();
        let mut failed = None;
        let mut adapt = |batch: RecordBatch| match adapted(&batch, &schema, &leaves, &roots, &fixed) {
            Ok(batch) => visit(batch),
            Err(text) => {
                failed = Some(text);
                false
            }
        };
        parquet::read(&file.found.place, footer, &roots, &mut adapt)
            .and_then(|()| failed.map_or(Ok(()), |text| Err(Trouble::Corrupt(text))))
            .map_err(|trouble| finding(&self.owner, &file.found, trouble))
    }

    /// As [`Table::read`], of columns whose values were kept when the file was looked into; `false`: they were not, or have been
    /// asked for before.
    pub fn kept(&self, file: &DataFile, columns: &[usize], visit: &mut dyn FnMut(RecordBatch) -> bool) -> bool {
        let Body::Text(text) = &file.body else { return false };
        let place = |at: &usize| file.places.get(*at).copied().flatten();
        let places: Option<Vec<Option<usize>>> =
            columns.iter().map(|at| if self.is_fixed(*at) { None } else { Some(place(at)) }).collect();
        let Some(batches) = places.and_then(|places| text.kept.take(&places)) else { return false };
        let fields = columns.iter().filter_map(|c| self.schema.fields().get(*c).cloned());
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        for arrays in batches {
            // Arrays of one length, a text for each column.
            let Ok(batch) = RecordBatch::try_new(Arc::clone(&schema), arrays) else { return false };
            if !visit(batch) {
                break;
            }
        }
        true
    }

    fn pull(
        &self,
        piece: &Piece<'_>,
        columns: &[usize],
        visit: &mut dyn FnMut(RecordBatch) -> bool,
    ) -> Result<(), Diagnostic> {
        let mut batches = self.batches(piece, columns)?;
        while let Some(batch) = batches.next().map_err(|trouble| finding(&self.owner, &piece.file.found, trouble))? {
            if !visit(batch) {
                break;
            }
        }
        Ok(())
    }

    /// The value that all rows of a file have in a column that its folders make.
    pub fn fixed(&self, file: &DataFile, position: usize) -> Option<ArrayRef> {
        let column = self.columns.get(position).filter(|_| self.is_fixed(position))?;
        let (_, value) = file.fixed.iter().find(|(name, _)| *name == column.name)?;
        hive::one(value.as_deref(), self.schema.fields().get(position)?.data_type())
    }

    /// Whether a column is made by folders.
    pub fn is_fixed(&self, position: usize) -> bool {
        position >= self.own
    }

    /// An error where a file is not the one any more that was looked into.
    pub fn unchanged(&self) -> Result<(), Diagnostic> {
        for file in &self.files {
            let now = open::Stamp::of(&file.found.place);
            let now = now.map_err(|error| finding(&self.owner, &file.found, Trouble::io(&error, false)))?;
            if now != file.found.stamp() {
                return Err(finding(&self.owner, &file.found, Trouble::Changed));
            }
        }
        Ok(())
    }
}

/// Fields of a schema that hold these columns, ascending; one at least, as a row count needs some column.
fn roots<'a>(leaves: impl Iterator<Item = Option<&'a Leaf>>) -> Vec<usize> {
    let mut roots: Vec<usize> = leaves.filter_map(|leaf| Some(leaf?.root)).collect();
    roots.sort_unstable();
    roots.dedup();
    if roots.is_empty() {
        roots.push(0);
    }
    roots
}

impl DataFile {
    fn new(found: Found, rows: u64, body: Body) -> Self {
        Self { found, rows, body, places: Vec::new(), fixed: Vec::new(), content: OnceLock::new() }
    }

    /// The hash of its content, if it was found out.
    pub fn known(&self) -> Option<[u8; 32]> {
        match &self.body {
            Body::Text(text) => Some(text.content),
            Body::Parquet(_) | Body::Arrow(_) => self.content.get().copied(),
        }
    }

    /// Says what the content's hash is, without reading it.
    pub fn know(&self, content: [u8; 32]) {
        self.content.get_or_init(|| content);
    }

    /// Rows that cannot be read.
    pub fn bad(&self) -> u64 {
        match &self.body {
            Body::Text(text) => text.bad.len() as u64,
            Body::Parquet(_) | Body::Arrow(_) => 0,
        }
    }

    /// The number, from 1, that a row has in its file: `read` rows before it could be read, others are not among them.
    pub fn number(&self, read: usize) -> u64 {
        let mut row = read as u64;
        if let Body::Text(text) = &self.body {
            for bad in text.bad.iter() {
                if *bad > row {
                    break;
                }
                row += 1;
            }
        }
        row + 1
    }
}

/// How many files are looked into at once: one a core, and of stores more, where most of the time is waiting.
fn at_once(files: &[Found]) -> usize {
    const REMOTE: usize = 16;
    match files.iter().any(|file| matches!(file.place, Place::Remote(_))) {
        true => REMOTE,
        false => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// Rows, what is known of the file, and of text what its columns hold.
type Looked = (u64, Body, Option<Profile>);

fn looked_into(found: &Found, format: Format, wanted: &Wanted<'_>, cache: Option<&Cache>) -> Result<Looked, Trouble> {
    Ok(match format {
        Format::Arrow => {
            let ipc = ipc::look(&found.place)?;
            (ipc.rows, Body::Arrow(ipc), None)
        }
        Format::Parquet => {
            let footer = parquet::footer(&found.place)?;
            (footer.rows, Body::Parquet(footer), None)
        }
        Format::Csv | Format::Ndjson => {
            let profile = profiled(found, format, wanted, cache)?;
            (profile.rows, Body::Text(profile.file.clone()), Some(profile))
        }
    })
}

fn profiled(found: &Found, format: Format, wanted: &Wanted<'_>, cache: Option<&Cache>) -> Result<Profile, Trouble> {
    let key = text::Key::new(&found.place, found.stamp(), format, &wanted.text, &wanted.checks);
    if let Some(known) = text::recall(&key, wanted.remember) {
        return Ok(known);
    }
    let made = || text::profile(&found.place, found.bytes, format, &wanted.text, &wanted.checks, &wanted.keep);
    let profile = match cache {
        Some(cache) => cache.profile(&found.place, |making| key.identify(&wanted.checks, making), made)?,
        None => made()?,
    };
    if wanted.remember {
        text::remember(key, profile.clone());
    }
    Ok(profile)
}

/// A file's batch, of its fields `roots`, in the table's types.
fn adapted(
    batch: &RecordBatch,
    schema: &SchemaRef,
    leaves: &[Option<&Leaf>],
    roots: &[usize],
    fixed: &[Option<ArrayRef>],
) -> Result<RecordBatch, String> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let mut arrays = Vec::with_capacity(leaves.len());
    for ((field, leaf), fixed) in schema.fields().iter().zip(leaves).zip(fixed) {
        if let Some(fixed) = fixed {
            let all = UInt32Array::from(vec![0; batch.num_rows()]);
            arrays.push(take(fixed, &all, None).map_err(|e| format!("cannot be read: {e}"))?);
            continue;
        }
        let unreadable = |e: ArrowError| format!("has a value in column `{}` that cannot be read: {e}", field.name());
        let root = leaf.and_then(|leaf| batch.columns().get(roots.iter().position(|root| *root == leaf.root)?));
        let read = match (root, leaf) {
            (Some(root), Some(leaf)) => Some(extract(root, &leaf.path).map_err(unreadable)?),
            _ => None,
        };
        arrays.push(match read {
            None => datafusion::arrow::array::new_null_array(field.data_type(), batch.num_rows()),
            Some(array) if array.data_type() == field.data_type() => array,
            Some(array) => cast_with_options(&array, field.data_type(), &strict).map_err(unreadable)?,
        });
    }
    let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options).map_err(|e| format!("cannot be read: {e}"))
}

/// A finding about one file.
pub(crate) fn finding(owner: &Owner, file: &Found, trouble: Trouble) -> Diagnostic {
    let help = trouble.help();
    let (code, text) = trouble.said();
    let finding = owner.stopped(code, file.span, format!("`{}` {text}", file.relative));
    match help {
        Some(help) => finding.help(help),
        None => finding,
    }
}
