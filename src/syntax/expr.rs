//! Expressions, targets, baselines: from a scalar's text to its tree.
//!
//! `scan` looks at the text first and names the slips that a grammar could not; `grammar/kepi.pest` reads it; `lower` makes
//! the tree and `phrases` holds the rules on what a phrase may follow.

mod expected;
mod found;
mod literal;
mod lower;
mod options;
mod phrases;
mod scan;
mod target;
#[cfg(test)]
mod tests;

use pest::Parser;
use pest::iterators::Pair;

use crate::diag::{Code, Diagnostic};
use crate::source::Spanned;
use crate::syntax::ast::{Baseline, Effect, Expr, ExprKind, Guardrail, Name, Target};
use crate::syntax::document::Text;
use crate::syntax::expr::lower::Lower;
use crate::syntax::located::Located;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/kepi.pest"]
struct Grammar;

/// A condition, an event set, a metric: every value that is an expression.
pub fn expression(text: &Located) -> Result<Expr, Vec<Diagnostic>> {
    // Half of all expressions are a lone name (`by: [country]`), which needs no grammar.
    if is_plain_name(&text.text) {
        return Ok(Expr { kind: ExprKind::Name(text.text.clone()), span: text.span(0..text.text.len()) });
    }
    read(text, Rule::expression, Lower::expression)
}

/// `increase by 20% from 2026-Q3`.
pub fn target(text: &Located) -> Result<Target, Vec<Diagnostic>> {
    read(text, Rule::target, Lower::target)
}

/// `crash_rate <= 1%`.
pub fn guardrail(text: &Located) -> Result<Guardrail, Vec<Diagnostic>> {
    read(text, Rule::guardrail, Lower::guardrail)
}

/// `median of last 8 weeks`, `2026-Q3`, `5.4 minutes`.
pub fn baseline(text: &Located) -> Result<Baseline, Vec<Diagnostic>> {
    read(text, Rule::baseline, Lower::baseline_value)
}

/// `+8%`.
pub fn effect(text: &Located) -> Result<Effect, Vec<Diagnostic>> {
    read(text, Rule::effect, Lower::effect)
}

/// `column -> lookup`, `(column, column) -> lookup`: the columns' raw names, at least one, and the lookup.
pub fn link(text: &Located) -> Result<(Vec<Text>, Name), Vec<Diagnostic>> {
    read(text, Rule::link, Lower::link)
}

/// Whether this is a name that an expression can say without backticks.
pub fn is_plain_name(text: &str) -> bool {
    is_name(text) && !KEYWORDS.contains(&text) && !scan::is_fiscal_period(text)
}

/// Whether this is a word that names a column after a dot.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(scan::starts_name) && chars.all(scan::continues_name)
}

/// The words that are never bare names; the grammar's `keyword`.
pub const KEYWORDS: &[&str] = &[
    "where", "per", "over", "within", "or", "and", "not", "in", "between", "like", "is", "null", "if", "then", "else",
    "true", "false", "to", "of", "by", "from",
];

/// Scan, parse, lower: a tree, or at least one finding.
fn read<'t, T>(
    text: &'t Located,
    rule: Rule,
    lower: impl FnOnce(&mut Lower<'t>, Pair<'t, Rule>) -> Option<T>,
) -> Result<T, Vec<Diagnostic>> {
    // A link begins with a column's name as its file spells it, which may hold any sign.
    let mut slips = limits(text, rule);
    if slips.is_empty() && rule != Rule::link {
        slips = scan::scan(text);
    }
    if !slips.is_empty() {
        return Err(slips);
    }
    let mut pairs = Grammar::parse(rule, &text.text).map_err(|e| vec![expected::explain(&e, rule, text)])?;
    let mut context = Lower::new(text);
    match pairs.next().and_then(|pair| lower(&mut context, pair)) {
        Some(tree) if context.findings.is_empty() => Ok(tree),
        _ if context.findings.is_empty() => {
            let message = "the grammar and the tree do not agree on this text";
            Err(vec![Diagnostic::new(Code::Internal, text.whole(), message)])
        }
        _ => Err(context.findings),
    }
}

/// A text that is neither empty nor too long.
fn limits(text: &Located, rule: Rule) -> Vec<Diagnostic> {
    let (code, message, help) = if text.text.trim().is_empty() {
        let message = format!("expected {}, found nothing", expected::noun(rule));
        (Code::EmptyExpression, message, expected::forms(rule).1)
    } else if text.text.len() > scan::MAX_LENGTH {
        let message = format!("{} bytes, expected at most {}", text.text.len(), scan::MAX_LENGTH);
        (Code::ExpressionTooLarge, message, "give parts of it names: define them as metrics or events of their own")
    } else {
        return Vec::new();
    };
    vec![Diagnostic::new(code, text.whole(), message).help(help)]
}

/// A name without its backticks.
fn unquoted(written: &str) -> String {
    written.strip_prefix('`').and_then(|n| n.strip_suffix('`')).unwrap_or(written).to_owned()
}

/// A pair's text without the white space that a token takes with it.
fn text_of<'t>(pair: &Pair<'t, Rule>) -> &'t str {
    pair.as_str().trim_end()
}

fn name_of(text: &Located, pair: &Pair<'_, Rule>) -> Name {
    let start = pair.as_span().start();
    let written = text_of(pair);
    Spanned::new(unquoted(written), text.span(start..start + written.len()))
}
