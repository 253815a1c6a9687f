//! Spans against a program that looks at each of them for each period, on random small cases: overlapping spans, spans that touch, that end
//! where a period does, before they begin or never, rows without an actor, "now" in the middle.
//!
//! `KEPI_JOURNEYS=20000` runs more of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::{Grain, Interval, Length, SpanUnit};
use kepi_lang::ir::{Ask, Question};
use kepi_lang::value::Value;

use crate::pipeline::{Text, compile, plain};
use crate::rng::Rng;

const MANIFEST: &str = "kepi: 1\nname: spans\ntime_zone: Europe/Berlin\n";
const DEFINITIONS: &str = "sources:
  subs:
    files: '*.csv'
    time: since
    actor: who
    columns: {since: instant, until: instant, who: text, plan: text, mrr: integer}
spans:
  pass: {source: subs, from: since, until: until}
metrics:
  mrr: sum(open(pass).mrr)
";

#[derive(Clone, Debug)]
struct Pass {
    who: Option<String>,
    plan: Option<String>,
    mrr: i64,
    since: Timestamp,
    until: Option<Timestamp>,
}

impl Pass {
    fn at(&self, instant: Timestamp) -> bool {
        self.since < instant && self.until.is_none_or(|until| until >= instant)
    }
}

fn passes(rng: &mut Rng, bounds: &[Timestamp]) -> Vec<Pass> {
    let first = bounds[0] - SignedDuration::from_hours(24 * 20);
    let instant = |rng: &mut Rng| match rng.below(3) {
        0 => *rng.pick(bounds),
        1 => *rng.pick(bounds) - SignedDuration::from_micros(1),
        _ => first + SignedDuration::from_mins(rng.between(0, 60 * 24 * 170)),
    };
    let pass = |rng: &mut Rng| {
        let since = instant(rng);
        let until = match rng.below(5) {
            0 => None,
            1 => Some(since),
            2 => Some(instant(rng)),
            _ => Some(since + SignedDuration::from_hours(rng.between(1, 24 * 60))),
        };
        Pass {
            who: (!rng.one_in(8)).then(|| format!("u{}", rng.below(5))),
            plan: (!rng.one_in(6)).then(|| format!("p{}", rng.below(3))),
            mrr: rng.between(0, 40),
            since,
            until,
        }
    };
    let mut all: Vec<Pass> = (0..rng.below(14)).map(|_| pass(rng)).collect();
    for at in 0..all.len() {
        // Some come back where, or soon after, they left.
        if let (Some(until), true) = (all[at].until, rng.one_in(3)) {
            let since = until + SignedDuration::from_hours(24 * rng.between(0, 5));
            all.push(Pass { since, until: None, mrr: rng.between(0, 40), ..all[at].clone() });
        }
    }
    all
}

/// By value of the breakdown, or as a whole: actors at the start, and those of them that are gone at the end.
fn churn(passes: &[Pass], start: Timestamp, end: Timestamp, by: bool) -> BTreeMap<Option<String>, (i128, i128)> {
    let mut found: BTreeMap<Option<String>, (i128, i128)> = BTreeMap::new();
    let owned: BTreeSet<&String> = passes.iter().filter_map(|p| p.who.as_ref()).collect();
    for who in owned {
        let own: Vec<&Pass> = passes.iter().filter(|p| p.who.as_ref() == Some(who)).collect();
        let there = own.iter().filter(|p| p.at(start));
        let groups: BTreeSet<Option<String>> = there.map(|p| p.plan.clone().filter(|_| by)).collect();
        let gone = !own.iter().any(|p| p.at(end));
        for group in groups {
            let entry = found.entry(group).or_default();
            entry.0 += 1;
            entry.1 += i128::from(gone);
        }
    }
    found
}

fn run(seed: u64) {
    let mut rng = Rng::new(seed);
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(root.path().join("data")).expect("a folder");
    let months = ["2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"];
    let bound = |day: &str| {
        let date: jiff::civil::Date = day.parse().expect("a date");
        date.in_tz("Europe/Berlin").expect("a zone").timestamp()
    };
    let bounds: Vec<Timestamp> = months.iter().map(|d| bound(d)).collect();
    let all = passes(&mut rng, &bounds);
    let mut files = vec!["since,until,who,plan,mrr\n".to_owned(); 2];
    // History begins before every period that is looked back at.
    files[0] += "2025-12-31T23:30:00Z,2025-12-31T23:40:00Z,nobody,,1\n";
    for pass in &all {
        let text = |t: &Option<String>| t.clone().unwrap_or_default();
        let until = pass.until.map_or_else(String::new, |t| t.to_string());
        let file = &mut files[rng.below(2)];
        let _ = writeln!(file, "{},{until},{},{},{}", pass.since, text(&pass.who), text(&pass.plan), pass.mrr);
    }
    for (number, text) in files.iter().enumerate() {
        std::fs::write(root.path().join(format!("data/subs{number}.csv")), text).expect("a file");
    }
    let compiled = compile(root.path(), MANIFEST, DEFINITIONS).expect("definitions");
    let as_of = match rng.below(3) {
        0 => bounds[2] + SignedDuration::from_hours(rng.between(0, 24 * 40)),
        1 => bounds[4],
        _ => "2027-01-01T00:00:00Z".parse().expect("an instant"),
    };
    let whole = Interval { start: bounds[0], end: bounds[4] };
    let ask = |expr: &str, by: &[&str]| {
        let by: Vec<String> = by.iter().map(|d| (*d).to_owned()).collect();
        let text = Text { expr: expr.to_owned(), by: by.clone(), condition: None };
        let typed = compiled.ask(&text).unwrap_or_else(|e| panic!("{expr}: {e}"));
        Ask { name: expr.to_owned(), expr: typed.expr, by, periods: compiled.periods(Some(Grain::Month), whole) }
    };
    let plan = &["plan"];
    let lost = "sum(greatest(ago(mrr, 1 period) - mrr, 0) per actor)";
    let asks = vec![
        ask("count(open(pass))", &[]),
        ask("unique(open(pass))", &[]),
        ask("mrr", &[]),
        ask("mrr", plan),
        ask("count(open(pass where plan = \"p0\") where mrr > 10)", &[]),
        ask("count(started(pass))", &[]),
        ask("sum(ended(pass).mrr)", &[]),
        ask("churn(pass).denominator", &[]),
        ask("churn(pass).numerator", &[]),
        ask("churn(pass).denominator", plan),
        ask("churn(pass).numerator", plan),
        ask("churn(pass, after 3d).numerator", &[]),
        ask("churn(pass).numerator where plan = \"p1\"", &[]),
        ask(lost, &[]),
        ask("max(count(open(pass)) per actor)", &[]),
        ask("last(count(open(pass)) per day)", &[]),
        ask("total(churn(pass).denominator) + churn(pass).numerator", plan),
    ];
    let options = Options { threads: Some(1 + rng.below(3)), ..Options::default() };
    let dataset = Dataset::open(root.path(), Arc::new(compiled.program.clone()), options).expect("files");
    let question = Question { asks, as_of, as_of_given: true, range: None };
    let results = dataset.answer(&question).unwrap_or_else(|e| panic!("seed {seed}: {}", plain(&e)));
    assert!(results.ledgers.iter().all(kepi_lang::results::Ledger::balances), "seed {seed}");

    // Who begins later is not there yet.
    let known: Vec<Pass> = all.iter().filter(|p| p.since < as_of).cloned().collect();
    let graced: Vec<Pass> = known
        .iter()
        .map(|p| {
            let grace = Length { count: 3, unit: SpanUnit::Day };
            Pass { until: p.until.map(|t| compiled.calendar().after(t, grace)), ..p.clone() }
        })
        .collect();
    let value = |ask: usize, period: usize, by: Option<&Option<String>>| -> Value {
        let key = |by: &Option<String>| by.clone().map_or(Value::Null, Value::Text);
        let rows = &results.answers[ask].rows;
        let row = rows.iter().find(|r| r.period == period && by.is_none_or(|by| r.by == [key(by)]));
        row.map_or(Value::Int(0), |row| row.value.clone())
    };
    let number = |n: i128| Value::Int(n);
    for period in 0..months.len() - 1 {
        let (start, end) = (bounds[period].min(as_of), bounds[period + 1].min(as_of));
        let open: Vec<&Pass> = known.iter().filter(|p| p.at(end)).collect();
        let told = |ask: usize, expected: i128| {
            let said = format!("seed {seed}, ask {ask}, month {period}, now {as_of}: {known:#?}");
            assert_eq!(value(ask, period, None), number(expected), "{said}");
        };
        let who = |passes: &[&Pass]| passes.iter().filter_map(|p| p.who.clone()).collect::<BTreeSet<_>>();
        let sum = |passes: &[&Pass]| passes.iter().map(|p| i128::from(p.mrr)).sum::<i128>();
        told(0, open.len() as i128);
        told(1, who(&open).len() as i128);
        told(2, sum(&open));
        told(4, open.iter().filter(|p| p.plan.as_deref() == Some("p0") && p.mrr > 10).count() as i128);
        let within = |t: Timestamp| t >= bounds[period] && t < end;
        told(5, known.iter().filter(|p| within(p.since)).count() as i128);
        let ended = |p: &&Pass| p.until.is_some_and(within);
        told(6, known.iter().filter(ended).map(|p| i128::from(p.mrr)).sum());
        let whole = churn(&known, bounds[period], end, false).get(&None).copied().unwrap_or_default();
        if start == bounds[period] {
            told(7, whole.0);
            told(8, whole.1);
            let parts = churn(&known, start, end, true);
            for plan in [None, Some("p0".to_owned()), Some("p1".to_owned()), Some("p2".to_owned())] {
                let of_plan: Vec<&Pass> = open.iter().copied().filter(|p| p.plan == plan).collect();
                let (there, gone) = parts.get(&plan).copied().unwrap_or_default();
                let said = format!("seed {seed}, {plan:?}, month {period}: {known:#?}");
                assert_eq!(value(3, period, Some(&plan)), number(sum(&of_plan)), "{said}");
                assert_eq!(value(9, period, Some(&plan)), number(there), "{said}");
                assert_eq!(value(10, period, Some(&plan)), number(gone), "{said}");
                // Who has passes of two plans is one as a whole.
                let total = value(16, period, Some(&plan));
                assert!(total == number(whole.0 + gone) || (total == number(0) && there == 0), "{said}: {total:?}");
            }
            told(11, churn(&graced, start, end, false).get(&None).copied().unwrap_or_default().1);
            told(12, parts.get(&Some("p1".to_owned())).copied().unwrap_or_default().1);
            if period > 0 {
                let each = |at: Timestamp| {
                    let mut each: BTreeMap<&String, i64> = BTreeMap::new();
                    for pass in known.iter().filter(|p| p.at(at)) {
                        if let Some(who) = &pass.who {
                            *each.entry(who).or_default() += pass.mrr;
                        }
                    }
                    each
                };
                let (before, now) = (each(start), each(end));
                let less = before.iter().map(|(who, mrr)| (mrr - now.get(*who).unwrap_or(&0)).max(0));
                let less: i64 = less.sum();
                let none = before.is_empty() && now.is_empty();
                let said = format!("seed {seed}, lost in month {period}: {known:#?}");
                let expected = number(i128::from(less));
                let found = value(13, period, None);
                assert!(found == expected || (none && found.is_null()), "{found:?} {expected:?}, {said}");
            }
        }
        let mut each: BTreeMap<&String, i128> = BTreeMap::new();
        open.iter().filter_map(|p| p.who.as_ref()).for_each(|who| *each.entry(who).or_default() += 1);
        let most = each.values().max().map_or(Value::Null, |n| number(*n));
        assert_eq!(value(14, period, None), most, "seed {seed}: {known:#?}");
        if bounds[period] < as_of {
            told(15, open.len() as i128);
        }
    }
}

#[test]
fn spans_are_those_of_one_by_one() {
    let runs = std::env::var("KEPI_JOURNEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    (0..runs).for_each(run);
}
