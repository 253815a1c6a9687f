//! From a program's column to a file's: whether it is there, and what it becomes.

use datafusion::arrow::array::{Array, AsArray, new_empty_array};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use jiff::tz::TimeZone;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{Column, Format, Origin, ScalarType};

use crate::sources::convert::{Refused, Target, decimal, shortest};
use crate::sources::finding::quoted;
use crate::sources::physical;
use crate::sources::table::Table;
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
        if (column.declared || clock)
            && let Some(file) = table.without(position)
        {
            let message = format!("`{}` has no column `{raw}`, other files have", file.found.relative);
            return Err(table.owner.stopped(Code::MissingColumn, column.span, message));
        }
        let reading = column.time.as_ref().and_then(Reading::new).unwrap_or_else(|| Reading::plain(zone.clone()));
        let ty = if clock { ScalarType::Instant } else { column.ty };
        let mut target = Target { ty, scale: 0, reading, lenient: clock, blank: table.format == Format::Csv };
        if let Some(refused) = never(table, position, &target) {
            return Err(cannot_be(table, position, column, &refused));
        }
        if ty == ScalarType::Decimal {
            target.scale = scale(table, position)?;
        }
        Ok(Some(Self { position, target }))
    }

    /// The finding for a value that does not convert: reads the files in order up to the first such value.
    pub fn offender(&self, table: &Table, column: &Column) -> Diagnostic {
        for file in &table.files {
            let mut before: usize = 0;
            let mut bad = None;
            let read = table.read(file, &[self.position], &mut |batch| {
                if let Some(raw) = batch.columns().first()
                    && let Err(Refused::Value { row, text }) = self.target.convert(raw)
                {
                    bad = Some((before + row + 1, text));
                }
                before += batch.num_rows();
                bad.is_none()
            });
            if let Err(finding) = read {
                return finding;
            }
            if let Some((row, text)) = bad {
                let message = format!(
                    "`{}` is {} in row {row} of `{}`, which is no {}",
                    column.name,
                    quoted(&text),
                    file.found.relative,
                    physical::word(self.target.ty)
                );
                return table.owner.stopped(Code::ValueNotOfType, column.span, message).help(cure(self.target.ty));
            }
        }
        let message = format!("a value of `{}` is no {}", column.name, physical::word(self.target.ty));
        table.owner.stopped(Code::ValueNotOfType, column.span, message)
    }
}

fn cure(ty: ScalarType) -> &'static str {
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

fn cannot_be(table: &Table, position: usize, column: &Column, physical: &str) -> Diagnostic {
    let file = table.files.first().map_or("", |file| file.found.relative.as_str());
    let whole = table.columns.get(position).and_then(|c| c.ty) == Some(ScalarType::Int);
    let message = format!("`{}` is {physical} in `{file}`, not {}", column.name, physical::word(column.ty));
    let finding = table.owner.stopped(Code::ValueNotOfType, column.span, message);
    if whole && column.ty == ScalarType::Instant {
        return finding.help("say what the numbers count with `time_format: epoch_s`, `epoch_ms` or `epoch_us`");
    }
    finding
}

/// Decimal places of a column that is to be a decimal: the file's own, or the most that any value has.
fn scale(table: &Table, position: usize) -> Result<u8, Diagnostic> {
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
                DataType::Utf8View => array.as_string_view().iter().map(|text| decimal(text?)).collect(),
                _ => Vec::new(),
            };
            places = decimals.into_iter().flatten().map(|d| d.normalized().scale).fold(places, u8::max);
            true
        })?;
    }
    table.know_scale(position, places);
    Ok(places)
}
