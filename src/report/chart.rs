//! Figures as SVG: our own writer, so that they are exact (`f64`), small, readable without colour and the same bytes every time.
//!
//! A figure carries `role="img"`, a title and a description. Colours are classes with a fallback attribute: the page themes
//! them, the bare figure still renders.

mod axis;
mod cohorts;
mod funnel;
mod objective;
mod spark;
mod svg;

pub use cohorts::{curve, heat_map};
pub use funnel::funnel;
pub use objective::{line, objective};
pub use spark::{bar, spark};
#[cfg(test)]
pub(crate) use svg::DARKEST;
