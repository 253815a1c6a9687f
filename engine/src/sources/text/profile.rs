//! The one pass over a text file that finds out everything but the values.

use std::io::Read;
use std::sync::Arc;

use kepi_lang::ir::{Format, Numbers, TextOptions};
use serde::{Deserialize, Serialize};

use crate::sources::finding::quoted;
use crate::sources::open::{self, Hash, Place, Unpacked};
use crate::sources::physical;
use crate::sources::text::check::Check;
use crate::sources::text::infer::Held;
use crate::sources::text::json::{self, Fields, Kind, Leaf, New};
use crate::sources::text::kept::Keeper;
use crate::sources::text::names::{MAX_COLUMNS, Names};
use crate::sources::text::window::Window;
use crate::sources::text::{Bad, Mark, Next, Shape, TextFile, by_name, check_header, csv, dialect, encoding};
use crate::sources::trouble::Trouble;

/// What is looked at to find out encoding and separator.
const HEAD: usize = 1 << 16;
/// Between the first marks; they are thinned out as the file turns out to be long.
const SPACING: u64 = if cfg!(test) { 64 } else { 1 << 16 };
const MOST_MARKS: usize = 512;
/// Bad rows of a file that are shown.
pub(crate) const SHOWN: usize = 5;
/// A file with more bad rows than this is none of its format.
const MOST_BAD: usize = 1 << 24;

/// What a file holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub file: TextFile,
    /// For each of the file's columns.
    pub held: Vec<Held>,
    /// Bad ones included.
    pub rows: u64,
    /// The first bad rows of either kind.
    pub shown: Vec<Shown>,
    /// Bad rows of which no declared type is the reason.
    pub malformed: u64,
    /// Of the malformed ones, those that are not UTF-8.
    pub not_utf8: u64,
    /// For each check.
    pub unfit: Vec<Unfit>,
}

/// A row that cannot be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub line: u64,
    /// As the end of a sentence that begins with its place.
    pub why: String,
    /// A declared type is the reason.
    pub unfit: bool,
}

/// Values that are not of their column's declared type.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Unfit {
    pub rows: u64,
    /// Row, from 1, and value.
    pub first: Option<(u64, String)>,
}

/// Reads the whole file once; an error where it has other than `bytes` bytes.
pub(crate) fn profile(
    place: &Place,
    bytes: u64,
    format: Format,
    options: &TextOptions,
    checks: &[Check],
    keep: &[String],
) -> Result<Profile, Trouble> {
    let hash = Hash::default();
    let raw = open::raw(place, 0).map_err(|e| Trouble::io(&e, false))?;
    let Unpacked { text, packed } = open::unpacked(hash.of(raw)).map_err(|e| Trouble::io(&e, false))?;
    let mut profile = of_text(text, packed, (format, options, by_name(place.name())), checks, keep)?;
    let (content, read) = hash.finish();
    if read != bytes {
        return Err(Trouble::Changed);
    }
    profile.file.content = content;
    Ok(profile)
}

fn of_text<R: Read>(
    text: R,
    packed: bool,
    (format, options, by_name): (Format, &TextOptions, Option<u8>),
    checks: &[Check],
    keep: &[String],
) -> Result<Profile, Trouble> {
    let io = |error: std::io::Error| Trouble::io(&error, packed);
    let mut window = Window::new(text, 0);
    while window.data().len() < HEAD && window.more().map_err(io)? {}
    let mark = encoding(window.data())?;
    window.advance(mark);
    let mut seen = Seen::new(checks, keep);
    seen.numbers = options.numbers;
    let (shape, seen) = if format == Format::Csv {
        let dialect = dialect::dialect(window.data(), window.ended(), options, by_name);
        of_csv(csv::Rows::new(window, dialect, 1), dialect, seen, packed)?
    } else {
        let first = window.data().iter().find(|b| !b.is_ascii_whitespace());
        let array = first == Some(&b'[');
        of_json(json::Rows::new(window, array, 1), array, seen, packed)?
    };
    let marks = if packed || matches!(shape, Shape::Json { array: true, .. }) {
        vec![Mark { offset: 0, row: 0 }]
    } else {
        seen.marks
    };
    let file = TextFile {
        shape,
        packed,
        bad: Arc::new(seen.bad),
        marks: Arc::new(marks),
        content: [0; 32],
        kept: seen.keeper.finish(),
    };
    Ok(Profile {
        file,
        held: seen.held,
        rows: seen.rows,
        shown: seen.shown,
        malformed: seen.malformed,
        not_utf8: seen.not_utf8,
        unfit: seen.unfit,
    })
}

fn of_csv<R: Read>(
    mut rows: csv::Rows<R>,
    dialect: csv::Dialect,
    mut seen: Seen<'_>,
    packed: bool,
) -> Result<(Shape, Seen<'_>), Trouble> {
    let io = |error: std::io::Error| Trouble::io(&error, packed);
    let header: Vec<String> = match rows.next().map_err(io)? {
        Next::Row => (0..rows.len()).map(|i| rows.field(i).into_owned()).collect(),
        Next::Bad(bad @ Bad::NotUtf8(_)) => {
            let help = "convert it, from Latin-1 for one with `iconv -f LATIN1 -t UTF-8`";
            return Err(Trouble::Encoding(format!("has a first line that {}: {help}", bad.text())));
        }
        Next::Bad(bad) => return Err(Trouble::Corrupt(format!("has a first line that {}", bad.text()))),
        Next::End => {
            return Err(Trouble::Corrupt("is empty: a CSV file begins with a line of column names".to_owned()));
        }
    };
    check_header(&header)?;
    header.iter().for_each(|name| seen.column(name));
    loop {
        let bad = match rows.next().map_err(io)? {
            Next::End => break,
            Next::Bad(bad) => Some(bad),
            Next::Row if rows.len() != header.len() => Some(Bad::Fields { found: rows.len(), wanted: header.len() }),
            Next::Row => seen.unfit((0..header.len()).map(|i| (i, rows.field(i)))),
        };
        if bad.is_none() {
            seen.mark(rows.offset());
            for i in 0..header.len() {
                let row = seen.rows + 1;
                if let Some(held) = seen.held.get_mut(i) {
                    held.see(&rows.field(i), row, seen.numbers);
                }
            }
            seen.keeper.row(|at| Some(rows.field(at)));
        }
        seen.row(rows.line(), bad)?;
    }
    Ok((Shape::Csv { dialect, header: Arc::new(header) }, seen))
}

fn of_json<R: Read>(
    mut rows: json::Rows<R>,
    array: bool,
    mut seen: Seen<'_>,
    packed: bool,
) -> Result<(Shape, Seen<'_>), Trouble> {
    let mut fields = Fields::new(Names::default(), New::Add);
    loop {
        let bad = match rows.next().map_err(|e| Trouble::io(&e, packed))? {
            Next::End => break,
            Next::Bad(bad) => Some(bad),
            Next::Row => {
                let mut leaves: Vec<Leaf<'_>> = Vec::new();
                match fields.of(rows.text(), &mut leaves) {
                    Err(_) if fields.overfull => {
                        return Err(Trouble::Corrupt(format!(
                            "has more than {MAX_COLUMNS} different fields by line {}: names that are data, perhaps",
                            rows.line()
                        )));
                    }
                    Err(bad) => Some(bad),
                    Ok(()) => {
                        for name in fields.names.columns().get(seen.held.len()..).unwrap_or_default() {
                            seen.column(name);
                        }
                        let row = seen.rows + 1;
                        let bad = seen.unfit(leaves.iter().map(|leaf| (leaf.column, leaf.text.as_ref())));
                        if bad.is_none() {
                            for leaf in &leaves {
                                if let Some(held) = seen.held.get_mut(leaf.column) {
                                    held.see_value(leaf.kind, &leaf.text, row);
                                }
                            }
                            let there = |at| leaves.iter().rfind(|leaf| leaf.column == at && leaf.kind != Kind::Null);
                            seen.keeper.row(|at| there(at).map(|leaf| leaf.text.as_ref()));
                        }
                        bad
                    }
                }
            }
        };
        if bad.is_none() {
            seen.mark(rows.offset());
        }
        seen.row(rows.line(), bad)?;
    }
    Ok((Shape::Json { names: Arc::new(fields.names), array }, seen))
}

/// What has been seen of a file so far.
struct Seen<'a> {
    /// How numbers are written.
    numbers: Numbers,
    checks: &'a [Check],
    /// For each column the checks that are about it.
    about: Vec<Vec<usize>>,
    held: Vec<Held>,
    rows: u64,
    bad: Vec<u64>,
    shown: Vec<Shown>,
    malformed: u64,
    not_utf8: u64,
    unfit: Vec<Unfit>,
    marks: Vec<Mark>,
    spacing: u64,
    keeper: Keeper<'a>,
}

impl<'a> Seen<'a> {
    fn new(checks: &'a [Check], keep: &'a [String]) -> Self {
        Self {
            numbers: Numbers::default(),
            checks,
            about: Vec::new(),
            held: Vec::new(),
            rows: 0,
            bad: Vec::new(),
            shown: Vec::new(),
            malformed: 0,
            not_utf8: 0,
            unfit: vec![Unfit::default(); checks.len()],
            marks: vec![Mark { offset: 0, row: 0 }],
            spacing: SPACING,
            keeper: Keeper::new(keep),
        }
    }

    fn column(&mut self, name: &str) {
        let about = self.checks.iter().enumerate().filter(|(_, check)| check.raw == name).map(|(i, _)| i).collect();
        self.about.push(about);
        self.keeper.column(self.held.len(), name);
        self.held.push(Held::default());
    }

    /// Looks at the values of a row that have a declared type; all of them, so that each column's first offender is known.
    fn unfit<T: AsRef<str>>(&mut self, values: impl Iterator<Item = (usize, T)>) -> Option<Bad> {
        if self.checks.is_empty() {
            return None;
        }
        let mut first = None;
        for (column, text) in values {
            for at in self.about.get(column).into_iter().flatten() {
                let Some(check) = self.checks.get(*at).filter(|check| !check.allows(text.as_ref())) else { continue };
                if let Some(unfit) = self.unfit.get_mut(*at) {
                    unfit.rows += 1;
                    unfit.first.get_or_insert_with(|| (self.rows + 1, text.as_ref().to_owned()));
                }
                first.get_or_insert_with(|| {
                    let wanted = physical::one(check.target.ty);
                    Bad::Unfit(format!("has {} for `{}`, not {wanted}", quoted(text.as_ref()), check.raw))
                });
            }
        }
        first
    }

    fn mark(&mut self, offset: u64) {
        if self.marks.last().is_none_or(|last| offset < last.offset + self.spacing) {
            return;
        }
        self.marks.push(Mark { offset, row: self.rows });
        if self.marks.len() > MOST_MARKS {
            self.spacing *= 2;
            let mut at = 0;
            self.marks.retain(|_| {
                at += 1;
                at % 2 == 1
            });
        }
    }

    fn row(&mut self, line: u64, bad: Option<Bad>) -> Result<(), Trouble> {
        if let Some(bad) = bad {
            self.bad.push(self.rows);
            if self.bad.len() > MOST_BAD {
                return Err(Trouble::Corrupt(format!("has more than {MOST_BAD} rows that cannot be read")));
            }
            let unfit = matches!(bad, Bad::Unfit(_));
            if self.shown.iter().filter(|shown| shown.unfit == unfit).count() < SHOWN {
                self.shown.push(Shown { line, why: bad.text(), unfit });
            }
            self.malformed += u64::from(!unfit);
            self.not_utf8 += u64::from(matches!(bad, Bad::NotUtf8(_)));
        }
        self.rows += 1;
        Ok(())
    }
}
