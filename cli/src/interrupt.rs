//! Ctrl-C: the run ends with 130, and leaves no file that is not whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// As the shells say it: 128 and the number of the signal.
const EXIT: i32 = 130;

/// Files that have a name and are not whole yet, and folders that hold such (`.NAME.part`).
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// While this is held the run does not end: files are given their names together, or none is.
pub struct Hold(MutexGuard<'static, Vec<PathBuf>>);

pub fn hold() -> Hold {
    Hold(UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Hold {
    /// A file that must not stay when the run ends before it is whole; of a folder, the files that are called parts.
    pub fn unfinished(&mut self, path: &Path) {
        self.0.push(path.to_path_buf());
    }

    /// All files are whole.
    pub fn finished(&mut self) {
        self.0.clear();
    }
}

/// Listens for Ctrl-C from here on; the second one ends the process at once.
pub fn listen() {
    if ignored() {
        return;
    }
    let pressed = Arc::new(AtomicBool::new(false));
    let registered = flag::register_conditional_shutdown(SIGINT, EXIT, Arc::clone(&pressed))
        .and_then(|_| flag::register(SIGINT, Arc::clone(&pressed)));
    if registered.is_err() {
        return;
    }
    // Where no thread can be started, the second Ctrl-C is the one that counts.
    let _ = std::thread::Builder::new().name("interrupt".to_string()).spawn(move || {
        while !pressed.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
        stop();
    });
}

/// Whether whoever started the run wants it to go on: `nohup`, a script's background. As Linux tells it; elsewhere nobody does.
fn ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:")).map(str::trim);
    mask.and_then(|m| u64::from_str_radix(m, 16).ok()).is_some_and(|m| m >> (SIGINT - 1) & 1 == 1)
}

/// The unfinished files in a folder; `None` where it is none.
fn parts(folder: &Path) -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).ok()?;
    let unfinished = |name: &str| name.starts_with('.') && name.ends_with(".part");
    let paths = entries.flatten().filter(|e| e.file_name().to_str().is_some_and(unfinished)).map(|e| e.path());
    Some(paths.collect())
}

#[expect(clippy::exit, reason = "threads that read cannot be asked to stop; what they have read is in memory alone")]
fn stop() {
    let mut held = hold();
    for path in held.0.drain(..).flat_map(|path| parts(&path).unwrap_or_else(|| vec![path])) {
        // It may be gone already.
        let _ = std::fs::remove_file(path);
    }
    crate::progress::clear();
    std::process::exit(EXIT);
}
