//! Expressions, targets, baselines: from a scalar's text to its tree.

use crate::diag::Diagnostic;
use crate::syntax::ast::{Baseline, Effect, Expr, Guardrail, Name, Target};
use crate::syntax::document::Text;
use crate::syntax::located::Located;

pub fn expression(_text: &Located) -> Result<Expr, Vec<Diagnostic>> {
    Err(Vec::new())
}

pub fn target(_text: &Located) -> Result<Target, Vec<Diagnostic>> {
    Err(Vec::new())
}

pub fn guardrail(_text: &Located) -> Result<Guardrail, Vec<Diagnostic>> {
    Err(Vec::new())
}

pub fn baseline(_text: &Located) -> Result<Baseline, Vec<Diagnostic>> {
    Err(Vec::new())
}

pub fn effect(_text: &Located) -> Result<Effect, Vec<Diagnostic>> {
    Err(Vec::new())
}

/// `column -> lookup`: the column's raw name and the lookup.
pub fn link(_text: &Located) -> Result<(Text, Name), Vec<Diagnostic>> {
    Err(Vec::new())
}
