//! Random expressions over a row.

use kepi_lang::calendar::Grain;
use kepi_lang::decimal::Decimal;
use kepi_lang::ir::{Arithmetic, ColumnId, Comparison, RowExpr, RowFunction, RowKind, ScalarType, Way};
use kepi_lang::value::Value;

use crate::programs::{col, literal, row as node};
use crate::rng::Rng;

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

pub fn comparison(rng: &mut Rng) -> Comparison {
    *rng.pick(&COMPARISONS)
}

/// A column or a literal of the type.
fn leaf(rng: &mut Rng, ty: ScalarType) -> RowExpr {
    let column = match ty {
        ScalarType::Instant => *rng.pick(&[0, 7]),
        ScalarType::Int => *rng.pick(&[1, 4, 9]),
        ScalarType::Text => *rng.pick(&[2, 10]),
        ScalarType::Decimal => 3,
        ScalarType::Float => 5,
        ScalarType::Bool => 6,
        _ => 8,
    };
    if ty == ScalarType::Text && rng.one_in(3) {
        return node(RowKind::Linked { way: Way { links: vec![0], clock: None }, column: ColumnId(1) }, ty);
    }
    if ty == ScalarType::Int && rng.one_in(5) {
        return node(RowKind::Linked { way: Way { links: vec![0], clock: None }, column: ColumnId(2) }, ty);
    }
    if !rng.one_in(3) || matches!(ty, ScalarType::Instant | ScalarType::Date) {
        return col(column, ty);
    }
    let value = match ty {
        ScalarType::Int => Value::Int(i128::from(rng.between(-3, 5))),
        ScalarType::Decimal => Value::Decimal(Decimal::new(i128::from(rng.between(-500, 500)), rng.below(3) as u8)),
        ScalarType::Float => Value::float(rng.between(-8, 8) as f64 / 4.0),
        ScalarType::Bool => Value::Bool(rng.one_in(2)),
        _ => Value::Text((*rng.pick(&["play", "DE", "p", ""])).to_owned()),
    };
    literal(value, ty)
}

fn null() -> RowExpr {
    literal(Value::Null, ScalarType::Null)
}

fn number(rng: &mut Rng) -> ScalarType {
    *rng.pick(&[ScalarType::Int, ScalarType::Decimal, ScalarType::Float])
}

fn call(function: RowFunction, args: Vec<RowExpr>, ty: ScalarType) -> RowExpr {
    node(RowKind::Call { function, args }, ty)
}

/// An expression of the type.
pub fn row(rng: &mut Rng, ty: ScalarType, depth: usize) -> RowExpr {
    if depth == 0 {
        return leaf(rng, ty);
    }
    let boxed = |e: RowExpr| Box::new(e);
    if rng.one_in(8) {
        let condition = row(rng, ScalarType::Bool, depth - 1);
        let (then, otherwise) = (row(rng, ty, depth - 1), if rng.one_in(4) { null() } else { row(rng, ty, depth - 1) });
        return node(RowKind::If { condition: boxed(condition), then: boxed(then), otherwise: boxed(otherwise) }, ty);
    }
    if rng.one_in(8) {
        let function = match ty {
            ScalarType::Bool => RowFunction::Coalesce,
            _ => *rng.pick(&[RowFunction::Coalesce, RowFunction::Least, RowFunction::Greatest]),
        };
        let args = (0..2 + rng.below(2)).map(|_| row(rng, ty, depth - 1)).collect();
        return call(function, args, ty);
    }
    match ty {
        ScalarType::Int | ScalarType::Decimal | ScalarType::Float => numeric(rng, ty, depth),
        ScalarType::Bool => boolean(rng, depth),
        ScalarType::Text => match rng.below(4) {
            0 => {
                let function = *rng.pick(&[RowFunction::Lower, RowFunction::Upper, RowFunction::Trim]);
                call(function, vec![row(rng, ty, depth - 1)], ty)
            }
            _ => leaf(rng, ty),
        },
        ScalarType::Date if rng.one_in(2) => {
            let grain = *rng.pick(&[Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year]);
            let of = *rng.pick(&[ScalarType::Instant, ScalarType::Instant, ScalarType::Date]);
            call(RowFunction::PeriodStart(grain), vec![leaf(rng, of)], ty)
        }
        _ => leaf(rng, ty),
    }
}

fn numeric(rng: &mut Rng, ty: ScalarType, depth: usize) -> RowExpr {
    let of = |rng: &mut Rng, ty| Box::new(row(rng, ty, depth - 1));
    let operand = |rng: &mut Rng| match ty {
        ScalarType::Decimal => *rng.pick(&[ScalarType::Decimal, ScalarType::Int]),
        ScalarType::Float => number(rng),
        other => other,
    };
    match rng.below(7) {
        0 | 1 => {
            let op = match ty {
                ScalarType::Float => {
                    *rng.pick(&[Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply, Arithmetic::Divide])
                }
                _ => *rng.pick(&[Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply]),
            };
            let (left, right) = (operand(rng), if ty == ScalarType::Float { ScalarType::Float } else { ty });
            node(RowKind::Arithmetic { op, left: of(rng, left), right: of(rng, right) }, ty)
        }
        2 => node(RowKind::Negate(of(rng, ty)), ty),
        3 => {
            let function = *rng.pick(&[RowFunction::Abs, RowFunction::Round, RowFunction::Floor, RowFunction::Ceil]);
            let mut args = vec![*of(rng, ty)];
            if function == RowFunction::Round && rng.one_in(2) {
                args.push(literal(Value::Int(i128::from(rng.between(0, 3))), ScalarType::Int));
            }
            call(function, args, ty)
        }
        4 => match ty {
            ScalarType::Int => {
                let function = *rng.pick(&[
                    RowFunction::HourOfDay,
                    RowFunction::Weekday,
                    RowFunction::DayOfMonth,
                    RowFunction::MonthOfYear,
                    RowFunction::QuarterOfYear,
                    RowFunction::DayOfYear,
                    RowFunction::Length,
                ]);
                let arg = if function == RowFunction::Length { ScalarType::Text } else { ScalarType::Instant };
                call(function, vec![row(rng, arg, depth - 1)], ty)
            }
            ScalarType::Decimal => node(RowKind::Convert { of: of(rng, ty), num: 3, den: 20 }, ty),
            _ => {
                let number = number(rng);
                if rng.one_in(2) {
                    return node(RowKind::Convert { of: of(rng, number), num: 1, den: 60 }, ty);
                }
                call(*rng.pick(&[RowFunction::Log, RowFunction::Sqrt]), vec![*of(rng, number)], ty)
            }
        },
        _ => leaf(rng, ty),
    }
}

fn boolean(rng: &mut Rng, depth: usize) -> RowExpr {
    let ty = ScalarType::Bool;
    let of = |rng: &mut Rng, ty| Box::new(row(rng, ty, depth - 1));
    let kind = match rng.below(8) {
        0 | 1 => {
            let (left, right) = match rng.below(3) {
                0 => (number(rng), number(rng)),
                1 => (ScalarType::Text, ScalarType::Text),
                _ => *rng.pick(&[(ScalarType::Date, ScalarType::Date), (ScalarType::Instant, ScalarType::Instant)]),
            };
            RowKind::Compare { op: comparison(rng), left: of(rng, left), right: of(rng, right) }
        }
        2 => RowKind::And(of(rng, ty), of(rng, ty)),
        3 => RowKind::Or(of(rng, ty), of(rng, ty)),
        4 => RowKind::Not(of(rng, ty)),
        5 => {
            let item = *rng.pick(&[ScalarType::Text, ScalarType::Int, ScalarType::Decimal]);
            let mut list: Vec<RowExpr> = (0..rng.below(4)).map(|_| leaf(rng, item)).collect();
            if rng.one_in(4) {
                list.push(null());
            }
            RowKind::In { of: of(rng, item), list }
        }
        6 => {
            let pattern = (*rng.pick(&["p%", "%a%", "_", "%y", "P_ay%", "%"])).to_owned();
            RowKind::Like { of: of(rng, ScalarType::Text), pattern }
        }
        _ => {
            let any = *rng.pick(&[ScalarType::Int, ScalarType::Float, ScalarType::Text, ScalarType::Bool]);
            if rng.one_in(2) {
                return node(RowKind::IsNull(of(rng, any)), ty);
            }
            let function = *rng.pick(&[RowFunction::StartsWith, RowFunction::EndsWith, RowFunction::Contains]);
            let needle = literal(Value::Text((*rng.pick(&["p", "y", ""])).to_owned()), ScalarType::Text);
            return call(function, vec![*of(rng, ScalarType::Text), needle], ty);
        }
    };
    node(kind, ty)
}
