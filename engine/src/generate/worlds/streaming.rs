//! Video: who watches what on which device, and how they rate it.

use std::path::Path;

use jiff::civil::{Date, date};

use crate::generate::GenerateError;
use crate::generate::random::Random;
use crate::generate::tables::{Cell, Format, Kind, Line, Spec, Tables};
use crate::generate::worlds::{EVENING, Habit, SECOND_US, Stage, about, deliver, pick};

const EVENTS: usize = 0;
const RATINGS: usize = 1;
const VIEWERS: usize = 2;
const TITLES: usize = 3;

pub(super) const SPECS: [Spec; 4] = [
    Spec {
        name: "events",
        format: Format::Parquet,
        columns: &[
            ("event_id", Kind::Whole),
            ("at", Kind::Time),
            ("viewer_id", Kind::Whole),
            ("event", Kind::Text),
            ("title_id", Kind::Whole),
            ("device", Kind::Text),
            ("is_test", Kind::Flag),
            ("watched_s", Kind::Whole),
        ],
    },
    Spec {
        name: "ratings",
        format: Format::Csv,
        columns: &[
            ("rating_id", Kind::Whole),
            ("at", Kind::Time),
            ("viewer_id", Kind::Whole),
            ("title_id", Kind::Whole),
            ("stars", Kind::Whole),
        ],
    },
    Spec {
        name: "viewers",
        format: Format::Csv,
        columns: &[("viewer_id", Kind::Whole), ("country", Kind::Text), ("plan", Kind::Text), ("age", Kind::Text)],
    },
    Spec {
        name: "titles",
        format: Format::Ndjson,
        columns: &[
            ("title_id", Kind::Whole),
            ("kind", Kind::Text),
            ("about.genre", Kind::Text),
            ("about.minutes", Kind::Whole),
        ],
    },
];

/// The next episode begins by itself: more is watched.
const AUTOPLAY: Date = date(2026, 5, 12);
/// A new player that stumbles on television sets.
const PLAYER: Date = date(2026, 8, 4);

const DEVICES: [&str; 4] = ["tv", "phone", "tablet", "web"];
const GENRES: [&str; 6] = ["drama", "comedy", "crime", "documentary", "kids", "science fiction"];
/// By month: evenings are long in winter.
const SEASON: [u64; 12] = [1180, 1120, 1040, 980, 900, 840, 800, 830, 930, 1020, 1090, 1190];
const WEEKDAYS: [u64; 7] = [880, 860, 880, 920, 1080, 1240, 1180];
const TITLE_COUNT: u64 = 160;

struct Title {
    kind: &'static str,
    genre: usize,
    minutes: u64,
}

fn title(stage: &Stage, id: u64) -> Title {
    let mut random = stage.random(7, id, 0);
    let kind = pick(&["series", "film"], &[62, 38], &mut random);
    let genre = random.weighted(&[26, 20, 18, 12, 14, 10]);
    let minutes = if kind == "film" { 84 + random.below(50) } else { 22 + random.below(34) };
    Title { kind, genre, minutes }
}

struct Viewer {
    from: i64,
    habit: Habit,
    device: &'static str,
    test: bool,
    /// The age in days at which the first title is watched to its end.
    activates: Option<u64>,
}

fn viewer(stage: &Stage, index: u64, from: i32) -> (Viewer, Vec<Cell>) {
    let mut random = stage.random(1, index, 0);
    let habit = Habit::draw(&mut random);
    let device = pick(&DEVICES, &[44, 30, 10, 16], &mut random);
    let activates = random.in_million(720_000).then(|| random.weighted(&[58, 20, 10, 6, 3, 2, 1]) as u64);
    let plan = pick(&["basic", "standard", "premium"], &[40, 42, 18], &mut random);
    let country = pick(&["DE", "AT", "CH", "NL", "SE"], &[54, 12, 12, 13, 9], &mut random);
    let age = pick(&["18-24", "25-34", "35-49", "50+"], &[18, 32, 30, 20], &mut random);
    let row = vec![(5_001 + index).into(), country.into(), plan.into(), age.into()];
    (Viewer { from: i64::from(from), habit, device, test: random.in_million(8_000), activates }, row)
}

pub fn write(folder: &Path, stage: &Stage) -> Result<Vec<String>, GenerateError> {
    let mut tables = Tables::new(folder, &SPECS)?;
    for id in 0..TITLE_COUNT {
        let title = title(stage, id);
        let genre = GENRES.get(title.genre).copied().unwrap_or_default();
        tables.put(TITLES, 0, vec![(101 + id).into(), title.kind.into(), genre.into(), title.minutes.into()]);
    }
    let mut viewers = Vec::new();
    for (index, from) in (0u64..).zip(stage.arrivals(350)) {
        let (viewer, row) = viewer(stage, index, from);
        // A few are missing where their data were asked to be deleted.
        if index % 97 != 41 {
            tables.put(VIEWERS, 0, row);
        }
        viewers.push(viewer);
    }
    let mut ids = (1_000_000u64, 20_000u64);
    for day in 0..i64::from(stage.size.days) {
        for (index, viewer) in (0u64..).zip(&viewers).take_while(|(_, v)| v.from <= day) {
            one_day(stage, &mut tables, &mut ids, index, viewer, day);
        }
        if day % 61 == 17 {
            let at = stage.midnight(day);
            tables.line(RATINGS, at, Line::Raw(format!("{},{day},many,stars,were,given", ids.1)));
            tables.line(RATINGS, at, Line::Raw(format!("{},,{},101,4", ids.1 + 5_000_000, 5_001 + day)));
        }
        tables.until(stage.midnight(day + 1))?;
    }
    tables.finish()
}

fn one_day(stage: &Stage, tables: &mut Tables, ids: &mut (u64, u64), index: u64, viewer: &Viewer, day: i64) {
    let Ok(age) = u64::try_from(day - viewer.from) else { return };
    let mut random = stage.random(2, index, day.unsigned_abs());
    let (autoplay, stumbles) = (day >= stage.day_of(AUTOPLAY), day >= stage.day_of(PLAYER) && viewer.device == "tv");
    let (starts, activates) = (age == 0, viewer.activates == Some(age));
    let mut likely = viewer.habit.at(age) * SEASON.get(stage.month(day)).unwrap_or(&1000) / 1000;
    likely = likely * WEEKDAYS.get(stage.weekday(day)).unwrap_or(&1000) / 1000;
    likely = likely * if viewer.activates.is_none_or(|a| age < a) { 400 } else { 1000 } / 1000;
    likely = likely * if stumbles { 740 } else { 1000 } / 1000;
    if !(starts || activates || random.in_million(likely)) {
        return;
    }
    let mut at = stage.at(day, &EVENING, &mut random);
    let last = stage.midnight(day + 1) - SECOND_US;
    let mut event = |at: i64, what: &str, title: Option<u64>, watched: Option<u64>, random: &mut Random| {
        ids.0 += 1;
        let title = title.map(|t| 101 + t);
        let cells = vec![
            ids.0.into(),
            Cell::Time(at.min(last)),
            (5_001 + index).into(),
            what.into(),
            title.into(),
            viewer.device.into(),
            viewer.test.into(),
            watched.into(),
        ];
        deliver(tables, EVENTS, at.min(last), cells, random);
    };
    if starts {
        event(at, "signup", None, None, &mut random);
        at += 40 * SECOND_US + random.below(200) as i64 * SECOND_US;
        if random.in_million(780_000) {
            event(at, "profile", None, None, &mut random);
        }
    }
    event(at, "open", None, None, &mut random);
    if random.in_million(360_000) {
        at += random.below(90) as i64 * SECOND_US;
        event(at, "search", None, None, &mut random);
    }
    let plays = about(if autoplay { 1_560 } else { 1_260 }, &mut random).max(u64::from(activates));
    let mut rated = Vec::new();
    for play in 0..plays {
        at += (20 + random.below(240) as i64) * SECOND_US;
        // What is popular is watched more.
        let chosen = random.below(TITLE_COUNT) * random.below(TITLE_COUNT) / TITLE_COUNT;
        let title = title(stage, chosen);
        let whole = title.minutes * 60;
        let finishes = (activates && play == 0)
            || random.in_million(if autoplay { 560_000 } else { 470_000 } - if stumbles { 130_000 } else { 0 });
        let part = if finishes { 880 + random.below(120) } else { 40 + random.below(700) };
        let watched = whole * part / 1000;
        event(at, "play", Some(chosen), Some(watched), &mut random);
        if random.in_million(if stumbles { 240_000 } else { 42_000 }) {
            event(at + random.below(1 + watched) as i64 * SECOND_US, "stall", Some(chosen), None, &mut random);
        }
        at += watched as i64 * SECOND_US;
        if finishes {
            event(at, if activates && play == 0 { "first_finish" } else { "finish" }, Some(chosen), None, &mut random);
            if random.in_million(150_000) {
                rated.push((at, chosen, title.genre));
            }
        }
    }
    for (at, title, genre) in rated {
        let liked = [4, 5, 4, 6, 3, 2].get(genre).copied().unwrap_or(4) + if stumbles { 0 } else { 2 };
        let stars = 1 + random.weighted(&[2, 2, 3, 2 + liked, 1 + liked]) as u64;
        ids.1 += 1;
        let at = (at + 30 * SECOND_US).min(last);
        let cells = vec![ids.1.into(), Cell::Time(at), (5_001 + index).into(), (101 + title).into(), stars.into()];
        deliver(tables, RATINGS, at, cells, &mut random);
    }
}
