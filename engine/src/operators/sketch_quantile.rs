//! Percentiles, about: values counted by their size, as DDSketch (Masson et al. 2019) does with its linear mapping.
//!
//! Few values are kept as they are; more are counted in 64 buckets between a power of two and the next, which are told by the
//! bits of the number: no logarithm that another machine rounds differently. Counts add up, so that nothing depends on order,
//! partitions, or files. The rank is exact, the value that stands for a bucket is within 1 / 129 of all that fall into it.

use kepi_lang::decimal::Decimal;
use kepi_lang::ir::Sketch;
use kepi_lang::value::Value;

use crate::operators::quantile::{between, rank};
use crate::operators::{Family, Reader, Rows, TooLarge};
use crate::rows::RowError;

/// Buckets between a power of two and the next are named by so many bits of the fraction.
const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;
const FEW: usize = Sketch::Quantile.exact_to();
/// The exponent of what is infinite.
const ENDLESS: i16 = 2047;

pub(crate) struct ApproximatePercentile {
    pub percentile: Decimal,
}

#[derive(Clone, Debug)]
pub(crate) enum Sizes {
    /// Values in any order.
    Few(Vec<f64>),
    Many(Counts),
}

impl Default for Sizes {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Counts {
    n: u64,
    least: f64,
    most: f64,
    /// By exponent, negative for negative values, ascending; 0 is zero.
    pages: Vec<(i16, Box<[u64; BUCKETS]>)>,
}

impl Default for Counts {
    fn default() -> Self {
        Self { n: 0, least: f64::INFINITY, most: f64::NEG_INFINITY, pages: Vec::new() }
    }
}

/// The page of a value and its bucket there, both ascending with the value. What is smaller than any normal number is zero.
fn place(value: f64) -> (i16, usize) {
    let bits = value.abs().to_bits();
    let (exponent, bucket) = ((bits >> 52) as i16, (bits >> (52 - BITS)) as usize % BUCKETS);
    match exponent {
        0 => (0, 0),
        _ if value < 0.0 => (-exponent, BUCKETS - 1 - bucket),
        _ => (exponent, bucket),
    }
}

/// What stands for a bucket: 2ab / (a + b) of its ends, as far from one as from the other.
fn middle(page: i16, bucket: usize) -> f64 {
    if page < 0 {
        return -middle(-page, BUCKETS - 1 - bucket);
    }
    if page == 0 {
        return 0.0;
    }
    let low = f64::from_bits((page as u64) << 52 | (bucket as u64) << (52 - BITS));
    if page >= ENDLESS {
        return f64::INFINITY;
    }
    let j = bucket as f64;
    low * ((130.0 + 2.0 * j) / (129.0 + 2.0 * j))
}

impl Counts {
    fn page(&mut self, page: i16) -> Option<&mut [u64; BUCKETS]> {
        let at = self.pages.partition_point(|(known, _)| *known < page);
        if self.pages.get(at).is_none_or(|(known, _)| *known != page) {
            self.pages.insert(at, (page, Box::new([0; BUCKETS])));
        }
        self.pages.get_mut(at).map(|(_, counts)| counts.as_mut())
    }

    fn push(&mut self, value: f64) {
        self.n += 1;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        let (page, bucket) = place(value);
        if let Some(count) = self.page(page).and_then(|counts| counts.get_mut(bucket)) {
            *count += 1;
        }
    }

    fn merge(&mut self, from: &Self) {
        self.n += from.n;
        self.least = self.least.min(from.least);
        self.most = self.most.max(from.most);
        for (page, counts) in &from.pages {
            if let Some(own) = self.page(*page) {
                own.iter_mut().zip(counts.iter()).for_each(|(to, from)| *to += from);
            }
        }
    }

    /// The first and the last bucket with values.
    fn ends(&self) -> Option<((i16, usize), (i16, usize))> {
        let filled = |(page, counts): &(i16, Box<[u64; BUCKETS]>), last: bool| {
            let mut all = (0..BUCKETS).filter(|at| counts.get(*at).is_some_and(|count| *count > 0));
            Some((*page, if last { all.next_back()? } else { all.next()? }))
        };
        let first = self.pages.iter().find_map(|page| filled(page, false))?;
        Some((first, self.pages.iter().rev().find_map(|page| filled(page, true))?))
    }

    /// The value at a place in order, from 0.
    fn at(&self, at: u64) -> f64 {
        if at == 0 {
            return self.least;
        }
        if at + 1 >= self.n {
            return self.most;
        }
        let mut before = 0;
        for (page, counts) in &self.pages {
            for (bucket, count) in counts.iter().enumerate() {
                before += count;
                if at < before {
                    return middle(*page, bucket).clamp(self.least, self.most);
                }
            }
        }
        self.most
    }
}

impl Sizes {
    fn len(&self) -> u64 {
        match self {
            Self::Few(values) => values.len() as u64,
            Self::Many(counts) => counts.n,
        }
    }

    fn push(&mut self, value: f64) {
        match self {
            Self::Few(values) => {
                values.push(value);
                self.settle();
            }
            Self::Many(counts) => counts.push(value),
        }
    }

    fn settle(&mut self) {
        if let Self::Few(values) = self
            && values.len() > FEW
        {
            let mut counts = Counts::default();
            values.iter().for_each(|value| counts.push(*value));
            *self = Self::Many(counts);
        }
    }

    fn merge(&mut self, from: &Self) {
        match (&mut *self, from) {
            (Self::Few(values), Self::Few(other)) => {
                values.extend(other);
                self.settle();
            }
            (Self::Many(counts), Self::Few(values)) => values.iter().for_each(|value| counts.push(*value)),
            (Self::Few(values), Self::Many(other)) => {
                let mut counts = other.clone();
                values.iter().for_each(|value| counts.push(*value));
                *self = Self::Many(counts);
            }
            (Self::Many(counts), Self::Many(other)) => counts.merge(other),
        }
    }
}

impl Family for ApproximatePercentile {
    type State = Sizes;

    fn update(&self, states: &mut [Sizes], rows: &Rows<'_>) -> Result<(), RowError> {
        let view = rows.view()?;
        for (row, cell) in rows.each() {
            if view.is_null(row) {
                continue;
            }
            let value = view.number(row);
            let value = value.ok_or_else(|| RowError::Internal("a percentile of what is no number".to_owned()))?;
            if let Some(state) = states.get_mut(cell)
                && !value.is_nan()
            {
                // There is one zero.
                state.push(value + 0.0);
            }
        }
        Ok(())
    }

    fn merge(&self, into: &mut Sizes, from: &Sizes) {
        into.merge(from);
    }

    fn write(&self, state: &mut Sizes, out: &mut Vec<u8>) {
        out.extend(state.len().to_le_bytes());
        match state {
            Sizes::Few(values) => {
                values.sort_unstable_by(f64::total_cmp);
                out.extend(values.iter().flat_map(|v| v.to_bits().to_le_bytes()));
            }
            Sizes::Many(counts) => {
                out.extend([counts.least, counts.most].iter().flat_map(|v| v.to_bits().to_le_bytes()));
                out.extend((counts.pages.len() as u64).to_le_bytes());
                for (page, counts) in &counts.pages {
                    out.extend(page.to_le_bytes());
                    // Which of them are there, then those.
                    let there = (0..).zip(counts.iter()).filter(|(_, count)| **count > 0);
                    let mask: u64 = there.clone().map(|(at, _): (u32, _)| 1 << at).sum();
                    out.extend(mask.to_le_bytes());
                    there.for_each(|(_, count)| out.extend(count.to_le_bytes()));
                }
            }
        }
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Sizes> {
        let n = bytes.u64()?;
        if n <= FEW as u64 {
            let values = (0..n).map(|_| bytes.u64().map(f64::from_bits)).collect::<Option<Vec<_>>>()?;
            return values.iter().all(|v| !v.is_nan()).then_some(Sizes::Few(values));
        }
        let (least, most) = (f64::from_bits(bytes.u64()?), f64::from_bits(bytes.u64()?));
        let mut pages = Vec::new();
        let (mut last, mut all) = (i16::MIN, 0u64);
        for _ in 0..bytes.count(10)? {
            let page = i16::from_le_bytes(bytes.take(2)?.try_into().ok()?);
            let mask = bytes.u64()?;
            if page <= last || page.abs() > ENDLESS {
                return None;
            }
            last = page;
            let mut counts = Box::new([0; BUCKETS]);
            for (at, count) in counts.iter_mut().enumerate().filter(|(at, _)| mask >> at & 1 == 1) {
                *count = bytes.u64().filter(|_| page != 0 || at == 0)?;
                all = all.checked_add(*count)?;
            }
            pages.push((page, counts));
        }
        let counts = Counts { n, least, most, pages };
        (all == n && counts.ends() == Some((place(least), place(most)))).then_some(Sizes::Many(counts))
    }

    fn beside(&self, state: &Sizes) -> usize {
        match state {
            Sizes::Few(values) => values.capacity() * size_of::<f64>(),
            Sizes::Many(counts) => {
                const PAGE: usize = BUCKETS * size_of::<u64>();
                counts.pages.capacity() * size_of::<(i16, Box<[u64; BUCKETS]>)>() + counts.pages.len() * PAGE
            }
        }
    }

    fn finish(&self, state: &mut Sizes) -> Result<Value, TooLarge> {
        let Ok(n) = usize::try_from(state.len()) else { return Err(TooLarge) };
        if n == 0 {
            return Ok(Value::Null);
        }
        let (at, fraction) = rank(&self.percentile, false, n);
        let next = (at + 1).min(n - 1);
        let (low, high) = match state {
            Sizes::Few(values) => {
                values.sort_unstable_by(f64::total_cmp);
                let pick = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
                (pick(at), pick(next))
            }
            Sizes::Many(counts) => (counts.at(at as u64), counts.at(next as u64)),
        };
        Ok(between(&Value::float(low), &Value::float(high), fraction))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int64Array};
    use kepi_lang::decimal::Decimal;
    use kepi_lang::ir::Sketch;
    use kepi_lang::value::Value;
    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_oneof};
    use proptest::test_runner::Config;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::{ApproximatePercentile, FEW, Sizes};
    use crate::operators::quantile::of_sorted;
    use crate::operators::{self, Family, Reader};

    const MEDIAN: ApproximatePercentile = ApproximatePercentile { percentile: Decimal { mantissa: 50, scale: 0 } };

    fn updated(state: &mut Sizes, value: &ArrayRef) {
        operators::updated(&MEDIAN, state, value).expect("an update");
    }

    fn of(values: &[f64]) -> Sizes {
        let mut state = Sizes::default();
        let values: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        updated(&mut state, &values);
        state
    }

    fn sent(state: &Sizes) -> Vec<u8> {
        let mut bytes = Vec::new();
        MEDIAN.write(&mut state.clone(), &mut bytes);
        bytes
    }

    /// Of the sketch, and of the values themselves.
    fn both(values: &[f64]) -> Vec<(f64, f64)> {
        let state = of(values);
        let mut sorted: Vec<Value> = values.iter().map(|v| Value::float(*v)).collect();
        sorted.sort_unstable();
        let each = RANKS.iter().map(|rank| {
            let percentile: Decimal = rank.parse().expect("a rank");
            let told = ApproximatePercentile { percentile }.finish(&mut state.clone()).expect("a value");
            let exact = of_sorted(&sorted, &percentile, false);
            (told.as_f64().expect("a number"), exact.as_f64().expect("a number"))
        });
        each.collect()
    }

    const RANKS: [&str; 9] = ["0", "0.1", "5", "25", "50", "75", "95", "99.9", "100"];

    #[test]
    fn percentiles_are_exact_of_few_and_within_the_stated_error_beyond() {
        let stated = Sketch::Quantile.error();
        assert!((1.0 / 129.0..0.0079).contains(&stated), "{stated}");
        for n in [1, 10, 1000, FEW, 1025, 100_000] {
            // Even, far apart, and on both sides of zero without a value near it.
            let even: Vec<f64> = (0..n).map(|i| ((i * 7919) % n) as f64 / 8.0).collect();
            let apart: Vec<f64> = even.iter().map(|v| (v * 80.0 / n as f64).powi(9) + 0.001).collect();
            let signed: Vec<f64> = apart.iter().enumerate().map(|(i, v)| if i % 3 == 0 { -v } else { *v }).collect();
            for values in [even, apart, signed] {
                for ((told, exact), rank) in both(&values).into_iter().zip(RANKS) {
                    let bound = if n <= FEW { 0.0 } else { stated * exact.abs() };
                    assert!((told - exact).abs() <= bound, "{rank} of {n}: {told}, exactly {exact}");
                }
            }
        }
        let many: Vec<f64> = (0..1_000_000u64).map(|i| ((i * 7919) % 1_000_000) as f64).collect();
        for (told, exact) in both(&many) {
            assert!((told - exact).abs() <= stated * exact, "{told}, exactly {exact}");
        }
    }

    #[test]
    fn the_same_numbers_are_the_same_whatever_their_type_and_nulls_are_left_out() {
        let ints: ArrayRef = Arc::new(Int64Array::from_iter((0..3000).map(|n| (n % 3 > 0).then_some(n - 1500))));
        let cents = (0..3000).map(|n| (n % 3 > 0).then_some((n - 1500) * 100));
        let decimals = Decimal128Array::from_iter(cents).with_precision_and_scale(20, 2).expect("decimals");
        let (mut whole, mut decimal) = (Sizes::default(), Sizes::default());
        updated(&mut whole, &ints);
        updated(&mut decimal, &(Arc::new(decimals) as ArrayRef));
        let floats: Vec<f64> = (0..3000).filter(|n| n % 3 > 0).map(|n| f64::from(n - 1500)).collect();
        assert_eq!((sent(&whole), sent(&decimal)), (sent(&of(&floats)), sent(&of(&floats))));
        assert_eq!(whole.len(), 2000);
    }

    #[test]
    fn the_ends_of_what_numbers_are() {
        let hostile = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -0.0, 0.0, -1e-300, 1e-300];
        let values: Vec<f64> = hostile.iter().copied().cycle().take(8 * 200).collect();
        for (told, exact) in both(&values) {
            assert!((told - exact).abs() <= exact.abs() * 0.0078 + 1e-307, "{told}, exactly {exact}");
        }
        let endless = [&values[..], &[f64::INFINITY, f64::NEG_INFINITY]].concat();
        let bytes = sent(&of(&endless));
        assert_eq!(MEDIAN.read(&mut Reader::new(&bytes)).map(|state| sent(&state)), Some(bytes));
    }

    #[test]
    fn bytes_that_are_no_state_are_refused() {
        let values: Vec<f64> = (0..2000).map(f64::from).collect();
        let good = sent(&of(&values));
        let read = |bytes: &[u8]| MEDIAN.read(&mut Reader::new(bytes)).is_some();
        let changed = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 0x40;
            bytes
        };
        // The count, the least value, how many pages, the first page.
        let found = [0, 15, 24, 33].map(|at| read(&changed(at)));
        assert_eq!((read(&good), read(&good[..good.len() - 1]), found), (true, false, [false; 4]));
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        let any = any::<f64>().prop_filter("a number", |v| !v.is_nan());
        let value = prop_oneof![any, -1000.0..1000.0f64, Just(0.0), Just(-0.0), 1.0..1.1f64];
        vec(value, 0..1400)
    }

    proptest! {
        #![proptest_config(Config::with_cases(48))]

        /// A state is that of the values, whatever was put together in which order.
        #[test]
        fn states_are_of_values(a in values(), b in values(), c in values()) {
            let merged = |states: [&Sizes; 3]| {
                let mut all = Sizes::default();
                states.into_iter().for_each(|state| MEDIAN.merge(&mut all, state));
                all
            };
            let (x, y, z) = (of(&a), of(&b), of(&c));
            let mut right = y.clone();
            MEDIAN.merge(&mut right, &z);
            let all = merged([&x, &y, &z]);
            let mut at_once: Vec<f64> = [a, b, c].concat();
            at_once.reverse();
            for other in [merged([&z, &x, &y]), merged([&Sizes::default(), &right, &x]), of(&at_once)] {
                prop_assert_eq!(sent(&all), sent(&other));
            }
            let bytes = sent(&all);
            let mut reader = Reader::new(&bytes);
            let back = MEDIAN.read(&mut reader).expect("a state");
            prop_assert!(reader.is_empty());
            prop_assert_eq!(sent(&back), bytes);
            prop_assert_eq!(MEDIAN.finish(&mut back.clone()), MEDIAN.finish(&mut all.clone()));
        }
    }
}
