//! Runs programs over event files with DataFusion.
//!
//! [`Dataset::answer`] takes a question through `plan` (which measures, over which spans, in which groups: one suite a
//! source), `execute` (one DataFusion scan a source, one node of ours above it) and `collect` (values of measures, then
//! expressions over them).

pub mod cache;
mod collect;
mod dataset;
mod derive;
mod execute;
pub mod generate;
mod memory;
mod operators;
mod parallel;
mod plan;
pub mod profile;
mod progress;
pub mod rows;
pub mod sources;
mod spill;

pub use dataset::{Dataset, Explained, Options};
pub use memory::Memory;
pub use progress::{Pass, Progress, Seen, Spent};
pub use sources::{schemas, schemas_seen};
