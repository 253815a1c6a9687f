//! What a suite knows of the rows it has seen, and the batches by which that is sent: one row for each part.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, LargeBinaryBuilder, RecordBatch, UInt32Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type};
use datafusion::error::{DataFusionError, Result};

use crate::execute::cells::SpaceCells;
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
    /// The rows of each cell.
    pub rows: BTreeMap<Place, Vec<u64>>,
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
            rows: spec.taken.iter().map(|taken| ((taken.space, taken.filter), Vec::new())).collect(),
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
            first.into_iter().for_each(|t| add(t.measure, rows.capacity() * size_of::<u64>()));
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
        for rows in self.rows.values() {
            out.clear();
            out.extend(rows.iter().flat_map(|n| n.to_le_bytes()));
            parts.append_value(&out);
        }
        for (taken, accumulator) in spec.taken.iter().zip(&mut self.accumulators) {
            out.clear();
            let rows = self.rows.get(&(taken.space, taken.filter)).map(Vec::as_slice).unwrap_or_default();
            for (cell, _) in rows.iter().enumerate().filter(|(_, rows)| **rows > 0) {
                accumulator.write(cell, &mut out);
            }
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
        let mut sent: BTreeMap<Place, Vec<u64>> = BTreeMap::new();
        for (place, rows) in &mut self.rows {
            let map = maps.get(place.0)?;
            let counts = next()?.as_chunks::<8>().0.iter().map(|n| u64::from_le_bytes(*n)).collect::<Vec<_>>();
            rows.resize(self.spaces.get(place.0)?.count(), 0);
            for (cell, count) in map.iter().zip(&counts) {
                let rows = rows.get_mut(*cell as usize)?;
                *rows = rows.checked_add(*count)?;
            }
            sent.insert(*place, counts);
        }
        for (taken, accumulator) in spec.taken.iter().zip(&mut self.accumulators) {
            let mut reader = Reader::new(next()?);
            let (map, counts) = (maps.get(taken.space)?, sent.get(&(taken.space, taken.filter))?);
            for (cell, _) in map.iter().zip(counts).filter(|(_, count)| **count > 0) {
                if !accumulator.read(*cell as usize, &mut reader) {
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
