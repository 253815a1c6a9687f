//! What follows each entry: the rows of the same actor up to the next one.

use std::collections::BTreeSet;

use kepi_lang::calendar::Window;
use kepi_lang::ir::{Aggregate, Measure, Statistic};
use kepi_lang::value::Value;

use crate::collect::journeys::Clock;
use crate::collect::many::Many;
use crate::collect::statistic::summary;
use crate::collect::table::ROOT;
use crate::collect::trails::{Shard, Trail};
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
    let all = trail.each(|shard| of_shard(shard, trail, measures, clock, within, (span, by)));
    let (mut times, mut slots) = (Vec::new(), vec![Vec::new(); measures.len()]);
    for all in all {
        let (own, values) = all?;
        times.extend(own);
        slots.iter_mut().zip(values).for_each(|(slot, values)| slot.extend(values));
    }
    // Whatever the numbers of the actors are, the entries are in one order.
    let mut order: Vec<usize> = (0..times.len()).collect();
    let values = |at: &usize| slots.iter().map(move |slot: &Vec<Value>| slot.get(*at)).collect::<Vec<_>>();
    order.sort_by(|a, b| times.get(*a).cmp(&times.get(*b)).then_with(|| values(a).cmp(&values(b))));
    let ordered = |slot: &Vec<Value>| order.iter().filter_map(|at| slot.get(*at).cloned()).collect();
    Ok(slots.iter().map(ordered).collect())
}

/// The times of the entries, and by measure their values.
type Found = (Vec<i64>, Vec<Vec<Value>>);

fn of_shard(
    shard: &Shard,
    trail: &Trail,
    measures: &[std::sync::Arc<Measure>],
    clock: &Clock<'_>,
    within: Window,
    (span, by): ((i64, i64), u32),
) -> Result<Found, TooLarge> {
    let (mut times, mut slots) = (Vec::new(), vec![Vec::new(); measures.len()]);
    for rows in shard.actors() {
        let entries: Vec<_> = rows.iter().filter(|r| r.tags & 1 != 0 && r.time < span.1).collect();
        let next = rows.iter().filter(|r| r.tags & 1 != 0).map(|r| r.time).collect::<Vec<_>>();
        for (number, entry) in entries.iter().enumerate() {
            if entry.time < span.0 || (by != ROOT && trail.by(entry) != by) {
                continue;
            }
            times.push(entry.time);
            // Of entries at one instant the last one has what follows.
            let until = next.get(number + 1).copied().unwrap_or(i64::MAX).min(clock.after(entry.time, within));
            let own = rows.partition_point(|r| r.time < entry.time);
            let own = rows.iter().skip(own).take_while(|r| r.time < until);
            let own: Vec<_> = own.filter(|r| r.tags > 1).collect();
            for (slot, (measure, bit)) in slots.iter_mut().zip(measures.iter().zip(1u32..)) {
                let values = own.iter().filter(|r| r.tags & (1 << bit) != 0).map(|r| trail.value(r).clone());
                slot.push(aggregated(measure, values.collect())?);
            }
        }
    }
    Ok((times, slots))
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
        // Their rows are all there.
        Aggregate::Unique | Aggregate::ApproximateUnique => {
            return Ok(Value::Int(values.into_iter().collect::<BTreeSet<_>>().len() as i128));
        }
        Aggregate::Sum => Statistic::Sum,
        Aggregate::Mean => Statistic::Mean,
        Aggregate::Min => Statistic::Min,
        Aggregate::Max => Statistic::Max,
        Aggregate::Percentile { percentile, discrete } => Statistic::Percentile { percentile, discrete },
        Aggregate::ApproximatePercentile { percentile } => Statistic::Percentile { percentile, discrete: false },
        Aggregate::Stddev => Statistic::Stddev,
        Aggregate::First => Statistic::First,
        Aggregate::Last => Statistic::Last,
        Aggregate::Share => Statistic::Share,
        Aggregate::Count | Aggregate::Trail => return Ok(Value::Null),
    };
    summary(&statistic, Many::Values(values), measure.ty)
}
