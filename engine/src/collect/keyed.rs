//! Measures of distributions: values for each key, in order of key, made for the span and breakdown that is asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::ScalarType;
use kepi_lang::value::Value;

use crate::collect::spilled::Spilled;
use crate::collect::table::Leaves;
use crate::collect::value::coerce;
use crate::execute::run::wrong;
use crate::operators::{Accumulator, TooLarge};
use crate::plan::timeline::{ALWAYS, Timeline};

/// Values that are kept for whoever asks for the same span next.
const KEPT: usize = 1 << 21;
/// And where there is little memory.
const FEW: usize = 1 << 17;

/// A measure with keys.
pub(crate) struct Keyed {
    ty: ScalarType,
    width: usize,
    /// By number of span: atoms.
    spans: Vec<(u32, u32)>,
    place: Place,
    inner: Mutex<Inner>,
}

/// Where the states are.
enum Place {
    Memory(Sorted),
    Files(Spilled),
}

struct Sorted {
    /// By breakdown: atoms, ascending, and the leaves of each.
    outers: BTreeMap<u32, Vec<(u32, Range<usize>)>>,
    keyed: KeyedLeaves,
}

/// Leaves in runs that are in order of keys each.
#[derive(Default)]
pub(super) struct KeyedLeaves {
    pub keys: Vec<u32>,
    pub cells: Vec<u32>,
    /// The first cell number that is free.
    pub scratch: usize,
}

struct Inner {
    /// Of states in memory.
    accumulator: Option<Box<dyn Accumulator>>,
    /// By span and breakdown.
    made: BTreeMap<(usize, u32), Arc<Slice>>,
    size: usize,
}

/// The values of a span and breakdown, in order of keys.
#[derive(Default)]
pub(crate) struct Slice {
    pub width: usize,
    /// `width` of them for each value.
    pub keys: Vec<u32>,
    pub values: Vec<Result<Value, TooLarge>>,
}

impl Slice {
    fn path(&self, at: usize) -> &[u32] {
        self.keys.get(at * self.width..(at + 1) * self.width).unwrap_or_default()
    }

    /// The places of the values whose keys begin with these.
    pub(crate) fn below(&self, prefix: &[u32]) -> Range<usize> {
        let head = |at: usize| self.path(at).get(..prefix.len()).unwrap_or_default();
        let first = |holds: &dyn Fn(usize) -> bool| {
            let (mut low, mut high) = (0, self.values.len());
            while low < high {
                let middle = low + (high - low) / 2;
                if holds(middle) { low = middle + 1 } else { high = middle }
            }
            low
        };
        match prefix {
            [] => 0..self.values.len(),
            _ => first(&|at| head(at) < prefix)..first(&|at| head(at) <= prefix),
        }
    }

    /// The key at this depth, of a value.
    pub(crate) fn key(&self, at: usize, depth: usize) -> Option<u32> {
        self.path(at).get(depth).copied()
    }
}

impl Sorted {
    fn atoms(&self, (from, to): (u32, u32), by: u32) -> impl Iterator<Item = &Range<usize>> {
        let all = self.outers.get(&by).map(Vec::as_slice).unwrap_or_default();
        let inside = all.partition_point(|(atom, _)| *atom < from)..all.partition_point(|(atom, _)| *atom < to);
        let always = all.last().filter(|(atom, _)| *atom == ALWAYS);
        all.get(inside).unwrap_or_default().iter().chain(always).map(|(_, leaves)| leaves)
    }
}

impl Keyed {
    pub(super) fn new(ty: ScalarType, timeline: &Timeline, leaves: Leaves) -> Self {
        let width = leaves.width;
        let path = |at: usize| leaves.keys.get(at * width..(at + 1) * width).unwrap_or_default();
        let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); leaves.outers.len()];
        for (at, outer) in leaves.of.iter().enumerate() {
            if let Some(bucket) = buckets.get_mut(*outer as usize) {
                bucket.push(at as u32);
            }
        }
        let (mut keys, mut cells) = (Vec::with_capacity(leaves.keys.len()), Vec::with_capacity(leaves.cells.len()));
        let mut outers: BTreeMap<u32, Vec<(u32, Range<usize>)>> = BTreeMap::new();
        for (mut bucket, (atom, by)) in buckets.into_iter().zip(&leaves.outers).filter(|(bucket, _)| !bucket.is_empty())
        {
            bucket.sort_unstable_by(|a, b| path(*a as usize).cmp(path(*b as usize)));
            let from = cells.len();
            for at in bucket {
                keys.extend_from_slice(path(at as usize));
                cells.extend(leaves.cells.get(at as usize));
            }
            outers.entry(*by).or_default().push((*atom, from..cells.len()));
        }
        outers.values_mut().for_each(|atoms| atoms.sort_by_key(|(atom, _)| *atom));
        let accumulator = Some(leaves.accumulator);
        let sorted = Sorted { outers, keyed: KeyedLeaves { keys, cells, scratch: leaves.scratch } };
        Self::of(ty, width, timeline, Place::Memory(sorted), accumulator)
    }

    /// Of states in temporary files.
    pub(super) fn spilled(ty: ScalarType, timeline: &Timeline, spilled: Spilled) -> Self {
        Self::of(ty, spilled.width, timeline, Place::Files(spilled), None)
    }

    fn of(
        ty: ScalarType,
        width: usize,
        timeline: &Timeline,
        place: Place,
        accumulator: Option<Box<dyn Accumulator>>,
    ) -> Self {
        let inner = Inner { accumulator, made: BTreeMap::new(), size: 0 };
        Self { ty, width, spans: timeline.spans.clone(), place, inner: Mutex::new(inner) }
    }

    fn span(&self, span: usize) -> (u32, u32) {
        self.spans.get(span).copied().unwrap_or((0, 0))
    }

    pub(super) fn groups_in(&self, span: usize) -> Vec<u32> {
        let span = self.span(span);
        match &self.place {
            Place::Memory(sorted) => {
                let inside = |by: &u32| sorted.atoms(span, *by).next().is_some();
                sorted.outers.keys().copied().filter(inside).collect()
            }
            Place::Files(spilled) => spilled.groups_in(span),
        }
    }

    /// The values of a span and breakdown.
    pub(crate) fn slice(&self, span: usize, by: u32) -> Result<Arc<Slice>, Diagnostic> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = inner.made.get(&(span, by)) {
            return Ok(Arc::clone(known));
        }
        let (made, most) = match (&self.place, inner.accumulator.as_mut()) {
            (Place::Memory(sorted), Some(accumulator)) => {
                let atoms: Vec<Range<usize>> = sorted.atoms(self.span(span), by).cloned().collect();
                (self.make(&sorted.keyed, atoms, accumulator.as_mut()), KEPT)
            }
            (Place::Files(spilled), _) => {
                let mut brought = spilled.keyed(self.span(span), by)?;
                (self.make(&brought.leaves, brought.runs, brought.accumulator.as_mut()), FEW)
            }
            (Place::Memory(_), None) => return Err(wrong()),
        };
        let made = Arc::new(made);
        if inner.size + made.values.len() > most {
            inner.made.clear();
            inner.size = 0;
        }
        inner.size += made.values.len();
        inner.made.insert((span, by), Arc::clone(&made));
        Ok(made)
    }

    fn make(&self, of: &KeyedLeaves, runs: Vec<Range<usize>>, accumulator: &mut dyn Accumulator) -> Slice {
        let mut slice = Slice { width: self.width, ..Slice::default() };
        let mut push = |keys: &[u32], value: Result<Value, TooLarge>| {
            slice.keys.extend_from_slice(keys);
            slice.values.push(value.map(|value| coerce(value, self.ty)));
        };
        let path = |leaf: usize| of.keys.get(leaf * self.width..(leaf + 1) * self.width).unwrap_or_default();
        let cell = |leaf: usize| of.cells.get(leaf).map_or(0, |cell| *cell as usize);
        if let [only] = runs.as_slice() {
            only.clone().for_each(|leaf| push(path(leaf), accumulator.finish(cell(leaf))));
            return slice;
        }
        // Runs that are in order each: what a stable sort is quickest with.
        let mut leaves: Vec<usize> = runs.into_iter().flatten().collect();
        match self.width {
            1 => leaves.sort_by_key(|leaf| of.keys.get(*leaf).copied()),
            _ => leaves.sort_by(|a, b| path(*a).cmp(path(*b))),
        }
        for same in leaves.chunk_by(|a, b| path(*a) == path(*b)) {
            let Some((first, rest)) = same.split_first() else { continue };
            let mut at = cell(*first);
            if !rest.is_empty() {
                accumulator.copy(of.scratch, at);
                rest.iter().for_each(|leaf| accumulator.merge(of.scratch, cell(*leaf)));
                at = of.scratch;
            }
            push(path(*first), accumulator.finish(at));
        }
        slice
    }
}
