//! Whole products out of a seed: who comes, what they do, what they pay and say, as several tables in several formats.
//!
//! Each world has growth, a season, people who stay and people who leave, one release that helps and one that hurts, rows that
//! are delivered twice, rows of tests and lines that cannot be read. A day of a person is drawn from the seed, the person and
//! the day alone.

mod marketplace;
mod music;
mod saas;
mod streaming;

use std::path::Path;

use jiff::civil::{Date, date};

use crate::generate::random::Random;
use crate::generate::tables::{Cell, Line, Spec, Tables};
use crate::generate::{GenerateError, app};

pub(super) const DAY_US: i64 = 86_400_000_000;
const SECOND_US: i64 = 1_000_000;

/// A product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// Video: watching, ratings.
    Streaming,
    /// Listening, playlists, subscriptions.
    Music,
    /// Homes to stay in: searches, bookings, hosts who answer, reviews.
    Marketplace,
    /// Software for companies: accounts, subscriptions, usage, surveys, tickets.
    Saas,
}

/// How large a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Viewers, listeners, guests or accounts, in all.
    pub actors: u32,
    pub days: u32,
    /// The first day after the last.
    pub end: Date,
    pub seed: u64,
}

impl World {
    pub const ALL: [Self; 4] = [Self::Streaming, Self::Music, Self::Marketplace, Self::Saas];

    pub fn name(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Music => "music",
            Self::Marketplace => "marketplace",
            Self::Saas => "saas",
        }
    }

    /// The world with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|world| world.name() == name)
    }

    fn specs(self) -> &'static [Spec] {
        match self {
            Self::Streaming => &streaming::SPECS,
            Self::Music => &music::SPECS,
            Self::Marketplace => &marketplace::SPECS,
            Self::Saas => &saas::SPECS,
        }
    }

    /// The names of its files.
    pub fn files(self) -> Vec<String> {
        self.specs().iter().map(Spec::file).collect()
    }

    /// The size of the examples that ship with kepi: a year to the end of September 2026.
    pub fn usual(self) -> Size {
        let actors = match self {
            Self::Streaming => 700,
            Self::Music => 560,
            Self::Marketplace => 1_100,
            Self::Saas => 600,
        };
        Size { actors, days: 365, end: date(2026, 10, 1), seed: 1 }
    }
}

/// Writes a world's files below `folder`, which is made if need be; returns their names.
///
/// # Errors
/// A size that is none; what the file system says.
pub fn world(folder: &Path, world: World, size: &Size) -> Result<Vec<String>, GenerateError> {
    let start = match (size.actors, size.days) {
        (1.., 1..=36_500) => size.end.checked_sub(jiff::Span::new().days(i64::from(size.days))).ok(),
        _ => None,
    };
    let Some(start) = start else {
        let text = "actors must be at least 1, days from 1 to 36500, and the calendar must reach so far back";
        return Err(GenerateError::Parameters(text.to_owned()));
    };
    match world {
        World::Streaming => streaming::write(folder, &Stage::new(size, start)),
        World::Music => music::write(folder, &Stage::new(size, start)),
        World::Marketplace => marketplace::write(folder, &Stage::new(size, start)),
        World::Saas => saas::write(folder, &Stage::new(size, start)),
    }
}

/// The days of a world.
struct Stage {
    size: Size,
    start: Date,
    /// Midnight of the first day, in days since 1970.
    epoch_day: i64,
}

impl Stage {
    fn new(size: &Size, start: Date) -> Self {
        Self { size: *size, start, epoch_day: since_epoch(start) }
    }

    fn random(&self, of: u64, a: u64, b: u64) -> Random {
        Random::of(self.size.seed ^ (of << 40), a, b)
    }

    /// Midnight of a day, in microseconds.
    fn midnight(&self, day: i64) -> i64 {
        (self.epoch_day + day) * DAY_US
    }

    fn date(&self, day: i64) -> Date {
        self.start.checked_add(jiff::Span::new().days(day)).unwrap_or(self.start)
    }

    /// A date as the number of its day; negative before the first.
    fn day_of(&self, date: Date) -> i64 {
        since_epoch(date) - self.epoch_day
    }

    fn weekday(&self, day: i64) -> usize {
        usize::from(self.date(day).weekday().to_monday_zero_offset().unsigned_abs())
    }

    fn month(&self, day: i64) -> usize {
        usize::from(self.date(day).month().unsigned_abs()) - 1
    }

    /// The first days of all actors, in order: of a thousand so many before the first day, then more and more each day.
    fn arrivals(&self, before: u64) -> Vec<i32> {
        let weekday = self.weekday(0) as u32;
        app::arrivals(self.size.seed, self.size.actors, self.size.days, weekday, before)
    }

    /// A time of the day, drawn by how many are awake in each hour.
    fn at(&self, day: i64, hours: &[u32; 24], random: &mut Random) -> i64 {
        self.midnight(day) + random.weighted(hours) as i64 * 3600 * SECOND_US + random.below(3600) as i64 * SECOND_US
    }
}

fn since_epoch(date: Date) -> i64 {
    jiff::civil::date(1970, 1, 1).until(date).map_or(0, |span| i64::from(span.get_days()))
}

/// How a person takes to the product.
#[derive(Clone, Copy, Debug)]
struct Habit {
    /// How likely it is there on an early day, in a million.
    likely: u64,
    /// The age in days at which that has halved.
    half: u64,
}

impl Habit {
    /// Few become faithful, most tire.
    fn draw(random: &mut Random) -> Self {
        let (likely, half) = match random.weighted(&[46, 36, 18]) {
            0 => (200_000 + random.below(220_000), 5 + random.below(12)),
            1 => (320_000 + random.below(220_000), 40 + random.below(80)),
            _ => (480_000 + random.below(240_000), 200 + random.below(400)),
        };
        Self { likely, half }
    }

    fn at(self, age: u64) -> u64 {
        self.likely * (self.half * 1000 / (self.half + age)) / 1000
    }
}

/// The same row once more, now and then, as deliveries repeat themselves; of these, one in eight differs in its last column.
fn deliver(tables: &mut Tables, table: usize, at: i64, cells: Vec<Cell>, random: &mut Random) {
    if random.in_million(6_000) {
        let mut again = cells.clone();
        if random.in_million(125_000)
            && let Some(Cell::Whole(last)) = again.last_mut()
        {
            *last += 1;
        }
        tables.line(table, at, Line::Row(again));
    }
    tables.put(table, at, cells);
}

fn pick(of: &[&'static str], weights: &[u32], random: &mut Random) -> &'static str {
    of.get(random.weighted(weights)).copied().unwrap_or_default()
}

/// Rounded by chance: of 2.3 two or three, on average 2.3. The rate is in thousandths.
fn about(thousandths: u64, random: &mut Random) -> u64 {
    thousandths / 1000 + u64::from(random.below(1000) < thousandths % 1000)
}

const EVENING: [u32; 24] = [8, 4, 2, 1, 1, 1, 3, 6, 8, 8, 8, 9, 12, 12, 11, 12, 15, 20, 28, 38, 46, 44, 32, 18];
const DAYTIME: [u32; 24] = [1, 1, 1, 1, 1, 2, 5, 14, 34, 44, 46, 42, 30, 38, 44, 42, 36, 24, 12, 8, 6, 4, 3, 2];
const ALL_DAY: [u32; 24] = [4, 2, 1, 1, 1, 3, 12, 28, 34, 24, 20, 22, 28, 24, 20, 22, 28, 40, 44, 42, 38, 32, 22, 10];
