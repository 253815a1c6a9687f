//! Windows that end with a period, and periods moved back in time.

use jiff::civil::{DateTime, Time};
use jiff::{SignedDuration, Timestamp};

use crate::calendar::civil::{add_months, date_from, day_number};
use crate::calendar::{Calendar, Grain, Interval, Length, Period, SpanUnit, Window};

impl Calendar {
    /// The window that belongs to a period.
    ///
    /// * `over 28 days`: the last 28 civil days before the period's end; weeks are 7 days.
    /// * `over 2 months`: the days d' with d - 2 months < d' <= d, d the period's last day; quarters and years likewise.
    /// * Hours and shorter: elapsed time.
    /// * Where the end is not the end of a day, the window begins at the same time of day.
    /// * `over 2 periods`: the interval and the one of its own length before it.
    /// * To date: from the start of the grain's period that holds the last instant.
    ///
    /// An interval without an end has every window without bounds.
    pub fn window(&self, window: Window, of: Interval) -> Interval {
        if of.end == Timestamp::MAX {
            return Interval::ALL;
        }
        let start = match window {
            Window::AllTime => Timestamp::MIN,
            Window::ToDate(grain) => self.floor(of.last_instant(), grain),
            Window::Trailing(Length { count, unit: SpanUnit::Period }) => {
                let one = Self::total(of);
                self.step_range(&one, -(i64::from(count) - 1)).interval.start
            }
            Window::Trailing(length) => self.trailing_start(of.end, length),
        };
        Interval { start: start.min(of.end), end: of.end }
    }

    /// The stretch of a length that ends at an instant, as one measures it: whole periods where the instant ends one (the
    /// quarter before 1 July begins on 1 April, the month before 1 March on 1 February), else the trailing window.
    pub fn before(&self, end: Timestamp, length: Length) -> Interval {
        let trailing = self.window(Window::Trailing(length), Interval { start: end, end });
        let civil = length.unit.grain().filter(|grain| *grain >= Grain::Day);
        let (Some(grain), false) = (civil, end == Timestamp::MIN || end == Timestamp::MAX) else { return trailing };
        let day = self.date_of(end);
        let start = if self.floor(end, grain) == end {
            self.boundary(grain, self.index(grain, day) - i64::from(length.count))
        } else if let (Some(months), true) = (length.months(), self.floor(end, Grain::Month) == end) {
            self.boundary(Grain::Month, self.index(Grain::Month, day) - months)
        } else {
            return trailing;
        };
        Interval { start: start.min(end), end }
    }

    /// The instant a length after another: elapsed time, weeks of 7 and days of 24 hours; months and longer on the wall clock.
    pub fn after(&self, t: Timestamp, length: Length) -> Timestamp {
        if t == Timestamp::MAX {
            return t;
        }
        match (length.milliseconds(), length.months(), length.days()) {
            (Some(milliseconds), ..) => {
                t.checked_add(SignedDuration::from_millis(milliseconds)).unwrap_or(Timestamp::MAX)
            }
            (_, Some(months), _) => self.shift_months(t, months, Bound::Start),
            (_, _, Some(days)) => {
                t.checked_add(SignedDuration::from_hours(days.saturating_mul(24))).unwrap_or(Timestamp::MAX)
            }
            _ => t,
        }
    }

    fn trailing_start(&self, end: Timestamp, length: Length) -> Timestamp {
        if let Some(milliseconds) = length.milliseconds() {
            return end.checked_sub(SignedDuration::from_millis(milliseconds)).unwrap_or(Timestamp::MIN);
        }
        let last_day = self.date_of(super::previous(end));
        let whole_days = self.next(super::previous(end), Grain::Day) == end;
        if let (Some(months), true) = (length.months(), whole_days) {
            let start = add_months(last_day, -months).and_then(|date| date_from(day_number(date) + 1));
            return start.map_or(Timestamp::MIN, |date| self.date_start(date));
        }
        self.shift(end, length, Bound::Start)
    }

    /// The interval that `ago` and `change` compare with: the bounds moved back in civil time.
    ///
    /// * Days and longer move the bounds on the wall clock; hours and shorter by elapsed time.
    /// * A day that the target month lacks becomes its last day (29 February -> 28 February); as the end of a range of whole
    ///   days it becomes the end of that month, so that no day vanishes and whole months stay whole.
    /// * A period of a month, quarter or year moves by whole periods where the length is a multiple of it (fiscal ones too).
    /// * Periods of a week move by 52 weeks a year, so that weekdays stay together.
    /// * `1 period` is one period of the grain; of a range as one period its own length: in months where it consists of
    ///   calendar months, in days where it consists of days, else elapsed.
    ///
    /// Missing bounds stay missing.
    pub fn shift_back(&self, interval: Interval, length: Length, grain: Option<Grain>) -> Interval {
        let length = match (length.unit, grain) {
            (SpanUnit::Year, Some(Grain::Week)) => {
                Length { count: length.count.saturating_mul(52), unit: SpanUnit::Week }
            }
            (SpanUnit::Period, None) => {
                return self.step_range(&Self::total(interval), -i64::from(length.count)).interval;
            }
            (SpanUnit::Period, Some(grain)) => {
                if self.is_period(interval, grain) {
                    let period = self.period_at(interval.start, grain);
                    return self.step(&period, -i64::from(length.count)).interval;
                }
                Length { count: length.count, unit: grain.unit() }
            }
            _ => length,
        };
        if let (Some(months), Some(grain)) = (length.months(), grain) {
            let own = Length { count: 1, unit: grain.unit() }.months();
            if let Some(own) = own.filter(|own| months % own == 0 && self.is_period(interval, grain)) {
                let period = self.period_at(interval.start, grain);
                return self.step(&period, -(months / own)).interval;
            }
        }
        self.moved(interval, length)
    }

    /// Both bounds moved back.
    fn moved(&self, interval: Interval, length: Length) -> Interval {
        let start = self.shift(interval.start, length, Bound::Start);
        let end = self.shift(interval.end, length, Bound::End);
        Interval { start, end: end.max(start) }
    }

    fn is_period(&self, interval: Interval, grain: Grain) -> bool {
        self.floor(interval.start, grain) == interval.start && self.next(interval.start, grain) == interval.end
    }

    /// An instant moved back by a length (negative counts are not lengths: see [`Calendar::step_range`]).
    fn shift(&self, t: Timestamp, length: Length, bound: Bound) -> Timestamp {
        if t == Timestamp::MIN || t == Timestamp::MAX {
            return t;
        }
        if let Some(milliseconds) = length.milliseconds() {
            return t.checked_sub(SignedDuration::from_millis(milliseconds)).unwrap_or(Timestamp::MIN);
        }
        match (length.months(), length.days()) {
            (Some(months), _) => self.shift_months(t, -months, bound),
            (_, Some(days)) => self.shift_days(t, -days),
            _ => t,
        }
    }

    /// What the clock shows at a bound; the start of a day is its midnight, even where the clock skipped that.
    fn wall(&self, t: Timestamp) -> DateTime {
        let date = self.date_of(t);
        if self.date_start(date) == t { date.to_datetime(Time::midnight()) } else { self.local(t) }
    }

    fn shift_days(&self, t: Timestamp, days: i64) -> Timestamp {
        let wall = self.wall(t);
        match day_number(wall.date()).checked_add(days).and_then(date_from) {
            Some(date) => self.first_instant(date.to_datetime(wall.time())),
            None => bound_of(days),
        }
    }

    fn shift_months(&self, t: Timestamp, months: i64, bound: Bound) -> Timestamp {
        let wall = self.wall(t);
        let Some(mut date) = add_months(wall.date(), months) else { return bound_of(months) };
        if bound == Bound::End && wall.time() == Time::midnight() && date.day() < wall.day() {
            date = date.tomorrow().unwrap_or(date);
        }
        self.first_instant(date.to_datetime(wall.time()))
    }

    /// A range moved by `n` times its own length.
    pub(super) fn step_range(&self, period: &Period, n: i64) -> Period {
        let interval = period.interval;
        let unbounded = interval.start == Timestamp::MIN || interval.end == Timestamp::MAX;
        if unbounded || interval.is_empty() || n == 0 {
            return period.clone();
        }
        let (from, to) = (self.wall(interval.start), self.wall(interval.end));
        let whole_days = [from, to].iter().all(|wall| wall.time() == Time::midnight());
        let first_of_month = [from, to].iter().all(|wall| wall.day() == 1);
        let moved = if whole_days && first_of_month {
            let count = |wall: &DateTime| i64::from(wall.year()) * 12 + i64::from(wall.month());
            let by = (count(&to) - count(&from)).saturating_mul(n);
            [interval.start, interval.end].map(|t| self.shift_months(t, by, Bound::Start))
        } else if whole_days {
            let by = (day_number(to.date()) - day_number(from.date())).saturating_mul(n);
            [interval.start, interval.end].map(|t| self.shift_days(t, by))
        } else {
            let width = interval.end.duration_since(interval.start).as_nanos();
            let by = width.saturating_mul(i128::from(n));
            [interval.start, interval.end].map(|t| {
                let moved = t.as_nanosecond().saturating_add(by);
                Timestamp::from_nanosecond(moved).unwrap_or_else(|_| bound_of(n))
            })
        };
        Period { interval: Interval { start: moved[0], end: moved[1] }, ..period.clone() }
    }
}

/// Which end of a range an instant is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    Start,
    End,
}

fn bound_of(direction: i64) -> Timestamp {
    if direction < 0 { Timestamp::MIN } else { Timestamp::MAX }
}
