//! A batch of rows, and what has been found out about it: each expression, clock, breakdown and key once, whoever asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use kepi_lang::ir::{Aggregate, ColumnId, Edge, RowExpr, RowKind, Way};

use crate::derive::Collector;
use crate::execute::accumulate::{Flag, Flags};
use crate::execute::cells::{Level, Outer};
use crate::execute::codes::{Codes, Conditions, Known};
use crate::execute::state::Groups;
use crate::execute::work::Work;
use crate::operators::ids;
use crate::operators::{Accumulator, Rows, View};
use crate::plan::suite::{Harvest, Space, SuiteSpec, Taken};
use crate::plan::timeline::{ALWAYS, NONE};
use crate::rows::{Civil, Columns, RowError, condition, evaluate, evaluate_where};
use crate::sources::Clean;

type Result<T> = std::result::Result<T, RowError>;

/// The rows that a filter leaves of a space, and the cell of each.
#[derive(Default)]
pub(super) struct Selection {
    pub rows: Vec<u32>,
    pub cells: Vec<u32>,
    /// The cell, where it is the same for all rows.
    pub one: Option<u32>,
}

/// What is remembered from batch to batch.
pub(super) struct Memory {
    conditions: Conditions,
    /// Texts of breakdowns, by expression.
    texts: BTreeMap<usize, Codes>,
    /// By breakdown: combinations of codes, and the group of each.
    combined: BTreeMap<Vec<usize>, (Vec<Level>, Vec<u32>)>,
    numbers: ids::Known,
}

impl Memory {
    pub(super) fn new(spec: &SuiteSpec) -> Self {
        Self {
            conditions: Conditions::new(spec.exprs.iter()),
            texts: BTreeMap::new(),
            combined: BTreeMap::new(),
            numbers: ids::Known::default(),
        }
    }

    /// Groups are numbered anew.
    pub(super) fn forget_groups(&mut self) {
        self.combined.clear();
    }
}

pub(super) struct Batch<'a> {
    work: &'a Work,
    clean: &'a Clean,
    memory: &'a mut Memory,
    known: Known,
    values: Vec<Option<ArrayRef>>,
    masks: BTreeMap<usize, (BooleanArray, BooleanArray)>,
    clocks: BTreeMap<Option<ColumnId>, Vec<i64>>,
    atoms: HashMap<(usize, Option<ColumnId>), Arc<Vec<u32>>>,
    groups: BTreeMap<Vec<usize>, Arc<Vec<u32>>>,
    ids: BTreeMap<usize, Arc<Vec<u32>>>,
    key: Option<Vec<ArrayRef>>,
}

/// Columns of which some conditions are known already.
struct Told<'a> {
    clean: &'a Clean,
    known: &'a Known,
}

impl Columns for Told<'_> {
    fn rows(&self) -> usize {
        self.clean.rows
    }

    fn column(&self, column: ColumnId) -> Result<ArrayRef> {
        self.clean.column(column)
    }

    fn linked(&self, way: &Way, column: ColumnId) -> Result<ArrayRef> {
        self.clean.linked(way, column)
    }

    fn made(&self, at: Edge, of: &[RowExpr]) -> Result<ArrayRef> {
        self.clean.made(at, of)
    }

    fn civil(&self) -> &Civil {
        self.clean.civil()
    }

    fn known(&self, expr: &RowExpr) -> Option<ArrayRef> {
        self.known.value(expr)
    }
}

impl<'a> Batch<'a> {
    pub(super) fn new(work: &'a Work, clean: &'a Clean, memory: &'a mut Memory) -> Self {
        let known = memory.conditions.known(clean);
        Self {
            work,
            clean,
            memory,
            known,
            values: vec![None; work.spec.exprs.len()],
            masks: BTreeMap::new(),
            clocks: BTreeMap::new(),
            atoms: HashMap::new(),
            groups: BTreeMap::new(),
            ids: BTreeMap::new(),
            key: None,
        }
    }

    fn told(&self) -> Told<'_> {
        Told { clean: self.clean, known: &self.known }
    }

    fn value(&mut self, expr: usize) -> Result<ArrayRef> {
        if let Some(Some(known)) = self.values.get(expr) {
            return Ok(known.clone());
        }
        let array = evaluate(self.work.expr(expr)?, &self.told())?;
        if let Some(slot) = self.values.get_mut(expr) {
            *slot = Some(array.clone());
        }
        Ok(array)
    }

    /// Where a condition is true, and where it is unknown.
    pub(super) fn condition(&mut self, expr: usize) -> Result<(BooleanArray, BooleanArray)> {
        if let Some(known) = self.masks.get(&expr) {
            return Ok(known.clone());
        }
        let both = condition(self.work.expr(expr)?, &self.told())?;
        self.masks.insert(expr, both.clone());
        Ok(both)
    }

    /// The clock in microseconds; empty for rows without time. A null is the smallest number, which lies in no span.
    fn clock(&mut self, clock: Option<ColumnId>) -> Result<&[i64]> {
        if !self.clocks.contains_key(&clock) {
            let micros = match clock {
                None => Vec::new(),
                Some(id) => {
                    let instants = self.clean.instants(id)?;
                    match instants.null_count() {
                        0 => instants.values().to_vec(),
                        _ => instants.iter().map(|t| t.unwrap_or(i64::MIN)).collect(),
                    }
                }
            };
            self.clocks.insert(clock, micros);
        }
        Ok(self.clocks.get(&clock).map(Vec::as_slice).unwrap_or_default())
    }

    fn atoms(&mut self, timeline: usize, clock: Option<ColumnId>) -> Result<Arc<Vec<u32>>> {
        if let Some(known) = self.atoms.get(&(timeline, clock)) {
            return Ok(Arc::clone(known));
        }
        if let Some(spans) = self.clean.spans() {
            return Ok(Arc::new(spans.to_vec()));
        }
        let mut atoms = Vec::new();
        let work = self.work;
        if clock.is_none() {
            atoms.resize(self.clean.rows, ALWAYS);
        } else if let Some(line) = work.plan.timelines.get(timeline) {
            line.locate(self.clock(clock)?, &mut atoms);
        }
        let atoms = Arc::new(atoms);
        self.atoms.insert((timeline, clock), Arc::clone(&atoms));
        Ok(atoms)
    }

    /// The outer cell of each row.
    pub(super) fn outer(&mut self, space: &Space, groups: &mut Groups, cells: &mut Outer) -> Result<Vec<u32>> {
        let atoms = self.atoms(space.timeline, space.clock)?;
        let by = match space.breakdown() {
            [] => None,
            exprs => Some(self.groups(exprs, groups)?),
        };
        let root = if by.is_none() { groups.id(&[]) } else { 0 };
        // Rows come in order of time more often than not.
        let atom = atoms.first().copied().filter(|first| atoms.iter().all(|atom| atom == first));
        match (atom, by) {
            (Some(NONE), _) => Ok(vec![NONE; atoms.len()]),
            (Some(atom), None) => Ok(vec![cells.id(atom, root); atoms.len()]),
            (Some(atom), Some(by)) => {
                let mut known = vec![NONE; groups.bytes.len()];
                let cell = |by: &u32| match known.get_mut(*by as usize) {
                    Some(cell) => {
                        if *cell == NONE {
                            *cell = cells.id(atom, *by);
                        }
                        *cell
                    }
                    None => cells.id(atom, *by),
                };
                Ok(by.iter().map(cell).collect())
            }
            (None, by) => {
                let mut last = ((NONE, NONE), NONE);
                let mut cell = |atom: u32, by: u32| {
                    if atom == NONE {
                        return NONE;
                    }
                    if last.0 != (atom, by) {
                        last = ((atom, by), cells.id(atom, by));
                    }
                    last.1
                };
                Ok(match by {
                    None => atoms.iter().map(|atom| cell(*atom, root)).collect(),
                    Some(by) => atoms.iter().zip(by.iter()).map(|(atom, by)| cell(*atom, *by)).collect(),
                })
            }
        }
    }

    /// The group of each row.
    fn groups(&mut self, exprs: &[usize], groups: &mut Groups) -> Result<Arc<Vec<u32>>> {
        if let Some(known) = self.groups.get(exprs) {
            return Ok(Arc::clone(known));
        }
        let columns = exprs.iter().map(|e| self.value(*e)).collect::<Result<Vec<_>>>()?;
        let views = columns.iter().map(View::new).collect::<Result<Vec<_>>>()?;
        let mut bytes = Vec::new();
        let coded =
            exprs.iter().zip(&columns).map(|(expr, array)| self.coded(*expr, array)).collect::<Option<Vec<_>>>();
        let found: Vec<u32> = match coded {
            Some(coded) => {
                let (levels, numbers) = self.memory.combined.entry(exprs.to_vec()).or_default();
                levels.resize_with(exprs.len() - 1, || Level::new(false));
                let id = |row: usize| {
                    let code = |column: &Vec<u32>| column.get(row).copied().unwrap_or(0);
                    let mut codes = coded.iter().map(code);
                    let first = codes.next().unwrap_or(0);
                    let both = levels.iter_mut().zip(codes).fold(first, |above, (level, code)| level.id(above, code));
                    if numbers.len() <= both as usize {
                        numbers.resize(both as usize + 1, NONE);
                    }
                    let Some(number) = numbers.get_mut(both as usize) else { return NONE };
                    if *number == NONE {
                        bytes.clear();
                        views.iter().for_each(|v| v.encode(row, &mut bytes));
                        *number = groups.id(&bytes);
                    }
                    *number
                };
                (0..self.clean.rows).map(id).collect()
            }
            None => {
                let mut last = (Vec::new(), NONE);
                let id = |row: usize| {
                    bytes.clear();
                    views.iter().for_each(|v| v.encode(row, &mut bytes));
                    if last.1 == NONE || last.0 != bytes {
                        last.0.clone_from(&bytes);
                        last.1 = groups.id(&bytes);
                    }
                    last.1
                };
                (0..self.clean.rows).map(id).collect()
            }
        };
        let found = Arc::new(found);
        self.groups.insert(exprs.to_vec(), Arc::clone(&found));
        Ok(found)
    }

    /// Codes of a column of few texts.
    fn coded(&mut self, expr: usize, array: &ArrayRef) -> Option<Vec<u32>> {
        if *array.data_type() != DataType::Utf8View {
            return None;
        }
        if let Ok(RowExpr { kind: RowKind::Column(column), .. }) = self.work.expr(expr)
            && let Some(codes) = self.known.codes.get(column)
        {
            return Some(codes.clone());
        }
        self.memory.texts.entry(expr).or_default().of(array.as_string_view_opt()?)
    }

    /// An expression's values as numbers.
    pub(super) fn ids(&mut self, expr: usize) -> Result<Arc<Vec<u32>>> {
        if let Some(known) = self.ids.get(&expr) {
            return Ok(Arc::clone(known));
        }
        let array = self.value(expr)?;
        let ids = Arc::new(self.memory.numbers.ids(&array, &self.work.interner)?);
        self.ids.insert(expr, Arc::clone(&ids));
        Ok(ids)
    }

    /// The value of a branch in the rows that it takes, and whether it is that of all rows. What a row holds that it does not
    /// take may not fit.
    fn taken_value(&mut self, expr: usize, selection: &Selection) -> Result<(ArrayRef, bool)> {
        match self.value(expr) {
            Err(RowError::Overflow(_) | RowError::OutOfScale(..)) => {
                let mut mask = vec![false; self.clean.rows];
                for row in &selection.rows {
                    if let Some(slot) = mask.get_mut(*row as usize) {
                        *slot = true;
                    }
                }
                let values = evaluate_where(self.work.expr(expr)?, self.clean, &BooleanArray::from(mask))?;
                Ok((values, false))
            }
            other => Ok((other?, true)),
        }
    }

    /// The rows that a set is made of; what others hold may not fit.
    pub(super) fn collect(&mut self, harvest: &Harvest, collector: &mut Collector, flags: &mut Flags) -> Result<()> {
        let mask = harvest.filter.map(|f| self.condition(f)).transpose()?;
        let clock = self.clock(harvest.clock)?.to_vec();
        let Some(number) = harvest.actor else { return Ok(()) };
        let actor = self.value(number)?;
        let cap = crate::plan::micros(self.work.plan.as_of);
        let mut selection = Selection::default();
        for (row, time) in clock.iter().enumerate() {
            if let Some((mask, unknown)) = &mask
                && !mask.value(row)
            {
                if unknown.value(row) {
                    flags.set(row, Flag::Unknown);
                }
            } else if *time != i64::MIN && *time < cap {
                flags.set(row, Flag::Claimed);
                if harvest.unowned || actor.is_valid(row) {
                    selection.rows.push(row as u32);
                }
            }
        }
        if selection.rows.is_empty() {
            return Ok(());
        }
        let also = harvest.also.map(|e| self.taken_value(e, &selection)).transpose()?.map(|(value, _)| value);
        let values = harvest.values.iter().map(|e| Ok(self.taken_value(*e, &selection)?.0));
        let values = values.collect::<Result<Vec<_>>>()?;
        let key = if values.is_empty() { Vec::new() } else { self.key()? };
        let ids = self.ids(number)?;
        collector.add(&selection.rows, &clock, (&actor, &ids), also.as_ref(), &values, &key)
    }

    pub(super) fn update(
        &mut self,
        taken: &Taken,
        accumulator: &mut dyn Accumulator,
        selection: &Selection,
        cells: usize,
        flags: &mut Flags,
    ) -> Result<()> {
        let value = taken.value.map(|v| self.taken_value(v, selection).map(|taken| (v, taken))).transpose()?;
        if let Some((_, (value, _))) = &value
            && value.null_count() > 0
            && !self.counts_actors(taken)
        {
            for row in selection.rows.iter().filter(|row| value.is_null(**row as usize)) {
                flags.set(*row as usize, Flag::NullValue);
            }
        }
        let measure = self.work.plan.measures.get(taken.measure).map(|m| &m.measure);
        let kept = taken.kept.iter().map(|v| Ok((*v, self.taken_value(*v, selection)?)));
        let mut kept = kept.collect::<Result<Vec<_>>>()?;
        let numbered = match measure.map(|m| &m.aggregate) {
            Some(Aggregate::Unique) => value.clone(),
            Some(Aggregate::Trail) if !kept.is_empty() => Some(kept.remove(0)),
            _ => None,
        };
        let ids = match numbered {
            Some((expr, (_, true))) => Some(self.ids(expr)?),
            Some((_, (array, false))) => Some(Arc::new(self.memory.numbers.ids(&array, &self.work.interner)?)),
            None => None,
        };
        let (mut clock, mut key) = (Vec::new(), Vec::new());
        if taken.ordered {
            let column = self.work.spec.spaces.get(taken.space).and_then(|s| s.clock);
            clock = self.clock(column)?.to_vec();
            key = self.key()?;
        }
        let kept: Vec<ArrayRef> = kept.into_iter().map(|(_, (array, _))| array).collect();
        let rows = Rows {
            kept: &kept,
            rows: &selection.rows,
            cells: &selection.cells,
            one: selection.one,
            value: value.as_ref().map(|(_, (array, _))| array),
            ids: ids.as_ref().map(|ids| ids.as_slice()),
            clock: (!clock.is_empty()).then_some(clock.as_slice()),
            key: &key,
        };
        accumulator.update(&rows, cells)
    }

    /// Whether what is left out are rows without an actor, which have a line of their own.
    fn counts_actors(&self, taken: &Taken) -> bool {
        let measure = self.work.plan.measures.get(taken.measure).map(|m| &m.measure);
        let value = taken.value.and_then(|v| self.work.spec.exprs.get(v));
        measure.is_some_and(|m| m.aggregate.is_distinct())
            && value.is_some_and(|v| matches!(v.kind, RowKind::Column(c) if Some(c) == self.work.spec.actor))
    }

    fn key(&mut self) -> Result<Vec<ArrayRef>> {
        if self.key.is_none() {
            let columns = self.work.spec.key.iter().map(|c| self.clean.column(*c));
            self.key = Some(columns.collect::<Result<_>>()?);
        }
        Ok(self.key.clone().unwrap_or_default())
    }
}
