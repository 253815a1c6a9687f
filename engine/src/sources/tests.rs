//! Whole tables from files on disk: what is read, what is counted, what is refused.

mod changing;
mod cleaning;
mod confinement;
mod formats;
mod hostile;
mod json;
mod kept;
mod lists;
mod lookups;
mod schemas;
mod text;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::context::SessionContext;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::prelude::SessionConfig;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use kepi_lang::calendar::{Calendar, Interval};
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{
    Column, ColumnId, LocalPolicy, Lookup, Origin, Program, RowExpr, ScalarType, Settings, Source, SourceId,
    TextOptions, TimeFormat, TimeReading,
};
use kepi_lang::results::{Extent, Rejected};
use kepi_lang::source::{FileId, Span};
use kepi_lang::unit::Unit;

use crate::rows::Columns;
use crate::sources::{Clean, Counts, OpenSource, Opened, dedup, open};

pub(super) fn span() -> Span {
    Span::new(FileId(0), 0, 1)
}

/// A project on disk, removed at the end.
pub(super) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        Self { folder }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    pub fn write(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.data().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub fn parquet(self, name: &str, columns: Vec<(&str, ArrayRef)>) -> Self {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        self.write(name, bytes)
    }
}

pub(super) fn settings(zone: &str) -> Settings {
    let zone = TimeZone::get(zone).unwrap();
    let calendar = Calendar { zone, week_start: Weekday::Monday, fiscal_year_start: (1, 1) };
    Settings {
        name: "t".to_owned(),
        calendar,
        currency: None,
        as_of: None,
        stated_as_of: None,
        data: vec!["data".to_owned()],
    }
}

pub(super) fn program(zone: &str, sources: Vec<Source>, lookups: Vec<Lookup>) -> Program {
    Program {
        settings: settings(zone),
        sources,
        lookups,
        metrics: Vec::new(),
        benchmarks: Vec::new(),
        goals: Vec::new(),
        objectives: Vec::new(),
        releases: Vec::new(),
        reports: Vec::new(),
    }
}

pub(super) fn column(name: &str, ty: ScalarType, declared: bool) -> Column {
    let origin = Origin::File(name.to_owned());
    Column {
        name: name.to_owned(),
        span: span(),
        origin,
        ty,
        unit: Unit::none(),
        declared,
        any_number: false,
        time: None,
    }
}

pub(super) fn time(name: &str, format: TimeFormat, zone: &str, policy: LocalPolicy) -> Column {
    let reading = TimeReading { format, zone: zone.to_owned(), on_gap: policy, on_overlap: policy };
    Column { time: Some(reading), ..column(name, ScalarType::Instant, false) }
}

/// A source named `s`; the first column is the clock when it is an instant.
pub(super) fn source(files: &str, columns: Vec<Column>) -> Source {
    Source {
        name: "s".to_owned(),
        span: span(),
        files: vec![(files.to_owned(), span())],
        format: None,
        text: TextOptions::default(),
        time: columns.first().filter(|c| c.ty == ScalarType::Instant).map(|_| ColumnId(0)),
        actor: None,
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

pub(super) fn row(kind: kepi_lang::ir::RowKind, ty: ScalarType) -> RowExpr {
    RowExpr { kind, ty, unit: Unit::none() }
}

/// What reading the whole source gives: a text for each row, sorted, and the numbers.
#[derive(Debug)]
pub(super) struct Seen {
    pub rows: Vec<String>,
    pub counts: Counts,
    pub extent: Extent,
    pub rejected: Vec<Rejected>,
}

pub(super) fn texts(arrays: &[ArrayRef]) -> Vec<String> {
    let options = FormatOptions::default().with_null("-");
    let formats: Vec<_> = arrays.iter().map(|a| ArrayFormatter::try_new(a.as_ref(), &options).unwrap()).collect();
    let rows = arrays.first().map_or(0, |a| a.len());
    (0..rows).map(|row| formats.iter().map(|f| f.value(row).to_string()).collect::<Vec<_>>().join("|")).collect()
}

/// Opens a program's only source and reads all of its columns, as an engine does.
pub(super) fn read(project: &Project, program: Program) -> Result<Seen, Vec<Diagnostic>> {
    read_within(project, program, None, 2)
}

pub(super) fn read_within(
    project: &Project,
    program: Program,
    bounds: Option<Interval>,
    threads: usize,
) -> Result<Seen, Vec<Diagnostic>> {
    let Opened { sources, lookups } = open(project.root(), &program, &Arc::default(), None)?;
    let source: Arc<OpenSource> = Arc::clone(&sources[0]);
    assert_eq!(source.id(), SourceId(0));
    let columns: BTreeSet<ColumnId> = (0..source.def.columns.len() as u32).map(ColumnId).collect();
    let cleaner = source.cleaner(Arc::new(program), &lookups, &columns)?;
    let extent = source.extent(&lookups, None)?;
    let mut counts = Counts::default();
    let mut cleaned = Vec::new();
    for batch in batches(&source, &columns, bounds, threads).map_err(|e| vec![source.diagnose(&columns, &e)])? {
        cleaned.push(cleaner.clean(&batch, &mut counts).map_err(|finding| vec![finding])?);
    }
    let cleaned: Vec<Clean> = dedup(&cleaner, cleaned, &mut counts);
    let mut rows = Vec::new();
    for clean in &cleaned {
        counts.used += clean.rows as u64;
        counts.moved += clean.moved();
        let arrays: Vec<ArrayRef> = columns.iter().map(|id| clean.column(*id).unwrap()).collect();
        rows.extend(texts(&arrays));
    }
    rows.sort();
    let ledger = counts.ledger(source.id(), &source, extent, None).map_err(|finding| vec![finding])?;
    assert!(ledger.balances(), "{ledger:?}");
    Ok(Seen { rows, counts, extent, rejected: ledger.rejected })
}

pub(super) fn batches(
    source: &OpenSource,
    columns: &BTreeSet<ColumnId>,
    bounds: Option<Interval>,
    threads: usize,
) -> Result<Vec<RecordBatch>, String> {
    let mut config = SessionConfig::new().with_target_partitions(threads);
    // Files are cut into pieces however small they are.
    config.options_mut().optimizer.repartition_file_min_size = 0;
    let context = SessionContext::new_with_config(config);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).build().unwrap();
    let plan = source.scan(columns, bounds, None).map_err(|e| e.to_string())?;
    // As a task, so that a panic of a reader is seen as an engine sees it.
    let task = runtime.spawn(async move { context.execute_logical_plan(plan).await?.collect().await });
    runtime.block_on(task).map_err(|e| e.to_string())?.map_err(|e| e.to_string())
}

/// The findings as `CODE message`.
pub(super) fn said(findings: &[Diagnostic]) -> Vec<String> {
    findings.iter().map(|f| format!("{} {}", f.code, f.message)).collect()
}
