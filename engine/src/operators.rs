//! One accumulator a family of measures: what a cell (a span of time, a group) knows, how two cells become one, and what comes
//! out at the end. States are bytes between partitions and machines.

mod bytes;
pub(crate) mod count;
pub(crate) mod exact;
pub(crate) mod extreme;
pub(crate) mod first_last;
pub(crate) mod ids;
#[cfg(test)]
mod laws;
pub(crate) mod moments;
pub(crate) mod quantile;
pub(crate) mod shards;
pub(crate) mod share;
pub(crate) mod sketch_quantile;
pub(crate) mod sketch_unique;
pub(crate) mod sum;
pub(crate) mod trail;
pub(crate) mod unique;
pub(crate) mod view;

use std::any::Any;

use datafusion::arrow::array::ArrayRef;
use kepi_lang::ir::{Aggregate, Measure, ScalarType};
use kepi_lang::value::Value;

use crate::rows::RowError;

pub(crate) use bytes::{Reader, decode_value, encode_value, text, told};
pub(crate) use view::View;

/// The rows of one batch that a measure takes.
pub(crate) struct Rows<'a> {
    /// Row numbers, ascending.
    pub rows: &'a [u32],
    /// The cell of each of them.
    pub cells: &'a [u32],
    /// The cell, where it is the same for all.
    pub one: Option<u32>,
    /// What is aggregated, by row number; `None` for counts.
    pub value: Option<&'a ArrayRef>,
    /// As numbers (`ids`), by row number: the values of sets, and the actors of trails.
    pub ids: Option<&'a [u32]>,
    /// The branch's clock in microseconds and the source's key, by row number: the order of `first` and `last`.
    pub clock: Option<&'a [i64]>,
    pub key: &'a [ArrayRef],
    /// Of a trail: what is kept besides, by row number.
    pub kept: &'a [ArrayRef],
}

impl Rows<'_> {
    /// The value column; a measure without one is a mistake of the plan's.
    pub(crate) fn view(&self) -> Result<View<'_>, RowError> {
        View::new(self.value.ok_or_else(|| RowError::Internal("a measure without a value".to_owned()))?)
    }

    /// Row number and cell.
    pub(crate) fn each(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.rows.iter().zip(self.cells).map(|(row, cell)| (*row as usize, *cell as usize))
    }
}

/// A number that no exact type holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// A family of measures.
pub(crate) trait Family: Send + Sync {
    /// What a cell knows. The default is a cell without rows.
    type State: Clone + Default + Send;

    fn update(&self, states: &mut [Self::State], rows: &Rows<'_>) -> Result<(), RowError>;
    fn merge(&self, into: &mut Self::State, from: &Self::State);
    /// Merges what is of no further use elsewhere.
    fn absorb(&self, into: &mut Self::State, from: Self::State) {
        self.merge(into, &from);
    }
    fn write(&self, state: &mut Self::State, out: &mut Vec<u8>);
    fn read(&self, bytes: &mut Reader<'_>) -> Option<Self::State>;
    /// The value of a cell that has rows.
    fn finish(&self, state: &mut Self::State) -> Result<Value, TooLarge>;
    /// Bytes that a state holds beside itself.
    fn beside(&self, _state: &Self::State) -> usize {
        0
    }
    /// Whether a state keeps every value, so that a merge is as large as what is merged.
    fn piles(&self) -> bool {
        false
    }
}

/// The cells of one measure.
pub(crate) trait Accumulator: Any + Send {
    /// `cells`: how many cells there are by now.
    fn update(&mut self, rows: &Rows<'_>, cells: usize) -> Result<(), RowError>;
    /// Adds rows to a cell, where it matters only how many there are.
    fn count(&mut self, _cell: u32, _rows: usize) -> bool {
        false
    }
    /// The cell's state, to be sent.
    fn write(&mut self, cell: usize, out: &mut Vec<u8>);
    /// Merges a state that was sent, which ends where it says; false when the bytes are not one.
    fn read(&mut self, cell: usize, bytes: &mut Reader<'_>) -> bool;
    /// Merges one cell into another.
    fn merge(&mut self, into: usize, from: usize);
    /// Merges the cells of another of the same measure: `pairs` of the cell here and the cell there, each at most once. False
    /// where it is none.
    fn absorb(&mut self, from: Box<dyn Accumulator>, pairs: &mut dyn Iterator<Item = (u32, u32)>) -> bool;
    /// Copies a cell over another.
    fn copy(&mut self, to: usize, from: usize);
    fn finish(&mut self, cell: usize) -> Result<Value, TooLarge>;
    /// The values of cells that have rows, at most so many, where all of them are small whole numbers.
    fn wholes(&mut self, _most: usize, _cells: &mut dyn Iterator<Item = u32>) -> Option<Vec<i64>> {
        None
    }
    /// Bytes of memory that all cells hold, about.
    fn bytes(&self) -> usize;
    /// Makes a cell one without rows.
    fn clear(&mut self, cell: usize);
    /// Whether a cell keeps every value, so that a merge is as large as what is merged.
    fn piles(&self) -> bool {
        false
    }
    /// The rows of a cell, if that is what it holds.
    fn trail(&mut self, _cell: usize) -> Option<trail::Rows> {
        None
    }
}

/// An accumulator as what it is known to be.
fn same<A: Accumulator>(from: Box<dyn Accumulator>) -> Option<Box<A>> {
    let from: Box<dyn Any> = from;
    from.downcast().ok()
}

struct Cells<F: Family> {
    family: F,
    states: Vec<F::State>,
}

impl<F: Family> Cells<F> {
    fn reserve(&mut self, cells: usize) {
        if self.states.len() < cells {
            self.states.resize_with(cells, F::State::default);
        }
    }
}

impl<F: Family + 'static> Accumulator for Cells<F> {
    fn update(&mut self, rows: &Rows<'_>, cells: usize) -> Result<(), RowError> {
        self.reserve(cells);
        self.family.update(&mut self.states, rows)
    }

    fn write(&mut self, cell: usize, out: &mut Vec<u8>) {
        self.reserve(cell + 1);
        if let Some(state) = self.states.get_mut(cell) {
            self.family.write(state, out);
        }
    }

    fn read(&mut self, cell: usize, bytes: &mut Reader<'_>) -> bool {
        self.reserve(cell + 1);
        let Some(from) = self.family.read(bytes) else { return false };
        if let Some(into) = self.states.get_mut(cell) {
            self.family.merge(into, &from);
        }
        true
    }

    fn merge(&mut self, into: usize, from: usize) {
        self.reserve(into.max(from) + 1);
        if let Ok([into, from]) = self.states.get_disjoint_mut([into, from]) {
            self.family.merge(into, from);
        }
    }

    fn absorb(&mut self, from: Box<dyn Accumulator>, pairs: &mut dyn Iterator<Item = (u32, u32)>) -> bool {
        let Some(mut from) = same::<Self>(from) else { return false };
        pairs.for_each(|(into, cell)| {
            self.reserve(into as usize + 1);
            let states = self.states.get_mut(into as usize).zip(from.states.get_mut(cell as usize));
            if let Some((into, cell)) = states {
                self.family.absorb(into, std::mem::take(cell));
            }
        });
        true
    }

    fn copy(&mut self, to: usize, from: usize) {
        self.reserve(to.max(from) + 1);
        if let Ok([to, from]) = self.states.get_disjoint_mut([to, from]) {
            to.clone_from(from);
        }
    }

    fn finish(&mut self, cell: usize) -> Result<Value, TooLarge> {
        self.reserve(cell + 1);
        self.states.get_mut(cell).map_or(Ok(Value::Null), |state| self.family.finish(state))
    }

    fn bytes(&self) -> usize {
        let beside: usize = self.states.iter().map(|state| self.family.beside(state)).sum();
        self.states.capacity() * size_of::<F::State>() + beside
    }

    fn clear(&mut self, cell: usize) {
        self.states.get_mut(cell).into_iter().for_each(|state| *state = F::State::default());
    }

    fn piles(&self) -> bool {
        self.family.piles()
    }
}

fn boxed<F: Family + 'static>(family: F) -> Box<dyn Accumulator> {
    Box::new(Cells { family, states: Vec::new() })
}

/// The accumulator of a measure.
pub(crate) fn accumulator(measure: &Measure) -> Box<dyn Accumulator> {
    let value = measure.branches.iter().find_map(|b| b.value.as_ref()).map_or(ScalarType::Null, |v| v.ty);
    match &measure.aggregate {
        Aggregate::Count => Box::<count::Count>::default(),
        Aggregate::Unique => Box::new(unique::Unique::default()),
        Aggregate::ApproximateUnique => boxed(sketch_unique::ApproximateUnique),
        Aggregate::Share => boxed(share::Share),
        Aggregate::Sum if value == ScalarType::Float => boxed(sum::FloatSum { mean: false, stock: measure.stock }),
        Aggregate::Mean if value == ScalarType::Float => boxed(sum::FloatSum { mean: true, stock: measure.stock }),
        Aggregate::Sum => boxed(sum::ExactSum { mean: false, stock: measure.stock, ty: measure.ty }),
        Aggregate::Mean => boxed(sum::ExactSum { mean: true, stock: measure.stock, ty: measure.ty }),
        Aggregate::Min => boxed(extreme::Extreme { largest: false }),
        Aggregate::Max => boxed(extreme::Extreme { largest: true }),
        Aggregate::Percentile { percentile, discrete } => {
            boxed(quantile::Percentile { percentile: *percentile, discrete: *discrete })
        }
        Aggregate::ApproximatePercentile { percentile } => {
            boxed(sketch_quantile::ApproximatePercentile { percentile: *percentile })
        }
        Aggregate::Stddev => boxed(moments::Stddev),
        Aggregate::First => boxed(first_last::Edge { last: false }),
        Aggregate::Last => boxed(first_last::Edge { last: true }),
        Aggregate::Trail => Box::<trail::Trail>::default(),
    }
}

/// What a measure is worth where it has no rows.
pub(crate) fn empty(measure: &Measure) -> Value {
    match measure.aggregate {
        _ if measure.stock => Value::Null,
        Aggregate::Count | Aggregate::Unique | Aggregate::ApproximateUnique => Value::Int(0),
        Aggregate::Sum => sum::zero(measure.ty),
        _ => Value::Null,
    }
}

/// Adds a column of values to one state.
#[cfg(test)]
fn updated<F: Family>(family: &F, state: &mut F::State, value: &ArrayRef) -> Result<(), RowError> {
    let numbers: Vec<u32> = (0..value.len() as u32).collect();
    let cells = vec![0; value.len()];
    let rows = Rows {
        rows: &numbers,
        cells: &cells,
        one: None,
        value: Some(value),
        ids: None,
        clock: None,
        key: &[],
        kept: &[],
    };
    family.update(std::slice::from_mut(state), &rows)
}
