//! Stage: syntax.

pub mod ast;
pub mod document;
pub mod located;
