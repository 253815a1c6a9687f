//! Columns of a text file that has been looked into, batch by batch.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewBuilder};
use datafusion::arrow::datatypes::SchemaRef;

use crate::sources::open::{self, Place, Unpacked};
use crate::sources::text::json::{self, Fields, Kind, Leaf, New};
use crate::sources::text::window::Window;
use crate::sources::text::{Mark, Next, Shape, TextFile, csv, encoding};
use crate::sources::trouble::Trouble;

/// Rows of a batch.
const BATCH: usize = 8192;

type Input = Box<dyn Read + Send>;

enum Rows {
    Csv(csv::Rows<Input>, usize),
    Json(json::Rows<Input>, Box<Fields>),
}

/// Reads some of a file's columns, as text.
pub(crate) struct Reader {
    rows: Rows,
    schema: SchemaRef,
    /// Which of the file's columns each column of a batch is; `None`: the file does not have it.
    places: Vec<Option<usize>>,
    /// For each of the file's columns, which column of a batch it is.
    slots: Vec<Option<usize>>,
    bad: Arc<Vec<u64>>,
    row: u64,
    until: u64,
    last: bool,
    packed: bool,
    fixed: Vec<Option<String>>,
}

/// What is read of a file.
pub(crate) struct Columns {
    /// Of a batch.
    pub schema: SchemaRef,
    /// Which of the file's columns each column of a batch is; `None`: the file does not have it.
    pub places: Vec<Option<usize>>,
    /// The value of all rows in a column that the file does not have.
    pub fixed: Vec<Option<String>>,
}

impl Reader {
    /// From the row that `from` marks up to the row `until`; `last`: nothing is to come after it.
    pub fn open(
        place: &Place,
        file: &TextFile,
        (from, until, last): (Mark, u64, bool),
        Columns { schema, places, fixed }: Columns,
    ) -> Result<Self, Trouble> {
        let io = |error: std::io::Error| Trouble::io(&error, file.packed);
        let raw = open::raw(place, from.offset).map_err(io)?;
        let text = if file.packed {
            let Unpacked { text, packed } = open::unpacked(raw).map_err(io)?;
            if !packed {
                return Err(Trouble::Changed);
            }
            text
        } else {
            raw
        };
        let mut window = Window::new(text, from.offset);
        let begins = from.offset == 0;
        if begins {
            while window.data().len() < 4 && window.more().map_err(io)? {}
            let mark = encoding(window.data()).map_err(|_| Trouble::Changed)?;
            window.advance(mark);
        }
        let mut slots = vec![None; file.shape.columns().len()];
        for (at, place) in places.iter().enumerate() {
            if let Some(slot) = place.and_then(|place| slots.get_mut(place)) {
                *slot = Some(at);
            }
        }
        let rows = match &file.shape {
            Shape::Csv { dialect, header } => {
                let mut rows = csv::Rows::new(window, *dialect, 1);
                if begins && rows.next().map_err(io)? != Next::Row {
                    return Err(Trouble::Changed);
                }
                Rows::Csv(rows, header.len())
            }
            Shape::Json { names, array } => {
                let fields = Fields::new(names.as_ref().clone(), New::Refuse);
                Rows::Json(json::Rows::new(window, *array, 1), Box::new(fields))
            }
        };
        let (bad, packed) = (Arc::clone(&file.bad), file.packed);
        Ok(Self { rows, schema, places, slots, bad, row: from.row, until, last, packed, fixed })
    }

    /// The next rows that can be read; `None` after the last.
    pub fn next(&mut self) -> Result<Option<RecordBatch>, Trouble> {
        let mut columns: Vec<StringViewBuilder> =
            self.places.iter().map(|_| StringViewBuilder::with_capacity(BATCH)).collect();
        let mut taken = 0;
        while taken < BATCH && self.row < self.until {
            let good = self.bad.binary_search(&self.row).is_err();
            let next = match &mut self.rows {
                Rows::Csv(rows, _) => rows.next(),
                Rows::Json(rows, _) => rows.next(),
            };
            match next.map_err(|e| Trouble::io(&e, self.packed))? {
                Next::End => return Err(Trouble::Changed),
                Next::Bad(_) if good => return Err(Trouble::Changed),
                Next::Row if good => {
                    self.take(&mut columns)?;
                    taken += 1;
                }
                Next::Bad(_) | Next::Row => {}
            }
            self.row += 1;
        }
        if taken == 0 {
            return self.end().map(|()| None);
        }
        let arrays = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(taken));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options);
        batch.map(Some).map_err(|e| Trouble::Corrupt(format!("cannot be read: {e}")))
    }

    /// The end of the piece is where it was when the file was looked into.
    fn end(&mut self) -> Result<(), Trouble> {
        if !self.last {
            return Ok(());
        }
        let next = match &mut self.rows {
            Rows::Csv(rows, _) => rows.next(),
            Rows::Json(rows, _) => rows.next(),
        };
        match next.map_err(|e| Trouble::io(&e, self.packed))? {
            Next::End => Ok(()),
            Next::Row | Next::Bad(_) => Err(Trouble::Changed),
        }
    }

    fn take(&mut self, columns: &mut [StringViewBuilder]) -> Result<(), Trouble> {
        match &mut self.rows {
            Rows::Csv(rows, fields) => {
                if rows.len() != *fields {
                    return Err(Trouble::Changed);
                }
                for ((column, place), fixed) in columns.iter_mut().zip(&self.places).zip(&self.fixed) {
                    match place {
                        Some(place) => column.append_value(rows.field(*place)),
                        None => column.append_option(fixed.as_ref()),
                    }
                }
            }
            Rows::Json(rows, fields) => {
                let mut leaves: Vec<Leaf<'_>> = Vec::new();
                fields.of(rows.text(), &mut leaves).map_err(|_| Trouble::Changed)?;
                let mut values: Vec<Option<Cow<'_, str>>> =
                    self.fixed.iter().map(|fixed| fixed.as_deref().map(Cow::Borrowed)).collect();
                for leaf in leaves.into_iter().filter(|leaf| leaf.kind != Kind::Null) {
                    let slot = self.slots.get(leaf.column).copied().flatten();
                    if let Some(value) = slot.and_then(|slot| values.get_mut(slot)) {
                        *value = Some(leaf.text);
                    }
                }
                for (column, value) in columns.iter_mut().zip(values) {
                    column.append_option(value);
                }
            }
        }
        Ok(())
    }
}
