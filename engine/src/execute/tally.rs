//! The counts of a source's rows on their way through a plan.

use std::collections::BTreeMap;

use kepi_lang::ir::ColumnId;

use crate::operators::Reader;
use crate::sources::Counts;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub counts: Counts,
    /// Rows that are led to no row of a lookup, by the number of the way.
    pub missing: BTreeMap<u32, u64>,
    /// The least and the greatest time of each clock, where files are accumulated one by one.
    pub reach: Reach,
}

/// By clock, in microseconds.
pub(crate) type Reach = BTreeMap<ColumnId, (i64, i64)>;

impl Tally {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.merge(&other.counts);
        for (link, missing) in &other.missing {
            *self.missing.entry(*link).or_default() += missing;
        }
        other.reach.iter().for_each(|(clock, (from, to))| self.reached(*clock, *from, *to));
    }

    /// Times of a clock.
    pub(crate) fn reached(&mut self, clock: ColumnId, from: i64, to: i64) {
        let reach = self.reach.entry(clock).or_insert((from, to));
        *reach = (reach.0.min(from), reach.1.max(to));
    }

    fn numbers(counts: &mut Counts) -> [&mut u64; 13] {
        [
            &mut counts.read,
            &mut counts.unparsable,
            &mut counts.no_time,
            &mut counts.out_of_scope,
            &mut counts.duplicates,
            &mut counts.outside,
            &mut counts.used,
            &mut counts.differing,
            &mut counts.unclaimed,
            &mut counts.no_actor,
            &mut counts.unknown,
            &mut counts.moved,
            &mut counts.null_values,
        ]
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut counts = self.counts;
        let mut out: Vec<u8> = Self::numbers(&mut counts).iter().flat_map(|n| n.to_le_bytes()).collect();
        out.extend((self.missing.len() as u64).to_le_bytes());
        for (link, missing) in &self.missing {
            out.extend(u64::from(*link).to_le_bytes());
            out.extend(missing.to_le_bytes());
        }
        for (clock, (from, to)) in &self.reach {
            out.extend(u64::from(clock.0).to_le_bytes());
            out.extend(from.to_le_bytes());
            out.extend(to.to_le_bytes());
        }
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let mut tally = Self::default();
        for number in Self::numbers(&mut tally.counts) {
            *number = reader.u64()?;
        }
        for _ in 0..reader.count(16)? {
            let link = u32::try_from(reader.u64()?).ok()?;
            tally.missing.insert(link, reader.u64()?);
        }
        while !reader.is_empty() {
            let clock = ColumnId(u32::try_from(reader.u64()?).ok()?);
            tally.reach.insert(clock, (reader.i64()?, reader.i64()?));
        }
        Some(tally)
    }
}
