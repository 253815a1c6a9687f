//! A state that was put into a temporary file, so that what is known of one measure in one atom and breakdown can be read
//! without the rest.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use kepi_lang::diag::Diagnostic;

use crate::execute::accumulate::internal;
use crate::execute::cells::{Present, SpaceCells};
use crate::execute::order::Order;
use crate::execute::state::SuiteState;
use crate::operators::{Accumulator, Reader};
use crate::plan::suite::SuiteSpec;
use crate::spill::{Piece, Spill, Writer};

/// What was known of some rows.
#[derive(Debug)]
pub(crate) struct Run {
    pub spill: Arc<Spill>,
    /// By breakdown, in the order of a state's: its groups.
    groups: Vec<Piece>,
    /// By branch taken: what lies where.
    directories: Vec<Piece>,
}

/// What is known of one outer cell: a state, or, where there are keys, keys and state of each inner cell, in order of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub atom: u32,
    pub group: u32,
    pub piece: Piece,
}

/// All runs of a suite.
#[derive(Debug, Default)]
pub(crate) struct Runs(Mutex<Vec<Run>>);

impl Runs {
    pub(crate) fn keep(&self, run: Run) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(run);
    }

    pub(crate) fn take(&self) -> Vec<Run> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl SuiteState {
    /// Puts the state into a temporary file, apart from its tally.
    pub(crate) fn freeze(mut self, spec: &SuiteSpec, spill: &Arc<Spill>) -> Result<Run, Diagnostic> {
        let (groups, directories) = spill.append(|out| {
            let mut groups = Vec::new();
            for known in self.bys.values() {
                let from = out.at();
                for bytes in &known.bytes {
                    out.put(&(bytes.len() as u64).to_le_bytes())?;
                    out.put(bytes)?;
                }
                groups.push(out.since(from));
            }
            let mut directories = vec![Piece::default(); spec.taken.len()];
            let mut accumulators: Vec<_> = std::mem::take(&mut self.accumulators).into_iter().map(Some).collect();
            for (space, cells) in self.spaces.iter_mut().enumerate() {
                cells.close();
                let ordered = Order::of(cells, 1);
                for (at, taken) in spec.taken.iter().enumerate().filter(|(_, taken)| taken.space == space) {
                    let Some(rows) = self.rows.get(&(space, taken.filter)) else { continue };
                    // What has been written is let go.
                    let accumulator = accumulators.get_mut(at).and_then(Option::take);
                    if let (Some(mut accumulator), Some(directory)) = (accumulator, directories.get_mut(at)) {
                        *directory = write(out, cells, &ordered, rows, accumulator.as_mut())?;
                    }
                }
            }
            Ok((groups, directories))
        })?;
        Ok(Run { spill: Arc::clone(spill), groups, directories })
    }
}

/// The cells of one branch that have rows, then their directory, which is given back.
fn write(
    out: &mut Writer<'_>,
    cells: &SpaceCells,
    order: &Order,
    rows: &Present,
    accumulator: &mut dyn Accumulator,
) -> io::Result<Piece> {
    let begin = out.at();
    let (mut entries, mut bytes) = (Vec::new(), Vec::new());
    for (run, outer) in order.runs.iter().zip(&cells.outer.pairs) {
        let from = out.at();
        for (at, cell) in run.clone().zip(order.cells.get(run.clone()).unwrap_or_default()) {
            if rows.has(*cell) {
                bytes.clear();
                bytes.extend(order.path(at).iter().flat_map(|key| key.to_le_bytes()));
                accumulator.write(*cell as usize, &mut bytes);
                out.put(&bytes)?;
            }
        }
        if out.at() > from {
            entries.push((outer.0, outer.1, out.since(from).len));
        }
    }
    let from = out.at();
    out.put(&begin.to_le_bytes())?;
    for (atom, group, len) in entries {
        out.put(&atom.to_le_bytes())?;
        out.put(&group.to_le_bytes())?;
        out.put(&len.to_le_bytes())?;
    }
    Ok(out.since(from))
}

impl Run {
    /// The groups of the breakdown at this place among a state's.
    pub(crate) fn groups(&self, breakdown: usize) -> Result<Vec<Box<[u8]>>, Diagnostic> {
        let bytes = self.spill.read(self.groups.get(breakdown).copied().unwrap_or_default())?;
        let mut reader = Reader::new(&bytes);
        let mut groups = Vec::new();
        while !reader.is_empty() {
            let group = reader.count(1).and_then(|n| reader.take(n)).ok_or_else(wrong)?;
            groups.push(group.into());
        }
        Ok(groups)
    }

    /// What lies where of a branch.
    pub(crate) fn entries(&self, taken: usize) -> Result<Vec<Entry>, Diagnostic> {
        let bytes = self.spill.read(self.directories.get(taken).copied().unwrap_or_default())?;
        let mut reader = Reader::new(&bytes);
        let mut entries = Vec::with_capacity(bytes.len() / 16);
        let mut from = if reader.is_empty() { 0 } else { reader.u64().ok_or_else(wrong)? };
        while !reader.is_empty() {
            let (pair, len) = reader.u64().zip(reader.u64()).ok_or_else(wrong)?;
            entries.push(Entry { atom: pair as u32, group: (pair >> 32) as u32, piece: Piece { from, len } });
            from += len;
        }
        Ok(entries)
    }
}

/// What was read back is not what was written.
pub(crate) fn wrong() -> Diagnostic {
    internal("a state that cannot be read back")
}
