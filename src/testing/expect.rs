//! Values that are expected, period by period and part by part.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::calendar::{Calendar, Period};
use crate::check::Scope;
use crate::decimal::Decimal;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Ask, Program};
use crate::report::evaluate::values::Shown;
use crate::results::AnswerRow;
use crate::source::Span;
use crate::syntax::ast::Name;
use crate::syntax::document::Text;
use crate::syntax::trial::ExpectedDef;
use crate::testing::{Subject, period, total};
use crate::value::Value;

/// By how much a value may differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// Of the expected value.
    Share(f64),
    /// In the unit that is shown.
    By(f64),
}

impl Tolerance {
    /// Floats are compared to nine digits unless something else is said.
    pub const NONE: Self = Self::Share(1e-9);

    /// `0.1%`, `0.01`.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn parse(text: &Text) -> Result<Self, Diagnostic> {
        let written = text.value.trim();
        let parsed = match written.strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().map(|p: f64| Self::Share(p / 100.0)),
            None => written.parse().ok().map(Self::By),
        };
        parsed.filter(|t| matches!(t, Self::Share(x) | Self::By(x) if x.is_finite() && *x >= 0.0)).ok_or_else(|| {
            let message = format!("`{written}` is no tolerance");
            Diagnostic::new(Code::BadTest, text.span, message).help("write a share (`0.1%`) or an amount (`0.01`)")
        })
    }

    fn allows(self, expected: f64, found: f64) -> bool {
        let by = match self {
            Self::Share(share) => expected.abs() * share.max(1e-9),
            Self::By(by) => by.max(expected.abs() * 1e-9),
        };
        (expected - found).abs() <= by
    }
}

/// What one entry of `expect:` asks, and what must come of it.
#[derive(Clone, Debug)]
pub struct Expected {
    pub subject: Subject,
    pub periods: Vec<Period>,
    /// By index of the period and the parts as they are written.
    wanted: BTreeMap<(usize, Vec<String>), Wanted>,
}

#[derive(Clone, Debug)]
struct Wanted {
    /// In the unit that is shown; `None`: no data.
    value: Option<f64>,
    text: String,
}

/// A value as it stands in a test: parts, the period's name, what is expected.
struct Entry<'a> {
    parts: Vec<&'a str>,
    period: Option<&'a Name>,
    value: &'a Text,
}

/// Reads an entry of `expect:`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn expected(
    subject: Subject,
    def: &ExpectedDef,
    scope: &Scope,
    program: &Program,
    as_of: Timestamp,
) -> Result<Expected, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let entries = entries(&subject, def, &mut found);
    let calendar = &program.settings.calendar;
    let sources = subject.typed.expr.sources();
    let timed = sources.iter().any(|s| program.sources.get(s.0 as usize).is_some_and(|s| s.time.is_some()));
    let mut periods: BTreeMap<(Timestamp, Timestamp), Period> = BTreeMap::new();
    let mut read = Vec::new();
    for entry in entries {
        let period = match at(&entry, &subject, calendar, timed, as_of) {
            Ok(period) => period,
            Err(finding) => {
                found.push(finding);
                continue;
            }
        };
        match number(entry.value, &subject, scope) {
            Ok(value) => {
                let key = (period.interval.start, period.interval.end);
                periods.entry(key).or_insert(period);
                let parts: Vec<String> = entry.parts.iter().map(|p| (*p).to_owned()).collect();
                read.push((key, parts, Wanted { value, text: entry.value.value.clone() }));
            }
            Err(finding) => found.push(finding),
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    let keys: Vec<(Timestamp, Timestamp)> = periods.keys().copied().collect();
    let place = |key: &(Timestamp, Timestamp)| keys.binary_search(key).unwrap_or(0);
    let wanted = read.into_iter().map(|(key, parts, value)| ((place(&key), parts), value)).collect();
    Ok(Expected { subject, periods: periods.into_values().collect(), wanted })
}

fn at(
    entry: &Entry,
    subject: &Subject,
    calendar: &Calendar,
    timed: bool,
    as_of: Timestamp,
) -> Result<Period, Diagnostic> {
    match (entry.period, subject.grain.filter(|_| timed)) {
        (Some(name), Some(grain)) => period(&name.value, name.span, Some(grain), calendar),
        (Some(name), None) if name.value != "total" => {
            let message = format!("`{}` has one value, and a period is named", subject.name);
            let help = format!("write `{}: VALUE`, or ask it `by day`", subject.name);
            Err(Diagnostic::new(Code::BadTest, name.span, message).help(help))
        }
        _ => Ok(total(timed, as_of)),
    }
}

/// The entries of all three forms.
fn entries<'a>(subject: &Subject, def: &'a ExpectedDef, found: &mut Vec<Diagnostic>) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    match def {
        ExpectedDef::Value(value) => entries.push(Entry { parts: Vec::new(), period: None, value }),
        ExpectedDef::Rows(rows) => {
            for row in rows {
                entries.extend(of_row(subject, &row.value, row.span, found));
            }
        }
        ExpectedDef::By(_) => nested(subject, def, &mut Vec::new(), &mut entries, found),
    }
    if let Some(entry) = entries.iter().find(|e| e.parts.len() != subject.typed.by.len()) {
        let (has, wants) = (entry.parts.len(), subject.typed.by.len());
        let message = format!("`{}` has {wants} dimension(s), and a value of {has} is expected", subject.name);
        let help = "write a level of the map for the period and for each dimension, or a list of rows";
        found.push(Diagnostic::new(Code::BadTest, entry.value.span, message).help(help));
        entries.clear();
    }
    entries
}

/// `{2026-01-01: {DE: 3, FR: 1}}`: the period first, then each dimension.
fn nested<'a>(
    subject: &Subject,
    def: &'a ExpectedDef,
    way: &mut Vec<&'a Name>,
    entries: &mut Vec<Entry<'a>>,
    found: &mut Vec<Diagnostic>,
) {
    match def {
        ExpectedDef::By(map) => {
            for (name, inner) in map {
                way.push(name);
                nested(subject, inner, way, entries, found);
                way.pop();
            }
        }
        ExpectedDef::Value(value) => {
            let dated = subject.grain.is_some() || way.len() > subject.typed.by.len();
            let (period, parts) = match way.split_first() {
                Some((first, rest)) if dated => (Some(*first), rest),
                _ => (None, way.as_slice()),
            };
            entries.push(Entry { parts: parts.iter().map(|n| n.value.as_str()).collect(), period, value });
        }
        ExpectedDef::Rows(rows) => {
            let message = "a list of rows stands inside of a map";
            let span = rows.first().map_or(subject.span, |r| r.span);
            found.push(Diagnostic::new(Code::BadTest, span, message).help("write either rows or a map"));
        }
    }
}

/// `{period: 2026-01-01, country: DE, value: 3}`; the grain's word stands for `period`, the metric's for `value`.
fn of_row<'a>(
    subject: &Subject,
    row: &'a [(Name, Text)],
    span: Span,
    found: &mut Vec<Diagnostic>,
) -> Option<Entry<'a>> {
    let metric = subject.name.split(" by ").next().unwrap_or_default();
    let grain = subject.grain.map(|g| g.to_string()).unwrap_or_default();
    let get = |names: &[&str]| row.iter().find(|(n, _)| names.contains(&n.value.as_str()));
    let by: Vec<&str> = subject.typed.by.iter().map(String::as_str).collect();
    let known = |name: &str| ["period", "value", metric, &grain].contains(&name) || by.contains(&name);
    if let Some((name, _)) = row.iter().find(|(n, _)| !known(&n.value)) {
        let message = format!("a row of `{}` has no `{}`", subject.name, name.value);
        let keys = ["period"].into_iter().chain(by.iter().copied()).chain(["value"]);
        let help = format!("its keys are {}", keys.map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "));
        found.push(Diagnostic::new(Code::BadTest, name.span, message).help(help));
        return None;
    }
    let value = get(&["value", metric]);
    let parts: Option<Vec<&str>> = by.iter().map(|d| get(&[d]).map(|(_, text)| text.value.as_str())).collect();
    let dated = get(&["period", &grain]).map(|(_, text)| text);
    let (Some((_, value)), Some(parts)) = (value, parts) else {
        let message = format!("a row of `{}` lacks a dimension or its `value`", subject.name);
        found.push(Diagnostic::new(Code::BadTest, span, message).help("write `{period: …, DIMENSION: …, value: …}`"));
        return None;
    };
    Some(Entry { parts, period: dated, value })
}

/// `3`, `12.50 EUR`, `40%`, `null`: in the unit that is shown.
fn number(text: &Text, subject: &Subject, scope: &Scope) -> Result<Option<f64>, Diagnostic> {
    let written = text.value.trim();
    if ["null", "~", "no data"].contains(&written) {
        return Ok(None);
    }
    let bad = |message: String| {
        Diagnostic::new(Code::BadTest, text.span, message).help("write a number (`3`, `12.50 EUR`, `40%`) or `null`")
    };
    let percent = written.strip_suffix('%').map(str::trim);
    let (digits, unit) = match (percent, written.split_once(' ')) {
        (Some(percent), _) => (percent, None),
        (None, Some((digits, unit))) => (digits, Some(unit.trim())),
        (None, None) => (written, None),
    };
    let value = digits.replace('_', "").parse::<Decimal>().map(Decimal::to_f64).ok().or_else(|| digits.parse().ok());
    let Some(value) = value.filter(|v: &f64| v.is_finite()) else {
        return Err(bad(format!("`{written}` is no value of `{}`", subject.name)));
    };
    if percent.is_some() {
        return Ok(Some(value / 100.0));
    }
    let Some(unit) = unit else { return Ok(Some(value)) };
    let unit = scope.unit(unit, text.span)?;
    match unit.factor_to(&subject.typed.display) {
        Some(factor) => Ok(Some(value * factor.num as f64 / factor.den as f64)),
        None => Err(bad(format!("`{written}` is in another unit than `{}`", subject.name))),
    }
}

impl Expected {
    pub fn ask(&self) -> Ask {
        self.subject.ask(self.periods.clone())
    }

    /// What differs, a line each: `2026-01-01, DE: expected 3, found 2`.
    pub fn differences(&self, rows: &[AnswerRow], tolerance: Tolerance) -> Vec<String> {
        let shown = Shown::new(&self.subject.typed.expr, &self.subject.typed.display);
        let mut found: BTreeMap<(usize, Vec<String>), Value> = BTreeMap::new();
        for row in rows {
            let parts = row.by.iter().map(part).collect();
            found.insert((row.period, parts), shown.exact(&row.value));
        }
        let places: BTreeSet<&(usize, Vec<String>)> = self.wanted.keys().chain(found.keys()).collect();
        let mut lines = Vec::new();
        for place in places {
            let value = found.get(place);
            let number = value.and_then(Value::as_f64);
            let says = match (self.wanted.get(place), number) {
                (Some(Wanted { value: Some(expected), .. }), Some(found)) if tolerance.allows(*expected, found) => {
                    continue;
                }
                (Some(Wanted { value: None, .. }), None) => continue,
                // Parts that nobody asked about may be there without a value.
                (None, None) => continue,
                (None, Some(0.0)) => continue,
                (Some(wanted), _) => {
                    format!("expected {}", if wanted.value.is_none() { "no data" } else { &wanted.text })
                }
                (None, Some(_)) => "expected nothing".to_owned(),
            };
            let label = self.periods.get(place.0).map_or("", |p| p.label.as_str());
            let parts: String = place.1.iter().map(|p| format!(", {p}")).collect();
            let got = value.filter(|v| !v.is_null()).map_or("no data".to_owned(), ToString::to_string);
            lines.push(format!("{}: {label}{parts}: {says}, found {got}", self.subject.name));
        }
        lines
    }
}

/// A part as a test writes it.
fn part(value: &Value) -> String {
    if value.is_null() { "null".to_owned() } else { value.to_string() }
}
