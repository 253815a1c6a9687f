//! Made rows, and the batches of them that measures are taken of.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Decimal128Array, Int64Array, TimestampMicrosecondArray};
use kepi_lang::calendar::Calendar;
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::{ColumnId, Derived, Edge, RowExpr};

use crate::derive::order::{self, Item};
use crate::rows::RowError;
use crate::sources::Clean;
use crate::sources::made::{self, Maker};

/// Rows of a batch.
pub(super) const BATCH: usize = 64 * 1024;

/// A visit lasts at least so long, in microseconds, or has a second event.
const BOUNCE: i64 = 10_000_000;

#[derive(Default)]
pub(super) struct Made {
    actor: Vec<u32>,
    time: Vec<i64>,
    first: Vec<u32>,
    last: Vec<u32>,
    /// Of sessions; empty otherwise.
    end: Vec<i64>,
    events: Vec<i64>,
    /// Of rows that belong to spans of time.
    pub spans: Option<Vec<u32>>,
    /// Starts of sessions that may go on.
    pub open: Vec<i64>,
}

pub(super) enum Failed {
    Row(RowError),
    Finding(Diagnostic),
}

impl From<RowError> for Failed {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

impl Made {
    /// No rows yet, of those that belong to spans of time.
    pub(super) fn of_spans() -> Self {
        Self { spans: Some(Vec::new()), ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.time.len()
    }

    /// A row that is one other.
    pub(super) fn one(&mut self, actor: u32, row: &Item) {
        self.actor.push(actor);
        self.time.push(row.time);
        self.first.push(row.row);
    }

    /// A session: its first and last row.
    pub(super) fn session(&mut self, actor: u32, (first, last): (&Item, &Item), events: i64) {
        self.one(actor, first);
        self.last.push(last.row);
        self.end.push(last.time);
        self.events.push(events);
    }

    /// All rows, in batches.
    pub(super) fn batches(
        &self,
        of: &order::Rows,
        held: &[(Edge, Vec<RowExpr>)],
        calendar: &Calendar,
        visit: &mut dyn FnMut(Clean) -> Result<(), Diagnostic>,
    ) -> Result<(), Failed> {
        let maker = Maker::new(calendar);
        let mut from = 0;
        while from < self.time.len() {
            let to = (from + BATCH).min(self.time.len());
            visit(self.batch(of, held, &maker, from..to)?).map_err(Failed::Finding)?;
            from = to;
        }
        Ok(())
    }

    fn batch(
        &self,
        of: &order::Rows,
        held: &[(Edge, Vec<RowExpr>)],
        maker: &Maker,
        range: std::ops::Range<usize>,
    ) -> Result<Clean, RowError> {
        fn part<'t, T>(all: &'t [T], range: &std::ops::Range<usize>) -> Result<&'t [T], RowError> {
            all.get(range.clone()).ok_or_else(|| RowError::Internal("made rows of different number".to_owned()))
        }
        let micros = |all: &[i64]| -> Result<TimestampMicrosecondArray, RowError> {
            Ok(TimestampMicrosecondArray::from(part(all, &range)?.to_vec()).with_timezone("UTC"))
        };
        let clock = micros(&self.time)?;
        let mut columns: BTreeMap<ColumnId, ArrayRef> = BTreeMap::new();
        columns.insert(Derived::ACTOR, of.actors(part(&self.actor, &range)?)?);
        if !self.end.is_empty() {
            let (start, end) = (part(&self.time, &range)?, part(&self.end, &range)?);
            let events = part(&self.events, &range)?;
            let lasted: Vec<i64> = start.iter().zip(end).map(|(start, end)| end - start).collect();
            let duration = Decimal128Array::from(lasted.iter().map(|d| i128::from(*d)).collect::<Vec<_>>());
            let duration = duration.with_precision_and_scale(38, 6).map_err(RowError::from)?;
            let bounced: BooleanArray = lasted.iter().zip(events).map(|(d, e)| Some(*e == 1 && *d < BOUNCE)).collect();
            columns.insert(Derived::END, Arc::new(micros(&self.end)?));
            columns.insert(Derived::DURATION, Arc::new(duration));
            columns.insert(Derived::EVENTS, Arc::new(Int64Array::from(events.to_vec())));
            columns.insert(Derived::BOUNCED, Arc::new(bounced));
        }
        let mut made = made::Made::default();
        for (number, (edge, exprs)) in held.iter().enumerate() {
            let rows = match edge {
                Edge::Last if !self.last.is_empty() => &self.last,
                _ => &self.first,
            };
            made.values.insert((*edge, exprs.clone()), of.values(number, part(rows, &range)?)?);
        }
        made.spans = self.spans.as_ref().map(|s| part(s, &range).map(<[u32]>::to_vec)).transpose()?;
        Ok(maker.batch(clock, columns, made))
    }
}
