//! Where the rows of a source went.

use jiff::Timestamp;
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::SourceId;
use kepi_lang::results::{Extent, Ledger};

use crate::sources::source::OpenSource;

/// The numbers of a ledger, of one source, while it is read in several places at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that a scan has yielded.
    pub read: u64,
    pub unparsable: u64,
    pub no_time: u64,
    pub out_of_scope: u64,
    pub duplicates: u64,
    pub outside: u64,
    pub used: u64,
    pub differing: u64,
    pub unclaimed: u64,
    pub no_actor: u64,
    pub unknown: u64,
    pub moved: u64,
    pub null_values: u64,
}

impl Counts {
    pub fn merge(&mut self, other: &Self) {
        let Self {
            read,
            unparsable,
            no_time,
            out_of_scope,
            duplicates,
            outside,
            used,
            differing,
            unclaimed,
            no_actor,
            unknown,
            moved,
            null_values,
        } = other;
        self.read += read;
        self.unparsable += unparsable;
        self.no_time += no_time;
        self.out_of_scope += out_of_scope;
        self.duplicates += duplicates;
        self.outside += outside;
        self.used += used;
        self.differing += differing;
        self.unclaimed += unclaimed;
        self.no_actor += no_actor;
        self.unknown += unknown;
        self.moved += moved;
        self.null_values += null_values;
    }

    /// The ledger of a source. Rows that a scan has left out by their time, by the files' own row counts, are outside.
    pub fn ledger(
        &self,
        id: SourceId,
        source: &OpenSource,
        extent: Extent,
        complete_until: Option<Timestamp>,
    ) -> Result<Ledger, Diagnostic> {
        let (rows, bad) = (source.rows(), source.table.bad);
        let unread = source.unread_out_of_scope();
        Ok(Ledger {
            source: id,
            name: source.name().to_owned(),
            files: source.files(),
            bytes: source.bytes(),
            fingerprint: source.fingerprint()?,
            read: rows.max(self.read + bad + unread),
            unparsable: self.unparsable + bad,
            no_time: self.no_time,
            out_of_scope: self.out_of_scope + unread,
            duplicates: self.duplicates,
            outside: self.outside + rows.saturating_sub(self.read + bad + unread),
            used: self.used,
            differing: self.differing,
            unclaimed: self.unclaimed,
            no_actor: self.no_actor,
            unknown: self.unknown,
            moved: self.moved,
            null_values: self.null_values,
            first: extent.first,
            watermark: extent.last,
            complete_until,
            rejected: source.table.rejected.clone(),
        })
    }
}
