//! Values of an ask in one period, by value of its breakdown: what a period is worth once, whoever asks for it next.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kepi_lang::decimal::Decimal;
use kepi_lang::value::Value;

use crate::operators::{Reader, decode_value, encode_value};

/// An ask with more breakdown values than that is not worth remembering.
pub(crate) const MOST: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// By breakdown, as bytes: those that have rows in one of the spans that the period needs.
    pub groups: BTreeMap<Arc<[u8]>, Value>,
    /// Of every other breakdown; of an ask without any, the value.
    pub other: Value,
}

impl Settled {
    pub(crate) fn of(&self, by: &[u8]) -> &Value {
        self.groups.get(by).unwrap_or(&self.other)
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        exactly(&self.other, out);
        out.extend((self.groups.len() as u64).to_le_bytes());
        for (by, value) in &self.groups {
            out.extend((by.len() as u64).to_le_bytes());
            out.extend_from_slice(by);
            exactly(value, out);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let other = read_exactly(reader)?;
        let mut groups = BTreeMap::new();
        for _ in 0..reader.count(9)? {
            let n = reader.count(1)?;
            let by = Arc::from(reader.take(n)?);
            groups.insert(by, read_exactly(reader)?);
        }
        Some(Self { groups, other })
    }
}

const INT: u8 = 32;
const DECIMAL: u8 = 33;
const INSTANT: u8 = 34;

/// Numbers as they are: states have equal bytes for equal numbers, answers have their own digits.
fn exactly(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Int(n) => {
            out.push(INT);
            out.extend(n.to_le_bytes());
        }
        Value::Decimal(d) => {
            out.extend([DECIMAL, d.scale]);
            out.extend(d.mantissa.to_le_bytes());
        }
        Value::Instant(t) => {
            out.push(INSTANT);
            out.extend(t.as_nanosecond().to_le_bytes());
        }
        other => encode_value(other, out),
    }
}

fn read_exactly(reader: &mut Reader<'_>) -> Option<Value> {
    Some(match reader.peek()? {
        INT => {
            reader.u8()?;
            Value::Int(reader.i128()?)
        }
        DECIMAL => {
            reader.u8()?;
            let scale = reader.u8()?;
            Value::Decimal(Decimal { mantissa: reader.i128()?, scale })
        }
        INSTANT => {
            reader.u8()?;
            Value::Instant(Timestamp::from_nanosecond(reader.i128()?).ok()?)
        }
        _ => decode_value(reader)?,
    })
}

#[cfg(test)]
mod tests {
    use super::Settled;
    use crate::operators::Reader;
    use kepi_lang::decimal::Decimal;
    use kepi_lang::value::Value;

    #[test]
    fn values_come_back_with_their_digits() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Int(i128::MIN),
            Value::Decimal(Decimal { mantissa: 150, scale: 2 }),
            Value::Decimal(Decimal { mantissa: 3, scale: 0 }),
            Value::float(-0.0),
            Value::float(0.1 + 0.2),
            Value::Text("é".to_owned()),
            Value::Date("2026-02-28".parse().expect("a date")),
            Value::Instant("2026-02-28T01:02:03.000000004Z".parse().expect("an instant")),
        ];
        for value in &values {
            let groups = values.iter().zip(0u8..).map(|(v, n)| ([n].as_slice().into(), v.clone())).collect();
            let settled = Settled { groups, other: value.clone() };
            let mut bytes = Vec::new();
            settled.write(&mut bytes);
            let mut reader = Reader::new(&bytes);
            let back = Settled::read(&mut reader).expect("what was written");
            assert!(reader.is_empty());
            assert_eq!(format!("{back:?}"), format!("{settled:?}"));
            assert_eq!((back.of(&[2]), back.of(&[99])), (&values[2], value));
            for cut in 0..bytes.len() {
                assert_eq!(Settled::read(&mut Reader::new(&bytes[..cut])), None);
            }
        }
    }
}
