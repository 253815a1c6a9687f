//! Sums and means: of whole numbers and decimals exact and checked, of floats exact until the one rounding at the end.

use kepi_lang::ir::ScalarType;
use kepi_lang::value::Value;

use crate::operators::exact::{FloatSum as Exact, WholeSum};
use crate::operators::{Family, Reader, Rows, TooLarge, View};
use crate::rows::RowError;

pub(crate) struct ExactSum {
    pub mean: bool,
    pub stock: bool,
    pub ty: ScalarType,
}

#[derive(Clone, Default)]
pub(crate) struct Whole {
    sum: WholeSum,
    n: u64,
}

impl Family for ExactSum {
    type State = Whole;

    fn update(&self, states: &mut [Whole], rows: &Rows<'_>) -> Result<(), RowError> {
        let view = rows.view()?;
        if let (View::Int(values), Some(state)) = (&view, rows.one.and_then(|cell| states.get_mut(cell as usize))) {
            // As many as a batch has do not exceed 128 bits.
            let known = rows.rows.iter().map(|row| *row as usize).filter(|row| !view.is_null(*row));
            let (sum, n) = known.fold((0, 0), |(sum, n), row| (sum + i128::from(values.value(row)), n + 1));
            state.sum.add(sum, 0);
            state.n += n;
            return Ok(());
        }
        for (row, cell) in rows.each() {
            let Some(state) = states.get_mut(cell) else { continue };
            if view.is_null(row) {
                continue;
            }
            match &view {
                View::Int(a) => state.sum.add(i128::from(a.value(row)), 0),
                View::Decimal(a, scale) => state.sum.add(a.value(row), *scale),
                _ => return Err(RowError::Internal("a sum of what is no exact number".to_owned())),
            }
            state.n += 1;
        }
        Ok(())
    }

    fn merge(&self, into: &mut Whole, from: &Whole) {
        into.sum.merge(&from.sum);
        into.n += from.n;
    }

    fn write(&self, state: &mut Whole, out: &mut Vec<u8>) {
        out.extend(state.n.to_le_bytes());
        state.sum.write(out);
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Whole> {
        Some(Whole { n: bytes.u64()?, sum: WholeSum::read(bytes)? })
    }

    fn finish(&self, state: &mut Whole) -> Result<Value, TooLarge> {
        if state.n == 0 {
            return Ok(if self.mean || self.stock { Value::Null } else { zero(self.ty) });
        }
        let total = state.sum.total()?;
        if self.mean {
            return Ok(Value::float(total.to_f64() / state.n as f64));
        }
        Ok(match self.ty {
            ScalarType::Float => Value::float(total.to_f64()),
            ScalarType::Int if total.is_integer() => Value::Int(total.normalized().mantissa),
            _ => Value::Decimal(total),
        })
    }
}

/// The sum of nothing.
pub(crate) fn zero(ty: ScalarType) -> Value {
    match ty {
        ScalarType::Float => Value::float(0.0),
        ScalarType::Decimal => Value::Decimal(kepi_lang::decimal::Decimal::ZERO),
        _ => Value::Int(0),
    }
}

pub(crate) struct FloatSum {
    pub mean: bool,
    pub stock: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Floats {
    sum: Exact,
    n: u64,
}

impl Family for FloatSum {
    type State = Floats;

    fn update(&self, states: &mut [Floats], rows: &Rows<'_>) -> Result<(), RowError> {
        let view = rows.view()?;
        let View::Float(values) = &view else {
            return Err(RowError::Internal("a float sum of what is no float".to_owned()));
        };
        for (row, cell) in rows.each() {
            if !view.is_null(row)
                && let Some(state) = states.get_mut(cell)
            {
                state.sum.add(values.value(row));
                state.n += 1;
            }
        }
        Ok(())
    }

    fn merge(&self, into: &mut Floats, from: &Floats) {
        into.sum.merge(&from.sum);
        into.n += from.n;
    }

    fn write(&self, state: &mut Floats, out: &mut Vec<u8>) {
        out.extend(state.n.to_le_bytes());
        state.sum.write(out);
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Floats> {
        Some(Floats { n: bytes.u64()?, sum: Exact::read(bytes)? })
    }

    fn beside(&self, state: &Floats) -> usize {
        state.sum.beside()
    }

    fn finish(&self, state: &mut Floats) -> Result<Value, TooLarge> {
        Ok(match (state.n, self.mean) {
            (0, true) => Value::Null,
            (0, false) if self.stock => Value::Null,
            (n, true) => Value::float(state.sum.over(n)),
            (_, false) => Value::float(state.sum.total()),
        })
    }
}
