//! The same answers whatever is kept of the files: nothing yet, states that another question left, all of it, or half of it
//! damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kepi_engine::cache::{Cache, LIMIT};
use kepi_engine::{Dataset, Options};
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
        if told(&asked(folder.path(), &program, question, threads, Some(&cache))) != *expected {
            return Err(format!("a {what} cache shows, on {threads} threads"));
        }
    }
    for path in entries(&cache) {
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
    let threads = *rng.pick(&[1, 2, 7]);
    match told(&asked(folder.path(), &program, question, threads, Some(&cache))) == expected {
        true => Ok(()),
        false => Err(format!("a damaged cache shows, on {threads} threads")),
    }
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

pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| {
        let mut found: Vec<_> =
            fs::read_dir(folder).into_iter().flatten().map(|e| e.expect("an entry").path()).collect();
        found.sort();
        found
    };
    list(folder).iter().filter(|path| path.is_dir()).flat_map(|folder| list(folder)).collect()
}
