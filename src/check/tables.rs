//! Sources and lookups: their columns, clocks, actors and links.

mod actors;
mod columns;
mod links;
mod times;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::diag::suggest::did_you_mean;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Column, ColumnId, Origin, RowExpr, ScalarType, SourceId};
use crate::resolve::Project;
use crate::results::{Schema, Schemas};
use crate::syntax::document::{LookupDef, SourceDef, Text, TimeDef};
use crate::unit::{Names, Unit};

pub(super) use actors::{column as actor_column, entity as actor_entity, link as actor_link, parts as actor_parts};
/// A column that nothing is known of, in a check without data.
pub(super) use columns::unknown as open_column;
pub(super) use links::Links;
pub(super) use times::Clock;

/// The columns of a source or of a lookup. Without a file's schema a name that is used becomes a column.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) list: RefCell<Vec<Column>>,
    by_name: RefCell<HashMap<String, ColumnId>>,
    /// No schema is known: any name may be a column.
    pub(super) open: bool,
    /// Computed columns that are not typed yet, by number: the definition.
    pub(super) pending: RefCell<BTreeMap<u32, usize>>,
    /// Times of the file whose zone nobody said: an error once they are used.
    zoneless: RefCell<BTreeSet<u32>>,
    /// Why columns that look like numbers are text.
    notes: RefCell<BTreeMap<u32, String>>,
    /// Of columns that are fields of the elements of lists: the file's column of those.
    elements: RefCell<BTreeMap<u32, String>>,
}

#[derive(Debug)]
pub(super) struct SourceTable {
    pub(super) id: SourceId,
    pub(super) columns: Columns,
    pub(super) clock: Clock,
    pub(super) time: Option<ColumnId>,
    pub(super) actor: Option<ColumnId>,
    pub(super) entity: Option<String>,
    pub(super) key: Vec<ColumnId>,
    pub(super) links: Links,
    pub(super) actor_link: Option<u32>,
    pub(super) scope: OnceCell<RowExpr>,
    pub(super) snapshot: bool,
    pub(super) complete_until: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct LookupTable {
    pub(super) columns: Columns,
    /// As many as the definition names.
    pub(super) key: Vec<ColumnId>,
    pub(super) valid: Option<(ColumnId, ColumnId)>,
    pub(super) latest: Option<ColumnId>,
    pub(super) clocks: Vec<ColumnId>,
    pub(super) scope: OnceCell<RowExpr>,
    pub(super) links: Links,
    pub(super) actor: bool,
    /// What its key of one column, or its name, says that it describes.
    entities: Vec<String>,
}

impl Columns {
    pub(super) fn find(&self, name: &str) -> Option<ColumnId> {
        self.by_name.borrow().get(name).copied()
    }

    pub(super) fn get(&self, id: ColumnId) -> Option<Column> {
        self.list.borrow().get(id.0 as usize).cloned()
    }

    pub(super) fn typed(&self, id: ColumnId) -> Option<(ScalarType, Unit)> {
        self.list.borrow().get(id.0 as usize).map(|c| (c.ty, c.unit.clone()))
    }

    /// The column that holds the file's column of this name.
    pub(super) fn find_raw(&self, raw: &str) -> Option<ColumnId> {
        let list = self.list.borrow();
        let at = list.iter().position(|c| matches!(&c.origin, Origin::File(name) if name == raw))?;
        u32::try_from(at).ok().map(ColumnId)
    }

    pub(super) fn add(&self, column: Column, named: bool) -> ColumnId {
        let mut list = self.list.borrow_mut();
        let id = ColumnId(u32::try_from(list.len()).unwrap_or(u32::MAX));
        if named {
            self.by_name.borrow_mut().entry(column.name.clone()).or_insert(id);
        }
        list.push(column);
        id
    }

    pub(super) fn update(&self, id: ColumnId, change: impl FnOnce(&mut Column)) {
        if let Some(column) = self.list.borrow_mut().get_mut(id.0 as usize) {
            change(column);
        }
    }

    /// Names for "did you mean", in order.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.by_name.borrow().keys().cloned().collect();
        names.sort();
        names
    }

    pub(super) fn note(&self, id: ColumnId) -> Option<String> {
        self.notes.borrow().get(&id.0).cloned()
    }

    /// The file's column of lists whose elements a column is a field of.
    pub(super) fn list_around(&self, id: ColumnId) -> Option<String> {
        self.elements.borrow().get(&id.0).cloned()
    }

    /// The names of columns that are fields of the elements of such lists, in order.
    pub(super) fn fields_of_elements(&self, list: &str) -> Vec<String> {
        let (columns, elements) = (self.list.borrow(), self.elements.borrow());
        let of = elements.iter().filter(|(_, around)| *around == list);
        let mut names: Vec<_> = of.filter_map(|(at, _)| Some(columns.get(*at as usize)?.name.clone())).collect();
        names.sort();
        names
    }

    pub(super) fn is_zoneless(&self, id: ColumnId) -> bool {
        self.zoneless.borrow().contains(&id.0)
    }
}

/// Everything that is known of tables before an expression is read.
pub(super) struct Built {
    pub(super) sources: Vec<SourceTable>,
    pub(super) lookups: Vec<LookupTable>,
    pub(super) units: Names,
    pub(super) found: Vec<Diagnostic>,
}

pub(super) fn build(project: &Project, schemas: Option<&Schemas>) -> Built {
    let mut found = Vec::new();
    let entities = project.sources.iter().filter_map(|s| actors::entity(&s.actor));
    let others = project.events.iter().filter_map(|e| actors::entity(&e.actor));
    let units = Names { currency: project.settings.currency.clone(), entities: entities.chain(others).collect() };
    let lookups: Vec<_> = project
        .lookups
        .iter()
        .enumerate()
        .map(|(i, def)| {
            let schema = schemas.and_then(|s| s.lookups.get(i)).and_then(Option::as_ref);
            lookup(def, schema, project, &units, &mut found)
        })
        .collect();
    actors::one_each(units.entities.iter(), &lookups, project, &mut found);
    let sources = project
        .sources
        .iter()
        .enumerate()
        .map(|(i, def)| {
            let schema = schemas.and_then(|s| s.sources.get(i)).and_then(Option::as_ref);
            let id = SourceId(u32::try_from(i).unwrap_or(u32::MAX));
            source(id, def, schema, (project, &lookups), &units, &mut found)
        })
        .collect();
    Built { sources, lookups, units, found }
}

fn lookup(
    def: &LookupDef,
    schema: Option<&Schema>,
    project: &Project,
    units: &Names,
    found: &mut Vec<Diagnostic>,
) -> LookupTable {
    let source = def.source.as_ref().and_then(|name| project.sources.iter().find(|s| s.name.value == name.value));
    // What a source says of its times has been looked at with the source.
    let clock = match source {
        Some(source) => Clock::of_source(source, &project.settings, &mut Vec::new()),
        None => Clock::of_lookup(&project.settings),
    };
    let valid = def.valid.iter().flat_map(|v| [&v.from, &v.to]);
    let named = |text: &&Text| !def.columns.iter().any(|c| c.name.value == text.value);
    let own = source.and_then(|source| match &source.time {
        Some(TimeDef::Column(text)) => Some(text),
        _ => None,
    });
    let times: Vec<&Text> = def.latest.iter().chain(own).collect();
    let needed: Vec<&Text> = def.key.iter().chain(valid.filter(named)).chain(times.iter().copied()).collect();
    // So have the columns of a source.
    let mut unsaid = Vec::new();
    let findings = if source.is_some() { &mut unsaid } else { &mut *found };
    let columns = columns::build((&def.columns, def.name.span), &needed, &times, schema, &clock, units, findings);
    let latest = def.latest.as_ref().and_then(|text| columns::clock_column(&columns, &text.value));
    let clocks = times.iter().filter_map(|text| columns::clock_column(&columns, &text.value)).collect();
    let key = def.key.iter().map(|text| columns.find_raw(&text.value).unwrap_or(ColumnId(0))).collect();
    let links = Links::declared(&def.links, &format!("the lookup `{}`", def.name.value), &columns, project, found);
    let alone = actors::entity(&def.key).filter(|_| def.key.len() == 1);
    let entities = alone.into_iter().chain([def.name.value.to_lowercase()]).collect();
    let valid = def.valid.as_ref().and_then(|valid| {
        let mut column = |text| times::validity(&columns, text, &clock, &def.name.value, found);
        column(&valid.from).zip(column(&valid.to))
    });
    let (scope, actor) = (OnceCell::new(), def.actor.as_ref().is_some_and(|a| a.value));
    LookupTable { columns, key, valid, latest, clocks, scope, links, actor, entities }
}

fn source(
    id: SourceId,
    def: &SourceDef,
    schema: Option<&Schema>,
    (project, lookups): (&Project, &[LookupTable]),
    units: &Names,
    found: &mut Vec<Diagnostic>,
) -> SourceTable {
    let clock = Clock::of_source(def, &project.settings, found);
    let time = match &def.time {
        Some(TimeDef::Column(text)) => Some(text),
        _ => None,
    };
    let needed: Vec<&Text> = time.into_iter().chain(&def.actor).chain(&def.key).collect();
    let columns = columns::build((&def.columns, def.name.span), &needed, time.as_slice(), schema, &clock, units, found);
    let raw = |text: &Text| columns.find_raw(&text.value);
    let time = time.and_then(|text| columns::clock_column(&columns, &text.value));
    // A field of a JSON text is computed.
    let part = |text: &Text| raw(text).or_else(|| columns.find(&text.value));
    let parts: Vec<ColumnId> = def.actor.iter().filter_map(part).collect();
    let actor = actors::column(&columns, &parts);
    let key = def.key.iter().filter_map(raw).collect();
    let entity = actors::entity(&def.actor);
    let complete_until = def.complete_until.as_ref().and_then(|text| match until(text, project) {
        Ok(t) => Some(t),
        Err(finding) => {
            found.push(finding);
            None
        }
    });
    if let Some(text) = def.delivered.as_ref().filter(|text| text.value != "daily") {
        let near = did_you_mean(&text.value, ["daily"]);
        let message = format!("`{}` is no rhythm of delivery{near}", text.value);
        let help = "write `delivered: daily`, or say up to where the files are complete: `complete_until: 2026-09-30`";
        found.push(Diagnostic::new(Code::WrongValue, text.span, message).help(help));
    }
    let links = Links::declared(&def.links, &format!("the source `{}`", def.name.value), &columns, project, found);
    let mut table = SourceTable {
        id,
        columns,
        clock,
        time,
        actor,
        entity,
        key,
        links,
        actor_link: None,
        scope: OnceCell::new(),
        snapshot: def.snapshot.as_ref().is_some_and(|s| s.value),
        complete_until,
    };
    if let Some(at) = actors::link(&table, &def.actor, &parts, project, lookups) {
        table.actor_link = Some(at);
        if let Some(l) = table.links.get(at).and_then(|link| project.lookups.get(link.lookup.0 as usize)) {
            table.links.call(&l.name.value, at);
        }
    }
    table
}

/// A date stands for its end: data are there up to and including that day.
fn until(text: &Text, project: &Project) -> Result<Timestamp, Diagnostic> {
    let calendar = &project.settings.calendar;
    if let Ok(date) = calendar.parse_date(&text.value) {
        return Ok(date.tomorrow().map_or(Timestamp::MAX, |next| calendar.date_start(next)));
    }
    calendar.parse_instant(&text.value).map_err(|e| e.at(text.span))
}
