//! Links from times to keys of days.

use crate::calendar::Grain;
use crate::check::rows::Place;
use crate::check::scope::Checker;
use crate::check::tables::Columns;
use crate::ir::{Column, ColumnId, Origin, RowExpr, RowFunction, RowKind, ScalarType};
use crate::unit::Unit;

impl Checker<'_> {
    /// An instant that is linked to a key of dates is looked up by its day, in the project's zone.
    pub(super) fn days_of_links(&self, place: Place) {
        let links = match place {
            Place::Source(id) => self.scope.source(id).map(|s| &s.links),
            Place::Lookup(id) => self.scope.lookup(id).map(|l| &l.links),
        };
        let (Some(links), Some(columns)) = (links, self.columns(place)) else { return };
        for (link, at) in links.all().iter().zip(0u32..) {
            let Some(lookup) = self.scope.lookup(link.lookup) else { continue };
            let ids: Vec<ColumnId> = link
                .columns
                .iter()
                .enumerate()
                .map(|(part, id)| {
                    let key = lookup.key.get(part).and_then(|key| lookup.columns.typed(*key));
                    match (columns.typed(*id), key) {
                        (Some((ScalarType::Instant, _)), Some((ScalarType::Date, _))) if !columns.is_zoneless(*id) => {
                            day_of(columns, *id)
                        }
                        _ => *id,
                    }
                })
                .collect();
            if ids != link.columns {
                links.read_by(at, ids);
            }
        }
    }
}

/// The column of the days of a column of instants.
fn day_of(columns: &Columns, id: ColumnId) -> ColumnId {
    let Some(column) = columns.get(id) else { return id };
    let time = RowExpr { kind: RowKind::Column(id), ty: ScalarType::Instant, unit: Unit::none() };
    let call = RowKind::Call { function: RowFunction::PeriodStart(Grain::Day), args: vec![time] };
    let origin = Origin::Computed(RowExpr { kind: call, ty: ScalarType::Date, unit: Unit::none() });
    let name = format!("day({})", column.name);
    columns.add(Column { name, origin, ty: ScalarType::Date, declared: false, time: None, ..column }, false)
}
