//! From the grammar's pairs to the syntax tree.
//!
//! Every function gives `None` when there is no tree, and then a finding says why. Deep trees are refused while they are
//! built, so that no later stage needs to fear for its stack.

use std::ops::Range;

use pest::iterators::{Pair, Pairs};

use crate::diag::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Key, Name};
use crate::syntax::expr::{Rule, name_of, text_of};
use crate::syntax::located::Located;

/// The most operators, calls and phrases inside one another; `a + b + c` counts two.
pub(crate) const MAX_DEPTH: u32 = 100;

pub(super) struct Lower<'t> {
    pub(super) text: &'t Located,
    pub(super) findings: Vec<Diagnostic>,
}

/// An expression and how deep it is.
pub(super) struct Tree {
    pub(super) expr: Expr,
    pub(super) depth: u32,
}

impl Tree {
    /// The expression to put below another, and its depth to count there.
    pub(super) fn boxed(self, depth: &mut u32) -> Box<Expr> {
        Box::new(self.unboxed(depth))
    }

    pub(super) fn unboxed(self, depth: &mut u32) -> Expr {
        *depth = (*depth).max(self.depth);
        self.expr
    }
}

impl<'t> Lower<'t> {
    pub(super) fn new(text: &'t Located) -> Self {
        Self { text, findings: Vec::new() }
    }

    pub(super) fn expression(&mut self, pair: Pair<'t, Rule>) -> Option<Expr> {
        let sentence = pair.into_inner().next()?;
        self.sentence(sentence).map(|t| t.expr)
    }

    pub(super) fn range(pair: &Pair<'_, Rule>) -> Range<usize> {
        let start = pair.as_span().start();
        start..start + text_of(pair).len()
    }

    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        self.text.span(Self::range(pair))
    }

    pub(super) fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        name_of(self.text, pair)
    }

    pub(super) fn report(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Diagnostic::new(code, span, message).help(help));
    }

    /// A node above trees of this depth.
    pub(super) fn node(&mut self, kind: ExprKind, span: Span, below: u32) -> Option<Tree> {
        let depth = below + 1;
        if depth > MAX_DEPTH {
            if !self.findings.iter().any(|f| f.code == Code::ExpressionTooLarge) {
                self.report(
                    Code::ExpressionTooLarge,
                    span,
                    format!("more than {MAX_DEPTH} operators, calls and phrases inside one another"),
                    "give parts of the expression names; many values of one column are a list: `x in (…)`",
                );
            }
            return None;
        }
        Some(Tree { expr: Expr { kind, span }, depth })
    }

    // ---------------------------------------------------------------- operators, loosest first

    pub(super) fn or_expr(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let only = pair.clone().into_inner().next()?;
        if only.as_rule() == Rule::conditional {
            return self.conditional(only);
        }
        self.chain_of_operators(pair, Self::and_expr)
    }

    fn and_expr(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        self.chain_of_operators(pair, Self::not_expr)
    }

    pub(super) fn sum(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        self.chain_of_operators(pair, Self::product)
    }

    fn product(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        self.chain_of_operators(pair, Self::unary)
    }

    /// `a op b op c`, from left to right.
    fn chain_of_operators(
        &mut self,
        pair: Pair<'t, Rule>,
        operand: fn(&mut Self, Pair<'t, Rule>) -> Option<Tree>,
    ) -> Option<Tree> {
        let start = pair.as_span().start();
        let mut parts = pair.into_inner();
        let mut left = operand(self, parts.next()?)?;
        while let Some(sign) = parts.next() {
            let op = binary_op(text_of(&sign))?;
            let right = parts.next()?;
            let span = self.text.span(start..Self::range(&right).end);
            let right = operand(self, right)?;
            let mut depth = 0;
            let (left_box, right) = (left.boxed(&mut depth), right.boxed(&mut depth));
            left = self.node(ExprKind::Binary { op, left: left_box, right }, span, depth)?;
        }
        Some(left)
    }

    fn conditional(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner().filter(|p| p.as_rule() == Rule::or_expr);
        let mut depth = 0;
        let condition = self.or_expr(parts.next()?)?.boxed(&mut depth);
        let then = self.or_expr(parts.next()?)?.boxed(&mut depth);
        let otherwise = self.or_expr(parts.next()?)?.boxed(&mut depth);
        self.node(ExprKind::If { condition, then, otherwise }, span, depth)
    }

    fn not_expr(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let end = Self::range(&pair).end;
        let (mut nots, mut inner) = (Vec::new(), None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_not => nots.push(part.as_span().start()),
                _ => inner = Some(part),
            }
        }
        let mut tree = self.compared(inner?)?;
        for start in nots.into_iter().rev() {
            let mut depth = 0;
            let kind = ExprKind::Not(tree.boxed(&mut depth));
            tree = self.node(kind, self.text.span(start..end), depth)?;
        }
        Some(tree)
    }

    fn compared(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let start = pair.as_span().start();
        let mut parts = pair.into_inner();
        let first = parts.next()?;
        let comparisons: Vec<_> = parts.collect();
        if comparisons.len() > 1 {
            self.chained_comparison(&first, &comparisons);
            return None;
        }
        let left = self.sum(first)?;
        match comparisons.into_iter().next() {
            Some(comparison) => self.comparison(left, start, comparison),
            None => Some(left),
        }
    }

    /// A comparison after its left side, which begins at `start`.
    pub(super) fn comparison(&mut self, left: Tree, start: usize, pair: Pair<'t, Rule>) -> Option<Tree> {
        let span = self.text.span(start..Self::range(&pair).end);
        let mut parts = pair.into_inner().peekable();
        let negated = parts.next_if(|p| p.as_rule() == Rule::kw_not).is_some();
        let test = parts.next()?;
        let mut depth = 0;
        let of = left.boxed(&mut depth);
        let kind = match test.as_rule() {
            Rule::compare_op => {
                let op = binary_op(text_of(&test))?;
                let right = self.sum(parts.next()?)?.boxed(&mut depth);
                self.compared_to_null(op, &of, &right, span)?;
                ExprKind::Binary { op, left: of, right }
            }
            Rule::in_list => {
                let mut list = Vec::new();
                for item in sums(test) {
                    list.push(self.sum(item)?.unboxed(&mut depth));
                }
                ExprKind::In { of, list, negated }
            }
            Rule::in_range => {
                let mut bounds = sums(test);
                let low = self.sum(bounds.next()?)?.boxed(&mut depth);
                let high = self.sum(bounds.next()?)?.boxed(&mut depth);
                ExprKind::Between { of, low, high, negated }
            }
            Rule::pattern => {
                let text = test.into_inner().find(|p| p.as_rule() == Rule::text)?;
                ExprKind::Like { of, pattern: Spanned::new(self.text_value(&text), self.span(&text)), negated }
            }
            Rule::null_test => ExprKind::IsNull { of, negated: test.into_inner().any(|p| p.as_rule() == Rule::kw_not) },
            _ => return None,
        };
        self.node(kind, span, depth)
    }

    fn unary(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let first = parts.next()?;
        if first.as_rule() != Rule::minus {
            return self.operand(first);
        }
        let mut depth = 0;
        let kind = ExprKind::Negate(self.operand(parts.next()?)?.boxed(&mut depth));
        self.node(kind, span, depth)
    }

    fn operand(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        if pair.as_rule() == Rule::postfix {
            return self.postfix(pair);
        }
        let span = self.span(&pair);
        let kind = ExprKind::Literal(self.literal(pair.into_inner().next()?)?);
        self.node(kind, span, 0)
    }

    // ---------------------------------------------------------------- things

    pub(super) fn postfix(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let start = pair.as_span().start();
        let mut parts = pair.into_inner();
        let thing = parts.next()?;
        let mut tree = match thing.as_rule() {
            Rule::group => self.sentence(thing.into_inner().next()?)?,
            Rule::word => self.named(thing)?,
            _ => return None,
        };
        for member in parts {
            let span = self.text.span(start..Self::range(&member).end);
            let mut inner = member.into_inner();
            let field = self.name(&inner.next()?);
            let mut depth = 0;
            let args = match inner.next() {
                Some(arguments) => Some(self.arguments(arguments, &mut depth)?),
                None => None,
            };
            let of = tree.boxed(&mut depth);
            tree = self.node(ExprKind::Member { of, field, args }, span, depth)?;
        }
        Some(tree)
    }

    /// A name, or a call of it.
    fn named(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let name = self.name(&parts.next()?);
        let Some(arguments) = parts.next() else { return self.node(ExprKind::Name(name.value), span, 0) };
        let mut depth = 0;
        let args = self.arguments(arguments, &mut depth)?;
        self.node(ExprKind::Call { name, args }, span, depth)
    }

    /// What follows `per`, `same` and `id`: a name or a call, and its columns.
    pub(super) fn key(&mut self, pair: Pair<'t, Rule>, below: &mut u32) -> Option<Key> {
        let whole = self.span(&pair);
        let start = pair.as_span().start();
        let mut parts = pair.into_inner().peekable();
        let name_pair = parts.next()?;
        let name = self.name(&name_pair);
        let mut depth = 0;
        let mut tree = match parts.next_if(|p| p.as_rule() == Rule::arguments) {
            Some(arguments) => {
                let span = self.text.span(start..Self::range(&arguments).end);
                let args = self.arguments(arguments, &mut depth)?;
                self.node(ExprKind::Call { name, args }, span, depth)?
            }
            None => self.node(ExprKind::Name(name.value), name.span, 0)?,
        };
        for field in parts {
            let span = self.text.span(start..Self::range(&field).end);
            let mut depth = 0;
            let kind = ExprKind::Member { of: tree.boxed(&mut depth), field: self.name(&field), args: None };
            tree = self.node(kind, span, depth)?;
        }
        Some(Key { expr: tree.unboxed(below), span: whole })
    }
}

fn sums<'t>(pair: Pair<'t, Rule>) -> impl Iterator<Item = Pair<'t, Rule>> + use<'t> {
    let inner: Pairs<'t, Rule> = pair.into_inner();
    inner.filter(|p| p.as_rule() == Rule::sum)
}

fn binary_op(sign: &str) -> Option<BinaryOp> {
    Some(match sign {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Subtract,
        "*" => BinaryOp::Multiply,
        "/" => BinaryOp::Divide,
        "=" => BinaryOp::Equal,
        "!=" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessOrEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterOrEqual,
        "and" => BinaryOp::And,
        "or" => BinaryOp::Or,
        _ => return None,
    })
}
