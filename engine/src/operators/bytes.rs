//! Values and states as bytes: the same value, the same bytes, on every machine.

use jiff::Timestamp;
use kepi_lang::decimal::Decimal;
use kepi_lang::value::Value;

/// Reads what was written, front to back.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.bytes.split_at_checked(n)?;
        self.bytes = tail;
        Some(head)
    }

    /// The next byte, which is still to be read.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn i128(&mut self) -> Option<i128> {
        self.array().map(i128::from_le_bytes)
    }

    /// A count that is followed by as many things of `size` bytes.
    pub(crate) fn count(&mut self, size: usize) -> Option<usize> {
        let n = usize::try_from(self.u64()?).ok()?;
        (n.checked_mul(size)? <= self.bytes.len()).then_some(n)
    }
}

/// Appends a value. Equal values have equal bytes: numbers that are whole are written as whole.
pub(crate) fn encode_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(b) => out.extend([1, u8::from(*b)]),
        Value::Int(n) => encode_decimal(*n, 0, out),
        Value::Decimal(d) => encode_decimal(d.mantissa, d.scale, out),
        Value::Float(r) => encode_float(r.get(), out),
        Value::Text(s) => encode_text(s, out),
        Value::Date(d) => encode_i64(5, i64::from(crate::rows::days_of(*d)), out),
        Value::Instant(t) => encode_i64(6, t.as_microsecond(), out),
    }
}

/// The value as it is read back: what came over bytes and what did not is the same.
pub(crate) fn told(value: Value) -> Value {
    match value {
        Value::Decimal(d) => match d.normalized() {
            Decimal { mantissa, scale: 0 } => Value::Int(mantissa),
            other => Value::Decimal(other),
        },
        other => other,
    }
}

pub(crate) fn encode_decimal(mantissa: i128, scale: u8, out: &mut Vec<u8>) {
    let d = if scale == 0 { Decimal { mantissa, scale } } else { Decimal { mantissa, scale }.normalized() };
    match i64::try_from(d.mantissa) {
        Ok(small) if d.scale == 0 => encode_i64(2, small, out),
        _ => {
            out.extend([3, d.scale]);
            out.extend(d.mantissa.to_le_bytes());
        }
    }
}

pub(crate) fn encode_float(value: f64, out: &mut Vec<u8>) {
    out.push(4);
    out.extend(value.to_bits().to_le_bytes());
}

/// Dates (5) and instants (6).
pub(crate) fn encode_i64(tag: u8, value: i64, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend(value.to_le_bytes());
}

pub(crate) fn encode_text(text: &str, out: &mut Vec<u8>) {
    out.push(7);
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// Bytes that a value holds beside itself.
pub(crate) fn text(value: &Value) -> usize {
    if let Value::Text(text) = value { text.capacity() } else { 0 }
}

/// The next value.
pub(crate) fn decode_value(reader: &mut Reader<'_>) -> Option<Value> {
    Some(match reader.u8()? {
        0 => Value::Null,
        1 => Value::Bool(reader.u8()? != 0),
        2 => Value::Int(i128::from(reader.i64()?)),
        3 => {
            let scale = reader.u8()?;
            let mantissa = reader.i128()?;
            if scale == 0 { Value::Int(mantissa) } else { Value::Decimal(Decimal::new(mantissa, scale)) }
        }
        4 => Value::float(f64::from_bits(reader.u64()?)),
        5 => Value::Date(crate::rows::date_from(i32::try_from(reader.i64()?).ok()?)?),
        6 => Value::Instant(Timestamp::from_microsecond(reader.i64()?).ok()?),
        7 => {
            let n = reader.count(1)?;
            Value::Text(String::from_utf8(reader.take(n)?.to_vec()).ok()?)
        }
        _ => return None,
    })
}
