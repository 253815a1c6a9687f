//! A build without object stores: every place is refused before anything is looked for.

use std::io::Read;
use std::sync::Arc;

use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::file::metadata::ParquetMetaData;
use kepi_lang::resolve::address::Address;

use crate::sources::open::{Seekable, Stamp};
use crate::sources::stores::{Fault, places};

/// There are none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Object(Never);

/// There are none.
#[derive(Debug)]
pub(crate) struct Store(Never);

/// Whoever holds one may go on as if there were any: that there are none is known here alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Never {}

impl Store {
    pub fn connect(address: &Address) -> Result<Self, Fault> {
        Err(places::without_stores(address))
    }

    pub fn list(&self, _: &[&str], _: usize) -> Result<Vec<(String, Object)>, Fault> {
        match self.0 {}
    }

    pub fn one(&self, _: &[&str]) -> Result<Option<Object>, Fault> {
        match self.0 {}
    }

    pub fn names(&self) -> Result<Vec<String>, Fault> {
        match self.0 {}
    }
}

impl Object {
    pub fn address(&self) -> &str {
        match self.0 {}
    }

    pub fn stamp(&self) -> Stamp {
        match self.0 {}
    }

    pub fn identity(&self) -> [u8; 32] {
        match self.0 {}
    }

    pub fn read(&self, _: u64) -> Box<dyn Read + Send> {
        match self.0 {}
    }

    pub fn ranged(&self) -> Box<dyn Seekable> {
        match self.0 {}
    }

    pub fn pieces(&self, _: Option<Arc<ParquetMetaData>>) -> Box<dyn AsyncFileReader> {
        match self.0 {}
    }
}
