//! The inverse of parsing: a tree as the text that reads as it.

use crate::syntax::ast::{Baseline, Effect, Expr, Guardrail, Target};

pub fn expr(_expr: &Expr) -> String {
    String::new()
}

pub fn target(_target: &Target) -> String {
    String::new()
}

pub fn guardrail(_guardrail: &Guardrail) -> String {
    String::new()
}

pub fn baseline(_baseline: &Baseline) -> String {
    String::new()
}

pub fn effect(_effect: &Effect) -> String {
    String::new()
}
