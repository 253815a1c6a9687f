//! `sources` and `lookups`.

use crate::profile::draft::columns::{self, Columns};
use crate::profile::draft::{Periods, Table, comment, entries, entry, time_format};
use crate::profile::guess::{Guess, Written, named_id};
use crate::profile::names::{Taken, cleaned};
use crate::syntax::print::{yaml, yaml_in_flow};
use crate::unit::{entity_of, noun, plural};

/// A table on its way to a definition.
pub(super) struct Plan<'a> {
    pub table: &'a Table<'a>,
    pub name: String,
    pub columns: Columns,
    /// What the actors are, in the plural.
    pub actors: Option<String>,
    pub periods: Option<Periods>,
    lookup: Option<Lookup>,
    /// Name of the link, raw column, lookup.
    links: Vec<(String, String, String)>,
}

/// Facts about what other tables name.
struct Lookup {
    key: String,
    actor: bool,
}

impl Plan<'_> {
    pub fn is_lookup(&self) -> bool {
        self.lookup.is_some()
    }
}

pub(super) fn plan<'a>(tables: &'a [Table<'a>], taken: &mut Taken) -> Vec<Plan<'a>> {
    let mut plans: Vec<Plan> = tables
        .iter()
        .map(|table| {
            let actor = table.guess.actor.as_ref().map(|actor| entity(&actor.column));
            Plan {
                table,
                name: taken.give(&cleaned(&table.profile.name, "events")),
                columns: columns::columns(table),
                actors: actor.map(|entity| plural(&entity)),
                periods: table.times.and_then(Periods::of),
                lookup: lookup(table, tables),
                links: Vec::new(),
            }
        })
        .collect();
    let facts: Vec<(String, String)> = plans
        .iter()
        .filter_map(|plan| plan.lookup.as_ref().filter(|l| !l.actor).map(|l| (plan.name.clone(), l.key.clone())))
        .collect();
    for plan in plans.iter_mut().filter(|plan| plan.lookup.is_none()) {
        for (lookup, key) in &facts {
            if plan.table.profile.column(key).is_some() {
                plan.links.push((cleaned(&entity(key), "link"), key.clone(), lookup.clone()));
            }
        }
    }
    plans
}

/// A table without time whose rows are told apart by a column that a table with time has as well.
fn lookup(table: &Table, all: &[Table]) -> Option<Lookup> {
    if table.guess.clock.is_some() || table.profile.step > 1 {
        return None;
    }
    let rows = table.profile.seen;
    let mut keys = table.profile.columns.iter().filter(|column| {
        column.nulls == 0 && column.distinct.value == rows && !column.distinct.about && named_id(column) && rows > 0
    });
    keys.find_map(|key| {
        let others = all.iter().filter(|other| other.guess.clock.is_some());
        let with: Vec<&Table> = others.filter(|other| other.profile.column(&key.name).is_some()).collect();
        let alone =
            |guess: &Guess| guess.within.is_none() && guess.actor.as_ref().is_some_and(|a| a.column == key.name);
        let actor = with.iter().any(|other| alone(other.guess));
        (!with.is_empty()).then(|| Lookup { key: key.name.clone(), actor })
    })
}

/// `customer` of `CustomerID`, as the checks of what is written will call it.
pub(super) fn entity(column: &str) -> String {
    entity_of(column).map_or_else(|| "actor".to_owned(), |entity| noun(&entity))
}

pub(super) fn write(plans: &[Plan]) -> String {
    let mut text = String::new();
    let (facts, sources): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(|plan| plan.is_lookup());
    if !sources.is_empty() {
        text += "sources:\n";
        text += &sources.iter().map(|plan| source(plan)).collect::<Vec<_>>().join("\n");
    }
    if !facts.is_empty() {
        text += if text.is_empty() { "lookups:\n" } else { "\nlookups:\n" };
        text += &facts.iter().map(|plan| facts_of(plan)).collect::<Vec<_>>().join("\n");
    }
    text
}

fn source(plan: &Plan) -> String {
    let guess = plan.table.guess;
    let mut text = format!("  {}:\n", yaml(&plan.name));
    text += &entries(4, "files", &plan.table.profile.patterns);
    text += &numbers(plan);
    text += &bad_rows(plan);
    match &guess.clock {
        None => {
            text += &comment(4, "time: no column of times is found");
            text += "    time: none\n";
        }
        Some(clock) => {
            text += &comment(4, &format!("time: {}", clock.role.why));
            text += &entry(4, "time", &clock.role.column);
            if let Some(format) = time_format(clock) {
                if matches!(clock.written, Written::Pattern(_, true)) {
                    text += &comment(4, "time_format: a guess; day and month could be the other way round");
                }
                text += &entry(4, "time_format", format);
            }
            if clock.naive {
                text +=
                    &comment(4, "time_zone: a guess; the files do not say where these times are read off the clock");
                text += "    time_zone: UTC\n";
            }
        }
    }
    if let Some(actor) = &guess.actor {
        text += &comment(4, &format!("actor: {}", actor.why));
        match &guess.within {
            None => text += &entry(4, "actor", &actor.column),
            Some(within) => {
                text += &comment(4, &format!("a guess: {}; if they do not, it is the one alone", within.why));
                text += &entries(4, "actor", &[within.column.clone(), actor.column.clone()]);
            }
        }
    }
    // Where rows have no time there is nothing that a copy could come after.
    if let Some(key) = guess.key.as_ref().filter(|_| guess.clock.is_some()) {
        text += &comment(4, &format!("key: {}", key.why));
        text += &entry(4, "key", &key.column);
    }
    if !plan.links.is_empty() {
        let links = plan.links.iter().map(|(name, column, lookup)| {
            let link = format!("{} -> {lookup}", crate::syntax::print::name(column));
            format!("{}: {}", yaml_in_flow(name), yaml_in_flow(&link))
        });
        text += &format!("    links: {{{}}}\n", links.collect::<Vec<_>>().join(", "));
    }
    text += &columns_of(plan);
    text
}

/// How numbers are written, where that is not how programs write them.
fn numbers(plan: &Plan) -> String {
    let Some(comma) = &plan.table.profile.comma else { return String::new() };
    let thousands = if comma.thousands { "    thousands: \".\"\n" } else { "" };
    comment(4, &format!("decimal: {}", comma.why)) + "    decimal: \",\"\n" + thousands
}

/// So many rows that cannot be read are left out only where somebody says so.
fn bad_rows(plan: &Plan) -> String {
    let profile = plan.table.profile;
    if !profile.too_many_bad {
        return String::new();
    }
    let why = format!(
        "{} of {} rows cannot be read: correct the files rather than leave them out",
        profile.bad, profile.rows
    );
    comment(4, &why) + &format!("    max_bad_rows: {}\n", profile.bad)
}

fn facts_of(plan: &Plan) -> String {
    let mut text = format!("  {}:\n", yaml(&plan.name));
    text += &entries(4, "files", &plan.table.profile.patterns);
    text += &numbers(plan);
    text += &bad_rows(plan);
    if let Some(lookup) = &plan.lookup {
        text += &comment(4, "key: no value is there twice, and rows with a time have it too");
        text += &entry(4, "key", &lookup.key);
        if lookup.actor {
            text += "    actor: true\n";
        }
    }
    text += &columns_of(plan);
    text
}

fn columns_of(plan: &Plan) -> String {
    let mut text = String::new();
    if plan.columns.text.lines().any(|line| !line.trim_start().starts_with('#')) {
        text += "    columns:\n";
        text += &plan.columns.text;
    }
    for (name, physical) in plan.table.profile.unusable() {
        text += &comment(4, &format!("{} is {physical}: it cannot be used as it is", yaml(name)));
    }
    text
}
