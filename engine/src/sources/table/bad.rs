//! Rows of text that cannot be read: how many there are, which, and whether they are too many.

use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::BadRows;
use kepi_lang::results::Rejected;
use kepi_lang::source::Span;

use crate::sources::column::cure;
use crate::sources::finding::{Owner, quoted};
use crate::sources::physical;
use crate::sources::table::{DataFile, Wanted};
use crate::sources::text::{Profile, SHOWN};

/// Malformed rows that a finding names.
const NAMED: usize = 3;

pub(super) fn count(files: &[DataFile]) -> u64 {
    files.iter().map(DataFile::bad).sum()
}

/// The first of them, in order of the files.
pub(super) fn rejected(files: &[DataFile], profiles: &[Profile]) -> Vec<Rejected> {
    let all = files.iter().zip(profiles).flat_map(|(file, profile)| {
        profile.shown.iter().map(|shown| Rejected {
            file: file.found.relative.clone(),
            line: shown.line,
            why: shown.why.clone(),
        })
    });
    all.take(SHOWN).collect()
}

/// What is wrong when they are more than may be left out: each declared type that does not hold, and the malformed rows.
pub(super) fn excess(
    owner: &Owner,
    span: Span,
    wanted: &Wanted<'_>,
    files: &[DataFile],
    profiles: &[Profile],
) -> Vec<Diagnostic> {
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let bad = count(files);
    if wanted.text.max_bad_rows.allow(bad, rows) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (at, check) in wanted.checks.iter().enumerate() {
        let first = files.iter().zip(profiles).find_map(|(file, profile)| {
            let unfit = profile.unfit.get(at)?;
            unfit.first.as_ref().map(|(row, text)| (file, *row, text))
        });
        let Some((file, row, text)) = first else { continue };
        let message = format!(
            "`{}` is {} in row {row} of `{}`, not {}",
            check.raw,
            quoted(text),
            file.found.relative,
            physical::one(check.target.ty)
        );
        let finding = owner.stopped(Code::ValueNotOfType, check.span, message);
        findings.push(finding.help(cure(check.target.ty)));
    }
    findings.extend(malformed(owner, span, wanted.text.max_bad_rows, (bad, rows), files, profiles));
    findings
}

fn malformed(
    owner: &Owner,
    span: Span,
    most: BadRows,
    (bad, rows): (u64, u64),
    files: &[DataFile],
    profiles: &[Profile],
) -> Option<Diagnostic> {
    let malformed: u64 = profiles.iter().map(|profile| profile.malformed).sum();
    if malformed == 0 {
        return None;
    }
    let places: Vec<String> = files
        .iter()
        .zip(profiles)
        .flat_map(|(file, profile)| {
            let malformed = profile.shown.iter().filter(|shown| !shown.unfit);
            malformed.map(|shown| format!("line {} of `{}` {}", shown.line, file.found.relative, shown.why))
        })
        .take(NAMED)
        .collect();
    let places = places.join("; ");
    if profiles.iter().map(|profile| profile.not_utf8).sum::<u64>() == malformed {
        let message = format!("the text of {} is not UTF-8: {places}", owner.called());
        let help = "convert the files: `iconv -f LATIN1 -t UTF-8`, or with whatever encoding they have";
        return Some(owner.stopped(Code::OtherEncoding, span, message).help(help));
    }
    let most = match most {
        BadRows::Count(most) => format!("the {most} that may be left out"),
        BadRows::Share(share) => {
            let percent = share.checked_mul(kepi_lang::decimal::Decimal::new(100, 0)).unwrap_or(share).normalized();
            format!("the {percent}% that may be left out")
        }
    };
    let noun = if rows == 1 { "row" } else { "rows" };
    let message = format!("{bad} of {rows} {noun} of {} cannot be read, more than {most}: {places}", owner.called());
    let help = "correct the files, or let more rows be left out and counted: `max_bad_rows: 1%`, or a number of rows";
    Some(owner.stopped(Code::BadRows, span, message).help(help))
}
