//! Units of numbers and their algebra.

mod currencies;
mod entity;
mod text;

pub use entity::{entity_of, noun, plural};
pub use text::Names;

use std::collections::BTreeMap;

use crate::calendar::SpanUnit;

/// What a number measures, apart from its scale.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Elapsed time; scale 1 is a second.
    Time,
    /// ISO 4217 code. Two currencies are two dimensions.
    Currency(String),
    /// What an actor column counts, in the singular: `user`, `account`, `customer`.
    Entity(String),
    /// Scale 1 is a byte.
    Bytes,
    /// Points of a score such as NPS.
    Points,
}

/// A positive rational number in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scale {
    pub num: u64,
    pub den: u64,
}

impl Scale {
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// In lowest terms; `None` when either is zero.
    pub fn new(num: u64, den: u64) -> Option<Self> {
        if num == 0 || den == 0 {
            return None;
        }
        let common = gcd(num, den);
        Some(Self { num: num / common, den: den / common })
    }

    pub fn is_one(self) -> bool {
        self == Self::ONE
    }

    pub fn invert(self) -> Self {
        Self { num: self.den, den: self.num }
    }

    /// `None` when it does not fit.
    pub fn times(self, other: Self) -> Option<Self> {
        // Crosswise reduction first, so that only a result that is too large overflows.
        let (a, b) = (Self::new(self.num, other.den)?, Self::new(other.num, self.den)?);
        Some(Self { num: a.num.checked_mul(b.num)?, den: a.den.checked_mul(b.den)? })
    }

    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// A product of dimensions with exponents, times a scale: `minutes` is time × 60; no dimension and scale 1 is a plain number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    pub dimensions: BTreeMap<Dimension, i8>,
    pub scale: Scale,
    /// How the unit was spelt where it was declared (`minutes`, `USD`); display only, not part of any comparison of units
    /// that [`Unit::same`] makes.
    pub spelling: Option<String>,
}

impl Default for Unit {
    fn default() -> Self {
        Self::none()
    }
}

impl Unit {
    /// Of a plain number.
    pub fn none() -> Self {
        Self { dimensions: BTreeMap::new(), scale: Scale::ONE, spelling: None }
    }

    pub fn of(dimension: Dimension) -> Self {
        Self { dimensions: BTreeMap::from([(dimension, 1)]), ..Self::none() }
    }

    pub fn seconds() -> Self {
        Self::of(Dimension::Time)
    }

    pub fn entity(name: impl Into<String>) -> Self {
        Self::of(Dimension::Entity(name.into()))
    }

    pub fn currency(code: impl Into<String>) -> Self {
        Self::of(Dimension::Currency(code.into()))
    }

    /// `%` of a number that is not a share by itself: scale 1/100.
    pub fn points() -> Self {
        Self::of(Dimension::Points)
    }

    pub fn percent() -> Self {
        Self { scale: Scale { num: 1, den: 100 }, spelling: Some("%".into()), ..Self::none() }
    }

    /// The unit of an elapsed length; `None` for months and longer, and for `periods`, which have no fixed length.
    pub fn of_span(unit: SpanUnit) -> Option<Self> {
        let (num, den) = match unit {
            SpanUnit::Millisecond => (1, 1000),
            SpanUnit::Second => (1, 1),
            SpanUnit::Minute => (60, 1),
            SpanUnit::Hour => (3600, 1),
            SpanUnit::Day => (86_400, 1),
            SpanUnit::Week => (604_800, 1),
            SpanUnit::Month | SpanUnit::Quarter | SpanUnit::Year | SpanUnit::Period => return None,
        };
        Some(Self { scale: Scale { num, den }, ..Self::seconds() })
    }

    pub fn spelt(mut self, spelling: impl Into<String>) -> Self {
        self.spelling = Some(spelling.into());
        self
    }

    /// A plain number: no dimension, scale 1.
    pub fn is_none(&self) -> bool {
        self.dimensions.is_empty() && self.scale.is_one()
    }

    pub fn is_dimensionless(&self) -> bool {
        self.dimensions.is_empty()
    }

    /// The same dimensions and scale, whatever the spelling.
    pub fn same(&self, other: &Self) -> bool {
        self.scale == other.scale && self.same_dimension(other)
    }

    pub fn same_dimension(&self, other: &Self) -> bool {
        self.dimensions == other.dimensions
    }

    /// What a value in this unit is multiplied with to be in the other; `None` between two dimensions.
    pub fn factor_to(&self, other: &Self) -> Option<Scale> {
        if !self.same_dimension(other) {
            return None;
        }
        self.scale.times(other.scale.invert())
    }

    /// `None` when an exponent or the scale does not fit.
    pub fn multiply(&self, other: &Self) -> Option<Self> {
        if other.is_none() {
            return Some(self.clone());
        }
        if self.is_none() {
            return Some(other.clone());
        }
        let mut dimensions = self.dimensions.clone();
        for (dimension, exponent) in &other.dimensions {
            let sum = dimensions.get(dimension).copied().unwrap_or(0).checked_add(*exponent)?;
            if sum == 0 {
                dimensions.remove(dimension);
            } else {
                dimensions.insert(dimension.clone(), sum);
            }
        }
        Some(Self { dimensions, scale: self.scale.times(other.scale)?, spelling: None })
    }

    pub fn divide(&self, other: &Self) -> Option<Self> {
        if other.is_none() {
            return Some(self.clone());
        }
        self.multiply(&other.invert()?)
    }

    /// `1 / unit`.
    pub fn invert(&self) -> Option<Self> {
        if self.is_none() {
            return Some(self.clone());
        }
        let dimensions = self
            .dimensions
            .iter()
            .map(|(d, e)| Some((d.clone(), e.checked_neg()?)))
            .collect::<Option<BTreeMap<_, _>>>()?;
        Some(Self { dimensions, scale: self.scale.invert(), spelling: None })
    }

    pub fn power(&self, exponent: i8) -> Option<Self> {
        let base = if exponent < 0 { self.invert()? } else { self.clone() };
        let mut result = Self::none();
        for _ in 0..exponent.unsigned_abs() {
            result = result.multiply(&base)?;
        }
        Some(result)
    }

    /// The only currency in it, with exponent 1, where there is one.
    pub fn is_currency(&self) -> bool {
        self.scale.is_one()
            && self.dimensions.len() == 1
            && self.dimensions.iter().all(|(d, e)| matches!(d, Dimension::Currency(_)) && *e == 1)
    }

    /// Whether a number without a unit can only mean one thing beside it: money, people and points have one scale, time and
    /// bytes have many.
    pub fn has_one_scale(&self) -> bool {
        !self.dimensions.keys().any(|d| matches!(d, Dimension::Time | Dimension::Bytes))
    }
}

#[cfg(test)]
mod tests;
