//! Exact decimal numbers: what literals are, and what money stays.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// `mantissa / 10^scale`. Equal values compare and hash equal whatever their scale.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    pub mantissa: i128,
    pub scale: u8,
}

/// The most decimal places a number may have: 10^38 is the largest power of ten in an `i128`.
pub const MAX_SCALE: u8 = 38;

impl Decimal {
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    pub fn new(mantissa: i128, scale: u8) -> Self {
        Self { mantissa, scale: scale.min(MAX_SCALE) }
    }

    /// Without trailing zeros after the point.
    pub fn normalized(self) -> Self {
        let mut d = self;
        while d.scale > 0 && d.mantissa % 10 == 0 {
            d.mantissa /= 10;
            d.scale -= 1;
        }
        d
    }

    /// The same value at a larger or equal scale; `None` when it does not fit.
    pub fn rescale(self, scale: u8) -> Option<Self> {
        let up = scale.checked_sub(self.scale)?;
        let mantissa = self.mantissa.checked_mul(pow10(up)?)?;
        Some(Self { mantissa, scale })
    }

    fn aligned(self, other: Self) -> Option<(i128, i128, u8)> {
        let scale = self.scale.max(other.scale);
        Some((self.rescale(scale)?.mantissa, other.rescale(scale)?.mantissa, scale))
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Self { mantissa: a.checked_add(b)?, scale })
    }

    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self { mantissa: other.mantissa.checked_neg()?, scale: other.scale })
    }

    /// Exact product; `None` on overflow or more than [`MAX_SCALE`] places.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let (a, b) = (self.normalized(), other.normalized());
        let scale = a.scale.checked_add(b.scale).filter(|s| *s <= MAX_SCALE)?;
        Some(Self { mantissa: a.mantissa.checked_mul(b.mantissa)?, scale })
    }

    /// The quotient, if it is a decimal number of at most [`MAX_SCALE`] places that fits.
    pub fn checked_div_exact(self, divisor: u64) -> Option<Self> {
        let divisor = i128::from(divisor);
        let mut d = self.normalized();
        while d.mantissa.checked_rem(divisor)? != 0 {
            // Only the factors 2 and 5 go away by more places.
            let rest = divisor / gcd(d.mantissa.checked_rem(divisor)?.abs(), divisor);
            if rest % 2 != 0 && rest % 5 != 0 {
                return None;
            }
            d = d.rescale(d.scale.checked_add(1)?.min(MAX_SCALE + 1))?;
            if d.scale > MAX_SCALE {
                return None;
            }
        }
        Some(Self { mantissa: d.mantissa / divisor, scale: d.scale })
    }

    /// The nearest `f64` (through the decimal text, so that it is correctly rounded).
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    pub fn is_integer(self) -> bool {
        self.normalized().scale == 0
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn pow10(n: u8) -> Option<i128> {
    10i128.checked_pow(u32::from(n))
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.normalized(), other.normalized());
        a.mantissa == b.mantissa && a.scale == b.scale
    }
}

impl Eq for Decimal {}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let d = self.normalized();
        d.mantissa.hash(state);
        d.scale.hash(state);
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if let Some((a, b, _)) = self.aligned(*other) {
            return a.cmp(&b);
        }
        // One side is too large for the other's scale: whole parts decide, then what is left.
        let whole = |d: &Self| pow10(d.scale).map_or(0, |p| d.mantissa.div_euclid(p));
        let rest = |d: &Self| pow10(d.scale).map_or(d.mantissa, |p| d.mantissa.rem_euclid(p));
        whole(self).cmp(&whole(other)).then_with(|| {
            let (a, b) = (Self::new(rest(self), self.scale), Self::new(rest(other), other.scale));
            let (a, b) = (a.normalized(), b.normalized());
            match a.aligned(b) {
                Some((x, y, _)) => x.cmp(&y),
                None => a.to_f64().total_cmp(&b.to_f64()),
            }
        })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let scale = usize::from(self.scale);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

/// Text that is not a decimal number that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADecimal;

impl FromStr for Decimal {
    type Err = NotADecimal;

    /// `-12`, `1.10`; no exponent, no separators, digits on both sides of the point.
    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !numeric(whole) || !numeric(fraction) || (digits.contains('.') && fraction.is_empty()) {
            return Err(NotADecimal);
        }
        let scale = u8::try_from(fraction.len()).ok().filter(|s| *s <= MAX_SCALE).ok_or(NotADecimal)?;
        let all = format!("{}{whole}{fraction}", if negative { "-" } else { "" });
        Ok(Self { mantissa: all.parse().map_err(|_| NotADecimal)?, scale })
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn exact_quotients() {
        let table = [
            ("1", 2, Some("0.5")),
            ("1", 3, None),
            ("6", 3, Some("2")),
            ("0.3", 60, Some("0.005")),
            ("0", 7, Some("0")),
            ("1", 0, None),
            ("7", 6, None),
            ("-1.5", 4, Some("-0.375")),
        ];
        for (a, b, expected) in table {
            assert_eq!(d(a).checked_div_exact(b), expected.map(d), "{a} / {b}");
        }
    }

    #[test]
    fn order_and_text() {
        assert!(d("1.10") == d("1.1") && d("-0.5") < d("0") && d("0.05") < d("0.5"));
        assert_eq!(d("-0.05").to_string(), "-0.05");
        assert_eq!(d("1.10").to_string(), "1.10");
        for wrong in ["", "-", "1.", ".5", "1e3", "1_000", "0x1", "1.2.3", "٣"] {
            assert!(wrong.parse::<Decimal>().is_err(), "{wrong}");
        }
        let big = Decimal::new(i128::MAX, 0);
        assert!(big > d("0.00000000000000000000000000000000000001") && big.checked_add(d("1")).is_none());
    }
}
