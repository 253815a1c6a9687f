//! What a file's state depends on, as keys: its content, how its rows are read and cleaned, what is measured, and which of the
//! boundaries of time fall into it. Not on what lies beyond, so that a state outlives the day on which it was made.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kepi_lang::ir::{Column, Link, Origin};

use crate::cache::entry::{Key, Making};
use crate::execute::tally::Reach;
use crate::execute::work::Work;
use crate::plan::Plan;
use crate::plan::suite::SuiteSpec;
use crate::plan::timeline::Stretch;
use crate::sources::{Cleaner, OpenLookup, OpenSource};

/// Goes up whenever what a state's bytes mean, or what a measure counts, is no longer what it was.
pub(super) const FORMAT: u32 = 3;

/// What is the same for all files of a suite.
pub(super) fn definition(
    work: &Work,
    source: &OpenSource,
    lookups: &[&OpenLookup],
) -> Result<Key, kepi_lang::diag::Diagnostic> {
    let mut making = Making::new("suite");
    making.text(env!("CARGO_PKG_VERSION")).write_u32(FORMAT);
    let spec = &work.spec;
    spec.exprs.hash(&mut making);
    for space in &spec.spaces {
        (space.clock, &space.groups, space.by).hash(&mut making);
    }
    for taken in &spec.taken {
        (taken.space, taken.filter, taken.value, &taken.kept, taken.ordered).hash(&mut making);
        work.plan.measures.get(taken.measure).map(|planned| &planned.measure).hash(&mut making);
    }
    (&spec.columns, &spec.ways, &spec.used, spec.actor, spec.time).hash(&mut making);
    rows(source, work.cleaner.as_ref(), lookups, &mut making)?;
    Ok(making.key())
}

/// What the times of a source's rows depend on, for all of its files.
pub(crate) fn times(
    source: &OpenSource,
    cleaner: &Cleaner,
    lookups: &[Arc<OpenLookup>],
) -> Result<Key, kepi_lang::diag::Diagnostic> {
    let mut making = Making::new("times");
    making.text(env!("CARGO_PKG_VERSION")).write_u32(FORMAT);
    // Whichever of them its condition reads.
    let lookups = lookups.iter().map(Arc::as_ref).filter(|_| !source.def.links.is_empty());
    rows(source, Some(cleaner), &lookups.collect::<Vec<_>>(), &mut making)?;
    Ok(making.key())
}

/// How a source's rows are read and cleaned.
fn rows(
    source: &OpenSource,
    cleaner: Option<&Cleaner>,
    lookups: &[&OpenLookup],
    making: &mut Making,
) -> Result<(), kepi_lang::diag::Diagnostic> {
    let def = &source.def;
    (def.format, def.time, def.actor, &def.scope).hash(making);
    making.text(&format!("{:?} {:?} {:?}", def.text.separator, def.text.quote, def.text.numbers));
    columns(&def.columns, making);
    links(&def.links, making);
    let calendar = &source.calendar;
    making.text(&format!("{:?} {:?}", calendar.week_start, calendar.fiscal_year_start));
    zone(&calendar.zone, making);
    cleaner.iter().for_each(|cleaner| cleaner.identify(making));
    lookups.iter().try_for_each(|lookup| lookup.identify(making))
}

pub(crate) fn columns(columns: &[Column], making: &mut Making) {
    for column in columns {
        making.text(&column.name);
        (column.ty, column.declared, column.any_number, &column.time).hash(making);
        match &column.origin {
            Origin::File(raw) => raw.hash(making),
            Origin::Computed(expr) => expr.hash(making),
        }
    }
}

pub(crate) fn links(links: &[Link], making: &mut Making) {
    for link in links {
        (&link.name, &link.columns, link.lookup).hash(making);
    }
}

/// A zone by its rules, which a newer database may have changed.
pub(crate) fn zone(zone: &TimeZone, making: &mut Making) {
    const FROM: i64 = -2_208_988_800;
    const TO: i64 = 4_102_444_800;
    making.text(&format!("{zone:?}"));
    let (Ok(from), Ok(to)) = (Timestamp::from_second(FROM), Timestamp::from_second(TO)) else { return };
    zone.to_offset(from).seconds().hash(making);
    for change in zone.following(from).take_while(|change| change.timestamp() < to) {
        (change.timestamp().as_second(), change.offset().seconds()).hash(making);
    }
}

/// What is the same for all questions that measure the same of a file.
pub(super) fn file(definition: &Key, relative: &str, bytes: u64, content: &[u8; 32]) -> Key {
    let mut making = Making::new("file");
    making.write(&definition.0);
    making.text(relative).write_u64(bytes);
    making.write(content);
    making.key()
}

/// `reach`: how far the clocks of the file's rows go, where that is known.
pub(super) fn state(file: &Key, plan: &Plan, spec: &SuiteSpec, reach: Option<&Reach>, slack: i64) -> Key {
    let mut making = Making::new("state");
    making.write(&file.0);
    hull(spec, reach, slack).hash(&mut making);
    for at in 0..spec.spaces.len() {
        match stretch(plan, spec, at, reach) {
            Some(stretch) => {
                let covered: Vec<u8> = stretch.covered.iter().map(|covered| u8::from(*covered)).collect();
                (1u8, stretch.inner, covered).hash(&mut making);
            }
            None => making.write_u8(0),
        }
    }
    making.key()
}

/// Of what is known of a state without its being loaded.
pub(super) fn head(state: &Key) -> Key {
    let mut making = Making::new("head");
    making.write(&state.0);
    making.key()
}

/// The bounds outside of which rows are not used, as far as they can tell rows of the file apart. `slack`: what lies so far
/// beyond a bound may be read or not.
fn hull(spec: &SuiteSpec, reach: Option<&Reach>, slack: i64) -> (i64, i64) {
    let (from, to) = spec.hull;
    let Some(reach) = reach else { return (from, to) };
    let Some((least, most)) = spec.time.and_then(|clock| reach.get(&clock)) else { return (i64::MIN, i64::MAX) };
    let from = match from {
        from if from <= *least => i64::MIN,
        from if from > most.saturating_add(slack) => i64::MAX,
        from => from,
    };
    let to = match to {
        to if to > *most => i64::MAX,
        to if to < least.saturating_sub(slack) => i64::MIN,
        to => to,
    };
    (from, to)
}

/// The part of a space's timeline that the file's rows can fall into; `None` for a space without a clock.
pub(super) fn stretch<'a>(
    plan: &'a Plan,
    spec: &SuiteSpec,
    space: usize,
    reach: Option<&Reach>,
) -> Option<Stretch<'a>> {
    let space = spec.spaces.get(space)?;
    let clock = space.clock?;
    let (from, to) = match reach {
        None => (i64::MIN, i64::MAX),
        // No row of the file has a time by this clock: none is in a cell.
        Some(reach) => reach.get(&clock).copied().unwrap_or((i64::MIN, i64::MIN)),
    };
    plan.timelines.get(space.timeline).map(|line| line.stretch(from, to))
}
