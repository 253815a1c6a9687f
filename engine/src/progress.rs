//! How far a run is, for whoever wants to show it. Nothing that is computed depends on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Counters that the threads of a run move on.
#[derive(Debug, Default)]
pub struct Progress {
    files: AtomicU64,
    all_files: AtomicU64,
    rows: AtomicU64,
    all_rows: AtomicU64,
    on_rows: OnceLock<fn()>,
    kept: AtomicU64,
    spent: Mutex<Spent>,
}

/// Where the time of an answer went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub passes: Vec<Pass>,
    /// In their order, each once.
    pub stages: Vec<(&'static str, Duration)>,
}

/// One pass over the files of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    pub source: String,
    pub files: usize,
    /// Of which no row can be of any period that was asked for, by the names of their folders.
    pub skipped: usize,
    /// Not read again: what is asked of them was kept.
    pub kept: usize,
    /// Rows of the files that were read.
    pub rows: u64,
    pub took: Duration,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Files that have been begun, of those that are known to be there; they may be looked into more than once.
    pub files: u64,
    pub all_files: u64,
    /// Rows that have been read for an answer, of those in the files.
    pub rows: u64,
    pub all_rows: u64,
    /// Files that were not read for an answer, as what is asked of them was kept.
    pub kept: u64,
}

impl Progress {
    pub fn seen(&self) -> Seen {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Seen {
            files: load(&self.files),
            all_files: load(&self.all_files),
            rows: load(&self.rows),
            all_rows: load(&self.all_rows),
            kept: load(&self.kept),
        }
    }

    /// Calls `told` after each batch of rows, on the thread that has read it; said once.
    pub fn on_rows(&self, told: fn()) {
        let _ = self.on_rows.set(told);
    }

    pub(crate) fn expect_files(&self, files: usize) {
        self.all_files.fetch_add(files as u64, Ordering::Relaxed);
    }

    pub(crate) fn file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    /// Where the time went since this was asked last.
    pub fn take_spent(&self) -> Spent {
        std::mem::take(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn pass(&self, pass: Pass) {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner).passes.push(pass);
    }

    /// A stage ends that began then, and another begins.
    pub(crate) fn stage(&self, name: &'static str, begun: &mut Instant) {
        let now = Instant::now();
        let took = now.duration_since(std::mem::replace(begun, now));
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        match spent.stages.iter_mut().find(|(stage, _)| *stage == name) {
            Some((_, all)) => *all += took,
            None => spent.stages.push((name, took)),
        }
    }

    /// A file of so many rows need not be read.
    pub(crate) fn kept(&self, rows: u64) {
        self.kept.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn expect_rows(&self, rows: u64) {
        self.all_rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        if let Some(told) = self.on_rows.get() {
            told();
        }
    }
}
