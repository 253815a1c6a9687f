//! Numbers of the field's own texts: vendors' worked examples and reference values, each on the rows that give it.

use std::fmt::Write;
use std::sync::Arc;

use kepi_engine::{Dataset, Options};
use kepi_lang::calendar::{Calendar, Grain, Interval};
use kepi_lang::ir::{Ask, Question};
use kepi_lang::value::Value;

use crate::pipeline::{Text, compile, plain};

/// Rows, and expressions with their value over a range, as of a late day.
struct Fixture<'a> {
    sources: &'a str,
    files: &'a [(&'a str, String)],
    from: &'a str,
    to: &'a str,
}

impl Fixture<'_> {
    fn values(&self, expr: &str, grain: Option<Grain>) -> Vec<Value> {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(root.path().join("data")).expect("a folder");
        for (name, text) in self.files {
            std::fs::write(root.path().join("data").join(name), text).expect("a file");
        }
        let compiled = compile(root.path(), "kepi: 1\nname: fixture\ntime_zone: UTC\n", self.sources)
            .unwrap_or_else(|e| panic!("{e}"));
        let text = Text { expr: expr.to_owned(), by: Vec::new(), condition: None };
        let typed = compiled.ask(&text).unwrap_or_else(|e| panic!("{expr}: {e}"));
        let bound = |day: &str| compiled.calendar().date_start(day.parse().expect("a date"));
        let interval = Interval { start: bound(self.from), end: bound(self.to) };
        let periods = match grain {
            Some(grain) => compiled.periods(Some(grain), interval),
            None => vec![Calendar::total(interval)],
        };
        let asks = vec![Ask { name: expr.to_owned(), expr: typed.expr, by: typed.by, periods }];
        let as_of = "2100-01-01T00:00:00Z".parse().expect("an instant");
        let program = Arc::new(compiled.program);
        let dataset = Dataset::open(root.path(), program, Options::default()).expect("files");
        let question = Question { asks, as_of, as_of_given: true, range: None };
        let results = dataset.answer(&question).unwrap_or_else(|e| panic!("{expr}: {}", plain(&e)));
        results.answers[0].rows.iter().map(|row| row.value.clone()).collect()
    }

    fn is(&self, expr: &str, expected: f64) {
        let found = self.values(expr, None);
        let found = found[0].as_f64().unwrap_or(f64::NAN);
        assert!((found - expected).abs() < 1e-6, "{expr}: {found}, expected {expected}");
    }

    fn by(&self, grain: Grain, expr: &str, expected: &[f64]) {
        let found: Vec<f64> = self.values(expr, Some(grain)).iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
        assert_eq!(found, expected, "{expr} by {grain}");
    }
}

const APP: &str = "sources:
  app: {files: app.csv, time: ts, actor: who, columns: {event: text, amount: number}}
events:
  a: app where event = \"a\"
  b: app where event = \"b\"
  c: app where event = \"c\"
";

/// Day numbers of January 2024, by actor.
fn days(of: &[(&str, &[u32])]) -> Vec<(&'static str, String)> {
    let mut text = "ts,who,event,amount\n".to_owned();
    for (who, days) in of {
        for day in *days {
            let _ = writeln!(text, "2024-01-{day:02}T12:00:00Z,{who},a,");
        }
    }
    vec![("app.csv", text)]
}

/// Five users of a month: DAU, WAU, MAU and the two kinds of stickiness at its 30th day.
#[test]
fn active_users_and_stickiness() {
    let files = days(&[
        ("u1", &[1, 2, 3, 8, 29, 30]),
        ("u2", &[1, 8, 15, 22, 29]),
        ("u3", &[30]),
        ("u4", &[2]),
        ("u5", &[24, 31]),
    ]);
    let on = |from, to| Fixture { sources: APP, files: &files, from, to };
    let last = on("2024-01-30", "2024-02-01");
    last.by(Grain::Day, "unique(app)", &[2.0, 1.0]);
    last.by(Grain::Day, "unique(app) over 7 days", &[4.0, 4.0]);
    last.by(Grain::Day, "unique(app) over 28 days", &[4.0, 4.0]);
    last.by(Grain::Day, "unique(app) over 30 days", &[5.0, 5.0]);
    let thirtieth = on("2024-01-30", "2024-01-31");
    thirtieth.is("mean(unique(app) per day over 30 days)", 14.0 / 30.0);
    thirtieth.is("mean(unique(app) per day over 30 days) / (unique(app) over 30 days)", 14.0 / 150.0);
    thirtieth.is("unique(app) / (unique(app) over 30 days)", 0.4);
    // GrowthBook's daily participation is a mean of shares; here of the days that each was there.
    let month = on("2024-01-01", "2024-02-01");
    month.is("count(unique(day(app.time)) per actor = 5)", 1.0);
    month.is("share(unique(day(app.time)) per actor >= 2)", 0.6);
}

/// PostHog's group test of lifecycles: one actor, there on these days.
#[test]
fn lifecycle_of_one() {
    let files = days(&[("g", &[9, 11, 12, 13, 15, 17, 18, 19])]);
    let fixture = Fixture { sources: APP, files: &files, from: "2024-01-09", to: "2024-01-20" };
    fixture.by(Grain::Day, "new(app)", &[1., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.]);
    fixture.by(Grain::Day, "returning(app)", &[0., 0., 0., 1., 1., 0., 0., 0., 0., 1., 1.]);
    fixture.by(Grain::Day, "resurrected(app)", &[0., 0., 1., 0., 0., 0., 1., 0., 1., 0., 0.]);
    fixture.by(Grain::Day, "dormant(app)", &[0., 1., 0., 0., 0., 1., 0., 1., 0., 0., 0.]);
}

/// PostHog's day interval: p1 is there on days 0, 1, 2, 5, 5, 6, p2 on 1, 2, 3, 6.
#[test]
fn retention_by_day() {
    let files = days(&[("p1", &[10, 11, 12, 15, 15, 16]), ("p2", &[11, 12, 13, 16])]);
    let of_day = |day: u32| {
        let (from, to) = (format!("2024-01-{day}"), format!("2024-01-{}", day + 1));
        let ask = |expr: &str| {
            let fixture = Fixture { sources: APP, files: &files, from: &from, to: &to };
            fixture.values(expr, None).iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect::<Vec<_>>()
        };
        (
            ask("retention(app -> app, day 0 to 6, recurring).numerator"),
            ask("retention(app -> app, day 0 to 6).numerator"),
            ask("retention(app -> app, day 0 to 6, on or after).numerator"),
        )
    };
    let (recurring, first, after) = of_day(10);
    assert_eq!(recurring, [1., 1., 1., 0., 0., 1., 1.]);
    assert_eq!(first, [1., 1., 1., 0., 0., 1., 1.]);
    assert_eq!(after, [1., 1., 1., 1., 1., 1., 1.]);
    let (recurring, first, after) = of_day(11);
    assert_eq!(recurring, [2., 2., 1., 0., 1., 2., 0.]);
    assert_eq!(first, [1., 1., 1., 0., 0., 1., 0.]);
    assert_eq!(after, [1., 1., 1., 1., 1., 1., 0.]);
    assert_eq!(of_day(12).0, [2., 1., 0., 1., 2., 0., 0.]);
    assert_eq!(of_day(15).0, [1., 1., 0., 0., 0., 0., 0.]);
    assert_eq!(of_day(16).0, [2., 0., 0., 0., 0., 0., 0.]);
}

/// Monday 20:00 and Tuesday 06:00: the next day by the calendar, the same by the clock.
#[test]
fn retention_by_calendar_and_by_clock() {
    let text = "ts,who,event,amount\n2024-01-08T20:00:00Z,u,a,\n2024-01-09T06:00:00Z,u,b,\n".to_owned();
    let files = [("app.csv", text)];
    let fixture = Fixture { sources: APP, files: &files, from: "2024-01-08", to: "2024-01-09" };
    fixture.is("retention(a -> b, day 1)", 1.0);
    fixture.is("retention(a -> b, day 1, rolling)", 0.0);
    fixture.is("retention(a -> b, day 0, rolling)", 1.0);
}

/// What tools say of one actor's events in a funnel: minutes and events; then PostHog's furthest step in order and in strict order, and
/// Mixpanel's of the first entry.
#[test]
fn funnels_of_one_actor() {
    type Funnel = (&'static str, &'static [(u32, &'static str)], &'static str, [f64; 3]);
    let cases: [Funnel; 9] = [
        (
            "a later entry gets further",
            &[(0, "a"), (30, "a"), (45, "b"), (75, "c")],
            "a -> b -> c, within 1h",
            [3., 3., 2.],
        ),
        ("a first entry that runs out", &[(0, "a"), (90, "a"), (91, "b")], "a -> b, within 1h", [2., 2., 1.]),
        ("an entry within another", &[(0, "a"), (45, "a"), (90, "b")], "a -> b, within 1h", [2., 2., 1.]),
        ("the wrong way round", &[(0, "b"), (1, "a")], "a -> b, within 1h", [1., 1., 1.]),
        ("at one instant, in any order of the file", &[(0, "b"), (0, "a")], "a -> b, within 1h", [2., 2., 2.]),
        ("a repeated step", &[(0, "a"), (1, "b"), (2, "b"), (3, "c")], "a -> b -> c, within 1h", [3., 2., 3.]),
        ("one event is one step", &[(0, "a")], "a -> a, within 1h", [1., 1., 1.]),
        ("just at the window's end", &[(0, "a"), (60, "b")], "a -> b, within 1h", [2., 2., 2.]),
        ("a step too early", &[(0, "a"), (1, "c"), (2, "b"), (3, "c")], "a -> b -> c, within 1h", [3., 1., 3.]),
    ];
    for (what, events, funnel, [ordered, strict, first]) in cases {
        let mut text = "ts,who,event,amount\n".to_owned();
        for (minute, event) in events {
            let _ = writeln!(text, "2024-01-01T{:02}:{:02}:00Z,u,{event},", 10 + minute / 60, minute % 60);
        }
        let files = [("app.csv", text)];
        let fixture = Fixture { sources: APP, files: &files, from: "2024-01-01", to: "2024-01-02" };
        let steps = if funnel.contains("-> c") { 3 } else { 2 };
        let furthest = |options: &str| -> f64 {
            let reached = |k: u32| {
                let found = fixture.values(&format!("conversion({funnel}{options}).users({k})"), None);
                found[0].as_f64().unwrap_or(f64::NAN)
            };
            (1..=steps).map(reached).sum()
        };
        assert_eq!(furthest(""), ordered, "{what}");
        if what != "a repeated step" {
            assert_eq!(furthest(", strict"), strict, "{what}, strict");
        }
        assert_eq!(furthest(", first entry"), first, "{what}, first entry");
    }
}

const SUBS: &str = "sources:
  subs: {files: subs.csv, time: since, actor: who, columns: {since: instant, until: instant, mrr: number}}
spans:
  s: {source: subs, from: since, until: until}
metrics:
  mrr: sum(open(s).mrr)
";

fn subs(rows: impl IntoIterator<Item = (String, f64, &'static str, &'static str)>) -> [(&'static str, String); 1] {
    // A row long before says that the history is known.
    let mut text = "since,until,who,mrr\n2023-01-01,2023-01-02,nobody,0\n".to_owned();
    for (who, mrr, since, until) in rows {
        let _ = writeln!(text, "{since},{until},{who},{mrr}");
    }
    [("subs.csv", text)]
}

/// 100 at the start, of whom 5 leave; 50 join, and 2 of them leave: 5 %, and not the 7 % of all who leave. ChartMogul: of 100, 12 leave,
/// of whom one comes back and one had only just come: 10 %.
#[test]
fn churn_of_customers() {
    let joined = |n: u32| if n < 100 { "2023-12-01" } else { "2024-01-05" };
    let left = |n: u32| if !(5..148).contains(&n) { "2024-01-20" } else { "" };
    let files = subs((0..150).map(|n| (format!("u{n}"), 1.0, joined(n), left(n))));
    let fixture = Fixture { sources: SUBS, files: &files, from: "2024-01-01", to: "2024-02-01" };
    fixture.is("churn(s)", 0.05);
    fixture.is("churn(s).denominator", 100.0);
    fixture.is("unique(ended(s)) / 100", 0.07);
    fixture.is("unique(open(s))", 143.0);

    let leaving = (0..11).map(|n| (format!("u{n}"), 1.0, "2023-12-01", "2024-01-10"));
    let staying = (11..100).map(|n| (format!("u{n}"), 1.0, "2023-12-01", ""));
    let others = [("u0".to_owned(), 1.0, "2024-01-20", ""), ("new".to_owned(), 1.0, "2024-01-05", "2024-01-25")];
    let files = subs(leaving.chain(staying).chain(others));
    let fixture = Fixture { sources: SUBS, files: &files, from: "2024-01-01", to: "2024-02-01" };
    fixture.is("count(ended(s))", 12.0);
    fixture.is("churn(s)", 0.10);
}

/// ChartMogul: of 100 at the start 10 are lost, accounts of 10 pay less and accounts of 10 more: 20 % gross and 10 % net.
#[test]
fn churn_of_revenue() {
    let account = |who: &str, mrr, since, until| (who.to_owned(), mrr, since, until);
    let files = subs([
        account("left", 10.0, "2023-12-01", "2024-01-10"),
        account("less", 30.0, "2023-12-01", "2024-01-10"),
        account("less", 20.0, "2024-01-10", ""),
        account("more", 20.0, "2023-12-01", "2024-01-10"),
        account("more", 30.0, "2024-01-10", ""),
        account("same", 40.0, "2023-12-01", ""),
        account("new", 500.0, "2024-01-10", ""),
    ]);
    let fixture = Fixture { sources: SUBS, files: &files, from: "2024-01-01", to: "2024-02-01" };
    let by_month = |expr: &str, expected: f64| fixture.by(Grain::Month, expr, &[expected]);
    by_month("ago(mrr, 1 month)", 100.0);
    by_month("sum(greatest(ago(mrr, 1 month) - mrr, 0) per actor) / ago(mrr, 1 month)", 0.2);
    let net =
        "sum((if ago(count(started(s)) over all time, 1 month) > 0 then ago(mrr, 1 month) - mrr else 0) per actor)";
    by_month(&format!("{net} / ago(mrr, 1 month)"), 0.1);
}

/// Amplitude: of 300 who came in three weeks' days, 100 have had three whole days, and paid 500 in them: 5.00.
#[test]
fn lifetime_value_that_is_observed() {
    let mut text = "ts,who,event,amount\n".to_owned();
    for n in 0..100 {
        let _ = writeln!(text, "2024-01-01T10:00:00Z,u{n},a,\n2024-01-02T10:00:00Z,u{n},b,5");
    }
    text += "2024-01-09T10:00:00Z,u0,b,1000\n";
    let files = [("app.csv", text)];
    let fixture = Fixture { sources: APP, files: &files, from: "2024-01-01", to: "2024-01-02" };
    fixture.is("mean(sum(b.amount) per a within 3d)", 5.0);
}

const SURVEY: &str = "sources:
  survey: {files: survey.csv, time: ts, actor: who, columns: {score: integer, desired: integer, current: integer}}
";

fn answers(counts: &[(i64, u32)]) -> [(&'static str, String); 1] {
    let mut text = "ts,who,score,desired,current\n".to_owned();
    let mut who = 0;
    for (score, count) in counts {
        for _ in 0..*count {
            let _ = writeln!(text, "2024-01-01T10:00:00Z,u{who},{score},,");
            who += 1;
        }
    }
    [("survey.csv", text)]
}

/// Net promoter scores, satisfaction and effort of counted answers, and the gap of paired ones.
#[test]
fn what_people_answer() {
    let month = |files: &[(&'static str, String)], expr: &str, expected: f64| {
        Fixture { sources: SURVEY, files, from: "2024-01-01", to: "2024-02-01" }.is(expr, expected);
    };
    month(&answers(&[(10, 25), (9, 25), (8, 15), (7, 15), (6, 10), (0, 10)]), "nps(survey.score)", 30.0);
    month(&answers(&[(9, 200), (7, 100), (3, 100)]), "nps(survey.score)", 25.0);
    month(&answers(&[(10, 10)]), "nps(survey.score)", 100.0);
    let content = answers(&[(5, 40), (4, 30), (3, 15), (2, 10), (1, 5)]);
    month(&content, "csat(survey.score, top 2 of 5)", 0.7);
    month(&content, "mean(survey.score)", 3.9);
    let effort = answers(&[(7, 20), (6, 25), (5, 20), (4, 15), (3, 10), (2, 5), (1, 5)]);
    month(&effort, "mean(survey.score)", 4.95);
    month(&effort, "csat(survey.score, top 3 of 7)", 0.65);
    month(&effort, "csat(survey.score, top 2 of 7)", 0.45);
    let pairs = "ts,who,score,desired,current\n2024-01-01,a,,9,6\n2024-01-01,b,,8,8\n2024-01-01,c,,10,7\n2024-01-01,d,,7,7\n2024-01-01,e,,7,\n";
    let gap = [("survey.csv", pairs.to_owned())];
    month(&gap, "mean(survey.desired - survey.current)", 1.5);
    month(&gap, "stddev(survey.desired - survey.current)", 3.0f64.sqrt());
}

/// The latest answer counts, of each actor and in each period; null is none; without answers there is no score.
#[test]
fn which_answer_counts() {
    let text = "ts,who,score,desired,current\n2024-01-01,a,0,,\n2024-01-05,a,10,,\n2024-01-06,a,,,\n2024-01-07,b,7,,\n2024-02-01,a,3,,\n2024-01-08,,0,,\n";
    let files = [("survey.csv", text.to_owned())];
    let fixture = Fixture { sources: SURVEY, files: &files, from: "2024-01-01", to: "2024-04-01" };
    fixture.by(Grain::Month, "coalesce(nps(survey.score), 999 points)", &[50.0, -100.0, 999.0]);
    fixture.is("nps(survey.score)", -50.0);
    fixture.is("nps(survey.score, all answers)", 100.0 * (1.0 - 3.0) / 5.0);
    fixture.is("nps(survey.score where score < 10)", -50.0);
}
