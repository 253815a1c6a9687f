//! Values as small numbers: the same value, the same number, in all sources and threads of a question. Sets and keys are made of
//! them. A whole number that fits is its own; everything else is numbered as it comes, by a fingerprint of 128 bits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef};
use xxhash_rust::xxh3::xxh3_128;

use crate::operators::View;
use crate::rows::{FastState, RowError};

/// The number of null.
pub(crate) const NO_ID: u32 = u32::MAX;

/// Whole numbers below it are their own number; those of other values begin here.
pub(crate) const OWN: u32 = 1 << 31;

/// So many values that are not their own number can be told apart.
pub(crate) const MOST: u32 = OWN - 1;

/// The numbers that were given, shared by everything that reads for one question.
pub(crate) struct Interner {
    shards: Vec<Mutex<HashMap<u128, u32, FastState>>>,
    given: AtomicU32,
    most: u32,
}

impl Interner {
    /// `most`: how many values can be numbered, at most [`MOST`].
    pub(crate) fn new(most: u32) -> Self {
        const SHARDS: usize = 64;
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, given: AtomicU32::new(0), most: most.min(MOST) }
    }

    /// The number of what has this image, given now where it has none.
    pub(crate) fn id(&self, image: u128) -> Result<u32, RowError> {
        let shard = self.shards.get(mixed(image) as usize % self.shards.len());
        let shard = shard.ok_or_else(|| RowError::Internal("numbers without a table".to_owned()))?;
        let mut known = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = known.get(&image) {
            return Ok(*id);
        }
        let next = |n: u32| (n < self.most).then_some(n + 1);
        let given = self.given.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        let id = OWN + given.map_err(|_| RowError::TooMany(self.most))?;
        known.insert(image, id);
        Ok(id)
    }

    /// The images of all that was numbered, in order of their numbers. Nothing is being numbered meanwhile.
    pub(crate) fn images(&self) -> Vec<u128> {
        let mut images = vec![0; self.given.load(Ordering::Relaxed) as usize];
        for shard in &self.shards {
            let known = shard.lock().unwrap_or_else(PoisonError::into_inner);
            #[expect(clippy::iter_over_hash_type, reason = "each has its own place")]
            for (image, id) in known.iter() {
                if let Some(place) = images.get_mut((id - OWN) as usize) {
                    *place = *image;
                }
            }
        }
        images
    }
}

/// What one thread knows of the numbers, so that it seldom asks the shared table: open addressing, a power of two of slots.
pub(crate) struct Known {
    slots: Vec<(u128, u32)>,
    used: usize,
    /// The value before, and its number: values often come in runs.
    last: (u128, u32),
}

impl Default for Known {
    fn default() -> Self {
        Self { slots: vec![(0, NO_ID); 1024], used: 0, last: (0, NO_ID) }
    }
}

impl Known {
    fn id(&mut self, image: u128, shared: &Interner) -> Result<u32, RowError> {
        if self.last.1 != NO_ID && self.last.0 == image {
            return Ok(self.last.1);
        }
        let mask = self.slots.len() - 1;
        let mut at = mixed(image) as usize & mask;
        while let Some((known, id)) = self.slots.get(at) {
            if *id == NO_ID {
                break;
            }
            if *known == image {
                self.last = (image, *id);
                return Ok(*id);
            }
            at = (at + 1) & mask;
        }
        let id = shared.id(image)?;
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = (image, id);
        }
        self.last = (image, id);
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            self.grow();
        }
        Ok(id)
    }

    fn grow(&mut self) {
        let twice = vec![(0, NO_ID); self.slots.len() * 2];
        let slots = std::mem::replace(&mut self.slots, twice);
        let mask = self.slots.len() - 1;
        for slot in slots.into_iter().filter(|slot| slot.1 != NO_ID) {
            let mut at = mixed(slot.0) as usize & mask;
            while self.slots.get(at).is_some_and(|other| other.1 != NO_ID) {
                at = (at + 1) & mask;
            }
            if let Some(free) = self.slots.get_mut(at) {
                *free = slot;
            }
        }
    }

    /// The number of each value of a column; [`NO_ID`] for null.
    pub(crate) fn ids(&mut self, array: &ArrayRef, shared: &Interner) -> Result<Vec<u32>, RowError> {
        let view = View::new(array)?;
        let mut out = Vec::with_capacity(array.len());
        match &view {
            View::Int(values) => {
                for row in 0..values.len() {
                    let value = values.value(row);
                    out.push(match own(value) {
                        _ if values.is_null(row) => NO_ID,
                        Some(own) => own,
                        None => self.id(whole(value), shared)?,
                    });
                }
            }
            View::Text(values) => {
                for row in 0..values.len() {
                    out.push(if values.is_null(row) { NO_ID } else { self.id(text(values.value(row)), shared)? });
                }
            }
            _ => {
                let mut bytes = Vec::new();
                for row in 0..array.len() {
                    if view.is_null(row) {
                        out.push(NO_ID);
                        continue;
                    }
                    bytes.clear();
                    view.encode(row, &mut bytes);
                    // A decimal that is whole is the whole number.
                    let number = bytes.strip_prefix(&[2]).and_then(|n| n.try_into().ok()).map(i64::from_le_bytes);
                    out.push(match (number.and_then(own), number) {
                        (Some(own), _) => own,
                        (None, Some(value)) => self.id(whole(value), shared)?,
                        (None, None) => self.id(xxh3_128(&bytes) >> 8 | 1 << 120, shared)?,
                    });
                }
            }
        }
        Ok(out)
    }
}

fn own(value: i64) -> Option<u32> {
    u32::try_from(value).ok().filter(|value| *value < OWN)
}

/// The images of whole numbers, texts and other values differ in their first byte.
fn whole(value: i64) -> u128 {
    u128::from(value.cast_unsigned())
}

fn text(text: &str) -> u128 {
    xxh3_128(text.as_bytes()) >> 8 | 2 << 120
}

fn mixed(image: u128) -> u64 {
    let folded = (image >> 64) as u64 ^ image as u64;
    let mixed = folded.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Decimal128Array, Int64Array, StringViewArray};

    use std::collections::HashMap;

    use proptest::collection::vec;
    use proptest::prelude::any;
    use proptest::test_runner::Config;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::{Interner, Known, NO_ID, OWN, mixed};
    use crate::rows::RowError;

    /// Different images, all of which fall into one place of the tables.
    fn crowded(n: u64) -> u128 {
        u128::from(n) << 64 | u128::from(n ^ 5)
    }

    proptest! {
        #![proptest_config(Config::with_cases(64))]

        /// Of two threads, against a plain map: one number for each image, in both, also where all of them collide.
        #[test]
        fn images_that_collide_have_numbers_of_their_own(asked in vec((0u64..1500, any::<bool>(), any::<bool>()), 0..2500)) {
            let shared = Interner::new(4000);
            let mut threads = [Known::default(), Known::default()];
            let mut numbers: HashMap<u128, u32> = HashMap::new();
            for (n, crowd, thread) in asked {
                let image = if crowd { crowded(n) } else { u128::from(n) };
                let id = threads[usize::from(thread)].id(image, &shared).expect("a number");
                prop_assert!(!crowd || mixed(image) == mixed(crowded(0)));
                let next = OWN + numbers.len() as u32;
                prop_assert_eq!(id, *numbers.entry(image).or_insert(next));
            }
            let images = shared.images();
            prop_assert_eq!(images.len(), numbers.len());
            prop_assert!((OWN..).zip(&images).all(|(id, image)| numbers.get(image) == Some(&id)));
        }
    }

    #[test]
    fn the_same_value_has_the_same_number_whatever_its_type_and_thread() {
        let shared = Interner::new(10);
        let ints: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(-1), None, Some(i64::from(OWN)), Some(7)]));
        let decimals = Decimal128Array::from(vec![700, -100, 150]).with_precision_and_scale(38, 2).expect("decimals");
        let decimals: ArrayRef = Arc::new(decimals);
        let texts: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some("7"), Some("a text of some length"), Some("7")]));
        let (mut one, mut other) = (Known::default(), Known::default());
        assert_eq!(one.ids(&ints, &shared), Ok(vec![7, OWN, NO_ID, OWN + 1, 7]));
        assert_eq!(other.ids(&decimals, &shared), Ok(vec![7, OWN, OWN + 2]));
        assert_eq!(one.ids(&texts, &shared), Ok(vec![OWN + 3, OWN + 4, OWN + 3]));
        assert_eq!(other.ids(&texts, &shared), Ok(vec![OWN + 3, OWN + 4, OWN + 3]));
    }

    #[test]
    fn many_values_keep_their_numbers_and_too_many_are_refused() {
        let values: ArrayRef = Arc::new((0..5000).map(|n| Some(format!("actor {n}"))).collect::<StringViewArray>());
        let shared = Interner::new(5000);
        let mut known = Known::default();
        let first = known.ids(&values, &shared).expect("numbers");
        assert_eq!(known.ids(&values, &shared), Ok(first.clone()));
        assert_eq!(Known::default().ids(&values, &shared), Ok(first));
        let more: ArrayRef = Arc::new(StringViewArray::from(vec!["one more"]));
        assert_eq!(known.ids(&more, &shared), Err(RowError::TooMany(5000)));
    }
}
