//! Lookups: read whole, each key proved to be there once.

use std::collections::{BTreeMap, HashMap};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt32Array, new_empty_array};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use kepi_lang::calendar::Calendar;
use kepi_lang::decimal::Decimal;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{self, ColumnId, LookupId, Origin, RowKind};
use kepi_lang::results::Rejected;

use crate::rows::{Civil, Columns, RowError, evaluate};
use crate::sources::column::FileColumn;
use crate::sources::convert::Refused;
use crate::sources::finding::{each_node, quoted};
use crate::sources::physical::canonical;
use crate::sources::table::Table;

/// A lookup in memory.
#[derive(Debug)]
pub struct OpenLookup {
    id: LookupId,
    def: ir::Lookup,
    table: Table,
    rows: usize,
    columns: BTreeMap<ColumnId, ArrayRef>,
    index: Index,
    civil: Civil,
}

/// Keys to rows. Whole numbers are one key whatever their type: a file may hold the customer 17850 as `17850.0`.
#[derive(Debug, Default)]
struct Index {
    whole: HashMap<i64, u32>,
    text: HashMap<String, u32>,
    /// Other numbers, by their shortest text.
    number: HashMap<String, u32>,
}

/// One key.
enum Key<'a> {
    Whole(i64),
    Text(&'a str),
    Number(String),
}

impl Index {
    fn get(&self, key: &Key<'_>) -> Option<u32> {
        match key {
            Key::Whole(n) => self.whole.get(n).copied(),
            Key::Text(text) => self.text.get(*text).copied(),
            Key::Number(text) => self.number.get(text).copied(),
        }
    }

    /// The row that has the key already.
    fn insert(&mut self, key: Key<'_>, row: u32) -> Option<u32> {
        let first = self.get(&key);
        if first.is_none() {
            match key {
                Key::Whole(n) => self.whole.insert(n, row),
                Key::Text(text) => self.text.insert(text.to_owned(), row),
                Key::Number(text) => self.number.insert(text, row),
            };
        }
        first
    }
}

/// Calls `visit` with the key of each row, in order.
fn each_key(array: &ArrayRef, visit: &mut dyn FnMut(Option<Key<'_>>)) {
    let decimal = |d: Decimal| {
        let d = d.normalized();
        match i64::try_from(d.mantissa) {
            Ok(n) if d.scale == 0 => Key::Whole(n),
            _ => Key::Number(d.to_string()),
        }
    };
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().for_each(|n| visit(n.map(Key::Whole))),
        DataType::Utf8View => array.as_string_view().iter().for_each(|text| visit(text.map(Key::Text))),
        DataType::Boolean => array.as_boolean().iter().for_each(|b| visit(b.map(|b| Key::Whole(i64::from(b))))),
        DataType::Date32 => {
            array.as_primitive::<Date32Type>().iter().for_each(|d| visit(d.map(|d| Key::Whole(i64::from(d)))));
        }
        DataType::Timestamp(..) => {
            array.as_primitive::<TimestampMicrosecondType>().iter().for_each(|t| visit(t.map(Key::Whole)));
        }
        DataType::Float64 => {
            let key = |n: f64| n.to_string().parse().map_or_else(|_| Key::Number(n.to_string()), decimal);
            array.as_primitive::<Float64Type>().iter().for_each(|n| visit(n.map(key)));
        }
        DataType::Decimal128(_, scale) => {
            let scale = u8::try_from(*scale).unwrap_or(0);
            let values = array.as_primitive::<Decimal128Type>();
            values.iter().for_each(|n| visit(n.map(|n| decimal(Decimal::new(n, scale)))));
        }
        _ => (0..array.len()).for_each(|_| visit(None)),
    }
}

impl OpenLookup {
    pub(crate) fn load(
        id: LookupId,
        def: &ir::Lookup,
        table: Table,
        calendar: &Calendar,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut findings = Vec::new();
        let mut found = Vec::new();
        for (column, i) in def.columns.iter().zip(0u32..) {
            let needed = column.declared || ColumnId(i) == def.key;
            match FileColumn::find(&table, column, &calendar.zone, false) {
                Ok(Some(file)) => found.push((ColumnId(i), column, file)),
                // A column that is not declared and cannot be used hurts whoever uses it.
                Ok(None) => {}
                Err(finding) if needed => findings.push(finding),
                Err(_) => {}
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let mut lookup = Self {
            id,
            def: def.clone(),
            rows: 0,
            columns: BTreeMap::new(),
            index: Index::default(),
            civil: Civil::new(calendar.clone()),
            table,
        };
        let starts = lookup.read(&found).map_err(|finding| vec![finding])?;
        lookup.prove(&starts).map_err(|finding| vec![finding])?;
        for (column, i) in def.columns.iter().zip(0u32..) {
            lookup.compute(ColumnId(i), column, 0).map_err(|finding| vec![finding])?;
        }
        Ok(lookup)
    }

    /// Reads the columns; gives the first row of each file.
    fn read(&mut self, found: &[(ColumnId, &ir::Column, FileColumn)]) -> Result<Vec<usize>, Diagnostic> {
        let mut positions: Vec<usize> = found.iter().map(|(_, _, file)| file.position).collect();
        positions.sort_unstable();
        positions.dedup();
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); found.len()];
        let mut starts = Vec::new();
        let mut rows = 0;
        for file in &self.table.files {
            starts.push(rows);
            let mut offender = None;
            self.table.read(file, &positions, &mut |batch| {
                rows += batch.num_rows();
                for ((_, column, file), parts) in found.iter().zip(&mut parts) {
                    let raw = positions.iter().position(|p| *p == file.position).and_then(|at| batch.columns().get(at));
                    match raw.map(|raw| file.target.convert(raw)) {
                        Some(Ok(read)) => parts.push(read.array),
                        Some(Err(Refused::Value { .. })) => {
                            offender = Some((*column, file));
                            return false;
                        }
                        Some(Err(Refused::Type)) | None => {}
                    }
                }
                true
            })?;
            if let Some((column, file)) = offender
                && let Some(finding) = file.offender(&self.table, &column.name, column.span)
            {
                return Err(finding);
            }
        }
        for ((id, _, file), parts) in found.iter().zip(parts) {
            let empty = new_empty_array(&canonical(file.target.ty, i8::try_from(file.target.scale).unwrap_or(0)));
            let all: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).chain(std::iter::once(empty.as_ref())).collect();
            let whole = concat(&all).map_err(|e| self.internal(&e.to_string()))?;
            self.columns.insert(*id, whole);
        }
        self.rows = rows;
        if u32::try_from(rows).is_err() {
            let message = format!("{} has {rows} rows, more than a lookup may have", self.table.owner.called());
            return Err(self.table.owner.stopped(Code::Unreadable, self.table.span, message));
        }
        Ok(starts)
    }

    /// Each key is there once; rows without a key are never found and hurt nobody.
    fn prove(&mut self, starts: &[usize]) -> Result<(), Diagnostic> {
        let Some(keys) = self.columns.get(&self.def.key).cloned() else {
            return Err(self.internal("a lookup without its key"));
        };
        let mut index = Index::default();
        let mut row: u32 = 0;
        let mut twice: Option<(u32, u32)> = None;
        each_key(&keys, &mut |key| {
            if let Some(first) = key.and_then(|key| index.insert(key, row)) {
                twice.get_or_insert((first, row));
            }
            row += 1;
        });
        self.index = index;
        let Some((first, second)) = twice else { return Ok(()) };
        let place = |row: u32| {
            let row = row as usize;
            let file = starts.partition_point(|start| *start <= row).saturating_sub(1);
            let start = starts.get(file).copied().unwrap_or_default();
            let name = self.table.files.get(file).map_or("", |file| file.found.relative.as_str());
            let number = self.table.files.get(file).map_or(0, |file| file.number(row - start));
            format!("row {number} of `{name}`")
        };
        let shown = ArrayFormatter::try_new(keys.as_ref(), &FormatOptions::default())
            .map(|format| format.value(second as usize).to_string())
            .unwrap_or_default();
        let column = self.def.columns.get(self.def.key.0 as usize);
        let message = format!(
            "the key `{}` of lookup `{}` is {} in {} and in {}",
            column.map_or("", |c| c.name.as_str()),
            self.def.name,
            quoted(&shown),
            place(first),
            place(second)
        );
        let span = column.map_or(self.def.span, |c| c.span);
        let help = "a lookup has one row for each key: remove the copies, or make it a source";
        Err(self.table.owner.stopped(Code::KeyNotUnique, span, message).help(help))
    }

    /// A computed column, and first what it is made of.
    fn compute(&mut self, id: ColumnId, column: &ir::Column, depth: usize) -> Result<(), Diagnostic> {
        let Origin::Computed(expr) = &column.origin else { return Ok(()) };
        if self.columns.contains_key(&id) || depth > self.def.columns.len() {
            return Ok(());
        }
        let mut inputs = Vec::new();
        each_node(expr, &mut |node| {
            if let RowKind::Column(input) = node.kind {
                inputs.push(input);
            }
        });
        for input in inputs {
            if let Some(other) = self.def.columns.get(input.0 as usize).cloned() {
                self.compute(input, &other, depth + 1)?;
            }
        }
        match evaluate(expr, self) {
            Ok(array) => {
                self.columns.insert(id, array);
                Ok(())
            }
            Err(error) => {
                let message =
                    format!("the column `{}` of lookup `{}` cannot be computed: {error}", column.name, self.def.name);
                Err(self.table.owner.stopped(Code::ColumnOverflow, column.span, message))
            }
        }
    }

    pub fn id(&self) -> LookupId {
        self.id
    }

    pub fn name(&self) -> &str {
        &self.def.name
    }

    pub fn rows(&self) -> u64 {
        self.rows as u64
    }

    /// Rows that could not be read, and the first of them.
    pub fn rejected(&self) -> (u64, &[Rejected]) {
        (self.table.bad, &self.table.rejected)
    }

    /// SHA-256, in hex, over relative paths, sizes and contents of the files.
    pub fn fingerprint(&self) -> Result<String, Diagnostic> {
        self.table.fingerprint()
    }

    /// A column, canonical, a value for each row of the lookup.
    pub fn column(&self, id: ColumnId) -> Result<&ArrayRef, RowError> {
        self.columns
            .get(&id)
            .ok_or_else(|| RowError::Internal(format!("column {} of lookup `{}` cannot be used", id.0, self.def.name)))
    }

    /// For each key the row that has it; null where none has.
    pub fn rows_of(&self, keys: &ArrayRef) -> UInt32Array {
        let mut rows = Vec::with_capacity(keys.len());
        each_key(keys, &mut |key| rows.push(key.and_then(|key| self.index.get(&key))));
        rows.into()
    }

    fn internal(&self, what: &str) -> Diagnostic {
        Diagnostic::new(Code::Internal, self.def.span, format!("reading lookup `{}`: {what}", self.def.name))
    }
}

impl Columns for OpenLookup {
    fn rows(&self) -> usize {
        self.rows
    }

    fn column(&self, column: ColumnId) -> Result<ArrayRef, RowError> {
        self.column(column).cloned()
    }

    fn linked(&self, _: u32, _: ColumnId) -> Result<ArrayRef, RowError> {
        Err(RowError::Internal("a lookup has no links".to_owned()))
    }

    fn civil(&self) -> &Civil {
        &self.civil
    }
}
