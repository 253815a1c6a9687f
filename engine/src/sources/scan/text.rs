//! Scans of files that are read by readers of ours: their pieces spread over the partitions.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
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
use kepi_lang::diag::Diagnostic;

use crate::sources::failed;
use crate::sources::table::{Batches, Part, Piece, Table, finding, shares};

/// The files of a table, none of them Parquet.
#[derive(Debug)]
pub(super) struct Texts {
    table: Arc<Table>,
    left_out: Vec<bool>,
}

impl Texts {
    pub fn new(table: Arc<Table>, left_out: Vec<bool>) -> Self {
        Self { table, left_out }
    }
}

#[async_trait]
impl TableProvider for Texts {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.table.schema)
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
        let columns = projection.cloned().unwrap_or_else(|| (0..self.table.columns.len()).collect());
        let least = state.config_options().optimizer.repartition_file_min_size as u64;
        let shares = shares(&self.table.files, &self.left_out, state.config().target_partitions(), least);
        Ok(Arc::new(ReadExec::new(Arc::clone(&self.table), columns, shares)))
    }
}

/// Reads columns of files, a share of them in each partition.
#[derive(Debug)]
struct ReadExec {
    table: Arc<Table>,
    columns: Vec<usize>,
    shares: Vec<Vec<Part>>,
    properties: Arc<PlanProperties>,
}

impl ReadExec {
    fn new(table: Arc<Table>, columns: Vec<usize>, shares: Vec<Vec<Part>>) -> Self {
        let fields = columns.iter().filter_map(|c| table.schema.fields().get(*c).cloned());
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
        let parts = Parts {
            table: Arc::clone(&self.table),
            columns: self.columns.clone(),
            parts: parts.into_iter(),
            open: None,
        };
        let schema = Arc::clone(self.properties.eq_properties.schema());
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(parts))))
    }
}

/// The batches of one partition.
struct Parts {
    table: Arc<Table>,
    columns: Vec<usize>,
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
                if read.is_some() {
                    return Ok(read);
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
