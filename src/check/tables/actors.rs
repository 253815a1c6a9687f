//! Who did it, of one column or of several together; and who describes an actor: one lookup, or a bare column's name would
//! have two meanings.

use crate::check::tables::{Columns, LookupTable, SourceTable};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Column, ColumnId, Link, LookupId, Origin, RowExpr, RowFunction, RowKind, ScalarType};
use crate::resolve::Project;
use crate::syntax::document::{LookupDef, Text};
use crate::unit::{Unit, entity_of, noun, plural};

/// What the actor of these columns counts: it is named after the last of them.
pub(in crate::check) fn entity(columns: &[Text]) -> Option<String> {
    columns.last().and_then(|text| entity_of(&text.value))
}

/// The one column that says who did it: the only part, or what is computed of all.
pub(in crate::check) fn column(columns: &Columns, parts: &[ColumnId]) -> Option<ColumnId> {
    let (first, rest) = parts.split_first()?;
    if rest.is_empty() {
        return Some(*first);
    }
    let args: Option<Vec<RowExpr>> = parts
        .iter()
        .map(|id| Some(RowExpr { kind: RowKind::Column(*id), ty: columns.typed(*id)?.0, unit: Unit::none() }))
        .collect();
    let args = args?;
    let known = |column: &Column| column.together().is_some_and(|own| own.iter().eq(&args));
    let at = columns.list.borrow().iter().position(known).and_then(|at| u32::try_from(at).ok());
    if let Some(at) = at {
        return Some(ColumnId(at));
    }
    let ty = if args.iter().any(|a| a.ty == ScalarType::Error) { ScalarType::Error } else { ScalarType::Text };
    let name = parts.iter().filter_map(|id| columns.get(*id)).map(|c| c.name).collect::<Vec<_>>().join(", ");
    let span = columns.get(*first)?.span;
    let call = RowKind::Call { function: RowFunction::Together, args };
    Some(columns.add(
        Column {
            name,
            span,
            origin: Origin::Computed(RowExpr { kind: call, ty: ScalarType::Text, unit: Unit::none() }),
            ty,
            unit: Unit::none(),
            declared: false,
            any_number: false,
            time: None,
        },
        false,
    ))
}

/// The columns that an actor's column is made of, in their order: itself, if it is not computed of several.
pub(in crate::check) fn parts(columns: &Columns, actor: ColumnId) -> Vec<ColumnId> {
    let column = columns.get(actor);
    let args = column.as_ref().and_then(Column::together);
    args.map_or_else(
        || vec![actor],
        |args| {
            let ids = args.iter().filter_map(|arg| match arg.kind {
                RowKind::Column(id) => Some(id),
                _ => None,
            });
            ids.collect()
        },
    )
}

/// The link from an actor's columns to the lookup that describes it, if there is one.
pub(in crate::check) fn link(
    table: &SourceTable,
    names: &[Text],
    parts: &[ColumnId],
    project: &Project,
    lookups: &[LookupTable],
) -> Option<u32> {
    let entity = entity(names)?;
    let lookup = lookup(&entity, names, project, lookups)?;
    let span = names.first().zip(names.last()).map(|(first, last)| first.span.to(last.span))?;
    let columns = in_order(names, parts, &project.lookups.get(lookup)?.key);
    let lookup = LookupId(u32::try_from(lookup).unwrap_or(u32::MAX));
    let at = table.links.add(Link { name: entity.clone(), span, columns, lookup });
    table.links.call(&entity, at);
    Some(at)
}

/// The parts as the key of the lookup has them where it has all of their names, else as they stand.
fn in_order(names: &[Text], parts: &[ColumnId], key: &[Text]) -> Vec<ColumnId> {
    let of = |wanted: &Text| names.iter().zip(parts).find(|(name, _)| name.value == wanted.value).map(|(_, id)| *id);
    let ordered: Option<Vec<ColumnId>> = key.iter().map(of).collect();
    ordered.filter(|found| found.len() == parts.len()).unwrap_or_else(|| parts.to_vec())
}

/// The lookup with `actor: true` that describes this entity: by its key's or its own name, or as the only one there is, if
/// nothing else is its entity.
fn lookup(named: &str, names: &[Text], project: &Project, lookups: &[LookupTable]) -> Option<usize> {
    // Of several columns the key tells more by all of its names than by one.
    let same = |def: &LookupDef| {
        let has = |name: &Text| def.key.iter().any(|k| k.value == name.value);
        let several = names.len() > 1 && def.key.len() == names.len();
        several && (names.iter().all(has) || entity(&def.key).as_deref() == Some(named))
    };
    let mut all = lookups.iter().zip(&project.lookups);
    let described = all.position(|(l, def)| l.describes(named) || (l.actor && same(def)));
    if described.is_some() {
        return described;
    }
    let mut actors = lookups.iter().zip(&project.lookups).enumerate().filter(|(_, (l, _))| l.actor);
    let (at, (only, def)) = actors.next()?;
    let taken = project.sources.iter().filter_map(|s| entity(&s.actor)).any(|other| only.describes(&other));
    (actors.next().is_none() && !taken && def.key.len() == names.len()).then_some(at)
}

impl LookupTable {
    /// Whether it has `actor: true` and describes this entity.
    pub(super) fn describes(&self, entity: &str) -> bool {
        self.actor && self.entities.iter().any(|e| e == entity || *e == plural(entity))
    }
}

/// Refuses a second lookup for the actors of an entity.
pub(super) fn one_each<'a>(
    entities: impl Iterator<Item = &'a String>,
    lookups: &[LookupTable],
    project: &Project,
    found: &mut Vec<Diagnostic>,
) {
    let mut refused = Vec::new();
    for entity in entities {
        let mut both = lookups.iter().zip(&project.lookups).filter(|(table, _)| table.describes(entity));
        let Some((_, first)) = both.next() else { continue };
        for (_, second) in both {
            let Some(actor) = second.actor.as_ref().filter(|a| !refused.contains(&a.span)) else { continue };
            refused.push(actor.span);
            let name = &first.name.value;
            let message =
                format!("the actors `{}` are described by the lookup `{name}` already", plural(&noun(entity)));
            let place = first.actor.as_ref().map_or(first.name.span, |a| a.span);
            found.push(Diagnostic::new(Code::WrongValue, actor.span, message).also(place, "by this one").help(
                "take one `actor: true` out, and reach that lookup by a link: `links: {profile: COLUMN -> LOOKUP}`",
            ));
        }
    }
}
