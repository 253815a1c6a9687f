//! Values of a few columns that the pass over a file keeps, so that the file need not be read once more for them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{ArrayRef, StringBuilder, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;

/// Rows of a batch.
const BATCH: usize = 8192;
/// Bytes that all files together may keep; a file that would take more keeps nothing.
const ROOM: usize = 128 << 20;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// What was kept of a file, until somebody takes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Arc<Mutex<Option<Batches>>>);

#[derive(Debug, Default)]
struct Batches {
    /// Which of the file's columns are kept.
    columns: Vec<usize>,
    /// A column that was first seen later is `None`: all null.
    batches: Vec<(usize, Vec<Option<ArrayRef>>)>,
    bytes: usize,
}

impl Drop for Batches {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Kept {
    /// Batches of columns of the file (`None`: one that it does not have), as a reader would yield them; once.
    pub fn take(&self, places: &[Option<usize>]) -> Option<Vec<Vec<ArrayRef>>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = |held: &Batches| {
            let slot = |place: &Option<usize>| match place {
                None => Some(None),
                Some(place) => held.columns.iter().position(|c| c == place).map(Some),
            };
            places.iter().map(slot).collect::<Option<Vec<Option<usize>>>>()
        };
        let slots = slots(held.as_ref()?)?;
        let taken = held.take()?;
        let batch = |(rows, arrays): &(usize, Vec<Option<ArrayRef>>)| {
            let array = |slot: &Option<usize>| match slot.and_then(|slot| arrays.get(slot)?.as_ref()) {
                Some(array) => cast(array, &DataType::Utf8View).ok(),
                None => Some(Arc::new(StringViewArray::new_null(*rows)) as ArrayRef),
            };
            slots.iter().map(array).collect::<Option<Vec<_>>>()
        };
        taken.batches.iter().map(batch).collect()
    }
}

/// Keeps columns while a file is passed through.
#[derive(Default)]
pub(super) struct Keeper<'a> {
    names: &'a [String],
    slots: Vec<(usize, StringBuilder)>,
    kept: Batches,
    rows: usize,
    /// There is no room for them.
    full: bool,
}

impl<'a> Keeper<'a> {
    /// `names`: of columns, or of objects whose fields are columns.
    pub fn new(names: &'a [String]) -> Self {
        Self { names, ..Self::default() }
    }

    /// A column of the file that is seen for the first time.
    pub fn column(&mut self, at: usize, name: &str) {
        let wanted = |wanted: &String| {
            let rest = name.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if self.full || !self.names.iter().any(wanted) {
            return;
        }
        let mut column = StringBuilder::new();
        (0..self.rows).for_each(|_| column.append_null());
        self.slots.push((at, column));
        self.kept.columns.push(at);
    }

    /// The next row that can be read, by its columns.
    pub fn row<T: AsRef<str>>(&mut self, value: impl Fn(usize) -> Option<T>) {
        if self.full || self.slots.is_empty() {
            return;
        }
        for (at, column) in &mut self.slots {
            column.append_option(value(*at));
        }
        self.rows += 1;
        if self.rows == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let arrays: Vec<Option<ArrayRef>> =
            self.slots.iter_mut().map(|(_, column)| Some(Arc::new(column.finish()) as ArrayRef)).collect();
        let bytes: usize = arrays.iter().flatten().map(|array| array.get_array_memory_size()).sum();
        self.kept.batches.push((std::mem::take(&mut self.rows), arrays));
        self.kept.bytes += bytes;
        if TAKEN.fetch_add(bytes, Ordering::Relaxed) + bytes > ROOM {
            self.full = true;
            self.slots.clear();
            self.kept = Batches::default();
        }
    }

    pub fn finish(mut self) -> Kept {
        if self.rows > 0 {
            self.flush();
        }
        let whole = !self.full && !self.kept.columns.is_empty();
        Kept(Arc::new(Mutex::new(whole.then(|| std::mem::take(&mut self.kept)))))
    }
}
