//! Metrics, "now", and what is asked.

use jiff::civil::date;

use crate::calendar::Grain;
use crate::ir::{ReportSpec, Section};
use crate::report::evaluate::tests::house::{House, at, close, mean, metric, share, sum};
use crate::report::plan::Origin;

#[test]
fn a_metric_shows_its_complete_periods() {
    let months: Vec<f64> = (1..=16).map(f64::from).collect();
    let mut house = House::monthly(&months).now("2026-04-20");
    house.program.metrics.push(metric("m", sum(), Grain::Month));
    let report = house.report();
    let shown = &report.metrics[0];
    // April 2026 is under way.
    assert_eq!(shown.latest.as_ref().map(|p| p.label.as_str()), Some("2026-03"));
    assert_eq!(shown.series.len(), 15);
    close(shown.change_previous, 1.0 / 14.0);
    close(shown.change_year, 12.0 / 3.0);
    assert_eq!(report.as_of_label, "20 Apr 2026");
}

#[test]
fn without_a_date_now_is_the_latest_event() {
    let mut house = House::daily(date(2026, 1, 1), &[1.0; 10]);
    house.program.metrics.push(metric("m", sum(), Grain::Day));
    let (plan, question) = house.plan().unwrap();
    assert_eq!(plan.origin, Origin::LatestEvent);
    assert!(question.as_of > at("2026-01-10T12:00:00Z") && !question.as_of_given);
    let report = house.report();
    // The tenth is not over at noon.
    assert_eq!(report.metrics[0].latest.as_ref().map(|p| p.label.as_str()), Some("2026-01-09"));
    assert_eq!(report.as_of_label, "10 Jan 2026 12:00, the latest event");
    house.program.settings.as_of = Some(at("2026-01-06"));
    assert_eq!(house.plan().unwrap().0.origin, Origin::Manifest);
    house.request.as_of = Some(at("2026-01-05"));
    assert_eq!(house.plan().unwrap().0.as_of, at("2026-01-05"));
}

#[test]
fn no_rows_and_no_date() {
    let errors = House::new(vec![]).plan().unwrap_err();
    assert_eq!(errors[0].code.as_str(), "K0551");
    let mut empty = House::new(vec![]).now("2026-01-05");
    empty.program.metrics.push(metric("m", mean(), Grain::Day));
    assert!(empty.report().metrics[0].latest.is_none());
}

#[test]
fn a_report_by_name() {
    let mut house = House::daily(date(2026, 1, 1), &[1.0; 10]);
    house.program.metrics.push(metric("a", sum(), Grain::Day));
    house.program.metrics.push(metric("b", share(), Grain::Day));
    let spec = |name: &str, section| ReportSpec { name: name.into(), title: "Title".into(), sections: vec![section] };
    house.program.reports.push(spec("weekly", Section::Metric(crate::ir::MetricId(1))));
    assert_eq!(house.report().metrics.len(), 1, "the only report is meant");
    house.program.reports.push(spec("monthly", Section::Metrics));
    assert_eq!(house.report().metrics.len(), 2, "without a name everything is reported");
    house.request.report = Some("weekly".into());
    let report = house.report();
    assert_eq!((report.title.as_str(), report.metrics[0].name.as_str()), ("Title", "b"));
    assert!(report.metrics[0].format.percent);
    house.request.report = Some("weakly".into());
    let errors = house.plan().unwrap_err();
    assert_eq!(errors[0].code.as_str(), "K0550");
    assert_eq!(errors[0].help.as_deref(), Some("did you mean `weekly`?"));
}

#[test]
fn equal_expressions_are_asked_once() {
    let mut house = House::daily(date(2026, 1, 1), &[1.0; 10]);
    house.program.metrics.push(metric("a", sum(), Grain::Day));
    house.program.metrics.push(metric("b", sum(), Grain::Day));
    let (_, question) = house.plan().unwrap();
    assert_eq!(question.asks.len(), 1);
    let periods = &question.asks[0].periods;
    assert!(periods.windows(2).all(|w| w[0].interval < w[1].interval));
}
