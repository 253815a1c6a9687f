//! A program with its files open: what questions are put to.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use datafusion::execution::context::SessionContext;
use kepi_lang::diag::{Code, Diagnostic};
use kepi_lang::ir::{Aggregate, Link, Program, Question, Way};
use kepi_lang::results::{Extent, LookupUse, Results};
use tokio::runtime::Runtime;

use crate::cache::{Actors, Cache, Keeping, Measured, Run, Unkept, Values};
use crate::collect::{self, table::Tables};
use crate::derive::{self, Gathered};
use crate::execute;
use crate::execute::Accumulation;
use crate::execute::run::wrong;
use crate::execute::state::SuiteState;
use crate::execute::tally::Tally;
use crate::execute::words;
use crate::execute::work::Work;
use crate::memory::{Budget, Memory};
use crate::operators::ids::{Interner, MOST};
use crate::plan::{self, Plan};
use crate::progress::{Pass, Progress};
use crate::sources::{self, Opened};
use crate::spill::Spill;

/// How to run. No option changes a number.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Threads, and pieces that files are read in; `None`: as many as the machine has.
    pub threads: Option<usize>,
    /// What is counted while files are read.
    pub progress: Arc<Progress>,
    /// Where states of files are kept; `None`: nothing is kept, and nothing that was kept is used.
    pub cache: Option<Arc<Cache>>,
    /// What a run may use of memory; `None`: as much as it takes.
    pub memory: Option<Arc<Memory>>,
}

/// What a question becomes, as text.
#[derive(Clone, Debug)]
pub struct Explained {
    pub logical: String,
    pub physical: String,
}

/// A program and its files.
pub struct Dataset {
    program: Arc<Program>,
    opened: Opened,
    extents: Vec<Extent>,
    runtime: Runtime,
    session: SessionContext,
    threads: usize,
    progress: Arc<Progress>,
    keeping: Option<Keeping>,
    /// What would be kept is not, for memory is limited.
    limited: bool,
    budget: Option<Budget>,
}

/// Why nothing is kept, as the end of a sentence.
const LIMITED: &str = "states of files wait in memory for the last of them, which `--memory-limit` has no room for";

impl Dataset {
    /// Opens the files of all sources and lookups. All findings at once.
    pub fn open(root: &Path, program: Arc<Program>, options: Options) -> Result<Self, Vec<Diagnostic>> {
        guarded(|| {
            let opened = sources::open(root, &program, &options.progress, options.cache.as_ref())?;
            let keeping = options.cache.map(|cache| Keeping::new(cache, &opened));
            let mut extents = Vec::new();
            let mut findings = Vec::new();
            for source in &opened.sources {
                match source.extent(&opened.lookups, keeping.as_ref().map(|keeping| keeping.cache.as_ref())) {
                    Ok(extent) => extents.push(extent),
                    Err(more) => findings.extend(more),
                }
            }
            if !findings.is_empty() {
                return Err(findings);
            }
            let threads = options.threads.unwrap_or_else(|| available_parallelism().map_or(1, usize::from)).max(1);
            let unable = |e: std::io::Error| vec![refused(&format!("{threads} threads cannot be started: {e}"))];
            startable(threads).map_err(unable)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).build();
            let runtime = runtime.map_err(unable)?;
            let (session, progress) = (execute::session(threads), options.progress);
            // States of files are all in memory at once before they are kept.
            let limited = keeping.is_some() && options.memory.is_some();
            let keeping = keeping.filter(|_| !limited);
            let budget = options.memory.map(|memory| Budget::new(memory, threads));
            Ok(Self { program, opened, extents, runtime, session, threads, progress, keeping, limited, budget })
        })
    }

    /// First and last event of each source, by its id.
    pub fn extents(&self) -> &[Extent] {
        &self.extents
    }

    /// The answers, and where the rows went.
    pub fn answer(&self, question: &Question) -> Result<Results, Vec<Diagnostic>> {
        guarded(|| self.run(question))
    }

    /// What is not kept of a question, and why, each as a sentence without its end.
    pub fn unkept(&self, question: &Question) -> Result<Vec<String>, Vec<Diagnostic>> {
        guarded(|| {
            let plan = Plan::new(&self.program, question, &self.extents)?;
            if self.limited {
                return Ok(vec![format!("its files, which are all read each time: {LIMITED}")]);
            }
            if self.keeping.is_none() {
                return Ok(Vec::new());
            }
            let whole = plan.suites.iter().filter_map(|spec| {
                let source = self.opened.sources.get(spec.source.0 as usize)?;
                let why = Unkept::of(source, spec)?.why();
                Some(format!("{}, which is read whole each time: {why}", source.name()))
            });
            let mut found: Vec<String> = whole.collect();
            let trails = plan.measures.iter().any(|planned| planned.measure.aggregate == Aggregate::Trail);
            if trails && found.is_empty() {
                let why = "what actors do one after the other may end after a period";
                found.push(format!("its values, which are made each time: {why}"));
            }
            Ok(found)
        })
    }

    /// The plans that a question becomes.
    pub fn explain(&self, question: &Question) -> Result<Explained, Vec<Diagnostic>> {
        guarded(|| {
            let plan = Arc::new(Plan::new(&self.program, question, &self.extents)?);
            let (mut logical, mut physical) = (String::new(), String::new());
            let mut like: Option<Arc<Work>> = None;
            for work in self.works(&plan, question)? {
                let Some(source) = self.opened.sources.get(work.spec.source.0 as usize) else { continue };
                let scan = execute::logical(source, Arc::clone(&work), None)?;
                logical.push_str(&format!("{}\n", scan.display_indent()));
                let node = self.runtime.block_on(execute::physical(&self.session, &scan, source, &work))?;
                physical.push_str(&execute::text(node.as_ref()));
                like.get_or_insert(work);
            }
            let sets = like.iter().flat_map(|work| plan.derived.iter().flat_map(|d| &d.suites).map(move |s| (work, s)));
            for (work, spec) in sets {
                logical.push_str(&format!("Suite: {}\n", Work { spec: Arc::clone(spec), ..work.again() }));
            }
            Ok(Explained { logical, physical })
        })
    }

    /// What is read for a question and what is kept of it, in words.
    pub fn words(&self, question: &Question) -> Result<String, Vec<Diagnostic>> {
        guarded(|| {
            let plan = Arc::new(Plan::new(&self.program, question, &self.extents)?);
            let askers = words::askers(&plan, question);
            let works = self.works(&plan, question)?;
            let mut out = String::new();
            for work in &works {
                let Some(source) = self.opened.sources.get(work.spec.source.0 as usize) else { continue };
                let why = Unkept::of(source, &work.spec).map(Unkept::why);
                let kept = match self.limited {
                    true => Some(Some(LIMITED)),
                    false => self.keeping.is_some().then_some(why),
                };
                out += &words::pass(work, source, &askers, kept);
            }
            if let Some(like) = works.first() {
                for (planned, spec) in plan.derived.iter().flat_map(|d| d.suites.iter().map(move |spec| (d, spec))) {
                    let work = Work { spec: Arc::clone(spec), ..like.again() };
                    out += &words::of_made(&work, &planned.derived, &askers);
                }
            }
            Ok(out)
        })
    }

    fn works(&self, plan: &Arc<Plan>, question: &Question) -> Result<Vec<Arc<Work>>, Vec<Diagnostic>> {
        let mut names = vec![String::new(); plan.measures.len()];
        for (ask, needs) in question.asks.iter().zip(&plan.asks) {
            for (measure, _) in needs.iter().flatten() {
                match names.get_mut(*measure) {
                    Some(name) if name.is_empty() => name.clone_from(&ask.name),
                    _ => {}
                }
            }
        }
        let names = Arc::new(names);
        let interner = Arc::new(Interner::new(MOST));
        let gathered = Arc::new(Gathered::default());
        let (mut works, mut findings) = (Vec::new(), Vec::new());
        for spec in &plan.suites {
            let Some(source) = self.opened.sources.get(spec.source.0 as usize) else { continue };
            if let Err(more) = source.fields_of_json(&spec.exprs, &spec.columns, &self.opened.lookups) {
                findings.extend(more);
                continue;
            }
            match source.cleaner(Arc::clone(&self.program), &self.opened.lookups, &spec.columns) {
                Ok(cleaner) => works.push(Arc::new(Work {
                    program: Arc::clone(&self.program),
                    plan: Arc::clone(plan),
                    spec: Arc::clone(spec),
                    cleaner: Some(cleaner),
                    gathered: Arc::clone(&gathered),
                    names: Arc::clone(&names),
                    interner: Arc::clone(&interner),
                    progress: Arc::clone(&self.progress),
                    per_file: self.keeping.is_some() && Unkept::of(source, spec).is_none(),
                    budget: self.budget.clone(),
                    runs: Arc::default(),
                    handed: Arc::default(),
                })),
                Err(more) => findings.extend(more),
            }
        }
        if findings.is_empty() { Ok(works) } else { Err(findings) }
    }

    fn run(&self, question: &Question) -> Result<Results, Vec<Diagnostic>> {
        let mut begun = Instant::now();
        let plan = Arc::new(Plan::new(&self.program, question, &self.extents)?);
        let mut states = Vec::new();
        let mut results = Results::default();
        let works = self.works(&plan, question)?;
        let read = works.iter().filter_map(|w| self.opened.sources.get(w.spec.source.0 as usize));
        self.progress.expect_rows(read.map(|source| source.rows()).sum());
        let mut run = Run::look(self.keeping.as_ref(), &self.opened, works)?;
        self.progress.stage("planned", &mut begun);
        for of in &mut run.sources {
            self.read(of)?;
        }
        self.progress.stage("read", &mut begun);
        let values = |keeping: &Keeping| keeping.values(question, &plan, &self.extents, &run.sources);
        let values = run.keeping.map_or_else(Values::default, values);
        for (at, of) in run.sources.iter_mut().enumerate() {
            let needed = values.needed.get(at).map(Vec::as_slice).unwrap_or_default();
            let state = self.merged(of, needed, &mut run.actors)?;
            self.account(question, &of.work, &state.tally, &mut results)?;
            states.push((Arc::clone(&of.work), state));
        }
        run.keep();
        drop(run);
        self.progress.stage("merged", &mut begun);
        let mut open = Vec::new();
        if let Some(work) = states.first().map(|(work, _)| Arc::clone(work)) {
            open = self.make(question, &plan, &work, &mut states)?;
        }
        self.progress.stage("made", &mut begun);
        let mut tables = self.tables(&plan, states).map_err(|e| vec![e])?;
        tables.open =
            plan.measures.iter().map(|m| plan::derived::unfinished(&plan.derived, &m.measure, &open)).collect();
        let (program, known) = (self.program.as_ref(), &values.known);
        let answers = collect::answers(program, question, &self.extents, &plan, &tables, known, self.threads);
        let (answers, made) = answers?;
        results.answers = answers;
        self.keeping.iter().for_each(|keeping| keeping.keep_values(&values, &made));
        self.progress.stage("derived", &mut begun);
        Ok(results)
    }

    /// The values of all measures. Where one state did not fit into memory, none stays there.
    fn tables(&self, plan: &Plan, states: Vec<(Arc<Work>, SuiteState)>) -> Result<Tables, Diagnostic> {
        let Some(budget) = self.budget.as_ref().filter(|_| states.iter().any(|(work, _)| !work.runs.is_empty())) else {
            let mut states = states;
            let states = states.iter_mut().map(|(work, state)| (work.spec.as_ref(), state)).collect();
            return Tables::new(plan, states, self.threads).ok_or_else(wrong);
        };
        let spill = Spill::new(&budget.memory)?;
        let mut suites = Vec::new();
        for (work, state) in states {
            work.runs.keep(state.freeze(&work.spec, &spill)?);
            suites.push((Arc::clone(&work.spec), work.runs.take()));
        }
        Tables::spilled(plan, suites, self.threads)
    }

    /// Reads the files of a source of which nothing is kept.
    fn read(&self, of: &mut Measured<'_>) -> Result<(), Vec<Diagnostic>> {
        let begun = Instant::now();
        let (work, source) = (&of.work, of.source);
        let have = work.per_file.then(|| of.kept.have());
        let skipped = source.left_out(work.spec.bounds);
        let kept = |at: usize| have.as_ref().is_some_and(|have| have.get(at) == Some(&true));
        let files = source.table.files.iter().enumerate().zip(&skipped);
        let unread: u64 =
            files.filter(|((at, _), skipped)| kept(*at) || **skipped).map(|((_, file), _)| file.rows).sum();
        let mut pass = Pass {
            source: source.name().to_owned(),
            files: skipped.len(),
            skipped: skipped.iter().enumerate().filter(|(at, skipped)| **skipped && !kept(*at)).count(),
            kept: (0..skipped.len()).filter(|at| kept(*at)).count(),
            rows: source.rows().saturating_sub(unread),
            took: Duration::ZERO,
        };
        if of.kept.is_all() {
            self.progress.pass(pass);
            return Ok(());
        }
        let logical = execute::logical(source, Arc::clone(work), have.as_deref())?;
        let batches = self.runtime.block_on(async {
            let physical = execute::physical(&self.session, &logical, source, work).await?;
            execute::run(&self.session, physical, source, work).await
        })?;
        pass.took = begun.elapsed();
        self.progress.pass(pass);
        of.read(batches);
        Ok(())
    }

    /// The state of a source: what was read, and what was kept of the files that are `needed`.
    fn merged(
        &self,
        of: &mut Measured<'_>,
        needed: &[bool],
        actors: &mut Actors,
    ) -> Result<SuiteState, Vec<Diagnostic>> {
        let Some(keeping) = &self.keeping else {
            return execute::merge(&of.work, &std::mem::take(&mut of.batches));
        };
        let mut lost = keeping.gone(&of.kept, needed);
        loop {
            if !lost.is_empty() {
                of.kept.forget(&lost);
                self.read(of)?;
            }
            let mut state = execute::merge(&of.work, &of.batches)?;
            lost = keeping.load(of, needed, &mut state, (actors, self.threads));
            if lost.is_empty() {
                let files = of.source.table.files.iter().zip(of.kept.unread()).filter(|(_, unread)| *unread);
                files.for_each(|(file, _)| self.progress.kept(file.rows));
                return Ok(state);
            }
        }
    }

    /// Makes the rows of derived sets, and measures them. `like`: a suite of the same question. By set, the starts of rows that may
    /// yet become others.
    fn make(
        &self,
        question: &Question,
        plan: &Arc<Plan>,
        like: &Work,
        states: &mut Vec<(Arc<Work>, SuiteState)>,
    ) -> Result<Vec<Vec<i64>>, Vec<Diagnostic>> {
        let calendar = &self.program.settings.calendar;
        let mut open = vec![Vec::new(); plan.derived.len()];
        for (number, (planned, open)) in plan.derived.iter().zip(&mut open).enumerate() {
            let mut sources = BTreeSet::new();
            planned.derived.sources(&mut sources);
            let known = sources
                .into_iter()
                .map(|id| collect::source_complete_to(&self.program, question, &self.extents, id))
                .min();
            let known = known.map_or(i64::MAX, plan::micros);
            let source = derive::Source::new(plan, number, &like.gathered, calendar, known, self.threads);
            let source = source.map_err(|e| vec![e])?;
            let Some(source) = source else { continue };
            for spec in &planned.suites {
                let work = Arc::new(Work { spec: Arc::clone(spec), ..like.again() });
                let begin = || Accumulation::new(Arc::clone(&work));
                let (made, starts) = source.each(plan, spec, begin, Accumulation::add).map_err(|e| vec![e])?;
                *open = starts;
                // What was counted of these rows was counted of those that they are made of.
                let mut state = SuiteState::new(plan, spec);
                for made in made {
                    let made = made.finish().map_err(|e| vec![e])?;
                    state.absorb(spec, made).ok_or_else(|| vec![wrong()])?;
                }
                states.push((work, state));
            }
        }
        Ok(open)
    }

    /// The ledger of a source, and what became of its lookups.
    fn account(
        &self,
        question: &Question,
        work: &Work,
        tally: &Tally,
        results: &mut Results,
    ) -> Result<(), Vec<Diagnostic>> {
        let id = work.spec.source;
        let index = id.0 as usize;
        let Some(source) = self.opened.sources.get(index) else { return Ok(()) };
        let extent = self.extents.get(index).copied().unwrap_or_default();
        let timed = self.program.sources.get(index).is_some_and(|s| s.time.is_some());
        let complete = timed.then(|| collect::source_complete_to(&self.program, question, &self.extents, id));
        source.unchanged().map_err(|e| vec![e])?;
        let ledger = tally.counts.ledger(id, source, extent, complete).map_err(|e| vec![e])?;
        results.ledgers.push(ledger);
        let Some(def) = self.program.sources.get(index) else { return Ok(()) };
        for (way, at) in work.spec.ways.iter().zip(0u32..) {
            let missing = tally.missing.get(&at).copied().unwrap_or(0);
            // Another clock than the source's own finds other rows.
            let other = way.clock.filter(|clock| def.time != Some(*clock));
            let clock = other.and_then(|id| def.columns.get(id.0 as usize)).map(|c| format!(" at {}", c.name));
            let table = (def.name.as_str(), def.links.as_slice(), clock.as_deref().unwrap_or_default());
            self.used(results, way, table, missing)?;
        }
        results.lookups.sort_by(|a, b| (a.lookup, &a.link).cmp(&(b.lookup, &b.link)));
        Ok(())
    }

    /// What became of one way from a table, and of those that the lookup's own columns go.
    fn used(
        &self,
        results: &mut Results,
        way: &Way,
        (table, links, clock): (&str, &[Link], &str),
        missing: u64,
    ) -> Result<(), Vec<Diagnostic>> {
        let lookups = &self.program.lookups;
        let Some(link) = way.steps(links, lookups).pop() else { return Ok(()) };
        let Some(open) = self.opened.lookups.get(link.lookup.0 as usize) else { return Ok(()) };
        let name = format!("{table}.{}{clock}", way.name(links, lookups));
        if results.lookups.iter().any(|l| l.lookup == link.lookup && l.link == name) {
            return Ok(());
        }
        results.lookups.push(LookupUse {
            lookup: link.lookup,
            name: open.name().to_owned(),
            link: name,
            unparsable: open.rejected().0,
            rejected: open.rejected().1.to_vec(),
            ties: open.ties(),
            rows: open.rows(),
            fingerprint: open.fingerprint().map_err(|e| vec![e])?,
            missing,
        });
        let own = lookups.get(link.lookup.0 as usize).map(|l| l.links.as_slice()).unwrap_or_default();
        for (way, missing) in open.missing() {
            self.used(results, way, (open.name(), own, ""), missing)?;
        }
        Ok(())
    }
}

/// The runtime panics and never returns where a thread cannot be started, so that it is tried before.
fn startable(threads: usize) -> std::io::Result<()> {
    // The runtime needs one or two beside its workers.
    const SPARE: usize = 2;
    room(threads.saturating_add(SPARE))?;
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    let wait = |held: Arc<std::sync::Mutex<std::sync::mpsc::Receiver<()>>>| move || drop(held.lock().map(|h| h.recv()));
    let started: std::io::Result<Vec<_>> = (0..threads.saturating_add(SPARE))
        .map(|_| std::thread::Builder::new().spawn(wait(Arc::clone(&held))))
        .collect();
    drop(hold);
    started?.into_iter().for_each(|thread| drop(thread.join()));
    Ok(())
}

/// Address space for that many threads: one that gets its stack, but not the little that it takes beside it, ends the process.
fn room(threads: usize) -> std::io::Result<()> {
    const EACH: usize = (2 << 20) + (256 << 10);
    let mut room: Vec<u8> = Vec::new();
    let reserved = room.try_reserve_exact(threads.saturating_mul(EACH));
    std::hint::black_box(&mut room);
    reserved.map_err(|_| std::io::ErrorKind::OutOfMemory.into())
}

fn refused(what: &str) -> Diagnostic {
    Diagnostic::without_place(Code::RuntimeFailed, what).help("take fewer threads with `--threads`")
}

/// A panic is a mistake of kepi's own, and says so like any other finding.
fn guarded<T>(work: impl FnOnce() -> Result<T, Vec<Diagnostic>>) -> Result<T, Vec<Diagnostic>> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = said(panic.as_ref());
        Err(vec![Diagnostic::without_place(Code::Internal, format!("the engine stopped: {text}"))])
    })
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_panic_is_a_finding() {
        let found = guarded(|| -> Result<(), _> { panic!("row {} of nothing", 7) });
        let found = found.expect_err("a finding");
        let said: Vec<String> = found.iter().map(|f| format!("{}: {}", f.code, f.message)).collect();
        assert_eq!(said, ["K0901: the engine stopped: row 7 of nothing"]);
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }
}
