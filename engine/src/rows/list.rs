//! Lists, row by row: how long they are, whether one of their elements is such, and what stands by a key in lists of pairs.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, StringViewArray, StringViewBuilder, UInt32Array,
    new_null_array,
};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::DataType;
use kepi_lang::ir::{ColumnId, RowExpr, ScalarType, Way};

use crate::rows::civil::Civil;
use crate::rows::operand::{self, Operand};
use crate::rows::{Columns, RowError, evaluate};
use crate::sources::{Tape, canonical, field_of_json};

/// How many elements each list has; null where there is none.
pub(crate) fn lengths(of: &Operand) -> Result<Operand, RowError> {
    let Some(lists) = lists(of.array())? else {
        return Ok(of.same_shape(Arc::new(Int64Array::new_null(of.array().len()))));
    };
    let length = |i: usize| lists.is_valid(i).then(|| i64::from(lists.value_length(i)));
    Ok(of.same_shape(Arc::new((0..lists.len()).map(length).collect::<Int64Array>())))
}

/// Whether a condition is true of some element; null where the list is null, or where none is and of one it is not known.
pub(crate) fn any(of: &[RowExpr], condition: &RowExpr, columns: &dyn Columns) -> Result<Operand, RowError> {
    let arrays = of.iter().map(|list| evaluate(list, columns)).collect::<Result<Vec<_>, RowError>>()?;
    let types = of.iter().map(|list| match list.ty {
        ScalarType::List(item) => canonical(item.ty(), 0),
        _ => DataType::Boolean,
    });
    let types: Vec<_> = types.collect();
    let of = arrays.iter().map(lists).collect::<Result<Vec<_>, RowError>>()?;
    if of.iter().all(Option::is_none) {
        return Ok(Operand::Array(Arc::new(BooleanArray::new_null(columns.rows()))));
    }
    let span = |lists: &ListArray, row: usize| {
        let offsets = lists.value_offsets();
        let (from, to) = (*offsets.get(row)?, *offsets.get(row + 1)?);
        lists.is_valid(row).then_some((u32::try_from(from).ok()?, u32::try_from(to).ok()?))
    };
    let mut rows = Vec::new();
    let mut places: Vec<Vec<Option<u32>>> = vec![Vec::new(); of.len()];
    let mut found: Vec<Option<Option<bool>>> = vec![None; columns.rows()];
    for (row, found) in found.iter_mut().enumerate() {
        let spans: Vec<_> = of.iter().map(|lists| span((*lists)?, row)).collect();
        let mut lengths = spans.iter().flatten().map(|(from, to)| to.saturating_sub(*from));
        let Some(length) = lengths.next() else { continue };
        if lengths.any(|other| other != length) {
            return Err(RowError::Internal("fields of the same elements whose numbers differ".to_owned()));
        }
        *found = Some(Some(false));
        rows.extend(std::iter::repeat_n(u32::try_from(row).unwrap_or(u32::MAX), length as usize));
        for (places, span) in places.iter_mut().zip(spans) {
            places.extend((0..length).map(|at| Some(span?.0 + at)));
        }
    }
    let elements = of.iter().zip(places).zip(types).map(|((lists, places), ty)| {
        let places = UInt32Array::from(places);
        let elements = match lists {
            Some(lists) => take(lists.values(), &places, None)?,
            None => new_null_array(&ty, places.len()),
        };
        Ok(operand::column(elements).array().clone())
    });
    let elements = elements.collect::<Result<Vec<_>, RowError>>()?;
    let exploded = Exploded { columns, rows: UInt32Array::from(rows), elements };
    let held = evaluate(condition, &exploded)?;
    let held = operand::booleans(&held)?;
    for (at, row) in exploded.rows.values().iter().enumerate() {
        let Some(Some(so_far)) = found.get_mut(*row as usize) else { continue };
        match held.is_valid(at).then(|| held.value(at)) {
            Some(true) => *so_far = Some(true),
            None if *so_far == Some(false) => *so_far = None,
            _ => {}
        }
    }
    Ok(Operand::Array(Arc::new(found.into_iter().map(Option::flatten).collect::<BooleanArray>())))
}

/// The elements of lists, each as a row.
struct Exploded<'a> {
    columns: &'a dyn Columns,
    /// The row that each element is of.
    rows: UInt32Array,
    /// Of each of the lists.
    elements: Vec<ArrayRef>,
}

impl Columns for Exploded<'_> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn column(&self, column: ColumnId) -> Result<ArrayRef, RowError> {
        Ok(take(&self.columns.column(column)?, &self.rows, None)?)
    }

    fn linked(&self, way: &Way, column: ColumnId) -> Result<ArrayRef, RowError> {
        Ok(take(&self.columns.linked(way, column)?, &self.rows, None)?)
    }

    fn civil(&self) -> &Civil {
        self.columns.civil()
    }

    fn element(&self, list: u32) -> Result<ArrayRef, RowError> {
        let elements = self.elements.get(list as usize).map(Arc::clone);
        elements.ok_or_else(|| RowError::Internal("an element of a list that is not there".to_owned()))
    }
}

/// As lists; `None` where all is null and of no type.
fn lists(array: &ArrayRef) -> Result<Option<&ListArray>, RowError> {
    match array.as_list_opt::<i32>() {
        Some(lists) => Ok(Some(lists)),
        None if array.logical_null_count() == array.len() => Ok(None),
        None => Err(operand::wrong("lists", array)),
    }
}

/// What stands at a path within a JSON text, or by a key within a list of pairs, as text; null where nothing does, and where
/// the text is no JSON.
pub(crate) fn field(of: &Operand, path: &str) -> Result<Operand, RowError> {
    let array = of.array();
    let found: ArrayRef = match array.data_type() {
        DataType::Utf8View => Arc::new(within_texts(array, path)),
        DataType::List(element) if element.data_type() == &DataType::Utf8View => {
            let lists = array.as_list::<i32>();
            let mut out = StringViewBuilder::with_capacity(array.len());
            for list in lists.iter() {
                let one = list.and_then(|list| {
                    list.as_string_view_opt()?
                        .iter()
                        .flatten()
                        .find_map(|pair| field_of_json(&format!("[{pair}]"), path))
                });
                out.append_option(one);
            }
            Arc::new(out.finish())
        }
        DataType::List(_) => by_key(array.as_list::<i32>(), path)?,
        _ => Arc::new(StringViewArray::new_null(array.len())),
    };
    Ok(of.same_shape(found))
}

thread_local! {
    /// The last array of texts that was asked for a field, and what they are made of.
    static LAST: RefCell<Option<(Weak<dyn Array>, Tape)>> = const { RefCell::new(None) };
}

/// Whoever asks an array for one field asks it for the next one, too: its texts are parsed once.
fn within_texts(array: &ArrayRef, path: &str) -> StringViewArray {
    let texts = array.as_string_view();
    LAST.with_borrow_mut(|last| {
        let known = last.as_ref().is_some_and(|(of, _)| of.upgrade().is_some_and(|of| Arc::ptr_eq(&of, array)));
        if !known {
            *last = Tape::of(texts).map(|tape| (Arc::downgrade(array), tape));
        }
        match last {
            Some((_, tape)) => tape.fields(texts, path),
            None => texts.iter().map(|text| field_of_json(text?, path)).collect(),
        }
    })
}

/// Of lists of pairs.
fn by_key(lists: &ListArray, path: &str) -> Result<ArrayRef, RowError> {
    let none = || Arc::new(StringViewArray::new_null(lists.len())) as ArrayRef;
    let Some(pairs) = lists.values().as_struct_opt() else { return Ok(none()) };
    // Of a map the two have any name.
    let (Some(keys), Some(values)) = (pairs.columns().first(), pairs.columns().get(1)) else { return Ok(none()) };
    let keys = pairs.column_by_name("key").unwrap_or(keys);
    let values = pairs.column_by_name("value").unwrap_or(values);
    let keys = cast(keys, &DataType::Utf8View)?;
    let keys = operand::texts(&keys)?;
    // The whole path is a key, or what stands before one of its points.
    let mut splits = vec![(path, "")];
    splits.extend(path.rmatch_indices('.').filter_map(|(at, _)| Some((path.get(..at)?, path.get(at + 1..)?))));
    let mut best: Option<Vec<Option<String>>> = None;
    for (key, rest) in splits {
        let place = |row: usize| {
            let (from, to) = (*lists.value_offsets().get(row)?, *lists.value_offsets().get(row + 1)?);
            (from..to).filter_map(|at| u32::try_from(at).ok()).find(|at| {
                let at = *at as usize;
                pairs.is_valid(at) && keys.is_valid(at) && keys.value(at) == key
            })
        };
        let places: UInt32Array =
            (0..lists.len()).map(|row| lists.is_valid(row).then(|| place(row)).flatten()).collect();
        if places.null_count() == places.len() {
            continue;
        }
        let mut texts = vec![None; lists.len()];
        texts_of(&take(values, &places, None)?, rest, &mut texts)?;
        match &mut best {
            None => best = Some(texts),
            Some(best) => best.iter_mut().zip(texts).for_each(|(a, b)| *a = a.take().or(b)),
        }
    }
    Ok(best.map_or_else(none, |texts| Arc::new(texts.into_iter().collect::<StringViewArray>())))
}

/// A value as text: of a struct the field that is named, or else the first that is there.
fn texts_of(values: &ArrayRef, rest: &str, out: &mut [Option<String>]) -> Result<(), RowError> {
    if let Some(fields) = values.as_struct_opt() {
        let (name, below) = rest.split_once('.').unwrap_or((rest, ""));
        for (column, field) in fields.columns().iter().zip(fields.fields()) {
            if rest.is_empty() || field.name() == name {
                let mut own = vec![None; out.len()];
                texts_of(column, below, &mut own)?;
                for (row, (slot, text)) in out.iter_mut().zip(own).enumerate() {
                    if slot.is_none() && fields.is_valid(row) {
                        *slot = text;
                    }
                }
            }
        }
        return Ok(());
    }
    if !rest.is_empty() || values.data_type().is_nested() {
        return Ok(());
    }
    let texts = cast(values, &DataType::Utf8View)?;
    for (slot, text) in out.iter_mut().zip(operand::texts(&texts)?) {
        if slot.is_none() {
            *slot = text.map(str::to_owned);
        }
    }
    Ok(())
}
