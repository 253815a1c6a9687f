//! What `check` has found in files, kept for whoever opens them next: a file is looked into once, however many tables it is of.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use kepi_lang::ir::{Format, TextOptions};

use crate::cache::{Making, key};
use crate::sources::open::{Place, Stamp};
use crate::sources::text::by_name;
use crate::sources::text::check::Check;
use crate::sources::text::profile::Profile;

/// What a profile depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    place: Place,
    stamp: Stamp,
    how: String,
}

/// A profile, and how many tables will open the file.
type Known = (Profile, usize);

static SEEN: LazyLock<Mutex<HashMap<Key, Known>>> = LazyLock::new(Mutex::default);
/// Of more files nothing is remembered.
const MOST: usize = 20_000;

impl Key {
    pub fn new(place: &Place, stamp: Stamp, format: Format, options: &TextOptions, checks: &[Check]) -> Self {
        let checks: Vec<String> = checks.iter().map(Check::key).collect();
        let how = format!("{format:?} {:?} {:?} {:?} {checks:?}", options.separator, options.quote, options.numbers);
        Self { place: place.clone(), stamp, how }
    }
}

impl Key {
    /// What a profile depends on beside the file's content, on any machine.
    pub fn identify(&self, checks: &[Check], making: &mut Making) {
        making.text(&self.how).text(&format!("{:?}", by_name(self.place.name())));
        checks.iter().for_each(|check| key::zone(&check.target.reading.zone, making));
    }
}

/// Nothing is known any more: what is looked into now is new.
pub(crate) fn forget() {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

pub(crate) fn remember(key: Key, profile: Profile) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.len() < MOST {
        seen.entry(key).or_insert((profile, 0)).1 += 1;
    }
}

/// What is known of a file; `again`: it will be asked for once more. Without that it is used up, so that nothing old is ever
/// taken for new.
pub(crate) fn recall(key: &Key, again: bool) -> Option<Profile> {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let (profile, uses) = seen.get_mut(key)?;
    if again {
        *uses += 1;
        return Some(profile.clone());
    }
    if *uses > 1 {
        *uses -= 1;
        return Some(profile.clone());
    }
    seen.remove(key).map(|(profile, _)| profile)
}
