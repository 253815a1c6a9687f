//! What is kept of a question's sources: which files have a state already, and what becomes of those that get one now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use kepi_lang::diag::Diagnostic;
use kepi_lang::ir::LookupId;

use crate::cache::actors::{Actors, Renumbered};
use crate::cache::entry::{Key, Kind};
use crate::cache::key;
use crate::cache::parts::renumbered;
use crate::cache::{Cache, Stamps};
use crate::execute::state::{self, SuiteState};
use crate::execute::tally::{Reach, Tally};
use crate::execute::work::Work;
use crate::operators::Reader;
use crate::operators::ids::Interner;
use crate::plan::Plan;
use crate::plan::suite::SuiteSpec;
use crate::plan::timeline::Stretch;
use crate::sources::open::Place;
use crate::sources::table::{DataFile, Table};
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

/// A file of a source, and its state where it was kept.
struct File {
    key: Key,
    reach: Option<Reach>,
    state: Option<(Key, Parts)>,
}

/// The files of one source; `None` for those that are not read anyway.
pub(crate) struct Kept {
    files: Vec<Option<File>>,
    slack: i64,
}

/// A state as it was read: the chain of its numbers, and its parts.
struct Raw {
    actors: Key,
    parts: Parts,
}

/// By file, what was kept of it, and the key of its entry.
type Raws = Vec<Option<(Key, Raw)>>;

/// A source that has been measured: what was kept of its files, and what was read.
type Done<'a> = (Arc<Work>, &'a OpenSource, Kept, Vec<RecordBatch>);

/// The cache as one set of open files uses it.
pub(crate) struct Keeping {
    pub cache: Arc<Cache>,
    stamps: Stamps,
}

fn tables(opened: &Opened) -> impl Iterator<Item = &Table> {
    opened.sources.iter().map(|source| source.table.as_ref()).chain(opened.lookups.iter().map(|lookup| lookup.table()))
}

impl Keeping {
    pub fn new(cache: Arc<Cache>, opened: &Opened) -> Self {
        let stamps = Stamps::open(&cache);
        for file in tables(opened).flat_map(|table| &table.files) {
            if let (Place::Local(path), None) = (&file.found.place, file.known()) {
                stamps.content(path).into_iter().for_each(|content| file.know(content));
            }
        }
        Self { cache, stamps }
    }

    /// The states of all files of the sources of a question that have one.
    fn look(
        &self,
        sources: &[(Arc<Work>, &OpenSource)],
        lookups: &[Arc<OpenLookup>],
        interner: &Interner,
    ) -> Result<(Vec<Kept>, Actors), Diagnostic> {
        let mut actors = Actors::default();
        let mut found: Vec<(Kept, Raws)> = Vec::new();
        for (work, source) in sources {
            let kept = if work.per_file { self.files(work, source, lookups)? } else { Kept::none() };
            let raws = kept.files.iter().map(|file| self.raw(work, file.as_ref()?, kept.slack)).collect();
            found.push((kept, raws));
        }
        let chains: BTreeSet<Key> =
            found.iter().flat_map(|(_, raws)| raws).flatten().map(|(_, raw)| raw.actors).collect();
        chains.iter().for_each(|chain| actors.fetch(&self.cache, chain));
        actors.seed(interner);
        for ((kept, raws), (work, _)) in found.iter_mut().zip(sources) {
            for (file, raw) in kept.files.iter_mut().zip(std::mem::take(raws)) {
                let (Some(file), Some((key, raw))) = (file, raw) else { continue };
                // A chain that is gone is nothing odd: it was not used for long.
                let Some(numbers) = actors.numbers(&raw.actors, interner) else { continue };
                match here(&work.plan, &work.spec, file.reach.as_ref(), &raw.parts, &numbers) {
                    Some(parts) => file.state = Some((key, parts)),
                    None => self.cache.damaged(&key),
                }
            }
        }
        Ok((found.into_iter().map(|(kept, _)| kept).collect(), actors))
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
            files.push(Some(File { key, reach, state: None }));
        }
        Ok(Kept { files, slack: source.slack() })
    }

    fn raw(&self, work: &Work, file: &File, slack: i64) -> Option<(Key, Raw)> {
        let key = key::state(&file.key, &work.plan, &work.spec, file.reach.as_ref(), slack);
        let bytes = self.cache.get(Kind::State, &key)?;
        let raw = read_state(&bytes);
        if raw.is_none() {
            self.cache.damaged(&key);
        }
        Some((key, raw?))
    }

    /// Keeps the states that a question's sources have emitted, file by file.
    fn keep(&self, opened: &Opened, sources: &[Done<'_>], actors: &Actors, interner: &Interner) {
        let mut chain = None;
        for (work, source, kept, states) in sources {
            let seen: BTreeSet<u32> = states.iter().map(state::file).collect();
            let unread = (0u32..)
                .zip(&kept.files)
                .filter(|(at, file)| file.as_ref().is_some_and(|file| file.state.is_none()) && !seen.contains(at));
            // Files of which no row was read: there is none in the bounds.
            let empty = unread.filter_map(|(at, _)| SuiteState::new(&work.plan, &work.spec).write(&work.spec, at).ok());
            for batch in states.iter().cloned().chain(empty) {
                let at = state::file(&batch) as usize;
                let (Some(Some(file)), Some(found)) = (kept.files.get(at), source.table.files.get(at)) else {
                    continue;
                };
                let chain = *chain.get_or_insert_with(|| actors.keep(&self.cache, interner));
                let kept =
                    state::parts(&batch).and_then(|parts| self.keep_one(work, file, found, kept.slack, &parts, chain));
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
        self.stamps.keep(&self.cache, &content);
        self.cache.tidy();
    }

    fn keep_one(
        &self,
        work: &Work,
        file: &File,
        found: &DataFile,
        slack: i64,
        parts: &[&[u8]],
        chain: Key,
    ) -> Option<()> {
        let tally = Tally::read(parts.first()?)?;
        // What was left out by its time has not been seen.
        let whole = tally.counts.read + found.bad() == found.rows;
        let reach = file.reach.clone().or_else(|| whole.then(|| tally.reach.clone()));
        if file.reach.is_none()
            && let Some(reach) = &reach
        {
            self.cache.put(Kind::Reach, &file.key, &[&written_reach(reach)]);
        }
        let key = key::state(&file.key, &work.plan, &work.spec, reach.as_ref(), slack);
        let stretches = stretches(&work.plan, &work.spec, reach.as_ref());
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
        Some(())
    }
}

/// The sources of a question, one after the other, and what is kept of them.
pub(crate) struct Run<'a> {
    keeping: Option<&'a Keeping>,
    opened: &'a Opened,
    waiting: std::vec::IntoIter<(Arc<Work>, &'a OpenSource, Kept)>,
    actors: Actors,
    done: Vec<Done<'a>>,
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
        let waiting: Vec<_> =
            sources.into_iter().zip(kept).map(|((work, source), kept)| (work, source, kept)).collect();
        Ok(Self { keeping, opened, waiting: waiting.into_iter(), actors, done: Vec::new() })
    }

    /// The next source to be measured.
    pub fn source(&mut self) -> Option<(Arc<Work>, &'a OpenSource, Kept)> {
        self.waiting.next()
    }

    /// Takes what was read of a source.
    pub fn done(&mut self, done: Done<'a>) {
        self.done.push(done);
    }

    /// Keeps all of it. No file has changed since it was found.
    pub fn keep(self) {
        if let (Some(keeping), Some((first, ..))) = (self.keeping, self.done.first()) {
            keeping.keep(self.opened, &self.done, &self.actors, &first.interner);
        }
    }
}

impl Kept {
    /// Nothing is kept.
    pub fn none() -> Self {
        Self { files: Vec::new(), slack: 0 }
    }

    /// By file, whether its rows need not be read.
    pub fn have(&self) -> Vec<bool> {
        self.files.iter().map(|file| file.as_ref().is_some_and(|file| file.state.is_some())).collect()
    }

    /// Whether no file has to be read.
    pub fn is_all(&self) -> bool {
        !self.files.is_empty() && self.files.iter().flatten().all(|file| file.state.is_some())
    }

    /// The parts of each state that was kept, with the key of its entry.
    pub fn states(&self) -> impl Iterator<Item = (&Key, Vec<&[u8]>)> {
        let states = self.files.iter().flatten().filter_map(|file| file.state.as_ref());
        states.map(|(key, parts)| (key, parts.iter().map(Vec::as_slice).collect()))
    }

    /// What was kept is not used after all.
    pub fn forget(&mut self) {
        self.files.iter_mut().flatten().for_each(|file| file.state = None);
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

fn read_state(bytes: &[u8]) -> Option<Raw> {
    let mut reader = Reader::new(bytes);
    let actors = Key(reader.take(32)?.try_into().ok()?);
    let lengths: Vec<u64> = (0..reader.count(8)?).map(|_| reader.u64()).collect::<Option<_>>()?;
    let parts = lengths.into_iter().map(|n| Some(reader.take(usize::try_from(n).ok()?)?.to_vec()));
    let parts = parts.collect::<Option<_>>()?;
    reader.is_empty().then_some(Raw { actors, parts })
}

fn written_reach(reach: &Reach) -> Vec<u8> {
    Tally { reach: reach.clone(), ..Tally::default() }.write()
}

fn read_reach(bytes: &[u8]) -> Option<Reach> {
    Tally::read(bytes).map(|tally| tally.reach)
}
