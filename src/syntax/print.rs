//! The inverse of parsing: a tree as the text that reads as it.
//!
//! Parentheses are put back where the grammar needs them and nowhere else. A negative number is no literal of the grammar:
//! it prints as a negation and reads as one.

mod literal;
mod target;
mod yaml;

pub use literal::{length, name, period, text, window};
pub use target::{baseline, effect, guardrail, link, target};
pub use yaml::{yaml, yaml_in_flow};

use crate::syntax::ast::{Arg, BinaryOp, Expr, ExprKind, Flag, Key, OptionWord, Step};

pub fn expr(expr: &Expr) -> String {
    let mut out = String::new();
    write(&mut out, expr, Level::Sentence);
    out
}

/// The levels of the grammar, loosest first: where an expression may stand without parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// A head and its phrases, perhaps compared.
    Sentence,
    /// A head and its phrases.
    Phrases,
    /// Where a condition stands: operators, or `if`.
    Condition,
    Or,
    And,
    Not,
    Compared,
    Sum,
    Product,
    Unary,
    Literal,
    /// A name, a call, a column of a thing.
    Thing,
}

fn level(expr: &Expr) -> Level {
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Member { .. } | ExprKind::Call { .. } => Level::Thing,
        ExprKind::Literal(literal) if literal::is_negative(literal) => Level::Unary,
        ExprKind::Literal(_) => Level::Literal,
        ExprKind::Negate(_) => Level::Unary,
        ExprKind::Not(_) => Level::Not,
        ExprKind::Binary { op, left, .. } => match op {
            BinaryOp::Multiply | BinaryOp::Divide => Level::Product,
            BinaryOp::Add | BinaryOp::Subtract => Level::Sum,
            BinaryOp::And => Level::And,
            BinaryOp::Or => Level::Or,
            _ => compared(left),
        },
        ExprKind::In { of, .. } | ExprKind::Between { of, .. } => compared(of),
        ExprKind::Like { of, .. } | ExprKind::IsNull { of, .. } => compared(of),
        ExprKind::If { .. } => Level::Condition,
        ExprKind::Where { .. } | ExprKind::Per { .. } | ExprKind::Over { .. } => Level::Phrases,
    }
}

/// A comparison may follow `per` and `over`, where a sentence may stand.
fn compared(left: &Expr) -> Level {
    match left.kind {
        ExprKind::Per { .. } | ExprKind::Over { .. } => Level::Sentence,
        _ => Level::Compared,
    }
}

fn write(out: &mut String, expr: &Expr, least: Level) {
    if level(expr) >= least {
        return bare(out, expr);
    }
    // `(a per b) >= 1` reads better than `((a per b) >= 1)` would: the left side alone needs them.
    if level(expr) == Level::Sentence && least <= Level::Compared {
        return comparison(out, expr, Level::Sum);
    }
    out.push('(');
    bare(out, expr);
    out.push(')');
}

fn bare(out: &mut String, expr: &Expr) {
    match &expr.kind {
        ExprKind::Name(text) => out.push_str(&name(text)),
        ExprKind::Member { of, field, args } => {
            write(out, of, Level::Thing);
            out.push('.');
            out.push_str(&literal::field(&field.value));
            if let Some(args) = args {
                arguments(out, args);
            }
        }
        ExprKind::Call { name: called, args } => {
            out.push_str(&name(&called.value));
            arguments(out, args);
        }
        ExprKind::Literal(value) => out.push_str(&literal::literal(value)),
        ExprKind::Negate(of) => {
            out.push('-');
            write(out, of, Level::Literal);
        }
        ExprKind::Not(of) => {
            out.push_str("not ");
            write(out, of, Level::Not);
        }
        ExprKind::Binary { op, left, right } => match op {
            BinaryOp::Multiply | BinaryOp::Divide => chain(out, *op, left, right, Level::Product, Level::Unary),
            BinaryOp::Add | BinaryOp::Subtract => chain(out, *op, left, right, Level::Sum, Level::Product),
            BinaryOp::And => chain(out, *op, left, right, Level::And, Level::Not),
            BinaryOp::Or => chain(out, *op, left, right, Level::Or, Level::And),
            _ => comparison(out, expr, Level::Phrases),
        },
        ExprKind::In { .. } | ExprKind::Between { .. } | ExprKind::Like { .. } | ExprKind::IsNull { .. } => {
            comparison(out, expr, Level::Phrases);
        }
        ExprKind::If { condition, then, otherwise } => {
            out.push_str("if ");
            write(out, condition, Level::Condition);
            out.push_str(" then ");
            write(out, then, Level::Condition);
            out.push_str(" else ");
            write(out, otherwise, Level::Condition);
        }
        ExprKind::Where { of, condition } => {
            head(out, of);
            out.push_str(" where ");
            write(out, condition, Level::Condition);
        }
        ExprKind::Per { of, key, within } => {
            head(out, of);
            out.push_str(" per ");
            write_key(out, key);
            if let Some(within) = within {
                out.push_str(" within ");
                out.push_str(&window(within.value));
            }
        }
        ExprKind::Over { of, window: over } => {
            head(out, of);
            out.push_str(" over ");
            out.push_str(&window(over.value));
        }
    }
}

fn chain(out: &mut String, op: BinaryOp, left: &Expr, right: &Expr, least_left: Level, least_right: Level) {
    write(out, left, least_left);
    out.push(' ');
    out.push_str(op_text(op));
    out.push(' ');
    write(out, right, least_right);
}

/// The left side of a comparison: a phrase stands bare where the level allows it, and anything else is a sum.
fn comparison(out: &mut String, expr: &Expr, least_left: Level) {
    let left = |out: &mut String, of: &Expr| match of.kind {
        ExprKind::Per { .. } | ExprKind::Over { .. } => write(out, of, least_left),
        _ => write(out, of, Level::Sum),
    };
    let not = |negated: bool| if negated { " not" } else { "" };
    match &expr.kind {
        ExprKind::Binary { op, left: of, right } => {
            left(out, of);
            out.push(' ');
            out.push_str(op_text(*op));
            out.push(' ');
            write(out, right, Level::Sum);
        }
        ExprKind::In { of, list, negated } => {
            left(out, of);
            out.push_str(not(*negated));
            out.push_str(" in (");
            separated(out, list, |out, item| write(out, item, Level::Sum));
            out.push(')');
        }
        ExprKind::Between { of, low, high, negated } => {
            left(out, of);
            out.push_str(not(*negated));
            out.push_str(" between ");
            write(out, low, Level::Sum);
            out.push_str(" and ");
            write(out, high, Level::Sum);
        }
        ExprKind::Like { of, pattern, negated } => {
            left(out, of);
            out.push_str(not(*negated));
            out.push_str(" like ");
            out.push_str(&text(&pattern.value));
        }
        ExprKind::IsNull { of, negated } => {
            left(out, of);
            out.push_str(" is");
            out.push_str(not(*negated));
            out.push_str(" null");
        }
        _ => bare(out, expr),
    }
}

/// What a phrase follows: another phrase, or one thing.
fn head(out: &mut String, of: &Expr) {
    let least = if level(of) == Level::Phrases { Level::Phrases } else { Level::Thing };
    write(out, of, least);
}

fn write_key(out: &mut String, key: &Key) {
    write(out, &key.expr, Level::Thing);
}

fn separated<T>(out: &mut String, items: &[T], mut one: impl FnMut(&mut String, &T)) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        one(out, item);
    }
}

fn arguments(out: &mut String, args: &[Arg]) {
    out.push('(');
    separated(out, args, |out, arg| match arg {
        Arg::Expr(Expr { kind: ExprKind::Name(text), .. }) if FLAGS.iter().any(|(_, word)| word == text) => {
            out.push_str(&literal::quoted(text));
        }
        Arg::Expr(expr) => write(out, expr, Level::Sentence),
        Arg::Chain(steps) => {
            for (i, step) in steps.iter().enumerate() {
                if i > 0 {
                    out.push_str(" -> ");
                }
                write_step(out, step);
            }
        }
        Arg::Option(option) => write_option(out, &option.value),
    });
    out.push(')');
}

fn write_step(out: &mut String, step: &Step) {
    if step.excluded {
        out.push_str("not ");
    }
    head(out, &step.expr);
}

fn write_option(out: &mut String, option: &OptionWord) {
    let text = match option {
        OptionWord::Within(within) => format!("within {}", literal::short_window(*within)),
        OptionWord::Gap { length, or_more } => {
            format!("gap {}{}", literal::short_length(*length), if *or_more { " or more" } else { "" })
        }
        OptionWord::After(after) => format!("after {}", literal::short_length(*after)),
        OptionWord::Max(max) => format!("max {}", literal::short_length(*max)),
        OptionWord::AtLeast(n) => format!("at least {n}"),
        OptionWord::Offset { grain, from, to, any } => {
            let any = if *any { "any " } else { "" };
            let to = to.map(|to| format!(" to {to}")).unwrap_or_default();
            format!("{any}{grain} {from}{to}")
        }
        OptionWord::Top { top, of } => format!("top {top} of {of}"),
        OptionWord::Excluding(expr) => {
            out.push_str("excluding ");
            return write(out, expr, Level::Sentence);
        }
        OptionWord::Same(expr) => {
            out.push_str("same ");
            return write(out, expr, Level::Thing);
        }
        OptionWord::Id(expr) => {
            out.push_str("id ");
            return write(out, expr, Level::Thing);
        }
        OptionWord::Flag(flag) => FLAGS.iter().find(|(f, _)| f == flag).map_or("", |(_, word)| *word).to_owned(),
    };
    out.push_str(&text);
}

/// Options that are words alone.
const FLAGS: &[(Flag, &str)] = &[
    (Flag::AnyOrder, "any order"),
    (Flag::FirstEntry, "first entry"),
    (Flag::EachEntry, "each entry"),
    (Flag::LatestEntry, "latest entry"),
    (Flag::OnOrAfter, "on or after"),
    (Flag::AllAnswers, "all answers"),
    (Flag::SplitAtMidnight, "split at midnight"),
    (Flag::Ordered, "ordered"),
    (Flag::Strict, "strict"),
    (Flag::Rolling, "rolling"),
    (Flag::Recurring, "recurring"),
    (Flag::Approximate, "approximate"),
    (Flag::Discrete, "discrete"),
    (Flag::MatureOnly, "mature only"),
    (Flag::ExcludeActors, "exclude actors"),
    (Flag::NoRepeats, "no repeats"),
    (Flag::IgnoringRepeats, "ignoring repeats"),
    (Flag::Increasing, "increasing"),
];

fn op_text(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Equal => "=",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessOrEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterOrEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
    }
}
