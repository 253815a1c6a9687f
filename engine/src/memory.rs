//! How much memory a run may use, and where what does not fit goes meanwhile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A limit for the whole process, and a folder for temporary files. No number depends on either.
#[derive(Debug)]
pub struct Memory {
    limit: u64,
    folder: PathBuf,
    states: u64,
    spilled: AtomicU64,
    workers: AtomicUsize,
    /// By worker: what it holds most of.
    holders: Mutex<BTreeMap<usize, (String, u64)>>,
    /// What a worker held most of before it put all away.
    put_away: Mutex<Option<(String, u64)>>,
}

impl Memory {
    /// `limit`: bytes that the process should not grow beyond. `folder`: it is there, and can be written to.
    pub fn new(limit: u64, folder: PathBuf) -> Self {
        // What reads the files takes its part, and a state is a fourth larger while it is written.
        let states = limit / 3;
        Self {
            limit,
            folder,
            states,
            spilled: AtomicU64::new(0),
            workers: AtomicUsize::new(0),
            holders: Mutex::default(),
            put_away: Mutex::default(),
        }
    }

    /// With another limit for what is known of rows, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn spilling_from(self, bytes: u64) -> Self {
        Self { states: bytes, ..self }
    }

    pub fn limit(&self) -> u64 {
        self.limit
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Bytes that were written to temporary files.
    pub fn spilled(&self) -> u64 {
        self.spilled.load(Ordering::Relaxed)
    }

    pub(crate) fn wrote(&self, bytes: u64) {
        self.spilled.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The metric that holds most, and about how many bytes.
    pub fn largest(&self) -> Option<(String, u64)> {
        let holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: BTreeMap<&str, u64> = BTreeMap::new();
        holders.values().for_each(|(name, bytes)| *all.entry(name).or_default() += bytes);
        let most = all.into_iter().max_by_key(|(_, bytes)| *bytes)?;
        Some((most.0.to_owned(), most.1))
    }

    /// The metric that held most of what lies in temporary files, and about how many bytes at once.
    pub fn largest_put_away(&self) -> Option<(String, u64)> {
        self.put_away.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes of the process that are in memory, as Linux tells them; elsewhere nobody does.
    pub fn resident() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    }
}

/// What one of the threads of a run may hold.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pub memory: Arc<Memory>,
    /// Bytes.
    share: u64,
    /// After so many rows it is looked at what is held.
    pub step: usize,
}

impl Budget {
    pub(crate) fn new(memory: Arc<Memory>, threads: usize) -> Self {
        let share = memory.states / threads.max(1) as u64;
        // A row adds some dozens of bytes; looking takes time.
        let step = usize::try_from(share / 1024).unwrap_or(usize::MAX).clamp(1, 1 << 17);
        Self { memory, share, step }
    }

    /// A number for one that holds something.
    pub(crate) fn worker(&self) -> usize {
        self.memory.workers.fetch_add(1, Ordering::Relaxed)
    }

    /// Says what a worker holds most of.
    pub(crate) fn holds(&self, worker: usize, most: Option<(String, u64)>) {
        let mut holders = self.memory.holders.lock().unwrap_or_else(PoisonError::into_inner);
        match most {
            Some(most) => _ = holders.insert(worker, most),
            None => {
                let gone = holders.remove(&worker);
                let mut before = self.memory.put_away.lock().unwrap_or_else(PoisonError::into_inner);
                if gone.as_ref().map(|most| most.1) > before.as_ref().map(|most| most.1) {
                    *before = gone;
                }
            }
        }
    }

    /// Whether one that holds so many bytes should hold less.
    pub(crate) fn is_over(&self, held: usize) -> bool {
        let (held, limit) = (held as u64, self.memory.limit);
        // Others may hold more than was thought; what is small does not help.
        held > self.share
            || held > limit / 128 && Memory::resident().is_some_and(|resident| resident > limit - limit / 5)
    }

    /// Whether so many bytes are worth keeping in memory to the end, where they are there several times for a moment.
    pub(crate) fn is_little(&self, held: usize) -> bool {
        held as u64 <= self.share / 4
    }
}
