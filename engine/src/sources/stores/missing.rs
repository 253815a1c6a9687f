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
pub(crate) enum Object {}

/// There are none.
#[derive(Debug)]
pub(crate) enum Store {}

impl Store {
    pub fn connect(address: &Address) -> Result<Self, Fault> {
        Err(places::without_stores(address))
    }

    pub fn list(&self, _: &[&str], _: usize) -> Result<Vec<(String, Object)>, Fault> {
        match *self {}
    }

    pub fn one(&self, _: &[&str]) -> Result<Option<Object>, Fault> {
        match *self {}
    }

    pub fn names(&self) -> Result<Vec<String>, Fault> {
        match *self {}
    }
}

impl Object {
    pub fn address(&self) -> &str {
        match *self {}
    }

    pub fn stamp(&self) -> Stamp {
        match *self {}
    }

    pub fn identity(&self) -> [u8; 32] {
        match *self {}
    }

    pub fn read(&self, _: u64) -> Box<dyn Read + Send> {
        match *self {}
    }

    pub fn ranged(&self) -> Box<dyn Seekable> {
        match *self {}
    }

    pub fn pieces(&self, _: Option<Arc<ParquetMetaData>>) -> Box<dyn AsyncFileReader> {
        match *self {}
    }
}
