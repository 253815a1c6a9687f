//! Fields within structs, as columns by their path.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, make_array};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::arrow::error::ArrowError;

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
        };
        add(leaf, &mut found);
    }
    found
}

fn add(leaf: Leaf, found: &mut Vec<Leaf>) {
    let inner = match &leaf.ty {
        DataType::Struct(inner) if leaf.path.len() < MAX_DEPTH => inner.clone(),
        _ => Fields::empty(),
    };
    let outer = leaf.clone();
    found.push(leaf);
    for (at, field) in inner.iter().enumerate() {
        let below = Leaf {
            name: format!("{}.{}", outer.name, field.name()),
            root: outer.root,
            path: outer.path.iter().copied().chain([at]).collect(),
            names: outer.names.iter().chain([field.name()]).cloned().collect(),
            ty: field.data_type().clone(),
            nullable: true,
        };
        add(below, found);
    }
}

/// The values of a field within structs; null where a struct around it is.
pub(crate) fn extract(root: &ArrayRef, path: &[usize]) -> Result<ArrayRef, ArrowError> {
    let mut array = Arc::clone(root);
    for at in path {
        let Some(outer) = array.as_struct_opt() else {
            return Err(ArrowError::SchemaError("a field of what is no struct".to_owned()));
        };
        let Some(inner) = outer.columns().get(*at) else {
            return Err(ArrowError::SchemaError("a field that a struct does not have".to_owned()));
        };
        array = match outer.nulls() {
            Some(around) if inner.data_type() != &DataType::Null => {
                let nulls = NullBuffer::union(Some(around), inner.nulls());
                make_array(inner.to_data().into_builder().nulls(nulls).build()?)
            }
            _ => Arc::clone(inner),
        };
    }
    Ok(array)
}
