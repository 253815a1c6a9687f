//! A Parquet object, read by pieces: its end, then the column chunks that are wanted.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use kepi_lang::diag::Code;
use object_store::coalesce_ranges;

use crate::sources::stores::Fault;
use crate::sources::stores::object::Object;
use crate::sources::stores::store::spawn;

/// Pieces that lie closer together than this are fetched as one.
const GAP: u64 = 1 << 16;
/// Most footers are shorter.
const FOOTER: usize = 1 << 16;

/// The pieces of an object, and what its end says once it is known.
#[derive(Debug)]
pub(crate) struct Pieces {
    object: Object,
    meta: Option<Arc<ParquetMetaData>>,
}

impl Pieces {
    pub fn new(object: Object, meta: Option<Arc<ParquetMetaData>>) -> Self {
        Self { object, meta }
    }
}

/// Requests run where requests may run, whoever waits for them.
pub(super) async fn fetched(object: Object, ranges: Vec<Range<u64>>) -> std::result::Result<Vec<Bytes>, Fault> {
    let lost = Fault::new(Code::Internal, object.address(), "was being read when reading stopped");
    let fetch = async move { coalesce_ranges(&ranges, |range| object.piece(range), GAP).await };
    match spawn(fetch) {
        Ok(fetching) => fetching.await.unwrap_or(Err(lost)),
        Err(fault) => Err(fault),
    }
}

fn external(fault: Fault) -> ParquetError {
    ParquetError::External(Box::new(fault))
}

impl AsyncFileReader for Pieces {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        let object = self.object.clone();
        async move {
            let length = range.end.saturating_sub(range.start);
            if length == 0 {
                return Ok(Bytes::new());
            }
            Ok(fetched(object, vec![range]).await.map_err(external)?.pop().unwrap_or_default())
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        fetched(self.object.clone(), ranges).map_err(external).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            if let Some(known) = &self.meta {
                return Ok(Arc::clone(known));
            }
            let size = self.object.bytes();
            let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER));
            let meta = Arc::new(reader.load_and_finish(&mut *self, size).await?);
            self.meta = Some(Arc::clone(&meta));
            Ok(meta)
        }
        .boxed()
    }
}
