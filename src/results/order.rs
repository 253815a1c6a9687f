//! Answers in another order than that of time and breakdown, and no more of them than are wanted.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::calendar::Interval;
use crate::ir::Ask;
use crate::results::Answer;
use crate::value::Value;

/// What rows are ordered by. Nulls come last either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub key: Key,
    pub descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The start of the period, then its end.
    Period,
    /// The number of a dimension of the asks.
    Dimension(usize),
    /// The number of an ask: its value in the same period and part.
    Metric(usize),
}

/// A row of one ask or more: a period and a part of the breakdown.
type Place = (Interval, Vec<Value>);

/// Orders the rows of all answers by the keys, the first one first; ties keep the order of time and breakdown. Rows of one
/// period and part stand together: of each answer the same `limit` places stay.
pub fn arrange(asks: &[Ask], answers: &mut [Answer], orders: &[Order], limit: Option<usize>) {
    let place = |ask: &Ask, period: usize, by: &[Value]| -> Place {
        (ask.periods.get(period).map_or(Interval::ALL, |p| p.interval), by.to_vec())
    };
    let mut values: BTreeMap<Place, Vec<Value>> = BTreeMap::new();
    for (number, (ask, answer)) in asks.iter().zip(&*answers).enumerate() {
        for row in &answer.rows {
            let of = values.entry(place(ask, row.period, &row.by)).or_insert_with(|| vec![Value::Null; asks.len()]);
            if let Some(value) = of.get_mut(number) {
                value.clone_from(&row.value);
            }
        }
    }
    let mut places: Vec<(&Place, &Vec<Value>)> = values.iter().collect();
    places.sort_by(|a, b| {
        let each = orders.iter().map(|order| compare(*order, *a, *b));
        each.fold(Ordering::Equal, Ordering::then)
    });
    let position: BTreeMap<Place, usize> =
        places.into_iter().take(limit.unwrap_or(usize::MAX)).enumerate().map(|(at, (p, _))| (p.clone(), at)).collect();
    for (ask, answer) in asks.iter().zip(answers) {
        let rows = std::mem::take(&mut answer.rows);
        let mut placed: Vec<_> =
            rows.into_iter().filter_map(|row| Some((*position.get(&place(ask, row.period, &row.by))?, row))).collect();
        placed.sort_by_key(|(at, _)| *at);
        answer.rows = placed.into_iter().map(|(_, row)| row).collect();
    }
}

fn compare(order: Order, a: (&Place, &Vec<Value>), b: (&Place, &Vec<Value>)) -> Ordering {
    let null = Value::Null;
    let (left, right) = match order.key {
        Key::Period => {
            let found = a.0.0.cmp(&b.0.0);
            return if order.descending { found.reverse() } else { found };
        }
        Key::Dimension(at) => (a.0.1.get(at).unwrap_or(&null), b.0.1.get(at).unwrap_or(&null)),
        Key::Metric(at) => (a.1.get(at).unwrap_or(&null), b.1.get(at).unwrap_or(&null)),
    };
    match (left.is_null(), right.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let found = by_size(left, right);
            if order.descending { found.reverse() } else { found }
        }
    }
}

/// Numbers of two kinds by their size, all else in the order of values.
fn by_size(left: &Value, right: &Value) -> Ordering {
    match (left.as_f64(), right.as_f64()) {
        (Some(l), Some(r)) if std::mem::discriminant(left) != std::mem::discriminant(right) => l.total_cmp(&r),
        _ => left.cmp(right),
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Order, arrange};
    use crate::calendar::{Interval, Period};
    use crate::ir::{Additivity, Ask, MetricExpr, MetricKind, ScalarType};
    use crate::results::{Answer, AnswerRow};
    use crate::unit::Unit;
    use crate::value::Value;
    use jiff::Timestamp;

    fn ask() -> Ask {
        let at = |s: i64| Timestamp::from_second(s).expect("an instant");
        let period =
            |s: i64| Period { label: s.to_string(), grain: None, interval: Interval { start: at(s), end: at(s + 1) } };
        let expr = MetricExpr {
            kind: MetricKind::Literal(Value::Null),
            ty: ScalarType::Int,
            unit: Unit::none(),
            additivity: Additivity::None,
            proportion: false,
        };
        Ask { name: String::new(), expr, by: vec!["d".to_owned()], periods: vec![period(0), period(1)] }
    }

    fn answer(values: [Option<i128>; 4]) -> Answer {
        let rows = values.into_iter().enumerate().map(|(at, value)| AnswerRow {
            period: at / 2,
            by: vec![Value::Text(["a", "b"][at % 2].to_owned())],
            value: value.map_or(Value::Null, Value::Int),
            complete: true,
            open: None,
        });
        Answer { rows: rows.collect() }
    }

    fn arranged(orders: &[Order], limit: Option<usize>) -> Vec<Vec<Option<f64>>> {
        let mut answers = [answer([Some(3), None, Some(1), Some(3)]), answer([Some(10), Some(20), Some(30), Some(40)])];
        arrange(&[ask(), ask()], &mut answers, orders, limit);
        answers.iter().map(|a| a.rows.iter().map(|r| r.value.as_f64()).collect()).collect()
    }

    #[test]
    fn rows_of_one_place_stay_together_and_nulls_come_last() {
        let by = |key, descending| Order { key, descending };
        let up = arranged(&[by(Key::Metric(0), false)], None);
        assert_eq!(
            up,
            [vec![Some(1.0), Some(3.0), Some(3.0), None], vec![Some(30.0), Some(10.0), Some(40.0), Some(20.0)]]
        );
        let down = arranged(&[by(Key::Metric(0), true), by(Key::Period, true)], Some(3));
        assert_eq!(down, [vec![Some(3.0), Some(3.0), Some(1.0)], vec![Some(40.0), Some(10.0), Some(30.0)]]);
        let parts = arranged(&[by(Key::Dimension(0), true)], Some(1));
        assert_eq!(parts, [vec![None], vec![Some(20.0)]]);
        assert_eq!(arranged(&[], Some(2)), [vec![Some(3.0), None], vec![Some(10.0), Some(20.0)]]);
    }
}
