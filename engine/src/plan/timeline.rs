//! The spans of time that a measure is asked for, cut into atoms that no boundary falls into. A row belongs to one atom; a
//! span's value is the merge of its atoms.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kepi_lang::calendar::Interval;

use crate::plan::micros;

/// No atom: outside every span.
pub(crate) const NONE: u32 = u32::MAX;
/// The atom of rows without a clock: part of every span.
pub(crate) const ALWAYS: u32 = u32::MAX - 1;

#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    /// Atom `i` is `[boundaries[i], boundaries[i + 1])`, in microseconds.
    boundaries: Vec<i64>,
    /// Whether a span covers atom `i`.
    covered: Vec<bool>,
    /// The spans as half-open ranges of atoms, with their numbers in this order.
    pub spans: Vec<(u32, u32)>,
    numbers: BTreeMap<Interval, usize>,
    /// The spans in microseconds, where each is an atom of its own: of rows that belong to spans.
    pub each: Vec<(i64, i64)>,
}

/// The part of a timeline that some instants can fall into.
#[derive(Debug)]
pub(crate) struct Stretch<'a> {
    /// How many boundaries are at or before the first of them.
    before: usize,
    /// The boundaries between them.
    pub inner: &'a [i64],
    /// Whether a span covers what lies before, between and after these.
    pub covered: Vec<bool>,
}

impl Stretch<'_> {
    /// The number that an atom has in the stretch alone.
    pub(crate) fn local(&self, atom: u32) -> Option<u32> {
        let local = (atom as usize + 1).checked_sub(self.before)?;
        (self.covered.get(local) == Some(&true)).then_some(local as u32)
    }

    /// The atom of such a number.
    pub(crate) fn atom(&self, local: u32) -> Option<u32> {
        (self.covered.get(local as usize) == Some(&true)).then_some(())?;
        u32::try_from((self.before + local as usize).checked_sub(1)?).ok()
    }
}

impl Timeline {
    /// `intervals`: distinct. Nothing at or after `as_of` is covered.
    pub(crate) fn new(intervals: &[Interval], as_of: Timestamp) -> Self {
        let cap = micros(as_of);
        let bounds = |i: &Interval| (micros(i.start).min(cap), micros(i.end).min(cap));
        let mut boundaries: Vec<i64> = intervals.iter().flat_map(|i| <[i64; 2]>::from(bounds(i))).collect();
        boundaries.sort_unstable();
        boundaries.dedup();
        let place = |bound: i64| boundaries.partition_point(|b| *b < bound) as u32;
        let spans: Vec<(u32, u32)> = intervals.iter().map(|i| (place(bounds(i).0), place(bounds(i).1))).collect();
        // Spans that begin at an atom, minus those that have ended.
        let mut steps = vec![0i64; boundaries.len() + 1];
        for (from, to) in &spans {
            for (at, by) in [(*from, 1), (*to, -1)] {
                if let (Some(step), true) = (steps.get_mut(at as usize), from < to) {
                    *step += by;
                }
            }
        }
        let mut open = 0;
        let covered = steps.iter().map(|step| {
            open += step;
            open > 0
        });
        let covered = covered.collect();
        let numbers = intervals.iter().enumerate().map(|(n, i)| (*i, n)).collect();
        Self { boundaries, covered, spans, numbers, each: Vec::new() }
    }

    /// Spans of rows that say themselves which span they belong to: each is an atom, whether or not others overlap it.
    pub(crate) fn each(intervals: &[Interval], as_of: Timestamp) -> Self {
        let cap = micros(as_of);
        let each = intervals.iter().map(|i| (micros(i.start).min(cap), micros(i.end).min(cap))).collect();
        let spans = (0u32..).zip(intervals).map(|(n, _)| (n, n + 1)).collect();
        let numbers = intervals.iter().enumerate().map(|(n, i)| (*i, n)).collect();
        Self { boundaries: Vec::new(), covered: Vec::new(), spans, numbers, each }
    }

    pub(crate) fn number(&self, interval: &Interval) -> Option<usize> {
        self.numbers.get(interval).copied()
    }

    pub(crate) fn atoms(&self) -> usize {
        self.boundaries.len()
    }

    /// The smallest interval that holds every span, in microseconds.
    pub(crate) fn hull(&self) -> Option<(i64, i64)> {
        let first = self.spans.iter().filter(|(a, b)| a < b).map(|s| s.0).min()?;
        let last = self.spans.iter().filter(|(a, b)| a < b).map(|s| s.1).max()?;
        Some((*self.boundaries.get(first as usize)?, *self.boundaries.get(last as usize)?))
    }

    /// What instants from `from` to `to`, both included, can fall into.
    pub(crate) fn stretch(&self, from: i64, to: i64) -> Stretch<'_> {
        let before = self.boundaries.partition_point(|b| *b <= from);
        let behind = self.boundaries.partition_point(|b| *b <= to).max(before);
        let covered = (before..=behind).map(|at| at.checked_sub(1).and_then(|at| self.covered.get(at)) == Some(&true));
        Stretch { before, inner: self.boundaries.get(before..behind).unwrap_or_default(), covered: covered.collect() }
    }

    /// The atom of each instant; `i64::MIN` is none. Rows come in order of time more often than not, so that often all of a batch
    /// lie in one atom, and else the last one is tried first.
    pub(crate) fn locate(&self, instants: &[i64], out: &mut Vec<u32>) {
        out.clear();
        let bounds = instants.iter().fold((i64::MAX, i64::MIN), |(least, most), t| (least.min(*t), most.max(*t)));
        let mut last = if bounds.0 > i64::MIN { self.place(bounds.0) } else { (0, 0, NONE) };
        if last.0 <= bounds.0 && bounds.1 < last.1 {
            return out.resize(instants.len(), last.2);
        }
        out.extend(instants.iter().map(|t| {
            if *t == i64::MIN {
                return NONE;
            }
            if !(last.0 <= *t && *t < last.1) {
                last = self.place(*t);
            }
            last.2
        }));
    }

    /// The boundaries around an instant, and the atom between them.
    fn place(&self, t: i64) -> (i64, i64, u32) {
        let at = self.boundaries.partition_point(|b| *b <= t);
        let from = at.checked_sub(1).and_then(|i| self.boundaries.get(i)).copied();
        let to = self.boundaries.get(at).copied();
        let atom = match (from, to) {
            (Some(_), Some(_)) if self.covered.get(at - 1) == Some(&true) => (at - 1) as u32,
            _ => NONE,
        };
        (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX), atom)
    }
}

#[cfg(test)]
mod tests {
    use super::{NONE, Timeline};
    use jiff::Timestamp;
    use kepi_lang::calendar::Interval;

    #[test]
    fn rows_fall_into_the_atoms_of_overlapping_spans() {
        let at = |s: i64| Timestamp::from_second(s).expect("an instant");
        let span = |a, b| Interval { start: at(a), end: at(b) };
        // [0, 10), [5, 20), a gap, [30, 40); as_of 38 cuts the last one.
        let line = Timeline::new(&[span(0, 10), span(5, 20), span(30, 40)], at(38));
        assert_eq!(line.spans, [(0, 2), (1, 3), (4, 5)]);
        let mut out = Vec::new();
        let mut rows = [-1, 0, 4, 5, 9, 10, 19, 20, 29, 30, 37, 38, 39].map(|s: i64| s * 1_000_000).to_vec();
        rows.push(i64::MIN);
        line.locate(&rows, &mut out);
        assert_eq!(out, [NONE, 0, 0, 1, 1, 2, 2, NONE, NONE, 4, 4, NONE, NONE, NONE]);
        // All in one atom, in none, and in several.
        for (rows, expected) in [(vec![1, 2, 3], vec![0; 3]), (vec![22, 23], vec![NONE; 2]), (vec![9, 11], vec![1, 2])]
        {
            line.locate(&rows.iter().map(|s: &i64| s * 1_000_000).collect::<Vec<_>>(), &mut out);
            assert_eq!(out, expected);
        }
        assert_eq!(line.hull(), Some((0, 38_000_000)));
    }
}
