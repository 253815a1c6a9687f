//! Rows.

use std::collections::BTreeMap;

use kepi_lang::value::Value;

use crate::operators::{Accumulator, Reader, Rows, TooLarge, same};
use crate::rows::RowError;

/// Distributions have a cell for each actor and period, most of which are small: they lie in blocks, so that none is moved when
/// there are more.
#[derive(Default)]
pub(crate) struct Count {
    blocks: Vec<Vec<u32>>,
    /// What did not fit, by cell.
    more: BTreeMap<usize, u64>,
}

/// Cells of a block: all but the first have as many.
const BLOCK: usize = 1 << 16;

impl Count {
    fn reserve(&mut self, cells: usize) {
        while self.blocks.len() < cells.div_ceil(BLOCK) {
            self.blocks.last_mut().into_iter().for_each(|last| last.resize(BLOCK, 0));
            self.blocks.push(Vec::new());
        }
        let left = cells - cells.saturating_sub(1) / BLOCK * BLOCK;
        let (full, last) = (self.blocks.len() > 1, self.blocks.last_mut());
        if let Some(last) = last.filter(|last| last.len() < left) {
            last.resize(if full { BLOCK } else { left }, 0);
        }
    }

    fn cell(&mut self, cell: usize) -> Option<&mut u32> {
        self.blocks.get_mut(cell / BLOCK)?.get_mut(cell % BLOCK)
    }

    fn add(&mut self, cell: usize, n: u64) {
        self.reserve(cell + 1);
        let Some(known) = self.cell(cell) else { return };
        match u32::try_from(n).ok().and_then(|n| known.checked_add(n)) {
            Some(sum) => *known = sum,
            None => *self.more.entry(cell).or_default() += n,
        }
    }

    fn of(&self, cell: usize) -> u64 {
        let more = if self.more.is_empty() { 0 } else { self.more.get(&cell).copied().unwrap_or(0) };
        let known = self.blocks.get(cell / BLOCK).and_then(|block| block.get(cell % BLOCK));
        known.copied().map_or(0, u64::from) + more
    }
}

impl Accumulator for Count {
    fn update(&mut self, rows: &Rows<'_>, cells: usize) -> Result<(), RowError> {
        self.reserve(cells);
        for cell in rows.cells {
            match self.cell(*cell as usize) {
                Some(known) if *known < u32::MAX => *known += 1,
                _ => self.add(*cell as usize, 1),
            }
        }
        Ok(())
    }

    fn count(&mut self, cell: u32, rows: usize) -> bool {
        self.add(cell as usize, rows as u64);
        true
    }

    fn write(&mut self, cell: usize, out: &mut Vec<u8>) {
        out.extend(self.of(cell).to_le_bytes());
    }

    fn read(&mut self, cell: usize, bytes: &mut Reader<'_>) -> bool {
        let n = bytes.u64();
        n.into_iter().for_each(|n| self.add(cell, n));
        n.is_some()
    }

    fn merge(&mut self, into: usize, from: usize) {
        self.add(into, self.of(from));
    }

    fn absorb(&mut self, from: Box<dyn Accumulator>, pairs: &mut dyn Iterator<Item = (u32, u32)>) -> bool {
        let Some(from) = same::<Self>(from) else { return false };
        pairs.for_each(|(into, cell)| self.add(into as usize, from.of(cell as usize)));
        true
    }

    fn copy(&mut self, to: usize, from: usize) {
        let n = self.of(from);
        self.clear(to);
        self.add(to, n);
    }

    fn finish(&mut self, cell: usize) -> Result<Value, TooLarge> {
        Ok(Value::Int(i128::from(self.of(cell))))
    }

    fn wholes(&mut self, most: usize, cells: &mut dyn Iterator<Item = u32>) -> Option<Vec<i64>> {
        let mut values = Vec::with_capacity(most);
        for cell in cells {
            values.push(i64::try_from(self.of(cell as usize)).ok()?);
        }
        Some(values)
    }

    fn bytes(&self) -> usize {
        const MORE: usize = 32;
        self.blocks.iter().map(Vec::capacity).sum::<usize>() * size_of::<u32>() + self.more.len() * MORE
    }

    fn clear(&mut self, cell: usize) {
        self.cell(cell).into_iter().for_each(|n| *n = 0);
        self.more.remove(&cell);
    }
}

#[cfg(test)]
mod tests {
    use kepi_lang::value::Value;

    use super::Count;
    use crate::operators::{Accumulator, Reader, Rows};

    #[test]
    fn cells_of_all_blocks_are_counted() {
        let mut count = Count::default();
        let cells = [0, 5, 65_535, 65_536, 65_540, 131_072, 200_000, 5];
        for cells in cells.chunks(3) {
            cells.iter().for_each(|cell| count.add(*cell, 2));
        }
        assert_eq!(cells.map(|cell| count.of(cell)), [2, 4, 2, 2, 2, 2, 2, 4]);
        assert_eq!((count.of(6), count.of(65_537), count.of(1_000_000)), (0, 0, 0));
        assert_eq!(count.bytes(), 4 * 65_536 * 4);
    }

    #[test]
    fn counts_go_beyond_32_bits() {
        let mut count = Count::default();
        let most = u64::from(u32::MAX);
        count.add(3, most - 1);
        let (rows, cells) = ([0, 1, 2], [3, 3, 0]);
        let rows =
            Rows { rows: &rows, cells: &cells, one: None, value: None, ids: None, clock: None, key: &[], kept: &[] };
        count.update(&rows, 4).expect("an update");
        assert!(count.count(3, u32::MAX as usize + 7));
        let all = most + 1 + most + 7;
        assert_eq!(count.finish(3), Ok(Value::Int(i128::from(all))));
        let mut bytes = Vec::new();
        count.write(3, &mut bytes);
        let mut back = Count::default();
        assert!(back.read(9, &mut Reader::new(&bytes)));
        back.copy(1, 9);
        back.merge(1, 9);
        assert_eq!(back.wholes(3, &mut [9, 1, 5].into_iter()), Some(vec![all as i64, 2 * all as i64, 0]));
        assert!(count.absorb(Box::new(back), &mut [(0, 1)].into_iter()));
        assert_eq!(count.of(0), 1 + 2 * all);
        count.clear(3);
        assert_eq!(count.of(3), 0);
    }
}
