//! Sentences: what a phrase may follow, and what may follow a phrase.
//!
//! The grammar reads more than is legal, so that a sentence whose order could be misread is refused here, with the
//! parentheses that make it clear.

use pest::iterators::Pair;

use crate::diag::Code;
use crate::source::Span;
use crate::source::Spanned;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Literal};
use crate::syntax::expr::lower::{Lower, Tree};
use crate::syntax::expr::{Rule, text_of};

/// The longest text that a message repeats.
const MAX_ECHO: usize = 160;

/// A sentence's parts.
struct Parts<'t> {
    head: Pair<'t, Rule>,
    phrases: Vec<Pair<'t, Rule>>,
    tails: Vec<Pair<'t, Rule>>,
}

impl<'t> Parts<'t> {
    fn of(sentence: Pair<'t, Rule>) -> Option<Self> {
        let mut inner = sentence.into_inner();
        let head = inner.next()?;
        let (tails, phrases) = inner.partition(|p| matches!(p.as_rule(), Rule::comparison | Rule::joined));
        Some(Self { head, phrases, tails })
    }
}

impl<'t> Lower<'t> {
    /// A head, its phrases from left to right, and perhaps a comparison.
    pub(super) fn sentence(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let Parts { head, phrases, mut tails } = Parts::of(pair)?;
        if phrases.is_empty() {
            return self.operation(head);
        }
        let thing = thing(&head).filter(|t| !t.negated);
        let legal_tails = tails.len() <= 1 && tails.iter().all(|t| t.as_rule() == Rule::comparison);
        let Some(thing) = thing.filter(|_| legal_tails) else {
            self.beside_operator(&head, &phrases, &tails);
            return None;
        };
        let start = head.as_span().start();
        let mut tree = self.postfix(thing.postfix)?;
        for phrase in phrases {
            tree = self.phrase(tree, start, phrase)?;
        }
        match tails.pop() {
            Some(comparison) => self.comparison(tree, start, comparison),
            None => Some(tree),
        }
    }

    fn phrase(&mut self, of: Tree, start: usize, pair: Pair<'t, Rule>) -> Option<Tree> {
        let span = self.text.span(start..Self::range(&pair).end);
        let rule = pair.as_rule();
        let mut parts = pair
            .into_inner()
            .filter(|p| !matches!(p.as_rule(), Rule::kw_where | Rule::kw_per | Rule::kw_over | Rule::kw_within));
        let mut depth = 0;
        let of = of.boxed(&mut depth);
        let first = parts.next()?;
        let kind = match rule {
            Rule::where_phrase => ExprKind::Where { of, condition: self.operation(first)?.boxed(&mut depth) },
            Rule::over_phrase => {
                let span = self.span(&first);
                ExprKind::Over { of, window: Spanned::new(self.window(first)?, span) }
            }
            Rule::per_phrase => {
                let key = Box::new(self.key(first, &mut depth)?);
                let within = match parts.next() {
                    Some(within) => {
                        let span = self.span(&within);
                        Some(Spanned::new(self.window(within)?, span))
                    }
                    None => None,
                };
                ExprKind::Per { of, key, within }
            }
            _ => return None,
        };
        self.node(kind, span, depth)
    }

    /// A call's argument. Where it is a row expression, `where` may follow the whole of it:
    /// `sum(line.quantity * line.price where country = "DE")` can be read in one way only.
    pub(super) fn whole_argument(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let Parts { head, phrases, tails } = Parts::of(pair.clone())?;
        let only_where = !phrases.is_empty() && phrases.iter().all(|p| p.as_rule() == Rule::where_phrase);
        if !only_where || !tails.is_empty() || !is_row_arithmetic(&head) {
            return self.sentence(pair);
        }
        let start = head.as_span().start();
        let mut tree = self.operation(head)?;
        for phrase in phrases {
            tree = self.phrase(tree, start, phrase)?;
        }
        Some(tree)
    }

    /// A step of a sequence and whether it is excluded (`not X`): one thing and its phrases.
    pub(super) fn step_sentence(&mut self, pair: Pair<'t, Rule>, at_an_end: bool) -> Option<(Tree, bool)> {
        let whole = self.span(&pair);
        let written = echo(text_of(&pair));
        let Parts { head, phrases, tails } = Parts::of(pair)?;
        let Some(thing) = thing(&head).filter(|_| tails.is_empty()) else {
            let message = match &written {
                Some(text) => format!("`{text}` as a step: a step is one thing and its phrases"),
                None => "a step is one thing and its phrases".to_owned(),
            };
            let help = match &written {
                Some(text) => format!("write `({text})`, or give it a name in `events:`"),
                None => "put the step in parentheses, or give it a name in `events:`".to_owned(),
            };
            self.report(Code::StepShape, whole, message, help);
            return None;
        };
        if thing.negated && at_an_end {
            let message = "`not` at an end of a sequence: what must not happen lies between two steps";
            self.report(Code::StepShape, whole, message, "write `a -> not x -> b`");
            return None;
        }
        let start = thing.postfix.as_span().start();
        let mut tree = self.postfix(thing.postfix)?;
        for phrase in phrases {
            tree = self.phrase(tree, start, phrase)?;
        }
        Some((tree, thing.negated))
    }

    // ---------------------------------------------------------------- refusals

    fn beside_operator(&mut self, head: &Pair<'t, Rule>, phrases: &[Pair<'t, Rule>], tails: &[Pair<'t, Rule>]) {
        let (Some(first), Some(last)) = (phrases.first(), phrases.last()) else { return };
        let phrases_text = self.slice(first.as_span().start()..Self::range(last).end);
        let tails_text: String = tails.iter().map(|t| format!(" {}", tail_cure(t))).collect();
        if let Some(joined) = tails.iter().find(|t| t.as_rule() == Rule::joined) {
            let Some(operator) = joined.clone().into_inner().next() else { return };
            let message =
                format!("`{}` after a phrase: beside an operator a phrase stands in parentheses", text_of(&operator));
            let help = write(&[grouped(head, phrases_text) + &tails_text]);
            let span = self.span(&operator);
            return self.report(Code::PhraseBesideOperator, span, message, help);
        }
        if let Some(second) = tails.get(1) {
            let span = self.span(second);
            let help = "join comparisons with `and`, each of them in parentheses";
            return self.report(Code::ChainedComparison, span, "a comparison of a comparison", help);
        }
        let word = text_of(first).split_whitespace().next().unwrap_or("");
        let message = match echo(text_of(head)) {
            Some(head) => format!("`{word}` after `{head}`: a phrase follows one thing, a name, a call or parentheses"),
            None => format!("`{word}` after an operation: a phrase follows one thing, a name, a call or parentheses"),
        };
        let whole = format!("({}) {phrases_text}{tails_text}", text_of(head));
        let help = match moved_comparison(head, last.as_rule(), phrases_text) {
            _ if is_literal(head) => format!("write a name, a call or parentheses before `{word}`"),
            Some(cure) if tails.is_empty() => write(&[cure, whole]),
            // Rows are filtered more often than one factor is.
            _ if last.as_rule() == Rule::where_phrase && is_arithmetic(head) => {
                write(&[whole, grouped(head, phrases_text) + &tails_text])
            }
            _ if last_thing(head).is_some() => write(&[grouped(head, phrases_text) + &tails_text, whole]),
            _ => write(&[whole]),
        };
        let span = self.span(first);
        self.report(Code::PhraseBesideOperator, span, message, help);
    }

    fn slice(&self, range: std::ops::Range<usize>) -> &'t str {
        self.text.text.get(range).unwrap_or("")
    }

    /// `a < b < c`
    pub(super) fn chained_comparison(&mut self, left: std::ops::Range<usize>, comparisons: &[Pair<'t, Rule>]) {
        let Some(second) = comparisons.get(1) else { return };
        let mut left = Some(self.slice(left).trim_end());
        let mut pieces = Vec::new();
        for comparison in comparisons {
            let mut inner = comparison.clone().into_inner();
            let test = inner.next();
            pieces.push(left.map(|l| format!("{l} {}", text_of(comparison))));
            left = test
                .filter(|t| t.as_rule() == Rule::compare_op)
                .and_then(|_| inner.next())
                .map(|right| text_of(&right));
        }
        let pieces: Option<Vec<_>> = pieces.into_iter().collect();
        let help = match pieces {
            Some(pieces) => write(&[pieces.join(" and ")]),
            None => "compare once, and join conditions with `and`".to_owned(),
        };
        let span = self.span(second);
        self.report(Code::ChainedComparison, span, "a comparison of a comparison", help);
    }

    /// `x = null` is never true, in any language with three truth values.
    pub(super) fn compared_to_null(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<()> {
        let is_null = |e: &Expr| matches!(e.kind, ExprKind::Literal(Literal::Null));
        let (word, sign) = match op {
            BinaryOp::Equal => ("is null", "="),
            BinaryOp::NotEqual => ("is not null", "!="),
            _ => return Some(()),
        };
        if !is_null(left) && !is_null(right) {
            return Some(());
        }
        let help = format!("write `… {word}`");
        self.report(Code::ForeignSpelling, span, format!("`{sign} null` is never true"), help);
        None
    }
}

// -------------------------------------------------------------------- shapes

/// A name, a call or parentheses, with `not` before it or without.
struct Thing<'t> {
    postfix: Pair<'t, Rule>,
    negated: bool,
}

fn thing<'t>(operation: &Pair<'t, Rule>) -> Option<Thing<'t>> {
    let mut parts = operation.clone().into_inner();
    let first = parts.next()?;
    let (postfix, negated) = if first.as_rule() == Rule::kw_not { (parts.next()?, true) } else { (first, false) };
    (postfix.as_rule() == Rule::postfix && parts.next().is_none()).then_some(Thing { postfix, negated })
}

/// The one child of a pair.
fn only<'t>(pair: Pair<'t, Rule>) -> Option<Pair<'t, Rule>> {
    let mut inner = pair.into_inner();
    let first = inner.next()?;
    inner.next().is_none().then_some(first)
}

/// Operands joined by signs alone, two of them or more.
fn is_arithmetic(operation: &Pair<'_, Rule>) -> bool {
    let mut joined = false;
    operation.clone().into_inner().all(|part| {
        joined |= part.as_rule() == Rule::arithmetic_op;
        matches!(part.as_rule(), Rule::minus | Rule::literal | Rule::postfix | Rule::arithmetic_op)
    }) && joined
}

/// Arithmetic in which a dotted column stands.
fn is_row_arithmetic(operation: &Pair<'_, Rule>) -> bool {
    is_arithmetic(operation) && operation.clone().into_inner().any(|operand| is_column(operand))
}

fn is_literal(operation: &Pair<'_, Rule>) -> bool {
    only(operation.clone()).is_some_and(|operand| operand.as_rule() == Rule::literal)
}

/// `visit.duration`, and what is said of it.
fn is_column(operand: Pair<'_, Rule>) -> bool {
    let mut parts = operand.into_inner();
    parts.next().is_some_and(|p| p.as_rule() == Rule::name)
        && parts.next().is_some_and(|m| m.as_rule() == Rule::member && only(m).is_some())
}

/// The name, call or parentheses at the right end of an operation.
fn last_thing<'t>(operation: &Pair<'t, Rule>) -> Option<Pair<'t, Rule>> {
    let mut pair = operation.clone();
    while pair.as_rule() != Rule::postfix {
        pair = match pair.as_rule() {
            Rule::in_list | Rule::pattern | Rule::null_test | Rule::literal => return None,
            _ => pair.into_inner().last()?,
        };
    }
    Some(pair)
}

// -------------------------------------------------------------------- cures

/// The head with its phrases, in parentheses: `a / (b over 7 days)` where the head is an operation.
fn grouped(head: &Pair<'_, Rule>, phrases: &str) -> String {
    let text = text_of(head);
    let start = match last_thing(head) {
        Some(last) => last.as_span().start() - head.as_span().start(),
        None => 0,
    };
    let (before, last) = text.split_at_checked(start).unwrap_or(("", text));
    match last_thing(head) {
        Some(_) => format!("{before}({last} {phrases})"),
        None => format!("(({text}) {phrases})"),
    }
}

/// An operator and what follows it, with its phrases in parentheses.
fn tail_cure(tail: &Pair<'_, Rule>) -> String {
    let mut inner = tail.clone().into_inner();
    let (Some(operator), Some(head), Some(phrase)) = (inner.next(), inner.next(), inner.next()) else {
        return text_of(tail).to_owned();
    };
    let last = inner.last().unwrap_or_else(|| phrase.clone());
    let base = tail.as_span().start();
    let range = phrase.as_span().start() - base..last.as_span().start() - base + text_of(&last).len();
    let phrases = text_of(tail).get(range).unwrap_or("");
    format!("{} {}", text_of(&operator), grouped(&head, phrases))
}

/// `count(play) >= 5 per actor` means `count(play) per actor >= 5`.
fn moved_comparison(head: &Pair<'_, Rule>, last_phrase: Rule, phrases: &str) -> Option<String> {
    let mut parts = head.clone().into_inner();
    let (left, comparison) = (parts.next()?, parts.next().filter(|c| c.as_rule() == Rule::comparison)?);
    if parts.next().is_some() || left.as_rule() != Rule::postfix {
        return None;
    }
    let (left, comparison) = (text_of(&left), text_of(&comparison));
    Some(match last_phrase {
        Rule::where_phrase => format!("({left} {phrases}) {comparison}"),
        _ => format!("{left} {phrases} {comparison}"),
    })
}

/// "write `a`, or `b`".
fn write(cures: &[String]) -> String {
    let shown: Vec<_> = cures.iter().filter_map(|c| echo(c)).map(|c| format!("`{c}`")).collect();
    if shown.is_empty() {
        return "put each thing and its phrases in parentheses".to_owned();
    }
    format!("write {}", shown.join(", or "))
}

/// The text on one line; `None` when it is too long to be repeated.
fn echo(text: &str) -> Option<String> {
    let mut quote = None;
    let mut line = String::new();
    for c in text.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '"' | '`') => quote = Some(c),
            _ => {}
        }
        if quote.is_none() && c.is_whitespace() {
            if !line.ends_with(' ') {
                line.push(' ');
            }
        } else {
            line.push(c);
        }
    }
    let line = line.trim().to_owned();
    (line.len() <= MAX_ECHO && !line.contains('\n')).then_some(line)
}
