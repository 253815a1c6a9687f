//! Rows by actor: when, and which of a journey's sets they belong to.

use std::collections::HashMap;

use kepi_lang::value::Value;

use crate::operators::ids::NO_ID;
use crate::operators::shards::{Row, Shards};
use crate::operators::{Accumulator, Reader, Rows as Taken, TooLarge, View, same};
use crate::rows::{FastState, RowError};

/// A row has nothing else.
pub(crate) const NOTHING: u32 = u32::MAX;

/// Bytes of a row that is sent.
const ROW: usize = 16;

/// The rows of one cell, by actor in shards.
#[derive(Clone, Default)]
pub(crate) struct Rows {
    pub kept: Vec<Box<[u8]>>,
    /// By a row's code: its tags, and an index into what is kept or `NOTHING`.
    pub codes: Vec<(u32, u32)>,
    pub rows: Shards,
    kept_ids: HashMap<Box<[u8]>, u32, FastState>,
    code_ids: HashMap<u64, u32, FastState>,
    last: Option<((u32, u32), u32)>,
}

impl Rows {
    /// Of memory, about; what is kept is short.
    fn bytes(&self) -> usize {
        const KEPT: usize = 2 * (16 + 16) + 16;
        const CODE: usize = 8 + 16;
        size_of::<Self>() + self.rows.bytes() + self.kept.capacity() * KEPT + self.codes.capacity() * CODE
    }

    fn keep(&mut self, bytes: &[u8]) -> u32 {
        if let Some(id) = self.kept_ids.get(bytes) {
            return *id;
        }
        let id = self.kept.len() as u32;
        self.kept.push(bytes.into());
        self.kept_ids.insert(bytes.into(), id);
        id
    }

    fn code(&mut self, tags: u32, kept: u32) -> u32 {
        if let Some((known, code)) = self.last
            && known == (tags, kept)
        {
            return code;
        }
        let codes = &mut self.codes;
        let code = *self.code_ids.entry(u64::from(tags) << 32 | u64::from(kept)).or_insert_with(|| {
            codes.push((tags, kept));
            (codes.len() - 1) as u32
        });
        self.last = Some(((tags, kept), code));
        code
    }

    /// The codes that those of other rows have here.
    fn codes(&mut self, kept: &[u32], codes: &[(u32, u32)]) -> Option<Vec<u32>> {
        let code = |(tags, other): &(u32, u32)| {
            let kept = if *other == NOTHING { NOTHING } else { *kept.get(*other as usize)? };
            Some(self.code(*tags, kept))
        };
        codes.iter().map(code).collect()
    }

    fn absorb(&mut self, other: Self) -> Option<()> {
        let kept: Vec<u32> = other.kept.iter().map(|bytes| self.keep(bytes)).collect();
        let codes = self.codes(&kept, &other.codes)?;
        self.rows.append(other.rows, &codes);
        Some(())
    }

    fn write(&self, out: &mut Vec<u8>) {
        let number = |n: usize, out: &mut Vec<u8>| out.extend((n as u64).to_le_bytes());
        number(self.kept.len(), out);
        for kept in &self.kept {
            number(kept.len(), out);
            out.extend_from_slice(kept);
        }
        number(self.codes.len(), out);
        for (tags, kept) in &self.codes {
            out.extend(tags.to_le_bytes());
            out.extend(kept.to_le_bytes());
        }
        number(self.rows.len(), out);
        out.reserve(self.rows.len() * ROW);
        for row in self.rows.iter() {
            let rest = u64::from(row.code) << 32 | u64::from(row.actor);
            let both = u128::from(rest) << 64 | u128::from(row.time.cast_unsigned());
            out.extend_from_slice(&both.to_le_bytes());
        }
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let mut kept = Vec::new();
        for _ in 0..reader.count(8)? {
            let length = reader.count(1)?;
            kept.push(self.keep(reader.take(length)?));
        }
        let mut codes = Vec::new();
        for _ in 0..reader.count(8)? {
            let both = reader.u64()?;
            codes.push((both as u32, (both >> 32) as u32));
        }
        let codes = self.codes(&kept, &codes)?;
        let count = reader.count(ROW)?;
        for bytes in reader.take(count * ROW)?.as_chunks::<ROW>().0 {
            let both = u128::from_le_bytes(*bytes);
            let rest = (both >> 64) as u64;
            let code = *codes.get((rest >> 32) as usize)?;
            self.rows.push(Row { time: (both as u64).cast_signed(), actor: rest as u32, code });
        }
        Some(())
    }
}

/// States with other numbers of actors; `None` where they are no states of a trail.
pub(crate) fn renumbered(part: &[u8], id: impl Fn(u32) -> Option<u32>) -> Option<Vec<u8>> {
    let mut reader = Reader::new(part);
    let mut out = Vec::with_capacity(part.len());
    while !reader.is_empty() {
        let mut rows = Rows::default();
        rows.read(&mut reader)?;
        let mut other = Rows { kept: rows.kept, codes: rows.codes, ..Rows::default() };
        for row in rows.rows.iter() {
            other.rows.push(Row { actor: id(row.actor)?, ..*row });
        }
        other.write(&mut out);
    }
    Some(out)
}

#[derive(Default)]
pub(crate) struct Trail {
    cells: Vec<Rows>,
}

impl Trail {
    fn cell(&mut self, cell: usize) -> Option<&mut Rows> {
        if self.cells.len() <= cell {
            self.cells.resize_with(cell + 1, Rows::default);
        }
        self.cells.get_mut(cell)
    }
}

impl Accumulator for Trail {
    fn update(&mut self, taken: &Taken<'_>, cells: usize) -> Result<(), RowError> {
        let wrong = || RowError::Internal("a trail without its columns".to_owned());
        if cells > 0 {
            self.cell(cells - 1);
        }
        let tags = taken.view()?;
        let View::Int(tags) = &tags else { return Err(wrong()) };
        let clock = taken.clock.ok_or_else(wrong)?;
        let actors = taken.ids.ok_or_else(wrong)?;
        let others = taken.kept.iter().map(View::new).collect::<Result<Vec<_>, _>>()?;
        let mut bytes = Vec::new();
        for (row, cell) in taken.each() {
            let Some(actor) = actors.get(row).copied().filter(|actor| *actor != NO_ID) else { continue };
            let Some(rows) = self.cells.get_mut(cell) else { return Err(wrong()) };
            let mut kept = NOTHING;
            if !others.is_empty() {
                bytes.clear();
                others.iter().for_each(|v| v.encode(row, &mut bytes));
                kept = rows.keep(&bytes);
            }
            let (Some(time), Ok(tags)) = (clock.get(row), u32::try_from(tags.value(row))) else { return Err(wrong()) };
            let code = rows.code(tags, kept);
            rows.rows.push(Row { time: *time, actor, code });
        }
        Ok(())
    }

    fn write(&mut self, cell: usize, out: &mut Vec<u8>) {
        if let Some(rows) = self.cell(cell) {
            rows.write(out);
        }
    }

    fn read(&mut self, cell: usize, bytes: &mut Reader<'_>) -> bool {
        self.cell(cell).is_some_and(|rows| rows.read(bytes).is_some())
    }

    fn merge(&mut self, into: usize, from: usize) {
        self.cell(into.max(from));
        if let Ok([into, from]) = self.cells.get_disjoint_mut([into, from]) {
            into.absorb(from.clone());
        }
    }

    fn absorb(&mut self, from: Box<dyn Accumulator>, pairs: &mut dyn Iterator<Item = (u32, u32)>) -> bool {
        let Some(mut from) = same::<Self>(from) else { return false };
        for (into, cell) in pairs {
            let Some(rows) = from.cells.get_mut(cell as usize).map(std::mem::take) else { continue };
            if self.cell(into as usize).and_then(|into| into.absorb(rows)).is_none() {
                return false;
            }
        }
        true
    }

    fn copy(&mut self, to: usize, from: usize) {
        self.cell(to.max(from));
        if let Ok([to, from]) = self.cells.get_disjoint_mut([to, from]) {
            to.clone_from(from);
        }
    }

    fn finish(&mut self, _: usize) -> Result<Value, TooLarge> {
        Ok(Value::Null)
    }

    fn bytes(&self) -> usize {
        self.cells.iter().map(Rows::bytes).sum()
    }

    fn clear(&mut self, cell: usize) {
        self.cells.get_mut(cell).into_iter().for_each(|rows| *rows = Rows::default());
    }

    fn trail(&mut self, cell: usize) -> Option<Rows> {
        self.cell(cell).map(std::mem::take)
    }
}
