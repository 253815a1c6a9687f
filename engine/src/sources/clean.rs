//! Cleaning: a scan's batch to canonical columns of the rows that have a time and are in scope.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, RecordBatch, TimestampMicrosecondArray, UInt32Array,
};
use datafusion::arrow::compute::{cast, filter, is_not_null, max, min, prep_null_mask_filter, take};
use datafusion::arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::row::{RowConverter, SortField};
use jiff::tz::TimeZone;
use kepi_lang::calendar::Calendar;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{self, ColumnId, Edge, Format, Origin, Reach, RowExpr, ScalarType, Way};

use crate::cache::Making;
use crate::cache::key;
use crate::rows::{Civil, Columns, RowError, condition, evaluate};
use crate::sources::column::FileColumn;
use crate::sources::convert::{Refused, Target};
use crate::sources::counts::Counts;
use crate::sources::lookup::OpenLookup;
use crate::sources::made::Made;
use crate::sources::physical::item_of;
use crate::sources::source::OpenSource;
use crate::sources::table::{RawColumn, Table};
use crate::sources::times::{Reading, instants};

/// Makes canonical columns of a source's raw batches. Used from several threads at once.
#[derive(Debug)]
pub struct Cleaner {
    table: Arc<Table>,
    clock: Option<(ColumnId, FileColumn)>,
    columns: Vec<(ColumnId, FileColumn)>,
    scope: Vec<ColumnId>,
    /// Ways that the source's own condition goes.
    scope_ways: BTreeSet<Way>,
    computed: Vec<ColumnId>,
    /// Columns of the files, by name, that tell copies of a key apart, each with what its text means; empty without a key.
    identity: Vec<(usize, Option<Target>)>,
    shared: Arc<Shared>,
}

/// What every batch of a source looks at.
#[derive(Debug)]
pub(super) struct Shared {
    pub def: Arc<ir::Source>,
    pub lookups: Vec<Arc<OpenLookup>>,
    /// What these are made of, for the steps of chains.
    pub defs: Arc<[ir::Lookup]>,
    pub civil: Civil,
}

impl Cleaner {
    pub(crate) fn new(
        source: &OpenSource,
        calendar: &Calendar,
        lookups: &[Arc<OpenLookup>],
        columns: &BTreeSet<ColumnId>,
        copies: bool,
    ) -> Result<Self, Vec<Diagnostic>> {
        let needs = source.needs(columns);
        let table = &source.table;
        let mut findings = Vec::new();
        let mut found = Vec::new();
        for id in &needs.file {
            let Some(column) = source.column(*id) else { continue };
            match FileColumn::find(table, column, source.zone(), false) {
                Ok(Some(file)) => found.push((*id, file)),
                Ok(None) => {}
                Err(finding) => findings.push(finding),
            }
        }
        let mut clock = None;
        if let Some((id, column)) = source.def.time.and_then(|id| Some((id, source.column(id)?))) {
            match FileColumn::find(table, column, source.zone(), true) {
                Ok(file) => clock = file.map(|file| (id, file)),
                // The clock is among the columns, too, and may have said the same.
                Err(finding) if findings.contains(&finding) => {}
                Err(finding) => findings.push(finding),
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        // Where the clock's column is an instant, its values and the clock are the same, and it is as lenient.
        found.retain(|(id, _)| {
            let same = clock.as_ref().is_some_and(|(clock, _)| clock == id);
            !(same && source.column(*id).is_some_and(|c| c.ty == ScalarType::Instant))
        });
        let mut identity = Vec::new();
        if !source.def.key.is_empty() && copies {
            let sorts = |at: &usize| {
                let other = |ty: &DataType| matches!(ty, DataType::Map(..)) || item_of(ty) == Some(ir::Item::Other);
                table.schema.fields().get(*at).is_some_and(|f| !other(f.data_type()))
            };
            let mut columns: Vec<_> = table.columns.iter().enumerate().filter(|(at, _)| sorts(at)).collect();
            // By name, so that the order of declarations does not decide which copy stays.
            columns.sort_by(|a, b| a.1.name.cmp(&b.1.name));
            identity = columns.into_iter().map(|(at, column)| (at, meaning(table, column))).collect();
        }
        let mut scope = Reach::of(&source.def.columns, &source.def.links);
        source.def.scope.iter().for_each(|expr| scope.expr(expr));
        Ok(Self {
            table: Arc::clone(table),
            clock,
            columns: found,
            scope: needs.scope,
            scope_ways: scope.over,
            computed: needs.computed,
            identity,
            shared: Arc::new(Shared {
                def: Arc::clone(&source.def),
                lookups: lookups.to_vec(),
                defs: Arc::clone(&source.lookups),
                civil: Civil::new(calendar.clone()),
            }),
        })
    }

    /// How columns of the files become those of the program.
    pub(crate) fn identify(&self, making: &mut Making) {
        for (id, column) in self.clock.iter().chain(&self.columns) {
            let field = self.table.schema.fields().get(column.position);
            let (name, ty) = field.map_or(("", None), |field| (field.name().as_str(), Some(field.data_type())));
            making.text(name).text(&format!("{id:?} {ty:?} {:?}", column.target));
            key::zone(&column.target.reading.zone, making);
        }
    }

    /// Whether copies are to be collapsed with `dedup`.
    pub fn has_key(&self) -> bool {
        !self.shared.def.key.is_empty()
    }

    /// The rows of a scan's batch that have a time and are in scope; the others are counted.
    pub fn clean(&self, raw: &RecordBatch, counts: &mut Counts) -> Result<Clean, Diagnostic> {
        counts.read += raw.num_rows() as u64;
        let mut clean = Clean {
            rows: raw.num_rows(),
            columns: BTreeMap::new(),
            clock: None,
            moved: None,
            copies: None,
            missing_in_scope: Vec::new(),
            hits: Arc::default(),
            made: Made::default(),
            timed: None,
            shared: Arc::clone(&self.shared),
        };
        if let Some((id, column)) = &self.clock {
            let read = column.target.convert(&self.raw(raw, column.position)?);
            let read = read.map_err(|refused| self.refused(*id, column, &refused))?;
            let clock = read.array.as_primitive::<TimestampMicrosecondType>().clone();
            clean.timed = min(&clock).zip(max(&clock));
            clean.clock = Some(clock);
            clean.moved = read.moved;
            if self.shared.def.columns.get(id.0 as usize).is_some_and(|c| c.ty == ScalarType::Instant) {
                clean.columns.insert(*id, read.array);
            }
        }
        for (id, column) in &self.columns {
            let read = column.target.convert(&self.raw(raw, column.position)?);
            clean.columns.insert(*id, read.map_err(|refused| self.refused(*id, column, &refused))?.array);
        }
        clean.copies = self.copies(raw, &clean)?;
        if let Some(clock) = clean.clock.as_ref().filter(|clock| clock.null_count() > 0) {
            counts.no_time += clock.null_count() as u64;
            let timed = is_not_null(clock).map_err(|e| self.internal(&e.to_string()))?;
            clean = clean.filter(&timed);
        }
        if let Some(scope) = &self.shared.def.scope {
            self.compute(&mut clean, &self.scope)?;
            let (inside, _) = condition(scope, &clean).map_err(|e| self.failed("the condition `where:`", &e))?;
            let missing = self.scope_ways.iter().map(|way| Ok((way.clone(), clean.missing(way)?)));
            let missing = missing.collect::<Result<_, _>>().map_err(|e: RowError| self.internal(&e.to_string()))?;
            let outside = inside.len() - inside.true_count();
            if outside > 0 {
                counts.out_of_scope += outside as u64;
                clean = clean.filter(&inside);
            }
            clean.missing_in_scope = missing;
        }
        self.compute(&mut clean, &self.computed)?;
        Ok(clean)
    }

    fn compute(&self, clean: &mut Clean, columns: &[ColumnId]) -> Result<(), Diagnostic> {
        for id in columns {
            let Some(column) = self.shared.def.columns.get(id.0 as usize) else { continue };
            let Origin::Computed(expr) = &column.origin else { continue };
            let array = self.value(clean, column, expr)?;
            clean.columns.insert(*id, array);
        }
        Ok(())
    }

    fn value(&self, clean: &Clean, column: &ir::Column, expr: &RowExpr) -> Result<ArrayRef, Diagnostic> {
        evaluate(expr, clean).map_err(|e| {
            if let RowError::NotOfType(..) = e {
                let message = format!("`{}` has a value that is not of its type: {e}", column.name);
                let finding = self.table.owner.stopped(Code::ValueNotOfType, column.span, message);
                return finding.help("correct the files, or declare the column as `text`");
            }
            let message = format!("the column `{}` cannot be computed: {e}", column.name);
            self.table.owner.stopped(Code::ColumnOverflow, column.span, message)
        })
    }

    fn raw(&self, batch: &RecordBatch, position: usize) -> Result<ArrayRef, Diagnostic> {
        let field = self.table.schema.fields().get(position);
        let Some((field, array)) = field.and_then(|f| Some((f, batch.column_by_name(f.name())?))) else {
            return Err(self.internal("a batch without a column that was asked for"));
        };
        if array.data_type() == field.data_type() {
            return Ok(Arc::clone(array));
        }
        cast(array, field.data_type()).map_err(|e| self.internal(&e.to_string()))
    }

    /// For each row its key and all of its values, as bytes that sort as the values do.
    fn copies(&self, raw: &RecordBatch, clean: &Clean) -> Result<Option<Copies>, Diagnostic> {
        if self.identity.is_empty() {
            return Ok(None);
        }
        let mut keys = Vec::new();
        let mut known = BooleanArray::from(vec![true; clean.rows]);
        for id in &self.shared.def.key {
            let Some(array) = clean.columns.get(id) else { return Err(self.internal("a key without its column")) };
            let there = is_not_null(array).map_err(|e| self.internal(&e.to_string()))?;
            known = datafusion::arrow::compute::and(&known, &there).map_err(|e| self.internal(&e.to_string()))?;
            keys.push(Arc::clone(array));
        }
        let value = |(position, target): &(usize, Option<Target>)| {
            let array = self.raw(raw, *position)?;
            // What is not what its column's values are is compared as it is written.
            let read = target.as_ref().and_then(|target| target.convert(&array).ok());
            Ok(read.map_or(array, |read| read.array))
        };
        let values = self.identity.iter().map(value).collect::<Result<Vec<_>, Diagnostic>>()?;
        let bytes = |arrays: &[ArrayRef]| sortable(arrays).map_err(|e| self.internal(&e.to_string()));
        Ok(Some(Copies { keys: bytes(&keys)?, known, values: bytes(&values)? }))
    }

    fn refused(&self, id: ColumnId, found: &FileColumn, refused: &Refused) -> Diagnostic {
        let column = self.shared.def.columns.get(id.0 as usize).filter(|_| *refused != Refused::Type);
        column
            .and_then(|column| found.offender(&self.table, &column.name, column.span))
            .unwrap_or_else(|| self.internal("a column of a type that was refused before"))
    }

    fn failed(&self, what: &str, error: &RowError) -> Diagnostic {
        let message = format!("{what} of source `{}` cannot be computed: {error}", self.shared.def.name);
        self.table.owner.stopped(Code::ColumnOverflow, self.shared.def.span, message)
    }

    fn internal(&self, what: &str) -> Diagnostic {
        Diagnostic::new(
            Code::Internal,
            self.shared.def.span,
            format!("reading source `{}`: {what}", self.shared.def.name),
        )
    }
}

/// What the values of a CSV column are: 9 is less than 12, and `1.50` is `1.5`.
fn meaning(table: &Table, column: &RawColumn) -> Option<Target> {
    let ty = column.ty.filter(|_| table.format.is_text())?;
    let reading = Reading::plain(TimeZone::UTC);
    let (blank, numbers) = (table.format == Format::Csv, table.numbers);
    Some(Target { ty, scale: column.scale, reading, lenient: true, blank, numbers })
}

pub(crate) fn sortable(arrays: &[ArrayRef]) -> Result<BinaryArray, ArrowError> {
    let fields = arrays.iter().map(|a| SortField::new(a.data_type().clone())).collect();
    RowConverter::new(fields)?.convert_columns(arrays)?.try_into_binary()
}

/// What tells the copies of a key.
#[derive(Clone, Debug)]
pub(crate) struct Copies {
    pub keys: BinaryArray,
    /// The key is not null.
    pub known: BooleanArray,
    pub values: BinaryArray,
}

/// Rows of a source, each with a time and in scope, in canonical columns.
#[derive(Clone, Debug)]
pub struct Clean {
    pub rows: usize,
    columns: BTreeMap<ColumnId, ArrayRef>,
    clock: Option<TimestampMicrosecondArray>,
    moved: Option<BooleanArray>,
    copies: Option<Copies>,
    /// For each way of the source's own condition, the rows that it looked at and that lead to no row of the lookup.
    missing_in_scope: Vec<(Way, u64)>,
    /// For each way that was gone, the row of the lookup that each row leads to.
    hits: Arc<Mutex<BTreeMap<Way, UInt32Array>>>,
    /// Of rows that are made of others.
    made: Made,
    /// The least and the greatest time before anything was found out of scope.
    timed: Option<(i64, i64)>,
    shared: Arc<Shared>,
}

impl Clean {
    /// The source's clock; never null.
    pub fn clock(&self) -> Option<&TimestampMicrosecondArray> {
        self.clock.as_ref()
    }

    /// The least and the greatest time of the batch, rows out of scope included.
    pub(crate) fn timed(&self) -> Option<(i64, i64)> {
        self.timed
    }

    /// A column as a clock: an instant as it is, a date as the start of its day.
    pub fn instants(&self, id: ColumnId) -> Result<TimestampMicrosecondArray, RowError> {
        if self.shared.def.time == Some(id)
            && let Some(clock) = &self.clock
        {
            return Ok(clock.clone());
        }
        let column = self.column(id)?;
        match column.data_type() {
            DataType::Timestamp(..) => Ok(column.as_primitive::<TimestampMicrosecondType>().clone()),
            DataType::Date32 if column.as_primitive_opt::<Date32Type>().is_some() => {
                let reading = Reading::plain(self.shared.civil.calendar().zone.clone());
                let read = instants(&column, &reading);
                read.map(|read| read.array).ok_or_else(|| RowError::Internal("a date that is no time".to_owned()))
            }
            other => Err(RowError::Internal(format!("a clock of type {other}"))),
        }
    }

    /// Rows whose local time was skipped or repeated, so that a policy decided.
    pub fn moved(&self) -> u64 {
        self.moved.as_ref().map_or(0, |moved| moved.true_count() as u64)
    }

    /// Rows that a way leads to no row of its lookup.
    pub fn missing(&self, way: &Way) -> Result<u64, RowError> {
        Ok(self.led(way)?.1.null_count() as u64)
    }

    pub(crate) fn missing_in_scope(&self) -> &[(Way, u64)] {
        &self.missing_in_scope
    }

    /// Rows that are made of others.
    pub(super) fn of_made(
        columns: BTreeMap<ColumnId, ArrayRef>,
        clock: TimestampMicrosecondArray,
        made: Made,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            rows: clock.len(),
            columns,
            clock: Some(clock),
            moved: None,
            copies: None,
            missing_in_scope: Vec::new(),
            hits: Arc::default(),
            made,
            timed: None,
            shared,
        }
    }

    /// The span that each row belongs to, where they do not belong to points in time.
    pub(crate) fn spans(&self) -> Option<&[u32]> {
        self.made.spans.as_deref()
    }

    /// The rows for which the mask is true.
    pub fn filter(&self, mask: &BooleanArray) -> Self {
        let mask = if mask.null_count() > 0 { prep_null_mask_filter(mask) } else { mask.clone() };
        // The lengths agree, and filtering fails for nothing else.
        let keep = |array: &dyn Array| filter(array, &mask).unwrap_or_else(|_| array.slice(0, 0));
        let bools = |array: &BooleanArray| keep(array).as_boolean().clone();
        Self {
            rows: mask.true_count(),
            columns: self.columns.iter().map(|(id, array)| (*id, keep(array))).collect(),
            clock: self.clock.as_ref().map(|clock| keep(clock).as_primitive::<TimestampMicrosecondType>().clone()),
            moved: self.moved.as_ref().map(bools),
            copies: self.copies.as_ref().map(|copies| Copies {
                keys: keep(&copies.keys).as_binary::<i32>().clone(),
                known: bools(&copies.known),
                values: keep(&copies.values).as_binary::<i32>().clone(),
            }),
            missing_in_scope: Vec::new(),
            hits: Arc::default(),
            made: self.made.filter(&mask),
            timed: self.timed,
            shared: Arc::clone(&self.shared),
        }
    }

    pub(crate) fn copies(&self) -> Option<&Copies> {
        self.copies.as_ref()
    }

    /// Nothing is compared any more.
    pub(crate) fn without_copies(mut self) -> Self {
        self.copies = None;
        self
    }

    /// The lookup that a way leads to, and its row for each row.
    fn led(&self, way: &Way) -> Result<(&OpenLookup, UInt32Array), RowError> {
        let missing = || RowError::Internal(format!("the way {:?} is not there", way.links));
        let link = way.steps(&self.shared.def.links, &self.shared.defs).pop().ok_or_else(missing)?;
        let lookup = self.shared.lookups.get(link.lookup.0 as usize).ok_or_else(missing)?;
        let known = self.hits.lock().unwrap_or_else(PoisonError::into_inner).get(way).cloned();
        if let Some(known) = known {
            return Ok((lookup, known));
        }
        let keys = match way.before() {
            None => link.columns.iter().map(|id| self.column(*id)).collect::<Result<Vec<_>, _>>()?,
            Some(before) => {
                let (over, rows) = self.led(&before)?;
                over.of_rows(&link.columns, &rows)?
            }
        };
        let times = way.clock.filter(|_| lookup.is_dated()).map(|id| self.instants(id)).transpose()?;
        let rows = lookup.rows_of(&keys, times.as_ref());
        self.hits.lock().unwrap_or_else(PoisonError::into_inner).insert(way.clone(), rows.clone());
        Ok((lookup, rows))
    }
}

impl Columns for Clean {
    fn rows(&self) -> usize {
        self.rows
    }

    fn column(&self, column: ColumnId) -> Result<ArrayRef, RowError> {
        self.columns.get(&column).cloned().ok_or_else(|| {
            RowError::Internal(format!("column {} of source `{}` was not read", column.0, self.shared.def.name))
        })
    }

    fn linked(&self, way: &Way, column: ColumnId) -> Result<ArrayRef, RowError> {
        let (lookup, rows) = self.led(way)?;
        Ok(take(lookup.column(column)?, &rows, None)?)
    }

    fn made(&self, at: Edge, of: &[RowExpr]) -> Result<ArrayRef, RowError> {
        let value = self.made.values.get(&(at, of.to_vec())).cloned();
        value.ok_or_else(|| RowError::Internal("a value of other rows that was not kept".to_owned()))
    }

    fn civil(&self) -> &Civil {
        &self.shared.civil
    }
}
