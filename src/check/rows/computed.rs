//! Columns by number: files' columns as they are, computed ones typed when they are first wanted.

use crate::check::algebra::{Node, Typer};
use crate::check::findings::{Check, Reported, called, called_unit};
use crate::check::rows::{Place, Rows};
use crate::check::scope::{Active, Checker};
use crate::check::tables::Columns;
use crate::diag::{Code, Diagnostic};
use crate::ir::{ColumnId, Origin, RowExpr, RowKind, ScalarType};
use crate::source::Span;
use crate::syntax::document::ColumnDef;
use crate::unit::Unit;

impl<'a> Checker<'a> {
    pub(in crate::check) fn columns(&self, place: Place) -> Option<&'a Columns> {
        match place {
            Place::Source(id) => self.scope.source(id).map(|s| &s.columns),
            Place::Lookup(id) => self.scope.lookup(id).map(|l| &l.columns),
        }
    }

    /// A column, ready for use. `Err` where it is broken, or its times cannot be read.
    pub(in crate::check) fn column(&self, place: Place, id: ColumnId, span: Span) -> Check<(ScalarType, Unit)> {
        let columns = self.columns(place).ok_or(Reported)?;
        let pending = columns.pending.borrow().get(&id.0).copied();
        if let Some(at) = pending {
            self.compute(place, columns, id, at, span)?;
        }
        let (ty, unit) = columns.typed(id).ok_or(Reported)?;
        // So is an actor of which a part is.
        let parts = crate::check::tables::actor_parts(columns, id);
        if let Some(id) = parts.into_iter().find(|part| columns.is_zoneless(*part)) {
            let name = columns.get(id).map_or_else(String::new, |c| c.name);
            let message = format!("the times of `{name}` have no zone");
            let help = "say where the clock hung: `time_zone: Europe/Berlin` on the source or on the column";
            return self.fail(Diagnostic::new(Code::TimeReading, span, message).help(help));
        }
        if ty == ScalarType::Error { Err(Reported) } else { Ok((ty, unit)) }
    }

    fn compute(&self, place: Place, columns: &Columns, id: ColumnId, at: usize, span: Span) -> Check<()> {
        let project = &self.scope.project;
        let (defs, key) = match place {
            Place::Source(s) => {
                (project.sources.get(s.0 as usize).map(|d| &d.columns), Active::Column(false, s.0, id.0))
            }
            Place::Lookup(l) => {
                (project.lookups.get(l.0 as usize).map(|d| &d.columns), Active::Column(true, l.0, id.0))
            }
        };
        let def = defs.and_then(|defs| defs.get(at)).ok_or(Reported)?;
        let Some(ast) = &def.expr else { return Err(Reported) };
        let typed = self.inside(key, span, || {
            let node = Rows::of_table(self, place).expr(ast)?;
            self.declared_as(def, node, columns.get(id).map_or_else(Unit::none, |c| c.unit))
        });
        columns.pending.borrow_mut().remove(&id.0);
        let node = typed?;
        columns.update(id, |column| {
            column.ty = node.ty;
            column.unit = node.unit.clone();
            column.declared = def.ty.is_some();
            column.origin = Origin::Computed(node);
        });
        Ok(())
    }

    /// A computed column with the type and unit it is declared with.
    fn declared_as(&self, def: &ColumnDef, node: RowExpr, unit: Unit) -> Check<RowExpr> {
        if let Some(ty) = &def.ty {
            let fits = match ty.value.as_str() {
                "number" | "decimal" | "duration" => node.ty.is_number(),
                "integer" => node.ty == ScalarType::Int,
                "text" => node.ty == ScalarType::Text,
                "bool" => node.ty == ScalarType::Bool,
                "instant" => node.ty == ScalarType::Instant,
                "date" => node.ty == ScalarType::Date,
                _ => true,
            };
            if !fits && !node.ty.is_open() {
                let message =
                    format!("`{}` is declared as {}, but is computed as {}", def.name.value, ty.value, called(node.ty));
                return self.fail(Diagnostic::new(Code::ColumnType, ty.span, message));
            }
        }
        let Some(text) = &def.unit else { return Ok(node) };
        if !node.ty.is_number() && !node.ty.is_open() {
            let message = format!("`{}` has a unit, but {} has none", def.name.value, called(node.ty));
            return self.fail(Diagnostic::new(Code::ColumnType, text.span, message));
        }
        // Plain numbers get the unit that is declared for them; numbers with one are converted.
        if node.unit.is_none() || node.ty.is_open() {
            return Ok(node.with_unit(unit));
        }
        match node.unit.factor_to(&unit) {
            Some(factor) if factor.is_one() => Ok(node.with_unit(unit)),
            Some(factor) => {
                let ty = if factor.den == 1 { node.ty } else { ScalarType::Float };
                let kind = RowKind::Convert { of: Box::new(node), num: factor.num, den: factor.den };
                Ok(RowExpr { kind, ty, unit })
            }
            None => {
                let message =
                    format!("`{}` is computed in {}, not in `{unit}`", def.name.value, called_unit(&node.unit));
                self.fail(Diagnostic::new(Code::UnitMismatch, text.span, message))
            }
        }
    }
}
