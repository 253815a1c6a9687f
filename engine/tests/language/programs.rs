//! Random programs: the engine and the reference say the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use kepi_engine::cache::{Cache, LIMIT};
use kepi_engine::{Dataset, Memory, Options};
use kepi_lang::calendar::Calendar;
use kepi_lang::ir::{Ask, Program, Question};
use kepi_lang::results::Results;

use crate::compare::differences;
use crate::data::{Data, Encoding, Table};
use crate::files::{csv, write};
use crate::generate::{Asked, Project, project};
use crate::pipeline::{Compiled, compile, plain};
use crate::reference::{self, Answers, TooLarge};

/// Asks of one project; each is a program of its own.
const ASKS: usize = 8;
const THREADS: [usize; 3] = [1, 2, 8];

#[derive(Default)]
struct Count {
    asked: usize,
    refused: usize,
    /// By code, with an example.
    codes: BTreeMap<String, (usize, String)>,
    answers: usize,
    values: usize,
    /// Of the values: neither null nor zero.
    telling: usize,
}

#[test]
fn random_programs_agree() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let programs = number("KEPI_RANDOM_PROGRAMS", 300) as usize;
    let first = number("KEPI_RANDOM_SEED", 1);
    let mut count = Count::default();
    for seed in first.. {
        if count.asked - count.refused >= programs {
            break;
        }
        run(seed, &mut count);
    }
    let share = 100.0 * count.refused as f64 / count.asked as f64;
    println!(
        "{} programs, {} values, {} of them neither null nor zero; the checker refused {} of {} ({share:.0} %)",
        count.answers, count.values, count.telling, count.refused, count.asked
    );
    if std::env::var("KEPI_RANDOM_VERBOSE").is_ok() {
        count.codes.iter().for_each(|(code, (n, text))| println!("{n:6} {code} {text}"));
    }
    assert!(share < 33.4, "the checker refuses {share:.0} % of what is written");
}

fn run(seed: u64, count: &mut Count) {
    let project = project(seed, ASKS);
    let compiled = opened(&project).unwrap_or_else(|e| panic!("seed {seed} is no project: {e}\n{}", shown(&project)));
    let (compiled, folder) = compiled;
    let mut asks = Vec::new();
    for (number, asked) in project.asks.iter().enumerate() {
        count.asked += 1;
        match ask(&compiled, asked, number) {
            Ok(ask) => asks.push((number, ask)),
            Err(why) => {
                count.refused += 1;
                let code = why.split(' ').next().unwrap_or_default().to_owned();
                let example = format!("{} -- {}", asked.text.expr, why.lines().next().unwrap_or_default());
                count.codes.entry(code).or_insert((0, example)).0 += 1;
            }
        }
    }
    let program = Arc::new(compiled.program);
    let all = question(&project, asks.iter().map(|(_, a)| a.clone()).collect());
    let said = reference::answer(&program, &project.data, &all);
    if let Ok(answers) = &said {
        count.answers += answers.answers.len();
        let values = || answers.answers.iter().flat_map(|a| &a.rows).map(|r| &r.value);
        count.values += values().count();
        count.telling += values().filter(|v| v.as_f64().is_some_and(|n| n != 0.0)).count();
    }
    if let Some(what) = disagreement(folder.path(), &program, &project.data, &all, &said) {
        fail(seed, &project, &asks, &what);
    }
}

/// What the engine says otherwise, with any number of threads.
fn disagreement(
    root: &std::path::Path,
    program: &Arc<Program>,
    data: &Data,
    question: &Question,
    reference: &Result<Answers, TooLarge>,
) -> Option<String> {
    let pruned: Vec<bool> = program
        .sources
        .iter()
        .zip(&data.sources)
        .map(|(s, t)| t.encoding == Encoding::Parquet && s.key.is_empty())
        .collect();
    let mut first: Option<Results> = None;
    for threads in THREADS {
        let options = Options { threads: Some(threads), ..Options::default() };
        let answered = Dataset::open(root, Arc::clone(program), options).and_then(|d| d.answer(question));
        match (answered, reference) {
            (Err(found), Ok(_)) => return Some(format!("the engine refuses: {}", plain(&found))),
            (Ok(_), Err(TooLarge)) => return Some("the engine answers what is too large".to_owned()),
            (Err(_), Err(TooLarge)) => {}
            (Ok(results), Ok(reference)) => {
                let found = differences(&results, reference, &pruned);
                if !found.is_empty() {
                    return Some(found.join("\n"));
                }
                match &first {
                    None => first = Some(results),
                    Some(one) if same(one, &results) => {}
                    Some(_) => return Some(format!("another answer with {threads} threads")),
                }
            }
        }
    }
    let first = first?;
    let cache = tempfile::tempdir().expect("a folder");
    for threads in [2, 8] {
        let kept = Some(Arc::new(Cache::new(cache.path().to_owned(), LIMIT)));
        let options = Options { threads: Some(threads), cache: kept, ..Options::default() };
        let answered = Dataset::open(root, Arc::clone(program), options).and_then(|d| d.answer(question));
        if !answered.is_ok_and(|results| same(&first, &results)) {
            return Some(format!("what is kept shows with {threads} threads"));
        }
    }
    let (threads, bytes) = ([1, 2, 7][data.sources.len() % 3], 1 << (4 + program.sources.len() % 3 * 5));
    let memory = Memory::new(1 << 40, cache.path().to_owned()).spilling_from(bytes);
    let options = Options { threads: Some(threads), memory: Some(Arc::new(memory)), ..Options::default() };
    let answered = Dataset::open(root, Arc::clone(program), options).and_then(|d| d.answer(question));
    if !answered.is_ok_and(|results| same(&first, &results)) {
        return Some(format!("temporary files show with {threads} threads"));
    }
    None
}

/// To the last bit.
fn same(a: &Results, b: &Results) -> bool {
    let rows = |r: &Results| r.answers.iter().map(|a| format!("{:?}", a.rows)).collect::<Vec<_>>();
    rows(a) == rows(b) && a.ledgers == b.ledgers && a.lookups == b.lookups
}

fn opened(project: &Project) -> Result<(Compiled, tempfile::TempDir), String> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &project.data);
    let mut compiled = compile(folder.path(), &project.manifest, &project.definitions)?;
    if project.as_of_given {
        // As the command does: what is newest is so at that time.
        compiled.program.settings.as_of = Some(project.as_of);
    }
    Ok((compiled, folder))
}

fn ask(compiled: &Compiled, asked: &Asked, number: usize) -> Result<Ask, String> {
    let typed = compiled.ask(&asked.text)?;
    let periods = compiled.periods(asked.grain, asked.interval);
    Ok(Ask { name: format!("ask {number}"), expr: typed.expr, by: typed.by, periods })
}

fn question(project: &Project, asks: Vec<Ask>) -> Question {
    Question { asks, as_of: project.as_of, as_of_given: project.as_of_given, range: None }
}

/// Shows the smallest project that can be found in which something goes wrong.
fn fail(seed: u64, project: &Project, asks: &[(usize, Ask)], what: &str) -> ! {
    let mut small = project.clone();
    small.asks = asks.iter().map(|(number, _)| project.asks[*number].clone()).collect();
    let mut what = what.to_owned();
    for number in (0..small.asks.len()).rev() {
        let mut fewer = small.clone();
        fewer.asks.remove(number);
        if let Some(now) = still(&fewer) {
            (small, what) = (fewer, now);
        }
    }
    shrink(&mut small, &mut what);
    panic!("seed {seed}\n{}\n{what}", shown(&small));
}

/// What goes wrong with a project, if it can be asked at all.
fn still(project: &Project) -> Option<String> {
    let (compiled, folder) = opened(project).ok()?;
    let asks = project.asks.iter().enumerate().map(|(n, asked)| ask(&compiled, asked, n));
    let asks = asks.collect::<Result<Vec<_>, _>>().ok()?;
    let program = Arc::new(compiled.program);
    let question = question(project, asks);
    let said = reference::answer(&program, &project.data, &question);
    disagreement(folder.path(), &program, &project.data, &question, &said)
}

/// Leaves out files and rows as long as it still goes wrong.
fn shrink(project: &mut Project, what: &mut String) {
    let count = project.data.sources.len() + project.data.lookups.len();
    for step in [16usize, 4, 1] {
        for table in 0..count {
            let mut start = 0;
            loop {
                let mut smaller = project.clone();
                let sources = smaller.data.sources.len();
                let tables = &mut smaller.data;
                let table: &mut Table =
                    if table < sources { &mut tables.sources[table] } else { &mut tables.lookups[table - sources] };
                let rows = table.rows().count();
                if start >= rows {
                    break;
                }
                let mut number = 0;
                for file in &mut table.files {
                    file.retain(|_| {
                        number += 1;
                        !(start < number && number <= start + step)
                    });
                }
                match still(&smaller) {
                    Some(now) => (*project, *what) = (smaller, now),
                    None => start += step,
                }
            }
        }
    }
}

fn shown(project: &Project) -> String {
    let mut text = format!("--- kepi.yaml\n{}--- metrics/all.yaml\n{}", project.manifest, project.definitions);
    for table in project.data.sources.iter().chain(&project.data.lookups) {
        for (number, rows) in table.files.iter().enumerate() {
            text += &format!("--- data/{}_{number} as {:?}\n{}", table.name, table.encoding, csv(table, rows));
        }
    }
    text += &format!("--- asked as of {}{}\n", project.as_of, if project.as_of_given { " (given)" } else { "" });
    for asked in &project.asks {
        let name = asked.grain.map_or("total".to_owned(), |g| g.to_string());
        let Calendar { zone, .. } = calendar(project);
        let bound = |t: jiff::Timestamp| t.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        text += &format!(
            "{}\n    by {:?} where {:?}, {name} from {} to {}\n",
            asked.text.expr,
            asked.text.by,
            asked.text.condition,
            bound(asked.interval.start),
            bound(asked.interval.end)
        );
    }
    text
}

fn calendar(project: &Project) -> Calendar {
    let zone = project.manifest.lines().find_map(|l| l.strip_prefix("time_zone: ")).unwrap_or("UTC");
    let zone = Calendar::zone_named(zone).expect("a zone");
    Calendar { zone, week_start: jiff::civil::Weekday::Monday, fiscal_year_start: (1, 1) }
}
