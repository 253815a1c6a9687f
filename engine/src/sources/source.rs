//! A source with its files: what a scan of it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use jiff::tz::TimeZone;
use kepi_lang::calendar::{Calendar, Interval};
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{self, ColumnId, Origin, Program, RowExpr, RowKind, ScalarType, SourceId};
use kepi_lang::results::{Alone, Extent};

use crate::cache::{Cache, Key, Times, key};
use crate::sources::clean::Cleaner;
use crate::sources::column::FileColumn;
use crate::sources::counts::Counts;
use crate::sources::fields::Fields;
use crate::sources::hive;
use crate::sources::iso::DAY;
use crate::sources::lookup::OpenLookup;
use crate::sources::scan;
use crate::sources::stores::fault_in;
use crate::sources::table::{Body, DataFile, Table, finding};
use crate::sources::trouble::Trouble;

/// Days without a row that are a long pause.
const FAR: i64 = 30;

/// Whether the last rows are few and far from the others, by the rows of each day: how many, of how many, and the day before
/// them. Few is two, or one in a thousand; far is a month, and ten times as long as any pause before.
fn alone(days: &BTreeMap<i64, u64>) -> Option<(u64, u64, i64)> {
    const ENOUGH: u64 = 20;
    const LONGER: i64 = 10;
    let of: u64 = days.values().sum();
    let few = (of / 1000).max(2);
    let (mut before, mut longest, mut seen) = (None, 1, 0);
    for (day, rows) in days.iter().filter(|_| of >= ENOUGH) {
        if let Some(before) = before {
            let pause = day - before;
            if of - seen <= few && pause >= FAR && pause >= LONGER * longest {
                return Some((of - seen, of, before));
            }
            longest = longest.max(pause);
        }
        (before, seen) = (Some(*day), seen + rows);
    }
    None
}

/// One source of a program, its files found and looked into.
#[derive(Debug)]
pub struct OpenSource {
    pub(crate) id: SourceId,
    pub(crate) def: Arc<ir::Source>,
    pub(crate) table: Arc<Table>,
    pub(crate) calendar: Calendar,
    /// All lookups of the program, for the steps of chains.
    pub(crate) lookups: Arc<[ir::Lookup]>,
}

/// The columns of a source that a question needs, and what they are made of.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Columns of the files.
    pub file: BTreeSet<ColumnId>,
    /// Computed columns that `where:` is made of, each after those that it is made of.
    pub scope: Vec<ColumnId>,
    /// The other computed columns, likewise.
    pub computed: Vec<ColumnId>,
}

impl OpenSource {
    pub fn id(&self) -> SourceId {
        self.id
    }

    pub fn name(&self) -> &str {
        &self.def.name
    }

    pub fn files(&self) -> u64 {
        self.table.files.len() as u64
    }

    pub fn bytes(&self) -> u64 {
        self.table.bytes()
    }

    /// Of all files, by their footers or by having read them.
    pub fn rows(&self) -> u64 {
        self.table.rows()
    }

    /// SHA-256, in hex, over relative paths, sizes and contents of the files.
    pub fn fingerprint(&self) -> Result<String, Diagnostic> {
        self.table.fingerprint()
    }

    /// An error where a file is not the one any more that was looked into.
    pub(crate) fn unchanged(&self) -> Result<(), Diagnostic> {
        self.table.unchanged()
    }

    /// How far beyond a bound, in microseconds, rows may be left out or not.
    pub(crate) fn slack(&self) -> i64 {
        /// A bound is rounded to the files' units, which are seconds at most.
        const ROUNDED: i64 = 2_000_000;
        ROUNDED + scan::SLACK
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.calendar.zone
    }

    /// A scan of the file columns that `columns`, the clock, the key and the scope need, and of no others (of all, where a
    /// key makes copies be compared). `bounds` leaves out what lies outside them in pieces: what is yielded may still lie
    /// outside. `kept`: by file, whether it need not be read; given, the rows say of which file they are.
    pub(crate) fn scan(
        &self,
        columns: &BTreeSet<ColumnId>,
        bounds: Option<Interval>,
        kept: Option<&[bool]>,
    ) -> Result<LogicalPlan, DataFusionError> {
        let clock = self.def.time.and_then(|time| self.file_column(time)).and_then(|raw| self.table.position(raw));
        // Bounds would split the copies of a key.
        let bounds = bounds.filter(|_| self.def.key.is_empty()).zip(clock);
        let columns = self.raw(columns, true);
        let mut left_out = self.left_out(bounds.map(|(bounds, _)| bounds));
        left_out.iter_mut().zip(kept.into_iter().flatten()).for_each(|(out, kept)| *out |= kept);
        let files = scan::Files { left_out, tagged: kept.is_some() };
        let reading = self.def.time.and_then(|time| self.column(time)?.time.as_ref());
        // Without a zone of its own a clock is in the project's.
        let zone = reading.and_then(|reading| TimeZone::get(&reading.zone).ok());
        scan::plan(&self.def.name, &self.table, &columns, bounds, files, zone.as_ref().unwrap_or(self.zone()))
    }

    /// Files that need not be read: their folders say that all of their rows are out of scope, or outside the bounds.
    pub(crate) fn left_out(&self, bounds: Option<Interval>) -> Vec<bool> {
        let mut out = hive::out_of_scope(self);
        if let (Some(bounds), Some(clock)) = (bounds, self.fixed_clock()) {
            for (out, file) in out.iter_mut().zip(&self.table.files) {
                *out |= self.instant(file, &clock).is_some_and(|at| !bounds.contains(at));
            }
        }
        out
    }

    /// Rows of files that are out of scope by their folders, none of which is read.
    pub(crate) fn unread_out_of_scope(&self) -> u64 {
        let out = hive::out_of_scope(self);
        let rows = |(file, out): (&DataFile, bool)| if out { file.rows - file.bad() } else { 0 };
        self.table.files.iter().zip(out).map(rows).sum()
    }

    /// The clock, where folders make it.
    fn fixed_clock(&self) -> Option<FileColumn> {
        let column = self.column(self.def.time?)?;
        let found = FileColumn::find(&self.table, column, self.zone(), true).ok().flatten()?;
        self.table.is_fixed(found.position).then_some(found)
    }

    fn instant(&self, file: &DataFile, clock: &FileColumn) -> Option<jiff::Timestamp> {
        let value = self.table.fixed(file, clock.position)?;
        let read = clock.target.convert(&value).ok()?.array;
        let read = read.as_primitive_opt::<TimestampMicrosecondType>()?;
        if read.is_null(0) { None } else { jiff::Timestamp::from_microsecond(read.value(0)).ok() }
    }

    /// Whether every row of a file has a time, as far as that is known without reading it.
    pub(crate) fn is_timed(&self, file: &DataFile) -> bool {
        let Some(time) = self.def.time else { return true };
        if let Some(clock) = self.fixed_clock() {
            return self.instant(file, &clock).is_some();
        }
        let position = self.file_column(time).and_then(|raw| self.table.position(raw));
        match (&file.body, position.and_then(|at| file.places.get(at).copied().flatten())) {
            (Body::Parquet(footer), Some(place)) => footer.is_never_null(place),
            _ => false,
        }
    }

    /// Refuses fields of columns that are plain text, in expressions over its rows and in what these rest on.
    pub(crate) fn fields_of_json(
        &self,
        exprs: &[RowExpr],
        columns: &BTreeSet<ColumnId>,
        lookups: &[Arc<OpenLookup>],
    ) -> Result<(), Vec<Diagnostic>> {
        let mut fields = Fields::new(&self.def.links, &self.lookups);
        exprs.iter().chain(&self.def.scope).for_each(|expr| fields.expr(expr));
        for id in columns {
            if let Some(Origin::Computed(expr)) = self.column(*id).map(|c| &c.origin) {
                fields.expr(expr);
            }
        }
        let mut found = fields.refused(&self.table, &self.def.columns, self.def.span);
        for (id, field) in &fields.over {
            if let Some(lookup) = lookups.get(id.0 as usize) {
                found.extend(lookup.refused_field(field));
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// What makes canonical columns of a scan's batches.
    pub fn cleaner(
        &self,
        program: Arc<Program>,
        lookups: &[Arc<OpenLookup>],
        columns: &BTreeSet<ColumnId>,
    ) -> Result<Cleaner, Vec<Diagnostic>> {
        Cleaner::new(self, &program.settings.calendar, lookups, columns, true)
    }

    /// First and last event time of the rows in scope, copies of a key included, by one pass over the files. An error when
    /// there are values in the time column and not one of them is a time. What it finds of each file is kept.
    pub(crate) fn extent(&self, lookups: &[Arc<OpenLookup>], cache: Option<&Cache>) -> Result<Extent, Vec<Diagnostic>> {
        let Some(clock) = self.def.time else { return Ok(Extent::default()) };
        if let Some(extent) = self.extent_by_footers(clock) {
            return Ok(extent);
        }
        let cleaner = Cleaner::new(self, &self.calendar, lookups, &BTreeSet::new(), false)?;
        let kept = cache.map(|cache| Ok((cache, key::times(self, &cleaner, lookups)?))).transpose();
        kept.and_then(|kept| self.seen(&cleaner, clock, kept)).map_err(|finding| vec![finding])
    }

    /// The extent as the files' ends tell it: of Parquet files without a condition on rows, whose pieces follow one another so
    /// closely that no row can stand alone.
    fn extent_by_footers(&self, clock: ColumnId) -> Option<Extent> {
        let column = self.column(clock)?;
        let position = self.table.position(self.file_column(clock)?)?;
        let field = self.table.schema.fields().get(position)?;
        let DataType::Timestamp(unit, zone) = field.data_type() else { return None };
        if self.def.scope.is_some() || column.ty != ScalarType::Instant || zone.is_none() || self.table.bad > 0 {
            return None;
        }
        let mut spans = Vec::new();
        for file in &self.table.files {
            let (Body::Parquet(footer), Some(place)) = (&file.body, file.places.get(position).copied().flatten())
            else {
                return None;
            };
            if !footer.is_never_null(place) {
                return None;
            }
            for (least, most) in footer.bounds(place)? {
                let micros = |n: i64| match unit {
                    TimeUnit::Second => n.checked_mul(1_000_000),
                    TimeUnit::Millisecond => n.checked_mul(1_000),
                    TimeUnit::Microsecond => Some(n),
                    TimeUnit::Nanosecond => Some(n.div_euclid(1_000)),
                };
                spans.push((micros(least)?, micros(most)?));
            }
        }
        spans.sort_unstable();
        let mut reached = spans.first()?.0;
        for (least, most) in &spans {
            if least - reached >= FAR * DAY || most - least >= FAR * DAY {
                return None;
            }
            reached = reached.max(*most);
        }
        let stamp = |micros: i64| jiff::Timestamp::from_microsecond(micros).ok();
        Some(Extent { first: Some(stamp(spans.first()?.0)?), last: Some(stamp(reached)?), alone: None })
    }

    fn seen(&self, cleaner: &Cleaner, clock: ColumnId, kept: Option<(&Cache, Key)>) -> Result<Extent, Diagnostic> {
        let mut all = Times::default();
        let left_out = self.left_out(None);
        for (file, _) in self.table.files.iter().zip(left_out).filter(|(_, out)| !out) {
            let made = || self.times(file, cleaner);
            let times = match &kept {
                Some((cache, definition)) => cache.times(definition, file, &self.table.content(file)?, made)?,
                None => made()?,
            };
            all.merge(times);
        }
        if all.read > 0 && all.no_time == all.read {
            self.any_time(clock)?;
        }
        let stamp = |micros: i64| jiff::Timestamp::from_microsecond(micros).ok();
        let alone = alone(&all.days).and_then(|(rows, of, day)| Some(Alone { rows, of, before: stamp(day * DAY)? }));
        let (first, last) = all.reach.unzip();
        Ok(Extent { first: first.and_then(stamp), last: last.and_then(stamp), alone })
    }

    /// The times of a file's rows in scope.
    fn times(&self, file: &DataFile, cleaner: &Cleaner) -> Result<Times, Diagnostic> {
        let columns = self.raw(&BTreeSet::new(), false);
        let (mut times, mut counts, mut failed) = (Times::default(), Counts::default(), None);
        let mut visit = |batch: RecordBatch| match cleaner.clean(&batch, &mut counts) {
            Ok(clean) => {
                clean
                    .clock()
                    .into_iter()
                    .flatten()
                    .flatten()
                    .for_each(|micros| times.see(micros, micros.div_euclid(DAY)));
                true
            }
            Err(finding) => {
                failed = Some(finding);
                false
            }
        };
        if !self.table.kept(file, &columns, &mut visit) {
            self.table.read(file, &columns, &mut visit)?;
        }
        (times.read, times.no_time) = (counts.read, counts.no_time);
        failed.map_or(Ok(times), Err)
    }

    /// No row has a time. Nulls are just that; values that cannot be read mean that the reading is wrong.
    fn any_time(&self, clock: ColumnId) -> Result<(), Diagnostic> {
        let Some(column) = self.column(clock) else { return Ok(()) };
        let Some(mut found) = FileColumn::find(&self.table, column, self.zone(), true)? else { return Ok(()) };
        found.target.lenient = false;
        let rejects = [&found.target.reading.on_gap, &found.target.reading.on_overlap];
        if rejects.contains(&&ir::LocalPolicy::Reject) {
            return Ok(());
        }
        found.offender(&self.table, &column.name, column.span).map_or(Ok(()), Err)
    }

    /// What an object store has said while a scan read from it.
    pub(crate) fn refused(&self, error: &DataFusionError) -> Option<Diagnostic> {
        let fault = fault_in(error)?;
        let file = self.table.files.iter().find(|file| file.found.relative == fault.place)?;
        Some(finding(&self.table.owner, &file.found, Trouble::Store(fault.clone())))
    }

    /// Which file made a scan fail, and why: reads them one by one. For messages only, after the fact.
    pub fn diagnose(&self, columns: &BTreeSet<ColumnId>, error: &str) -> Diagnostic {
        // What a reader makes of half of another file is no message.
        if let Err(finding) = self.unchanged() {
            return finding;
        }
        let raw = self.raw(columns, true);
        for file in &self.table.files {
            if let Err(finding) = self.table.read(file, &raw, &mut |_| true) {
                return finding;
            }
        }
        let text: String = error.lines().next().unwrap_or_default().chars().take(200).collect();
        let message = format!("the files of source `{}` could not be read: {text}", self.def.name);
        self.table.owner.stopped(Code::Unreadable, self.table.span, message)
    }

    pub(crate) fn column(&self, id: ColumnId) -> Option<&ir::Column> {
        self.def.columns.get(id.0 as usize)
    }

    fn file_column(&self, id: ColumnId) -> Option<&str> {
        match &self.column(id)?.origin {
            Origin::File(raw) => Some(raw),
            Origin::Computed(_) => None,
        }
    }

    /// Positions, ascending, of the table's columns that are read; all of them where `copies` of a key are to be told apart.
    fn raw(&self, columns: &BTreeSet<ColumnId>, copies: bool) -> Vec<usize> {
        if !self.def.key.is_empty() && copies {
            return (0..self.table.columns.len()).collect();
        }
        let needs = self.needs(columns);
        let found: BTreeSet<usize> =
            needs.file.iter().filter_map(|id| self.table.position(self.file_column(*id)?)).collect();
        if found.is_empty() && !self.table.columns.is_empty() {
            // Rows are counted by some column.
            return vec![0];
        }
        found.into_iter().collect()
    }

    pub(crate) fn needs(&self, columns: &BTreeSet<ColumnId>) -> Needs {
        let mut needs = Needs::default();
        if let Some(scope) = &self.def.scope {
            let mut order = Vec::new();
            self.inputs(scope, &mut needs.file, &mut order);
            needs.scope = order;
        }
        let mut order = needs.scope.clone();
        for id in columns.iter().chain(&self.def.time).chain(&self.def.key) {
            self.need(*id, &mut needs.file, &mut order);
        }
        needs.computed = order.split_off(needs.scope.len());
        needs
    }

    /// A column, and first what it is made of.
    fn need(&self, id: ColumnId, file: &mut BTreeSet<ColumnId>, order: &mut Vec<ColumnId>) {
        match self.column(id).map(|column| &column.origin) {
            Some(Origin::File(_)) => {
                file.insert(id);
            }
            Some(Origin::Computed(expr)) if !order.contains(&id) => {
                self.inputs(expr, file, order);
                if !order.contains(&id) {
                    order.push(id);
                }
            }
            _ => {}
        }
    }

    fn inputs(&self, expr: &RowExpr, file: &mut BTreeSet<ColumnId>, order: &mut Vec<ColumnId>) {
        expr.each(&mut |node| match &node.kind {
            RowKind::Column(id) => self.need(*id, file, order),
            RowKind::Linked { way, .. } => {
                let root = way.links.first().and_then(|at| self.def.links.get(*at as usize));
                for column in root.iter().flat_map(|link| &link.columns).chain(&way.clock) {
                    self.need(*column, file, order);
                }
            }
            _ => {}
        });
    }
}
