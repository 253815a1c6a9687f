//! Why a file cannot be read.

use std::fmt;
use std::io;

use kepi_lang::diag::Code;

use crate::sources::files::io_text;
use crate::sources::stores::{Fault, fault_in};

/// Why a file cannot be read, as the end of a sentence that begins with its name.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The operating system's.
    Unreadable(String),
    Corrupt(String),
    /// Text in another encoding than UTF-8.
    Encoding(String),
    /// It is not the file any more that was looked into.
    Changed,
    /// An object store's or server's.
    Store(Fault),
}

impl Trouble {
    /// What kind of finding it is, and its text.
    pub fn said(self) -> (Code, String) {
        match self {
            Self::Unreadable(text) => (Code::Unreadable, text),
            Self::Corrupt(text) => (Code::Corrupt, text),
            Self::Encoding(text) => (Code::OtherEncoding, text),
            Self::Store(fault) => (fault.code, fault.text),
            Self::Changed => (Code::FileChanged, "has changed while it was being read".to_owned()),
        }
    }

    /// What may mend it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Store(fault) => fault.help.clone(),
            _ => None,
        }
    }

    /// Of an error while a file is opened, read and unpacked.
    pub fn io(error: &io::Error, packed: bool) -> Self {
        if let Some(Broken(text)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return Self::Corrupt(text.clone());
        }
        if let Some(fault) = fault_in(error) {
            return Self::Store(fault.clone());
        }
        let text = io_text(error);
        match error.kind() {
            io::ErrorKind::UnexpectedEof if packed => {
                Self::Corrupt("is cut short: what is packed in it does not end".to_owned())
            }
            // Unpacking fails with errors that the operating system did not make.
            _ if packed && error.raw_os_error().is_none() => Self::Corrupt(format!("cannot be unpacked: {text}")),
            _ => Self::Unreadable(format!("cannot be read: {text}")),
        }
    }
}

/// A text that does not keep to its own beginning, on its way through errors of reading.
#[derive(Debug)]
pub(crate) struct Broken(pub String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}
