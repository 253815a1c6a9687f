//! Projects as they are written, through the reading stage.

use crate::diag::Diagnostic;
use crate::ir::{Format, ScalarType};
use crate::resolve::{Project, resolve};
use crate::source::SourceMap;
use crate::syntax;

/// What is found in a manifest and one file for each text, as `K0201 message`.
fn read(manifest: &str, files: &[&str]) -> (Project, Vec<String>) {
    let mut sources = SourceMap::new();
    let file = sources.add("kepi.yaml", format!("kepi: 1\n{manifest}"));
    let (manifest, mut found) = syntax::parse_manifest(&sources, file);
    let mut documents = Vec::new();
    for (i, text) in files.iter().enumerate() {
        let file = sources.add(format!("{i}.yaml"), *text);
        let (document, more) = syntax::parse_document(&sources, file);
        found.extend(more);
        documents.push(document);
    }
    let manifest = manifest.unwrap_or_else(|| panic!("no manifest"));
    let (project, more) = resolve(manifest, documents);
    found.extend(more);
    (project, found.iter().map(|d: &Diagnostic| format!("{} {}", d.code, d.message)).collect())
}

/// Each text has this finding and no other, or none.
fn each(cases: &[(&str, &str)], found: impl Fn(&str) -> Vec<String>) {
    let got = cases.iter().map(|(text, expected)| (text, *expected, found(text).join("\n")));
    let wrong = got.filter(|(_, expected, got)| expected != got);
    let wrong: Vec<String> = wrong.map(|(text, expected, got)| format!("{text}\n  {got}\nnot\n  {expected}")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const SOURCE: &str = "sources: {app: {files: app.parquet, time: ts, actor: user_id}}\n";

#[test]
fn settings() {
    let cases = [
        (
            "time_zone: Europe/Berlin\nweek_start: sunday\nfiscal_year_start: 02-01\ncurrency: EUR\nas_of: 2026-10-01",
            "",
        ),
        ("week_start: Sonntag", "K0206 `Sonntag` is no day of the week"),
        ("week_start: mondey", "K0206 `mondey` is no day of the week; did you mean `monday`?"),
        ("fiscal_year_start: April", "K0206 `April` is no month and day"),
        ("fiscal_year_start: 02-29", "K0450 the fiscal year cannot begin on 02-29: not every year has that day"),
        ("currency: euro", "K0206 `euro` is no currency of ISO 4217"),
        ("currency: XYZ", "K0206 `XYZ` is no currency of ISO 4217"),
        ("as_of: 2026-13-01", "K0450 there is no month 13 in 2026"),
        ("lints: {no_benchmark: off}", ""),
        ("lints: {no_benchmrk: off}", "K0521 no lint is named `no_benchmrk`; did you mean `no_benchmark`?"),
        ("lints: {no_benchmark: never}", "K0206 `never` is no level of a lint"),
        (
            "lints: {K0502: off}",
            "K0521 K0502 (an objective that nobody owns) is an error, and errors cannot be switched off",
        ),
    ];
    each(&cases, |text| read(text, &[]).1);
    let (project, _) = read("time_zone: Europe/Berlin\nas_of: 2026-10-01", &[]);
    assert_eq!(project.settings.as_of.map(|t| t.to_string()).as_deref(), Some("2026-09-30T22:00:00Z"));
    assert_eq!(project.settings.data, ["data"]);
}

#[test]
fn paths_stay_in_the_project() {
    let data = |path: &str| read(&format!("data: {path}"), &[]).1;
    assert!(data("files/events").is_empty());
    for path in
        ["/etc", "../other", "a/../../b", "~/data", "ftp://host/a", "s3://bucket/../a", "$HOME/data", "'C:\\data'"]
    {
        let found = data(path);
        assert!(found.len() == 1 && found[0].starts_with("K0207"), "{path}: {found:?}");
    }
    for path in ["events/**/*.parquet", "..csv", "a..b/c.csv"] {
        let found = read("", &[&format!("sources: {{a: {{files: {path}, time: ts}}}}")]).1;
        assert!(found.is_empty(), "{path}: {found:?}");
    }
    let found = read("definitions: [../*.yaml]", &["lookups: {a: {files: /tmp/a.csv, key: id}}"]).1;
    assert_eq!(found.iter().filter(|f| f.starts_with("K0207")).count(), 2, "{found:?}");
}

#[test]
fn a_name_is_one_thing() {
    let duplicate = |what: &str| format!("K0201 {what}");
    let two = [
        (
            "metrics: {a: count(app)}",
            "metrics: {a: count(app)}",
            "`a` is already a source, an event, a set of spans, a segment or a metric",
        ),
        (
            "metrics: {a: count(app)}",
            "events: {a: app}",
            "`a` is already a source, an event, a set of spans, a segment or a metric",
        ),
        ("goals: {a: A}", "objectives: {a: {}}", "`a` is already a goal or an objective"),
        ("releases: {a: 2026-01-01}", "releases: {a: 2026-01-02}", "`a` is already a release"),
    ];
    for (first, second, expected) in two {
        assert_eq!(read("", &[SOURCE, first, second]).1, [duplicate(expected)], "{first} {second}");
    }
    assert!(read("", &[SOURCE, "metrics: {a: count(app)}", "goals: {a: A}\nreleases: {a: 2026-01-01}"]).1.is_empty());
    let reserved = [
        ("metrics: {count: count(app)}", "K0202 `count` is a built-in function, and no name"),
        ("metrics: {retention: count(app)}", "K0202 `retention` is a built-in function, and no name"),
        ("events: {week: app}", "K0202 `week` is a built-in function, and no name"),
        ("events: {within: app}", "K0202 `within` is a word of the language, and no name"),
        ("segments: {actor: a = 1}", "K0202 `actor` is a word of the language, and no name"),
        ("metrics: {counts: count(app)}", ""),
        ("goals: {count: Count}", ""),
    ];
    each(&reserved, |text| read("", &[SOURCE, text]).1);
}

#[test]
fn references() {
    let cases = [
        ("goals: {a: {title: A, parent: strategy}}", "K0203 no goal is named `strategy`"),
        ("goals: {a: {title: A, parent: be}, bee: B}", "K0203 no goal is named `be`; did you mean `bee`?"),
        (
            "objectives: {a: {supports: growht}}\ngoals: {growth: G}",
            "K0203 no goal or objective is named `growht`; did you mean `growth`?",
        ),
        ("objectives: {a: {supports: b}, b: {}}", ""),
        ("objectives: {a: {compare: [b]}}", "K0203 no benchmark is named `b`"),
        ("objectives: {a: {actions: [{do: x, release: b}]}}", "K0203 no release is named `b`"),
        ("sources: {s: {files: a.csv, time: ts, links: {l: id -> things}}}", "K0203 no lookup is named `things`"),
        ("reports: {r: {sections: [{metric: m}]}}", "K0203 no metric is named `m`"),
        ("reports: {r: {sections: [{metric: app}]}}", "K0203 no metric is named `app`"),
        ("reports: {r: {sections: [{objective: o}]}}", "K0203 no objective is named `o`"),
        ("reports: {r: {sections: [{metric: m}, objectives]}}\nmetrics: {m: count(app)}", ""),
    ];
    each(&cases, |text| read("", &[SOURCE, text]).1);
}

#[test]
fn nothing_rests_on_itself() {
    let cases = [
        ("metrics: {a: b + 1, b: a * 2}", "K0204 `a` is defined by itself: `a` -> `b` -> `a`"),
        ("metrics: {a: a + 1}", "K0204 `a` is defined by itself: `a` -> `a`"),
        ("events: {a: b or app, b: a where x = 1}", "K0204 `a` is defined by itself: `a` -> `b` -> `a`"),
        ("metrics: {a: b / c, b: c + 1, c: count(app)}", ""),
        // In a condition a bare name is a column, or a segment.
        ("events: {signup: app where signup}\nmetrics: {paid: count(signup where paid > 2)}", ""),
        ("metrics: {country: count(app) where country = \"DE\"}", ""),
        ("metrics: {order: mean(sum(app.x) per order)}", ""),
        ("goals: {a: {title: A, parent: b}, b: {title: B, parent: a}}", "K0205 `a` supports itself: `a` -> `b` -> `a`"),
        ("objectives: {a: {supports: a}}", "K0205 `a` supports itself: `a` -> `a`"),
        ("goals: {g: G}\nobjectives: {a: {supports: b}, b: {supports: g}}", ""),
    ];
    each(&cases, |text| read("", &[SOURCE, text]).1);
    let long: String = (0..5000).map(|i| format!("  m{i}: m{} + 1\n", i + 1)).collect();
    let (_, found) = read("", &[SOURCE, &format!("metrics:\n{long}  m5000: m0\n")]);
    assert_eq!(found.len(), 1);
}

#[test]
fn what_an_engine_opens() {
    let text = "\
sources:
  app:
    files: [events/*.csv]
    format: csv
    time: ts
    actor: Customer ID
    key: id
    links: {user: Customer ID -> users}
    columns:
      Customer ID: text
      watched: {from: ms, unit: ms, type: integer}
      value: {expr: watched * 2}
      n: number
lookups:
  users: {files: users.csv, key: id, columns: {plan: text}}
";
    let (project, _) = read("", &[text]);
    let columns = |table: &crate::resolve::Table| {
        table.declared.iter().map(|c| (c.raw.clone(), c.ty)).collect::<Vec<(String, Option<ScalarType>)>>()
    };
    let named = |name: &str, ty| (name.to_owned(), ty);
    let app = &project.tables.sources[0];
    assert_eq!(app.format, Some(Format::Csv));
    let wanted = [
        named("Customer ID", Some(ScalarType::Text)),
        named("ms", Some(ScalarType::Int)),
        named("n", None),
        named("ts", None),
        named("id", None),
    ];
    assert_eq!(columns(app), wanted);
    assert_eq!(columns(&project.tables.lookups[0]), [named("plan", Some(ScalarType::Text)), named("id", None)]);
    let cases = [
        ("sources: {a: {files: a.csv, time: ts, format: cvs}}", "K0209 `cvs` is no file format; did you mean `csv`?"),
        (
            "sources: {a: {files: a.csv, time: ts, format: mixpanel}}",
            "K0114 files of the format `mixpanel` are not read in this version",
        ),
        ("sources: {a: {files: a.csv, time: ts, columns: {x: string}}}", "K0208 `string` is no type of a column"),
    ];
    each(&cases, |text| read("", &[text]).1);
}
