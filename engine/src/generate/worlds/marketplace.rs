//! Homes to stay in: guests who look and book, hosts who answer, and what guests say afterwards.

use std::path::Path;

use jiff::civil::{Date, date};

use crate::generate::GenerateError;
use crate::generate::random::Random;
use crate::generate::tables::{Cell, Format, Kind, Line, Spec, Tables};
use crate::generate::worlds::{ALL_DAY, DAY_US, Habit, SECOND_US, Stage, about, deliver, pick};

const VISITS: usize = 0;
const BOOKINGS: usize = 1;
const MESSAGES: usize = 2;
const REVIEWS: usize = 3;
const LISTINGS: usize = 4;
const HOSTS: usize = 5;

pub(super) const SPECS: [Spec; 6] = [
    Spec {
        name: "visits",
        format: Format::Parquet,
        columns: &[
            ("visit_id", Kind::Whole),
            ("at", Kind::Time),
            ("guest_id", Kind::Whole),
            ("event", Kind::Text),
            ("listing_id", Kind::Whole),
            ("bot", Kind::Flag),
        ],
    },
    Spec {
        name: "bookings",
        format: Format::Csv,
        columns: &[
            ("booking_id", Kind::Whole),
            ("at", Kind::Time),
            ("event", Kind::Text),
            ("guest_id", Kind::Whole),
            ("listing_id", Kind::Whole),
            ("nights", Kind::Whole),
            ("total", Kind::Cents),
        ],
    },
    Spec {
        name: "messages",
        format: Format::Ndjson,
        columns: &[
            ("id", Kind::Whole),
            ("sent_at", Kind::Time),
            ("kind", Kind::Text),
            ("host_id", Kind::Whole),
            ("thread.guest_id", Kind::Whole),
            ("thread.listing_id", Kind::Whole),
            ("thread.waited_s", Kind::Whole),
        ],
    },
    Spec {
        name: "reviews",
        format: Format::Csv,
        columns: &[
            ("review_id", Kind::Whole),
            ("at", Kind::Time),
            ("guest_id", Kind::Whole),
            ("listing_id", Kind::Whole),
            ("stars", Kind::Whole),
        ],
    },
    Spec {
        name: "listings",
        format: Format::Parquet,
        columns: &[
            ("listing_id", Kind::Whole),
            ("host_id", Kind::Whole),
            ("city", Kind::Text),
            ("kind", Kind::Text),
            ("nightly", Kind::Cents),
        ],
    },
    Spec {
        name: "hosts",
        format: Format::Csv,
        columns: &[("host_id", Kind::Whole), ("level", Kind::Text), ("country", Kind::Text)],
    },
];

/// Hosts may answer by one of a few ready texts: they answer sooner, and more is booked.
const READY_TEXTS: Date = date(2026, 3, 24);
/// A service fee on every booking: fewer book, more cancel.
const FEE: Date = date(2026, 7, 7);

const CITIES: [&str; 6] = ["Lisbon", "Berlin", "Copenhagen", "Porto", "Vienna", "Split"];
/// By month: holidays are planned in winter and in early summer.
const SEASON: [u64; 12] = [1180, 1060, 1000, 1020, 1100, 1180, 1160, 1020, 880, 820, 760, 820];
const WEEKDAYS: [u64; 7] = [1060, 1000, 1000, 980, 900, 940, 1120];

struct Listing {
    host: u64,
    city: &'static str,
    kind: &'static str,
    cents: u64,
    /// From 0 to 4, what guests think of it.
    quality: usize,
}

/// One listing for each eight guests, one host for each three listings.
fn listing_count(stage: &Stage) -> u64 {
    (u64::from(stage.size.actors) / 8).max(5)
}

fn host_count(stage: &Stage) -> u64 {
    listing_count(stage).div_ceil(3)
}

fn listing(stage: &Stage, index: u64) -> Listing {
    let mut random = stage.random(21, index, 0);
    let city = pick(&CITIES, &[24, 22, 14, 14, 14, 12], &mut random);
    let kind = pick(&["flat", "room", "house"], &[58, 26, 16], &mut random);
    let base = match kind {
        "house" => 12_000,
        "flat" => 7_500,
        _ => 4_000,
    };
    let cents = base + random.below(40) * 200;
    Listing { host: random.below(host_count(stage)), city, kind, cents, quality: random.weighted(&[4, 10, 26, 36, 24]) }
}

fn level(stage: &Stage, host: u64) -> &'static str {
    pick(&["new", "regular", "super"], &[30, 48, 22], &mut stage.random(22, host, 0))
}

struct Guest {
    from: i64,
    habit: Habit,
    bot: bool,
}

pub fn write(folder: &Path, stage: &Stage) -> Result<Vec<String>, GenerateError> {
    let mut tables = Tables::new(folder, &SPECS)?;
    for host in 0..host_count(stage) {
        let country = pick(&["PT", "DE", "DK", "AT", "HR"], &[36, 24, 14, 14, 12], &mut stage.random(23, host, 0));
        tables.put(HOSTS, 0, vec![(901 + host).into(), level(stage, host).into(), country.into()]);
    }
    for index in 0..listing_count(stage) {
        let l = listing(stage, index);
        let row = vec![
            (2_001 + index).into(),
            (901 + l.host).into(),
            l.city.into(),
            l.kind.into(),
            Cell::Cents(l.cents as i64),
        ];
        tables.put(LISTINGS, 0, row);
    }
    let guests: Vec<Guest> = (0u64..)
        .zip(stage.arrivals(300))
        .map(|(index, from)| {
            let mut random = stage.random(24, index, 0);
            let habit = Habit::draw(&mut random);
            Guest { from: i64::from(from), habit, bot: random.in_million(6_000) }
        })
        .collect();
    let mut id = 100_000;
    for day in 0..i64::from(stage.size.days) {
        for (index, guest) in (0u64..).zip(&guests).take_while(|(_, g)| g.from <= day) {
            one_day(stage, &mut tables, &mut id, index, guest, day);
        }
        if day % 67 == 31 {
            let at = stage.midnight(day);
            tables.line(MESSAGES, at, Line::Raw(format!("{{\"id\":{id},\"sent_at\":")));
            tables.line(BOOKINGS, at, Line::Raw(format!("{id},{},booked,40001,2001,3,on request", stage.date(day))));
        }
        tables.until(stage.midnight(day + 1))?;
    }
    tables.finish()
}

fn one_day(stage: &Stage, tables: &mut Tables, id: &mut u64, index: u64, guest: &Guest, day: i64) {
    let Ok(age) = u64::try_from(day - guest.from) else { return };
    let mut random = stage.random(25, index, day.unsigned_abs());
    let mut likely = guest.habit.at(age) * SEASON.get(stage.month(day)).unwrap_or(&1000) / 7_000;
    likely = likely * WEEKDAYS.get(stage.weekday(day)).unwrap_or(&1000) / 1000;
    let likely = if guest.bot { 400_000 } else { likely };
    if !(age == 0 || random.in_million(likely)) {
        return;
    }
    let mut at = stage.at(day, &ALL_DAY, &mut random);
    let mut next = || {
        *id += 1;
        *id
    };
    let who = 40_001 + index;
    let mut visit = |at: i64, what: &str, listing: Option<u64>, id: u64, random: &mut Random| {
        let listing = listing.map(|l| 2_001 + l);
        let cells = vec![id.into(), Cell::Time(at), who.into(), what.into(), listing.into(), guest.bot.into()];
        deliver(tables, VISITS, at, cells, random);
    };
    if age == 0 {
        visit(at, "signup", None, next(), &mut random);
        at += 30 * SECOND_US;
    }
    visit(at, "search", None, next(), &mut random);
    let mut wanted = None;
    for _ in 0..about(2_300, &mut random) {
        at += (15 + random.below(160) as i64) * SECOND_US;
        let seen = random.below(listing_count(stage));
        visit(at, "view", Some(seen), next(), &mut random);
        if random.in_million(300_000) {
            wanted = Some(seen);
        }
    }
    let Some(wanted) = wanted.filter(|_| !guest.bot) else { return };
    at += 40 * SECOND_US;
    visit(at, "ask", Some(wanted), next(), &mut random);
    ask(stage, tables, &mut next, (who, wanted), (day, at), &mut random);
}

/// An inquiry, what the host makes of it, and what follows.
fn ask(
    stage: &Stage,
    tables: &mut Tables,
    next: &mut impl FnMut() -> u64,
    (guest, wanted): (u64, u64),
    (day, at): (i64, i64),
    random: &mut Random,
) {
    let listing = listing(stage, wanted);
    let (ready, fee) = (day >= stage.day_of(READY_TEXTS), day >= stage.day_of(FEE));
    let mut message = |at: i64, kind: &str, waited: Option<i64>, id: u64, random: &mut Random| {
        let cells = vec![
            id.into(),
            Cell::Time(at),
            kind.into(),
            (901 + listing.host).into(),
            guest.into(),
            (2_001 + wanted).into(),
            waited.into(),
        ];
        deliver(tables, MESSAGES, at, cells, random);
    };
    message(at, "inquiry", None, next(), random);
    let (answers, minutes) = match level(stage, listing.host) {
        "super" => (980_000, 30 + random.below(240)),
        "regular" => (900_000, 60 + random.below(900)),
        _ => (740_000, 120 + random.below(2_400)),
    };
    if !random.in_million(answers) {
        return;
    }
    let minutes = if ready { minutes * 62 / 100 } else { minutes };
    let waited = minutes as i64 * 60 + random.below(60) as i64;
    let mut at = at + waited * SECOND_US;
    message(at, "reply", Some(waited), next(), random);
    let mut books = 620_000 - minutes.min(1_800) * 180;
    books = books * if ready { 112 } else { 100 } / 100 * if fee { 78 } else { 100 } / 100;
    if !random.in_million(books) {
        return;
    }
    at += (300 + random.below(36_000) as i64) * SECOND_US;
    let nights = 1 + random.below(4) + random.below(5);
    let total = nights * listing.cents * if fee { 112 } else { 100 } / 100;
    let booking = next();
    let row = |at: i64, event: &str, id: u64| {
        let total = Cell::Cents(total as i64);
        vec![id.into(), Cell::Time(at), event.into(), guest.into(), (2_001 + wanted).into(), nights.into(), total]
    };
    deliver(tables, BOOKINGS, at, row(at, "booked", booking), random);
    if random.in_million(if fee { 150_000 } else { 80_000 }) {
        let at = at + (1 + random.below(9) as i64) * DAY_US + random.below(80_000) as i64 * SECOND_US;
        tables.put(BOOKINGS, at, row(at, "cancelled", next()));
        return;
    }
    let stay = at + (3 + random.below(40) + nights) as i64 * DAY_US + random.below(80_000) as i64 * SECOND_US;
    if random.in_million(640_000) {
        let good = listing.quality as u32;
        let stars = 1 + random.weighted(&[4 - good.min(3), 3, 6, 8 + 4 * good, 6 + 9 * good]) as u64;
        let cells = vec![next().into(), Cell::Time(stay), guest.into(), (2_001 + wanted).into(), stars.into()];
        deliver(tables, REVIEWS, stay, cells, random);
    }
}
