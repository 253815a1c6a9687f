//! Prefixes that the manifest names, and what the patterns of a table match below them.

use std::sync::OnceLock;

use globset::GlobMatcher;
use kepi_lang::diag::Code;
use kepi_lang::resolve::address::Address;

use crate::sources::stores::{Fault, Object, Store};

/// More objects than this below the beginning of a pattern are a mistake.
const MAX_OBJECTS: usize = 200_000;

/// A prefix; it is connected to when a table first looks below it.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub address: Address,
    store: OnceLock<Result<Store, Fault>>,
}

impl Shelf {
    pub fn new(address: Address) -> Self {
        Self { address, store: OnceLock::new() }
    }

    /// The objects that a pattern matches; `literal` are its parts before the first wildcard.
    pub fn find(&self, matcher: &GlobMatcher, literal: &[&str], whole: bool) -> Result<Vec<Object>, Fault> {
        let store = self.store()?;
        if whole {
            return Ok(store.one(literal)?.into_iter().collect());
        }
        if !self.address.scheme.lists() {
            return Err(self.without_list());
        }
        let listed = store.list(literal, MAX_OBJECTS)?;
        if listed.len() > MAX_OBJECTS {
            let text = format!("holds more than {MAX_OBJECTS} objects below `{}`", literal.join("/"));
            let help = "begin the pattern with the folder that holds the files";
            return Err(Fault::new(Code::Unreadable, self.address.to_string(), text).help(help));
        }
        // Hidden files are never data unless named.
        let hidden = |name: &str| name.split('/').skip(literal.len()).any(|part| part.starts_with('.'));
        let wanted = |(name, object): (String, Object)| (!hidden(&name) && matcher.is_match(&name)).then_some(object);
        Ok(listed.into_iter().filter_map(wanted).collect())
    }

    /// The first names in the place, for whoever has mistyped one; an error where there is no such bucket.
    pub fn names(&self) -> Result<Vec<String>, Fault> {
        if self.address.scheme.lists() { self.store()?.names() } else { Ok(Vec::new()) }
    }

    fn store(&self) -> Result<&Store, Fault> {
        self.store.get_or_init(|| Store::connect(&self.address)).as_ref().map_err(Clone::clone)
    }

    fn without_list(&self) -> Fault {
        let text = "is a web server's, which lists no files: patterns with wildcards find nothing there";
        let help = "name each file: `files: [day1.csv, day2.csv]`";
        Fault::new(Code::NoListing, self.address.to_string(), text).help(help)
    }
}

/// What a build without the feature says.
#[cfg_attr(
    feature = "object-stores",
    cfg_attr(not(test), expect(dead_code, reason = "for builds without the feature"))
)]
pub(super) fn without_stores(address: &Address) -> Fault {
    let text = "lies in an object store or on a server, and this build of kepi reads folders only";
    let help = "build kepi with the feature `object-stores`, which is on by default, or copy the files into a folder";
    Fault::new(Code::NoObjectStores, address.to_string(), text).help(help)
}

#[cfg(test)]
mod tests {
    use kepi_lang::resolve::address::Address;

    use super::without_stores;

    #[test]
    fn a_build_without_stores_says_so() {
        let address = Address::parse("s3://bucket/events", false).unwrap().unwrap();
        let fault = without_stores(&address);
        assert_eq!(fault.code.as_str(), "K0630");
        assert!(fault.to_string().starts_with("`s3://bucket/events` lies in an object store"), "{fault}");
    }
}
