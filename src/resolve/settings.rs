//! The manifest's settings.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::calendar::Calendar;
use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::Settings;
use crate::resolve::tables;
use crate::syntax::document::{Manifest, Text};
use crate::unit::{Names, Unit};

/// The folder that sources may read unless the manifest names others.
const DATA: &str = "data";

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

pub fn settings(manifest: &Manifest, findings: &mut Vec<Diagnostic>) -> Settings {
    let zone = match &manifest.time_zone {
        None => TimeZone::UTC,
        Some(text) => match Calendar::zone(&text.value) {
            Ok(zone) => zone,
            Err(error) => {
                findings.push(error.at(text.span));
                TimeZone::UTC
            }
        },
    };
    let week_start = manifest.week_start.as_ref().map_or(Weekday::Monday, |t| weekday(t, findings));
    let fiscal = manifest.fiscal_year_start.as_ref().map_or((1, 1), |t| month_day(t, findings));
    let plain = || Calendar { zone: zone.clone(), week_start, fiscal_year_start: (1, 1) };
    let calendar = match Calendar::new(zone.clone(), week_start, fiscal) {
        Ok(calendar) => calendar,
        Err(error) => {
            findings.extend(manifest.fiscal_year_start.as_ref().map(|t| error.at(t.span)));
            plain()
        }
    };
    let as_of = manifest.as_of.as_ref().and_then(|text| match calendar.parse_instant(&text.value) {
        Ok(at) => Some(at),
        Err(error) => {
            findings.push(error.at(text.span));
            None
        }
    });
    Settings {
        name: manifest.name.as_ref().map_or_else(|| "kepi".to_string(), |t| t.value.clone()),
        calendar,
        currency: manifest.currency.as_ref().and_then(|t| currency(t, findings)),
        as_of,
        stated_as_of: as_of,
        data: data(manifest, findings),
    }
}

fn weekday(text: &Text, findings: &mut Vec<Diagnostic>) -> Weekday {
    let wanted = text.value.to_lowercase();
    if let Some((_, day)) = WEEKDAYS.iter().find(|(name, _)| *name == wanted) {
        return *day;
    }
    let hint = did_you_mean(&wanted, WEEKDAYS.map(|(name, _)| name));
    findings.push(
        Diagnostic::new(Code::BadSetting, text.span, format!("`{}` is no day of the week{hint}", text.value))
            .help("write `monday`, `sunday` or another day"),
    );
    Weekday::Monday
}

fn month_day(text: &Text, findings: &mut Vec<Diagnostic>) -> (i8, i8) {
    let parts = text.value.split_once('-').filter(|(m, d)| m.len() == 2 && d.len() == 2);
    if let Some((Ok(month), Ok(day))) = parts.map(|(m, d)| (m.parse::<i8>(), d.parse::<i8>())) {
        return (month, day);
    }
    findings.push(
        Diagnostic::new(Code::BadSetting, text.span, format!("`{}` is no month and day", text.value))
            .help("write the month and the day that the fiscal year begins with: `04-01`"),
    );
    (1, 1)
}

fn currency(text: &Text, findings: &mut Vec<Diagnostic>) -> Option<String> {
    if Unit::parse(&text.value, &Names::default()).is_some_and(|u| u.is_currency()) {
        return Some(text.value.clone());
    }
    findings.push(
        Diagnostic::new(Code::BadSetting, text.span, format!("`{}` is no currency of ISO 4217", text.value))
            .help("write the code in capitals: `EUR`, `USD`, `GBP`"),
    );
    None
}

fn data(manifest: &Manifest, findings: &mut Vec<Diagnostic>) -> Vec<String> {
    for pattern in &manifest.definitions {
        tables::confined(pattern, "definition files", findings);
    }
    let folders: Vec<String> = manifest
        .data
        .iter()
        .filter(|text| tables::placed(text, "the data folder", false, findings))
        .map(|text| text.value.clone())
        .collect();
    if folders.is_empty() { vec![DATA.to_string()] } else { folders }
}
