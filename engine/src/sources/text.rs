//! CSV and NDJSON: one pass over every byte of a file finds what its columns hold, which rows cannot be read and where rows
//! begin; reading columns comes after, in pieces if need be. Every value is text until it is converted to its column's type.

mod check;
mod csv;
mod dialect;
mod infer;
mod json;
mod kept;
mod names;
mod profile;
mod read;
mod seen;
mod tape;
mod window;
mod within;

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use check::Check;
pub(crate) use infer::{Found, Held, Written};
pub(crate) use profile::{Profile, SHOWN, profile};
pub(crate) use read::{Columns, Reader};
pub(crate) use seen::{Key, forget, recall, remember};
pub(crate) use tape::Tape;
use window::MAX_ROW;
pub(crate) use within::{elements, field_of_json, is_json};

use crate::sources::finding::quoted;
use crate::sources::trouble::Trouble;
use kept::Kept;
use names::{MAX_COLUMNS, Names};

/// A text file that has been looked into.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TextFile {
    pub shape: Shape,
    pub packed: bool,
    /// Numbers of the rows that cannot be read, from 0, ascending.
    #[serde(with = "shared")]
    pub bad: Arc<Vec<u64>>,
    /// Where some of the rows begin, ascending; the first row is among them.
    #[serde(with = "shared")]
    pub marks: Arc<Vec<Mark>>,
    pub content: [u8; 32],
    #[serde(skip)]
    pub kept: Kept,
}

/// What is shared, as if it were not.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(of: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
        T::serialize(of, to)
    }

    pub fn deserialize<'a, T: Deserialize<'a>, D: Deserializer<'a>>(from: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(from).map(Arc::new)
    }
}

/// How the file's rows are told apart, and their values.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Shape {
    /// The header's names; blank ones cannot be used.
    Csv {
        dialect: csv::Dialect,
        #[serde(with = "shared")]
        header: Arc<Vec<String>>,
    },
    Json {
        #[serde(with = "shared")]
        names: Arc<Names>,
        array: bool,
    },
}

/// The start of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub offset: u64,
    pub row: u64,
}

impl Shape {
    /// Names of the file's columns, in its order.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Csv { header, .. } => header,
            Self::Json { names, .. } => names.columns(),
        }
    }
}

/// What comes next in a text.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Row,
    Bad(Bad),
    End,
}

/// Why a row cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Bad {
    AfterQuote,
    Unclosed,
    TooLong,
    /// The first byte that is none of UTF-8.
    NotUtf8(u8),
    Fields {
        found: usize,
        wanted: usize,
    },
    Json(String),
    /// Values that are not of their columns' declared types, as one text.
    Unfit(String),
}

impl Bad {
    fn not_utf8(row: &[u8], at: usize) -> Self {
        Self::NotUtf8(row.get(at).copied().unwrap_or_default())
    }

    /// As the end of a sentence that begins with the row's place.
    fn text(&self) -> String {
        match self {
            Self::AfterQuote => "has text behind a closing quote".to_owned(),
            Self::Unclosed => "has a quote that is never closed".to_owned(),
            Self::TooLong => format!("is longer than {} MiB, or has a quote that is never closed", MAX_ROW >> 20),
            Self::NotUtf8(byte) => {
                let letter = char::from(*byte);
                let latin = if letter.is_alphanumeric() { format!(", `{letter}` in Latin-1") } else { String::new() };
                format!("is not UTF-8 (byte {byte:02X}{latin})")
            }
            Self::Fields { found, wanted } => {
                let noun = if *found == 1 { "field" } else { "fields" };
                format!("has {found} {noun}, the header has {wanted}")
            }
            Self::Json(text) => text.clone(),
            Self::Unfit(text) => text.clone(),
        }
    }
}

/// Nothing, or nothing but spaces: null.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b == b'\t')
}

fn check_header(header: &[String]) -> Result<(), Trouble> {
    if header.iter().all(|name| is_blank(name)) {
        return Err(Trouble::Corrupt("has no column names: its first line is blank".to_owned()));
    }
    if header.len() > MAX_COLUMNS {
        let found = header.len();
        return Err(Trouble::Corrupt(format!(
            "has {found} columns, more than the {MAX_COLUMNS} that a table may have"
        )));
    }
    let mut seen = HashSet::new();
    match header.iter().find(|name| !is_blank(name) && !seen.insert(name.as_str())) {
        Some(name) => Err(Trouble::Corrupt(format!("has two columns named {}", quoted(name)))),
        None => Ok(()),
    }
}

/// What the first bytes say about the encoding: how many to pass, or which other than UTF-8 it is.
fn encoding(head: &[u8]) -> Result<usize, Trouble> {
    let other = |name: &str, iconv: &str| {
        Err(Trouble::Encoding(format!("is {name} text, not UTF-8: convert it (`iconv -f {iconv} -t UTF-8`)")))
    };
    match head {
        [0xEF, 0xBB, 0xBF, ..] => Ok(3),
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => other("UTF-32", "UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => other("UTF-16", "UTF-16"),
        // Letters of the alphabet in two bytes each, without the mark that should stand before them.
        [first, 0, third, 0, ..] if *first != 0 && *third != 0 => other("UTF-16", "UTF-16LE"),
        [0, second, 0, fourth, ..] if *second != 0 && *fourth != 0 => other("UTF-16", "UTF-16BE"),
        _ => Ok(0),
    }
}

/// The ending of a name that says how the file is packed is not part of what says its format.
pub(crate) fn without_packing(name: &str) -> &str {
    [".gz", ".zst", ".zstd"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// A `.tsv` has tabs between its fields.
fn by_name(name: &str) -> Option<u8> {
    let name = name.to_ascii_lowercase();
    without_packing(&name).ends_with(".tsv").then_some(b'\t')
}
