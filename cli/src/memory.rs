//! `--memory-limit`: what is known of rows goes to temporary files in time; a run that needs more even so stops with a finding,
//! before the machine or its container kills it without a word.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kepi_engine::Memory;
use kepi_lang::diag::Code;

static GIVEN: OnceLock<Arc<Memory>> = OnceLock::new();

/// What the command line says of memory, if it does.
pub fn given() -> Option<Arc<Memory>> {
    GIVEN.get().cloned()
}

/// `512MiB`, `2GB`, `1500000`: bytes.
///
/// # Errors
/// What is wrong with it, in a line.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        other => return Err(format!("`{other}` is no unit of memory: B, kB, MB, GB, KiB, MiB or GiB")),
    };
    let bytes = number.parse::<u64>().ok().and_then(|n| n.checked_mul(scale)).filter(|n| *n > 0);
    bytes.ok_or_else(|| format!("`{text}` is no size of memory: write `512MiB` or `2GB`"))
}

/// Looks at the process' resident memory fifty times a second, beginning before anything is read.
///
/// # Errors
/// Where the system does not tell it.
pub fn limit(bytes: u64, folder: Option<&Path>) -> Result<(), String> {
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(format!("--temp-dir: `{}` is no folder", folder.display()));
    }
    let folder = folder.map_or_else(std::env::temp_dir, Path::to_path_buf);
    let mut memory = Memory::new(bytes, folder);
    if let Some(few) = std::env::var("KEPI_SPILL").ok().and_then(|text| text.parse().ok()) {
        memory = memory.spilling_from(few);
    }
    let memory = GIVEN.get_or_init(|| Arc::new(memory));
    let first = Memory::resident()
        .ok_or("this system does not tell how much memory a process uses: leave --memory-limit out")?;
    stop_above(memory, first);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(20));
            let Some(used) = Memory::resident() else { return };
            stop_above(memory, used);
        }
    });
    Ok(())
}

#[expect(
    clippy::exit,
    reason = "the threads that take the memory cannot be asked to stop; nothing is written before a run's end"
)]
fn stop_above(memory: &Memory, used: u64) {
    let limit = memory.limit();
    // Spilling keeps a run below the limit but for moments.
    if used <= limit.saturating_add(limit / 4) {
        return;
    }
    let known = "what is known of the rows of";
    let most = memory.largest().map(|(name, bytes)| format!("; {bytes} bytes are {known} `{name}`"));
    let put_away = || memory.largest_put_away().map(|(name, _)| format!("; {known} `{name}` is put away already"));
    let most = most.or_else(put_away);
    note!(
        "error[{}]: the run needs more memory than the {limit} bytes of --memory-limit{}\nhelp: ask for fewer metrics or a shorter range at a time, or raise the limit",
        Code::MemoryLimit,
        most.unwrap_or_default()
    );
    std::process::exit(3);
}
