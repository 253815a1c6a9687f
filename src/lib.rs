//! The kepi language: from definition text to a typed program, and from an engine's results to a report.
#![doc = include_str!("../ARCHITECTURE.md")]

extern crate alloc;

pub mod calendar;
pub mod check;
pub mod decimal;
pub mod diag;
pub mod diff;
pub mod functions;
mod grown;
pub mod ir;
pub mod library;
mod parallel;
pub mod profile;
pub mod report;
pub mod resolve;
pub mod results;
pub mod schema;
pub mod source;
pub mod stats;
pub mod syntax;
pub mod testing;
pub mod unit;
pub mod value;
