//! Rows by actor: kept as they come, in shards of actors, and put together actor by actor one shard after the other, so that what is
//! worked on stays small and shards can be worked on side by side.

/// How many shards there are. All rows of an actor are in one of them.
pub(crate) const SHARDS: usize = 64;

/// Rows of a piece of memory; a piece that is full is not moved any more.
const PIECE: usize = 4096;

/// So many rows are not worth being in shards.
const FEW: usize = 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Microseconds.
    pub time: i64,
    /// A number of `ids`.
    pub actor: u32,
    /// Whatever else is known of it.
    pub code: u32,
}

/// The digits of a number to the base of 64, together: so all of them say which shard it is.
fn folded(number: u32) -> u32 {
    (number ^ number >> 6 ^ number >> 12 ^ number >> 18 ^ number >> 24 ^ number >> 30) & 63
}

/// The shard of an actor; within one, `actor / 64` tells actors apart.
pub(crate) fn shard_of(actor: u32) -> usize {
    folded(actor) as usize
}

/// Rows in the order in which they came.
#[derive(Clone, Default)]
struct Pieces {
    full: Vec<Vec<Row>>,
    open: Vec<Row>,
}

impl Pieces {
    fn push(&mut self, row: Row) {
        if self.open.len() == PIECE {
            let next = Vec::with_capacity(PIECE);
            self.full.push(std::mem::replace(&mut self.open, next));
        }
        self.open.push(row);
    }

    fn all(self) -> Vec<Vec<Row>> {
        let Self { mut full, open } = self;
        if !open.is_empty() {
            full.push(open);
        }
        full
    }

    fn iter(&self) -> impl Iterator<Item = &Row> {
        self.full.iter().flatten().chain(&self.open)
    }
}

#[derive(Clone, Default)]
pub(crate) struct Shards {
    /// One of all rows, or as many as there are shards.
    pieces: Vec<Pieces>,
    rows: usize,
}

impl Shards {
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Bytes of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        // What is open is half full, more often than not.
        let open = self.pieces.len() * PIECE.min(self.rows / self.pieces.len().max(1)) / 2;
        self.pieces.capacity() * size_of::<Pieces>() + (self.rows + open) * size_of::<Row>()
    }

    pub(crate) fn push(&mut self, row: Row) {
        if self.rows == FEW {
            self.spread();
        }
        self.rows += 1;
        let at = if self.pieces.len() == SHARDS { shard_of(row.actor) } else { 0 };
        if self.pieces.is_empty() {
            self.pieces.push(Pieces::default());
        }
        if let Some(pieces) = self.pieces.get_mut(at) {
            pieces.push(row);
        }
    }

    /// Takes all rows of another, with other codes.
    pub(crate) fn append(&mut self, other: Self, codes: &[u32]) {
        let same = (0u32..).zip(codes).all(|(from, to)| from == *to);
        if self.rows == 0 && same {
            *self = other;
            return;
        }
        if self.rows + other.rows <= FEW {
            let row = |row: &Row| Row { code: codes.get(row.code as usize).copied().unwrap_or(row.code), ..*row };
            return other.iter().for_each(|from| self.push(row(from)));
        }
        self.spread();
        self.rows += other.rows;
        for (pieces, all) in self.pieces.iter_mut().zip(other.into_shards()) {
            // Whole pieces go before the one that is open: which of an actor's rows come first says nothing.
            for mut piece in all {
                if !same {
                    for row in &mut piece {
                        row.code = codes.get(row.code as usize).copied().unwrap_or(row.code);
                    }
                }
                pieces.full.push(piece);
            }
        }
    }

    fn spread(&mut self) {
        if self.pieces.len() == SHARDS {
            return;
        }
        let known = std::mem::take(&mut self.pieces);
        self.pieces.resize_with(SHARDS, Pieces::default);
        for row in known.iter().flat_map(Pieces::iter) {
            if let Some(pieces) = self.pieces.get_mut(shard_of(row.actor)) {
                pieces.push(*row);
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.pieces.iter().flat_map(Pieces::iter)
    }

    /// The rows by shard, in pieces.
    pub(crate) fn into_shards(mut self) -> Vec<Vec<Vec<Row>>> {
        self.spread();
        self.pieces.into_iter().map(Pieces::all).collect()
    }
}

/// Rows actor by actor, each actor's in the order in which they came.
pub(crate) struct ByActor<T> {
    /// Ascending.
    pub actors: Vec<u32>,
    /// Where each actor's rows begin; and the end of the last.
    starts: Vec<u32>,
    pub rows: Vec<T>,
}

impl<T: Copy + Default> ByActor<T> {
    /// Of one shard. `parts`: rows in pieces; `of`: what becomes of a row of a part.
    pub(crate) fn new(shard: usize, parts: &[Vec<Vec<Row>>], of: impl Fn(usize, &Row) -> T) -> Self {
        let each = || parts.iter().flatten().flatten();
        let (mut total, mut least, mut most) = (0usize, u32::MAX, 0);
        for row in each() {
            let number = row.actor / SHARDS as u32;
            (total, least, most) = (total + 1, least.min(number), most.max(number));
        }
        let mut made = Self { actors: Vec::new(), starts: Vec::new(), rows: vec![T::default(); total] };
        let range = most.saturating_sub(least) as usize + 1;
        if total == 0 {
            made.starts.push(0);
        } else if range <= 4 * total + 1024 {
            made.counted(shard, parts, of, (least, range));
        } else {
            made.sorted(parts, of);
        }
        made
    }

    /// Of all shards.
    pub(crate) fn of_all(parts: &[Vec<Vec<Row>>], of: impl Fn(usize, &Row) -> T) -> Self {
        let mut made = Self { actors: Vec::new(), starts: Vec::new(), rows: Vec::new() };
        made.sorted(parts, of);
        made
    }

    fn counted(
        &mut self,
        shard: usize,
        parts: &[Vec<Vec<Row>>],
        of: impl Fn(usize, &Row) -> T,
        (least, range): (u32, usize),
    ) {
        let mut places = vec![0u32; range];
        let place = |row: &Row| (row.actor / SHARDS as u32 - least) as usize;
        for row in parts.iter().flatten().flatten() {
            if let Some(count) = places.get_mut(place(row)) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for (count, number) in places.iter_mut().zip(least..) {
            let from = sum;
            if *count > 0 {
                let low = (shard as u32 ^ folded(number)) & (SHARDS as u32 - 1);
                self.actors.push((number * SHARDS as u32) | low);
                self.starts.push(from);
            }
            sum += *count;
            *count = from;
        }
        self.starts.push(sum);
        for (at, part) in parts.iter().enumerate() {
            for row in part.iter().flatten() {
                let Some(next) = places.get_mut(place(row)) else { continue };
                if let Some(slot) = self.rows.get_mut(*next as usize) {
                    *slot = of(at, row);
                }
                *next += 1;
            }
        }
    }

    /// Of actors that are few among the numbers that there are.
    fn sorted(&mut self, parts: &[Vec<Vec<Row>>], of: impl Fn(usize, &Row) -> T) {
        let rows = parts.iter().enumerate().flat_map(|(at, part)| part.iter().flatten().map(move |row| (at, row)));
        let mut rows: Vec<(u32, T)> = rows.map(|(at, row)| (row.actor, of(at, row))).collect();
        rows.sort_by_key(|(actor, _)| *actor);
        self.rows.clear();
        for (actor, row) in rows {
            if self.actors.last() != Some(&actor) {
                self.actors.push(actor);
                self.starts.push(self.rows.len() as u32);
            }
            self.rows.push(row);
        }
        self.starts.push(self.rows.len() as u32);
    }

    /// Puts each actor's rows in order, where they are not.
    pub(crate) fn sort(&mut self, in_order: impl Fn(&T, &T) -> bool, compare: impl Fn(&T, &T) -> std::cmp::Ordering) {
        for bounds in self.starts.windows(2) {
            if let [from, to] = bounds
                && let Some(own) = self.rows.get_mut(*from as usize..*to as usize)
                && !own.is_sorted_by(&in_order)
            {
                own.sort_unstable_by(&compare);
            }
        }
    }

    /// Actors with their rows.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u32, &[T])> {
        self.actors.iter().zip(self.starts.windows(2)).map(|(actor, bounds)| {
            let [from, to] = bounds else { return (*actor, &[][..]) };
            (*actor, self.rows.get(*from as usize..*to as usize).unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{ByActor, Row, Shards};

    #[test]
    fn each_actor_has_its_rows_in_one_shard() {
        let dense: Vec<u32> = (0..5000).map(|n| n * 7 % 1000).collect();
        let far: Vec<u32> = (0..5000u32).map(|n| (n * 7 % 1000).wrapping_mul(0x9e37_79b9)).collect();
        let few: Vec<u32> = vec![3, u32::MAX - 1, 3, 1 << 31];
        for actors in [dense, far, few, Vec::new()] {
            let mut shards = Shards::default();
            let mut expected: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
            for (time, actor) in (0i64..).zip(&actors) {
                shards.push(Row { time, actor: *actor, code: 0 });
                expected.entry(*actor).or_default().push(time);
            }
            assert_eq!((shards.len(), shards.iter().count()), (actors.len(), actors.len()));
            let mut found: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
            for (shard, pieces) in shards.into_shards().into_iter().enumerate() {
                let rows = ByActor::new(shard, &[pieces], |_, row| row.time);
                for (actor, times) in rows.each() {
                    assert_eq!(found.insert(actor, times.to_vec()), None);
                }
            }
            assert_eq!(found, expected);
        }
    }
}
