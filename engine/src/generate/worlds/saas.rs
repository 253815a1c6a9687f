//! Software for companies: accounts as a CRM has them, subscriptions and why they end, usage, a survey, tickets.

use std::path::Path;

use jiff::civil::{Date, date};

use crate::generate::GenerateError;
use crate::generate::random::Random;
use crate::generate::tables::{Cell, Format, Kind, Line, Spec, Tables};
use crate::generate::worlds::{DAY_US, DAYTIME, SECOND_US, Stage, about, deliver, pick};

const ACCOUNTS: usize = 0;
const SUBSCRIPTIONS: usize = 1;
const USAGE: usize = 2;
const SURVEY: usize = 3;
const TICKETS: usize = 4;

pub(super) const SPECS: [Spec; 5] = [
    Spec {
        name: "accounts",
        format: Format::Csv,
        columns: &[
            ("account_id", Kind::Whole),
            ("company", Kind::Text),
            ("industry", Kind::Text),
            ("country", Kind::Text),
            ("seats", Kind::Whole),
            ("created_at", Kind::Time),
        ],
    },
    Spec {
        name: "subscriptions",
        format: Format::Csv,
        columns: &[
            ("subscription_id", Kind::Whole),
            ("account_id", Kind::Whole),
            ("plan", Kind::Text),
            ("mrr", Kind::Cents),
            ("started_at", Kind::Time),
            ("ended_at", Kind::Time),
            ("reason", Kind::Text),
        ],
    },
    Spec {
        name: "usage",
        format: Format::Parquet,
        columns: &[
            ("event_id", Kind::Whole),
            ("at", Kind::Time),
            ("account_id", Kind::Whole),
            ("user_id", Kind::Whole),
            ("event", Kind::Text),
            ("feature", Kind::Text),
        ],
    },
    Spec {
        name: "survey",
        format: Format::Ndjson,
        columns: &[
            ("id", Kind::Whole),
            ("at", Kind::Time),
            ("account_id", Kind::Whole),
            ("kind", Kind::Text),
            ("answer.topic", Kind::Text),
            ("answer.score", Kind::Whole),
        ],
    },
    Spec {
        name: "tickets",
        format: Format::Ndjson,
        columns: &[
            ("id", Kind::Whole),
            ("created_at", Kind::Time),
            ("account_id", Kind::Whole),
            ("priority", Kind::Text),
            ("first_reply_minutes", Kind::Whole),
            ("satisfaction", Kind::Whole),
        ],
    },
];

/// Data can be brought along from elsewhere: more trials get going.
const IMPORT: Date = date(2026, 2, 17);
/// New prices: more leave, and say so.
const PRICES: Date = date(2026, 6, 16);

const INDUSTRIES: [&str; 6] = ["retail", "software", "logistics", "health", "education", "finance"];
const FEATURES: [&str; 6] = ["dashboards", "exports", "alerts", "sharing", "automations", "forecasts"];
const REASONS: [&str; 5] = ["price", "missing feature", "went to a competitor", "business closed", "too complicated"];
const FIRST: [&str; 10] =
    ["North", "Blue", "Alder", "Summit", "Harbour", "Lumen", "Quarry", "Willow", "Copper", "Falcon"];
const SECOND: [&str; 8] = ["Works", "Systems", "Trading", "Labs", "Logistics", "Care", "Partners", "Foods"];
const SEASON: [u64; 12] = [1010, 1030, 1050, 1020, 1010, 990, 880, 820, 1020, 1060, 1050, 760];
const WEEKDAYS: [u64; 7] = [1060, 1090, 1080, 1050, 960, 120, 90];
const TRIAL: i64 = 14;

struct Account {
    from: i64,
    seats: u64,
    activates: Option<i64>,
    /// Days on which it begins to pay and ends, counted from the world's first.
    pays: Option<(i64, Option<i64>)>,
    plan: &'static str,
    mrr: i64,
    reason: &'static str,
    /// How content it is, from 0 to 9.
    mood: u64,
}

fn account(stage: &Stage, index: u64, from: i32) -> (Account, Vec<Cell>) {
    let mut random = stage.random(31, index, 0);
    let from = i64::from(from);
    let seats = 2 + random.below(8) + random.below(6) * random.below(6);
    let import = from >= stage.day_of(IMPORT);
    let activates = random
        .in_million(if import { 760_000 } else { 600_000 })
        .then(|| random.weighted(&[30, 24, 16, 10, 8, 6, 6]) as i64);
    let mood = 2 + random.below(5) + random.below(4);
    let plan = if seats > 14 { "business" } else { pick(&["team", "business"], &[80, 20], &mut random) };
    let mrr = seats as i64 * if plan == "business" { 2_400 } else { 1_500 };
    let pays = activates.filter(|_| random.in_million(520_000)).map(|_| {
        let first = from + TRIAL - random.below(6) as i64;
        (first, end(stage, first, mood, &mut random))
    });
    let after_prices = pays.and_then(|(_, until)| until).is_some_and(|until| until >= stage.day_of(PRICES));
    let reason = pick(&REASONS, &[if after_prices { 58 } else { 20 }, 26, 20, 14, 16], &mut random);
    let company = format!("{} {}", pick(&FIRST, &[1; 10], &mut random), pick(&SECOND, &[1; 8], &mut random));
    let company = if random.in_million(90_000) { format!("{company}, Inc.") } else { company };
    let row = vec![
        (7_001 + index).into(),
        company.into(),
        pick(&INDUSTRIES, &[24, 22, 16, 14, 12, 12], &mut random).into(),
        pick(&["US", "GB", "DE", "CA"], &[48, 22, 18, 12], &mut random).into(),
        seats.into(),
        Cell::Time(stage.at(from, &DAYTIME, &mut random)),
    ];
    (Account { from, seats, activates, pays, plan, mrr, reason, mood }, row)
}

/// The day on which a subscription ends: each month some leave, the discontent sooner, and more once prices go up.
fn end(stage: &Stage, first: i64, mood: u64, random: &mut Random) -> Option<i64> {
    (1..60).map(|month| first + month * 30).find(|day| {
        let leaves = 12_000 + 7_000 * 9u64.saturating_sub(mood);
        let dearer = (0..120).contains(&(day - stage.day_of(PRICES)));
        random.in_million(if dearer { leaves * 2 } else { leaves })
    })
}

impl Account {
    fn is_there(&self, day: i64) -> bool {
        match self.pays {
            Some((_, until)) => until.is_none_or(|until| day < until),
            None => day < self.from + TRIAL,
        }
    }
}

pub fn write(folder: &Path, stage: &Stage) -> Result<Vec<String>, GenerateError> {
    let mut tables = Tables::new(folder, &SPECS)?;
    let mut accounts = Vec::new();
    for (index, from) in (0u64..).zip(stage.arrivals(450)) {
        let (account, row) = account(stage, index, from);
        tables.put(ACCOUNTS, 0, row);
        subscription(stage, &mut tables, index, &account);
        accounts.push(account);
    }
    let mut id = 800_000;
    for day in 0..i64::from(stage.size.days) {
        for (index, account) in (0u64..).zip(&accounts).take_while(|(_, a)| a.from <= day) {
            if account.is_there(day) {
                one_day(stage, &mut tables, &mut id, index, account, day);
            }
        }
        if day % 53 == 29 {
            let at = stage.midnight(day);
            tables.line(SURVEY, at, Line::Raw(format!("{{\"id\":{id},\"at\":\"{}\",", stage.date(day))));
            tables.line(TICKETS, at, Line::Raw(format!("{{\"id\":{id},\"created_at\":null,\"account_id\":7001}}")));
        }
        tables.until(stage.midnight(day + 1))?;
    }
    tables.finish()
}

fn subscription(stage: &Stage, tables: &mut Tables, index: u64, account: &Account) {
    let Some((first, until)) = account.pays else { return };
    let mut random = stage.random(32, index, 0);
    let days = i64::from(stage.size.days);
    if first >= days {
        return;
    }
    let at = stage.at(first, &DAYTIME, &mut random);
    let ended = until.filter(|until| *until < days).map(|until| at + (until - first) * DAY_US);
    let reason = ended.filter(|_| random.in_million(780_000)).map(|_| account.reason);
    let cells = vec![
        (60_001 + index).into(),
        (7_001 + index).into(),
        account.plan.into(),
        Cell::Cents(account.mrr),
        Cell::Time(at),
        ended.map_or(Cell::Null, Cell::Time),
        reason.into(),
    ];
    tables.put(SUBSCRIPTIONS, at, cells);
}

fn one_day(stage: &Stage, tables: &mut Tables, id: &mut u64, index: u64, account: &Account, day: i64) {
    let age = day - account.from;
    let mut random = stage.random(33, index, day.unsigned_abs());
    let who = 7_001 + index;
    let active = account.activates.is_some_and(|a| age >= a);
    let leaving = account.pays.and_then(|(_, until)| until).is_some_and(|until| until - day < 30);
    let mut next = || {
        *id += 1;
        *id
    };
    let mut use_of = |at: i64, seat: u64, event: &str, feature: Option<&'static str>, id: u64, random: &mut Random| {
        let user = who * 100 + seat;
        let cells = vec![id.into(), Cell::Time(at), who.into(), user.into(), event.into(), feature.into()];
        deliver(tables, USAGE, at, cells, random);
    };
    if age == 0 {
        use_of(stage.at(day, &DAYTIME, &mut random), 0, "signup", None, next(), &mut random);
    }
    if account.activates == Some(age) {
        use_of(stage.at(day, &DAYTIME, &mut random), 0, "first_report", None, next(), &mut random);
    }
    let mut rate = account.seats * 34 * SEASON.get(stage.month(day)).unwrap_or(&1000) / 1000;
    rate = rate * WEEKDAYS.get(stage.weekday(day)).unwrap_or(&1000) / 1000;
    rate = rate * if active { 1000 } else { 350 } / 1000 * if leaving { 450 } else { 1000 } / 1000;
    for _ in 0..about(rate, &mut random) {
        let seat = random.below(account.seats) * random.below(account.seats) / account.seats;
        let mut at = stage.at(day, &DAYTIME, &mut random);
        use_of(at, seat, "login", None, next(), &mut random);
        for _ in 0..about(if active { 1_400 } else { 500 }, &mut random) {
            at += (30 + random.below(900) as i64) * SECOND_US;
            let at = at.min(stage.midnight(day + 1) - SECOND_US);
            let feature = pick(&FEATURES, &[40, 22, 14, 13, 8, 3], &mut random);
            use_of(at, seat, "use", Some(feature), next(), &mut random);
        }
    }
    let dearer = day >= stage.day_of(PRICES);
    let mood = account.mood.saturating_sub(u64::from(dearer) + 2 * u64::from(leaving));
    survey(stage, tables, &mut next, (who, mood, age), day, &mut random);
    let troubled = (9 - mood.min(9)) * 1_300 + if age < 30 { 9_000 } else { 2_500 };
    if random.in_million(troubled) {
        let at = stage.at(day, &DAYTIME, &mut random);
        let minutes = 10 + random.below(90) * random.below(12);
        let likes = random.weighted(&[1 + minutes as u32 / 180, 2, 3, 5 + mood as u32, 3 + mood as u32]) as u64 + 1;
        let cells = vec![
            next().into(),
            Cell::Time(at),
            who.into(),
            pick(&["low", "normal", "urgent"], &[30, 56, 14], &mut random).into(),
            minutes.into(),
            Some(likes).filter(|_| random.in_million(520_000)).into(),
        ];
        deliver(tables, TICKETS, at, cells, &mut random);
    }
}

/// Every quarter of a year an account is asked whether it would recommend the product; some answer, some days later.
fn survey(
    stage: &Stage,
    tables: &mut Tables,
    next: &mut impl FnMut() -> u64,
    (who, mood, age): (u64, u64, i64),
    day: i64,
    random: &mut Random,
) {
    if age < 45 || (age - 45) % 91 != 0 {
        return;
    }
    let at = stage.at(day, &DAYTIME, random);
    let row = |id: u64, at: i64, kind: &str, topic: Option<&'static str>, score: Option<u64>| {
        vec![id.into(), Cell::Time(at), who.into(), kind.into(), topic.into(), score.into()]
    };
    tables.put(SURVEY, at, row(next(), at, "sent", None, None));
    if random.in_million(560_000) {
        let at = at + (1 + random.below(5) as i64) * DAY_US / 2;
        let score = (mood + 1 + random.below(4)).min(10);
        let topic = pick(&["price", "features", "support", "speed"], &[20, 34, 26, 20], random);
        tables.put(SURVEY, at, row(next(), at, "answer", Some(topic), Some(score)));
    }
}
