//! The columns of a table: one name, one type, whatever the number of files.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::parquet::file::statistics::Statistics;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::Item;

use crate::sources::finding::Owner;
use crate::sources::nested::Leaf;
use crate::sources::parquet::{Footer, chunk};
use crate::sources::physical;
use crate::sources::table::{Body, DataFile, RawColumn};
use crate::sources::text::{Found, Held, Profile, is_blank};

/// Columns, what a scan yields of them, and names and types of those that cannot be used.
type Columns = (Vec<RawColumn>, SchemaRef, Vec<(String, String)>);

pub(super) fn of_text(files: &mut [DataFile], profiles: &[Profile]) -> Columns {
    let mut names: Vec<String> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for file in files.iter_mut() {
        let Body::Text(text) = &file.body else { continue };
        let mut places: Vec<Option<usize>> = Vec::new();
        for (own, name) in text.shape.columns().iter().enumerate().filter(|(_, name)| !is_blank(name)) {
            let at = *positions.entry(name.clone()).or_insert_with(|| {
                names.push(name.clone());
                names.len() - 1
            });
            if places.len() <= at {
                places.resize(at + 1, None);
            }
            if let Some(place) = places.get_mut(at) {
                *place = Some(own);
            }
        }
        file.places = places;
    }
    for file in files.iter_mut() {
        file.places.resize(names.len(), None);
    }
    let columns: Vec<RawColumn> = names
        .into_iter()
        .enumerate()
        .map(|(i, name)| {
            let held = |(file, profile): (&'_ DataFile, &'_ Profile)| {
                profile.held.get(file.places.get(i).copied().flatten()?).cloned()
            };
            let parts: Vec<(&str, Held)> = files
                .iter()
                .zip(profiles)
                .filter_map(|(file, profile)| Some((file.found.relative.as_str(), held((file, profile))?)))
                .collect();
            let parts: Vec<(&str, &Held)> = parts.iter().map(|(file, held)| (*file, held)).collect();
            let Found { ty, naive, scale, physical, note, written } = Held::together(&parts);
            RawColumn { name, ty: Some(ty), naive, scale, physical: physical.to_owned(), note, list: None, written }
        })
        .collect();
    let fields: Vec<Field> = columns.iter().map(|c| Field::new(&c.name, DataType::Utf8View, true)).collect();
    (columns, Arc::new(Schema::new(fields)), Vec::new())
}

/// A column while the files are compared.
struct Seen {
    name: String,
    ty: Option<DataType>,
    physical: String,
    /// The first file that has it.
    first: usize,
    beyond: bool,
    list: Option<String>,
    places: BTreeMap<usize, usize>,
}

pub(super) fn of_typed(owner: &Owner, files: &mut [DataFile]) -> Result<Columns, Vec<Diagnostic>> {
    let mut seen: Vec<Seen> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut findings = Vec::new();
    for (f, file) in files.iter().enumerate() {
        let leaves = match &file.body {
            Body::Parquet(footer) => &footer.leaves,
            Body::Arrow(ipc) => &ipc.leaves,
            Body::Text(_) => continue,
        };
        for (place, leaf) in leaves.iter().enumerate() {
            let ty = physical::scanned(&leaf.ty);
            let beyond = leaf.ty == DataType::UInt64
                && match &file.body {
                    Body::Parquet(footer) => beyond_i64(footer, leaf),
                    // Nothing is known of the values.
                    _ => true,
                };
            let at = *known.entry(leaf.name.clone()).or_insert(seen.len());
            let Some(column) = seen.get_mut(at) else {
                seen.push(Seen {
                    name: leaf.name.clone(),
                    ty,
                    physical: physical::called(&leaf.ty),
                    first: f,
                    beyond,
                    list: leaf.list.clone(),
                    places: BTreeMap::from([(f, place)]),
                });
                continue;
            };
            if column.places.insert(f, place).is_some() {
                let message = format!("`{}` has two columns named `{}`", file.found.relative, leaf.name);
                findings.push(owner.stopped(Code::Corrupt, file.found.span, message));
            }
            column.beyond |= beyond;
            // What nobody can ask for anything may differ: it cannot be used, and hurts nobody.
            let odd = |ty: &Option<DataType>| ty.as_ref().is_none_or(|ty| physical::item_of(ty) == Some(Item::Other));
            let both = match (&column.ty, &ty) {
                (a, b) if odd(a) && odd(b) => Some(a.clone().filter(|_| a == b)),
                (Some(a), Some(b)) => physical::unify(a, b).map(Some),
                _ => None,
            };
            match both {
                Some(ty) => column.ty = ty,
                None => {
                    let first = files.get(column.first).map_or("", |file| file.found.relative.as_str());
                    let message = format!(
                        "the column `{}` is {} in `{first}` and {} in `{}`",
                        column.name,
                        column.physical,
                        physical::called(&leaf.ty),
                        file.found.relative
                    );
                    let help = "write all files with one type, or make two sources of them";
                    findings.push(owner.stopped(Code::TypesDiffer, file.found.span, message).help(help));
                }
            }
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let (usable, unusable): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(|column| column.ty.is_some());
    for (f, file) in files.iter_mut().enumerate() {
        file.places = usable.iter().map(|column| column.places.get(&f).copied()).collect();
    }
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for column in usable {
        let ty = column.ty.unwrap_or(DataType::Null);
        columns.push(RawColumn {
            name: column.name.clone(),
            ty: physical::natural(&ty, column.beyond),
            naive: physical::is_naive(&ty),
            scale: 0,
            physical: column.physical,
            note: None,
            list: column.list,
            written: None,
        });
        fields.push(Field::new(column.name, ty, true));
    }
    let unusable = unusable.into_iter().map(|column| (column.name, column.physical)).collect();
    Ok((columns, Arc::new(Schema::new(fields)), unusable))
}

/// Whether an unsigned column holds, as far as the footer says, a number that is no `i64`.
fn beyond_i64(footer: &Footer, leaf: &Leaf) -> bool {
    footer.groups().row_groups().iter().any(|group| match chunk(group, leaf).and_then(|c| c.statistics()) {
        // The bits of an unsigned number: negative means beyond.
        Some(Statistics::Int64(s)) => {
            s.max_opt().is_none_or(|max| *max < 0) && s.null_count_opt() != Some(group.num_rows() as u64)
        }
        _ => group.num_rows() > 0,
    })
}
