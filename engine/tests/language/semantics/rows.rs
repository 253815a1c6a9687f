//! Where rows go, whole ranges, rows without time, and numbers of one question that must not touch each other.

use kepi_lang::calendar::{Grain, Interval};
use kepi_lang::results::Ledger;
use kepi_lang::value::Value;

use crate::pipeline::Text;
use crate::semantics::{World, shown, world};

const LATER: &str = "2024-04-01T00:00:00Z";

fn ledger(world: &World, expr: &str) -> Ledger {
    let march = world.days("2024-03-01", "2024-03-04");
    let results = world.answers(vec![world.ask(expr, &[], Some(Grain::Day), march)], LATER);
    results.ledgers.into_iter().next().expect("a ledger")
}

#[test]
fn every_row_is_accounted_for() {
    let world = world(crate::data::Encoding::Csv);
    // Ten rows: one without time, one copy of a key, one before March.
    let all = ledger(&world, "count(order)");
    assert!(all.balances());
    assert_eq!((all.read, all.no_time, all.duplicates, all.differing, all.outside, all.used), (10, 1, 1, 1, 1, 7));
    assert_eq!((all.no_actor, all.unclaimed, all.unknown, all.null_values), (1, 0, 0, 0));
    // e1, e2 and e6, whose n is unknown, are not counted.
    let some = ledger(&world, "count(order where n > 2)");
    assert_eq!((some.used, some.unclaimed, some.unknown, some.null_values), (7, 3, 1, 0));
    // e5 has no amount.
    let sum = ledger(&world, "sum(order.amount)");
    assert_eq!((sum.used, sum.unclaimed, sum.unknown, sum.null_values), (7, 0, 0, 1));
    // Rows without an actor have their own line.
    let users = ledger(&world, "unique(order)");
    assert_eq!((users.used, users.unclaimed, users.no_actor, users.null_values), (7, 0, 1, 0));
}

#[test]
fn keys_without_a_row_in_the_lookup_are_counted() {
    let world = world(crate::data::Encoding::Parquet);
    let ask = world.ask("count(order)", &["user.plan"], None, world.days("2024-02-29", "2024-03-04"));
    let results = world.answers(vec![ask], LATER);
    assert_eq!(shown(&results.answers[0]), "(none): 4\nfree: 2\npro: 2");
    // u9, and the order without a user.
    assert_eq!(results.lookups.iter().map(|l| (l.rows, l.missing)).collect::<Vec<_>>(), [(3, 2)]);
}

#[test]
fn a_range_as_one_period_and_longer_grains() {
    let world = world(crate::data::Encoding::Parquet);
    let march = world.days("2024-03-01", "2024-03-04");
    let asks = vec![
        world.ask("unique(order)", &[], None, march),
        world.ask("unique(order)", &["country"], None, march),
        // February and March.
        world.ask("count(order)", &[], Some(Grain::Month), world.days("2024-02-01", "2024-04-01")),
        // The weeks of 26 February (six of its days hold all orders) and of 4 March.
        world.ask("sum(order.amount)", &[], Some(Grain::Week), world.days("2024-02-26", "2024-03-11")),
        world.ask("last(sum(balance.amount) per day)", &[], Some(Grain::Month), march),
        world.ask("ago(count(order), 1 month)", &[], Some(Grain::Month), world.days("2024-02-01", "2024-04-01")),
    ];
    let results = world.answers(asks, LATER);
    let found: Vec<String> = results.answers.iter().map(shown).collect();
    // The last day of March with a balance is the third. `ago`: February begins before the first order, on the 29th.
    assert_eq!(found, ["3", "(none): 1\nDE: 2\nFR: 1", "1 | 7", "113 | 0", "120", "- | -"]);
}

#[test]
fn rows_without_time_belong_to_the_whole() {
    let world = world(crate::data::Encoding::Csv);
    let asks = ["count(contract)", "sum(contract.seats)", "unique(contract.kind)"];
    let asks = asks.map(|expr| world.ask(expr, &[], None, Interval::ALL));
    let kinds = world.ask("sum(contract.seats)", &["kind"], None, Interval::ALL);
    let results = world.answers(asks.into_iter().chain([kinds]).collect(), LATER);
    let found: Vec<String> = results.answers.iter().map(shown).collect();
    assert_eq!(found, ["3", "7", "2", "free: 0\ngold: 7"]);
    assert!(results.answers.iter().flat_map(|a| &a.rows).all(|r| r.complete));
}

#[test]
fn what_is_known_is_complete() {
    let world = world(crate::data::Encoding::Csv);
    let march = world.days("2024-03-01", "2024-03-04");
    let complete = |expr: &str, as_of: &str| {
        let results = world.answers(vec![world.ask(expr, &[], Some(Grain::Day), march)], as_of);
        results.answers[0].rows.iter().map(|r| r.complete).collect::<Vec<_>>()
    };
    // The last order is of 3 March, 10:00 (a copy of a key is an event that was seen), the last click of 2 March.
    assert_eq!(complete("count(order)", LATER), [true, true, false]);
    assert_eq!(complete("count(click)", LATER), [true, false, false]);
    assert_eq!(complete("count(order) / count(click)", LATER), [true, false, false]);
}

#[test]
fn rows_at_or_after_as_of_do_not_count() {
    let world = world(crate::data::Encoding::Parquet);
    let march = world.days("2024-03-01", "2024-03-04");
    let asks = ["count(order)", "count(order) over all time", "count(count(order) per day over 3 days)"];
    let asks = asks.map(|expr| world.ask(expr, &[], Some(Grain::Day), march));
    let results = world.answers(asks.to_vec(), "2024-03-01T10:00:00Z");
    let found: Vec<String> = results.answers.iter().map(shown).collect();
    // A series has no days that begin after it.
    assert_eq!(found, ["2 | 0 | 0", "3 | 3 | 3", "3 | 2 | 1"]);
}

/// The parts of one measure would not meet those of the other.
#[test]
fn a_dimension_of_two_types_is_refused() {
    let ask = Text { expr: "count(order) / count(contract)".to_owned(), by: vec!["kind".to_owned()], condition: None };
    let said = world(crate::data::Encoding::Csv).compiled.ask(&ask).expect_err("a finding");
    assert!(said.starts_with("K0301: the dimension is a number in one measure, text in another"), "{said}");
}

/// Whole amounts of one breakdown are equal to the whole numbers of another, and have another type.
#[test]
fn breakdowns_of_one_question_keep_their_types() {
    let world = world(crate::data::Encoding::Csv);
    let march = world.days("2024-03-01", "2024-03-02");
    let (amount, n) = (["amount"], ["n * 10"]);
    let asks = vec![
        world.ask("count(order)", &amount, Some(Grain::Day), march),
        world.ask("count(order)", &n, Some(Grain::Day), march),
    ];
    let results = world.answers(asks, LATER);
    let types = |answer: usize| {
        let values = results.answers[answer].rows.iter().flat_map(|r| &r.by);
        values.map(|v| matches!(v, Value::Int(_))).collect::<Vec<_>>()
    };
    assert_eq!((types(0), types(1)), (vec![false; 4], vec![true; 4]));
    assert_eq!(shown(&results.answers[1]), "10: 1\n20: 1\n30: 1\n40: 1");
}
