//! Values of spans of time that are merged from cells.

use std::ops::Range;

use kepi_lang::diag::Diagnostic;
use kepi_lang::value::Value;

use crate::operators::{Accumulator, TooLarge};
use crate::plan::timeline::ALWAYS;

/// The spans (by number) in chains along which neither end moves back.
pub(super) fn chains(spans: &[(u32, u32)]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    let of = |n: usize| spans.get(n).copied().unwrap_or((0, 0));
    order.sort_by_key(|n| of(*n));
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for number in order {
        let fits = |chain: &&mut Vec<usize>| chain.last().is_none_or(|last| of(*last).1 <= of(number).1);
        match chains.iter_mut().find(fits) {
            Some(chain) => chain.push(number),
            None => chains.push(vec![number]),
        }
    }
    chains
}

/// Values of spans that are merged from cells. Along a chain a window slides: what it has in common with the one before is
/// not merged again (two stacks: suffixes of the older cells, one running merge of the newer ones).
pub(super) struct Windows<'a> {
    pub accumulator: &'a mut dyn Accumulator,
    /// The first cell number that is free.
    pub scratch: usize,
    /// Where the states of the cells are, if not in the accumulator.
    pub store: Option<&'a dyn Store>,
}

/// States that are brought into the accumulator when they are needed.
pub(super) trait Store {
    /// Merges the state of the `place`-th of the cells that values are asked of into a cell.
    fn bring(&self, accumulator: &mut dyn Accumulator, place: usize, into: usize) -> Result<(), Diagnostic>;
}

/// By number of span.
pub(super) type Values = Vec<(u32, Result<Value, TooLarge>)>;

impl Windows<'_> {
    /// `cells`: atom and cell, in order of atom. The value of each span that has rows, by number of span.
    pub(super) fn values(
        &mut self,
        chains: &[Vec<usize>],
        spans: &[(u32, u32)],
        cells: &[(u32, u32)],
    ) -> Result<Values, Diagnostic> {
        let timed = cells.partition_point(|c| c.0 < ALWAYS);
        let (timed, always) = cells.split_at(timed.min(cells.len()));
        let always = always.first().map(|c| c.1 as usize);
        if let (Some(store), Some(cell)) = (self.store, always) {
            store.bring(self.accumulator, timed.len(), cell)?;
        }
        let piles = self.accumulator.piles();
        let range = |number: usize| {
            let (from, to) = spans.get(number).copied().unwrap_or((0, 0));
            (timed.partition_point(|c| c.0 < from), timed.partition_point(|c| c.0 < to))
        };
        let mut values = Vec::new();
        for chain in chains {
            let mut slide = Slide::default();
            // The places of the cells that have been brought; neither end moves back.
            let mut brought = 0..0;
            for (at, number) in chain.iter().enumerate() {
                let (low, high) = range(*number);
                let next = chain.get(at + 1).map(|n| range(*n));
                if !piles {
                    self.bring(&mut brought, timed, low..high)?;
                }
                let value = match (high.saturating_sub(low), always) {
                    (0, None) => continue,
                    (0, Some(cell)) => self.accumulator.finish(cell),
                    // What the windows before have merged is as much work to copy as to merge.
                    _ if piles => self.pile(timed, low..high, always)?,
                    (1, None) => self.finish(timed, low),
                    (_, None) => {
                        let cell = self.slide(&mut slide, timed, low, high, next);
                        self.accumulator.finish(cell)
                    }
                    (_, Some(cell)) => {
                        let out = self.scratch;
                        self.accumulator.copy(out, cell);
                        for (_, from) in timed.get(low..high).unwrap_or_default() {
                            self.accumulator.merge(out, *from as usize);
                        }
                        self.accumulator.finish(out)
                    }
                };
                values.push((*number as u32, value));
            }
            self.bring(&mut brought, timed, timed.len()..timed.len())?;
        }
        values.sort_by_key(|v| v.0);
        Ok(values)
    }

    /// Brings the cells at these places, and lets go those before them.
    fn bring(
        &mut self,
        brought: &mut Range<usize>,
        cells: &[(u32, u32)],
        places: Range<usize>,
    ) -> Result<(), Diagnostic> {
        let Some(store) = self.store else { return Ok(()) };
        let cell = |place: usize| cells.get(place).map_or(0, |c| c.1 as usize);
        (brought.start..brought.end.min(places.start)).for_each(|place| self.accumulator.clear(cell(place)));
        for place in places.start.max(brought.end)..places.end {
            store.bring(self.accumulator, place, cell(place))?;
        }
        *brought = places;
        Ok(())
    }

    /// The value of cells that keep every value, merged at one place and let go again.
    fn pile(
        &mut self,
        cells: &[(u32, u32)],
        places: Range<usize>,
        always: Option<usize>,
    ) -> Result<Result<Value, TooLarge>, Diagnostic> {
        let out = self.scratch;
        for place in places.clone() {
            let cell = cells.get(place).map_or(0, |c| c.1 as usize);
            match self.store {
                Some(store) => store.bring(self.accumulator, place, out)?,
                None if always.is_none() && places.len() == 1 => return Ok(self.accumulator.finish(cell)),
                None => self.accumulator.merge(out, cell),
            }
        }
        always.into_iter().for_each(|cell| self.accumulator.merge(out, cell));
        let value = self.accumulator.finish(out);
        self.accumulator.clear(out);
        Ok(value)
    }

    fn finish(&mut self, cells: &[(u32, u32)], at: usize) -> Result<Value, TooLarge> {
        cells.get(at).map_or(Ok(Value::Null), |c| self.accumulator.finish(c.1 as usize))
    }

    /// The cell with the merge of `low..high`, at least two cells.
    fn slide(
        &mut self,
        slide: &mut Slide,
        cells: &[(u32, u32)],
        low: usize,
        high: usize,
        next: Option<(usize, usize)>,
    ) -> usize {
        let accumulator = &mut *self.accumulator;
        // Scratch: the result, the running merge, then the suffixes.
        let (out, back, front) = (self.scratch, self.scratch + 1, self.scratch + 2);
        let cell = |i: usize| cells.get(i).map_or(0, |c| c.1 as usize);
        let usable = slide.filled && low >= slide.low && low <= slide.middle && high >= slide.high;
        if !usable || (low == slide.middle && low != slide.low) {
            let overlapping = next.is_some_and(|(l, h)| low < l && l + 1 < high && h >= high);
            *slide = Slide { filled: true, low, middle: if overlapping { high } else { low }, high };
            if overlapping {
                for i in (low..high).rev() {
                    accumulator.copy(front + i - low, cell(i));
                    if i + 1 < high {
                        accumulator.merge(front + i - low, front + i + 1 - low);
                    }
                }
            } else {
                accumulator.copy(back, cell(low));
                (low + 1..high).for_each(|i| accumulator.merge(back, cell(i)));
            }
        } else {
            for i in slide.high..high {
                if i == slide.middle {
                    accumulator.copy(back, cell(i));
                } else {
                    accumulator.merge(back, cell(i));
                }
            }
            slide.high = high;
        }
        if low == slide.middle {
            return back;
        }
        if slide.high == slide.middle {
            return front + low - slide.low;
        }
        accumulator.copy(out, front + low - slide.low);
        accumulator.merge(out, back);
        out
    }
}

/// The suffixes of `low..middle` are kept, and the merge of `middle..high`.
#[derive(Default)]
struct Slide {
    filled: bool,
    low: usize,
    middle: usize,
    high: usize,
}
