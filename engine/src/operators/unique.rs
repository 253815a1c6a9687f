//! Distinct values that are not null, exact.

use kepi_lang::value::Value;
use xxhash_rust::xxh3::xxh3_128;

use crate::operators::{Family, Reader, Rows, TooLarge};
use crate::rows::RowError;

pub(crate) struct Unique;

/// A set of 128-bit images of values: sorted and distinct up to `settled`, pushed in any order after that.
#[derive(Clone, Default)]
pub(crate) struct Set {
    values: Vec<u128>,
    settled: usize,
}

impl Set {
    fn push(&mut self, value: u128) {
        // Runs of one value are common.
        if self.values.last() == Some(&value) {
            return;
        }
        self.values.push(value);
        if self.values.len() > 2 * self.settled + 256 {
            self.settle();
        }
    }

    fn settle(&mut self) {
        if self.settled < self.values.len() {
            self.values.sort_unstable();
            self.values.dedup();
            self.settled = self.values.len();
        }
    }

    fn union(&mut self, other: &Self) {
        self.values.extend_from_slice(&other.values);
        if self.values.len() > 2 * self.settled + 256 {
            self.settle();
        }
    }
}

/// Short values are their own image; of long ones it is a hash of 120 bits, which no two values of a data set share.
pub(crate) fn image(bytes: &[u8]) -> u128 {
    if bytes.len() <= 15 {
        let mut image = [0u8; 16];
        for (to, from) in image.iter_mut().zip(bytes) {
            *to = *from;
        }
        image[15] = bytes.len() as u8;
        return u128::from_le_bytes(image);
    }
    (xxh3_128(bytes) >> 8) | 0xff << 120
}

impl Family for Unique {
    type State = Set;

    fn update(&self, states: &mut [Set], rows: &Rows<'_>) -> Result<(), RowError> {
        let view = rows.view()?;
        let mut bytes = Vec::new();
        for (row, cell) in rows.each() {
            if view.is_null(row) {
                continue;
            }
            bytes.clear();
            view.encode(row, &mut bytes);
            if let Some(state) = states.get_mut(cell) {
                state.push(image(&bytes));
            }
        }
        Ok(())
    }

    fn merge(&self, into: &mut Set, from: &Set) {
        into.union(from);
    }

    fn write(&self, state: &mut Set, out: &mut Vec<u8>) {
        state.settle();
        out.extend((state.values.len() as u64).to_le_bytes());
        out.extend(state.values.iter().flat_map(|v| v.to_le_bytes()));
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Set> {
        let n = bytes.count(16)?;
        let values = bytes.take(n * 16)?.as_chunks::<16>().0.iter().map(|v| u128::from_le_bytes(*v)).collect();
        Some(Set { values, settled: n })
    }

    fn finish(&self, state: &mut Set) -> Result<Value, TooLarge> {
        state.settle();
        Ok(Value::Int(state.values.len() as i128))
    }
}
