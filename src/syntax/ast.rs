//! Expressions as they were written. No name is resolved at this stage, and nothing is typed.
//!
//! The tree holds no parentheses and no white space: `print` puts back the parentheses that are needed.

use crate::calendar::{Grain, Length, PeriodLiteral, Window};
use crate::decimal::Decimal;
use crate::source::{Span, Spanned};

/// A name without its backticks.
pub type Name = Spanned<String>;

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Name(String),
    /// `of.field` or `of.field(args)`.
    Member {
        of: Box<Expr>,
        field: Name,
        args: Option<Vec<Arg>>,
    },
    Call {
        name: Name,
        args: Vec<Arg>,
    },
    Literal(Literal),
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    In {
        of: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    Between {
        of: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        negated: bool,
    },
    Like {
        of: Box<Expr>,
        pattern: Spanned<String>,
        negated: bool,
    },
    IsNull {
        of: Box<Expr>,
        negated: bool,
    },
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Where {
        of: Box<Expr>,
        condition: Box<Expr>,
    },
    Per {
        of: Box<Expr>,
        key: Box<Key>,
        within: Option<Spanned<Window>>,
    },
    Over {
        of: Box<Expr>,
        window: Spanned<Window>,
    },
}

/// What follows `per`: `actor`, a grain, a column, an event set, `active.actor`. Told apart by name when it is resolved.
#[derive(Clone, Debug)]
pub struct Key {
    pub expr: Expr,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Arg {
    Expr(Expr),
    /// `A -> not X -> B`; at least two steps.
    Chain(Vec<Step>),
    Option(Spanned<OptionWord>),
}

#[derive(Clone, Debug)]
pub struct Step {
    pub expr: Expr,
    /// `not X` between two steps.
    pub excluded: bool,
}

/// A named argument: words, never `name: value`.
#[derive(Clone, Debug)]
pub enum OptionWord {
    Within(Window),
    /// `gap 30m`, `gap 30m or more`: whether a pause of just that length is one.
    Gap {
        length: Length,
        or_more: bool,
    },
    After(Length),
    Max(Length),
    AtLeast(u32),
    /// `day 7`, `week 0 to 10`, `any day 1 to 3`: whether the offsets are one stretch.
    Offset {
        grain: Grain,
        from: u32,
        to: Option<u32>,
        any: bool,
    },
    /// `top 2 of 5`.
    Top {
        top: u32,
        of: u32,
    },
    Excluding(Box<Expr>),
    Same(Box<Expr>),
    Id(Box<Expr>),
    Flag(Flag),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    AnyOrder,
    FirstEntry,
    EachEntry,
    LatestEntry,
    OnOrAfter,
    AllAnswers,
    SplitAtMidnight,
    Ordered,
    Strict,
    Rolling,
    Recurring,
    Approximate,
    Discrete,
    MatureOnly,
    ExcludeActors,
    NoRepeats,
    IgnoringRepeats,
    Increasing,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Null,
    Bool(bool),
    Number(Decimal),
    /// `20%`: the number before the sign.
    Percent(Decimal),
    /// `5.4 minutes`, `9.99 USD`, `0.5 points`, `300 users`, `3 USD/user`.
    Quantity {
        number: Decimal,
        unit: Name,
    },
    Duration(Length),
    Text(String),
    Period(PeriodLiteral),
    /// An ISO 8601 date and time as written; without an offset it is local time of the project's zone.
    Instant(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

// ---------------------------------------------------------------- targets, baselines, guardrails

/// `increase by 20% from 2026-Q3`.
#[derive(Clone, Debug)]
pub struct Target {
    pub kind: TargetKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum TargetKind {
    Reach(Amount),
    Change { direction: Direction, by: bool, amount: Amount, from: Option<Baseline> },
    KeepAtLeast(Amount),
    KeepAtMost(Amount),
    KeepAbove(Amount),
    KeepBelow(Amount),
    KeepBetween(Amount, Amount),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    Increase,
    Reduce,
}

#[derive(Clone, Debug)]
pub struct Amount {
    pub kind: AmountKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum AmountKind {
    /// `Percent`, `Number`, `Quantity` or `Duration`.
    Literal(Literal),
    /// `session_industry.p75`.
    Benchmark { name: Name, quantile: Name },
}

#[derive(Clone, Debug)]
pub struct Baseline {
    pub kind: BaselineKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum BaselineKind {
    Period(PeriodLiteral),
    /// `last 8 weeks` (pooled) or `median of last 8 weeks`.
    Last {
        length: Length,
        statistic: Option<BaselineStatistic>,
    },
    Amount(Amount),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BaselineStatistic {
    Mean,
    Median,
    Best,
    Worst,
}

/// `crash_rate <= 1%`, `unsubscribes no worse than 5%`.
#[derive(Clone, Debug)]
pub struct Guardrail {
    pub metric: Name,
    pub condition: Option<Expr>,
    pub bound: GuardrailBound,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum GuardrailBound {
    Compare { op: BinaryOp, amount: Amount },
    NoWorseThan(Amount),
}

/// `+8%`, `-3 minutes`: what an action is expected to bring.
#[derive(Clone, Debug)]
pub struct Effect {
    pub increase: bool,
    pub amount: Amount,
    pub span: Span,
}
