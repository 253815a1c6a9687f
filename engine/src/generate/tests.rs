use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use jiff::civil::date;

use super::app::{Row, generate};
use super::{App, EVENTS, FileFormat, GenerateError, Ids, Layout, Order, app, shop};

fn rows(of: &App) -> Vec<Row> {
    let mut all = Vec::new();
    generate(of, &mut |rows| {
        all.extend_from_slice(rows);
        Ok(())
    })
    .unwrap();
    all
}

fn small() -> App {
    App { events: 20_000, actors: 400, days: 60, ..App::default() }
}

#[test]
fn exactly_so_many_rows_in_order() {
    for (events, actors, days) in [(20_000, 400, 60), (5_000, 30, 7), (3, 1, 1), (40, 20, 3)] {
        let all = rows(&App { events, actors, days, ..App::default() });
        assert_eq!(all.len() as u64, events);
        assert!(all.is_sorted_by_key(|row| row.at));
        let (first, last) = (all.first().unwrap().at, all.last().unwrap().at);
        let start = 1_767_225_600_000_000;
        assert!(first >= start && last < start + i64::from(days) * 86_400_000_000);
    }
}

#[test]
fn shuffled_rows_are_the_same_rows() {
    let plain = rows(&small());
    let mut mixed = rows(&App { order: Order::Shuffled, ..small() });
    assert_ne!(plain, mixed);
    let key = |row: &Row| (row.at, row.actor, row.event, row.duration);
    let mut plain = plain;
    plain.sort_by_key(key);
    mixed.sort_by_key(key);
    assert_eq!(plain, mixed);
}

#[test]
fn every_actor_that_comes_signs_up_once_and_first() {
    let all = rows(&App { events: 60_000, ..small() });
    let mut seen: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for row in &all {
        seen.entry(row.actor).or_default().push(row.event);
    }
    let name = |event: u8| EVENTS[usize::from(event)];
    let came: Vec<_> = seen.values().filter(|events| events.iter().any(|e| name(*e) == "signup")).collect();
    assert_eq!(came.len(), 280, "seven of ten come within the log");
    for events in &came {
        assert_eq!(name(events[0]), "signup");
        assert_eq!(events.iter().filter(|e| name(**e) == "signup").count(), 1);
    }
    let kinds: BTreeSet<u8> = all.iter().map(|row| row.event).collect();
    assert_eq!(kinds.len(), EVENTS.len());
    assert!(all.iter().all(|row| row.amount.is_some() == (name(row.event) == "payment")));
}

/// Days after the sign-up on which newcomers are back: fewer and fewer.
#[test]
fn retention_decays() {
    let all = rows(&App { events: 400_000, actors: 8_000, days: 60, ..App::default() });
    let mut came: BTreeMap<u32, i64> = BTreeMap::new();
    let mut days: BTreeSet<(u32, i64)> = BTreeSet::new();
    for row in &all {
        let day = row.at / 86_400_000_000;
        if row.event == 0 {
            came.insert(row.actor, day);
        }
        days.insert((row.actor, day));
    }
    let back = |after: i64| {
        let first: Vec<_> = came.iter().filter(|(_, day)| **day < 20_454 + 30).collect();
        first.iter().filter(|(actor, day)| days.contains(&(**actor, **day + after))).count() * 1000 / first.len()
    };
    let (one, seven, thirty) = (back(1), back(7), back(29));
    assert!(one > seven && seven > thirty && thirty > 0, "{one} {seven} {thirty}");
}

#[test]
fn files_are_the_same_bytes_each_time() {
    let bytes = |of: &App| {
        let folder = tempfile::tempdir().unwrap();
        let names = app(folder.path(), of).unwrap();
        let all: Vec<(String, Vec<u8>)> =
            names.into_iter().map(|name| (name.clone(), fs::read(folder.path().join(name)).unwrap())).collect();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), all.len(), "no part is left behind");
        all
    };
    for format in [FileFormat::Parquet, FileFormat::Csv, FileFormat::CsvGz] {
        let one = App {
            events: 3_000,
            actors: 50,
            days: 9,
            format,
            layout: Layout::Files(3),
            ids: Ids::Uuid,
            ..App::default()
        };
        assert_eq!(bytes(&one), bytes(&one));
        assert_ne!(bytes(&one), bytes(&App { seed: 2, ..one.clone() }));
        let daily = bytes(&App { layout: Layout::Daily, ..one.clone() });
        assert_eq!(daily.len(), 9);
        assert!(daily[0].0.starts_with("2026-01-01."));
    }
}

#[test]
fn csv_says_what_the_rows_say() {
    let folder = tempfile::tempdir().unwrap();
    let of =
        App { events: 1_000, actors: 20, days: 5, format: FileFormat::Csv, layout: Layout::Files(2), ..App::default() };
    let names = app(folder.path(), &of).unwrap();
    assert_eq!(names, ["events-0001.csv", "events-0002.csv"]);
    let texts: Vec<String> = names.iter().map(|n| fs::read_to_string(folder.path().join(n)).unwrap()).collect();
    let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((lines(&texts[0]).len(), lines(&texts[1]).len()), (500, 500));
    insta::assert_snapshot!(texts[0].lines().take(6).collect::<Vec<_>>().join("\n"));
}

#[test]
fn parameters_that_do_not_fit() {
    let refused = |of: &App| match generate(of, &mut |_| Ok(())) {
        Err(GenerateError::Parameters(text)) => text,
        _ => panic!("not refused"),
    };
    insta::assert_snapshot!(
        [
            refused(&App { events: 0, ..small() }),
            refused(&App { events: 10, ..small() }),
            refused(&App { layout: Layout::Daily, order: Order::Shuffled, ..small() }),
            refused(&App { layout: Layout::Files(0), ..small() }),
            refused(&App { events: 1_000, actors: 10, layout: Layout::Files(1_001), ..small() }),
        ]
        .join("\n")
    );
}

#[test]
fn a_shop_sells_and_cancels() {
    let (orders, customers) = shop(date(2026, 1, 1), 30, 20, 7);
    assert_eq!((orders.clone(), customers.clone()), shop(date(2026, 1, 1), 30, 20, 7));
    assert!(orders.is_sorted_by_key(|o| o.at));
    let placed: BTreeMap<u32, i64> = orders.iter().filter(|o| o.event == "purchase").map(|o| (o.order, o.at)).collect();
    let cancelled: Vec<_> = orders.iter().filter(|o| o.event == "cancellation").collect();
    assert!(!cancelled.is_empty() && cancelled.len() * 5 < placed.len());
    assert!(cancelled.iter().all(|o| placed[&o.order] < o.at));
    let known: BTreeSet<u32> = customers.iter().map(|c| c.id).collect();
    assert!(orders.iter().filter_map(|o| o.customer).all(|id| known.contains(&id)));
    assert!(orders.iter().any(|o| o.customer.is_none()));
}
