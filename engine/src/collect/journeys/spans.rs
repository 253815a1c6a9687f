//! The spans that a journey is asked for, and which of them an actor's rows fall into.

use crate::collect::trails::Step;

pub(super) struct Spans {
    /// Each from its start to before its end, in microseconds, in the order in which they are asked for.
    pub bounds: Vec<(i64, i64)>,
    /// The bounds in order of start, with their places, where none begins before the one before it ends.
    apart: Option<Vec<((i64, i64), usize)>>,
}

impl Spans {
    pub(super) fn new(bounds: &[(i64, i64)]) -> Self {
        let mut sorted: Vec<((i64, i64), usize)> =
            bounds.iter().copied().zip(0..).filter(|((a, b), _)| a < b).collect();
        sorted.sort_unstable();
        let apart = sorted.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a.1 <= b.0));
        Self { bounds: bounds.to_vec(), apart: apart.then_some(sorted) }
    }

    pub(super) fn len(&self) -> usize {
        self.bounds.len()
    }

    /// The spans that hold an instant.
    pub(super) fn holding(&self, time: i64, mut visit: impl FnMut(usize)) {
        match &self.apart {
            Some(sorted) => {
                let at = sorted.partition_point(|((from, _), _)| *from <= time).checked_sub(1);
                let last = at.and_then(|at| sorted.get(at)).filter(|((_, to), _)| time < *to);
                last.into_iter().for_each(|(_, place)| visit(*place));
            }
            None => {
                let holds = |(_, (from, to)): &(usize, &(i64, i64))| time >= *from && time < *to;
                self.bounds.iter().enumerate().filter(holds).for_each(|(place, _)| visit(place));
            }
        }
    }

    /// The spans that some of an actor's rows fall into, with the first of those rows.
    pub(super) fn each(&self, rows: &[Step], mut visit: impl FnMut(usize, usize)) {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
        let Some(sorted) = &self.apart else {
            for (place, (from, to)) in self.bounds.iter().enumerate() {
                let at = rows.partition_point(|row| row.time < *from);
                if rows.get(at).is_some_and(|row| row.time < *to) {
                    visit(place, at);
                }
            }
            return;
        };
        let begin = sorted.partition_point(|((_, to), _)| *to <= first.time);
        let mut at = 0;
        for ((from, to), place) in sorted.get(begin..).unwrap_or_default() {
            if *from > last.time {
                return;
            }
            // Few rows lie between one span and the next.
            at += rows.get(at..).unwrap_or_default().iter().take_while(|row| row.time < *from).count();
            if rows.get(at).is_some_and(|row| row.time < *to) {
                visit(*place, at);
            }
        }
    }
}
