//! Music: listening, playlists, and who pays for it.

use std::path::Path;

use jiff::civil::{Date, date};

use crate::generate::GenerateError;
use crate::generate::random::Random;
use crate::generate::tables::{Cell, Format, Kind, Line, Spec, Tables};
use crate::generate::worlds::{ALL_DAY, DAY_US, Habit, SECOND_US, Stage, about, deliver, pick};

const EVENTS: usize = 0;
const SUBSCRIPTIONS: usize = 1;
const PAYMENTS: usize = 2;
const USERS: usize = 3;

pub(super) const SPECS: [Spec; 4] = [
    Spec {
        name: "events",
        format: Format::NdjsonGz,
        columns: &[
            ("id", Kind::Whole),
            ("ts", Kind::Time),
            ("user_id", Kind::Whole),
            ("event", Kind::Text),
            ("song.id", Kind::Whole),
            ("song.genre", Kind::Text),
            ("song.ms", Kind::Whole),
        ],
    },
    Spec {
        name: "subscriptions",
        format: Format::Csv,
        columns: &[
            ("subscription_id", Kind::Whole),
            ("user_id", Kind::Whole),
            ("plan", Kind::Text),
            ("price", Kind::Cents),
            ("started_at", Kind::Time),
            ("ended_at", Kind::Time),
            ("reason", Kind::Text),
        ],
    },
    Spec {
        name: "payments",
        format: Format::Parquet,
        columns: &[
            ("payment_id", Kind::Whole),
            ("at", Kind::Time),
            ("user_id", Kind::Whole),
            ("status", Kind::Text),
            ("amount", Kind::Cents),
        ],
    },
    Spec {
        name: "users",
        format: Format::Csv,
        columns: &[
            ("user_id", Kind::Whole),
            ("country", Kind::Text),
            ("platform", Kind::Text),
            ("birth_year", Kind::Whole),
        ],
    },
];

/// Playlists that fill themselves: more who listen come to subscribe.
const MIXES: Date = date(2026, 4, 21);
/// A free plan with more breaks: those on it listen less.
const BREAKS: Date = date(2026, 7, 14);

const GENRES: [&str; 7] = ["pop", "rock", "hip hop", "electronic", "classical", "jazz", "schlager"];
const SEASON: [u64; 12] = [960, 960, 980, 1000, 1030, 1040, 960, 940, 1000, 1020, 1040, 1090];
const WEEKDAYS: [u64; 7] = [1020, 1010, 1010, 1020, 1060, 940, 900];
const REASONS: [&str; 5] = ["too expensive", "not used enough", "other service", "technical problems", "missing songs"];
const MONTH: i64 = 30;

struct User {
    from: i64,
    habit: Habit,
    taste: usize,
    sets_up: bool,
    activates: Option<u64>,
    /// Day of the first payment and of the last day that is paid for, counted from the world's first.
    pays: Option<(i64, Option<i64>)>,
    cents: i64,
}

fn user(stage: &Stage, index: u64, from: i32) -> (User, Vec<Cell>) {
    let mut random = stage.random(11, index, 0);
    let from = i64::from(from);
    let habit = Habit::draw(&mut random);
    let taste = random.weighted(&[28, 18, 17, 14, 7, 5, 11]);
    let activates = random.in_million(660_000).then(|| random.weighted(&[60, 18, 9, 5, 4, 2, 2]) as u64);
    let mixes = from >= stage.day_of(MIXES);
    let converts = activates.filter(|_| random.in_million(if mixes { 460_000 } else { 330_000 }));
    let pays = converts.map(|a| {
        let first = from + a as i64 + 1 + random.below(30) as i64;
        let mut months = 1;
        while months < 40 && random.in_million(if habit.half > 100 { 962_000 } else { 880_000 }) {
            months += 1;
        }
        (first, (months < 40).then_some(first + months * MONTH))
    });
    let cents = if random.in_million(240_000) { 1_499 } else { 999 };
    let country = pick(&["DE", "FR", "AT", "PL"], &[56, 22, 12, 10], &mut random);
    let platform = pick(&["ios", "android", "web"], &[38, 44, 18], &mut random);
    let born = 1960 + random.below(24) + random.below(26);
    let row = vec![(70_001 + index).into(), country.into(), platform.into(), born.into()];
    let user = User { from, habit, taste, sets_up: random.in_million(740_000), activates, pays, cents };
    (user, row)
}

impl User {
    fn is_paying(&self, day: i64) -> bool {
        self.pays.is_some_and(|(from, until)| from <= day && until.is_none_or(|until| day < until))
    }
}

pub fn write(folder: &Path, stage: &Stage) -> Result<Vec<String>, GenerateError> {
    let mut tables = Tables::new(folder, &SPECS)?;
    let days = i64::from(stage.size.days);
    let mut users = Vec::new();
    for (index, from) in (0u64..).zip(stage.arrivals(400)) {
        let (user, row) = user(stage, index, from);
        tables.put(USERS, 0, row);
        subscription(stage, &mut tables, index, &user);
        users.push(user);
    }
    let mut id = 500_000;
    for day in 0..days {
        for (index, user) in (0u64..).zip(&users).take_while(|(_, u)| u.from <= day) {
            one_day(stage, &mut tables, &mut id, index, user, day);
        }
        if day % 73 == 20 {
            tables.line(EVENTS, stage.midnight(day), Line::Raw(format!("{{\"id\":{id},\"ts\":\"20")));
        }
        tables.until(stage.midnight(day + 1))?;
    }
    tables.finish()
}

/// The subscription and its payments, of those that fall into the world.
fn subscription(stage: &Stage, tables: &mut Tables, index: u64, user: &User) {
    let Some((first, until)) = user.pays else { return };
    let mut random = stage.random(12, index, 0);
    let days = i64::from(stage.size.days);
    let at = stage.at(first, &ALL_DAY, &mut random);
    // Who leaves has paid to the end of the month, and says why more often than not.
    let ended = until.filter(|until| *until < days).map(|until| at + (until - first) * DAY_US);
    let dear = user.cents > 1_000;
    let why = pick(&REASONS, &[if dear { 44 } else { 24 }, 24, 18, 14, 10], &mut random);
    let reason = ended.filter(|_| random.in_million(820_000)).map(|_| why);
    if first < days {
        let plan = if dear { "family" } else { "single" };
        let cells = vec![
            (300_001 + index).into(),
            (70_001 + index).into(),
            plan.into(),
            Cell::Cents(user.cents),
            Cell::Time(at),
            ended.map_or(Cell::Null, Cell::Time),
            reason.into(),
        ];
        tables.put(SUBSCRIPTIONS, at.max(0), cells);
    }
    for month in 0..until.map_or(days / MONTH + 40, |until| (until - first) / MONTH) {
        let day = first + month * MONTH;
        if day < 0 || day >= days {
            continue;
        }
        let at = at + month * MONTH * DAY_US;
        let refused = random.in_million(24_000);
        let cells = |status: &str, number: i64| {
            vec![
                ((index as i64 + 1) * 1000 + 2 * month + number).into(),
                Cell::Time(at + number * DAY_US / 4),
                (70_001 + index).into(),
                status.into(),
                Cell::Cents(user.cents),
            ]
        };
        if refused {
            tables.put(PAYMENTS, at, cells("refused", 0));
        }
        deliver(tables, PAYMENTS, at + i64::from(refused) * DAY_US / 4, cells("paid", i64::from(refused)), &mut random);
    }
}

fn one_day(stage: &Stage, tables: &mut Tables, id: &mut u64, index: u64, user: &User, day: i64) {
    let Ok(age) = u64::try_from(day - user.from) else { return };
    let mut random = stage.random(13, index, day.unsigned_abs());
    let (starts, activates) = (age == 0, user.activates == Some(age));
    let paying = user.is_paying(day);
    let fewer = !paying && day >= stage.day_of(BREAKS);
    let mut likely = user.habit.at(age) * SEASON.get(stage.month(day)).unwrap_or(&1000) / 1000;
    likely = likely * WEEKDAYS.get(stage.weekday(day)).unwrap_or(&1000) / 1000;
    likely = likely * if paying { 1350 } else { 900 } / 1000;
    likely = likely * if user.activates.is_none_or(|a| age < a) { 450 } else { 1000 } / 1000;
    likely = likely * if fewer { 800 } else { 1000 } / 1000;
    if !(starts || activates || random.in_million(likely)) {
        return;
    }
    let mut at = stage.at(day, &ALL_DAY, &mut random);
    let last = stage.midnight(day + 1) - SECOND_US;
    let mut event = |at: i64, what: &str, song: Option<(u64, usize, u64)>, random: &mut Random| {
        *id += 1;
        let at = at.min(last);
        let genre = song.and_then(|(_, genre, _)| GENRES.get(genre).copied());
        let cells = vec![
            (*id).into(),
            Cell::Time(at),
            (70_001 + index).into(),
            what.into(),
            song.map(|(song, ..)| song).into(),
            genre.into(),
            song.map(|(.., ms)| ms).into(),
        ];
        deliver(tables, EVENTS, at, cells, random);
    };
    if starts {
        event(at, "signup", None, &mut random);
        at += 60 * SECOND_US;
        if user.sets_up {
            event(at, "choose_artists", None, &mut random);
        }
    }
    event(at, "open", None, &mut random);
    let mixes = day >= stage.day_of(MIXES);
    if random.in_million(220_000) {
        at += 20 * SECOND_US;
        event(at, "search", None, &mut random);
    }
    if activates || random.in_million(if mixes { 120_000 } else { 50_000 }) {
        at += 30 * SECOND_US;
        event(at, if activates { "first_playlist" } else { "new_playlist" }, None, &mut random);
    }
    for _ in 0..about(if fewer { 2_700 } else { 4_200 }, &mut random) {
        let genre = if random.in_million(620_000) { user.taste } else { random.below(7) as usize };
        let song = genre as u64 * 1000 + random.below(40) * random.below(40) / 8;
        let length = 150_000 + song % 37 * 3_000;
        let skips = random.in_million(if mixes { 170_000 } else { 230_000 });
        let ms = if skips { length * random.below(300) / 1000 } else { length };
        event(at, if skips { "skip" } else { "play" }, Some((song, genre, ms)), &mut random);
        if !skips && random.in_million(if mixes { 46_000 } else { 24_000 }) {
            event(at + SECOND_US, "add_to_playlist", Some((song, genre, 0)), &mut random);
        }
        at += ms as i64 * 1000 + random.below(8) as i64 * SECOND_US;
    }
}
