//! Programs built by hand: what check would make of definitions.

use jiff::Timestamp;
use kepi_lang::calendar::{Calendar, Grain, Interval, Period};
use kepi_lang::ir::{
    Additivity, Aggregate, Branch, Column, ColumnId, Measure, MetricExpr, MetricKind, Origin, Program, RowExpr,
    RowKind, ScalarType, Settings, Source, SourceId, TimeReading,
};
use kepi_lang::source::{FileId, Span};
use kepi_lang::unit::Unit;
use kepi_lang::value::Value;

pub fn nowhere() -> Span {
    Span::new(FileId(0), 0, 0)
}

pub fn column(name: &str, ty: ScalarType) -> Column {
    let time = (ty == ScalarType::Instant).then(|| TimeReading {
        format: kepi_lang::ir::TimeFormat::Auto,
        zone: "UTC".to_owned(),
        on_gap: kepi_lang::ir::LocalPolicy::Earlier,
        on_overlap: kepi_lang::ir::LocalPolicy::Earlier,
    });
    let origin = Origin::File(name.to_owned());
    Column {
        name: name.to_owned(),
        span: nowhere(),
        origin,
        ty,
        unit: Unit::none(),
        declared: true,
        any_number: false,
        time,
    }
}

pub fn source(name: &str, columns: Vec<Column>, time: Option<u32>, actor: Option<u32>) -> Source {
    Source {
        name: name.to_owned(),
        span: nowhere(),
        files: vec![(format!("{name}-*.parquet"), nowhere())],
        format: None,
        text: kepi_lang::ir::TextOptions::default(),
        time: time.map(ColumnId),
        actor: actor.map(ColumnId),
        entity: None,
        key: Vec::new(),
        scope: None,
        snapshot: false,
        complete_until: None,
        delivered_daily: false,
        links: Vec::new(),
        columns,
    }
}

pub fn program(calendar: Calendar, sources: Vec<Source>) -> Program {
    Program {
        settings: Settings {
            name: "test".to_owned(),
            calendar,
            currency: None,
            as_of: None,
            stated_as_of: None,
            data: vec!["data".to_owned()],
        },
        sources,
        lookups: Vec::new(),
        metrics: Vec::new(),
        benchmarks: Vec::new(),
        goals: Vec::new(),
        objectives: Vec::new(),
        releases: Vec::new(),
        reports: Vec::new(),
    }
}

pub fn row(kind: RowKind, ty: ScalarType) -> RowExpr {
    RowExpr { kind, ty, unit: Unit::none() }
}

pub fn col(id: u32, ty: ScalarType) -> RowExpr {
    row(RowKind::Column(ColumnId(id)), ty)
}

pub fn literal(value: Value, ty: ScalarType) -> RowExpr {
    row(RowKind::Literal(value), ty)
}

pub fn branch(source: u32, time: Option<u32>, value: Option<RowExpr>) -> Branch {
    Branch {
        source: SourceId(source),
        derived: None,
        time: time.map(ColumnId),
        filter: None,
        value,
        by: Vec::new(),
        keys: Vec::new(),
        kept: Vec::new(),
    }
}

/// The type of an aggregate of values of a type.
pub fn result_type(aggregate: &Aggregate, value: ScalarType) -> ScalarType {
    match aggregate {
        Aggregate::Count | Aggregate::Unique | Aggregate::ApproximateUnique => ScalarType::Int,
        Aggregate::Mean
        | Aggregate::Stddev
        | Aggregate::Share
        | Aggregate::Percentile { discrete: false, .. }
        | Aggregate::ApproximatePercentile { .. } => ScalarType::Float,
        _ => value,
    }
}

pub fn measure(aggregate: Aggregate, branches: Vec<Branch>) -> Measure {
    let value = branches.iter().find_map(|b| b.value.as_ref()).map_or(ScalarType::Int, |v| v.ty);
    Measure { ty: result_type(&aggregate, value), aggregate, branches, unit: Unit::none(), stock: false }
}

pub fn metric(kind: MetricKind, ty: ScalarType) -> MetricExpr {
    MetricExpr { kind, ty, unit: Unit::none(), additivity: Additivity::None, proportion: false }
}

pub fn measured(measure: Measure) -> MetricExpr {
    let ty = measure.ty;
    metric(MetricKind::Measure(std::sync::Arc::new(measure)), ty)
}

pub fn periods(calendar: &Calendar, from: &str, to: &str, grain: Grain) -> Vec<Period> {
    let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
    calendar.periods(Interval { start: at(from), end: at(to) }, grain).expect("not too many periods")
}
