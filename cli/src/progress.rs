//! What a long run is at, on a terminal: nothing in the first second, nothing when piped or with `-q`.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use kepi_engine::{Progress, Seen};

/// A run that is over before this has shown nothing; tests have their own (`KEPI_PATIENCE`, in milliseconds).
fn patience() -> Duration {
    let own = std::env::var("KEPI_PATIENCE").ok().and_then(|text| text.parse().ok());
    own.map_or(Duration::from_secs(1), Duration::from_millis)
}

const TICK: Duration = Duration::from_millis(100);

static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Takes the bar off the terminal, if there is one.
pub fn clear() {
    if let Some(bar) = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take() {
        bar.finish_and_clear();
    }
}

/// Shows the engine's counters until it is dropped.
pub struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// `since`: when the run began.
    pub fn begin(quiet: bool, progress: &Arc<Progress>, since: Instant) -> Self {
        let mut watch = Self { stop: None, thread: None };
        if quiet || !io::stderr().is_terminal() {
            return watch;
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let progress = Arc::clone(progress);
        let (begun, patience) = (Instant::now(), patience());
        let show = move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                if since.elapsed() >= patience {
                    draw(&progress.seen(), begun.elapsed());
                }
            }
            clear();
        };
        // A run without a bar is a run all the same.
        watch.thread = std::thread::Builder::new().name("progress".to_string()).spawn(show).ok();
        watch.stop = Some(stop);
        watch
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn draw(seen: &Seen, took: Duration) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let bar = shown.get_or_insert_with(|| {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        // The template is ours: one that cannot be read leaves the crate's own.
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar
    });
    let (done, all) = if seen.all_rows > 0 { (seen.rows, seen.all_rows) } else { (seen.files, seen.all_files) };
    bar.set_length(all.max(1));
    bar.set_position(done.min(all));
    bar.set_message(text(seen, took));
    bar.tick();
}

/// `file 3 of 20`, then `1,204,000 of 3,000,000 rows, 240,000 a second, 8 s left`.
fn text(seen: &Seen, took: Duration) -> String {
    if seen.all_rows == 0 {
        return if seen.all_files == 0 {
            "looking for files".to_string()
        } else {
            format!("file {} of {}", HumanCount(seen.files), HumanCount(seen.all_files))
        };
    }
    if seen.rows >= seen.all_rows {
        return format!("{} rows, computing", HumanCount(seen.rows));
    }
    let mut text = format!("{} of {} rows", HumanCount(seen.rows), HumanCount(seen.all_rows));
    let rate = seen.rows as f64 / took.as_secs_f64().max(0.001);
    if rate >= 1.0 {
        let left = (seen.all_rows - seen.rows) as f64 / rate;
        text += &format!(", {} a second, {} left", HumanCount(rate as u64), length(left.ceil() as u64));
    }
    text
}

fn length(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}
