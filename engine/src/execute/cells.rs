//! Cells: where the rows of a space fall. The outermost are pairs of atom and breakdown; each key of a distribution splits
//! those of the level above.

use std::collections::HashMap;

use crate::plan::timeline::{ALWAYS, NONE};
use crate::rows::FastState;

/// Bytes of a pair and its number in a table, an eighth of whose places are free, with the byte that says whether one is.
const ENTRY: usize = (16 + 1) * 8 / 7;

/// The cells of a level: a cell of the level above and a key, numbered as they come.
pub(crate) struct Level {
    index: Index,
    pub pairs: Vec<(u32, u32)>,
    /// So many of the pairs are in the index.
    indexed: usize,
}

/// How a cell is found.
enum Index {
    /// By the cell above. Rows come in order of time more often than not, so that one small table finds most of them.
    Each(Vec<Table>),
    /// Where the cells above are many.
    All(HashMap<u64, u32, FastState>),
}

impl Level {
    pub(crate) fn new(first: bool) -> Self {
        let index = if first { Index::Each(Vec::new()) } else { Index::All(HashMap::default()) };
        Self { index, pairs: Vec::new(), indexed: 0 }
    }

    /// Of memory, about.
    fn bytes(&self) -> usize {
        let index = match &self.index {
            Index::Each(tables) => tables.iter().map(Table::bytes).sum(),
            Index::All(ids) => ids.capacity() * ENTRY,
        };
        index + self.pairs.capacity() * size_of::<(u32, u32)>()
    }

    pub(crate) fn id(&mut self, above: u32, key: u32) -> u32 {
        if self.indexed < self.pairs.len() {
            self.catch_up();
        }
        let next = self.pairs.len() as u32;
        let id = self.index.id(above, key, next);
        if id == next {
            self.pairs.push((above, key));
            self.indexed += 1;
        }
        id
    }

    fn catch_up(&mut self) {
        for (id, (above, key)) in (0u32..).zip(&self.pairs).skip(self.indexed) {
            self.index.id(*above, *key, id);
        }
        self.indexed = self.pairs.len();
    }

    /// Takes the cells of another: by its numbers, those that they have here. `above`: those of the cells above.
    pub(crate) fn absorb(&mut self, other: &[(u32, u32)], above: &[u32]) -> Option<Vec<u32>> {
        let mut known: Vec<bool> = Vec::new();
        for (above, _) in &self.pairs {
            if known.len() <= *above as usize {
                known.resize(*above as usize + 1, false);
            }
            known.get_mut(*above as usize).into_iter().for_each(|known| *known = true);
        }
        let is_known = |above: u32| known.get(above as usize) == Some(&true);
        let meets = above.iter().any(|above| is_known(*above));
        // Cells below one that had none yet are all new: files in order of time have few others.
        let mut map = Vec::with_capacity(other.len());
        let mut new = Vec::new();
        for (cell, key) in other {
            let here = *above.get(*cell as usize)?;
            if meets && is_known(here) {
                map.push(self.id(here, *key));
            } else {
                map.push(NONE);
                new.push((here, *key));
            }
        }
        let next = self.pairs.len() as u32..;
        map.iter_mut().filter(|id| **id == NONE).zip(next).for_each(|(id, next)| *id = next);
        if self.pairs.is_empty() {
            self.pairs = new
        } else {
            self.pairs.append(&mut new)
        }
        Some(map)
    }

    /// The pairs, and the index let go.
    fn close(&mut self) {
        self.index = match self.index {
            Index::Each(_) => Index::Each(Vec::new()),
            Index::All(_) => Index::All(HashMap::default()),
        };
        self.indexed = 0;
    }
}

impl Index {
    fn id(&mut self, above: u32, key: u32, next: u32) -> u32 {
        match self {
            Self::All(ids) => *ids.entry(u64::from(above) << 32 | u64::from(key)).or_insert(next),
            Self::Each(tables) => {
                if tables.len() <= above as usize {
                    tables.resize_with(above as usize + 1, Table::default);
                }
                tables.get_mut(above as usize).map_or(NONE, |table| table.id(key, next))
            }
        }
    }
}

/// Keys and their cells.
enum Table {
    /// Open addressing, a power of two of slots. A cell of `NONE` is a free slot.
    Thin { slots: Vec<(u32, u32)>, used: usize, least: u32, most: u32 },
    /// Keys from `base` on that are close to each other: by key, its cell or `NONE`.
    Dense { base: u32, cells: Vec<u32> },
}

impl Default for Table {
    fn default() -> Self {
        Self::Thin { slots: Vec::new(), used: 0, least: u32::MAX, most: 0 }
    }
}

impl Table {
    /// Keys are close to each other where one of so many is used.
    const DENSE: usize = 8;
    /// And where there are so many of them.
    const MANY: usize = 1 << 10;

    fn bytes(&self) -> usize {
        match self {
            Self::Thin { slots, .. } => slots.capacity() * size_of::<(u32, u32)>(),
            Self::Dense { cells, .. } => cells.capacity() * size_of::<u32>(),
        }
    }

    /// The cell of a key; `next` where it has none yet.
    fn id(&mut self, key: u32, next: u32) -> u32 {
        match self {
            Self::Dense { base, cells } => {
                if let Some(cell) = key.checked_sub(*base).and_then(|at| cells.get_mut(at as usize)) {
                    if *cell == NONE {
                        *cell = next;
                    }
                    return *cell;
                }
                self.widen(key);
                self.id(key, next)
            }
            Self::Thin { slots, used, least, most } => {
                if *used * 4 >= slots.len() * 3 {
                    self.grow();
                    return self.id(key, next);
                }
                let mask = slots.len().wrapping_sub(1);
                let mut at = place(key, mask);
                while let Some(slot) = slots.get_mut(at) {
                    if slot.1 == NONE {
                        *slot = (key, next);
                        *used += 1;
                        (*least, *most) = ((*least).min(key), (*most).max(key));
                        return next;
                    }
                    if slot.0 == key {
                        return slot.1;
                    }
                    at = (at + 1) & mask;
                }
                NONE
            }
        }
    }

    /// Room for more keys, where they are thin; or by key, where they are close.
    fn grow(&mut self) {
        let Self::Thin { slots, used, least, most } = self else { return };
        let width = (*most).saturating_sub(*least) as usize + 1;
        let known = std::mem::take(slots).into_iter().filter(|slot| slot.1 != NONE);
        if *used >= Self::MANY && width <= *used * Self::DENSE {
            // Others will lie around them.
            let (base, width) = (least.saturating_sub((width / 4) as u32), width + width / 2);
            let mut cells = vec![NONE; width];
            for (key, cell) in known {
                cells.get_mut((key - base) as usize).into_iter().for_each(|slot| *slot = cell);
            }
            *self = Self::Dense { base, cells };
            return;
        }
        *self = Self::thin(known, *used);
    }

    /// A key that is far from the others: all are thin from now on, or the table is made wider.
    fn widen(&mut self, key: u32) {
        let Self::Dense { base, cells } = self else { return };
        let own = *base;
        let used = cells.iter().filter(|cell| **cell != NONE).count();
        if key > own && (key - own) as usize <= used * Self::DENSE {
            let width = (key - own) as usize;
            cells.resize(width + width / 4 + 1, NONE);
            return;
        }
        let known = (own..).zip(std::mem::take(cells)).filter(|slot| slot.1 != NONE);
        *self = Self::thin(known, used);
    }

    fn thin(known: impl Iterator<Item = (u32, u32)>, used: usize) -> Self {
        let twice = ((used + 1) * 2).next_power_of_two().max(8);
        let (mut slots, mask) = (vec![(0, NONE); twice], twice - 1);
        let (mut least, mut most) = (u32::MAX, 0);
        for (key, cell) in known {
            (least, most) = (least.min(key), most.max(key));
            let mut at = place(key, mask);
            while slots.get(at).is_some_and(|slot| slot.1 != NONE) {
                at = (at + 1) & mask;
            }
            slots.get_mut(at).into_iter().for_each(|slot| *slot = (key, cell));
        }
        Self::Thin { slots, used, least, most }
    }
}

/// The high bits of a product depend on all bits of the key.
fn place(key: u32, mask: usize) -> usize {
    let product = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (product >> 32) as usize & mask
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
    pub levels: Vec<Level>,
}

impl SpaceCells {
    pub(crate) fn new(atoms: usize, keys: usize) -> Self {
        Self { outer: Outer::new(atoms), levels: (0..keys).map(|level| Level::new(level == 0)).collect() }
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
        outer + self.levels.iter().map(Level::bytes).sum::<usize>()
    }

    /// Takes the cells of another: by its numbers, those that they have here. `by`: the breakdowns as they are numbered here.
    pub(crate) fn absorb(&mut self, other: &Self, by: &[u32]) -> Option<Vec<u32>> {
        let outer = other.outer.pairs.iter().map(|(atom, group)| Some(self.outer.id(*atom, *by.get(*group as usize)?)));
        let outer = outer.collect::<Option<Vec<_>>>()?;
        self.levels
            .iter_mut()
            .zip(&other.levels)
            .try_fold(outer, |map, (level, other)| level.absorb(&other.pairs, &map))
    }

    /// No further cells: the tables that find them are let go.
    pub(crate) fn close(&mut self) {
        self.outer.table = Vec::new();
        self.outer.others = HashMap::default();
        self.levels.iter_mut().for_each(Level::close);
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

/// Which cells have rows.
#[derive(Clone, Default)]
pub(crate) struct Present {
    words: Vec<u64>,
}

impl Present {
    pub(crate) fn set(&mut self, cell: u32) {
        let at = cell as usize / 64;
        if self.words.len() <= at {
            self.words.resize((at + 1).next_power_of_two(), 0);
        }
        self.words.get_mut(at).into_iter().for_each(|word| *word |= 1 << (cell % 64));
    }

    pub(crate) fn has(&self, cell: u32) -> bool {
        self.words.get(cell as usize / 64).is_some_and(|word| word >> (cell % 64) & 1 == 1)
    }

    /// Those that have rows, ascending.
    pub(crate) fn cells(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).step_by(64).zip(&self.words).flat_map(|(base, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(base + bit)
            })
        })
    }

    /// Of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }

    /// As bytes, of so many cells.
    pub(crate) fn write(&self, cells: usize, out: &mut Vec<u8>) {
        let words = self.words.iter().copied().chain(std::iter::repeat(0));
        out.extend(words.take(cells.div_ceil(64)).flat_map(u64::to_le_bytes));
    }

    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self { words: bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::{Level, Present, SpaceCells, Table};

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

    #[test]
    fn levels_take_the_cells_of_others() {
        for first in [true, false] {
            let mut level = Level::new(first);
            let keys = |above: u32| (0..100u32).map(move |n| (above, n.wrapping_mul(0x9e37_79b1)));
            let numbers = |level: &mut Level, above: u32| keys(above).map(|(a, k)| level.id(a, k)).collect::<Vec<_>>();
            assert_eq!(numbers(&mut level, 0), (0..100).collect::<Vec<_>>());
            // Cell 0 of the other is one that is known here, 1 is not.
            let other: Vec<_> = keys(1).chain(keys(0)).chain([(0, 7)]).collect();
            let map = level.absorb(&other, &[0, 5]).unwrap();
            let known: Vec<u32> = (0..100).collect();
            let new: Vec<u32> = (101..201).collect();
            assert_eq!((&map[..100], &map[100..200], map[200]), (&new[..], &known[..], 100));
            assert_eq!(level.absorb(&[(0, 7), (1, 7)], &[0, 5]).unwrap(), [100, 201]);
            assert_eq!((numbers(&mut level, 5), numbers(&mut level, 0)), (new, known));
            assert_eq!((level.pairs.len(), level.absorb(&[(1, 1)], &[0])), (202, None));
        }
    }

    /// Close to each other, far apart, and both: what a hash table says.
    #[test]
    fn tables_know_their_keys() {
        let close = (0..5000u32).map(|n| 1_000_000 + n.wrapping_mul(2_654_435_761) % 20_000);
        let low = (0..3000u32).map(|n| 999_000 - n);
        let high = (0..9000u32).map(|n| 1_020_000 + n * 3);
        let far = (0..3000u32).map(|n| n.wrapping_mul(0x9e37_79b1));
        let keys: Vec<u32> =
            close.clone().chain(high).chain(low).chain(close.clone()).chain(far).chain(close).collect();
        let (mut table, mut known) = (Table::default(), HashMap::new());
        let mut kinds = BTreeSet::new();
        for key in keys {
            let next = known.len() as u32;
            assert_eq!(table.id(key, next), *known.entry(key).or_insert(next), "{key}");
            kinds.insert(matches!(table, Table::Dense { .. }));
        }
        assert!(kinds.len() == 2 && matches!(table, Table::Thin { .. }), "both kinds were tried");
    }

    #[test]
    fn what_is_present_is_told_as_bytes() {
        let mut present = Present::default();
        [3, 64, 200, 64].into_iter().for_each(|cell| present.set(cell));
        let mut bytes = Vec::new();
        present.write(201, &mut bytes);
        assert_eq!(bytes.len(), 32);
        let back = Present::read(&bytes);
        assert_eq!(back.cells().collect::<Vec<_>>(), [3, 64, 200]);
        assert!(back.has(200) && !back.has(201) && !back.has(1000));
    }
}
