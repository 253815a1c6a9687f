//! Random numbers by place: SplitMix64 (Steele, Lea and Flood 2014), its state begun from a hash of the seed and of what the
//! numbers are for, so that any row can be made without those before it.

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of `a` and `b` under a seed.
    pub fn of(seed: u64, a: u64, b: u64) -> Self {
        Self(mix(mix(mix(seed.wrapping_add(GAMMA)).wrapping_add(a)).wrapping_add(b.wrapping_mul(GAMMA))))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// From 0 up to `n`, `n` left out; 0 for 0. The bias is below `n` / 2⁶⁴.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// True `n` times in a million.
    pub fn in_million(&mut self, n: u64) -> bool {
        self.below(1_000_000) < n
    }

    /// A position of `weights`, by weight; 0 where all are 0.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u64 = weights.iter().map(|w| u64::from(*w)).sum();
        let mut left = self.below(total);
        for (i, weight) in weights.iter().enumerate() {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return i,
            }
        }
        0
    }

    /// All orders equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for i in (1..of.len()).rev() {
            let other = self.below(i as u64 + 1) as usize;
            of.swap(i, other);
        }
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::Random;

    /// The published first number of seed 1234567.
    #[test]
    fn known_numbers() {
        let mut random = Random(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }
}
