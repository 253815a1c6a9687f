//! One entry: what it is, the key it was made for, a checksum, and the content.

use std::fmt::Write;
use std::hash::Hasher;
use std::path::Path;

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::Xxh3;

use crate::operators::Reader;

const MAGIC: &[u8; 8] = b"kepi-k01";
const HEAD: usize = MAGIC.len() + 1 + 32 + 16;

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// How far the clocks of a file's rows go.
    Reach = 1,
    /// The state of a file's rows.
    State = 2,
    /// Values of actors, in the order of their numbers.
    Actors = 3,
    /// Content hashes by what the file system says of files.
    Stamps = 4,
    /// What was counted of a file's rows, and whose numbers its state has.
    Head = 5,
    /// Values of an ask, by period.
    Values = 6,
    /// What a text file holds.
    Profile = 7,
    /// Between which times a file's rows lie.
    Times = 8,
}

/// What an entry depends on, as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub [u8; 32]);

impl Key {
    /// Letters of its name.
    pub const NAME: usize = 40;

    pub fn name(&self) -> String {
        self.0.iter().take(Self::NAME / 2).fold(String::new(), |mut name, byte| {
            _ = write!(name, "{byte:02x}");
            name
        })
    }
}

/// Makes keys. As a [`Hasher`] it takes in whatever says how it is hashed.
pub(crate) struct Making(Sha256);

impl Making {
    pub fn new(of: &str) -> Self {
        let mut making = Self(Sha256::new());
        making.text(of);
        making
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    pub fn key(self) -> Key {
        Key(self.0.finalize().into())
    }
}

impl Hasher for Making {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Keys are longer than that: [`Making::key`].
    fn finish(&self) -> u64 {
        0
    }
}

fn checksum(head: &[u8], content: &[&[u8]]) -> u128 {
    let mut sum = Xxh3::new();
    sum.update(head);
    content.iter().for_each(|part| sum.update(part));
    sum.digest128()
}

pub(super) fn bytes(kind: Kind, key: &Key, content: &[&[u8]]) -> Vec<u8> {
    let length = content.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(HEAD + length);
    out.extend(MAGIC);
    out.push(kind as u8);
    out.extend(key.0);
    let sum = checksum(&out, content);
    out.extend(sum.to_le_bytes());
    content.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// Kind, key and where the content begins, if the checksum holds.
fn opened(bytes: &[u8]) -> Option<(u8, Key)> {
    let mut reader = Reader::new(bytes);
    let head = bytes.get(..HEAD - 16)?;
    (reader.take(MAGIC.len())? == MAGIC).then_some(())?;
    let kind = reader.u8()?;
    let key = Key(reader.take(32)?.try_into().ok()?);
    let sum = u128::from_le_bytes(reader.take(16)?.try_into().ok()?);
    (checksum(head, &[bytes.get(HEAD..)?]) == sum).then_some((kind, key))
}

/// `None` where the bytes are no entry of the kind for the key.
pub(super) fn content(kind: Kind, key: &Key, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let (found, made_for) = opened(&bytes)?;
    (found == kind as u8 && made_for == *key).then(|| bytes.split_off(HEAD))
}

/// Whether a file is an entry, and the one that its name says.
pub(super) fn is_whole(path: &Path, bytes: &[u8]) -> bool {
    let named = path.components().rev().take(2).map(|part| part.as_os_str().to_string_lossy().into_owned());
    let name: String = named.collect::<Vec<_>>().into_iter().rev().collect();
    opened(bytes).is_some_and(|(_, key)| key.name() == name)
}
