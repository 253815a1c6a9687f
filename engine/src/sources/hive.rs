//! Folders named `key=value`: the key is a column that has one value throughout a file.

use std::collections::BTreeMap;

use datafusion::arrow::array::{ArrayRef, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use kepi_lang::ir::{ColumnId, Origin, RowExpr, RowKind, ScalarType};

use crate::rows::{Civil, Columns, RowError, condition};
use crate::sources::column::FileColumn;
use crate::sources::iso::{self, Iso};
use crate::sources::source::OpenSource;
use crate::sources::table::{DataFile, RawColumn};

/// What Hive writes for null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The keys and values of a path's folders.
pub(crate) fn partitions(relative: &str) -> Vec<(String, Option<String>)> {
    let folders = relative.rsplit_once('/').map_or("", |(folders, _)| folders);
    let pair = |part: &str| {
        let (key, value) = part.split_once('=')?;
        let value =
            (value != NULL).then(|| percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned());
        (!key.is_empty()).then(|| (key.to_owned(), value))
    };
    folders.split('/').filter_map(pair).collect()
}

/// Adds the columns that the files' folders make, behind those that the files have; a file's own column of the name stays. `raw`:
/// a scan yields them as text.
pub(crate) fn add(files: &mut [DataFile], columns: &mut Vec<RawColumn>, raw: bool) -> Vec<DataType> {
    let known: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let mut names: Vec<String> = Vec::new();
    for file in files.iter_mut() {
        for (name, value) in partitions(&file.found.relative) {
            if known.contains(&name) || file.fixed.iter().any(|(other, _)| *other == name) {
                continue;
            }
            if !names.contains(&name) {
                names.push(name.clone());
            }
            file.fixed.push((name, value));
        }
    }
    let mut types = Vec::new();
    for name in names {
        let values =
            || files.iter().flat_map(|file| &file.fixed).filter(|(n, _)| *n == name).filter_map(|(_, v)| v.as_ref());
        // As in a path: `month=01` is a number.
        let (ty, physical) = if values().all(|v| v.len() <= 18 && v.parse::<i64>().is_ok()) {
            (ScalarType::Int, "whole numbers in the path")
        } else if values().all(|v| matches!(iso::parse(v.as_bytes()), Some(Iso::Date(_)))) {
            (ScalarType::Date, "dates in the path")
        } else {
            (ScalarType::Text, "text in the path")
        };
        types.push(match ty {
            ScalarType::Int if !raw => DataType::Int64,
            ScalarType::Date if !raw => DataType::Date32,
            _ => DataType::Utf8View,
        });
        columns.push(RawColumn {
            name,
            ty: Some(ty),
            naive: false,
            scale: 0,
            physical: physical.to_owned(),
            note: None,
            list: None,
            written: None,
        });
    }
    types
}

/// A value as a scan yields it.
pub(crate) fn scalar(value: Option<&str>, ty: &DataType) -> ScalarValue {
    let text = ScalarValue::Utf8View(value.map(str::to_owned));
    text.cast_to(ty).unwrap_or(text)
}

/// A column of paths that a condition reads: where it is in the table, and what its values become.
type Input = (ColumnId, usize, FileColumn);

/// Files of which every row is out of the source's scope, by their folders alone.
pub(crate) fn out_of_scope(source: &OpenSource) -> Vec<bool> {
    let none = || vec![false; source.table.files.len()];
    let Some(scope) = &source.def.scope else { return none() };
    // What lookups lack is counted over all rows that the condition looks at.
    let mut linked = false;
    scope.each(&mut |node| linked |= matches!(node.kind, RowKind::Linked { .. }));
    if linked {
        return none();
    }
    let mut parts = Vec::new();
    conjuncts(scope, &mut parts);
    let of_paths = |id: &ColumnId| {
        let column = source.column(*id)?;
        let Origin::File(raw) = &column.origin else { return None };
        let position = source.table.position(raw).filter(|at| source.table.is_fixed(*at))?;
        let found = FileColumn::find(&source.table, column, source.zone(), false).ok().flatten()?;
        Some((position, found))
    };
    let mut known: Vec<(&RowExpr, Vec<Input>)> = Vec::new();
    for part in parts {
        let mut inputs = Some(Vec::new());
        part.each(&mut |node| {
            let RowKind::Column(id) = &node.kind else { return };
            match (of_paths(id), &mut inputs) {
                (Some((position, found)), Some(inputs)) => inputs.push((*id, position, found)),
                _ => inputs = None,
            }
        });
        if let Some(inputs) = inputs.filter(|inputs| !inputs.is_empty()) {
            known.push((part, inputs));
        }
    }
    if known.is_empty() {
        return none();
    }
    let civil = Civil::new(source.calendar.clone());
    let outside = |file: &DataFile| {
        known.iter().any(|(part, inputs)| {
            let mut columns = BTreeMap::new();
            for (id, position, found) in inputs {
                let Some(value) = source.table.fixed(file, *position) else { return false };
                let Ok(read) = found.target.convert(&value) else { return false };
                columns.insert(*id, read.array);
            }
            let row = Row { columns, civil: &civil };
            condition(part, &row).is_ok_and(|(inside, _)| inside.true_count() == 0)
        })
    };
    source.table.files.iter().map(|file| source.is_timed(file) && outside(file)).collect()
}

fn conjuncts<'a>(expr: &'a RowExpr, found: &mut Vec<&'a RowExpr>) {
    match &expr.kind {
        RowKind::And(left, right) => {
            conjuncts(left, found);
            conjuncts(right, found);
        }
        _ => found.push(expr),
    }
}

/// One value as an array.
pub(crate) fn one(value: Option<&str>, ty: &DataType) -> Option<ArrayRef> {
    let text: ArrayRef = std::sync::Arc::new(StringViewArray::from(vec![value]));
    if ty == &DataType::Utf8View { Some(text) } else { cast(&text, ty).ok() }
}

/// A row of which only the columns of its path are known.
struct Row<'a> {
    columns: BTreeMap<ColumnId, ArrayRef>,
    civil: &'a Civil,
}

impl Columns for Row<'_> {
    fn rows(&self) -> usize {
        1
    }

    fn column(&self, column: ColumnId) -> Result<ArrayRef, RowError> {
        self.columns.get(&column).cloned().ok_or_else(|| RowError::Internal("a column of no path".to_owned()))
    }

    fn linked(&self, _: &kepi_lang::ir::Way, _: ColumnId) -> Result<ArrayRef, RowError> {
        Err(RowError::Internal("a path has no links".to_owned()))
    }

    fn civil(&self) -> &Civil {
        self.civil
    }
}

#[cfg(test)]
mod tests {
    use super::partitions;

    #[test]
    fn folders() {
        let pair = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
        assert_eq!(
            partitions("data/year=2026/city=S%C3%A3o%20Paulo/x=__HIVE_DEFAULT_PARTITION__/=1/a=b.csv"),
            [pair("year", Some("2026")), pair("city", Some("São Paulo")), pair("x", None)]
        );
    }
}
