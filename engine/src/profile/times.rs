//! When things happened, and when nothing did.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use jiff::Timestamp;
use kepi_lang::profile::{TimeGrain, Times};

use crate::profile::kept::Hours;

const HOUR: i64 = 3_600_000_000;
/// Hours with rows that are kept one by one: more than a hundred years.
const MAX_HOURS: usize = 1 << 20;
/// Runs without a row that are named.
const GAPS: usize = 5;
/// Steps of a histogram, about.
const STEPS: i64 = 24;

#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    hours: Hours,
    first: Option<i64>,
    last: Option<i64>,
    /// Hours between those that are kept: 1, or a day once there are too many.
    coarse: bool,
    /// Rows of the first instant of 1970.
    zero: u64,
}

impl Line {
    /// Microseconds since 1970.
    pub fn see(&mut self, at: i64) {
        // Midnight of 1 January 1970 is what programs write for none: fifty years of gap would hide all others.
        if at == 0 {
            self.zero += 1;
            return;
        }
        self.take(at, 1);
    }

    fn take(&mut self, at: i64, rows: u64) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        let hour = at.div_euclid(HOUR);
        let slot = if self.coarse { hour.div_euclid(24) * 24 } else { hour };
        *self.hours.entry(slot).or_default() += rows;
        if self.hours.len() > MAX_HOURS && !self.coarse {
            self.coarse = true;
            let fine = std::mem::take(&mut self.hours);
            for (hour, count) in fine {
                *self.hours.entry(hour.div_euclid(24) * 24).or_default() += count;
            }
        }
    }

    /// Instants or dates.
    pub fn see_all(&mut self, array: &ArrayRef) {
        match array.data_type() {
            DataType::Timestamp(..) => {
                array.as_primitive::<TimestampMicrosecondType>().iter().flatten().for_each(|at| self.see(at));
            }
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>().iter().flatten();
                days.for_each(|day| self.see(i64::from(day) * 24 * HOUR));
            }
            _ => {}
        }
    }

    pub fn finish(mut self, unreadable: u64) -> Option<Times> {
        if self.first.is_none() && self.zero > 0 {
            self.take(0, self.zero);
        }
        let (first, last) = (self.first?, self.last?);
        let mut days: Vec<i64> = self.hours.keys().map(|hour| hour.div_euclid(24)).collect();
        days.dedup();
        let mut gaps: Vec<(i64, i64)> = days
            .iter()
            .zip(days.iter().skip(1))
            .filter(|(day, next)| *next - *day > 1)
            .map(|(day, next)| (day + 1, next - 1))
            .collect();
        let gap_count = gaps.len() as u64;
        gaps.sort_by_key(|(from, to)| (from - to, *from));
        gaps.truncate(GAPS);
        let from = first.div_euclid(HOUR);
        let hours = last.div_euclid(HOUR) - from + 1;
        let grain = step(hours);
        let width = match grain {
            TimeGrain::Hours(n) => i64::from(n),
            TimeGrain::Days(n) => i64::from(n) * 24,
        };
        // Steps begin at whole multiples, so that they are whole days or hours of the clock.
        let begin = if matches!(grain, TimeGrain::Days(_)) { from.div_euclid(24) * 24 } else { from };
        let steps = ((last.div_euclid(HOUR) - begin) / width + 1).max(1);
        let mut counts = vec![0; usize::try_from(steps).ok()?];
        for (hour, count) in &self.hours {
            let at = (hour - begin).div_euclid(width).max(0);
            if let Some(slot) = usize::try_from(at).ok().and_then(|at| counts.get_mut(at)) {
                *slot += count;
            }
        }
        let span = days.last()? - days.first()? + 1;
        Some(Times {
            first: Timestamp::from_microsecond(first).ok()?,
            last: Timestamp::from_microsecond(last).ok()?,
            days: days.len() as u64,
            span_days: u64::try_from(span).ok()?,
            gaps,
            gap_count,
            grain,
            counts,
            unreadable,
        })
    }
}

/// The step that gives about [`STEPS`] of them.
fn step(hours: i64) -> TimeGrain {
    let days = hours / 24 + 1;
    match hours {
        ..=48 => TimeGrain::Hours(1 + u32::try_from(hours / (STEPS + 1)).unwrap_or(0)),
        49..=144 => TimeGrain::Hours(6),
        _ => {
            let nice = [1, 2, 7, 14, 28, 91, 182, 365];
            let wanted = days / STEPS;
            let n = nice.iter().find(|n| **n >= wanted).copied().unwrap_or_else(|| wanted.div_euclid(365).max(1) * 365);
            TimeGrain::Days(u32::try_from(n).unwrap_or(u32::MAX))
        }
    }
}
