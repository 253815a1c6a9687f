//! The data side: which files a source is made of, what they hold, and clean columns of their rows.
//!
//! Everything a file may be is met here, so that behind it there are only canonical arrays, rows that have a time and are in
//! scope, and a ledger of those that are not.

mod clean;
mod column;
pub(crate) mod convert;
mod counts;
mod dedup;
mod fields;
pub(crate) mod files;
pub(crate) mod finding;
mod hive;
mod ipc;
mod iso;
mod keys;
mod local;
mod lookup;
pub(crate) mod made;
mod nested;
mod numbers;
pub(crate) mod open;
mod parquet;
mod physical;
mod scan;
mod source;
mod stores;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod times;
pub(crate) mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use kepi_lang::diag::{Diagnostic, sort};
use kepi_lang::ir::{self, LookupId, Program, Settings, SourceId};
use kepi_lang::resolve::Tables;
use kepi_lang::results::Schemas;

use crate::cache::Cache;
use crate::progress::Progress;

pub(crate) use clean::sortable;
pub use clean::{Clean, Cleaner};
pub use counts::Counts;
pub use dedup::dedup;
pub use lookup::OpenLookup;
pub(crate) use physical::{canonical, list_of, one};
pub(crate) use scan::TAG;
pub use source::OpenSource;
pub(crate) use text::{Tape, field_of_json};

use column::declared;
use files::Folders;
pub(crate) use finding::{failed, finding_in};

use finding::{Owner, Role, metrics_of_lookup, metrics_of_source};
use table::{Table, Wanted};
use text::Check;

/// Keeps panics of the reading crates off the terminal: they are findings about files.
pub(crate) fn hush() {
    parquet::hush();
}

/// The tables of a program with their files.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// By index of [`SourceId`].
    pub sources: Vec<Arc<OpenSource>>,
    /// By index of [`LookupId`].
    pub lookups: Vec<Arc<OpenLookup>>,
}

/// What the files of a project hold, with every finding about them in one go: for `check`, before there is a program.
pub fn schemas(root: &Path, settings: &Settings, tables: &Tables) -> (Schemas, Vec<Diagnostic>) {
    schemas_seen(root, settings, tables, &Arc::default(), None)
}

/// As [`schemas`]; `progress` is told of every file, and what is found of text files is kept in `cache`.
pub fn schemas_seen(
    root: &Path,
    settings: &Settings,
    tables: &Tables,
    progress: &Arc<Progress>,
    cache: Option<&Arc<Cache>>,
) -> (Schemas, Vec<Diagnostic>) {
    text::forget();
    let mut schemas = Schemas::default();
    let none = tables.sources.is_empty() && tables.lookups.is_empty();
    parquet::hush();
    let (mut folders, mut findings) =
        if none { (Folders::default(), Vec::new()) } else { Folders::open(root, &settings.data) };
    folders.progress = Arc::clone(progress);
    folders.cache = cache.cloned();
    let missing = !findings.is_empty();
    let mut describe = |role: Role, table: &kepi_lang::resolve::Table| {
        // Nothing to read, or nowhere to read it: said already.
        if missing || table.files.is_empty() {
            return None;
        }
        let owner = Owner { role, name: table.name.clone(), span: table.span, metrics: Vec::new() };
        let wanted = Wanted {
            files: &table.files,
            format: table.format,
            text: table.text,
            checks: Check::of_declared(&table.declared, table.text.numbers, &settings.calendar.zone),
            remember: true,
            keep: table.first_read.clone(),
        };
        match Table::open(&folders, owner, &wanted) {
            Ok(open) => {
                findings.extend(open.excess.iter().cloned());
                let mut schema = open.described();
                for column in &table.declared {
                    let Some(finding) = declared(&open, column, &settings.calendar.zone) else { continue };
                    findings.push(finding);
                    // Said once: what comes after takes the declared type for true.
                    let described = schema.columns.iter_mut().find(|c| c.name == column.raw);
                    if let (Some(described), Some(ty)) = (described, column.ty) {
                        (described.ty, described.note) = (ty, None);
                    }
                }
                Some(schema)
            }
            Err(more) => {
                findings.extend(more);
                None
            }
        }
    };
    schemas.sources = tables.sources.iter().map(|table| describe(Role::Source, table)).collect();
    schemas.lookups = tables.lookups.iter().map(|table| describe(Role::Lookup, table)).collect();
    sort(&mut findings);
    (schemas, findings)
}

/// Opens the files of a program's tables. All findings of all tables at once.
pub fn open(
    root: &Path,
    program: &Program,
    progress: &Arc<Progress>,
    cache: Option<&Arc<Cache>>,
) -> Result<Opened, Vec<Diagnostic>> {
    let mut opened = Opened::default();
    if program.sources.is_empty() && program.lookups.is_empty() {
        return Ok(opened);
    }
    parquet::hush();
    let (mut folders, mut findings) = Folders::open(root, &program.settings.data);
    folders.progress = Arc::clone(progress);
    folders.cache = cache.cloned();
    if !findings.is_empty() {
        return Err(findings);
    }
    let lookups: Arc<[ir::Lookup]> = program.lookups.clone().into();
    for (def, id) in program.sources.iter().zip(0u32..) {
        let metrics = metrics_of_source(program, SourceId(id));
        let owner = Owner { role: Role::Source, name: def.name.clone(), span: def.span, metrics };
        let wanted = Wanted {
            files: &def.files,
            format: def.format,
            text: def.text,
            checks: Check::of_program(
                &def.columns,
                def.time.as_slice(),
                def.text.numbers,
                &program.settings.calendar.zone,
            ),
            remember: false,
            keep: Vec::new(),
        };
        match Table::open(&folders, owner, &wanted) {
            Ok(table) if !table.excess.is_empty() => findings.extend(table.excess),
            Ok(table) => opened.sources.push(Arc::new(OpenSource {
                id: SourceId(id),
                def: Arc::new(def.clone()),
                table: Arc::new(table),
                calendar: program.settings.calendar.clone(),
                lookups: Arc::clone(&lookups),
            })),
            Err(more) => findings.extend(more),
        }
    }
    let mut loaded = BTreeMap::new();
    for id in in_order(program) {
        let Some(def) = program.lookups.get(id.0 as usize) else { continue };
        let metrics = metrics_of_lookup(program, id);
        let owner = Owner { role: Role::Lookup, name: def.name.clone(), span: def.span, metrics };
        let wanted = Wanted {
            files: &def.files,
            format: def.format,
            text: def.text,
            checks: Check::of_program(&def.columns, &def.clocks, def.text.numbers, &program.settings.calendar.zone),
            remember: false,
            keep: Vec::new(),
        };
        let table = Table::open(&folders, owner, &wanted)
            .and_then(|table| if table.excess.is_empty() { Ok(table) } else { Err(table.excess) });
        // What rests on a lookup that cannot be read is no second mistake.
        let ready = def.reach().lookups(&program.lookups).iter().all(|other| loaded.contains_key(other));
        match table.and_then(|table| match ready {
            true => OpenLookup::load(id, def, table, program, &loaded).map(Some),
            false => Ok(None),
        }) {
            Ok(Some(lookup)) => _ = loaded.insert(id, Arc::new(lookup)),
            Ok(None) => {}
            Err(more) => findings.extend(more),
        }
    }
    opened.lookups = loaded.into_values().collect();
    if findings.is_empty() {
        return Ok(opened);
    }
    sort(&mut findings);
    Err(findings)
}

/// The lookups, each after those that its computed columns reach; there are no circles.
fn in_order(program: &Program) -> Vec<LookupId> {
    fn place(program: &Program, id: LookupId, seen: &mut BTreeSet<LookupId>, order: &mut Vec<LookupId>) {
        let Some(def) = program.lookups.get(id.0 as usize).filter(|_| seen.insert(id)) else { return };
        def.reach().lookups(&program.lookups).into_iter().for_each(|other| place(program, other, seen, order));
        order.push(id);
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    (0u32..).zip(&program.lookups).for_each(|(id, _)| place(program, LookupId(id), &mut seen, &mut order));
    order
}

#[cfg(test)]
mod tests;
