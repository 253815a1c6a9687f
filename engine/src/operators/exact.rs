//! Sums that do not depend on the order of what is added.

use kepi_lang::decimal::Decimal;

use crate::operators::{Reader, TooLarge};

/// A sum of whole numbers, or of mantissas at one scale: high and low halves apart, so that no order of 2^62 terms overflows
/// on the way to a sum that fits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WholeSum {
    high: i128,
    low: i128,
    scale: u8,
    /// Terms at scales too far apart to be added.
    spoiled: bool,
}

impl WholeSum {
    pub(crate) fn add(&mut self, mantissa: i128, scale: u8) {
        if scale != self.scale {
            return self.merge(&Self { high: mantissa >> 64, low: mantissa & LOW, scale, spoiled: false });
        }
        self.high += mantissa >> 64;
        self.low += mantissa & LOW;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        let scale = self.scale.max(other.scale);
        let (a, b) = (self.at(scale), other.at(scale));
        *self = Self { high: a.high + b.high, low: a.low + b.low, scale, spoiled: a.spoiled || b.spoiled };
    }

    fn at(&self, scale: u8) -> Self {
        if scale == self.scale || (self.high == 0 && self.low == 0) {
            return Self { scale, ..*self };
        }
        let up = |v: i128| {
            let by = 10i128.checked_pow(u32::from(scale - self.scale))?;
            // Room for more terms.
            v.checked_mul(by).filter(|v| v.unsigned_abs() < 1 << 124)
        };
        match (up(self.high), up(self.low)) {
            (Some(high), Some(low)) => Self { high: high + (low >> 64), low: low & LOW, scale, spoiled: self.spoiled },
            _ => Self { high: 0, low: 0, scale, spoiled: true },
        }
    }

    pub(crate) fn total(&self) -> Result<Decimal, TooLarge> {
        if self.spoiled {
            return Err(TooLarge);
        }
        let high = self.high + (self.low >> 64);
        let mantissa = high.checked_mul(1 << 64).and_then(|h| h.checked_add(self.low & LOW)).ok_or(TooLarge)?;
        Ok(Decimal::new(mantissa, self.scale))
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.scale, u8::from(self.spoiled)]);
        out.extend(self.high.to_le_bytes());
        out.extend(self.low.to_le_bytes());
    }

    pub(crate) fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let (scale, spoiled) = (bytes.u8()?, bytes.u8()? != 0);
        Some(Self { high: bytes.i128()?, low: bytes.i128()?, scale, spoiled })
    }
}

const LOW: i128 = (1 << 64) - 1;

/// A sum of floats without rounding: a whole number in units of 2^-1074, in limbs of 32 bits, of which only those in use are
/// kept. Rounded once, at the end, to the nearest even. Infinities are counted apart: both signs together have no sum.
#[derive(Clone, Debug, Default)]
pub(crate) struct FloatSum {
    /// `limbs[i]` counts 2^(32 (first + i) - 1074); any sign, below 2^63 by carrying in time.
    limbs: Vec<i64>,
    first: usize,
    /// Additions since the last carrying.
    pending: u32,
    plus: u64,
    minus: u64,
}

impl FloatSum {
    pub(crate) fn add(&mut self, value: f64) {
        if !value.is_finite() {
            if value > 0.0 {
                self.plus += 1;
            } else if value < 0.0 {
                self.minus += 1;
            }
            return;
        }
        let bits = value.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as usize;
        let fraction = bits & ((1 << 52) - 1);
        // In units of 2^-1074: the mantissa, shifted.
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        if mantissa == 0 {
            return;
        }
        let (limb, offset) = (shift / 32, shift % 32);
        let wide = u128::from(mantissa) << offset;
        let negative = value < 0.0;
        self.cover(limb, limb + 3);
        let at = limb - self.first;
        for (k, slot) in self.limbs.iter_mut().skip(at).take(3).enumerate() {
            let part = (wide >> (32 * k) & 0xffff_ffff) as i64;
            *slot += if negative { -part } else { part };
        }
        self.pending += 1;
        if self.pending == 1 << 29 {
            self.carry();
        }
    }

    /// Bytes of its limbs.
    pub(crate) fn beside(&self) -> usize {
        self.limbs.capacity() * size_of::<i64>()
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.plus += other.plus;
        self.minus += other.minus;
        if other.limbs.is_empty() {
            return;
        }
        let mut other = other.clone();
        other.carry();
        self.carry();
        self.cover(other.first, other.first + other.limbs.len());
        let at = other.first - self.first;
        for (slot, part) in self.limbs.iter_mut().skip(at).zip(&other.limbs) {
            *slot += part;
        }
        self.carry();
    }

    /// Makes room for the limbs `from..to`.
    fn cover(&mut self, from: usize, to: usize) {
        if self.limbs.is_empty() {
            self.first = from;
        }
        if from < self.first {
            self.limbs.splice(0..0, std::iter::repeat_n(0, self.first - from));
            self.first = from;
        }
        if self.first + self.limbs.len() < to {
            self.limbs.resize(to - self.first, 0);
        }
    }

    /// Brings every limb but the last into 0 .. 2^32; the last one keeps the sign.
    fn carry(&mut self) {
        self.pending = 0;
        let mut carry = 0i64;
        let last = self.limbs.len().saturating_sub(1);
        for (i, limb) in self.limbs.iter_mut().enumerate() {
            let value = *limb + carry;
            (*limb, carry) = if i == last { (value, 0) } else { (value & 0xffff_ffff, value >> 32) };
        }
        // A last limb that has grown gets a successor.
        while let Some(top) = self.limbs.last_mut()
            && !(-(1 << 32)..1 << 32).contains(top)
        {
            let rest = *top >> 32;
            *top &= 0xffff_ffff;
            self.limbs.push(rest);
        }
    }

    /// The nearest float; infinite where the sum is beyond them, NaN where infinities of both signs were added.
    pub(crate) fn total(&self) -> f64 {
        self.over(1)
    }

    /// The sum divided by `2^k` for the smallest k at which it is finite, and k.
    fn scaled(&self) -> (f64, i32) {
        let total = self.shifted(0);
        if total.is_finite() { (total, 0) } else { (self.shifted(128), 128) }
    }

    /// The sum divided by a count: the quotient of the rounded sum, finite also where the sum itself is not.
    pub(crate) fn over(&self, n: u64) -> f64 {
        match (self.plus > 0, self.minus > 0) {
            (true, true) => return f64::NAN,
            (true, false) => return f64::INFINITY,
            (false, true) => return f64::NEG_INFINITY,
            (false, false) => {}
        }
        let (total, shift) = self.scaled();
        total / n.max(1) as f64 * 2f64.powi(shift)
    }

    /// The nearest float to the sum / 2^down.
    fn shifted(&self, down: i32) -> f64 {
        let mut sum = self.clone();
        sum.carry();
        let negative = sum.limbs.last().is_some_and(|top| *top < 0);
        if negative {
            for limb in &mut sum.limbs {
                *limb = -*limb;
            }
            sum.carry();
        }
        while sum.limbs.last() == Some(&0) {
            sum.limbs.pop();
        }
        let Some(top) = sum.limbs.len().checked_sub(1) else { return 0.0 };
        // The highest 128 bits, and whether anything is below them.
        let limb = |back: usize| top.checked_sub(back).and_then(|i| sum.limbs.get(i)).map_or(0, |l| *l as u128);
        let high = limb(0) << 96 | limb(1) << 64 | limb(2) << 32 | limb(3);
        let below = top.checked_sub(3).is_some_and(|n| sum.limbs.iter().take(n).any(|l| *l != 0));
        // Value = high × 2^unit (× a little more).
        let unit = 32 * (sum.first as i32 + top as i32 - 3) - 1074 - down;
        let value = round(high, below, unit);
        if negative { -value } else { value }
    }

    pub(crate) fn write(&mut self, out: &mut Vec<u8>) {
        self.carry();
        out.extend(self.plus.to_le_bytes());
        out.extend(self.minus.to_le_bytes());
        out.extend((self.first as u64).to_le_bytes());
        out.extend((self.limbs.len() as u64).to_le_bytes());
        out.extend(self.limbs.iter().flat_map(|l| l.to_le_bytes()));
    }

    pub(crate) fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let (plus, minus) = (bytes.u64()?, bytes.u64()?);
        let first = usize::try_from(bytes.u64()?).ok().filter(|f| *f < 100)?;
        let n = bytes.count(8)?;
        let limbs = (0..n).map(|_| bytes.i64()).collect::<Option<Vec<_>>>()?;
        Some(Self { limbs, first, pending: 0, plus, minus })
    }
}

/// The float nearest to `high × 2^unit`, `below`: and a little more. Ties to even.
fn round(high: u128, below: bool, unit: i32) -> f64 {
    if high == 0 {
        return 0.0;
    }
    let length = 128 - high.leading_zeros() as i32;
    // Keep 53 bits, or fewer where the result is subnormal.
    let drop = (length - 53).max(-1074 - unit);
    let mut mantissa = if drop <= 0 {
        high << -drop.max(-75)
    } else if drop >= 128 {
        0
    } else {
        let kept = high >> drop;
        let rest = high & ((1u128 << drop) - 1);
        let half = 1u128 << (drop - 1);
        let up = rest > half || (rest == half && (below || kept & 1 == 1));
        kept + u128::from(up)
    };
    let mut exponent = unit + drop.max(-75);
    if mantissa == 1 << 53 {
        mantissa >>= 1;
        exponent += 1;
    }
    if mantissa == 0 {
        return 0.0;
    }
    let bits = 128 - mantissa.leading_zeros() as i32;
    if exponent + bits > 1024 {
        return f64::INFINITY;
    }
    if bits < 53 {
        // Subnormal, or exact with room to spare: both factors and the product are floats.
        return mantissa as f64 * power(exponent);
    }
    f64::from_bits(((exponent + 1075) as u64) << 52 | (mantissa as u64 & ((1 << 52) - 1)))
}

/// 2^e, also where that is subnormal.
fn power(e: i32) -> f64 {
    if e >= -1022 { 2f64.powi(e) } else { f64::from_bits(1u64.checked_shl((e + 1074).max(0) as u32).unwrap_or(0)) }
}
