//! The value at the beginning or the end of a span of time.

use std::cmp::Ordering;

use kepi_lang::value::Value;

use crate::collect::value::order;
use crate::operators::{Family, Reader, Rows, TooLarge, View, decode_value, encode_value, text, told};
use crate::rows::RowError;

/// By the clock, ties by the source's key, then by value.
pub(crate) struct Edge {
    pub last: bool,
}

#[derive(Clone)]
pub(crate) struct Candidate {
    clock: i64,
    key: Vec<Value>,
    value: Value,
}

impl Candidate {
    fn compare(&self, other: &Self) -> Ordering {
        let keys = || {
            let differing = self.key.iter().zip(&other.key).map(|(a, b)| order(a, b)).find(|o| o.is_ne());
            differing.unwrap_or_else(|| self.key.len().cmp(&other.key.len()))
        };
        self.clock.cmp(&other.clock).then_with(keys).then_with(|| order(&self.value, &other.value))
    }
}

impl Edge {
    fn wins(&self, order: Ordering) -> bool {
        order == if self.last { Ordering::Greater } else { Ordering::Less }
    }

    fn take(&self, state: &mut Option<Candidate>, candidate: Candidate) {
        if state.as_ref().is_none_or(|best| self.wins(candidate.compare(best))) {
            *state = Some(candidate);
        }
    }
}

impl Family for Edge {
    type State = Option<Candidate>;

    fn update(&self, states: &mut [Option<Candidate>], rows: &Rows<'_>) -> Result<(), RowError> {
        let view = rows.view()?;
        let keys = rows.key.iter().map(View::new).collect::<Result<Vec<_>, _>>()?;
        for (row, cell) in rows.each() {
            if view.is_null(row) {
                continue;
            }
            let clock = rows.clock.and_then(|c| c.get(row)).copied().unwrap_or(0);
            let Some(state) = states.get_mut(cell) else { continue };
            let settled = |best: &Candidate| clock != best.clock && !self.wins(clock.cmp(&best.clock));
            if state.as_ref().is_some_and(settled) {
                continue;
            }
            let key = keys.iter().map(|k| k.value(row)).collect();
            self.take(state, Candidate { clock, key, value: view.value(row) });
        }
        Ok(())
    }

    fn merge(&self, into: &mut Option<Candidate>, from: &Option<Candidate>) {
        if let Some(from) = from {
            self.take(into, from.clone());
        }
    }

    fn write(&self, state: &mut Option<Candidate>, out: &mut Vec<u8>) {
        out.push(u8::from(state.is_some()));
        let Some(candidate) = state else { return };
        out.extend(candidate.clock.to_le_bytes());
        out.extend((candidate.key.len() as u64).to_le_bytes());
        for value in candidate.key.iter().chain([&candidate.value]) {
            encode_value(value, out);
        }
    }

    fn read(&self, bytes: &mut Reader<'_>) -> Option<Option<Candidate>> {
        if bytes.u8()? == 0 {
            return Some(None);
        }
        let clock = bytes.i64()?;
        let n = bytes.count(1)?;
        let key = (0..n).map(|_| decode_value(bytes)).collect::<Option<Vec<_>>>()?;
        Some(Some(Candidate { clock, key, value: decode_value(bytes)? }))
    }

    fn beside(&self, state: &Option<Candidate>) -> usize {
        let Some(candidate) = state else { return 0 };
        let values = candidate.key.iter().chain([&candidate.value]);
        candidate.key.capacity() * size_of::<Value>() + values.map(text).sum::<usize>()
    }

    fn finish(&self, state: &mut Option<Candidate>) -> Result<Value, TooLarge> {
        Ok(state.as_ref().map_or(Value::Null, |c| told(c.value.clone())))
    }
}
