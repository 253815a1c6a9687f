//! CSV files: one strict pass over every byte finds what is malformed and what the columns hold; reading comes after.

mod infer;
mod lex;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::ReaderBuilder;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

pub(crate) use infer::{Found, Held};

use crate::sources::files::io_text;
use crate::sources::finding::quoted;
use crate::sources::parquet::Trouble;
use lex::{Event, Lexer};

const BATCH: usize = 8192;

/// What one pass over a file has found.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// Names of the columns, in the file's order; blank ones cannot be used.
    pub header: Vec<String>,
    pub held: Vec<Held>,
    pub rows: u64,
    /// A line break within quotes, or lines that do not end in a line feed: the file cannot be read in pieces.
    pub whole: bool,
}

/// Reads the whole file once.
pub(crate) fn profile(path: &Path) -> Result<Profile, Trouble> {
    let file = File::open(path).map_err(|e| Trouble::Unreadable(format!("cannot be read: {}", io_text(&e))))?;
    let mut profile = Profile { header: Vec::new(), held: Vec::new(), rows: 0, whole: false };
    let mut headed = false;
    let mut field = 0;
    let mut lexer = Lexer::new(file);
    while let Some(event) = lexer.next().map_err(|e| trouble(e, headed.then_some(profile.rows + 1)))? {
        match event {
            Event::Field(text) if !headed => profile.header.push(text.to_owned()),
            Event::Field(text) => {
                if let Some(held) = profile.held.get_mut(field) {
                    held.see(text, profile.rows + 1);
                }
                field += 1;
            }
            Event::Row if !headed => {
                headed = true;
                check_header(&profile.header)?;
                profile.held = vec![Held::default(); profile.header.len()];
            }
            Event::Row => {
                profile.rows += 1;
                if field != profile.header.len() {
                    return Err(Trouble::Corrupt(format!(
                        "is not well-formed CSV: row {} has {field} {}, the header has {}",
                        profile.rows,
                        if field == 1 { "field" } else { "fields" },
                        profile.header.len()
                    )));
                }
                field = 0;
            }
        }
    }
    if !headed {
        return Err(Trouble::Corrupt("is empty: a CSV file begins with a line of column names".to_owned()));
    }
    profile.whole = lexer.unsplittable();
    Ok(profile)
}

fn check_header(header: &[String]) -> Result<(), Trouble> {
    if header.iter().all(|name| is_blank(name)) {
        return Err(Trouble::Corrupt("has no column names: its first line is blank".to_owned()));
    }
    for (i, name) in header.iter().enumerate() {
        if !is_blank(name) && header.iter().take(i).any(|other| other == name) {
            return Err(Trouble::Corrupt(format!("has two columns named {}", quoted(name))));
        }
    }
    Ok(())
}

fn trouble(error: lex::Malformed, row: Option<u64>) -> Trouble {
    let place = row.map_or_else(|| "the header".to_owned(), |row| format!("row {row}"));
    match error {
        lex::Malformed::Io(error) => Trouble::Unreadable(format!("cannot be read: {}", io_text(&error))),
        lex::Malformed::NotUtf8 => Trouble::Corrupt(format!("is not UTF-8 text: see {place}")),
        lex::Malformed::Unclosed => {
            Trouble::Corrupt(format!("is not well-formed CSV: a quote that opens in {place} is never closed"))
        }
        lex::Malformed::AfterQuote => {
            Trouble::Corrupt(format!("is not well-formed CSV: text follows a closing quote in {place}"))
        }
        lex::Malformed::TooLong => Trouble::Corrupt(format!(
            "is not well-formed CSV: a field of more than {} MB in {place}",
            lex::MAX_FIELD >> 20
        )),
    }
}

/// Nothing, or nothing but spaces: null.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b == b'\t')
}

/// A scan's schema for a file with this header: text throughout, names unique.
pub(crate) fn schema(header: &[String]) -> SchemaRef {
    let name = |(i, name): (usize, &String)| if is_blank(name) { format!("\u{0}{i}") } else { name.clone() };
    let fields = header.iter().enumerate().map(name).map(|name| Field::new(name, DataType::Utf8View, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Reads columns (positions in the header) batch by batch. `visit` says whether to go on.
pub(crate) fn read(
    path: &Path,
    header: &[String],
    columns: &[usize],
    visit: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<(), Trouble> {
    let file = File::open(path).map_err(|e| Trouble::Unreadable(format!("cannot be read: {}", io_text(&e))))?;
    let reader = ReaderBuilder::new(schema(header))
        .with_header(true)
        .with_batch_size(BATCH)
        .with_projection(columns.to_vec())
        .build_buffered(BufReader::with_capacity(1 << 20, file))
        .map_err(|e| Trouble::Corrupt(format!("is not well-formed CSV: {e}")))?;
    for batch in reader {
        let batch = batch.map_err(|e| Trouble::Corrupt(format!("is not well-formed CSV: {e}")))?;
        if !visit(batch) {
            break;
        }
    }
    Ok(())
}
