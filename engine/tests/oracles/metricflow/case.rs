//! A case as it is written.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub model: String,
    #[serde(default)]
    pub metrics: Vec<String>,
    #[serde(default)]
    pub group_by: Vec<Value>,
    #[serde(default)]
    pub group_by_params: Vec<Value>,
    #[serde(default, rename = "where")]
    pub condition: Value,
    pub time_constraint: Option<[String; 2]>,
    #[serde(default)]
    pub order_bys: Vec<String>,
    pub limit: Option<usize>,
    #[serde(default)]
    pub check_order: bool,
    pub expected: Option<Expected>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

/// A file of cases.
pub struct File {
    pub name: String,
    /// Relative.
    pub tolerance: f64,
    /// A case that cannot be read is one that differs.
    pub cases: Vec<Result<Case, String>>,
}

impl Case {
    /// All conditions, each to be met.
    pub fn conditions(&self) -> Vec<String> {
        match &self.condition {
            Value::String(text) => vec![text.clone()],
            Value::Array(texts) => texts.iter().filter_map(|t| t.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    }

    pub fn columns(&self) -> &[String] {
        self.expected.as_ref().map_or(&[], |e| &e.columns)
    }

    /// The columns that are no metric: `metric_time__day`, `listing__country_latest`.
    pub fn dimensions(&self) -> Vec<&str> {
        self.columns().iter().map(String::as_str).filter(|c| !self.metrics.iter().any(|m| m == c)).collect()
    }
}

/// Every file of cases in the folder, in order of its name.
pub fn files(folder: &Path) -> Vec<File> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".json") || name.ends_with(".json.gz"))
        .filter(|name| name.starts_with("cases") || name.starts_with("engine_outputs"))
        .collect();
    names.sort();
    names.into_iter().map(|name| file(folder, name)).collect()
}

fn file(folder: &Path, name: String) -> File {
    let bytes = fs::read(folder.join(&name)).expect("a file of cases");
    let mut text = String::new();
    if name.ends_with(".gz") {
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzip");
    } else {
        text = String::from_utf8(bytes).expect("text");
    }
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let read = |value: Value| {
        let id = value["id"].as_str().unwrap_or("?").to_owned();
        serde_json::from_value::<Case>(value).map_err(|e| format!("{id}: cannot be read: {e}"))
    };
    // What MetricFlow printed has about six digits.
    let tolerance = if name.starts_with("engine_outputs") { 1e-5 } else { 1e-6 };
    File { name, tolerance, cases: cases.into_iter().map(read).collect() }
}
