//! The numbers of actors and other values from run to run: what was numbered, in order, in pieces of which each goes on from
//! another. The numbers in a state are those of one such chain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cache::Cache;
use crate::cache::entry::{Key, Kind, Making};
use crate::operators::Reader;
use crate::operators::ids::{Interner, OWN};

/// Stands where a chain begins, and where a state has no such numbers.
pub(super) const NONE: Key = Key([0; 32]);

/// Longer chains are none of ours.
const LONGEST: usize = 100_000;

struct Piece {
    /// What it goes on from, and how many values that has.
    from: Key,
    before: usize,
    images: Vec<u128>,
}

/// The chains that states name, and what their numbers are in this run.
#[derive(Default)]
pub(crate) struct Actors {
    pieces: BTreeMap<Key, Piece>,
    /// The chain whose numbers are kept, and how many values it has.
    base: Option<(Key, usize)>,
    /// Pieces whose numbers are kept.
    same: BTreeSet<Key>,
    maps: BTreeMap<Key, Option<Arc<Vec<u32>>>>,
}

/// What the numbers of a state become.
#[derive(Clone)]
pub(super) enum Renumbered {
    Same,
    /// By the number less the first.
    To(Arc<Vec<u32>>),
}

impl Renumbered {
    pub fn id(&self, id: u32) -> Option<u32> {
        match self {
            Self::To(map) if id >= OWN => map.get((id - OWN) as usize).copied(),
            _ => Some(id),
        }
    }
}

impl Actors {
    /// Reads a chain.
    pub fn fetch(&mut self, cache: &Cache, key: &Key) {
        let mut next = *key;
        while next != NONE && !self.pieces.contains_key(&next) {
            let Some(content) = cache.get(Kind::Actors, &next) else { return };
            let Some(piece) = read(&content) else { return cache.damaged(&next) };
            let from = piece.from;
            self.pieces.insert(next, piece);
            next = from;
        }
    }

    /// The pieces of a chain, the last first; `None` where one is missing.
    fn chain(&self, key: &Key) -> Option<Vec<Key>> {
        let (mut chain, mut next, mut before) = (Vec::new(), *key, None);
        while next != NONE {
            let piece = self.pieces.get(&next)?;
            let count = piece.before + piece.images.len();
            if before.is_some_and(|before| before != count) || chain.len() == LONGEST {
                return None;
            }
            chain.push(next);
            (next, before) = (piece.from, Some(piece.before));
        }
        (before.unwrap_or(0) == 0).then_some(chain)
    }

    /// Gives the values of the longest chain their numbers; nothing has been numbered yet.
    pub fn seed(&mut self, interner: &Interner) {
        let count = |key: &Key| self.pieces.get(key).map_or(0, |piece| piece.before + piece.images.len());
        let longest = self.pieces.keys().filter(|key| self.chain(key).is_some()).max_by_key(|key| (count(key), **key));
        let Some(longest) = longest.copied() else { return };
        let chain = self.chain(&longest).unwrap_or_default();
        let images = chain.iter().rev().filter_map(|key| self.pieces.get(key)).flat_map(|piece| &piece.images);
        let ordered = (0u32..).zip(images).all(|(n, image)| interner.id(*image) == Ok(OWN + n));
        if ordered {
            self.base = Some((longest, count(&longest)));
            self.same.extend(chain);
        }
    }

    /// What the numbers of a chain are in this run; `None` where the chain is not whole.
    pub(super) fn numbers(&mut self, key: &Key, interner: &Interner) -> Option<Renumbered> {
        if *key == NONE || self.same.contains(key) {
            return Some(Renumbered::Same);
        }
        if let Some(known) = self.maps.get(key) {
            return known.clone().map(Renumbered::To);
        }
        let map = self.chain(key).and_then(|chain| {
            let images = chain.iter().rev().filter_map(|key| self.pieces.get(key)).flat_map(|piece| &piece.images);
            images.map(|image| interner.id(*image).ok()).collect::<Option<Vec<u32>>>()
        });
        let map = map.map(Arc::new);
        self.maps.insert(*key, map.clone());
        map.map(Renumbered::To)
    }

    /// Keeps what has been numbered, and says which chain it is.
    pub fn keep(&self, cache: &Cache, interner: &Interner) -> Key {
        let images = interner.images();
        let (from, before) = self.base.unwrap_or((NONE, 0));
        let new = images.get(before..).unwrap_or_default();
        if new.is_empty() {
            return from;
        }
        let mut content = Vec::with_capacity(40 + 16 * new.len());
        content.extend(from.0);
        content.extend((before as u64).to_le_bytes());
        new.iter().for_each(|image| content.extend(image.to_le_bytes()));
        let mut making = Making::new("actors");
        std::hash::Hasher::write(&mut making, &content);
        let key = making.key();
        cache.put(Kind::Actors, &key, &[&content]);
        key
    }
}

fn read(content: &[u8]) -> Option<Piece> {
    let mut reader = Reader::new(content);
    let from = Key(reader.take(32)?.try_into().ok()?);
    let before = usize::try_from(reader.u64()?).ok()?;
    before.checked_add(content.len())?;
    let mut images = Vec::with_capacity(content.len() / 16);
    while !reader.is_empty() {
        images.push(u128::from_le_bytes(reader.take(16)?.try_into().ok()?));
    }
    Some(Piece { from, before, images })
}
