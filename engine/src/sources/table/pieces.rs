//! Files in pieces, so that several threads read them at once.

use crate::sources::table::{Body, DataFile};
use crate::sources::text::Mark;

/// Rows of one file that follow each other.
#[derive(Clone, Debug)]
pub(crate) struct Piece<'a> {
    pub file: &'a DataFile,
    pub from: Mark,
    /// The row behind the last.
    pub until: u64,
    /// Nothing is to come after it in the file.
    pub last: bool,
}

/// A piece by the index of its file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub file: usize,
    pub from: Mark,
    pub until: u64,
    pub last: bool,
}

impl<'a> Piece<'a> {
    pub fn whole(file: &'a DataFile) -> Self {
        Self { file, from: Mark { offset: 0, row: 0 }, until: file.rows, last: true }
    }
}

/// All rows of all files in about equal shares, in the files' order, without files that are left
/// out. `least`: bytes below which files stay whole.
pub(crate) fn shares(files: &[DataFile], left_out: &[bool], shares: usize, least: u64) -> Vec<Vec<Part>> {
    let total: u64 = files.iter().map(|file| file.found.bytes).sum::<u64>().max(1);
    let shares = shares.max(1);
    let mut out: Vec<Vec<Part>> = vec![Vec::new(); shares];
    let mut before: u64 = 0;
    for (at, file) in files.iter().enumerate() {
        if left_out.get(at) == Some(&true) {
            before += file.found.bytes;
            continue;
        }
        let whole = [Mark { offset: 0, row: 0 }];
        let marks = match &file.body {
            Body::Text(text) if total >= least => text.marks.as_slice(),
            Body::Text(_) | Body::Arrow(_) => &whole,
            Body::Parquet(_) => continue,
        };
        for (i, from) in marks.iter().enumerate() {
            let next = marks.get(i + 1);
            let begins = u128::from(before + from.offset.min(file.found.bytes));
            let share = usize::try_from(begins * shares as u128 / u128::from(total)).unwrap_or(0).min(shares - 1);
            let part =
                Part { file: at, from: *from, until: next.map_or(file.rows, |next| next.row), last: next.is_none() };
            let Some(share) = out.get_mut(share) else { continue };
            match share.last_mut() {
                Some(known) if known.file == at => (known.until, known.last) = (part.until, part.last),
                _ => share.push(part),
            }
        }
        before += file.found.bytes;
    }
    out.retain(|share| !share.is_empty());
    if out.is_empty() {
        // A plan has a partition, if an empty one.
        out.push(Vec::new());
    }
    out
}
