//! Who describes an actor: one lookup, or a bare column's name would have two meanings.

use crate::check::tables::LookupTable;
use crate::diag::{Code, Diagnostic};
use crate::resolve::Project;
use crate::unit::plural;

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
            let message = format!("the actors `{}` are described by the lookup `{name}` already", plural(entity));
            let place = first.actor.as_ref().map_or(first.name.span, |a| a.span);
            found.push(Diagnostic::new(Code::WrongValue, actor.span, message).also(place, "by this one").help(
                "take one `actor: true` out, and reach that lookup by a link: `links: {profile: COLUMN -> LOOKUP}`",
            ));
        }
    }
}
