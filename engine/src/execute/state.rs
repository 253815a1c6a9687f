//! What a suite knows of the rows it has seen, and the batches by which that is sent: one row for each part.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, LargeBinaryBuilder, RecordBatch, UInt32Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type};
use datafusion::error::{DataFusionError, Result};

use crate::execute::cells::{Present, SpaceCells};
use crate::execute::tally::Tally;
use crate::operators::{Accumulator, Reader, accumulator};
use crate::plan::Plan;
use crate::plan::suite::SuiteSpec;
use crate::rows::FastState;

/// The parts of a state, and the number of the file whose rows it is of.
pub(crate) fn schema() -> SchemaRef {
    let state = Field::new("state", DataType::LargeBinary, false);
    Arc::new(Schema::new(vec![state, Field::new("file", DataType::UInt32, false)]))
}

/// Stands where a state is of the rows of several files.
pub(crate) const ALL_FILES: u32 = u32::MAX;

/// The file whose rows a state is of.
pub(crate) fn file(batch: &RecordBatch) -> u32 {
    let column = batch.columns().get(1).and_then(|column| column.as_primitive_opt::<UInt32Type>());
    column.filter(|column| !column.is_empty()).map_or(ALL_FILES, |column| column.value(0))
}

/// The parts of a state.
pub(crate) fn parts(batch: &RecordBatch) -> Option<Vec<&[u8]>> {
    let parts = batch.columns().first()?.as_binary_opt::<i64>()?;
    Some((0..parts.len()).map(|at| parts.value(at)).collect())
}

/// Distinct breakdowns, numbered as they come.
#[derive(Default)]
pub(crate) struct Groups {
    ids: HashMap<Box<[u8]>, u32, FastState>,
    pub bytes: Vec<Box<[u8]>>,
    /// Of all of them.
    length: usize,
}

impl Groups {
    pub(crate) fn id(&mut self, bytes: &[u8]) -> u32 {
        if let Some(id) = self.ids.get(bytes) {
            return *id;
        }
        let id = self.bytes.len() as u32;
        self.bytes.push(bytes.into());
        self.ids.insert(bytes.into(), id);
        self.length += bytes.len();
        id
    }

    /// Of memory, about.
    fn held(&self) -> usize {
        const EACH: usize = 16 + (24 + 1) * 8 / 7;
        2 * self.length + self.bytes.capacity() * EACH
    }
}

/// Rows of a space that satisfy a filter.
pub(crate) type Place = (usize, Option<usize>);

/// The state of one suite.
pub(crate) struct SuiteState {
    /// By the expressions of a breakdown.
    pub bys: BTreeMap<Vec<usize>, Groups>,
    /// By space.
    pub spaces: Vec<SpaceCells>,
    /// The cells that have rows.
    pub rows: BTreeMap<Place, Present>,
    /// By branch taken.
    pub accumulators: Vec<Box<dyn Accumulator>>,
    pub tally: Tally,
}

impl SuiteState {
    pub(crate) fn new(plan: &Plan, spec: &SuiteSpec) -> Self {
        let bys = spec.spaces.iter().map(|space| (space.breakdown().to_vec(), Groups::default())).collect();
        let spaces = spec.spaces.iter().map(|space| {
            let atoms = plan.timelines.get(space.timeline).map_or(0, |line| line.atoms());
            SpaceCells::new(if space.clock.is_some() { atoms } else { 1 }, space.keys().len())
        });
        let accumulators = spec.taken.iter().filter_map(|taken| plan.measures.get(taken.measure));
        Self {
            bys,
            spaces: spaces.collect(),
            rows: spec.taken.iter().map(|taken| ((taken.space, taken.filter), Present::default())).collect(),
            accumulators: accumulators.map(|planned| accumulator(&planned.measure)).collect(),
            tally: Tally::default(),
        }
    }

    /// Bytes of memory, about, and the measure that holds most of them.
    pub(crate) fn held(&self, spec: &SuiteSpec) -> (usize, Option<(usize, usize)>) {
        let mut all = self.bys.values().map(Groups::held).sum();
        let mut each: BTreeMap<usize, usize> = BTreeMap::new();
        let mut add = |measure: usize, bytes: usize| {
            all += bytes;
            *each.entry(measure).or_default() += bytes;
        };
        for (taken, accumulator) in spec.taken.iter().zip(&self.accumulators) {
            add(taken.measure, accumulator.bytes());
        }
        // What several measures share is that of the first.
        for (at, cells) in self.spaces.iter().enumerate() {
            spec.taken.iter().find(|t| t.space == at).into_iter().for_each(|t| add(t.measure, cells.bytes()));
        }
        for (place, rows) in &self.rows {
            let first = spec.taken.iter().find(|t| (t.space, t.filter) == *place);
            first.into_iter().for_each(|t| add(t.measure, rows.bytes()));
        }
        (all, each.into_iter().max_by_key(|(_, bytes)| *bytes))
    }

    pub(crate) fn write(&mut self, spec: &SuiteSpec, file: u32) -> Result<RecordBatch> {
        let mut parts = LargeBinaryBuilder::new();
        parts.append_value(self.tally.write());
        let mut out = Vec::new();
        for groups in self.bys.values() {
            out.clear();
            for bytes in &groups.bytes {
                number(bytes.len(), &mut out);
                out.extend_from_slice(bytes);
            }
            parts.append_value(&out);
        }
        for cells in &self.spaces {
            out.clear();
            for pairs in std::iter::once(&cells.outer.pairs).chain(cells.levels.iter().map(|level| &level.pairs)) {
                number(pairs.len(), &mut out);
                out.extend(pairs.iter().flat_map(|(a, b)| (u64::from(*a) << 32 | u64::from(*b)).to_le_bytes()));
            }
            parts.append_value(&out);
        }
        for ((space, _), rows) in &self.rows {
            out.clear();
            rows.write(self.spaces.get(*space).map_or(0, SpaceCells::count), &mut out);
            parts.append_value(&out);
        }
        for (taken, accumulator) in spec.taken.iter().zip(&mut self.accumulators) {
            out.clear();
            let rows = self.rows.get(&(taken.space, taken.filter));
            rows.into_iter().flat_map(Present::cells).for_each(|cell| accumulator.write(cell as usize, &mut out));
            parts.append_value(&out);
        }
        let parts = parts.finish();
        let file = UInt32Array::from(vec![file; parts.len()]);
        Ok(RecordBatch::try_new(schema(), vec![Arc::new(parts), Arc::new(file)])?)
    }

    /// Merges what another suite of the same plan has sent.
    pub(crate) fn read(&mut self, spec: &SuiteSpec, batch: &RecordBatch) -> Result<()> {
        let wrong = || DataFusionError::Internal("a batch that is not a suite's state".to_owned());
        self.merge(spec, &parts(batch).ok_or_else(wrong)?).ok_or_else(wrong)
    }

    /// Merges another state of the same plan, which is not looked at again.
    pub(crate) fn absorb(&mut self, spec: &SuiteSpec, other: Self) -> Option<()> {
        self.tally.merge(&other.tally);
        let mut bys: BTreeMap<&[usize], Vec<u32>> = BTreeMap::new();
        for (exprs, groups) in &mut self.bys {
            let theirs = other.bys.get(exprs)?;
            bys.insert(exprs, theirs.bytes.iter().map(|bytes| groups.id(bytes)).collect());
        }
        let mut maps: Vec<Vec<u32>> = Vec::new();
        for (space, (cells, theirs)) in spec.spaces.iter().zip(self.spaces.iter_mut().zip(&other.spaces)) {
            maps.push(cells.absorb(theirs, bys.get(space.breakdown())?)?);
        }
        for (place, rows) in &mut self.rows {
            let map = maps.get(place.0)?;
            for cell in other.rows.get(place)?.cells() {
                rows.set(*map.get(cell as usize)?);
            }
        }
        let accumulators = self.accumulators.iter_mut().zip(other.accumulators);
        for (taken, (accumulator, theirs)) in spec.taken.iter().zip(accumulators) {
            let map = maps.get(taken.space)?;
            let rows = other.rows.get(&(taken.space, taken.filter))?;
            let mut pairs = rows.cells().filter_map(|cell| Some((*map.get(cell as usize)?, cell)));
            accumulator.absorb(theirs, &mut pairs).then_some(())?;
        }
        Some(())
    }

    /// Merges the parts of a state; what has been merged when they turn out to be none stays.
    pub(crate) fn merge(&mut self, spec: &SuiteSpec, parts: &[&[u8]]) -> Option<()> {
        let mut parts = parts.iter();
        let mut next = || parts.next().copied();
        self.tally.merge(&Tally::read(next()?)?);
        let mut bys: BTreeMap<&[usize], Vec<u32>> = BTreeMap::new();
        for (exprs, groups) in &mut self.bys {
            let mut reader = Reader::new(next()?);
            let mut map = Vec::new();
            while !reader.is_empty() {
                let n = reader.count(1)?;
                map.push(groups.id(reader.take(n)?));
            }
            bys.insert(exprs, map);
        }
        let mut maps: Vec<Vec<u32>> = Vec::new();
        for (space, cells) in spec.spaces.iter().zip(&mut self.spaces) {
            let mut reader = Reader::new(next()?);
            let by = bys.get(space.breakdown())?;
            let mut map = Vec::new();
            for _ in 0..reader.count(8)? {
                let (atom, group) = pair(&mut reader)?;
                map.push(cells.outer.id(atom, *by.get(group as usize)?));
            }
            for level in &mut cells.levels {
                let n = reader.count(8)?;
                let mut inner = Vec::with_capacity(n);
                for _ in 0..n {
                    let (above, key) = pair(&mut reader)?;
                    inner.push(level.id(*map.get(above as usize)?, key));
                }
                map = inner;
            }
            maps.push(map);
        }
        let mut sent: BTreeMap<Place, Present> = BTreeMap::new();
        for (place, rows) in &mut self.rows {
            let map = maps.get(place.0)?;
            let present = Present::read(next()?);
            for cell in present.cells() {
                rows.set(*map.get(cell as usize)?);
            }
            sent.insert(*place, present);
        }
        for (taken, accumulator) in spec.taken.iter().zip(&mut self.accumulators) {
            let mut reader = Reader::new(next()?);
            let (map, present) = (maps.get(taken.space)?, sent.get(&(taken.space, taken.filter))?);
            for cell in present.cells() {
                if !accumulator.read(*map.get(cell as usize)? as usize, &mut reader) {
                    return None;
                }
            }
            if !reader.is_empty() {
                return None;
            }
        }
        Some(())
    }
}

fn number(n: usize, out: &mut Vec<u8>) {
    out.extend((n as u64).to_le_bytes());
}

fn pair(reader: &mut Reader<'_>) -> Option<(u32, u32)> {
    let both = reader.u64()?;
    Some(((both >> 32) as u32, both as u32))
}
