//! The engine against an evaluator that is slow and obvious, and against numbers worked out by hand.

mod data;
mod hand;
mod kept;
mod oracle;
mod programs;
mod random;
mod rng;
