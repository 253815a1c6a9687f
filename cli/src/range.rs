//! The range of a query, and the periods in it.

use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, CalendarError, Grain, Interval, Period};
use kepi_lang::ir::Program;
use kepi_lang::results::Extent;
use kepi_lang::source::SourceMap;
use kepi_lang::syntax::ast::{ExprKind, Literal};
use kepi_lang::syntax::expr::expression;
use kepi_lang::syntax::located::Located;

/// When "now" is, and whether somebody said so.
#[derive(Clone, Copy, Debug)]
pub struct AsOf {
    pub at: Timestamp,
    pub given: bool,
}

/// A date, an instant or a period: where it begins.
///
/// # Errors
/// What is wrong with it, in a line.
pub fn instant(calendar: &Calendar, text: &str) -> Result<Timestamp, String> {
    if let Some(period) = period(calendar, text)? {
        return Ok(period.interval.start);
    }
    calendar.parse_instant(text).map_err(line)
}

/// `2026-03`, `2026-Q3`, `FY2026`: what the expression grammar reads as a period.
fn period(calendar: &Calendar, text: &str) -> Result<Option<Period>, String> {
    let mut map = SourceMap::new();
    let file = map.add("<time>", text);
    let parsed = expression(&Located::plain(text, file, 0));
    match parsed.map(|e| e.kind) {
        Ok(ExprKind::Literal(Literal::Period(literal))) => calendar.literal(&literal).map(Some).map_err(line),
        _ => Ok(None),
    }
}

/// What the calendar refuses, in a line.
fn line(error: CalendarError) -> String {
    format!("[{}] {}{}", error.code, error.message, error.help.map_or(String::new(), |help| format!(" ({help})")))
}

/// `--as-of`, else the manifest's, else the instant after the latest event of any source.
///
/// # Errors
/// When nothing says what time it is.
pub fn as_of(flag: Option<&str>, program: &Program, extents: &[Extent]) -> Result<AsOf, String> {
    if let Some(text) = flag {
        return Ok(AsOf { at: instant(&program.settings.calendar, text)?, given: true });
    }
    if let Some(at) = program.settings.as_of {
        return Ok(AsOf { at, given: true });
    }
    let latest = extents.iter().filter_map(|e| e.last).max();
    let timeless = program.sources.iter().all(|s| s.time.is_none());
    match latest {
        Some(last) => Ok(AsOf { at: after(last), given: false }),
        None if timeless => Ok(AsOf { at: Timestamp::MAX, given: false }),
        None => Err("no source has an event to tell the time by: name it with --as-of".to_string()),
    }
}

/// The next microsecond: times are read to the microsecond, so the latest event itself still counts.
fn after(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond().saturating_add(1)).unwrap_or(Timestamp::MAX)
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
) -> Result<Vec<Asked>, String> {
    if range.start >= range.end {
        return Ok(Vec::new());
    }
    let Some(grain) = grain else {
        let period = Period { label: "total".to_string(), grain: None, interval: range };
        return Ok(vec![Asked { period, cut: false }]);
    };
    let periods = calendar.periods(range, grain).map_err(line)?;
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
