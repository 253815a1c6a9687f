//! Instants from whatever a file holds: naive and zoned timestamps, dates, ISO text, epoch numbers, patterns.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, PrimitiveArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal128Type, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use kepi_lang::ir::{LocalPolicy, TimeFormat, TimeReading};

use crate::sources::iso::{self, DAY, Iso};
use crate::sources::local::{Clock, Local};

/// How one column is read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub format: TimeFormat,
    pub zone: TimeZone,
    pub on_gap: LocalPolicy,
    pub on_overlap: LocalPolicy,
}

impl Reading {
    /// `None` when the zone is not known, which check has refused before.
    pub fn new(reading: &TimeReading) -> Option<Self> {
        let zone = TimeZone::get(&reading.zone).ok()?;
        Some(Self { format: reading.format.clone(), zone, on_gap: reading.on_gap, on_overlap: reading.on_overlap })
    }

    /// Whether a text says an instant.
    pub fn reads(&self, text: &str) -> bool {
        let iso = match &self.format {
            TimeFormat::Pattern(pattern) => by_pattern(pattern, text),
            TimeFormat::Auto => iso::parse(text.as_bytes()),
            epoch => return per_unit(epoch).is_some_and(|scale| epoch_text(text, scale).is_some()),
        };
        let rejects = [&self.on_gap, &self.on_overlap].contains(&&LocalPolicy::Reject);
        match iso {
            Some(Iso::Naive(local)) if rejects => {
                let raw: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![local]));
                instants(&raw, self).is_some_and(|read| read.unreadable.is_none())
            }
            other => other.is_some(),
        }
    }

    /// What the file's own types say, local times in `zone`.
    pub fn plain(zone: TimeZone) -> Self {
        Self { format: TimeFormat::Auto, zone, on_gap: LocalPolicy::Later, on_overlap: LocalPolicy::Earlier }
    }
}

/// A column of instants.
#[derive(Debug)]
pub(crate) struct Instants {
    /// Null where there is no value, or none that is an instant.
    pub array: TimestampMicrosecondArray,
    /// Local times that the policy for gaps and overlaps has decided.
    pub moved: Option<BooleanArray>,
    /// The first row with a value that is no instant.
    pub unreadable: Option<usize>,
}

/// `None` when values of this type are never read so (integers without a format).
pub(crate) fn instants(raw: &ArrayRef, reading: &Reading) -> Option<Instants> {
    let mut out = Sink::new(raw.len(), reading);
    match (raw.data_type(), &reading.format) {
        (DataType::Null, _) => out.nulls(raw.len()),
        (DataType::Timestamp(unit, zone), _) => {
            let aware = zone.is_some();
            match unit {
                TimeUnit::Second => out.stamps::<TimestampSecondType>(raw, aware, |n| n.checked_mul(1_000_000)),
                TimeUnit::Millisecond => out.stamps::<TimestampMillisecondType>(raw, aware, |n| n.checked_mul(1_000)),
                TimeUnit::Microsecond => out.stamps::<TimestampMicrosecondType>(raw, aware, Some),
                TimeUnit::Nanosecond => {
                    out.stamps::<TimestampNanosecondType>(raw, aware, |n| Some(n.div_euclid(1_000)))
                }
            }
        }
        (DataType::Date64, _) => out.stamps::<Date64Type>(raw, false, |n| n.checked_mul(1_000)),
        (DataType::Date32, _) => {
            out.each(raw.as_primitive::<Date32Type>(), |out, day| out.day(i64::from(day)));
        }
        (DataType::Utf8View, TimeFormat::Pattern(pattern)) => {
            out.texts(raw, |out, text| match by_pattern(pattern, text) {
                Some(read) => out.iso(read),
                None => out.unreadable(),
            });
        }
        (DataType::Utf8View, TimeFormat::Auto) => {
            out.texts(raw, |out, text| match iso::parse(text.as_bytes()) {
                Some(read) => out.iso(read),
                None => out.unreadable(),
            });
        }
        (DataType::Utf8View, epoch) => {
            let scale = per_unit(epoch)?;
            out.texts(raw, |out, text| out.utc(epoch_text(text, scale)));
        }
        (DataType::Int64, TimeFormat::Pattern(pattern)) => {
            out.each(raw.as_primitive::<Int64Type>(), |out, n| match by_pattern(pattern, &n.to_string()) {
                Some(read) => out.iso(read),
                None => out.unreadable(),
            });
        }
        (DataType::Int64, epoch) => {
            let scale = per_unit(epoch)?;
            out.each(raw.as_primitive::<Int64Type>(), |out, n| out.utc(n.checked_mul(scale)));
        }
        (DataType::UInt64, epoch) => {
            let scale = per_unit(epoch)?;
            let micros = |n: u64| i64::try_from(n).ok().and_then(|n| n.checked_mul(scale));
            out.each(raw.as_primitive::<UInt64Type>(), |out, n| out.utc(micros(n)));
        }
        (DataType::Float64, epoch) => {
            let scale = per_unit(epoch)?;
            out.each(raw.as_primitive::<Float64Type>(), |out, n| out.utc(rounded(n, scale)));
        }
        (DataType::Decimal128(_, places), epoch) => {
            let scale = per_unit(epoch)?;
            let unit = 10i128.checked_pow(u32::try_from(*places).ok()?)?;
            let micros =
                |n: i128| n.checked_mul(i128::from(scale)).and_then(|n| i64::try_from(n.div_euclid(unit)).ok());
            out.each(raw.as_primitive::<Decimal128Type>(), |out, n| out.utc(micros(n)));
        }
        _ => return None,
    }
    Some(out.finish())
}

fn per_unit(format: &TimeFormat) -> Option<i64> {
    match format {
        TimeFormat::EpochSeconds => Some(1_000_000),
        TimeFormat::EpochMilliseconds => Some(1_000),
        TimeFormat::EpochMicroseconds => Some(1),
        TimeFormat::Auto | TimeFormat::Pattern(_) => None,
    }
}

/// Microseconds since 1970 of a number of units.
fn epoch_text(text: &str, scale: i64) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(n) => n.checked_mul(scale),
        Err(_) => text.parse::<f64>().ok().and_then(|n| rounded(n, scale)),
    }
}

fn rounded(number: f64, scale: i64) -> Option<i64> {
    let micros = (number * scale as f64).round();
    // Within this range a float has room for whole numbers, and the cast is exact.
    (micros.abs() < 9e18).then_some(micros as i64)
}

/// What a text says by strptime directives.
pub(crate) fn by_pattern(pattern: &str, text: &str) -> Option<Iso> {
    let parts = strtime::parse(pattern, text).ok()?;
    if let Some(stamp) = parts.timestamp() {
        return Some(Iso::Aware(stamp.as_microsecond()));
    }
    let date = parts.to_date().ok()?;
    let day = iso::days(i64::from(date.year()), u32::try_from(date.month()).ok()?, u32::try_from(date.day()).ok()?)?;
    if parts.offset().is_some() {
        return Some(Iso::Aware(parts.to_timestamp().ok()?.as_microsecond()));
    }
    if parts.hour().is_none() {
        return Some(Iso::Date(day));
    }
    let time = parts.to_time().ok()?;
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    Some(Iso::Naive(i64::from(day) * DAY + seconds * 1_000_000 + i64::from(time.subsec_nanosecond()) / 1_000))
}

/// Collects instants, and what was odd about them.
struct Sink<'a> {
    reading: &'a Reading,
    clock: Clock,
    values: Vec<i64>,
    valid: BooleanBufferBuilder,
    moved: Option<BooleanBufferBuilder>,
    unreadable: Option<usize>,
}

impl<'a> Sink<'a> {
    fn new(rows: usize, reading: &'a Reading) -> Self {
        Self {
            reading,
            clock: Clock::new(reading.zone.clone()),
            values: Vec::with_capacity(rows),
            valid: BooleanBufferBuilder::new(rows),
            moved: None,
            unreadable: None,
        }
    }

    fn null(&mut self) {
        self.values.push(0);
        self.valid.append(false);
    }

    fn nulls(&mut self, rows: usize) {
        self.values.resize(self.values.len() + rows, 0);
        self.valid.append_n(rows, false);
    }

    fn unreadable(&mut self) {
        self.unreadable.get_or_insert(self.values.len());
        self.null();
    }

    fn utc(&mut self, micros: Option<i64>) {
        let range = Timestamp::MIN.as_microsecond()..=Timestamp::MAX.as_microsecond();
        match micros.filter(|n| range.contains(n)) {
            Some(n) => {
                self.values.push(n);
                self.valid.append(true);
            }
            None => self.unreadable(),
        }
    }

    fn naive(&mut self, micros: Option<i64>) {
        let Some(local) = micros else { return self.unreadable() };
        let (policy, before, after) = match self.clock.instant(local) {
            Some(Local::One(n)) => return self.utc(Some(n)),
            // The offset before an overlap gives the first of the two; in a gap it gives the later instant.
            Some(Local::Twice { first, second }) => (self.reading.on_overlap, first, second),
            Some(Local::Never { earlier, later }) => (self.reading.on_gap, earlier, later),
            None => return self.unreadable(),
        };
        let at = match policy {
            LocalPolicy::Earlier => before,
            LocalPolicy::Later => after,
            LocalPolicy::Reject => return self.unreadable(),
        };
        let row = self.values.len();
        let moved = self.moved.get_or_insert_with(|| BooleanBufferBuilder::new(row + 1));
        moved.append_n(row.saturating_sub(moved.len()), false);
        moved.append(true);
        self.utc(Some(at));
    }

    /// The first instant of a day.
    fn day(&mut self, day: i64) {
        let Some(local) = day.checked_mul(DAY) else { return self.unreadable() };
        match self.clock.instant(local) {
            Some(Local::One(n) | Local::Twice { first: n, .. }) => self.utc(Some(n)),
            Some(Local::Never { later, .. }) => self.utc(Some(self.clock.change_before(later))),
            None => self.unreadable(),
        }
    }

    fn iso(&mut self, read: Iso) {
        match read {
            Iso::Date(day) => self.day(i64::from(day)),
            Iso::Naive(local) => self.naive(Some(local)),
            Iso::Aware(micros) => self.utc(Some(micros)),
        }
    }

    fn each<T: ArrowPrimitiveType>(&mut self, raw: &PrimitiveArray<T>, mut take: impl FnMut(&mut Self, T::Native)) {
        for value in raw {
            match value {
                Some(value) => take(self, value),
                None => self.null(),
            }
        }
    }

    fn stamps<T>(&mut self, raw: &ArrayRef, aware: bool, micros: fn(i64) -> Option<i64>)
    where
        T: ArrowPrimitiveType<Native = i64>,
    {
        self.each(raw.as_primitive::<T>(), |out, n| if aware { out.utc(micros(n)) } else { out.naive(micros(n)) });
    }

    fn texts(&mut self, raw: &ArrayRef, mut take: impl FnMut(&mut Self, &str)) {
        for value in raw.as_string_view() {
            match value {
                Some(text) if !crate::sources::text::is_blank(text) => take(self, text),
                _ => self.null(),
            }
        }
    }

    fn finish(mut self) -> Instants {
        let rows = self.values.len();
        let nulls = datafusion::arrow::buffer::NullBuffer::new(self.valid.finish());
        let nulls = Some(nulls).filter(|n| n.null_count() > 0);
        let array = TimestampMicrosecondArray::new(self.values.into(), nulls).with_timezone(Arc::from("UTC"));
        let moved = self.moved.map(|mut moved| {
            moved.append_n(rows.saturating_sub(moved.len()), false);
            BooleanArray::new(moved.finish(), None)
        });
        Instants { array, moved, unreadable: self.unreadable }
    }
}
