//! The values of all members of a collection, in order: as small numbers where all of them are.

use kepi_lang::ir::{Arithmetic, Comparison, ScalarType};
use kepi_lang::value::Value;

use crate::collect::value::{arithmetic, coerce, compare};
use crate::operators::TooLarge;
use crate::rows::holds;

pub(crate) enum Many {
    /// None of them is null.
    Whole(Vec<i64>),
    Truth(Vec<bool>),
    /// So many times the same.
    Same(Value, usize),
    Values(Vec<Value>),
}

impl Many {
    pub(crate) fn into_values(self) -> Vec<Value> {
        match self {
            Self::Whole(all) => all.into_iter().map(whole).collect(),
            Self::Truth(all) => all.into_iter().map(Value::Bool).collect(),
            Self::Same(value, n) => vec![value; n],
            Self::Values(all) => all,
        }
    }

    /// As the type that their expression has, where they are numbers of another one.
    pub(crate) fn coerced(self, ty: ScalarType) -> Self {
        match self {
            Self::Whole(all) if ty == ScalarType::Int => Self::Whole(all),
            Self::Truth(all) => Self::Truth(all),
            Self::Same(value, n) => Self::Same(coerce(value, ty), n),
            other => Self::Values(other.into_values().into_iter().map(|value| coerce(value, ty)).collect()),
        }
    }

    fn whole(&self, at: usize) -> Option<i64> {
        match self {
            Self::Whole(all) => all.get(at).copied(),
            Self::Same(Value::Int(n), _) => i64::try_from(*n).ok(),
            _ => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Whole(all) => all.len(),
            Self::Truth(all) => all.len(),
            Self::Same(_, n) => *n,
            Self::Values(all) => all.len(),
        }
    }

    /// Pair by pair, where both are whole numbers.
    fn wholes<T>(&self, other: &Self, each: impl Fn(i64, i64) -> Option<T>) -> Option<Vec<T>> {
        (0..self.len()).map(|at| each(self.whole(at)?, other.whole(at)?)).collect()
    }

    pub(crate) fn compared(self, op: Comparison, other: Self) -> Self {
        if let Some(all) = self.wholes(&other, |a, b| Some(holds(op, a.cmp(&b)))) {
            return Self::Truth(all);
        }
        let pairs = self.into_values().into_iter().zip(other.into_values());
        Self::Values(pairs.map(|(a, b)| compare(op, &a, &b)).collect())
    }

    pub(crate) fn calculated(self, op: Arithmetic, other: Self) -> Result<Self, TooLarge> {
        let exact = match op {
            Arithmetic::Add => self.wholes(&other, i64::checked_add),
            Arithmetic::Subtract => self.wholes(&other, i64::checked_sub),
            Arithmetic::Multiply => self.wholes(&other, i64::checked_mul),
            Arithmetic::Divide => None,
        };
        if let Some(all) = exact {
            return Ok(Self::Whole(all));
        }
        let pairs = self.into_values().into_iter().zip(other.into_values());
        let each = |(a, b): (Value, Value)| {
            if a.is_null() || b.is_null() { Ok(Value::Null) } else { arithmetic(op, &a, &b) }
        };
        Ok(Self::Values(pairs.map(each).collect::<Result<_, _>>()?))
    }
}

fn whole(n: i64) -> Value {
    Value::Int(i128::from(n))
}

#[cfg(test)]
mod tests {
    use kepi_lang::ir::{Arithmetic, Comparison, ScalarType};
    use kepi_lang::value::Value;

    use super::Many;

    /// What small numbers are worth is what the same values are worth one by one.
    #[test]
    fn small_numbers_are_values() {
        let few = || Many::Whole(vec![3, -1, i64::MAX, 0]);
        let slow = |many: Many| Many::Values(many.into_values());
        let others = [
            || Many::Whole(vec![3, 4, 1, 0]),
            || Many::Same(Value::Int(2), 4),
            || Many::Same(Value::Null, 4),
            || Many::Same(Value::Int(i128::MAX), 4),
            || Many::Values(vec![Value::float(0.5), Value::Null, Value::Int(7), Value::Int(0)]),
        ];
        for other in others {
            for op in [Comparison::Less, Comparison::GreaterOrEqual, Comparison::Equal] {
                let (quick, one_by_one) = (few().compared(op, other()), slow(few()).compared(op, slow(other())));
                assert_eq!(quick.into_values(), one_by_one.into_values());
            }
            for op in [Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply, Arithmetic::Divide] {
                let (quick, one_by_one) = (few().calculated(op, other()), slow(few()).calculated(op, slow(other())));
                assert_eq!(quick.map(Many::into_values), one_by_one.map(Many::into_values));
            }
        }
        assert_eq!(few().coerced(ScalarType::Float).into_values()[0], Value::float(3.0));
        assert!(matches!(few().coerced(ScalarType::Int), Many::Whole(_)));
        assert_eq!(Many::Truth(vec![true]).coerced(ScalarType::Bool).into_values(), [Value::Bool(true)]);
    }
}
