//! Runs the suites of a plan with DataFusion: one scan a source, one node of ours above it.

mod accumulate;
mod batch;
pub(crate) mod cells;
mod codes;
mod exec;
mod node;
pub(crate) mod order;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod tally;
pub(crate) mod words;
pub(crate) mod work;

pub(crate) use accumulate::{Accumulation, internal};
pub(crate) use run::wrong;

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{Extension, LogicalPlan};
use datafusion::physical_plan::{ExecutionPlan, displayable, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::TryStreamExt;
use kepi_lang::diag::Diagnostic;

use work::Work;

use crate::sources::{OpenSource, finding_in};

/// A session that knows suites, and none of DataFusion's functions and formats: scans and suites need none.
pub(crate) fn session(threads: usize) -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(threads);
    // Which partition reads what must not depend on who is faster.
    config.options_mut().execution.enable_file_stream_work_stealing = false;
    let state = SessionStateBuilder::new().with_config(config).with_query_planner(Arc::new(node::SuitePlanner)).build();
    SessionContext::new_with_state(state)
}

/// A source's suite as a plan. `kept`: by file, whether its rows need not be read, where each file has a state of its own.
pub(crate) fn logical(
    source: &OpenSource,
    work: Arc<Work>,
    kept: Option<&[bool]>,
) -> Result<LogicalPlan, Vec<Diagnostic>> {
    let spec = Arc::clone(&work.spec);
    let plan = source.scan(&spec.columns, spec.bounds, kept).and_then(|scan| {
        let node = Arc::new(node::Suite::new(scan, work)?);
        Ok(LogicalPlan::Extension(Extension { node }))
    });
    plan.map_err(|e| vec![escaped(&e, source, &spec.columns)])
}

pub(crate) async fn physical(
    session: &SessionContext,
    logical: &LogicalPlan,
    source: &OpenSource,
    work: &Work,
) -> Result<Arc<dyn ExecutionPlan>, Vec<Diagnostic>> {
    let state = session.state();
    let plan = match state.optimize(logical) {
        Ok(optimized) => state.query_planner().create_physical_plan(&optimized, &state).await,
        Err(e) => Err(e),
    };
    plan.map_err(|e| vec![escaped(&e, source, &work.spec.columns)])
}

/// Runs a source's suite and gives back what it emits.
pub(crate) async fn run(
    session: &SessionContext,
    physical: Arc<dyn ExecutionPlan>,
    source: &OpenSource,
    work: &Work,
) -> Result<Vec<datafusion::arrow::array::RecordBatch>, Vec<Diagnostic>> {
    let stream = execute_stream(physical, session.task_ctx());
    let batches = match stream {
        Ok(stream) => stream.try_collect().await,
        Err(e) => Err(e),
    };
    batches.map_err(|e| vec![escaped(&e, source, &work.spec.columns)])
}

/// The state that a source's suite has handed on or emitted.
pub(crate) fn merge(
    work: &Work,
    batches: &[datafusion::arrow::array::RecordBatch],
) -> Result<state::SuiteState, Vec<Diagnostic>> {
    let handed = work.handed.joined(&work.spec).map_err(|e| vec![e])?;
    let mut state = handed.unwrap_or_else(|| state::SuiteState::new(&work.plan, &work.spec));
    for batch in batches {
        state.read(&work.spec, batch).map_err(|e| vec![internal(e.to_string())])?;
    }
    Ok(state)
}

/// A finding of ours comes back as it is; what DataFusion says names the source and file.
fn escaped(
    error: &datafusion::error::DataFusionError,
    source: &OpenSource,
    columns: &std::collections::BTreeSet<kepi_lang::ir::ColumnId>,
) -> Diagnostic {
    let known = finding_in(error).or_else(|| source.refused(error));
    known.unwrap_or_else(|| source.diagnose(columns, &error.to_string()))
}

pub(crate) fn text(physical: &dyn ExecutionPlan) -> String {
    displayable(physical).indent(false).to_string()
}
