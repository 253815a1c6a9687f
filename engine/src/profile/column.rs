//! One column, value by value.

use std::cmp::Ordering;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use datafusion::arrow::datatypes::DataType;
use kepi_lang::ir::ScalarType;
use kepi_lang::profile::{Column, Histogram, Numbers, QUANTILES};
use kepi_lang::value::Value;

use crate::profile::kept::{Distinct, Sample, Top, quantile};
use crate::profile::suspect;
use crate::profile::times::Line;
use crate::profile::values::{One, each};
use crate::sources::convert::{Refused, Target};
use crate::sources::table::RawColumn;
use crate::sources::times::by_pattern;

/// How much is kept of each column, the less the more there are: about half a gigabyte in all.
pub(super) struct Limits {
    /// Hashes of different values.
    hashes: usize,
    /// Values with their counts.
    counted: usize,
    /// Numbers, for quantiles.
    numbers: usize,
}

impl Limits {
    pub fn of(columns: usize) -> Self {
        let each = |all: usize, least: usize, most: usize| (all / columns.max(1)).clamp(least, most);
        Self {
            hashes: each(1 << 23, 1 << 14, 1 << 20),
            counted: each(1 << 20, 1 << 10, 1 << 15),
            numbers: each(1 << 23, 1 << 14, 1 << 20),
        }
    }
}

/// Frequent values that are told.
const TOLD: usize = 20;
const BINS: usize = 12;

/// Ways in which times are written other than ISO 8601; of two that fit all values the first is taken.
pub(super) const PATTERNS: [&str; 12] = [
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%Y%m%d",
];

pub(super) struct Seen {
    raw: RawColumn,
    target: Target,
    nulls: u64,
    blanks: u64,
    empty: u64,
    distinct: Distinct,
    top: Top,
    min: Option<Value>,
    max: Option<Value>,
    sum: Sum,
    count: u64,
    numbers: Sample,
    negative: u64,
    zero: u64,
    whole: bool,
    line: Line,
    epoch_zero: u64,
    lengths: Option<(u64, u64)>,
    patterns: Vec<&'static str>,
}

/// A sum with its rounding errors (Neumaier 1974).
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }
}

impl Seen {
    pub fn new(raw: &RawColumn, target: Target, limits: &Limits) -> Self {
        Self {
            raw: raw.clone(),
            target,
            nulls: 0,
            blanks: 0,
            empty: 0,
            distinct: Distinct::new(limits.hashes),
            top: Top::new(limits.counted),
            min: None,
            max: None,
            sum: Sum::default(),
            count: 0,
            numbers: Sample::new(limits.numbers),
            negative: 0,
            zero: 0,
            whole: true,
            line: Line::default(),
            epoch_zero: 0,
            lengths: None,
            patterns: PATTERNS.to_vec(),
        }
    }

    /// Takes a batch's values in; each row's hash is mixed into `rows`.
    pub fn see(&mut self, raw: &ArrayRef, rows: &mut [u64]) {
        if raw.data_type() == &DataType::Utf8View {
            for text in raw.as_string_view().iter().flatten() {
                self.empty += u64::from(text.is_empty());
                self.blanks += u64::from(!text.is_empty() && text.trim().is_empty());
            }
        }
        let array = match self.target.convert(raw) {
            Ok(converted) => converted.array,
            // The type was read off all values; where that is not so the values are text.
            Err(Refused::Value { .. }) if raw.data_type() == &DataType::Utf8View => {
                self.target.ty = ScalarType::Text;
                raw.clone()
            }
            Err(_) => new_null_array(&DataType::Boolean, raw.len()),
        };
        self.line.see_all(&array);
        let mut row = rows.iter_mut();
        let text_is_blank = self.target.blank;
        each(&array, &mut |one| {
            let one = one.filter(|one| !matches!(one, One::Text(text) if text_is_blank && text.trim().is_empty()));
            let hash = one.map_or(0x6e75_6c6c, One::hash);
            if let Some(row) = row.next() {
                *row = row.rotate_left(5).wrapping_mul(0x517c_c1b7_2722_0a95) ^ hash;
            }
            match one {
                None => self.nulls += 1,
                Some(one) => self.see_one(one, hash),
            }
        });
    }

    fn see_one(&mut self, one: One, hash: u64) {
        self.count += 1;
        self.distinct.see(hash);
        self.top.see(hash, || one.short());
        if is_less(one, self.min.as_ref()) {
            self.min = Some(one.value());
        }
        if is_more(one, self.max.as_ref()) {
            self.max = Some(one.value());
        }
        if let Some(number) = one.number() {
            self.sum.add(number);
            self.numbers.see(number);
            self.negative += u64::from(number < 0.0);
            self.zero += u64::from(number == 0.0);
            self.whole &= number.fract() == 0.0;
        }
        match one {
            One::Instant(0) => self.epoch_zero += 1,
            // Kept for what lies far from all others.
            One::Instant(at) => self.numbers.see(at as f64),
            One::Date(day) => {
                self.epoch_zero += u64::from(day == 0);
                self.numbers.see(f64::from(day) * 86_400e6);
            }
            One::Text(text) => {
                let length = text.chars().count() as u64;
                self.lengths = Some(self.lengths.map_or((length, length), |(a, b)| (a.min(length), b.max(length))));
                if !self.patterns.is_empty() {
                    self.patterns.retain(|pattern| {
                        text.starts_with(|c: char| c.is_ascii_digit()) && by_pattern(pattern, text).is_some()
                    });
                }
            }
            _ => {}
        }
    }

    /// `rows`: all that were looked at.
    pub fn finish(self, rows: u64) -> Column {
        let ty = self.raw.ty.map(|_| self.target.ty);
        let distinct = self.distinct.count();
        let exact = self.top.is_exact();
        let sorted = self.numbers.sorted();
        let is_number = ty.is_some_and(ScalarType::is_number);
        let is_time = matches!(ty, Some(ScalarType::Instant | ScalarType::Date));
        let counted = self.top.sorted();
        let seen = suspect::Seen {
            ty,
            rows,
            nulls: self.nulls,
            blanks: self.blanks,
            epoch_zero: self.epoch_zero,
            distinct,
            counted: &counted,
            exact,
            sorted: &sorted,
            weight: self.numbers.weight(),
            note: self.raw.note.as_deref(),
        };
        let suspicions = suspect::all(&seen);
        let numbers = if is_number && self.count > 0 {
            let at = |q: u8| quantile(&sorted, f64::from(q) / 100.0).unwrap_or_default();
            Some(Numbers {
                mean: (self.sum.sum + self.sum.lost) / self.count as f64,
                quantiles: QUANTILES.map(at),
                about: !self.numbers.is_exact(),
                negative: self.negative,
                zero: self.zero,
                whole: self.whole,
                histogram: histogram(&sorted, self.numbers.weight()),
            })
        } else {
            None
        };
        Column {
            name: self.raw.name,
            ty,
            naive: self.raw.naive,
            physical: self.raw.physical,
            note: self.raw.note,
            nulls: self.nulls,
            blanks: self.blanks,
            empty: self.empty,
            distinct,
            min: self.min.unwrap_or(Value::Null),
            max: self.max.unwrap_or(Value::Null),
            top: counted.into_iter().take(TOLD).collect(),
            top_about: !exact,
            numbers,
            times: if is_time { self.line.finish(0) } else { None },
            lengths: self.lengths,
            time_patterns: if self.count > 0 && ty == Some(ScalarType::Text) {
                self.patterns.into_iter().map(str::to_owned).collect()
            } else {
                Vec::new()
            },
            suspicions,
        }
    }
}

fn is_less(one: One, other: Option<&Value>) -> bool {
    other.is_none_or(|other| compare(one, other) == Ordering::Less)
}

fn is_more(one: One, other: Option<&Value>) -> bool {
    other.is_none_or(|other| compare(one, other) == Ordering::Greater)
}

fn compare(one: One, other: &Value) -> Ordering {
    match (one, other) {
        (One::Text(text), Value::Text(other)) => text.cmp(other.as_str()),
        (One::Int(n), Value::Int(m)) => i128::from(n).cmp(m),
        (one, other) => one.value().cmp(other),
    }
}

/// Equal steps; where the outermost hundredths lie far out they are counted apart.
fn histogram(sorted: &[f64], weight: u64) -> Histogram {
    let (Some(min), Some(max)) = (sorted.first().copied(), sorted.last().copied()) else { return Histogram::default() };
    let (p1, p99) = (quantile(sorted, 0.01).unwrap_or(min), quantile(sorted, 0.99).unwrap_or(max));
    let far = p99 > p1 && max - min > 5.0 * (p99 - p1);
    let (from, to) = if far { (p1, p99) } else { (min, max) };
    if to <= from {
        return Histogram { from, to, counts: vec![sorted.len() as u64 * weight], below: 0, above: 0 };
    }
    let mut found = Histogram { from, to, counts: vec![0; BINS], below: 0, above: 0 };
    for value in sorted {
        let place = ((value - from) / (to - from) * BINS as f64).floor();
        if *value < from {
            found.below += weight;
        } else if *value > to {
            found.above += weight;
        } else if let Some(slot) = found.counts.get_mut((place as usize).min(BINS - 1)) {
            *slot += weight;
        }
    }
    found
}
