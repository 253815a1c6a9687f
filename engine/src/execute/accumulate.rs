//! One pass over the rows of a source, for all of its measures.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{Array, BooleanArray, RecordBatch};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::{max, min};
use datafusion::error::Result;
use kepi_lang::diag::{Code, Diagnostic};

use crate::derive::Collector;
use crate::execute::batch::{Batch, Memory, Selection};
use crate::execute::cells::SpaceCells;
use crate::execute::state::{Place, SuiteState};
use crate::execute::tally::Tally;
use crate::execute::work::Work;
use crate::memory::Budget;
use crate::plan::timeline::NONE;
use crate::rows::{Columns, RowError};
use crate::sources::Clean;
use crate::spill::Spill;

pub(crate) struct Accumulation {
    work: Arc<Work>,
    state: SuiteState,
    memory: Memory,
    /// By harvest.
    collectors: Vec<Collector>,
    pub tally: Tally,
    /// Where states go that are too large.
    spill: Option<Arc<Spill>>,
    worker: usize,
    /// Rows since it was looked at what is held.
    since: usize,
}

impl Accumulation {
    pub(crate) fn new(work: Arc<Work>) -> Self {
        let state = SuiteState::new(&work.plan, &work.spec);
        let memory = Memory::new(&work.spec);
        let collectors = work.spec.harvests.iter().map(|_| Collector::default()).collect();
        let worker = work.budget.as_ref().map_or(0, Budget::worker);
        Self { work, state, memory, collectors, tally: Tally::default(), spill: None, worker, since: 0 }
    }

    /// Adds the rows that a cleaner has left.
    pub(crate) fn add(&mut self, clean: Clean) -> std::result::Result<(), Diagnostic> {
        let work = Arc::clone(&self.work);
        if work.per_file {
            self.reach(&clean).map_err(|e| work.overflow(&e, None))?;
        }
        let clean = self.inside(clean);
        self.tally.counts.used += clean.rows as u64;
        self.tally.counts.moved += clean.moved();
        if clean.rows == 0 {
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

        let mut batch = Batch::new(&work, &clean, &mut self.memory);
        let mut flags = Flags::new(clean.rows);
        // The outer cell of each row, and the one where it is the same for all: rows come in order of time more often than not.
        let mut outer: Vec<(Vec<u32>, Option<u32>)> = Vec::new();
        for (at, space) in work.spec.spaces.iter().enumerate() {
            let groups = self.state.bys.entry(space.breakdown().to_vec()).or_default();
            let Some(cells) = self.state.spaces.get_mut(at) else { continue };
            let cells = batch.outer(space, groups, &mut cells.outer);
            let all = cells.map_err(|e| work.overflow(&e, work.measure_in(at)))?;
            let one = all.first().copied().filter(|one| *one != NONE && all.iter().all(|cell| cell == one));
            outer.push((all, one));
        }
        let mut chosen: BTreeMap<Place, Chosen> = BTreeMap::new();
        for (taken, accumulator) in work.spec.taken.iter().zip(&mut self.state.accumulators) {
            let blame = |e: RowError| work.overflow(&e, Some(taken.measure));
            let Some(cells) = self.state.spaces.get_mut(taken.space) else { continue };
            let place = (taken.space, taken.filter);
            let (all, one) = outer.get(taken.space).map_or((&[][..], None), |(all, one)| (all.as_slice(), *one));
            let rows = match chosen.entry(place) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(vacant) => {
                    let mask = taken.filter.map(|f| batch.condition(f)).transpose().map_err(blame)?;
                    if let Some((_, unknown)) = &mask {
                        flags.all(unknown.values(), Flag::Unknown);
                    }
                    let mask = mask.map(|(mask, _)| mask);
                    let keys = work.spec.spaces.get(taken.space).map_or(&[][..], |space| space.keys());
                    let present = self.state.rows.entry(place).or_default();
                    vacant.insert(match one.filter(|_| keys.is_empty()) {
                        Some(cell) => {
                            let rows = mask.as_ref().map_or(all.len(), BooleanArray::true_count);
                            if rows > 0 {
                                present.set(cell);
                            }
                            match &mask {
                                Some(mask) => flags.all(mask.values(), Flag::Claimed),
                                None => flags.every(Flag::Claimed),
                            }
                            Chosen { one: Some((cell, rows)), mask, selection: None }
                        }
                        None => {
                            let mut selection = select(all, mask.as_ref(), None);
                            split(&mut batch, keys, cells, &mut selection).map_err(blame)?;
                            selection.rows.iter().for_each(|row| flags.set(*row as usize, Flag::Claimed));
                            let mut last = NONE;
                            let new = |cell: &&u32| std::mem::replace(&mut last, **cell) != **cell;
                            selection.cells.iter().filter(new).for_each(|cell| present.set(*cell));
                            Chosen { one: None, mask, selection: Some(selection) }
                        }
                    })
                }
            };
            if let Some((cell, rows)) = rows.one
                && (rows == 0 || accumulator.count(cell, rows))
            {
                continue;
            }
            let Chosen { one, mask, selection } = rows;
            let selection = selection.get_or_insert_with(|| select(all, mask.as_ref(), one.map(|(cell, _)| cell)));
            batch.update(taken, accumulator.as_mut(), selection, cells.count(), &mut flags).map_err(blame)?;
        }
        for (harvest, collector) in work.spec.harvests.iter().zip(&mut self.collectors) {
            batch.collect(harvest, collector, &mut flags).map_err(|e| work.overflow(&e, None))?;
        }
        flags.count(&mut self.tally);
        self.since += clean.rows;
        match &work.budget {
            Some(budget) if self.since >= budget.step => self.fit(budget),
            _ => Ok(()),
        }
    }

    /// Puts the state into a temporary file where it has become too large.
    fn fit(&mut self, budget: &Budget) -> std::result::Result<(), Diagnostic> {
        self.since = 0;
        let (held, most) = self.state.held(&self.work.spec);
        let collected = self.collected();
        let most = match most {
            Some((measure, bytes)) if bytes >= collected => {
                Some((self.work.names.get(measure).cloned().unwrap_or_default(), bytes as u64))
            }
            _ => Some((self.work.made(), collected as u64)),
        };
        budget.holds(self.worker, most);
        match budget.is_over(held + collected) {
            true if collected > held => self.shelve(budget),
            true => self.put_away(budget),
            false => Ok(()),
        }
    }

    /// Bytes of rows that others are made of.
    fn collected(&self) -> usize {
        self.collectors.iter().map(Collector::bytes).sum()
    }

    fn spill(&mut self, budget: &Budget) -> std::result::Result<Arc<Spill>, Diagnostic> {
        Ok(match &self.spill {
            Some(spill) => Arc::clone(spill),
            None => Arc::clone(self.spill.insert(Spill::new(&budget.memory)?)),
        })
    }

    /// Puts the rows that others are made of into a temporary file.
    fn shelve(&mut self, budget: &Budget) -> std::result::Result<(), Diagnostic> {
        let spill = self.spill(budget)?;
        for (harvest, collector) in self.work.spec.harvests.iter().zip(&mut self.collectors) {
            let shelved = std::mem::take(collector).shelve(&spill)?;
            self.work.gathered.shelve(harvest.derived, harvest.branch, shelved);
        }
        Ok(())
    }

    fn put_away(&mut self, budget: &Budget) -> std::result::Result<(), Diagnostic> {
        let spill = self.spill(budget)?;
        self.memory.forget_groups();
        let next = SuiteState::new(&self.work.plan, &self.work.spec);
        let state = std::mem::replace(&mut self.state, next);
        self.work.runs.keep(state.freeze(&self.work.spec, &spill)?);
        budget.holds(self.worker, None);
        Ok(())
    }

    /// How far the clocks go: the source's own in all rows that have a time, others in those that are in scope.
    fn reach(&mut self, clean: &Clean) -> std::result::Result<(), RowError> {
        if let (Some(clock), Some((from, to))) = (self.work.spec.time, clean.timed()) {
            self.tally.reached(clock, from, to);
        }
        let clocks: BTreeSet<_> = self.work.spec.spaces.iter().filter_map(|space| space.clock).collect();
        for clock in clocks.into_iter().filter(|clock| Some(*clock) != self.work.spec.time) {
            let instants = clean.instants(clock)?;
            if let (Some(from), Some(to)) = (min(&instants), max(&instants)) {
                self.tally.reached(clock, from, to);
            }
        }
        Ok(())
    }

    /// Without the rows outside of every span.
    fn inside(&mut self, clean: Clean) -> Clean {
        let (from, to) = self.work.spec.hull;
        let Some(clock) = clean.clock() else { return clean };
        let values = clock.values();
        if values.iter().all(|t| from <= *t && *t < to) {
            return clean;
        }
        let mask: BooleanArray = values.iter().map(|t| Some(from <= *t && *t < to)).collect();
        self.tally.counts.outside += (mask.len() - mask.true_count()) as u64;
        clean.filter(&mask)
    }

    /// The state of every cell by now, of the rows of one file; what comes next is of another.
    pub(crate) fn take(&mut self, file: u32) -> Result<RecordBatch> {
        self.memory.forget_groups();
        let next = SuiteState::new(&self.work.plan, &self.work.spec);
        let mut state = std::mem::replace(&mut self.state, next);
        state.tally = std::mem::take(&mut self.tally);
        state.write(&self.work.spec, file)
    }

    /// The state of every cell.
    pub(crate) fn finish(mut self) -> std::result::Result<SuiteState, Diagnostic> {
        if let Some(budget) = self.work.budget.clone()
            && (self.spill.is_some() || !budget.is_little(self.state.held(&self.work.spec).0 + self.collected()))
        {
            self.shelve(&budget)?;
            self.put_away(&budget)?;
        }
        for (harvest, collector) in self.work.spec.harvests.iter().zip(self.collectors.drain(..)) {
            self.work.gathered.keep(harvest.derived, harvest.branch, collector);
        }
        self.state.tally = self.tally;
        Ok(self.state)
    }
}

/// The rows of a batch that a measure takes.
struct Chosen {
    /// The cell of all of them, and how many there are, where there are no keys.
    one: Option<(u32, usize)>,
    mask: Option<BooleanArray>,
    /// Made when it is needed.
    selection: Option<Selection>,
}

/// The rows for which a condition is true, in their outer cells. `one`: that of all rows.
fn select(cells: &[u32], mask: Option<&BooleanArray>, one: Option<u32>) -> Selection {
    if let Some(cell) = one {
        let rows: Vec<u32> = match mask {
            None => (0..cells.len() as u32).collect(),
            Some(mask) => {
                let mut rows = Vec::with_capacity(mask.true_count());
                rows.extend(mask.values().set_indices().map(|row| row as u32));
                rows
            }
        };
        return Selection { cells: vec![cell; rows.len()], rows, one };
    }
    let most = mask.map_or(cells.len(), BooleanArray::true_count);
    let mut selection = Selection { rows: Vec::with_capacity(most), cells: Vec::with_capacity(most), one: None };
    let mut take = |row: usize| {
        if let Some(cell) = cells.get(row)
            && *cell != NONE
        {
            selection.rows.push(row as u32);
            selection.cells.push(*cell);
        }
    };
    match mask {
        None => (0..cells.len()).for_each(take),
        Some(mask) => mask.values().set_indices().for_each(&mut take),
    }
    selection
}

/// From outer cells to those of the innermost key. Rows with a null key are left out.
fn split(
    batch: &mut Batch<'_>,
    keys: &[usize],
    cells: &mut SpaceCells,
    selection: &mut Selection,
) -> std::result::Result<(), RowError> {
    for (key, level) in keys.iter().zip(&mut cells.levels) {
        let ids = batch.ids(*key)?;
        let most = selection.rows.len();
        let mut next = Selection { rows: Vec::with_capacity(most), cells: Vec::with_capacity(most), one: None };
        for (row, cell) in selection.rows.iter().zip(&selection.cells) {
            if let Some(id) = ids.get(*row as usize).filter(|id| **id != crate::operators::ids::NO_ID) {
                next.rows.push(*row);
                next.cells.push(level.id(*cell, *id));
            }
        }
        *selection = next;
    }
    Ok(())
}

/// What can happen to a row.
#[derive(Clone, Copy)]
pub(super) enum Flag {
    Claimed,
    Unknown,
    NullValue,
}

/// What has happened to each row of a batch: bits, by flag.
pub(super) struct Flags {
    rows: usize,
    bits: [Vec<u64>; 3],
}

impl Flags {
    fn new(rows: usize) -> Self {
        let none = vec![0; rows.div_ceil(64)];
        Self { rows, bits: [none.clone(), none.clone(), none] }
    }

    fn of(&mut self, flag: Flag) -> &mut [u64] {
        let [claimed, unknown, null_value] = &mut self.bits;
        match flag {
            Flag::Claimed => claimed,
            Flag::Unknown => unknown,
            Flag::NullValue => null_value,
        }
    }

    pub(super) fn set(&mut self, row: usize, flag: Flag) {
        self.of(flag).get_mut(row / 64).into_iter().for_each(|word| *word |= 1 << (row % 64));
    }

    /// Rows whose bit is set.
    fn all(&mut self, rows: &BooleanBuffer, flag: Flag) {
        let words = rows.bit_chunks();
        self.of(flag).iter_mut().zip(words.iter_padded()).for_each(|(word, more)| *word |= more);
    }

    fn every(&mut self, flag: Flag) {
        let left = self.rows % 64;
        let words = self.of(flag);
        words.fill(u64::MAX);
        if let (Some(last), true) = (words.last_mut(), left > 0) {
            *last = (1 << left) - 1;
        }
    }

    fn count(&self, tally: &mut Tally) {
        let [claimed, unknown, null_values] = [0, 1, 2]
            .map(|at| self.bits.get(at).map_or(0, |bits| bits.iter().map(|w| u64::from(w.count_ones())).sum()));
        tally.counts.unclaimed += self.rows as u64 - claimed;
        tally.counts.unknown += unknown;
        tally.counts.null_values += null_values;
    }
}

/// A mistake of kepi's own.
pub(crate) fn internal(what: impl Into<String>) -> Diagnostic {
    Diagnostic::without_place(Code::Internal, what)
}
