//! Places of data files that are no folders: object stores (`s3://`, `gs://`, `az://`) and web servers (`https://`).
//!
//! Only what the manifest's `data:` names is connected to, and credentials are looked for in the environment when it is.
//! Nothing below a prefix leads out of it: an address is compared by whole names, and a redirect to elsewhere is an error.

#[cfg(feature = "object-stores")]
mod environment;
mod fault;
#[cfg(not(feature = "object-stores"))]
mod missing;
#[cfg(feature = "object-stores")]
mod object;
#[cfg(feature = "object-stores")]
mod pieces;
mod places;
#[cfg(feature = "object-stores")]
mod ranged;
#[cfg(feature = "object-stores")]
mod store;

pub(crate) use fault::{Fault, fault_in};
#[cfg(not(feature = "object-stores"))]
pub(crate) use missing::{Object, Store};
#[cfg(feature = "object-stores")]
pub(crate) use object::Object;
pub(crate) use places::Shelf;
#[cfg(feature = "object-stores")]
pub(crate) use store::Store;
