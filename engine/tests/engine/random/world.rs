//! Random tables: zones, calendars and days that go wrong, nulls, copies, decimals.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use kepi_lang::calendar::Calendar;
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Column, ColumnId, Link, Lookup, LookupId, Origin, Program, ScalarType};
use kepi_lang::value::Value;

use crate::data::Tables;
use crate::programs::{column, nowhere, program, source};
use crate::random::exprs;
use crate::rng::Rng;

/// Zones with an instant near which something happens.
const PLACES: [(&str, &str); 11] = [
    ("UTC", "2024-02-28T12:00:00Z"),
    ("Europe/Berlin", "2026-03-28T12:00:00Z"),
    ("Europe/Berlin", "2026-10-24T12:00:00Z"),
    ("Europe/Berlin", "2020-12-26T12:00:00Z"),
    ("America/New_York", "2026-11-01T00:00:00Z"),
    ("America/Sao_Paulo", "2018-11-03T12:00:00Z"),
    ("Pacific/Apia", "2011-12-29T12:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"),
    ("Asia/Kolkata", "2026-06-30T12:00:00Z"),
    ("America/St_Johns", "2006-10-28T12:00:00Z"),
    ("Africa/Cairo", "2027-12-31T00:00:00Z"),
];

/// The columns that every source with time has, at these places; `exprs` knows them.
pub const COLUMNS: [(&str, ScalarType); 11] = [
    ("ts", ScalarType::Instant),
    ("actor", ScalarType::Int),
    ("event", ScalarType::Text),
    ("amount", ScalarType::Decimal),
    ("quantity", ScalarType::Int),
    ("score", ScalarType::Float),
    ("flag", ScalarType::Bool),
    ("paid", ScalarType::Instant),
    ("day", ScalarType::Date),
    ("id", ScalarType::Int),
    ("place", ScalarType::Text),
];

pub fn world(rng: &mut Rng) -> (Program, Tables) {
    let (zone, near) = *rng.pick(&PLACES);
    let near: Timestamp = near.parse().expect("an instant");
    let week_start = *rng.pick(&[Weekday::Monday, Weekday::Sunday, Weekday::Saturday]);
    let fiscal = *rng.pick(&[(1, 1), (1, 1), (2, 1), (4, 6), (7, 1), (10, 31)]);
    let calendar = Calendar { zone: TimeZone::get(zone).expect("a zone"), week_start, fiscal_year_start: fiscal };
    let mut sources = Vec::new();
    for name in ["a", "b"] {
        let columns = COLUMNS.iter().map(|(name, ty)| column(name, *ty)).collect();
        let mut s = source(name, columns, Some(0), Some(1));
        if rng.one_in(3) {
            s.key = vec![ColumnId(9)];
        }
        s.links =
            vec![Link { name: "place".to_owned(), span: nowhere(), columns: vec![ColumnId(10)], lookup: LookupId(0) }];
        if rng.one_in(3) {
            let expr = exprs::row(rng, ScalarType::Decimal, 2);
            let unit = kepi_lang::unit::Unit::none();
            s.columns.push(Column { origin: Origin::Computed(expr), unit, ..column("computed", ScalarType::Decimal) });
        }
        if rng.one_in(3) {
            s.scope = Some(exprs::row(rng, ScalarType::Bool, 2));
        }
        if rng.one_in(5) {
            s.complete_until = Some(near);
        }
        sources.push(s);
    }
    let mut program = program(calendar, sources);
    program.lookups.push(Lookup {
        name: "places".to_owned(),
        span: nowhere(),
        files: vec![("places.parquet".to_owned(), nowhere())],
        format: None,
        text: kepi_lang::ir::TextOptions::default(),
        key: vec![ColumnId(0)],
        valid: None,
        latest: None,
        clocks: Vec::new(),
        scope: None,
        links: Vec::new(),
        columns: vec![
            column("key", ScalarType::Text),
            column("country", ScalarType::Text),
            column("weight", ScalarType::Int),
        ],
    });
    let mut tables = Tables::default();
    let span = *rng.pick(&[2, 5, 40, 400]);
    for _ in 0..2 {
        let n = *rng.pick(&[0, 1, 8, 30, 60]);
        tables.sources.push((0..n).map(|_| values(rng, near, span)).collect());
    }
    for rows in &mut tables.sources {
        copies(rng, rows);
    }
    tables.lookups.push(places(rng));
    (program, tables)
}

fn places(rng: &mut Rng) -> Vec<Vec<Value>> {
    let text = |s: &str| Value::Text(s.to_owned());
    ["p", "q", "r"]
        .into_iter()
        .map(|key| {
            let country = if rng.one_in(4) { Value::Null } else { text(rng.pick::<&str>(&["DE", "FR"])) };
            vec![text(key), country, Value::Int(i128::from(rng.between(-3, 9)))]
        })
        .collect()
}

/// Copies of some rows, now and then with another value.
fn copies(rng: &mut Rng, rows: &mut Vec<Vec<Value>>) {
    for n in 0..rows.len() / 6 {
        let mut copy = rows[n].clone();
        if rng.one_in(2) {
            copy[4] = Value::Int(i128::from(rng.between(0, 5)));
        }
        rows.push(copy);
    }
}

fn values(rng: &mut Rng, near: Timestamp, days: i64) -> Vec<Value> {
    let instant = |rng: &mut Rng| {
        let seconds = rng.between(-days * 43_200, days * 43_200);
        // Bounds of days, hours and minutes come often.
        let round = *rng.pick(&[1, 60, 1800, 3600, 86_400]);
        let t = near.as_second() + seconds;
        let t = t - t.rem_euclid(round);
        let micros = if rng.one_in(5) { rng.between(-1, 999_999) } else { 0 };
        Value::Instant(Timestamp::from_microsecond(t * 1_000_000 + micros).expect("an instant"))
    };
    let maybe = |rng: &mut Rng, odds: usize, value: Value| if rng.one_in(odds) { Value::Null } else { value };
    let text = |s: &str| Value::Text(s.to_owned());
    let ts = instant(rng);
    let day = Calendar { zone: TimeZone::UTC, week_start: Weekday::Monday, fiscal_year_start: (1, 1) };
    let date = match &ts {
        Value::Instant(t) => Value::Date(day.date_of(*t)),
        _ => Value::Null,
    };
    let score = match rng.below(4) {
        0 => rng.between(-50, 50) as f64,
        1 => rng.between(-1000, 1000) as f64 / 64.0,
        2 => rng.between(-1_000_000, 1_000_000) as f64 * 1e-7,
        _ => rng.between(-9, 9) as f64 * 1e12,
    };
    let paid = instant(rng);
    vec![
        maybe(rng, 20, ts),
        {
            let v = Value::Int(i128::from(rng.between(1, 6)));
            maybe(rng, 5, v)
        },
        {
            let v = text(rng.pick::<&str>(&["play", "buy", "Play ", "a name longer than twelve", ""]));
            maybe(rng, 10, v)
        },
        {
            let v = Value::Decimal(Decimal::new(i128::from(rng.between(-999, 9999)), 2));
            maybe(rng, 5, v)
        },
        {
            let v = Value::Int(i128::from(rng.between(-4, 9)));
            maybe(rng, 5, v)
        },
        maybe(rng, 5, Value::float(score)),
        {
            let v = Value::Bool(rng.one_in(2));
            maybe(rng, 5, v)
        },
        maybe(rng, 5, paid),
        maybe(rng, 10, date),
        {
            let v = Value::Int(i128::from(rng.between(1, 40)));
            maybe(rng, 12, v)
        },
        {
            let v = text(rng.pick::<&str>(&["p", "q", "r", "nowhere"]));
            maybe(rng, 8, v)
        },
    ]
}
