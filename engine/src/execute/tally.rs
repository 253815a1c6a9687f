//! The counts of a source's rows on their way through a plan.

use std::collections::BTreeMap;

use crate::operators::Reader;
use crate::sources::Counts;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub counts: Counts,
    /// Rows that are led to no row of a lookup, by the number of the way.
    pub missing: BTreeMap<u32, u64>,
}

impl Tally {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.merge(&other.counts);
        for (link, missing) in &other.missing {
            *self.missing.entry(*link).or_default() += missing;
        }
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
        for (link, missing) in &self.missing {
            out.extend(u64::from(*link).to_le_bytes());
            out.extend(missing.to_le_bytes());
        }
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let mut tally = Self::default();
        for number in Self::numbers(&mut tally.counts) {
            *number = reader.u64()?;
        }
        while !reader.is_empty() {
            let link = u32::try_from(reader.u64()?).ok()?;
            tally.missing.insert(link, reader.u64()?);
        }
        Some(tally)
    }
}
