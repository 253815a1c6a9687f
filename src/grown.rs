//! A list that grows behind a shared reference: what it holds stays where it is.

use std::cell::{Cell, OnceCell};
use std::fmt;

/// Chunks, each as large as all before it.
const CHUNKS: usize = usize::BITS as usize;

pub(crate) struct Grown<T> {
    chunks: [OnceCell<Box<[OnceCell<T>]>>; CHUNKS],
    len: Cell<usize>,
}

impl<T> Default for Grown<T> {
    fn default() -> Self {
        Self { chunks: std::array::from_fn(|_| OnceCell::new()), len: Cell::new(0) }
    }
}

impl<T> fmt::Debug for Grown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kept", self.len.get())
    }
}

impl<T> Grown<T> {
    /// Keeps a value. `None` where memory for so many cannot be addressed.
    pub(crate) fn keep(&self, value: T) -> Option<&T> {
        let at = self.len.get().checked_add(1)?;
        let chunk = at.ilog2();
        let size = 1usize.checked_shl(chunk)?;
        let cells = self.chunks.get(chunk as usize)?;
        let cells = cells.get_or_init(|| (0..size).map(|_| OnceCell::new()).collect());
        self.len.set(at);
        Some(cells.get(at - size)?.get_or_init(|| value))
    }
}

#[cfg(test)]
mod tests {
    use super::Grown;

    #[test]
    fn what_is_kept_stays() {
        let grown = Grown::default();
        let kept: Vec<&usize> = (0..100).filter_map(|n| grown.keep(n)).collect();
        assert_eq!(kept.len(), 100);
        assert!(kept.iter().enumerate().all(|(n, kept)| n == **kept));
    }
}
