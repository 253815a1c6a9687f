//! Cases of other projects' own test suites, asked of kepi: see `tests/oracles`.

mod journeys;
mod metricflow;
#[allow(dead_code)]
#[path = "../language/pipeline.rs"]
mod pipeline;
mod sessionize;

use std::path::{Path, PathBuf};

/// The top of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the engine lies in the repository").to_path_buf()
}

/// Where the cases of a suite are: in the repository, or below the folder that `KEPI_ORACLES` names.
pub fn cases(suite: &str) -> PathBuf {
    match std::env::var_os("KEPI_ORACLES") {
        Some(folder) => PathBuf::from(folder).join(suite),
        None => repository().join("tests/oracles").join(suite),
    }
}
