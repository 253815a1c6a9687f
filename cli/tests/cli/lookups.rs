//! Lookups of every kind, as another engine joins the same files.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::cli::case::repository;
use crate::cli::oracle::json;

#[test]
fn joins_are_those_of_another_engine() {
    let path = repository().join("cli/tests/oracles/lookups.json");
    let questions: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(questions.len(), 10);
    for question in questions {
        let metric = question["metric"].as_str().unwrap();
        let by: Vec<&str> = question["by"].as_array().unwrap().iter().map(|b| b.as_str().unwrap()).collect();
        let mut args = vec!["query", metric, "--grain", "month", "--format", "json"];
        by.iter().for_each(|dimension| args.extend(["--by", dimension]));
        let found = json(&repository().join("cli/tests/data/lookups"), &args);
        // Groups without a row are zeros here and not there at all in SQL.
        let mut wanted: BTreeMap<Vec<String>, i64> = BTreeMap::new();
        for row in question["rows"].as_array().unwrap() {
            let (value, group) = row.as_array().unwrap().split_last().unwrap();
            wanted.insert(group.iter().map(Value::to_string).collect(), value.as_i64().unwrap_or(0));
        }
        let mut groups = 0;
        for row in found["metrics"][0]["rows"].as_array().unwrap() {
            let mut group = vec![row["period"].to_string()];
            group.extend(by.iter().map(|dimension| row["by"][*dimension].to_string()));
            let value = row["value"].as_i64().unwrap();
            assert_eq!(value, wanted.remove(&group).unwrap_or(0), "{metric} of {group:?}");
            groups += usize::from(value != 0);
        }
        assert!(wanted.values().all(|value| *value == 0), "{metric}: {wanted:?} are missing");
        assert!(groups >= 6, "{metric}: {groups} groups tell little");
    }
}
