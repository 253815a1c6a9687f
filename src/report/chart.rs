//! Figures as SVG: our own writer, so that they are exact (`f64`), small, readable without colour and the same bytes every time.
//!
//! A figure carries `role="img"`, a title and a description. Colours are classes with a fallback attribute: the page themes
//! them, the bare figure still renders.

mod axis;
mod objective;
mod spark;
mod svg;

pub use objective::{line, objective};
pub use spark::{bar, spark};
