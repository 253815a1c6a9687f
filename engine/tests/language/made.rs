//! Sessions and first events against a program that goes through the rows one by one, on random small journeys: ties, pauses of
//! just the gap, days of changing clocks, rows twice, rows without an actor or a time.
//!
//! `KEPI_JOURNEYS=20000` runs more of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::Grain;
use kepi_lang::ir::{Ask, Question};
use kepi_lang::value::Value;

use crate::pipeline::{Text, compile, plain};
use crate::rng::Rng;

const MANIFEST: &str = "kepi: 1\nname: made\ntime_zone: Europe/Berlin\n";
const DEFINITIONS: &str = "sources:
  app: {files: '*.csv', time: ts, actor: user_id, columns: {user_id: text, page: text, sid: text, n: integer}}
";

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    actor: String,
    time: i64,
    page: String,
    sid: String,
    n: i64,
}

#[derive(Debug)]
struct Rule {
    gap: i64,
    or_more: bool,
    max: i64,
    split: bool,
    id: bool,
}

struct Session {
    actor: String,
    rows: Vec<Row>,
}

/// Rows around a change of clocks, with steps that are the gap more often than chance would have it.
fn journeys(rng: &mut Rng, rule: &Rule) -> Vec<Row> {
    let start = ["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z", "2026-06-30T21:00:00Z"][rng.below(3)];
    let start: Timestamp = start.parse().expect("an instant");
    let mut rows = Vec::new();
    for actor in 0..1 + rng.below(4) {
        let mut time = start.as_second() + rng.below(7200) as i64;
        for n in 0..rng.below(12) {
            let row = Row {
                actor: format!("u{actor}"),
                time,
                page: format!("p{}", rng.below(4)),
                sid: if rng.below(5) == 0 { String::new() } else { format!("s{}", rng.below(3)) },
                n: n as i64,
            };
            if rng.below(8) == 0 {
                rows.push(row.clone());
            }
            rows.push(row);
            time += match rng.below(6) {
                0 => 0,
                1 => rule.gap,
                2 => rule.gap + 1,
                3 => rule.max / 3,
                _ => rng.below(2400) as i64,
            };
        }
    }
    rows
}

fn sessions(rows: &[Row], rule: &Rule) -> Vec<Session> {
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let day = |t: i64| zone.to_datetime(Timestamp::from_second(t).expect("an instant")).date();
    let mut by_actor: BTreeMap<(&str, Option<&str>), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let id = (rule.id && !row.sid.is_empty()).then_some(row.sid.as_str());
        by_actor.entry((&row.actor, id)).or_default().push(row);
    }
    let mut all = Vec::new();
    for ((actor, id), mut rows) in by_actor {
        rows.sort_by_key(|r| (r.time, r.n, r.page.clone()));
        let mut open: Option<Session> = None;
        for row in rows {
            let begins = open.as_ref().is_none_or(|s| {
                let (first, last) = (s.rows[0].time, s.rows[s.rows.len() - 1].time);
                let pause = row.time - last;
                let paused = pause > rule.gap || (rule.or_more && pause == rule.gap);
                (id.is_none() && (paused || row.time - first > rule.max)) || (rule.split && day(row.time) != day(first))
            });
            if begins {
                all.extend(open.take());
                open = Some(Session { actor: actor.to_owned(), rows: Vec::new() });
            }
            if let Some(open) = &mut open {
                open.rows.push(row.clone());
            }
        }
        all.extend(open);
    }
    all
}

fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Instant(t) => t.as_second().to_string(),
        Value::Decimal(d) => d.normalized().to_string(),
        other => other.to_string(),
    }
}

fn run(seed: u64) {
    let mut rng = Rng::new(seed);
    let rule = Rule {
        gap: [600, 1800][rng.below(2)],
        or_more: rng.below(3) == 0,
        max: [3600, 86_400][rng.below(2)],
        split: rng.below(3) == 0,
        id: rng.below(3) == 0,
    };
    let rows = journeys(&mut rng, &rule);
    let root = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(root.path().join("data")).expect("a folder");
    let mut files = vec!["ts,user_id,page,sid,n\n2026-07-01T10:00:00Z,,p0,s0,99\n,u0,p0,s0,98\n".to_owned(); 2];
    for row in &rows {
        let at = Timestamp::from_second(row.time).expect("an instant");
        let _ = writeln!(files[rng.below(2)], "{at},{},{},{},{}", row.actor, row.page, row.sid, row.n);
    }
    for (number, text) in files.iter().enumerate() {
        std::fs::write(root.path().join(format!("data/app{number}.csv")), text).expect("a file");
    }
    let compiled = compile(root.path(), MANIFEST, DEFINITIONS).expect("definitions");
    let mut set = format!("sessions(app, gap {}s", rule.gap);
    set += if rule.or_more { " or more" } else { "" };
    set += &format!(", max {}s", rule.max);
    set += if rule.id { ", id sid" } else { "" };
    set += if rule.split { ", split at midnight)" } else { ")" };
    let dims = ["user_id", "start", "end", "duration", "events", "bounced", "entry.n", "exit.n"];
    let as_of: Timestamp = "2027-01-01T00:00:00Z".parse().expect("an instant");
    let whole = kepi_lang::calendar::Interval {
        start: "2026-03-01T00:00:00+01:00".parse().expect("an instant"),
        end: "2026-12-01T00:00:00+01:00".parse().expect("an instant"),
    };
    let ask = |expr: String, by: &[&str], grain: Option<Grain>| {
        let by: Vec<String> = by.iter().map(|d| (*d).to_owned()).collect();
        let typed = compiled.ask(&Text { expr: expr.clone(), by: by.clone(), condition: None }).expect("an expression");
        Ask { name: expr, expr: typed.expr, by, periods: compiled.periods(grain, whole) }
    };
    let asks = vec![
        ask(format!("count({set})"), &dims, None),
        ask("count(first(app))".to_owned(), &["actor", "time", "n"], None),
        ask("count(first(app) per period)".to_owned(), &["actor", "time", "n"], Some(Grain::Day)),
        ask("count(first(app) per day)".to_owned(), &["actor", "time", "n"], None),
        ask(format!("count(first({set}))"), &["actor", "start", "events"], None),
    ];
    let threads = Some(1 + rng.below(3));
    let options = Options { threads, ..Options::default() };
    let dataset = Dataset::open(root.path(), Arc::new(compiled.program.clone()), options).expect("files");
    let question = Question { asks, as_of, as_of_given: true, range: None };
    let results = dataset.answer(&question).unwrap_or_else(|e| panic!("seed {seed}: {}", plain(&e)));
    assert!(results.ledgers.iter().all(kepi_lang::results::Ledger::balances), "seed {seed}");
    let found = |number: usize| -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for row in &results.answers[number].rows {
            let Value::Int(count) = row.value else { panic!("seed {seed}: {:?}", row.value) };
            (0..count).for_each(|_| all.push(row.by.iter().map(said).collect()));
        }
        all.sort();
        all
    };
    let compare = |number: usize, mut expected: Vec<Vec<String>>| {
        expected.sort();
        assert_eq!(found(number), expected, "seed {seed}, ask {number}: {rule:?}, {set}");
    };

    let made = sessions(&rows, &rule);
    let each = made.iter().map(|s| {
        let (first, last) = (&s.rows[0], &s.rows[s.rows.len() - 1]);
        let lasted = last.time - first.time;
        let bounced = s.rows.len() == 1 && lasted < 10;
        let numbers = [first.time, last.time, lasted, s.rows.len() as i64].map(|n| n.to_string());
        let mut line = vec![s.actor.clone()];
        line.extend(numbers);
        line.extend([bounced.to_string(), first.n.to_string(), last.n.to_string()]);
        line
    });
    compare(0, each.collect());
    let firsts = |key: &dyn Fn(&Row) -> String| {
        let mut first: BTreeMap<(String, String), &Row> = BTreeMap::new();
        for row in &rows {
            let known = first.entry((row.actor.clone(), key(row))).or_insert(row);
            if (row.time, row.n) < (known.time, known.n) {
                *known = row;
            }
        }
        first.into_values().map(|r| vec![r.actor.clone(), r.time.to_string(), r.n.to_string()]).collect::<Vec<_>>()
    };
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let day = |row: &Row| zone.to_datetime(Timestamp::from_second(row.time).expect("an instant")).date().to_string();
    compare(1, firsts(&|_| String::new()));
    compare(2, firsts(&day));
    compare(3, firsts(&day));
    let mut first: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for s in &made {
        let this = (s.rows[0].time, s.rows.len());
        let known = first.entry(&s.actor).or_insert(this);
        *known = this.min(*known);
    }
    let first = first.into_iter().map(|(a, (t, n))| vec![a.to_owned(), t.to_string(), n.to_string()]);
    compare(4, first.collect());
}

#[test]
fn made_rows_are_those_of_one_by_one() {
    let runs = std::env::var("KEPI_JOURNEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    (0..runs).for_each(run);
}
