//! Random programs over random rows: the engine and the oracle agree. `KEPI_RANDOM_PROGRAMS=5000` runs more of them,
//! `KEPI_RANDOM_SEED=17` runs one.

mod exprs;
pub mod kept;
mod metrics;
mod world;

use std::collections::BTreeSet;
use std::env::var;
use std::sync::Arc;

use kepi_engine::{Dataset, Memory, Options};
use kepi_lang::ir::{Program, Question};
use kepi_lang::results::{Answer, Ledger, Results};
use kepi_lang::value::Value;

use crate::data::{Tables, write};
use crate::oracle::{self, World};
use crate::rng::Rng;

#[test]
fn the_engine_agrees_with_the_oracle() {
    let number = |name: &str| var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seeds = match number("KEPI_RANDOM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("KEPI_RANDOM_PROGRAMS").unwrap_or(300),
    };
    let (mut rows, mut known) = (0, 0);
    for seed in seeds.clone() {
        let (r, k) = one(seed);
        rows += r;
        known += k;
    }
    if seeds.end - seeds.start >= 100 {
        // Programs that have nothing to say prove nothing.
        assert!(known * 4 > rows, "{known} of {rows} answers are not null");
    }
}

/// The answers of one program, and how many are not null.
fn one(seed: u64) -> (usize, usize) {
    let mut rng = Rng::new(seed);
    let (program, tables) = world::world(&mut rng);
    let question = metrics::question(&mut rng, &program, &tables);
    let mut counts = Vec::new();
    let (mut rows, mut extents) = (Vec::new(), Vec::new());
    for index in 0..program.sources.len() {
        let (clean, extent, count) = oracle::source::clean(&program, &tables, index);
        rows.push(clean);
        extents.push(extent);
        counts.push(count);
    }
    let world = World { program: &program, tables: &tables, question: &question, rows, extents };
    let expected = oracle::answers(&world);
    let files = 1 + rng.below(3);
    let first = answered(&program, &tables, &question, files, 1, None);
    let more = (1 + rng.below(4), [1, 2, 7][rng.below(3)]);
    let other = match seed % 3 {
        0 => answered(&program, &tables, &question, more.0, more.1, None),
        // States go to temporary files after every batch, now and then, or not at all.
        1 => {
            let (threads, bytes) = ([1, 2, 7][rng.below(3)], [1, 3000, 60_000][rng.below(3)]);
            answered(&program, &tables, &question, more.0, threads, Some(bytes))
        }
        _ => kept::answered(&mut rng, &program, &tables, &question, more.0),
    };
    // Four runs more each.
    if seed.is_multiple_of(4) {
        let agrees = kept::agrees(&mut rng, &program, &tables, &question, more.0);
        agrees.unwrap_or_else(|what| panic!("seed {seed}: {what}"));
    }
    let tell = |what: &str| format!("seed {seed}: {what}\n{}", asked(&question));
    let (first, other) = match (first, other, &expected) {
        (Ok(first), Ok(other), Ok(_)) => (first, other),
        (Err(a), Err(b), Err(_)) => {
            assert_eq!(a, b, "{}", tell("two kinds of failure"));
            return (0, 0);
        }
        (first, _, expected) => {
            panic!("{}", tell(&format!("one fails: engine {:?}, oracle {:?}", first.map(|r| r.answers), expected)))
        }
    };
    assert_eq!(first.answers.len(), other.answers.len());
    let expected = expected.expect("answers");
    for (n, (a, b)) in first.answers.iter().zip(&expected).enumerate() {
        assert!(alike(a, b), "{}\n{}", tell(&format!("ask {n}")), side_by_side(a, b));
        assert_eq!(first.answers[n].rows, other.answers[n].rows, "{}", tell("files or threads show"));
    }
    for ledger in first.ledgers.iter().chain(&other.ledgers) {
        ledger_holds(ledger, &counts[ledger.source.0 as usize], &world, seed);
    }
    let values = || first.answers.iter().flat_map(|a| &a.rows);
    (values().count(), values().filter(|r| !r.value.is_null()).count())
}

fn answered(
    program: &Program,
    tables: &Tables,
    question: &Question,
    files: usize,
    threads: usize,
    spilling_from: Option<u64>,
) -> Result<Results, Vec<kepi_lang::diag::Diagnostic>> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), program, tables, files);
    let temporary = tempfile::tempdir().expect("a folder");
    let memory = |bytes| Arc::new(Memory::new(1 << 40, temporary.path().to_path_buf()).spilling_from(bytes));
    let options = Options { threads: Some(threads), memory: spilling_from.map(memory), ..Options::default() };
    let results = Dataset::open(folder.path(), Arc::new(program.clone()), options)?.answer(question);
    assert_eq!(std::fs::read_dir(temporary.path()).expect("the folder").count(), 0);
    results
}

/// The question without the units, which are none.
fn asked(question: &Question) -> String {
    let short = |text: String| {
        text.replace(&format!(", unit: {:?}", kepi_lang::unit::Unit::none()), "")
            .replace(", additivity: None, proportion: false", "")
    };
    let asks =
        question.asks.iter().map(|a| format!("{} by {:?}: {}", a.name, a.by.len(), short(format!("{:?}", a.expr))));
    let as_of = format!("as_of {} given {}", question.as_of, question.as_of_given);
    asks.chain([as_of]).collect::<Vec<_>>().join("\n")
}

fn alike(a: &Answer, b: &Answer) -> bool {
    let same = |a: &Value, b: &Value| match (a, b) {
        (Value::Float(x), Value::Float(y)) => {
            let (x, y) = (x.get(), y.get());
            x == y || (x - y).abs() <= 1e-9 * (1.0 + x.abs().max(y.abs()))
        }
        _ => a == b,
    };
    a.rows.len() == b.rows.len()
        && a.rows
            .iter()
            .zip(&b.rows)
            .all(|(a, b)| a.period == b.period && a.by == b.by && a.complete == b.complete && same(&a.value, &b.value))
}

fn side_by_side(a: &Answer, b: &Answer) -> String {
    let mut lines = vec![format!("engine {} rows, oracle {}", a.rows.len(), b.rows.len())];
    for n in 0..a.rows.len().max(b.rows.len()) {
        if a.rows.get(n) != b.rows.get(n) {
            lines.push(format!("{:?}\n    {:?}", a.rows.get(n), b.rows.get(n)));
        }
    }
    lines.join("\n")
}

fn ledger_holds(ledger: &Ledger, counts: &oracle::source::Counts, world: &World<'_>, seed: u64) {
    assert!(ledger.balances(), "seed {seed}: {ledger:?}");
    let source = &world.program.sources[ledger.source.0 as usize];
    assert_eq!((ledger.read, ledger.first), (counts.read, world.extents[ledger.source.0 as usize].first));
    let kept = world.rows[ledger.source.0 as usize].len() as u64;
    assert!(ledger.used <= kept, "seed {seed}: {ledger:?}");
    // What is pruned by time may have been out of scope as well.
    if ledger.outside == 0 || !source.key.is_empty() {
        let found = (ledger.no_time, ledger.out_of_scope, ledger.duplicates, ledger.differing);
        let expected = (counts.no_time, counts.out_of_scope, counts.duplicates, counts.differing);
        assert_eq!(found, expected, "seed {seed}: {ledger:?}");
    }
    let distinct: BTreeSet<_> = [ledger.unclaimed, ledger.no_actor, ledger.unknown].into_iter().collect();
    assert!(distinct.iter().all(|n| *n <= ledger.used), "seed {seed}: {ledger:?}");
}
