//! From a program's column to a file's: whether it is there, and what it becomes.

use datafusion::arrow::array::{Array, AsArray, new_empty_array};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use jiff::tz::TimeZone;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{Column, Format, Item, Origin, ScalarType};
use kepi_lang::resolve::DeclaredColumn;
use kepi_lang::source::Span;

use crate::sources::convert::{Refused, Target, shortest};
use crate::sources::finding::quoted;
use crate::sources::physical;
use crate::sources::table::Table;
use crate::sources::text::{is_blank, is_json};
use crate::sources::times::Reading;

/// A file column of a program, found in the files.
#[derive(Clone, Debug)]
pub(crate) struct FileColumn {
    /// In the table's schema.
    pub position: usize,
    pub target: Target,
}

impl FileColumn {
    /// `zone`: the project's. `clock`: values that are no time are counted, not refused.
    pub fn find(table: &Table, column: &Column, zone: &TimeZone, clock: bool) -> Result<Option<Self>, Diagnostic> {
        let Origin::File(raw) = &column.origin else { return Ok(None) };
        let Some(position) = table.position(raw) else { return Err(table.lacks(raw, column.span)) };
        if let Some(finding) = partly(table, position, raw, column.span).filter(|_| column.declared || clock) {
            return Err(finding);
        }
        let reading = column.time.as_ref().and_then(Reading::new).unwrap_or_else(|| Reading::plain(zone.clone()));
        let ty = if clock { ScalarType::Instant } else { column.ty };
        let (blank, numbers) = (table.format == Format::Csv, table.numbers);
        let mut target = Target { ty, scale: 0, reading, lenient: clock, blank, numbers };
        if let Some(refused) = never(table, position, &target) {
            return Err(cannot_be(table, position, (&column.name, column.span, ty), &refused));
        }
        if ty == ScalarType::Decimal {
            target.scale = scale(table, position, &target)?;
        }
        Ok(Some(Self { position, target }))
    }

    /// The finding for the first value that does not convert, in order of the files; `None` when all of them do.
    pub fn offender(&self, table: &Table, name: &str, span: Span) -> Option<Diagnostic> {
        for file in &table.files {
            let mut before: usize = 0;
            let mut bad = None;
            let read = table.read(file, &[self.position], &mut |batch| {
                if let Some(raw) = batch.columns().first()
                    && let Err(Refused::Value { row, text }) = self.target.convert(raw)
                {
                    bad = Some((file.number(before + row), text));
                }
                before += batch.num_rows();
                bad.is_none()
            });
            if let Err(finding) = read {
                return Some(finding);
            }
            if let Some((row, text)) = bad {
                let wanted = physical::one(self.target.ty);
                let value = quoted(&text);
                let message = format!("`{name}` is {value} in row {row} of `{}`, not {wanted}", file.found.relative);
                let finding = table.owner.stopped(Code::ValueNotOfType, span, message);
                return Some(finding.help(cure(self.target.ty)));
            }
        }
        None
    }
}

/// What is wrong with a declared column, as far as that can be said without a program: it is not there, or its values are not
/// of the declared type.
pub(crate) fn declared(table: &Table, column: &DeclaredColumn, zone: &TimeZone) -> Option<Diagnostic> {
    let Some(position) = table.position(&column.raw) else {
        return match base(table, &column.raw) {
            Some(base) => no_json(table, base, &column.raw, column.span),
            None => Some(table.lacks(&column.raw, column.span)),
        };
    };
    if let Some(finding) = partly(table, position, &column.raw, column.span) {
        return Some(finding);
    }
    let raw = table.columns.get(position)?;
    let Some(ty) = column.ty else {
        return raw.ty.is_none().then(|| table.lacks_type(&raw.name, &raw.physical, column.span));
    };
    // How times are written is known to the program alone.
    if raw.ty == Some(ty) || ty.is_list() || ty == ScalarType::Instant {
        return None;
    }
    let reading = Reading::plain(zone.clone());
    let (blank, numbers) = (table.format == Format::Csv, table.numbers);
    let target = Target { ty, scale: 0, reading, lenient: false, blank, numbers };
    if let Some(physical) = never(table, position, &target) {
        return Some(cannot_be(table, position, (&column.raw, column.span, ty), &physical));
    }
    let mut found = FileColumn { position, target };
    if ty == ScalarType::Decimal {
        match scale(table, position, &found.target) {
            Ok(scale) => found.target.scale = scale,
            Err(finding) => return Some(finding),
        }
    }
    // Rows of text with other values have been left out, or said to be too many.
    if table.format.is_text() { None } else { found.offender(table, &column.raw, column.span) }
}

/// The column of JSON texts, or of lists, that a path which no column has leads into.
fn base(table: &Table, raw: &str) -> Option<usize> {
    let mut points = raw.rmatch_indices('.');
    points.find_map(|(at, _)| {
        let position = table.position(raw.get(..at)?)?;
        let ty = table.columns.get(position)?.ty?;
        matches!(ty, ScalarType::Text | ScalarType::List(Item::Text | Item::Pair)).then_some(position)
    })
}

/// The finding for fields of a column of text whose first value is no JSON.
pub(crate) fn no_json(table: &Table, position: usize, path: &str, span: Span) -> Option<Diagnostic> {
    let column = table.columns.get(position).filter(|c| c.ty == Some(ScalarType::Text))?;
    for file in &table.files {
        let mut first = None;
        let mut before: usize = 0;
        let read = table.read(file, &[position], &mut |batch| {
            if let Some(texts) = batch.columns().first().and_then(|raw| raw.as_string_view_opt()) {
                let found =
                    texts.iter().enumerate().find_map(|(row, text)| Some((row, text.filter(|t| !is_blank(t))?)));
                first = found.map(|(row, text)| (file.number(before + row), text.to_owned()));
            }
            before += batch.num_rows();
            first.is_none()
        });
        if let Err(finding) = read {
            return Some(finding);
        }
        let Some((row, text)) = first else { continue };
        if is_json(&text) {
            return None;
        }
        let (name, value) = (&column.name, quoted(&text));
        let message = format!("`{path}` is in no JSON: `{name}` is {value} in row {row} of `{}`", file.found.relative);
        let finding = table.owner.stopped(Code::NoJson, span, message);
        return Some(finding.help(format!(
            "name a column of the files, or a field of one that holds JSON objects; `{name}` is plain text"
        )));
    }
    None
}

/// The finding for a column that must be in every file and is not.
fn partly(table: &Table, position: usize, name: &str, span: Span) -> Option<Diagnostic> {
    let file = table.without(position)?;
    let message = format!("`{}` has no column `{name}`, other files have", file.found.relative);
    Some(table.owner.stopped(Code::MissingColumn, span, message))
}

pub(crate) fn cure(ty: ScalarType) -> &'static str {
    match ty {
        ScalarType::Instant | ScalarType::Date => "correct the file, or say how times are written with `time_format:`",
        _ => "correct the file, or declare the column as `text`",
    }
}

/// What a column's type in the files is when no value of it can be one of the wanted type.
fn never(table: &Table, position: usize, target: &Target) -> Option<String> {
    let ty = table.schema.fields().get(position)?.data_type();
    match target.convert(&new_empty_array(ty)) {
        Err(_) => table.columns.get(position).map(|column| column.physical.clone()),
        Ok(_) => None,
    }
}

fn cannot_be(table: &Table, position: usize, (name, span, ty): (&str, Span, ScalarType), physical: &str) -> Diagnostic {
    let file = table.files.first().map_or("", |file| file.found.relative.as_str());
    let whole = table.columns.get(position).and_then(|c| c.ty) == Some(ScalarType::Int);
    let message = format!("`{name}` is {physical} in `{file}`, not {}", physical::one(ty));
    let finding = table.owner.stopped(Code::ValueNotOfType, span, message);
    if whole && ty == ScalarType::Instant {
        return finding.help("say what the numbers count with `time_format: epoch_s`, `epoch_ms` or `epoch_us`");
    }
    finding
}

/// Decimal places of a column that is to be a decimal: the file's own, or the most that any value has.
fn scale(table: &Table, position: usize, target: &Target) -> Result<u8, Diagnostic> {
    let Some(raw) = table.columns.get(position) else { return Ok(0) };
    match table.schema.fields().get(position).map(|field| field.data_type()) {
        Some(DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale)) => {
            return Ok(u8::try_from(*scale).unwrap_or(0).min(physical::PRECISION));
        }
        Some(DataType::Utf8View) if matches!(raw.ty, Some(ScalarType::Decimal | ScalarType::Int)) => {
            return Ok(raw.scale);
        }
        Some(DataType::Utf8View | DataType::Float64) => {}
        _ => return Ok(0),
    }
    if let Some(known) = table.known_scale(position) {
        return Ok(known);
    }
    let mut places = 0;
    for file in &table.files {
        table.read(file, &[position], &mut |batch| {
            let Some(array) = batch.columns().first() else { return false };
            let decimals: Vec<_> = match array.data_type() {
                DataType::Float64 => array.as_primitive::<Float64Type>().iter().map(|n| shortest(n?)).collect(),
                DataType::Utf8View => array.as_string_view().iter().map(|text| target.decimal(text?)).collect(),
                _ => Vec::new(),
            };
            places = decimals.into_iter().flatten().map(|d| d.normalized().scale).fold(places, u8::max);
            true
        })?;
    }
    table.know_scale(position, places);
    Ok(places)
}
