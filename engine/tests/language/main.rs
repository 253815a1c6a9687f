//! The proof that the engine is right: a second evaluator of the same programs, as slow and obvious as can be, and random
//! definitions over random data for both of them; then the constructs of the language one by one, with numbers worked by hand.

mod compare;
mod data;
mod files;
mod fixtures;
mod generate;
mod made;
mod pipeline;
mod programs;
mod random;
mod reference;
mod returns;
#[allow(dead_code)]
#[path = "../engine/rng.rs"]
mod rng;
mod semantics;
mod spans;
