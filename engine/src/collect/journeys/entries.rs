//! What follows each entry: the rows of the same actor up to the next one.

use std::collections::BTreeSet;

use kepi_lang::calendar::Window;
use kepi_lang::ir::{Aggregate, Measure, Statistic};
use kepi_lang::value::Value;

use crate::collect::journeys::Clock;
use crate::collect::many::Many;
use crate::collect::statistic::summary;
use crate::collect::table::ROOT;
use crate::collect::trails::Trail;
use crate::operators::{TooLarge, empty};

/// By measure, the value of each entry in the span.
pub(super) fn entries(
    trail: &Trail,
    measures: &[std::sync::Arc<Measure>],
    clock: &Clock<'_>,
    within: Window,
    span: (i64, i64),
    by: u32,
) -> Result<Vec<Vec<Value>>, TooLarge> {
    let mut slots = vec![Vec::new(); measures.len()];
    for rows in trail.actors() {
        let entries: Vec<_> = rows.iter().filter(|r| r.tags & 1 != 0 && r.time < span.1).collect();
        let next = rows.iter().filter(|r| r.tags & 1 != 0).map(|r| r.time).collect::<Vec<_>>();
        for (number, entry) in entries.iter().enumerate() {
            if entry.time < span.0 || (by != ROOT && entry.by != by) {
                continue;
            }
            // Of entries at one instant the last one has what follows.
            let until = next.get(number + 1).copied().unwrap_or(i64::MAX).min(clock.after(entry.time, within));
            let own = rows.partition_point(|r| r.time < entry.time);
            let own = rows.iter().skip(own).take_while(|r| r.time < until);
            let own: Vec<_> = own.filter(|r| r.tags > 1).collect();
            for (slot, (measure, bit)) in slots.iter_mut().zip(measures.iter().zip(1u32..)) {
                let values = own.iter().filter(|r| r.tags & (1 << bit) != 0).map(|r| trail.value(r.kept).clone());
                slot.push(aggregated(measure, values.collect())?);
            }
        }
    }
    Ok(slots)
}

fn aggregated(measure: &Measure, mut values: Vec<Value>) -> Result<Value, TooLarge> {
    if measure.aggregate == Aggregate::Count {
        return Ok(Value::Int(values.len() as i128));
    }
    values.retain(|v| !v.is_null());
    if values.is_empty() {
        return Ok(empty(measure));
    }
    let statistic = match measure.aggregate {
        Aggregate::Unique => return Ok(Value::Int(values.into_iter().collect::<BTreeSet<_>>().len() as i128)),
        Aggregate::Sum => Statistic::Sum,
        Aggregate::Mean => Statistic::Mean,
        Aggregate::Min => Statistic::Min,
        Aggregate::Max => Statistic::Max,
        Aggregate::Percentile { percentile, discrete } => Statistic::Percentile { percentile, discrete },
        Aggregate::Stddev => Statistic::Stddev,
        Aggregate::First => Statistic::First,
        Aggregate::Last => Statistic::Last,
        Aggregate::Share => Statistic::Share,
        Aggregate::Count | Aggregate::Trail => return Ok(Value::Null),
    };
    summary(&statistic, Many::Values(values), measure.ty)
}
