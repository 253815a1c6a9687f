//! Why an object store cannot be read.

use std::error::Error;
use std::fmt;

use kepi_lang::diag::Code;

/// What went wrong, as the end of a sentence that begins with the name of a file or place. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub code: Code,
    /// The file's or place's address.
    pub place: String,
    pub text: String,
    pub help: Option<String>,
    /// It is not the object any more that was listed.
    pub changed: bool,
}

impl Fault {
    pub fn new(code: Code, place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { code, place: place.into(), text: text.into(), help: None, changed: false }
    }

    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    #[cfg(feature = "object-stores")]
    pub fn changed(place: impl Into<String>) -> Self {
        Self { changed: true, ..Self::new(Code::FileChanged, place, "has changed while it was being read") }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.place, self.text)
    }
}

impl Error for Fault {}

/// The fault that an error of a reading crate carries.
pub(crate) fn fault_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Fault> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(fault) = error.downcast_ref::<Fault>() {
            return Some(fault);
        }
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
