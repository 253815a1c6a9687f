//! Times where calendars are hard.

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use kepi_lang::calendar::{Calendar, Grain, Interval};

use crate::random::Random;

/// The stretch of time that a project's events lie in.
#[derive(Clone, Debug)]
pub struct Moment {
    pub calendar: Calendar,
    first: Date,
    days: i64,
    start: Timestamp,
    end: Timestamp,
    /// Clock changes of the project's zone in it.
    changes: Vec<Timestamp>,
}

/// The turn of the clocks in both directions, leap days, a week 53, the turn of years, a day that Samoa never had.
const ANCHORS: [Date; 10] = [
    date(2024, 3, 31),
    date(2024, 10, 27),
    date(2024, 3, 10),
    date(2024, 2, 29),
    date(2023, 2, 28),
    date(2021, 1, 1),
    date(2020, 12, 31),
    date(2011, 12, 30),
    date(2018, 11, 4),
    date(2022, 3, 27),
];

impl Moment {
    pub fn new(random: &mut Random, calendar: Calendar) -> Self {
        let days = random.one(&[1, 3, 10, 40, 120, 400]);
        let first = random.one(&ANCHORS) - random.range(0, days).days();
        let (start, end) = (calendar.date_start(first), calendar.date_start(first + (days + 1).days()));
        let changes = calendar.zone.following(start).map(|c| c.timestamp()).take_while(|t| *t < end).collect();
        Self { calendar, first, days, start, end, changes }
    }

    /// Whether it has few hours.
    pub fn is_short(&self) -> bool {
        self.days <= 10
    }

    pub fn date(&self, random: &mut Random) -> Date {
        self.first + random.range(0, self.days).days()
    }

    /// Any instant of it, often on a boundary or near a clock change.
    pub fn instant(&self, random: &mut Random) -> Timestamp {
        let micros = |n: i64| SignedDuration::from_micros(n);
        match random.below(20) {
            0..=4 => self.calendar.date_start(self.date(random)) + micros(random.one(&[0, 0, 0, -1, 1, -1_000_000])),
            5..=8 if !self.changes.is_empty() => {
                random.one(&self.changes) + micros(random.range(-7200, 7200) * random.one(&[1, 1_000_000]))
            }
            _ => {
                let second = self.start.as_second()
                    + random.below((self.end.as_second() - self.start.as_second()) as usize) as i64;
                Timestamp::from_second(second).expect("an instant")
            }
        }
    }

    /// A local time of a zone, often one that is skipped or repeated there.
    pub fn local(&self, random: &mut Random, zone: &TimeZone) -> DateTime {
        let changes: Vec<Timestamp> =
            zone.following(self.start).map(|c| c.timestamp()).take_while(|t| *t < self.end).collect();
        if !changes.is_empty() && random.chance(30) {
            let before = zone.to_datetime(random.one(&changes) - SignedDuration::from_secs(1));
            return before + SignedDuration::from_secs(1 + 60 * random.range(-70, 70));
        }
        zone.to_datetime(self.instant(random))
    }

    /// An instant after another, near it.
    pub fn after(&self, random: &mut Random, last: Timestamp) -> Timestamp {
        last + SignedDuration::from_micros(random.one(&[
            1,
            1_000_000,
            3_600_000_000,
            86_400_000_000,
            3_000_000_000_000,
        ]))
    }

    /// A grain and a range that is not too many periods of it.
    pub fn asked(&self, random: &mut Random) -> (Option<Grain>, Interval) {
        let grains: &[Grain] = match self.days {
            ..=3 => &[Grain::Hour, Grain::Day, Grain::Day, Grain::Week],
            4..=10 => &[Grain::Day, Grain::Week, Grain::Month],
            11..=40 => &[Grain::Day, Grain::Week, Grain::Month, Grain::Quarter],
            _ => &[Grain::Week, Grain::Month, Grain::Month, Grain::Quarter, Grain::Year],
        };
        let grain = random.one(grains);
        let from = self.calendar.date_start(self.first - random.range(0, 1).days());
        let whole = Interval {
            start: from,
            end: self.calendar.date_start(self.first + (self.days + random.range(0, 2)).days()),
        };
        if random.chance(12) {
            return (None, if random.chance(15) { Interval::ALL } else { whole });
        }
        let periods = self.calendar.periods(whole, grain).expect("few periods");
        let start = random.below(periods.len());
        let count = 1 + random.below(8);
        let last = (start + count).min(periods.len()) - 1;
        (Some(grain), Interval { start: periods[start].interval.start, end: periods[last].interval.end })
    }
}
