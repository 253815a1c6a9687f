//! Temporary files for what does not fit into memory. They have no name: whatever ends the process, nothing of them is left.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use kepi_lang::diag::{Code, Diagnostic};

use crate::memory::Memory;

/// Where something lies in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Piece {
    pub from: u64,
    pub len: u64,
}

/// A temporary file that only grows.
#[derive(Debug)]
pub(crate) struct Spill {
    file: Mutex<File>,
    memory: Arc<Memory>,
}

/// The end of a file.
pub(crate) struct Writer<'a> {
    out: BufWriter<&'a mut File>,
    at: u64,
}

impl Writer<'_> {
    pub(crate) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Where the next byte will lie.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// What was put since then.
    pub(crate) fn since(&self, from: u64) -> Piece {
        Piece { from, len: self.at - from }
    }
}

impl Spill {
    pub(crate) fn new(memory: &Arc<Memory>) -> Result<Arc<Self>, Diagnostic> {
        let file = tempfile::tempfile_in(memory.folder()).map_err(|e| refused(memory, "written", &e))?;
        Ok(Arc::new(Self { file: Mutex::new(file), memory: Arc::clone(memory) }))
    }

    /// Adds to the end.
    pub(crate) fn append<T>(&self, write: impl FnOnce(&mut Writer<'_>) -> io::Result<T>) -> Result<T, Diagnostic> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let appended = || {
            let from = file.seek(SeekFrom::End(0))?;
            let mut writer = Writer { out: BufWriter::with_capacity(1 << 18, &mut file), at: from };
            let written = write(&mut writer)?;
            writer.out.flush()?;
            self.memory.wrote(writer.at - from);
            Ok(written)
        };
        appended().map_err(|e| refused(&self.memory, "written", &e))
    }

    pub(crate) fn read(&self, piece: Piece) -> Result<Vec<u8>, Diagnostic> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = || {
            let mut bytes = vec![0; usize::try_from(piece.len).map_err(io::Error::other)?];
            file.seek(SeekFrom::Start(piece.from))?;
            file.read_exact(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|e| refused(&self.memory, "read", &e))
    }
}

fn refused(memory: &Memory, what: &str, error: &io::Error) -> Diagnostic {
    let folder = memory.folder().display();
    Diagnostic::without_place(Code::Spilling, format!("a temporary file in `{folder}` cannot be {what}: {error}"))
        .help("name a folder that has room with `--temp-dir`, or raise `--memory-limit`")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::{Piece, Spill};
    use crate::memory::Memory;

    #[test]
    fn what_was_written_is_read_and_has_no_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Arc::new(Memory::new(1 << 20, folder.path().to_path_buf()));
        let spill = Spill::new(&memory).expect("a file");
        let put = |text: &'static str| {
            spill.append(|out| {
                let from = out.at();
                out.put(text.as_bytes())?;
                Ok(out.since(from))
            })
        };
        let (first, second) = (put("some bytes"), put("and more"));
        assert_eq!((first, second), (Ok(Piece { from: 0, len: 10 }), Ok(Piece { from: 10, len: 8 })));
        let names = std::fs::read_dir(folder.path()).expect("the folder").count();
        assert_eq!((names, memory.spilled()), (0, 18));
        let read = |from, len| spill.read(Piece { from, len }).map_err(|f| f.code.as_str());
        assert_eq!(read(5, 8), Ok(b"bytesand".to_vec()));
        assert_eq!(read(10, 9), Err("K0654"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let memory = Arc::new(Memory::new(1 << 20, Path::new("/nowhere/at all").to_path_buf()));
        let found = Spill::new(&memory).expect_err("a finding");
        assert!(found.message.starts_with("a temporary file in `/nowhere/at all` cannot be written: "), "{found:?}");
    }
}
