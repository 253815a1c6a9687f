//! The batches that suites emit: a row for each measure, atom and group, with its mergeable state; and the source's counts.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, AsArray, LargeBinaryArray, LargeBinaryBuilder, RecordBatch, UInt32Array, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type, UInt64Type};
use datafusion::error::{DataFusionError, Result};

use crate::execute::tally::Tally;
use crate::operators::{Accumulator, accumulator};
use crate::plan::Plan;
use crate::rows::FastState;

/// The measure number of the row that holds the counts.
const COUNTS: u32 = u32::MAX;

pub(crate) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("measure", DataType::UInt32, false),
        Field::new("atom", DataType::UInt32, false),
        Field::new("group", DataType::LargeBinary, false),
        Field::new("rows", DataType::UInt64, false),
        Field::new("state", DataType::LargeBinary, false),
    ]))
}

/// Collects the rows of a state batch.
#[derive(Default)]
pub(crate) struct Writer {
    measure: Vec<u32>,
    atom: Vec<u32>,
    group: LargeBinaryBuilder,
    rows: Vec<u64>,
    state: LargeBinaryBuilder,
}

impl Writer {
    pub(crate) fn push(&mut self, measure: u32, atom: u32, group: &[u8], rows: u64, state: &[u8]) {
        self.measure.push(measure);
        self.atom.push(atom);
        self.group.append_value(group);
        self.rows.push(rows);
        self.state.append_value(state);
    }

    pub(crate) fn finish(mut self, tally: &Tally) -> Result<RecordBatch> {
        self.push(COUNTS, 0, &[], 0, &tally.write());
        let group = self.group.finish();
        let state = self.state.finish();
        Ok(RecordBatch::try_new(
            schema(),
            vec![
                Arc::new(UInt32Array::from(self.measure)),
                Arc::new(UInt32Array::from(self.atom)),
                Arc::new(group),
                Arc::new(UInt64Array::from(self.rows)),
                Arc::new(state),
            ],
        )?)
    }
}

/// A cell of a merged measure: an atom and a group.
pub(crate) struct Cell {
    pub atom: u32,
    pub group: u32,
    pub rows: u64,
}

/// A measure's cells from everywhere.
pub(crate) struct MergedMeasure {
    pub accumulator: Box<dyn Accumulator>,
    pub cells: Vec<Cell>,
    known: HashMap<(u32, u32), u32, FastState>,
    /// Encoded breakdown and keys, by group.
    pub groups: Vec<Box<[u8]>>,
    group_ids: HashMap<Box<[u8]>, u32, FastState>,
}

/// State batches of one or more suites, merged.
pub(crate) struct Merged {
    pub measures: Vec<MergedMeasure>,
    pub tally: Tally,
}

impl Merged {
    pub(crate) fn new(plan: &Plan) -> Self {
        let measures = plan.measures.iter().map(|planned| MergedMeasure {
            accumulator: accumulator(&planned.measure),
            cells: Vec::new(),
            known: HashMap::default(),
            groups: Vec::new(),
            group_ids: HashMap::default(),
        });
        Self { measures: measures.collect(), tally: Tally::default() }
    }

    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let wrong = || DataFusionError::Internal("a batch that is not a suite's state".to_owned());
        let columns = batch.columns();
        let [measure, atom, group, rows, state] = columns else { return Err(wrong()) };
        let ints = |a: &Arc<dyn Array>| a.as_primitive_opt::<UInt32Type>().cloned().ok_or_else(wrong);
        let (measure, atom) = (ints(measure)?, ints(atom)?);
        let rows = rows.as_primitive_opt::<UInt64Type>().ok_or_else(wrong)?;
        let bytes = |a: &Arc<dyn Array>| a.as_binary_opt::<i64>().cloned().ok_or_else(wrong);
        let (group, state): (LargeBinaryArray, LargeBinaryArray) = (bytes(group)?, bytes(state)?);
        for row in 0..batch.num_rows() {
            let number = measure.value(row);
            if number == COUNTS {
                self.tally.merge(&Tally::read(state.value(row)).ok_or_else(wrong)?);
                continue;
            }
            let measure = self.measures.get_mut(number as usize).ok_or_else(wrong)?;
            let cell = measure.cell(atom.value(row), group.value(row), rows.value(row));
            if !measure.accumulator.read(cell, state.value(row)) {
                return Err(wrong());
            }
        }
        Ok(())
    }

    /// Everything as one batch again, in an order of its own.
    pub(crate) fn into_batch(mut self) -> Result<RecordBatch> {
        let mut writer = Writer::default();
        let mut bytes = Vec::new();
        for (number, measure) in self.measures.iter_mut().enumerate() {
            for (at, cell) in measure.cells.iter().enumerate() {
                bytes.clear();
                measure.accumulator.write(at, &mut bytes);
                let group = measure.groups.get(cell.group as usize).map_or(&[][..], |g| g);
                writer.push(number as u32, cell.atom, group, cell.rows, &bytes);
            }
        }
        writer.finish(&self.tally)
    }
}

impl MergedMeasure {
    /// The cell's number; its rows are counted.
    fn cell(&mut self, atom: u32, group: &[u8], rows: u64) -> usize {
        let id = match self.group_ids.get(group) {
            Some(id) => *id,
            None => {
                let id = self.groups.len() as u32;
                self.groups.push(group.into());
                self.group_ids.insert(group.into(), id);
                id
            }
        };
        let cell = *self.known.entry((atom, id)).or_insert_with(|| {
            self.cells.push(Cell { atom, group: id, rows: 0 });
            (self.cells.len() - 1) as u32
        });
        if let Some(cell) = self.cells.get_mut(cell as usize) {
            cell.rows += rows;
        }
        cell as usize
    }
}
