//! Columns of a piece of a file, batch by batch, by a reader of ours.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use kepi_lang::diag::{Code, Diagnostic};

use crate::sources::ipc;
use crate::sources::nested::Leaf;
use crate::sources::table::{Body, FIXED, Piece, Table, adapted, finding, roots};
use crate::sources::text;
use crate::sources::trouble::Trouble;

pub(crate) enum Batches {
    Text(Box<text::Reader>),
    Arrow(Box<Arrow>),
}

/// An Arrow file's batches in the table's types.
pub(crate) struct Arrow {
    reader: ipc::Reader,
    schema: SchemaRef,
    leaves: Vec<Option<Leaf>>,
    roots: Vec<usize>,
    fixed: Vec<Option<ArrayRef>>,
}

impl Batches {
    pub fn next(&mut self) -> Result<Option<RecordBatch>, Trouble> {
        match self {
            Self::Text(reader) => reader.next(),
            Self::Arrow(arrow) => {
                let Some(batch) = arrow.reader.next()? else { return Ok(None) };
                let leaves: Vec<Option<&Leaf>> = arrow.leaves.iter().map(Option::as_ref).collect();
                let read = adapted(&batch, &arrow.schema, &leaves, &arrow.roots, &arrow.fixed);
                read.map(Some).map_err(Trouble::Corrupt)
            }
        }
    }
}

impl Table {
    /// Reads columns (positions in `schema`) of a piece of a file that is not Parquet.
    pub fn batches(&self, piece: &Piece<'_>, columns: &[usize]) -> Result<Batches, Diagnostic> {
        let file = piece.file;
        let fields = columns.iter().filter_map(|c| self.schema.fields().get(*c).cloned());
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let place = |at: &usize| file.places.get(*at).copied().flatten().filter(|place| *place != FIXED);
        let failed = |trouble| finding(&self.owner, &file.found, trouble);
        match &file.body {
            Body::Text(text) => {
                let places = columns.iter().map(place).collect();
                let fixed = |at: &usize| {
                    let column = self.columns.get(*at).filter(|_| self.is_fixed(*at))?;
                    file.fixed.iter().find(|(name, _)| *name == column.name)?.1.clone()
                };
                let columns = text::Columns { schema, places, fixed: columns.iter().map(fixed).collect() };
                let span = (piece.from, piece.until, piece.last);
                let reader = text::Reader::open(&file.found.place, text, span, columns).map_err(failed)?;
                Ok(Batches::Text(Box::new(reader)))
            }
            Body::Arrow(ipc) => {
                let leaves: Vec<Option<Leaf>> =
                    columns.iter().map(|at| place(at).and_then(|place| ipc.leaves.get(place)).cloned()).collect();
                let roots = roots(leaves.iter().map(Option::as_ref));
                let reader = ipc::Reader::open(&file.found.place, ipc, Some(roots.clone())).map_err(failed)?;
                let fixed = columns.iter().map(|at| self.fixed(file, *at)).collect();
                Ok(Batches::Arrow(Box::new(Arrow { reader, schema, leaves, roots, fixed })))
            }
            Body::Parquet(_) => {
                let message = format!("`{}` is read batch by batch, and is Parquet", file.found.relative);
                Err(Diagnostic::new(Code::Internal, self.span, message))
            }
        }
    }
}
