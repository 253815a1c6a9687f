//! Scans of files that are read by readers of ours: their pieces spread over the partitions.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use kepi_lang::diag::{Code, Diagnostic};

use crate::sources::failed;
use crate::sources::table::{Batches, Part, Piece, Table, finding, shares};

/// The files of a table, none of them Parquet.
#[derive(Debug)]
pub(super) struct Texts {
    table: Arc<Table>,
    /// The table's, and perhaps which file a row is of.
    schema: SchemaRef,
    left_out: Vec<bool>,
}

impl Texts {
    pub fn new(table: Arc<Table>, schema: SchemaRef, left_out: Vec<bool>) -> Self {
        Self { table, schema, left_out }
    }
}

#[async_trait]
impl TableProvider for Texts {
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
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let least = state.config_options().optimizer.repartition_file_min_size as u64;
        let shares = shares(&self.table.files, &self.left_out, state.config().target_partitions(), least);
        Ok(Arc::new(ReadExec::new(Arc::clone(&self.table), &self.schema, columns, shares)))
    }
}

/// Reads columns of files, a share of them in each partition.
#[derive(Debug)]
struct ReadExec {
    table: Arc<Table>,
    /// Of the table; one behind them says which file a row is of.
    columns: Vec<usize>,
    shares: Vec<Vec<Part>>,
    properties: Arc<PlanProperties>,
}

impl ReadExec {
    fn new(table: Arc<Table>, schema: &Schema, columns: Vec<usize>, shares: Vec<Vec<Part>>) -> Self {
        let fields = columns.iter().filter_map(|c| schema.fields().get(*c).cloned());
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(shares.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Self { table, columns, shares, properties }
    }
}

impl DisplayAs for ReadExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.columns.iter().filter_map(|c| Some(self.table.columns.get(*c)?.name.as_str()));
        let files = self.table.files.len();
        let noun = if files == 1 { "file" } else { "files" };
        let columns = names.collect::<Vec<_>>().join(", ");
        write!(f, "ReadExec: {files} {noun} of {}, columns=[{columns}]", self.table.owner.called())
    }
}

impl ExecutionPlan for ReadExec {
    fn name(&self) -> &str {
        "ReadExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let parts = self.shares.get(partition).cloned().unwrap_or_default();
        let schema = Arc::clone(self.properties.eq_properties.schema());
        let known = self.table.schema.fields().len();
        let (columns, tags): (Vec<usize>, Vec<usize>) = self.columns.iter().partition(|at| **at < known);
        let parts = Parts {
            table: Arc::clone(&self.table),
            columns,
            tagged: (!tags.is_empty()).then(|| Arc::clone(&schema)),
            parts: parts.into_iter(),
            open: None,
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(parts))))
    }
}

/// The batches of one partition.
struct Parts {
    table: Arc<Table>,
    columns: Vec<usize>,
    /// The schema with the column that says which file a row is of.
    tagged: Option<SchemaRef>,
    parts: std::vec::IntoIter<Part>,
    open: Option<(usize, Batches)>,
}

impl Parts {
    fn batch(&mut self) -> Result<Option<RecordBatch>, Diagnostic> {
        loop {
            if let Some((file, reader)) = &mut self.open {
                let read = reader.next();
                let found = self.table.files.get(*file);
                let read = match (read, found) {
                    (Ok(read), _) => read,
                    (Err(trouble), Some(file)) => return Err(finding(&self.table.owner, &file.found, trouble)),
                    (Err(_), None) => None,
                };
                if let Some(batch) = read {
                    let file = *file;
                    return self.tag(batch, file).map(Some);
                }
                self.open = None;
            }
            let Some(part) = self.parts.next() else { return Ok(None) };
            let Some(file) = self.table.files.get(part.file) else { continue };
            let piece = Piece { file, from: part.from, until: part.until, last: part.last };
            self.open = Some((part.file, self.table.batches(&piece, &self.columns)?));
        }
    }
}

impl Parts {
    fn tag(&self, batch: RecordBatch, file: usize) -> Result<RecordBatch, Diagnostic> {
        let Some(schema) = &self.tagged else { return Ok(batch) };
        let tags: ArrayRef = Arc::new(UInt32Array::from(vec![file as u32; batch.num_rows()]));
        let columns = batch.columns().iter().cloned().chain([tags]).collect();
        RecordBatch::try_new(Arc::clone(schema), columns)
            .map_err(|e| Diagnostic::without_place(Code::Internal, e.to_string()))
    }
}

impl Iterator for Parts {
    type Item = Result<RecordBatch, DataFusionError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.batch() {
            Ok(batch) => batch.map(Ok),
            Err(finding) => {
                self.parts = Vec::new().into_iter();
                self.open = None;
                Some(Err(failed(finding)))
            }
        }
    }
}
