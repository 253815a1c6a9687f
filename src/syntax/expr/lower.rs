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

    pub(super) fn operation(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let mut parts = Operands::of(pair);
        if let Some(conditional) = parts.next_if(Rule::conditional) {
            return self.conditional(conditional);
        }
        self.condition(&mut parts, Strength::Or)
    }

    /// Conditions that bind at least so strongly, joined from left to right.
    fn condition(&mut self, parts: &mut Operands<'t>, least: Strength) -> Option<Tree> {
        let start = parts.start();
        let mut left = self.negated(parts)?;
        while let Some((op, strength)) = parts.next_operator(Rule::boolean_op, least) {
            let right = self.condition(parts, strength.next())?;
            left = self.joined(op, left, right, start..parts.end)?;
        }
        Some(left)
    }

    /// `not not a = b`
    fn negated(&mut self, parts: &mut Operands<'t>) -> Option<Tree> {
        let mut nots = Vec::new();
        while let Some(not) = parts.next_if(Rule::kw_not) {
            nots.push(not.as_span().start());
        }
        let mut tree = self.compared(parts)?;
        for start in nots.into_iter().rev() {
            let mut depth = 0;
            let kind = ExprKind::Not(tree.boxed(&mut depth));
            tree = self.node(kind, self.text.span(start..parts.end), depth)?;
        }
        Some(tree)
    }

    fn compared(&mut self, parts: &mut Operands<'t>) -> Option<Tree> {
        let start = parts.start();
        let comparisons = parts.comparisons();
        if let [first, _, ..] = comparisons.as_slice() {
            let left = start..first.as_span().start();
            self.chained_comparison(left, &comparisons);
            return None;
        }
        let left = self.arithmetic(parts, Strength::Sum)?;
        match parts.next_if(Rule::comparison) {
            Some(comparison) => self.comparison(left, start, comparison),
            None => Some(left),
        }
    }

    pub(super) fn sum(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        self.arithmetic(&mut Operands::of(pair), Strength::Sum)
    }

    /// Operands that bind at least so strongly, joined from left to right.
    fn arithmetic(&mut self, parts: &mut Operands<'t>, least: Strength) -> Option<Tree> {
        let start = parts.start();
        let mut left = self.signed_operand(parts)?;
        while let Some((op, strength)) = parts.next_operator(Rule::arithmetic_op, least) {
            let right = self.arithmetic(parts, strength.next())?;
            left = self.joined(op, left, right, start..parts.end)?;
        }
        Some(left)
    }

    fn joined(&mut self, op: BinaryOp, left: Tree, right: Tree, range: Range<usize>) -> Option<Tree> {
        let mut depth = 0;
        let (left, right) = (left.boxed(&mut depth), right.boxed(&mut depth));
        self.node(ExprKind::Binary { op, left, right }, self.text.span(range), depth)
    }

    fn conditional(&mut self, pair: Pair<'t, Rule>) -> Option<Tree> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner().filter(|p| p.as_rule() == Rule::operation);
        let mut depth = 0;
        let condition = self.operation(parts.next()?)?.boxed(&mut depth);
        let then = self.operation(parts.next()?)?.boxed(&mut depth);
        let otherwise = self.operation(parts.next()?)?.boxed(&mut depth);
        self.node(ExprKind::If { condition, then, otherwise }, span, depth)
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

    fn signed_operand(&mut self, parts: &mut Operands<'t>) -> Option<Tree> {
        let start = parts.start();
        let minus = parts.next_if(Rule::minus).is_some();
        let tree = self.operand(parts.next()?)?;
        if !minus {
            return Some(tree);
        }
        let mut depth = 0;
        let kind = ExprKind::Negate(tree.boxed(&mut depth));
        self.node(kind, self.text.span(start..parts.end), depth)
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
        let mut parts = pair.into_inner().peekable();
        let thing = parts.next()?;
        let mut tree = match thing.as_rule() {
            Rule::group => self.sentence(thing.into_inner().next()?)?,
            Rule::name => self.named(&thing, parts.next_if(|p| p.as_rule() == Rule::arguments))?,
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
    fn named(&mut self, pair: &Pair<'t, Rule>, arguments: Option<Pair<'t, Rule>>) -> Option<Tree> {
        let name = self.name(pair);
        let Some(arguments) = arguments else { return self.node(ExprKind::Name(name.value), name.span, 0) };
        let span = self.text.span(pair.as_span().start()..Self::range(&arguments).end);
        let mut depth = 0;
        let args = self.arguments(arguments, &mut depth)?;
        self.node(ExprKind::Call { name, args }, span, depth)
    }

    /// What follows `per`, `same` and `id`: a name or a call, and its columns.
    pub(super) fn key(&mut self, pair: Pair<'t, Rule>, below: &mut u32) -> Option<Key> {
        let whole = self.span(&pair);
        let start = pair.as_span().start();
        let mut parts = pair.into_inner().peekable();
        let name = parts.next()?;
        let arguments = parts.next_if(|p| p.as_rule() == Rule::arguments);
        let mut tree = self.named(&name, arguments)?;
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

/// How strongly the operators bind that join operands, the loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Or,
    And,
    Sum,
    Product,
    Operand,
}

impl Strength {
    fn of(op: BinaryOp) -> Option<Self> {
        Some(match op {
            BinaryOp::Or => Self::Or,
            BinaryOp::And => Self::And,
            BinaryOp::Add | BinaryOp::Subtract => Self::Sum,
            BinaryOp::Multiply | BinaryOp::Divide => Self::Product,
            _ => return None,
        })
    }

    fn next(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product | Self::Operand => Self::Operand,
        }
    }
}

/// What is left of an operation's operands and operators.
struct Operands<'t> {
    rest: Pairs<'t, Rule>,
    /// Where the last part that was taken ends.
    end: usize,
}

impl<'t> Operands<'t> {
    fn of(pair: Pair<'t, Rule>) -> Self {
        let end = pair.as_span().start();
        Self { rest: pair.into_inner(), end }
    }

    fn next(&mut self) -> Option<Pair<'t, Rule>> {
        let pair = self.rest.next()?;
        self.end = Lower::range(&pair).end;
        Some(pair)
    }

    fn next_if(&mut self, rule: Rule) -> Option<Pair<'t, Rule>> {
        if self.rest.peek()?.as_rule() == rule { self.next() } else { None }
    }

    /// An operator of this rule that binds at least so strongly.
    fn next_operator(&mut self, rule: Rule, least: Strength) -> Option<(BinaryOp, Strength)> {
        let sign = self.rest.peek().filter(|p| p.as_rule() == rule)?;
        let op = binary_op(text_of(&sign))?;
        let strength = Strength::of(op).filter(|s| *s >= least)?;
        self.next();
        Some((op, strength))
    }

    /// Where the next part begins.
    fn start(&self) -> usize {
        self.rest.peek().map_or(self.end, |p| p.as_span().start())
    }

    /// The comparisons after the arithmetic that comes next.
    fn comparisons(&self) -> Vec<Pair<'t, Rule>> {
        let arithmetic = |p: &Pair<'_, Rule>| {
            matches!(p.as_rule(), Rule::minus | Rule::literal | Rule::postfix | Rule::arithmetic_op)
        };
        self.rest.clone().skip_while(arithmetic).take_while(|p| p.as_rule() == Rule::comparison).collect()
    }
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
