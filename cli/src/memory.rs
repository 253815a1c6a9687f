//! `--memory-limit`: a run that needs more stops with a finding, before the machine or its container kills it without a word.

use std::time::Duration;

use kepi_lang::diag::Code;

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
pub fn watch(limit: u64) -> Result<(), String> {
    let first =
        resident().ok_or("this system does not tell how much memory a process uses: leave --memory-limit out")?;
    stop_above(limit, first);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(20));
            let Some(used) = resident() else { return };
            stop_above(limit, used);
        }
    });
    Ok(())
}

#[expect(
    clippy::exit,
    reason = "the threads that take the memory cannot be asked to stop; nothing is written before a run's end"
)]
fn stop_above(limit: u64, used: u64) {
    if used > limit {
        eprintln!(
            "error[{}]: the run needs more memory than the {limit} bytes of --memory-limit\nhelp: ask for fewer metrics or a shorter range at a time, or raise the limit",
            Code::MemoryLimit
        );
        std::process::exit(3);
    }
}

/// Bytes of the process that are in memory, as Linux tells them.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
