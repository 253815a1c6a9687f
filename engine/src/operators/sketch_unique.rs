//! Distinct values that are not null, about: HyperLogLog over hashes of 64 bits.
//!
//! Few hashes are kept as they are, and counted exactly; more become registers (Flajolet et al. 2007) that are told by Ertl's
//! improved estimator (2017), which needs no table of corrections. Which of the two a state is depends on its set alone, and
//! so does its number: not on order, partitions, or files. A part never counts more than its whole.

use kepi_lang::ir::Sketch;
use kepi_lang::value::Value;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::operators::bytes::encode_decimal;
use crate::operators::{Family, Reader, Rows, TooLarge, View};
use crate::rows::RowError;

/// A register is named by so many bits of a hash.
const BITS: u32 = 14;
const REGISTERS: usize = 1 << BITS;
/// What a register holds at most: the place of the first one among the other bits.
const HIGHEST: u8 = (64 - BITS + 1) as u8;
const FEW: usize = Sketch::Distinct.exact_to();

pub(crate) struct ApproximateUnique;

#[derive(Clone, Debug)]
pub(crate) enum Distinct {
    /// Hashes, of which the first `settled` are in order and distinct.
    Few { hashes: Vec<u64>, settled: usize },
    /// For each register the highest place that was seen in it.
    Many(Box<[u8]>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Few { hashes: Vec::new(), settled: 0 }
    }
}

impl Distinct {
    fn push(&mut self, hash: u64) {
        match self {
            Self::Few { hashes, settled } => {
                if hashes.last() == Some(&hash) {
                    return;
                }
                hashes.push(hash);
                if hashes.len() > 2 * *settled + 64 {
                    self.settle();
                }
            }
            Self::Many(registers) => raise(registers, hash),
        }
    }

    fn settle(&mut self) {
        let Self::Few { hashes, settled } = self else { return };
        if *settled == hashes.len() {
            return;
        }
        // What is in order already is a run.
        hashes.sort();
        hashes.dedup();
        *settled = hashes.len();
        if hashes.len() > FEW {
            let mut registers = vec![0; REGISTERS].into_boxed_slice();
            hashes.iter().for_each(|hash| raise(&mut registers, *hash));
            *self = Self::Many(registers);
        }
    }

    fn merge(&mut self, from: &Self) {
        match (&mut *self, from) {
            (Self::Few { hashes, .. }, Self::Few { hashes: other, .. }) => {
                hashes.extend(other);
                self.settle();
            }
            (Self::Many(registers), Self::Few { hashes, .. }) => hashes.iter().for_each(|hash| raise(registers, *hash)),
            (Self::Few { hashes, .. }, Self::Many(other)) => {
                let mut registers = other.clone();
                hashes.iter().for_each(|hash| raise(&mut registers, *hash));
                *self = Self::Many(registers);
            }
            (Self::Many(registers), Self::Many(other)) => {
                registers.iter_mut().zip(other).for_each(|(to, from)| *to = (*to).max(*from));
            }
        }
    }

    fn count(&mut self) -> u64 {
        self.settle();
        match self {
            Self::Few { hashes, .. } => hashes.len() as u64,
            // More than few have been seen.
            Self::Many(registers) => estimate(registers).max(FEW as u64 + 1),
        }
    }
}

fn raise(registers: &mut [u8], hash: u64) {
    let rest = hash << BITS;
    let place = (rest.leading_zeros() as u8 + 1).min(HIGHEST);
    if let Some(register) = registers.get_mut((hash >> (64 - BITS)) as usize) {
        *register = (*register).max(place);
    }
}

/// Algorithm 6 of "New cardinality estimation algorithms for HyperLogLog sketches" (arXiv 1702.01284).
fn estimate(registers: &[u8]) -> u64 {
    let mut counts = [0u32; HIGHEST as usize + 1];
    for register in registers {
        if let Some(count) = counts.get_mut(usize::from(*register)) {
            *count += 1;
        }
    }
    let m = REGISTERS as f64;
    let [none, between @ .., full] = counts;
    let mut z = m * tau(1.0 - f64::from(full) / m);
    for count in between.iter().rev() {
        z = 0.5 * (z + f64::from(*count));
    }
    z += m * sigma(f64::from(none) / m);
    (m / (2.0 * std::f64::consts::LN_2) * m / z).round() as u64
}

/// x + Σ x^(2^k) 2^(k - 1), of 0 ..= 1.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// (1 - x - Σ (1 - x^(2^-k))² 2^-k) / 3, of 0 ..= 1.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

/// Equal values have equal hashes, whatever their type.
fn hash(view: &View<'_>, row: usize, bytes: &mut Vec<u8>) -> u64 {
    /// Texts are apart from the bytes of other values.
    const TEXT: u64 = 7;
    bytes.clear();
    match view {
        View::Text(values) => return xxh3_64_with_seed(values.value(row).as_bytes(), TEXT),
        View::Int(values) => encode_decimal(i128::from(values.value(row)), 0, bytes),
        _ => view.encode(row, bytes),
    }
    xxh3_64(bytes)
}

impl Family for ApproximateUnique {
    type State = Distinct;

    fn update(&self, states: &mut [Distinct], rows: &Rows<'_>) -> Result<(), RowError> {
        let view = rows.view()?;
        let mut bytes = Vec::new();
        for (row, cell) in rows.each() {
            if !view.is_null(row)
                && let Some(state) = states.get_mut(cell)
            {
                state.push(hash(&view, row, &mut bytes));
            }
        }
        Ok(())
    }

    fn merge(&self, into: &mut Distinct, from: &Distinct) {
        into.merge(from);
    }

    fn write(&self, state: &mut Distinct, out: &mut Vec<u8>) {
        state.settle();
        match state {
            Distinct::Few { hashes, .. } => {
                out.push(0);
                out.extend((hashes.len() as u64).to_le_bytes());
                out.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
            }
            Distinct::Many(registers) => {
                out.push(1);
                out.extend_from_slice(registers);
            }
        }
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Distinct> {
        match bytes.u8()? {
            0 => {
                let n = bytes.count(8).filter(|n| *n <= FEW)?;
                let hashes = (0..n).map(|_| bytes.u64()).collect::<Option<Vec<_>>>()?;
                hashes.is_sorted_by(|a, b| a < b).then_some(Distinct::Few { hashes, settled: n })
            }
            1 => {
                let registers = bytes.take(REGISTERS)?;
                registers.iter().all(|r| *r <= HIGHEST).then(|| Distinct::Many(registers.into()))
            }
            _ => None,
        }
    }

    fn beside(&self, state: &Distinct) -> usize {
        match state {
            Distinct::Few { hashes, .. } => hashes.capacity() * size_of::<u64>(),
            Distinct::Many(registers) => registers.len(),
        }
    }

    fn finish(&self, state: &mut Distinct) -> Result<Value, TooLarge> {
        Ok(Value::Int(i128::from(state.count())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Decimal128Array, Int64Array, StringViewArray};
    use kepi_lang::ir::Sketch;
    use proptest::prelude::any;
    use proptest::test_runner::Config;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::{ApproximateUnique, Distinct, FEW, REGISTERS};
    use crate::operators::{self, Family, Reader};
    use crate::rows::RowError;

    fn updated(state: &mut Distinct, value: &ArrayRef) -> Result<(), RowError> {
        operators::updated(&ApproximateUnique, state, value)
    }

    /// Of the whole numbers of a range.
    fn of(range: std::ops::Range<i64>) -> Distinct {
        let mut state = Distinct::default();
        let all: Vec<i64> = range.collect();
        for some in all.chunks(8192) {
            let values: ArrayRef = Arc::new(Int64Array::from(some.to_vec()));
            updated(&mut state, &values).expect("an update");
        }
        state
    }

    fn sent(state: &Distinct) -> Vec<u8> {
        let mut bytes = Vec::new();
        ApproximateUnique.write(&mut state.clone(), &mut bytes);
        bytes
    }

    #[test]
    fn counts_are_exact_while_few_and_within_the_stated_error_beyond() {
        let stated = Sketch::Distinct.error();
        assert!((1.04 / (REGISTERS as f64).sqrt()..0.0083).contains(&stated), "{stated}");
        for n in [0, 1, 10, 1000, FEW as i64] {
            assert_eq!(of(0..n).count(), n as u64);
        }
        // Of hashes that are fixed: not one in a thousand sets of hashes is further off than 3.3 standard errors.
        let mut squares = 0.0;
        let sizes = [2049, 3000, 5000, 10_000, 20_000, 40_000, 50_000, 70_000, 100_000, 300_000, 1_000_000];
        for n in sizes {
            let off = of(-n..0).count() as f64 / n as f64 - 1.0;
            assert!(off.abs() < 3.3 * stated, "{n}: {off}");
            squares += off * off;
        }
        let spread = (squares / sizes.len() as f64).sqrt();
        assert!(spread < 1.5 * stated, "{spread}");
    }

    #[test]
    fn the_same_value_counts_once_whatever_its_type() {
        let decimals = Decimal128Array::from(vec![700, -100, 150]).with_precision_and_scale(38, 2).expect("decimals");
        let arrays: [ArrayRef; 3] = [
            Arc::new(Int64Array::from(vec![Some(7), Some(-1), None, Some(7)])),
            Arc::new(decimals),
            Arc::new(StringViewArray::from(vec![Some("7"), None, Some("7"), Some("")])),
        ];
        let mut state = Distinct::default();
        let counts = arrays.map(|array| {
            updated(&mut state, &array).expect("an update");
            state.count()
        });
        assert_eq!(counts, [2, 3, 5]);
    }

    #[test]
    fn bytes_that_are_no_state_are_refused() {
        let mut many = sent(&of(0..5000));
        many[100] = 52;
        let read = |bytes: &[u8]| ApproximateUnique.read(&mut Reader::new(bytes)).is_some();
        let few = |hashes: &[u64]| {
            let mut bytes = vec![0];
            bytes.extend((hashes.len() as u64).to_le_bytes());
            bytes.extend(hashes.iter().flat_map(|h| h.to_le_bytes()));
            bytes
        };
        let (ordered, twice) = (few(&[1, 2, 9]), few(&[1, 1]));
        let much = few(&(0..=FEW as u64).collect::<Vec<_>>());
        let found = [&many, &ordered, &ordered[..20].to_vec(), &twice, &much, &vec![2], &vec![]].map(|b| read(b));
        assert_eq!(found, [false, true, false, false, false, false, false]);
    }

    proptest! {
        #![proptest_config(Config::with_cases(48))]

        /// Ranges that overlap: a state is that of the set, whatever was put together in which order, and a part never counts
        /// more than its whole.
        #[test]
        fn states_are_of_sets(a in any::<u16>(), b in 0i64..6000, c in 0i64..6000, shift in 0i64..3000) {
            let from = i64::from(a);
            let ranges = [from..from + b, from + shift..from + shift + c, from - 1500..from + 10];
            let [x, y, z] = ranges.clone().map(of);
            let merged = |states: [&Distinct; 3]| {
                let mut all = Distinct::default();
                states.into_iter().for_each(|state| ApproximateUnique.merge(&mut all, state));
                all
            };
            let mut right = y.clone();
            ApproximateUnique.merge(&mut right, &z);
            let all = merged([&x, &y, &z]);
            for other in [merged([&z, &x, &y]), merged([&x, &right, &x]), merged([&y, &z, &x])] {
                prop_assert_eq!(sent(&all), sent(&other));
            }
            let mut at_once = Distinct::default();
            for range in ranges {
                let values: ArrayRef = Arc::new(Int64Array::from_iter_values(range.rev()));
                updated(&mut at_once, &values).expect("an update");
            }
            prop_assert_eq!(sent(&all), sent(&at_once));
            for state in [&x, &y, &z, &all] {
                let bytes = sent(state);
                let mut reader = Reader::new(&bytes);
                let mut back = ApproximateUnique.read(&mut reader).expect("a state");
                prop_assert!(reader.is_empty());
                prop_assert_eq!(sent(&back), bytes);
                prop_assert_eq!(back.count(), state.clone().count());
                prop_assert!(back.count() <= all.clone().count());
            }
        }
    }
}
