//! What `check` has found in files, kept for whoever opens them next: a file is read once for both.

use std::sync::{Mutex, PoisonError};

use kepi_lang::ir::{Format, TextOptions};

use crate::sources::open::{Place, Stamp};
use crate::sources::text::check::Check;
use crate::sources::text::profile::Profile;

/// What a profile depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    place: Place,
    stamp: Stamp,
    how: String,
}

static SEEN: Mutex<Vec<(Key, Profile)>> = Mutex::new(Vec::new());
/// Beyond this what was looked into first is forgotten.
const MOST: usize = 20_000;

impl Key {
    pub fn new(place: &Place, stamp: Stamp, format: Format, options: &TextOptions, checks: &[Check]) -> Self {
        let checks: Vec<String> = checks.iter().map(Check::key).collect();
        let how = format!("{format:?} {:?} {:?} {checks:?}", options.separator, options.quote);
        Self { place: place.clone(), stamp, how }
    }
}

pub(crate) fn remember(key: Key, profile: Profile) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    seen.retain(|(other, _)| other.place != key.place);
    if seen.len() >= MOST {
        seen.remove(0);
    }
    seen.push((key, profile));
}

/// Takes what is known out: it is used once, so that nothing old is ever taken for new.
pub(crate) fn recall(key: &Key) -> Option<Profile> {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let at = seen.iter().position(|(other, _)| other == key)?;
    Some(seen.swap_remove(at).1)
}
