//! The suite as a logical node, and its lowering.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use crate::execute::exec::{SuiteExec, SuiteMergeExec};
use crate::execute::state;
use crate::execute::work::Work;

/// All measures of one source, over a scan of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Suite {
    pub input: LogicalPlan,
    pub work: Arc<Work>,
    schema: DFSchemaRef,
}

impl Suite {
    pub(crate) fn new(input: LogicalPlan, work: Arc<Work>) -> Result<Self> {
        let schema = Arc::new(DFSchema::try_from(state::schema().as_ref().clone())?);
        Ok(Self { input, work, schema })
    }
}

impl PartialOrd for Suite {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Suite {
    fn name(&self) -> &str {
        "Suite"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Suite: {}", self.work)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut inputs = inputs.into_iter();
        match (inputs.next(), inputs.next()) {
            (Some(input), None) => Ok(Self { input, work: Arc::clone(&self.work), schema: Arc::clone(&self.schema) }),
            _ => Err(DataFusionError::Internal("a suite has one input".to_owned())),
        }
    }
}

/// Lowers suites; everything else is DataFusion's.
#[derive(Debug)]
pub(crate) struct SuitePlanner;

#[async_trait]
impl ExtensionPlanner for SuitePlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(suite) = node.as_any().downcast_ref::<Suite>() else { return Ok(None) };
        let [input] = physical_inputs else {
            return Err(DataFusionError::Internal("a suite has one input".to_owned()));
        };
        let parts = Arc::new(SuiteExec::new(Arc::clone(input), Arc::clone(&suite.work)));
        Ok(Some(Arc::new(SuiteMergeExec::new(parts, Arc::clone(&suite.work)))))
    }
}

#[async_trait]
impl QueryPlanner for SuitePlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, state: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Self)]);
        planner.create_physical_plan(plan, state).await
    }
}
