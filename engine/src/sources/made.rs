//! Rows that are made of other rows, as the measures over them see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, TimestampMicrosecondArray};
use datafusion::arrow::compute::filter;
use kepi_lang::calendar::Calendar;
use kepi_lang::ir::{self, ColumnId, Derived, Edge, RowExpr};
use kepi_lang::source::{FileId, Span};

use crate::rows::Civil;
use crate::sources::clean::{Clean, Shared};

/// What made rows hold of those that they are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pub values: BTreeMap<(Edge, Vec<RowExpr>), ArrayRef>,
    /// The span that each row belongs to, where they do not belong to points in time.
    pub spans: Option<Vec<u32>>,
}

impl Made {
    pub(super) fn filter(&self, mask: &BooleanArray) -> Self {
        let keep = |array: &ArrayRef| filter(array, mask).unwrap_or_else(|_| array.slice(0, 0));
        let spans =
            |spans: &Vec<u32>| spans.iter().zip(mask).filter(|(_, m)| *m == Some(true)).map(|(s, _)| *s).collect();
        Self {
            values: self.values.iter().map(|(key, array)| (key.clone(), keep(array))).collect(),
            spans: self.spans.as_ref().map(spans),
        }
    }
}

/// Makes batches of the rows of one derived set.
#[derive(Debug)]
pub(crate) struct Maker(Arc<Shared>);

impl Maker {
    pub(crate) fn new(calendar: &Calendar) -> Self {
        let nowhere = Span { file: FileId(0), start: 0, end: 0 };
        let def = ir::Source {
            name: String::new(),
            span: nowhere,
            files: Vec::new(),
            format: None,
            text: ir::TextOptions::default(),
            time: Some(Derived::TIME),
            actor: Some(Derived::ACTOR),
            entity: None,
            key: Vec::new(),
            scope: None,
            snapshot: false,
            complete_until: None,
            delivered_daily: false,
            links: Vec::new(),
            columns: Vec::new(),
        };
        let (lookups, defs, civil) = (Vec::new(), Arc::from([]), Civil::new(calendar.clone()));
        Self(Arc::new(Shared { def: Arc::new(def), lookups, defs, civil }))
    }

    /// Rows with their clock, their own columns, and what they hold of others.
    pub(crate) fn batch(
        &self,
        clock: TimestampMicrosecondArray,
        mut columns: BTreeMap<ColumnId, ArrayRef>,
        made: Made,
    ) -> Clean {
        columns.insert(Derived::TIME, Arc::new(clock.clone()));
        Clean::of_made(columns, clock, made, Arc::clone(&self.0))
    }
}
