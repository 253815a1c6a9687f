//! The cells of a space in order: outer cell by outer cell, each by its keys.

use std::ops::Range;

use crate::execute::cells::SpaceCells;
use crate::parallel::parallel;

/// The innermost cells.
#[derive(Default)]
pub(crate) struct Order {
    /// How many keys a cell has.
    pub width: usize,
    /// `width` of them for each cell.
    pub keys: Vec<u32>,
    pub cells: Vec<u32>,
    /// By outer cell: its own.
    pub runs: Vec<Range<usize>>,
}

impl Order {
    pub(crate) fn of(cells: &SpaceCells, threads: usize) -> Self {
        let outers = cells.outer.pairs.len();
        match cells.levels.as_slice() {
            [] => Self {
                width: 0,
                keys: Vec::new(),
                cells: (0..outers as u32).collect(),
                runs: (0..outers).map(|at| at..at + 1).collect(),
            },
            [level] => by_key(&level.pairs, outers, threads),
            levels => {
                let width = levels.len();
                let (of, paths) = cells.paths();
                let path =
                    |cell: u32| paths.get(cell as usize * width..(cell as usize + 1) * width).unwrap_or_default();
                let mut order: Vec<(u32, u32)> = of.into_iter().zip(0u32..).collect();
                order.sort_unstable_by(|a, b| (a.0, path(a.1)).cmp(&(b.0, path(b.1))));
                let mut runs = vec![0..0; outers];
                let mut from = 0;
                for same in order.chunk_by(|a, b| a.0 == b.0) {
                    let run = same.first().and_then(|(outer, _)| runs.get_mut(*outer as usize));
                    run.into_iter().for_each(|run| *run = from..from + same.len());
                    from += same.len();
                }
                let keys = order.iter().flat_map(|(_, cell)| path(*cell)).copied().collect();
                Self { width, keys, cells: order.into_iter().map(|(_, cell)| cell).collect(), runs }
            }
        }
    }

    /// The keys of the cell at a place.
    pub(crate) fn path(&self, at: usize) -> &[u32] {
        self.keys.get(at * self.width..(at + 1) * self.width).unwrap_or_default()
    }
}

/// Pairs of outer cell and key: laid out by outer cell, then each in order of keys.
fn by_key(pairs: &[(u32, u32)], outers: usize, threads: usize) -> Order {
    let mut starts = vec![0usize; outers + 1];
    for (outer, _) in pairs {
        starts.get_mut(*outer as usize + 1).into_iter().for_each(|n| *n += 1);
    }
    let mut total = 0;
    for start in &mut starts {
        total += *start;
        *start = total;
    }
    let runs: Vec<Range<usize>> = starts.iter().zip(starts.iter().skip(1)).map(|(from, to)| *from..*to).collect();
    let mut laid = vec![0u64; pairs.len()];
    for (cell, (outer, key)) in (0u64..).zip(pairs) {
        let Some(free) = starts.get_mut(*outer as usize) else { continue };
        laid.get_mut(*free).into_iter().for_each(|slot| *slot = u64::from(*key) << 32 | cell);
        *free += 1;
    }
    let (mut rest, mut parts) = (laid.as_mut_slice(), Vec::new());
    for run in &runs {
        let (own, others) = rest.split_at_mut(run.len().min(rest.len()));
        parts.push(own);
        rest = others;
    }
    parallel(parts, threads, |own| own.sort_unstable());
    let keys = laid.iter().map(|both| (both >> 32) as u32).collect();
    let cells = laid.iter().map(|both| *both as u32).collect();
    Order { width: 1, keys, cells, runs }
}

#[cfg(test)]
mod tests {
    use super::Order;
    use crate::execute::cells::SpaceCells;

    #[test]
    fn cells_are_in_order_of_keys_within_each_outer_cell() {
        let mut cells = SpaceCells::new(4, 2);
        let mut names = Vec::new();
        for (atom, first, second) in [(1, 9, 2), (0, 7, 1), (1, 3, 8), (1, 9, 1), (0, 2, 4), (1, 3, 8)] {
            let outer = cells.outer.id(atom, 0);
            let inner = cells.levels[0].id(outer, first);
            names.push(cells.levels[1].id(inner, second));
        }
        assert_eq!(names, [0, 1, 2, 3, 4, 2]);
        let order = Order::of(&cells, 2);
        assert_eq!((order.cells.as_slice(), order.runs.as_slice()), (&[2, 3, 0, 4, 1][..], &[0..3, 3..5][..]));
        assert_eq!((order.path(0), order.path(1), order.path(4)), (&[3, 8][..], &[9, 1][..], &[7, 1][..]));
        // The first level alone.
        cells.levels.pop();
        let order = Order::of(&cells, 2);
        assert_eq!((order.keys.as_slice(), order.cells.as_slice()), (&[3, 9, 2, 7][..], &[2, 0, 3, 1][..]));
        assert_eq!(order.runs, [0..2, 2..4]);
        cells.levels.pop();
        assert_eq!(Order::of(&cells, 2).runs, [0..1, 1..2]);
    }
}
