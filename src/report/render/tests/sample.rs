//! One objective on its way, one kept band without data, a metric, a benchmark, hostile names.

use jiff::Timestamp;
use jiff::civil::date;

use crate::calendar::Grain;
use crate::diag::{Code, Diagnostic};
use crate::ir::{Approximation, Bucket, SourceId};
use crate::report::figure::{
    Bottleneck, Cohort, CohortCell, Cohorts, Funnel, FunnelStep, JourneyFigure, Pooled, Segment,
};
use crate::report::{
    Action, Benchmark, Breakdown, BreakdownRow, Check, Compared, GuardrailView, Letter, LetterStatus, Measured, Metric,
    NumberFormat, Objective, Point, Probability, Projection, ProjectionPoint, Provenance, Range, Release, Report,
    Section, Status, TargetView,
};
use crate::results::{Ledger, Rejected};
use crate::value::Value;

fn at(day: i16) -> Timestamp {
    // Day of 2026 in UTC.
    date(2026, 1, 1)
        .saturating_add(jiff::Span::new().days(i64::from(day) - 1))
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .unwrap()
        .timestamp()
}

fn points(values: &[Option<f64>]) -> Vec<Point> {
    let month = |i: usize| 1 + 30 * i as i16;
    let point = |(i, value): (usize, &Option<f64>)| Point {
        label: format!("2026-{:02}", i + 1),
        start: at(month(i)),
        end: at(month(i + 1)),
        value: *value,
        complete: i + 1 < values.len(),
    };
    values.iter().enumerate().map(point).collect()
}

fn measured(value: Option<f64>, exact: Value, window: &str) -> Measured {
    let interval =
        value.map(|v| Range { low: v - 4.0, high: v + 4.0, level: 0.95, method: "t over 8 sub-periods".to_string() });
    Measured {
        value,
        exact,
        window: window.to_string(),
        start: Some(at(1)),
        end: Some(at(91)),
        n: value.map(|_| 8),
        interval,
        note: value.is_none().then(|| "no event in the window".to_string()),
    }
}

fn letters() -> Vec<Letter> {
    let names = [
        ('S', "Specific", "S1"),
        ('M', "Measurable", "M4"),
        ('A', "Achievable", "A1"),
        ('R', "Relevant", "R1"),
        ('T', "Time-bound", "T3"),
    ];
    names
        .into_iter()
        .map(|(letter, name, id)| {
            let status = if letter == 'M' { LetterStatus::Weak } else { LetterStatus::Holds };
            let check = Check { id, code: Code::Internal, status, evidence: format!("evidence of {id} <b>") };
            Letter { letter, name, status, checks: vec![check] }
        })
        .collect()
}

fn on_its_way() -> Objective {
    let format = NumberFormat { percent: false, unit: "minutes".to_string(), currency: false, decimals: 1 };
    let path = (1..4).map(|i| {
        let f = f64::from(i);
        ProjectionPoint {
            at: at(181 + 30 * i as i16),
            median: 131.0 + 6.0 * f,
            low: 131.0 + 2.0 * f,
            high: 131.0 + 11.0 * f,
        }
    });
    Objective {
        name: "deeper_visits".to_string(),
        title: "Visits get longer <img src=x onerror=alert(1)>".to_string(),
        formula: "mean(visit.duration)".to_string(),
        metric: Some("visit_length".to_string()),
        approximation: Approximation::default(),
        owner: Some("growth & co".to_string()),
        supports: Some("retention".to_string()),
        because: Some("Longer visits | precede *renewal*".to_string()),
        population: "all".to_string(),
        format: format.clone(),
        higher_is_better: true,
        status: Status::AtRisk,
        status_reason: "P(reaching it) 62 %".to_string(),
        thresholds: "on track from 70 %, at risk from 30 %".to_string(),
        score: Some(0.62),
        progress: Some(0.62),
        baseline: Some(measured(Some(100.1), Value::Decimal("100.10".parse().unwrap()), "2026-Q1")),
        target: TargetView {
            original: None,
            text: "increase to 150 minutes from 2026-Q1".to_string(),
            value: Some(150.0),
            upper: None,
            maintain: false,
        },
        actual: measured(Some(131.0), Value::float(131.0), "3 months to 30 Jun 2026"),
        start: Some(at(91)),
        due: Some(at(274)),
        due_label: "2026-Q3".to_string(),
        elapsed: Some(0.45),
        expected: Some(122.5),
        pace: Some(1.378),
        on_this_pace: Some(168.89),
        required_rate: Some(6.3),
        observed_rate: Some(5.1),
        required_percentile: Some(81.0),
        periods_left: Some(3),
        projection: Some(Projection {
            value: 149.0,
            interval: Range {
                low: 137.0,
                high: 164.0,
                level: 0.8,
                method: "block bootstrap, 10,000 paths, seed 1".to_string(),
            },
            path: path.collect(),
        }),
        to_date: None,
        probabilities: vec![
            Probability { method: "block bootstrap".to_string(), value: 0.62, n: 10 },
            Probability { method: "linear regression".to_string(), value: 0.38, n: 10 },
        ],
        guardrails: vec![GuardrailView {
            text: "crash_rate <= 1%".to_string(),
            metric: "crash_rate".to_string(),
            approximation: Approximation::default(),
            format: NumberFormat { percent: true, unit: String::new(), currency: false, decimals: 1 },
            value: Some(0.012),
            bound: Some(0.01),
            holds: Some(false),
            window: "2026-06".to_string(),
        }],
        compare: vec![Compared { benchmark: 0, text: "above by 3.1 %".to_string() }],
        actions: vec![Action {
            what: "Ship autoplay, 7 of 8 & more".to_string(),
            owner: Some("player".to_string()),
            due: Some(date(2026, 5, 15)),
            expect: Some("+8 %".to_string()),
            status: None,
            overdue: true,
        }],
        smart: letters(),
        series: points(&[Some(90.0), None, Some(104.0), Some(110.0), Some(118.0), Some(131.0)]),
        trailing: points(&[None, None, Some(100.1), Some(107.0), Some(114.0), Some(131.0)]),
        releases: vec![0],
        changes: vec!["1 Apr 2026: the target rose, the first one was reached".to_string()],
    }
}

fn without_data() -> Objective {
    Objective {
        name: "kept".to_string(),
        title: "Crashes stay rare".to_string(),
        status: Status::NoData,
        status_reason: "no event in the window".to_string(),
        format: NumberFormat { percent: true, unit: String::new(), currency: false, decimals: 1 },
        higher_is_better: false,
        baseline: None,
        target: TargetView {
            text: "keep below 1%".to_string(),
            original: Some("keep below 0.5%".to_string()),
            value: None,
            upper: Some(0.01),
            maintain: true,
        },
        actual: measured(None, Value::Null, "2026-06"),
        score: None,
        progress: None,
        projection: None,
        probabilities: Vec::new(),
        guardrails: Vec::new(),
        compare: Vec::new(),
        actions: Vec::new(),
        series: points(&[None, None]),
        trailing: Vec::new(),
        releases: Vec::new(),
        changes: Vec::new(),
        required_rate: None,
        expected: None,
        pace: None,
        on_this_pace: None,
        ..on_its_way()
    }
}

fn funnel() -> JourneyFigure {
    let step = |label: &str, users, lost, of_previous: Option<f64>| FunnelStep {
        label: label.to_string(),
        users,
        of_first: Some(users as f64 / 1200.0),
        of_previous,
        interval: of_previous.map(|p| Range {
            low: p - 0.02,
            high: p + 0.02,
            level: 0.95,
            method: "Wilson".to_string(),
        }),
        lost,
        median_seconds: of_previous.map(|_| 5400.0),
    };
    JourneyFigure::Funnel(Funnel {
        period: "2026-05".to_string(),
        counts: "actors",
        steps: vec![
            step("signup", 1200, 0, None),
            step("set_up where kind = \"<full>|\"", 420, 780, Some(0.35)),
            step("first_play", 399, 21, Some(0.95)),
        ],
        median_seconds: Some(190_080.0),
        bottleneck: Some(Bottleneck {
            step: 2,
            lost: 780,
            share: 0.65,
            segment: Some(Segment {
                dimension: "country".to_string(),
                value: Value::Text("DE & <b>".to_string()),
                share: 0.8,
                others: 0.55,
                difference: Range { low: 0.12, high: 0.37, level: 0.9875, method: "Newcombe".to_string() },
            }),
            compared: 4,
        }),
    })
}

fn cohorts() -> JourneyFigure {
    let known = |returned: u64, of: u64| CohortCell {
        returned: Some(returned),
        value: Some(returned as f64 / of as f64),
        complete: true,
    };
    let open = || CohortCell { returned: None, value: None, complete: false };
    let cohort = |label: &str, size, cells| Cohort { label: label.to_string(), size: Some(size), cells };
    let pooled = |value: f64, of, cohorts| Pooled {
        value: Some(value),
        interval: Some(Range { low: value - 0.05, high: value + 0.05, level: 0.95, method: "Wilson".to_string() }),
        of,
        cohorts,
    };
    let nobody = CohortCell { returned: Some(0), value: None, complete: true };
    JourneyFigure::Cohorts(Cohorts {
        grain: Grain::Week,
        offsets: (0..3).map(|at| Bucket { from: at, to: at }).collect(),
        cohorts: vec![
            cohort("2026-W18", 1000, vec![known(1000, 1000), known(400, 1000), known(250, 1000)]),
            cohort("2026-W19", 0, vec![nobody.clone(), nobody.clone(), nobody]),
            cohort("2026-W20", 800, vec![known(800, 800), open(), open()]),
        ],
        pooled: vec![pooled(1.0, 1800, 2), pooled(0.4, 1000, 1), pooled(0.25, 1000, 1)],
    })
}

pub fn sample() -> Report {
    let format = NumberFormat { percent: false, unit: "minutes".to_string(), currency: false, decimals: 1 };
    let series = points(&[Some(90.0), None, Some(104.0), Some(110.0), Some(118.0), Some(131.0)]);
    let metric = Metric {
        name: "visit_length".to_string(),
        title: "Length of a visit".to_string(),
        description: Some("First to last event.".to_string()),
        model: Some("constant_hazard".to_string()),
        approximation: Approximation::default(),
        stage: Some("engagement".to_string()),
        owner: None,
        formula: "mean(visit.duration)".to_string(),
        format: format.clone(),
        better: Some(true),
        grain: "month".to_string(),
        hash: "0123456789abcdef".to_string(),
        latest: Some(series[4].clone()),
        known: None,
        series,
        change_previous: Some(0.0727),
        change_year: None,
        breakdowns: vec![Breakdown {
            dimension: "country".to_string(),
            period: "2026-05".to_string(),
            rows: vec![
                BreakdownRow { value: Value::Text("DE".to_string()), number: Some(120.0), known: None },
                BreakdownRow { value: Value::Null, number: Some(60.0), known: None },
            ],
            more: 3,
        }],
        cell: None,
        figure: None,
    };
    let journey = |name: &str, title: &str, cell: Option<&str>, figure| Metric {
        name: name.to_string(),
        title: title.to_string(),
        format: NumberFormat { percent: true, unit: String::new(), currency: false, decimals: 1 },
        breakdowns: vec![],
        cell: cell.map(str::to_string),
        figure: Some(figure),
        ..metric.clone()
    };
    let set_up = journey("set_up", "Accounts <set> up", None, funnel());
    let stay = journey("stay", "Stay", Some("week 2"), cohorts());
    let benchmark = Benchmark {
        name: "industry".to_string(),
        title: "Industry".to_string(),
        metric: "visit_length".to_string(),
        kind: Some("industry".to_string()),
        approximation: Approximation::default(),
        format,
        values: vec![("p50".to_string(), Some(127.0))],
        window: None,
        source: Some("Study, 2026, p. 4".to_string()),
        as_of: Some(date(2026, 1, 15)),
        expires: Some(date(2026, 3, 31)),
        age_days: Some(166),
        stale: true,
        actual: Some(118.0),
    };
    let ledger = Ledger {
        source: SourceId(0),
        name: "app".to_string(),
        files: 2,
        bytes: 3_106_706,
        fingerprint: "f".repeat(64),
        read: 541_911,
        unparsable: 2,
        no_time: 9,
        out_of_scope: 100,
        duplicates: 800,
        outside: 1_000,
        used: 540_000,
        differing: 3,
        unclaimed: 0,
        no_actor: 135_080,
        unknown: 0,
        moved: 0,
        null_values: 0,
        first: Some(at(1)),
        watermark: Some(at(181)),
        complete_until: Some(at(181)),
        rejected: vec![
            Rejected { file: "data/app.csv".to_string(), line: 17, why: "has 3 fields, the header has 4".to_string() },
            Rejected {
                file: "data/app.csv".to_string(),
                line: 90,
                why: "is not UTF-8 (byte FC, `ü` in Latin-1)".to_string(),
            },
        ],
    };
    Report {
        project: "streamly".to_string(),
        title: "Product review".to_string(),
        as_of: at(181),
        as_of_label: "30 Jun 2026".to_string(),
        time_zone: "Europe/Berlin".to_string(),
        sections: vec![
            Section::Objectives(vec![0, 1]),
            Section::Metrics { title: "Engagement".to_string(), metrics: vec![0, 1, 2] },
            Section::Benchmarks(vec![0]),
        ],
        objectives: vec![on_its_way(), without_data()],
        metrics: vec![metric, set_up, stay],
        benchmarks: vec![benchmark],
        releases: vec![Release {
            name: "autoplay".to_string(),
            title: "Autoplay for all".to_string(),
            at: at(120),
            label: "30 Apr 2026".to_string(),
        }],
        ledgers: vec![ledger],
        lookups: Vec::new(),
        findings: vec![
            Diagnostic::without_place(Code::Internal, "the benchmark `industry` is stale").help("look up a newer one"),
        ],
        provenance: Provenance {
            definition_hash: "d".repeat(64),
            data_fingerprint: "f".repeat(64),
            kepi_version: "0.1.0".to_string(),
            commit: None,
            run_at: None,
        },
    }
}
