//! The same answers whatever is kept of the files: nothing yet, states that another question left, all of it, or half of it
//! damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kepi_engine::cache::{Cache, LIMIT};
use kepi_engine::{Dataset, Memory, Options};
use kepi_lang::ir::{Program, Question};
use kepi_lang::results::Results;

use crate::data::{Tables, write};
use crate::rng::Rng;

/// What differs.
pub fn agrees(
    rng: &mut Rng,
    program: &Program,
    tables: &Tables,
    question: &Question,
    files: usize,
) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), program, tables, files);
    let program = Arc::new(program.clone());
    let expected = told(&asked(folder.path(), &program, question, 1, None));
    // Where "now" was another.
    let mut before = question.clone();
    let times: Vec<_> = question.asks.iter().flat_map(|ask| &ask.periods).map(|p| p.interval.end).collect();
    if let Some(time) = times.get(rng.below(times.len().max(1))).filter(|time| **time <= question.as_of) {
        before.as_of = *time;
    }
    let cache = folder.path().join(".kepi/cache");
    let uncached = told(&asked(folder.path(), &program, &before, 1, None));
    for (question, expected, what) in
        [(&before, &uncached, "cold"), (question, &expected, "of another time"), (question, &expected, "warm")]
    {
        let threads = *rng.pick(&[1, 2, 7]);
        let found = told(&asked(folder.path(), &program, question, threads, Some(&cache)));
        if found != *expected {
            let (found, expected) = apart(&found, expected);
            return Err(format!("a {what} cache shows, on {threads} threads: {found} and not {expected}"));
        }
    }
    // A file that is not there for a while: the periods of its rows are made again, and again.
    let files: Vec<_> = entries(folder.path()).into_iter().filter(|path| !path.starts_with(&cache)).collect();
    if let Some(file) = files.get(rng.below(files.len().max(1))).filter(|_| files.len() > program.sources.len()) {
        let bytes = fs::read(file).expect("a file");
        fs::remove_file(file).expect("removed");
        let without = told(&asked(folder.path(), &program, question, 1, None));
        for threads in [*rng.pick(&[1, 2, 7]), 1] {
            if told(&asked(folder.path(), &program, question, threads, Some(&cache))) != without {
                return Err(format!("what a file was worth that is gone shows, on {threads} threads"));
            }
        }
        fs::write(file, bytes).expect("written");
        if told(&asked(folder.path(), &program, question, 2, Some(&cache))) != expected {
            return Err("a file that has come late is missed".to_owned());
        }
    }
    // A limit of memory goes by it.
    let threads = *rng.pick(&[1, 2, 7]);
    if told(&limited(folder.path(), &program, question, threads, &cache)) != expected {
        return Err(format!("a limit of memory shows beside a warm cache, on {threads} threads"));
    }
    damage(rng, &cache);
    let threads = *rng.pick(&[1, 2, 7]);
    match told(&asked(folder.path(), &program, question, threads, Some(&cache))) == expected {
        true => Ok(()),
        false => Err(format!("a damaged cache shows, on {threads} threads")),
    }
}

/// The answers on a cache that is empty, full, or half damaged.
pub fn answered(
    rng: &mut Rng,
    program: &Program,
    tables: &Tables,
    question: &Question,
    files: usize,
) -> Result<Results, Vec<kepi_lang::diag::Diagnostic>> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), program, tables, files);
    let program = Arc::new(program.clone());
    let cache = folder.path().join(".kepi/cache");
    let state = rng.below(3);
    if state > 0 {
        asked(folder.path(), &program, question, *rng.pick(&[1, 2, 7]), Some(&cache))?;
    }
    if state == 2 {
        damage(rng, &cache);
    }
    asked(folder.path(), &program, question, *rng.pick(&[1, 2, 7]), Some(&cache))
}

/// Half of the entries are gone, cut off, or not what they were.
fn damage(rng: &mut Rng, cache: &Path) {
    for path in entries(cache) {
        match rng.below(6) {
            0 => fs::remove_file(path).expect("removed"),
            1 => {
                let bytes = fs::read(&path).expect("an entry");
                let bytes = bytes.get(..rng.below(bytes.len())).unwrap_or_default();
                fs::write(path, bytes).expect("cut off");
            }
            2 => {
                let mut bytes = fs::read(&path).expect("an entry");
                let at = rng.below(bytes.len());
                bytes[at] ^= 1 << rng.below(8);
                fs::write(path, bytes).expect("flipped");
            }
            _ => {}
        }
    }
}

fn limited(
    root: &Path,
    program: &Arc<Program>,
    question: &Question,
    threads: usize,
    cache: &Path,
) -> Result<Results, Vec<kepi_lang::diag::Diagnostic>> {
    let cache = Some(Arc::new(Cache::new(cache.to_owned(), LIMIT)));
    let memory = Some(Arc::new(Memory::new(1 << 40, std::env::temp_dir()).spilling_from(2000)));
    let options = Options { threads: Some(threads), cache, memory, ..Options::default() };
    Dataset::open(root, Arc::clone(program), options)?.answer(question)
}

fn asked(
    root: &Path,
    program: &Arc<Program>,
    question: &Question,
    threads: usize,
    cache: Option<&Path>,
) -> Result<Results, Vec<kepi_lang::diag::Diagnostic>> {
    let cache = cache.map(|folder| Arc::new(Cache::new(folder.to_owned(), LIMIT)));
    let options = Options { threads: Some(threads), cache, ..Options::default() };
    Dataset::open(root, Arc::clone(program), options)?.answer(question)
}

/// Every bit of it, as text.
fn told(results: &Result<Results, Vec<kepi_lang::diag::Diagnostic>>) -> String {
    format!("{results:?}")
}

/// Where two texts begin to differ.
fn apart<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    let same =
        a.char_indices().zip(b.chars()).find(|((_, a), b)| a != b).map_or(a.len().min(b.len()), |((at, _), _)| at);
    let before = (same.saturating_sub(160)..=same).find(|at| a.is_char_boundary(*at)).unwrap_or(same);
    let around = |text: &'a str| text.get(before..).map_or("", |text| text.get(..400).unwrap_or(text));
    (around(a), around(b))
}

pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| {
        let mut found: Vec<_> =
            fs::read_dir(folder).into_iter().flatten().map(|e| e.expect("an entry").path()).collect();
        found.sort();
        found
    };
    list(folder).iter().filter(|path| path.is_dir()).flat_map(|folder| list(folder)).collect()
}
