//! One pass over the rows of a source, for all of its measures.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use datafusion::error::Result;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{Aggregate, RowKind};

use crate::execute::state::Writer;
use crate::execute::tally::Tally;
use crate::execute::work::Work;
use crate::operators::{Accumulator, Rows, View, accumulator};
use crate::plan::suite::Taken;
use crate::plan::timeline::{ALWAYS, NONE};
use crate::rows::{Columns, FastState, RowError, condition, evaluate, evaluate_where};
use crate::sources::Clean;

/// Distinct combinations of group values, numbered as they come.
#[derive(Default)]
struct Groups {
    ids: HashMap<Box<[u8]>, u32, FastState>,
    bytes: Vec<Box<[u8]>>,
}

impl Groups {
    fn id(&mut self, bytes: &[u8]) -> u32 {
        if let Some(id) = self.ids.get(bytes) {
            return *id;
        }
        let id = self.bytes.len() as u32;
        self.bytes.push(bytes.into());
        self.ids.insert(bytes.into(), id);
        id
    }
}

/// Distinct pairs of atom and group, numbered as they come.
#[derive(Default)]
struct Cells {
    ids: HashMap<(u32, u32), u32, FastState>,
    pairs: Vec<(u32, u32)>,
}

impl Cells {
    fn id(&mut self, pair: (u32, u32)) -> u32 {
        *self.ids.entry(pair).or_insert_with(|| {
            self.pairs.push(pair);
            (self.pairs.len() - 1) as u32
        })
    }
}

/// A measure of the suite, and the rows of its set that each cell has.
struct Running {
    accumulator: Box<dyn Accumulator>,
    rows: Vec<u64>,
}

/// The rows that a filter leaves of a space, and the cell of each.
#[derive(Default)]
struct Selection {
    rows: Vec<u32>,
    cells: Vec<u32>,
}

pub(crate) struct Accumulation {
    work: Arc<Work>,
    /// By the list of expressions.
    groups: BTreeMap<Vec<usize>, Groups>,
    /// By space.
    cells: Vec<Cells>,
    /// By branch taken.
    running: Vec<Running>,
    pub tally: Tally,
}

impl Accumulation {
    pub(crate) fn new(work: Arc<Work>) -> Self {
        let running = work.spec.taken.iter().filter_map(|taken| {
            let planned = work.plan.measures.get(taken.measure)?;
            Some(Running { accumulator: accumulator(&planned.measure), rows: Vec::new() })
        });
        let running = running.collect();
        let cells = work.spec.spaces.iter().map(|_| Cells::default()).collect();
        Self { work, groups: BTreeMap::new(), cells, running, tally: Tally::default() }
    }

    /// Adds the rows that a cleaner has left.
    pub(crate) fn add(&mut self, clean: Clean) -> std::result::Result<(), Diagnostic> {
        let work = Arc::clone(&self.work);
        let clean = self.inside(clean);
        let mut batch = Batch::new(&work, &clean);
        let batch_size = clean.rows;
        self.tally.counts.used += batch_size as u64;
        self.tally.counts.moved += clean.moved();
        if batch_size == 0 {
            return Ok(());
        }
        let internal = |e: RowError| work.overflow(&e, None);
        if let Some(actor) = work.spec.actor {
            self.tally.counts.no_actor += clean.column(actor).map_err(internal)?.null_count() as u64;
        }
        for at in &work.spec.used {
            let Some(way) = work.spec.ways.get(*at as usize) else { continue };
            *self.tally.missing.entry(*at).or_default() += clean.missing(way).map_err(internal)?;
        }

        let mut cells: Vec<Vec<u32>> = Vec::new();
        for (at, space) in work.spec.spaces.iter().enumerate() {
            let atoms = batch.atoms(space.timeline, space.clock).map_err(internal)?;
            let groups = self.groups.entry(space.groups.clone()).or_default();
            let groups =
                batch.groups(groups, &space.groups, space.by).map_err(|e| work.overflow(&e, work.measure_in(at)))?;
            let Some(known) = self.cells.get_mut(at) else { continue };
            let mut last = ((NONE, NONE), NONE);
            let cell = |(atom, group): (&u32, &u32)| {
                if *atom == NONE || *group == NONE {
                    return NONE;
                }
                if last.0 != (*atom, *group) {
                    last = ((*atom, *group), known.id((*atom, *group)));
                }
                last.1
            };
            cells.push(atoms.iter().zip(groups.iter()).map(cell).collect());
        }

        let mut selections: BTreeMap<(usize, Option<usize>), Selection> = BTreeMap::new();
        let mut flags = Flags::new(batch_size);
        for (taken, running) in work.spec.taken.iter().zip(&mut self.running) {
            let blame = |e: RowError| work.overflow(&e, Some(taken.measure));
            let place = (taken.space, taken.filter);
            let selection = match selections.entry(place) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    let mask = taken.filter.map(|f| batch.condition(f)).transpose().map_err(blame)?;
                    let all = cells.get(taken.space).map(Vec::as_slice).unwrap_or_default();
                    place.insert(select(all, mask.as_ref(), &mut flags))
                }
            };
            let count = self.cells.get(taken.space).map_or(0, |c| c.pairs.len());
            batch.update(taken, running, selection, count, &mut flags).map_err(blame)?;
        }
        flags.count(&mut self.tally);
        Ok(())
    }

    /// Without the rows outside of every span.
    fn inside(&mut self, clean: Clean) -> Clean {
        let (from, to) = self.work.spec.hull;
        let Some(clock) = clean.clock() else { return clean };
        let mask: BooleanArray = clock.values().iter().map(|t| Some(from <= *t && *t < to)).collect();
        let outside = mask.len() - mask.true_count();
        if outside == 0 {
            return clean;
        }
        self.tally.counts.outside += outside as u64;
        clean.filter(&mask)
    }

    /// The state of every cell.
    pub(crate) fn finish(mut self) -> Result<RecordBatch> {
        let mut writer = Writer::default();
        let mut bytes = Vec::new();
        for (taken, running) in self.work.spec.taken.iter().zip(&mut self.running) {
            let Some((space, cells)) = self.work.spec.spaces.get(taken.space).zip(self.cells.get(taken.space)) else {
                continue;
            };
            let groups = self.groups.get(&space.groups);
            for (cell, (atom, group)) in cells.pairs.iter().enumerate() {
                let rows = running.rows.get(cell).copied().unwrap_or(0);
                if rows == 0 {
                    continue;
                }
                bytes.clear();
                running.accumulator.write(cell, &mut bytes);
                let group = groups.and_then(|g| g.bytes.get(*group as usize)).map_or(&[][..], |g| g);
                writer.push(taken.measure as u32, *atom, group, rows, &bytes);
            }
        }
        writer.finish(&self.tally)
    }
}

fn select(cells: &[u32], mask: Option<&(BooleanArray, BooleanArray)>, flags: &mut Flags) -> Selection {
    let mut selection = Selection::default();
    for (row, cell) in cells.iter().enumerate() {
        if let Some((mask, unknown)) = mask
            && !mask.value(row)
        {
            if unknown.value(row) {
                flags.set(row, UNKNOWN);
            }
            continue;
        }
        if *cell != NONE {
            selection.rows.push(row as u32);
            selection.cells.push(*cell);
            flags.set(row, CLAIMED);
        }
    }
    selection
}

const CLAIMED: u8 = 1;
const UNKNOWN: u8 = 2;
const NULL_VALUE: u8 = 4;

/// What has happened to each row of a batch.
struct Flags(Vec<u8>);

impl Flags {
    fn new(rows: usize) -> Self {
        Self(vec![0; rows])
    }

    fn set(&mut self, row: usize, flag: u8) {
        if let Some(flags) = self.0.get_mut(row) {
            *flags |= flag;
        }
    }

    fn count(&self, tally: &mut Tally) {
        let with = |flag: u8| self.0.iter().filter(|f| **f & flag != 0).count() as u64;
        tally.counts.unclaimed += self.0.len() as u64 - with(CLAIMED);
        tally.counts.unknown += with(UNKNOWN);
        tally.counts.null_values += with(NULL_VALUE);
    }
}

/// A batch, and what has been found out about it.
struct Batch<'a> {
    work: &'a Work,
    clean: &'a Clean,
    values: Vec<Option<ArrayRef>>,
    masks: BTreeMap<usize, (BooleanArray, BooleanArray)>,
    clocks: BTreeMap<Option<kepi_lang::ir::ColumnId>, Vec<i64>>,
    key: Option<Vec<ArrayRef>>,
}

impl<'a> Batch<'a> {
    fn new(work: &'a Work, clean: &'a Clean) -> Self {
        let values = vec![None; work.spec.exprs.len()];
        Self { work, clean, values, masks: BTreeMap::new(), clocks: BTreeMap::new(), key: None }
    }

    fn value(&mut self, expr: usize) -> std::result::Result<ArrayRef, RowError> {
        if let Some(Some(known)) = self.values.get(expr) {
            return Ok(known.clone());
        }
        let array = evaluate(self.work.expr(expr)?, self.clean)?;
        if let Some(slot) = self.values.get_mut(expr) {
            *slot = Some(array.clone());
        }
        Ok(array)
    }

    /// Where a condition is true, and where it is unknown.
    fn condition(&mut self, expr: usize) -> std::result::Result<(BooleanArray, BooleanArray), RowError> {
        if let Some(known) = self.masks.get(&expr) {
            return Ok(known.clone());
        }
        let both = condition(self.work.expr(expr)?, self.clean)?;
        self.masks.insert(expr, both.clone());
        Ok(both)
    }

    /// The clock in microseconds; empty for rows without time. A null is the smallest number, which lies in no span.
    fn clock(&mut self, clock: Option<kepi_lang::ir::ColumnId>) -> std::result::Result<&[i64], RowError> {
        if !self.clocks.contains_key(&clock) {
            let micros = match clock {
                None => Vec::new(),
                Some(id) => {
                    let instants = self.clean.instants(id)?;
                    instants.iter().map(|t| t.unwrap_or(i64::MIN)).collect()
                }
            };
            self.clocks.insert(clock, micros);
        }
        Ok(self.clocks.get(&clock).map(Vec::as_slice).unwrap_or_default())
    }

    fn atoms(
        &mut self,
        timeline: usize,
        clock: Option<kepi_lang::ir::ColumnId>,
    ) -> std::result::Result<Vec<u32>, RowError> {
        if clock.is_none() {
            return Ok(vec![ALWAYS; self.clean.rows]);
        }
        let work = self.work;
        let mut atoms = Vec::new();
        let instants = self.clock(clock)?;
        if let Some(line) = work.plan.timelines.get(timeline) {
            line.locate(instants.iter().map(|t| (*t != i64::MIN).then_some(*t)), &mut atoms);
        }
        Ok(atoms)
    }

    fn groups(&mut self, groups: &mut Groups, exprs: &[usize], by: usize) -> std::result::Result<Vec<u32>, RowError> {
        let columns = exprs.iter().map(|e| self.value(*e)).collect::<std::result::Result<Vec<_>, _>>()?;
        let views = columns.iter().map(View::new).collect::<std::result::Result<Vec<_>, _>>()?;
        if views.is_empty() {
            return Ok(vec![groups.id(&[]); self.clean.rows]);
        }
        let (mut bytes, mut last) = (Vec::new(), (Vec::new(), NONE));
        let id = |row: usize| {
            if views.iter().skip(by).any(|v| v.is_null(row)) {
                return NONE;
            }
            bytes.clear();
            views.iter().for_each(|v| v.encode(row, &mut bytes));
            if last.1 == NONE || last.0 != bytes {
                last.0.clone_from(&bytes);
                last.1 = groups.id(&bytes);
            }
            last.1
        };
        Ok((0..self.clean.rows).map(id).collect())
    }

    /// The value of a branch in the rows that it takes. What a row holds that it does not take may not fit.
    fn taken_value(&mut self, expr: usize, selection: &Selection) -> std::result::Result<ArrayRef, RowError> {
        match self.value(expr) {
            Err(RowError::Overflow(_)) => {
                let mut mask = vec![false; self.clean.rows];
                for row in &selection.rows {
                    if let Some(slot) = mask.get_mut(*row as usize) {
                        *slot = true;
                    }
                }
                evaluate_where(self.work.expr(expr)?, self.clean, &BooleanArray::from(mask))
            }
            other => other,
        }
    }

    fn update(
        &mut self,
        taken: &Taken,
        running: &mut Running,
        selection: &Selection,
        cells: usize,
        flags: &mut Flags,
    ) -> std::result::Result<(), RowError> {
        running.rows.resize(cells, 0);
        for cell in &selection.cells {
            if let Some(rows) = running.rows.get_mut(*cell as usize) {
                *rows += 1;
            }
        }
        let value = taken.value.map(|v| self.taken_value(v, selection)).transpose()?;
        if let Some(value) = &value
            && value.null_count() > 0
            && !self.counts_actors(taken)
        {
            for row in selection.rows.iter().filter(|row| value.is_null(**row as usize)) {
                flags.set(*row as usize, NULL_VALUE);
            }
        }
        let (mut clock, mut key) = (Vec::new(), Vec::new());
        if taken.ordered {
            let column = self.work.spec.spaces.get(taken.space).and_then(|s| s.clock);
            clock = self.clock(column)?.to_vec();
            key = self.key()?;
        }
        let kept = taken.kept.iter().map(|v| self.taken_value(*v, selection));
        let kept = kept.collect::<std::result::Result<Vec<_>, _>>()?;
        let rows = Rows {
            kept: &kept,
            rows: &selection.rows,
            cells: &selection.cells,
            value: value.as_ref(),
            clock: (!clock.is_empty()).then_some(clock.as_slice()),
            key: &key,
        };
        running.accumulator.update(&rows, cells)
    }

    /// Whether what is left out are rows without an actor, which have a line of their own.
    fn counts_actors(&self, taken: &Taken) -> bool {
        let measure = self.work.plan.measures.get(taken.measure).map(|m| &m.measure);
        let value = taken.value.and_then(|v| self.work.spec.exprs.get(v));
        measure.is_some_and(|m| m.aggregate == Aggregate::Unique)
            && value.is_some_and(|v| matches!(v.kind, RowKind::Column(c) if Some(c) == self.work.spec.actor))
    }

    fn key(&mut self) -> std::result::Result<Vec<ArrayRef>, RowError> {
        if self.key.is_none() {
            let columns = self.work.spec.key.iter().map(|c| self.clean.column(*c));
            self.key = Some(columns.collect::<std::result::Result<_, _>>()?);
        }
        Ok(self.key.clone().unwrap_or_default())
    }
}

/// A mistake of kepi's own.
pub(crate) fn internal(what: impl Into<String>) -> Diagnostic {
    Diagnostic::without_place(Code::Internal, what)
}
