//! Rows.

use kepi_lang::value::Value;

use crate::operators::{Family, Reader, Rows, TooLarge};
use crate::rows::RowError;

pub(crate) struct Count;

impl Family for Count {
    type State = u64;

    fn update(&self, states: &mut [u64], rows: &Rows<'_>) -> Result<(), RowError> {
        for cell in rows.cells {
            if let Some(state) = states.get_mut(*cell as usize) {
                *state += 1;
            }
        }
        Ok(())
    }

    fn merge(&self, into: &mut u64, from: &u64) {
        *into += from;
    }

    fn write(&self, state: &mut u64, out: &mut Vec<u8>) {
        out.extend(state.to_le_bytes());
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<u64> {
        bytes.u64()
    }

    fn finish(&self, state: &mut u64) -> Result<Value, TooLarge> {
        Ok(Value::Int(i128::from(*state)))
    }
}
