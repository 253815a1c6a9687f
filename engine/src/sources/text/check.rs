//! Declared types of columns, as a row of text must have them.

use jiff::tz::TimeZone;
use kepi_lang::ir::{Column, ColumnId, Numbers, Origin, ScalarType};
use kepi_lang::resolve::DeclaredColumn;
use kepi_lang::source::Span;

use crate::sources::convert::Target;
use crate::sources::text::is_blank;
use crate::sources::times::Reading;

/// What the values of a column must be.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    /// The name in the file.
    pub raw: String,
    pub span: Span,
    pub target: Target,
}

impl Check {
    fn new(raw: &str, span: Span, ty: ScalarType, reading: Reading, numbers: Numbers) -> Option<Self> {
        // Every text is a text.
        if ty == ScalarType::Text || ty.is_open() {
            return None;
        }
        let target = Target { ty, scale: 0, reading, lenient: false, blank: true, numbers };
        Some(Self { raw: raw.to_owned(), span, target })
    }

    /// As far as they are known without a program: how instants are written is not.
    pub fn of_declared(columns: &[DeclaredColumn], numbers: Numbers, zone: &TimeZone) -> Vec<Self> {
        let check = |column: &DeclaredColumn| {
            let ty = if column.any_number { Some(ScalarType::Float) } else { column.ty };
            let ty = ty.filter(|ty| *ty != ScalarType::Instant)?;
            Self::new(&column.raw, column.span, ty, Reading::plain(zone.clone()), numbers)
        };
        sorted(columns.iter().filter_map(check).collect())
    }

    /// Of a program's columns. Values of a clock that are no times are counted as such, and are no mistakes.
    pub fn of_program(columns: &[Column], clocks: &[ColumnId], numbers: Numbers, zone: &TimeZone) -> Vec<Self> {
        let check = |(column, id): (&Column, u32)| {
            let Origin::File(raw) = &column.origin else { return None };
            if !column.declared || clocks.contains(&ColumnId(id)) {
                return None;
            }
            let ty = if column.any_number { ScalarType::Float } else { column.ty };
            let own = column.time.as_ref().filter(|_| ty == ScalarType::Instant).and_then(Reading::new);
            Self::new(raw, column.span, ty, own.unwrap_or_else(|| Reading::plain(zone.clone())), numbers)
        };
        sorted(columns.iter().zip(0u32..).filter_map(check).collect())
    }

    pub fn allows(&self, text: &str) -> bool {
        is_blank(text) || self.target.accepts(text)
    }

    /// What it does, as text: two of one text are the same.
    pub fn key(&self) -> String {
        format!("{} {:?} {:?} {:?}", self.raw, self.target.ty, self.target.reading, self.target.numbers)
    }
}

fn sorted(mut checks: Vec<Check>) -> Vec<Check> {
    checks.sort_by_cached_key(Check::key);
    checks.dedup_by_key(|check| check.key());
    checks
}
