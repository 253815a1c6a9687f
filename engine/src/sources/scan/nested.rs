//! Scans of structs: DataFusion reads them whole, and their fields become columns above it.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::StreamExt;

use crate::sources::nested::extract;
use crate::sources::parquet::Footer;
use crate::sources::table::{DataFile, Table};

/// The structs of a file that hold columns that are wanted, and where each of these columns is in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Nested {
    /// Fields of the file's schema: name and type.
    roots: Vec<(String, DataType)>,
    /// By position in the table: which of the roots, and the way into it.
    columns: Vec<(usize, usize, Vec<usize>)>,
}

/// Where a column of the result comes from.
#[derive(Clone, Debug)]
pub(super) enum From {
    Column(usize),
    Within(usize, Vec<usize>),
    /// The files have a struct of this name.
    Nothing,
}

impl Nested {
    pub fn of(table: &Table, file: &DataFile, footer: &Footer, columns: &[usize]) -> Self {
        let mut nested = Self::default();
        for column in columns {
            let place = file.places.get(*column).copied().flatten();
            let Some(leaf) = place.and_then(|place| footer.leaves.get(place)).filter(|leaf| !leaf.path.is_empty())
            else {
                continue;
            };
            let Some(root) = footer.meta.schema().fields().get(leaf.root) else { continue };
            let known = nested.roots.iter().position(|(name, _)| name == root.name());
            let at = known.unwrap_or_else(|| {
                nested.roots.push((root.name().clone(), root.data_type().clone()));
                nested.roots.len() - 1
            });
            nested.columns.push((*column, at, leaf.path.clone()));
        }
        debug_assert!(table.columns.len() >= nested.columns.len());
        nested
    }

    pub fn is_none(&self) -> bool {
        self.columns.is_empty()
    }

    /// What is read of the files: the columns that are not nested, then the structs.
    pub fn schema(&self, table: &Schema) -> SchemaRef {
        let is_root = |name: &str| self.roots.iter().any(|(root, _)| root == name);
        let flat = table.fields().iter().filter(|field| !is_root(field.name())).cloned();
        let roots = self.roots.iter().map(|(name, ty)| Arc::new(Field::new(name, ty.clone(), true)));
        Arc::new(Schema::new(flat.chain(roots).collect::<Vec<_>>()))
    }

    /// Which columns of that schema are read, and what becomes of them.
    pub fn ways(&self, table: &Schema, read: &Schema, wanted: &[usize]) -> (Vec<usize>, Vec<From>) {
        let mut own: Vec<usize> = Vec::new();
        let mut ways = Vec::new();
        for column in wanted {
            let within = self.columns.iter().find(|(at, _, _)| at == column);
            let name = match within {
                Some((_, root, _)) => self.roots.get(*root).map(|(name, _)| name.as_str()),
                None => table.fields().get(*column).map(|field| field.name().as_str()),
            };
            let is_root = self.roots.iter().any(|(root, _)| Some(root.as_str()) == name);
            // Lists of structs are columns, too.
            let same = |at: usize| {
                read.fields().get(at).map(|f| f.data_type()) == table.fields().get(*column).map(|f| f.data_type())
            };
            let at = name.and_then(|name| read.index_of(name).ok());
            let at = at.filter(|at| within.is_some() || !is_root || same(*at));
            let at = at.map(|at| {
                own.iter().position(|known| *known == at).unwrap_or_else(|| {
                    own.push(at);
                    own.len() - 1
                })
            });
            ways.push(match (at, within) {
                (Some(at), Some((_, _, path))) => From::Within(at, path.clone()),
                (Some(at), None) => From::Column(at),
                (None, _) => From::Nothing,
            });
        }
        (own, ways)
    }
}

/// The columns of a table out of a scan of structs.
pub(super) fn unnest(
    input: Arc<dyn ExecutionPlan>,
    table: &Schema,
    wanted: &[usize],
    ways: Vec<From>,
) -> Arc<dyn ExecutionPlan> {
    let fields = wanted.iter().filter_map(|at| table.fields().get(*at).cloned());
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    Arc::new(UnnestExec::new(input, schema, Arc::new(ways)))
}

#[derive(Debug)]
struct UnnestExec {
    input: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    ways: Arc<Vec<From>>,
    properties: Arc<PlanProperties>,
}

impl UnnestExec {
    fn new(input: Arc<dyn ExecutionPlan>, schema: SchemaRef, ways: Arc<Vec<From>>) -> Self {
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Self { input, schema, ways, properties }
    }
}

fn unnested(batch: &RecordBatch, schema: &SchemaRef, ways: &[From]) -> Result<RecordBatch> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let mut arrays = Vec::with_capacity(ways.len());
    for (field, way) in schema.fields().iter().zip(ways) {
        let read = match way {
            From::Column(at) => batch.columns().get(*at).cloned(),
            From::Within(at, path) => batch.columns().get(*at).map(|root| extract(root, path)).transpose()?,
            From::Nothing => None,
        };
        arrays.push(match read {
            None => new_null_array(field.data_type(), batch.num_rows()),
            Some(array) if array.data_type() == field.data_type() => array,
            Some(array) => cast_with_options(&array, field.data_type(), &strict)?,
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options).map_err(DataFusionError::from)
}

impl DisplayAs for UnnestExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "UnnestExec: columns=[{}]", names.join(", "))
    }
}

impl ExecutionPlan for UnnestExec {
    fn name(&self) -> &str {
        "UnnestExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
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
        let input = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Self::new(input, Arc::clone(&self.schema), Arc::clone(&self.ways))))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let (schema, ways) = (Arc::clone(&self.schema), Arc::clone(&self.ways));
        let batches = input.map(move |batch| unnested(&batch?, &schema, &ways));
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }
}
