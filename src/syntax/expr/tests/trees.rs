//! Any tree: print it, read it, and it is the same tree.

use proptest::prelude::*;

use crate::calendar::{Grain, Length, PeriodLiteral, SpanUnit, Window};
use crate::decimal::Decimal;
use crate::source::{FileId, Span, Spanned};
use crate::syntax::ast::{
    Amount, AmountKind, Arg, Baseline, BaselineKind, BaselineStatistic, BinaryOp, Direction, Effect, Expr, ExprKind,
    Flag, Guardrail, GuardrailBound, Key, Literal, OptionWord, Step, Target, TargetKind,
};
use crate::syntax::expr::tests::{cases, complaint, located, without_places};
use crate::syntax::{expr, print};

const NOWHERE: Span = Span { file: FileId(0), start: 0, end: 0 };

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned::new(value, NOWHERE)
}

fn node(kind: ExprKind) -> Expr {
    Expr { kind, span: NOWHERE }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z][a-z0-9_]{0,6}",
        1 => prop::sample::select(expr::KEYWORDS).prop_map(str::to_owned),
        1 => prop::sample::select(vec![
            "Plan Type", "größe", "$browser", "_x", "FY2026", "FY2026-Q1", "a-b", "3d", "strict", "rolling", "id", "max", "first",
            "day", "no", "within 14d", "all", "名前", "\"", "a.b",
        ]).prop_map(str::to_owned),
    ]
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (0i128..2_000_000, 0u8..4).prop_map(|(mantissa, scale)| Decimal { mantissa, scale })
}

fn span_unit() -> impl Strategy<Value = SpanUnit> {
    prop::sample::select(vec![
        SpanUnit::Millisecond,
        SpanUnit::Second,
        SpanUnit::Minute,
        SpanUnit::Hour,
        SpanUnit::Day,
        SpanUnit::Week,
        SpanUnit::Month,
        SpanUnit::Quarter,
        SpanUnit::Year,
        SpanUnit::Period,
    ])
}

fn length() -> impl Strategy<Value = Length> {
    (prop_oneof![0u32..100, Just(u32::MAX)], span_unit()).prop_map(|(count, unit)| Length { count, unit })
}

fn grain() -> impl Strategy<Value = Grain> {
    prop::sample::select(Grain::ALL.to_vec())
}

fn span() -> impl Strategy<Value = Window> {
    prop_oneof![3 => length().prop_map(Window::Trailing), 1 => Just(Window::AllTime)]
}

fn window() -> impl Strategy<Value = Window> {
    prop_oneof![2 => span(), 1 => grain().prop_map(Window::ToDate)]
}

fn period() -> impl Strategy<Value = PeriodLiteral> {
    let year = 0u16..=9999;
    prop_oneof![
        (year.clone(), 1u8..=4).prop_map(|(y, q)| PeriodLiteral::Quarter(y, q)),
        (year.clone(), 0u8..=99).prop_map(|(y, m)| PeriodLiteral::Month(y, m)),
        (year.clone(), 0u8..=99).prop_map(|(y, w)| PeriodLiteral::Week(y, w)),
        (year.clone(), 0u8..=99, 0u8..=99).prop_map(|(y, m, d)| PeriodLiteral::Day(y, m, d)),
        year.clone().prop_map(PeriodLiteral::FiscalYear),
        (year, 1u8..=4).prop_map(|(y, q)| PeriodLiteral::FiscalQuarter(y, q)),
    ]
}

fn quantity() -> impl Strategy<Value = Literal> {
    let plain = (decimal(), prop::sample::select(vec!["USD", "points", "users", "USD/user", "order", "names"]));
    // A whole number of minutes is a length of time.
    let timed = (0i128..1000).prop_map(|m| (Decimal { mantissa: m, scale: 1 }, "minutes"));
    prop_oneof![plain, timed].prop_map(|(number, unit)| Literal::Quantity { number, unit: spanned(unit.to_owned()) })
}

fn literal() -> impl Strategy<Value = Literal> {
    let instants = vec!["2026-03-01T10:00", "2026-03-01T10:00:59Z", "2026-03-01T10:00:00.123+01:00"];
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        decimal().prop_map(Literal::Number),
        decimal().prop_map(Literal::Percent),
        quantity(),
        length().prop_map(Literal::Duration),
        "[a-z \"\\\\`',()äß\n\t#:]{0,8}".prop_map(Literal::Text),
        period().prop_map(Literal::Period),
        prop::sample::select(instants).prop_map(|t| Literal::Instant(t.to_owned())),
    ]
}

fn binary_op() -> impl Strategy<Value = BinaryOp> {
    prop::sample::select(vec![
        BinaryOp::Add,
        BinaryOp::Subtract,
        BinaryOp::Multiply,
        BinaryOp::Divide,
        BinaryOp::Equal,
        BinaryOp::NotEqual,
        BinaryOp::Less,
        BinaryOp::LessOrEqual,
        BinaryOp::Greater,
        BinaryOp::GreaterOrEqual,
        BinaryOp::And,
        BinaryOp::Or,
    ])
}

/// `= null` is refused.
fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    let null = |e: &Expr| matches!(e.kind, ExprKind::Literal(Literal::Null));
    let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
    let op = if equality && (null(&left) || null(&right)) { BinaryOp::Less } else { op };
    node(ExprKind::Binary { op, left: left.into(), right: right.into() })
}

fn key(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    let head = prop_oneof![
        3 => name().prop_map(|n| node(ExprKind::Name(n))),
        1 => (name(), args(inner)).prop_map(|(n, args)| node(ExprKind::Call { name: spanned(n), args })),
    ];
    (head, prop::collection::vec(name(), 0..3)).prop_map(|(head, fields)| {
        fields
            .into_iter()
            .fold(head, |of, field| node(ExprKind::Member { of: of.into(), field: spanned(field), args: None }))
    })
}

fn flag() -> impl Strategy<Value = Flag> {
    prop::sample::select(vec![
        Flag::AnyOrder,
        Flag::FirstEntry,
        Flag::EachEntry,
        Flag::LatestEntry,
        Flag::OnOrAfter,
        Flag::AllAnswers,
        Flag::SplitAtMidnight,
        Flag::Ordered,
        Flag::Strict,
        Flag::Rolling,
        Flag::Recurring,
        Flag::Approximate,
        Flag::Discrete,
        Flag::MatureOnly,
        Flag::ExcludeActors,
        Flag::NoRepeats,
        Flag::IgnoringRepeats,
        Flag::Increasing,
    ])
}

fn option(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = OptionWord> {
    let name = || name().prop_map(|n| node(ExprKind::Name(n)));
    prop_oneof![
        span().prop_map(OptionWord::Within),
        (length(), any::<bool>()).prop_map(|(length, or_more)| OptionWord::Gap { length, or_more }),
        length().prop_map(OptionWord::After),
        length().prop_map(OptionWord::Max),
        any::<u32>().prop_map(OptionWord::AtLeast),
        (grain(), any::<u32>(), prop::option::of(0u32..9), any::<bool>())
            .prop_map(|(grain, from, to, any)| OptionWord::Offset { grain, from, to, any }),
        (0u32..9, 0u32..9).prop_map(|(top, of)| OptionWord::Top { top, of }),
        inner.prop_map(|e| OptionWord::Excluding(e.into())),
        name().prop_map(|e| OptionWord::Same(e.into())),
        name().prop_map(|e| OptionWord::Id(e.into())),
        flag().prop_map(OptionWord::Flag),
    ]
}

fn chain(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((inner, any::<bool>()), 2..5).prop_map(|steps| {
        let last = steps.len() - 1;
        let step = |(i, (expr, excluded))| Step { expr, excluded: excluded && i != 0 && i != last };
        steps.into_iter().enumerate().map(step).collect()
    })
}

fn args(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Vec<Arg>> {
    let arg = prop_oneof![
        4 => inner.clone().prop_map(Arg::Expr),
        1 => chain(inner.clone()).prop_map(Arg::Chain),
        2 => option(inner).prop_map(|o| Arg::Option(spanned(o))),
    ];
    prop::collection::vec(arg, 0..3)
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        3 => name().prop_map(|n| node(ExprKind::Name(n))),
        2 => literal().prop_map(|l| node(ExprKind::Literal(l))),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let inner = inner.boxed();
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            1 => boxed().prop_map(|e| node(ExprKind::Negate(e))),
            1 => boxed().prop_map(|e| node(ExprKind::Not(e))),
            4 => (binary_op(), inner.clone(), inner.clone()).prop_map(|(op, l, r)| binary(op, l, r)),
            2 => (inner.clone(), name(), prop::option::of(args(inner.clone()))).prop_map(|(of, field, args)| {
                node(ExprKind::Member { of: of.into(), field: spanned(field), args })
            }),
            2 => (name(), args(inner.clone())).prop_map(|(n, args)| node(ExprKind::Call { name: spanned(n), args })),
            1 => (boxed(), prop::collection::vec(inner.clone(), 1..3), any::<bool>())
                .prop_map(|(of, list, negated)| node(ExprKind::In { of, list, negated })),
            1 => (boxed(), boxed(), boxed(), any::<bool>())
                .prop_map(|(of, low, high, negated)| node(ExprKind::Between { of, low, high, negated })),
            1 => (boxed(), "[a-z%\"]{0,4}", any::<bool>()).prop_map(|(of, pattern, negated)| {
                node(ExprKind::Like { of, pattern: spanned(pattern), negated })
            }),
            1 => (boxed(), any::<bool>()).prop_map(|(of, negated)| node(ExprKind::IsNull { of, negated })),
            1 => (boxed(), boxed(), boxed())
                .prop_map(|(condition, then, otherwise)| node(ExprKind::If { condition, then, otherwise })),
            3 => (boxed(), boxed()).prop_map(|(of, condition)| node(ExprKind::Where { of, condition })),
            3 => (boxed(), key(inner.clone()), prop::option::of(span())).prop_map(|(of, key, within)| {
                let key = Key { expr: key, span: NOWHERE };
                node(ExprKind::Per { of, key: key.into(), within: within.map(spanned) })
            }),
            3 => (boxed(), window()).prop_map(|(of, window)| node(ExprKind::Over { of, window: spanned(window) })),
        ]
    })
}

fn amount_of(literal: Literal) -> Amount {
    Amount { kind: AmountKind::Literal(literal), span: NOWHERE }
}

fn amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        decimal().prop_map(|d| amount_of(Literal::Number(d))),
        decimal().prop_map(|d| amount_of(Literal::Percent(d))),
        quantity().prop_map(amount_of),
        length().prop_map(|l| amount_of(Literal::Duration(l))),
        (name(), name()).prop_map(|(name, quantile)| Amount {
            kind: AmountKind::Benchmark { name: spanned(name), quantile: spanned(quantile) },
            span: NOWHERE,
        }),
    ]
}

fn signed() -> impl Strategy<Value = Amount> {
    let below_zero =
        (1i128..500, 0u8..3).prop_map(|(m, scale)| amount_of(Literal::Number(Decimal { mantissa: -m, scale })));
    prop_oneof![4 => amount(), 1 => below_zero]
}

fn baseline() -> impl Strategy<Value = Baseline> {
    let statistic = prop::sample::select(vec![
        BaselineStatistic::Mean,
        BaselineStatistic::Median,
        BaselineStatistic::Best,
        BaselineStatistic::Worst,
    ]);
    prop_oneof![
        period().prop_map(BaselineKind::Period),
        (length(), prop::option::of(statistic))
            .prop_map(|(length, statistic)| BaselineKind::Last { length, statistic }),
        // A whole number in the range of years prints with a fraction.
        signed()
            .prop_filter("a year", |a| !matches!(&a.kind, AmountKind::Literal(Literal::Number(n)) if n.scale == 0))
            .prop_map(BaselineKind::Amount),
    ]
    .prop_map(|kind| Baseline { kind, span: NOWHERE })
}

fn any_target() -> impl Strategy<Value = Target> {
    let direction = prop_oneof![Just(Direction::Increase), Just(Direction::Reduce)];
    prop_oneof![
        signed().prop_map(TargetKind::Reach),
        (direction, any::<bool>(), amount(), prop::option::of(baseline()))
            .prop_map(|(direction, by, amount, from)| TargetKind::Change { direction, by, amount, from }),
        signed().prop_map(TargetKind::KeepAtLeast),
        signed().prop_map(TargetKind::KeepAtMost),
        signed().prop_map(TargetKind::KeepAbove),
        signed().prop_map(TargetKind::KeepBelow),
        (signed(), signed()).prop_map(|(low, high)| TargetKind::KeepBetween(low, high)),
    ]
    .prop_map(|kind| Target { kind, span: NOWHERE })
}

fn any_guardrail() -> impl Strategy<Value = Guardrail> {
    let ops = vec![BinaryOp::Less, BinaryOp::LessOrEqual, BinaryOp::Greater, BinaryOp::GreaterOrEqual];
    let compare = (prop::sample::select(ops), signed()).prop_map(|(op, amount)| GuardrailBound::Compare { op, amount });
    let bound = prop_oneof![compare, amount().prop_map(GuardrailBound::NoWorseThan)];
    (name(), prop::option::of(any_expr()), bound).prop_map(|(metric, condition, bound)| Guardrail {
        metric: spanned(metric),
        condition,
        bound,
        span: NOWHERE,
    })
}

/// Asserts that the printed text reads as the tree.
macro_rules! comes_back {
    ($tree:expr, $print:path, $parse:path) => {{
        let printed = $print(&$tree);
        match $parse(&located(&printed)) {
            Ok(read) => {
                prop_assert_eq!(without_places(&read), without_places(&$tree), "{}", printed);
                prop_assert_eq!($print(&read), printed);
            }
            Err(findings) => prop_assert!(false, "{}\n{}", printed, complaint(&findings)),
        }
    }};
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn an_expression_comes_back(tree in any_expr()) {
        comes_back!(tree, print::expr, expr::expression);
    }

    #[test]
    fn a_target_comes_back(tree in any_target()) {
        comes_back!(tree, print::target, expr::target);
    }

    #[test]
    fn a_baseline_comes_back(tree in baseline()) {
        comes_back!(tree, print::baseline, expr::baseline);
    }

    #[test]
    fn a_guardrail_comes_back(tree in any_guardrail()) {
        comes_back!(tree, print::guardrail, expr::guardrail);
    }

    #[test]
    fn an_effect_comes_back(amount in amount(), increase in any::<bool>()) {
        let tree = Effect { increase, amount, span: NOWHERE };
        comes_back!(tree, print::effect, expr::effect);
    }
}
