//! What opening files has found out, so that it need not be found out again: what the columns of a text file hold and which of its
//! rows cannot be read, and between which times the rows of a source's file lie.

use std::collections::BTreeMap;
use std::hash::Hasher;

use serde::{Deserialize, Serialize};

use crate::cache::entry::{Key, Kind, Making};
use crate::cache::{Cache, SIGNS, key};
use crate::sources::open::{self, Place};
use crate::sources::table::DataFile;
use crate::sources::text::Profile;
use crate::sources::trouble::Trouble;

/// The times of a file's rows in scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    /// The first and the last, in microseconds.
    pub reach: Option<(i64, i64)>,
    /// Rows, by number of the day.
    pub days: BTreeMap<i64, u64>,
    /// Rows that were read, and those of them without a time.
    pub read: u64,
    pub no_time: u64,
}

impl Times {
    /// A row at an instant of a day.
    pub(crate) fn see(&mut self, micros: i64, day: i64) {
        self.reach = Some(self.reach.map_or((micros, micros), |(from, to)| (from.min(micros), to.max(micros))));
        *self.days.entry(day).or_default() += 1;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        if let Some((least, most)) = other.reach {
            self.reach = Some(self.reach.map_or((least, most), |(from, to)| (from.min(least), to.max(most))));
        }
        other.days.into_iter().for_each(|(day, rows)| *self.days.entry(day).or_default() += rows);
        self.read += other.read;
        self.no_time += other.no_time;
    }
}

impl Cache {
    /// What is known of a text file, or else is `made`. `how`: what it depends on beside the file.
    pub(crate) fn profile(
        &self,
        place: &Place,
        how: impl Fn(&mut Making),
        made: impl FnOnce() -> Result<Profile, Trouble>,
    ) -> Result<Profile, Trouble> {
        let key = |content: [u8; 32]| {
            let mut making = Making::new("profile");
            making.text(env!("CARGO_PKG_VERSION")).write_u32(key::FORMAT);
            how(&mut making);
            making.write(&content);
            making.key()
        };
        let known = self.content(place).map(key).and_then(|key| self.parsed(Kind::Profile, &key));
        if let Some(profile) = known {
            return Ok(profile);
        }
        let profile = made()?;
        let content = match place {
            Place::Local(_) => profile.file.content,
            Place::Remote(object) => object.identity(),
        };
        self.put_text(Kind::Profile, &key(content), &profile);
        Ok(profile)
    }

    /// The hash of a file's content, where finding it out is worth it: not where nothing is kept yet.
    fn content(&self, place: &Place) -> Option<[u8; 32]> {
        let Place::Local(path) = place else { return open::content(place).ok() };
        let filled = || SIGNS.iter().any(|(name, _)| self.folder.join(name).is_file());
        self.stamps().content(path).or_else(|| if filled() { open::content(place).ok() } else { None })
    }

    /// The times of a file's rows, or else those that are `made`. `definition`: which rows are in scope, and how times are read.
    pub(crate) fn times<E>(
        &self,
        definition: &Key,
        file: &DataFile,
        content: &[u8; 32],
        made: impl FnOnce() -> Result<Times, E>,
    ) -> Result<Times, E> {
        let key = key::file(definition, &file.found.relative, file.found.bytes, content);
        if let Some(times) = self.parsed(Kind::Times, &key) {
            return Ok(times);
        }
        let times = made()?;
        self.put_text(Kind::Times, &key, &times);
        Ok(times)
    }

    fn parsed<T: for<'a> Deserialize<'a>>(&self, kind: Kind, key: &Key) -> Option<T> {
        let parsed = serde_json::from_slice(&self.get(kind, key)?);
        if parsed.is_err() {
            self.damaged(key);
        }
        parsed.ok()
    }

    fn put_text(&self, kind: Kind, key: &Key, content: &impl Serialize) {
        if let Ok(text) = serde_json::to_vec(content) {
            self.put(kind, key, &[&text]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use kepi_lang::ir::{Format, TextOptions};

    use crate::cache::{Cache, LIMIT, Making};
    use crate::sources::open::Place;
    use crate::sources::text::{self, Profile};
    use crate::sources::trouble::Trouble;

    #[test]
    fn what_a_text_holds_is_found_out_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().join("kept"), LIMIT);
        let files = [
            ("a.csv", Format::Csv, "at,\"n; m\"\n2026-03-02T10:00:00Z,1.50\n2026-03-02,1,2\n,-7\n"),
            (
                "b.ndjson",
                Format::Ndjson,
                "{\"a\": {\"b\": 1, \"c\": [1, 2.5]}, \"é\": null}\nnothing\n{\"a.b\": \"x\"}\n",
            ),
        ];
        for (name, format, content) in files {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("written");
            let place = Place::Local(path.clone());
            let how = |text: &'static str| move |making: &mut Making| _ = making.text(text);
            let made = || text::profile(&place, content.len() as u64, format, &TextOptions::default(), &[], &[]);
            let not_again = || Err::<Profile, _>(Trouble::Changed);
            let told = |profile: &Profile| serde_json::to_value(profile).expect("as text");
            let first = cache.profile(&place, how("so"), made).unwrap_or_else(|_| panic!("{name} is read"));
            let again = cache.profile(&place, how("so"), not_again).unwrap_or_else(|_| panic!("{name} is known"));
            assert_eq!(told(&again), told(&first));
            assert_eq!((again.rows, again.file.shape.columns()), (first.rows, first.file.shape.columns()));
            // Read otherwise, or of other content, it is not known.
            assert!(cache.profile(&place, how("not so"), not_again).is_err());
            fs::write(&path, format!("{content} ")).expect("written");
            assert!(cache.profile(&place, how("so"), not_again).is_err());
        }
    }
}
