//! Files of object stores and servers, beside those of folders.

use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::resolve::address::Address;
use kepi_lang::source::Span;

use super::{Folders, Found};
use crate::sources::finding::Owner;
use crate::sources::open::Place;
use crate::sources::stores::{Fault, Object, Shelf};

impl Folders {
    /// The prefix that an address lies below, the narrowest of them, and what comes behind it; `None` where the pattern is no
    /// address.
    pub(super) fn addressed(
        &self,
        owner: &Owner,
        glob: &str,
        span: Span,
    ) -> Result<Option<(Vec<String>, &Shelf)>, Diagnostic> {
        let Some(address) = Address::parse(glob, true) else { return Ok(None) };
        let address = address.map_err(|why| {
            let message = format!("a file at an address that cannot be read: {why}");
            owner.stopped(Code::OutsideData, span, message)
        })?;
        let below = self.shelves.iter().filter_map(|shelf| Some((address.below(&shelf.address)?, shelf)));
        match below.min_by_key(|(rest, _)| rest.len()) {
            Some((rest, shelf)) => Ok(Some((rest.to_vec(), shelf))),
            None => {
                let message = format!("`{glob}` lies below no place that `data` names");
                let help = "if it is to be read, name its prefix in kepi.yaml beside the others: `data: [data, s3://bucket/events]`";
                Err(owner.stopped(Code::OutsideData, span, message).help(help))
            }
        }
    }

    /// Where a pattern is looked for: at its own prefix, or at all of them. What cannot be listed is passed over for a pattern
    /// with wildcards, unless there is nothing else.
    pub(super) fn shelves<'a>(&'a self, own: Option<&'a Shelf>, whole: bool) -> Vec<&'a Shelf> {
        if let Some(own) = own {
            return vec![own];
        }
        let lists = |shelf: &&Shelf| whole || shelf.address.scheme.lists();
        let some: Vec<&Shelf> = self.shelves.iter().filter(lists).collect();
        if some.is_empty() && self.folders.is_empty() { self.shelves.iter().collect() } else { some }
    }
}

impl Found {
    pub(super) fn remote(object: Object, span: Span) -> Self {
        let (relative, stamp) = (object.address().to_owned(), object.stamp());
        let (bytes, modified, version) = (stamp.bytes, stamp.modified, stamp.version);
        Self { relative, place: Place::Remote(object), bytes, modified, version, span }
    }
}

/// The first names in the first prefix that has some.
pub(super) fn hold(shelves: &[&Shelf]) -> Result<Option<String>, Fault> {
    for shelf in shelves {
        if let Some(held) = super::holds(&shelf.address.to_string(), shelf.names()?) {
            return Ok(Some(held));
        }
    }
    Ok(None)
}

pub(super) fn finding(owner: &Owner, span: Span, fault: Fault) -> Diagnostic {
    let finding = owner.stopped(fault.code, span, fault.to_string());
    match fault.help {
        Some(help) => finding.help(help),
        None => finding,
    }
}
