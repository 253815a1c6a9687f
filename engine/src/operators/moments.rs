//! Standard deviation.

use kepi_lang::value::Value;

use crate::operators::exact::FloatSum;
use crate::operators::{Family, Reader, Rows, TooLarge};
use crate::rows::RowError;

/// Of the sample (n - 1), in two passes over the values that were kept; both sums are exact, so that the order in which the
/// values came does not show.
pub(crate) struct Stddev;

impl Family for Stddev {
    type State = Vec<f64>;

    fn update(&self, states: &mut [Vec<f64>], rows: &Rows<'_>) -> Result<(), RowError> {
        let view = rows.view()?;
        for (row, cell) in rows.each() {
            if view.is_null(row) {
                continue;
            }
            let value = view.number(row);
            let value = value.ok_or_else(|| RowError::Internal("a deviation of what is no number".to_owned()))?;
            if let Some(state) = states.get_mut(cell) {
                state.push(value);
            }
        }
        Ok(())
    }

    fn merge(&self, into: &mut Vec<f64>, from: &Vec<f64>) {
        into.extend(from);
    }

    fn write(&self, state: &mut Vec<f64>, out: &mut Vec<u8>) {
        out.extend((state.len() as u64).to_le_bytes());
        out.extend(state.iter().flat_map(|v| v.to_bits().to_le_bytes()));
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Vec<f64>> {
        let n = bytes.count(8)?;
        (0..n).map(|_| bytes.u64().map(f64::from_bits)).collect()
    }

    fn beside(&self, state: &Vec<f64>) -> usize {
        state.capacity() * size_of::<f64>()
    }

    fn piles(&self) -> bool {
        true
    }

    fn finish(&self, state: &mut Vec<f64>) -> Result<Value, TooLarge> {
        Ok(stddev(state))
    }
}

/// The mean, by an exact sum.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let mut sum = FloatSum::default();
    values.iter().for_each(|v| sum.add(*v));
    sum.over(values.len() as u64)
}

/// Null below two values.
pub(crate) fn stddev(values: &[f64]) -> Value {
    if values.len() < 2 {
        return Value::Null;
    }
    let mean = mean(values);
    let mut squares = FloatSum::default();
    values.iter().for_each(|v| squares.add((v - mean) * (v - mean)));
    Value::float((squares.total() / (values.len() - 1) as f64).sqrt())
}

/// Pearson's r; null below three pairs, or where one side does not vary.
pub(crate) fn correlation(pairs: &[(f64, f64)]) -> Value {
    if pairs.len() < 3 {
        return Value::Null;
    }
    let (left, right): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (mx, my) = (mean(&left), mean(&right));
    let total = |term: &dyn Fn(&(f64, f64)) -> f64| {
        let mut sum = FloatSum::default();
        pairs.iter().for_each(|p| sum.add(term(p)));
        sum.total()
    };
    let xx = total(&|(x, _)| (x - mx) * (x - mx));
    let yy = total(&|(_, y)| (y - my) * (y - my));
    let xy = total(&|(x, y)| (x - mx) * (y - my));
    // A mean that was rounded leaves a little variance where there is none.
    let flat = |values: &[f64]| values.iter().all(|v| Some(v) == values.first());
    if flat(&left) || flat(&right) {
        return Value::Null;
    }
    Value::float((xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0))
}
