//! States of files that are kept from run to run: which runs read which files, and what becomes of a folder that is cut off,
//! filled up or shared.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use kepi_engine::cache::{Cache, LIMIT};
use kepi_engine::{Dataset, Options, Progress};
use kepi_lang::calendar::{Calendar, Grain};
use kepi_lang::ir::{Aggregate, Ask, ColumnId, Program, Question, ScalarType};
use kepi_lang::value::Value;
use tempfile::TempDir;

use crate::data::parquet;
use crate::programs::{branch, col, column, measure, measured, periods, program, source};
use crate::random::kept::entries;

/// Rows of each day.
const ROWS: i64 = 40;

struct Lab {
    folder: TempDir,
    program: Program,
}

fn program_of_days() -> Program {
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let calendar = Calendar { zone, week_start: Weekday::Monday, fiscal_year_start: (1, 1) };
    let columns = vec![
        column("ts", ScalarType::Instant),
        column("who", ScalarType::Text),
        column("n", ScalarType::Int),
        column("x", ScalarType::Float),
    ];
    program(calendar, vec![source("s", columns, Some(0), Some(1))])
}

impl Lab {
    /// A file a day, of so many days from the first of March on, midnight in Berlin to midnight.
    fn new(days: i64) -> Self {
        let lab = Self { folder: tempfile::tempdir().expect("a folder"), program: program_of_days() };
        (0..days).for_each(|day| lab.day(day));
        lab
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn day(&self, day: i64) {
        self.rows(day, 0);
    }

    fn rows(&self, day: i64, more: i64) {
        let start: Timestamp = "2026-02-28T23:00:00Z".parse().expect("an instant");
        let rows = (0..ROWS).map(|row| {
            let seconds = day * 86_400 + row * 2_000 + 7;
            let at = start.checked_add(jiff::SignedDuration::from_secs(seconds)).expect("an instant");
            // Some come every day, some once, and the numbers of those before change with the files that are there.
            let who = if row % 3 == 0 { format!("once {day} {row}") } else { format!("actor {}", (day + row) % 31) };
            let n = day * 100 + row + more;
            vec![Value::Instant(at), Value::Text(who), Value::Int(i128::from(n)), Value::float(n as f64 / 7.0)]
        });
        fs::create_dir_all(self.root().join("data")).expect("a folder");
        let path = self.root().join(format!("data/s-{day:03}.parquet"));
        parquet(&path, &self.program.sources[0].columns, &rows.collect::<Vec<_>>());
    }

    fn cache(&self) -> std::path::PathBuf {
        self.root().join(".kepi/cache")
    }

    /// The answers as text, and how many files were not read for them.
    fn ask(&self, days: i64, threads: usize, cache: Option<&Arc<Cache>>) -> (String, u64) {
        self.answer(&self.question(days), threads, cache)
    }

    fn answer(&self, question: &Question, threads: usize, cache: Option<&Arc<Cache>>) -> (String, u64) {
        let progress = Arc::new(Progress::default());
        let seen = Arc::clone(&progress);
        let options = Options { threads: Some(threads), progress: seen, cache: cache.cloned(), ..Options::default() };
        let dataset = Dataset::open(self.root(), Arc::new(self.program.clone()), options).expect("the files open");
        let results = dataset.answer(question).expect("an answer");
        (format!("{results:?}"), progress.seen().kept)
    }

    /// "Now" is the end of the last of so many days.
    fn question(&self, days: i64) -> Question {
        let end = self.program.settings.calendar.clone();
        let as_of: Timestamp = "2026-02-28T23:00:00Z".parse().expect("an instant");
        let as_of = as_of.checked_add(jiff::SignedDuration::from_hours(24 * days)).expect("an instant");
        let to = as_of.to_string();
        let who = || Some(col(1, ScalarType::Text));
        let x = || Some(col(3, ScalarType::Float));
        let each = |name: &str, aggregate, value, grain| {
            let expr = measured(measure(aggregate, vec![branch(0, Some(0), value)]));
            let periods = periods(&end, "2026-03-01T12:00:00Z", &to, grain);
            Ask { name: name.to_owned(), expr, by: Vec::new(), periods }
        };
        let asks = vec![
            each("rows", Aggregate::Count, None, Grain::Day),
            each("active", Aggregate::Unique, who(), Grain::Day),
            each("weekly", Aggregate::Unique, who(), Grain::Week),
            each("monthly", Aggregate::Unique, who(), Grain::Month),
            each("sum", Aggregate::Sum, x(), Grain::Month),
            each("spread", Aggregate::Stddev, x(), Grain::Week),
            each("last", Aggregate::Last, x(), Grain::Week),
        ];
        Question { asks, as_of, as_of_given: true, range: None }
    }

    fn open(&self) -> Arc<Cache> {
        Arc::new(Cache::new(self.cache(), LIMIT))
    }

    /// The answers are those without a cache; says how many files were not read.
    fn agrees(&self, days: i64, threads: usize) -> u64 {
        let (expected, none) = self.ask(days, 1, None);
        let (found, kept) = self.ask(days, threads, Some(&self.open()));
        assert!(found == expected, "the cache shows after {days} days");
        assert_eq!(none, 0);
        kept
    }
}

#[test]
fn a_day_later_only_the_new_file_is_read() {
    let lab = Lab::new(9);
    assert_eq!((lab.agrees(9, 2), lab.agrees(9, 7), lab.agrees(9, 1)), (0, 9, 9));
    for day in 9..14 {
        lab.day(day);
        assert_eq!(lab.agrees(day + 1, 1 + day as usize % 3), day as u64);
    }
    // Numbers of actors were given in pieces; all of them are there.
    assert_eq!(lab.agrees(14, 2), 14);
    // Where "now" is before the last file, it alone is another one.
    assert_eq!((lab.agrees(13, 2), lab.agrees(13, 2), lab.agrees(14, 2)), (13, 14, 14));
}

/// Breaks the states that are kept, and says how many there are. What else is kept is left.
fn break_states(folder: &Path) -> usize {
    /// How an entry that is a state begins.
    const STATE: &[u8] = b"kepi-k01\x02";
    let states = entries(folder).into_iter().filter(|path| fs::read(path).is_ok_and(|bytes| bytes.starts_with(STATE)));
    let broken = states.map(|path| {
        let bytes = fs::read(&path).expect("a state");
        fs::write(path, &bytes[..bytes.len() - 1]).expect("cut off");
    });
    broken.count()
}

#[test]
fn what_is_over_is_not_made_again() {
    let weekly = |lab: &Lab, days: i64, cache: Option<&Arc<Cache>>| {
        let mut question = lab.question(days);
        question.asks.retain(|ask| ask.periods.iter().any(|p| p.grain == Some(Grain::Week)));
        lab.answer(&question, 2, cache)
    };
    let agrees = |lab: &Lab, days: i64| {
        let cache = lab.open();
        let (found, kept) = weekly(lab, days, Some(&cache));
        assert!(found == weekly(lab, days, None).0, "the cache shows after {days} days");
        (kept, cache.notes().len())
    };
    // From a Sunday on: three weeks are over, the fourth has six days.
    let lab = Lab::new(21);
    assert_eq!(agrees(&lab, 21), (0, 0));
    assert_eq!(break_states(&lab.cache()), 21);
    lab.day(21);
    // Of the days before, those of its week are needed, and nothing of the others.
    assert_eq!(agrees(&lab, 22), (15, 6));
    break_states(&lab.cache());
    // All weeks are over, and nothing is needed.
    assert_eq!(agrees(&lab, 22), (22, 0));
    // A file that comes late, or changes, makes its own week again.
    lab.rows(3, 1);
    assert_eq!(agrees(&lab, 22), (15, 6));
    break_states(&lab.cache());
    assert_eq!(agrees(&lab, 22), (22, 0));
    fs::remove_file(lab.root().join("data/s-009.parquet")).expect("removed");
    assert_eq!(agrees(&lab, 22), (15, 6));
    // Where history begins is part of every value.
    lab.rows(-1, 0);
    break_states(&lab.cache());
    assert_eq!(agrees(&lab, 22), (0, 21));
}

#[test]
fn a_checkout_with_other_times_hits_and_other_content_does_not() {
    let lab = Lab::new(5);
    lab.agrees(5, 2);
    for entry in fs::read_dir(lab.root().join("data")).expect("files") {
        let path = entry.expect("a file").path();
        let bytes = fs::read(&path).expect("bytes");
        fs::remove_file(&path).expect("removed");
        fs::write(&path, bytes).expect("written");
    }
    fs::remove_file(lab.cache().join("stamps")).ok();
    assert_eq!(lab.agrees(5, 2), 5);
    lab.rows(2, 1);
    assert_eq!(lab.agrees(5, 2), 4);
    fs::remove_file(lab.root().join("data/s-003.parquet")).expect("removed");
    assert_eq!(lab.agrees(5, 2), 4);
}

#[test]
fn another_definition_misses() {
    let mut lab = Lab::new(4);
    assert_eq!((lab.agrees(4, 2), lab.agrees(4, 2)), (0, 4));
    let id = ColumnId(2);
    lab.program.sources[0].scope = Some(kepi_lang::ir::RowExpr {
        kind: kepi_lang::ir::RowKind::Not(Box::new(crate::programs::row(
            kepi_lang::ir::RowKind::IsNull(Box::new(col(id.0, ScalarType::Int))),
            ScalarType::Bool,
        ))),
        ty: ScalarType::Bool,
        unit: kepi_lang::unit::Unit::none(),
    });
    assert_eq!((lab.agrees(4, 2), lab.agrees(4, 2)), (0, 4));
    lab.program.settings.calendar.zone = TimeZone::get("Asia/Kolkata").expect("a zone");
    assert_eq!((lab.agrees(4, 2), lab.agrees(4, 2)), (0, 4));
    // A key makes files depend on each other.
    lab.program.sources[0].key = vec![id];
    assert_eq!((lab.agrees(4, 2), lab.agrees(4, 2)), (0, 0));
}

#[test]
fn the_least_used_go_first() {
    let lab = Lab::new(12);
    lab.agrees(12, 2);
    let all = lab.open().usage();
    let limit = all.bytes / 2;
    let small = Arc::new(Cache::new(lab.cache(), limit));
    lab.day(12);
    let (expected, _) = lab.ask(13, 1, None);
    let (found, kept) = lab.ask(13, 2, Some(&small));
    assert!(found == expected && kept == 12);
    assert!(small.usage().bytes <= limit && small.usage().entries > 0);
    assert!(lab.agrees(13, 2) < 13);
    assert_eq!(lab.agrees(13, 2), 13);
    let gone = small.clear().expect("emptied");
    assert!(gone.entries > 0 && !lab.cache().exists(), "{gone:?}");
}

#[test]
fn what_is_damaged_is_said_and_made_again() {
    let lab = Lab::new(3);
    lab.agrees(3, 2);
    for path in entries(&lab.cache()) {
        let mut bytes = fs::read(&path).expect("an entry");
        let last = bytes.len() - 1;
        bytes[last] ^= 4;
        fs::write(path, bytes).expect("flipped");
    }
    let cache = lab.open();
    let (expected, _) = lab.ask(3, 1, None);
    let (found, kept) = lab.ask(3, 2, Some(&cache));
    assert!(found == expected && kept == 0);
    let notes = cache.notes();
    assert!(!notes.is_empty() && notes.iter().all(|n| n.code.as_str() == "K0660" && !n.is_error()), "{notes:?}");
    assert_eq!(lab.agrees(3, 2), 3);
    // Those that nobody asks for any more are found as well.
    lab.open().verify();
    assert!(lab.open().verify().1.is_empty());
    // Whole, and nothing like a state.
    let first = entries(&lab.cache()).remove(0);
    fs::write(first, "no entry").expect("written");
    assert_eq!(lab.open().verify().1.len(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_is_said_once() {
    let lab = Lab::new(3);
    fs::write(lab.root().join(".kepi"), "a file").expect("written");
    let cache = lab.open();
    let (expected, _) = lab.ask(3, 1, None);
    let (found, kept) = lab.ask(3, 2, Some(&cache));
    assert!(found == expected && kept == 0);
    let notes = cache.notes();
    assert_eq!(notes.iter().map(|n| n.code.as_str()).collect::<Vec<_>>(), ["K0661"]);
}

#[test]
fn two_at_once_share_a_folder() {
    let lab = Lab::new(8);
    let (expected, _) = lab.ask(8, 1, None);
    for _ in 0..3 {
        thread::scope(|scope| {
            for threads in 1..4 {
                let (lab, expected) = (&lab, &expected);
                scope.spawn(move || assert!(lab.ask(8, threads, Some(&lab.open())).0 == *expected));
            }
        });
        // Two chains of numbers are there now, or three. A file of which one run has kept the state, and another whose numbers
        // it has, is read once more.
        assert!(lab.agrees(8, 2) <= 8);
        assert_eq!(lab.agrees(8, 2), 8);
        lab.open().clear().expect("emptied");
    }
    thread::scope(|scope| {
        scope.spawn(|| lab.ask(8, 1, Some(&lab.open())));
        scope.spawn(|| (0..50).for_each(|_| drop(lab.open().clear())));
    });
    assert!(lab.agrees(8, 2) <= 8);
    let left = lab.cache().join("tmp");
    assert_eq!(fs::read_dir(left).map_or(0, Iterator::count), 0);
}
