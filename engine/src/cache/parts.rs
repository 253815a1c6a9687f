//! The parts of a state, from the numbers of one run to those of another: atoms of time are those of the file's own stretch,
//! and actors those of a chain.

use std::collections::BTreeSet;

use kepi_lang::ir::Aggregate;
use roaring::RoaringBitmap;

use crate::cache::actors::Renumbered;
use crate::operators::Reader;
use crate::operators::ids::OWN;
use crate::operators::{trail, unique};
use crate::plan::Plan;
use crate::plan::suite::SuiteSpec;

/// How many parts of each kind a state has, in their order.
struct Layout {
    breakdowns: usize,
    spaces: usize,
    rows: usize,
}

impl Layout {
    fn of(spec: &SuiteSpec) -> Self {
        let breakdowns: BTreeSet<&[usize]> = spec.spaces.iter().map(|space| space.breakdown()).collect();
        let rows: BTreeSet<_> = spec.taken.iter().map(|taken| (taken.space, taken.filter)).collect();
        Self { breakdowns: breakdowns.len(), spaces: spec.spaces.len(), rows: rows.len() }
    }
}

/// The parts with other atoms (`atom`: by space) and other numbers. `None` where they are no parts of a state of the suite.
pub(super) fn renumbered(
    plan: &Plan,
    spec: &SuiteSpec,
    parts: &[&[u8]],
    atom: &dyn Fn(usize, u32) -> Option<u32>,
    ids: &Renumbered,
) -> Option<Vec<Vec<u8>>> {
    let layout = Layout::of(spec);
    let (spaces, rows) = (1 + layout.breakdowns, layout.spaces);
    let accumulators = spaces + rows + layout.rows;
    if parts.len() != accumulators + spec.taken.len() {
        return None;
    }
    let mut out = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let space = at.checked_sub(spaces).filter(|at| *at < layout.spaces);
        let taken = at.checked_sub(accumulators).and_then(|at| spec.taken.get(at));
        let measure = taken.and_then(|taken| plan.measures.get(taken.measure));
        let aggregate = measure.map(|planned| &planned.measure.aggregate);
        out.push(match (space, ids) {
            (Some(space), ids) => cells(part, |a| atom(space, a), ids)?,
            (None, Renumbered::To(_)) if aggregate == Some(&Aggregate::Unique) => sets(part, ids)?,
            (None, Renumbered::To(_)) if aggregate == Some(&Aggregate::Trail) => {
                trail::renumbered(part, |id| ids.id(id))?
            }
            _ => part.to_vec(),
        });
    }
    Some(out)
}

/// Pairs of atom and breakdown, then for each key those of cell and number.
fn cells(part: &[u8], atom: impl Fn(u32) -> Option<u32>, ids: &Renumbered) -> Option<Vec<u8>> {
    let mut reader = Reader::new(part);
    let mut out = Vec::with_capacity(part.len());
    let mut outer = true;
    while !reader.is_empty() {
        let n = reader.count(8)?;
        out.extend((n as u64).to_le_bytes());
        for _ in 0..n {
            let both = reader.u64()?;
            let (a, b) = ((both >> 32) as u32, both as u32);
            let (a, b) = if outer { (atom(a)?, b) } else { (a, ids.id(b)?) };
            out.extend((u64::from(a) << 32 | u64::from(b)).to_le_bytes());
        }
        outer = false;
    }
    Some(out)
}

fn sets(part: &[u8], ids: &Renumbered) -> Option<Vec<u8>> {
    let mut reader = Reader::new(part);
    let mut out = Vec::with_capacity(part.len());
    while !reader.is_empty() {
        let set = unique::read(&mut reader)?;
        if set.max().is_none_or(|most| most < OWN) {
            unique::write(&set, &mut out);
            continue;
        }
        let mut numbers = set.iter().map(|id| ids.id(id)).collect::<Option<Vec<u32>>>()?;
        numbers.sort_unstable();
        unique::write(&RoaringBitmap::from_sorted_iter(numbers).ok()?, &mut out);
    }
    Some(out)
}
