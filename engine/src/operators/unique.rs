//! Distinct values that are not null, exact: sets of their numbers.

use kepi_lang::value::Value;
use roaring::RoaringBitmap;

use crate::operators::ids::NO_ID;
use crate::operators::{Accumulator, Reader, Rows, TooLarge, same};
use crate::rows::RowError;

/// Numbers that are pushed in all sets before all of them are settled: 64 MB.
const PENDING: usize = 1 << 24;
/// Numbers that are pushed in one set before it is settled.
const PUSHED: usize = 1 << 15;

#[derive(Default)]
pub(crate) struct Unique {
    sets: Vec<Set>,
    pending: usize,
}

/// Numbers are pushed as they come and settled many at once, which is several times faster than inserting each.
#[derive(Clone, Default)]
pub(crate) struct Set {
    pushed: Vec<u32>,
    settled: RoaringBitmap,
}

impl Set {
    fn push(&mut self, id: u32) {
        if self.pushed.last() == Some(&id) {
            return;
        }
        self.pushed.push(id);
        if self.pushed.len() >= PUSHED {
            self.settle();
        }
    }

    fn bytes(&self) -> usize {
        let settled = if self.settled.is_empty() { 0 } else { self.settled.serialized_size() };
        self.pushed.capacity() * size_of::<u32>() + settled
    }

    fn settle(&mut self) {
        let Some((least, most)) = self.pushed.iter().fold(None, |bounds: Option<(u32, u32)>, id| {
            Some(bounds.map_or((*id, *id), |(least, most)| (least.min(*id), most.max(*id))))
        }) else {
            return;
        };
        // Bits of a run of numbers, where it is not too thin.
        let base = least & !0xffff;
        let bytes = (most - base) as usize / 8 + 1;
        let new = if bytes <= 64 * self.pushed.len() {
            let mut bits = vec![0u8; bytes];
            for id in &self.pushed {
                let at = (id - base) as usize;
                if let Some(byte) = bits.get_mut(at / 8) {
                    *byte |= 1 << (at % 8);
                }
            }
            of_bits(base, &bits)
        } else {
            self.pushed.sort_unstable();
            self.pushed.dedup();
            self.pushed.iter().copied().collect()
        };
        self.pushed = Vec::new();
        if self.settled.is_empty() { self.settled = new } else { self.settled |= new }
    }
}

/// The numbers whose bits are set, counted from `base`, a multiple of 2^16.
fn of_bits(base: u32, bits: &[u8]) -> RoaringBitmap {
    /// Bytes of a container's bits, and the most numbers of one that is a list.
    const CONTAINER: usize = 1 << 13;
    const LIST: u32 = 4096;
    let mut set = RoaringBitmap::from_lsb0_bytes(base, bits);
    for (at, bits) in (0u32..).zip(bits.chunks(CONTAINER)) {
        let first = bits.iter().zip(0u32..).find(|(byte, _)| **byte != 0);
        if let Some((byte, place)) = first
            && bits.iter().map(|byte| byte.count_ones()).sum::<u32>() == LIST
        {
            // It is made as bits and not as a list, but would be read as one; a change sets it right.
            let id = base + (at << 16) + place * 8 + byte.trailing_zeros();
            set.remove(id);
            set.insert(id);
        }
    }
    set
}

pub(crate) fn write(set: &RoaringBitmap, out: &mut Vec<u8>) {
    out.extend((set.serialized_size() as u64).to_le_bytes());
    // Writing to memory does not fail.
    _ = set.serialize_into(out);
}

pub(crate) fn read(bytes: &mut Reader<'_>) -> Option<RoaringBitmap> {
    /// How a set without runs begins: nothing in it is larger than its bytes.
    const PLAIN: [u8; 4] = 12346u32.to_le_bytes();
    let n = bytes.count(1)?;
    let bytes = bytes.take(n)?;
    RoaringBitmap::deserialize_from(bytes.starts_with(&PLAIN).then_some(bytes)?).ok()
}

impl Unique {
    fn reserve(&mut self, cells: usize) {
        if self.sets.len() < cells {
            self.sets.resize_with(cells, Set::default);
        }
    }

    fn pushed(&mut self, rows: usize) {
        self.pending += rows;
        if self.pending > PENDING {
            self.sets.iter_mut().for_each(Set::settle);
            self.pending = 0;
        }
    }

    fn settled(&mut self, cell: usize) -> Option<&mut RoaringBitmap> {
        let set = self.sets.get_mut(cell)?;
        set.settle();
        Some(&mut set.settled)
    }
}

impl Accumulator for Unique {
    fn update(&mut self, rows: &Rows<'_>, cells: usize) -> Result<(), RowError> {
        self.reserve(cells);
        let ids = rows.ids.ok_or_else(|| RowError::Internal("a set of values without numbers".to_owned()))?;
        if let Some(set) = rows.one.and_then(|cell| self.sets.get_mut(cell as usize)) {
            let all = rows.rows.iter().filter_map(|row| ids.get(*row as usize));
            all.filter(|id| **id != NO_ID).for_each(|id| set.push(*id));
            self.pushed(rows.rows.len());
            return Ok(());
        }
        for (row, cell) in rows.each() {
            if let (Some(id), Some(set)) = (ids.get(row), self.sets.get_mut(cell))
                && *id != NO_ID
            {
                set.push(*id);
            }
        }
        self.pushed(rows.rows.len());
        Ok(())
    }

    fn write(&mut self, cell: usize, out: &mut Vec<u8>) {
        self.reserve(cell + 1);
        if let Some(set) = self.settled(cell) {
            write(set, out);
        }
    }

    fn read(&mut self, cell: usize, bytes: &mut Reader<'_>) -> bool {
        self.reserve(cell + 1);
        let (Some(read), Some(set)) = (read(bytes), self.settled(cell)) else { return false };
        if set.is_empty() {
            *set = read
        } else {
            *set |= read
        }
        true
    }

    fn merge(&mut self, into: usize, from: usize) {
        self.reserve(into.max(from) + 1);
        if let Ok([into, from]) = self.sets.get_disjoint_mut([into, from]) {
            from.settle();
            into.settle();
            into.settled |= &from.settled;
        }
    }

    fn absorb(&mut self, from: Box<dyn Accumulator>, pairs: &mut dyn Iterator<Item = (u32, u32)>) -> bool {
        let Some(mut from) = same::<Self>(from) else { return false };
        for (into, cell) in pairs {
            self.reserve(into as usize + 1);
            let Some(from) = from.sets.get_mut(cell as usize) else { continue };
            from.settle();
            let Some(into) = self.settled(into as usize) else { continue };
            let set = std::mem::take(&mut from.settled);
            if into.is_empty() { *into = set } else { *into |= set }
        }
        true
    }

    fn copy(&mut self, to: usize, from: usize) {
        self.reserve(to.max(from) + 1);
        if let Ok([to, from]) = self.sets.get_disjoint_mut([to, from]) {
            from.settle();
            to.clone_from(from);
        }
    }

    fn finish(&mut self, cell: usize) -> Result<Value, TooLarge> {
        self.reserve(cell + 1);
        Ok(self.settled(cell).map_or(Value::Int(0), |set| Value::Int(i128::from(set.len()))))
    }

    fn bytes(&self) -> usize {
        self.sets.capacity() * size_of::<Set>() + self.sets.iter().map(Set::bytes).sum::<usize>()
    }

    fn clear(&mut self, cell: usize) {
        self.sets.get_mut(cell).into_iter().for_each(|set| *set = Set::default());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_oneof};
    use proptest::{prop_assert_eq, proptest};

    use super::Unique;
    use crate::operators::{Accumulator, Reader, Rows};
    use kepi_lang::value::Value;

    /// Ids of one cell, dense, sparse and far apart.
    fn ids() -> impl Strategy<Value = Vec<u32>> {
        let id = prop_oneof![0u32..3000, any::<u32>().prop_filter("an id", |id| *id != u32::MAX), Just(1 << 31)];
        vec(id, 0..400)
    }

    fn filled(ids: &[u32], cell: usize, into: &mut Unique) {
        let rows: Vec<u32> = (0..ids.len() as u32).collect();
        let cells = vec![cell as u32; ids.len()];
        let (one, key, kept) = (cells.first().copied(), &[], &[]);
        let rows = Rows { rows: &rows, cells: &cells, one, value: None, ids: Some(ids), clock: None, key, kept };
        into.update(&rows, cell + 1).expect("an update");
    }

    fn sent(from: &mut Unique, cell: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        from.write(cell, &mut bytes);
        bytes
    }

    #[test]
    fn a_list_that_is_full_is_read_as_one() {
        for n in 4090..4100u32 {
            // In the second of three containers.
            let ids: Vec<u32> = [5].into_iter().chain((0..n).map(|i| 70_000 + i * 7)).chain([140_000]).collect();
            let mut sets = Unique::default();
            filled(&ids, 0, &mut sets);
            let bytes = sent(&mut sets, 0);
            let mut back = Unique::default();
            assert!(back.read(0, &mut Reader::new(&bytes)), "{n}");
            assert_eq!(back.finish(0), Ok(Value::Int(i128::from(n) + 2)));
        }
    }

    proptest! {
        #[test]
        fn sets_are_sets(a in ids(), b in ids(), c in ids()) {
            let size = |parts: &[&Vec<u32>]| {
                let all: HashSet<u32> = parts.iter().flat_map(|p| p.iter().copied()).collect();
                Ok(Value::Int(all.len() as i128))
            };
            let mut sets = Unique::default();
            for (cell, ids) in [&a, &b, &c].into_iter().enumerate() {
                filled(ids, cell, &mut sets);
                let bytes = sent(&mut sets, cell);
                let mut back = Unique::default();
                let mut reader = Reader::new(&bytes);
                prop_assert_eq!((back.read(0, &mut reader), reader.is_empty()), (true, true));
                prop_assert_eq!(back.finish(0), size(&[ids]));
                prop_assert_eq!(sent(&mut back, 0), bytes);
            }
            // (a + b) + c and c + (b + a).
            sets.copy(3, 0);
            sets.merge(3, 1);
            sets.merge(3, 2);
            sets.copy(4, 1);
            sets.merge(4, 0);
            sets.copy(5, 2);
            sets.merge(5, 4);
            prop_assert_eq!(sets.finish(3), size(&[&a, &b, &c]));
            prop_assert_eq!(sent(&mut sets, 3), sent(&mut sets, 5));
        }
    }
}
