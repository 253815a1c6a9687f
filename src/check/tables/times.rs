//! How a table's times are read.

use crate::calendar::Calendar;
use crate::check::tables::Columns;
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{ColumnId, LocalPolicy, Origin, ScalarType, Settings, TimeFormat, TimeReading};
use crate::results::SchemaColumn;
use crate::source::Span;
use crate::syntax::document::{SourceDef, Text};

/// What a source says of its times.
#[derive(Clone, Debug)]
pub(in crate::check) struct Clock {
    format: Option<TimeFormat>,
    zone: Option<String>,
    /// What stands in for a zone that nothing needs.
    project_zone: String,
    on_gap: LocalPolicy,
    on_overlap: LocalPolicy,
}

const FORMATS: [(&str, TimeFormat); 5] = [
    ("auto", TimeFormat::Auto),
    ("iso", TimeFormat::Auto),
    ("epoch_s", TimeFormat::EpochSeconds),
    ("epoch_ms", TimeFormat::EpochMilliseconds),
    ("epoch_us", TimeFormat::EpochMicroseconds),
];

fn format(text: &Text, found: &mut Vec<Diagnostic>) -> Option<TimeFormat> {
    if text.value.contains('%') {
        return Some(TimeFormat::Pattern(text.value.clone()));
    }
    if let Some((_, format)) = FORMATS.iter().find(|(word, _)| *word == text.value) {
        return Some(format.clone());
    }
    let near = did_you_mean(&text.value, FORMATS.iter().map(|(word, _)| *word));
    let message = format!("`{}` is no time format{near}", text.value);
    let help = "write `epoch_s`, `epoch_ms`, `epoch_us`, `iso`, or a pattern such as `%d/%m/%Y %H:%M`";
    found.push(Diagnostic::new(Code::WrongValue, text.span, message).help(help));
    None
}

fn zone(text: &Text, found: &mut Vec<Diagnostic>) -> Option<String> {
    match Calendar::zone(&text.value) {
        Ok(_) => Some(text.value.clone()),
        Err(error) => {
            found.push(error.at(text.span));
            // Said, if badly: nothing is to be found missing.
            Some("UTC".to_owned())
        }
    }
}

fn policy(text: Option<&Text>, default: LocalPolicy, found: &mut Vec<Diagnostic>) -> LocalPolicy {
    let Some(text) = text else { return default };
    match text.value.as_str() {
        "earlier" => LocalPolicy::Earlier,
        "later" => LocalPolicy::Later,
        "reject" => LocalPolicy::Reject,
        other => {
            let message = format!("`{other}` is no policy{}", did_you_mean(other, ["earlier", "later", "reject"]));
            let help = "write `earlier`, `later` or `reject`";
            found.push(Diagnostic::new(Code::WrongValue, text.span, message).help(help));
            default
        }
    }
}

impl Clock {
    fn plain(settings: &Settings) -> Self {
        Self {
            format: None,
            zone: None,
            project_zone: settings.calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
            on_gap: LocalPolicy::Later,
            on_overlap: LocalPolicy::Earlier,
        }
    }

    pub(super) fn of_lookup(settings: &Settings) -> Self {
        Self::plain(settings)
    }

    pub(super) fn of_source(def: &SourceDef, settings: &Settings, found: &mut Vec<Diagnostic>) -> Self {
        Self {
            format: def.time_format.as_ref().and_then(|t| format(t, found)),
            zone: def.time_zone.as_ref().and_then(|t| zone(t, found)),
            on_gap: policy(def.on_gap.as_ref(), LocalPolicy::Later, found),
            on_overlap: policy(def.on_overlap.as_ref(), LocalPolicy::Earlier, found),
            ..Self::plain(settings)
        }
    }

    /// What a column says of itself goes first.
    pub(super) fn with_own(
        &self,
        own_format: Option<&Text>,
        own_zone: Option<&Text>,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut clock = self.clone();
        if let Some(text) = own_format {
            clock.format = format(text, found);
        }
        if let Some(text) = own_zone {
            clock.zone = zone(text, found);
        }
        clock
    }

    /// How a column of instants is read. `Err`: what is missing.
    pub(in crate::check) fn reading(&self, file: Option<&SchemaColumn>) -> Result<TimeReading, Unread> {
        let own = file.is_some_and(|f| matches!(f.ty, ScalarType::Instant | ScalarType::Date));
        // A format is for text and numbers; the file's own times need none.
        let format = if own { TimeFormat::Auto } else { self.format.clone().unwrap_or(TimeFormat::Auto) };
        let epoch =
            matches!(format, TimeFormat::EpochSeconds | TimeFormat::EpochMilliseconds | TimeFormat::EpochMicroseconds);
        match file.map(|f| f.ty) {
            Some(ty) if ty.is_number() && !epoch => return Err(Unread::Number),
            Some(ScalarType::Bool) => return Err(Unread::NoTime),
            _ => {}
        }
        let naive_pattern = matches!(&format, TimeFormat::Pattern(p) if !has_offset(p));
        let naive_file = file.is_some_and(|f| f.naive && f.ty != ScalarType::Date);
        if self.zone.is_none() && (naive_pattern || (naive_file && !epoch)) {
            return Err(Unread::Zone);
        }
        let zone = self.zone.clone().unwrap_or_else(|| self.project_zone.clone());
        Ok(TimeReading { format, zone, on_gap: self.on_gap, on_overlap: self.on_overlap })
    }

    /// The reading of a time whose finding is reported elsewhere.
    pub(super) fn any(&self) -> TimeReading {
        TimeReading {
            format: TimeFormat::Auto,
            zone: self.project_zone.clone(),
            on_gap: self.on_gap,
            on_overlap: self.on_overlap,
        }
    }
}

fn has_offset(pattern: &str) -> bool {
    ["%z", "%:z", "%Z", "%Q", "%:Q", "%s", "%c"].iter().any(|d| pattern.contains(d))
}

/// Why the times of a column cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Unread {
    Number,
    NoTime,
    Zone,
}

impl Unread {
    pub(in crate::check) fn finding(self, column: &str, span: Span, file: Option<&SchemaColumn>) -> Diagnostic {
        let physical = file.map_or("something else", |f| f.physical.as_str());
        let (message, help) = match self {
            Self::Number => (
                format!("the times of `{column}` are numbers ({physical}); what they count is not said"),
                "add `time_format: epoch_s`, `epoch_ms` or `epoch_us`",
            ),
            Self::NoTime => {
                (format!("`{column}` is {physical} in the file, which is no time"), "name a column that holds times")
            }
            Self::Zone => (
                format!("the times of `{column}` have no zone: they name different instants in different places"),
                "say where the clock hung: `time_zone: Europe/Berlin`",
            ),
        };
        Diagnostic::new(Code::TimeReading, span, message).help(help)
    }
}

/// A column that says from when or to when a row of a lookup holds.
pub(super) fn validity(
    columns: &Columns,
    text: &Text,
    clock: &Clock,
    lookup: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<ColumnId> {
    let of_file = |id: &ColumnId| columns.get(*id).is_some_and(|c| matches!(c.origin, Origin::File(_)));
    let id = columns.find_raw(&text.value).or_else(|| columns.find(&text.value).filter(of_file));
    let Some((id, column)) = id.and_then(|id| Some((id, columns.get(id)?))) else {
        let message = format!("the lookup `{lookup}` has no column `{}` in its files", text.value);
        found.push(Diagnostic::new(Code::UnknownColumn, text.span, message));
        return None;
    };
    let problem = match column.ty {
        _ if columns.is_zoneless(id) => "of times without a zone",
        ScalarType::Date | ScalarType::Instant | ScalarType::Null | ScalarType::Unknown => return Some(id),
        // Said where the files were looked into.
        ScalarType::Error => return None,
        other if other.is_number() => "of numbers",
        _ => "no column of dates or times",
    };
    let message = format!("`{}` is {problem}: it does not say when a row of `{lookup}` holds", text.value);
    let help = format!(
        "declare how it is read: `columns: {{{}: {{type: instant, time_zone: {}}}}}`, with a `time_format:` where it needs one",
        text.value, clock.project_zone
    );
    found.push(Diagnostic::new(Code::TimeReading, text.span, message).help(help));
    None
}
