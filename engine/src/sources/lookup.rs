//! Lookups: read whole, each key proved to be there once.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, TimestampMicrosecondArray, UInt32Array, new_empty_array,
};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::Timestamp;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{self, ColumnId, LookupId, Origin, Program, RowKind, Way};
use kepi_lang::results::Rejected;
use kepi_lang::source::Span;

use crate::cache::Making;
use crate::cache::key;
use crate::rows::{Civil, Columns, RowError, condition, evaluate};
use crate::sources::clean::sortable;
use crate::sources::column::FileColumn;
use crate::sources::convert::Refused;
use crate::sources::fields::{self, Field, Fields};
use crate::sources::finding::quoted;
use crate::sources::keys::{Conflict, Index, Newest};
use crate::sources::physical::canonical;
use crate::sources::table::Table;
use crate::sources::times::{Reading, instants};

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
    /// For each way that its computed columns go: the lookup, and the row that each row leads to.
    steps: BTreeMap<Way, Step>,
    ties: u64,
    /// The rows that stand, where only the newest do.
    newest: Option<UInt32Array>,
}

#[derive(Debug)]
struct Step {
    lookup: Arc<OpenLookup>,
    rows: UInt32Array,
}

impl OpenLookup {
    pub(crate) fn load(
        id: LookupId,
        def: &ir::Lookup,
        table: Table,
        program: &Program,
        others: &BTreeMap<LookupId, Arc<OpenLookup>>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let calendar = &program.settings.calendar;
        let mut findings = fields_of_json(def, &table, &program.lookups, others);
        let mut found = Vec::new();
        let reach = def.reach();
        let valid = def.valid.iter().flat_map(|(from, to)| [*from, *to]);
        let needed: Vec<ColumnId> = def.key.iter().copied().chain(reach.own).chain(valid).chain(def.latest).collect();
        for (column, i) in def.columns.iter().zip(0u32..) {
            let needed = column.declared || needed.contains(&ColumnId(i));
            // A row without the time that tells the newest does not stand.
            let clock = def.clocks.contains(&ColumnId(i));
            match FileColumn::find(&table, column, &calendar.zone, clock) {
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
            steps: BTreeMap::new(),
            ties: 0,
            newest: None,
        };
        let starts = lookup.read(&found).map_err(|finding| vec![finding])?;
        if def.latest.is_none() {
            lookup.prove(&starts).map_err(|finding| vec![finding])?;
        }
        for (column, i) in def.columns.iter().zip(0u32..) {
            lookup.compute(ColumnId(i), column, others, 0).map_err(|finding| vec![finding])?;
        }
        if let Some(time) = def.latest {
            lookup.keep_newest(time, program.settings.as_of, others).map_err(|finding| vec![finding])?;
        }
        Ok(lookup)
    }

    /// Of the rows of each key that have a time, before `as_of`, and for which `where:` is true, the newest alone stays; of
    /// several with one time the greatest by value.
    fn keep_newest(
        &mut self,
        time: ColumnId,
        as_of: Option<Timestamp>,
        others: &BTreeMap<LookupId, Arc<Self>>,
    ) -> Result<(), Diagnostic> {
        let times = self.bound(time)?;
        let cap = as_of.map_or(i64::MAX, |t| t.as_microsecond());
        let mut stands: Vec<bool> = times.iter().map(|t| t.is_some_and(|t| t < cap)).collect();
        if let Some(scope) = self.def.scope.clone() {
            let mut ways = Vec::new();
            scope.each(&mut |node| {
                if let RowKind::Linked { way, .. } = &node.kind {
                    ways.push(way.clone());
                }
            });
            for way in ways {
                self.lead(&way, others).map_err(|e| self.internal(&e.to_string()))?;
            }
            let (inside, _) = condition(&scope, self).map_err(|e| {
                let message = format!("the condition `where:` of lookup `{}` cannot be computed: {e}", self.def.name);
                self.table.owner.stopped(Code::ColumnOverflow, self.def.span, message)
            })?;
            stands.iter_mut().zip(inside.iter()).for_each(|(stands, inside)| *stands &= inside == Some(true));
        }
        let keys = self.def.key.iter().map(|id| self.columns.get(id).cloned()).collect::<Option<Vec<_>>>();
        let Some(keys) = keys else { return Err(self.internal("a lookup without its key")) };
        let values = self.values().map_err(|e| self.internal(&e.to_string()))?;
        let newest = Newest::of(&keys, &times, &stands, &values);
        self.ties = newest.ties;
        let chosen = UInt32Array::from(newest.rows);
        self.newest = Some(chosen.clone());
        let failed = |e: ArrowError| Diagnostic::new(Code::Internal, self.def.span, e.to_string());
        for column in self.columns.values_mut() {
            *column = take(column, &chosen, None).map_err(failed)?;
        }
        for step in self.steps.values_mut() {
            step.rows = take(&step.rows, &chosen, None).map_err(failed)?.as_primitive().clone();
        }
        self.rows = chosen.len();
        self.prove(&[])
    }

    /// For each row the values of its file's columns, as bytes that sort as the values do; by the columns' names, so that the
    /// order of declarations decides nothing.
    fn values(&self) -> Result<BinaryArray, ArrowError> {
        let mut columns: Vec<(&str, &ArrayRef)> = Vec::new();
        for (id, array) in &self.columns {
            if let Some(Origin::File(raw)) = self.def.columns.get(id.0 as usize).map(|c| &c.origin) {
                columns.push((raw, array));
            }
        }
        columns.sort_by_key(|(raw, _)| *raw);
        sortable(&columns.into_iter().map(|(_, array)| Arc::clone(array)).collect::<Vec<_>>())
    }

    /// Keys whose newest row was not alone, and the others differed.
    pub fn ties(&self) -> u64 {
        self.ties
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
        self.table.unchanged()?;
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
        let keys = self.def.key.iter().map(|id| self.columns.get(id).cloned()).collect::<Option<Vec<_>>>();
        let Some(keys) = keys else { return Err(self.internal("a lookup without its key")) };
        let made = match self.def.valid {
            None => Index::unique(&keys, self.rows),
            Some((from, to)) => {
                let (from, to) = (self.bound(from)?, self.bound(to)?);
                Index::dated(&keys, &from, &to)
            }
        };
        let conflict = match made {
            Ok(index) => {
                self.index = index;
                return Ok(());
            }
            Err(conflict) => conflict,
        };
        let (first, second) = match conflict {
            Conflict::Twice(a, b) | Conflict::Overlap(a, b) => (a, b),
            Conflict::Reversed(row) => (row, row),
        };
        let (shown, span) = self.shown_key(second);
        let places = format!("{} and in {}", self.place(first, starts), self.place(second, starts));
        Err(match conflict {
            Conflict::Twice(..) => {
                let help = "a lookup has one row for each key: remove the copies, say from when to when each row holds \
                            (`valid: [FROM, TO]`), or make it a source";
                self.table.owner.stopped(Code::KeyNotUnique, span, format!("{shown} in {places}")).help(help)
            }
            Conflict::Overlap(..) => {
                let message = format!("{shown} in {places}, which hold at the same time");
                let help = "one row of a key holds at a time, up to but not including its end: let one end where the next begins";
                self.table.owner.stopped(Code::ValidityOverlap, span, message).help(help)
            }
            Conflict::Reversed(row) => {
                let message = format!("{shown} in {}, which ends before it begins", self.place(row, starts));
                self.table.owner.stopped(Code::ValidityReversed, span, message).help("correct the file")
            }
        })
    }

    /// Instants of a column of validity; a date is the start of its day in the project's zone.
    fn bound(&self, id: ColumnId) -> Result<TimestampMicrosecondArray, Diagnostic> {
        let read = self
            .columns
            .get(&id)
            .and_then(|column| instants(column, &Reading::plain(self.civil.calendar().zone.clone())));
        read.map(|read| read.array).ok_or_else(|| self.internal("a column of validity that holds no times"))
    }

    /// ``row 3 of `users.csv` ``.
    fn place(&self, row: u32, starts: &[usize]) -> String {
        let row = row as usize;
        let file = starts.partition_point(|start| *start <= row).saturating_sub(1);
        let start = starts.get(file).copied().unwrap_or_default();
        let name = self.table.files.get(file).map_or("", |file| file.found.relative.as_str());
        let number = self.table.files.get(file).map_or(0, |file| file.number(row - start));
        format!("row {number} of `{name}`")
    }

    /// ``the key `id` of lookup `users` is `3` ``, and where the key is declared.
    fn shown_key(&self, row: u32) -> (String, Span) {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for id in &self.def.key {
            names.push(self.def.columns.get(id.0 as usize).map_or("", |c| c.name.as_str()));
            let array = self.columns.get(id).map(AsRef::as_ref);
            let format = array.and_then(|array| ArrayFormatter::try_new(array, &FormatOptions::default()).ok());
            values.push(format.map(|format| format.value(row as usize).to_string()).unwrap_or_default());
        }
        let first = self.def.key.first().and_then(|id| self.def.columns.get(id.0 as usize));
        let text =
            format!("the key `{}` of lookup `{}` is {}", names.join(", "), self.def.name, quoted(&values.join(", ")));
        (text, first.map_or(self.def.span, |c| c.span))
    }

    /// A computed column, and first what it is made of.
    fn compute(
        &mut self,
        id: ColumnId,
        column: &ir::Column,
        others: &BTreeMap<LookupId, Arc<OpenLookup>>,
        depth: usize,
    ) -> Result<(), Diagnostic> {
        let Origin::Computed(expr) = &column.origin else { return Ok(()) };
        if self.columns.contains_key(&id) || depth > self.def.columns.len() {
            return Ok(());
        }
        let (mut inputs, mut ways) = (Vec::new(), Vec::new());
        expr.each(&mut |node| match &node.kind {
            RowKind::Column(input) => inputs.push(*input),
            RowKind::Linked { way, .. } => ways.push(way.clone()),
            _ => {}
        });
        let roots = ways.iter().filter_map(|way| self.def.links.get(*way.links.first()? as usize));
        inputs.extend(roots.flat_map(|link| link.columns.clone()));
        for input in inputs {
            if let Some(other) = self.def.columns.get(input.0 as usize).cloned() {
                self.compute(input, &other, others, depth + 1)?;
            }
        }
        for way in ways {
            self.lead(&way, others).map_err(|e| self.internal(&e.to_string()))?;
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

    /// The finding for a field of a column of its files, if the column's text is no JSON.
    pub(crate) fn refused_field(&self, field: &Field) -> Option<Diagnostic> {
        fields::refused(&self.table, &self.def.columns, field, self.def.span)
    }

    /// What its rows depend on.
    pub(crate) fn identify(&self, making: &mut Making) -> Result<(), Diagnostic> {
        making.text(&self.def.name).text(&self.fingerprint()?);
        (self.def.format, &self.def.key, self.def.latest, self.def.valid).hash(making);
        making.text(&format!("{:?} {:?} {:?}", self.def.text.separator, self.def.text.quote, self.def.text.numbers));
        key::columns(&self.def.columns, making);
        key::links(&self.def.links, making);
        self.newest.iter().for_each(|rows| rows.values().hash(making));
        Ok(())
    }

    /// The lookups that it reaches, itself included.
    pub(crate) fn reaches<'a>(&self, all: &'a [Arc<Self>], found: &mut BTreeMap<LookupId, &'a Self>) {
        let Some(own) = all.get(self.id.0 as usize).filter(|_| !found.contains_key(&self.id)) else { return };
        found.insert(self.id, own);
        let over = self.steps.values().map(|step| Arc::clone(&step.lookup));
        over.for_each(|lookup| lookup.reaches(all, found));
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
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

    /// Whether its rows hold from some time to another.
    pub(crate) fn is_dated(&self) -> bool {
        self.def.valid.is_some()
    }

    /// For each key (as many columns as the key has) the row that has it, and holds at its time; null where none does.
    pub(crate) fn rows_of(&self, keys: &[ArrayRef], times: Option<&TimestampMicrosecondArray>) -> UInt32Array {
        self.index.rows_of(keys, times)
    }

    /// Columns of some of its rows.
    pub fn of_rows(&self, columns: &[ColumnId], rows: &UInt32Array) -> Result<Vec<ArrayRef>, RowError> {
        columns.iter().map(|id| Ok(take(self.column(*id)?, rows, None)?)).collect()
    }

    /// The ways that its computed columns go, with the rows that they lead to no row.
    pub fn missing(&self) -> impl Iterator<Item = (&Way, u64)> {
        self.steps.iter().map(|(way, step)| (way, step.rows.null_count() as u64))
    }

    /// Finds the rows that a way leads to, and first those that it goes on from.
    fn lead(&mut self, way: &Way, others: &BTreeMap<LookupId, Arc<Self>>) -> Result<(), RowError> {
        let missing = || RowError::Internal(format!("the way {:?} is not there", way.links));
        if self.steps.contains_key(way) {
            return Ok(());
        }
        let keys;
        let id;
        match (way.before(), way.links.last()) {
            (None, Some(at)) => {
                let link = self.def.links.get(*at as usize).ok_or_else(missing)?;
                keys = link.columns.iter().map(|id| self.column(*id).cloned()).collect::<Result<Vec<_>, _>>()?;
                id = link.lookup;
            }
            (Some(before), Some(at)) => {
                self.lead(&before, others)?;
                let before = self.steps.get(&before).ok_or_else(missing)?;
                let link = before.lookup.def.links.get(*at as usize).ok_or_else(missing)?;
                keys = before.lookup.of_rows(&link.columns, &before.rows)?;
                id = link.lookup;
            }
            (_, None) => return Err(missing()),
        }
        let lookup = others.get(&id).cloned().ok_or_else(missing)?;
        let rows = lookup.rows_of(&keys, None);
        self.steps.insert(way.clone(), Step { lookup, rows });
        Ok(())
    }

    fn internal(&self, what: &str) -> Diagnostic {
        Diagnostic::new(Code::Internal, self.def.span, format!("reading lookup `{}`: {what}", self.def.name))
    }
}

/// Refuses fields of columns that are plain text, in what a lookup computes: all of it is, whoever asks.
fn fields_of_json(
    def: &ir::Lookup,
    table: &Table,
    lookups: &[ir::Lookup],
    others: &BTreeMap<LookupId, Arc<OpenLookup>>,
) -> Vec<Diagnostic> {
    let mut fields = Fields::new(&def.links, lookups);
    for column in &def.columns {
        if let Origin::Computed(expr) = &column.origin {
            fields.expr(expr);
        }
    }
    def.scope.iter().for_each(|expr| fields.expr(expr));
    let mut found = fields.refused(table, &def.columns, def.span);
    found.extend(fields.over.iter().filter_map(|(id, field)| others.get(id)?.refused_field(field)));
    found
}

impl Columns for OpenLookup {
    fn rows(&self) -> usize {
        self.rows
    }

    fn column(&self, column: ColumnId) -> Result<ArrayRef, RowError> {
        self.column(column).cloned()
    }

    fn linked(&self, way: &Way, column: ColumnId) -> Result<ArrayRef, RowError> {
        let missing = || RowError::Internal(format!("the way {:?} is not there", way.links));
        let step = self.steps.get(way).ok_or_else(missing)?;
        Ok(take(step.lookup.column(column)?, &step.rows, None)?)
    }

    fn civil(&self) -> &Civil {
        &self.civil
    }
}
