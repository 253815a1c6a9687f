//! Values at run time: a row's column, a breakdown's key, a metric's number.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::decimal::Decimal;

/// A float with a total order: `-0.0` is `0.0`, and there is one NaN, after everything else.
#[derive(Clone, Copy, Debug)]
pub struct Real(f64);

impl Real {
    pub fn new(value: f64) -> Self {
        Self(if value == 0.0 {
            0.0
        } else if value.is_nan() {
            f64::NAN
        } else {
            value
        })
    }

    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Real {}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Real {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Hash for Real {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// One value. The order is total and fixed: null first, then by kind, then by value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Decimal(Decimal),
    Float(Real),
    Text(String),
    Date(Date),
    Instant(Timestamp),
}

impl Value {
    pub fn float(value: f64) -> Self {
        if value.is_nan() { Self::Null } else { Self::Float(Real::new(value)) }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number times `num / den`: exact where the result is a decimal number that fits, else the nearest float. `None` on
    /// overflow; what is no number stays as it is.
    pub fn scaled(&self, num: u64, den: u64) -> Option<Self> {
        if num == den {
            return Some(self.clone());
        }
        let exact = match self {
            Self::Int(n) => Decimal::new(*n, 0),
            Self::Decimal(d) => *d,
            Self::Float(r) => return Some(Self::float(r.get() * num as f64 / den as f64)),
            _ => return Some(self.clone()),
        };
        let product = exact.checked_mul(Decimal::new(i128::from(num), 0))?;
        let Some(quotient) = product.checked_div_exact(den) else {
            return Some(Self::float(product.to_f64() / den as f64));
        };
        let whole = quotient.normalized();
        Some(match self {
            Self::Int(_) if whole.scale == 0 => Self::Int(whole.mantissa),
            _ => Self::Decimal(quotient),
        })
    }

    /// The number as the nearest `f64`; `None` for what is no number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Decimal(d) => Some(d.to_f64()),
            Self::Float(r) => Some(r.get()),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("(none)"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Decimal(d) => write!(f, "{d}"),
            Self::Float(r) => write!(f, "{}", r.get()),
            Self::Text(s) => f.write_str(s),
            Self::Date(d) => write!(f, "{d}"),
            Self::Instant(t) => write!(f, "{t}"),
        }
    }
}
