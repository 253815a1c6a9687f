//! DataFusion scans of a table's files: projection and bounds, nothing more.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, ScalarValue, TableReference};
use datafusion::config::{CsvOptions, TableParquetOptions};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{CsvSource, FileGroup, FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::provider_as_source;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::object_store::path::Path;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::lit;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kepi_lang::calendar::Interval;

use crate::sources::csv;
use crate::sources::table::{Body, DataFile, Table};

/// Two days, in microseconds: more than local time is ever away from UTC, whatever a policy does at a gap.
const SLACK: i64 = 2 * 86_400_000_000;

/// Files that are read alike.
#[derive(Debug)]
struct Files {
    schema: SchemaRef,
    files: Vec<PartitionedFile>,
    kind: Kind,
    /// Rows for which this is false everywhere in a piece of a file may be left out.
    bounds: Option<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Parquet,
    /// `whole`: a file cannot be cut at line ends.
    Csv {
        whole: bool,
    },
}

/// Which files are read together.
#[derive(PartialEq, Eq)]
enum Alike<'a> {
    /// `timed`: every row has a time. Rows without one are counted as such, so bounds never leave them out.
    Parquet {
        timed: bool,
    },
    Csv(&'a [String]),
}

/// A plan that yields `columns` (positions, ascending) of all files, under their raw names.
pub(crate) fn plan(
    name: &str,
    table: &Table,
    columns: &[usize],
    bounds: Option<(Interval, usize)>,
    zone: &TimeZone,
) -> Result<LogicalPlan> {
    let mut parts: Vec<(Files, Vec<Option<usize>>)> = Vec::new();
    let mut alike: Vec<Alike<'_>> = Vec::new();
    for file in &table.files {
        let entry = entry(file)?;
        let kind = match &file.body {
            Body::Parquet(footer) => {
                let clock = bounds.and_then(|(_, clock)| file.places.get(clock).copied().flatten());
                Alike::Parquet { timed: clock.is_some_and(|clock| footer.is_never_null(clock)) }
            }
            Body::Csv { header, .. } => Alike::Csv(header),
        };
        let at = match alike.iter().position(|other| *other == kind) {
            Some(at) => at,
            None => {
                let timed = kind == Alike::Parquet { timed: true };
                alike.push(kind);
                parts.push(match &file.body {
                    Body::Parquet(_) => {
                        let bounds = bounds.filter(|_| timed);
                        let bounds = bounds.and_then(|(bounds, clock)| within(table, clock, bounds, zone));
                        let schema = Arc::clone(&table.schema);
                        let files = Files { schema, files: Vec::new(), kind: Kind::Parquet, bounds };
                        (files, columns.iter().map(|c| Some(*c)).collect())
                    }
                    Body::Csv { header, .. } => {
                        let schema = csv::schema(header);
                        let files = Files { schema, files: Vec::new(), kind: Kind::Csv { whole: false }, bounds: None };
                        (files, columns.iter().map(|c| file.places.get(*c).copied().flatten()).collect())
                    }
                });
                parts.len() - 1
            }
        };
        if let Some((files, _)) = parts.get_mut(at) {
            files.files.push(entry);
            if let (Kind::Csv { whole }, Body::Csv { whole: w, .. }) = (&mut files.kind, &file.body) {
                *whole |= w;
            }
        }
    }
    let several = parts.len() > 1;
    let mut plan: Option<LogicalPlanBuilder> = None;
    for (files, places) in parts {
        let schema = Arc::clone(&files.schema);
        let mut own: Vec<usize> = places.iter().flatten().copied().collect();
        if own.is_empty() && !schema.fields().is_empty() {
            own.push(0);
        }
        let reference = TableReference::bare(name.to_owned());
        let mut part = LogicalPlanBuilder::scan(reference, provider_as_source(Arc::new(files)), Some(own))?;
        if several {
            let wanted = columns.iter().zip(&places).filter_map(|(column, place)| {
                let raw = table.schema.fields().get(*column)?;
                Some(match place.and_then(|place| schema.fields().get(place)) {
                    Some(field) => Expr::Column(datafusion::common::Column::from_name(field.name())).alias(raw.name()),
                    None => lit(ScalarValue::Utf8View(None)).alias(raw.name()),
                })
            });
            part = part.project(wanted.collect::<Vec<_>>())?;
        }
        plan = Some(match plan {
            None => part,
            Some(first) => first.union(part.build()?)?,
        });
    }
    match plan {
        Some(plan) => plan.build(),
        None => LogicalPlanBuilder::empty(false).build(),
    }
}

fn entry(file: &DataFile) -> Result<PartitionedFile> {
    let location = Path::from_absolute_path(&file.found.path).map_err(|e| DataFusionError::External(Box::new(e)))?;
    let mut entry = PartitionedFile::new(String::new(), file.found.bytes);
    entry.object_meta.location = location;
    Ok(entry)
}

/// `clock` between the bounds.
fn within(table: &Table, clock: usize, bounds: Interval, zone: &TimeZone) -> Option<Expr> {
    let field = table.schema.fields().get(clock)?;
    let DataType::Timestamp(unit, tz) = field.data_type() else { return None };
    let utc = tz.is_some() || *zone == TimeZone::UTC;
    let slack = if utc { 0 } else { SLACK };
    let scalar = |micros: i64| {
        let tz = tz.clone();
        Some(match unit {
            TimeUnit::Second => ScalarValue::TimestampSecond(Some(micros.div_euclid(1_000_000)), tz),
            TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(Some(micros.div_euclid(1_000)), tz),
            TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(Some(micros), tz),
            TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(Some(micros.checked_mul(1_000)?), tz),
        })
    };
    let column = || Expr::Column(datafusion::common::Column::from_name(field.name()));
    let low = (bounds.start > Timestamp::MIN).then(|| scalar(bounds.start.as_microsecond() - slack)).flatten();
    // One unit more, for what the division has cut off.
    let high = (bounds.end < Timestamp::MAX).then(|| scalar(bounds.end.as_microsecond() + slack)).flatten();
    let low = low.map(|low| column().gt_eq(lit(low)));
    let high = high.map(|high| column().lt_eq(lit(high)));
    let both = match (low, high) {
        (Some(low), Some(high)) => low.and(high),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    Some(both)
}

#[async_trait]
impl TableProvider for Files {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let source: Arc<dyn FileSource> = match self.kind {
            Kind::Parquet => {
                let global = state.config_options().execution.parquet.clone();
                let options = TableParquetOptions { global, ..TableParquetOptions::default() };
                let mut source = ParquetSource::new(Arc::clone(&self.schema)).with_table_parquet_options(options);
                if let Some(bounds) = &self.bounds {
                    let schema = DFSchema::try_from(Schema::clone(&self.schema))?;
                    source = source.with_predicate(state.create_physical_expr(bounds.clone(), &schema)?);
                }
                Arc::new(source)
            }
            Kind::Csv { whole } => {
                let options =
                    CsvOptions { has_header: Some(true), newlines_in_values: Some(whole), ..CsvOptions::default() };
                Arc::new(CsvSource::new(Arc::clone(&self.schema)).with_csv_options(options))
            }
        };
        let groups = FileGroup::new(self.files.clone()).split_files(state.config().target_partitions());
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file_groups(groups)
            .with_limit(limit)
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
