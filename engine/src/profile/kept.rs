//! Counts and parts of many values in bounded memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use kepi_lang::profile::Count;
use kepi_lang::value::Value;

/// Keys are hashes already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

type BySame = BuildHasherDefault<Same>;

/// Spreads the bits of a number over all bits.
pub(super) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How many hashes are different: all are kept while they fit; then those of a half, a quarter, … of all hashes (Wegman's
/// adaptive sampling; relative error about 1.2 / √`limit`).
#[derive(Clone, Debug)]
pub(super) struct Distinct {
    kept: HashSet<u64, BySame>,
    limit: usize,
    /// Hashes with so many leading zeros are kept.
    level: u32,
}

impl Distinct {
    pub fn new(limit: usize) -> Self {
        Self { kept: HashSet::default(), limit, level: 0 }
    }

    pub fn see(&mut self, hash: u64) {
        if hash.leading_zeros() < self.level {
            return;
        }
        self.kept.insert(hash);
        while self.kept.len() > self.limit {
            self.level += 1;
            let level = self.level;
            self.kept.retain(|hash| hash.leading_zeros() >= level);
        }
    }

    pub fn count(&self) -> Count {
        Count { value: (self.kept.len() as u64) << self.level.min(40), about: self.level > 0 }
    }
}

/// The most frequent values: exact while there are few, then lower bounds (Misra and Gries 1982).
#[derive(Clone, Debug)]
pub(super) struct Top {
    counts: HashMap<u64, (u64, Value), BySame>,
    limit: usize,
    /// What may be missing from each count.
    missing: u64,
}

impl Top {
    pub fn new(limit: usize) -> Self {
        Self { counts: HashMap::default(), limit, missing: 0 }
    }

    pub fn see(&mut self, hash: u64, value: impl FnOnce() -> Value) {
        if let Some((count, _)) = self.counts.get_mut(&hash) {
            *count += 1;
            return;
        }
        self.counts.insert(hash, (1, value()));
        if self.counts.len() > self.limit {
            // Half of the values go: those that are no more frequent than the middle one.
            let mut all: Vec<u64> = self.counts.values().map(|(count, _)| *count).collect();
            let middle = all.len() / 2;
            let (_, cut, _) = all.select_nth_unstable(middle);
            let cut = *cut;
            self.missing += cut;
            self.counts.retain(|_, (count, _)| {
                *count = count.saturating_sub(cut);
                *count > 0
            });
        }
    }

    pub fn is_exact(&self) -> bool {
        self.missing == 0
    }

    /// Values and counts, most frequent first, then by value.
    pub fn sorted(self) -> Vec<(Value, u64)> {
        let mut all: Vec<(Value, u64)> = self.counts.into_values().map(|(count, value)| (value, count)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }
}

/// All numbers while they fit, then a random half, quarter, … of them, chosen by their places.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    kept: Vec<(u64, f64)>,
    limit: usize,
    level: u32,
    seen: u64,
}

impl Sample {
    pub fn new(limit: usize) -> Self {
        Self { kept: Vec::new(), limit, level: 0, seen: 0 }
    }

    pub fn see(&mut self, value: f64) {
        self.seen += 1;
        let hash = mix(self.seen.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if hash.leading_zeros() < self.level {
            return;
        }
        self.kept.push((hash, value));
        while self.kept.len() > self.limit {
            self.level += 1;
            let level = self.level;
            self.kept.retain(|(hash, _)| hash.leading_zeros() >= level);
        }
    }

    pub fn is_exact(&self) -> bool {
        self.level == 0
    }

    /// Of how many values each that is kept stands for.
    pub fn weight(&self) -> u64 {
        1 << self.level.min(40)
    }

    pub fn sorted(&self) -> Vec<f64> {
        let mut all: Vec<f64> = self.kept.iter().map(|(_, value)| *value).collect();
        all.sort_by(f64::total_cmp);
        all
    }
}

/// Linear between the two nearest ranks; `None` of nothing.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = share * last as f64;
    let low = *sorted.get(rank.floor() as usize)?;
    let high = *sorted.get(rank.ceil() as usize)?;
    let part = rank - rank.floor();
    // Where both are alike, rounding must not come between them.
    Some(if low == high { low } else { low + (high - low) * part })
}

/// Rows by hour since 1970.
pub(super) type Hours = BTreeMap<i64, u64>;

#[cfg(test)]
mod tests {
    use kepi_lang::value::Value;

    use super::{Distinct, Sample, Top, mix, quantile};

    #[test]
    fn distinct_values() {
        let mut few = Distinct::new(1000);
        (0..5000u64).for_each(|i| few.see(mix(i % 1000)));
        assert_eq!((few.count().value, few.count().about), (1000, false));
        let mut many = Distinct::new(1 << 14);
        (0..400_000u64).for_each(|i| many.see(mix(i % 200_000)));
        let count = many.count();
        assert!(count.about && (194_000..206_000).contains(&count.value), "{count:?}");
    }

    #[test]
    fn frequent_values() {
        let mut top = Top::new(100);
        for i in 0..20_000i128 {
            // One value in four is 7, one in eight 8, the rest are all different.
            let value = if i % 4 == 0 {
                7
            } else if i % 8 == 1 {
                8
            } else {
                1000 + i
            };
            top.see(mix(value as u64), || Value::Int(value));
        }
        assert!(!top.is_exact());
        let sorted = top.sorted();
        assert_eq!((&sorted[0].0, &sorted[1].0), (&Value::Int(7), &Value::Int(8)));
        assert!(sorted[0].1 <= 5000 && sorted[0].1 > 4500, "{}", sorted[0].1);
    }

    #[test]
    fn a_part_of_many_numbers() {
        let mut sample = Sample::new(10_000);
        (0..100_000).for_each(|i| sample.see(f64::from(i)));
        assert!(!sample.is_exact());
        let sorted = sample.sorted();
        let median = quantile(&sorted, 0.5).unwrap();
        assert!((48_000.0..52_000.0).contains(&median), "{median}");
    }

    #[test]
    fn quantiles_by_hand() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.99), Some(3.0));
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 10.0], 0.5), Some(2.5));
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 10.0], 0.25), Some(1.75));
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 10.0], 1.0), Some(10.0));
    }
}
