//! What follows from the counts of a journey.
use jiff::Timestamp;

use crate::calendar::{Calendar, Grain, Interval, Period};
use crate::ir::Bucket;
use crate::report::evaluate::figures::{cohorts, funnel};
use crate::report::evaluate::tests::house::calendar;
use crate::report::evaluate::values::Answers;
use crate::report::figure::Funnel;
use crate::report::plan::{CohortsPlan, FunnelPlan, Handle, Origin, Plan};
use crate::results::{Answer, AnswerRow, Results};
use crate::value::Value;

/// Its breakdown, its value, whether that is known.
type Row = (Vec<Value>, Value, bool);

struct Asked {
    plan: Plan,
    results: Results,
}

impl Asked {
    fn new() -> Self {
        let plan = Plan {
            as_of: Timestamp::UNIX_EPOCH,
            origin: Origin::Given,
            title: String::new(),
            sections: vec![],
            objectives: vec![],
            metrics: vec![],
            benchmarks: vec![],
            asked: vec![],
            commit: None,
            run_at: None,
        };
        Self { plan, results: Results::default() }
    }

    /// Periods of one ask, in order, each with its rows.
    fn ask(&mut self, periods: &[(Period, Vec<Row>)]) -> Handle {
        let rows = periods.iter().enumerate().flat_map(|(period, (_, rows))| {
            rows.iter().map(move |(by, value, complete)| AnswerRow {
                period,
                by: by.clone(),
                value: value.clone(),
                complete: *complete,
                open: None,
            })
        });
        self.results.answers.push(Answer { rows: rows.collect() });
        self.plan.asked.push(periods.iter().map(|(p, _)| p.interval).collect());
        Handle { ask: self.plan.asked.len() - 1, periods: periods.iter().map(|(p, _)| p.clone()).collect() }
    }

    fn one(&mut self, value: Value) -> Handle {
        self.ask(&[(all(), vec![(vec![], value, true)])])
    }

    fn answers(&self) -> Answers<'_> {
        Answers { plan: &self.plan, results: &self.results }
    }
}

fn all() -> Period {
    Calendar::total(Interval::ALL)
}

fn int(n: i128) -> Value {
    Value::Int(n)
}

fn funnel_of(users: &[i128], segments: &[(&str, &[i128])], once: bool) -> Option<Funnel> {
    let mut asked = Asked::new();
    let handles = users.iter().map(|n| asked.one(int(*n))).collect();
    let gaps = users.iter().skip(1).map(|_| asked.one(Value::float(60.0))).collect();
    let whole = asked.one(Value::Null);
    let by = (0..users.len()).map(|k| {
        let rows = segments.iter().map(|(v, n)| (vec![Value::Text((*v).to_owned())], int(n[k]), true));
        rows.collect::<Vec<_>>()
    });
    let by: Vec<Vec<_>> = by.collect();
    let by = by.into_iter().map(|rows| asked.ask(&[(all(), rows)])).collect();
    let labels = users.iter().map(|n| format!("step of {n}")).collect();
    let by = if segments.is_empty() { vec![] } else { vec![("country".to_owned(), by)] };
    funnel(asked.answers(), &FunnelPlan { labels, once, users: handles, gaps, whole, by })
}

/// 1,000, 400, 380: 600 of 1,000 are lost at step 2; of DE 160 of 200, of all others 440 of 800.
#[test]
fn the_step_that_loses_most_and_who_loses_more_there() {
    let segments: [(&str, &[i128]); 3] = [("DE", &[200, 40, 40]), ("GB", &[700, 310, 300]), ("FR", &[100, 50, 40])];
    let found = funnel_of(&[1000, 400, 380], &segments, true).unwrap();
    let b = found.bottleneck.unwrap();
    assert_eq!((b.step, b.lost, b.compared), (2, 600, 3));
    let s = b.segment.unwrap();
    assert_eq!((s.value.to_string().as_str(), s.share, s.others), ("DE", 0.8, 0.55));
    // Three comparisons: each at 1 − 0.05/3.
    assert!((s.difference.level - (1.0 - 0.05 / 3.0)).abs() < 1e-12);
    assert!(s.difference.low > 0.15 && s.difference.low < 0.25 && s.difference.high > 0.25);
    let step = &found.steps[1];
    assert_eq!((step.users, step.lost, step.of_first, step.of_previous), (400, 600, Some(0.4), Some(0.4)));
    assert_eq!(step.median_seconds, Some(60.0));
    assert_eq!(found.steps[2].of_previous, Some(0.95));
}

#[test]
fn noise_is_no_segment() {
    let segments: [(&str, &[i128]); 2] = [("DE", &[10, 3]), ("GB", &[990, 397])];
    let b = funnel_of(&[1000, 400], &segments, true).unwrap().bottleneck.unwrap();
    assert!(b.segment.is_none());
    assert_eq!(b.compared, 2);
    // A dimension of one value has nobody to be compared with.
    let one: [(&str, &[i128]); 1] = [("DE", &[1000, 400])];
    assert_eq!(funnel_of(&[1000, 400], &one, true).unwrap().bottleneck.unwrap().compared, 0);
}

#[test]
fn edges_of_a_funnel() {
    assert!(funnel_of(&[0, 0], &[], true).is_none(), "nobody entered");
    assert!(funnel_of(&[5, 5], &[], true).unwrap().bottleneck.is_none(), "nobody is lost");
    let none = funnel_of(&[5, 0, 0], &[], true).unwrap();
    assert_eq!(none.bottleneck.unwrap().step, 2);
    assert_eq!(none.steps[2].of_previous, None, "of nobody");
    let entries = funnel_of(&[9, 4], &[("DE", &[9, 4]), ("GB", &[0, 0])], false).unwrap();
    assert_eq!(entries.counts, "entries");
    assert!(entries.steps[1].interval.is_none(), "entries of one actor depend on each other");
    assert_eq!(entries.bottleneck.unwrap().compared, 0);
}

/// 100 and 50 members; of the second week only the older cohort is known: 30 of 100.
#[test]
fn what_is_not_known_is_not_pooled() {
    let mut asked = Asked::new();
    let calendar = calendar();
    let first = calendar.period_at(Timestamp::UNIX_EPOCH, Grain::Week);
    let second = calendar.step(&first, 1);
    let rows = |values: [Option<i128>; 3]| {
        let row = |(offset, v): (i128, Option<i128>)| (vec![int(offset)], v.map_or(Value::Null, int), v.is_some());
        (0..).zip(values).map(row).collect::<Vec<_>>()
    };
    let sizes =
        asked.ask(&[(first.clone(), vec![(vec![], int(100), true)]), (second.clone(), vec![(vec![], int(50), true)])]);
    let returned = asked.ask(&[
        (first.clone(), rows([Some(100), Some(40), Some(30)])),
        (second.clone(), rows([Some(50), Some(35), None])),
    ]);
    let of = asked.ask(&[(first, rows([Some(100), Some(100), Some(100)])), (second, rows([Some(50), Some(50), None]))]);
    let plan = CohortsPlan {
        grain: Grain::Week,
        offsets: (0..3).map(|at| Bucket { from: at, to: at }).collect(),
        sizes,
        returned,
        of,
    };
    let found = cohorts(asked.answers(), &plan).unwrap();
    let pooled: Vec<_> = found.pooled.iter().map(|p| (p.value, p.of, p.cohorts)).collect();
    assert_eq!(pooled, [(Some(1.0), 150, 2), (Some(0.5), 150, 2), (Some(0.3), 100, 1)]);
    let cell = &found.cohorts[1].cells[2];
    assert_eq!((cell.value, cell.returned, cell.complete), (None, None, false));
    assert_eq!(found.cohorts[1].size, Some(50));
}
