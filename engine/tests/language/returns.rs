//! Retention against a program that goes through the days of each actor one by one, on random small cases: ties, rows twice, days of changing
//! clocks, starts that are returns, values that are not known, rows without an actor, "now" in the middle.
//!
//! `KEPI_JOURNEYS=20000` runs more of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::{Grain, Interval};
use kepi_lang::ir::{Ask, Question};
use kepi_lang::value::Value;

use crate::pipeline::{Text, compile, plain};
use crate::rng::Rng;

const MANIFEST: &str = "kepi: 1\nname: returns\ntime_zone: Europe/Berlin\n";
const DEFINITIONS: &str = "sources:
  app: {files: '*.csv', time: ts, actor: who, columns: {who: text, kind: text, plan: text}}
events:
  a: app where kind != \"b\"
  b: app where kind != \"a\"
";

/// `kind` c is a start and a return.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    time: Timestamp,
    kind: &'static str,
    plan: Option<String>,
}

#[derive(Debug)]
struct Rule {
    week: bool,
    buckets: Vec<(i64, i64)>,
    on_or_after: bool,
    rolling: bool,
    recurring: bool,
    at_least: usize,
    same: bool,
    mature_only: bool,
}

impl Rule {
    fn new(rng: &mut Rng) -> Self {
        let on_or_after = rng.one_in(4);
        let buckets = match rng.below(3) {
            0 => (0..4).map(|at| (at, at)).collect(),
            1 if !on_or_after => vec![(1, 1), (2, 3), (4, 6)],
            1 => vec![(1, 1)],
            _ if !on_or_after => vec![(1, 3)],
            _ => vec![(0, 0)],
        };
        Self {
            week: rng.one_in(3),
            buckets,
            on_or_after,
            rolling: rng.one_in(3),
            recurring: rng.one_in(2),
            at_least: 1 + rng.below(2),
            same: rng.one_in(3),
            mature_only: rng.one_in(3),
        }
    }

    fn said(&self) -> String {
        let grain = if self.week { "week" } else { "day" };
        let bucket = |(from, to): &(i64, i64)| match from == to {
            true => format!("{grain} {from}"),
            false => format!("any {grain} {from} to {to}"),
        };
        let mut options: Vec<String> = self.buckets.iter().map(bucket).collect();
        let mut flag = |on: bool, word: &str| options.extend(on.then(|| word.to_owned()));
        flag(self.on_or_after, "on or after");
        flag(self.rolling, "rolling");
        flag(self.recurring, "recurring");
        flag(self.at_least > 1, "at least 2");
        flag(self.same, "same plan");
        flag(self.mature_only, "mature only");
        format!("retention(a -> b, {})", options.join(", "))
    }

    /// The first day of the period that holds an instant.
    fn period(&self, time: Timestamp) -> Date {
        let day = berlin().to_datetime(time).date();
        match self.week {
            true => day - i64::from(day.weekday().to_monday_zero_offset()).days(),
            false => day,
        }
    }

    fn days(&self) -> i64 {
        if self.week { 7 } else { 1 }
    }

    fn offset(&self, start: Timestamp, back: Timestamp) -> i64 {
        match self.rolling {
            true => {
                let width = i128::from(self.days()) * 86_400_000_000_000;
                back.duration_since(start).as_nanos().div_euclid(width) as i64
            }
            false => {
                let (from, to) = (self.period(start), self.period(back));
                i64::from((to - from).get_days()) / self.days()
            }
        }
    }

    /// From when on it is known who has come back by the end of a bucket.
    fn ends(&self, start: Timestamp, last: i64) -> Timestamp {
        match self.rolling {
            true => start + SignedDuration::from_hours(24 * self.days() * (last + 1)),
            false => day_start(self.period(start) + (self.days() * (last + 1)).days()),
        }
    }

    /// Whom a cohort has, and of each bucket: members that count, and those who are back.
    fn cells(
        &self,
        rows: &[Row],
        from: Timestamp,
        to: Timestamp,
        by: Option<&Option<String>>,
        known: Timestamp,
    ) -> Cells {
        let mut cells = vec![(0i128, 0i128); self.buckets.len()];
        let mut starts: Vec<&Row> = rows.iter().filter(|r| r.kind != "b" && !(self.same && r.plan.is_none())).collect();
        // Of starts of one time the one that is no return, then by value.
        starts.sort_by_key(|r| (r.time, r.kind == "c", r.plan.clone()));
        let inside = |r: &&Row| r.time >= from && r.time < to;
        let members: Vec<&Row> = match self.recurring {
            false => starts.into_iter().take(1).filter(inside).collect(),
            true => starts.into_iter().filter(inside).collect(),
        };
        let mut periods: BTreeMap<Date, Vec<&Row>> = BTreeMap::new();
        for row in members {
            let alike = periods.entry(self.period(row.time)).or_default();
            if !alike.iter().any(|m| !self.same || m.plan == row.plan) {
                alike.push(row);
            }
        }
        for members in periods.values() {
            for (cell, (first, last)) in cells.iter_mut().zip(&self.buckets) {
                let (mut counts, mut back) = (false, false);
                for member in members.iter().filter(|m| by.is_none_or(|by| m.plan == *by)) {
                    counts |= !(self.mature_only && self.ends(member.time, *last) > known);
                    let returns = rows.iter().filter(|r| r.kind != "a" && (!self.same || r.plan == member.plan));
                    let offsets = returns.map(|r| self.offset(member.time, r.time));
                    let enough = offsets.filter(|o| o >= first && (self.on_or_after || o <= last)).count();
                    back |= *first == 0 || enough >= self.at_least;
                }
                cell.0 += i128::from(counts);
                cell.1 += i128::from(counts && back);
            }
        }
        cells
    }
}

type Cells = Vec<(i128, i128)>;

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("a zone")
}

fn day_start(date: Date) -> Timestamp {
    date.in_tz("Europe/Berlin").expect("a day").timestamp()
}

fn journeys(rng: &mut Rng, first: Date) -> BTreeMap<String, Vec<Row>> {
    let mut all: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for who in 0..1 + rng.below(6) {
        let mut rows: Vec<Row> = Vec::new();
        for _ in 0..rng.below(10) {
            let time = match (rng.below(6), rows.last()) {
                (0, Some(row)) => row.time,
                (1, Some(row)) => row.time + SignedDuration::from_hours(24),
                (2, _) => day_start(first + i64::from(rng.below(24) as u32).days()),
                (3, _) => day_start(first + i64::from(rng.below(24) as u32).days()) - SignedDuration::from_micros(1),
                _ => day_start(first) + SignedDuration::from_mins(rng.between(0, 60 * 24 * 24)),
            };
            let plan = (!rng.one_in(5)).then(|| format!("p{}", rng.below(2)));
            let row = Row { time, kind: ["a", "b", "c"][rng.below(3)], plan };
            if rng.one_in(8) {
                rows.push(row.clone());
            }
            rows.push(row);
        }
        all.insert(format!("u{who}"), rows);
    }
    all
}

fn run(seed: u64) {
    let mut rng = Rng::new(seed);
    let rule = Rule::new(&mut rng);
    // Weeks in which clocks go forward, go back, and do neither; each a Monday.
    let first: Date = ["2026-03-23", "2026-10-19", "2026-06-01"][rng.below(3)].parse().expect("a date");
    let all = journeys(&mut rng, first);
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(root.path().join("data")).expect("a folder");
    let mut files = vec!["ts,who,kind,plan\n2026-01-01T10:00:00Z,,a,p0\n,u0,a,p0\n".to_owned(); 2];
    for (who, rows) in &all {
        for row in rows {
            let plan = row.plan.clone().unwrap_or_default();
            let _ = writeln!(files[rng.below(2)], "{},{who},{},{plan}", row.time, row.kind);
        }
    }
    for (number, text) in files.iter().enumerate() {
        std::fs::write(root.path().join(format!("data/app{number}.csv")), text).expect("a file");
    }
    let compiled = compile(root.path(), MANIFEST, DEFINITIONS).expect("definitions");
    let (grain, periods) = if rng.one_in(2) { (Grain::Day, 21) } else { (Grain::Week, 3) };
    let days = if grain == Grain::Day { 1 } else { 7 };
    let bound = |period: i64| day_start(first + (period * days).days());
    let as_of = match rng.below(3) {
        0 => bound(0) + SignedDuration::from_hours(rng.between(24 * 7, 24 * 40)),
        1 => day_start(first + 14.days()),
        _ => "2027-06-01T00:00:00Z".parse().expect("an instant"),
    };
    let whole = Interval { start: bound(0), end: bound(periods) };
    let ask = |part: &str, by: &[&str]| {
        let expr = format!("{}.{part}", rule.said());
        let by: Vec<String> = by.iter().map(|d| (*d).to_owned()).collect();
        let typed =
            compiled.ask(&Text { expr: expr.clone(), by, condition: None }).unwrap_or_else(|e| panic!("{expr}: {e}"));
        Ask { name: expr, expr: typed.expr, by: typed.by, periods: compiled.periods(Some(grain), whole) }
    };
    let parts = ["denominator", "numerator"];
    let asks = parts.iter().flat_map(|part| [ask(part, &[]), ask(part, &["plan"])]).collect();
    let options = Options { threads: Some(1 + rng.below(3)), ..Options::default() };
    let dataset = Dataset::open(root.path(), Arc::new(compiled.program.clone()), options).expect("files");
    let question = Question { asks, as_of, as_of_given: true, range: None };
    let results = dataset.answer(&question).unwrap_or_else(|e| panic!("seed {seed}: {}", plain(&e)));
    assert!(results.ledgers.iter().all(kepi_lang::results::Ledger::balances), "seed {seed}");

    let table = rule.buckets.len() > 1;
    let plans: BTreeSet<Option<String>> = [None, Some("p0".to_owned()), Some("p1".to_owned())].into();
    let groups = std::iter::once(None).chain(plans.iter().map(Some));
    for by in groups {
        for period in 0..periods {
            let mut expected = vec![(0, 0); rule.buckets.len()];
            for rows in all.values() {
                let known: Vec<Row> = rows.iter().filter(|r| r.time < as_of).cloned().collect();
                let own = rule.cells(&known, bound(period), bound(period + 1), by, as_of);
                expected.iter_mut().zip(own).for_each(|(sum, own)| *sum = (sum.0 + own.0, sum.1 + own.1));
            }
            for (number, (cell, (_, last))) in expected.iter().zip(&rule.buckets).enumerate() {
                let end = bound(period + 1);
                let latest = if rule.rolling { end } else { end - SignedDuration::from_micros(1) };
                let known = rule.mature_only || rule.ends(latest, *last) <= as_of;
                for (part, expected) in [cell.0, cell.1].into_iter().enumerate() {
                    let rows = &results.answers[2 * part + usize::from(by.is_some())].rows;
                    let wanted: Vec<Value> =
                        by.map(|by| by.clone().map_or(Value::Null, Value::Text)).into_iter().collect();
                    let mut found = rows.iter().filter(|r| r.period == period as usize && r.by.starts_with(&wanted));
                    let found = found.nth(if table { number } else { 0 }).map(|r| r.value.clone());
                    // A value of the breakdown that nobody has is no row.
                    let nobody = found.is_none() && by.is_some() && expected == 0;
                    let expected = if known { Value::Int(expected) } else { Value::Null };
                    let said = format!(
                        "seed {seed}: {} of {}, {by:?}, cell {number}, period {period}, now {as_of}",
                        parts[part],
                        rule.said()
                    );
                    assert!(
                        nobody || found == Some(expected.clone()),
                        "{said}: {found:?}, expected {expected:?}: {all:#?}"
                    );
                }
            }
        }
    }
}

#[test]
fn returns_are_those_of_one_by_one() {
    let runs = std::env::var("KEPI_JOURNEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    (0..runs).for_each(run);
}
