//! Runs programs over event files with DataFusion.

pub mod rows;
pub mod sources;
