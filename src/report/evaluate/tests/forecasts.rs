//! How each additivity is carried forward.

use jiff::civil::date;

use crate::calendar::{Grain, PeriodLiteral};
use crate::ir::{Amount, Baseline, Change, Due, Target};
use crate::report::Status;
use crate::report::evaluate::tests::house::{House, at, close, dec, mean, objective, period, share, sum, unique};

fn to(amount: &str) -> Target {
    Target::Change {
        increase: true,
        change: Change::To(Amount::Literal(dec(amount))),
        from: Baseline::Period(period(PeriodLiteral::Quarter(2025, 4))),
    }
}

fn second_quarter() -> Due {
    Due::Period(period(PeriodLiteral::Quarter(2026, 2)))
}

#[test]
fn additive_is_what_has_been_and_what_is_drawn() {
    // 10 a month: whatever is drawn, a quarter is 30. April 2026 has brought 12.
    let mut months = vec![10.0; 15];
    months.push(12.0);
    let house = House::monthly(&months).now("2026-05-01");
    let card = house.clone().with(objective(sum(), Grain::Month, to("32"), second_quarter())).card();
    close(card.baseline.as_ref().and_then(|b| b.value), 30.0);
    assert_eq!(card.baseline.as_ref().map(|b| b.window.as_str()), Some("2025-Q4"));
    // The trailing quarter: February, March, April.
    close(card.actual.value, 32.0);
    assert_eq!(card.actual.window, "1 quarter to 30 Apr 2026");
    let to_date = card.to_date.as_ref().unwrap();
    close(to_date.value, 12.0);
    assert_eq!(to_date.note.as_deref(), Some("10 a month are needed in the 2 months left"));
    let projection = card.projection.as_ref().unwrap();
    // May and June are drawn from fifteen tens and one twelve.
    close(Some(projection.value), 32.0);
    close(Some(projection.path[0].median), 32.0);
    assert_eq!(projection.path.len(), 2);
    close(card.probabilities.first().map(|p| p.value), 1.0);
    assert_eq!(card.status, Status::OnTrack);
    // The trailing quarters of the series: none before three months are there.
    let trailing: Vec<Option<f64>> = card.trailing.iter().map(|p| p.value).collect();
    assert_eq!((trailing[0], trailing[1], trailing[2], trailing[15]), (None, None, Some(30.0), Some(32.0)));

    let missed = house.with(objective(sum(), Grain::Month, to("37"), second_quarter())).card();
    close(missed.probabilities.first().map(|p| p.value), 0.0);
    assert_eq!(missed.status, Status::OffTrack);
}

#[test]
fn a_flow_without_scatter_is_certain_by_regression_too() {
    // 1, 2, 3, … a month: the second quarter of 2026 is 16 + 17 + 18.
    let months: Vec<f64> = (1..=16).map(f64::from).collect();
    for (target, expected) in [("50.9", 1.0), ("51.1", 0.0)] {
        let card = House::monthly(&months)
            .now("2026-05-01")
            .with(objective(sum(), Grain::Month, to(target), second_quarter()))
            .card();
        assert_eq!(card.probabilities[1].method, "linear regression");
        close(Some(card.probabilities[1].value), expected);
    }
}

#[test]
fn weeks_do_not_fit_into_a_quarter_and_count_by_their_share() {
    // One row a day, 1 each: a quarter has as many as it has days, however its weeks lie.
    let days = vec![1.0; 365 + 31 + 28 + 31 + 12];
    let house = House::daily(date(2025, 1, 1), &days).now("2026-04-13");
    let card = house.with(objective(sum(), Grain::Week, to("91"), second_quarter())).card();
    // Monday 13 April is the frontier: twelve days are known.
    close(card.to_date.as_ref().and_then(|m| m.value), 12.0);
    close(card.projection.as_ref().map(|p| p.value), 91.0);
    close(card.baseline.as_ref().and_then(|b| b.value), 92.0);
}

#[test]
fn a_level_walks_on_from_where_it_stands() {
    // A mean of 5 in every month: nothing ever changes.
    let house = House::monthly(&[5.0; 16]).now("2026-05-01");
    let card = house.with(objective(mean(), Grain::Month, to("5"), second_quarter())).card();
    close(card.actual.value, 5.0);
    close(card.projection.as_ref().map(|p| p.value), 5.0);
    assert!(card.to_date.is_none());
    // Windows of a quarter are asked one by one: means do not add up.
    assert_eq!(card.trailing.iter().filter(|p| p.value.is_some()).count(), 14);
}

#[test]
fn members_are_counted_in_the_whole_window() {
    // A new customer each month: a month has 1, a quarter 3.
    let months: Vec<f64> = (1..=16).map(f64::from).collect();
    let house = House::monthly(&months).now("2026-05-01");
    let card = house.with(objective(unique(), Grain::Month, to("3"), second_quarter())).card();
    close(card.baseline.as_ref().and_then(|b| b.value), 3.0);
    close(card.actual.value, 3.0);
    close(card.series.last().and_then(|p| p.value), 1.0);
    close(card.projection.as_ref().map(|p| p.value), 3.0);
}

#[test]
fn a_share_stays_a_share() {
    let months: Vec<f64> = (0..16).flat_map(|i| vec![f64::from(u8::from(i % 3 != 0)); 1]).collect();
    let card = House::monthly(&months)
        .now("2026-05-01")
        .with(objective(share(), Grain::Month, to("0.9"), second_quarter()))
        .card();
    assert!(card.format.percent);
    let projection = card.projection.unwrap();
    assert!(projection.path.iter().all(|p| p.low >= 0.0 && p.high <= 1.0), "{projection:?}");
}

#[test]
fn the_same_answers_give_the_same_numbers() {
    let y = [3.0, 8.0, 1.0, 9.0, 4.0, 7.0, 2.0, 6.0, 5.0, 8.0, 3.0, 9.0, 1.0, 4.0, 6.0, 7.0];
    let house = House::monthly(&y).now("2026-05-01").with(objective(sum(), Grain::Month, to("20"), second_quarter()));
    let (a, b) = (house.card(), house.card());
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    assert_eq!(a.due, Some(at("2026-07-01")));
}
