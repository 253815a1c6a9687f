use std::fs;

use kepi_lang::ir::TimeFormat;
use kepi_lang::profile::{Profile, SuspicionKind, TimeGrain};

use super::Input;

fn profile(text: &str) -> Profile {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), text).unwrap();
    Input::open(folder.path(), &["a.csv".to_owned()], None).unwrap().profile().unwrap()
}

fn kinds(profile: &Profile, column: &str) -> Vec<(SuspicionKind, u64)> {
    profile.column(column).unwrap().suspicions.iter().map(|s| (s.kind, s.rows)).collect()
}

#[test]
fn what_is_odd() {
    let mut text = String::from("ts,n,word,gap,one\n");
    for i in 0..400 {
        let ts = match i {
            0 => "1970-01-01T00:00:00Z".to_owned(),
            1 => "2062-01-01T00:00:00Z".to_owned(),
            2 => "1931-05-05T00:00:00Z".to_owned(),
            _ => format!("2026-01-{:02}T10:00:00Z", 1 + i % 20),
        };
        let n = if i % 40 == 7 { 999_999 } else { i % 9 };
        let word = ["DE", "FR", "de", "N/A", "  ", "IT"][i % 6];
        text += &format!("{ts},{n},{word},,x\n");
    }
    let seen = profile(&text);
    assert_eq!(
        kinds(&seen, "ts"),
        [(SuspicionKind::Future, 1), (SuspicionKind::Past, 1), (SuspicionKind::EpochZero, 1)]
    );
    assert_eq!(kinds(&seen, "n"), [(SuspicionKind::Sentinel, 10)]);
    // 400 rows, six words in turn: `de` and `N/A` and the blank have 67, 67, 66 of them.
    assert_eq!(
        kinds(&seen, "word"),
        [(SuspicionKind::MixedCase, 67), (SuspicionKind::Placeholder, 67), (SuspicionKind::Blank, 66)]
    );
    assert_eq!(kinds(&seen, "gap"), [(SuspicionKind::Empty, 400)]);
    assert_eq!(kinds(&seen, "one"), [(SuspicionKind::Constant, 400)]);
}

#[test]
fn gaps_and_steps_of_time() {
    let days = [1, 2, 3, 7, 8, 20, 21];
    let rows: String = days.iter().map(|day| format!("2026-03-{day:02}T12:00:00Z\n")).collect();
    let seen = profile(&format!("ts\n{rows}"));
    let times = seen.column("ts").unwrap().times.clone().unwrap();
    assert_eq!((times.days, times.span_days, times.gap_count), (7, 21, 2));
    // 9 to 19 March, 4 to 6 March; 1 March 2026 is day 20,513.
    assert_eq!(times.gaps, [(20_521, 20_531), (20_516, 20_518)]);
    assert_eq!(times.grain, TimeGrain::Days(1));
    assert_eq!(times.counts.iter().sum::<u64>(), 7);
    assert_eq!(times.counts.len(), 21);
}

#[test]
fn times_that_the_type_does_not_say() {
    let folder = tempfile::tempdir().unwrap();
    let text = "ms,day\n1772323200000,01.03.2026\n1772409600000,02.03.2026\n";
    fs::write(folder.path().join("a.csv"), text).unwrap();
    let input = Input::open(folder.path(), &["a.csv".to_owned()], None).unwrap();
    let seen = input.profile().unwrap();
    assert_eq!(seen.column("day").unwrap().time_patterns, ["%d.%m.%Y"]);
    let first = |column: &str, format| input.times(column, format).unwrap().unwrap().first.to_string();
    assert_eq!(first("ms", TimeFormat::EpochMilliseconds), "2026-03-01T00:00:00Z");
    assert_eq!(first("day", TimeFormat::Pattern("%d.%m.%Y".to_owned())), "2026-03-01T00:00:00Z");
    assert_eq!(input.times("nothing", TimeFormat::Auto).unwrap(), None);
}

#[test]
fn a_sample_is_spread_evenly() {
    let text: String = (0..1000).map(|i| format!("{i}\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), format!("n\n{text}")).unwrap();
    let input = Input::open(folder.path(), &["a.csv".to_owned()], Some(100)).unwrap();
    let seen = input.profile().unwrap();
    assert_eq!((seen.rows, seen.seen, seen.step), (1000, 100, 10));
    // 0, 10, …, 990.
    assert_eq!(seen.column("n").unwrap().numbers.as_ref().unwrap().mean, 495.0);
}

#[test]
fn files_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.parquet"), "PAR1").unwrap();
    let found = Input::open(folder.path(), &["a.parquet".to_owned()], None).unwrap_err();
    assert_eq!(found.len(), 1);
    assert!(found[0].primary.is_none() && found[0].message.starts_with("`a.parquet` is not a sound Parquet file"));
}

/// A table of many columns keeps less of each, and what it keeps of long text is its beginning.
#[test]
fn wide_tables_and_long_texts() {
    let names: Vec<String> = (0..600).map(|i| format!("c{i}")).collect();
    let mut text = names.join(",") + "\n";
    for row in 0..40 {
        text += &(0..600).map(|i| (row * i).to_string()).collect::<Vec<_>>().join(",");
        text.push('\n');
    }
    let seen = profile(&text);
    assert_eq!(seen.columns.len(), 600);
    assert_eq!(seen.column("c7").unwrap().distinct.value, 40);
    let long = profile(&format!("t\n{0}\n{0}\nb\n", "a".repeat(5_000)));
    let column = long.column("t").unwrap();
    assert_eq!((column.distinct.value, column.lengths), (2, Some((1, 5_000))));
    assert_eq!(column.top[0].0.to_string().chars().count(), 201);
}
