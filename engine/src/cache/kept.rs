//! What is kept of a question's sources: which files have a state already, and what becomes of those that get one now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::LookupId;

use crate::cache::Cache;
use crate::cache::actors::{Actors, Renumbered};
use crate::cache::entry::{Key, Kind};
use crate::cache::key;
use crate::cache::parts::renumbered;
use crate::execute::state::{self, SuiteState};
use crate::execute::tally::{Reach, Tally};
use crate::execute::work::Work;
use crate::operators::Reader;
use crate::operators::ids::Interner;
use crate::parallel::parallel;
use crate::plan::Plan;
use crate::plan::suite::SuiteSpec;
use crate::plan::timeline::Stretch;
use crate::sources::open::Place;
use crate::sources::table::Table;
use crate::sources::{OpenLookup, OpenSource, Opened, TAG};

/// Why nothing of a source is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unkept {
    /// Copies of a key may lie in different files.
    Key,
    /// Rows are made of its rows, which go from file to file.
    Made,
    /// A file has a column of the name that says which file a row is of.
    Tag,
}

impl Unkept {
    pub fn of(source: &OpenSource, spec: &SuiteSpec) -> Option<Self> {
        if !spec.key.is_empty() {
            return Some(Self::Key);
        }
        if !spec.harvests.is_empty() {
            return Some(Self::Made);
        }
        source.table.position(TAG).map(|_| Self::Tag)
    }

    /// As the end of a sentence.
    pub fn why(self) -> &'static str {
        match self {
            Self::Key => "copies of its `key:` may lie in different files",
            Self::Made => {
                "first events, sessions or events of each actor are made of its rows, whatever file they lie in"
            }
            Self::Tag => "one of its columns has no usual name",
        }
    }
}

/// The parts of a state.
type Parts = Vec<Vec<u8>>;

/// A file of a source, and what is known of it.
pub(super) struct File {
    pub key: Key,
    pub reach: Option<Reach>,
    /// Its state is kept.
    head: Option<Head>,
    /// It was read in this run.
    read: bool,
}

/// What is known of a state that has not been loaded.
struct Head {
    state: Key,
    /// The chain of its numbers.
    actors: Key,
    tally: Tally,
}

/// The files of one source; `None` for those that are not read anyway.
pub(crate) struct Kept {
    /// What is the same for all files; `None` where none of them is kept.
    pub(super) definition: Option<Key>,
    pub(super) files: Vec<Option<File>>,
    slack: i64,
}

/// A source of a question: what is kept of its files, and what was read of the others.
pub(crate) struct Measured<'a> {
    pub work: Arc<Work>,
    pub source: &'a OpenSource,
    pub kept: Kept,
    pub batches: Vec<RecordBatch>,
}

/// The cache as one set of open files uses it.
pub(crate) struct Keeping {
    pub cache: Arc<Cache>,
}

fn tables(opened: &Opened) -> impl Iterator<Item = &Table> {
    opened.sources.iter().map(|source| source.table.as_ref()).chain(opened.lookups.iter().map(|lookup| lookup.table()))
}

impl Keeping {
    pub fn new(cache: Arc<Cache>, opened: &Opened) -> Self {
        for file in tables(opened).flat_map(|table| &table.files) {
            if let (Place::Local(path), None) = (&file.found.place, file.known()) {
                cache.stamps().content(path).into_iter().for_each(|content| file.know(content));
            }
        }
        Self { cache }
    }

    /// What is known of all files of the sources of a question, and the values that their numbers stand for.
    fn look(
        &self,
        sources: &[(Arc<Work>, &OpenSource)],
        lookups: &[Arc<OpenLookup>],
        interner: &Interner,
    ) -> Result<(Vec<Kept>, Actors), Diagnostic> {
        let mut actors = Actors::default();
        let mut found = Vec::new();
        for (work, source) in sources {
            found.push(if work.per_file { self.files(work, source, lookups)? } else { Kept::none() });
        }
        let heads = found.iter().flat_map(|kept| &kept.files).flatten().filter_map(|file| file.head.as_ref());
        let chains: BTreeSet<Key> = heads.map(|head| head.actors).collect();
        chains.iter().for_each(|chain| actors.fetch(&self.cache, chain));
        actors.seed(interner);
        Ok((found, actors))
    }

    fn files(&self, work: &Work, source: &OpenSource, lookups: &[Arc<OpenLookup>]) -> Result<Kept, Diagnostic> {
        let mut reached: BTreeMap<LookupId, &OpenLookup> = BTreeMap::new();
        for way in &work.spec.ways {
            for link in way.steps(&source.def.links, &source.lookups) {
                lookups.get(link.lookup.0 as usize).into_iter().for_each(|l| l.reaches(lookups, &mut reached));
            }
        }
        let reached: Vec<&OpenLookup> = reached.into_values().collect();
        let definition = key::definition(work, source, &reached)?;
        let left_out = source.left_out(work.spec.bounds);
        let mut files = Vec::new();
        for (file, out) in source.table.files.iter().zip(left_out) {
            if out {
                files.push(None);
                continue;
            }
            let content = source.table.content(file)?;
            let key = key::file(&definition, &file.found.relative, file.found.bytes, &content);
            let reach = self.cache.get(Kind::Reach, &key).and_then(|bytes| read_reach(&bytes));
            let slack = source.slack();
            let state = key::state(&key, &work.plan, &work.spec, reach.as_ref(), slack);
            let head = self.head(&state);
            files.push(Some(File { key, reach, head, read: false }));
        }
        Ok(Kept { definition: Some(definition), files, slack: source.slack() })
    }

    fn head(&self, state: &Key) -> Option<Head> {
        let key = key::head(state);
        let bytes = self.cache.get(Kind::Head, &key)?;
        let head = read_head(&bytes, *state);
        if head.is_none() {
            self.cache.damaged(&key);
        }
        head
    }

    /// Files of which only the state is gone, among those that are needed.
    pub fn gone(&self, kept: &Kept, needed: &[bool]) -> Vec<usize> {
        let gone = |head: &Head| !self.cache.has(&head.state);
        kept.heads().filter(|(at, head)| needed.get(*at) == Some(&true) && gone(head)).map(|(at, _)| at).collect()
    }

    /// Merges the states of files that are needed, and of the others what was counted of their rows. Says which states
    /// are not what they should be; then what has been merged is worth nothing.
    pub fn load(
        &self,
        of: &Measured<'_>,
        needed: &[bool],
        state: &mut SuiteState,
        (actors, threads): (&mut Actors, usize),
    ) -> Vec<usize> {
        /// States that are loaded at once, by each thread.
        const TOGETHER: usize = 4;
        let (spec, interner) = (&of.work.spec, &of.work.interner);
        let (mut lost, mut wanted) = (Vec::new(), Vec::new());
        for (at, head) in of.kept.heads() {
            if needed.get(at) != Some(&true) {
                state.tally.merge(&head.tally);
                continue;
            }
            // A chain that is gone is nothing odd: it was not used for long.
            match actors.numbers(&head.actors, interner) {
                Some(numbers) => wanted.push((at, head, numbers)),
                None => lost.push(at),
            }
        }
        let reach = |at: usize| of.kept.files.get(at)?.as_ref()?.reach.as_ref();
        for together in wanted.chunks(TOGETHER * threads.max(1)) {
            let jobs = together.iter().collect();
            let loaded = parallel(jobs, threads, |(at, head, numbers)| {
                let (actors, parts) = read_state(&self.cache.get(Kind::State, &head.state)?)?;
                // Another run may have written it meanwhile, with numbers of its own.
                let same = actors == head.actors;
                Some((same, here(&of.work.plan, spec, reach(*at), &parts, numbers)))
            });
            for ((at, head, _), loaded) in together.iter().zip(loaded) {
                if let Some((false, _)) = loaded {
                    lost.push(*at);
                    continue;
                }
                let parts = loaded.and_then(|(_, parts)| parts);
                let parts = parts.as_ref().map(|parts| parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
                if parts.and_then(|parts| state.merge(spec, &parts)).is_none() {
                    if self.cache.has(&head.state) {
                        self.cache.damaged(&head.state);
                    }
                    lost.push(*at);
                }
            }
        }
        lost
    }

    /// Keeps the states that a question's sources have emitted, file by file.
    fn keep(&self, opened: &Opened, sources: &[Measured<'_>], actors: &Actors, interner: &Interner) {
        let mut chain = None;
        for Measured { work, kept, batches: states, .. } in sources {
            let seen: BTreeSet<u32> = states.iter().map(state::file).collect();
            let unread = (0u32..)
                .zip(&kept.files)
                .filter(|(at, file)| file.as_ref().is_some_and(|file| file.head.is_none()) && !seen.contains(at));
            // Files of which no row was read: there is none in the bounds.
            let empty = unread.filter_map(|(at, _)| SuiteState::new(&work.plan, &work.spec).write(&work.spec, at).ok());
            for batch in states.iter().cloned().chain(empty) {
                let at = state::file(&batch) as usize;
                let Some(Some(file)) = kept.files.get(at) else { continue };
                let chain = *chain.get_or_insert_with(|| actors.keep(&self.cache, interner));
                let kept = state::parts(&batch).and_then(|parts| self.keep_one(work, file, kept.slack, &parts, chain));
                debug_assert!(kept.is_some(), "a state that is none");
            }
        }
        // States are nothing without the chain that their numbers are of.
        chain.iter().for_each(|chain| self.cache.used(chain));
        let mut content = BTreeMap::new();
        for table in tables(opened) {
            for file in &table.files {
                if let (Place::Local(path), Some(hash)) = (&file.found.place, file.known()) {
                    content.extend(path.to_str().map(|path| (path.to_owned(), hash)));
                }
            }
        }
        self.cache.stamps().keep(&self.cache, &content);
        self.cache.tidy();
    }

    fn keep_one(&self, work: &Work, file: &File, slack: i64, parts: &[&[u8]], chain: Key) -> Option<()> {
        let reach = file.reach.as_ref();
        if let Some(reach) = reach {
            self.cache.put(Kind::Reach, &file.key, &[&written_reach(reach)]);
        }
        let key = key::state(&file.key, &work.plan, &work.spec, reach, slack);
        let stretches = stretches(&work.plan, &work.spec, reach);
        let local = |space: usize, atom: u32| match stretches.get(space)? {
            Some(stretch) => stretch.local(atom),
            None => Some(atom),
        };
        let parts = renumbered(&work.plan, &work.spec, parts, &local, &Renumbered::Same)?;
        let mut head = chain.0.to_vec();
        head.extend((parts.len() as u64).to_le_bytes());
        parts.iter().for_each(|part| head.extend((part.len() as u64).to_le_bytes()));
        let all: Vec<&[u8]> = std::iter::once(head.as_slice()).chain(parts.iter().map(Vec::as_slice)).collect();
        self.cache.put(Kind::State, &key, &all);
        // Behind the state, which it says is there.
        self.cache.put(Kind::Head, &key::head(&key), &[&chain.0, parts.first()?]);
        Some(())
    }
}

/// The sources of a question, and what is kept of them.
pub(crate) struct Run<'a> {
    pub keeping: Option<&'a Keeping>,
    pub sources: Vec<Measured<'a>>,
    pub actors: Actors,
    opened: &'a Opened,
}

impl<'a> Run<'a> {
    pub fn look(
        keeping: Option<&'a Keeping>,
        opened: &'a Opened,
        works: Vec<Arc<Work>>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let source = |work: &Work| opened.sources.get(work.spec.source.0 as usize).map(Arc::as_ref);
        let sources: Vec<_> = works.into_iter().filter_map(|work| source(&work).map(|source| (work, source))).collect();
        let mut kept: Vec<Kept> = sources.iter().map(|_| Kept::none()).collect();
        let mut actors = Actors::default();
        if let (Some(keeping), Some((first, _))) = (keeping, sources.first()) {
            (kept, actors) = keeping.look(&sources, &opened.lookups, &first.interner).map_err(|e| vec![e])?;
        }
        let sources = sources.into_iter().zip(kept);
        let sources = sources.map(|((work, source), kept)| Measured { work, source, kept, batches: Vec::new() });
        Ok(Self { keeping, sources: sources.collect(), actors, opened })
    }

    /// Keeps all of it. No file has changed since it was found.
    pub fn keep(&self) {
        if let (Some(keeping), Some(first)) = (self.keeping, self.sources.first()) {
            keeping.keep(self.opened, &self.sources, &self.actors, &first.work.interner);
        }
    }
}

impl Measured<'_> {
    /// Takes what was read of its files.
    pub fn read(&mut self, batches: Vec<RecordBatch>) {
        let tallies = batches.iter().filter_map(|batch| {
            let parts = state::parts(batch)?;
            Some((state::file(batch) as usize, Tally::read(parts.first()?)?))
        });
        let tallies: BTreeMap<usize, Tally> = tallies.collect();
        for (at, (file, found)) in self.kept.files.iter_mut().zip(&self.source.table.files).enumerate() {
            let Some(file) = file.as_mut().filter(|file| file.head.is_none() && !file.read) else { continue };
            file.read = true;
            // What was left out by its time has not been seen.
            let tally = tallies.get(&at).cloned().unwrap_or_default();
            if file.reach.is_none() && tally.counts.read + found.bad() == found.rows {
                file.reach = Some(tally.reach);
            }
        }
        self.batches.extend(batches);
    }
}

impl Kept {
    /// Nothing is kept.
    pub fn none() -> Self {
        Self { definition: None, files: Vec::new(), slack: 0 }
    }

    /// By file, whether its rows need not be read, or not again.
    pub fn have(&self) -> Vec<bool> {
        self.files.iter().map(|file| file.as_ref().is_some_and(|file| file.head.is_some() || file.read)).collect()
    }

    /// Whether no file has to be read.
    pub fn is_all(&self) -> bool {
        !self.files.is_empty() && self.files.iter().flatten().all(|file| file.head.is_some() || file.read)
    }

    /// By file, whether it was not read.
    pub fn unread(&self) -> impl Iterator<Item = bool> {
        self.files.iter().map(|file| file.as_ref().is_some_and(|file| file.head.is_some()))
    }

    fn heads(&self) -> impl Iterator<Item = (usize, &Head)> {
        self.files.iter().enumerate().filter_map(|(at, file)| Some((at, file.as_ref()?.head.as_ref()?)))
    }

    /// What was kept of these files is not used after all.
    pub fn forget(&mut self, files: &[usize]) {
        for at in files {
            if let Some(Some(file)) = self.files.get_mut(*at) {
                file.head = None;
            }
        }
    }
}

/// By space, the part of its timeline that a file's rows can fall into.
fn stretches<'a>(plan: &'a Plan, spec: &SuiteSpec, reach: Option<&Reach>) -> Vec<Option<Stretch<'a>>> {
    (0..spec.spaces.len()).map(|at| key::stretch(plan, spec, at, reach)).collect()
}

/// A kept state's parts with the atoms and numbers of this run.
fn here(plan: &Plan, spec: &SuiteSpec, reach: Option<&Reach>, parts: &[Vec<u8>], ids: &Renumbered) -> Option<Parts> {
    let stretches = stretches(plan, spec, reach);
    let atom = |space: usize, local: u32| match stretches.get(space)? {
        Some(stretch) => stretch.atom(local),
        None => Some(local),
    };
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    renumbered(plan, spec, &parts, &atom, ids)
}

/// The chain of a state's numbers, and its parts.
fn read_state(bytes: &[u8]) -> Option<(Key, Parts)> {
    let mut reader = Reader::new(bytes);
    let actors = Key(reader.take(32)?.try_into().ok()?);
    let lengths: Vec<u64> = (0..reader.count(8)?).map(|_| reader.u64()).collect::<Option<_>>()?;
    let parts = lengths.into_iter().map(|n| Some(reader.take(usize::try_from(n).ok()?)?.to_vec()));
    let parts = parts.collect::<Option<_>>()?;
    reader.is_empty().then_some((actors, parts))
}

fn read_head(bytes: &[u8], state: Key) -> Option<Head> {
    let (actors, tally) = bytes.split_at_checked(32)?;
    Some(Head { state, actors: Key(actors.try_into().ok()?), tally: Tally::read(tally)? })
}

fn written_reach(reach: &Reach) -> Vec<u8> {
    Tally { reach: reach.clone(), ..Tally::default() }.write()
}

fn read_reach(bytes: &[u8]) -> Option<Reach> {
    Tally::read(bytes).map(|tally| tally.reach)
}
