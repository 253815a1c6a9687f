//! Measures of distributions: values for each key, in order of key, made for the span and breakdown that is asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::ScalarType;
use kepi_lang::value::Value;

use crate::collect::spilled::Spilled;
use crate::collect::value::coerce;
use crate::execute::cells::Present;
use crate::execute::order::Order;
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
    /// By breakdown: atoms, ascending, and where the cells of each are.
    outers: BTreeMap<u32, Vec<(u32, Range<usize>)>>,
    order: Arc<Order>,
    present: Present,
    /// The first cell number that is free.
    scratch: usize,
}

/// Cells of a measure, in runs that are in order of keys each.
pub(super) struct Ordered<'a> {
    pub order: &'a Order,
    /// Those that have rows; `None`: all.
    pub present: Option<&'a Present>,
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
    pub values: SliceValues,
}

/// Values, as small numbers where all of them are.
pub(crate) enum SliceValues {
    Whole(Vec<i64>),
    Any(Vec<Result<Value, TooLarge>>),
}

impl Default for SliceValues {
    fn default() -> Self {
        Self::Any(Vec::new())
    }
}

impl SliceValues {
    pub(crate) fn get(&self, place: usize) -> Option<Result<Value, TooLarge>> {
        match self {
            Self::Whole(values) => values.get(place).map(|n| Ok(Value::Int(i128::from(*n)))),
            Self::Any(values) => values.get(place).cloned(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Whole(values) => values.len(),
            Self::Any(values) => values.len(),
        }
    }
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
    /// `outers`: atom and breakdown of each outer cell. `scratch`: the first cell number that is free.
    pub(super) fn new(
        (ty, timeline): (ScalarType, &Timeline),
        order: Arc<Order>,
        outers: impl Iterator<Item = (u32, u32)>,
        (present, accumulator, scratch): (Present, Box<dyn Accumulator>, usize),
    ) -> Self {
        let mut by: BTreeMap<u32, Vec<(u32, Range<usize>)>> = BTreeMap::new();
        for (run, (atom, group)) in order.runs.iter().zip(outers) {
            let cells = order.cells.get(run.clone()).unwrap_or_default();
            if cells.iter().any(|cell| present.has(*cell)) {
                by.entry(group).or_default().push((atom, run.clone()));
            }
        }
        by.values_mut().for_each(|atoms| atoms.sort_by_key(|(atom, _)| *atom));
        let width = order.width;
        let sorted = Sorted { outers: by, order, present, scratch };
        Self::of(ty, width, timeline, Place::Memory(sorted), Some(accumulator))
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
                let Sorted { order, present, scratch, .. } = sorted;
                let of = Ordered { order, present: Some(present), scratch: *scratch };
                (self.make(&of, atoms, accumulator.as_mut()), KEPT)
            }
            (Place::Files(spilled), _) => {
                let mut brought = spilled.keyed(self.span(span), by)?;
                let of = Ordered { order: &brought.order, present: None, scratch: brought.order.cells.len() };
                (self.make(&of, brought.order.runs.clone(), brought.accumulator.as_mut()), FEW)
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

    fn make(&self, of: &Ordered<'_>, runs: Vec<Range<usize>>, accumulator: &mut dyn Accumulator) -> Slice {
        let order = of.order;
        let cell = |at: usize| order.cells.get(at).copied().unwrap_or(0);
        let has = |at: &usize| of.present.is_none_or(|present| present.has(cell(*at)));
        let merged = runs.len() > 1;
        let present = || runs.iter().cloned().flatten().filter(has);
        if !merged && self.ty == ScalarType::Int {
            let most = runs.iter().map(ExactSizeIterator::len).sum();
            if let Some(values) = accumulator.wholes(most, &mut present().map(cell)) {
                let mut keys = Vec::with_capacity(values.len() * self.width);
                present().for_each(|at| keys.extend_from_slice(order.path(at)));
                return Slice { width: self.width, keys, values: SliceValues::Whole(values) };
            }
        }
        let mut places: Vec<usize> = present().collect();
        if merged {
            // Runs that are in order each: what a stable sort is quickest with.
            match self.width {
                1 => places.sort_by_key(|at| order.keys.get(*at).copied()),
                _ => places.sort_by(|a, b| order.path(*a).cmp(order.path(*b))),
            }
        }
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for same in places.chunk_by(|a, b| merged && order.path(*a) == order.path(*b)) {
            let Some((first, rest)) = same.split_first() else { continue };
            let mut at = cell(*first) as usize;
            if !rest.is_empty() {
                accumulator.copy(of.scratch, at);
                rest.iter().for_each(|next| accumulator.merge(of.scratch, cell(*next) as usize));
                at = of.scratch;
            }
            keys.extend_from_slice(order.path(*first));
            values.push(accumulator.finish(at).map(|value| coerce(value, self.ty)));
        }
        Slice { width: self.width, keys, values: SliceValues::Any(values) }
    }
}
