//! A house of one source to test in: rows of (time, number), and an engine of a page that answers questions about them.

use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

use crate::calendar::{Calendar, Grain, Interval, Length, Period, PeriodLiteral, SpanUnit};
use crate::check::Scope;
use crate::decimal::Decimal;
use crate::diag::Diagnostic;
use crate::ir::*;
use crate::report::evaluate::evaluate;
use crate::report::plan::{Plan, Request, plan};
use crate::report::{Objective as Card, Report};
use crate::results::{Answer, AnswerRow, Extent, Results};
use crate::source::{FileId, Span};
use crate::unit::Unit;
use crate::value::Value;

pub(super) fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn calendar() -> Calendar {
    Calendar::new(jiff::tz::TimeZone::UTC, jiff::civil::Weekday::Monday, (1, 1)).unwrap()
}

pub(super) fn at(text: &str) -> Timestamp {
    calendar().parse_instant(text).unwrap()
}

pub(super) fn period(literal: PeriodLiteral) -> Period {
    calendar().literal(&literal).unwrap()
}

pub(super) fn weeks(count: u32) -> Length {
    Length { count, unit: SpanUnit::Week }
}

fn column() -> RowExpr {
    RowExpr { kind: RowKind::Column(ColumnId(0)), ty: ScalarType::Float, unit: Unit::none() }
}

/// The row's number is at least this.
fn at_least(bound: i128) -> RowExpr {
    let bound = RowExpr { kind: RowKind::Literal(Value::Int(bound)), ty: ScalarType::Int, unit: Unit::none() };
    let kind = RowKind::Compare { op: Comparison::GreaterOrEqual, left: Box::new(column()), right: Box::new(bound) };
    RowExpr { kind, ty: ScalarType::Bool, unit: Unit::none() }
}

pub(super) fn measure(aggregate: Aggregate, unit: Unit) -> MetricExpr {
    let (additivity, ty) = match aggregate {
        Aggregate::Count => (Additivity::Additive, ScalarType::Int),
        Aggregate::Sum => (Additivity::Additive, ScalarType::Float),
        Aggregate::Unique => (Additivity::Distinct, ScalarType::Int),
        Aggregate::Mean | Aggregate::Share => (Additivity::Ratio, ScalarType::Float),
        _ => (Additivity::OrderStatistic, ScalarType::Float),
    };
    let share = aggregate == Aggregate::Share;
    let value = match aggregate {
        Aggregate::Count => None,
        Aggregate::Share => Some(at_least(1)),
        _ => Some(column()),
    };
    let branch = Branch {
        source: SourceId(0),
        derived: None,
        time: Some(ColumnId(1)),
        filter: None,
        value,
        by: vec![],
        keys: vec![],
        kept: vec![],
    };
    let measure = Measure { aggregate, branches: vec![branch], ty, unit: unit.clone(), stock: false };
    MetricExpr { kind: MetricKind::Measure(Arc::new(measure)), ty, unit, additivity, proportion: share }
}

pub(super) fn mean() -> MetricExpr {
    measure(Aggregate::Mean, Unit::none())
}

pub(super) fn sum() -> MetricExpr {
    measure(Aggregate::Sum, Unit::none())
}

pub(super) fn share() -> MetricExpr {
    measure(Aggregate::Share, Unit::none())
}

pub(super) fn unique() -> MetricExpr {
    measure(Aggregate::Unique, Unit::none())
}

/// An objective of everything usual: no start, no owner, no frills.
pub(super) fn objective(expr: MetricExpr, grain: Grain, target: Target, due: Due) -> Objective {
    Objective {
        name: "goal".into(),
        span: span(),
        title: "Goal".into(),
        display: expr.unit.clone(),
        expr,
        metric: None,
        formula: "m".into(),
        grain,
        better: Some(Better::Higher),
        target,
        target_text: "as told".into(),
        start: None,
        due,
        created: None,
        owner: Some("team".into()),
        population: None,
        supports: None,
        because: None,
        compare: vec![],
        guardrails: vec![],
        check_in: None,
        actions: vec![],
        aspirational: false,
        latch: false,
        thresholds: None,
        allow: vec![],
        changes: vec![],
        value_area: None,
    }
}

pub(super) fn metric(name: &str, expr: MetricExpr, grain: Grain) -> Metric {
    Metric {
        name: name.into(),
        span: span(),
        title: name.into(),
        display: expr.unit.clone(),
        expr,
        better: Some(Better::Higher),
        stage: None,
        value_area: None,
        kind: None,
        by: vec![],
        grain,
        owner: None,
        description: None,
        source: None,
        model: None,
        library: false,
        formula: name.into(),
        mentions: vec![],
    }
}

#[derive(Clone)]
pub(super) struct House {
    pub(super) program: Program,
    pub(super) rows: Vec<(Timestamp, f64)>,
    pub(super) request: Request,
    /// The latest event of another source, which nothing reads.
    pub(super) other: Option<Timestamp>,
}

impl House {
    pub(super) fn new(rows: Vec<(Timestamp, f64)>) -> Self {
        let source = Source {
            name: "rows".into(),
            span: span(),
            files: vec![],
            format: None,
            time: Some(ColumnId(1)),
            actor: None,
            entity: None,
            key: vec![],
            scope: None,
            text: TextOptions::default(),
            snapshot: false,
            complete_until: None,
            delivered_daily: false,
            links: vec![],
            columns: vec![],
        };
        let settings = Settings {
            name: "house".into(),
            calendar: calendar(),
            currency: None,
            as_of: None,
            stated_as_of: None,
            data: vec!["data".into()],
        };
        let program = Program {
            settings,
            sources: vec![source],
            lookups: vec![],
            metrics: vec![],
            benchmarks: vec![],
            goals: vec![],
            objectives: vec![],
            releases: vec![],
            reports: vec![],
        };
        Self { program, rows, request: Request::default(), other: None }
    }

    /// One row at noon of each day from the first on.
    pub(super) fn daily(first: Date, values: &[f64]) -> Self {
        let noon = |i: usize| {
            let day = first.checked_add(SignedDuration::from_hours(24 * i as i64)).unwrap();
            calendar().date_start(day) + SignedDuration::from_hours(12)
        };
        Self::new(values.iter().enumerate().map(|(i, v)| (noon(i), *v)).collect())
    }

    /// One row in the middle of each month from January 2025 on.
    pub(super) fn monthly(values: &[f64]) -> Self {
        let middle = |i: usize| {
            let day = date(2025 + (i / 12) as i16, (i % 12) as i8 + 1, if i == 0 { 1 } else { 15 });
            calendar().date_start(day)
        };
        Self::new(values.iter().enumerate().map(|(i, v)| (middle(i), *v)).collect())
    }

    pub(super) fn now(mut self, text: &str) -> Self {
        self.request.as_of = Some(at(text));
        self
    }

    pub(super) fn with(mut self, objective: Objective) -> Self {
        self.program.objectives.push(objective);
        self
    }

    pub(super) fn plan(&self) -> Result<(Plan, Question), Vec<Diagnostic>> {
        let times = || self.rows.iter().map(|(t, _)| *t);
        let other = Extent { first: self.other, last: self.other, alone: None };
        let extents = [Extent { first: times().min(), last: times().max(), alone: None }, other];
        plan(&self.program, &Scope::default(), &extents, &self.request)
    }

    pub(super) fn report(&self) -> Report {
        let (plan, question) = self.plan().unwrap();
        evaluate(&self.program, &plan, &self.answer(&question))
    }

    pub(super) fn card(&self) -> Card {
        self.report().objectives.remove(0)
    }

    /// The codes of the report's findings.
    pub(super) fn codes(&self) -> Vec<&'static str> {
        self.report().findings.iter().map(|f| f.code.as_str()).collect()
    }

    fn answer(&self, question: &Question) -> Results {
        let watermark = self.rows.iter().map(|(t, _)| *t).max();
        let complete = if question.as_of_given { Some(question.as_of) } else { watermark };
        let answer = |ask: &Ask| {
            let row = |(index, period): (usize, &Period)| AnswerRow {
                period: index,
                by: vec![],
                value: self.value(&ask.expr, period.interval, question.as_of),
                complete: complete.is_some_and(|c| c >= period.interval.end),
                open: None,
            };
            Answer { rows: ask.periods.iter().enumerate().map(row).collect() }
        };
        Results { answers: question.asks.iter().map(answer).collect(), ledgers: vec![], lookups: vec![] }
    }

    fn value(&self, expr: &MetricExpr, interval: Interval, as_of: Timestamp) -> Value {
        let MetricKind::Measure(measure) = &expr.kind else { return Value::Null };
        let branch = &measure.branches[0];
        let of_set = |number: &f64| branch.filter.as_ref().is_none_or(|f| truth(f, *number) == Some(true));
        let inside = self.rows.iter().filter(|(t, _)| interval.contains(*t) && *t < as_of);
        let numbers: Vec<f64> = inside.map(|(_, n)| *n).filter(of_set).collect();
        let n = numbers.len() as f64;
        let total: f64 = numbers.iter().sum();
        match measure.aggregate {
            Aggregate::Count => Value::Int(numbers.len() as i128),
            Aggregate::Sum => Value::float(total),
            Aggregate::Unique => {
                let mut seen: Vec<u64> = numbers.iter().map(|x| x.to_bits()).collect();
                seen.sort_unstable();
                seen.dedup();
                Value::Int(seen.len() as i128)
            }
            _ if numbers.is_empty() => Value::Null,
            Aggregate::Mean => Value::float(total / n),
            Aggregate::Share => Value::float(numbers.iter().filter(|x| **x >= 1.0).count() as f64 / n),
            Aggregate::Stddev => crate::stats::describe::stddev(&numbers).map_or(Value::Null, Value::float),
            other => unreachable!("{other:?} is not asked for here"),
        }
    }
}

/// A condition on a row's number.
fn truth(condition: &RowExpr, number: f64) -> Option<bool> {
    match &condition.kind {
        RowKind::Compare { right, .. } => match &right.kind {
            RowKind::Literal(bound) => Some(number >= bound.as_f64()?),
            _ => None,
        },
        RowKind::And(a, b) => Some(truth(a, number)? && truth(b, number)?),
        RowKind::Not(of) => truth(of, number).map(|t| !t),
        RowKind::IsNull(_) => Some(false),
        _ => None,
    }
}

pub(super) fn close(got: Option<f64>, expected: f64) {
    close_by(got, expected, 1e-9);
}

pub(super) fn close_by(got: Option<f64>, expected: f64, tolerance: f64) {
    let got = got.unwrap_or(f64::NAN);
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected} ± {tolerance}");
}
