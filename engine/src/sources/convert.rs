//! Raw columns of files to canonical arrays of the types that a program gives them.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray,
    StringViewArray, new_null_array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float64Type, Int64Type, UInt64Type,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Item, Numbers, ScalarType, TimeFormat};

use crate::sources::iso::{self, DAY, Iso};
use crate::sources::numbers::plain;
use crate::sources::physical::{PRECISION, canonical, list_of};
use crate::sources::text::{elements, is_blank};
use crate::sources::times::{Reading, by_pattern, instants};

/// What a column is to become.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub ty: ScalarType,
    /// Decimal places, of a decimal.
    pub scale: u8,
    /// How times are read.
    pub reading: Reading,
    /// A value that is no instant is null: on the clock of a source such rows are counted, not refused.
    pub lenient: bool,
    /// Blank text is null.
    pub blank: bool,
    /// How text says numbers.
    pub numbers: Numbers,
}

/// A converted column.
#[derive(Debug)]
pub(crate) struct Converted {
    pub array: ArrayRef,
    /// Of instants: local times that a policy has decided.
    pub moved: Option<BooleanArray>,
}

/// Why a column was not converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No value of the file's type is ever one of the wanted type.
    Type,
    /// The value in this row of the batch is none.
    Value { row: usize, text: String },
}

impl Target {
    pub fn convert(&self, raw: &ArrayRef) -> Result<Converted, Refused> {
        let plain = |array: ArrayRef| Ok(Converted { array, moved: None });
        let wanted = canonical(self.ty, i8::try_from(self.scale).unwrap_or(0));
        if raw.data_type() == &DataType::Null {
            return plain(new_null_array(&wanted, raw.len()));
        }
        match self.ty {
            ScalarType::Instant => self.instants(raw),
            ScalarType::Bool => plain(self.bools(raw)?),
            ScalarType::Int => plain(self.ints(raw)?),
            ScalarType::Decimal => plain(self.decimals(raw)?),
            ScalarType::Float => plain(self.floats(raw)?),
            ScalarType::Text => plain(self.texts(raw)?),
            ScalarType::Date => plain(self.dates(raw)?),
            ScalarType::List(item) => plain(self.lists(raw, item)?),
            ScalarType::Null | ScalarType::Unknown | ScalarType::Error => plain(new_null_array(&wanted, raw.len())),
        }
    }

    /// Whether a text that is not blank can be read as this.
    pub fn accepts(&self, text: &str) -> bool {
        match self.ty {
            ScalarType::Instant => self.reading.reads(text),
            ScalarType::Bool => word(text).is_some(),
            ScalarType::Int => self.integer(text).is_some(),
            ScalarType::Decimal => self.decimal(text).is_some_and(|d| {
                let d = d.normalized();
                d.mantissa.unsigned_abs() < 10u128.pow(u32::from(PRECISION))
            }),
            ScalarType::Float => self.float(text).is_some(),
            ScalarType::Date => self.date(text).is_some(),
            ScalarType::List(_) => elements(text).is_some(),
            ScalarType::Text | ScalarType::Null | ScalarType::Unknown | ScalarType::Error => true,
        }
    }

    /// JSON arrays, or lists of the file's.
    fn lists(&self, raw: &ArrayRef, item: Item) -> Result<ArrayRef, Refused> {
        if item == Item::Pair {
            return pairs(raw);
        }
        if raw.data_type() != &DataType::Utf8View {
            return match item {
                Item::Other => counted(raw),
                Item::Instant => self.times_of_lists(raw),
                _ if raw.data_type().is_list() => cast(raw, &list_of(item)).map_err(|_| Refused::Type),
                _ => Err(Refused::Type),
            };
        }
        let texts = raw.as_string_view();
        let (mut lengths, mut valid, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (row, text) in texts.iter().enumerate() {
            let text = text.filter(|text| !(self.blank && is_blank(text)));
            let all = match text {
                Some(text) => elements(text).ok_or_else(|| refused(raw, row))?,
                None => Vec::new(),
            };
            valid.push(text.is_some());
            lengths.push(all.len());
            values.extend(all.into_iter().map(|element| (row, element)));
        }
        let all: ArrayRef = Arc::new(values.iter().map(|(_, text)| text.as_deref()).collect::<StringViewArray>());
        // A list is JSON, which has numbers of its own.
        let of = Self { ty: item.ty(), blank: item != Item::Text, numbers: Numbers::default(), ..self.clone() };
        let elements = of.convert(&all).map_err(|problem| match problem {
            Refused::Value { row, .. } => refused(raw, values.get(row).map_or(0, |(row, _)| *row)),
            Refused::Type => Refused::Type,
        })?;
        let DataType::List(field) = list_of(item) else { return Err(Refused::Type) };
        let offsets = OffsetBuffer::from_lengths(lengths);
        let list = ListArray::try_new(field, offsets, elements.array, Some(NullBuffer::from(valid)));
        Ok(Arc::new(list.map_err(|_| Refused::Type)?))
    }

    /// Each element as a time of its own would be read.
    fn times_of_lists(&self, raw: &ArrayRef) -> Result<ArrayRef, Refused> {
        let lists = match raw.data_type() {
            DataType::List(_) => raw.as_list::<i32>().clone(),
            DataType::LargeList(of) => {
                let short = cast(raw, &DataType::List(Arc::clone(of))).map_err(|_| Refused::Type)?;
                short.as_list::<i32>().clone()
            }
            _ => return Err(Refused::Type),
        };
        let of = Self { ty: ScalarType::Instant, ..self.clone() };
        let times = of.instants(lists.values()).map_err(|refused| match refused {
            Refused::Value { row: at, text } => {
                let holds = |row: &usize| lists.value_offsets().get(row + 1).is_some_and(|end| *end as usize > at);
                Refused::Value { row: (0..lists.len()).find(holds).unwrap_or(0), text }
            }
            Refused::Type => Refused::Type,
        })?;
        let DataType::List(field) = list_of(Item::Instant) else { return Err(Refused::Type) };
        let read = ListArray::try_new(field, lists.offsets().clone(), times.array, lists.nulls().cloned());
        Ok(Arc::new(read.map_err(|_| Refused::Type)?))
    }

    fn instants(&self, raw: &ArrayRef) -> Result<Converted, Refused> {
        let read = instants(raw, &self.reading).ok_or(Refused::Type)?;
        match read.unreadable {
            Some(row) if !self.lenient => Err(refused(raw, row)),
            _ => Ok(Converted { array: Arc::new(read.array), moved: read.moved }),
        }
    }

    fn bools(&self, raw: &ArrayRef) -> Result<ArrayRef, Refused> {
        Ok(match raw.data_type() {
            DataType::Boolean => Arc::clone(raw),
            DataType::Utf8View => Arc::new(self.parsed::<BooleanArray, _>(raw, word)?),
            DataType::Int64 => {
                let bit = |n: i64| if n == 0 || n == 1 { Some(n == 1) } else { None };
                Arc::new(each::<BooleanArray, _, _>(raw, raw.as_primitive::<Int64Type>(), bit)?)
            }
            _ => return Err(Refused::Type),
        })
    }

    fn ints(&self, raw: &ArrayRef) -> Result<ArrayRef, Refused> {
        Ok(match raw.data_type() {
            DataType::Int64 => Arc::clone(raw),
            DataType::UInt64 => {
                Arc::new(each::<Int64Array, _, _>(raw, raw.as_primitive::<UInt64Type>(), |n| i64::try_from(n).ok())?)
            }
            DataType::Float64 => {
                // Up to 2^53 every whole number is a float of its own.
                let exact = |n: f64| (n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0).then_some(n as i64);
                Arc::new(each_float::<Int64Array, _>(raw, exact)?)
            }
            DataType::Decimal128(_, scale) => {
                let scale = u8::try_from(*scale).map_err(|_| Refused::Type)?;
                let values = raw.as_primitive::<Decimal128Type>();
                Arc::new(each::<Int64Array, _, _>(raw, values, |n| whole(Decimal::new(n, scale)))?)
            }
            DataType::Utf8View => Arc::new(self.parsed::<Int64Array, _>(raw, |text| self.integer(text))?),
            _ => return Err(Refused::Type),
        })
    }

    fn decimals(&self, raw: &ArrayRef) -> Result<ArrayRef, Refused> {
        let scale = self.scale;
        let fit = move |d: Decimal| {
            let d = if d.scale > scale { d.normalized() } else { d };
            d.rescale(scale).map(|d| d.mantissa).filter(|n| n.unsigned_abs() < 10u128.pow(u32::from(PRECISION)))
        };
        let array: Decimal128Array = match raw.data_type() {
            DataType::Decimal128(_, s) if i16::from(*s) == i16::from(scale) => return Ok(Arc::clone(raw)),
            DataType::Decimal128(_, s) => {
                let s = u8::try_from(*s).map_err(|_| Refused::Type)?;
                each(raw, raw.as_primitive::<Decimal128Type>(), |n| fit(Decimal::new(n, s)))?
            }
            DataType::Decimal256(_, s) => {
                let s = u8::try_from(*s).map_err(|_| Refused::Type)?;
                each(raw, raw.as_primitive::<Decimal256Type>(), |n| fit(Decimal::new(n.to_i128()?, s)))?
            }
            DataType::Int64 => each(raw, raw.as_primitive::<Int64Type>(), |n| fit(Decimal::new(i128::from(n), 0)))?,
            DataType::UInt64 => each(raw, raw.as_primitive::<UInt64Type>(), |n| fit(Decimal::new(i128::from(n), 0)))?,
            DataType::Float64 => each_float(raw, |n| fit(shortest(n)?))?,
            DataType::Utf8View => self.parsed(raw, |text| fit(self.decimal(text)?))?,
            _ => return Err(Refused::Type),
        };
        let scale = i8::try_from(scale).map_err(|_| Refused::Type)?;
        Ok(Arc::new(array.with_precision_and_scale(PRECISION, scale).map_err(|_| Refused::Type)?))
    }

    fn floats(&self, raw: &ArrayRef) -> Result<ArrayRef, Refused> {
        Ok(match raw.data_type() {
            DataType::Float64 => {
                let values = raw.as_primitive::<Float64Type>();
                if values.iter().flatten().any(f64::is_nan) {
                    Arc::new(values.iter().map(|n| n.filter(|n| !n.is_nan())).collect::<Float64Array>())
                } else {
                    Arc::clone(raw)
                }
            }
            DataType::Int64 => {
                Arc::new(each::<Float64Array, _, _>(raw, raw.as_primitive::<Int64Type>(), |n| Some(n as f64))?)
            }
            DataType::UInt64 => {
                Arc::new(each::<Float64Array, _, _>(raw, raw.as_primitive::<UInt64Type>(), |n| Some(n as f64))?)
            }
            DataType::Decimal128(_, scale) => {
                let scale = u8::try_from(*scale).map_err(|_| Refused::Type)?;
                let values = raw.as_primitive::<Decimal128Type>();
                Arc::new(each::<Float64Array, _, _>(raw, values, |n| Some(Decimal::new(n, scale).to_f64()))?)
            }
            DataType::Utf8View => Arc::new(self.parsed::<Float64Array, _>(raw, |text| self.float(text))?),
            _ => return Err(Refused::Type),
        })
    }

    fn texts(&self, raw: &ArrayRef) -> Result<ArrayRef, Refused> {
        Ok(match raw.data_type() {
            DataType::Utf8View => {
                let values = raw.as_string_view();
                if self.blank && values.iter().flatten().any(is_blank) {
                    Arc::new(values.iter().map(|text| text.filter(|t| !is_blank(t))).collect::<StringViewArray>())
                } else {
                    Arc::clone(raw)
                }
            }
            DataType::BinaryView => {
                let mut out = Vec::with_capacity(raw.len());
                for (row, bytes) in raw.as_binary_view().iter().enumerate() {
                    let text = bytes.map(std::str::from_utf8).transpose();
                    out.push(text.map_err(|_| Refused::Value { row, text: "bytes that are not UTF-8".to_owned() })?);
                }
                Arc::new(out.into_iter().collect::<StringViewArray>())
            }
            DataType::Int64 | DataType::UInt64 | DataType::Boolean | DataType::Date32 => shown(raw)?,
            DataType::Decimal128(..) | DataType::Decimal256(..) => shown(raw)?,
            DataType::List(_) | DataType::LargeList(_) | DataType::Map(..) => shown(raw)?,
            DataType::Float64 => {
                let text = |n: f64| if n.is_nan() { None } else { Some(n.to_string()) };
                let values = raw.as_primitive::<Float64Type>();
                Arc::new(values.iter().map(|n| n.and_then(text)).collect::<StringViewArray>())
            }
            _ => return Err(Refused::Type),
        })
    }

    fn dates(&self, raw: &ArrayRef) -> Result<ArrayRef, Refused> {
        Ok(match raw.data_type() {
            DataType::Date32 => Arc::new(each::<Date32Array, _, _>(raw, raw.as_primitive::<Date32Type>(), |d| {
                Some(d).filter(|d| in_range(*d))
            })?),
            DataType::Date64 => {
                let values = raw.as_primitive::<Date64Type>();
                Arc::new(each::<Date32Array, _, _>(raw, values, |ms| day(ms.checked_mul(1_000)?))?)
            }
            DataType::Utf8View => Arc::new(self.parsed::<Date32Array, _>(raw, |text| self.date(text))?),
            DataType::Timestamp(_, zone) => {
                // The instants of local times in UTC are the local times.
                let utc = Reading::plain(jiff::tz::TimeZone::UTC);
                let read = instants(raw, &utc).ok_or(Refused::Type)?;
                if let Some(row) = read.unreadable {
                    return Err(refused(raw, row));
                }
                let local = |micros: i64| if zone.is_some() { self.local(micros) } else { Some(micros) };
                Arc::new(each::<Date32Array, _, _>(raw, &read.array, |micros| day(local(micros)?))?)
            }
            _ => return Err(Refused::Type),
        })
    }

    fn integer(&self, text: &str) -> Option<i64> {
        integer(&plain(self.numbers, text)?)
    }

    /// Of any number of places.
    pub fn decimal(&self, text: &str) -> Option<Decimal> {
        decimal(&plain(self.numbers, text)?)
    }

    fn float(&self, text: &str) -> Option<f64> {
        float(&plain(self.numbers, text)?)
    }

    /// The day that a text says.
    fn date(&self, text: &str) -> Option<i32> {
        let iso = match &self.reading.format {
            TimeFormat::Pattern(pattern) => by_pattern(pattern, text)?,
            _ => iso::parse(text.as_bytes())?,
        };
        match iso {
            Iso::Date(d) => Some(d).filter(|d| in_range(*d)),
            Iso::Naive(local) => day(local),
            Iso::Aware(micros) => day(self.local(micros)?),
        }
    }

    /// The local time of an instant.
    fn local(&self, micros: i64) -> Option<i64> {
        let stamp = jiff::Timestamp::from_microsecond(micros).ok()?;
        Some(micros + i64::from(self.reading.zone.to_offset(stamp).seconds()) * 1_000_000)
    }

    /// Text by a reading function; blank text is null in any type but text.
    fn parsed<A, T>(&self, raw: &ArrayRef, mut read: impl FnMut(&str) -> Option<T>) -> Result<A, Refused>
    where
        A: FromIterator<Option<T>>,
    {
        let mut out = Vec::with_capacity(raw.len());
        for (row, text) in raw.as_string_view().iter().enumerate() {
            out.push(match text {
                Some(text) if !is_blank(text) => Some(read(text).ok_or_else(|| refused(raw, row))?),
                _ => None,
            });
        }
        Ok(out.into_iter().collect())
    }
}

fn each<A, V, T>(
    raw: &ArrayRef,
    values: impl IntoIterator<Item = Option<V>>,
    mut convert: impl FnMut(V) -> Option<T>,
) -> Result<A, Refused>
where
    A: FromIterator<Option<T>>,
{
    let mut out = Vec::with_capacity(raw.len());
    for (row, value) in values.into_iter().enumerate() {
        out.push(match value {
            Some(value) => Some(convert(value).ok_or_else(|| refused(raw, row))?),
            None => None,
        });
    }
    Ok(out.into_iter().collect())
}

/// NaN is null, as everywhere.
fn each_float<A, T>(raw: &ArrayRef, convert: impl FnMut(f64) -> Option<T>) -> Result<A, Refused>
where
    A: FromIterator<Option<T>>,
{
    let values = raw.as_primitive::<Float64Type>().iter().map(|n| n.filter(|n| !n.is_nan()));
    each(raw, values, convert)
}

fn word(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn whole(d: Decimal) -> Option<i64> {
    let d = d.normalized();
    if d.scale == 0 { i64::try_from(d.mantissa).ok() } else { None }
}

fn integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().or_else(|| whole(text.parse().ok()?))
}

fn float(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|n| n.is_finite())
}

/// The day of a local time in microseconds.
fn day(micros: i64) -> Option<i32> {
    i32::try_from(micros.div_euclid(DAY)).ok().filter(|d| in_range(*d))
}

fn in_range(day: i32) -> bool {
    // -9999-01-01 to 9999-12-31, the years that can be computed with.
    (-4_371_587..=2_932_896).contains(&day)
}

/// Lists of a key and a value, and maps, as one kind of lists.
fn pairs(raw: &ArrayRef) -> Result<ArrayRef, Refused> {
    match raw.data_type() {
        DataType::List(_) => Ok(Arc::clone(raw)),
        DataType::LargeList(of) => cast(raw, &DataType::List(Arc::clone(of))).map_err(|_| Refused::Type),
        DataType::Map(..) => Ok(Arc::new(ListArray::from(raw.as_map().clone()))),
        _ => Err(Refused::Type),
    }
}

/// Lists as long as these, of nothing.
fn counted(raw: &ArrayRef) -> Result<ArrayRef, Refused> {
    let length = |row: usize| match raw.data_type() {
        DataType::List(_) => usize::try_from(raw.as_list::<i32>().value_length(row)).ok(),
        DataType::LargeList(_) => usize::try_from(raw.as_list::<i64>().value_length(row)).ok(),
        _ => None,
    };
    let lengths = (0..raw.len()).map(|row| if raw.is_valid(row) { length(row) } else { Some(0) });
    let lengths: Vec<usize> = lengths.collect::<Option<_>>().ok_or(Refused::Type)?;
    if !matches!(raw.data_type(), DataType::List(_) | DataType::LargeList(_)) {
        return Err(Refused::Type);
    }
    let DataType::List(field) = list_of(Item::Other) else { return Err(Refused::Type) };
    let nothing = new_null_array(field.data_type(), lengths.iter().sum());
    let offsets = OffsetBuffer::from_lengths(lengths);
    let list = ListArray::try_new(field, offsets, nothing, raw.nulls().cloned());
    Ok(Arc::new(list.map_err(|_| Refused::Type)?))
}

fn shown(raw: &ArrayRef) -> Result<ArrayRef, Refused> {
    let format = ArrayFormatter::try_new(raw.as_ref(), &FormatOptions::default()).map_err(|_| Refused::Type)?;
    let text = |row: usize| raw.is_valid(row).then(|| format.value(row).to_string());
    Ok(Arc::new((0..raw.len()).map(text).collect::<StringViewArray>()))
}

fn refused(raw: &ArrayRef, row: usize) -> Refused {
    let text = ArrayFormatter::try_new(raw.as_ref(), &FormatOptions::default())
        .map(|format| format.value(row).to_string())
        .unwrap_or_default();
    Refused::Value { row, text }
}

/// The decimal number that a float is written as: the shortest that reads back as it.
pub(crate) fn shortest(number: f64) -> Option<Decimal> {
    if number.is_finite() { number.to_string().parse().ok() } else { None }
}

/// Decimal text; an exponent is spelt out.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| if text.contains(['e', 'E']) { shortest(text.parse().ok()?) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn target(ty: ScalarType, scale: u8) -> Target {
        Target {
            ty,
            scale,
            reading: Reading::plain(TimeZone::UTC),
            lenient: false,
            blank: true,
            numbers: Numbers::default(),
        }
    }

    fn text(values: &[&str]) -> ArrayRef {
        Arc::new(values.iter().map(|v| Some(*v)).collect::<StringViewArray>())
    }

    fn show(array: &ArrayRef) -> Vec<String> {
        let format = ArrayFormatter::try_new(array.as_ref(), &FormatOptions::default().with_null("-")).unwrap();
        (0..array.len()).map(|row| format.value(row).to_string()).collect()
    }

    #[test]
    fn text_to_every_type() {
        /// Type, decimal places, texts, and what they become or the row that is refused.
        type Case<'a> = (ScalarType, u8, &'a [&'a str], Result<&'a [&'a str], usize>);
        let cases: &[Case<'_>] = &[
            (ScalarType::Bool, 0, &["true", "FALSE", "1", "0", " "], Ok(&["true", "false", "true", "false", "-"])),
            (ScalarType::Bool, 0, &["true", "maybe"], Err(1)),
            (ScalarType::Int, 0, &["7", "007", "17850.0", ""], Ok(&["7", "7", "17850", "-"])),
            (ScalarType::Int, 0, &["1", "1.5"], Err(1)),
            (ScalarType::Int, 0, &["9223372036854775808"], Err(0)),
            (ScalarType::Decimal, 2, &["1.5", "-0.05", "3", "1e1"], Ok(&["1.50", "-0.05", "3.00", "10.00"])),
            (ScalarType::Decimal, 2, &["1.500", "1.555"], Err(1)),
            (ScalarType::Float, 0, &["1.5", "1e3"], Ok(&["1.5", "1000.0"])),
            (ScalarType::Float, 0, &["NaN"], Err(0)),
            (ScalarType::Text, 0, &["a", " ", " b"], Ok(&["a", "-", " b"])),
            (ScalarType::Date, 0, &["2024-02-29", "2024-02-29 23:59"], Ok(&["2024-02-29", "2024-02-29"])),
            (ScalarType::Date, 0, &["2023-02-29"], Err(0)),
            (ScalarType::Instant, 0, &["2024-02-29T10:00:00+01:00"], Ok(&["2024-02-29T09:00:00Z"])),
            (ScalarType::Instant, 0, &["yesterday"], Err(0)),
        ];
        for (ty, scale, values, expected) in cases {
            match (target(*ty, *scale).convert(&text(values)), expected) {
                (Ok(found), Ok(wanted)) => {
                    assert_eq!(show(&found.array), *wanted, "{ty:?} {values:?}");
                    assert_eq!(found.array.data_type(), &canonical(*ty, *scale as i8));
                }
                (Err(Refused::Value { row, text }), Err(wanted)) => {
                    assert_eq!((row, text.as_str()), (*wanted, values[row]), "{ty:?}");
                }
                (found, _) => panic!("{ty:?} {values:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn floats_as_money_are_what_they_are_written_as() {
        let raw: ArrayRef = Arc::new(Float64Array::from(vec![Some(2.55), Some(-0.1), None, Some(f64::NAN)]));
        let found = target(ScalarType::Decimal, 2).convert(&raw).unwrap();
        assert_eq!(show(&found.array), ["2.55", "-0.10", "-", "-"]);
        assert_eq!(show(&target(ScalarType::Float, 0).convert(&raw).unwrap().array), ["2.55", "-0.1", "-", "-"]);
        assert_eq!(target(ScalarType::Date, 0).convert(&raw).unwrap_err(), Refused::Type);
    }
}
