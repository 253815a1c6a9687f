//! The suite as physical nodes: one that accumulates each partition of a scan, and one that merges what they emit.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::{max, min};
use datafusion::arrow::datatypes::UInt32Type;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt};

use crate::execute::accumulate::Accumulation;
use crate::execute::state::{self, SuiteState};
use crate::execute::work::Work;
use crate::sources::{TAG, dedup, failed};

fn properties(partitions: usize) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(state::schema()),
        Partitioning::UnknownPartitioning(partitions),
        EmissionType::Final,
        Boundedness::Bounded,
    ))
}

/// Accumulates all measures of a source over each partition of its scan; emits one batch of state a partition, or a file of it.
#[derive(Debug)]
pub(crate) struct SuiteExec {
    input: Arc<dyn ExecutionPlan>,
    work: Arc<Work>,
    properties: Arc<PlanProperties>,
}

impl SuiteExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, work: Arc<Work>) -> Self {
        let properties = properties(input.output_partitioning().partition_count());
        Self { input, work, properties }
    }
}

impl DisplayAs for SuiteExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SuiteExec: {}", self.work)
    }
}

impl ExecutionPlan for SuiteExec {
    fn name(&self) -> &str {
        "SuiteExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    /// The copies of a key may lie in different files: they are told apart in one place.
    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![if self.work.has_key() {
            Distribution::SinglePartition
        } else {
            Distribution::UnspecifiedDistribution
        }])
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(only(children)?, Arc::clone(&self.work))))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let work = Arc::clone(&self.work);
        let batches = futures::stream::once(async move { accumulate(input, work, partition).await });
        let batches = batches.map_ok(|batches| futures::stream::iter(batches.into_iter().map(Ok))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(state::schema(), batches)))
    }
}

/// The states of runs of rows of a file; where files are not told apart, the one state is handed on as it is.
async fn accumulate(
    mut input: SendableRecordBatchStream,
    work: Arc<Work>,
    partition: usize,
) -> Result<Vec<RecordBatch>> {
    let mut accumulation = Accumulation::new(Arc::clone(&work));
    let (mut kept, mut states, mut now) = (Vec::new(), Vec::new(), None);
    let Some(cleaner) = &work.cleaner else {
        return Err(DataFusionError::Internal("rows that need no cleaning are not scanned".to_owned()));
    };
    while let Some(batch) = input.next().await {
        let batch = batch?;
        work.progress.rows(batch.num_rows());
        if work.per_file && batch.num_rows() > 0 {
            let file = tagged(&batch)?;
            if let Some(before) = now.replace(file).filter(|before| *before != file) {
                states.push(accumulation.take(before)?);
            }
        }
        let clean = cleaner.clean(&batch, &mut accumulation.tally.counts).map_err(failed)?;
        for (way, missing) in clean.missing_in_scope() {
            let at = (0u32..).zip(&work.spec.ways).find(|(_, known)| *known == way);
            if let Some((at, _)) = at {
                *accumulation.tally.missing.entry(at).or_default() += missing;
            }
        }
        if cleaner.has_key() {
            kept.push(clean);
        } else {
            accumulation.add(clean).map_err(failed)?;
        }
    }
    for clean in dedup(cleaner, kept, &mut accumulation.tally.counts) {
        accumulation.add(clean).map_err(failed)?;
    }
    match now {
        Some(file) => states.push(accumulation.take(file)?),
        None => work.handed.put(partition, accumulation.finish().map_err(failed)?),
    }
    Ok(states)
}

/// The number of the file that a batch is of.
fn tagged(batch: &RecordBatch) -> Result<u32> {
    let wrong = || DataFusionError::Internal("rows of no file, or of several at once".to_owned());
    let tags = batch.column_by_name(TAG).and_then(|column| column.as_primitive_opt::<UInt32Type>());
    let tags = tags.ok_or_else(wrong)?;
    min(tags).filter(|least| max(tags) == Some(*least)).ok_or_else(wrong)
}

/// Merges the states of all partitions: to one that is handed on, or to one batch a file.
#[derive(Debug)]
pub(crate) struct SuiteMergeExec {
    input: Arc<dyn ExecutionPlan>,
    work: Arc<Work>,
    properties: Arc<PlanProperties>,
}

impl SuiteMergeExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, work: Arc<Work>) -> Self {
        Self { input, work, properties: properties(1) }
    }
}

impl DisplayAs for SuiteMergeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SuiteMergeExec: source={}", self.work.source())
    }
}

impl ExecutionPlan for SuiteMergeExec {
    fn name(&self) -> &str {
        "SuiteMergeExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(only(children)?, Arc::clone(&self.work))))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let work = Arc::clone(&self.work);
        let merged = futures::stream::once(async move {
            let mut files: BTreeMap<u32, Vec<RecordBatch>> = BTreeMap::new();
            for batch in input.try_collect::<Vec<_>>().await? {
                files.entry(state::file(&batch)).or_default().push(batch);
            }
            if let Some(state) = work.handed.joined(&work.spec).map_err(failed)? {
                work.handed.put(0, state);
            }
            files.into_iter().map(|(file, batches)| one(&work, file, batches)).collect::<Result<Vec<_>>>()
        });
        let merged = merged.map_ok(|batches| futures::stream::iter(batches.into_iter().map(Ok))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(state::schema(), merged)))
    }
}

/// The state of all rows of a file.
fn one(work: &Work, file: u32, mut batches: Vec<RecordBatch>) -> Result<RecordBatch> {
    match (batches.pop(), batches.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => {
            let mut merged = SuiteState::new(&work.plan, &work.spec);
            // What has been merged is let go at once.
            batches.into_iter().chain(last).try_for_each(|b| merged.read(&work.spec, &b))?;
            merged.write(&work.spec, file)
        }
    }
}

fn only(children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
    match <[_; 1]>::try_from(children) {
        Ok([child]) => Ok(child),
        Err(_) => Err(DataFusionError::Internal("a suite has one input".to_owned())),
    }
}
