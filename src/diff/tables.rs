//! The manifest, sources and lookups as what they mean.

use crate::calendar::Calendar;
use crate::diff::define::{Definer, Definition, Meant, meant, part, unit};
use crate::diff::{Class, Key, Kind};
use crate::ir::print::Printer;
use crate::ir::{Column, Link, Lookup, Origin, Settings, Source};
use crate::source::{FileId, Span};

/// What the settings are called.
pub(super) const MANIFEST: &str = "kepi.yaml";

pub(super) fn tables(definer: &Definer) -> Vec<Definition> {
    let program = definer.side.program;
    let mut all = vec![settings(definer, &program.settings)];
    all.extend(definer.lookups.iter().map(|lookup| self::lookup(definer, lookup)));
    let named = program.sources.iter().zip(&definer.sources);
    all.extend(named.map(|(own, source)| self::source(definer, &own.name, source)));
    all
}

pub(super) fn zone(calendar: &Calendar) -> &str {
    calendar.zone.iana_name().unwrap_or("UTC")
}

/// Takes the project's zone out of what columns say of their reading.
pub(super) fn in_project_zone(columns: &mut [Column], zone: &str) {
    for time in columns.iter_mut().filter_map(|c| c.time.as_mut()).filter(|t| t.zone == zone) {
        time.zone.clear();
    }
}

fn settings(definer: &Definer, settings: &Settings) -> Definition {
    let calendar = &settings.calendar;
    let (month, day) = calendar.fiscal_year_start;
    let parts = vec![
        part("time zone", Class::Compatible, zone(calendar)),
        part("week start", Class::Compatible, format!("{:?}", calendar.week_start).to_lowercase()),
        part("fiscal year start", Class::Compatible, format!("{month:02}-{day:02}")),
        part("currency", Class::Breaking, settings.currency.clone().unwrap_or_default()),
        part("as of", Class::Compatible, settings.as_of.map(|t| calendar.local(t).to_string()).unwrap_or_default()),
        part("data", Class::Compatible, settings.data.join(", ")),
        part("name", Class::Prose, settings.name.clone()),
    ];
    let file = definer.side.scope.project.manifest.file;
    let mut definition = Definition::new(Key::new(Kind::Settings, MANIFEST), start(file), parts);
    definition.uses.clear();
    definition
}

fn start(file: FileId) -> Span {
    Span::new(file, 0, 0)
}

/// Which rows of a source count.
pub(super) fn rows(source: &Source, printer: &Printer) -> String {
    let key: Vec<String> = source.key.iter().map(|id| printer.column(&source.columns, &source.links, *id)).collect();
    let scope = source.scope.as_ref().map(|s| printer.row(s, source));
    format!("{key:?} {scope:?} {}", source.snapshot)
}

/// Where a source's rows come from, and how they are read.
pub(super) fn reading(source: &Source, printer: &Printer) -> String {
    let time = source.time.map(|id| printer.column(&source.columns, &source.links, id));
    let text = source.text;
    format!(
        "{:?} {:?} {text:?} {time:?} {:?} {}",
        files(&source.files),
        source.format,
        source.complete_until,
        source.delivered_daily
    )
}

fn files(files: &[(String, Span)]) -> Vec<&str> {
    let mut files: Vec<&str> = files.iter().map(|(f, _)| f.as_str()).collect();
    files.sort_unstable();
    files
}

fn source(definer: &Definer, own: &str, source: &Source) -> Definition {
    let printer = definer.printer();
    let people = Printer::new(&definer.sources, &definer.lookups);
    let name = |id: &crate::ir::ColumnId| people.column(&source.columns, &source.links, *id);
    let key: Vec<String> = source.key.iter().map(name).collect();
    let scope = source.scope.as_ref().map(|s| people.row(s, source)).unwrap_or_default();
    let shown = if key.is_empty() { scope } else { format!("{scope} key {}", key.join(", ")).trim().to_owned() };
    let mut parts = vec![
        meant("scope", Class::Breaking, rows(source, &printer), shown),
        meant("files", Class::Compatible, reading(source, &printer), files(&source.files).join(", ")),
        part("time", Class::Compatible, source.time.as_ref().map(name).unwrap_or_default()),
        part("actor", Class::Compatible, source.actor.as_ref().map(name).unwrap_or_default()),
        part("snapshot", Class::Breaking, if source.snapshot { "yes" } else { "" }),
    ];
    parts.extend(columns(&source.columns, &source.links, &printer));
    parts.push(links(&source.links, &source.columns, definer));
    let key = Key::new(Kind::Source, own);
    Definition::new(key, source.span, parts).uses(linked(&source.links, definer))
}

fn lookup(definer: &Definer, lookup: &Lookup) -> Definition {
    let printer = definer.printer();
    let column = |id: &crate::ir::ColumnId| printer.column(&lookup.columns, &lookup.links, *id);
    let name = |id: &crate::ir::ColumnId| lookup.columns.get(id.0 as usize).map_or("", |c| c.name.as_str());
    let key: Vec<String> = lookup.key.iter().map(column).collect();
    let valid = lookup.valid.map(|(from, to)| (column(&from), column(&to)));
    let latest = lookup.latest.as_ref().map(column);
    // A condition is printed over the columns of a source: the lookup's own, here.
    let scope = lookup.scope.as_ref().map(|s| format!("{s:?}"));
    let shown: Vec<&str> = lookup.key.iter().map(name).collect();
    let mut parts = vec![
        meant("scope", Class::Breaking, format!("{key:?} {valid:?} {latest:?} {scope:?}"), shown.join(", ")),
        meant(
            "files",
            Class::Compatible,
            format!("{:?} {:?} {:?}", files(&lookup.files), lookup.format, lookup.text),
            files(&lookup.files).join(", "),
        ),
    ];
    parts.extend(columns(&lookup.columns, &lookup.links, &printer));
    parts.push(links(&lookup.links, &lookup.columns, definer));
    let key = Key::new(Kind::Lookup, &lookup.name);
    Definition::new(key, lookup.span, parts).uses(linked(&lookup.links, definer))
}

/// The declared columns: what they are read from, and their units.
fn columns(columns: &[Column], links: &[Link], printer: &Printer) -> Vec<Meant> {
    let mut meanings = Vec::new();
    let mut units = Vec::new();
    let mut spelt = Vec::new();
    for (column, id) in columns.iter().zip(0u32..) {
        let computed = matches!(column.origin, Origin::Computed(_));
        if !(column.declared || computed || !column.unit.is_none()) {
            continue;
        }
        let meaning = printer.column(columns, links, crate::ir::ColumnId(id));
        meanings.push(format!("{} {meaning} {:?}", column.name, column.ty));
        if !column.unit.is_none() {
            units.push(format!("{} {}", column.name, unit(&column.unit)));
            spelt.push(format!("{} {}", column.name, column.unit));
        }
    }
    for list in [&mut meanings, &mut units, &mut spelt] {
        list.sort();
    }
    vec![
        meant("unit", Class::Breaking, units.join("\n"), spelt.join(", ")),
        meant("columns", Class::Compatible, meanings.join("\n"), ""),
    ]
}

fn links(links: &[Link], columns: &[Column], definer: &Definer) -> Meant {
    let name = |id: &crate::ir::ColumnId| columns.get(id.0 as usize).map_or("", |c| c.name.as_str());
    let mut lines: Vec<String> = links
        .iter()
        .map(|link| {
            let by: Vec<&str> = link.columns.iter().map(name).collect();
            let to = definer.side.program.lookups.get(link.lookup.0 as usize).map_or("", |l| l.name.as_str());
            format!("{}: {} -> {to}", link.name, by.join(", "))
        })
        .collect();
    lines.sort();
    part("links", Class::Compatible, lines.join("; "))
}

fn linked(links: &[Link], definer: &Definer) -> Vec<Key> {
    let lookup = |link: &Link| definer.side.program.lookups.get(link.lookup.0 as usize);
    links.iter().filter_map(lookup).map(|l| Key::new(Kind::Lookup, &l.name)).collect()
}
