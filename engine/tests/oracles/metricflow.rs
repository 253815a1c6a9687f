//! MetricFlow's integration cases: its definitions are said once in kepi's language (`tests/oracles/metricflow`), each case
//! becomes a question, and the rows are compared.

mod case;
mod cell;
mod compare;
mod definitions;
mod filter;
mod names;
mod presence;
mod question;
mod scope;

use std::collections::BTreeMap;
use std::io::Write;

use case::Case;
use compare::Outcome;
use kepi_lang::diag::Code;
use question::Model;

/// The projects, and MetricFlow's names of their models.
const MODELS: [(&str, &str); 6] = [
    ("simple", "SIMPLE_MODEL"),
    ("extended_date", "EXTENDED_DATE_MODEL"),
    ("non_sm", "SIMPLE_MODEL_NON_DS"),
    ("multi_hop_join", "UNPARTITIONED_MULTI_HOP_JOIN_MODEL"),
    ("partitioned_multi_hop_join", "PARTITIONED_MULTI_HOP_JOIN_MODEL"),
    ("scd", "SCD_MODEL"),
];

struct Models(BTreeMap<&'static str, Result<Model, String>>);

impl Models {
    fn get(&mut self, name: &str) -> Result<&Model, String> {
        let known = MODELS.iter().find(|(project, model)| [*project, *model].contains(&name));
        let (project, _) = known.ok_or_else(|| format!("no model `{name}`"))?;
        let model = self.0.entry(project).or_insert_with(|| {
            let root = crate::repository().join("tests/oracles/metricflow");
            let facts = root.join(format!("definitions_{project}.json"));
            let facts = std::fs::read_to_string(&facts).map_err(|e| format!("{}: {e}", facts.display()))?;
            Model::open(&root.join(project), &facts)
        });
        model.as_ref().map_err(Clone::clone)
    }
}

fn outcome(models: &mut Models, case: &Result<Case, String>, tolerance: f64) -> Outcome {
    let case = match case {
        Ok(case) => case,
        Err(why) => return Outcome::Differs(why.clone()),
    };
    let mut answered = || -> Result<Outcome, String> {
        if let Some(reason) = scope::of_case(case) {
            return Ok(Outcome::OutOfScope(reason));
        }
        let model = models.get(&case.model)?;
        let traits = model.definitions.traits(&case.metrics)?;
        if let Some(reason) = scope::of_traits(case, &traits) {
            return Ok(Outcome::OutOfScope(reason));
        }
        let (rows, order) = model.rows(case, &traits)?;
        compare::compare(case, &rows, &order, tolerance)
    };
    answered().unwrap_or_else(Outcome::Differs)
}

/// MetricFlow's own tables have keys that are not unique, and its answers count rows once for each copy. kepi refuses.
#[test]
fn a_key_that_is_not_unique_is_refused() {
    let root = crate::repository().join("tests/oracles/metricflow/extended_date");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("a file");
    let lookup = "lookups:\n  listings_extended_source: {files: dim_listings_extended.csv, key: listing_id}\n";
    let definitions = format!("{}\n{lookup}", read("metrics/all.yaml"));
    let definitions = definitions.replace(
        "    files: fct_bookings_extended.csv\n",
        "    files: fct_bookings_extended.csv\n    links: {listing: listing_id -> listings_extended_source}\n",
    );
    let compiled = crate::pipeline::compile(&root, &read("kepi.yaml"), &definitions).expect("definitions");
    let opened = kepi_engine::Dataset::open(&root, compiled.program.into(), kepi_engine::Options::default());
    let found = opened.err().expect("copies of keys");
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::KeyNotUnique]);
}

/// `checks.md` answers every check of MetricFlow's on definitions, with codes that exist.
#[test]
fn every_check_of_definitions_is_answered() {
    let root = crate::repository().join("tests/oracles/metricflow");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("a file");
    let names: Vec<serde_json::Value> = serde_json::from_str(&read("validation_check_names.json")).expect("names");
    let text = read("checks.md");
    let rows: Vec<Vec<&str>> =
        text.lines().filter(|l| l.starts_with("| ")).skip(2).map(|l| l.split('|').map(str::trim).collect()).collect();
    let wanted: Vec<_> = names.iter().map(|n| (n["area"].as_str(), n["check"].as_str())).collect();
    assert_eq!(rows.iter().map(|r| (Some(r[1]), Some(r[2]))).collect::<Vec<_>>(), wanted);
    for row in rows {
        let words = row[3].split(|c: char| !c.is_alphanumeric());
        let codes = words.filter(|w| w.starts_with('K') && w[1..].chars().all(|c| c.is_ascii_digit()) && w.len() == 5);
        let unknown: Vec<_> = codes.filter(|c| !Code::ALL.iter().any(|known| known.as_str() == *c)).collect();
        assert!(!row[3].is_empty() && unknown.is_empty(), "{row:?}: {unknown:?}");
    }
}

#[test]
fn metricflow() {
    let mut models = Models(BTreeMap::new());
    let (mut agree, mut differ, mut out) = (0, 0, 0);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    let mut meanings: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for file in case::files(&crate::cases("metricflow")) {
        let before = (agree, differ, out);
        for case in &file.cases {
            let id = case.as_ref().map_or("?", |c| c.id.as_str());
            match outcome(&mut models, case, file.tolerance) {
                Outcome::Agrees(met) => {
                    agree += 1;
                    met.into_iter().for_each(|m| *meanings.entry(m).or_default() += 1);
                }
                Outcome::Differs(how) => {
                    differ += 1;
                    lines.push(format!("{}: {id}: {how}", file.name));
                }
                Outcome::OutOfScope(reason) => {
                    out += 1;
                    *reasons.entry(reason).or_default() += 1;
                }
            }
        }
        let here = (agree - before.0, differ - before.1, out - before.2);
        lines.push(format!("{}: {} agree, {} differ, {} out of scope", file.name, here.0, here.1, here.2));
    }
    lines.extend(meanings.iter().map(|(meaning, count)| format!("agree in {count} cases where {meaning}")));
    lines.extend(reasons.iter().map(|(reason, count)| format!("out of scope, {count}: {reason}")));
    lines.push(format!("oracles metricflow: {agree} agree, {differ} differ, {out} out of scope"));
    // Not by a macro, whose text the test harness keeps to itself.
    let _ = writeln!(std::io::stdout(), "{}", lines.join("\n"));
    assert!(agree > 0, "no case was answered");
    assert_eq!(differ, 0, "cases that differ are listed above");
}
