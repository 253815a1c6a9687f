//! The smallest or largest value.

use std::cmp::Ordering;

use kepi_lang::value::Value;

use crate::collect::value::order;
use crate::operators::{Family, Reader, Rows, TooLarge, decode_value, encode_value, text, told};
use crate::rows::RowError;

pub(crate) struct Extreme {
    pub largest: bool,
}

impl Extreme {
    fn wins(&self, order: Ordering) -> bool {
        order == if self.largest { Ordering::Greater } else { Ordering::Less }
    }
}

impl Family for Extreme {
    type State = Option<Value>;

    fn update(&self, states: &mut [Option<Value>], rows: &Rows<'_>) -> Result<(), RowError> {
        let view = rows.view()?;
        for (row, cell) in rows.each() {
            if view.is_null(row) {
                continue;
            }
            if let Some(state) = states.get_mut(cell)
                && state.as_ref().is_none_or(|best| self.wins(view.compare(row, best)))
            {
                *state = Some(view.value(row));
            }
        }
        Ok(())
    }

    fn merge(&self, into: &mut Option<Value>, from: &Option<Value>) {
        if let Some(from) = from
            && into.as_ref().is_none_or(|best| self.wins(order(from, best)))
        {
            *into = Some(from.clone());
        }
    }

    fn write(&self, state: &mut Option<Value>, out: &mut Vec<u8>) {
        encode_value(state.as_ref().unwrap_or(&Value::Null), out);
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Option<Value>> {
        let value = decode_value(bytes)?;
        Some((!value.is_null()).then_some(value))
    }

    fn beside(&self, state: &Option<Value>) -> usize {
        state.as_ref().map_or(0, text)
    }

    fn finish(&self, state: &mut Option<Value>) -> Result<Value, TooLarge> {
        Ok(state.clone().map_or(Value::Null, told))
    }
}
