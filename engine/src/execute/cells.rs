//! Cells: where the rows of a space fall. The outermost are pairs of atom and breakdown; each key of a distribution splits
//! those of the level above.

use std::collections::HashMap;

use crate::plan::timeline::{ALWAYS, NONE};
use crate::rows::FastState;

/// Bytes of a pair and its number in a table, an eighth of whose places are free, with the byte that says whether one is.
const ENTRY: usize = (16 + 1) * 8 / 7;

/// Distinct pairs, numbered as they come.
#[derive(Default)]
pub(crate) struct Pairs {
    ids: HashMap<u64, u32, FastState>,
    pub pairs: Vec<(u32, u32)>,
}

impl Pairs {
    /// Of memory, about.
    fn bytes(&self) -> usize {
        self.ids.capacity() * ENTRY + self.pairs.capacity() * size_of::<(u32, u32)>()
    }

    pub(crate) fn id(&mut self, a: u32, b: u32) -> u32 {
        *self.ids.entry(u64::from(a) << 32 | u64::from(b)).or_insert_with(|| {
            self.pairs.push((a, b));
            (self.pairs.len() - 1) as u32
        })
    }
}

/// Pairs of atom and breakdown: a table while it is small.
pub(crate) struct Outer {
    atoms: usize,
    table: Vec<u32>,
    others: HashMap<u64, u32, FastState>,
    pub pairs: Vec<(u32, u32)>,
}

/// Places of a table.
const TABLE: usize = 1 << 22;

impl Outer {
    fn new(atoms: usize) -> Self {
        Self { atoms: atoms.max(1), table: Vec::new(), others: HashMap::default(), pairs: Vec::new() }
    }

    pub(crate) fn id(&mut self, atom: u32, by: u32) -> u32 {
        let column = if atom == ALWAYS { 0 } else { atom as usize };
        let place = by as usize * self.atoms + column;
        if column >= self.atoms || place >= TABLE {
            let pairs = &mut self.pairs;
            return *self.others.entry(u64::from(atom) << 32 | u64::from(by)).or_insert_with(|| {
                pairs.push((atom, by));
                (pairs.len() - 1) as u32
            });
        }
        if place >= self.table.len() {
            self.table.resize((by as usize + 1) * self.atoms, NONE);
        }
        let Some(slot) = self.table.get_mut(place) else { return NONE };
        if *slot == NONE {
            *slot = self.pairs.len() as u32;
            self.pairs.push((atom, by));
        }
        *slot
    }
}

/// All cells of a space.
pub(crate) struct SpaceCells {
    pub outer: Outer,
    /// One for each key: the cell of the level above, and the key's number.
    pub levels: Vec<Pairs>,
}

impl SpaceCells {
    pub(crate) fn new(atoms: usize, keys: usize) -> Self {
        Self { outer: Outer::new(atoms), levels: (0..keys).map(|_| Pairs::default()).collect() }
    }

    /// How many cells the innermost level has.
    pub(crate) fn count(&self) -> usize {
        self.levels.last().map_or(self.outer.pairs.len(), |level| level.pairs.len())
    }

    /// Of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let outer = self.outer.table.capacity() * size_of::<u32>()
            + self.outer.others.capacity() * ENTRY
            + self.outer.pairs.capacity() * size_of::<(u32, u32)>();
        outer + self.levels.iter().map(Pairs::bytes).sum::<usize>()
    }

    /// No further cells: the tables that find them are let go.
    pub(crate) fn close(&mut self) {
        self.outer.table = Vec::new();
        self.outer.others = HashMap::default();
        self.levels.iter_mut().for_each(|level| level.ids = HashMap::default());
    }

    /// The atom and breakdown of each cell, and its keys, one after the other.
    pub(crate) fn paths(&self) -> (Vec<u32>, Vec<u32>) {
        let (mut outers, mut paths): (Vec<u32>, Vec<u32>) = ((0..self.outer.pairs.len() as u32).collect(), Vec::new());
        for (width, level) in self.levels.iter().enumerate() {
            let mut next = Vec::with_capacity(level.pairs.len() * (width + 1));
            let mut from = Vec::with_capacity(level.pairs.len());
            for (above, key) in &level.pairs {
                let above = *above as usize;
                from.push(outers.get(above).copied().unwrap_or(NONE));
                next.extend_from_slice(paths.get(above * width..(above + 1) * width).unwrap_or_default());
                next.push(*key);
            }
            (outers, paths) = (from, next);
        }
        (outers, paths)
    }
}

#[cfg(test)]
mod tests {
    use super::SpaceCells;

    #[test]
    fn cells_are_numbered_once() {
        let mut cells = SpaceCells::new(2, 1);
        // The third and fourth pair lie outside of the table's columns.
        let outer = [(0, 0), (1, 3), (7, 0), (8, 0), (0, 0), (7, 0), (8, 0)].map(|(atom, by)| cells.outer.id(atom, by));
        assert_eq!(outer, [0, 1, 2, 3, 0, 2, 3]);
        assert_eq!(cells.outer.pairs, [(0, 0), (1, 3), (7, 0), (8, 0)]);
        let inner = [(2, 9), (0, 9), (2, 9)].map(|(above, key)| cells.levels[0].id(above, key));
        assert_eq!((inner, cells.count()), ([0, 1, 0], 2));
        assert_eq!(cells.paths(), (vec![2, 0], vec![9, 9]));
    }
}
