//! Expressions over one row.

use crate::calendar::Grain;
use crate::ir::{ColumnId, Edge, ScalarType};
use crate::unit::Unit;
use crate::value::Value;

/// From a row over links to a row of a lookup.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way {
    /// A link of the row's table, then for each further step one of the lookup that has been reached; at least one.
    pub links: Vec<u32>,
    /// The column of the row's table that tells which row of a lookup holds; `None` where none on the way asks for it.
    pub clock: Option<ColumnId>,
}

/// An expression over one row of one source, typed. Null in, null out, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowExpr {
    pub kind: RowKind,
    pub ty: ScalarType,
    pub unit: Unit,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    Column(ColumnId),
    /// A column of the lookup that a way leads to; null where it leads to no row.
    Linked {
        way: Way,
        column: ColumnId,
    },
    /// Of a row that is made of others: the value of one of those, by the branch that it is of.
    Made {
        at: Edge,
        of: Vec<RowExpr>,
    },
    Literal(Value),
    Negate(Box<RowExpr>),
    /// Integer and decimal arithmetic is exact and checked; one float makes it float; `/` is float, and null when the
    /// divisor is zero.
    Arithmetic {
        op: Arithmetic,
        left: Box<RowExpr>,
        right: Box<RowExpr>,
    },
    /// `value × num / den`: makes two scales of one unit equal. Exact on integers and decimals where it can be.
    Convert {
        of: Box<RowExpr>,
        num: u64,
        den: u64,
    },
    Compare {
        op: Comparison,
        left: Box<RowExpr>,
        right: Box<RowExpr>,
    },
    /// SQL's three values.
    And(Box<RowExpr>, Box<RowExpr>),
    Or(Box<RowExpr>, Box<RowExpr>),
    Not(Box<RowExpr>),
    /// Null when nothing is equal and something is null.
    In {
        of: Box<RowExpr>,
        list: Vec<RowExpr>,
    },
    /// SQL LIKE: `%` any text, `_` one character, `\` takes the next character as it is; case-sensitive.
    Like {
        of: Box<RowExpr>,
        pattern: String,
    },
    /// Never null.
    IsNull(Box<RowExpr>),
    /// A condition that is not true takes `otherwise`.
    If {
        condition: Box<RowExpr>,
        then: Box<RowExpr>,
        otherwise: Box<RowExpr>,
    },
    Call {
        function: RowFunction,
        args: Vec<RowExpr>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Functions of a row. Civil parts of an instant are in the project's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowFunction {
    /// First argument that is not null.
    Coalesce,
    Abs,
    /// Half away from zero; optional number of decimal places (a literal, 0 to 15).
    Round,
    Floor,
    Ceil,
    /// Of two or more, nulls ignored; null when all are.
    Least,
    Greatest,
    /// Natural logarithm; null at or below zero. Float.
    Log,
    /// Null below zero. Float.
    Sqrt,
    Lower,
    Upper,
    Trim,
    /// Characters of a text, elements of a list. Int.
    Length,
    /// `starts_with(text, prefix)`, likewise the next two. Bool.
    StartsWith,
    EndsWith,
    Contains,
    /// The start of the civil period that holds an instant, as a date: `day(ts)`, `week(ts)`, `month(ts)`, `quarter(ts)`, `year(ts)`.
    PeriodStart(Grain),
    /// 0 to 23. Int.
    HourOfDay,
    /// Monday = 1. Int.
    Weekday,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12.
    MonthOfYear,
    /// 1 to 4, of the fiscal year.
    QuarterOfYear,
    /// 1 to 366, of the calendar year.
    DayOfYear,
    /// `(list, …, condition)`: whether the condition is true of an element. Null of a null list, and where it is true of none and
    /// unknown of one. Many lists are of one length in each row, or null: fields of the same elements. Bool.
    AnyOf,
    /// Within the condition of `AnyOf`: the element at hand, of the list of this number. Without arguments.
    Element(u32),
    /// `(of, path)`: what stands at a path of names in a JSON text, or by a key in a list of pairs, read as the expression's
    /// type; null where nothing does. What is of another type is an error.
    Field,
    /// Of two or more, all of them as one value: text that is equal where each of them is. Null where one of them is.
    Together,
    /// Of a score from 0 to 10: 100 for 9 and 10, -100 for 0 to 6, else 0. Another number is an error. Int.
    Promoter,
    /// Of a score from 1 to `of`: whether it is one of the best `top`. Another number is an error. Bool.
    Satisfied {
        top: u32,
        of: u32,
    },
}
