//! The data side: which files a source is made of, what they hold, and clean columns of their rows.
//!
//! Everything a file may be is met here, so that behind it there are only canonical arrays, rows that have a time and are in
//! scope, and a ledger of those that are not.

mod clean;
mod column;
mod convert;
mod counts;
mod dedup;
mod files;
mod finding;
mod iso;
mod local;
mod lookup;
mod open;
mod parquet;
mod physical;
mod scan;
mod source;
mod table;
mod text;
mod times;
mod trouble;

use std::path::Path;
use std::sync::Arc;

use kepi_lang::diag::{Diagnostic, sort};
use kepi_lang::ir::{LookupId, Program, Settings, SourceId};
use kepi_lang::resolve::Tables;
use kepi_lang::results::Schemas;

pub use clean::{Clean, Cleaner};
pub use counts::Counts;
pub use dedup::dedup;
pub use lookup::OpenLookup;
pub use source::OpenSource;

use column::declared;
use files::Folders;
pub(crate) use finding::{failed, finding_in};

use finding::{Owner, Role, metrics_of_lookup, metrics_of_source};
use table::{Table, Wanted};
use text::Check;

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
    let mut schemas = Schemas::default();
    let none = tables.sources.is_empty() && tables.lookups.is_empty();
    parquet::hush();
    let (folders, mut findings) =
        if none { (Folders::default(), Vec::new()) } else { Folders::open(root, &settings.data) };
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
            checks: Check::of_declared(&table.declared, &settings.calendar.zone),
            remember: true,
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
pub fn open(root: &Path, program: &Program) -> Result<Opened, Vec<Diagnostic>> {
    let mut opened = Opened::default();
    if program.sources.is_empty() && program.lookups.is_empty() {
        return Ok(opened);
    }
    parquet::hush();
    let (folders, mut findings) = Folders::open(root, &program.settings.data);
    if !findings.is_empty() {
        return Err(findings);
    }
    for (def, id) in program.sources.iter().zip(0u32..) {
        let metrics = metrics_of_source(program, SourceId(id));
        let owner = Owner { role: Role::Source, name: def.name.clone(), span: def.span, metrics };
        let wanted = Wanted {
            files: &def.files,
            format: def.format,
            text: def.text,
            checks: Check::of_program(&def.columns, def.time, &program.settings.calendar.zone),
            remember: false,
        };
        match Table::open(&folders, owner, &wanted) {
            Ok(table) if !table.excess.is_empty() => findings.extend(table.excess),
            Ok(table) => opened.sources.push(Arc::new(OpenSource {
                id: SourceId(id),
                def: Arc::new(def.clone()),
                table: Arc::new(table),
                calendar: program.settings.calendar.clone(),
            })),
            Err(more) => findings.extend(more),
        }
    }
    for (def, id) in program.lookups.iter().zip(0u32..) {
        let metrics = metrics_of_lookup(program, id as usize);
        let owner = Owner { role: Role::Lookup, name: def.name.clone(), span: def.span, metrics };
        let wanted = Wanted {
            files: &def.files,
            format: def.format,
            text: def.text,
            checks: Check::of_program(&def.columns, None, &program.settings.calendar.zone),
            remember: false,
        };
        let loaded = Table::open(&folders, owner, &wanted)
            .and_then(|table| if table.excess.is_empty() { Ok(table) } else { Err(table.excess) })
            .and_then(|table| OpenLookup::load(LookupId(id), def, table, &program.settings.calendar));
        match loaded {
            Ok(lookup) => opened.lookups.push(Arc::new(lookup)),
            Err(more) => findings.extend(more),
        }
    }
    if findings.is_empty() {
        return Ok(opened);
    }
    sort(&mut findings);
    Err(findings)
}

#[cfg(test)]
mod tests;
