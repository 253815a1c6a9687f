//! An object whose parts are read from anywhere in it.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use futures::executor::block_on;

use crate::sources::stores::object::Object;
use crate::sources::stores::pieces::fetched;

/// Bytes of one request at least, and how far they grow while reading goes on where it was.
const LEAST: u64 = 1 << 16;
const MOST: u64 = 1 << 22;

pub(super) struct Ranged {
    object: Object,
    at: u64,
    /// What was fetched last, and where it begins.
    chunk: Bytes,
    start: u64,
    ahead: u64,
}

impl Ranged {
    pub fn new(object: Object) -> Self {
        Self { object, at: 0, chunk: Bytes::new(), start: 0, ahead: LEAST }
    }

    /// The bytes at hand, from where reading goes on.
    fn rest(&self) -> &[u8] {
        let skip = self.at.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        skip.and_then(|skip| self.chunk.get(skip..)).unwrap_or_default()
    }

    fn fetch(&mut self, least: u64) -> io::Result<()> {
        let goes_on = self.at == self.start + self.chunk.len() as u64;
        self.ahead = if goes_on { (self.ahead * 2).min(MOST) } else { LEAST };
        let end = self.at.saturating_add(self.ahead.max(least)).min(self.object.bytes());
        let range = self.at..end;
        self.chunk =
            block_on(fetched(self.object.clone(), vec![range])).map_err(io::Error::other)?.pop().unwrap_or_default();
        self.start = self.at;
        Ok(())
    }
}

impl Read for Ranged {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.rest().is_empty() && self.at < self.object.bytes() && !room.is_empty() {
            self.fetch(room.len() as u64)?;
        }
        let rest = self.rest();
        let taken = rest.len().min(room.len());
        if let (Some(room), Some(rest)) = (room.get_mut(..taken), rest.get(..taken)) {
            room.copy_from_slice(rest);
        }
        self.at += taken as u64;
        Ok(taken)
    }
}

impl Seek for Ranged {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.object.bytes().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
