//! The range of a query, and the periods in it.

use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, Grain, Interval, Period};
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::Program;
use kepi_lang::results::{Extent, known_to};
use kepi_lang::source::SourceMap;
use kepi_lang::syntax::ast::{ExprKind, Literal};
use kepi_lang::syntax::expr::expression;
use kepi_lang::syntax::located::Located;

use crate::commands::Stop;

/// When "now" is, and whether somebody said so.
#[derive(Clone, Copy, Debug)]
pub struct AsOf {
    pub at: Timestamp,
    pub given: bool,
}

/// A date, an instant or a period: where it begins.
///
/// # Errors
/// What is wrong with it.
pub fn instant(calendar: &Calendar, text: &str) -> Result<Timestamp, Stop> {
    if let Some(period) = period(calendar, text)? {
        return Ok(period.interval.start);
    }
    Ok(calendar.parse_instant(text)?)
}

/// `2026-03`, `2026-Q3`, `FY2026`: what the expression grammar reads as a period.
fn period(calendar: &Calendar, text: &str) -> Result<Option<Period>, Stop> {
    let mut map = SourceMap::new();
    let file = map.add("<time>", text);
    let parsed = expression(&Located::plain(text, file, 0));
    match parsed.map(|e| e.kind) {
        Ok(ExprKind::Literal(Literal::Period(literal))) => Ok(Some(calendar.literal(&literal)?)),
        _ => Ok(None),
    }
}

/// `--as-of`, else the manifest's, else the instant after the latest event of any source, or up to where one says that it is
/// complete.
///
/// # Errors
/// When nothing says what time it is.
pub fn as_of(flag: Option<&str>, program: &Program, extents: &[Extent]) -> Result<AsOf, Stop> {
    if let Some(text) = flag {
        return Ok(AsOf { at: instant(&program.settings.calendar, text)?, given: true });
    }
    if let Some(at) = program.settings.as_of {
        return Ok(AsOf { at, given: true });
    }
    let known = known_to(program, extents);
    let timeless = program.sources.iter().all(|s| s.time.is_none());
    match known {
        Some((at, _)) => Ok(AsOf { at, given: false }),
        None if timeless => Ok(AsOf { at: Timestamp::MAX, given: false }),
        None => {
            let message = "no source has an event to tell the time by";
            let finding = Diagnostic::without_place(Code::NoNow, message)
                .help("write `as_of: 2026-10-01` in kepi.yaml, or give --as-of");
            Err(Stop::asked(vec![finding]))
        }
    }
}

/// A period of a query, and whether an end of the range cuts it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub period: Period,
    pub cut: bool,
}

/// The periods of a grain that the range touches; with no grain the range as one period. Explicit ends cut the period they
/// fall into.
///
/// # Errors
/// When there are too many periods.
pub fn periods(
    calendar: &Calendar,
    range: Interval,
    grain: Option<Grain>,
    (from, to): (bool, bool),
) -> Result<Vec<Asked>, Stop> {
    if range.start >= range.end {
        return Ok(Vec::new());
    }
    let Some(grain) = grain else {
        let period = Period { label: "total".to_string(), grain: None, interval: range };
        return Ok(vec![Asked { period, cut: false }]);
    };
    let periods = calendar.periods(range, grain)?;
    Ok(periods
        .into_iter()
        .map(|mut period| {
            let whole = period.interval;
            if from {
                period.interval.start = whole.start.max(range.start);
            }
            if to {
                period.interval.end = whole.end.min(range.end);
            }
            let cut = period.interval != whole;
            Asked { period, cut }
        })
        .collect())
}
