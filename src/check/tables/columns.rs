//! Columns: what is declared, joined with what the files hold.

use crate::check::algebra::unknown_unit;
use crate::check::rows::{field_of, has_fields};
use crate::check::tables::Columns;
use crate::check::tables::times::{Clock, Unread};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Column, ColumnId, Item, Origin, RowExpr, RowKind, ScalarType};
use crate::results::{Schema, SchemaColumn};
use crate::source::Span;
use crate::syntax::document::{ColumnDef, Text};
use crate::unit::{Names, Unit};

/// A column of which only the name is known.
pub(in crate::check) fn unknown(name: &str, span: Span) -> Column {
    Column {
        name: name.to_owned(),
        span,
        origin: Origin::File(name.to_owned()),
        ty: ScalarType::Unknown,
        unit: Unit::none(),
        declared: false,
        any_number: false,
        time: None,
    }
}

/// All columns of a table (named at `place`): declared ones, those that the definition names (`time`, `actor`, `key`), those of the files.
/// `times`: those that are clocks.
pub(super) fn build(
    (defs, place): (&[ColumnDef], Span),
    needed: &[&Text],
    times: &[&Text],
    schema: Option<&Schema>,
    clock: &Clock,
    units: &Names,
    found: &mut Vec<Diagnostic>,
) -> Columns {
    let columns = Columns { open: schema.is_none(), ..Columns::default() };
    let mut fields: Vec<(ColumnId, Option<&ColumnDef>, &str, String)> = Vec::new();
    let in_file = |raw: &str| schema.and_then(|s| s.columns.iter().find(|c| c.name == raw));
    for (at, def) in defs.iter().enumerate() {
        let unit = def.unit.as_ref().and_then(|text| {
            let unit = Unit::parse(&text.value, units);
            if unit.is_none() {
                found.push(unknown_unit(Unit::known_words(units), &text.value, text.span));
            }
            unit
        });
        let field = def.from.as_ref().unwrap_or(&def.name);
        let within = schema.filter(|_| def.expr.is_none()).and_then(|schema| within(schema, &field.value));
        if let Some((base, path)) = within {
            let column = Column { unit: unit.unwrap_or_default(), ..unknown(&def.name.value, def.span) };
            fields.push((columns.add(column, true), Some(def), base, path));
            continue;
        }
        let column = if def.expr.is_some() {
            Column { unit: unit.unwrap_or_default(), ty: ScalarType::Error, ..unknown(&def.name.value, def.span) }
        } else {
            let raw = def.from.as_ref().unwrap_or(&def.name);
            let file = in_file(&raw.value);
            let is_time = times.iter().any(|t| t.value == raw.value) && def.ty.is_none();
            let missing = schema.is_some() && file.is_none();
            declared(def, &raw.value, (file, missing), unit, is_time, clock, found)
        };
        let id = columns.add(column, true);
        if def.expr.is_some() {
            columns.pending.borrow_mut().insert(id.0, at);
        }
    }
    let mut others: Vec<(&str, Span)> = needed.iter().map(|t| (t.value.as_str(), t.span)).collect();
    if let Some(schema) = schema {
        let place = needed.first().map_or(place, |t| t.span);
        others.extend(schema.columns.iter().map(|c| (c.name.as_str(), place)));
    }
    others.sort_by(|a, b| a.0.cmp(b.0));
    others.dedup_by(|a, b| a.0 == b.0);
    for (raw, span) in others {
        let is_time = times.iter().any(|t| t.value == raw);
        let known = columns.find_raw(raw);
        if known.is_some() && !(is_time && clock_column(&columns, raw).is_none()) {
            continue;
        }
        let file = in_file(raw);
        let mut column = unknown(raw, span);
        let within = schema.filter(|_| !is_time && file.is_none()).and_then(|schema| within(schema, raw));
        if let Some((base, path)) = within {
            fields.push((columns.add(column, true), None, base, path));
            continue;
        }
        if is_time {
            column.ty = ScalarType::Instant;
            column.declared = true;
            column.time = Some(clock.reading(file).unwrap_or_else(|unread| {
                found.push(unread.finding(raw, span, file));
                clock.any()
            }));
            columns.add(column, known.is_none());
            continue;
        }
        let mut zoneless = false;
        match file {
            Some(file) => {
                column.ty = file.ty;
                if file.ty == ScalarType::Instant {
                    let reading = clock.reading(Some(file));
                    zoneless = reading == Err(Unread::Zone);
                    column.time = Some(reading.unwrap_or_else(|_| clock.any()));
                }
            }
            None if schema.is_some() => column.ty = ScalarType::Error,
            None => {}
        }
        let id = columns.add(column, true);
        if zoneless {
            columns.zoneless.borrow_mut().insert(id.0);
        }
    }
    for (id, def, base, path) in fields {
        field(&columns, id, def, (base, &path), found);
    }
    let list = columns.list.borrow();
    for (column, id) in list.iter().zip(0u32..) {
        let Origin::File(raw) = &column.origin else { continue };
        let Some(file) = in_file(raw) else { continue };
        if let Some(note) = file.note.clone() {
            columns.notes.borrow_mut().insert(id, note);
        }
        // Declared as text it is one value.
        if let Some(around) = file.list.clone().filter(|_| column.ty.is_list()) {
            columns.elements.borrow_mut().insert(id, around);
        }
    }
    drop(list);
    columns
}

/// The column that holds the JSON texts, or lists of pairs, in which a path that no column has leads on.
fn within<'s>(schema: &'s Schema, raw: &str) -> Option<(&'s str, String)> {
    let column = |name: &str| schema.columns.iter().find(|c| c.name == name);
    if column(raw).is_some() {
        return None;
    }
    let mut points = raw.rmatch_indices('.');
    points.find_map(|(at, _)| {
        let base = column(raw.get(..at)?).filter(|c| has_fields(c.ty))?;
        Some((base.name.as_str(), raw.get(at + 1..)?.to_owned()))
    })
}

/// A column that is a field of another: text, if nothing else is declared.
fn field(
    columns: &Columns,
    id: ColumnId,
    def: Option<&ColumnDef>,
    (base, path): (&str, &str),
    found: &mut Vec<Diagnostic>,
) {
    let word = def.and_then(|def| def.ty.as_ref());
    let has_unit = def.is_some_and(|def| def.unit.is_some());
    let ty = match word.map(|w| w.value.as_str()) {
        Some("number" | "duration") => ScalarType::Float,
        Some("integer") => ScalarType::Int,
        Some("bool") => ScalarType::Bool,
        Some("date") => ScalarType::Date,
        Some("list") => ScalarType::List(Item::Text),
        Some(other @ ("decimal" | "instant")) => {
            let message = format!("a field within `{base}` cannot be read as {other}");
            let help = "declare it as number, integer, text, bool, date or list, or write it as a column of its own";
            found.extend(word.map(|w| Diagnostic::new(Code::ColumnType, w.span, message).help(help)));
            ScalarType::Error
        }
        None if has_unit => ScalarType::Float,
        _ => ScalarType::Text,
    };
    let Some(at) = columns.find_raw(base) else { return };
    let Some((base_ty, _)) = columns.typed(at) else { return };
    // Declared as something else it has no fields any more.
    let ty = if has_fields(base_ty) { ty } else { ScalarType::Error };
    let of = RowExpr { kind: RowKind::Column(at), ty: base_ty, unit: Unit::none() };
    let seconds = word.is_some_and(|w| w.value == "duration");
    columns.update(id, |column| {
        if column.unit.is_none() && seconds {
            column.unit = Unit::seconds();
        }
        column.ty = ty;
        column.declared = word.is_some();
        column.origin = Origin::Computed(RowExpr { unit: column.unit.clone(), ..field_of(of, path, ty) });
    });
}

/// The column of instants that is read from this column of the file.
pub(super) fn clock_column(columns: &Columns, raw: &str) -> Option<ColumnId> {
    let list = columns.list.borrow();
    let at = list
        .iter()
        .position(|c| c.ty == ScalarType::Instant && matches!(&c.origin, Origin::File(name) if name == raw))?;
    u32::try_from(at).ok().map(ColumnId)
}

fn declared(
    def: &ColumnDef,
    raw: &str,
    (file, missing): (Option<&SchemaColumn>, bool),
    unit: Option<Unit>,
    is_time: bool,
    clock: &Clock,
    found: &mut Vec<Diagnostic>,
) -> Column {
    let mut column = Column { origin: Origin::File(raw.to_owned()), ..unknown(&def.name.value, def.span) };
    // A word that is no type has been reported where the tables were made.
    let word = def.ty.as_ref();
    let file_ty = file.map(|f| f.ty);
    let number = file_ty.filter(|ty| ty.is_number()).unwrap_or(ScalarType::Float);
    let ty = match word.map(|w| w.value.as_str()) {
        Some("text") => Some(ScalarType::Text),
        Some("number" | "duration") => Some(number),
        Some("integer") => Some(ScalarType::Int),
        Some("decimal") => Some(ScalarType::Decimal),
        Some("bool") => Some(ScalarType::Bool),
        Some("instant") => Some(ScalarType::Instant),
        Some("date") => Some(ScalarType::Date),
        Some("list") => Some(file_ty.filter(|ty| ty.is_list()).unwrap_or(ScalarType::List(Item::Text))),
        _ if is_time => Some(ScalarType::Instant),
        _ => None,
    };
    column.declared = ty.is_some();
    column.any_number = word.is_some_and(|w| matches!(w.value.as_str(), "number" | "duration"));
    let has_unit = unit.is_some() || word.is_some_and(|w| w.value == "duration");
    column.ty = match (ty, file_ty) {
        // The one who looked into the files has said that it is not there.
        _ if missing => ScalarType::Error,
        (Some(ty), Some(file_ty)) => {
            // Which kind of number a `number` is, the file says; for `integer` and `decimal` whoever looked into the file has
            // reported the value that is none.
            if !converts(file_ty, ty) || (column.any_number && file.is_some_and(|f| f.note.is_some())) {
                found.push(misfit(def, raw, file, "is declared as", word.map_or("instant", |w| w.value.as_str())));
            }
            ty
        }
        (Some(ty), None) => ty,
        (None, Some(file_ty)) if has_unit && !file_ty.is_number() && !file_ty.is_open() => {
            found.push(misfit(def, raw, file, "has a unit and so is", "a number"));
            ScalarType::Error
        }
        (None, Some(file_ty)) => file_ty,
        (None, None) if has_unit => ScalarType::Float,
        (None, None) => ScalarType::Unknown,
    };
    if let Some(ty) = ty.filter(|ty| unit.is_some() && !ty.is_number()) {
        let span = def.unit.as_ref().map_or(def.span, |u| u.span);
        let message = format!("`{}` has a unit, but {} has none", def.name.value, crate::check::findings::called(ty));
        found.push(Diagnostic::new(Code::ColumnType, span, message).help("leave `unit:` out, or declare a number"));
    } else {
        column.unit = unit.unwrap_or_else(|| if has_unit { Unit::seconds() } else { Unit::none() });
    }
    if column.ty == ScalarType::Instant {
        let own = clock.with_own(def.time_format.as_ref(), def.time_zone.as_ref(), found);
        column.time = Some(own.reading(file).unwrap_or_else(|unread| {
            found.push(unread.finding(&def.name.value, def.span, file));
            clock.any()
        }));
    }
    column
}

/// Whether values of a file's type can be read as a declared one. What a single value is, the engine finds out.
fn converts(file: ScalarType, declared: ScalarType) -> bool {
    use ScalarType::{Bool, Date, Decimal, Float, Instant, Int, Text};
    if file == declared || file.is_open() || declared == Text {
        return true;
    }
    match declared {
        Int | Decimal | Float => file.is_number() || file == Text,
        Bool => matches!(file, Text | Int),
        Instant => matches!(file, Text | Date) || file.is_number(),
        Date => matches!(file, Text | Instant),
        ScalarType::List(_) => file == Text,
        _ => false,
    }
}

fn misfit(def: &ColumnDef, raw: &str, file: Option<&SchemaColumn>, says: &str, word: &str) -> Diagnostic {
    let physical = file.map_or("something else", |f| f.physical.as_str());
    let span = def.ty.as_ref().or(def.unit.as_ref()).map_or(def.span, |t| t.span);
    let message = format!("`{}` {says} {word}, but `{raw}` is {physical} in the file", def.name.value);
    let finding = Diagnostic::new(Code::ColumnType, span, message);
    match file.and_then(|f| f.note.as_ref()) {
        Some(note) => finding.help(note.clone()),
        None => finding,
    }
}
