//! Fields within structs, as columns by their path; within lists of structs, as lists of what each of these holds.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, GenericListArray, OffsetSizeTrait, StructArray, make_array};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::arrow::error::ArrowError;
use kepi_lang::ir::Item;

use crate::sources::physical::item_of;

/// Structs are looked into this deep.
const MAX_DEPTH: usize = 32;

/// A column of a file: a field of its schema, or one within structs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// With the names around it: `props.plan`.
    pub name: String,
    /// The field of the schema that holds it.
    pub root: usize,
    /// Which field of each struct it is in, from the outermost in; empty for a field of the schema itself.
    pub path: Vec<usize>,
    /// The names along the path, the root's first.
    pub names: Vec<String>,
    pub ty: DataType,
    /// The file's schema says that it may be null; known of fields of the schema itself.
    pub nullable: bool,
    /// The column of lists whose elements it is a field of.
    pub list: Option<String>,
}

/// All columns of a file's schema, structs before their fields.
pub(crate) fn leaves(fields: &Fields) -> Vec<Leaf> {
    let mut found = Vec::new();
    for (root, field) in fields.iter().enumerate() {
        let leaf = Leaf {
            name: field.name().clone(),
            root,
            path: Vec::new(),
            names: vec![field.name().clone()],
            ty: field.data_type().clone(),
            nullable: field.is_nullable(),
            list: None,
        };
        add(leaf, &mut found);
    }
    found
}

/// The fields of a struct, or of the structs that lists hold; pairs of a key and a value are asked for by key.
fn inner(ty: &DataType) -> Fields {
    match ty {
        DataType::Struct(fields) => fields.clone(),
        DataType::List(of) | DataType::LargeList(of) if item_of(ty) != Some(Item::Pair) => match of.data_type() {
            DataType::Struct(fields) => fields.clone(),
            _ => Fields::empty(),
        },
        _ => Fields::empty(),
    }
}

/// Lists of this type, as those that are there are.
fn lists_like(ty: &DataType, of: &DataType) -> DataType {
    let field = Arc::new(Field::new_list_field(of.clone(), true));
    match ty {
        DataType::List(_) => DataType::List(field),
        DataType::LargeList(_) => DataType::LargeList(field),
        _ => of.clone(),
    }
}

fn add(leaf: Leaf, found: &mut Vec<Leaf>) {
    let inner = if leaf.path.len() < MAX_DEPTH { inner(&leaf.ty) } else { Fields::empty() };
    let outer = leaf.clone();
    let list = match &leaf.list {
        None if leaf.ty.is_list() => Some(leaf.name.clone()),
        known => known.clone(),
    };
    // A struct within the elements has as many as the list itself.
    if leaf.list.is_none() || inner.is_empty() {
        found.push(leaf);
    }
    for (at, field) in inner.iter().enumerate() {
        let below = Leaf {
            name: format!("{}.{}", outer.name, field.name()),
            root: outer.root,
            path: outer.path.iter().copied().chain([at]).collect(),
            names: outer.names.iter().chain([field.name()]).cloned().collect(),
            ty: lists_like(&outer.ty, field.data_type()),
            nullable: true,
            list: list.clone(),
        };
        add(below, found);
    }
}

/// The values of a field within structs, of those in lists a list in each row; null where a struct around it is.
pub(crate) fn extract(root: &ArrayRef, path: &[usize]) -> Result<ArrayRef, ArrowError> {
    let mut array = Arc::clone(root);
    for at in path {
        array = if let Some(outer) = array.as_struct_opt() {
            field(outer, *at)?
        } else if let Some(lists) = array.as_list_opt::<i32>() {
            of_elements(lists, *at)?
        } else if let Some(lists) = array.as_list_opt::<i64>() {
            of_elements(lists, *at)?
        } else {
            return Err(no_struct());
        };
    }
    Ok(array)
}

fn no_struct() -> ArrowError {
    ArrowError::SchemaError("a field of what is no struct".to_owned())
}

fn of_elements<O: OffsetSizeTrait>(lists: &GenericListArray<O>, at: usize) -> Result<ArrayRef, ArrowError> {
    let values = field(lists.values().as_struct_opt().ok_or_else(no_struct)?, at)?;
    let of = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Ok(Arc::new(GenericListArray::<O>::try_new(of, lists.offsets().clone(), values, lists.nulls().cloned())?))
}

fn field(outer: &StructArray, at: usize) -> Result<ArrayRef, ArrowError> {
    let Some(inner) = outer.columns().get(at) else {
        return Err(ArrowError::SchemaError("a field that a struct does not have".to_owned()));
    };
    Ok(match outer.nulls() {
        Some(around) if inner.data_type() != &DataType::Null => {
            let nulls = NullBuffer::union(Some(around), inner.nulls());
            make_array(inner.to_data().into_builder().nulls(nulls).build()?)
        }
        _ => Arc::clone(inner),
    })
}
