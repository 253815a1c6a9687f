//! Units of numbers and their algebra.

use std::collections::BTreeMap;

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

/// A product of dimensions with exponents, times a scale: `minutes` is time × 60; no dimension and scale 1 is a plain number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    pub dimensions: BTreeMap<Dimension, i8>,
    pub scale: Scale,
    /// How the unit was spelt where it was declared (`minutes`, `USD`); display only, not part of any comparison of units
    /// that [`Unit::same`] makes.
    pub spelling: Option<String>,
}
