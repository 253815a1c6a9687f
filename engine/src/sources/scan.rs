//! DataFusion scans of a table's files: projection and bounds, nothing more.

mod nested;
mod text;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, ScalarValue, TableReference};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::provider_as_source;
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::object_store::path::Path;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::prelude::lit;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kepi_lang::calendar::Interval;
use kepi_lang::ir::Format;

use crate::sources::hive;
use crate::sources::open::Place;
use crate::sources::parquet::Footer;
use crate::sources::stores::Object;
use crate::sources::table::{Body, DataFile, Table};
use nested::Nested;

/// Two days, in microseconds: more than local time is ever away from UTC, whatever a policy does at a gap.
pub(super) const SLACK: i64 = 2 * 86_400_000_000;

/// Parquet files that are read alike.
#[derive(Debug)]
struct Alike {
    schema: SchemaRef,
    /// How many of its fields the files have; those behind are made by folders.
    own: usize,
    nested: Nested,
    files: Vec<PartitionedFile>,
    /// Rows for which this is false everywhere in a piece of a file may be left out.
    bounds: Option<Expr>,
    /// They are objects of stores.
    remote: bool,
}

/// The column that says which file a row is of, behind all others: no file calls one of its own so.
pub(crate) const TAG: &str = "\0file";

/// The schema of a scan of a table.
fn schema(table: &Table, tagged: bool) -> SchemaRef {
    let tag = tagged.then(|| Arc::new(Field::new(TAG, DataType::UInt32, false)));
    Arc::new(Schema::new(table.schema.fields().iter().cloned().chain(tag).collect::<Vec<_>>()))
}

/// Which files are read, and whether their rows say of which of them they are.
pub(crate) struct Files {
    pub left_out: Vec<bool>,
    pub tagged: bool,
}

/// A plan that yields `columns` (positions, ascending) of all files but those that are left out, under their raw names.
pub(crate) fn plan(
    name: &str,
    table: &Arc<Table>,
    columns: &[usize],
    bounds: Option<(Interval, usize)>,
    Files { left_out, tagged }: Files,
    zone: &TimeZone,
) -> Result<LogicalPlan> {
    let schema = schema(table, tagged);
    let wanted: Vec<usize> = columns.iter().copied().chain(tagged.then_some(table.schema.fields().len())).collect();
    if table.format != Format::Parquet {
        let source = provider_as_source(Arc::new(text::Texts::new(Arc::clone(table), schema, left_out)));
        return LogicalPlanBuilder::scan(TableReference::bare(name.to_owned()), source, Some(wanted))?.build();
    }
    let mut groups: Vec<(bool, bool, Nested, Vec<PartitionedFile>)> = Vec::new();
    for (at, file) in table.files.iter().enumerate() {
        let Body::Parquet(footer) = &file.body else { continue };
        if left_out.get(at) == Some(&true) {
            continue;
        }
        let clock = bounds.and_then(|(_, clock)| file.places.get(clock).copied().flatten());
        // Rows without a time are counted as such, so bounds never leave them out: those files are read apart.
        let timed = clock.is_some_and(|clock| {
            footer.leaves.get(clock).is_some_and(|leaf| leaf.path.is_empty()) && footer.is_never_null(clock)
        });
        let nested = Nested::of(table, file, footer, columns);
        let tag = tagged.then_some(at as u32);
        let remote = matches!(file.found.place, Place::Remote(_));
        match groups.iter_mut().find(|(t, r, n, _)| *t == timed && *r == remote && *n == nested) {
            Some((.., files)) => files.push(entry(table, file, footer, tag)?),
            None => groups.push((timed, remote, nested, vec![entry(table, file, footer, tag)?])),
        }
    }
    let bounds = bounds.and_then(|(bounds, clock)| within(table, clock, bounds, zone));
    let mut plan: Option<LogicalPlanBuilder> = None;
    for (timed, remote, nested, files) in groups {
        let bounds = bounds.clone().filter(|_| timed);
        let files = Alike { schema: Arc::clone(&schema), own: table.own, nested, files, remote, bounds };
        let reference = TableReference::bare(name.to_owned());
        let part = LogicalPlanBuilder::scan(reference, provider_as_source(Arc::new(files)), Some(wanted.clone()))?;
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

fn entry(table: &Table, file: &DataFile, footer: &Footer, tag: Option<u32>) -> Result<PartitionedFile> {
    let mut entry = PartitionedFile::new(String::new(), file.found.bytes);
    match &file.found.place {
        Place::Local(path) => {
            let location = Path::from_absolute_path(path).map_err(|e| DataFusionError::External(Box::new(e)))?;
            entry.object_meta.location = location;
        }
        Place::Remote(object) => {
            entry.object_meta.location = Path::from(object.address());
            entry.extensions.insert(Known { object: object.clone(), meta: Arc::clone(footer.meta.metadata()) });
        }
    }
    let fixed = table.columns.iter().zip(table.schema.fields()).skip(table.own);
    entry.partition_values = fixed
        .map(|(column, field)| {
            let value = file.fixed.iter().find(|(name, _)| *name == column.name);
            hive::scalar(value.and_then(|(_, value)| value.as_deref()), field.data_type())
        })
        .chain(tag.map(|tag| ScalarValue::UInt32(Some(tag))))
        .collect();
    Ok(entry)
}

/// An object, and what its end is known to say.
#[derive(Debug)]
struct Known {
    object: Object,
    meta: Arc<ParquetMetaData>,
}

/// Reads objects by pieces, through our own connections.
#[derive(Debug)]
struct Remote;

impl ParquetFileReaderFactory for Remote {
    fn create_reader(
        &self,
        _: usize,
        file: PartitionedFile,
        _: Option<usize>,
        _: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let Some(known) = file.extensions.get::<Known>() else {
            return Err(DataFusionError::Internal("an object that nothing is known of".to_owned()));
        };
        Ok(Box::new(known.object.pieces(Some(Arc::clone(&known.meta)))))
    }
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
impl TableProvider for Alike {
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
        let fields = self.schema.fields();
        let (own, fixed) = fields.split_at_checked(self.own).unwrap_or((fields, &[]));
        let own = Schema::new(own.to_vec());
        let own = if self.nested.is_none() { Arc::new(own) } else { self.nested.schema(&own) };
        let parts = TableSchema::builder(own).with_table_partition_cols(fixed.to_vec()).build();
        let read = Arc::clone(parts.table_schema());
        let global = state.config_options().execution.parquet.clone();
        let options = TableParquetOptions { global, ..TableParquetOptions::default() };
        let mut source = ParquetSource::new(parts).with_table_parquet_options(options);
        if self.remote {
            source = source.with_parquet_file_reader_factory(Arc::new(Remote));
        }
        if let Some(bounds) = &self.bounds {
            let schema = DFSchema::try_from(Schema::clone(&read))?;
            source = source.with_predicate(state.create_physical_expr(bounds.clone(), &schema)?);
        }
        let groups = FileGroup::new(self.files.clone()).split_files(state.config().target_partitions());
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(groups)
            .with_limit(limit);
        if self.nested.is_none() {
            let config = config.with_projection_indices(projection.cloned())?.build();
            return Ok(DataSourceExec::from_data_source(config));
        }
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let (own, ways) = self.nested.ways(&self.schema, &read, &wanted);
        let scan = DataSourceExec::from_data_source(config.with_projection_indices(Some(own))?.build());
        Ok(nested::unnest(scan, &self.schema, &wanted, ways))
    }
}
