//! A run that waits where a test wants it to, so that no test depends on how fast a machine is.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where the environment says `KEPI_PAUSE=STEP=FILE`, the run makes FILE when it first gets to STEP, and goes on once it is gone.
pub fn at(step: &str) {
    static PAUSED: AtomicBool = AtomicBool::new(false);
    let Ok(wanted) = std::env::var("KEPI_PAUSE") else { return };
    let Some(file) = wanted.strip_prefix(step).and_then(|rest| rest.strip_prefix('=')).map(Path::new) else { return };
    if PAUSED.swap(true, Ordering::Relaxed) || std::fs::File::create_new(file).is_err() {
        return;
    }
    while file.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
}
