//! Random small journeys: the engine against trying every way out, and what always holds.

use std::collections::{BTreeMap, BTreeSet};

use kepi_lang::calendar::{Calendar, Grain, Interval};
use kepi_lang::results::AnswerRow;
use serde_json::Value as Json;

use crate::journeys::lab::{Lab, Row};
use crate::journeys::posthog::number;

/// A generator of its own, so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Minutes after the start, and which event: 0, 1, 2 are steps, 3 is none.
type Events = Vec<(i64, u64)>;

const ACTORS: usize = 50;
const WINDOW: i64 = 60;
const NAMES: [&str; 4] = ["a", "b", "c", "x"];
/// The night in which clocks go forward in Berlin.
const START: &str = "2024-03-30T20:00:00Z";

fn journey(dice: &mut Dice) -> Events {
    let mut events: Events = Vec::new();
    for _ in 0..dice.below(9) {
        // Ties, gaps of exactly the window, and copies.
        let time = match (dice.below(5), events.last()) {
            (0, Some((time, _))) => *time,
            (1, Some((time, _))) => time + WINDOW,
            _ => dice.below(12) as i64 * 30,
        };
        events.push((time, dice.below(4)));
        if dice.below(8) == 0 {
            events.extend(events.last().copied());
        }
    }
    events
}

/// The most steps that distinct events can fill from an entry on: every way is tried.
fn furthest(events: &Events, ordered: bool) -> usize {
    fn on(events: &Events, used: &mut Vec<usize>, steps: &mut Vec<u64>, entry: i64, ordered: bool) -> usize {
        let last = used.last().map_or(entry, |u| events[*u].0);
        let mut best = steps.len();
        for (number, (time, event)) in events.iter().enumerate() {
            let next = if ordered { *event == steps.len() as u64 } else { !steps.contains(event) };
            let fits = *event < 3 && next && *time >= last && *time <= entry + WINDOW && !used.contains(&number);
            if fits {
                used.push(number);
                steps.push(*event);
                best = best.max(on(events, used, steps, entry, ordered));
                used.pop();
                steps.pop();
            }
        }
        best
    }
    let entries = events.iter().filter(|(_, e)| if ordered { *e == 0 } else { *e < 3 });
    entries.map(|(time, _)| on(events, &mut Vec::new(), &mut Vec::new(), *time, ordered)).max().unwrap_or(0)
}

fn by_actor(rows: &[AnswerRow]) -> BTreeMap<String, f64> {
    rows.iter().filter_map(|r| Some((r.by.first()?.to_string(), number(&r.value)?))).collect()
}

fn lab(dice: &mut Dice) -> (Lab, BTreeMap<String, Events>) {
    let start: jiff::Timestamp = START.parse().expect("an instant");
    let mut rows: Vec<Row> = Vec::new();
    let mut all = BTreeMap::new();
    for actor in 0..ACTORS {
        let (name, events) = (format!("u{actor:02}"), journey(dice));
        for (minutes, event) in &events {
            let time = start.checked_add(jiff::SignedDuration::from_mins(*minutes)).expect("an instant");
            rows.push(Row::from([
                ("ts".to_owned(), Json::from(time.to_string())),
                ("who".to_owned(), Json::from(name.clone())),
                ("event".to_owned(), Json::from(NAMES[*event as usize])),
                ("part".to_owned(), Json::from(["p", "q", "r"][dice.below(3) as usize])),
            ]));
        }
        all.insert(name, events);
    }
    // Files have no order that could be relied upon.
    rows.sort_by_key(|r| r["ts"].to_string().bytes().fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b))));
    let texts = BTreeSet::from(["who", "event", "part"].map(str::to_owned));
    let lab = Lab::new("time_zone: Europe/Berlin\n", "who", &rows, &texts).unwrap_or_else(|e| panic!("{e}"));
    (lab, all)
}

/// How many journeys: 500, or as many as `KEPI_JOURNEYS` says.
fn labs() -> usize {
    let wanted = std::env::var("KEPI_JOURNEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(500usize);
    wanted.div_ceil(ACTORS)
}

#[test]
fn random_funnels_get_as_far_as_any_way_leads() {
    let set = |n: usize| format!("app where event = \"{}\"", NAMES[n]);
    let chain = format!("{} -> {} -> {}", set(0), set(1), set(2));
    for seed in 0..labs() {
        let (lab, journeys) = lab(&mut Dice(seed as u64 + 1));
        let interval =
            Interval { start: "2024-01-01T00:00:00Z".parse().unwrap(), end: "2025-01-01T00:00:00Z".parse().unwrap() };
        let period = [Calendar::total(interval)];
        // Of those without a second opinion what always holds.
        let options = [
            ("", Some(true)),
            (", latest entry", Some(true)),
            (", any order", Some(false)),
            (", first entry", None),
            (", each entry", None),
            (", strict", None),
            (", no repeats", None),
            (", excluding (app where event = \"x\")", None),
        ];
        for (option, ordered) in options {
            let text = format!("conversion({chain}, within {WINDOW}m{option})");
            let asks: Vec<(String, &[&str])> = (1..=3)
                .flat_map(|k| {
                    let users = format!("{text}.users({k})");
                    [(users.clone(), &["who"] as &[&str]), (users.clone(), &[]), (users, &["part"])]
                })
                .collect();
            let rows = lab.answer(&asks, None, &period).unwrap_or_else(|e| panic!("{e}"));
            let mut before = f64::INFINITY;
            for (k, rows) in (1..).zip(rows.chunks(3)) {
                let found = by_actor(&rows[0]);
                for (who, events, ordered) in ordered.iter().flat_map(|o| journeys.iter().map(|(w, e)| (w, e, *o))) {
                    let there = furthest(events, ordered) >= k;
                    let engine = found.get(who).copied().unwrap_or(0.0) > 0.0;
                    assert_eq!(engine, there, "seed {seed}, {who}, step {k}, {text}: {events:?}");
                }
                let total = number(&rows[1][0].value).expect("a number");
                assert!(total <= before, "users rise: seed {seed}, {text}");
                before = total;
                let parts: f64 = rows[2].iter().filter_map(|r| number(&r.value)).sum();
                assert_eq!(parts.to_bits(), total.to_bits(), "parts add up: seed {seed}, {text}");
            }
        }
    }
}

#[test]
fn random_returns_keep_their_identities() {
    for seed in 0..labs() {
        let (lab, _) = lab(&mut Dice(seed as u64 + 1));
        let periods = lab.periods("2024-03-30 00:00", "2024-03-31 23:00", Grain::Hour).expect("hours");
        let states = ["new(app)", "returning(app)", "resurrected(app)", "dormant(app)", "unique(app)"];
        let mut asks: Vec<(String, &[&str])> = states.iter().map(|s| ((*s).to_owned(), &[] as &[&str])).collect();
        let cohorts = ["", ", recurring"];
        for cohort in cohorts {
            let table = format!("retention(app -> app, hour 0 to 6, on or after{cohort}).numerator");
            asks.push((table.clone(), &[]));
            asks.push((table, &["part"]));
        }
        asks.extend(states.iter().take(4).map(|s| ((*s).to_owned(), &["part"] as &[&str])));
        let rows = lab.answer(&asks, None, &periods).unwrap_or_else(|e| panic!("{e}"));
        let value = |ask: usize, period: usize| number(&rows[ask][period].value).expect("a number");
        for (period, asked) in periods.iter().enumerate() {
            let label = &asked.label;
            let sum = value(0, period) + value(1, period) + value(2, period);
            assert!((value(4, period) - sum).abs() < 0.5, "active: seed {seed}, {label}");
            if period > 0 {
                let sum = value(1, period) + value(3, period);
                assert!((value(4, period - 1) - sum).abs() < 0.5, "active before: seed {seed}, {label}");
                let grown = value(0, period) + value(2, period) - value(3, period);
                let more = value(4, period) - value(4, period - 1);
                assert!((more - grown).abs() < 0.5, "growth: seed {seed}, {label}");
            }
            // Each actor has one value: that of its first event of the period, of who is gone its last before.
            for (state, name) in states.iter().take(4).enumerate() {
                let parts = rows[9 + state].iter().filter(|r| r.period == period).filter_map(|r| number(&r.value));
                assert!(
                    (parts.sum::<f64>() - value(state, period)).abs() < 0.5,
                    "{name} adds up: seed {seed}, {label}"
                );
            }
        }
        for ((whole, parts), kind) in [(&rows[5], &rows[6]), (&rows[7], &rows[8])].into_iter().zip(cohorts) {
            for cohort in whole.chunk_by(|a, b| a.period == b.period) {
                let counts: Vec<f64> = cohort.iter().filter_map(|r| number(&r.value)).collect();
                assert_eq!(counts.len(), 7);
                assert!(counts.is_sorted_by(|a, b| a >= b), "on or after rises: seed {seed}{kind}: {counts:?}");
                let period = cohort[0].period;
                for (offset, count) in counts.iter().enumerate() {
                    // By first touch; a member of several starts is one for each of their values.
                    let same = parts.iter().filter(|r| r.period == period && r.by.last() == cohort[offset].by.last());
                    let sum: f64 = same.filter_map(|r| number(&r.value)).sum();
                    let right = if kind.is_empty() { (sum - count).abs() < 0.5 } else { sum >= *count };
                    assert!(right, "parts add up: seed {seed}{kind}, offset {offset}: {sum}, {count}");
                }
            }
        }
    }
}
