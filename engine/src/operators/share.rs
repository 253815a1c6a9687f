//! The share of the rows with a known answer for which it is true.

use kepi_lang::value::Value;

use crate::operators::{Family, Reader, Rows, TooLarge, View};
use crate::rows::RowError;

pub(crate) struct Share;

#[derive(Clone, Default)]
pub(crate) struct Known {
    yes: u64,
    known: u64,
}

impl Family for Share {
    type State = Known;

    fn update(&self, states: &mut [Known], rows: &Rows<'_>) -> Result<(), RowError> {
        let View::Bool(values) = rows.view()? else {
            return Err(RowError::Internal("a share of what is neither true nor false".to_owned()));
        };
        let view = View::Bool(values);
        for (row, cell) in rows.each() {
            if !view.is_null(row)
                && let Some(state) = states.get_mut(cell)
            {
                state.known += 1;
                state.yes += u64::from(values.value(row));
            }
        }
        Ok(())
    }

    fn merge(&self, into: &mut Known, from: &Known) {
        into.yes += from.yes;
        into.known += from.known;
    }

    fn write(&self, state: &mut Known, out: &mut Vec<u8>) {
        out.extend(state.yes.to_le_bytes());
        out.extend(state.known.to_le_bytes());
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Known> {
        Some(Known { yes: bytes.u64()?, known: bytes.u64()? })
    }

    fn finish(&self, state: &mut Known) -> Result<Value, TooLarge> {
        Ok(share(state.yes, state.known))
    }
}

/// `yes / known`; null when nothing is known.
pub(crate) fn share(yes: u64, known: u64) -> Value {
    if known == 0 { Value::Null } else { Value::float(yes as f64 / known as f64) }
}
