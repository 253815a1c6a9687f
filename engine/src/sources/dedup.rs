//! Copies of a key: the first by time, then by value, stays.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use datafusion::arrow::array::BooleanArray;

use crate::sources::clean::{Clean, Cleaner};
use crate::sources::counts::Counts;

/// A row of one of the batches.
type Place = (usize, usize);

/// All rows of a source without the copies; they are counted, and so are those that differ from the row that stays. Rows
/// without a key are no copies. Which rows stay does not depend on the order of the batches.
pub fn dedup(cleaner: &Cleaner, batches: Vec<Clean>, counts: &mut Counts) -> Vec<Clean> {
    if !cleaner.has_key() {
        return batches;
    }
    let mut stays: HashMap<&[u8], Place> = HashMap::new();
    for (b, batch) in batches.iter().enumerate() {
        let Some(copies) = batch.copies() else { continue };
        for row in (0..batch.rows).filter(|row| copies.known.value(*row)) {
            match stays.entry(copies.keys.value(row)) {
                Entry::Vacant(slot) => {
                    slot.insert((b, row));
                }
                Entry::Occupied(mut slot) => {
                    if compare(&batches, (b, row), *slot.get()) == Ordering::Less {
                        slot.insert((b, row));
                    }
                }
            }
        }
    }
    let mut masks = Vec::with_capacity(batches.len());
    for (b, batch) in batches.iter().enumerate() {
        let Some(copies) = batch.copies() else {
            masks.push(None);
            continue;
        };
        let mut all = true;
        let keep: BooleanArray = (0..batch.rows)
            .map(|row| {
                let Some(first) = stays.get(copies.keys.value(row)).filter(|_| copies.known.value(row)) else {
                    return Some(true);
                };
                if *first == (b, row) {
                    return Some(true);
                }
                all = false;
                counts.duplicates += 1;
                counts.differing += u64::from(values(&batches, *first) != values(&batches, (b, row)));
                Some(false)
            })
            .collect();
        masks.push((!all).then_some(keep));
    }
    drop(stays);
    let kept = batches.into_iter().zip(masks).map(|(batch, mask)| match mask {
        Some(mask) => batch.without_copies().filter(&mask),
        None => batch.without_copies(),
    });
    kept.collect()
}

fn compare(batches: &[Clean], a: Place, b: Place) -> Ordering {
    let time = |(batch, row): Place| batches.get(batch).and_then(|c| c.clock()).map(|clock| clock.value(row));
    time(a).cmp(&time(b)).then_with(|| values(batches, a).cmp(&values(batches, b)))
}

fn values(batches: &[Clean], (batch, row): Place) -> Option<&[u8]> {
    Some(batches.get(batch)?.copies()?.values.value(row))
}
