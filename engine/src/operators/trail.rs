//! Rows by actor: when, and which of a journey's sets they belong to.

use std::collections::HashMap;

use kepi_lang::value::Value;

use crate::operators::ids::image;
use crate::operators::{Accumulator, Reader, Rows as Taken, TooLarge, View};
use crate::rows::{FastState, RowError};

/// A row has nothing else.
pub(crate) const NOTHING: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Microseconds.
    pub time: i64,
    /// Index into the actors.
    pub actor: u32,
    pub tags: u32,
    /// Index into what is kept, or `NOTHING`.
    pub kept: u32,
}

/// The rows of one cell, in the order in which they came.
#[derive(Default)]
pub(crate) struct Rows {
    /// Images of the actors' values.
    pub actors: Vec<u128>,
    pub kept: Vec<Box<[u8]>>,
    pub rows: Vec<Row>,
    ids: HashMap<u128, u32, FastState>,
    kept_ids: HashMap<Box<[u8]>, u32, FastState>,
}

impl Rows {
    fn actor(&mut self, actor: u128) -> u32 {
        *self.ids.entry(actor).or_insert_with(|| {
            self.actors.push(actor);
            (self.actors.len() - 1) as u32
        })
    }

    /// Of memory, about; what is kept is short.
    fn bytes(&self) -> usize {
        const ACTOR: usize = 16 + 32;
        const KEPT: usize = 2 * (16 + 16) + 16;
        size_of::<Self>()
            + self.rows.capacity() * size_of::<Row>()
            + self.actors.capacity() * ACTOR
            + self.kept.capacity() * KEPT
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
        let (actor, others) = taken.kept.split_first().ok_or_else(wrong)?;
        let actor = View::new(actor)?;
        let others = others.iter().map(View::new).collect::<Result<Vec<_>, _>>()?;
        let mut bytes = Vec::new();
        let mut last: Option<(u128, usize, u32)> = None;
        for (row, cell) in taken.each() {
            if actor.is_null(row) {
                continue;
            }
            bytes.clear();
            actor.encode(row, &mut bytes);
            let who = image(&bytes);
            let Some(rows) = self.cells.get_mut(cell) else { return Err(wrong()) };
            let actor = match last {
                Some((image, at, id)) if image == who && at == cell => id,
                _ => rows.actor(who),
            };
            last = Some((who, cell, actor));
            let mut kept = NOTHING;
            if !others.is_empty() {
                bytes.clear();
                others.iter().for_each(|v| v.encode(row, &mut bytes));
                kept = rows.keep(&bytes);
            }
            let (Some(time), Ok(tags)) = (clock.get(row), u32::try_from(tags.value(row))) else { return Err(wrong()) };
            rows.rows.push(Row { time: *time, actor, tags, kept });
        }
        Ok(())
    }

    fn write(&mut self, cell: usize, out: &mut Vec<u8>) {
        let Some(rows) = self.cell(cell) else { return };
        out.extend((rows.actors.len() as u64).to_le_bytes());
        rows.actors.iter().for_each(|a| out.extend(a.to_le_bytes()));
        out.extend((rows.kept.len() as u64).to_le_bytes());
        for kept in &rows.kept {
            out.extend((kept.len() as u64).to_le_bytes());
            out.extend_from_slice(kept);
        }
        out.extend((rows.rows.len() as u64).to_le_bytes());
        out.reserve(rows.rows.len() * 20);
        for row in &rows.rows {
            out.extend(row.time.to_le_bytes());
            out.extend(row.actor.to_le_bytes());
            out.extend(row.tags.to_le_bytes());
            out.extend(row.kept.to_le_bytes());
        }
    }

    fn read(&mut self, cell: usize, bytes: &mut Reader<'_>) -> bool {
        let Some(rows) = self.cell(cell) else { return false };
        read(rows, bytes).is_some()
    }

    fn merge(&mut self, into: usize, from: usize) {
        let mut bytes = Vec::new();
        self.write(from, &mut bytes);
        self.read(into, &mut Reader::new(&bytes));
    }

    fn copy(&mut self, to: usize, from: usize) {
        if let Some(cell) = self.cell(to) {
            *cell = Rows::default();
        }
        self.merge(to, from);
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

fn read(rows: &mut Rows, reader: &mut Reader<'_>) -> Option<()> {
    let count = reader.count(16)?;
    let mut actors = Vec::with_capacity(count);
    for _ in 0..count {
        let image = u128::from_le_bytes(reader.take(16)?.try_into().ok()?);
        actors.push(rows.actor(image));
    }
    let count = reader.count(8)?;
    let mut kept = Vec::with_capacity(count);
    for _ in 0..count {
        let length = reader.count(1)?;
        kept.push(rows.keep(reader.take(length)?));
    }
    let count = reader.count(20)?;
    rows.rows.reserve(count);
    for _ in 0..count {
        let time = reader.i64()?;
        let mut next = || Some(u32::from_le_bytes(reader.take(4)?.try_into().ok()?));
        let (actor, tags, other) = (next()?, next()?, next()?);
        let actor = *actors.get(actor as usize)?;
        let other = if other == NOTHING { NOTHING } else { *kept.get(other as usize)? };
        rows.rows.push(Row { time, actor, tags, kept: other });
    }
    Some(())
}
