use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

use super::draft::{Draft, Table, draft};
use super::guess::guess;
use super::{Column, Count, Numbers, Profile, TimeGrain, Times};
use crate::diag::Diagnostic;
use crate::ir::ScalarType;
use crate::results::{Schema, SchemaColumn, Schemas};
use crate::source::SourceMap;
use crate::value::Value;
use crate::{check, resolve, syntax};

pub(super) fn column(name: &str, ty: ScalarType, distinct: u64) -> Column {
    let number = ty.is_number().then(|| Numbers {
        mean: 5.0,
        quantiles: [1.0, 2.0, 3.0, 5.0, 7.0, 9.0, 10.0],
        about: false,
        negative: 0,
        zero: 0,
        whole: true,
        histogram: super::Histogram::default(),
    });
    Column {
        name: name.to_owned(),
        ty: Some(ty),
        naive: false,
        physical: "Utf8".to_owned(),
        note: None,
        nulls: 0,
        blanks: 0,
        empty: 0,
        distinct: Count { value: distinct, about: false },
        min: Value::Null,
        max: Value::Null,
        top: Vec::new(),
        top_about: false,
        numbers: number,
        times: None,
        lengths: None,
        time_patterns: Vec::new(),
        suspicions: Vec::new(),
    }
}

fn times(days: u64) -> Times {
    let first = jiff::Timestamp::constant(1_767_225_600, 0);
    Times {
        first,
        last: first + jiff::SignedDuration::from_hours(24 * days as i64 - 1),
        days,
        span_days: days,
        gaps: Vec::new(),
        gap_count: 0,
        grain: TimeGrain::Days(7),
        counts: vec![100; 10],
        unreadable: 0,
    }
}

fn profile(name: &str, columns: Vec<Column>) -> Profile {
    Profile {
        name: name.to_owned(),
        patterns: vec![format!("{name}.csv")],
        rows: 1000,
        seen: 1000,
        step: 1,
        distinct_rows: Count { value: 1000, about: false },
        columns,
        ..Profile::default()
    }
}

fn drafted(profiles: &[Profile], days: u64) -> Draft {
    let guesses: Vec<_> = profiles.iter().map(guess).collect();
    let times = times(days);
    let tables: Vec<Table> = profiles
        .iter()
        .zip(&guesses)
        .map(|(profile, guess)| Table { profile, guess, times: guess.clock.as_ref().map(|_| &times) })
        .collect();
    draft(&tables)
}

/// What the checks say of a draft, the files being what the profile says.
fn findings(profiles: &[Profile], draft: &Draft) -> Vec<Diagnostic> {
    let mut map = SourceMap::new();
    let manifest = map.add("kepi.yaml", "kepi: 1\nname: t\ntime_zone: UTC\ncurrency: EUR\n");
    let (manifest, mut found) = syntax::parse_manifest(&map, manifest);
    let files = [("sources", &draft.sources), ("metrics", &draft.metrics), ("aims", &draft.aims)];
    let documents: Vec<_> = files
        .iter()
        .map(|(name, text)| {
            let file = map.add(format!("{name}.yaml"), (*text).clone());
            let (document, more) = syntax::parse_document(&map, file);
            found.extend(more);
            document
        })
        .collect();
    let (project, more) = resolve::resolve(manifest.unwrap(), documents);
    found.extend(more);
    let schema = |name: &str| {
        let profile = profiles.iter().find(|p| p.patterns[0].trim_end_matches(".csv") == name)?;
        let columns = profile.columns.iter().map(|c| SchemaColumn {
            name: c.name.clone(),
            ty: c.ty.unwrap_or(ScalarType::Unknown),
            naive: c.naive,
            physical: c.physical.clone(),
            note: None,
            list: None,
        });
        Some(Schema { columns: columns.collect() })
    };
    let of = |files: &[syntax::document::Text]| schema(files.first()?.value.trim_end_matches(".csv"));
    let schemas = Schemas {
        sources: project.sources.iter().map(|s| of(&s.files)).collect(),
        lookups: project.lookups.iter().map(|l| of(&l.files)).collect(),
    };
    found.extend(check::check(project, Some(&schemas)).diagnostics);
    found
}

fn app() -> Profile {
    let mut event = column("event", ScalarType::Text, 4);
    let names = ["play", "share", "Add to \"cart\"", "where"];
    event.top = names.iter().map(|name| (Value::Text((*name).to_owned()), 250)).collect();
    profile(
        "events",
        vec![
            column("ts", ScalarType::Instant, 990),
            column("user_id", ScalarType::Int, 40),
            event,
            column("country", ScalarType::Text, 5),
            column("order", ScalarType::Int, 30),
            column("Plan Type", ScalarType::Text, 3),
            column("duration_ms", ScalarType::Int, 300),
            column("amount", ScalarType::Decimal, 100),
            column("nothing", ScalarType::Null, 0),
        ],
    )
}

#[test]
fn an_event_log() {
    let profiles = [app()];
    let draft = drafted(&profiles, 120);
    assert_eq!(findings(&profiles, &draft), []);
    insta::assert_snapshot!(format!("{}\n{}\n{}", draft.sources, draft.metrics, draft.aims));
}

#[test]
fn a_table_without_time_and_a_lookup() {
    let customers =
        profile("customers", vec![column("user_id", ScalarType::Int, 1000), column("Churn", ScalarType::Bool, 2)]);
    let alone = [customers.clone()];
    let draft = drafted(&alone, 1);
    assert_eq!(findings(&alone, &draft), []);
    assert!(draft.sources.contains("time: none"));
    let both = [app(), customers];
    let draft = drafted(&both, 400);
    assert_eq!(findings(&both, &draft), []);
    insta::assert_snapshot!(
        draft.sources.split("lookups:").nth(1).unwrap_or_default().split("events:").next().unwrap_or_default()
    );
}

#[test]
fn any_length_of_time() {
    for days in [1, 5, 13, 14, 17, 18, 30, 69, 70, 150, 269, 270, 365, 3000] {
        let profiles = [app()];
        let draft = drafted(&profiles, days);
        assert_eq!(findings(&profiles, &draft), [], "{days} days\n{}", draft.aims);
    }
}

/// Words of the language, of the YAML around it, and of nothing.
fn names() -> impl Strategy<Value = String> {
    let odd = [
        "where",
        "time",
        "actor",
        "none",
        "null",
        "yes",
        "count",
        "user_id",
        "user id",
        "event",
        "ts",
        "date",
        "a`b",
        "a\"b",
        "it's",
        "a: b",
        "a #b",
        "- a",
        "{a}",
        "[a",
        "a, b",
        "*",
        "&a",
        "!a",
        "%d",
        "FY2026",
        "2026-Q1",
        "1st",
        "α β",
        "日本",
        "a\nb",
        "\u{feff}x",
        "amount",
        "unit price",
        "quantity",
        "value",
        "day",
        "share",
        "country",
        "Country",
        "duration_ms",
        "from",
        "to",
        "of",
        "id",
        "a.b",
        "a\tb",
        "price (EUR)",
        "revenue %",
        "ünïcode",
        "'",
        "\\",
        "events",
        "sources",
        "active_users",
    ];
    prop_oneof![3 => prop::sample::select(odd.to_vec()).prop_map(str::to_owned), 1 => any::<String>(), 1 => "[a-zA-Z_ ]{1,12}".prop_map(|s| s)]
}

fn columns() -> impl Strategy<Value = Vec<Column>> {
    let ty = prop_oneof![
        Just(ScalarType::Text),
        Just(ScalarType::Int),
        Just(ScalarType::Decimal),
        Just(ScalarType::Float),
        Just(ScalarType::Bool),
        Just(ScalarType::Date),
        Just(ScalarType::Instant),
        Just(ScalarType::Null),
    ];
    let one = (
        names(),
        ty,
        prop::sample::select(vec![0u64, 1, 2, 5, 40, 1000]),
        prop::collection::vec(names(), 0..6),
        any::<bool>(),
    );
    prop::collection::vec(one, 1..9).prop_map(|all| {
        let mut seen = std::collections::BTreeSet::new();
        all.into_iter()
            .filter(|(name, ..)| !name.trim().is_empty() && seen.insert(name.clone()))
            .map(|(name, ty, distinct, values, naive)| {
                let mut made = column(&name, ty, distinct);
                made.naive = naive && ty == ScalarType::Instant;
                if ty == ScalarType::Text {
                    let mut values = values;
                    values.sort();
                    values.dedup();
                    made.distinct.value = if distinct < 40 { values.len() as u64 } else { distinct };
                    made.top = values.into_iter().map(|value| (Value::Text(value), 7)).collect();
                }
                made
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Whatever files call their columns and values, the definitions check.
    #[test]
    fn any_names_check(mut first in columns(), second in columns(), days in 1u64..900, table in names()) {
        if first.is_empty() {
            first.push(column("a", ScalarType::Int, 5));
        }
        let mut profiles = vec![profile("a", first), profile("b", second)];
        profiles[0].name = table;
        profiles[1].name = "b".to_owned();
        let draft = drafted(&profiles, days);
        let found = findings(&profiles, &draft);
        assert!(found.is_empty(), "{found:#?}\n{}\n{}\n{}", draft.sources, draft.metrics, draft.aims);
    }
}
